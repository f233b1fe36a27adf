// Population-based bandits (Parker-Holder et al. 2020, arXiv 2002.02518): what a fork goes on with
// is chosen by a model of how fast the loss fell in earlier intervals, under which configuration,
// and when. The model is a Gaussian process over the encoded numbers, with the kernel
//   k = s²·exp(−|x − x'|²/(2ℓ²))·(1 − ε)^(|t − t'|/2),
// t the interval: what was learned long ago counts less. Chosen is the point of the highest upper
// confidence bound on the fall; intervals of the other members that are still running count as
// points at the model's mean, so that two forks do not try the same. Parameters that are choices
// are explored as in pbt: the published variant for them needs more members than are usual.
//
// s², ℓ, ε and the noise are those of a small grid with the highest likelihood: it has few points
// (one an interval and member), and is flat.
#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "hone/math/cholesky.h"
#include "hone/scheduler/exploration.h"
#include "hone/scheduler/population.h"
#include "hone/scheduler/registry.h"
#include "hone/space/encoding.h"

namespace hone {
namespace {

struct Pb2Options : PopulationOptions {
  double resample = 0.25;
};

const OptionTable<Pb2Options>& pb2_options() {
  static const OptionTable<Pb2Options> table = [] {
    OptionTable<Pb2Options> rows(
        "pb2",
        "Population-based training whose changes follow a model of how fast "
        "the loss falls under which values");
    add_population_rows(rows).number(
        "resample", &Pb2Options::resample, 0, 1,
        "Probability of drawing an unordered choice anew; numbers follow the model");
    return rows;
  }();
  return table;
}

constexpr std::size_t kPointsAtMost = 300;  // the newest
constexpr std::size_t kPointsAtLeast = 4;
constexpr int kCandidates = 512;

/// The process over (x, t) with zero mean and unit-spread targets.
class FallModel {
 public:
  struct Point {
    std::vector<double> x;
    double t = 0;
    double y = 0;
  };
  struct Shape {
    double length = 0.3;
    double forgetting = 0.1;
    double noise = 0.1;
  };

  explicit FallModel(std::vector<Point> points) : points_(std::move(points)) {
    double best = -INFINITY;
    for (const double length : {0.1, 0.2, 0.4, 0.8}) {
      for (const double forgetting : {0.0, 0.05, 0.2, 0.5}) {
        for (const double noise : {0.01, 0.1, 0.5}) {
          const Shape shape{length, forgetting, noise};
          const double likelihood = condition(shape);
          if (likelihood > best) {
            best = likelihood;
            shape_ = shape;
          }
        }
      }
    }
    condition(shape_);
  }

  /// Mean and standard deviation of the fall at (x, t).
  std::pair<double, double> at(std::span<const double> x, double t) const {
    std::vector<double> k(points_.size());
    double mean = 0;
    for (std::size_t i = 0; i < points_.size(); ++i) {
      k[i] = kernel(shape_, points_[i].x, points_[i].t, x, t);
      mean += k[i] * weights_[i];
    }
    factor_.solve_lower(k);
    const double explained = std::inner_product(k.begin(), k.end(), k.begin(), 0.0);
    return {mean, std::sqrt(std::max(1e-12, 1 - explained))};
  }

  /// A point whose value is not known yet: taken to be what the model expects.
  void believe(std::vector<double> x, double t) {
    const double y = at(x, t).first;
    points_.push_back({std::move(x), t, y});
    condition(shape_);
  }

 private:
  static double kernel(const Shape& shape, std::span<const double> a, double ta,
                       std::span<const double> b, double tb) {
    double distance = 0;
    for (std::size_t j = 0; j < a.size(); ++j) distance += (a[j] - b[j]) * (a[j] - b[j]);
    return std::exp(-distance / (2 * shape.length * shape.length)) *
           std::pow(1 - shape.forgetting, std::abs(ta - tb) / 2);
  }

  /// ln p(y) up to a constant; −∞ where the matrix is not positive definite.
  double condition(const Shape& shape) {
    const std::size_t n = points_.size();
    std::vector<double> matrix(n * n);
    weights_.resize(n);
    for (std::size_t i = 0; i < n; ++i) {
      weights_[i] = points_[i].y;
      for (std::size_t j = 0; j <= i; ++j) {
        const double k = kernel(shape, points_[i].x, points_[i].t, points_[j].x, points_[j].t);
        matrix[i * n + j] = matrix[j * n + i] = k + (i == j ? shape.noise : 0);
      }
    }
    if (!factor_.factor(matrix, static_cast<int>(n))) return -INFINITY;
    factor_.solve(weights_);
    double fit = 0;
    for (std::size_t i = 0; i < n; ++i) fit += points_[i].y * weights_[i];
    return -0.5 * fit - 0.5 * factor_.log_determinant();
  }

