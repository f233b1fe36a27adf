// The live display's table of trials.
#pragma once

#include <vector>

#include "hone/cli/ui_model.h"
#include "hone/cli/ui_text.h"

namespace hone::cli {

/// A heading and one line per row, each at most `width` columns. Columns that do not fit are left
/// out whole, the least telling first: parameters from the last, device, time, comparison, curve,
/// step. The reason of an end takes the place of the columns after its value.
std::vector<ScreenLine> trial_table(const LiveView& view, const std::vector<LiveRow>& rows,
                                    int width);

}  // namespace hone::cli
