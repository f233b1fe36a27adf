// The tree behind an Expression, for those who walk it: evaluation and interval propagation. Chains
// of equal precedence are one node with many children, so that depth counts nesting only.
#pragma once

#include <cstdint>
#include <vector>

#include "hone/base/value.h"

namespace hone {

enum class NodeKind : std::uint8_t {
  literal,      ///< `literal`
  name,         ///< `name`: index into Expression::names()
  list,         ///< children are the items
  minus,        ///< − child
  plus,         ///< + child
  logical_not,  ///< not child
  sum,          ///< children joined by `ops` (add, subtract), left to right
  product,     ///< children joined by `ops` (multiply, divide, floor_divide, modulo), left to right
  power,       ///< child 0 ** child 1
  comparison,  ///< children joined by `ops`: a < b <= c means a < b and b <= c
  logical_and,  ///< all children; stops at the first that is false
  logical_or,   ///< any child; stops at the first that is true
  conditional,  ///< children: condition, value if true, value if false
  call,         ///< `function` of the children
};

enum class NodeOp : std::uint8_t {
  add,
  subtract,
  multiply,
  divide,
  floor_divide,
  modulo,
  equal,
  not_equal,
  less,
  less_equal,
  greater,
  greater_equal,
  in,
  not_in,
};

enum class NodeFunction : std::uint8_t {
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
  to_int,
};

/// How the operator or function is written.
const char* spelling(NodeOp op);
const char* spelling(NodeFunction function);

struct ExpressionNode {
  NodeKind kind = NodeKind::literal;
  NodeFunction function = NodeFunction::abs;
  int name = -1;
  Value literal;
  std::vector<NodeOp> ops;  ///< one less than children
  std::vector<ExpressionNode> children;
};

}  // namespace hone
