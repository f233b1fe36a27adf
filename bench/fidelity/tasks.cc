#include "bench/fidelity/tasks.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "bench/fidelity/curves.h"
#include "bench/quality/problem.h"
#include "hone/base/rng.h"
#include "hone/math/stats.h"

namespace hone::fidelity {
namespace {

/// The space from which TaskSet drew its Adam8p configurations.
SearchSpace taskset_space() {
  using quality::real;
  return quality::space_of(
      {real("learning_rate", 1e-8, 10, Law::log_uniform),
       real("beta1", 1e-4, 1 - 1e-4, Law::logit_uniform),
       real("beta2", 1e-3, 1 - 1e-6, Law::logit_uniform),
       real("epsilon", 1e-10, 1e3, Law::log_uniform), real("l1", 1e-8, 10, Law::log_uniform),
       real("l2", 1e-8, 10, Law::log_uniform), real("linear_decay", 1e-7, 1e-4, Law::log_uniform),
       real("exponential_decay", 1e-6, 1e-3, Law::log_uniform)});
}

/// A pool without a space of its own: the number of the row.
void make_unsearchable(Task& task) {
  const auto last = static_cast<std::int64_t>(task.rows.size()) - 1;
  task.space = quality::space_of({quality::integer("row", 0, last)});
  for (std::size_t r = 0; r < task.rows.size(); ++r) {
    task.rows[r].config = Config();
    task.rows[r].config.set("row", Value(static_cast<std::int64_t>(r)));
  }
}

/// How much a good curve's last ten values scatter around their own trend: sd of the differences of
/// neighbours over √2, the median over the best twentieth of the rows (six at least). The noise of
/// one evaluation, a lower limit of what another seed of the training would change.
double evaluation_noise(const Task& task) {
  constexpr std::size_t kLast = 10;
  const double share = std::max(0.05, 6.0 / static_cast<double>(task.rows.size()));
  std::vector<double> finals;
  for (std::size_t r = 0; r < task.rows.size(); ++r)
    finals.push_back(to_loss(task.goal, task.final_value(r)));
  const double good = quantile(finals, share);
  std::vector<double> sds;
  for (std::size_t r = 0; r < task.rows.size(); ++r) {
    if (finals[r] > good) continue;
    const auto& values = task.rows[r].values;
    std::vector<double> steps;
    for (std::size_t i = values.size() - kLast; i < values.size(); ++i)
      steps.push_back(values[i] - values[i - 1]);
    sds.push_back(std::sqrt(variance(steps) / 2));
  }
  return median(sds);
}

Task taskset_task(const CurveSet& set) {
  Task task;
  task.name = set.name;
  task.family = set.family;
  task.unit = "checkpoint";
  task.space = taskset_space();
  task.searchable = true;
  for (std::size_t i = 1; i < set.runs.front().steps.size(); ++i)
    task.levels.push_back(set.runs.front().steps[i]);
  for (std::size_t r = 0; r < set.runs.size(); ++r) {
    const auto& values = set.runs[r].objective().values;
    task.rows.push_back({set.runs[r].config, {values.begin() + 1, values.end()}, {}});
    task.rows.back().seconds = draw_seconds(task, r);
  }
  task.tolerance = evaluation_noise(task);
  task.tolerance_from = "scatter of the last ten values of good curves (no repeats recorded)";
  return task;
}

/// Value at an instant: the last one at or before it, the first one before that.
double value_at(const RecordedRun& run, double seconds) {
  const auto& at = run.seconds;
  const auto it = std::upper_bound(at.begin(), at.end(), seconds);
  const auto i = it == at.begin() ? 0 : it - at.begin() - 1;
  return run.objective().values[static_cast<std::size_t>(i)];
}

/// Repeats of one configuration scatter around their mean: √ of the mean variance, over the groups
/// whose mean is in the better half.
double repeat_sd(const std::map<std::string, std::vector<double>>& groups, Goal goal) {
  std::vector<double> means;
  for (const auto& [name, finals] : groups) means.push_back(to_loss(goal, mean(finals)));
  const double good = median(means);
  std::vector<double> variances;
  std::size_t g = 0;
  for (const auto& [name, finals] : groups) {
    if (means[g++] <= good && finals.size() >= 2) variances.push_back(variance(finals));
  }
  return std::sqrt(mean(variances));
}

/// The external-tuning runs of a workload over the time that three quarters of them have got to, in
/// 40 equal parts: runs end as soon as they reach the benchmark's target, and submissions differ in
/// the time of a step, so equal time is what can be compared.
std::optional<Task> algoperf_task(const CurveSet& set) {
  constexpr int kParts = 40;
  constexpr std::size_t kRunsAtLeast = 60;
  constexpr double kLongestShare = 0.25;
  std::vector<const RecordedRun*> runs;
  std::vector<double> lengths;
  for (const RecordedRun& run : set.runs) {
    if (run.rule != "external_tuning") continue;
    runs.push_back(&run);
    lengths.push_back(run.seconds.back());
  }
  if (runs.size() < kRunsAtLeast) return std::nullopt;
  const double length = quantile(lengths, kLongestShare);
  Task task;
  task.name = set.name;
  task.family = set.family;
  task.unit = "part";
  task.goal = runs.front()->objective().goal;
  task.times_recorded = true;
  for (int i = 1; i <= kParts; ++i) task.levels.push_back(i);
  std::map<std::string, std::vector<double>> groups;
  for (const RecordedRun* run : runs) {
    if (run->seconds.back() < length) continue;
    Row row;
    for (int i = 1; i <= kParts; ++i) {
      const double seconds = length * i / kParts;
      row.values.push_back(value_at(*run, seconds));
      row.seconds.push_back(seconds);
    }
    if (std::isfinite(row.values.back())) groups[run->group].push_back(row.values.back());
    task.rows.push_back(std::move(row));
  }
  if (task.rows.size() < kRunsAtLeast) return std::nullopt;
  make_unsearchable(task);
  task.trials = static_cast<int>(task.rows.size() / 2);
  task.tolerance = repeat_sd(groups, task.goal);
  task.tolerance_from = "repeats of a configuration, pooled over the better half";
  return task;
}

Task peft_task(const CurveSet& set) {
  Task task;
  task.name = set.name;
  task.family = set.family;
  task.unit = "part";
  task.times_recorded = true;
  std::size_t length = 0;
  for (const RecordedRun& run : set.runs) length = std::max(length, run.steps.size());
  for (std::size_t i = 1; i <= length; ++i) task.levels.push_back(static_cast<double>(i));
  for (const RecordedRun& run : set.runs) {
    if (run.steps.size() == length)
      task.rows.push_back({Config(), run.objective().values, run.seconds});
  }
  make_unsearchable(task);
  task.trials = static_cast<int>(task.rows.size() / 2);
  task.tolerance = evaluation_noise(task);
  task.tolerance_from = "scatter of the last ten values of good curves (no repeats recorded)";
  return task;
}

}  // namespace

double Task::regret(double value) const {
  const double r = (value - best) / (typical - best);
  return std::isnan(r) ? 1.0 : std::clamp(r, 0.0, 1.0);
}

double Task::cost(int from, int i) const {
  if (goes_on) {
    const double begun = from < 0 ? 0 : levels[static_cast<std::size_t>(from)];
    return (levels[static_cast<std::size_t>(i)] - begun) / full();
  }
  double sum = 0;
  for (int k = from + 1; k <= i; ++k) sum += levels[static_cast<std::size_t>(k)] / full();
  return sum;
}

std::vector<std::size_t> row_order(const Task& task, std::int64_t seed) {
  Rng rng = Rng(static_cast<std::uint64_t>(seed)).split("rows of " + task.name);
  std::vector<std::size_t> order(task.rows.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  for (std::size_t i = order.size(); i > 1; --i)
    std::swap(order[i - 1], order[static_cast<std::size_t>(rng.below(i))]);
  return order;
}

std::vector<double> draw_seconds(const Task& task, std::size_t row) {
  constexpr double kFull_s = 60;
  constexpr double kSpread = 0.5;
  Rng rng = Rng(1).split("seconds of " + task.name, row);
  const double length = kFull_s * std::exp(kSpread * rng.normal());
  std::vector<double> seconds;
  for (const double level : task.levels) seconds.push_back(length * level / task.full());
  return seconds;
}

void summarise(Task& task) {
  std::vector<double> losses;
  for (std::size_t r = 0; r < task.rows.size(); ++r)
    losses.push_back(to_loss(task.goal, task.final_value(r)));
  std::sort(losses.begin(), losses.end());
  const double sign = task.goal == Goal::minimize ? 1 : -1;
  task.best = sign * losses.front();
  task.typical = sign * losses[losses.size() / 2];
}

std::vector<Task> all_tasks(const std::string& data, std::vector<std::string>& skipped) {
  std::vector<Task> tasks;
  for (const CurveSet& set : read_taskset(data, skipped)) tasks.push_back(taskset_task(set));
  for (const CurveSet& set : read_algoperf(data, skipped)) {
    // One framework: the same submissions run in both.
    if (!set.name.ends_with("_jax")) continue;
    if (auto task = algoperf_task(set)) tasks.push_back(*std::move(task));
  }
  for (const CurveSet& set : read_peft(data, skipped)) tasks.push_back(peft_task(set));
  for (Task& task : yahpo_tasks(data, skipped)) tasks.push_back(std::move(task));
  for (Task& task : tasks) summarise(task);
  return tasks;
}

}  // namespace hone::fidelity
