#include "hone/runner/gpu_monitor.h"

#include <chrono>

namespace hone {

const std::vector<Gpu>& GpuMonitor::look(std::int64_t now_us) {
  if (next_.valid() && next_.wait_for(std::chrono::seconds(0)) == std::future_status::ready)
    newest_ = next_.get();
  if (!next_.valid() && (!any_ || now_us - begun_us_ >= kAge_us)) {
    any_ = true;
    begun_us_ = now_us;
    next_ = std::async(std::launch::async, read_);
  }
  return newest_;
}

}  // namespace hone
