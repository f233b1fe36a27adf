#include "hone/analysis/findings.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>

#include "hone/analysis/bounds.h"
#include "hone/analysis/failure_pattern.h"
#include "hone/analysis/shown.h"
#include "hone/space/encoding.h"

namespace hone {
namespace {

constexpr double kLevel = 0.01;          ///< of effects and of interactions, over all of them
constexpr double kFailureLevel = 0.005;  ///< of failures, over all sides of all parameters
constexpr double kLeastShare = 0.03;     ///< below it an effect is not worth a sentence
constexpr double kHardly = 0.05;
constexpr double kMuchExplained = 0.3;  ///< by the others, before one is said to explain nothing
constexpr double kLeastPair = 0.04;     ///< of the variance; a forest may make up less
constexpr double kNearBound = 0.1;      ///< of the encoded range
constexpr double kWidestRegion = 0.5;   ///< of the encoded range
constexpr std::size_t kLeastCells = 5;  ///< of an ordered parameter with a wider region than one

/// An effect on the scale on which it stands out more.
struct Told {
  Effect effect;
  double p = 1;  ///< twice the smaller of both scales
  bool by_value = false;
};

/// All effects, the order of the trials and their values taken together.
std::vector<Told> stronger_of(const Importance& by_order, const Importance& by_value) {
  std::vector<Told> all;
  for (const Effect& effect : by_order.effects) {
    Told told{effect, effect.tail_p, false};
    for (const Effect& other : by_value.effects) {
      if (other.parameter == effect.parameter && other.tail_p < told.p)
        told = {other, other.tail_p, true};
    }
    told.p = std::min(1.0, 2 * told.p);
    all.push_back(std::move(told));
  }
  return all;
}

/// Those that matter: Holm's steps from the smallest p on.
std::vector<Told> holm(std::vector<Told> all) {
  std::stable_sort(all.begin(), all.end(), [](const Told& a, const Told& b) { return a.p < b.p; });
  std::size_t count = 0;
  while (count < all.size() && all[count].p * static_cast<double>(all.size() - count) <= kLevel)
    ++count;
  all.resize(count);
  std::stable_sort(all.begin(), all.end(),
                   [](const Told& a, const Told& b) { return a.effect.share > b.effect.share; });
  return all;
}

/// Where a parameter is best: cells whose interval reaches that of the best one.
struct Region {
  std::size_t first = 0, last = 0;  ///< cells
  std::size_t best = 0;
};

class Statements {
 public:
  Statements(const History& history, const Importance& importance)
      : history_(history),
        importance_(importance),
        goal_(history.spec().objective().goal),
        best_(history.best()) {}

  std::vector<Statement> find() {
    ImportanceOptions values;
    values.by_value = true;
    const Importance by_value = find_importance(history_, values);
    const std::vector<Told> significant = holm(stronger_of(importance_, by_value));
    std::vector<Told> told = significant;
    std::erase_if(told, [](const Told& one) { return one.effect.share < kLeastShare; });
    if (told.empty()) return {};
    fanova_ = fanova(history_);
    if (fanova_.by_order) goal_ = Goal::minimize;  // scores, smaller is better
    for (const Told& one : told) matters(one);
    for (const Told& one : told) where_best(one.effect);
    interaction();
    hardly(significant, by_value);
    return std::move(found_);
  }

 private:
  const Parameter& parameter(const std::string& name) const {
    const SearchSpace& space = history_.spec().space;
    return space.parameter(space.index_of(name));
  }
  const FanovaEffect* forest_effect(const std::string& name) const {
    for (const FanovaEffect& effect : fanova_.effects) {
      if (effect.parameter == name) return &effect;
    }
    return nullptr;
  }
  void add(StatementKind kind, const std::string& name, std::string text, Value evidence,
           std::string second = "") {
    found_.push_back({kind, name, std::move(second), std::move(text), std::move(evidence)});
  }

