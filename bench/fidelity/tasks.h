// Tasks of the replay: pools of recorded trainings that a study draws its trials from. Every trial
// gets a row that no other trial of its study has; what its program prints, and when, is the row's.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "hone/space/search_space.h"
#include "hone/study/objective.h"

namespace hone::fidelity {

/// What one recorded training shows: a value and the seconds passed at each of the task's levels.
struct Row {
  Config config;
  std::vector<double> values;   ///< NaN: diverged
  std::vector<double> seconds;  ///< rising; of a task that starts anew at each level: of that level
};

struct Task {
  std::string name;
  std::string family;  ///< taskset, algoperf, peft, yahpo
  std::string unit;    ///< of fidelity: checkpoint, interval, part
  Goal goal = Goal::minimize;
  SearchSpace space;
  bool searchable = false;      ///< false: the space is the number of the row
  std::vector<double> levels;   ///< fidelities at which the program reports, rising; the last: full
  bool goes_on = true;          ///< false: each level is a training of its own (a size of data)
  bool times_recorded = false;  ///< false: drawn, see `draw_seconds`
  int trials = 100;             ///< of the full-length search that the others are measured with
  std::vector<Row> rows;
  double best = 0;             ///< of the final values
  double typical = 0;          ///< the median final value of the rows; divergence counts as worst
  double tolerance = 0;        ///< one standard deviation between seeds, in the metric's units
  std::string tolerance_from;  ///< how it was come by

  double full() const { return levels.back(); }
  double final_value(std::size_t row) const { return rows[row].values.back(); }
  /// 0 at the best row, 1 at a typical one and beyond; 1 for NaN.
  double regret(double value) const;
  /// Share of a full training that a program has done when it reports at level `i`, if it began at
  /// level `from` (−1: at the start). A task whose levels are trainings of their own runs through
  /// those from `from` + 1 to i.
  double cost(int from, int i) const;
};

/// The rows of a study in the order in which it draws them: for all methods the same.
std::vector<std::size_t> row_order(const Task& task, std::int64_t seed);

/// TaskSet, AlgoPerf, PEFT and YAHPO, as far as their files are below `data`; others are named in
/// `skipped`.
std::vector<Task> all_tasks(const std::string& data, std::vector<std::string>& skipped);
std::vector<Task> yahpo_tasks(const std::string& data, std::vector<std::string>& skipped);

/// Seconds at each level where none were recorded: a rate per row, log-normal with standard
/// deviation 0.5 of its logarithm around 60 s a full training, constant within the row.
std::vector<double> draw_seconds(const Task& task, std::size_t row);
/// Fills in `best` and `typical`.
void summarise(Task& task);

}  // namespace hone::fidelity
