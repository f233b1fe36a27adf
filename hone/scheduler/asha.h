// The options that the variants of asynchronous successive halving share, and the factories of the
// three.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "hone/scheduler/rungs.h"
#include "hone/scheduler/scheduler.h"

namespace hone {

struct AshaOptions {
  std::string mode = "auto";  ///< auto: promote where a checkpoint is declared, else stop
  double eta = 3;
  std::optional<double> min;  ///< first rung; none: the study's fidelity.min
  std::string rule = "rank";  ///< or wandb: the sweep file's early_terminate
  // Of rule wandb only, named as in the sweep file.
  std::optional<double> min_iter;
  std::optional<double> max_iter;
  std::optional<double> s;
  bool strict = true;
};

/// Runs on past a rung, or is stopped there; never pauses.
std::unique_ptr<Scheduler> make_asha_stop(Rungs rungs, const StudySpec& spec);
/// Pauses at every rung and resumes the best.
std::unique_ptr<Scheduler> make_asha_promote(Rungs rungs, const StudySpec& spec);
/// W&B's `early_terminate: {type: hyperband}`; null when mistakes were appended.
std::unique_ptr<Scheduler> make_wandb_bands(const AshaOptions& options, const StudySpec& spec,
                                            std::vector<OptionProblem>& problems);

/// The loss that rungs compare: smaller is better, NaN stays NaN (and is worse than everything).
double rung_loss(const StudySpec& spec, double value);
/// "asha: rungs at 1, 3, 9 epochs, keeps 1 in 3".
std::string describe_rungs(const char* name, const Rungs& rungs, const StudySpec& spec);

}  // namespace hone
