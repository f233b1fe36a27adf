// What becomes of a trial whose runs have all ended, and when a study is over: the rules of the
// state table, as pure functions of the history.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "hone/store/store.h"
#include "hone/study/history.h"

namespace hone {

/// The action that settles a running or queued trial without open runs: a TrialMoved, or a QueueRun
/// for another attempt.
Action settle(const History& history, std::int64_t trial);

inline constexpr const char* kLateVerdict = "late_verdict";
/// What to tell the user where a run came to its own end a quarter of its reports or more (at least
/// three) after the one that its verdict looked at: programs that report faster than verdicts come
/// are not stopped, and a population of them does not learn from its best.
std::optional<WarningNote> late_verdict(const History& history, RunId run);

/// Why a study ends before its search is used up, and whether running trials end with it.
struct StudyEnd {
  std::string reason;
  bool stop_running = false;
  bool at_once = false;  ///< no confirmation, no further launch of any kind
};
/// Target reached, a budget used up (that of trials aside, which bounds what is started), the first
/// trials failing alike, no improvement expected. `now_us`, `since_us`: as for budget_use.
std::optional<StudyEnd> study_end(const History& history, std::int64_t now_us,
                                  std::int64_t since_us = 0);

/// Of these, what belongs to the budget alone: for callers that decide themselves what a failure
/// means. That of trials is left out here too.
std::optional<StudyEnd> budget_end(const History& history, std::int64_t now_us,
                                   std::int64_t since_us = 0);

/// The rules of the budget that no improvement is to be expected, whether the study has asked for
/// them or not. The best (of several objectives: the front) has not moved for 2·d + 10 ended
/// trials:
std::optional<StudyEnd> best_stands(const History& history);
/// … and: the sampler has bounded the regret below the noise of a trial (sampler/gp_regret), with
/// the last two suggestions that say so.
std::optional<StudyEnd> regret_is_small(const History& history);

/// The run of a trial that continues (`segment` + 1) or repeats (`attempt` + 1) its newest search
/// run.
RunPlan next_segment(const History& history, std::int64_t trial,
                     std::optional<double> fidelity_target);
RunPlan next_attempt(const History& history, std::int64_t trial, int replicate);
/// The first run of a new trial.
RunPlan first_run(const StudySpec& spec, const Proposal& proposal, int replicate = 0);

/// The seed a program gets for a replicate: the study's own for the first, the next ones after it;
/// confirmations start at 1000 further.
std::int64_t run_seed(const StudySpec& spec, RunPurpose purpose, int replicate);

/// Marks a run that goes on from the newest checkpoint that its trial has; a fork without one, from
/// the copy of its parent's; any other trial, from the start.
inline constexpr const char* kNewestCheckpoint = "newest";

}  // namespace hone
