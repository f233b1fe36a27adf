#include "hone/cli/ui_plot.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "hone/cli/lines.h"

namespace hone::cli {
namespace {

constexpr int kDotsAcross = 2;
constexpr int kDotsDown = 4;
constexpr double kShownShare = 0.9;  ///< of the values; worse ones lie at the edge

/// The bit of a Braille pattern's dot (Unicode 15, chapter 21.1).
unsigned dot_bit(int x, int y) {
  constexpr std::array<std::array<unsigned, kDotsDown>, kDotsAcross> kBits = {
      {{0x01, 0x02, 0x04, 0x40}, {0x08, 0x10, 0x20, 0x80}}};
  return kBits[static_cast<std::size_t>(x)][static_cast<std::size_t>(y)];
}

std::string braille(unsigned dots) {
  if (dots == 0) return " ";
  const unsigned code = 0x2800 + dots;
  return {static_cast<char>(0xE0U | (code >> 12U)),
          static_cast<char>(0x80U | ((code >> 6U) & 0x3FU)),
          static_cast<char>(0x80U | (code & 0x3FU))};
}

double quantile_of_sorted(const std::vector<double>& sorted, double share) {
  const auto last = static_cast<double>(sorted.size() - 1);
  return sorted[static_cast<std::size_t>(std::floor(share * last + 0.5))];
}

/// Patterns of dots, with a tone for each character.
class Canvas {
 public:
  Canvas(int columns, int rows)
      : columns_(columns), rows_(rows), dots_(size(), 0), line_(size(), false) {}
  int across() const { return columns_ * kDotsAcross; }
  int down() const { return rows_ * kDotsDown; }

  void set(int x, int y, bool line) {
    x = std::clamp(x, 0, across() - 1);
    y = std::clamp(y, 0, down() - 1);
    const auto cell = static_cast<std::size_t>(y / kDotsDown * columns_ + x / kDotsAcross);
    dots_[cell] |= dot_bit(x % kDotsAcross, y % kDotsDown);
    if (line) line_[cell] = true;
  }
  void add_row(int row, ScreenLine& out) const {
    Tone tone = Tone::dim;
    for (int column = 0; column < columns_; ++column) {
      const auto cell = static_cast<std::size_t>(row * columns_ + column);
      if (dots_[cell] != 0) tone = line_[cell] ? Tone::good : Tone::dim;
      out.add(braille(dots_[cell]), tone);
    }
  }

 private:
  std::size_t size() const {
    return static_cast<std::size_t>(columns_) * static_cast<std::size_t>(rows_);
  }
  int columns_;
  int rows_;
  std::vector<unsigned> dots_;
  std::vector<bool> line_;
};

}  // namespace

BarScale bar_scale(std::vector<double> values) {
  std::erase_if(values, [](double v) { return !std::isfinite(v); });
  if (values.empty()) return {};
  std::sort(values.begin(), values.end());
  return {values.front(), quantile_of_sorted(values, kShownShare)};
}

std::string bars(std::span<const std::optional<double>> values, const BarScale& scale) {
  constexpr std::array<const char*, 8> kBars = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  std::string out;
  for (const auto& value : values) {
    if (!value) {
      out += ' ';
    } else if (!std::isfinite(*value)) {
      out += "×";
    } else {
      const double width = scale.high - scale.low;
      const double share = width > 0 ? (*value - scale.low) / width : 0;
      const double level = std::clamp(share, 0.0, 1.0) * (kBars.size() - 1);
      out += kBars[static_cast<std::size_t>(level + 0.5)];
    }
  }
  return out;
}

std::vector<ScreenLine> value_plot(const ValueCurve& curve, Goal goal, int columns, int rows) {
  std::vector<double> sorted;
  for (const auto& [at, value] : curve.dots) {
    if (std::isfinite(value)) sorted.push_back(to_loss(goal, value));
  }
  if (sorted.size() < 2 || curve.bests.empty() || rows < 1) return {};
  std::sort(sorted.begin(), sorted.end());
  const double low = std::min(sorted.front(), to_loss(goal, curve.bests.back().second));
  const double high = std::max(quantile_of_sorted(sorted, kShownShare), low);
  const double turn = goal == Goal::minimize ? 1 : -1;
  // The good side lies where the user expects it: low values low, whichever way is better.
  const std::string top = metric_text(turn > 0 ? high : -low);
  const std::string bottom = metric_text(turn > 0 ? low : -high);
  const int label = std::max(columns_of(top), columns_of(bottom));
  const int left = label + 3;
  if (columns - left < 8) return {};

  Canvas canvas(columns - left, rows);
  const auto x_of = [&](std::int64_t at) {
    const double last = static_cast<double>(std::max<std::int64_t>(curve.count - 1, 1));
    return static_cast<int>(std::lround(static_cast<double>(at) / last * (canvas.across() - 1)));
  };
  const auto y_of = [&](double value) {
    const double share =
        high > low ? std::clamp((to_loss(goal, value) - low) / (high - low), 0.0, 1.0) : 0;
    const double from_bottom = turn > 0 ? share : 1 - share;
    return static_cast<int>(std::lround((1 - from_bottom) * (canvas.down() - 1)));
  };
  for (const auto& [at, value] : curve.dots) {
    if (!std::isnan(value)) canvas.set(x_of(at), y_of(value), false);
  }
  for (std::size_t i = 0; i < curve.bests.size(); ++i) {
    const int from = x_of(curve.bests[i].first);
    const bool newest = i + 1 == curve.bests.size();
    const int to = newest ? canvas.across() - 1 : x_of(curve.bests[i + 1].first);
    const int y = y_of(curve.bests[i].second);
    for (int x = from; x <= to; ++x) canvas.set(x, y, true);
    if (newest) continue;
    const int next = y_of(curve.bests[i + 1].second);
    for (int k = std::min(y, next); k <= std::max(y, next); ++k) canvas.set(to, k, true);
  }
  std::vector<ScreenLine> lines(static_cast<std::size_t>(rows));
  for (int row = 0; row < rows; ++row) {
    ScreenLine& line = lines[static_cast<std::size_t>(row)];
    const std::string& text = row == 0 ? top : bottom;
    if (row == 0 || row == rows - 1) line.pad_to(2 + label - columns_of(text)).add(text, Tone::dim);
    line.pad_to(left);
    canvas.add_row(row, line);
  }
  return lines;
}

}  // namespace hone::cli
