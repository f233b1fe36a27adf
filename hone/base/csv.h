// Tables as comma-separated values (RFC 4180), with line feeds.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "hone/base/value.h"

namespace hone {

/// Cells with commas, quotes or line ends are quoted; null is an empty cell; what is no string is
/// its JSON.
std::string csv_cell(const Value& value);
/// One line with its end.
std::string csv_line(std::span<const Value> cells);

}  // namespace hone
