// Axes of charts: where a value lies in points, and the marks that say so.
#pragma once

#include <string>
#include <vector>

#include "hone/analysis/drawing.h"
#include "hone/space/search_space.h"

namespace hone {

/// A stretch of values on a stretch of points.
struct Scale {
  double low = 0, high = 1;  ///< values; high > low
  double from = 0, to = 1;   ///< points of low and of high
  bool logarithmic = false;

  double place(double value) const;
  /// As `place`, held within the stretch.
  double held(double value) const;
};

/// A scale over these values with a little room at both ends; logarithmic where they are positive
/// and span three decades. Values that are no number do not count; without any 0 to 1.
Scale scale_over(const std::vector<double>& values, double from, double to);
/// Round values on it, about one per 50 points.
std::vector<double> round_marks(const Scale& scale);

/// The part of a drawing in which data are drawn.
struct Panel {
  double left = 0, top = 0, right = 0, bottom = 0;
  double width() const { return right - left; }
  double height() const { return bottom - top; }
};
/// With room for labels at the left and below and for a heading above, which is drawn.
Panel panel_of(Drawing& drawing, const std::string& heading);

/// Marks with grid lines and labels, and the axis' name.
void draw_value_axis(Drawing& drawing, const Panel& panel, const Scale& scale,
                     const std::string& name, bool upright);
/// The same for a parameter's encoded values.
void draw_parameter_axis(Drawing& drawing, const Panel& panel, const Domain& domain,
                         const std::string& name, bool upright);
/// A sentence in the middle where there is nothing to draw.
void say_nothing(Drawing& drawing, const std::string& sentence);

}  // namespace hone
