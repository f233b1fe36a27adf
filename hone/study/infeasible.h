// Which failures say that the configuration does not work, and which only that something went
// wrong.
#pragma once

#include "hone/study/trial.h"

namespace hone {

/// Whether a failure of this kind is the configuration's doing in any case. Others may be: an exit
/// code is, once another trial has succeeded (design rules, "States").
bool failed_by_configuration(FailKind kind);

}  // namespace hone
