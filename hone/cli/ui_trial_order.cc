#include "hone/cli/ui_trial_order.h"

#include <algorithm>
#include <cmath>

namespace hone::cli {
namespace {

bool is_chosen(const Trial& trial, TrialChoice choice) {
  switch (choice) {
    case TrialChoice::all:
      return true;
    case TrialChoice::running:
      return !is_ended(trial.state);
    case TrialChoice::complete:
      return trial.state == TrialState::complete;
    case TrialChoice::failed:
      return trial.state == TrialState::failed;
  }
  return false;
}

void sort_by_value(const History& history, std::vector<std::int64_t>& numbers) {
  const Goal goal = history.spec().objective().goal;
  const auto has_value = [](const Trial& trial) {
    return trial.value() && !std::isnan(*trial.value());
  };
  // A value on the way is none to be ordered by: those that came to their end first.
  const auto rank = [&](const Trial& trial) {
    return !has_value(trial) ? 2 : trial.state == TrialState::complete ? 0 : 1;
  };
  std::stable_sort(numbers.begin(), numbers.end(), [&](std::int64_t a, std::int64_t b) {
    const Trial& left = history.trial(a);
    const Trial& right = history.trial(b);
    if (rank(left) != rank(right)) return rank(left) < rank(right);
    return has_value(left) && is_better(goal, *left.value(), *right.value());
  });
}

}  // namespace

std::shared_ptr<const std::vector<std::int64_t>> TrialList::of(const History& history,
                                                               TrialOrder order,
                                                               TrialChoice choice) {
  if (numbers_ && history_ == &history && version_ == history.version() && order_ == order &&
      choice_ == choice)
    return numbers_;
  std::vector<std::int64_t> numbers;
  for (const Trial& trial : history.trials()) {
    if (is_chosen(trial, choice)) numbers.push_back(trial.number());
  }
  if (order == TrialOrder::newest) std::reverse(numbers.begin(), numbers.end());
  if (order == TrialOrder::best) sort_by_value(history, numbers);
  numbers_ = std::make_shared<const std::vector<std::int64_t>>(std::move(numbers));
  history_ = &history;
  version_ = history.version();
  order_ = order;
  choice_ = choice;
  return numbers_;
}

}  // namespace hone::cli
