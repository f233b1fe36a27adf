#include "hone/scheduler/registry.h"

#include <fmt/core.h>

#include <string>

#include "hone/base/text.h"

namespace hone {
namespace {

/// What a scheduler makes of a study with several objectives.
enum class Several {
  refused,  ///< it compares the first one only
  fits,
};

struct Entry {
  const char* name;
  SchedulerFactory make;
  AlgorithmHelp (*help)();
  Several several;
};

constexpr Entry kSchedulers[] = {
    {"asha", make_asha, asha_help, Several::refused},
    {"auto", make_auto_scheduler, auto_scheduler_help, Several::fits},
    {"bohb", make_bohb, bohb_help, Several::refused},
    {"curve", make_curve, curve_help, Several::refused},
    {"dehb", make_dehb, dehb_help, Several::refused},
    {"hyperband", make_hyperband, hyperband_help, Several::refused},
    {"i_epoch", make_i_epoch, i_epoch_help, Several::refused},
    {"median", make_median, median_help, Several::refused},
    {"moasha", make_moasha, moasha_help, Several::fits},
    {"none", make_none, none_help, Several::fits},
    {"odds", make_odds, odds_help, Several::refused},
    {"pasha", make_pasha, pasha_help, Several::refused},
    {"patience", make_patience, patience_help, Several::fits},
    {"pb2", make_pb2, pb2_help, Several::refused},
    {"pbt", make_pbt, pbt_help, Several::refused},
    {"percentile", make_percentile, percentile_help, Several::refused},
    {"replay", make_replay, replay_help, Several::fits},
    {"threshold", make_threshold, threshold_help, Several::fits},
    {"wilcoxon", make_wilcoxon, wilcoxon_help, Several::refused},
};

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
    if (entry.several == Several::refused && spec.objective_count() > 1) {
      problems.push_back(
          {"type", fmt::format("{} compares trials by one objective, and the study has {}: use "
                               "moasha, or none",
                               entry.name, spec.objective_count())});
    }
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
