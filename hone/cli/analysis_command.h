// What the commands that explain a study have in common: which study, which objective, which form.
#pragma once

#include <optional>
#include <string>

#include "hone/cli/commands.h"
#include "hone/cli/workplace.h"
#include "hone/study/history.h"

namespace hone::cli {

class AnalysisCommand : public Command {
 public:
  bool wants_json() const override { return common_.json; }

 protected:
  void declare_common(CommandLine& line) {
    line.option("--metric", metric_name_, "NAME", "Another objective than the first");
    line.flag("--csv", csv_, "As CSV on stdout");
    common_.declare(line);
  }
  /// Index of the metric asked for. Throws Error(invalid_input) for one that is no objective.
  int metric_of(const StudySpec& spec) const;
  /// A searched parameter's name as given. Throws Error(invalid_input) with the nearest.
  static void check_parameter(const StudySpec& spec, const std::string& name);

  std::optional<std::string> metric_name_;
  bool csv_ = false;
  CommonOptions common_;
};

}  // namespace hone::cli
