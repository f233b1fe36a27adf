// Symbols: f_A, f_B forests of two halves; a_A(u) their means given that a parameter has value u;
// M(u) the mass of u, P = Σ M the part of the space in which the parameter is active. Its effect
// there is V = Σ M/P·(a_A − ā_A)(a_B − ā_B), and P·V counts for the whole space.
#include "hone/analysis/fanova.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "hone/analysis/forest_marginals.h"
#include "hone/analysis/targets.h"
#include "hone/math/sobol.h"
#include "hone/math/stats.h"
#include "hone/space/encoding.h"

namespace hone {
namespace {

constexpr std::int64_t kLeast = 20;  ///< trials, and twice as many as there are parameters
constexpr std::size_t kPoints = 2048;
constexpr double kNormal95 = 1.959964;

struct Point {
  std::vector<double> row;
  double weight = 0;
  std::size_t regime = 0;
};

/// Evenly spread over the law.
std::vector<Point> points_of(const CellSpace& space, std::uint64_t seed) {
  std::vector<Point> points;
  const std::size_t d = space.dimension();
  const Sobol sobol(static_cast<int>(d), seed);
  std::vector<double> u(d);
  std::uint32_t index = 0;
  for (std::size_t r = 0; r < space.regimes().size(); ++r) {
    const Regime& regime = space.regimes()[r];
    const auto count = std::max<std::size_t>(
        16, static_cast<std::size_t>(regime.weight * static_cast<double>(kPoints)));
    for (std::size_t i = 0; i < count; ++i) {
      sobol.point(index++, u);
      Point point{std::vector<double>(d, NAN), regime.weight / static_cast<double>(count), r};
      for (std::size_t j = 0; j < d; ++j) {
        if (!regime.active[j]) continue;
        std::size_t cell = 0;
        double sum = regime.mass[j][0];
        while (cell + 1 < regime.mass[j].size() && u[j] > sum) sum += regime.mass[j][++cell];
        point.row[j] = space.columns()[j].at[cell];
      }
      points.push_back(std::move(point));
    }
  }
  return points;
}

/// Σ M/P·(a − ā)(b − b̄); 0 without mass.
double covariance(const std::vector<double>& mass, const std::vector<double>& a,
                  const std::vector<double>& b) {
  double total = 0, mean_a = 0, mean_b = 0;
  for (std::size_t c = 0; c < mass.size(); ++c) {
    if (!(mass[c] > 0)) continue;  // then a and b say nothing
    total += mass[c];
    mean_a += mass[c] * a[c];
    mean_b += mass[c] * b[c];
  }
  if (!(total > 0)) return 0;
  mean_a /= total;
  mean_b /= total;
  double sum = 0;
  for (std::size_t c = 0; c < mass.size(); ++c) {
    if (mass[c] > 0) sum += mass[c] * (a[c] - mean_a) * (b[c] - mean_b);
  }
  return sum / total;
}

/// What is left of a table over two columns without their own effects (under its own masses).
std::vector<double> interaction_of(const std::vector<double>& table,
                                   const std::vector<double>& mass, std::size_t columns) {
  const std::size_t rows = table.size() / columns;
  std::vector<double> by_row(rows), by_column(columns), row_mass(rows), column_mass(columns);
  double mean = 0, total = 0;
  for (std::size_t i = 0; i < table.size(); ++i) {
    if (!(mass[i] > 0)) continue;
    by_row[i / columns] += mass[i] * table[i];
    by_column[i % columns] += mass[i] * table[i];
    row_mass[i / columns] += mass[i];
    column_mass[i % columns] += mass[i];
    mean += mass[i] * table[i];
    total += mass[i];
  }
  if (!(total > 0)) return std::vector<double>(table.size(), 0.0);
  mean /= total;
  std::vector<double> rest(table.size(), 0.0);
  for (std::size_t i = 0; i < table.size(); ++i) {
    if (!(mass[i] > 0)) continue;
    rest[i] = table[i] - by_row[i / columns] / row_mass[i / columns] -
              by_column[i % columns] / column_mass[i % columns] + mean;
  }
  return rest;
}

/// Variances of both halves by themselves and of their product, over the splits.
struct Variances {
  double product = 0;               ///< mean over the splits
  std::vector<double> differences;  ///< between the halves
  void add(double aa, double bb, double ab) {
    differences.push_back(aa - bb);
    product += (ab - product) / static_cast<double>(differences.size());
  }
};

/// part · scale / whole with its interval; scale: a constant factor.
Estimate share_of(const Variances& part, const Variances& whole, double scale) {
  Estimate share;
  if (!(whole.product > 0)) return {0, 0, 1};
  const double value = scale * part.product / whole.product;
  double squares = 0;
  const std::size_t n = part.differences.size();
  for (std::size_t p = 0; p < n; ++p) {
    const double e = scale * part.differences[p] - value * whole.differences[p];
    squares += e * e;
  }
  const double se = std::sqrt(squares / static_cast<double>(n)) / 2 / whole.product;
  share.value = std::clamp(value, 0.0, 1.0);
  share.low = std::clamp(value - kNormal95 * se, 0.0, 1.0);
  share.high = std::clamp(value + kNormal95 * se, 0.0, 1.0);
  return share;
}

/// Mean and error of a table of predictions over the splits.
struct TableSums {
  std::vector<double> sum, squares;  ///< of the halves' means; of their differences
  void add(const std::vector<double>& a, const std::vector<double>& b) {
    sum.resize(a.size());
    squares.resize(a.size());
    for (std::size_t i = 0; i < a.size(); ++i) {
      sum[i] += (a[i] + b[i]) / 2;
      squares[i] += (a[i] - b[i]) * (a[i] - b[i]);
    }
  }
  std::vector<Estimate> means(int splits, double sign) const {
    std::vector<Estimate> out;
    for (std::size_t i = 0; i < sum.size(); ++i) {
      const double mean = sign * sum[i] / splits;
      const double half = kNormal95 * std::sqrt(squares[i] / splits) / 2;
      out.push_back({mean, mean - half, mean + half});
    }
    return out;
  }
};

class Analysis {
 public:
  Analysis(const History& history, Targets targets, const FanovaOptions& options)
      : space_(history.spec().space),
        options_(options),
        rng_(Rng(static_cast<std::uint64_t>(history.spec().seed)).split("fanova")),
        cells_(space_, rng_.split("regimes")),
        points_(points_of(cells_, rng_.split("points").next_u64())),
        y_(std::move(targets.losses)) {
    for (const std::int64_t trial : targets.trials)
      rows_.push_back(cells_.snapped(history.encoded(trial)));
    for (const Point& point : points_)
      point_rows_.insert(point_rows_.end(), point.row.begin(), point.row.end());
    const Goal goal = history.spec().metrics[static_cast<std::size_t>(options.metric)].goal;
    sign_ = goal == Goal::maximize && !targets.by_order ? -1 : 1;
  }

