// YAHPO surrogates as pools: 1,000 random configurations, each trained on growing shares of the
// data. Every share is a training of its own, so nothing is carried over from a smaller one, and a
// program that goes through all shares pays 1 + 1/3 + 1/9 + 1/27 of a full training.
#include <cmath>

#include "bench/fidelity/tasks.h"
#include "bench/quality/problem.h"
#include "hone/base/rng.h"

namespace hone::fidelity {

std::vector<Task> yahpo_tasks(const std::string& data, std::vector<std::string>& skipped) {
  constexpr int kRows = 1000;
  constexpr double kToleratedShare = 0.01;
  const std::vector<double> levels = {1, 3, 9, 27};
  std::vector<double> sizes;
  sizes.reserve(levels.size());
  for (const double level : levels) sizes.push_back(level / levels.back());
  std::vector<Task> tasks;
  for (const quality::SizedSurrogate& surrogate : quality::yahpo_sizes(data, sizes, skipped)) {
    Task task;
    task.name = "yahpo_" + surrogate.name;
    task.family = "yahpo";
    task.unit = "part";
    task.goal = surrogate.goal;
    task.space = surrogate.space;
    task.searchable = true;
    task.levels = levels;
    task.goes_on = false;
    Rng rng = Rng(1).split("pool of " + task.name);
    for (std::size_t r = 0; r < kRows; ++r) {
      Row row;
      row.config = *task.space.sample(rng);
      for (const auto& value : surrogate.at) row.values.push_back(value(row.config));
      row.seconds = draw_seconds(task, r);
      task.rows.push_back(std::move(row));
    }
    summarise(task);
    task.tolerance = kToleratedShare * std::abs(task.typical - task.best);
    task.tolerance_from = "stated: 1 % of the way from a typical to the best row (free of noise)";
    tasks.push_back(std::move(task));
  }
  return tasks;
}

}  // namespace hone::fidelity