  void matters(const Told& told) {
    const Effect& effect = told.effect;
    Value evidence = Value::Map{};
    const Estimate interval = effect.interval();
    evidence.set("share", effect.share).set("low", interval.low).set("high", interval.high);
    evidence.set("p", told.p).set("by_value", told.by_value).set("trials", importance_.trials);
    std::string text = fmt::format(
        "{} explains {} ± {} of the differences between trials that "
        "parameters explain",
        effect.parameter, shown_share(effect.share), shown_points(effect.share_sd));
    const FanovaEffect* forest = forest_effect(effect.parameter);
    if (forest != nullptr && forest->active < 1) {
      evidence.set("active", forest->active);
      text += fmt::format(" (it is active in {} of the space)", shown_share(forest->active));
    }
    add(StatementKind::matters, effect.parameter, std::move(text), std::move(evidence));
  }

  /// Turned so that smaller is better.
  Estimate loss(const Estimate& mean) const {
    return goal_ == Goal::minimize ? mean : Estimate{-mean.value, -mean.high, -mean.low};
  }

  /// Of those that the space has.
  std::size_t best_cell(const Dependence& dependence) const {
    std::size_t best = 0;
    for (std::size_t c = 1; c < dependence.mean.size(); ++c) {
      const double there = loss(dependence.mean[best]).value;
      if (std::isnan(there) || loss(dependence.mean[c]).value < there) best = c;
    }
    return best;
  }

  void where_best(const Effect& effect) {
    const FanovaEffect* forest = forest_effect(effect.parameter);
    if (forest == nullptr || best_ < 0 || !(forest->active > 0)) return;
    const Parameter& of = parameter(effect.parameter);
    if (is_categorical(of.domain)) {
      best_item(*forest);
    } else if (!forest->dependence.mean.empty()) {
      best_range(*forest, of);
    }
  }

  void best_item(const FanovaEffect& effect) {
    const Dependence& dependence = effect.dependence;
    const std::size_t best = best_cell(dependence);
    const Value* taken = history_.trial(best_).config().get(effect.parameter);
    if (taken == nullptr || !same_value(*taken, dependence.values[best])) return;
    double next = HUGE_VAL;
    for (std::size_t c = 0; c < dependence.mean.size(); ++c) {
      if (c == best) continue;
      if (loss(dependence.mean[c]).low <= loss(dependence.mean[best]).high) return;
      next = std::min(next, loss(dependence.mean[c]).value);
    }
    if (!std::isfinite(next)) return;  // the only item
    Value evidence = Value::Map{};
    evidence.set("value", dependence.values[best]).set("by_order", fanova_.by_order);
    evidence.set("mean", dependence.mean[best].value);
    evidence.set("ahead", next - loss(dependence.mean[best]).value);
    std::string text =
        fmt::format("{} is best at {}", effect.parameter, shown_value(dependence.values[best]));
    if (!fanova_.by_order) {
      text += fmt::format(" ({} {} on average, {} {} the next)", history_.spec().objective().name,
                          shown_metric(dependence.mean[best].value),
                          shown_metric(next - loss(dependence.mean[best]).value),
                          goal_ == Goal::minimize ? "below" : "above");
    }
    add(StatementKind::best_value, effect.parameter, std::move(text), std::move(evidence));
  }

  Region region_of(const Dependence& dependence) const {
    Region region;
    region.best = best_cell(dependence);
    const double reach = loss(dependence.mean[region.best]).high;
    const auto inside = [&](std::size_t c) { return loss(dependence.mean[c]).low <= reach; };
    region.first = 0;
    region.last = dependence.mean.size() - 1;
    while (!inside(region.first)) ++region.first;
    while (!inside(region.last)) --region.last;
    return region;
  }

