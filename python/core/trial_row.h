// Trials and the state of a study as plain values.
#pragma once

#include <cstdint>

#include "hone/base/value.h"
#include "hone/study/history.h"

namespace hone::python {

/// A list of maps: number, state, params, value, values, reason, fail_kind, origin, rule,
/// duration_s …
Value trial_rows(const History& history, std::int64_t from);
/// State, reason, counts.
Value status_row(const History& history);

}  // namespace hone::python
