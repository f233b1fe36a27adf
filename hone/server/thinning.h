// A series with fewer points that looks the same: stretches of equally many points, of each the
// first, the last, the smallest and the greatest. One pass, bounded memory.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace hone::server {

struct ThinPoint {
  double step = 0;
  double value = 0;
  std::int64_t busy_us = 0;
  std::int64_t index = 0;  ///< within the whole series
};

/// Not thread-safe. Keeps all points up to `at_most` (4 or more), and never more than that.
class Thinner {
 public:
  explicit Thinner(std::size_t at_most) : at_most_(at_most < 4 ? 4 : at_most) {}
  void add(double step, double value, std::int64_t busy_us);
  std::int64_t total() const { return total_; }
  /// In the order of the series.
  std::vector<ThinPoint> points() const;

 private:
  /// First, last, smallest, greatest. NaN is neither smaller nor greater than a number.
  struct Stretch {
    std::array<ThinPoint, 4> kept;
    std::int64_t count = 0;
  };
  static Stretch joined(const Stretch& a, const Stretch& b);
  void put(const ThinPoint& point);
  void halve();

  std::size_t at_most_;
  std::int64_t total_ = 0;
  std::vector<ThinPoint> raw_;  ///< until there are too many
  std::vector<Stretch> stretches_;
  std::int64_t width_ = 1;  ///< points of a whole stretch
};

}  // namespace hone::server
