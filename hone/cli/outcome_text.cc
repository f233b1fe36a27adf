// The texts of a study's outcome.
#include <fmt/core.h>

#include <cmath>

#include "hone/base/text.h"
#include "hone/cli/lines.h"
#include "hone/cli/outcome.h"
#include "hone/cli/terminal.h"
#include "hone/runner/metric_parser.h"
#include "hone/tracking/environment.h"

namespace hone::cli {
namespace {

std::string spread_text(const Spread& spread) {
  std::string out = metric_text(spread.mean);
  if (spread.sd) out += fmt::format(" ± {}", format_number(*spread.sd, 2));
  return out;
}

std::string indented(const std::string& text, const std::string& margin) {
  std::string out;
  for (const std::string_view line : split(text, '\n')) out += fmt::format("{}{}\n", margin, line);
  return out;
}

/// "lr 2.9e-3 · rank 16", wrapped.
std::string best_config(const StudySpec& spec, const Config& config) {
  constexpr int kWidth = 78;
  std::vector<std::string> lines(1);
  for (const Parameter& parameter : spec.space.parameters()) {
    const Value* value = config.get(parameter.name);
    if (value == nullptr || std::holds_alternative<Fixed>(parameter.domain)) continue;
    const std::string piece = fmt::format("{} {}", parameter.name, value_text(*value));
    std::string& line = lines.back();
    if (!line.empty() && line.size() + piece.size() + 4 > static_cast<std::size_t>(kWidth)) {
      line += " ·";
      lines.push_back(piece);
    } else {
      line += (line.empty() ? "" : " · ") + piece;
    }
  }
  std::string out;
  for (const std::string& line : lines) out += fmt::format("  {}\n", line);
  return out;
}

/// Why there is nothing usable, with what to do.
std::string no_best_text(const History& history, const Outcome& outcome, const std::string& study,
                         const std::vector<std::string>& seen) {
  const StudySpec& spec = history.spec();
  const std::string& objective = spec.objective().name;
  std::string out;
  const Trial* failed = nullptr;
  for (const Trial& trial : history.trials()) {
    if (trial.state == TrialState::failed && failed == nullptr) failed = &trial;
  }
  if (failed == nullptr) {
    return fmt::format("No trial of '{}' has a usable {} yet.\n", study, objective);
  }
  out += fmt::format("No usable trial: {}.\n", failures_text(outcome));
  if (failed->fail_kind != FailKind::no_metric) {
    out += fmt::format("Mend the program, then:\n  hone retry {0} && hone resume {0}\n", study);
    return out;
  }
  if (seen.empty()) {
    out += fmt::format(
        "The programs ended well, but printed nothing that reads as {}.\n"
        "Print a line such as  @hone {{\"step\": 1, \"{}\": 0.41}}  or give metric_source.patterns "
        "(hone help study-file metric_source).\n",
        objective, objective);
    return out;
  }
  std::vector<std::string> shown(
      seen.begin(),
      seen.begin() + static_cast<std::ptrdiff_t>(std::min<std::size_t>(seen.size(), 12)));
  out += fmt::format("'{}' never came; the programs reported: {}{}.\n", objective,
                     join(shown, ", "), shown.size() < seen.size() ? ", …" : "");
  if (const auto meant = match_metric_name(objective, seen)) {
    out += fmt::format("Did you mean metric: {{name: {}}}?\n", *meant);
  }
  return out;
}

}  // namespace

std::string gain_text(const Outcome& outcome) {
  if (!outcome.gain) return "";
  const Gain& gain = *outcome.gain;
  if (gain.difference == 0)
    return fmt::format("equal to the defaults ({})", metric_text(gain.default_value));
  const char* side = gain.difference < 0 ? "below" : "above";
  std::string amount;
  if (gain.share) {
    amount = fmt::format("{:.1f} %", *gain.share * 100);
    if (gain.share_sd) amount += fmt::format(" ± {:.1f}", *gain.share_sd * 100);
  } else {
    amount = format_number(std::abs(gain.difference), 4);
  }
  return fmt::format("{} {} the defaults ({})", amount, side, metric_text(gain.default_value));
}

std::string failures_text(const Outcome& outcome) {
  int total = 0;
  std::string causes;
  for (const auto& [kind, count] : outcome.failures) {
    total += count;
    causes += fmt::format("{}{} {}", causes.empty() ? "" : ", ", count, fail_kind_text(kind));
  }
  return total == 0 ? "" : fmt::format("{} failed ({})", total, causes);
}

std::string outcome_text(const History& history, const Outcome& outcome, const std::string& study,
                         const std::vector<std::string>& seen, bool colour) {
  const StudySpec& spec = history.spec();
  const TrialCounts& counts = history.counts();
  std::string out;
  if (outcome.best < 0) {
    out += no_best_text(history, outcome, study, seen);
  } else {
    std::string line =
        fmt::format("Best of {} trials: trial {}, {} {}", counts.total(), outcome.best,
                    spec.objective().name, outcome.value ? spread_text(*outcome.value) : "");
    if (counts.total() == 1) line.replace(0, line.find(':'), "One trial");
    if (outcome.value && outcome.value->count > 1)
      line += fmt::format(" ({} seeds)", outcome.value->count);
    if (!outcome.best_is_complete) {
      const std::string at = reached_text(spec, history.trial(outcome.best));
      line += at.empty() ? " (stopped early)" : fmt::format(" (stopped at {})", at);
    }
    if (const std::string gain = gain_text(outcome); !gain.empty()) line += ", " + gain;
    for (const auto& [name, value] : outcome.other_metrics)
      line += fmt::format("; {} {}", name, metric_text(value));
    out += toned(line, Tone::bold, colour) + "\n" +
           best_config(spec, history.trial(outcome.best).config());
    if (outcome.best == outcome.default_trial && counts.total() > 1) {
      out += "The defaults were not beaten.\n";
    } else if (outcome.gain && !outcome.gain->better) {
      out += toned("The defaults do at least as well.\n", Tone::note, colour);
    }
  }
  std::vector<std::string> facts;
  if (outcome.steps_saved)
    facts.push_back(
        fmt::format("early stopping saved {:.0f} % of the steps", *outcome.steps_saved * 100));
  if (const std::string failures = failures_text(outcome); !failures.empty() && outcome.best >= 0)
    facts.push_back(failures);
  if (!facts.empty()) out += join(facts, " · ") + "\n";
  if (!outcome.burst.empty()) {
    out += fmt::format(
        "The reports of trial {} came all at once at its end, so nothing could be stopped early: "
        "the program holds "
        "back its output.\n  Flush after each line: print(…, flush=True), python -u, or stdbuf -oL "
        "in front of the command.\n",
        outcome.burst.front());
  }
  if (history.state() == StudyState::finished && !history.state_reason().empty() &&
      outcome.best < 0) {
    out += indented("Ended: " + history.state_reason(), "");
  }
  return out;
}

std::string reproduce_text(const Workplace& place, const History& history, std::int64_t trial) {
  std::vector<std::string> argv;
  for (const RunId id : history.runs_of(trial)) {
    const Run* run = history.run(id);
    if (run->plan.purpose != RunPurpose::search) continue;
    const auto started = Value::parse(place.store().run_detail(id).started);
    const Value* list = started ? started->find("argv") : nullptr;
    if (list == nullptr || !list->is_list() || list->as_list().empty()) continue;
    argv.clear();
    for (const Value& word : list->as_list())
      argv.push_back(word.is_string() ? word.as_string() : word.dump());
  }
  if (argv.empty()) return "";
  const std::string command = shell_command(mask_secrets(argv));
  const std::string& folder = history.spec().command.workdir;
  if (folder.empty() || folder == std::filesystem::current_path().string()) return command;
  return fmt::format("(cd {} && {})", shell_quoted(folder), command);
}

}  // namespace hone::cli
