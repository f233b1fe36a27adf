// Reading listings, the rules of CUDA_VISIBLE_DEVICES, and packing.
#include "hone/runner/gpu.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include "hone/base/text.h"
#include "hone/runner/process_capture.h"

namespace hone {
namespace {

constexpr double kRounding = 1e-9;  // three thirds are one
constexpr std::int64_t kMiB = 1LL << 20;

/// A number of the listing; "[N/A]", "[Not Supported]" and the like have none.
std::optional<std::int64_t> whole_number(std::string_view field) {
  const std::optional<double> value = parse_number(trim(field));
  if (!value || !(*value >= 0) || *value > 1e15) return std::nullopt;
  return static_cast<std::int64_t>(*value);
}

std::optional<std::int64_t> mebibytes(std::string_view field) {
  const std::optional<std::int64_t> value = whole_number(field);
  return value ? std::optional(*value * kMiB) : std::nullopt;
}

/// The device that a UUID or its beginning means; nullopt when none or several do.
const Gpu* by_uuid(const std::vector<Gpu>& gpus, std::string_view token) {
  const Gpu* found = nullptr;
  for (const Gpu& each : gpus) {
    if (!each.uuid.starts_with(token)) continue;
    if (found != nullptr) return nullptr;
    found = &each;
  }
  return found;
}

/// What one token of the variable means; nullopt: it is invalid, and the list ends here.
std::optional<VisibleGpu> from_token(const std::vector<Gpu>& gpus, std::string_view token) {
  if (token.starts_with("GPU-")) {
    const Gpu* gpu = by_uuid(gpus, token);
    if (gpu == nullptr) return std::nullopt;
    return VisibleGpu{std::string(token), *gpu};
  }
  if (token.starts_with("MIG-")) {
    // nvidia-smi's listing has no instances of divided devices: the name is taken on trust.
    const Gpu* gpu = by_uuid(gpus, token);
    return VisibleGpu{std::string(token), gpu != nullptr ? std::optional(*gpu) : std::nullopt};
  }
  const bool digits =
      !token.empty() && token.size() < 6 &&
      std::all_of(token.begin(), token.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (!digits) return std::nullopt;
  const int index = std::stoi(std::string(token));
  for (const Gpu& each : gpus) {
    if (each.index == index) return VisibleGpu{std::string(token), each};
  }
  return std::nullopt;
}

}  // namespace

std::vector<Gpu> parse_nvidia_smi(std::string_view csv) {
  std::vector<Gpu> gpus;
  for (const std::string_view line : split(csv, '\n')) {
    const std::vector<std::string_view> fields = split(line, ',');
    if (fields.size() < 6) continue;
    const std::optional<std::int64_t> index = whole_number(fields[0]);
    const std::string_view uuid = trim(fields[1]);
    if (!index || !uuid.starts_with("GPU-")) continue;
    Gpu gpu;
    gpu.index = static_cast<int>(*index);
    gpu.uuid = uuid;
    // A name may hold a comma; the fields after it are counted from the end.
    const std::size_t last = fields.size();
    const char* name_end = fields[last - 4].data() + fields[last - 4].size();
    gpu.name = trim({fields[2].data(), static_cast<std::size_t>(name_end - fields[2].data())});
    gpu.total_bytes = mebibytes(fields[last - 3]);
    gpu.used_bytes = mebibytes(fields[last - 2]);
    if (const auto busy = whole_number(fields[last - 1]))
      gpu.busy_percent = static_cast<int>(*busy);
    gpus.push_back(std::move(gpu));
  }
  return gpus;
}

std::vector<VisibleGpu> visible_gpus(const std::vector<Gpu>& gpus,
                                     const std::optional<std::string>& visible) {
  std::vector<VisibleGpu> seen;
  if (!visible) {
    for (const Gpu& each : gpus) {
      if (each.index >= 0) seen.push_back({std::to_string(each.index), each});
    }
    return seen;
  }
  std::set<std::string> known;
  for (const std::string_view token : split(*visible, ',')) {
    const std::optional<VisibleGpu> each = from_token(gpus, trim(token));
    if (!each) break;
    if (!known.insert(each->gpu ? each->gpu->uuid : each->token).second) return {};
    seen.push_back(*each);
  }
  return seen;
}

std::vector<Gpu> read_gpus(const GpuSource& source) {
  if (auto gpus = read_gpus_by_nvml(source.nvml_library)) return *gpus;
  const auto captured = run_and_capture(
      {source.smi_program, "--query-gpu=index,uuid,name,memory.total,memory.used,utilization.gpu",
       "--format=csv,noheader,nounits"},
      source.timeout_us);
  if (!captured || captured->exit_code != 0) return {};
  return parse_nvidia_smi(captured->output);
}

std::vector<std::pair<std::string, std::string>> gpu_variables(
    const std::vector<std::string>& tokens) {
  return {{"CUDA_VISIBLE_DEVICES", join(tokens, ",")}, {"CUDA_DEVICE_ORDER", "PCI_BUS_ID"}};
}

bool is_valid_gpu_request(double gpus) {
  return gpus >= 0 && gpus <= 1024 && (gpus <= 1 || gpus == std::floor(gpus));
}

std::optional<std::vector<std::size_t>> assign_gpus(const std::vector<double>& load, double gpus) {
  std::vector<std::size_t> chosen;
  if (gpus <= 0) return chosen;
  if (gpus >= 1) {
    const auto wanted = static_cast<std::size_t>(gpus);
    for (std::size_t i = 0; i < load.size() && chosen.size() < wanted; ++i) {
      if (load[i] <= kRounding) chosen.push_back(i);
    }
    if (chosen.size() < wanted) return std::nullopt;
    return chosen;
  }
  std::optional<std::size_t> fullest;
  for (std::size_t i = 0; i < load.size(); ++i) {
    if (load[i] + gpus > 1 + kRounding) continue;
    if (!fullest || load[i] > load[*fullest] + kRounding) fullest = i;
  }
  if (!fullest) return std::nullopt;
  return std::vector<std::size_t>{*fullest};
}

bool is_gpu_released(const std::optional<std::int64_t>& used_bytes, std::int64_t before_bytes,
                     std::int64_t waited_us) {
  return !used_bytes || *used_bytes <= before_bytes + kGpuSlack_bytes || waited_us >= kGpuWait_us;
}

}  // namespace hone
