// The expression language of study files: arithmetic, comparison and logic over parameters, for `expression`, `constraints`
// and `when`. Python-like: + - * / // % **, == != < <= > >=, chained comparisons, and or not, `x if c else y`, `in [..]`;
// functions abs min max sqrt exp log log2 log10 floor ceil round int; names, back-quoted names (`optim.lr`), numbers, 'strings',
// true/false (also True/False), null (also None). Pure, total in bounded time; limits: 10 000 characters, depth 100.
#pragma once

#include <functional>
#include <memory>
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

/// An immutable parsed expression; cheap to copy; thread-safe.
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
  /// The value, or why there is none (a name without a value, a type that does not fit, division by zero).
  std::variant<Value, std::string> evaluate(const Lookup& lookup) const;

  /// A constant-free placeholder for containers; evaluates to null.
  Expression();

 private:
  std::string source_;
  std::vector<std::string> names_;
  std::vector<std::size_t> name_offsets_;
  std::shared_ptr<const ExpressionNode> root_;
};

}  // namespace hone
