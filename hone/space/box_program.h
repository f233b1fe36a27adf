// Constraints over a box of parameters: which of them hold everywhere, which nowhere, and how far
// the box can shrink without losing a feasible point. Expressions are compiled to one graph per
// group of constraints (expressions of derived parameters appear once), evaluated forwards with
// intervals and narrowed backwards: HC4-revise (Benhamou et al., "Revising hull and box
// consistency", ICLP 1999). Deviation: values have kinds (number, boolean, other), may be missing
// (inactive) and may fail, as expressions do.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "hone/space/interval.h"
#include "hone/space/space_model.h"

namespace hone {

/// Every outcome that a node may have over a box.
struct Range {
  Interval number;  ///< numbers it may be
  bool may_true = false;
  bool may_false = false;
  bool may_other = false;        ///< text, list, null …
  bool may_miss = false;         ///< an inactive parameter
  bool may_fail = false;         ///< no value for another reason
  const Value* point = nullptr;  ///< the only `other` value, if it is known

  static Range of(const Value& value);
  bool may_be_bool() const { return may_true || may_false; }
  bool has_value() const { return !number.empty() || may_be_bool() || may_other; }
  bool is_number_only() const { return !may_be_bool() && !may_other && !may_miss && !may_fail; }
};

enum class BoxStatus : std::uint8_t { holds, breaks, undecided };

/// One condition of the feasible set.
struct FeasibilityTerm {
  int constraint = -1;  ///< index of a constraint, or −1:
  int computes = -1;    ///< this derived parameter can be computed
};

/// Immutable; evaluation writes to a workspace of the caller, so one program serves many threads.
class BoxProgram {
 public:
  using Ranges = std::vector<Range>;  ///< one per node

  /// `variables`: parameter indices whose ranges the caller supplies; all that the terms need, see
  /// `closure`.
  BoxProgram(const SpaceModel& model, std::span<const int> variables,
             std::span<const FeasibilityTerm> terms);

  /// The parameters on which a term depends: its names, what they are computed from and the
  /// conditions of all; ascending.
  static std::vector<int> closure(const SpaceModel& model, const FeasibilityTerm& term);

  /// Sets the first nodes to `variables` and evaluates all others.
  void forward(std::span<const Range> variables, Ranges& ranges) const;
  /// After forward.
  BoxStatus status(std::size_t term, const Ranges& ranges) const;
  /// After forward: narrows the ranges of the variables by the terms that must hold; false when
  /// nothing is left.
  bool backward(Ranges& ranges) const;

  std::size_t variable_count() const { return variable_count_; }
  std::size_t term_count() const { return terms_.size(); }
  /// Positions of the variables on which a term depends.
  const std::vector<int>& term_variables(std::size_t term) const { return terms_[term].variables; }

  // --- structure, for proposals that exploit it
  enum class Op : std::uint8_t {
    constant,
    variable,
    opaque,
    gate,
    judged,
    add,
    subtract,
    multiply,
    divide,
    floor_divide,
    modulo,
    power,
    negate,
    identity,
    less,
    less_equal,
    equal,
    logical_not,
    logical_and,
    logical_or,
    conditional,
    abs,
    min,
    max,
    sqrt,
    exp,
    log,
    log2,
    log10,
    floor,
    ceil,
    round,
    round_to,
    to_int,
  };
  struct Node {
    Op op = Op::opaque;
    Value constant;
    std::vector<int> inputs;
  };
  int node_count() const { return static_cast<int>(nodes_.size()); }
  const Node& node(int index) const { return nodes_[static_cast<std::size_t>(index)]; }
  /// Nodes that are true wherever the term is judged and holds: its root, taken apart at `and`.
  std::vector<int> conjuncts(std::size_t term) const;
  /// Whether the term is judged at every point (no name of it can be inactive or fail).
  bool always_judged(std::size_t term, const Ranges& ranges) const;

 private:
  friend class BoxCompiler;
  struct Term {
    int root = -1;           ///< boolean node, or −1 for `computes`
    int computed = -1;       ///< node of the derived parameter's expression
    std::vector<int> names;  ///< nodes of the parameters it names
    std::vector<int> variables;
  };
  bool narrow_inputs(int index, Ranges& ranges, std::vector<char>& required) const;

  std::size_t variable_count_ = 0;
  std::vector<Node> nodes_;  ///< inputs before users
  std::vector<Term> terms_;
};

}  // namespace hone
