// Evaluation of expressions over JSON values: Python's arithmetic with 64-bit integers (beyond them
// doubles) and no silent NaN: what has no finite value is a fault with a sentence that says why.
#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "hone/base/assert.h"
#include "hone/space/expression.h"
#include "hone/space/expression_node.h"

namespace hone {

const char* spelling(NodeOp op) {
  switch (op) {
    case NodeOp::add:
      return "+";
    case NodeOp::subtract:
      return "-";
    case NodeOp::multiply:
      return "*";
    case NodeOp::divide:
      return "/";
    case NodeOp::floor_divide:
      return "//";
    case NodeOp::modulo:
      return "%";
    case NodeOp::equal:
      return "==";
    case NodeOp::not_equal:
      return "!=";
    case NodeOp::less:
      return "<";
    case NodeOp::less_equal:
      return "<=";
    case NodeOp::greater:
      return ">";
    case NodeOp::greater_equal:
      return ">=";
    case NodeOp::in:
      return "in";
    case NodeOp::not_in:
      return "not in";
  }
  return "?";
}

const char* spelling(NodeFunction function) {
  switch (function) {
    case NodeFunction::abs:
      return "abs";
    case NodeFunction::min:
      return "min";
    case NodeFunction::max:
      return "max";
    case NodeFunction::sqrt:
      return "sqrt";
    case NodeFunction::exp:
      return "exp";
    case NodeFunction::log:
      return "log";
    case NodeFunction::log2:
      return "log2";
    case NodeFunction::log10:
      return "log10";
    case NodeFunction::floor:
      return "floor";
    case NodeFunction::ceil:
      return "ceil";
    case NodeFunction::round:
      return "round";
    case NodeFunction::to_int:
      return "int";
  }
  return "?";
}

namespace {

std::string show(const Value& v) {
  std::string text = v.dump();
  if (text.size() > 40) text = text.substr(0, 37) + "...";
  return text;
}

/// Equality as users mean it: numbers as numbers, also inside lists and maps.
bool equal_values(const Value& a, const Value& b) {
  if (a.is_list() && b.is_list()) {
    return std::equal(a.as_list().begin(), a.as_list().end(), b.as_list().begin(),
                      b.as_list().end(), equal_values);
  }
  return same_value(a, b);
}

class Evaluator {
 public:
  Evaluator(const Expression& expression, std::span<const Value* const> values)
      : expression_(expression), values_(values) {}

  ExpressionFault fault;

  /// False when there is no value; then `fault` says why.
  bool run(const ExpressionNode& node, Value& out) {
    switch (node.kind) {
      case NodeKind::literal:
        out = node.literal;
        return true;
      case NodeKind::name: {
        const Value* value = values_[static_cast<std::size_t>(node.name)];
        if (value == nullptr) {
          fault.missing_name = true;
          return fail(fmt::format("'{}' has no value",
                                  expression_.names()[static_cast<std::size_t>(node.name)]));
        }
        out = *value;
        return true;
      }
      case NodeKind::list:
        return list(node, out);
      case NodeKind::minus:
      case NodeKind::plus:
        return sign(node, out);
      case NodeKind::logical_not: {
        bool b = false;
        if (!boolean(node.children[0], "not", b)) return false;
        out = Value(!b);
        return true;
      }
      case NodeKind::sum:
      case NodeKind::product: {
        if (!run(node.children[0], out)) return false;
        for (std::size_t i = 0; i < node.ops.size(); ++i) {
          Value right;
          if (!run(node.children[i + 1], right)) return false;
          if (!binary(node.ops[i], out, right)) return false;
        }
        return true;
      }
      case NodeKind::power: {
        Value exponent;
        return run(node.children[0], out) && run(node.children[1], exponent) &&
               power(out, exponent);
      }
      case NodeKind::comparison:
        return comparison(node, out);
      case NodeKind::logical_and:
      case NodeKind::logical_or: {
        const bool stop_at = node.kind == NodeKind::logical_or;
        bool b = !stop_at;
        for (const ExpressionNode& child : node.children) {
          if (!boolean(child, stop_at ? "or" : "and", b)) return false;
          if (b == stop_at) break;
        }
        out = Value(b);
        return true;
      }
      case NodeKind::conditional: {
        bool b = false;
        return boolean(node.children[0], "if", b) && run(node.children[b ? 1 : 2], out);
      }
      case NodeKind::call:
        return call(node, out);
    }
    return false;
  }

