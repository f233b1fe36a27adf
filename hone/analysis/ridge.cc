#include "hone/analysis/ridge.h"

#include <cmath>
#include <utility>

#include "hone/base/assert.h"

namespace hone {

Ridge::Ridge(const Design& design, std::vector<std::size_t> chosen, double lambda)
    : design_(design), chosen_(std::move(chosen)) {
  HONE_ASSERT(lambda > 0, "the ridge makes the equations definite");
  const std::size_t p = chosen_.size();
  factor_.assign(p * p, 0.0);
  for (std::size_t i = 0; i < design_.rows; ++i) {
    const double* row = design_.row(i);
    for (std::size_t a = 0; a < p; ++a) {
      const double x = row[chosen_[a]];
      if (x == 0) continue;
      for (std::size_t b = 0; b <= a; ++b) factor_[a * p + b] += x * row[chosen_[b]];
    }
  }
  for (std::size_t a = 0; a < p; ++a) {
    factor_[a * p + a] += lambda;
    for (std::size_t b = 0; b <= a; ++b) {
      double sum = factor_[a * p + b];
      for (std::size_t k = 0; k < b; ++k) sum -= factor_[a * p + k] * factor_[b * p + k];
      factor_[a * p + b] = a == b ? std::sqrt(sum) : sum / factor_[b * p + b];
    }
  }
}

void Ridge::solve_lower(std::vector<double>& x) const {
  const std::size_t p = chosen_.size();
  for (std::size_t a = 0; a < p; ++a) {
    for (std::size_t k = 0; k < a; ++k) x[a] -= factor_[a * p + k] * x[k];
    x[a] /= factor_[a * p + a];
  }
}

std::vector<double> Ridge::coefficients(std::span<const double> z) const {
  const std::size_t p = chosen_.size();
  std::vector<double> x(p, 0.0);
  for (std::size_t i = 0; i < design_.rows; ++i) {
    const double* row = design_.row(i);
    for (std::size_t a = 0; a < p; ++a) x[a] += row[chosen_[a]] * z[i];
  }
  solve_lower(x);
  for (std::size_t a = p; a-- > 0;) {
    for (std::size_t k = a + 1; k < p; ++k) x[a] -= factor_[k * p + a] * x[k];
    x[a] /= factor_[a * p + a];
  }
  return x;
}

std::vector<double> Ridge::predict(std::span<const double> coefficients) const {
  std::vector<double> fitted(design_.rows, 0.0);
  for (std::size_t i = 0; i < design_.rows; ++i) {
    const double* row = design_.row(i);
    for (std::size_t a = 0; a < chosen_.size(); ++a) fitted[i] += row[chosen_[a]] * coefficients[a];
  }
  return fitted;
}

std::vector<double> Ridge::leverage() const {
  std::vector<double> diagonal(design_.rows);
  std::vector<double> x(chosen_.size());
  for (std::size_t i = 0; i < design_.rows; ++i) {
    for (std::size_t a = 0; a < x.size(); ++a) x[a] = design_.row(i)[chosen_[a]];
    solve_lower(x);
    double sum = 0;
    for (const double v : x) sum += v * v;
    diagonal[i] = sum;
  }
  return diagonal;
}

}  // namespace hone
