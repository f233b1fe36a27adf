// A trial's folders for the tests of this folder.
#pragma once

#include <filesystem>
#include <string>

#include "hone/base/file.h"
#include "hone/runner/mlflow_ticket.h"

namespace hone::mlflow {

/// Removed at the end.
class TrialPlace {
 public:
  TrialPlace() {
    std::string pattern = (std::filesystem::temp_directory_path() / "hone-mlflow-XXXXXX").string();
    root_ = ::mkdtemp(pattern.data());
    make_private_folder(root_ / "0" / "run-0-0");
    make_private_folder(tickets());
  }
  ~TrialPlace() { remove_tree(root_); }
  TrialPlace(const TrialPlace&) = delete;
  TrialPlace& operator=(const TrialPlace&) = delete;

  std::filesystem::path tickets() const { return root_ / "tickets"; }
  std::filesystem::path trial_dir() const { return root_ / "0"; }
  Ticket ticket() const {
    return {"study/1/1",
            "tune",
            0,
            trial_dir(),
            trial_dir() / "run-0-0",
            trial_dir() / "run-0-0" / "metrics.jsonl"};
  }

 private:
  std::filesystem::path root_;
};

}  // namespace hone::mlflow
