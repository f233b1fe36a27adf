// A figure with the interval in which it lies.
#pragma once

namespace hone {

/// `low` to `high`: 95 % unless said otherwise.
struct Estimate {
  double value = 0;
  double low = 0;
  double high = 0;
};

}  // namespace hone
