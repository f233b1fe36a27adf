#include "hone/math/hypergeometric.h"

#include <algorithm>
#include <cmath>
#include <iterator>

namespace hone {
namespace {

constexpr double kNothing = 1e-17;  ///< beside the sum so far

}  // namespace

double HypergeometricTails::log_factorial(std::int64_t n) {
  while (std::ssize(log_factorials_) <= n) {
    log_factorials_.push_back(log_factorials_.back() +
                              std::log(static_cast<double>(log_factorials_.size())));
  }
  return log_factorials_[static_cast<std::size_t>(n)];
}

double HypergeometricTails::log_choose(std::int64_t n, std::int64_t k) {
  return log_factorial(n) - log_factorial(k) - log_factorial(n - k);
}

double HypergeometricTails::upper(std::int64_t inside, std::int64_t all, std::int64_t marked,
                                  std::int64_t drawn) {
  const std::int64_t least = std::max<std::int64_t>(0, drawn + marked - all);
  const std::int64_t first = std::max(inside, least);
  const std::int64_t last = std::min(marked, drawn);
  if (first > last) return 0;
  if (first == least) return 1;
  // P(x + 1) / P(x)
  const auto ratio = [&](std::int64_t x) {
    return static_cast<double>(marked - x) * static_cast<double>(drawn - x) /
           (static_cast<double>(x + 1) * static_cast<double>(all - marked - drawn + x + 1));
  };
  // From the likeliest of the terms on, so that none that counts is lost below the least double.
  const auto mode =
      static_cast<std::int64_t>(static_cast<double>(drawn + 1) * static_cast<double>(marked + 1) /
                                static_cast<double>(all + 2));
  const std::int64_t begin = std::clamp(mode, first, last);
  const double largest = std::exp(log_choose(marked, begin) +
                                  log_choose(all - marked, drawn - begin) - log_choose(all, drawn));
  double sum = largest;
  double term = largest;
  for (std::int64_t x = begin; x < last && term > kNothing * sum; ++x) {
    term *= ratio(x);
    sum += term;
  }
  term = largest;
  for (std::int64_t x = begin; x > first && term > kNothing * sum; --x) {
    term /= ratio(x - 1);
    sum += term;
  }
  return std::min(1.0, sum);
}

}  // namespace hone
