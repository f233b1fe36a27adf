// What a run uses of its machine, as tracking points: curves for people, which no sampler or
// scheduler sees. A sampler of readings, not of configurations.
//
//   system/cpu                processors in use by the run's processes: 1 is one of them, fully
//   system/memory             bytes held by them (PSS)
//   system/disk_read, …_write bytes a second that they read from and wrote to disks
//   system/network_in, …_out  bytes a second over the machine's network, whoever caused them
//   system/gpu0_utilization   share of the time in which the run's first GPU was busy, 0 to 1
//   system/gpu0_memory        bytes in use on it; gpu0_power: watts; gpu0_temperature: °C
//
// GPUs count within the run: gpu0 is its first. A run that was assigned none shows all that it can
// see. A point's step is the time that its trial has run, in seconds.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hone/runner/executor.h"
#include "hone/runner/gpu.h"
#include "hone/runner/usage_reading.h"
#include "hone/store/store.h"

namespace hone {

/// The beginning of the names.
inline constexpr std::string_view kSystemMetrics = "system/";

/// One look at a run and its machine.
struct SystemReading {
  std::int64_t at_us = 0;  ///< monotonic
  JobCounters job;
  std::int64_t memory_bytes = 0;  ///< of the run; 0: not known
  NetworkCounters network;
  std::vector<Gpu> gpus;  ///< the run's
};

/// Of one run. Pure.
class SystemSampler {
 public:
  /// `every_us`: between samples in the first kOften_us of the run, later kRarer times that; 0:
  /// none.
  explicit SystemSampler(std::int64_t every_us = 0) : every_us_(every_us) {}

  /// Where the run stands when this process begins to look at it. What it has used before is not
  /// counted.
  void begin(const SystemReading& reading);
  bool is_due(std::int64_t now_us) const { return every_us_ > 0 && now_us >= due_us_; }
  /// The points of a sample, which is due. `busy_us`: of the trial. Rates are means since the
  /// sample before; what cannot be told is left out.
  std::vector<Point> sample(const SystemReading& reading, std::int64_t busy_us);

  /// Most memory of all the run's GPUs together in any sample.
  std::int64_t peak_gpu_bytes() const { return peak_gpu_bytes_; }

  static constexpr std::int64_t kOften_us = 120'000'000;
  static constexpr std::int64_t kRarer = 3;

 private:
  std::int64_t every_us_;
  std::int64_t began_us_ = 0;
  std::int64_t due_us_ = 0;
  SystemReading before_;
  std::int64_t peak_gpu_bytes_ = 0;
};

/// The devices of `tokens` (of CUDA_VISIBLE_DEVICES) among the readings, in the order of the
/// tokens; with none, all that `visible` lets through.
std::vector<Gpu> gpus_of_run(const std::vector<Gpu>& readings,
                             const std::vector<std::string>& tokens,
                             const std::optional<std::string>& visible);

}  // namespace hone
