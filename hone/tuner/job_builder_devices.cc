// Which GPUs, processors and ports a run gets, and when they are free again.
#include <fmt/core.h>

#include <algorithm>

#include "hone/study/placeholders.h"
#include "hone/tuner/job_builder.h"

namespace hone {
namespace {
constexpr std::int64_t kLookAtGpus_us = 250'000;
}  // namespace

bool LocalJobBuilder::take_devices(RunId run) {
  Devices devices;
  if (options_.gpus_per_run > 0) {
    look_at_cooling_gpus();
    std::vector<double> load;
    for (const GpuState& state : gpu_states_) load.push_back(state.cooling ? 1.0 : state.load);
    const auto chosen = assign_gpus(load, options_.gpus_per_run);
    if (!chosen) return false;
    devices.gpus = *chosen;
  }
  if (spec_->resources.cpus) {
    std::vector<int> taken;
    for (const auto& [other, held] : devices_)
      taken.insert(taken.end(), held.cpus.begin(), held.cpus.end());
    const auto cpus = assign_cpus(options_.cpus, taken, *spec_->resources.cpus);
    if (!cpus) return false;
    devices.cpus = *cpus;
  }
  devices.port = ports_.take();
  std::vector<Gpu> readings;
  const bool whole = options_.gpus_per_run >= 1;
  if (whole && options_.read_gpus) readings = options_.read_gpus();
  for (const std::size_t i : devices.gpus) {
    GpuState& state = gpu_states_[i];
    state.load += std::min(1.0, options_.gpus_per_run);
    state.before_bytes = 0;
    for (const Gpu& gpu : readings) {
      if (options_.gpus[i].gpu && gpu.uuid == options_.gpus[i].gpu->uuid)
        state.before_bytes = gpu.used_bytes.value_or(0);
    }
  }
  devices_[run] = std::move(devices);
  return true;
}

void LocalJobBuilder::give_back(RunId run) {
  const auto it = devices_.find(run);
  if (it == devices_.end()) return;
  for (const std::size_t i : it->second.gpus) {
    GpuState& state = gpu_states_[i];
    state.load = std::max(0.0, state.load - std::min(1.0, options_.gpus_per_run));
    if (state.load < 1e-9) state.load = 0;
    if (options_.gpus_per_run >= 1 && options_.read_gpus) {
      state.cooling = true;
      state.cooling_since_us = clock_.monotonic_us();
    }
  }
  if (it->second.port) ports_.give_back(*it->second.port);
  devices_.erase(it);
}

void LocalJobBuilder::look_at_cooling_gpus() {
  const bool any = std::any_of(gpu_states_.begin(), gpu_states_.end(),
                               [](const GpuState& s) { return s.cooling; });
  const std::int64_t now = clock_.monotonic_us();
  if (!any || now - looked_at_gpus_us_ < kLookAtGpus_us) return;
  looked_at_gpus_us_ = now;
  const std::vector<Gpu> readings = options_.read_gpus();
  for (std::size_t i = 0; i < gpu_states_.size(); ++i) {
    GpuState& state = gpu_states_[i];
    if (!state.cooling) continue;
    std::optional<std::int64_t> used;
    for (const Gpu& gpu : readings) {
      if (options_.gpus[i].gpu && gpu.uuid == options_.gpus[i].gpu->uuid) used = gpu.used_bytes;
    }
    if (is_gpu_released(used, state.before_bytes, now - state.cooling_since_us))
      state.cooling = false;
  }
}

std::string LocalJobBuilder::devices_json(RunId run) const {
  const Devices& devices = devices_.at(run);
  Value value = Value::Map{};
  if (!devices.gpus.empty()) {
    Value::List tokens;
    for (const std::size_t i : devices.gpus) tokens.emplace_back(options_.gpus[i].token);
    value.set("gpus", Value(std::move(tokens)));
  }
  if (!devices.cpus.empty()) {
    Value::List cpus;
    for (const int cpu : devices.cpus) cpus.emplace_back(cpu);
    value.set("cpus", Value(std::move(cpus)));
  }
  if (devices.port && command_uses(*spec_, "port")) value.set("port", *devices.port);
  return value.dump();
}

std::string LocalJobBuilder::gpu_text(RunId run) const {
  std::string text;
  for (const std::size_t i : devices_.at(run).gpus) {
    text += (text.empty() ? "" : ",") + options_.gpus[i].token;
  }
  return text;
}

}  // namespace hone
