// What a printed object of a trainer's log says, for the formats that differ only in how they print
// it (Python dict, JSON line).
#pragma once

#include "hone/runner/log_format_object.h"
#include "hone/runner/metric_parser.h"

namespace hone::log_format {

/// What gave the writer away.
struct DictTraits {
  bool llama_factory = false;  ///< "current_steps"
  bool ms_swift = false;       ///< "global_step/max_steps"
  bool trainer =
      false;  ///< a member that only trainers print: epoch, eval_…, grad_norm, train_runtime
};

/// Members to metrics and positions. "5/94" under global_step/max_steps is step 5.
DictTraits fill_from_object(const ScannedObject& object, ParsedRecord& record);

}  // namespace hone::log_format
