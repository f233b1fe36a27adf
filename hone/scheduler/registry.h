// The schedulers by name. Each algorithm's file defines its own factory and help; registry.cc lists
// them. No static initialisers: the list is written out, so that nothing depends on link order.
#pragma once

#include <memory>
#include <vector>

#include "hone/scheduler/scheduler.h"

namespace hone {

/// Makes a scheduler from the options in `spec.scheduler`; null when mistakes were appended to
/// `problems`.
using SchedulerFactory = std::unique_ptr<Scheduler> (*)(const StudySpec& spec,
                                                        std::vector<OptionProblem>& problems);

std::unique_ptr<Scheduler> make_none(const StudySpec& spec, std::vector<OptionProblem>& problems);
std::unique_ptr<Scheduler> make_median(const StudySpec& spec, std::vector<OptionProblem>& problems);
std::unique_ptr<Scheduler> make_asha(const StudySpec& spec, std::vector<OptionProblem>& problems);

AlgorithmHelp none_help();
AlgorithmHelp median_help();
AlgorithmHelp asha_help();

}  // namespace hone
