// What the variants of successive halving share: checks of their options, and the factories of the
// variants.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "hone/scheduler/brackets.h"
#include "hone/scheduler/scheduler.h"

namespace hone {

struct AshaOptions {
  std::string mode = "auto";  ///< auto: promote where a checkpoint is declared, else stop
  double eta = 3;
  std::optional<double> min;  ///< first rung; none: the study's fidelity.min
  int brackets = 1;
  std::string rule = "rank";  ///< or wandb: the sweep file's early_terminate
  // Of rule wandb only, named as in the sweep file.
  std::optional<double> min_iter;
  std::optional<double> max_iter;
  std::optional<double> s;
  bool strict = true;
};

/// Runs on past a rung, or is stopped there; never pauses. `name`: as it is described.
std::unique_ptr<Scheduler> make_asha_stop(Brackets brackets, const StudySpec& spec,
                                          const std::string& name);
/// Pauses at every rung and resumes the best.
std::unique_ptr<Scheduler> make_asha_promote(Brackets brackets, const StudySpec& spec,
                                             const std::string& name);
/// The same up to a rung that rises only while the ranking of trials is in doubt (pasha.cc).
std::unique_ptr<Scheduler> make_asha_progressive(Brackets brackets, const StudySpec& spec);
/// Hyperband whose brackets wait for all of their members at every rung (hyperband_rounds.cc).
std::unique_ptr<Scheduler> make_hyperband_rounds(Brackets brackets, const StudySpec& spec,
                                                 const std::string& name);
/// W&B's `early_terminate: {type: hyperband}`; null when mistakes were appended.
std::unique_ptr<Scheduler> make_wandb_bands(const AshaOptions& options, const StudySpec& spec,
                                            std::vector<OptionProblem>& problems);

/// The loss that rungs compare: smaller is better, NaN stays NaN (and is worse than everything).
double rung_loss(const StudySpec& spec, double value);

/// The study declares a fidelity, and the first rung (`min`, else the study's) lies above 0 and
/// below full fidelity: the level of the first rung, else nullopt with the mistake appended.
std::optional<double> first_rung(const char* scheduler, std::optional<double> min,
                                 const StudySpec& spec, std::vector<OptionProblem>& problems);
/// Whether paused trials can go on: programs resume from a checkpoint, or are told how far to go.
bool can_promote(const StudySpec& spec);
/// Appends what keeps a study from going on with paused trials: no full fidelity, or programs that
/// can neither resume nor be told how far to go. `option`: the one that asked for it.
void check_promotion(const char* option, const StudySpec& spec,
                     std::vector<OptionProblem>& problems);

}  // namespace hone
