// From a stored study to its end: what `hone run`, `hone resume` and `hone worker` share.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "hone/cli/background.h"
#include "hone/cli/work.h"

namespace hone::cli {

struct LaunchOptions {
  CommonOptions common;
  std::optional<int> parallel;
  bool may_lead = true;
  std::vector<std::string> notes;  ///< sentences to say at the start
  std::string resume_command;      ///< "hone run study.yaml"
  Background* background = nullptr;
  std::optional<std::string> serve = std::nullopt;  ///< --serve: "true", or a port
};

/// Works on the study until its end, an interruption or a stop, and prints what it came to. The
/// exit code.
int launch(const Workplace& place, const StudyInfo& study, std::shared_ptr<const StudySpec> spec,
           Work& work, const LaunchOptions& options);

/// The result of a study that is finished, with the ways on. The exit code.
int show_finished(const Workplace& place, const StudyInfo& study, const CommonOptions& common,
                  const std::string& run_command);

/// Where the output of a study without a terminal goes.
std::string log_path(const Workplace& place, const StudyInfo& study);

/// Commits actions as the study's leader; false (and nothing done) where another process leads. A
/// process that does this and then runs a session goes on leading.
bool apply_as_leader(const Workplace& place, StudyId study, std::span<const Action> actions);

}  // namespace hone::cli
