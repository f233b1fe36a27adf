#include "hone/tuner/budget.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <memory>

#include "hone/base/text.h"

namespace hone {
namespace {

constexpr double kHour_s = 3600;

double seconds(std::int64_t us) { return static_cast<double>(us) / 1e6; }

/// Time that all runs were at work, those that still are up to now.
std::int64_t work_us(const History& history, std::int64_t now_us, std::int64_t since_us) {
  std::int64_t sum = history.busy_us();
  const std::int64_t last_us = history.last_us();
  const std::int64_t after = std::max<std::int64_t>(0, now_us - std::max(last_us, since_us));
  for (const RunId id : history.held_runs())
    sum += std::max<std::int64_t>(0, last_us - history.run(id)->started_us) + after;
  return sum;
}

bool is_time(const BudgetUse& use) {
  return use.key == "time" || use.key == "cpu" || use.key == "gpu";
}

std::string amount(const BudgetUse& use, double x) {
  if (is_time(use)) return format_duration_us(std::llround(x * 1e6));
  if (use.key == "trials") return std::to_string(std::llround(x));
  // Epochs and steps are counted, so as long as they can be read they stay whole.
  if (use.key == "fidelity" && std::abs(x) >= 1000 && std::abs(x) < 1e7)
    return std::to_string(std::llround(x));
  return format_number(x, 4);
}

std::string limit_text(const BudgetUse& use) {
  const std::string limit = amount(use, use.limit);
  if (use.key == "time") return limit;
  if (use.key == "trials") return limit + (use.limit == 1 ? " trial" : " trials");
  if (use.key == "cost") return "cost " + limit;
  return fmt::format("{} {}", limit, use.what);
}

}  // namespace

std::vector<BudgetUse> budget_use(const History& history, std::int64_t now_us,
                                  std::int64_t since_us) {
  const StudySpec& spec = history.spec();
  const Budget& budget = spec.budget;
  std::vector<BudgetUse> uses;
  if (budget.trials) {
    uses.push_back({"trials", "trials", static_cast<double>(history.counted()),
                    static_cast<double>(*budget.trials)});
  }
  if (budget.time_us) {
    std::int64_t used = history.active_us();
    if (!history.held_runs().empty())
      used += std::max<std::int64_t>(0, now_us - std::max(history.last_us(), since_us));
    uses.push_back({"time", "time", seconds(used), seconds(*budget.time_us)});
  }
  const double work_s = seconds(work_us(history, now_us, since_us));
  if (budget.cpu_us) {
    const double cpus = spec.resources.cpus.value_or(1);
    uses.push_back({"cpu", "CPU time", work_s * cpus, seconds(*budget.cpu_us)});
  }
  if (budget.gpu_us)
    uses.push_back({"gpu", "GPU time", work_s * spec.resources.gpus, seconds(*budget.gpu_us)});
  if (budget.cost) {
    const double used = budget.price ? work_s / kHour_s * *budget.price : history.cost();
    uses.push_back({"cost", "cost", used, *budget.cost});
  }
  if (budget.fidelity) {
    const std::string name = spec.fidelity ? spec.fidelity->name + "s" : "steps";
    uses.push_back({"fidelity", name, history.trained(), *budget.fidelity});
  }
  return uses;
}

bool counts_run_time(const Budget& budget) {
  return budget.cpu_us || budget.gpu_us || (budget.cost && budget.price);
}

std::string use_text(const BudgetUse& use) {
  const std::string both = fmt::format("{} of {}", amount(use, use.used), amount(use, use.limit));
  return use.key == "trials" || use.key == "fidelity" ? fmt::format("{} {}", both, use.what)
                                                      : fmt::format("{} {}", use.what, both);
}

std::string end_text(const BudgetUse& use) {
  if (use.key == "trials") return fmt::format("budget of {} used", limit_text(use));
  if (use.key == "time") return fmt::format("time budget of {} used", limit_text(use));
  return fmt::format("budget of {} used ({})", limit_text(use), amount(use, use.used));
}

std::vector<std::string> limit_texts(const StudySpec& spec) {
  std::vector<std::string> texts;
  const History nothing(std::make_shared<const StudySpec>(spec));
  for (const BudgetUse& use : budget_use(nothing, 0)) texts.push_back(limit_text(use));
  return texts;
}

}  // namespace hone
