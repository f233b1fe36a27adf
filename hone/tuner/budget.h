// What a study has used of its budget: trials, wall time, time of processors and GPUs, money, units
// of the fidelity. Pure functions of the history and the store's clock.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "hone/study/history.h"

namespace hone {

/// One limit of the budget.
struct BudgetUse {
  std::string key;   ///< as in the study file: "trials", "time", "cpu", "gpu", "cost", "fidelity"
  std::string what;  ///< "CPU time", "cost", the fidelity's name
  double used = 0;   ///< trials, seconds, money, units of the fidelity
  double limit = 0;
  bool is_up() const { return used >= limit; }
};

/// The limits that the study has, in the order of the study file's keys. `now_us`: the store's
/// clock; `since_us`: since when somebody leads the study: what lies between its last change and
/// that is not taken for work.
std::vector<BudgetUse> budget_use(const History& history, std::int64_t now_us,
                                  std::int64_t since_us = 0);

/// Whether a limit counts the time that runs take (cpu, gpu, a cost by the hour), so that it must
/// be measured.
bool counts_run_time(const Budget& budget);

/// "CPU time 3.2 h of 10 h", "cost 4.21 of 20", "12 of 60 trials".
std::string use_text(const BudgetUse& use);
/// Why the study ends: "budget of 10 h CPU time used (10.1 h)".
std::string end_text(const BudgetUse& use);
/// The limits alone, for the start: "60 trials", "10 h CPU time", "cost 20".
std::vector<std::string> limit_texts(const StudySpec& spec);

}  // namespace hone
