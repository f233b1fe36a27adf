#include "hone/cli/ui_drawing.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace hone::cli {
namespace {

constexpr int kDotsAcross = 2;
constexpr int kDotsDown = 4;

unsigned dot_bit(int x, int y) {
  constexpr std::array<std::array<unsigned, kDotsDown>, kDotsAcross> kBits = {
      {{0x01, 0x02, 0x04, 0x40}, {0x08, 0x10, 0x20, 0x80}}};  // Unicode 15, chapter 21.1
  return kBits[static_cast<std::size_t>(x)][static_cast<std::size_t>(y)];
}

std::string braille(unsigned dots) {
  const unsigned code = 0x2800 + dots;
  return {static_cast<char>(0xE0U | (code >> 12U)),
          static_cast<char>(0x80U | ((code >> 6U) & 0x3FU)),
          static_cast<char>(0x80U | (code & 0x3FU))};
}

Tone tone_of(const Paint& paint) {
  const auto* ink = std::get_if<Ink>(&paint);
  if (ink == nullptr) return Tone::plain;
  switch (*ink) {
    case Ink::strong:
      return Tone::good;
    case Ink::faint:
    case Ink::other:
      return Tone::dim;
    default:
      return Tone::plain;
  }
}

struct Cell {
  unsigned dots = 0;
  Tone tone = Tone::plain;
  std::string block;  ///< of an area
  std::string character;
};

class Screen {
 public:
  Screen(const Drawing& drawing, int columns, int rows)
      : columns_(columns),
        rows_(rows),
        across_(static_cast<double>(columns * kDotsAcross) / drawing.width),
        down_(static_cast<double>(rows * kDotsDown) / drawing.height),
        cells_(static_cast<std::size_t>(columns) * static_cast<std::size_t>(rows)) {}

  void operator()(const DrawnLine& line) {
    if (std::holds_alternative<Ink>(line.paint) && std::get<Ink>(line.paint) == Ink::grid) return;
    for (std::size_t i = 1; i < line.points.size(); ++i) {
      const auto [x1, y1] = line.points[i - 1];
      const auto [x2, y2] = line.points[i];
      const int steps =
          1 + static_cast<int>(std::max(std::abs(x2 - x1) * across_, std::abs(y2 - y1) * down_));
      for (int k = 0; k <= steps; ++k) {
        const double part = static_cast<double>(k) / steps;
        set(x1 + part * (x2 - x1), y1 + part * (y2 - y1), tone_of(line.paint));
      }
    }
  }

  /// Only rectangles: other areas are bands around lines that are drawn too.
  void operator()(const DrawnArea& area) {
    if (area.points.size() != 4) return;
    const auto [left, top] = area.points[0];
    const auto [right, bottom] = area.points[2];
    const auto* ink = std::get_if<Ink>(&area.paint);
    if (ink != nullptr && *ink == Ink::grid) return;
    std::string block = "█";
    if (ink == nullptr) {  // a shade: the best is the fullest
      const Rgb c = std::get<Rgb>(area.paint);
      constexpr double kBrightest = 230;
      const double light = 0.3 * c.red + 0.59 * c.green + 0.11 * c.blue;
      constexpr std::array<const char*, 4> kBlocks = {"█", "▓", "▒", "░"};
      block = kBlocks[static_cast<std::size_t>(std::clamp(light / kBrightest * 4, 0.0, 3.0))];
    }
    const int row_from = static_cast<int>(std::lround(top * down_ / kDotsDown));
    const int row_to =
        std::max(row_from + 1, static_cast<int>(std::lround(bottom * down_ / kDotsDown)));
    const int from = static_cast<int>(std::lround(left * across_ / kDotsAcross));
    const int to = static_cast<int>(std::lround(right * across_ / kDotsAcross));
    for (int row = row_from; row < row_to; ++row) {
      for (int column = from; column < to; ++column) {
        if (Cell* cell = cell_at(column, row)) {
          cell->block = block;
          cell->tone = tone_of(area.paint);
        }
      }
    }
  }

  void operator()(const DrawnDot& dot) { set(dot.x, dot.y, tone_of(dot.paint)); }

  void operator()(const DrawnText& text) {
    const std::string shown = printable(text.text);
    const int width = columns_of(shown);
    if (text.upright) return;  // axes are named by what they show
    const int row = static_cast<int>((text.y - text.size * 0.4) * down_ / kDotsDown);
    int column = static_cast<int>(text.x * across_ / kDotsAcross);
    if (text.anchor == Anchor::middle) column -= width / 2;
    if (text.anchor == Anchor::end) column -= width;
    column = std::clamp(column, 0, std::max(0, columns_ - width));
    for (int k = -1; k <= width; ++k) {  // with a blank at both sides
      const Cell* cell = cell_at(column + k, row);
      if (cell != nullptr && !cell->character.empty()) return;
    }
    std::size_t begin = 0;
    for (int k = 0; begin < shown.size(); ++k) {
      std::size_t end = begin + 1;
      while (end < shown.size() && (static_cast<unsigned char>(shown[end]) & 0xC0U) == 0x80U) ++end;
      if (Cell* cell = cell_at(column + k, row)) {
        cell->character = shown.substr(begin, end - begin);
        cell->tone = text.bold ? Tone::bold : tone_of(text.paint);
      }
      begin = end;
    }
  }

  std::vector<ScreenLine> lines() const {
    std::vector<ScreenLine> out;
    for (int row = 0; row < rows_; ++row) {
      ScreenLine line;
      for (int column = 0; column < columns_; ++column) {
        const Cell& cell = cells_[index(column, row)];
        const std::string& text = !cell.character.empty() ? cell.character
                                  : cell.dots != 0        ? braille(cell.dots)
                                  : !cell.block.empty()   ? cell.block
                                                          : kBlank;
        line.add(text, cell.tone);
      }
      out.push_back(std::move(line));
    }
    while (!out.empty() && out.back().text().empty()) out.pop_back();
    return out;
  }

 private:
  static inline const std::string kBlank = " ";

  std::size_t index(int column, int row) const {
    return static_cast<std::size_t>(row) * static_cast<std::size_t>(columns_) +
           static_cast<std::size_t>(column);
  }
  Cell* cell_at(int column, int row) {
    if (column < 0 || row < 0 || column >= columns_ || row >= rows_) return nullptr;
    return &cells_[index(column, row)];
  }
  void set(double x, double y, Tone tone) {
    const int dot_x = static_cast<int>(x * across_), dot_y = static_cast<int>(y * down_);
    if (dot_x < 0 || dot_y < 0) return;
    Cell* cell = cell_at(dot_x / kDotsAcross, dot_y / kDotsDown);
    if (cell == nullptr) return;
    cell->dots |= dot_bit(dot_x % kDotsAcross, dot_y % kDotsDown);
    if (cell->tone != Tone::good) cell->tone = tone;
  }

  int columns_, rows_;
  double across_, down_;  ///< dots to a point
  std::vector<Cell> cells_;
};

}  // namespace

std::vector<ScreenLine> screen_of(const Drawing& drawing, int columns, int rows) {
  Screen screen(drawing, columns, rows);
  // Texts first, so that data do not hide them.
  for (const Shape& shape : drawing.shapes) {
    if (std::holds_alternative<DrawnText>(shape)) screen(std::get<DrawnText>(shape));
  }
  for (const Shape& shape : drawing.shapes) {
    if (!std::holds_alternative<DrawnText>(shape)) std::visit(screen, shape);
  }
  return screen.lines();
}

}  // namespace hone::cli
