// The expression language of study files: arithmetic, comparison and logic over parameters, for
// `expression`, `constraints` and `when`. Python-like: + - * / // % **, == != < <= > >=, chained
// comparisons, and or not, `x if c else y`, `in [..]`; functions abs min max sqrt exp log log2
// log10 floor ceil round int; names, back-quoted names (`optim.lr`), numbers, 'strings', true/false
// (also True/False), null (also None). Pure, total in bounded time; limits: 10 000 characters,
// depth 100.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "hone/base/value.h"

namespace hone {

struct ExpressionNode;

/// What is wrong with an expression's text, and where (bytes from its start).
struct ExpressionError {
  std::size_t offset = 0;
  std::size_t length = 1;
  std::string message;
};

/// Why an expression has no value.
struct ExpressionFault {
  std::string message;
  bool missing_name = false;  ///< a name that evaluation came upon has no value
};

/// An immutable parsed expression; cheap to copy; thread-safe.
///
/// Values: integers stay integers under + - * // % ** (a result beyond 64 bits becomes a double);
/// `/` gives a double; `//` and `%` round towards −∞ as in Python. floor, ceil, round and int give
/// integers; round takes halves to even and an optional number of decimals. `<` and the like
/// compare two numbers or two strings; `==` compares anything, numbers as numbers (1 == 1.0), and
/// values of different kinds are unequal. and, or, not and conditions take booleans only. A result
/// that is not finite is a fault.
class Expression {
 public:
  static std::variant<Expression, ExpressionError> parse(std::string_view source);

  const std::string& source() const { return source_; }
  /// Names it uses, without repeats, in order of appearance.
  const std::vector<std::string>& names() const { return names_; }
  /// Where name `i` first stands in the source (byte offset).
  std::size_t name_offset(std::size_t i) const { return name_offsets_[i]; }
  const ExpressionNode& root() const { return *root_; }

  /// Finds the value of a name; null pointer when the parameter is inactive or unknown.
  using Lookup = std::function<const Value*(std::string_view)>;
  /// The value, or why there is none (a name without a value, a type that does not fit, division by
  /// zero). and, or, `if` and chained comparisons stop early, so that names in parts that do not
  /// matter need no value.
  std::variant<Value, std::string> evaluate(const Lookup& lookup) const;
  /// The same with the values of names() in their order (null pointer: no value). The fast way.
  std::variant<Value, ExpressionFault> evaluate_with(std::span<const Value* const> values) const;

  /// A constant-free placeholder for containers; evaluates to null.
  Expression();

 private:
  std::string source_;
  std::vector<std::string> names_;
  std::vector<std::size_t> name_offsets_;
  std::shared_ptr<const ExpressionNode> root_;
};

}  // namespace hone
