#include "hone/math/minimize.h"

#include <nlopt.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

namespace hone {
namespace {

struct Search {
  const Gradient& function;
  std::vector<double> best;
  double least = std::numeric_limits<double>::infinity();
  std::vector<double> scratch;

  double evaluate(unsigned n, const double* x, double* gradient) {
    const std::span<const double> at(x, n);
    const std::span<double> slope = gradient != nullptr ? std::span<double>(gradient, n) : scratch;
    const double value = function(at, slope);
    if (!std::isfinite(value)) {
      std::fill(slope.begin(), slope.end(), 0.0);
      return 1e300;
    }
    if (value < least) {
      least = value;
      best.assign(x, x + n);
    }
    return value;
  }
};

double call(unsigned n, const double* x, double* gradient, void* data) {
  return static_cast<Search*>(data)->evaluate(n, x, gradient);
}

}  // namespace

double minimize_bounded(const Gradient& function, std::span<double> x, std::span<const double> low,
                        std::span<const double> high, const MinimizeLimits& limits) {
  const auto n = static_cast<unsigned>(x.size());
  Search search{function, {}, std::numeric_limits<double>::infinity(), std::vector<double>(n)};
  if (n > 0) {
    const nlopt_opt opt = nlopt_create(NLOPT_LD_LBFGS, n);
    nlopt_set_min_objective(opt, call, &search);
    nlopt_set_lower_bounds(opt, low.data());
    nlopt_set_upper_bounds(opt, high.data());
    nlopt_set_maxeval(opt, limits.evaluations);
    nlopt_set_ftol_rel(opt, limits.value_step);
    nlopt_set_xtol_rel(opt, limits.point_step);
    std::vector<double> point(x.begin(), x.end());
    double value = 0;
    nlopt_optimize(opt, point.data(), &value);  // a failed line search leaves the best point seen
    nlopt_destroy(opt);
  }
  if (search.best.empty()) {
    std::vector<double> slope(x.size());
    return function(x, slope);
  }
  std::copy(search.best.begin(), search.best.end(), x.begin());
  return search.least;
}

}  // namespace hone