 private:
  bool fail(std::string message) {
    fault.message = std::move(message);
    return false;
  }

  bool boolean(const ExpressionNode& node, const char* where, bool& out) {
    Value v;
    if (!run(node, v)) return false;
    if (!v.is_bool()) return fail(fmt::format("'{}' needs true or false, not {}", where, show(v)));
    out = v.as_bool();
    return true;
  }

  /// Stores a double result; not finite is a fault.
  bool finite(double d, const char* what, Value& out) {
    if (std::isnan(d)) return fail(fmt::format("the result of '{}' is not a number", what));
    if (std::isinf(d)) return fail(fmt::format("the result of '{}' is too large", what));
    out = Value(d);
    return true;
  }

  bool list(const ExpressionNode& node, Value& out) {
    Value::List items;
    items.reserve(node.children.size());
    for (const ExpressionNode& child : node.children) {
      Value item;
      if (!run(child, item)) return false;
      items.push_back(std::move(item));
    }
    out = Value(std::move(items));
    return true;
  }

  bool sign(const ExpressionNode& node, Value& out) {
    if (!run(node.children[0], out)) return false;
    const char* what = node.kind == NodeKind::minus ? "-" : "+";
    if (!out.is_number()) return fail(fmt::format("'{}' needs a number, not {}", what, show(out)));
    if (node.kind == NodeKind::plus) return true;
    if (out.is_int() && out.as_int() != INT64_MIN)
      out = Value(-out.as_int());
    else
      out = Value(-out.as_number());
    return true;
  }

  bool binary(NodeOp op, Value& left, const Value& right) {
    if (!left.is_number() || !right.is_number()) {
      return fail(fmt::format("'{}' needs two numbers, not {} and {}", spelling(op), show(left),
                              show(right)));
    }
    if (op != NodeOp::add && op != NodeOp::subtract && op != NodeOp::multiply &&
        right.as_number() == 0) {
      return fail(
          fmt::format("division by zero in '{} {} {}'", show(left), spelling(op), show(right)));
    }
    if (left.is_int() && right.is_int() && op != NodeOp::divide) {
      const std::int64_t a = left.as_int();
      const std::int64_t b = right.as_int();
      std::int64_t r = 0;
      bool overflow = false;
      switch (op) {
        case NodeOp::add:
          overflow = __builtin_add_overflow(a, b, &r);
          break;
        case NodeOp::subtract:
          overflow = __builtin_sub_overflow(a, b, &r);
          break;
        case NodeOp::multiply:
          overflow = __builtin_mul_overflow(a, b, &r);
          break;
        case NodeOp::floor_divide:
          overflow = a == INT64_MIN && b == -1;
          if (!overflow) r = a / b - ((a % b != 0 && ((a < 0) != (b < 0))) ? 1 : 0);
          break;
        default:  // modulo, with the sign of the divisor
          r = b == -1 ? 0 : a % b;
          if (r != 0 && ((r < 0) != (b < 0))) r += b;
          break;
      }
      if (!overflow) {
        left = Value(r);
        return true;
      }
    }
    const double a = left.as_number();
    const double b = right.as_number();
    double r = 0;
    switch (op) {
      case NodeOp::add:
        r = a + b;
        break;
      case NodeOp::subtract:
        r = a - b;
        break;
      case NodeOp::multiply:
        r = a * b;
        break;
      case NodeOp::divide:
        r = a / b;
        break;
      case NodeOp::floor_divide:
        r = std::floor(a / b);
        break;
      default:
        r = std::fmod(a, b);
        if (r != 0 && ((r < 0) != (b < 0))) r += b;
        break;
    }
    return finite(r, spelling(op), left);
  }

