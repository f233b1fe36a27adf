// Pictures of a study: what study_views, importance_table and fanova found, as drawings. All are
// pure and show what they are given; with nothing to show they say so.
#pragma once

#include <string>
#include <vector>

#include "hone/analysis/drawing.h"
#include "hone/analysis/fanova.h"
#include "hone/analysis/front.h"
#include "hone/analysis/importance_table.h"
#include "hone/analysis/study_views.h"
#include "hone/study/history.h"

namespace hone {

struct ChartSize {
  double width = 640;
  double height = 280;
};

/// Values as dots in the order in which trials ended, the best so far as a line. Values far on the
/// bad side of the median are drawn at the edge.
Drawing draw_progress(const Progress& progress, const Metric& metric, const ChartSize& size = {});
/// … over the time since the study's start.
Drawing draw_progress_over_time(const Progress& progress, const Metric& metric,
                                const ChartSize& size = {});
/// A bar with its interval for each parameter, the most important first; at most 20.
Drawing draw_importance(const ImportanceTable& table, double width = 640);
/// Trials along one parameter, and the mean that forests give it with its interval, where known.
Drawing draw_slice(const Slice& slice, const Domain& domain, const Metric& metric,
                   const Dependence* dependence, const ChartSize& size = {300, 210});
/// The mean that forests give two parameters, and the trials.
Drawing draw_contour(const FanovaPair& pair, const Parallel& trials, const SearchSpace& space,
                     const Metric& metric, const ChartSize& size = {420, 340});
/// Trials across all parameters, the best in front.
Drawing draw_parallel(const Parallel& parallel, const SearchSpace& space, const Metric& metric,
                      const ChartSize& size = {900, 320});
/// Trials along two parameters, coloured by rank.
Drawing draw_ranks(const Parallel& parallel, const std::string& first, const std::string& second,
                   const SearchSpace& space, const ChartSize& size = {420, 340});
/// Curves of the trials, the best in front; at most 60.
Drawing draw_curves(const History& history, const ChartSize& size = {});
/// The curve of a trial, and that of the best for comparison.
Drawing draw_trial_curve(const History& history, std::int64_t number, const ChartSize& size = {});
/// All trials and the front along the first two objectives.
Drawing draw_front(const History& history, const Front& front, const ChartSize& size = {});
/// The dominated share of the box over trials.
Drawing draw_hypervolume(const std::vector<HypervolumePoint>& points, const ChartSize& size = {});

}  // namespace hone
