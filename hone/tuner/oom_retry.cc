#include "hone/tuner/oom_retry.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "hone/base/text.h"
#include "hone/space/law.h"

namespace hone {
namespace {

const OomRule* rule_for(const StudySpec& spec, FailKind kind) {
  const auto& rule = kind == FailKind::gpu_out_of_memory ? spec.on_gpu_oom : spec.on_oom;
  const bool memory = kind == FailKind::gpu_out_of_memory || kind == FailKind::out_of_memory;
  return memory && rule ? &*rule : nullptr;
}

/// The legal value next to `wanted` on the far side of it from `from` (or at it); past the last
/// one, the last. All as numbers, ascending.
template <class At>
double step_beyond(double from, double wanted, double count, double nearest, const At& value_at) {
  double k = nearest;
  if (wanted < from) {
    while (k > 0 && value_at(k) > wanted) k -= 1;
  } else {
    while (k < count - 1 && value_at(k) < wanted) k += 1;
  }
  return k;
}

std::optional<Value> changed_choice(const Choice& choice, double from, double wanted) {
  std::vector<const Value*> numbers;
  for (const ChoiceItem& item : choice.items) {
    if (item.value.is_number()) numbers.push_back(&item.value);
  }
  if (numbers.empty()) return std::nullopt;
  std::stable_sort(numbers.begin(), numbers.end(),
                   [](const Value* a, const Value* b) { return a->as_number() < b->as_number(); });
  const auto count = static_cast<double>(numbers.size());
  const auto at = [&](double k) { return numbers[static_cast<std::size_t>(k)]->as_number(); };
  const double k = step_beyond(from, wanted, count, wanted < from ? count - 1 : 0, at);
  return *numbers[static_cast<std::size_t>(k)];
}

std::optional<Value> changed_real(const Real& real, double from, double wanted) {
  if (real.quantum) {
    const Grid grid(real);
    const auto at = [&](double k) { return grid.value(k); };
    const double k = step_beyond(from, wanted, grid.count(), grid.nearest(wanted), at);
    return real.whole ? Value(grid.integer(k)) : Value(grid.value(k));
  }
  const Value plain(wanted);
  if (contains(real, plain)) return plain;
  const Value bound(wanted < from ? real.low : real.high);
  return contains(real, bound) ? std::optional(bound) : std::nullopt;
}

/// The value halved or doubled, kept legal; nullopt where it cannot go further that way.
std::optional<Value> changed_value(const Domain& domain, const Value& value, bool halve) {
  if (!value.is_number() || !(value.as_number() > 0)) return std::nullopt;
  const double from = value.as_number();
  const double wanted = halve ? from / 2 : from * 2;
  std::optional<Value> next;
  if (const auto* choice = std::get_if<Choice>(&domain)) {
    next = changed_choice(*choice, from, wanted);
  } else if (const auto* integer = std::get_if<Integer>(&domain)) {
    const Grid grid(*integer);
    const auto at = [&](double k) { return grid.value(k); };
    next = Value(grid.integer(step_beyond(from, wanted, grid.count(), grid.nearest(wanted), at)));
  } else if (const auto* real = std::get_if<Real>(&domain)) {
    next = changed_real(*real, from, wanted);
  }
  if (!next || !contains(domain, *next)) return std::nullopt;
  const bool moved = halve ? next->as_number() < from : next->as_number() > from;
  return moved ? next : std::nullopt;
}

/// Fills what has become active by the change with its default, else the middle of its law.
Config whole(const SearchSpace& space, const Config& changed) {
  Config config = space.complete(changed);
  std::vector<double> row(static_cast<std::size_t>(space.dimension()));
  space.encode(config, row);
  std::replace_if(
      row.begin(), row.end(), [](double u) { return std::isnan(u); }, 0.5);
  const Config middle = space.decode(row);
  for (const int index : space.searched()) {
    const Parameter& parameter = space.parameter(index);
    if (config.get(parameter.name) != nullptr || !space.is_active(index, config)) continue;
    const Value* value = middle.get(parameter.name);
    if (parameter.default_value) value = &*parameter.default_value;
    if (value != nullptr) config.set(parameter.name, *value);
  }
  return space.complete(std::move(config));
}

std::string text_of(const Value& value) {
  return value.is_number() ? format_number(value.as_number(), 6) : value.dump();
}

using Changed = std::variant<SmallerTrial, std::string>;

/// One change of the configuration; `with_double`: what is doubled besides.
Changed change(const SearchSpace& space, const Config& before, const OomRule& rule,
               bool with_double) {
  Config config = before;
  std::vector<std::string> changes;
  std::vector<std::string> stuck;
  const auto apply = [&](const std::string& name, bool halve) {
    const int index = space.index_of(name);
    const Value* old = before.get(name);
    if (index < 0 || old == nullptr) return;
    const auto next = changed_value(space.parameter(index).domain, *old, halve);
    if (!next) {
      stuck.push_back(fmt::format("{} is {} and cannot be {}", name, text_of(*old),
                                  halve ? "halved" : "doubled"));
      return;
    }
    changes.push_back(fmt::format("{} {} → {}", name, text_of(*old), text_of(*next)));
    config.set(name, *next);
  };
  for (const std::string& name : rule.halve) apply(name, true);
  if (changes.empty() && !rule.halve.empty()) {
    return stuck.empty() ? fmt::format("it has no {}", join(rule.halve, " or ")) : stuck.front();
  }
  if (with_double) {
    for (const std::string& name : rule.doubled) apply(name, false);
  }
  if (changes.empty())
    return stuck.empty() ? fmt::format("it has no {}", join(rule.doubled, " or ")) : stuck.front();
  config = whole(space, config);
  const auto faults = space.violations(config);
  if (!faults.empty()) return fmt::format("{}: {}", join(changes, ", "), faults.front());
  return SmallerTrial{std::move(config), join(changes, ", "), 1};
}

/// How often the chain that ends with this trial was changed.
int steps_so_far(const History& history, std::int64_t number) {
  int steps = 0;
  for (const Trial* trial = &history.trial(number);
       trial->proposal->origin == TrialOrigin::retry_with_change && trial->proposal->parent;
       trial = &history.trial(*trial->proposal->parent)) {
    ++steps;
  }
  return steps;
}

bool ran_out_of_memory(const Trial& trial) {
  return trial.state == TrialState::failed && (trial.fail_kind == FailKind::out_of_memory ||
                                               trial.fail_kind == FailKind::gpu_out_of_memory);
}

}  // namespace

Changed smaller_trial(const History& history, std::int64_t number) {
  const Trial& trial = history.trial(number);
  const SearchSpace& space = history.spec().space;
  const OomRule* rule = rule_for(history.spec(), trial.fail_kind);
  if (rule == nullptr) return std::string("the study says nothing about it");
  const int before = steps_so_far(history, number);
  if (before >= rule->at_most)
    return fmt::format("it was changed {} times already (at_most)", before);
  Config config = trial.config();
  std::vector<std::string> changes;
  // A configuration that is known to run out of memory too is passed over.
  for (int step = 1; before + step <= rule->at_most; ++step) {
    Changed next = change(space, config, *rule, true);
    if (std::holds_alternative<std::string>(next) && !rule->halve.empty() &&
        !rule->doubled.empty()) {
      Changed alone = change(space, config, *rule, false);
      if (std::holds_alternative<SmallerTrial>(alone)) next = std::move(alone);
    }
    if (std::holds_alternative<std::string>(next)) return next;
    auto& smaller = std::get<SmallerTrial>(next);
    changes.push_back(smaller.change);
    smaller.change = join(changes, "; ");
    smaller.step = before + step;
    const std::int64_t same = history.find_config(smaller.config.key());
    if (same < 0) return next;
    if (!ran_out_of_memory(history.trial(same)))
      return fmt::format("{} is what trial {} has", smaller.change, same);
    config = smaller.config;
  }
  return std::string("what it may be changed to ran out of memory too");
}

void OomRetries::observe(const Change& change, const History& history) {
  if (const auto* moved = std::get_if<TrialMoved>(&change.body)) {
    const Trial& trial = history.trial(moved->trial);
    if (ran_out_of_memory(trial) && trial.proposal->origin != TrialOrigin::imported &&
        !decided_.contains(moved->trial))
      waiting_.insert(moved->trial);
  } else if (const auto* added = std::get_if<TrialAdded>(&change.body)) {
    if (added->proposal->origin != TrialOrigin::retry_with_change || !added->proposal->parent)
      return;
    decided_.insert(*added->proposal->parent);
    waiting_.erase(*added->proposal->parent);
  } else if (const auto* noted = std::get_if<Noted>(&change.body)) {
    if (noted->kind != kNotRetried) return;
    decided_.insert(noted->body.int_or("trial", -1));
    waiting_.erase(noted->body.int_or("trial", -1));
  } else if (const auto* queued = std::get_if<RunQueued>(&change.body)) {
    waiting_.erase(queued->plan.trial);
  }
}

std::optional<std::int64_t> OomRetries::next(const History& history) const {
  for (const std::int64_t number : waiting_) {
    if (rule_for(history.spec(), history.trial(number).fail_kind) != nullptr) return number;
  }
  return std::nullopt;
}

}  // namespace hone