  bool power(Value& base, const Value& exponent) {
    if (!base.is_number() || !exponent.is_number()) {
      return fail(fmt::format("'**' needs two numbers, not {} and {}", show(base), show(exponent)));
    }
    if (base.as_number() == 0 && exponent.as_number() < 0) {
      return fail(fmt::format("division by zero in '{} ** {}'", show(base), show(exponent)));
    }
    if (base.is_int() && exponent.is_int() && exponent.as_int() >= 0) {
      std::int64_t result = 1;
      std::int64_t square = base.as_int();
      bool overflow = false;
      for (std::int64_t n = exponent.as_int(); n > 0 && !overflow; n >>= 1) {
        if ((n & 1) != 0) overflow = __builtin_mul_overflow(result, square, &result);
        if (n > 1 && !overflow) overflow = __builtin_mul_overflow(square, square, &square);
      }
      if (!overflow) {
        base = Value(result);
        return true;
      }
    }
    return finite(std::pow(base.as_number(), exponent.as_number()), "**", base);
  }

  bool comparison(const ExpressionNode& node, Value& out) {
    Value left;
    if (!run(node.children[0], left)) return false;
    bool holds = true;
    for (std::size_t i = 0; i < node.ops.size() && holds; ++i) {
      Value right;
      if (!run(node.children[i + 1], right)) return false;
      if (!compare(node.ops[i], left, right, holds)) return false;
      left = std::move(right);
    }
    out = Value(holds);
    return true;
  }

  bool compare(NodeOp op, const Value& a, const Value& b, bool& holds) {
    switch (op) {
      case NodeOp::equal:
        holds = equal_values(a, b);
        return true;
      case NodeOp::not_equal:
        holds = !equal_values(a, b);
        return true;
      case NodeOp::in:
      case NodeOp::not_in: {
        bool found = false;
        if (b.is_list()) {
          for (const Value& item : b.as_list()) found = found || equal_values(a, item);
        } else if (a.is_string() && b.is_string()) {
          found = b.as_string().find(a.as_string()) != std::string::npos;
        } else {
          return fail(fmt::format("'{}' needs a list on its right, not {}", spelling(op), show(b)));
        }
        holds = found == (op == NodeOp::in);
        return true;
      }
      default:
        break;
    }
    int order = 0;
    if (a.is_int() && b.is_int()) {
      order = (a.as_int() > b.as_int()) - (a.as_int() < b.as_int());
    } else if (a.is_number() && b.is_number()) {
      const double x = a.as_number();
      const double y = b.as_number();
      if (std::isnan(x) || std::isnan(y))
        return fail(fmt::format("'{}' has a side that is not a number", spelling(op)));
      order = (x > y) - (x < y);
    } else if (a.is_string() && b.is_string()) {
      order = a.as_string().compare(b.as_string());
    } else {
      return fail(fmt::format("'{}' compares two numbers or two texts, not {} and {}", spelling(op),
                              show(a), show(b)));
    }
    holds = op == NodeOp::less         ? order < 0
            : op == NodeOp::less_equal ? order <= 0
            : op == NodeOp::greater    ? order > 0
                                       : order >= 0;
    return true;
  }

  /// A whole double as an integer.
  bool whole(double d, const char* what, Value& out) {
    if (!(std::fabs(d) < 9.2e18))
      return fail(fmt::format("the result of '{}' is too large for an integer", what));
    out = Value(static_cast<std::int64_t>(d));
    return true;
  }

