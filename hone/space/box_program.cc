// Compilation of expressions to the graph, and its forward evaluation. The backward pass is
// box_narrowing.cc.
#include "hone/space/box_program.h"

#include <algorithm>
#include <cmath>

#include "hone/base/assert.h"
#include "hone/space/expression_node.h"

namespace hone {

using Op = BoxProgram::Op;

Range Range::of(const Value& value) {
  Range r;
  if (value.is_number())
    r.number = Interval::point(value.as_number());
  else if (value.is_bool())
    (value.as_bool() ? r.may_true : r.may_false) = true;
  else {
    r.may_other = true;
    r.point = &value;
  }
  // An integer beyond 2^53 is not its double.
  if (value.is_int() && std::fabs(value.as_number()) >= 9007199254740992.0)
    r.number = widen(r.number, 1);
  return r;
}

class BoxCompiler {
 public:
  BoxCompiler(const SpaceModel& model, BoxProgram& program, std::span<const int> variables)
      : model_(model),
        program_(program),
        of_parameter_(model.parameters.size(), -1),
        expression_of_(model.parameters.size(), -1),
        variable_of_(model.parameters.size(), -1) {
    program.variable_count_ = variables.size();
    for (std::size_t i = 0; i < variables.size(); ++i) {
      variable_of_[static_cast<std::size_t>(variables[i])] = static_cast<int>(i);
      emit(Op::variable, {});
    }
    // Parents come first in the order, so every name is compiled before it is used.
    std::vector<char> wanted(model.parameters.size(), 0);
    for (const int v : variables) wanted[static_cast<std::size_t>(v)] = 1;
    for (const int i : model.order) {
      if (model.parameters[static_cast<std::size_t>(i)].is_searched() &&
          wanted[static_cast<std::size_t>(i)] == 0)
        continue;
      parameter(i);
    }
  }

  void term(const FeasibilityTerm& t, std::span<const int> variables) {
    BoxProgram::Term out;
    if (t.constraint >= 0) {
      const BoundExpression& bound =
          model_.bound_constraints[static_cast<std::size_t>(t.constraint)];
      out.root = expression(bound, bound.expression.root());
      for (const int name : bound.parameters)
        out.names.push_back(of_parameter_[static_cast<std::size_t>(name)]);
    } else {
      out.computed = of_parameter_[static_cast<std::size_t>(t.computes)];
    }
    for (const int parameter : BoxProgram::closure(model_, t)) {
      const auto at = std::find(variables.begin(), variables.end(), parameter);
      if (at != variables.end()) out.variables.push_back(static_cast<int>(at - variables.begin()));
    }
    program_.terms_.push_back(std::move(out));
  }

 private:
  int emit(Op op, std::vector<int> inputs, Value constant = {}) {
    program_.nodes_.push_back({op, std::move(constant), std::move(inputs)});
    return static_cast<int>(program_.nodes_.size()) - 1;
  }

  /// A parameter is compiled only where all that it depends on is.
  bool ready(const BoundExpression& bound) const {
    return std::all_of(bound.parameters.begin(), bound.parameters.end(),
                       [&](int p) { return of_parameter_[static_cast<std::size_t>(p)] >= 0; });
  }

  void parameter(int index) {
    const auto at = static_cast<std::size_t>(index);
    int value = variable_of_[at];
    if (const auto* fixed = std::get_if<Fixed>(&model_.parameters[at].domain)) {
      value = emit(Op::constant, {}, fixed->value);
    } else if (model_.derived[at]) {
      if (!ready(*model_.derived[at])) return;
      value = expression(*model_.derived[at], model_.derived[at]->expression.root());
    }
    if (value < 0) return;
    std::vector<int> gate{value};
    for (const BoundCondition& condition : model_.conditions[at]) {
      if (condition.test) {
        if (!ready(*condition.test)) return;
        std::vector<int> judged{expression(*condition.test, condition.test->expression.root())};
        for (const int name : condition.test->parameters)
          judged.push_back(of_parameter_[static_cast<std::size_t>(name)]);
        gate.push_back(emit(Op::judged, std::move(judged)));
      } else {
        const int parent = of_parameter_[static_cast<std::size_t>(condition.parent)];
        if (parent < 0) return;
        std::vector<int> any;
        for (const Value& v : condition.any_of)
          any.push_back(emit(Op::equal, {parent, emit(Op::constant, {}, v)}));
        gate.push_back(emit(
            Op::judged, {any.size() == 1 ? any[0] : emit(Op::logical_or, std::move(any)), parent}));
      }
    }
    of_parameter_[at] = gate.size() == 1 ? value : emit(Op::gate, std::move(gate));
  }