  void run(Fanova& result) {
    choose_pairs();
    const std::size_t d = cells_.dimension();
    single_.resize(d);
    single_sums_.resize(d);
    where_.resize(d);
    pair_.resize(pairs_.size());
    pair_sums_.resize(pairs_.size());
    double squares = 0, total = 0;
    const double centre = mean(y_);
    for (const double y : y_) total += (y - centre) * (y - centre);
    for (int split = 0; split < options_.splits; ++split) add_split(split, squares);
    result.explained = std::max(0.0, 1 - squares / (total * options_.splits));
    for (std::size_t j = 0; j < d; ++j) result.effects.push_back(effect_of(j));
    for (std::size_t p = 0; p < pairs_.size(); ++p) result.pairs.push_back(pair_of(p));
    const auto by_share = [](const auto& a, const auto& b) {
      return a.share.value > b.share.value;
    };
    std::stable_sort(result.effects.begin(), result.effects.end(), by_share);
    std::stable_sort(result.pairs.begin(), result.pairs.end(), by_share);
  }

 private:
  struct Half {
    Marginals marginals;
    std::vector<double> at_points;
    double squares = 0;  ///< of the errors for the other half's rows
  };

  RegressionForest fitted(std::span<const std::size_t> members, int trees, Rng rng) const {
    std::vector<double> rows, y;
    for (const std::size_t i : members) {
      rows.insert(rows.end(), rows_[i].begin(), rows_[i].end());
      y.push_back(y_[i]);
    }
    ForestOptions options;
    options.trees = trees;
    options.bootstrap = false;  // halves differ already
    RegressionForest forest(cells_.categories());
    forest.fit(rows, y, options, rng);
    return forest;
  }

