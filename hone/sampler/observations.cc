#include "hone/sampler/observations.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <tuple>

#include "hone/base/rng.h"
#include "hone/math/pareto.h"
#include "hone/study/infeasible.h"

namespace hone {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

bool is_accident(const Trial& trial) {
  return trial.state == TrialState::failed &&
         (trial.fail_kind == FailKind::exit_code || trial.fail_kind == FailKind::signal);
}

/// Sum over guards and constraints of how far the value lies outside, relative to the bound.
double violation(const Trial& trial, const StudySpec& spec) {
  double sum = 0;
  for (std::size_t m = 0; m < spec.metrics.size(); ++m) {
    const Metric& metric = spec.metrics[m];
    if (metric.role != MetricRole::guard && metric.role != MetricRole::constraint) continue;
    const auto value = trial.value_of(static_cast<int>(m));
    if (!value) continue;
    if (std::isnan(*value)) return kInfinity;
    const auto add = [&](double outside, double bound) {
      if (outside > 0) sum += outside / std::max(std::abs(bound), 1e-12);
    };
    if (metric.min) add(*metric.min - *value, *metric.min);
    if (metric.max) add(*value - *metric.max, *metric.max);
  }
  return sum;
}

struct ByRank {
  const std::vector<Observed>& of;
  bool operator()(std::int64_t a, std::int64_t b) const {
    return better(of[static_cast<std::size_t>(a)], of[static_cast<std::size_t>(b)]);
  }
};

struct ByHash {
  bool operator()(std::int64_t a, std::int64_t b) const {
    return mix64(static_cast<std::uint64_t>(a)) < mix64(static_cast<std::uint64_t>(b));
  }
};

}  // namespace

bool better(const Observed& a, const Observed& b) {
  return std::tuple(a.lesson, -a.reached, a.loss, a.trial) <
         std::tuple(b.lesson, -b.reached, b.loss, b.trial);
}

Observed Observations::judge(const Trial& trial, const History& history) const {
  Observed observed;
  observed.trial = trial.number();
  const StudySpec& spec = history.spec();
  switch (trial.state) {
    case TrialState::queued:
    case TrialState::running:
      observed.lesson = Lesson::pending;
      return observed;
    case TrialState::cancelled:
      return observed;
    case TrialState::failed:
      if (failed_by_configuration(trial.fail_kind)) observed.lesson = Lesson::infeasible;
      // A program that ends badly blames its configuration once another has shown that it can work,
      // unless it ends with the words of those that failed before anything worked: then the
      // environment was broken.
      if (is_accident(trial) && earliest_success_ >= 0 && !broken_.contains(trial.detail)) {
        observed.lesson = Lesson::infeasible;
      }
      return observed;
    case TrialState::complete:
    case TrialState::stopped:
    case TrialState::paused:
      break;
  }
  std::optional<double> value = trial.value();
  if (!value && !trial.curve.empty()) value = trial.curve.back().value;
  const bool whole = trial.state == TrialState::complete;
  if (!value) {
    if (trial.state == TrialState::paused) observed.lesson = Lesson::pending;
    return observed;
  }
  observed.loss = to_loss(spec.objective().goal, *value);
  if (std::isnan(*value)) {
    observed.lesson = Lesson::infeasible;
  } else if (!history.satisfies_guards(trial)) {
    observed.lesson = Lesson::violates;
    observed.loss = violation(trial, spec);
  } else {
    observed.lesson = whole ? Lesson::value : Lesson::partial;
    if (!whole) observed.reached = trial.reached.value_or(0);
  }
  return observed;
}

void Observations::remove(std::int64_t trial) {
  const Observed& old = of_[static_cast<std::size_t>(trial)];
  if (old.lesson == Lesson::pending) pending_.erase(trial);
  if (old.lesson < Lesson::pending) {
    by_rank_.erase(trial, ByRank{of_});
    by_hash_.erase(trial, ByHash{});
  }
  ranked_ -= old.lesson <= Lesson::violates ? 1 : 0;
  usable_ -= old.lesson <= Lesson::partial ? 1 : 0;
}

