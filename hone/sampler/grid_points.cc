#include "hone/sampler/grid_points.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "hone/base/assert.h"
#include "hone/space/encoding.h"
#include "hone/space/law.h"

namespace hone {
namespace {

/// numpy.arange(min, max, q): the upper end is left out. Values that the domain's own rounding
/// would not give are rounded.
std::vector<Value> sweep_values(const Real& real) {
  std::vector<Value> values;
  const double q = real.quantum->step;
  const auto count = static_cast<std::int64_t>(std::ceil((real.high - real.low) / q));
  for (std::int64_t k = 0; k < count && k < GridPoints::kMaxValues; ++k) {
    const double x = real.low + static_cast<double>(k) * q;
    Value value(x);
    if (real.whole) value = Value(static_cast<std::int64_t>(std::llround(x)));
    if (!contains(real, value)) value = decode(real, encode(real, value).value_or(0.5));
    if (values.empty() || !same_value(values.back(), value)) values.push_back(std::move(value));
  }
  return values;
}

std::vector<Value> grid_values(const Domain& domain, const GridRules& rules, std::string& problem) {
  std::vector<Value> values;
  if (const auto* choice = std::get_if<Choice>(&domain)) {
    for (const ChoiceItem& item : choice->items) values.push_back(item.value);
    return values;
  }
  const auto* real = std::get_if<Real>(&domain);
  if (real != nullptr && real->quantum && rules.sweep_file && !real->quantum->from_low &&
      real->law == Law::uniform) {
    return sweep_values(*real);
  }
  if (real != nullptr && !real->quantum) {
    if (rules.points <= 0) {
      problem = "is continuous: a grid needs values, a step, or the option points";
      return {};
    }
    // Both ends are points where the range has ends; an unbounded law is cut into equal shares.
    const bool bounded = std::isfinite(real->low) && std::isfinite(real->high);
    for (int k = 0; k < rules.points; ++k) {
      const bool middles = !bounded || rules.points == 1;
      values.push_back(
          quantile(domain, middles ? (k + 0.5) / rules.points : k / (rules.points - 1.0)));
    }
    return values;
  }
  const Grid grid = real != nullptr ? Grid(*real) : Grid(std::get<Integer>(domain));
  if (grid.count() > static_cast<double>(GridPoints::kMaxValues)) {
    problem = fmt::format("has {:.0f} values, and a grid takes at most {} of one parameter",
                          grid.count(), GridPoints::kMaxValues);
    return {};
  }
  const bool whole = real == nullptr || real->whole;
  for (double k = 0; k < grid.count(); ++k) {
    if (whole) {
      values.emplace_back(grid.integer(k));
    } else {
      values.emplace_back(grid.value(k));
    }
  }
  return values;
}

}  // namespace

GridPoints::GridPoints(const SearchSpace& space, const GridRules& rules,
                       std::vector<std::string>& problems)
    : space_(space), order_(space.searched().begin(), space.searched().end()) {
  if (rules.sweep_file && !space.has_conditions()) {
    // Nested parameters are sorted level by level: a dot comes before every other character.
    const auto key = [&](int i) {
      std::string name = space_.parameter(i).name;
      std::replace(name.begin(), name.end(), '.', '\x01');
      return name;
    };
    std::sort(order_.begin(), order_.end(), [&](int a, int b) { return key(a) < key(b); });
  }
  std::vector<std::vector<Value>> values;
  for (const int i : order_) {
    std::string problem;
    values.push_back(grid_values(space_.parameter(i).domain, rules, problem));
    if (!problem.empty()) problems.push_back(space_.parameter(i).name + " " + problem);
    if (values.back().empty()) ended_ = true;
  }
  values_ = std::make_shared<const std::vector<std::vector<Value>>>(std::move(values));
  digit_.assign(order_.size(), -1);
  if (!ended_) settle(0);
}

void GridPoints::settle(std::size_t from) {
  for (std::size_t j = from; j < order_.size(); ++j)
    config_.erase(space_.parameter(order_[j]).name);
  for (std::size_t j = from; j < order_.size(); ++j) {
    // Fixed and derived parameters may be parents, so activity is asked of the completed prefix.
    const bool active =
        !space_.has_conditions() || space_.is_active(order_[j], space_.complete(config_));
    digit_[j] = active ? 0 : -1;
    if (active) config_.set(space_.parameter(order_[j]).name, (*values_)[j].front());
  }
}

void GridPoints::advance() {
  HONE_ASSERT(!ended_, "a grid is not advanced beyond its end");
  for (std::size_t j = order_.size(); j-- > 0;) {
    const auto next = static_cast<std::size_t>(digit_[j] + 1);
    if (digit_[j] < 0 || next >= (*values_)[j].size()) continue;
    digit_[j] = static_cast<std::int64_t>(next);
    config_.set(space_.parameter(order_[j]).name, (*values_)[j][next]);
    settle(j + 1);
    return;
  }
  ended_ = true;
}

Config GridPoints::config() const {
  HONE_ASSERT(!ended_, "a point is asked for where there is one");
  return space_.complete(config_);
}

}  // namespace hone