  int expression(const BoundExpression& bound, const ExpressionNode& node) {
    const auto child = [&](std::size_t i) { return expression(bound, node.children[i]); };
    switch (node.kind) {
      case NodeKind::literal:
        return emit(Op::constant, {}, node.literal);
      case NodeKind::name: {
        const int index = of_parameter_[static_cast<std::size_t>(
            bound.parameters[static_cast<std::size_t>(node.name)])];
        HONE_ASSERT(index >= 0, "names are compiled before their users");
        return index;
      }
      case NodeKind::list:
        return emit(Op::opaque, {});
      case NodeKind::minus:
        return emit(Op::negate, {child(0)});
      case NodeKind::plus:
        return emit(Op::identity, {child(0)});
      case NodeKind::logical_not:
        return emit(Op::logical_not, {child(0)});
      case NodeKind::sum:
      case NodeKind::product: {
        int left = child(0);
        for (std::size_t i = 0; i < node.ops.size(); ++i)
          left = emit(binary(node.ops[i]), {left, child(i + 1)});
        return left;
      }
      case NodeKind::power: {
        const int base = child(0);
        return emit(Op::power, {base, child(1)});
      }
      case NodeKind::comparison:
        return comparison(bound, node);
      case NodeKind::logical_and:
      case NodeKind::logical_or: {
        std::vector<int> inputs;
        for (std::size_t i = 0; i < node.children.size(); ++i) inputs.push_back(child(i));
        return emit(node.kind == NodeKind::logical_and ? Op::logical_and : Op::logical_or,
                    std::move(inputs));
      }
      case NodeKind::conditional: {
        const int condition = child(0);
        const int yes = child(1);
        return emit(Op::conditional, {condition, yes, child(2)});
      }
      case NodeKind::call:
        return call(bound, node);
    }
    return emit(Op::opaque, {});
  }

  static Op binary(NodeOp op) {
    switch (op) {
      case NodeOp::add:
        return Op::add;
      case NodeOp::subtract:
        return Op::subtract;
      case NodeOp::multiply:
        return Op::multiply;
      case NodeOp::divide:
        return Op::divide;
      case NodeOp::floor_divide:
        return Op::floor_divide;
      default:
        return Op::modulo;
    }
  }

  int comparison(const BoundExpression& bound, const ExpressionNode& node) {
    std::vector<int> links;
    int left = expression(bound, node.children[0]);
    for (std::size_t i = 0; i < node.ops.size(); ++i) {
      const ExpressionNode& right_node = node.children[i + 1];
      if (node.ops[i] == NodeOp::in || node.ops[i] == NodeOp::not_in) {
        int found = -1;
        if (right_node.kind == NodeKind::list && !right_node.children.empty()) {
          std::vector<int> any;
          for (const ExpressionNode& item : right_node.children)
            any.push_back(emit(Op::equal, {left, expression(bound, item)}));
          found = emit(Op::logical_or, std::move(any));
        } else {
          found = emit(Op::opaque, {left});
        }
        links.push_back(node.ops[i] == NodeOp::in ? found : emit(Op::logical_not, {found}));
        left = emit(Op::opaque, {});
        continue;
      }
      const int right = expression(bound, right_node);
      switch (node.ops[i]) {
        case NodeOp::less:
          links.push_back(emit(Op::less, {left, right}));
          break;
        case NodeOp::less_equal:
          links.push_back(emit(Op::less_equal, {left, right}));
          break;
        case NodeOp::greater:
          links.push_back(emit(Op::less, {right, left}));
          break;
        case NodeOp::greater_equal:
          links.push_back(emit(Op::less_equal, {right, left}));
          break;
        case NodeOp::equal:
          links.push_back(emit(Op::equal, {left, right}));
          break;
        default:
          links.push_back(emit(Op::logical_not, {emit(Op::equal, {left, right})}));
          break;
      }
      left = right;
    }
    return links.size() == 1 ? links[0] : emit(Op::logical_and, std::move(links));
  }

