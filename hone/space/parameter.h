// What may vary: a parameter is a name, a domain with its law (the prior over its values), the
// conditions under which it exists, and what the user knows about it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "hone/base/value.h"
#include "hone/space/expression.h"

namespace hone {

/// The law of a numeric parameter before quantisation. Names as in the sweep file; bounds are
/// always in the user's units (exponents of `log_uniform` sweep files are converted when the file
/// is read).
enum class Law {
  uniform,
  log_uniform,    ///< uniform in ln x; low > 0
  logit_uniform,  ///< uniform in ln(x / (1 − x)); 0 < low, high < 1
  normal,         ///< mean a, standard deviation b; unbounded
  log_normal,     ///< ln x is normal with mean a, standard deviation b; (0, ∞)
  beta,           ///< shape a, b on [0, 1]
};

/// Steps of a real parameter.
struct Quantum {
  double step = 1;
  /// true: low + k·step, never above high (hone's `step`); false: round(x / step)·step, which may
  /// leave the bounds (the sweep file's `q_*` laws).
  bool from_low = true;
};

/// A real number in [low, high] (±∞ for unbounded laws).
struct Real {
  Law law = Law::uniform;
  double low = 0;
  double high = 1;
  double a = 0;  ///< mean, or first shape
  double b = 1;  ///< standard deviation, or second shape
  std::optional<Quantum> quantum;
  bool whole = false;  ///< an integral quantum of a sweep file yields integers
};

/// An integer in {low, low + step, …} ≤ high, both ends included; uniform or log-uniform law.
struct Integer {
  std::int64_t low = 0;
  std::int64_t high = 1;
  Law law = Law::uniform;
  std::int64_t step = 1;
};

/// One value of a choice with its text as the user wrote it (what the command line gets).
struct ChoiceItem {
  Value value;
  std::string text;
};

/// One of a list. `ordered`: neighbours are similar (searched on the index scale).
struct Choice {
  std::vector<ChoiceItem> items;
  bool ordered = false;
  std::vector<double> weights;  ///< empty: uniform; else one per item, sum 1

  /// Index of the item equal to `value` (numbers compare as numbers), or −1.
  int index_of(const Value& value) const;
};

/// Computed from other parameters; never searched. A `feature` tells models what the user knows
/// about a configuration before it is tried (its number of parameters, a score); programs are not
/// told of it.
struct Derived {
  Expression expression;
  bool feature = false;
};

/// One value; never searched.
struct Fixed {
  Value value;
  std::string text;
};

using Domain = std::variant<Real, Integer, Choice, Derived, Fixed>;

/// The parameter exists only where every one of its conditions holds: `parent` active and its value
/// among `any_of`, or `test` true (all names in it active).
struct Condition {
  std::string parent;
  std::vector<Value> any_of;
  std::optional<Expression> test;
};

/// The user's belief: a likely value. `spread` is the standard deviation in unit-cube widths.
struct Prior {
  Value centre;
  double spread = 0.2;
};

struct Parameter {
  std::string name;
  Domain domain;
  std::vector<Condition> conditions;
  std::optional<Prior> prior;
  std::optional<Value> default_value;

  bool is_searched() const {
    return !std::holds_alternative<Derived>(domain) && !std::holds_alternative<Fixed>(domain);
  }
  bool is_feature() const {
    const auto* derived = std::get_if<Derived>(&domain);
    return derived != nullptr && derived->feature;
  }
};

/// The number of distinct values; nullopt where there are infinitely many (or more than 2^53).
std::optional<std::uint64_t> cardinality(const Domain& domain);

/// Whether `value` is a legal value of the domain (type, bounds, steps). Derived accepts
/// everything.
bool contains(const Domain& domain, const Value& value);

}  // namespace hone
