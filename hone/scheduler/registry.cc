#include "hone/scheduler/registry.h"

#include <fmt/core.h>

#include <array>
#include <string>

#include "hone/base/text.h"

namespace hone {
namespace {

struct Entry {
  const char* name;
  SchedulerFactory make;
  AlgorithmHelp (*help)();
};

constexpr std::array<Entry, 3> kSchedulers = {{
    {"asha", make_asha, asha_help},
    {"median", make_median, median_help},
    {"none", make_none, none_help},
}};

}  // namespace

std::unique_ptr<Scheduler> make_scheduler(const StudySpec& spec,
                                          std::vector<OptionProblem>& problems) {
  std::vector<std::string> names;
  for (const Entry& entry : kSchedulers) {
    if (spec.scheduler.name != entry.name) {
      names.emplace_back(entry.name);
      continue;
    }
    const std::size_t before = problems.size();
    auto scheduler = entry.make(spec, problems);
    return problems.size() == before ? std::move(scheduler) : nullptr;
  }
  const auto near = nearest_name(spec.scheduler.name, names);
  problems.push_back({"type",
                      fmt::format("unknown scheduler '{}'. {}", spec.scheduler.name,
                                  near ? fmt::format("Did you mean '{}'?", *near)
                                       : fmt::format("Schedulers: {}", join(names, ", "))),
                      true});
  return nullptr;
}

std::vector<AlgorithmHelp> scheduler_help() {
  std::vector<AlgorithmHelp> help;
  for (const Entry& entry : kSchedulers) help.push_back(entry.help());
  return help;
}

}  // namespace hone
