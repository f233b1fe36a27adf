#include "hone/space/space_model.h"

#include <algorithm>
#include <numeric>

#include "hone/base/assert.h"

namespace hone {

int SpaceModel::index_of(std::string_view name) const {
  const auto at = std::lower_bound(
      by_name_.begin(), by_name_.end(), name,
      [&](int i, std::string_view n) { return parameters[static_cast<std::size_t>(i)].name < n; });
  if (at == by_name_.end() || parameters[static_cast<std::size_t>(*at)].name != name) return -1;
  return *at;
}

std::vector<std::vector<int>> parent_lists(std::span<const Parameter> parameters) {
  const auto index_of = [&](std::string_view name) {
    const auto at = std::find_if(parameters.begin(), parameters.end(),
                                 [&](const Parameter& p) { return p.name == name; });
    return at == parameters.end() ? -1 : static_cast<int>(at - parameters.begin());
  };
  std::vector<std::vector<int>> out(parameters.size());
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const auto add = [&](std::string_view name) {
      const int parent = index_of(name);
      if (parent >= 0 && std::find(out[i].begin(), out[i].end(), parent) == out[i].end()) {
        out[i].push_back(parent);
      }
    };
    for (const Condition& condition : parameters[i].conditions) {
      if (condition.test) {
        for (const std::string& name : condition.test->names()) add(name);
      } else {
        add(condition.parent);
      }
    }
    if (const auto* derived = std::get_if<Derived>(&parameters[i].domain)) {
      for (const std::string& name : derived->expression.names()) add(name);
    }
  }
  return out;
}

void SpaceModel::bind() {
  by_name_.resize(parameters.size());
  std::iota(by_name_.begin(), by_name_.end(), 0);
  std::sort(by_name_.begin(), by_name_.end(), [&](int a, int b) {
    return parameters[static_cast<std::size_t>(a)].name <
           parameters[static_cast<std::size_t>(b)].name;
  });
  const auto bound = [&](const Expression& expression) {
    BoundExpression out{expression, {}};
    for (const std::string& name : expression.names()) {
      out.parameters.push_back(index_of(name));
      HONE_ASSERT(out.parameters.back() >= 0, "the space was checked for unknown names");
    }
    return out;
  };
  // Depth first from the parameters in file order, parents first: keeps the file's order where
  // nothing forces another.
  const auto parents = parent_lists(parameters);
  std::vector<char> placed(parameters.size(), 0);
  std::vector<int> stack;
  for (int start = 0; start < size(); ++start) {
    stack.push_back(start);
    while (!stack.empty()) {
      const auto at = static_cast<std::size_t>(stack.back());
      bool waits = false;
      if (placed[at] == 0) {
        for (auto parent = parents[at].rbegin(); parent != parents[at].rend(); ++parent) {
          if (placed[static_cast<std::size_t>(*parent)] != 0) continue;
          stack.push_back(*parent);
          waits = true;
        }
      }
      if (waits) continue;
      stack.pop_back();
      if (placed[at] == 0) order.push_back(static_cast<int>(at));
      placed[at] = 1;
    }
  }
  column.assign(parameters.size(), -1);
  for (const int i : order) {
    if (!parameters[static_cast<std::size_t>(i)].is_searched()) continue;
    column[static_cast<std::size_t>(i)] = static_cast<int>(searched.size());
    searched.push_back(i);
  }
  for (const Parameter& parameter : parameters) {
    std::vector<BoundCondition> list;
    for (const Condition& condition : parameter.conditions) {
      BoundCondition c;
      if (condition.test) {
        c.test = bound(*condition.test);
      } else {
        c.parent = index_of(condition.parent);
        c.any_of = condition.any_of;
      }
      list.push_back(std::move(c));
    }
    conditions.push_back(std::move(list));
    const auto* expression = std::get_if<Derived>(&parameter.domain);
    derived.push_back(expression != nullptr ? std::optional(bound(expression->expression))
                                            : std::nullopt);
  }
  for (const Constraint& constraint : constraints)
    bound_constraints.push_back(bound(constraint.expression));
}

