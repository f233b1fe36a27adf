// Population-based training (Jaderberg et al. 2017, arXiv 1711.09846): members train side by side;
// at every interval a member that is among the worst copies the checkpoint of one of the best and
// goes on from there with a changed configuration. What changes it is an `Explorer`: chance
// (pbt.cc) or a model (pb2.cc).
//
// A member is a lineage of trials: the trial of the member that loses is stopped, and a fork of the
// winner takes its place (`Proposal::bracket` is the member's number, `parent` the winner). The
// winner never stops for it. Members are compared at equal fidelity, at the latest interval that at
// least half of them have come to, so neither a slow nor a fast one has an advantage. Where there
// are more members than runs at a time, those that are ahead pause at an interval until the others
// have caught up.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "hone/scheduler/scheduler.h"

namespace hone {

struct PopulationOptions {
  int population = 8;
  std::optional<double> interval;  ///< in units of fidelity; none: a twentieth of the way
  double burn_in = 0;
  double quantile = 0.25;
  std::vector<std::string> mutate;
};

/// The rows that all populations have, for their option tables.
template <class T>
OptionTable<T>& add_population_rows(OptionTable<T>& table) {
  return table.integer("population", &T::population, 2, 10'000, "Members")
      .number("interval", &T::interval, 1e-300, 1e300,
              "Fidelity between comparisons; default: a twentieth of the way")
      .number("burn_in", &T::burn_in, 0, 1e300, "Fidelity below which no member is replaced")
      .number("quantile", &T::quantile, 0.01, 0.5,
              "Share of the members that are replaced, and of those that are copied")
      .names("mutate", &T::mutate,
             "Parameters that may change on the way; default: all. Leave out what a checkpoint "
             "depends on (widths, numbers of layers)");
}

/// What one interval of one trial taught: the configuration, and how the loss changed.
struct IntervalResult {
  std::int64_t trial = -1;
  int interval = 0;   ///< that it ended; counted from 1
  double before = 0;  ///< loss at its begin
  double change = 0;  ///< of the loss; smaller is better
};

/// What an explorer may look at.
struct ExplorationContext {
  const History& history;
  const std::vector<IntervalResult>& results;  ///< in commit order
  std::int64_t donor = -1;
  int interval = 0;                    ///< that begins
  double loss = 0;                     ///< of the donor, where it was compared
  std::vector<const Config*> running;  ///< of the other members
};

/// Pure.
class Explorer {
 public:
  virtual ~Explorer() = default;
  virtual Config explore(const ExplorationContext& context, Rng& rng) const = 0;
};

/// Null when mistakes were appended to `problems`. `name` is the scheduler's and the rule's.
std::unique_ptr<Scheduler> make_population(const std::string& name, PopulationOptions options,
                                           std::unique_ptr<Explorer> explorer,
                                           const StudySpec& spec,
                                           std::vector<OptionProblem>& problems);

/// Where the option `mutate` names no searched parameter, the mistake.
void check_mutate(const std::vector<std::string>& mutate, const StudySpec& spec,
                  std::vector<OptionProblem>& problems);

}  // namespace hone