  std::vector<double> predicted(const RegressionForest& forest, std::span<const double> rows,
                                std::size_t count) const {
    std::vector<ForestPrediction> out(count);
    forest.predict_many(rows, out);
    std::vector<double> means;
    for (const ForestPrediction& one : out) means.push_back(one.mean);
    return means;
  }

  Half half_of(std::span<const std::size_t> members, std::span<const std::size_t> others,
               Rng rng) const {
    Half half;
    const RegressionForest forest = fitted(members, options_.trees, rng);
    half.marginals = find_marginals(forest, cells_, pairs_);
    half.at_points = predicted(forest, point_rows_, points_.size());
    for (const std::size_t i : others) {
      const double error = forest.predict(rows_[i]).mean - y_[i];
      half.squares += error * error;
    }
    return half;
  }

  void add_split(int split, double& squares) {
    Rng rng = rng_.split("split", static_cast<std::uint64_t>(split));
    std::vector<std::size_t> order(y_.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[rng.below(i)]);
    const std::size_t middle = order.size() / 2;
    const std::span<const std::size_t> first(order.data(), middle);
    const std::span<const std::size_t> second(order.data() + middle, order.size() - middle);
    const Half a = half_of(first, second, rng.split("a"));
    const Half b = half_of(second, first, rng.split("b"));
    squares += a.squares + b.squares;
    std::vector<double> weights;
    for (const Point& point : points_) weights.push_back(point.weight);
    whole_.add(covariance(weights, a.at_points, a.at_points),
               covariance(weights, b.at_points, b.at_points),
               covariance(weights, a.at_points, b.at_points));
    for (std::size_t j = 0; j < cells_.dimension(); ++j) {
      const auto mass = cell_mass(cells_, j);
      const auto &x = a.marginals.single[j], &y = b.marginals.single[j];
      single_[j].add(covariance(mass, x, x), covariance(mass, y, y), covariance(mass, x, y));
      single_sums_[j].add(x, y);
      for (std::size_t i = 0; i < points_.size(); ++i)
        weights[i] = std::isnan(points_[i].row[j]) ? 0 : points_[i].weight;
      where_[j].add(covariance(weights, a.at_points, a.at_points),
                    covariance(weights, b.at_points, b.at_points),
                    covariance(weights, a.at_points, b.at_points));
    }
    for (std::size_t p = 0; p < pairs_.size(); ++p) {
      const auto mass = cell_mass(cells_, pairs_[p]);
      const std::size_t columns = cells_.columns()[pairs_[p].second].size();
      const auto x = interaction_of(a.marginals.pair[p], mass, columns);
      const auto y = interaction_of(b.marginals.pair[p], mass, columns);
      pair_[p].add(covariance(mass, x, x), covariance(mass, y, y), covariance(mass, x, y));
      pair_sums_[p].add(a.marginals.pair[p], b.marginals.pair[p]);
    }
  }

  /// The columns with the largest total effects on one forest: E[(f(x) − f(x′))²] where x′ has
  /// another draw of the column.
  void choose_pairs() {
    const std::size_t d = cells_.dimension();
    std::vector<std::size_t> columns(d);
    std::iota(columns.begin(), columns.end(), std::size_t{0});
    if (options_.pair_columns == 0) return;
    if (d > options_.pair_columns) {
      std::vector<std::size_t> all(y_.size());
      std::iota(all.begin(), all.end(), std::size_t{0});
      const RegressionForest forest = fitted(all, 2 * options_.trees, rng_.split("choose"));
      const auto before = predicted(forest, point_rows_, points_.size());
      std::vector<double> effect(d);
      for (std::size_t j = 0; j < d; ++j) {
        std::vector<double> rows = point_rows_;
        for (std::size_t i = 0; i < points_.size(); ++i) {
          // The next point of the same regime has it otherwise.
          std::size_t other = (i + 1) % points_.size();
          if (points_[other].regime != points_[i].regime) other = i - std::min<std::size_t>(i, 1);
          if (points_[other].regime == points_[i].regime) rows[i * d + j] = points_[other].row[j];
        }
        const auto after = predicted(forest, rows, points_.size());
        for (std::size_t i = 0; i < points_.size(); ++i)
          effect[j] += points_[i].weight * (after[i] - before[i]) * (after[i] - before[i]);
      }
      std::stable_sort(columns.begin(), columns.end(),
                       [&](std::size_t a, std::size_t b) { return effect[a] > effect[b]; });
      columns.resize(options_.pair_columns);
      std::sort(columns.begin(), columns.end());
    }
    for (std::size_t a = 0; a < columns.size(); ++a) {
      for (std::size_t b = a + 1; b < columns.size(); ++b) {
        const auto mass = cell_mass(cells_, {columns[a], columns[b]});
        if (std::accumulate(mass.begin(), mass.end(), 0.0) > 0)
          pairs_.emplace_back(columns[a], columns[b]);
      }
    }
  }

