#include "hone/cli/analysis_command.h"

#include <fmt/core.h>

#include <algorithm>

#include "hone/base/error.h"
#include "hone/base/text.h"

namespace hone::cli {
namespace {

[[noreturn]] void refuse(const std::string& what, const std::string& name,
                         const std::vector<std::string>& names) {
  const auto near = nearest_name(name, names);
  throw Error(ErrorCode::invalid_input, what,
              near ? fmt::format("did you mean '{}'?", *near) : join(names, ", "));
}

}  // namespace

int AnalysisCommand::metric_of(const StudySpec& spec) const {
  if (!metric_name_) return 0;
  std::vector<std::string> names;
  for (int m = 0; m < spec.objective_count(); ++m) {
    names.push_back(spec.metrics[static_cast<std::size_t>(m)].name);
    if (names.back() == *metric_name_) return m;
  }
  refuse(fmt::format("--metric: the study has no objective '{}'", *metric_name_), *metric_name_,
         names);
}

void AnalysisCommand::check_parameter(const StudySpec& spec, const std::string& name) {
  std::vector<std::string> names;
  for (const int index : spec.space.searched()) names.push_back(spec.space.parameter(index).name);
  if (std::find(names.begin(), names.end(), name) == names.end())
    refuse(fmt::format("'{}' is no parameter that the study searches", name), name, names);
}

}  // namespace hone::cli
