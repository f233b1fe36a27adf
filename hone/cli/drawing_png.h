// Drawings as PNG pictures, by Cairo, which is loaded when the first one is wanted: hone runs where
// no graphics library is.
#pragma once

#include <string>

#include "hone/analysis/drawing.h"

namespace hone::cli {

/// The bytes of a PNG file, on a light page, `scale` pixels to a point (0 < scale ≤ 8). Throws
/// Error(unsupported) where Cairo is missing, Error(io) where it fails.
std::string to_png(const Drawing& drawing, double scale = 2);

}  // namespace hone::cli