  std::vector<Point> points_;
  Shape shape_;
  Cholesky factor_;
  std::vector<double> weights_;
};

class BanditExplorer final : public Explorer {
 public:
  BanditExplorer(ExplorationOptions options, const StudySpec& spec) : options_(std::move(options)) {
    for (std::size_t j = 0; j < spec.space.searched().size(); ++j) {
      const Parameter& parameter = spec.space.parameter(spec.space.searched()[j]);
      if (std::holds_alternative<Choice>(parameter.domain)) continue;
      if (may_mutate(options_, parameter.name)) numbers_.push_back(j);
    }
  }

  Config explore(const ExplorationContext& context, Rng& rng) const override {
    const SearchSpace& space = context.history.spec().space;
    // Choices, and all that has no model yet, by chance.
    Config config = explored(space, context.history.trial(context.donor).config(), options_, rng);
    std::vector<FallModel::Point> points = points_of(context);
    if (points.size() < kPointsAtLeast || numbers_.empty()) return config;
    FallModel model(std::move(points));
    const double now = context.interval;
    for (const Config* other : context.running) model.believe(numbers_of(space, *other), now);
    // As published, with the deviation in the place of the variance.
    const double n = static_cast<double>(context.results.size());
    const double kappa = std::sqrt(0.2 + std::max(0.0, std::log(0.4 * n)));
    std::vector<double> row(static_cast<std::size_t>(space.dimension()));
    space.encode(config, row);
    Config best = config;
    double highest = -INFINITY;
    for (int i = 0; i < kCandidates; ++i) {
      std::vector<double> x(numbers_.size());
      std::vector<double> candidate = row;
      for (std::size_t k = 0; k < numbers_.size(); ++k) {
        const Domain& domain = space.parameter(space.searched()[numbers_[k]]).domain;
        const double drawn = rng.uniform();
        const double near = std::clamp(row[numbers_[k]] + 0.1 * rng.normal(), 0.0, 1.0);
        // Half of the candidates lie near the donor, so that the best region is looked at closely.
        x[k] = snap(domain, std::isnan(row[numbers_[k]]) || i % 2 == 0 ? drawn : near);
        if (!std::isnan(row[numbers_[k]])) candidate[numbers_[k]] = x[k];
      }
      const auto [mean, deviation] = model.at(x, now);
      const double bound = mean + kappa * deviation;
      if (!(bound > highest)) continue;
      Config decoded = space.complete(space.decode(candidate));
      if (!space.is_feasible(decoded)) continue;
      highest = bound;
      best = std::move(decoded);
    }
    return best;
  }

 private:
  /// Encoded; 0.5 where inactive.
  std::vector<double> numbers_of(const SearchSpace& space, const Config& config) const {
    std::vector<double> row(static_cast<std::size_t>(space.dimension()));
    space.encode(config, row);
    std::vector<double> x;
    for (const std::size_t j : numbers_) x.push_back(std::isnan(row[j]) ? 0.5 : row[j]);
    return x;
  }

  /// The falls of the loss, each against the others of its interval (early ones are larger for
  /// everybody), in units of their spread.
  std::vector<FallModel::Point> points_of(const ExplorationContext& context) const {
    const SearchSpace& space = context.history.spec().space;
    const auto& results = context.results;
    const std::size_t from = results.size() > kPointsAtMost ? results.size() - kPointsAtMost : 0;
    std::vector<FallModel::Point> points;
    for (std::size_t i = from; i < results.size(); ++i) {
      std::vector<double> falls;
      for (std::size_t j = from; j < results.size(); ++j) {
        if (results[j].interval == results[i].interval) falls.push_back(-results[j].change);
      }
      std::sort(falls.begin(), falls.end());
      const double middle = falls[falls.size() / 2];
      const double low = falls[falls.size() / 4];
      const double high = falls[falls.size() * 3 / 4];
      constexpr double kFar = 3;  // a divergence says no more than "much worse"
      const double spread = high > low ? (high - low) / 1.35 : 1;
      const double y = std::clamp((-results[i].change - middle) / spread, -kFar, kFar);
      points.push_back({numbers_of(space, context.history.trial(results[i].trial).config()),
                        static_cast<double>(results[i].interval), y});
    }
    return points;
  }

  ExplorationOptions options_;
  std::vector<std::size_t> numbers_;  // columns of the encoded row
};

}  // namespace

std::unique_ptr<Scheduler> make_pb2(const StudySpec& spec, std::vector<OptionProblem>& problems) {
  const std::size_t before = problems.size();
  const Pb2Options options = pb2_options().parse(spec.scheduler.options, problems);
  if (problems.size() != before) return nullptr;
  constexpr double kFactor = 1.2;
  return make_population("pb2", options,
                         std::make_unique<BanditExplorer>(
                             ExplorationOptions{options.resample, kFactor, options.mutate}, spec),
                         spec, problems);
}

AlgorithmHelp pb2_help() { return pb2_options().help(); }

}  // namespace hone
