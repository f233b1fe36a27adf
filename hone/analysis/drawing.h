// A picture as a list of shapes, before anybody knows whether it becomes SVG or pixels. Coordinates
// are in points from the upper left corner, y downwards; colours are roles, so that a picture can
// be read on a light and on a dark page.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace hone {

enum class Ink {
  text,
  faint,  ///< labels of axes
  grid,
  mark,    ///< data
  strong,  ///< what the picture is about: the best, the mean
  other,   ///< a second kind of data
  paper,   ///< the background
};

struct Rgb {
  std::uint8_t red = 0, green = 0, blue = 0;
};
/// A role, or a colour of its own that reads on both pages.
using Paint = std::variant<Ink, Rgb>;

/// What a role looks like on a page.
Rgb colour_of(Ink ink, bool dark);
/// From the best (0) to the worst (1): dark blue over green to yellow, of even brightness steps and
/// told apart by readers who see few colours (viridis: Smith and van der Walt 2015).
Rgb shade(double share);

enum class Anchor { start, middle, end };

struct DrawnLine {
  std::vector<std::pair<double, double>> points;
  Paint paint = Ink::mark;
  double width = 1;
  double opacity = 1;
  bool dashed = false;
};
struct DrawnArea {
  std::vector<std::pair<double, double>> points;  ///< closed
  Paint paint = Ink::mark;
  double opacity = 1;
};
struct DrawnDot {
  double x = 0, y = 0, radius = 2;
  Paint paint = Ink::mark;
  double opacity = 1;
  std::string title;  ///< what a pointer is told; may be empty
};
struct DrawnText {
  double x = 0, y = 0;  ///< of the baseline
  std::string text;
  Paint paint = Ink::text;
  Anchor anchor = Anchor::start;
  double size = 11;
  bool bold = false;
  bool upright = false;  ///< turned by 90 degrees, to be read from the right
};
using Shape = std::variant<DrawnLine, DrawnArea, DrawnDot, DrawnText>;

struct Drawing {
  double width = 0, height = 0;
  std::string title;  ///< for readers who do not see it
  std::vector<Shape> shapes;

  void line(double x1, double y1, double x2, double y2, Paint paint, double width = 1);
  void box(double x, double y, double width, double height, Paint paint, double opacity = 1);
  void text(double x, double y, std::string text, Paint paint, Anchor anchor, double size = 11);
};

/// Characters that XML reads are written as entities, those that it forbids as U+FFFD.
std::string xml_escaped(std::string_view text);
/// About how wide a text of that size becomes.
double text_width(std::string_view text, double size);

/// An element <svg>. `standalone`: a document with colours of its own for both kinds of pages; else
/// it takes them from the page's classes (see svg_style).
std::string to_svg(const Drawing& drawing, bool standalone);
/// The rules of a page that holds such elements.
std::string svg_style();

}  // namespace hone
