// The texts of a study's outcome.
#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "hone/base/text.h"
#include "hone/cli/lines.h"
#include "hone/cli/outcome.h"
#include "hone/cli/outcome_findings.h"
#include "hone/cli/terminal.h"
#include "hone/runner/metric_parser.h"
#include "hone/study/diagnostic.h"
#include "hone/tracking/environment.h"

namespace hone::cli {
namespace {

std::string spread_text(const Spread& spread) {
  std::string out = metric_text(spread.mean);
  if (spread.sd) out += fmt::format(" ± {}", format_number(*spread.sd, 2));
  return out;
}

/// A paragraph, wrapped; its further lines are set in.
std::string paragraph(const std::string& text, int width, const std::string& margin = "  ") {
  if (text.empty()) return "";
  std::string out;
  for (std::string line : wrapped(text, width - static_cast<int>(margin.size()))) {
    std::replace(line.begin(), line.end(), kGlue, ' ');
    out += (out.empty() ? "" : margin) + line + "\n";
  }
  return out;
}

/// "lr 2.9e-3 · rank 16", wrapped between parameters.
std::string best_config(const StudySpec& spec, const Config& config, int width) {
  std::vector<std::string> lines;
  for (const Parameter& parameter : spec.space.parameters()) {
    const Value* value = config.get(parameter.name);
    if (value == nullptr || std::holds_alternative<Fixed>(parameter.domain)) continue;
    const std::string piece = fmt::format("{} {}", parameter.name, value_text(*value));
    constexpr int kMarginAndDots = 7;
    if (lines.empty()) {
      lines.push_back(piece);
    } else if (display_width(lines.back()) + display_width(piece) + kMarginAndDots > width) {
      lines.back() += " ·";
      lines.push_back(piece);
    } else {
      lines.back() += " · " + piece;
    }
  }
  std::string out;
  for (const std::string& line : lines) out += fmt::format("  {}\n", line);
  return out;
}

/// "  curve █▅▃▂▁  2.61 at epoch 1, 1.85 at epoch 9"; empty for fewer than three points.
std::string curve_line(const StudySpec& spec, const Trial& trial, int width) {
  constexpr std::size_t kLeast = 3;
  if (trial.curve.size() < kLeast) return "";
  const auto by_fidelity = [](const CurvePoint& a, const CurvePoint& b) {
    return a.fidelity < b.fidelity;
  };
  const auto [first, last] =
      std::minmax_element(trial.curve.begin(), trial.curve.end(), by_fidelity);
  const std::string name = spec.fidelity ? spec.fidelity->name : "step";
  const std::string ends = fmt::format("{} at {} {}, {} at {} {}", metric_text(first->value), name,
                                       format_number(first->fidelity, 6), metric_text(last->value),
                                       name, format_number(last->fidelity, 6));
  constexpr int kMost = 30;
  const int columns = std::min(kMost, width - display_width(ends) - 10);
  if (columns < static_cast<int>(kLeast)) return "";
  return fmt::format("  curve {}  {}\n", curve_blocks(trial.curve, columns), ends);
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
    return fmt::format("No trial of '{}' has a usable {}{}.\n", study, objective,
                       history.state() == StudyState::finished ? "" : " yet");
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
    causes += causes.empty() ? "" : ", ";
    if (outcome.failures.size() > 1) causes += fmt::format("{} ", count);
    causes += fail_kind_text(kind);
  }
  return total == 0 ? "" : fmt::format("{} failed ({})", total, causes);
}

std::string curve_blocks(const std::vector<CurvePoint>& curve, int columns) {
  static constexpr const char* kBlocks[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  std::vector<CurvePoint> points = curve;
  std::erase_if(points, [](const CurvePoint& p) { return !std::isfinite(p.value); });
  std::stable_sort(points.begin(), points.end(), [](const CurvePoint& a, const CurvePoint& b) {
    return a.fidelity < b.fidelity;
  });
  if (points.empty() || columns < 1) return "";
  const auto by_value = [](const CurvePoint& a, const CurvePoint& b) { return a.value < b.value; };
  const auto [low, high] = std::minmax_element(points.begin(), points.end(), by_value);
  const double span = high->value - low->value;
  const std::size_t count = std::min(points.size(), static_cast<std::size_t>(columns));
  std::string out;
  for (std::size_t i = 0; i < count; ++i) {
    // Both ends are always among the points shown.
    const std::size_t at = count == 1 ? points.size() - 1 : i * (points.size() - 1) / (count - 1);
    const double height = span > 0 ? (points[at].value - low->value) / span : 0;
    out += kBlocks[std::clamp(static_cast<int>(std::lround(height * 7)), 0, 7)];
  }
  return out;
}

namespace {

std::string percent_text(double share) {
  if (share > 0.995) return "over 99 %";
  return fmt::format("{:.0f} %", 100 * share);
}

std::string headline(const History& history, const Outcome& outcome) {
  const StudySpec& spec = history.spec();
  const TrialCounts& counts = history.counts();
  const std::int64_t trials = counts.total();
  const std::int64_t ended = counts.complete + counts.stopped + counts.failed + counts.cancelled;
  std::string line = trials == 1 ? "One trial" : fmt::format("Best of {} trials", trials);
  if (history.state() == StudyState::open && spec.budget.trials &&
      history.counted() < *spec.budget.trials)
    line = fmt::format("Best so far, after {} of {} trials", ended, *spec.budget.trials);
  line += fmt::format(": trial {}, {} {}", outcome.best, spec.objective().name,
                      outcome.value ? spread_text(*outcome.value) : "");
  if (outcome.value && outcome.value->count > 1)
    line += fmt::format(" ({} seeds)", outcome.value->count);
  if (!outcome.best_is_complete) {
    const std::string at = reached_text(spec, history.trial(outcome.best));
    line += at.empty() ? " (stopped early)" : fmt::format(" (stopped at {})", at);
  }
  if (const std::string gain = gain_text(outcome); !gain.empty()) line += ", " + gain;
  for (const auto& [name, value] : outcome.other_metrics)
    line += fmt::format("; {} {}", name, metric_text(value));
  return line;
}

/// The front in place of a best trial.
std::string front_text(const History& history, const Front& front, bool colour, int width) {
  const std::size_t count = front.trials.size();
  std::string head =
      fmt::format("{} of {} trials {} on the front: {}", count, history.counts().total(),
                  count == 1 ? "is" : "are", ranges_text(history, front.trials));
  if (history.counts().total() == 1) head = "One trial: " + ranges_text(history, front.trials);
  if (front.hypervolume) {
    head += fmt::format("; {:.1f} % of the box between the best and the worst values",
                        *front.hypervolume * 100);
  }
  std::string out;
  for (const std::string& line : wrapped(head, width - 2))
    out += (out.empty() ? "" : "  ") + toned(line, Tone::bold, colour) + "\n";
  return out + front_table(history, front, width) + paragraph(defaults_text(history, front), width);
}

/// "Trial 44 is the best of them with a chance of 93 %; its mean lies between 2.628 and 2.636 (95
/// %; 2.61 in the search)."; empty where nothing was confirmed twice.
std::string how_sure(const History& history, const Outcome& outcome) {
  if (outcome.confirmations.empty() || !outcome.interval) return "";
  const Confirmed& winner = outcome.confirmations.front();
  const std::string who = winner.trial == outcome.default_trial
                              ? "The defaults"
                              : fmt::format("Trial {}", winner.trial);
  std::string text;
  if (winner.chance) {
    text = fmt::format("{} {} the best of them with a chance of {}; the mean lies", who,
                       winner.trial == outcome.default_trial ? "are" : "is",
                       percent_text(*winner.chance));
  } else {
    text = "The mean lies";
  }
  text += fmt::format(" between {} and {} (95 %", format_number(outcome.interval->low, 5),
                      format_number(outcome.interval->high, 5));
  if (const auto searched = history.trial(winner.trial).value())
    text += fmt::format("; the search had {}", metric_text(*searched));
  return text + ").";
}

/// "Confirmed with fresh seeds: trial 44 2.6318 ± 0.004, trial 12 2.6402 ± 0.006, the defaults …";
/// empty where nothing but the best was.
std::string confirmations_text(const History& history, const Outcome& outcome) {
  const std::string sure = how_sure(history, outcome);
  if (outcome.confirmations.size() < 2) return sure;
  std::vector<std::string> parts;
  for (const Confirmed& confirmed : outcome.confirmations) {
    const std::string who = confirmed.trial == outcome.default_trial
                                ? "the defaults"
                                : fmt::format("trial {}", confirmed.trial);
    parts.push_back(fmt::format("{} {}", who, spread_text(confirmed.spread)));
  }
  return "Confirmed with fresh seeds: " + join(parts, ", ") + "." +
         (sure.empty() ? "" : " " + sure);
}

/// What mattered, what was learnt, and what to try next.
std::string lessons_text(const History& history, const Outcome& outcome, const std::string& study,
                         int width) {
  const Findings findings = find_findings(history);
  std::string out = paragraph(importance_text(findings.importance), width);
  std::string learnt;
  for (const std::string& text : learnt_texts(findings))
    learnt += (learnt.empty() ? "" : " ") + text + ".";
  out += paragraph(learnt, width);
  for (const std::string& text : next_texts(history, outcome, findings, study))
    out += paragraph("Next: " + text + ".", width);
  return out;
}

}  // namespace

std::string outcome_text(const History& history, const Outcome& outcome, const std::string& study,
                         const std::vector<std::string>& seen, bool colour, int width) {
  constexpr int kWidest = 100;  // longer lines are hard to read
  if (width <= 0) width = terminal_width(stdout);
  width = std::min(width, kWidest);
  const StudySpec& spec = history.spec();
  std::string out;
  if (outcome.best < 0) {
    out += no_best_text(history, outcome, study, seen);
  } else if (!outcome.front.trials.empty()) {
    out += front_text(history, outcome.front, colour, width);
  } else {
    const Trial& best = history.trial(outcome.best);
    for (const std::string& line : wrapped(headline(history, outcome), width - 2))
      out += (out.empty() ? "" : "  ") + toned(line, Tone::bold, colour) + "\n";
    out += best_config(spec, best.config(), width) + curve_line(spec, best, width);
    if (outcome.best == outcome.default_trial && history.counts().total() > 1) {
      out += "The defaults were not beaten.\n";
    } else if (outcome.gain && !outcome.gain->better) {
      out += toned("The defaults do at least as well.\n", Tone::note, colour);
    }
    out += paragraph(confirmations_text(history, outcome), width);
  }
  std::vector<std::string> facts;
  if (outcome.steps_saved)
    facts.push_back(
        fmt::format("early stopping saved {:.0f} % of the steps", *outcome.steps_saved * 100));
  if (const std::string failures = failures_text(outcome); !failures.empty() && outcome.best >= 0)
    facts.push_back(failures);
  if (!facts.empty()) out += paragraph(join(facts, " · "), width);
  out += lessons_text(history, outcome, study, width);
  if (!outcome.burst.empty()) {
    out += paragraph(
        fmt::format("The reports of trial {} came all at once at its end, so nothing could be "
                    "stopped early: the program holds back its output. Flush after each line: "
                    "print(…, flush=True), python -u, or stdbuf -oL in front of the command.",
                    outcome.burst.front()),
        width);
  }
  if (history.state() == StudyState::finished && !history.state_reason().empty() &&
      outcome.best < 0)
    out += paragraph("Ended: " + history.state_reason(), width);
  return out;
}

std::string reproduce_text(const Workplace& place, const History& history, std::int64_t trial) {
  if (history.trial(trial).proposal->origin ==
      TrialOrigin::fork) {  // its state was trained by several
    return fmt::format("hone replay {}/{}{}", shell_quoted(history.spec().name), trial,
                       place.store_option());
  }
  std::vector<std::string> argv, resumed;
  for (const RunId id : history.runs_of(trial)) {
    const Run* run = history.run(id);
    if (run->plan.purpose != RunPurpose::search) continue;
    const auto started = Value::parse(place.store().run_detail(id).started);
    const Value* list = started ? started->find("argv") : nullptr;
    if (list == nullptr || !list->is_list() || list->as_list().empty()) continue;
    // A run that went on from a checkpoint does not repeat the trial.
    auto& words = run->plan.resume_from.empty() && run->plan.segment == 0 ? argv : resumed;
    words.clear();
    for (const Value& word : list->as_list())
      words.push_back(word.is_string() ? word.as_string() : word.dump());
  }
  if (argv.empty()) argv = std::move(resumed);
  if (argv.empty()) return "";
  const std::string command = shell_command(mask_secrets(argv));
  std::filesystem::path folder =
      std::filesystem::path(history.spec().command.workdir).lexically_normal();
  if (!folder.has_filename()) folder = folder.parent_path();  // "a/." is "a/" so far
  if (folder.empty() || folder == std::filesystem::current_path()) return command;
  return fmt::format("(cd {} && {})", shell_quoted(folder.string()), command);
}

}  // namespace hone::cli
