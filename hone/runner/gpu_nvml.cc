// NVML through dlopen, so that hone neither needs nor links the driver. The declarations below are
// NVML's stable C interface (nvml.h; functions by their versioned names); the library is loaded and
// left for each reading, as a driver may be updated while a study runs.
#include <dlfcn.h>

#include <array>

#include "hone/runner/gpu.h"

namespace hone {
namespace {

using Device = struct NvmlDeviceOpaque*;
struct Memory {
  unsigned long long total;
  unsigned long long free;
  unsigned long long used;
};
struct Utilization {
  unsigned int gpu;
  unsigned int memory;
};
constexpr int kSuccess = 0;
constexpr int kCoreSensor = 0;

/// The functions that a reading needs; power, temperature and those for divided devices (driver
/// before 450) may be missing.
struct Nvml {
  void* library = nullptr;
  int (*init)() = nullptr;
  int (*shutdown)() = nullptr;
  int (*count)(unsigned int*) = nullptr;
  int (*by_index)(unsigned int, Device*) = nullptr;
  int (*uuid)(Device, char*, unsigned int) = nullptr;
  int (*name)(Device, char*, unsigned int) = nullptr;
  int (*memory)(Device, Memory*) = nullptr;
  int (*utilization)(Device, Utilization*) = nullptr;
  int (*power)(Device, unsigned int*) = nullptr;
  int (*temperature)(Device, int sensor, unsigned int*) = nullptr;
  int (*driver)(char*, unsigned int) = nullptr;
  int (*instance_count)(Device, unsigned int*) = nullptr;
  int (*instance)(Device, unsigned int, Device*) = nullptr;

  template <class Function>
  bool find(Function* function, const char* symbol) const {
    *function = reinterpret_cast<Function>(::dlsym(library, symbol));
    return *function != nullptr;
  }
  bool load(const std::string& path) {
    library = ::dlopen(path.c_str(), RTLD_LAZY | RTLD_LOCAL);
    if (library == nullptr) return false;
    find(&power, "nvmlDeviceGetPowerUsage");
    find(&temperature, "nvmlDeviceGetTemperature");
    find(&driver, "nvmlSystemGetDriverVersion");
    find(&instance_count, "nvmlDeviceGetMaxMigDeviceCount");
    find(&instance, "nvmlDeviceGetMigDeviceHandleByIndex");
    return find(&init, "nvmlInit_v2") && find(&shutdown, "nvmlShutdown") &&
           find(&count, "nvmlDeviceGetCount_v2") &&
           find(&by_index, "nvmlDeviceGetHandleByIndex_v2") && find(&uuid, "nvmlDeviceGetUUID") &&
           find(&name, "nvmlDeviceGetName") && find(&memory, "nvmlDeviceGetMemoryInfo") &&
           find(&utilization, "nvmlDeviceGetUtilizationRates");
  }
  ~Nvml() {
    if (library != nullptr) ::dlclose(library);
  }
};

std::string text(int (*get)(Device, char*, unsigned int), Device device) {
  std::array<char, 128> buffer{};
  const int result = get(device, buffer.data(), static_cast<unsigned int>(buffer.size() - 1));
  return result == kSuccess ? buffer.data() : "";
}

Gpu describe(const Nvml& nvml, Device device, int index) {
  Gpu gpu;
  gpu.index = index;
  gpu.uuid = text(nvml.uuid, device);
  gpu.name = text(nvml.name, device);
  Memory memory{};
  if (nvml.memory(device, &memory) == kSuccess) {
    gpu.total_bytes = static_cast<std::int64_t>(memory.total);
    gpu.used_bytes = static_cast<std::int64_t>(memory.used);
  }
  Utilization utilization{};
  if (nvml.utilization(device, &utilization) == kSuccess) {
    gpu.busy_percent = static_cast<int>(utilization.gpu);
  }
  unsigned int milliwatts = 0;
  if (nvml.power != nullptr && nvml.power(device, &milliwatts) == kSuccess)
    gpu.watts = milliwatts / 1000.0;
  unsigned int celsius = 0;
  if (nvml.temperature != nullptr && nvml.temperature(device, kCoreSensor, &celsius) == kSuccess)
    gpu.celsius = static_cast<int>(celsius);
  return gpu;
}

std::optional<std::vector<Gpu>> read_all(const Nvml& nvml) {
  unsigned int count = 0;
  if (nvml.count(&count) != kSuccess) return std::nullopt;
  std::vector<Gpu> gpus;
  for (unsigned int i = 0; i < count; ++i) {
    Device device = nullptr;
    if (nvml.by_index(i, &device) != kSuccess) continue;  // another user's, or lost
    gpus.push_back(describe(nvml, device, static_cast<int>(i)));
    unsigned int instances = 0;
    if (nvml.instance_count == nullptr || nvml.instance == nullptr ||
        nvml.instance_count(device, &instances) != kSuccess) {
      continue;
    }
    for (unsigned int k = 0; k < instances; ++k) {
      Device part = nullptr;
      if (nvml.instance(device, k, &part) == kSuccess) gpus.push_back(describe(nvml, part, -1));
    }
  }
  std::array<char, 96> version{};
  if (nvml.driver != nullptr && nvml.driver(version.data(), version.size() - 1) == kSuccess) {
    for (Gpu& gpu : gpus) gpu.driver = version.data();
  }
  return gpus;
}

}  // namespace

std::optional<std::vector<Gpu>> read_gpus_by_nvml(const std::string& library) {
  Nvml nvml;
  if (!nvml.load(library) || nvml.init() != kSuccess) return std::nullopt;
  auto gpus = read_all(nvml);
  nvml.shutdown();
  return gpus;
}

}  // namespace hone