  void best_range(const FanovaEffect& effect, const Parameter& of) {
    const Dependence& dependence = effect.dependence;
    const Region region = region_of(dependence);
    const std::size_t cells = dependence.mean.size();
    if (cells < 2 || (cells < kLeastCells && region.first != region.last)) return;
    const double low = region.first == 0 ? 0 : edge(dependence.at, region.first);
    const double high = region.last + 1 == cells ? 1 : edge(dependence.at, region.last + 1);
    const Value* taken = history_.trial(best_).config().get(effect.parameter);
    const auto at = taken != nullptr ? encode(of.domain, *taken) : std::nullopt;
    // The best trial lies elsewhere: what is best on average is not best with the best of the
    // others.
    if (!at || *at < low || *at > high || high - low > kWidestRegion) return;
    if (bound(effect, of, region)) return;
    const bool discrete = is_discrete(of.domain);
    const Value from = discrete ? dependence.values[region.first] : decode(of.domain, low);
    const Value to = discrete ? dependence.values[region.last] : decode(of.domain, high);
    Value evidence = Value::Map{};
    evidence.set("low", from).set("high", to).set("best", *taken);
    evidence.set("share_of_range", high - low);
    const auto rounded = [](const Value& value) {
      return value.is_double()
                 ? shown_value(Value(std::stod(fmt::format("{:.2g}", value.as_number()))))
                 : shown_value(value);
    };
    const std::string text = same_value(from, to)
                                 ? fmt::format("{} is best at {}", effect.parameter, rounded(from))
                                 : fmt::format("{} is best between {} and {}", effect.parameter,
                                               rounded(from), rounded(to));
    add(StatementKind::best_region, effect.parameter, text, std::move(evidence));
  }

  static double edge(const std::vector<double>& at, std::size_t cell) {
    return (at[cell - 1] + at[cell]) / 2;
  }

  /// True where the region reaches an end of the range at which the best trials lie too.
  bool bound(const FanovaEffect& effect, const Parameter& of, const Region& region) {
    for (const AtBound& at : best_at_bounds(history_, best_, importance_, kNearBound)) {
      if (at.parameter != effect.parameter) continue;
      const std::size_t end = at.upper ? effect.dependence.mean.size() - 1 : 0;
      if (region.first > end || region.last < end) continue;
      const bool choice = std::holds_alternative<Choice>(of.domain);
      Value evidence = Value::Map{};
      evidence.set("end", at.upper ? "upper" : "lower").set("bound", at.bound);
      evidence.set("best", at.best);
      add(StatementKind::bound, effect.parameter,
          fmt::format("the best {} ({}) is {} the {} end of its {}{}; {}", effect.parameter,
                      shown_value(at.best), at.close ? "at" : "near", at.upper ? "upper" : "lower",
                      choice ? "values" : "range",
                      choice ? "" : fmt::format(" ({})", shown_value(at.bound)),
                      choice ? (at.upper ? "add larger ones" : "add smaller ones") : "widen it"),
          std::move(evidence));
      return true;
    }
    return false;
  }

  void interaction() {
    const auto& strongest = importance_.strongest;
    if (!strongest || strongest->p > kLevel || strongest->share < kLeastShare) return;
    for (const FanovaPair& pair : fanova_.pairs) {
      if (pair.first != strongest->first || pair.second != strongest->second) continue;
      if (pair.share.value < kLeastPair || pair.share.low < kLeastPair / 4) continue;
      Value evidence = Value::Map{};
      evidence.set("share", pair.share.value).set("low", pair.share.low);
      evidence.set("high", pair.share.high).set("p", strongest->p);
      add(StatementKind::interaction, pair.first,
          fmt::format("{} and {} interact: together they explain {} of the variance beyond each "
                      "alone, so they are best tuned together",
                      pair.first, pair.second, shown_share(pair.share.value)),
          std::move(evidence), pair.second);
    }
  }

  /// What a parameter explains by itself and in pairs, at most.
  double most_explained(const FanovaEffect& effect) const {
    double most = effect.share.high;
    for (const FanovaPair& pair : fanova_.pairs) {
      if (pair.first == effect.parameter || pair.second == effect.parameter)
        most += pair.share.value;
    }
    return most;
  }

  void hardly(const std::vector<Told>& significant, const Importance& by_value) {
    if (importance_.explained < kMuchExplained || fanova_.explained < kMuchExplained) return;
    const auto most_of = [](const Importance& importance, const std::string& name) {
      for (const Effect& effect : importance.effects) {
        if (effect.parameter == name) return effect.interval().high;
      }
      return 1.0;
    };
    for (const Effect& effect : importance_.effects) {
      const FanovaEffect* forest = forest_effect(effect.parameter);
      const double most = std::max(effect.interval().high, most_of(by_value, effect.parameter));
      const bool known = std::any_of(significant.begin(), significant.end(), [&](const Told& told) {
        return told.effect.parameter == effect.parameter;
      });
      if (known || most >= kHardly || forest == nullptr || most_explained(*forest) >= kHardly ||
          forest->where_active.high >= kHardly)
        continue;
      Value evidence = Value::Map{};
      evidence.set("share", effect.share).set("most", most);
      evidence.set("variance", forest->share.value).set("variance_most", most_explained(*forest));
      add(StatementKind::hardly_matters, effect.parameter,
          fmt::format("{} hardly matters (under {:.0f} % of the differences)", effect.parameter,
                      100 * kHardly),
          std::move(evidence));
    }
  }

