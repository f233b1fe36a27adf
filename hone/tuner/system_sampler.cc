#include "hone/tuner/system_sampler.h"

#include <fmt/core.h>

#include <algorithm>

#include "hone/base/text.h"

namespace hone {
namespace {

/// A device more is left out: curves of that many are no picture.
constexpr std::size_t kGpusAtMost = 16;

}  // namespace

void SystemSampler::begin(const SystemReading& reading) {
  before_ = reading;
  began_us_ = reading.at_us;
  due_us_ = reading.at_us + every_us_;
}

std::vector<Point> SystemSampler::sample(const SystemReading& reading, std::int64_t busy_us) {
  std::vector<Point> points;
  const auto add = [&](std::string_view name, double value) {
    points.push_back({std::string(kSystemMetrics).append(name), static_cast<double>(busy_us) / 1e6,
                      value, busy_us});
  };
  const double seconds = static_cast<double>(reading.at_us - before_.at_us) / 1e6;
  // A process that ended without being waited for takes what it used with it: no rate is negative.
  const auto rate = [&](std::string_view name, std::int64_t now, std::int64_t before) {
    if (seconds > 0)
      add(name, static_cast<double>(std::max<std::int64_t>(0, now - before)) / seconds);
  };
  const std::int64_t cpu_us = std::max<std::int64_t>(0, reading.job.cpu_us - before_.job.cpu_us);
  if (seconds > 0) add("cpu", static_cast<double>(cpu_us) / 1e6 / seconds);
  rate("disk_read", reading.job.read_bytes, before_.job.read_bytes);
  rate("disk_write", reading.job.written_bytes, before_.job.written_bytes);
  if (reading.memory_bytes > 0) add("memory", static_cast<double>(reading.memory_bytes));
  rate("network_in", reading.network.received_bytes, before_.network.received_bytes);
  rate("network_out", reading.network.sent_bytes, before_.network.sent_bytes);
  std::int64_t gpu_bytes = 0;
  for (std::size_t i = 0; i < std::min(reading.gpus.size(), kGpusAtMost); ++i) {
    const Gpu& gpu = reading.gpus[i];
    const std::string name = fmt::format("gpu{}_", i);
    if (gpu.busy_percent) add(name + "utilization", *gpu.busy_percent / 100.0);
    if (gpu.used_bytes) add(name + "memory", static_cast<double>(*gpu.used_bytes));
    if (gpu.watts) add(name + "power", *gpu.watts);
    if (gpu.celsius) add(name + "temperature", *gpu.celsius);
    gpu_bytes += gpu.used_bytes.value_or(0);
  }
  peak_gpu_bytes_ = std::max(peak_gpu_bytes_, gpu_bytes);
  const bool early = reading.at_us - began_us_ < kOften_us;
  due_us_ = reading.at_us + every_us_ * (early ? 1 : kRarer);
  before_ = reading;
  return points;
}

std::vector<Gpu> gpus_of_run(const std::vector<Gpu>& readings,
                             const std::vector<std::string>& tokens,
                             const std::optional<std::string>& visible) {
  const auto seen = visible_gpus(
      readings, tokens.empty() ? visible : std::optional<std::string>(join(tokens, ",")));
  std::vector<Gpu> gpus;
  for (const VisibleGpu& each : seen) {
    if (each.gpu) gpus.push_back(*each.gpu);
  }
  return gpus;
}

}  // namespace hone
