#include "hone/sampler/tpe_search.h"

#include <algorithm>
#include <cmath>
#include <functional>
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

/// The mean ln l.
double good_of(const TpeDensities& of, std::span<const double> row) {
  double good = 0;
  for (const Parzen& density : of.good) good += density.log_density(row);
  return good / static_cast<double>(of.good.size());
}

/// Takes the density of the others from the scores, which lack it so far; best first. Those that
/// cannot be among the best `wanted`, however few others are near them, are left out.
void judge(const TpeDensities& of, std::size_t wanted, std::vector<TpeCandidate>& found) {
  const auto by_score = [](const TpeCandidate& a, const TpeCandidate& b) {
    return a.score > b.score;
  };
  std::stable_sort(found.begin(), found.end(), by_score);
  std::vector<double> best;  // the scores so far, descending
  std::size_t i = 0;
  for (; i < found.size(); ++i) {
    TpeCandidate& candidate = found[i];
    const double most = candidate.score - of.bad.least_log_density();
    if (best.size() >= wanted && most <= best[wanted - 1]) break;
    candidate.score -= of.bad.log_density(candidate.row);
    best.insert(std::upper_bound(best.begin(), best.end(), candidate.score, std::greater<>()),
                candidate.score);
  }
  found.resize(i);
  std::stable_sort(found.begin(), found.end(), by_score);
}

/// The score of rows that differ in one coordinate.
class Moves {
 public:
  Moves(const TpeDensities& of, std::span<const double> row) : of_(of), good_(of.good.size()) {
    for (std::size_t i = 0; i < good_.size(); ++i) of_.good[i].terms(row, good_[i]);
    of_.bad.terms(row, bad_);
  }
  void lift(int j, double x) {
    for (std::size_t i = 0; i < good_.size(); ++i) of_.good[i].lift(good_[i], j, x);
    of_.bad.lift(bad_, j, x);
  }
  /// The score with coordinate j at x, if it exceeds `score`.
  std::optional<double> better(int j, double x, double score) {
    double good = 0;
    for (std::size_t i = 0; i < good_.size(); ++i)
      good += of_.good[i].log_density_with(good_[i], j, x);
    good /= static_cast<double>(good_.size());
    // Most moves lead away from the good ones; their densities of the others decide nothing.
    if (!(good - of_.bad.least_log_density() > score)) return std::nullopt;
    const double there = good - of_.bad.log_density_with(bad_, j, x);
    return there > score ? std::optional(there) : std::nullopt;
  }
  /// The row is the one that was asked for last.
  void take() {
    for (Parzen::Terms& terms : good_) Parzen::move(terms);
    Parzen::move(bad_);
  }

 private:
  const TpeDensities& of_;
  std::vector<Parzen::Terms> good_;
  Parzen::Terms bad_;
};

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
  for (const ParzenColumn& column : columns_) {
    continuous_ = continuous_ || column.kind == ParzenColumn::Kind::continuous;
  }
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

void TpeSearch::refine(const TpeDensities& of, int rounds, TpeCandidate& candidate) const {
  const FeasibleSampler& feasible = space_.feasible_sampler();
  const bool constrained = !feasible.is_unconstrained();
  Moves moves(of, candidate.row);
  double shrink = 1;
  for (int round = 0; round < rounds; ++round, shrink *= 0.5) {
    for (int j = 0; j < of.bad.dimension(); ++j) {
      const auto at = static_cast<std::size_t>(j);
      const double x = candidate.row[at];
      if (steers_[at] || std::isnan(x)) continue;
      // Discrete values come from the draws: a search among them follows the model too far.
      if (columns_[at].kind != ParzenColumn::Kind::continuous) continue;
      const auto& domain = space_.parameter(space_.searched()[at]).domain;
      const double step = of.good.front().scale(j) * shrink;
      moves.lift(j, x);
      for (const double aim : {x - step, x + step}) {
        const double from = candidate.row[at];
        const double to = snap(domain, std::clamp(aim, 0.0, 1.0));
        if (to == from) continue;
        const auto score = moves.better(j, to, candidate.score);
        if (!score) continue;
        candidate.row[at] = to;
        if (constrained && !feasible.is_feasible(candidate.row)) {
          candidate.row[at] = from;
        } else {
          candidate.score = *score;
          moves.take();
        }
      }
    }
  }
}

std::vector<double> TpeSearch::draw_apart(const TpeDensities& of, int candidates, Rng& rng) const {
  std::vector<double> row(columns_.size());
  for (int j = 0; j < of.bad.dimension(); ++j) {
    double best = -std::numeric_limits<double>::infinity();
    for (int i = 0; i < candidates; ++i) {
      const double x = of.good.front().draw_marginal(rng, j);
      const double score = of.good.front().log_marginal(j, x) - of.bad.log_marginal(j, x);
      if (score > best) {
        best = score;
        row[static_cast<std::size_t>(j)] = x;
      }
    }
  }
  return row;
}

void TpeSearch::draw(const Parzen& good, double recombined, Rng& rng,
                     std::vector<double>& row) const {
  good.draw(rng, row);
  if (rng.uniform() >= recombined) return;
  std::vector<double> other(row.size());
  good.draw(rng, other);
  const double share = rng.uniform();
  for (std::size_t j = 0; j < row.size(); ++j) {
    if (columns_[j].kind != ParzenColumn::Kind::continuous) continue;
    row[j] = share * row[j] + (1 - share) * other[j];
  }
}

std::vector<TpeCandidate> TpeSearch::run(const TpeDensities& of, const TpeSearchOptions& options,
                                         Rng& rng) const {
  std::vector<TpeCandidate> found;
  std::vector<double> drawn(columns_.size());
  const int wanted = options.multivariate ? options.candidates : 1;
  for (int i = 0; i < wanted; ++i) {
    std::optional<std::vector<double>> row;
    for (int redraw = 0; redraw < kMaxRedraws && !row; ++redraw) {
      if (options.multivariate) {
        draw(of.good[static_cast<std::size_t>(i) % of.good.size()], options.recombined, rng, drawn);
      } else {
        drawn = draw_apart(of, options.candidates, rng);
      }
      row = settle(drawn, rng);
    }
    if (!row) continue;
    const double score = good_of(of, *row);
    found.push_back({*std::move(row), score});
  }
  const bool refines = options.multivariate && options.rounds > 0;
  // Among discrete values alone any candidate may be known already, so every one is wanted.
  const bool few = refines && continuous_;
  judge(of, few ? static_cast<std::size_t>(options.refined) : found.size(), found);
  const auto same = [](const TpeCandidate& a, const TpeCandidate& b) {
    return std::equal(a.row.begin(), a.row.end(), b.row.begin(), [](double x, double y) {
      return x == y || (std::isnan(x) && std::isnan(y));
    });
  };
  found.erase(std::unique(found.begin(), found.end(), same), found.end());
  if (refines) {
    const std::size_t refined = std::min(found.size(), static_cast<std::size_t>(options.refined));
    std::vector<TpeCandidate> better(found.begin(),
                                     found.begin() + static_cast<std::ptrdiff_t>(refined));
    for (TpeCandidate& candidate : better) refine(of, options.rounds, candidate);
    found.insert(found.begin(), better.begin(), better.end());
    std::stable_sort(found.begin(), found.end(), [](const TpeCandidate& a, const TpeCandidate& b) {
      return a.score > b.score;
    });
    found.erase(std::unique(found.begin(), found.end(), same), found.end());
  }
  return found;
}

}  // namespace hone
