// GPUs looked at beside other work: a driver may take its time, and nobody waits for it.
#pragma once

#include <cstdint>
#include <functional>
#include <future>
#include <vector>

#include "hone/runner/gpu.h"

namespace hone {

/// One owner thread; the readings are taken on another.
class GpuMonitor {
 public:
  explicit GpuMonitor(std::function<std::vector<Gpu>()> read) : read_(std::move(read)) {}
  /// Waits for a reading that is being taken.
  ~GpuMonitor() = default;

  /// The newest finished reading, empty before the first. Begins another one where none is being
  /// taken and the last one was begun `kAge_us` before `now_us` (monotonic).
  const std::vector<Gpu>& look(std::int64_t now_us);

  static constexpr std::int64_t kAge_us = 1'000'000;

 private:
  std::function<std::vector<Gpu>()> read_;
  std::vector<Gpu> newest_;
  std::int64_t begun_us_ = 0;
  bool any_ = false;
  std::future<std::vector<Gpu>> next_;
};

}  // namespace hone
