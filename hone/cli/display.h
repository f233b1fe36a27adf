// Where a session's events are shown. A live display is one more SessionObserver: it is made here
// where stdout is a terminal, and gets the same calls as the lines do (see hone/tuner/session.h for
// when and in which thread).
#pragma once

#include <memory>

#include "hone/cli/lines.h"

namespace hone::cli {

/// For `hone run`, `resume`, `worker` and `attach`.
std::unique_ptr<SessionObserver> make_display(const LineOptions& options);

}  // namespace hone::cli
