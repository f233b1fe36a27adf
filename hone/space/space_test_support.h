// Shared by the tests of this folder: short ways to write spaces, and distribution tests with a
// known false-alarm rate.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "hone/space/search_space.h"

namespace hone {

inline Expression expression(std::string_view source) {
  auto result = Expression::parse(source);
  if (auto* error = std::get_if<ExpressionError>(&result)) {
    ADD_FAILURE() << source << ": " << error->message;
    return {};
  }
  return std::get<Expression>(result);
}

inline Parameter parameter(std::string name, Domain domain) {
  return {std::move(name), std::move(domain), {}, {}, {}};
}
inline Parameter real(std::string name, double low, double high, Law law = Law::uniform) {
  return parameter(std::move(name), Real{law, low, high, 0, 1, {}, false});
}
inline Parameter integer(std::string name, std::int64_t low, std::int64_t high,
                         Law law = Law::uniform, std::int64_t step = 1) {
  return parameter(std::move(name), Integer{low, high, law, step});
}
inline Parameter choice(std::string name, std::vector<Value> values, bool ordered = false,
                        std::vector<double> weights = {}) {
  Choice c;
  for (Value& v : values) c.items.push_back({v, v.dump()});
  c.ordered = ordered;
  c.weights = std::move(weights);
  return parameter(std::move(name), std::move(c));
}
inline Parameter derived(std::string name, std::string_view source) {
  return parameter(std::move(name), Derived{expression(source)});
}
inline Parameter when(Parameter p, std::string parent, std::vector<Value> any_of) {
  p.conditions.push_back({std::move(parent), std::move(any_of), {}});
  return p;
}
inline Parameter when(Parameter p, std::string_view test) {
  p.conditions.push_back({"", {}, expression(test)});
  return p;
}
inline std::vector<Constraint> constraints(std::initializer_list<std::string_view> sources) {
  std::vector<Constraint> out;
  for (const auto source : sources) out.push_back({expression(source)});
  return out;
}

inline SearchSpace space(std::vector<Parameter> parameters, std::vector<Constraint> list = {}) {
  auto built = SearchSpace::create(std::move(parameters), std::move(list));
  for (const auto& p : built.problems) {
    if (!p.warning) ADD_FAILURE() << p.message;
  }
  return built.space ? *built.space : SearchSpace();
}

/// Kolmogorov's distance beyond which equal laws come with probability alpha (asymptotic, slightly
/// conservative): for one sample of n, or with n = nm / (n + m) for two.
inline double ks_limit(double n, double alpha = 1e-6) {
  return std::sqrt(std::log(2 / alpha) / (2 * n));
}

/// The largest distance between the empirical distribution of `sample` and `cdf`.
template <class F>
double ks_distance(std::vector<double> sample, F cdf) {
  std::sort(sample.begin(), sample.end());
  const double n = static_cast<double>(sample.size());
  double worst = 0;
  for (std::size_t i = 0; i < sample.size(); ++i) {
    const double p = cdf(sample[i]);
    worst = std::max({worst, p - static_cast<double>(i) / n, static_cast<double>(i + 1) / n - p});
  }
  return worst;
}

/// The same between two samples.
inline double ks_distance(std::vector<double> a, std::vector<double> b) {
  std::sort(a.begin(), a.end());
  std::sort(b.begin(), b.end());
  double worst = 0;
  std::size_t i = 0;
  std::size_t j = 0;
  while (i < a.size() && j < b.size()) {
    const double x = std::min(a[i], b[j]);
    while (i < a.size() && a[i] <= x) ++i;
    while (j < b.size() && b[j] <= x) ++j;
    worst = std::max(worst, std::fabs(static_cast<double>(i) / static_cast<double>(a.size()) -
                                      static_cast<double>(j) / static_cast<double>(b.size())));
  }
  return worst;
}

/// Pearson's statistic; and its value exceeded with probability 1e-6 (Wilson and Hilferty's
/// approximation).
inline double chi_square(const std::vector<double>& counts, const std::vector<double>& expected) {
  double sum = 0;
  for (std::size_t i = 0; i < counts.size(); ++i)
    sum += (counts[i] - expected[i]) * (counts[i] - expected[i]) / expected[i];
  return sum;
}
inline double chi_square_limit(double degrees) {
  constexpr double kNormalQuantile = 4.7534;  // of 1 − 1e-6
  const double t = 2 / (9 * degrees);
  return degrees * std::pow(1 - t + kNormalQuantile * std::sqrt(t), 3);
}

}  // namespace hone
