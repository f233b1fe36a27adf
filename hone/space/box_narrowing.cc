// The backward pass: from "this constraint is true" down to the variables. A node is narrowed only
// when it is certainly evaluated
// (`required`), since a branch that is not taken says nothing.
#include <algorithm>
#include <cmath>

#include "hone/space/box_program.h"

namespace hone {

using Op = BoxProgram::Op;

namespace {

constexpr double kExactIntegers = 9007199254740992.0;  // 2^53

/// Keeps the numbers within `to` and no other kind; false when nothing is left.
bool keep_numbers(Range& range, const Interval& to) {
  range.number = intersect(range.number, to);
  range.may_true = range.may_false = range.may_other = false;
  range.point = nullptr;
  return !range.number.empty();
}

bool keep_boolean(Range& range, bool value) {
  range.number = {};
  range.may_other = false;
  range.point = nullptr;
  (value ? range.may_false : range.may_true) = false;
  return value ? range.may_true : range.may_false;
}

Interval reciprocal_power(const Interval& result, double exponent, const Interval& base) {
  if (exponent == 0) return Interval::all();
  const bool whole = exponent == std::floor(exponent);
  if (base.low >= 0) {
    const Interval positive = intersect(result, {0, kInf});
    if (positive.empty()) return {};
    if (exponent < 0 && positive.low == 0)
      return {positive.high > 0 ? std::pow(positive.high, 1 / exponent) * (1 - 1e-14) : 0, kInf};
    return widen(power(positive, Interval::point(1 / exponent)), 16);
  }
  if (whole && exponent > 0 && std::fmod(exponent, 2.0) == 0) {
    if (result.high < 0) return {};
    const double root = std::pow(result.high, 1 / exponent) * (1 + 1e-14);
    return {-root, root};
  }
  return Interval::all();
}

}  // namespace

bool BoxProgram::narrow_inputs(int index, Ranges& ranges, std::vector<char>& required) const {
  const Node& n = nodes_[static_cast<std::size_t>(index)];
  const Range r = ranges[static_cast<std::size_t>(index)];
  const auto in = [&](std::size_t i) -> Range& {
    return ranges[static_cast<std::size_t>(n.inputs[i])];
  };
  const auto need = [&](std::size_t i) { required[static_cast<std::size_t>(n.inputs[i])] = 1; };
  const auto narrow = [&](std::size_t i, const Interval& to) {
    need(i);
    return keep_numbers(in(i), to);
  };
  const bool is_true = r.may_true && !r.may_false;
  const bool is_false = r.may_false && !r.may_true;
  switch (n.op) {
    case Op::gate: {
      need(0);
      Range& value = in(0);
      value.number = intersect(value.number, r.number);
      value.may_true = value.may_true && r.may_true;
      value.may_false = value.may_false && r.may_false;
      value.may_other = value.may_other && r.may_other;
      if (value.may_other && r.point != nullptr) value.point = r.point;
      for (std::size_t i = 1; i < n.inputs.size(); ++i) {
        need(i);
        if (!keep_boolean(in(i), true)) return false;
      }
      return value.has_value();
    }
    case Op::judged:
      if (!is_true) return true;
      for (std::size_t i = 1; i < n.inputs.size(); ++i) need(i);
      need(0);
      return keep_boolean(in(0), true);
    case Op::add:
      return narrow(0, subtract(r.number, in(1).number)) &&
             narrow(1, subtract(r.number, in(0).number));
    case Op::subtract:
      return narrow(0, add(r.number, in(1).number)) && narrow(1, subtract(in(0).number, r.number));
    case Op::multiply: {
      const auto factor = [&](const Interval& other) {
        return other.contains(0) && r.number.contains(0) ? Interval::all()
                                                         : divide(r.number, other);
      };
      return narrow(0, factor(in(1).number)) && narrow(1, factor(in(0).number));
    }
    case Op::divide:
    case Op::floor_divide: {
      const Interval quotient =
          n.op == Op::divide ? r.number : Interval{r.number.low, r.number.high + 1};
      if (!narrow(0, multiply(quotient, in(1).number))) return false;
      const bool open = quotient.contains(0) && in(0).number.contains(0);
      return narrow(1, open ? Interval::all() : divide(in(0).number, quotient));
    }
    case Op::modulo:
      return narrow(0, Interval::all()) && narrow(1, Interval::all());
    case Op::power: {
      if (!narrow(0, Interval::all()) || !narrow(1, Interval::all())) return false;
      if (in(1).number.is_point() &&
          !narrow(0, reciprocal_power(r.number, in(1).number.low, in(0).number)))
        return false;
      if (in(0).number.is_point() && in(0).number.low > 0 && in(0).number.low != 1) {
        return narrow(1, widen(divide(logarithm(r.number), logarithm(in(0).number)), 8));
      }
      return true;
    }
    case Op::negate:
      return narrow(0, negate(r.number));
    case Op::identity:
      return narrow(0, r.number);
    case Op::less:
    case Op::less_equal: {
      need(0);
      need(1);
      if (in(0).may_other || in(1).may_other || is_true == is_false) return true;
      // a < b, or not (a < b), which is b <= a.
      const std::size_t small = is_true ? 0 : 1;
      // Strict where it is strict: comparisons of doubles are exact, so the bound itself falls
      // away.
      const bool strict = (n.op == Op::less) == is_true;
      const double top = in(1 - small).number.high;
      const double bottom = in(small).number.low;
      const bool exact = std::fabs(top) < kExactIntegers && std::fabs(bottom) < kExactIntegers;
      const bool open = strict && exact;
      return narrow(small, {-kInf, open ? std::nextafter(top, -kInf) : top}) &&
             narrow(1 - small, {open ? std::nextafter(bottom, kInf) : bottom, kInf});
    }
    case Op::equal: {
      need(0);
      need(1);
      if (!is_true) return true;
      for (const std::size_t i : {std::size_t{0}, std::size_t{1}}) {
        const Range other = in(1 - i);
        Range& mine = in(i);
        mine.number = intersect(mine.number, other.number);
        mine.may_true = mine.may_true && other.may_true;
        mine.may_false = mine.may_false && other.may_false;
        mine.may_other = mine.may_other && other.may_other;
        if (mine.may_other && mine.point == nullptr) mine.point = other.point;
        if (!mine.has_value()) return false;
      }
      return true;
    }
    case Op::logical_not:
      need(0);
      if (is_true == is_false) return true;
      return keep_boolean(in(0), is_false);
    case Op::logical_and:
    case Op::logical_or: {
      need(0);
      const bool all = n.op == Op::logical_and ? is_true : is_false;
      if (all) {
        for (std::size_t i = 0; i < n.inputs.size(); ++i) {
          need(i);
          if (!keep_boolean(in(i), is_true)) return false;
        }
        return true;
      }
      if (is_true == is_false) return true;
      // One of them must decide; when only one can, it does.
      int able = -1;
      for (std::size_t i = 0; i < n.inputs.size(); ++i) {
        if (!(is_true ? in(i).may_true : in(i).may_false)) continue;
        if (able >= 0) return true;
        able = static_cast<int>(i);
      }
      if (able < 0) return false;
      need(static_cast<std::size_t>(able));
      return keep_boolean(in(static_cast<std::size_t>(able)), is_true);
    }
    case Op::conditional: {
      need(0);
      if (in(0).may_true == in(0).may_false) return true;
      const std::size_t branch = in(0).may_true ? 1 : 2;
      need(branch);
      Range& value = in(branch);
      value.number = intersect(value.number, r.number);
      value.may_true = value.may_true && r.may_true;
      value.may_false = value.may_false && r.may_false;
      return value.has_value();
    }
    case Op::abs: {
      const Interval& a = in(0).number;
      if (a.low > -r.number.low) return narrow(0, r.number);
      if (a.high < r.number.low) return narrow(0, negate(r.number));
      return narrow(0, {-r.number.high, r.number.high});
    }
    case Op::min:
    case Op::max: {
      const bool smallest = n.op == Op::min;
      int able = -1;  // the inputs that may be the extreme one
      int count = 0;
      for (std::size_t i = 0; i < n.inputs.size(); ++i) {
        if (!narrow(i, smallest ? Interval{r.number.low, kInf} : Interval{-kInf, r.number.high}))
          return false;
        if (intersect(in(i).number, r.number).empty()) continue;
        able = static_cast<int>(i);
        ++count;
      }
      if (count == 0) return false;
      return count > 1 || narrow(static_cast<std::size_t>(able), r.number);
    }
    case Op::sqrt:
      return narrow(0, multiply(intersect(r.number, {0, kInf}), intersect(r.number, {0, kInf})));
    case Op::exp: {
      const Interval to = logarithm(r.number);
      return narrow(0, to);
    }
    case Op::log:
      return narrow(0, exponential(r.number));
    case Op::log2:
      return narrow(0, widen(exponential(multiply(r.number, Interval::point(M_LN2))), 16));
    case Op::log10:
      return narrow(0, widen(exponential(multiply(r.number, Interval::point(M_LN10))), 16));
    case Op::floor:
      return narrow(0, {r.number.low, r.number.high + 1});
    case Op::ceil:
      return narrow(0, {r.number.low - 1, r.number.high});
    case Op::round:
      return narrow(0, {r.number.low - 0.5, r.number.high + 0.5});
    case Op::round_to:
      return narrow(0, {r.number.low - 0.5, r.number.high + 0.5}) && narrow(1, Interval::all());
    case Op::to_int:
      need(0);
      return in(0).may_be_bool() || narrow(0, {r.number.low - 1, r.number.high + 1});
    case Op::constant:
    case Op::variable:
    case Op::opaque:
      return true;
  }
  return true;
}

bool BoxProgram::backward(Ranges& ranges) const {
  std::vector<char> required(nodes_.size(), 0);
  for (std::size_t t = 0; t < terms_.size(); ++t) {
    if (terms_[t].root < 0 || !always_judged(t, ranges)) continue;
    const auto root = static_cast<std::size_t>(terms_[t].root);
    required[root] = 1;
    if (!keep_boolean(ranges[root], true)) return false;
  }
  for (std::size_t i = nodes_.size(); i-- > 0;) {
    if (required[i] != 0 && !narrow_inputs(static_cast<int>(i), ranges, required)) return false;
  }
  return true;
}

}  // namespace hone
