#include "hone/analysis/chart_axes.h"

#include <algorithm>
#include <cmath>

#include "hone/analysis/shown.h"
#include "hone/analysis/study_views.h"
#include "hone/base/text.h"

namespace hone {
namespace {

constexpr double kMarkEvery = 55;  ///< points
constexpr double kRowEvery = 34;
constexpr double kRoom = 0.04;  ///< of the range, beyond the values
constexpr double kDecades = 1000;
constexpr double kLabel = 10;  ///< size

double toward(double x, bool logarithmic) { return logarithmic ? std::log10(x) : x; }

std::string mark_text(const Value& value) {
  std::string text = shown_value(value);
  constexpr std::size_t kLongest = 14;
  if (text.size() > kLongest) {
    std::size_t end = kLongest - 1;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
    text.resize(end);
    text += "…";
  }
  return text;
}

}  // namespace

double Scale::place(double value) const {
  const double a = toward(low, logarithmic), b = toward(high, logarithmic);
  return from + (to - from) * (toward(value, logarithmic) - a) / (b - a);
}

double Scale::held(double value) const { return place(std::clamp(value, low, high)); }

Scale scale_over(const std::vector<double>& values, double from, double to) {
  Scale scale;
  scale.from = from;
  scale.to = to;
  double low = HUGE_VAL, high = -HUGE_VAL;
  for (const double v : values) {
    if (!std::isfinite(v)) continue;
    low = std::min(low, v);
    high = std::max(high, v);
  }
  if (low > high) return scale;
  if (low == high) {
    const double around = low == 0 ? 1 : std::abs(low) / 2;
    scale.low = low - around;
    scale.high = high + around;
    return scale;
  }
  scale.logarithmic = low > 0 && high / low > kDecades;
  if (scale.logarithmic) {
    const double room = std::pow(high / low, kRoom);
    scale.low = low / room;
    scale.high = high * room;
  } else {
    scale.low = low - kRoom * (high - low);
    scale.high = high + kRoom * (high - low);
  }
  return scale;
}

std::vector<double> round_marks(const Scale& scale) {
  Real domain;
  domain.low = scale.low;
  domain.high = scale.high;
  domain.law = scale.logarithmic ? Law::log_uniform : Law::uniform;
  const double length = std::abs(scale.to - scale.from);
  const double every =
      scale.to < scale.from ? kRowEvery : kMarkEvery;  // upright scales run upwards
  const auto most = std::max<std::size_t>(2, static_cast<std::size_t>(length / every));
  std::vector<double> marks;
  for (const AxisMark& mark : axis_marks(domain, most)) marks.push_back(mark.value.as_number());
  return marks;
}

Panel panel_of(Drawing& drawing, const std::string& heading) {
  constexpr double kLeft = 64, kRight = 12, kTop = 30, kBottom = 40;
  constexpr double kHeading = 12;
  if (!heading.empty()) {
    DrawnText text{12, 18, heading, Ink::text, Anchor::start, kHeading, true, false};
    drawing.shapes.emplace_back(std::move(text));
  }
  return {kLeft, heading.empty() ? 12 : kTop, drawing.width - kRight, drawing.height - kBottom};
}

namespace {

void name_axis(Drawing& drawing, const Panel& panel, const std::string& name, bool upright) {
  if (upright) {
    DrawnText text{
        14, (panel.top + panel.bottom) / 2, name, Ink::faint, Anchor::middle, kLabel, false, true};
    drawing.shapes.emplace_back(std::move(text));
  } else {
    drawing.text((panel.left + panel.right) / 2, panel.bottom + 30, name, Ink::faint,
                 Anchor::middle, kLabel);
  }
}

}  // namespace

void draw_value_axis(Drawing& drawing, const Panel& panel, const Scale& scale,
                     const std::string& name, bool upright) {
  for (const double v : round_marks(scale)) {
    const double at = scale.place(v);
    const std::string label = format_number(v, 4);
    if (upright) {
      drawing.line(panel.left, at, panel.right, at, Ink::grid);
      drawing.text(panel.left - 6, at + 3.5, label, Ink::faint, Anchor::end, kLabel);
    } else {
      drawing.line(at, panel.top, at, panel.bottom, Ink::grid);
      drawing.text(at, panel.bottom + 14, label, Ink::faint, Anchor::middle, kLabel);
    }
  }
  name_axis(drawing, panel, name, upright);
}

void draw_parameter_axis(Drawing& drawing, const Panel& panel, const Domain& domain,
                         const std::string& name, bool upright) {
  const double length = upright ? panel.height() : panel.width();
  const auto most = std::max<std::size_t>(2, static_cast<std::size_t>(length / kMarkEvery));
  double free_from = -HUGE_VAL;
  for (const AxisMark& mark : axis_marks(domain, most)) {
    const std::string label = mark_text(mark.value);
    if (upright) {
      const double at = panel.bottom - mark.at * panel.height();
      drawing.line(panel.left, at, panel.right, at, Ink::grid);
      drawing.text(panel.left - 6, at + 3.5, label, Ink::faint, Anchor::end, kLabel);
      continue;
    }
    const double at = panel.left + mark.at * panel.width();
    drawing.line(at, panel.top, at, panel.bottom, Ink::grid);
    const double half = text_width(label, kLabel) / 2;
    if (at - half < free_from) continue;
    free_from = at + half + 4;
    drawing.text(at, panel.bottom + 14, label, Ink::faint, Anchor::middle, kLabel);
  }
  name_axis(drawing, panel, name, upright);
}

void say_nothing(Drawing& drawing, const std::string& sentence) {
  drawing.text(drawing.width / 2, drawing.height / 2, sentence, Ink::faint, Anchor::middle);
}

}  // namespace hone
