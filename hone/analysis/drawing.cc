#include "hone/analysis/drawing.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace hone {
namespace {

constexpr std::array kInks = {Ink::text,   Ink::faint, Ink::grid, Ink::mark,
                              Ink::strong, Ink::other, Ink::paper};

const char* ink_name(Ink ink) {
  constexpr std::array<const char*, 7> kNames = {"text",   "faint", "grid", "mark",
                                                 "strong", "other", "paper"};
  return kNames[static_cast<std::size_t>(ink)];
}

std::string hex(Rgb colour) {
  return fmt::format("#{:02x}{:02x}{:02x}", colour.red, colour.green, colour.blue);
}

/// As many digits as a screen shows.
std::string place(double x) {
  std::string text = fmt::format("{:.1f}", x);
  if (text.ends_with(".0")) text.resize(text.size() - 2);
  return text == "-0" ? "0" : text;
}

std::string painted(const Paint& paint, const char* property) {
  if (const auto* ink = std::get_if<Ink>(&paint))
    return fmt::format(" class=\"{}-{}\"", property[0], ink_name(*ink));
  return fmt::format(" {}=\"{}\"", property, hex(std::get<Rgb>(paint)));
}

std::string opacity_of(double opacity) {
  return opacity < 1 ? fmt::format(" opacity=\"{:.2g}\"", opacity) : "";
}

std::string points_of(const std::vector<std::pair<double, double>>& points) {
  std::string out;
  for (const auto& [x, y] : points)
    out += fmt::format("{}{},{}", out.empty() ? "" : " ", place(x), place(y));
  return out;
}

struct Writer {
  std::string& out;

  void operator()(const DrawnLine& line) const {
    out += fmt::format("<polyline points=\"{}\" fill=\"none\" stroke-width=\"{}\"{}{}{}/>",
                       points_of(line.points), place(line.width), painted(line.paint, "stroke"),
                       opacity_of(line.opacity), line.dashed ? " stroke-dasharray=\"4 3\"" : "");
  }
  void operator()(const DrawnArea& area) const {
    out += fmt::format("<polygon points=\"{}\"{}{}/>", points_of(area.points),
                       painted(area.paint, "fill"), opacity_of(area.opacity));
  }
  void operator()(const DrawnDot& dot) const {
    const std::string head =
        fmt::format("<circle cx=\"{}\" cy=\"{}\" r=\"{}\"{}{}", place(dot.x), place(dot.y),
                    place(dot.radius), painted(dot.paint, "fill"), opacity_of(dot.opacity));
    out += dot.title.empty()
               ? head + "/>"
               : fmt::format("{}><title>{}</title></circle>", head, xml_escaped(dot.title));
  }
  void operator()(const DrawnText& text) const {
    constexpr std::array<const char*, 3> kAnchors = {"start", "middle", "end"};
    const std::string turn =
        text.upright ? fmt::format(" transform=\"rotate(-90 {} {})\"", place(text.x), place(text.y))
                     : "";
    out += fmt::format(
        "<text x=\"{}\" y=\"{}\" font-size=\"{}\" text-anchor=\"{}\"{}{}{}>{}</text>",
        place(text.x), place(text.y), place(text.size),
        kAnchors[static_cast<std::size_t>(text.anchor)], text.bold ? " font-weight=\"600\"" : "",
        painted(text.paint, "fill"), turn, xml_escaped(text.text));
  }
};

std::string rules(bool dark) {
  std::string out;
  for (const Ink ink : kInks) {
    const std::string colour = hex(colour_of(ink, dark));
    out += fmt::format("svg .f-{0}{{fill:{1}}}svg .s-{0}{{stroke:{1}}}", ink_name(ink), colour);
  }
  return out;
}

}  // namespace

