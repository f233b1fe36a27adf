#include "hone/cli/outcome_front.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "hone/base/text.h"
#include "hone/cli/lines.h"
#include "hone/cli/terminal.h"
#include "hone/math/pareto.h"

namespace hone::cli {
namespace {

constexpr std::size_t kMostRows = 20;

}  // namespace

std::string objectives_text(const StudySpec& spec) {
  std::vector<std::string> parts;
  for (int i = 0; i < spec.objective_count(); ++i) {
    const Metric& metric = spec.metrics[static_cast<std::size_t>(i)];
    parts.push_back(fmt::format("{} {}", goal_name(metric.goal), metric.name));
  }
  return join(parts, ", ");
}

std::string ranges_text(const History& history, const std::vector<std::int64_t>& trials) {
  std::vector<std::string> parts;
  for (int m = 0; m < history.spec().objective_count(); ++m) {
    const Metric& metric = history.spec().metrics[static_cast<std::size_t>(m)];
    std::optional<double> best;
    std::optional<double> worst;
    for (const std::int64_t number : trials) {
      const auto value = history.trial(number).value_of(m);
      if (!value) continue;
      if (!best || is_better(metric.goal, *value, *best)) best = value;
      if (!worst || is_better(metric.goal, *worst, *value)) worst = value;
    }
    if (!best) continue;
    parts.push_back(*best == *worst ? fmt::format("{} {}", metric.name, metric_text(*best))
                                    : fmt::format("{} {} to {}", metric.name, metric_text(*best),
                                                  metric_text(*worst)));
  }
  return join(parts, ", ");
}

std::string front_table(const History& history, const Front& front, int width) {
  const StudySpec& spec = history.spec();
  TextTable table;
  table.header = {"trial"};
  table.right = {true};
  for (int m = 0; m < spec.objective_count(); ++m) {
    table.header.push_back(spec.metrics[static_cast<std::size_t>(m)].name);
    table.right.push_back(true);
  }
  table.header.emplace_back("parameters");
  table.right.push_back(false);
  for (std::size_t i = 0; i < std::min(front.trials.size(), kMostRows); ++i) {
    const Trial& trial = history.trial(front.trials[i]);
    std::vector<std::string> row = {std::to_string(trial.number())};
    for (int m = 0; m < spec.objective_count(); ++m)
      row.push_back(metric_text(trial.value_of(m).value_or(NAN)));
    row.push_back(config_text(spec, trial.config()));
    table.rows.push_back(std::move(row));
  }
  std::string text = table.text(width);
  if (front.trials.size() > kMostRows) {
    text += fmt::format("… and {} more (hone best --json lists all)\n",
                        front.trials.size() - kMostRows);
  }
  return text;
}

std::string defaults_text(const History& history, const Front& front) {
  const Trial* base = nullptr;
  for (const Trial& trial : history.trials()) {
    if (trial.proposal->origin == TrialOrigin::default_config) base = &trial;
  }
  const auto losses = base != nullptr ? history.losses(*base) : std::nullopt;
  if (!losses || base->state != TrialState::complete) return "";
  if (std::find(front.trials.begin(), front.trials.end(), base->number()) != front.trials.end())
    return "The defaults are on the front.";
  const auto ahead =
      std::count_if(front.trials.begin(), front.trials.end(), [&](std::int64_t number) {
        return dominates(*history.losses(history.trial(number)), *losses);
      });
  if (ahead == 0) return "The defaults break a guard.";
  return fmt::format(
      "{} of them {} better than the defaults in one objective and worse in none ({}).", ahead,
      ahead == 1 ? "is" : "are", ranges_text(history, {base->number()}));
}

void set_front(Value& summary, const History& history, const Front& front) {
  Value::List list;
  for (const std::int64_t number : front.trials)
    list.push_back(trial_json(history, history.trial(number)));
  summary.set("front", Value(std::move(list)));
  summary.set("hypervolume", front.hypervolume ? Value(*front.hypervolume) : Value());
}

}  // namespace hone::cli
