#include "hone/sampler/acquisition_search.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "hone/math/minimize.h"
#include "hone/space/encoding.h"
#include "hone/space/feasible_sampler.h"

namespace hone {
namespace {

/// Discrete columns of more cells are moved like continuous ones and then snapped.
constexpr int kMaxCells = 64;
/// Steps of an ordered column with many cells: every one is tried up to so many cells.
constexpr std::size_t kTryAll = 16;
/// Of a step that breaks a constraint.
constexpr int kHalvings = 4;
/// Steps within the constraints from each candidate that is refined.
constexpr int kWandering = 60;

bool same(std::span<const double> a, std::span<const double> b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](double x, double y) { return x == y || (std::isnan(x) && std::isnan(y)); });
}

}  // namespace

AcquisitionSearch::AcquisitionSearch(const SearchSpace& space) : space_(space) {
  constrained_ = !space_.feasible_sampler().is_unconstrained();
  for (const int i : space_.searched()) {
    const Parameter& parameter = space_.parameter(i);
    Column column;
    column.category = is_categorical(parameter.domain);
    const int cells = is_discrete(parameter.domain) ? cell_count(parameter.domain) : 0;
    column.continuous = cells == 0 || (cells > kMaxCells && !column.category);
    if (cells > 0 && column.continuous) column.cell = 1.0 / cells;
    if (!column.continuous) {
      double edge = 0;
      for (int c = 0; c < cells; ++c) {
        const Cell cell =
            cell_of(parameter.domain, c == 0 ? 1e-12 : std::nextafter(edge, 1.0) + 1e-12);
        column.middles.push_back(cell.middle());
        edge = cell.high;
      }
    }
    columns_.push_back(std::move(column));
  }
}

bool AcquisitionSearch::is_feasible(std::span<const double> row) const {
  return !constrained_ || space_.feasible_sampler().is_feasible(row);
}

std::vector<double> AcquisitionSearch::settle(std::vector<double> row) const {
  const auto searched = space_.searched();
  for (std::size_t j = 0; j < row.size(); ++j) {
    if (!std::isnan(row[j])) row[j] = snap(space_.parameter(searched[j]).domain, row[j]);
  }
  if (space_.has_conditions()) {
    // Entries that become active and have no value yet take the middle of their law.
    std::vector<double> whole = row;
    for (std::size_t j = 0; j < whole.size(); ++j) {
      if (std::isnan(whole[j])) whole[j] = snap(space_.parameter(searched[j]).domain, 0.5);
    }
    space_.encode(space_.decode(whole), row);
  }
  return row;
}

std::vector<double> AcquisitionSearch::near(const std::vector<double>& centre, Rng& rng,
                                            const Box& box) const {
  std::vector<double> row = centre;
  std::size_t active = 0;
  for (const double x : row) active += std::isnan(x) ? 0 : 1;
  if (active == 0) return row;
  const double share = std::min(1.0, 3.0 / static_cast<double>(active));
  const double step = std::exp(rng.uniform(std::log(0.01), std::log(0.3)));
  std::size_t forced = rng.below(active);
  for (std::size_t j = 0; j < row.size(); ++j) {
    if (std::isnan(row[j])) continue;
    const bool moves = forced-- == 0 || rng.chance(share);
    if (!moves) continue;
    const Column& column = columns_[j];
    if (column.continuous) {
      row[j] = std::clamp(row[j] + step * rng.normal(), box.low[j], box.high[j]);
    } else if (column.category) {
      row[j] = column.middles[rng.below(column.middles.size())];
    } else {
      const auto it = std::lower_bound(column.middles.begin(), column.middles.end(), row[j] - 1e-9);
      const auto last = static_cast<std::int64_t>(column.middles.size()) - 1;
      const auto reach = 1 + static_cast<std::int64_t>(step * static_cast<double>(last));
      auto to = (it - column.middles.begin()) +
                (rng.chance(0.5) ? 1 : -1) *
                    (1 + static_cast<std::int64_t>(rng.below(static_cast<std::uint64_t>(reach))));
      to = std::clamp<std::int64_t>(to, 0, last);
      row[j] = column.middles[static_cast<std::size_t>(to)];
    }
  }
  return settle(std::move(row));
}

/// The row so far on the way from one row, which keeps the constraints, to another, or the nearest
/// of some halvings of it that keeps them too. Categories are those of `to`.
std::optional<std::vector<double>> AcquisitionSearch::between(const std::vector<double>& from,
                                                              const std::vector<double>& to,
                                                              double part) const {
  for (int halving = 0; halving < kHalvings; ++halving, part *= 0.5) {
    std::vector<double> row = to;
    for (std::size_t j = 0; j < row.size(); ++j) {
      if (columns_[j].category || std::isnan(from[j]) || std::isnan(to[j])) continue;
      row[j] = std::clamp(from[j] + part * (to[j] - from[j]), 0.0, 1.0);
    }
    row = settle(std::move(row));
    if (is_feasible(row)) return row;
  }
  return std::nullopt;
}

