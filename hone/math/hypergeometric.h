// Tails of the hypergeometric law: how often chance puts so many marked things among those drawn.
#pragma once

#include <cstdint>
#include <vector>

namespace hone {

/// Keeps logarithms of factorials: one for many tails of the same size. Not thread-safe.
class HypergeometricTails {
 public:
  /// P(X ≥ inside) where `drawn` of `all` are drawn without replacement and `marked` of all are
  /// marked; all ≥ drawn, marked ≥ 0. O(all) at first, then O(√all): terms follow from one another
  /// away from the largest one, until what is left adds nothing. Relative error about 1e-8.
  double upper(std::int64_t inside, std::int64_t all, std::int64_t marked, std::int64_t drawn);

 private:
  double log_factorial(std::int64_t n);
  double log_choose(std::int64_t n, std::int64_t k);

  std::vector<double> log_factorials_ = {0};
};

}  // namespace hone
