#include "hone/analysis/charts.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "hone/analysis/chart_axes.h"
#include "hone/analysis/shown.h"
#include "hone/base/text.h"
#include "hone/math/stats.h"

namespace hone {
namespace {

constexpr double kWorstShown = 0.9;  ///< quantile of losses that a scale reaches to

Drawing begin(const ChartSize& size, std::string title) {
  Drawing drawing;
  drawing.width = size.width;
  drawing.height = size.height;
  drawing.title = std::move(title);
  return drawing;
}

/// A scale of a metric that leaves the far bad tail at the edge.
Scale metric_scale(const std::vector<double>& values, Goal goal, double from, double to) {
  std::vector<double> shown;
  if (values.size() > 10) {
    std::vector<double> losses;
    for (const double v : values) losses.push_back(to_loss(goal, v));
    const double upper = quantile(losses, kWorstShown);
    const double best = *std::min_element(losses.begin(), losses.end());
    const double edge = upper + 0.3 * (upper - best);
    for (const double v : values) {
      if (to_loss(goal, v) <= edge) shown.push_back(v);
    }
  }
  return scale_over(shown.size() >= 2 ? shown : values, from, to);
}

std::string dot_title(std::int64_t trial, const std::string& metric, double value) {
  return fmt::format("trial {}: {} {}", trial, metric, shown_metric(value));
}

Drawing progress_chart(const Progress& progress, const Metric& metric, const ChartSize& size,
                       bool over_time) {
  Drawing drawing =
      begin(size, fmt::format("{} over {}", metric.name, over_time ? "time" : "trials"));
  if (progress.trials.empty()) {
    say_nothing(drawing, "no trial has ended with a value yet");
    return drawing;
  }
  const Panel panel = panel_of(drawing, drawing.title);
  std::vector<double> values;
  for (const ProgressPoint& point : progress.trials) values.push_back(point.value);
  const Scale y = metric_scale(values, metric.goal, panel.bottom, panel.top);
  const double longest = progress.trials.back().elapsed_s;
  constexpr double kMinute = 60, kHour = 3600;
  const double unit = longest > 3 * kHour ? kHour : longest > 3 * kMinute ? kMinute : 1;
  const char* unit_name = unit == kHour ? "hours" : unit == kMinute ? "minutes" : "seconds";
  const auto x_of = [&](const ProgressPoint& point) {
    return over_time ? point.elapsed_s / unit : static_cast<double>(point.position + 1);
  };
  const double last = std::max(x_of(progress.trials.back()), over_time ? 1e-9 : 2.0);
  const Scale x{over_time ? 0.0 : 1.0, last, panel.left + 4, panel.right - 4, false};
  draw_value_axis(drawing, panel, y, metric.name, true);
  draw_value_axis(drawing, panel, x, over_time ? unit_name : "trials that have ended", false);
  for (const ProgressPoint& point : progress.trials) {
    drawing.shapes.emplace_back(DrawnDot{x.held(x_of(point)), y.held(point.value), 2.2, Ink::mark,
                                         0.65, dot_title(point.trial, metric.name, point.value)});
  }
  DrawnLine best{{}, Ink::strong, 2, 1, false};
  for (const ProgressPoint& point : progress.bests) {
    if (!best.points.empty())
      best.points.emplace_back(x.held(x_of(point)), best.points.back().second);
    best.points.emplace_back(x.held(x_of(point)), y.held(point.value));
  }
  best.points.emplace_back(x.to, best.points.back().second);
  const auto [end_x, end_y] = best.points.back();
  drawing.shapes.emplace_back(std::move(best));
  drawing.text(end_x, end_y - 7, "best " + shown_metric(progress.bests.back().value), Ink::strong,
               Anchor::end);
  return drawing;
}

/// The legend of `shade`: a strip with its ends named.
void draw_shades(Drawing& drawing, double x, double y, const std::string& low,
                 const std::string& high) {
  constexpr int kSteps = 12;
  constexpr double kStep = 5, kHeight = 8;
  const double begin = x - kSteps * kStep - text_width(high, 10) - 6;
  drawing.text(begin - 5, y + kHeight, low, Ink::faint, Anchor::end, 10);
  for (int i = 0; i < kSteps; ++i)
    drawing.box(begin + i * kStep, y, kStep + 0.4, kHeight, shade((i + 0.5) / kSteps));
  drawing.text(begin + kSteps * kStep + 5, y + kHeight, high, Ink::faint, Anchor::start, 10);
}

const Domain& domain_of(const SearchSpace& space, const std::string& name) {
  return space.parameter(space.index_of(name)).domain;
}

std::size_t axis_of(const Parallel& parallel, const std::string& name) {
  return static_cast<std::size_t>(std::find(parallel.axes.begin(), parallel.axes.end(), name) -
                                  parallel.axes.begin());
}

/// Rows from the worst to the best, so that the best are drawn over the others.
std::vector<const ParallelRow*> worst_first(const Parallel& parallel) {
  std::vector<const ParallelRow*> rows;
  for (const ParallelRow& row : parallel.rows) rows.push_back(&row);
  std::stable_sort(rows.begin(), rows.end(),
                   [](const ParallelRow* a, const ParallelRow* b) { return a->rank > b->rank; });
  return rows;
}

}  // namespace

Drawing draw_progress(const Progress& progress, const Metric& metric, const ChartSize& size) {
  return progress_chart(progress, metric, size, false);
}

Drawing draw_progress_over_time(const Progress& progress, const Metric& metric,
                                const ChartSize& size) {
  return progress_chart(progress, metric, size, true);
}

Drawing draw_importance(const ImportanceTable& table, double width) {
  constexpr std::size_t kMost = 20;
  constexpr double kRow = 22, kTop = 36;
  const std::size_t count = std::min(kMost, table.rows.size());
  Drawing drawing = begin({width, kTop + kRow * static_cast<double>(count) + 10},
                          "How much each parameter matters");
  const bool any = std::any_of(table.rows.begin(), table.rows.end(),
                               [](const ImportanceRow& row) { return row.share || row.fanova; });
  if (!any) {
    drawing.height = std::max(drawing.height, 80.0);
    say_nothing(drawing, "too few trials to tell what matters");
    return drawing;
  }
  double names = 60;
  for (std::size_t i = 0; i < count; ++i)
    names = std::max(names, text_width(table.rows[i].parameter, 11));
  names = std::min(names, width * 0.4);
  panel_of(drawing, drawing.title);
  const double left = names + 24, right = width - 96;
  for (std::size_t i = 0; i < count; ++i) {
    const ImportanceRow& row = table.rows[i];
    const Estimate share = row.share ? *row.share : row.fanova.value_or(Estimate{});
    const double y = kTop + kRow * static_cast<double>(i);
    const auto x = [&](double s) { return left + s * (right - left); };
    drawing.text(left - 8, y + 13, row.parameter, Ink::text, Anchor::end);
    drawing.box(left, y + 3, right - left, kRow - 8, Ink::grid, 0.5);
    drawing.box(left, y + 3, std::max(1.0, x(share.value) - left), kRow - 8, Ink::mark);
    drawing.line(x(share.low), y + 10, x(share.high), y + 10, Ink::strong, 1.5);
    drawing.text(right + 8, y + 13,
                 fmt::format("{} ({:.0f}–{:.0f})", shown_share(share.value), 100 * share.low,
                             100 * share.high),
                 Ink::text, Anchor::start);
  }
  return drawing;
}

Drawing draw_slice(const Slice& slice, const Domain& domain, const Metric& metric,
                   const Dependence* dependence, const ChartSize& size) {
  Drawing drawing = begin(size, fmt::format("{} by {}", metric.name, slice.parameter));
  const Panel panel = panel_of(drawing, slice.parameter);
  if (slice.points.empty()) {
    say_nothing(drawing, "no trial has a value");
    return drawing;
  }
  std::vector<double> values;
  for (const SlicePoint& point : slice.points) values.push_back(point.metric);
  const Scale y = metric_scale(values, metric.goal, panel.bottom, panel.top);
  draw_value_axis(drawing, panel, y, metric.name, true);
  draw_parameter_axis(drawing, panel, domain, "", false);
  const auto x = [&](double at) { return panel.left + at * panel.width(); };
  for (const SlicePoint& point : slice.points) {
    drawing.shapes.emplace_back(DrawnDot{
        x(point.at), y.held(point.metric), 2.2, point.complete ? Ink::mark : Ink::other, 0.6,
        fmt::format("trial {}: {} {}, {} {}", point.trial, slice.parameter,
                    shown_value(point.value), metric.name, shown_metric(point.metric))});
  }
  if (dependence == nullptr || dependence->mean.size() < 2) return drawing;
  DrawnArea band{{}, Ink::strong, 0.18};
  DrawnLine mean{{}, Ink::strong, 1.8, 1, false};
  for (std::size_t c = 0; c < dependence->at.size(); ++c) {
    if (!std::isfinite(dependence->mean[c].value)) continue;  // nothing of the space is there
    band.points.emplace_back(x(dependence->at[c]), y.held(dependence->mean[c].high));
    mean.points.emplace_back(x(dependence->at[c]), y.held(dependence->mean[c].value));
  }
  for (std::size_t c = dependence->at.size(); c-- > 0;) {
    if (std::isfinite(dependence->mean[c].value))
      band.points.emplace_back(x(dependence->at[c]), y.held(dependence->mean[c].low));
  }
  drawing.shapes.emplace_back(std::move(band));
  drawing.shapes.emplace_back(std::move(mean));
  return drawing;
}

Drawing draw_contour(const FanovaPair& pair, const Parallel& trials, const SearchSpace& space,
                     const Metric& metric, const ChartSize& size) {
  Drawing drawing =
      begin(size, fmt::format("{} by {} and {}", metric.name, pair.first, pair.second));
  const Panel panel = panel_of(drawing, fmt::format("{} × {}", pair.first, pair.second));
  draw_parameter_axis(drawing, panel, domain_of(space, pair.first), pair.first, false);
  draw_parameter_axis(drawing, panel, domain_of(space, pair.second), pair.second, true);
  const PairDependence& data = pair.dependence;
  const std::size_t rows = data.first_values.size(), columns = data.second_values.size();
  double low = HUGE_VAL, high = -HUGE_VAL;
  for (const Estimate& mean : data.mean) {
    if (!std::isfinite(mean.value)) continue;  // nothing of the space is there
    low = std::min(low, mean.value);
    high = std::max(high, mean.value);
  }
  // More than 32 cells a side make the picture large and no clearer.
  constexpr std::size_t kMostCells = 32;
  const std::size_t by_row = (rows + kMostCells - 1) / kMostCells;
  const std::size_t by_column = (columns + kMostCells - 1) / kMostCells;
  const double tall = panel.height() / static_cast<double>(columns);
  const double wide = panel.width() / static_cast<double>(rows);
  for (std::size_t a = 0; a < rows; a += by_row) {
    for (std::size_t b = 0; b < columns; b += by_column) {
      const std::size_t a_end = std::min(a + by_row, rows),
                        b_end = std::min(b + by_column, columns);
      double sum = 0;
      int cells = 0;
      for (std::size_t i = a; i < a_end; ++i) {
        for (std::size_t j = b; j < b_end; ++j) {
          const double one = data.mean[i * columns + j].value;
          if (!std::isfinite(one)) continue;
          sum += one;
          ++cells;
        }
      }
      if (cells == 0) continue;
      const double mean = sum / cells;
      const double share = high > low ? (mean - low) / (high - low) : 0.5;
      drawing.box(panel.left + static_cast<double>(a) * wide,
                  panel.bottom - static_cast<double>(b_end) * tall,
                  static_cast<double>(a_end - a) * wide + 0.3,
                  static_cast<double>(b_end - b) * tall + 0.3,
                  shade(metric.goal == Goal::minimize ? share : 1 - share));
    }
  }
  const std::size_t first = axis_of(trials, pair.first), second = axis_of(trials, pair.second);
  for (const ParallelRow& row : trials.rows) {
    if (std::isnan(row.at[first]) || std::isnan(row.at[second])) continue;
    drawing.shapes.emplace_back(DrawnDot{
        panel.left + row.at[first] * panel.width(), panel.bottom - row.at[second] * panel.height(),
        1.8, Rgb{255, 255, 255}, 0.8, dot_title(row.trial, metric.name, row.metric)});
  }
  draw_shades(drawing, panel.right, 10, "best", "worst");
  return drawing;
}

Drawing draw_parallel(const Parallel& parallel, const SearchSpace& space, const Metric& metric,
                      const ChartSize& size) {
  Drawing drawing = begin(size, "All parameters of the trials");
  constexpr std::size_t kMostAxes = 12;
  constexpr std::size_t kMostRows = 1000;
  const std::size_t axes = std::min(kMostAxes, parallel.axes.size());
  if (axes == 0 || parallel.rows.empty()) {
    say_nothing(drawing, "no trial has ended with a value yet");
    return drawing;
  }
  Panel panel = panel_of(drawing, drawing.title);
  panel.right = drawing.width - 64;
  panel.top += 8;
  const auto x = [&](std::size_t a) {
    return panel.left + panel.width() * static_cast<double>(a) / static_cast<double>(axes);
  };
  std::vector<double> values;
  for (const ParallelRow& row : parallel.rows) values.push_back(row.metric);
  const Scale y = metric_scale(values, metric.goal, panel.bottom, panel.top);
  const auto rows = worst_first(parallel);
  const std::size_t skipped = rows.size() > kMostRows ? rows.size() - kMostRows : 0;
  for (std::size_t i = skipped; i < rows.size(); ++i) {
    const ParallelRow& row = *rows[i];
    DrawnLine line{
        {}, shade(row.rank), row.rank < 0.1 ? 1.6 : 0.9, row.rank < 0.1 ? 0.95 : 0.45, false};
    for (std::size_t a = 0; a < axes; ++a) {
      if (std::isnan(row.at[a])) continue;
      line.points.emplace_back(x(a), panel.bottom - row.at[a] * panel.height());
    }
    line.points.emplace_back(x(axes), y.held(row.metric));
    drawing.shapes.emplace_back(std::move(line));
  }
  for (std::size_t a = 0; a < axes; ++a) {
    drawing.line(x(a), panel.top, x(a), panel.bottom, Ink::faint);
    const Domain& domain = domain_of(space, parallel.axes[a]);
    constexpr std::size_t kMarks = 5;
    for (const AxisMark& mark : axis_marks(domain, kMarks)) {
      const std::string label = shown_value(mark.value);
      const double at = panel.bottom - mark.at * panel.height();
      const double wide = text_width(label, 9) + 2;
      if (a > 0) drawing.box(x(a) - 4 - wide, at - 6, wide, 12, Ink::paper, 0.75);
      drawing.text(x(a) - 4, at + 3.5, label, Ink::faint, Anchor::end, 9);
    }
    drawing.text(x(a), panel.bottom + (a % 2 == 0 ? 16 : 29), parallel.axes[a], Ink::text,
                 Anchor::middle, 10);
  }
  drawing.line(x(axes), panel.top, x(axes), panel.bottom, Ink::faint);
  for (const double v : round_marks(y))
    drawing.text(x(axes) + 5, y.place(v) + 3.5, format_number(v, 4), Ink::faint, Anchor::start, 9);
  drawing.text(x(axes), panel.bottom + 16, metric.name, Ink::text, Anchor::middle, 10);
  draw_shades(drawing, drawing.width - 12, 10, "best", "worst");
  return drawing;
}

Drawing draw_ranks(const Parallel& parallel, const std::string& first, const std::string& second,
                   const SearchSpace& space, const ChartSize& size) {
  Drawing drawing = begin(size, fmt::format("Ranks by {} and {}", first, second));
  const Panel panel = panel_of(drawing, fmt::format("{} × {}", first, second));
  draw_parameter_axis(drawing, panel, domain_of(space, first), first, false);
  draw_parameter_axis(drawing, panel, domain_of(space, second), second, true);
  const std::size_t a = axis_of(parallel, first), b = axis_of(parallel, second);
  for (const ParallelRow* row : worst_first(parallel)) {
    if (std::isnan(row->at[a]) || std::isnan(row->at[b])) continue;
    drawing.shapes.emplace_back(DrawnDot{
        panel.left + row->at[a] * panel.width(), panel.bottom - row->at[b] * panel.height(), 3.2,
        shade(row->rank), 0.9, fmt::format("trial {}: {}", row->trial, shown_metric(row->metric))});
  }
  draw_shades(drawing, panel.right, 10, "best", "worst");
  return drawing;
}

namespace {

/// The strong one in front of the others. All have curves.
Drawing draw_curves_of(const History& history, std::vector<const Trial*> trials,
                       std::int64_t strong, Drawing drawing) {
  const StudySpec& spec = history.spec();
  const std::string fidelity = spec.fidelity ? spec.fidelity->name : "step";
  std::vector<double> values, places;
  const Panel panel = panel_of(drawing, drawing.title);
  for (const Trial* trial : trials) {
    for (const CurvePoint& point : trial->curve) {
      values.push_back(point.value);
      places.push_back(point.fidelity);
    }
  }
  std::erase_if(values, [](double v) { return !std::isfinite(v); });
  const Scale y = metric_scale(values, spec.objective().goal, panel.bottom, panel.top);
  const Scale x = scale_over(places, panel.left, panel.right);
  draw_value_axis(drawing, panel, y, spec.objective().name, true);
  draw_value_axis(drawing, panel, x, fidelity, false);
  std::stable_partition(trials.begin(), trials.end(),
                        [&](const Trial* trial) { return trial->number() != strong; });
  for (const Trial* trial : trials) {
    const bool is_strong = trial->number() == strong;
    DrawnLine line{
        {}, is_strong ? Ink::strong : Ink::mark, is_strong ? 2.2 : 1, is_strong ? 1 : 0.4, false};
    std::vector<CurvePoint> points = trial->curve;
    std::stable_sort(points.begin(), points.end(), [](const CurvePoint& a, const CurvePoint& b) {
      return a.fidelity < b.fidelity;
    });
    for (const CurvePoint& point : points) {
      if (std::isfinite(point.value))
        line.points.emplace_back(x.held(point.fidelity), y.held(point.value));
    }
    drawing.shapes.emplace_back(std::move(line));
  }
  return drawing;
}

}  // namespace

Drawing draw_curves(const History& history, const ChartSize& size) {
  constexpr std::size_t kMost = 60;
  const StudySpec& spec = history.spec();
  const std::string fidelity = spec.fidelity ? spec.fidelity->name : "step";
  Drawing drawing = begin(size, fmt::format("{} over {}", spec.objective().name, fidelity));
  std::vector<const Trial*> trials;
  for (const Trial& trial : history.trials()) {
    if (trial.curve.size() >= 2) trials.push_back(&trial);
  }
  if (trials.empty()) {
    say_nothing(drawing, "no trial has a curve");
    return drawing;
  }
  const std::int64_t best = history.best();
  if (trials.size() > kMost) {  // evenly spaced ones, and the best
    std::vector<const Trial*> fewer;
    for (std::size_t i = 0; i < kMost; ++i) fewer.push_back(trials[i * trials.size() / kMost]);
    const bool there = std::any_of(fewer.begin(), fewer.end(),
                                   [&](const Trial* trial) { return trial->number() == best; });
    if (!there && best >= 0 && history.trial(best).curve.size() >= 2)
      fewer.push_back(&history.trial(best));
    trials = std::move(fewer);
  }
  return draw_curves_of(history, std::move(trials), best, std::move(drawing));
}

Drawing draw_trial_curve(const History& history, std::int64_t number, const ChartSize& size) {
  const StudySpec& spec = history.spec();
  const Trial& trial = history.trial(number);
  const std::int64_t best = history.best();
  const bool beside = best >= 0 && best != number && history.trial(best).curve.size() >= 2;
  std::string title = fmt::format("{} over {}", spec.objective().name,
                                  spec.fidelity ? spec.fidelity->name : "step");
  if (beside) title += fmt::format(", beside the best trial's, {}", best);
  Drawing drawing = begin(size, title);
  if (trial.curve.size() < 2) {
    say_nothing(drawing, "no curve: fewer than two reports");
    return drawing;
  }
  std::vector<const Trial*> trials = {&trial};
  if (beside) trials.push_back(&history.trial(best));
  return draw_curves_of(history, std::move(trials), number, std::move(drawing));
}

Drawing draw_front(const History& history, const Front& front, const ChartSize& size) {
  const StudySpec& spec = history.spec();
  Drawing drawing = begin(size, "The front");
  if (spec.objective_count() < 2 || front.trials.empty()) {
    say_nothing(drawing, "no trial has a value of every objective");
    return drawing;
  }
  const Metric &first = spec.metrics[0], &second = spec.metrics[1];
  const Panel panel = panel_of(drawing, fmt::format("{} and {}", first.name, second.name));
  std::vector<std::pair<double, double>> all, best;
  std::vector<double> xs, ys;
  for (const Trial& trial : history.trials()) {
    const auto a = trial.value_of(0), b = trial.value_of(1);
    if (!a || !b || !std::isfinite(*a) || !std::isfinite(*b)) continue;
    all.emplace_back(*a, *b);
    xs.push_back(*a);
    ys.push_back(*b);
  }
  const Scale x = metric_scale(xs, first.goal, panel.left, panel.right);
  const Scale y = metric_scale(ys, second.goal, panel.bottom, panel.top);
  draw_value_axis(drawing, panel, x, first.name, false);
  draw_value_axis(drawing, panel, y, second.name, true);
  for (const auto& [a, b] : all)
    drawing.shapes.emplace_back(DrawnDot{x.held(a), y.held(b), 2, Ink::other, 0.8, ""});
  DrawnLine edge{{}, Ink::strong, 1.4, 0.7, false};
  for (const std::int64_t number : front.trials) {
    const Trial& trial = history.trial(number);
    const double a = *trial.value_of(0), b = *trial.value_of(1);
    if (spec.objective_count() == 2) {
      if (!edge.points.empty()) edge.points.emplace_back(x.held(a), edge.points.back().second);
      edge.points.emplace_back(x.held(a), y.held(b));
    }
    drawing.shapes.emplace_back(
        DrawnDot{x.held(a), y.held(b), 3.2, Ink::strong, 1,
                 fmt::format("trial {}: {} {}, {} {}", number, first.name, shown_metric(a),
                             second.name, shown_metric(b))});
  }
  if (edge.points.size() > 1) drawing.shapes.emplace_back(std::move(edge));
  return drawing;
}

Drawing draw_hypervolume(const std::vector<HypervolumePoint>& points, const ChartSize& size) {
  Drawing drawing = begin(size, "What the front dominates");
  if (points.empty()) {
    say_nothing(drawing, "the objectives span no box");
    return drawing;
  }
  const Panel panel = panel_of(drawing, drawing.title);
  const double last = std::max(2.0, static_cast<double>(points.back().position + 1));
  const Scale x{1, last, panel.left, panel.right, false};
  const Scale y{0, 1, panel.bottom, panel.top, false};
  draw_value_axis(drawing, panel, x, "trials that have ended", false);
  draw_value_axis(drawing, panel, y, "share of the box", true);
  DrawnLine line{{}, Ink::strong, 2, 1, false};
  for (const HypervolumePoint& point : points) {
    const double at = x.held(static_cast<double>(point.position + 1));
    if (!line.points.empty()) line.points.emplace_back(at, line.points.back().second);
    line.points.emplace_back(at, y.held(point.hypervolume));
  }
  drawing.shapes.emplace_back(std::move(line));
  return drawing;
}

}  // namespace hone