/// The i-th point near a row that keeps the constraints: a small move as without constraints, or
/// some way towards a draw of the parameters that a constraint ties together.
std::optional<std::vector<double>> AcquisitionSearch::neighbour(const std::vector<double>& centre,
                                                                int i, Rng& rng,
                                                                const Box& box) const {
  std::vector<double> row = near(centre, rng, box);
  if (!constrained_) return row;
  if (i % 2 == 0) return between(centre, row, 1);
  if (!space_.feasible_sampler().redraw_one(row, rng)) return std::nullopt;
  const double part = rng.chance(0.5) ? 1 : std::exp(rng.uniform(std::log(0.01), 0.0));
  return between(centre, settle(std::move(row)), part);
}

/// Along a face of the constraints neither gradients nor single coordinates lead on: steps along
/// the differences of rows that keep the constraints do (differential evolution), and draws of the
/// parameters that are tied together.
void AcquisitionSearch::wander(const Acquisition& acquisition, const Box& box,
                               std::span<const AcquisitionCandidate> others, Rng& rng,
                               AcquisitionCandidate& candidate) const {
  for (int i = 0; i < kWandering; ++i) {
    std::optional<std::vector<double>> row;
    if (i % 3 == 0) {
      row = neighbour(candidate.row, 1, rng, box);
    } else {
      const std::vector<double>& a = others[rng.below(others.size())].row;
      const std::vector<double>& b = others[rng.below(others.size())].row;
      const double scale = std::exp(rng.uniform(std::log(0.03), 0.0));
      std::vector<double> to = candidate.row;
      for (std::size_t j = 0; j < to.size(); ++j) {
        const double step = scale * (a[j] - b[j]);
        if (columns_[j].category || std::isnan(to[j]) || std::isnan(step)) continue;
        to[j] = std::clamp(to[j] + step, box.low[j], box.high[j]);
      }
      row = between(candidate.row, to, 1);
    }
    if (!row || same(*row, candidate.row)) continue;
    const double value = acquisition.value(*row);
    if (value > candidate.value) candidate = {*std::move(row), value};
  }
}

void AcquisitionSearch::polish(const Acquisition& acquisition,
                               const AcquisitionSearchOptions& options, const Box& box,
                               AcquisitionCandidate& candidate) const {
  std::vector<std::size_t> moved;
  for (std::size_t j = 0; j < columns_.size(); ++j) {
    if (columns_[j].continuous && !std::isnan(candidate.row[j])) moved.push_back(j);
  }
  if (moved.empty()) return;
  const std::size_t m = moved.size();
  std::vector<double> x(m);
  std::vector<double> low(m);
  std::vector<double> high(m);
  for (std::size_t i = 0; i < m; ++i) {
    low[i] = box.low[moved[i]];
    high[i] = box.high[moved[i]];
    x[i] = std::clamp(candidate.row[moved[i]], low[i], high[i]);
  }
  std::vector<double> row = candidate.row;
  std::vector<double> slope(row.size());
  const Gradient function = [&](std::span<const double> at, std::span<double> gradient) {
    for (std::size_t i = 0; i < m; ++i) row[moved[i]] = at[i];
    const double value = acquisition.value(row, slope);
    for (std::size_t i = 0; i < m; ++i) gradient[i] = -slope[moved[i]];
    return -value;
  };
  MinimizeLimits limits;
  limits.evaluations = options.evaluations;
  limits.value_step = 1e-6;
  limits.point_step = 1e-5;
  minimize_bounded(function, x, low, high, limits);
  // Where the goal breaks a constraint, as far towards it as allowed.
  double part = 1;
  for (int halving = 0; halving < 8; ++halving, part *= 0.5) {
    row = candidate.row;
    for (std::size_t i = 0; i < m; ++i) row[moved[i]] += part * (x[i] - candidate.row[moved[i]]);
    std::vector<double> settled = settle(row);
    if (!is_feasible(settled)) continue;
    const double value = acquisition.value(settled);
    if (value > candidate.value) candidate = {std::move(settled), value};
    return;
  }
}