  const Parameter& parameter(std::size_t column) const {
    return space_.parameter(space_.searched()[column]);
  }
  std::vector<Value> values_of(std::size_t column) const {
    std::vector<Value> values;
    for (const double u : cells_.columns()[column].at)
      values.push_back(decode(parameter(column).domain, u));
    return values;
  }

  FanovaEffect effect_of(std::size_t j) const {
    FanovaEffect effect;
    effect.parameter = parameter(j).name;
    effect.active = cells_.active(j);
    effect.share = share_of(single_[j], whole_, effect.active);
    effect.where_active = effect.active < 1 ? share_of(single_[j], where_[j], 1) : effect.share;
    effect.dependence = {values_of(j), cells_.columns()[j].at,
                         single_sums_[j].means(options_.splits, sign_)};
    return effect;
  }

  FanovaPair pair_of(std::size_t p) const {
    auto [j, k] = pairs_[p];
    FanovaPair pair;
    const auto mass = cell_mass(cells_, pairs_[p]);
    pair.active = std::min(1.0, std::accumulate(mass.begin(), mass.end(), 0.0));
    pair.share = share_of(pair_[p], whole_, pair.active);
    std::vector<Estimate> means = pair_sums_[p].means(options_.splits, sign_);
    if (space_.searched()[j] > space_.searched()[k]) {  // columns are in the order of dependence
      const std::size_t rows = cells_.columns()[j].size(), columns = cells_.columns()[k].size();
      std::vector<Estimate> turned(means.size());
      for (std::size_t i = 0; i < means.size(); ++i)
        turned[i % columns * rows + i / columns] = means[i];
      means = std::move(turned);
      std::swap(j, k);
    }
    pair.first = parameter(j).name;
    pair.second = parameter(k).name;
    pair.dependence = {values_of(j), values_of(k), std::move(means)};
    return pair;
  }

  const SearchSpace& space_;
  const FanovaOptions& options_;
  Rng rng_;
  CellSpace cells_;
  std::vector<Point> points_;
  std::vector<double> point_rows_;
  std::vector<std::vector<double>> rows_;
  std::vector<double> y_;
  double sign_ = 1;
  std::vector<ColumnPair> pairs_;
  Variances whole_;
  std::vector<Variances> single_, where_, pair_;
  std::vector<TableSums> single_sums_, pair_sums_;
};

}  // namespace

Fanova fanova(const History& history, const FanovaOptions& options) {
  constexpr std::size_t kMostTrials = 1000;
  Fanova result;
  Targets targets = find_targets(history, kMostTrials, options.metric);
  const std::int64_t d = history.spec().space.dimension();
  result.trials = static_cast<std::int64_t>(targets.trials.size());
  result.needed = std::max(kLeast, 2 * d);
  result.by_order = targets.by_order;
  if (result.trials < result.needed || d == 0) return result;
  if (options.best_share) {
    const double edge = quantile(targets.losses, *options.best_share);
    for (double& loss : targets.losses) loss = std::min(loss, edge);
  }
  const auto [low, high] = std::minmax_element(targets.losses.begin(), targets.losses.end());
  if (*low == *high) return result;  // all alike: nothing to explain
  result.enough = true;
  Analysis(history, std::move(targets), options).run(result);
  return result;
}

}  // namespace hone
