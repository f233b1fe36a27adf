#include "hone/sampler/tpe_search.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "hone/space/encoding.h"
#include "hone/space/feasible_sampler.h"

namespace hone {
namespace {

/// Discrete parameters of more cells are modelled as continuous ones with steps: tables grow with
/// the square.
constexpr int kMaxTableCells = 64;
/// Redraws of a candidate that breaks a constraint and cannot be repaired.
constexpr int kMaxRedraws = 8;

void mark_parents(const SearchSpace& space, std::string_view name, std::vector<bool>& steers) {
  const int index = space.index_of(name);
  if (index < 0) return;
  const Parameter& parameter = space.parameter(index);
  if (const auto* derived = std::get_if<Derived>(&parameter.domain)) {
    for (const std::string& inner : derived->expression.names()) mark_parents(space, inner, steers);
  }
  const auto searched = space.searched();
  for (std::size_t j = 0; j < searched.size(); ++j) {
    if (searched[j] == index) steers[j] = true;
  }
}

}  // namespace

std::vector<ParzenColumn> parzen_columns(const SearchSpace& space, bool ordered) {
  std::vector<ParzenColumn> columns;
  for (const int i : space.searched()) {
    const Parameter& parameter = space.parameter(i);
    ParzenColumn column;
    const bool categorical = is_categorical(parameter.domain);
    if (parameter.prior && !categorical) {
      column.prior_centre = encode(parameter.domain, parameter.prior->centre).value_or(0.5);
      column.prior_spread = parameter.prior->spread;
    }
    const int cells = is_discrete(parameter.domain) ? cell_count(parameter.domain) : 0;
    if (cells > 0 && (cells <= kMaxTableCells || categorical)) {
      column.kind =
          categorical || !ordered ? ParzenColumn::Kind::unordered : ParzenColumn::Kind::ordered;
      column.edges.push_back(0);
      // Cells are walked by their upper edges; the last one ends at 1.
      while (static_cast<int>(column.edges.size()) < cells) {
        const Cell cell =
            cell_of(parameter.domain, std::nextafter(column.edges.back(), 1.0) + 1e-12);
        column.edges.push_back(cell.high);
      }
      column.edges.push_back(1);
    } else if (cells > 0) {
      column.resolution = 0.5 / cells;
    }
    columns.push_back(std::move(column));
  }
  return columns;
}

TpeSearch::TpeSearch(const SearchSpace& space, std::vector<ParzenColumn> columns)
    : space_(space), columns_(std::move(columns)), steers_(columns_.size(), false) {
  for (const Parameter& parameter : space_.parameters()) {
    for (const Condition& condition : parameter.conditions) {
      mark_parents(space_, condition.parent, steers_);
      if (!condition.test) continue;
      for (const std::string& name : condition.test->names()) mark_parents(space_, name, steers_);
    }
  }
}

std::optional<std::vector<double>> TpeSearch::settle(std::vector<double> row, Rng& rng) const {
  const auto searched = space_.searched();
  for (std::size_t j = 0; j < row.size(); ++j)
    row[j] = snap(space_.parameter(searched[j]).domain, row[j]);
  const FeasibleSampler& feasible = space_.feasible_sampler();
  if (!feasible.is_unconstrained() && !feasible.is_feasible(row) &&
      !feasible.repair(row, Rng(rng.next_u64()))) {
    return std::nullopt;
  }
  if (space_.has_conditions()) {
    const Config config = space_.decode(row);
    space_.encode(config, row);
  }
  return row;
}

void TpeSearch::refine(const Parzen& good, const Parzen& bad, int rounds,
                       TpeCandidate& candidate) const {
  const FeasibleSampler& feasible = space_.feasible_sampler();
  const bool constrained = !feasible.is_unconstrained();
  Parzen::Terms l;
  Parzen::Terms g;
  good.terms(candidate.row, l);
  bad.terms(candidate.row, g);
  double shrink = 1;
  for (int round = 0; round < rounds; ++round, shrink *= 0.5) {
    for (int j = 0; j < good.dimension(); ++j) {
      const auto at = static_cast<std::size_t>(j);
      const double x = candidate.row[at];
      if (steers_[at] || std::isnan(x)) continue;
      // Discrete values come from the draws: a search among them follows the model too far.
      if (columns_[at].kind != ParzenColumn::Kind::continuous) continue;
      const auto& domain = space_.parameter(space_.searched()[at]).domain;
      const double step = good.scale(j) * shrink;
      good.lift(l, j, x);
      bad.lift(g, j, x);
      for (const double aim : {x - step, x + step}) {
        const double from = candidate.row[at];
        const double to = snap(domain, std::clamp(aim, 0.0, 1.0));
        if (to == from) continue;
        // Most moves lead away from the good ones; their densities of the others decide nothing.
        const double good_there = good.log_density_with(l, j, to);
        if (!(good_there - bad.least_log_density() > candidate.score)) continue;
        const double score = good_there - bad.log_density_with(g, j, to);
        if (!(score > candidate.score)) continue;
        candidate.row[at] = to;
        if (constrained && !feasible.is_feasible(candidate.row)) {
          candidate.row[at] = from;
        } else {
          candidate.score = score;
          Parzen::move(l);
          Parzen::move(g);
        }
      }
    }
  }
}

std::vector<double> TpeSearch::draw_apart(const Parzen& good, const Parzen& bad, int candidates,
                                          Rng& rng) const {
  std::vector<double> row(columns_.size());
  for (int j = 0; j < good.dimension(); ++j) {
    double best = -std::numeric_limits<double>::infinity();
    for (int i = 0; i < candidates; ++i) {
      const double x = good.draw_marginal(rng, j);
      const double score = good.log_marginal(j, x) - bad.log_marginal(j, x);
      if (score > best) {
        best = score;
        row[static_cast<std::size_t>(j)] = x;
      }
    }
  }
  return row;
}

std::vector<TpeCandidate> TpeSearch::run(const Parzen& good, const Parzen& bad,
                                         const TpeSearchOptions& options, Rng& rng) const {
  std::vector<TpeCandidate> found;
  std::vector<double> drawn(columns_.size());
  const int wanted = options.multivariate ? options.candidates : 1;
  for (int i = 0; i < wanted; ++i) {
    std::optional<std::vector<double>> row;
    for (int redraw = 0; redraw < kMaxRedraws && !row; ++redraw) {
      if (options.multivariate) {
        good.draw(rng, drawn);
      } else {
        drawn = draw_apart(good, bad, options.candidates, rng);
      }
      row = settle(drawn, rng);
    }
    if (!row) continue;
    const double score = good.log_density(*row) - bad.log_density(*row);
    found.push_back({*std::move(row), score});
  }
  const auto by_score = [](const TpeCandidate& a, const TpeCandidate& b) {
    return a.score > b.score;
  };
  std::stable_sort(found.begin(), found.end(), by_score);
  const auto same = [](const TpeCandidate& a, const TpeCandidate& b) {
    return std::equal(a.row.begin(), a.row.end(), b.row.begin(), [](double x, double y) {
      return x == y || (std::isnan(x) && std::isnan(y));
    });
  };
  found.erase(std::unique(found.begin(), found.end(), same), found.end());
  if (options.multivariate && options.rounds > 0) {
    const std::size_t refined = std::min(found.size(), static_cast<std::size_t>(options.refined));
    std::vector<TpeCandidate> better(found.begin(),
                                     found.begin() + static_cast<std::ptrdiff_t>(refined));
    for (TpeCandidate& candidate : better) refine(good, bad, options.rounds, candidate);
    found.insert(found.begin(), better.begin(), better.end());
    std::stable_sort(found.begin(), found.end(), by_score);
    found.erase(std::unique(found.begin(), found.end(), same), found.end());
  }
  return found;
}

}  // namespace hone