bool AcquisitionSearch::step_through(const Acquisition& acquisition, const Box& box,
                                     AcquisitionCandidate& candidate) const {
  bool improved = false;
  for (std::size_t j = 0; j < columns_.size(); ++j) {
    const Column& column = columns_[j];
    if (std::isnan(candidate.row[j])) continue;
    std::vector<double> tries;
    if (!column.continuous) {
      const auto now =
          std::lower_bound(column.middles.begin(), column.middles.end(), candidate.row[j] - 1e-9) -
          column.middles.begin();
      const auto count = static_cast<std::int64_t>(column.middles.size());
      if (column.category || column.middles.size() <= kTryAll) {
        tries = column.middles;
      } else {
        for (const std::int64_t step : {-8, -4, -2, -1, 1, 2, 4, 8}) {
          if (now + step >= 0 && now + step < count)
            tries.push_back(column.middles[static_cast<std::size_t>(now + step)]);
        }
      }
      std::erase_if(tries, [&](double x) { return x < box.low[j] || x > box.high[j]; });
    } else if (column.cell > 0) {
      for (const double step : {-column.cell, column.cell}) {
        const double x = candidate.row[j] + step;
        if (x >= box.low[j] && x <= box.high[j]) tries.push_back(x);
      }
    }
    const double from = candidate.row[j];
    for (const double x : tries) {
      if (x == from) continue;
      std::vector<double> row = candidate.row;
      row[j] = x;
      row = settle(std::move(row));
      if (same(row, candidate.row) || !is_feasible(row)) continue;
      const double value = acquisition.value(row);
      if (value > candidate.value + 1e-9) {
        candidate = {std::move(row), value};
        improved = true;
      }
    }
  }
  return improved;
}

std::vector<AcquisitionCandidate> AcquisitionSearch::run(
    const Acquisition& acquisition, std::span<const std::vector<double>> incumbents,
    const std::function<std::optional<std::vector<double>>(int)>& draw,
    const AcquisitionSearchOptions& options, Rng rng) const {
  const std::size_t d = columns_.size();
  Box box{std::vector<double>(d, 0.0), std::vector<double>(d, 1.0)};
  if (options.radius < 1 && !incumbents.empty()) {
    for (std::size_t j = 0; j < d; ++j) {
      const double centre = incumbents.front()[j];
      if (columns_[j].category || std::isnan(centre)) continue;
      box.low[j] = std::max(0.0, centre - options.radius);
      box.high[j] = std::min(1.0, centre + options.radius);
    }
  }
  std::vector<double> rows;
  const auto add = [&](std::vector<double> row) {
    if (is_feasible(row)) rows.insert(rows.end(), row.begin(), row.end());
  };
  for (int i = 0; i < options.spread; ++i) {
    auto row = draw(i);
    if (!row) continue;
    if (options.radius < 1 && !constrained_) {
      for (std::size_t j = 0; j < d; ++j) {
        if (!columns_[j].category) (*row)[j] = box.low[j] + (*row)[j] * (box.high[j] - box.low[j]);
      }
    } else if (options.radius < 1 && !incumbents.empty()) {
      // Towards the incumbent, where that keeps the constraints.
      row = between(incumbents.front(), settle(*row), options.radius).value_or(*row);
    }
    add(settle(*std::move(row)));
  }
  for (const std::vector<double>& incumbent : incumbents) {
    for (int i = 0; i < options.near; ++i) {
      if (auto row = neighbour(incumbent, i, rng, box)) add(*std::move(row));
    }
  }
  const std::size_t count = d == 0 ? 0 : rows.size() / d;
  std::vector<double> values(count);
  acquisition.values(rows, static_cast<int>(count), values);
  std::vector<AcquisitionCandidate> found;
  for (std::size_t i = 0; i < count; ++i) {
    if (std::isnan(values[i])) continue;
    const auto row = rows.begin() + static_cast<std::ptrdiff_t>(i * d);
    found.push_back({{row, row + static_cast<std::ptrdiff_t>(d)}, values[i]});
  }
  const auto by_value = [](const AcquisitionCandidate& a, const AcquisitionCandidate& b) {
    return a.value > b.value;
  };
  const auto tidy = [&] {
    std::stable_sort(found.begin(), found.end(), by_value);
    const auto twin = [](const AcquisitionCandidate& a, const AcquisitionCandidate& b) {
      return same(a.row, b.row);
    };
    found.erase(std::unique(found.begin(), found.end(), twin), found.end());
  };
  tidy();
  const std::size_t refined = std::min(found.size(), static_cast<std::size_t>(options.refined));
  std::vector<AcquisitionCandidate> better(found.begin(),
                                           found.begin() + static_cast<std::ptrdiff_t>(refined));
  for (AcquisitionCandidate& candidate : better) {
    for (int round = 0; round < options.rounds; ++round) {
      polish(acquisition, options, box, candidate);
      const bool stepped = step_through(acquisition, box, candidate);
      if (constrained_) wander(acquisition, box, found, rng, candidate);
      if (!stepped && !constrained_) break;
    }
  }
  // Starts stay in the list behind what became of them: a caller may refuse the first.
  constexpr std::size_t kKept = 64;
  if (found.size() > kKept) found.resize(kKept);
  found.insert(found.begin(), better.begin(), better.end());
  tidy();
  return found;
}

}  // namespace hone
