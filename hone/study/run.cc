#include "hone/study/run.h"

namespace hone {

const char* run_outcome_name(RunOutcome outcome) {
  switch (outcome) {
    case RunOutcome::finished:
      return "finished";
    case RunOutcome::stopped:
      return "stopped";
    case RunOutcome::paused:
      return "paused";
    case RunOutcome::failed:
      return "failed";
    case RunOutcome::interrupted:
      return "interrupted";
    case RunOutcome::cancelled:
      return "cancelled";
  }
  return "";
}

const char* run_purpose_name(RunPurpose purpose) {
  switch (purpose) {
    case RunPurpose::search:
      return "search";
    case RunPurpose::confirm:
      return "confirm";
    case RunPurpose::reproduce:
      return "reproduce";
    case RunPurpose::check:
      return "check";
  }
  return "";
}

const char* run_state_name(RunState state) {
  switch (state) {
    case RunState::waiting:
      return "waiting";
    case RunState::claimed:
      return "claimed";
    case RunState::running:
      return "running";
    case RunState::ended:
      return "ended";
  }
  return "";
}

}  // namespace hone