void Observations::insert(const Observed& observed) {
  of_[static_cast<std::size_t>(observed.trial)] = observed;
  if (observed.lesson == Lesson::pending) pending_.insert(observed.trial);
  if (observed.lesson < Lesson::pending) {
    by_rank_.insert(observed.trial, ByRank{of_});
    by_hash_.insert(observed.trial, ByHash{});
  }
  ranked_ += observed.lesson <= Lesson::violates ? 1 : 0;
  usable_ += observed.lesson <= Lesson::partial ? 1 : 0;
}

void Observations::put(std::int64_t number, const History& history) {
  const Trial& trial = history.trial(number);
  if (number >= static_cast<std::int64_t>(of_.size()))
    of_.resize(static_cast<std::size_t>(number) + 1);
  remove(number);
  const auto value = trial.value();
  mark_success(number, trial.state == TrialState::complete && value && !std::isnan(*value));
  if (is_accident(trial)) {
    accidents_.insert(number);
  } else {
    accidents_.erase(number);
  }
  Observed observed = judge(trial, history);
  if (objectives_ > 1) {
    losses_.resize(of_.size() * static_cast<std::size_t>(objectives_));
    const auto all = history.losses(trial);
    if (all) {
      std::copy(all->begin(), all->end(),
                losses_.begin() + static_cast<std::ptrdiff_t>(number * objectives_));
    } else if (observed.lesson <= Lesson::partial) {
      observed.lesson = Lesson::nothing;  // an objective is missing
    }
  }
  insert(observed);
}

void Observations::mark_success(std::int64_t trial, bool succeeded) {
  succeeded_.resize(of_.size());
  succeeded_[static_cast<std::size_t>(trial)] = succeeded;
  if (succeeded && (earliest_success_ < 0 || trial < earliest_success_)) earliest_success_ = trial;
  if (succeeded || trial != earliest_success_) return;
  const auto next = std::find(succeeded_.begin() + trial, succeeded_.end(), true);
  earliest_success_ = next == succeeded_.end() ? -1 : next - succeeded_.begin();
}

void Observations::review_accidents(const History& history) {
  first_success_ = earliest_success_;
  broken_.clear();
  for (const std::int64_t number : accidents_) {
    if (first_success_ >= 0 && number > first_success_) break;
    ++broken_[history.trial(number).detail];
  }
  for (const std::int64_t number : accidents_) put(number, history);
}

void Observations::update(const History& history) {
  const auto touched = history.touched();
  const auto first = history.size() > 0 ? history.trial(0).proposal : nullptr;
  if (spec_ != history.spec_ptr() || touched.size() < folded_ ||
      (first_ != nullptr && first_ != first)) {
    *this = Observations();
  }
  spec_ = history.spec_ptr();
  objectives_ = spec_->objective_count();
  first_ = first;
  bool review = false;
  for (std::size_t i = folded_; i < touched.size(); ++i) {
    const std::int64_t number = touched[i];
    const bool was_accident = accidents_.contains(number);
    put(number, history);
    // Accidents are judged anew when one of those before the first success comes or goes, or that
    // success does.
    const bool is_now = accidents_.contains(number);
    if ((was_accident || is_now) && (first_success_ < 0 || number < first_success_)) review = true;
  }
  folded_ = touched.size();
  const std::int64_t first_success = earliest_success_;
  if (first_success != first_success_ && !accidents_.empty()) review = true;
  first_success_ = first_success;
  if (review) review_accidents(history);
}

std::span<const std::int64_t> Observations::leading(Leading& of, bool by_rank, std::size_t count) {
  const auto each = [this](const auto& take) {
    for (const Observed& observed : of_) {
      if (observed.lesson < Lesson::pending) take(observed.trial);
    }
  };
  return by_rank ? of.first(count, ByRank{of_}, each) : of.first(count, ByHash{}, each);
}