  bool call(const ExpressionNode& node, Value& out) {
    const char* name = spelling(node.function);
    if (!run(node.children[0], out)) return false;
    if (node.function == NodeFunction::to_int && out.is_bool()) {
      out = Value(out.as_bool() ? 1 : 0);
      return true;
    }
    if (!out.is_number()) return fail(fmt::format("'{}' needs a number, not {}", name, show(out)));
    const double x = out.as_number();
    switch (node.function) {
      case NodeFunction::abs:
        if (out.is_int() && out.as_int() != INT64_MIN)
          out = Value(std::abs(out.as_int()));
        else
          out = Value(std::fabs(x));
        return true;
      case NodeFunction::min:
      case NodeFunction::max:
        return extreme(node, out);
      case NodeFunction::sqrt:
        if (x < 0) return fail(fmt::format("the square root of {} does not exist", show(out)));
        return finite(std::sqrt(x), name, out);
      case NodeFunction::exp:
        return finite(std::exp(x), name, out);
      case NodeFunction::log:
      case NodeFunction::log2:
      case NodeFunction::log10:
        if (!(x > 0)) return fail(fmt::format("the logarithm of {} does not exist", show(out)));
        return finite(node.function == NodeFunction::log    ? std::log(x)
                      : node.function == NodeFunction::log2 ? std::log2(x)
                                                            : std::log10(x),
                      name, out);
      case NodeFunction::floor:
        return out.is_int() || whole(std::floor(x), name, out);
      case NodeFunction::ceil:
        return out.is_int() || whole(std::ceil(x), name, out);
      case NodeFunction::to_int:
        return out.is_int() || whole(std::trunc(x), name, out);
      case NodeFunction::round:
        return round(node, out);
    }
    return false;
  }

  bool extreme(const ExpressionNode& node, Value& best) {
    const bool smallest = node.function == NodeFunction::min;
    for (std::size_t i = 1; i < node.children.size(); ++i) {
      Value v;
      if (!run(node.children[i], v)) return false;
      if (!v.is_number())
        return fail(fmt::format("'{}' needs numbers, not {}", spelling(node.function), show(v)));
      const bool better =
          v.is_int() && best.is_int()
              ? (smallest ? v.as_int() < best.as_int() : v.as_int() > best.as_int())
              : (smallest ? v.as_number() < best.as_number() : v.as_number() > best.as_number());
      if (better) best = std::move(v);
    }
    return true;
  }

  bool round(const ExpressionNode& node, Value& out) {
    const auto half_even = [](double x) {
      const double below = std::floor(x);
      const double rest = x - below;
      if (rest < 0.5) return below;
      if (rest > 0.5) return below + 1;
      return std::fmod(below, 2.0) == 0 ? below : below + 1;
    };
    if (node.children.size() == 1)
      return out.is_int() || whole(half_even(out.as_number()), "round", out);
    Value digits;
    if (!run(node.children[1], digits)) return false;
    if (!digits.is_int() || digits.as_int() < 0 || digits.as_int() > 15) {
      return fail(fmt::format("'round' takes 0 to 15 decimals, not {}", show(digits)));
    }
    if (out.is_int()) return true;
    const double scale = std::pow(10.0, static_cast<double>(digits.as_int()));
    const double scaled = out.as_number() * scale;
    // Beyond 2^52 every double is whole already.
    return finite(std::fabs(scaled) < 4.5e15 ? half_even(scaled) / scale : out.as_number(), "round",
                  out);
  }

  const Expression& expression_;
  std::span<const Value* const> values_;
};

}  // namespace

std::variant<Value, ExpressionFault> Expression::evaluate_with(
    std::span<const Value* const> values) const {
  HONE_ASSERT(values.size() == names_.size(), "one entry per name of the expression");
  Evaluator evaluator(*this, values);
  Value out;
  if (!evaluator.run(*root_, out)) return std::move(evaluator.fault);
  if (out.is_double() && !std::isfinite(out.as_number())) {
    return ExpressionFault{"the result is not a finite number", false};
  }
  return out;
}

std::variant<Value, std::string> Expression::evaluate(const Lookup& lookup) const {
  std::vector<const Value*> values;
  values.reserve(names_.size());
  for (const std::string& name : names_) values.push_back(lookup(name));
  auto result = evaluate_with(values);
  if (auto* fault = std::get_if<ExpressionFault>(&result)) return std::move(fault->message);
  return std::move(std::get<Value>(result));
}

}  // namespace hone
