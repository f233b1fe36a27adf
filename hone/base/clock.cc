#include "hone/base/clock.h"

#include <ctime>

namespace hone {
namespace {
std::int64_t read_us(clockid_t id) {
  timespec t{};
  clock_gettime(id, &t);
  return static_cast<std::int64_t>(t.tv_sec) * kSecond_us + t.tv_nsec / 1000;
}
}  // namespace

std::int64_t SystemClock::now_us() const { return read_us(CLOCK_REALTIME); }
std::int64_t SystemClock::monotonic_us() const { return read_us(CLOCK_MONOTONIC); }

}  // namespace hone
