#include "hone/tuner/outage.h"

#include <fmt/core.h>

#include "hone/base/log.h"
#include "hone/store/transient.h"

namespace hone {
namespace {

constexpr std::int64_t kWarnEvery_us = 60'000'000;

}  // namespace

bool Outage::bears(const Error& error, std::int64_t now_us, std::int64_t give_up_us) {
  if (!is_transient(error.code())) return false;
  if (since_us_ == 0) since_us_ = now_us;
  // On a full disk reading works and writing does not: one warning for all of it.
  if (warned_us_ == 0 || now_us - warned_us_ >= kWarnEvery_us) {
    warned_us_ = now_us;
    log(LogLevel::warning, fmt::format("{}; trying again", error.what()));
  }
  return now_us - since_us_ <= give_up_us;
}

}  // namespace hone
