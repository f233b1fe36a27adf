#include "hone/analysis/shown.h"

#include <fmt/core.h>

#include "hone/base/text.h"

namespace hone {

std::string shown_value(const Value& value) {
  constexpr int kDigits = 4;
  if (value.is_double()) return format_number(value.as_number(), kDigits);
  return value.is_string() ? value.as_string() : value.dump();
}

std::string shown_metric(double value) {
  constexpr int kDigits = 5;
  return format_number(value, kDigits);
}

std::string shown_share(double share) {
  constexpr double kRoundsToOne = 0.0095;
  if (share > 0 && share < kRoundsToOne) return "< 1 %";
  return fmt::format("{:.0f} %", 100 * share);
}

std::string shown_points(double share) {
  const double points = 100 * share;
  return points >= 0.95 ? fmt::format("{:.0f}", points) : fmt::format("{:.1g}", points);
}

}  // namespace hone
