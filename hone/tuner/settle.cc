#include "hone/tuner/settle.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "hone/base/assert.h"
#include "hone/base/text.h"
#include "hone/scheduler/stopping.h"
#include "hone/study/replicates.h"
#include "hone/tuner/budget.h"

namespace hone {
namespace {

/// Ends that another attempt may mend. Out of memory, NaN and divergence come again with the same
/// configuration.
bool may_retry(FailKind kind) {
  return kind == FailKind::exit_code || kind == FailKind::signal || kind == FailKind::silence ||
         kind == FailKind::lost;
}

/// The newest search run of each replicate of the trial.
std::vector<const Run*> newest_runs(const History& history, std::int64_t trial) {
  std::vector<const Run*> newest;
  for (const RunId id : history.runs_of(trial)) {
    const Run* run = history.run(id);
    if (run->plan.purpose != RunPurpose::search) continue;
    const auto same = std::find_if(newest.begin(), newest.end(), [&](const Run* other) {
      return other->plan.replicate == run->plan.replicate;
    });
    if (same == newest.end()) {
      newest.push_back(run);
    } else {
      *same = run;
    }
  }
  return newest;
}

TrialMoved moved(const History& history, std::int64_t trial, TrialState state, FailKind kind,
                 std::string reason) {
  TrialMoved action;
  action.trial = trial;
  action.state = state;
  action.fail_kind = kind;
  action.reason = std::move(reason);
  action.results = history.judge(trial);
  action.reached = history.trial(trial).reached;
  return action;
}

/// How far the programs of a trial got that ended by themselves: what they reported behind a
/// verdict that reached them too late counts.
std::optional<double> reached_at_end(const History& history, std::int64_t trial) {
  std::optional<double> reached;
  for (const int replicate : started_replicates(history, trial, RunPurpose::search)) {
    const auto series = replicate_series(history, trial, RunPurpose::search, replicate, 0, true);
    if (series.empty()) continue;
    double last = series.front().fidelity;
    for (const auto& point : series) last = std::max(last, point.fidelity);
    reached = std::min(reached.value_or(last), last);
  }
  return reached;
}

/// A run that went on from a checkpoint, was asked to go beyond what its trial had reached, and
/// ended with success without a word: its checkpoint was ahead of the reports (an earlier run was
/// lost with what it had printed).
bool checkpoint_was_ahead(const History& history, const Trial& trial, const Run& run) {
  if (run.plan.resume_from.empty() || !run.plan.fidelity_target) return false;
  if (trial.proposal->origin == TrialOrigin::fork) return false;  // it has no start of its own
  if (trial.reached && *trial.reached >= *run.plan.fidelity_target) return false;
  for (const auto& point : history.series(run.id)) {
    if (point.metric == 0) return false;
  }
  return true;
}

/// What keeps a trial with these results from being complete; nullopt: nothing.
struct Lack {
  FailKind kind = FailKind::none;
  std::string text;
};
std::optional<Lack> lack_of(const StudySpec& spec, const std::vector<Result>& results) {
  for (int m = 0; m < spec.objective_count(); ++m) {  // the objectives come first in both
    const std::string& name = spec.metrics[static_cast<std::size_t>(m)].name;
    const auto at = static_cast<std::size_t>(m);
    if (results.size() <= at || results[at].metric != m)
      return Lack{FailKind::no_metric, fmt::format("the program ended without reporting {}", name)};
    if (std::isnan(results[at].value)) return Lack{FailKind::nan, fmt::format("{} is nan", name)};
  }
  return std::nullopt;
}

/// A running trial whose programs all ended by themselves with success.
Action settle_finished(const History& history, const Trial& trial,
                       const std::vector<const Run*>& runs) {
  const StudySpec& spec = history.spec();
  for (const Run* run : runs) {
    if (!checkpoint_was_ahead(history, trial, *run)) continue;
    RunPlan again = next_attempt(history, trial.number(), run->plan.replicate);
    again.resume_from.clear();
    return QueueRun{std::move(again)};
  }
  const auto results = history.judge(trial.number());
  if (results.empty() && trial.proposal->origin == TrialOrigin::fork) {
    return moved(history, trial.number(), TrialState::stopped, FailKind::none,
                 fmt::format("trial {}, which it went on from, had come to its end",
                             trial.proposal->parent.value_or(-1)));
  }
  if (const auto lack = lack_of(spec, results))
    return moved(history, trial.number(), TrialState::failed, lack->kind, lack->text);
  // A program that was asked for a part of the way ends there by itself: its trial pauses, and may
  // be promoted.
  const bool partial = trial.fidelity_target && spec.fidelity && spec.fidelity->max &&
                       *trial.fidelity_target < *spec.fidelity->max;
  if (partial)
    return moved(history, trial.number(), TrialState::paused, FailKind::none, trial.reason);
  const bool judged = trial.verdict != Verdict::go_on;
  TrialMoved complete =
      moved(history, trial.number(), TrialState::complete, FailKind::none,
            judged ? fmt::format("ended before its verdict came ({})", trial.reason) : "");
  complete.reached = reached_at_end(history, trial.number());
  return complete;
}

/// Whether all that a complete trial must have is there: full fidelity and every objective. What a
/// program still did when it was stopped (saving, say) changes no value.
bool is_whole(const History& history, const Trial& trial) {
  const StudySpec& spec = history.spec();
  return spec.fidelity && spec.fidelity->max &&
         trial.reached.value_or(-INFINITY) >= *spec.fidelity->max &&
         !lack_of(spec, history.judge(trial.number()));
}

/// The last line of a failure, its numbers left out: a program that refuses "--lr=0.1" and then
/// "--lr=3e-05" fails in the same way.
std::string way_of_failing(const std::string& detail) {
  const std::string_view body = trim(detail);
  const std::size_t at = body.rfind('\n');
  std::string way;
  bool in_number = false;
  for (const char c : at == std::string_view::npos ? body : body.substr(at + 1)) {
    const bool digit = c >= '0' && c <= '9';
    in_number = digit || (in_number && std::string_view(".eE+-").find(c) != std::string_view::npos);
    if (!in_number) way += c;
    if (digit && (way.empty() || way.back() != '#')) way += '#';
  }
  return way;
}

std::optional<StudyEnd> same_failures(const History& history) {
  const int wanted = history.spec().limits.same_failures;
  if (wanted <= 0) return std::nullopt;
  const Trial* first = nullptr;
  int alike = 0;
  for (const Trial& trial : history.trials()) {
    if (!is_ended(trial.state) || trial.state == TrialState::cancelled) continue;
    if (trial.state != TrialState::failed) return std::nullopt;
    if (trial.fail_kind != FailKind::exit_code && trial.fail_kind != FailKind::signal &&
        trial.fail_kind != FailKind::no_metric) {
      return std::nullopt;
    }
    if (first == nullptr) first = &trial;
    const bool alike_now = trial.fail_kind == first->fail_kind &&
                           way_of_failing(trial.detail) == way_of_failing(first->detail);
    if (!alike_now) return std::nullopt;
    if (++alike >= wanted) {
      return StudyEnd{
          fmt::format("the first {} trials failed the same way (limits.same_failures: {})", alike,
                      wanted),
          true, true};
    }
  }
  return std::nullopt;
}

std::optional<StudyEnd> target_reached(const History& history) {
  const Metric& objective = history.spec().objective();
  if (!objective.target) return std::nullopt;
  for (const Trial& trial : history.trials()) {
    const auto value = trial.value();
    std::optional<double> reached;
    if (value && !is_better(objective.goal, *objective.target, *value)) reached = value;
    if (!reached && history.spec().from_sweep_file) {
      for (const CurvePoint& p : trial.curve) {
        if (!std::isnan(p.value) && !is_better(objective.goal, *objective.target, p.value))
          reached = p.value;
      }
    }
    if (reached && trial.state != TrialState::failed) {
      return StudyEnd{fmt::format("target reached: trial {} has {} {} (target {})", trial.number(),
                                  objective.name, format_number(*reached, 6),
                                  format_number(*objective.target, 6)),
                      true, false};
    }
  }
  return std::nullopt;
}

/// Whether the study has no other end than that nothing improves.
bool is_open_ended(const Budget& budget) {
  return !budget.trials && !budget.time_us && !budget.cpu_us && !budget.gpu_us && !budget.cost &&
         !budget.fidelity;
}

/// By the rules that the study asks for; where it has no other end at the latest after 100 trials.
std::optional<StudyEnd> no_improvement(const History& history) {
  constexpr std::int64_t kLatest = 100;
  const StudySpec& spec = history.spec();
  if (spec.budget.stop_without_improvement) {
    if (is_open_ended(spec.budget) && history.counted() >= kLatest)
      return StudyEnd{fmt::format("{} trials (the default budget)", kLatest), false, false};
    if (auto end = best_stands(history)) return end;
  }
  const Value* by_regret = spec.sampler.options.find("stop_by_regret");
  const bool wanted = by_regret != nullptr && by_regret->is_bool() && by_regret->as_bool();
  return wanted ? regret_is_small(history) : std::nullopt;
}

}  // namespace

std::optional<WarningNote> late_verdict(const History& history, RunId id) {
  const Run* run = history.run(id);
  if (run == nullptr || run->plan.purpose != RunPurpose::search ||
      run->end.outcome != RunOutcome::finished)
    return std::nullopt;
  std::int64_t reports = 0;
  std::int64_t late = 0;
  const History::SeriesPoint* judged = nullptr;
  for (const auto& point : history.series(id)) {
    if (point.metric != 0) continue;
    ++reports;
    late += point.late ? 1 : 0;
    if (!point.late) judged = &point;
  }
  constexpr std::int64_t kFew = 3;
  if (judged == nullptr || late < kFew || 4 * late < reports) return std::nullopt;
  return WarningNote{
      run->plan.trial, kLateVerdict,
      fmt::format("it went on behind the verdict at {} for {} reports, to its end: programs that "
                  "report faster than verdicts come, or do not heed should_stop(), are not "
                  "stopped. Report less often, or run fewer trials at a time",
                  place_text(history.spec(), judged->fidelity), late),
      judged->seq};
}

Action settle(const History& history, std::int64_t number) {
  const Trial& trial = history.trial(number);
  const std::vector<const Run*> runs = newest_runs(history, number);
  HONE_ASSERT(!runs.empty(), "a trial that is settled has had a run");
  const Limits& limits = history.spec().limits;

  const Run* failed = nullptr;
  const Run* interrupted = nullptr;
  bool cancelled = false;
  bool all_finished = true;
  for (const Run* run : runs) {
    const RunOutcome outcome = run->end.outcome;
    if (outcome != RunOutcome::finished) all_finished = false;
    if (outcome == RunOutcome::failed && failed == nullptr) failed = run;
    if (outcome == RunOutcome::interrupted && interrupted == nullptr) interrupted = run;
    if (outcome == RunOutcome::cancelled) cancelled = true;
  }
  // A program that ended by itself with success before its stop arrived is complete, whatever the
  // verdict was.
  if (all_finished && trial.verdict_fail_kind == FailKind::none)
    return settle_finished(history, trial, runs);
  if (trial.verdict == Verdict::stop && trial.verdict_fail_kind != FailKind::none) {
    return moved(history, number, TrialState::failed, trial.verdict_fail_kind, trial.reason);
  }
  if (failed != nullptr) {
    if (may_retry(failed->end.fail_kind) && trial.attempts_failed <= limits.retries &&
        trial.verdict == Verdict::go_on) {
      return QueueRun{next_attempt(history, number, failed->plan.replicate)};
    }
    return moved(history, number, TrialState::failed, failed->end.fail_kind, failed->end.detail);
  }
  if (trial.verdict == Verdict::stop) {
    if (is_whole(history, trial))
      return moved(history, number, TrialState::complete, FailKind::none,
                   fmt::format("at its end when it was stopped ({})", trial.reason));
    // A replicate that waited leaves what the ones before it have found.
    const bool began = std::any_of(runs.begin(), runs.end(), [](const Run* run) {
      return run->end.outcome != RunOutcome::cancelled;
    });
    const TrialState state =
        trial.state == TrialState::queued && !began ? TrialState::cancelled : TrialState::stopped;
    return moved(history, number, state, FailKind::none, trial.reason);
  }
  if (trial.verdict == Verdict::pause)
    return moved(history, number, TrialState::paused, FailKind::none, trial.reason);
  if (interrupted != nullptr) {
    if (trial.interruptions >= limits.interruptions) {
      return moved(history, number, TrialState::failed, FailKind::lost,
                   fmt::format("interrupted {} times without progress", trial.interruptions));
    }
    return QueueRun{next_attempt(history, number, interrupted->plan.replicate)};
  }
  if (cancelled && trial.state == TrialState::queued) {
    return moved(history, number, TrialState::cancelled, FailKind::none, trial.reason);
  }
  return moved(history, number, TrialState::stopped, FailKind::none, trial.reason);
}

std::optional<StudyEnd> best_stands(const History& history) {
  const std::int64_t patience = 2 * history.spec().space.dimension() + 10;
  const auto front = history.front();
  if (front.empty()) return std::nullopt;
  const std::int64_t best = *std::max_element(front.begin(), front.end());
  std::int64_t since = 0;
  for (const Trial& trial : history.trials()) {
    if (trial.number() > best && is_ended(trial.state)) ++since;
  }
  if (since < patience) return std::nullopt;
  return StudyEnd{
      fmt::format("no improvement expected: the best has stood for {} trials (2 for each of {} "
                  "parameters, and 10)",
                  since, history.spec().space.dimension()),
      false, false};
}

std::optional<StudyEnd> regret_is_small(const History& history) {
  constexpr int kInARow = 2;
  constexpr std::int64_t kLookBack = 20;
  const std::int64_t best = history.best();
  if (best < 0) return std::nullopt;
  int found = 0;
  const Value* newest = nullptr;
  for (std::int64_t i = history.size() - 1;
       i >= 0 && i >= history.size() - kLookBack && found < kInARow; --i) {
    const Value& info = history.trial(i).proposal->info;
    // A study that was opened again goes on until new suggestions say so.
    if (info.int_or("based_on", 0) < history.opened_seq()) return std::nullopt;
    const Value* regret = info.find("regret");
    if (regret == nullptr || !regret->is_map()) continue;
    if (!(regret->number_or("bound", INFINITY) <= regret->number_or("noise", 0)))
      return std::nullopt;
    if (newest == nullptr) newest = regret;
    ++found;
  }
  if (found < kInARow) return std::nullopt;
  const char* source = newest->find("replicated") != nullptr
                           ? "the standard error over its replicates"
                           : "the noise of a trial, as the process fits it";
  return StudyEnd{
      fmt::format("no improvement expected: by the Gaussian process nothing is better than trial "
                  "{} by more than {}, which is less than {}, {}",
                  best, format_number(newest->number_or("bound", 0), 2), source,
                  format_number(newest->number_or("noise", 0), 2)),
      false, false};
}

std::optional<StudyEnd> study_end(const History& history, std::int64_t now_us,
                                  std::int64_t since_us) {
  if (auto end = same_failures(history)) return end;
  if (auto end = target_reached(history)) return end;
  return budget_end(history, now_us, since_us);
}

std::optional<StudyEnd> budget_end(const History& history, std::int64_t now_us,
                                   std::int64_t since_us) {
  for (const BudgetUse& use : budget_use(history, now_us, since_us)) {
    if (use.key != "trials" && use.is_up()) return StudyEnd{end_text(use), true, false};
  }
  return no_improvement(history);
}

std::int64_t run_seed(const StudySpec& spec, RunPurpose purpose, int replicate) {
  constexpr std::int64_t kMask = 0x7fffffff;
  const std::int64_t offset = purpose == RunPurpose::confirm ? 1000 : 0;
  return ((spec.seed & kMask) + offset + replicate) & kMask;
}

RunPlan first_run(const StudySpec& spec, const Proposal& proposal, int replicate) {
  RunPlan plan;
  plan.trial = proposal.number;
  plan.replicate = replicate;
  plan.fidelity_target = proposal.fidelity_target;
  // Repeats of a schedule (scheduler/replay) differ in their seeds like replicates.
  const auto repeat = static_cast<int>(proposal.info.int_or("repeat", 0));
  plan.seed = run_seed(spec, RunPurpose::search, replicate + repeat);
  plan.priority = proposal.priority;
  // A fork has no checkpoint of its own yet: the newest that it can go on from is its parent's.
  if (proposal.origin == TrialOrigin::fork && spec.can_resume())
    plan.resume_from = kNewestCheckpoint;
  return plan;
}

RunPlan next_attempt(const History& history, std::int64_t trial, int replicate) {
  RunPlan plan;
  int attempt = 0;
  for (const RunId id : history.runs_of(trial)) {
    const RunPlan& old = history.run(id)->plan;
    if (old.purpose != RunPurpose::search || old.replicate != replicate) continue;
    if (old.segment != plan.segment) attempt = 0;
    plan = old;
    attempt = std::max(attempt, old.attempt + 1);
  }
  plan.attempt = attempt;
  plan.resume_from = history.spec().can_resume() ? kNewestCheckpoint : "";
  return plan;
}

RunPlan next_segment(const History& history, std::int64_t trial,
                     std::optional<double> fidelity_target) {
  RunPlan plan = next_attempt(history, trial, 0);
  plan.attempt = 0;
  plan.segment += 1;
  plan.fidelity_target = fidelity_target;
  return plan;
}

}  // namespace hone
