#include "hone/cli/outcome_findings.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "hone/analysis/ped_anova.h"
#include "hone/analysis/shown.h"
#include "hone/base/text.h"
#include "hone/cli/lines.h"

namespace hone::cli {
namespace {

constexpr std::size_t kNamed = 5;     ///< parameters in the sentence
constexpr double kSmallShare = 0.03;  ///< below it a share is not worth a name

bool is_told(const Effect& effect) {
  return effect.p <= kSignificance && effect.share >= kSmallShare;
}

std::string percent(double share) { return fmt::format("{:.0f}{}%", 100 * share, kGlue); }

}  // namespace

std::string importance_text(const Importance& importance) {
  if (!importance.enough) {
    if (importance.trials < 2 || importance.trials >= importance.needed) return "";
    return fmt::format("What mattered: too few trials to tell ({}; {} are needed).",
                       importance.trials, importance.needed);
  }
  if (importance.effects.size() < 2) return "";
  std::vector<std::string> named;
  double largest_other = 0;
  for (const Effect& effect : importance.effects) {
    if (is_told(effect) && named.size() < kNamed) {
      named.push_back(fmt::format("{0}{1}{2}{1}±{1}{3}", effect.parameter, kGlue,
                                  percent(effect.share), shown_points(effect.share_sd)));
    } else {
      largest_other = std::max(largest_other, effect.share);
    }
  }
  if (named.empty()) {
    return fmt::format("What mattered: nothing that {} trials tell apart from chance.",
                       importance.trials);
  }
  std::string out = "What mattered: " + join(named, ", ");
  if (named.size() < importance.effects.size()) {
    const std::size_t others = importance.effects.size() - named.size();
    const std::string who = others == 1 ? "the other" : fmt::format("the other {}", others);
    out += fmt::format(" ({}: {})", who,
                       largest_other < 0.01 ? "nothing"
                       : others == 1        ? percent(largest_other)
                                            : fmt::format("up to {}", percent(largest_other)));
    const bool unclear =
        std::any_of(importance.effects.begin(), importance.effects.end(),
                    [](const Effect& e) { return e.p > kSignificance && e.share >= kSmallShare; });
    if (unclear) out.insert(out.size() - 1, ", not told apart from chance");
  }
  const auto& pair = importance.strongest;
  if (pair && pair->p <= kSignificance && pair->share >= kSmallShare)
    out += fmt::format("; {} × {} interact", pair->first, pair->second);
  return out + ".";
}

std::vector<std::string> learnt_texts(const Findings& findings) {
  std::vector<std::string> texts;
  for (const Statement& finding : findings.statements) {
    const bool told = finding.kind == StatementKind::best_region ||
                      finding.kind == StatementKind::best_value ||
                      finding.kind == StatementKind::failures;
    if (told && texts.size() < kNamed) texts.push_back(finding.text);
  }
  return texts;
}

std::vector<std::string> next_texts(const History& history, const Outcome& outcome,
                                    const Findings& findings, const std::string& study) {
  std::vector<std::string> texts;
  if (outcome.best < 0 || history.spec().objective_count() > 1) return texts;
  const StudySpec& spec = history.spec();
  for (const Statement& finding : findings.statements) {
    if (finding.kind == StatementKind::bound) texts.push_back(finding.text);
  }
  if (!outcome.best_is_complete)
    texts.push_back(
        fmt::format("the best trial was stopped early; hone resume {}/{} lets it run to the end",
                    study, outcome.best));
  const bool repeated = outcome.confirmed || spec.replicates > 1;
  constexpr std::int64_t kManyTrials = 10;
  if (outcome.best_is_complete && !repeated && history.counts().complete >= 2 &&
      history.size() >= kManyTrials && spec.command.argv.size() > 0) {
    const bool seeded = std::any_of(
        spec.command.argv.begin(), spec.command.argv.end(),
        [](const std::string& word) { return word.find("${seed}") != std::string::npos; });
    const bool forked = history.trial(outcome.best).proposal->origin == TrialOrigin::fork;
    if (seeded && forked) {
      texts.push_back(fmt::format(
          "the best of a population is partly luck; hone replay {}/{} --repeats 3 trains "
          "its way with fresh seeds",
          study, outcome.best));
    } else if (seeded)
      texts.push_back(
          "the best of many single runs is partly luck; confirm: {top: 3, seeds: 3} in the study "
          "file runs the best again with fresh seeds");
  }
  return texts;
}

void set_findings(Value& summary, const History& history, const Findings& findings) {
  summary.set("findings", to_json(findings.statements));
  if (history.spec().objective_count() > 1) return;  // importance is of one
  const Importance& importance = findings.importance;
  Value row = Value::Map{};
  row.set("enough", importance.enough)
      .set("trials", importance.trials)
      .set("needed", importance.needed);
  if (importance.enough) {
    row.set("explained", importance.explained);
    const auto divergences = ped_anova(history).effects;
    Value::List effects;
    for (const Effect& effect : importance.effects) {
      Value one = Value::Map{};
      one.set("parameter", effect.parameter)
          .set("share", effect.share)
          .set("sd", effect.share_sd)
          .set("p", effect.p);
      for (const PedAnovaEffect& by_density : divergences) {
        if (by_density.parameter == effect.parameter) one.set("divergence", by_density.divergence);
      }
      effects.push_back(std::move(one));
    }
    row.set("effects", Value(std::move(effects)));
    if (const auto& pair = importance.strongest) {
      Value one = Value::Map{};
      one.set("first", pair->first)
          .set("second", pair->second)
          .set("share", pair->share)
          .set("p", pair->p);
      row.set("strongest_pair", std::move(one));
    }
  }
  summary.set("importance", std::move(row));
}

}  // namespace hone::cli
