// Puts a session together for a study on this machine: devices, environment record, job builder,
// executor, display.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "hone/cli/workplace.h"
#include "hone/tuner/job_builder.h"
#include "hone/tuner/session.h"
#include "hone/tuner/session_plan.h"

namespace hone::cli {

struct WorkOptions {
  std::optional<int> parallel;  ///< --parallel
  bool may_lead = true;
  bool end_now = false;
};

/// A machine's part in a study; made before anything is started, so that what does not fit is said
/// first.
class Work {
 public:
  /// Throws Error(invalid_input) when a run does not fit this machine.
  Work(const Workplace& place, std::shared_ptr<const StudySpec> spec, WorkOptions options);
  ~Work();

  const SessionPlan& plan() const { return plan_; }
  SessionEnd run(const StudyInfo& study, SessionObserver& observer);

  // After `run`.
  const History& history() const;
  /// Names that programs printed and the study does not declare.
  std::vector<std::string> seen_metrics() const;
  /// The format in which the objective came (`metric_format_title` says it in words), "" if none.
  std::string recognised() const;

 private:
  const Workplace& place_;
  std::shared_ptr<const StudySpec> spec_;
  WorkOptions options_;
  SessionPlan plan_;
  struct Parts;
  JobBuilderOptions builder_options(const StudyInfo& study) const;
  std::unique_ptr<Parts> parts_;
};

/// What a run of this study would be recorded to depend on if it started here and now
/// (collect_environment).
Value environment_of(const StudySpec& spec);

/// The user's environment.
std::vector<std::pair<std::string, std::string>> process_environment();

}  // namespace hone::cli
