#include "hone/math/stats.h"

#include <algorithm>
#include <cmath>

#include "hone/base/assert.h"

namespace hone {

double mean(std::span<const double> x) {
  double sum = 0;
  for (const double v : x) sum += v;
  return x.empty() ? NAN : sum / static_cast<double>(x.size());
}

double variance(std::span<const double> x) {
  if (x.size() < 2) return NAN;
  const double m = mean(x);
  double squares = 0;
  for (const double v : x) squares += (v - m) * (v - m);
  return squares / static_cast<double>(x.size() - 1);
}

double quantile(std::vector<double> x, double q) {
  if (x.empty()) return NAN;
  const double at = std::clamp(q, 0.0, 1.0) * static_cast<double>(x.size() - 1);
  const auto k = static_cast<std::ptrdiff_t>(std::floor(at));
  std::nth_element(x.begin(), x.begin() + k, x.end());
  const double low = x[static_cast<std::size_t>(k)];
  const double part = at - std::floor(at);
  if (part == 0) return low;
  return low + part * (*std::min_element(x.begin() + k + 1, x.end()) - low);
}

double median(std::vector<double> x) { return quantile(std::move(x), 0.5); }

double ks_statistic_uniform(std::vector<double> u) {
  std::sort(u.begin(), u.end());
  const auto n = static_cast<double>(u.size());
  double d = 0;
  for (std::size_t i = 0; i < u.size(); ++i) {
    const auto k = static_cast<double>(i);
    d = std::max({d, u[i] - k / n, (k + 1) / n - u[i]});
  }
  return d;
}

double ks_p_value(double d, std::size_t n) {
  const double root = std::sqrt(static_cast<double>(n));
  const double lambda = (root + 0.12 + 0.11 / root) * d;
  if (lambda < 0.2) return 1;
  double sum = 0;
  for (int k = 1; k <= 100; ++k) {
    const double term = std::exp(-2 * k * k * lambda * lambda);
    sum += k % 2 == 1 ? term : -term;
    if (term < 1e-17) break;
  }
  return std::clamp(2 * sum, 0.0, 1.0);
}

double chi_square_p_value(double x, int k) {
  HONE_ASSERT(k > 0, "a χ² law has degrees of freedom");
  if (!(x > 0)) return 1;
  const double a = 0.5 * k;
  const double z = 0.5 * x;
  const double front = std::exp(a * std::log(z) - z - std::lgamma(a));
  if (z < a + 1) {  // series for P (DLMF 8.11.4)
    double term = 1 / a;
    double sum = term;
    for (int n = 1; n < 10'000 && term > 1e-17 * sum; ++n) {
      term *= z / (a + n);
      sum += term;
    }
    return std::max(0.0, 1 - front * sum);
  }
  // Continued fraction for Q (DLMF 8.9.2), modified Lentz.
  constexpr double kTiny = 1e-300;
  double b = z + 1 - a;
  double c = 1 / kTiny;
  double d = 1 / b;
  double h = d;
  for (int i = 1; i < 10'000; ++i) {
    const double an = -i * (i - a);
    b += 2;
    d = an * d + b;
    if (std::abs(d) < kTiny) d = kTiny;
    c = b + an / c;
    if (std::abs(c) < kTiny) c = kTiny;
    d = 1 / d;
    h *= d * c;
    if (std::abs(d * c - 1) < 1e-15) break;
  }
  return front * h;
}

double signed_rank_p_value(std::span<const double> x) {
  constexpr std::size_t kExact = 25;
  const std::size_t n = x.size();
  if (n == 0) return 1;
  std::vector<double> sizes(n);
  std::transform(x.begin(), x.end(), sizes.begin(), [](double v) { return std::abs(v); });
  std::vector<double> sorted = sizes;
  std::sort(sorted.begin(), sorted.end());
  // Twice the ranks, so that shared ones are whole numbers. Zeros have ranks, and as their halves
  // are the same whatever the signs of the others, they need not be counted.
  double wanted = 0;
  std::vector<std::size_t> ranks;
  for (std::size_t i = 0; i < n; ++i) {
    if (sizes[i] == 0) continue;
    const auto range = std::equal_range(sorted.begin(), sorted.end(), sizes[i]);
    ranks.push_back(static_cast<std::size_t>((range.first - sorted.begin()) + 1 +
                                             (range.second - sorted.begin())));
    if (x[i] > 0) wanted += static_cast<double>(ranks.back());
  }
  if (n > kExact) {
    double mean = 0;
    double spread = 0;
    for (const std::size_t rank : ranks) {
      mean += static_cast<double>(rank) / 2;
      spread += static_cast<double>(rank * rank) / 4;
    }
    if (spread <= 0) return 1;
    return 0.5 * std::erfc((wanted - mean) / std::sqrt(2 * spread));
  }
  std::size_t total = 0;
  for (const std::size_t rank : ranks) total += rank;
  std::vector<double> ways(total + 1);
  ways[0] = 1;
  for (const std::size_t rank : ranks) {
    for (std::size_t sum = total; sum >= rank; --sum) ways[sum] += ways[sum - rank];
  }
  double tail = 0;
  for (std::size_t sum = 0; sum <= total; ++sum) {
    if (static_cast<double>(sum) >= wanted) tail += ways[sum];
  }
  return tail / std::ldexp(1.0, static_cast<int>(ranks.size()));
}

double centred_discrepancy(std::span<const double> points, int d) {
  const auto dim = static_cast<std::size_t>(d);
  const std::size_t n = points.size() / dim;
  const auto at = [&](std::size_t i, std::size_t j) { return std::abs(points[i * dim + j] - 0.5); };
  double single = 0;
  double pairs = 0;
  for (std::size_t i = 0; i < n; ++i) {
    double product = 1;
    for (std::size_t j = 0; j < dim; ++j) product *= 1 + 0.5 * at(i, j) - 0.5 * at(i, j) * at(i, j);
    single += product;
    for (std::size_t k = 0; k < n; ++k) {
      double pair = 1;
      for (std::size_t j = 0; j < dim; ++j) {
        pair *= 1 + 0.5 * at(i, j) + 0.5 * at(k, j) -
                0.5 * std::abs(points[i * dim + j] - points[k * dim + j]);
      }
      pairs += pair;
    }
  }
  const auto count = static_cast<double>(n);
  return std::pow(13.0 / 12.0, d) - 2 * single / count + pairs / (count * count);
}

}  // namespace hone