std::vector<std::vector<std::int64_t>> Observations::fronts(std::int64_t enough) const {
  std::vector<std::vector<std::int64_t>> fronts;
  std::int64_t sorted = 0;
  const auto add = [&](std::vector<std::int64_t> front) {
    sorted += static_cast<std::int64_t>(front.size());
    fronts.push_back(std::move(front));
  };
  for (const Lesson lesson : {Lesson::value, Lesson::partial}) {
    std::vector<std::int64_t> trials;
    std::vector<double> points;
    for (const Observed& observed : of_) {
      if (observed.lesson != lesson || observed.trial < 0) continue;
      trials.push_back(observed.trial);
      if (objectives_ == 1) points.push_back(observed.loss);
      if (objectives_ == 1) continue;
      const auto own = losses(observed.trial);
      points.insert(points.end(), own.begin(), own.end());
    }
    if (sorted >= enough) return fronts;
    for (const auto& front :
         sort_fronts({points, objectives_}, static_cast<std::size_t>(enough - sorted))) {
      std::vector<std::int64_t> numbers;
      for (const std::size_t i : front) numbers.push_back(trials[i]);
      add(std::move(numbers));
    }
  }
  std::vector<Observed> breaking;
  for (const Observed& observed : of_) {
    if (observed.lesson == Lesson::violates) breaking.push_back(observed);
  }
  std::sort(breaking.begin(), breaking.end(), better);
  for (const Observed& observed : breaking) {
    if (sorted >= enough) break;
    add({observed.trial});
  }
  return fronts;
}

std::vector<std::int64_t> Observations::best_of_fronts(std::int64_t count) const {
  std::vector<std::int64_t> best;
  const auto m = static_cast<std::size_t>(objectives_);
  for (const auto& front : fronts(count)) {
    const std::size_t room = static_cast<std::size_t>(count) - best.size();
    if (front.size() <= room) {
      best.insert(best.end(), front.begin(), front.end());
      if (front.size() == room) break;
      continue;
    }
    // Behind the worst of the front in every objective, so that its ends count.
    std::vector<double> points;
    std::vector<double> reference(m, -kInfinity);
    for (const std::int64_t trial : front) {
      const auto own = losses(trial);
      for (std::size_t k = 0; k < m; ++k) {
        const double loss = std::clamp(own[k], -1e300, 1e300);
        points.push_back(loss);
        reference[k] = std::max(reference[k], std::max(1.1 * loss, 0.9 * loss));
      }
    }
    for (double& r : reference) r = r == 0 ? 1e-12 : r;
    std::vector<std::size_t> all(front.size());
    for (std::size_t i = 0; i < all.size(); ++i) all[i] = i;
    for (const std::size_t i : pick_by_hypervolume({points, objectives_}, all, reference, room))
      best.push_back(front[i]);
    break;
  }
  return best;
}

std::vector<std::int64_t> Observations::best(std::int64_t count) {
  const std::int64_t usable = std::min(count, usable_);
  if (objectives_ > 1) return best_of_fronts(std::max<std::int64_t>(0, usable));
  const auto first =
      leading(by_rank_, true, static_cast<std::size_t>(std::max<std::int64_t>(0, usable)));
  return {first.begin(), first.end()};
}

std::vector<std::int64_t> Observations::rest(std::int64_t without, std::int64_t count,
                                             bool with_infeasible) {
  std::vector<std::int64_t> left_out = best(without);
  std::sort(left_out.begin(), left_out.end());
  std::vector<std::int64_t> trials;
  // Further than needed only where infeasible ones are passed over.
  for (std::size_t look = static_cast<std::size_t>(count) + left_out.size();; look *= 2) {
    const auto first = leading(by_hash_, false, look);
    trials.clear();
    for (const std::int64_t trial : first) {
      if (static_cast<std::int64_t>(trials.size()) == count) break;
      if (std::binary_search(left_out.begin(), left_out.end(), trial)) continue;
      if (!with_infeasible && lesson(trial) == Lesson::infeasible) continue;
      trials.push_back(trial);
    }
    if (static_cast<std::int64_t>(trials.size()) == count || first.size() == by_hash_.total())
      break;
  }
  return trials;
}

}  // namespace hone
