// Time as an interface: the store's instants and the monotonic clock for limits. Logic never reads
// a clock by itself.
#pragma once

#include <cstdint>

namespace hone {

/// Thread-safe in every implementation.
class Clock {
 public:
  virtual ~Clock() = default;
  /// Microseconds since 1970, UTC.
  virtual std::int64_t now_us() const = 0;
  /// Microseconds of a clock that never jumps and stands still while the machine sleeps.
  virtual std::int64_t monotonic_us() const = 0;
};

/// The machine's clocks (CLOCK_REALTIME, CLOCK_MONOTONIC).
class SystemClock final : public Clock {
 public:
  std::int64_t now_us() const override;
  std::int64_t monotonic_us() const override;
};

/// A clock that moves only when told; for tests and the simulator. Not thread-safe.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(std::int64_t start_us = 1'700'000'000'000'000) : now_us_(start_us) {}
  std::int64_t now_us() const override { return now_us_; }
  std::int64_t monotonic_us() const override { return now_us_; }
  void advance_us(std::int64_t by_us) { now_us_ += by_us; }

 private:
  std::int64_t now_us_;
};

constexpr std::int64_t kSecond_us = 1'000'000;

}  // namespace hone
