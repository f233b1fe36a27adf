// GPUs of NVIDIA: what there is, which of them the user or the batch system lets hone use, and what
// a run is told. AMD devices (ROCm) are not supported: they are neither found nor assigned.
//
// The variable CUDA_VISIBLE_DEVICES follows the CUDA C++ Programming Guide ("CUDA Environment
// Variables"): indices or UUIDs (or their unique beginnings) up to the first invalid one; empty:
// none. Indices are read as nvidia-smi counts (PCI order), and runs are told
// CUDA_DEVICE_ORDER=PCI_BUS_ID, so that they count the same way.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hone {

/// A device as the driver describes it.
struct Gpu {
  int index = -1;    ///< in PCI order; -1 for an instance of a divided device (MIG)
  std::string uuid;  ///< "GPU-…" or "MIG-…"
  std::string name;
  std::optional<std::int64_t> total_bytes;  ///< none: the driver does not say
  std::optional<std::int64_t> used_bytes;
  std::optional<int> busy_percent;
  // Through NVML only.
  std::optional<double> watts = std::nullopt;  ///< drawn now
  std::optional<int> celsius = std::nullopt;
  std::string driver = {};  ///< version, "550.54.15"; may be empty
};

/// A device that runs may be given.
struct VisibleGpu {
  std::string token;       ///< how it is written in CUDA_VISIBLE_DEVICES
  std::optional<Gpu> gpu;  ///< none: named by the user, but unknown to the driver's listing
};

/// What `nvidia-smi --query-gpu=index,uuid,name,memory.total,memory.used,utilization.gpu
/// --format=csv,noheader,nounits` prints; lines that do not fit are left out.
std::vector<Gpu> parse_nvidia_smi(std::string_view csv);

/// The devices that `visible` (the value of CUDA_VISIBLE_DEVICES; nullopt: not set) lets through,
/// in its order. A device that is named twice makes all invisible, as it does for CUDA.
std::vector<VisibleGpu> visible_gpus(const std::vector<Gpu>& gpus,
                                     const std::optional<std::string>& visible);

/// Where readings come from; tests put others in.
struct GpuSource {
  std::string nvml_library = "libnvidia-ml.so.1";
  std::string smi_program = "nvidia-smi";
  std::int64_t timeout_us = 20'000'000;  ///< of nvidia-smi: a sick driver hangs
};

/// All devices of the machine, through NVML, else nvidia-smi; empty when there is neither.
std::vector<Gpu> read_gpus(const GpuSource& source = {});
/// Through NVML alone, MIG instances after their devices; nullopt when it cannot be loaded or
/// fails.
std::optional<std::vector<Gpu>> read_gpus_by_nvml(const std::string& library);

/// CUDA_VISIBLE_DEVICES and CUDA_DEVICE_ORDER for a run on these devices; with none, that no device
/// is visible.
std::vector<std::pair<std::string, std::string>> gpu_variables(
    const std::vector<std::string>& tokens);

/// Whether a request makes sense: 0, a fraction of one device, or a whole number.
bool is_valid_gpu_request(double gpus);
/// Indices into `load` for a run that asks for `gpus`; `load[i]` is the part of device i that is
/// taken, 0 to 1. Whole requests take devices that nobody uses; fractions fill the fullest device
/// they fit into, so that whole ones stay free. The lowest index wins a tie. nullopt: it does not
/// fit now. Pure.
std::optional<std::vector<std::size_t>> assign_gpus(const std::vector<double>& load, double gpus);

/// Whether a device that a run had to itself is free again: the driver reports at most
/// `before_bytes` (read before that run began) plus kGpuSlack_bytes. A device that does not report,
/// or has been waited for longer than kGpuWait_us, counts as free: what is left then belongs to
/// somebody else.
bool is_gpu_released(const std::optional<std::int64_t>& used_bytes, std::int64_t before_bytes,
                     std::int64_t waited_us);
constexpr std::int64_t kGpuSlack_bytes = 256LL << 20;
constexpr std::int64_t kGpuWait_us = 30'000'000;

}  // namespace hone