  const History& history_;
  const Importance& importance_;
  Fanova fanova_;
  Goal goal_;
  std::int64_t best_;
  std::vector<Statement> found_;
};

/// "14 trials ran out of memory, all of them with batch ≥ 16".
std::string failure_text(const FailurePattern& pattern) {
  const std::string who = pattern.inside == pattern.failures
                              ? "all of them"
                              : fmt::format("{} of them", pattern.inside);
  const std::string rest =
      pattern.inside == pattern.trials
          ? fmt::format(", as did every trial there")
          : fmt::format(" ({} of {} trials there)", pattern.inside, pattern.trials);
  std::string what;
  switch (pattern.kind) {
    case FailKind::out_of_memory:
      what = "ran out of memory";
      break;
    case FailKind::gpu_out_of_memory:
      what = "ran out of GPU memory";
      break;
    case FailKind::diverged:
      what = "diverged";
      break;
    case FailKind::timeout:
      what = "ran out of time";
      break;
    case FailKind::infeasible:
      what = "were infeasible";
      break;
    default:
      what = fmt::format("failed ({})", fail_kind_text(pattern.kind));
      break;
  }
  return fmt::format("{} trials {}, {} with {}{}", pattern.failures, what, who, side_text(pattern),
                     rest);
}

void add_failures(const History& history, std::vector<Statement>& statements) {
  for (const FailurePattern& pattern : failure_patterns(history)) {
    constexpr double kMost = 0.8;  // of the failures lie there
    if (pattern.p > kFailureLevel ||
        static_cast<double>(pattern.inside) < kMost * static_cast<double>(pattern.failures))
      continue;
    Value evidence = Value::Map{};
    evidence.set("failure", fail_kind_name(pattern.kind)).set("failures", pattern.failures);
    evidence.set("relation", pattern.relation == FailurePattern::Relation::at_least  ? ">="
                             : pattern.relation == FailurePattern::Relation::at_most ? "<="
                                                                                     : "==");
    evidence.set("bound", pattern.bound).set("inside", pattern.inside);
    evidence.set("trials", pattern.trials).set("p", pattern.p);
    statements.push_back({StatementKind::failures, pattern.parameter, "", failure_text(pattern),
                          std::move(evidence)});
  }
}

}  // namespace

const char* statement_kind_name(StatementKind kind) {
  switch (kind) {
    case StatementKind::matters:
      return "matters";
    case StatementKind::best_region:
      return "best_region";
    case StatementKind::best_value:
      return "best_value";
    case StatementKind::bound:
      return "bound";
    case StatementKind::interaction:
      return "interaction";
    case StatementKind::hardly_matters:
      return "hardly_matters";
    case StatementKind::failures:
      return "failures";
  }
  return "";
}

Findings find_findings(const History& history) {
  Findings findings;
  if (history.spec().objective_count() < 2) {
    findings.importance = find_importance(history);
    if (findings.importance.enough)
      findings.statements = Statements(history, findings.importance).find();
  }
  add_failures(history, findings.statements);
  std::stable_sort(findings.statements.begin(), findings.statements.end(),
                   [](const Statement& a, const Statement& b) { return a.kind < b.kind; });
  return findings;
}

Value to_json(const Statement& finding) {
  Value out = Value::Map{};
  out.set("kind", statement_kind_name(finding.kind)).set("parameter", finding.parameter);
  if (!finding.second.empty()) out.set("second", finding.second);
  out.set("text", finding.text).set("evidence", finding.evidence);
  return out;
}

Value to_json(const std::vector<Statement>& findings) {
  Value::List out;
  for (const Statement& finding : findings) out.push_back(to_json(finding));
  return Value(std::move(out));
}

}  // namespace hone
