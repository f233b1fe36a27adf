// Which declared metric is the objective's counterpart in training, by its name. Internal to
// hone/detector.
#pragma once

#include "hone/study/study_spec.h"

namespace hone {

/// The index of a metric that is no objective and is named as the first objective with "train" in
/// the place of "val", "valid", "validation", "eval", "test" or "dev" (val_loss, validation/loss →
/// train_loss, train/loss), or without it where that is left (eval_loss → loss). 0: there is none.
int train_metric_of(const StudySpec& spec);

}  // namespace hone
