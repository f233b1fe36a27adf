// Drawings on a screen of characters: lines and dots as Braille patterns (2×4 to a character),
// areas as blocks, texts where they fit.
#pragma once

#include <vector>

#include "hone/analysis/drawing.h"
#include "hone/cli/ui_text.h"

namespace hone::cli {

/// `rows` lines of `columns`; blank ones at the end are left out. Grid lines are not drawn. Texts
/// do not cover each other, those drawn first win; what would leave the screen is cut.
std::vector<ScreenLine> screen_of(const Drawing& drawing, int columns, int rows);

}  // namespace hone::cli
