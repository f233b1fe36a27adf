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

std::unique_ptr<Scheduler> make_asha(const StudySpec& spec, std::vector<OptionProblem>& problems);
std::unique_ptr<Scheduler> make_auto_scheduler(const StudySpec& spec,
                                               std::vector<OptionProblem>& problems);
std::unique_ptr<Scheduler> make_bohb(const StudySpec& spec, std::vector<OptionProblem>& problems);
std::unique_ptr<Scheduler> make_curve(const StudySpec& spec, std::vector<OptionProblem>& problems);
std::unique_ptr<Scheduler> make_dehb(const StudySpec& spec, std::vector<OptionProblem>& problems);
std::unique_ptr<Scheduler> make_hyperband(const StudySpec& spec,
                                          std::vector<OptionProblem>& problems);
std::unique_ptr<Scheduler> make_i_epoch(const StudySpec& spec,
                                        std::vector<OptionProblem>& problems);
std::unique_ptr<Scheduler> make_median(const StudySpec& spec, std::vector<OptionProblem>& problems);
std::unique_ptr<Scheduler> make_moasha(const StudySpec& spec, std::vector<OptionProblem>& problems);
std::unique_ptr<Scheduler> make_none(const StudySpec& spec, std::vector<OptionProblem>& problems);
std::unique_ptr<Scheduler> make_odds(const StudySpec& spec, std::vector<OptionProblem>& problems);
std::unique_ptr<Scheduler> make_pasha(const StudySpec& spec, std::vector<OptionProblem>& problems);
std::unique_ptr<Scheduler> make_patience(const StudySpec& spec,
                                         std::vector<OptionProblem>& problems);
std::unique_ptr<Scheduler> make_pb2(const StudySpec& spec, std::vector<OptionProblem>& problems);
std::unique_ptr<Scheduler> make_pbt(const StudySpec& spec, std::vector<OptionProblem>& problems);
std::unique_ptr<Scheduler> make_percentile(const StudySpec& spec,
                                           std::vector<OptionProblem>& problems);
std::unique_ptr<Scheduler> make_replay(const StudySpec& spec, std::vector<OptionProblem>& problems);
std::unique_ptr<Scheduler> make_threshold(const StudySpec& spec,
                                          std::vector<OptionProblem>& problems);
std::unique_ptr<Scheduler> make_wilcoxon(const StudySpec& spec,
                                         std::vector<OptionProblem>& problems);

AlgorithmHelp asha_help();
AlgorithmHelp auto_scheduler_help();
AlgorithmHelp bohb_help();
AlgorithmHelp curve_help();
AlgorithmHelp dehb_help();
AlgorithmHelp hyperband_help();
AlgorithmHelp i_epoch_help();
AlgorithmHelp median_help();
AlgorithmHelp moasha_help();
AlgorithmHelp none_help();
AlgorithmHelp odds_help();
AlgorithmHelp pasha_help();
AlgorithmHelp patience_help();
AlgorithmHelp pb2_help();
AlgorithmHelp pbt_help();
AlgorithmHelp percentile_help();
AlgorithmHelp replay_help();
AlgorithmHelp threshold_help();
AlgorithmHelp wilcoxon_help();

}  // namespace hone
