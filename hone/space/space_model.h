// The inside of a SearchSpace: parameters by index with their expressions bound to indices, and
// values in slots. Shared by search_space.cc and the feasible sampler, so that neither looks up
// names in a loop.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "hone/space/search_space.h"

namespace hone {

/// An expression whose names are parameter indices.
struct BoundExpression {
  Expression expression;
  std::vector<int> parameters;  ///< of expression.names(), in their order
};

struct BoundCondition {
  int parent = -1;
  std::vector<Value> any_of;
  std::optional<BoundExpression> test;
};

/// Immutable once `bind` has run; thread-safe.
struct SpaceModel {
  /// One per parameter; empty = inactive or not known.
  using Slots = std::vector<std::optional<Value>>;
  using Outcome = std::variant<Value, ExpressionFault>;

  std::vector<Parameter> parameters;
  std::vector<Constraint> constraints;
  std::vector<int> order;
  std::vector<int> searched;
  std::vector<int> column;  ///< by parameter: position in `searched`, or −1
  std::vector<std::vector<BoundCondition>> conditions;
  std::vector<std::optional<BoundExpression>> derived;
  std::vector<BoundExpression> bound_constraints;

  int size() const { return static_cast<int>(parameters.size()); }
  int index_of(std::string_view name) const;
  /// Fills everything below `constraints`; names must exist and have no cycle (see check_space).
  void bind();

  Outcome evaluate(const BoundExpression& bound, const Slots& slots) const;
  bool is_active(int index, const Slots& slots) const;
  /// Empties inactive slots, fills fixed and derived ones. Derived ones that cannot be computed
  /// stay empty; false if one failed for another reason than a missing value.
  bool complete(Slots& slots) const { return complete(slots, order); }
  /// The same for some parameters only (a part of `order` that holds their parents).
  bool complete(Slots& slots, std::span<const int> some) const;
  /// Whether every constraint that is judged holds; slots are complete.
  bool holds(const Slots& slots) const;
  bool holds(int constraint, const Slots& slots) const;
  Slots slots(const Config& config) const;
  Config config(const Slots& slots) const;

 private:
  std::vector<int> by_name_;  ///< indices sorted by name
};

/// Parents (conditions, tests, expressions) of every parameter, as indices; unknown names are
/// skipped.
std::vector<std::vector<int>> parent_lists(std::span<const Parameter> parameters);

/// Everything that can be told without sampling. Normalises weights that sum to 1 up to rounding.
std::vector<SpaceProblem> check_space(std::vector<Parameter>& parameters,
                                      const std::vector<Constraint>& constraints);

}  // namespace hone
