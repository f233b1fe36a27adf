// What a trial's program logged through MLflow besides metrics, which are the trial's own: for
// `hone show`.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "hone/base/value.h"
#include "hone/study/study_spec.h"

namespace hone::cli {

/// The MLflow runs that programs made, from the folders of their hone runs; empty where there is
/// none on this machine.
Value::List mlflow_json(const std::vector<std::filesystem::path>& run_folders);
/// The same as lines: "mlflow run NAME: FINISHED", its parameters and tags below. MLflow's own tags
/// (`mlflow.*`) are left out.
std::string mlflow_text(const std::vector<std::filesystem::path>& run_folders);

/// Where the user's environment names a server of MLflow, and so programs log there: says so, and
/// how they would log into their trials.
std::optional<std::string> mlflow_note(const StudySpec& spec);

}  // namespace hone::cli
