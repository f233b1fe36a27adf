// Numbers and values in sentences and pictures, with as many digits as a reader needs.
#pragma once

#include <string>

#include "hone/base/value.h"

namespace hone {

/// A parameter's value: "0.0031", "16", "adam".
std::string shown_value(const Value& value);
/// A metric's value: five significant digits.
std::string shown_metric(double value);
/// A share of 1: "71 %", "< 1 %".
std::string shown_share(double share);
/// The spread of a share, in points: "6", "0.4".
std::string shown_points(double share);

}  // namespace hone
