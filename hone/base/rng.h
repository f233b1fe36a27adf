// Random numbers that are the same on every machine: xoshiro256++ (Blackman and Vigna, 2019) seeded
// by splitmix64, with named splits so that every decision has a generator of its own. No std::
// distribution is used anywhere, since the standard leaves their algorithms open.
#pragma once

#include <cstdint>
#include <string_view>

namespace hone {

/// A value type: pass it by value. Not thread-safe (copies are independent).
class Rng {
 public:
  explicit Rng(std::uint64_t seed) noexcept;

  /// An independent generator for (`name`, `number`); does not advance this one.
  Rng split(std::string_view name, std::uint64_t number = 0) const noexcept;

  std::uint64_t next_u64() noexcept;
  /// Uniform on [0, 1) with 53 bits.
  double uniform() noexcept;
  /// Uniform on (0, 1): never 0, for inverse CDFs.
  double uniform_open() noexcept;
  /// Uniform on [low, high); requires low <= high.
  double uniform(double low, double high) noexcept { return low + (high - low) * uniform(); }
  /// Uniform on {0, …, n − 1} without bias; requires n > 0.
  std::uint64_t below(std::uint64_t n) noexcept;
  /// True with probability p.
  bool chance(double p) noexcept { return uniform() < p; }
  /// Standard normal by inverse CDF (one draw each, so streams stay aligned).
  double normal() noexcept;

 private:
  std::uint64_t seed_;
  std::uint64_t state_[4];
};

/// One step of splitmix64: a good mix of 64 bits.
std::uint64_t mix64(std::uint64_t x) noexcept;

/// Φ⁻¹(p) for p in (0, 1): Acklam's rational approximation with one Halley step, relative error
/// below 1e-14.
double normal_quantile(double p) noexcept;

}  // namespace hone