  int call(const BoundExpression& bound, const ExpressionNode& node) {
    std::vector<int> inputs;
    for (const ExpressionNode& child : node.children) inputs.push_back(expression(bound, child));
    const auto op = [&] {
      switch (node.function) {
        case NodeFunction::abs:
          return Op::abs;
        case NodeFunction::min:
          return Op::min;
        case NodeFunction::max:
          return Op::max;
        case NodeFunction::sqrt:
          return Op::sqrt;
        case NodeFunction::exp:
          return Op::exp;
        case NodeFunction::log:
          return Op::log;
        case NodeFunction::log2:
          return Op::log2;
        case NodeFunction::log10:
          return Op::log10;
        case NodeFunction::floor:
          return Op::floor;
        case NodeFunction::ceil:
          return Op::ceil;
        case NodeFunction::round:
          return node.children.size() == 1 ? Op::round : Op::round_to;
        case NodeFunction::to_int:
          return Op::to_int;
      }
      return Op::opaque;
    }();
    return emit(op, std::move(inputs));
  }

  const SpaceModel& model_;
  BoxProgram& program_;
  std::vector<int> of_parameter_;  ///< node of a parameter's value with its gate
  std::vector<int> expression_of_;
  std::vector<int> variable_of_;
};

BoxProgram::BoxProgram(const SpaceModel& model, std::span<const int> variables,
                       std::span<const FeasibilityTerm> terms) {
  BoxCompiler compiler(model, *this, variables);
  for (const FeasibilityTerm& term : terms) compiler.term(term, variables);
}

std::vector<int> BoxProgram::closure(const SpaceModel& model, const FeasibilityTerm& term) {
  std::vector<char> seen(model.parameters.size(), 0);
  std::vector<int> stack;
  const auto push = [&](int p) {
    if (seen[static_cast<std::size_t>(p)] != 0) return;
    seen[static_cast<std::size_t>(p)] = 1;
    stack.push_back(p);
  };
  if (term.constraint >= 0) {
    for (const int p :
         model.bound_constraints[static_cast<std::size_t>(term.constraint)].parameters)
      push(p);
  } else {
    push(term.computes);
  }
  while (!stack.empty()) {
    const auto at = static_cast<std::size_t>(stack.back());
    stack.pop_back();
    if (model.derived[at]) {
      for (const int p : model.derived[at]->parameters) push(p);
    }
    for (const BoundCondition& condition : model.conditions[at]) {
      if (condition.parent >= 0) push(condition.parent);
      if (condition.test) {
        for (const int p : condition.test->parameters) push(p);
      }
    }
  }
  std::vector<int> out;
  for (std::size_t i = 0; i < seen.size(); ++i) {
    if (seen[i] != 0) out.push_back(static_cast<int>(i));
  }
  return out;
}

namespace {

void join(Range& into, const Range& other) {
  if (!into.has_value())
    into.point = other.point;
  else if (other.may_other && (into.may_other ? into.point == nullptr || other.point == nullptr ||
                                                    !(*into.point == *other.point)
                                              : false))
    into.point = nullptr;
  else if (!into.may_other)
    into.point = other.point;
  into.number = hull(into.number, other.number);
  into.may_true = into.may_true || other.may_true;
  into.may_false = into.may_false || other.may_false;
  into.may_other = into.may_other || other.may_other;
  into.may_miss = into.may_miss || other.may_miss;
  into.may_fail = into.may_fail || other.may_fail;
}

/// A number from numbers: operands of other kinds fail; so may results that overflow.
Range numeric(const Interval& result, std::initializer_list<const Range*> operands,
              bool may_fail = false) {
  Range r;
  r.number = result;
  r.may_fail = may_fail;
  for (const Range* o : operands) {
    r.may_miss = r.may_miss || o->may_miss;
    r.may_fail = r.may_fail || o->may_fail || o->may_be_bool() || o->may_other;
  }
  if (!result.empty() && !(std::isfinite(result.low) && std::isfinite(result.high)))
    r.may_fail = true;
  return r;
}

Range equality(const Range& a, const Range& b) {
  Range r;
  r.may_miss = a.may_miss || b.may_miss;
  r.may_fail = a.may_fail || b.may_fail;
  const Interval common = intersect(a.number, b.number);
  const bool same_point =
      a.point != nullptr && b.point != nullptr && same_value(*a.point, *b.point);
  // Lists compare their numbers as numbers, which same_value does not: leave them open.
  const bool simple =
      a.point != nullptr && b.point != nullptr && !a.point->is_list() && !b.point->is_list();
  r.may_true = !common.empty() || (a.may_true && b.may_true) || (a.may_false && b.may_false) ||
               (a.may_other && b.may_other && (!simple || same_point));
  const int kinds_a = !a.number.empty() + a.may_true + a.may_false + a.may_other;
  const int kinds_b = !b.number.empty() + b.may_true + b.may_false + b.may_other;
  const bool certain = kinds_a == 1 && kinds_b == 1 &&
                       ((!common.empty() && a.number.is_point() && b.number.is_point()) ||
                        (a.may_true && b.may_true) || (a.may_false && b.may_false) ||
                        (a.may_other && b.may_other && simple && same_point));
  r.may_false = kinds_a > 0 && kinds_b > 0 && !certain;
  return r;
}

Range order(const Range& a, const Range& b, bool or_equal) {
  Range r;
  r.may_miss = a.may_miss || b.may_miss;
  r.may_fail = a.may_fail || b.may_fail || a.may_be_bool() || b.may_be_bool() ||
               (a.may_other && !b.number.empty()) || (b.may_other && !a.number.empty());
  if (!a.number.empty() && !b.number.empty()) {
    r.may_true = or_equal ? a.number.low <= b.number.high : a.number.low < b.number.high;
    r.may_false = or_equal ? a.number.high > b.number.low : a.number.high >= b.number.low;
  }
  if (a.may_other && b.may_other) {
    if (a.point != nullptr && b.point != nullptr && a.point->is_string() && b.point->is_string()) {
      const int c = a.point->as_string().compare(b.point->as_string());
      ((or_equal ? c <= 0 : c < 0) ? r.may_true : r.may_false) = true;
    } else {
      r.may_true = r.may_false = r.may_fail = true;
    }
  }
  return r;
}

Range connective(const BoxProgram::Node& node, const BoxProgram::Ranges& ranges) {
  const bool is_and = node.op == Op::logical_and;
  Range r;
  bool reached = true;  // whether evaluation may come to the next input
  for (const int input : node.inputs) {
    const Range& a = ranges[static_cast<std::size_t>(input)];
    r.may_miss = r.may_miss || a.may_miss;
    r.may_fail = r.may_fail || a.may_fail || a.may_other || !a.number.empty();
    if (is_and ? a.may_false : a.may_true) (is_and ? r.may_false : r.may_true) = true;
    reached = is_and ? a.may_true : a.may_false;
    if (!reached) break;
  }
  if (reached) (is_and ? r.may_true : r.may_false) = true;
  return r;
}

Range opaque(const BoxProgram::Node& node, const BoxProgram::Ranges& ranges) {
  Range r;
  r.number = Interval::all();
  r.may_true = r.may_false = r.may_other = r.may_fail = true;
  for (const int input : node.inputs)
    r.may_miss = r.may_miss || ranges[static_cast<std::size_t>(input)].may_miss;
  return r;
}

/// Monotone functions to integers: bounds map to bounds; beyond 64 bits they fail.
template <class F>
Range whole_number(const Range& a, F f) {
  constexpr double kMaxWhole = 9.2e18;
  const Interval& x = a.number;
  if (x.empty()) return numeric({}, {&a});
  return numeric({f(x.low), f(x.high)}, {&a}, !(x.low > -kMaxWhole && x.high < kMaxWhole));
}

/// Conditions of a parameter: what is not certainly true may make it inactive.
Range gated(const BoxProgram::Node& node, const BoxProgram::Ranges& ranges) {
  Range r = ranges[static_cast<std::size_t>(node.inputs[0])];
  for (std::size_t i = 1; i < node.inputs.size(); ++i) {
    const Range& condition = ranges[static_cast<std::size_t>(node.inputs[i])];
    if (!condition.may_true) {
      Range missing;
      missing.may_miss = true;
      return missing;
    }
    if (condition.may_false) r.may_miss = true;
  }
  return r;
}

Range judged(const BoxProgram::Node& node, const BoxProgram::Ranges& ranges) {
  const Range& test = ranges[static_cast<std::size_t>(node.inputs[0])];
  Range r;
  r.may_true = test.may_true;
  r.may_false =
      test.may_false || test.may_miss || test.may_fail || test.may_other || !test.number.empty();
  for (std::size_t i = 1; i < node.inputs.size(); ++i) {
    const Range& name = ranges[static_cast<std::size_t>(node.inputs[i])];
    if (name.may_miss || name.may_fail) r.may_false = true;
    if (!name.has_value()) {
      r.may_true = false;
      r.may_false = true;
    }
  }
  return r;
}

Range evaluated(const BoxProgram::Node& node, const BoxProgram::Ranges& ranges) {
  const auto in = [&](std::size_t i) -> const Range& {
    return ranges[static_cast<std::size_t>(node.inputs[i])];
  };
  switch (node.op) {
    case Op::constant:
      return Range::of(node.constant);
    case Op::variable:
    case Op::opaque:
      return opaque(node, ranges);
    case Op::gate:
      return gated(node, ranges);
    case Op::judged:
      return judged(node, ranges);
    case Op::add:
      return numeric(add(in(0).number, in(1).number), {&in(0), &in(1)});
    case Op::subtract:
      return numeric(subtract(in(0).number, in(1).number), {&in(0), &in(1)});
    case Op::multiply:
      return numeric(multiply(in(0).number, in(1).number), {&in(0), &in(1)});
    case Op::divide:
      return numeric(divide(in(0).number, in(1).number), {&in(0), &in(1)},
                     in(1).number.contains(0));
    case Op::floor_divide:
      return numeric(floored(divide(in(0).number, in(1).number)), {&in(0), &in(1)},
                     in(1).number.contains(0));
    case Op::modulo:
      return numeric(modulo(in(0).number, in(1).number), {&in(0), &in(1)},
                     in(1).number.contains(0));
    case Op::power: {
      const Interval& base = in(0).number;
      const Interval& exponent = in(1).number;
      const bool whole = exponent.is_point() && exponent.low == std::floor(exponent.low);
      return numeric(power(base, exponent), {&in(0), &in(1)},
                     (base.low < 0 && !whole) || (base.contains(0) && exponent.low < 0));
    }
    case Op::negate:
      return numeric(in(0).number.empty() ? Interval{} : negate(in(0).number), {&in(0)});
    case Op::identity:
      return numeric(in(0).number, {&in(0)});
    case Op::less:
      return order(in(0), in(1), false);
    case Op::less_equal:
      return order(in(0), in(1), true);
    case Op::equal:
      return equality(in(0), in(1));
    case Op::logical_not: {
      Range r;
      r.may_true = in(0).may_false;
      r.may_false = in(0).may_true;
      r.may_miss = in(0).may_miss;
      r.may_fail = in(0).may_fail || in(0).may_other || !in(0).number.empty();
      return r;
    }
    case Op::logical_and:
    case Op::logical_or:
      return connective(node, ranges);
    case Op::conditional: {
      Range r;
      if (in(0).may_true) join(r, in(1));
      if (in(0).may_false) join(r, in(2));
      r.may_miss = r.may_miss || in(0).may_miss;
      r.may_fail = r.may_fail || in(0).may_fail || in(0).may_other || !in(0).number.empty();
      return r;
    }
    case Op::abs:
      return numeric(absolute(in(0).number), {&in(0)});
    case Op::min:
    case Op::max: {
      Range r = numeric(in(0).number, {&in(0)});
      for (std::size_t i = 1; i < node.inputs.size(); ++i) {
        const Interval& a = r.number;
        const Interval& b = in(i).number;
        const Interval c = a.empty() || b.empty() ? Interval{}
                           : node.op == Op::min
                               ? Interval{std::min(a.low, b.low), std::min(a.high, b.high)}
                               : Interval{std::max(a.low, b.low), std::max(a.high, b.high)};
        r = numeric(c, {&r, &in(i)}, r.may_fail);
      }
      return r;
    }
    case Op::sqrt:
      return numeric(square_root(in(0).number), {&in(0)}, in(0).number.low < 0);
    case Op::exp:
      return numeric(exponential(in(0).number), {&in(0)});
    case Op::log:
      return numeric(logarithm(in(0).number), {&in(0)}, in(0).number.low <= 0);
    case Op::log2:
    case Op::log10: {
      const double base = node.op == Op::log2 ? M_LN2 : M_LN10;
      return numeric(widen(divide(logarithm(in(0).number), Interval::point(base)), 2), {&in(0)},
                     in(0).number.low <= 0);
    }
    case Op::floor:
      return whole_number(in(0), [](double x) { return std::floor(x); });
    case Op::ceil:
      return whole_number(in(0), [](double x) { return std::ceil(x); });
    case Op::round:
      return whole_number(in(0), [](double x) { return std::nearbyint(x); });
    case Op::round_to:
      return numeric(add(in(0).number, {-0.5, 0.5}), {&in(0), &in(1)}, true);
    case Op::to_int: {
      Range r = whole_number(in(0), [](double x) { return std::trunc(x); });
      if (in(0).may_be_bool()) r.number = hull(r.number, {0, 1});
      return r;
    }
  }
  return opaque(node, ranges);
}

}  // namespace

void BoxProgram::forward(std::span<const Range> variables, Ranges& ranges) const {
  HONE_ASSERT(variables.size() == variable_count_, "one range per variable");
  ranges.resize(nodes_.size());
  std::copy(variables.begin(), variables.end(), ranges.begin());
  for (std::size_t i = variable_count_; i < nodes_.size(); ++i)
    ranges[i] = evaluated(nodes_[i], ranges);
}

BoxStatus BoxProgram::status(std::size_t term, const Ranges& ranges) const {
  const Term& t = terms_[term];
  if (t.computed >= 0) {
    const Range& r = ranges[static_cast<std::size_t>(t.computed)];
    if (!r.may_fail) return BoxStatus::holds;
    return r.has_value() || r.may_miss ? BoxStatus::undecided : BoxStatus::breaks;
  }
  bool may_miss = false;
  for (const int name : t.names) {
    const Range& r = ranges[static_cast<std::size_t>(name)];
    if (!r.has_value() && !r.may_fail) return BoxStatus::holds;  // inactive everywhere: not judged
    may_miss = may_miss || r.may_miss;
  }
  const Range& root = ranges[static_cast<std::size_t>(t.root)];
  if (!root.may_false && !root.may_fail && !root.may_other && root.number.empty())
    return BoxStatus::holds;
  if (!root.may_true && !may_miss) return BoxStatus::breaks;
  return BoxStatus::undecided;
}

std::vector<int> BoxProgram::conjuncts(std::size_t term) const {
  std::vector<int> out;
  std::vector<int> stack;
  std::vector<char> seen(nodes_.size(), 0);
  if (terms_[term].root >= 0) stack.push_back(terms_[term].root);
  while (!stack.empty()) {
    const int index = stack.back();
    stack.pop_back();
    if (seen[static_cast<std::size_t>(index)]++ != 0) continue;
    const Node& n = node(index);
    if (n.op == Op::logical_and)
      stack.insert(stack.end(), n.inputs.rbegin(), n.inputs.rend());
    else
      out.push_back(index);
  }
  return out;
}

bool BoxProgram::always_judged(std::size_t term, const Ranges& ranges) const {
  return std::none_of(terms_[term].names.begin(), terms_[term].names.end(), [&](int name) {
    return ranges[static_cast<std::size_t>(name)].may_miss ||
           ranges[static_cast<std::size_t>(name)].may_fail;
  });
}

}  // namespace hone