Rgb colour_of(Ink ink, bool dark) {
  switch (ink) {
    case Ink::text:
      return dark ? Rgb{0xe8, 0xe8, 0xe6} : Rgb{0x1c, 0x1e, 0x21};
    case Ink::faint:
      return dark ? Rgb{0x9a, 0xa0, 0xa6} : Rgb{0x6a, 0x70, 0x78};
    case Ink::grid:
      return dark ? Rgb{0x34, 0x37, 0x3b} : Rgb{0xe2, 0xe4, 0xe8};
    case Ink::mark:
      return dark ? Rgb{0x7d, 0xa7, 0xd9} : Rgb{0x4a, 0x7f, 0xb5};
    case Ink::strong:
      return dark ? Rgb{0xff, 0x9e, 0x64} : Rgb{0xd2, 0x5a, 0x12};
    case Ink::other:
      return dark ? Rgb{0x6c, 0x70, 0x76} : Rgb{0xb4, 0xb9, 0xc0};
    case Ink::paper:
      return dark ? Rgb{0x17, 0x19, 0x1c} : Rgb{0xff, 0xff, 0xff};
  }
  return {};
}

Rgb shade(double share) {
  constexpr std::array<Rgb, 7> kStops = {
      Rgb{0x44, 0x01, 0x54}, Rgb{0x44, 0x39, 0x83}, Rgb{0x31, 0x68, 0x8e}, Rgb{0x21, 0x91, 0x8c},
      Rgb{0x35, 0xb7, 0x79}, Rgb{0x90, 0xd7, 0x43}, Rgb{0xfd, 0xe7, 0x25}};
  const double at = std::clamp(std::isnan(share) ? 1.0 : share, 0.0, 1.0) * (kStops.size() - 1);
  const auto low = std::min(static_cast<std::size_t>(at), kStops.size() - 2);
  const double part = at - static_cast<double>(low);
  const auto mix = [&](std::uint8_t a, std::uint8_t b) {
    return static_cast<std::uint8_t>(std::lround((1 - part) * a + part * b));
  };
  const Rgb a = kStops[low], b = kStops[low + 1];
  return {mix(a.red, b.red), mix(a.green, b.green), mix(a.blue, b.blue)};
}

void Drawing::line(double x1, double y1, double x2, double y2, Paint paint, double line_width) {
  shapes.emplace_back(DrawnLine{{{x1, y1}, {x2, y2}}, paint, line_width, 1, false});
}

void Drawing::box(double x, double y, double box_width, double box_height, Paint paint,
                  double opacity) {
  shapes.emplace_back(
      DrawnArea{{{x, y}, {x + box_width, y}, {x + box_width, y + box_height}, {x, y + box_height}},
                paint,
                opacity});
}

void Drawing::text(double x, double y, std::string content, Paint paint, Anchor anchor,
                   double size) {
  shapes.emplace_back(DrawnText{x, y, std::move(content), paint, anchor, size, false, false});
}

std::string xml_escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        if (static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t') {
          out += "\xEF\xBF\xBD";
        } else {
          out += c;
        }
    }
  }
  return out;
}

double text_width(std::string_view text, double size) {
  constexpr double kMeanWidth = 0.56;  // of a sans serif, in its size
  const auto characters = std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
  });
  return kMeanWidth * size * static_cast<double>(characters);
}

std::string to_svg(const Drawing& drawing, bool standalone) {
  std::string out = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0} {1}\" width=\"{0}\" "
      "height=\"{1}\" role=\"img\" font-family=\"system-ui, sans-serif\"><title>{2}</title>",
      place(drawing.width), place(drawing.height), xml_escaped(drawing.title));
  if (standalone) {
    out += "<style>" + svg_style() + "</style>";
    out += fmt::format("<rect width=\"{}\" height=\"{}\" class=\"f-paper\"/>", place(drawing.width),
                       place(drawing.height));
  }
  for (const Shape& shape : drawing.shapes) std::visit(Writer{out}, shape);
  return out + "</svg>\n";
}

std::string svg_style() {
  return rules(false) + "@media (prefers-color-scheme: dark){" + rules(true) + "}";
}

}  // namespace hone