SpaceModel::Outcome SpaceModel::evaluate(const BoundExpression& bound, const Slots& slots) const {
  constexpr std::size_t kInline = 16;
  const Value* few[kInline];
  std::vector<const Value*> many;
  const std::size_t n = bound.parameters.size();
  const Value** values = few;
  if (n > kInline) {
    many.resize(n);
    values = many.data();
  }
  for (std::size_t i = 0; i < n; ++i) {
    const auto& slot = slots[static_cast<std::size_t>(bound.parameters[i])];
    values[i] = slot ? &*slot : nullptr;
  }
  return bound.expression.evaluate_with({values, n});
}

bool SpaceModel::is_active(int index, const Slots& slots) const {
  for (const BoundCondition& condition : conditions[static_cast<std::size_t>(index)]) {
    if (condition.test) {
      for (const int name : condition.test->parameters) {
        if (!slots[static_cast<std::size_t>(name)]) return false;
      }
      const Outcome outcome = evaluate(*condition.test, slots);
      const Value* value = std::get_if<Value>(&outcome);
      if (value == nullptr || !value->is_bool() || !value->as_bool()) return false;
    } else {
      const auto& slot = slots[static_cast<std::size_t>(condition.parent)];
      if (!slot) return false;
      if (std::none_of(condition.any_of.begin(), condition.any_of.end(),
                       [&](const Value& v) { return same_value(v, *slot); })) {
        return false;
      }
    }
  }
  return true;
}

bool SpaceModel::complete(Slots& slots, std::span<const int> some) const {
  bool whole = true;
  for (const int i : some) {
    const auto at = static_cast<std::size_t>(i);
    if (!conditions[at].empty() && !is_active(i, slots)) {
      slots[at].reset();
      continue;
    }
    if (const auto* fixed = std::get_if<Fixed>(&parameters[at].domain)) {
      slots[at] = fixed->value;
    } else if (derived[at]) {
      Outcome outcome = evaluate(*derived[at], slots);
      slots[at].reset();
      if (auto* value = std::get_if<Value>(&outcome))
        slots[at] = std::move(*value);
      else
        whole = whole && std::get<ExpressionFault>(outcome).missing_name;
    }
  }
  return whole;
}

bool SpaceModel::holds(int constraint, const Slots& slots) const {
  const BoundExpression& bound = bound_constraints[static_cast<std::size_t>(constraint)];
  for (const int name : bound.parameters) {
    if (!slots[static_cast<std::size_t>(name)]) return true;
  }
  const Outcome outcome = evaluate(bound, slots);
  const Value* value = std::get_if<Value>(&outcome);
  return value != nullptr && value->is_bool() && value->as_bool();
}

bool SpaceModel::holds(const Slots& slots) const {
  for (int i = 0; i < static_cast<int>(bound_constraints.size()); ++i) {
    if (!holds(i, slots)) return false;
  }
  return true;
}

SpaceModel::Slots SpaceModel::slots(const Config& config) const {
  Slots out(parameters.size());
  for (const auto& [name, value] : config) {
    const int i = index_of(name);
    if (i >= 0) out[static_cast<std::size_t>(i)] = value;
  }
  return out;
}

Config SpaceModel::config(const Slots& slots) const {
  Config out;
  out.reserve(static_cast<std::size_t>(std::count_if(
      slots.begin(), slots.end(), [](const auto& slot) { return slot.has_value(); })));
  for (const int i : by_name_) {  // by name, so that each goes to the end
    const auto& slot = slots[static_cast<std::size_t>(i)];
    if (slot) out.set(parameters[static_cast<std::size_t>(i)].name, *slot);
  }
  return out;
}

}  // namespace hone
