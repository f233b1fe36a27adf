#include "hone/analysis/failure_pattern.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <vector>

#include "hone/analysis/shown.h"
#include "hone/math/hypergeometric.h"
#include "hone/space/encoding.h"

namespace hone {
namespace {

constexpr std::int64_t kLeastFailures = 3;
constexpr std::size_t kMostCuts = 64;  ///< of a parameter

/// A trial's position along a parameter, and whether it failed.
struct Entry {
  double at = 0;
  bool failed = false;
  std::int64_t trial = -1;
};

struct Search {
  const History& history;
  HypergeometricTails& tails;
  FailurePattern best;
  std::int64_t tried = 0;

  void consider(const std::string& parameter, FailurePattern::Relation relation, const Value& bound,
                std::int64_t inside, std::int64_t drawn, std::int64_t all, std::int64_t marked) {
    ++tried;
    const double p = tails.upper(inside, all, marked, drawn);
    if (p > best.p || (p == best.p && inside <= best.inside)) return;
    best.parameter = parameter;
    best.relation = relation;
    best.bound = bound;
    best.inside = inside;
    best.trials = drawn;
    best.p = p;
  }

  const Value& value_of(std::int64_t trial, const std::string& parameter) const {
    return *history.trial(trial).config().get(parameter);
  }

  void look_at_order(const std::string& parameter, std::vector<Entry> entries) {
    std::stable_sort(entries.begin(), entries.end(),
                     [](const Entry& a, const Entry& b) { return a.at < b.at; });
    const auto all = static_cast<std::int64_t>(entries.size());
    const auto marked = std::count_if(entries.begin(), entries.end(),
                                      [](const Entry& entry) { return entry.failed; });
    // A side may end between any two values; in a long study evenly spaced ones of these ends are
    // tested, whatever failed there.
    std::vector<std::size_t> cuts;
    for (std::size_t i = 0; i + 1 < entries.size(); ++i) {
      if (entries[i].at != entries[i + 1].at) cuts.push_back(i);
    }
    const std::size_t step = (cuts.size() + kMostCuts - 1) / kMostCuts;
    std::int64_t below = 0;
    std::size_t next = step / 2;
    for (std::size_t i = 0; i + 1 < entries.size() && next < cuts.size(); ++i) {
      below += entries[i].failed ? 1 : 0;
      if (i != cuts[next]) continue;
      next += step;
      const auto drawn = static_cast<std::int64_t>(i) + 1;
      consider(parameter, FailurePattern::Relation::at_most, value_of(entries[i].trial, parameter),
               below, drawn, all, marked);
      consider(parameter, FailurePattern::Relation::at_least,
               value_of(entries[i + 1].trial, parameter), marked - below, all - drawn, all, marked);
    }
  }

  void look_at_items(const std::string& parameter, const std::vector<Entry>& entries) {
    struct Item {
      std::int64_t trials = 0, failed = 0, example = -1;
    };
    std::map<double, Item> items;
    std::int64_t marked = 0;
    for (const Entry& entry : entries) {
      Item& item = items[entry.at];
      ++item.trials;
      item.failed += entry.failed ? 1 : 0;
      item.example = entry.trial;
      marked += entry.failed ? 1 : 0;
    }
    if (items.size() < 2) return;
    for (const auto& [at, item] : items) {
      consider(parameter, FailurePattern::Relation::equal, value_of(item.example, parameter),
               item.failed, item.trials, static_cast<std::int64_t>(entries.size()), marked);
    }
  }
};

bool counts(const Trial& trial) {
  switch (trial.state) {
    case TrialState::complete:
    case TrialState::stopped:
    case TrialState::paused:
      return true;
    case TrialState::failed:
      return trial.fail_kind != FailKind::lost;
    default:
      return false;
  }
}

}  // namespace

std::vector<FailurePattern> failure_patterns(const History& history) {
  std::map<FailKind, std::int64_t> kinds;
  for (const Trial& trial : history.trials()) {
    if (trial.state == TrialState::failed && trial.fail_kind != FailKind::lost)
      ++kinds[trial.fail_kind];
  }
  const SearchSpace& space = history.spec().space;
  std::vector<FailurePattern> found;
  HypergeometricTails tails;
  for (const auto& [kind, failures] : kinds) {
    if (failures < kLeastFailures) continue;
    Search search{history, tails, {}, 0};
    for (std::size_t j = 0; j < static_cast<std::size_t>(space.dimension()); ++j) {
      const Parameter& parameter = space.parameter(space.searched()[j]);
      std::vector<Entry> entries;
      for (const Trial& trial : history.trials()) {
        const double at = history.encoded(trial.number())[j];
        if (!counts(trial) || std::isnan(at)) continue;
        entries.push_back(
            {at, trial.state == TrialState::failed && trial.fail_kind == kind, trial.number()});
      }
      if (is_categorical(parameter.domain)) {
        search.look_at_items(parameter.name, entries);
      } else {
        search.look_at_order(parameter.name, std::move(entries));
      }
    }
    search.best.kind = kind;
    search.best.failures = failures;
    search.best.p = std::min(1.0, search.best.p * static_cast<double>(search.tried));
    found.push_back(std::move(search.best));
  }
  return found;
}

std::string side_text(const FailurePattern& pattern) {
  const char* sign = pattern.relation == FailurePattern::Relation::at_least  ? "≥"
                     : pattern.relation == FailurePattern::Relation::at_most ? "≤"
                                                                             : "=";
  return fmt::format("{} {} {}", pattern.parameter, sign, shown_value(pattern.bound));
}

}  // namespace hone
