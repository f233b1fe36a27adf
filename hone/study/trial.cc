#include "hone/study/trial.h"

#include <algorithm>
#include <array>

namespace hone {
namespace {

constexpr std::array<const char*, 7> kStateNames = {"queued",  "running", "paused",   "complete",
                                                    "stopped", "failed",  "cancelled"};
constexpr std::array<const char*, 12> kFailNames = {
    "none",    "exit_code", "signal", "out_of_memory", "gpu_out_of_memory", "timeout",
    "silence", "no_metric", "nan",    "diverged",      "infeasible",        "lost"};
constexpr std::array<const char*, 12> kFailTexts = {
    "none",    "exit code", "signal",     "out of memory", "GPU out of memory", "time limit",
    "silence", "no metric", "NaN metric", "diverged",      "infeasible",        "lost"};

}  // namespace

const char* trial_state_name(TrialState state) {
  return kStateNames[static_cast<std::size_t>(state)];
}
const char* fail_kind_name(FailKind kind) { return kFailNames[static_cast<std::size_t>(kind)]; }
const char* fail_kind_text(FailKind kind) { return kFailTexts[static_cast<std::size_t>(kind)]; }

const char* trial_origin_name(TrialOrigin origin) {
  switch (origin) {
    case TrialOrigin::sampler:
      return "sampler";
    case TrialOrigin::default_config:
      return "default";
    case TrialOrigin::enqueued:
      return "enqueued";
    case TrialOrigin::clone:
      return "clone";
    case TrialOrigin::fork:
      return "fork";
    case TrialOrigin::retry_with_change:
      return "retry with change";
    case TrialOrigin::imported:
      return "imported";
  }
  return "";
}

const char* verdict_name(Verdict verdict) {
  switch (verdict) {
    case Verdict::go_on:
      return "continue";
    case Verdict::pause:
      return "pause";
    case Verdict::stop:
      return "stop";
  }
  return "";
}

std::optional<TrialState> trial_state_from_name(std::string_view name) {
  for (std::size_t i = 0; i < kStateNames.size(); ++i) {
    if (name == kStateNames[i]) return static_cast<TrialState>(i);
  }
  return std::nullopt;
}

std::optional<FailKind> fail_kind_from_name(std::string_view name) {
  for (std::size_t i = 0; i < kFailNames.size(); ++i) {
    if (name == kFailNames[i]) return static_cast<FailKind>(i);
  }
  return std::nullopt;
}

bool may_change(TrialState from, TrialState to) {
  using enum TrialState;
  switch (from) {
    case queued:
      return to == running || to == cancelled || to == stopped || to == failed;
    case running:
      return to == complete || to == stopped || to == paused || to == failed || to == queued;
    case paused:
      return to == queued || to == stopped;
    case complete:
      return to == queued;
    case stopped:
    case failed:
    case cancelled:
      return to == queued;
  }
  return false;
}

bool is_ended(TrialState state) {
  using enum TrialState;
  return state == complete || state == stopped || state == failed || state == cancelled;
}

std::optional<double> Trial::value() const { return value_of(0); }

std::optional<double> Trial::value_of(int metric) const {
  for (const Result& result : results) {
    if (result.metric == metric) return result.value;
  }
  return std::nullopt;
}

bool Trial::warned_by(std::string_view detector) const {
  return std::any_of(warnings.begin(), warnings.end(),
                     [&](const TrialWarning& warning) { return warning.detector == detector; });
}

std::int64_t& TrialCounts::of(TrialState state) {
  switch (state) {
    case TrialState::queued:
      return queued;
    case TrialState::running:
      return running;
    case TrialState::paused:
      return paused;
    case TrialState::complete:
      return complete;
    case TrialState::stopped:
      return stopped;
    case TrialState::failed:
      return failed;
    case TrialState::cancelled:
      return cancelled;
  }
  return queued;
}

}  // namespace hone
