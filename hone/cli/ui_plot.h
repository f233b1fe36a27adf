// Curves in characters: a trial's curve as bars of eight heights, and a study's values over its
// trials as dots of Braille patterns (2×4 to a character), with the best so far as a line.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "hone/cli/ui_text.h"
#include "hone/study/objective.h"

namespace hone::cli {

/// The scale that bars share, so that rows can be compared.
struct BarScale {
  double low = 0;
  double high = 0;
};
/// From the values that will be shown: the lowest to the 90th percentile, so that the steep begin
/// of a curve does not flatten the rest. NaN and infinite values do not count.
BarScale bar_scale(std::vector<double> values);
/// One bar per value, "▁" to "█"; "×" for what is no number, a blank where there is none.
std::string bars(std::span<const std::optional<double>> values, const BarScale& scale);

/// A study's values in the order in which trials ended.
struct ValueCurve {
  std::int64_t count = 0;                              ///< trials that ended
  std::vector<std::pair<std::int64_t, double>> dots;   ///< position in 0…count−1, value
  std::vector<std::pair<std::int64_t, double>> bests;  ///< where the best changed, and to what
};

/// The best so far as a line and the values as dots behind it: `rows` lines of `columns`, with the
/// values of the highest and lowest row at the left. Values far on the bad side of the median are
/// drawn at the edge. Empty where there are fewer than two bests and dots.
std::vector<ScreenLine> value_plot(const ValueCurve& curve, Goal goal, int columns, int rows);

}  // namespace hone::cli
