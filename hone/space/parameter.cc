#include "hone/space/parameter.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "hone/space/encoding.h"
#include "hone/space/law.h"

namespace hone {
namespace {

constexpr double kExactIntegers = 9007199254740992.0;  // 2^53

std::optional<std::uint64_t> counted(double count) {
  if (!(count <= kExactIntegers)) return std::nullopt;
  return static_cast<std::uint64_t>(count);
}

bool contains_real(const Real& domain, const Value& value) {
  if (!value.is_number() || (domain.whole && !value.is_int())) return false;
  const double x = value.as_number();
  if (!std::isfinite(x)) return false;
  if (domain.quantum) {
    const Grid grid(domain);
    if (!(grid.count() > 0)) return false;
    const double nearest = grid.value(grid.nearest(x));
    const double scale = std::max({std::fabs(x), std::fabs(domain.quantum->step),
                                   std::isfinite(domain.low) ? std::fabs(domain.low) : 0.0});
    return std::fabs(x - nearest) <= 8 * std::numeric_limits<double>::epsilon() * scale;
  }
  switch (domain.law) {
    case Law::normal:
      return true;
    case Law::log_normal:
      return x > 0;
    case Law::beta:
      return x >= 0 && x <= 1;
    default:
      return x >= domain.low && x <= domain.high;
  }
}

}  // namespace

int Choice::index_of(const Value& value) const {
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (same_value(items[i].value, value)) return static_cast<int>(i);
  }
  return -1;
}

std::optional<std::uint64_t> cardinality(const Domain& domain) {
  if (const auto* choice = std::get_if<Choice>(&domain)) return choice->items.size();
  if (const auto* integer = std::get_if<Integer>(&domain)) return counted(Grid(*integer).count());
  if (const auto* real = std::get_if<Real>(&domain)) {
    if (!real->quantum) return std::nullopt;
    return counted(Grid(*real).count());
  }
  return 1;  // derived and fixed add nothing
}

bool contains(const Domain& domain, const Value& value) {
  if (const auto* choice = std::get_if<Choice>(&domain)) return choice->index_of(value) >= 0;
  if (const auto* real = std::get_if<Real>(&domain)) return contains_real(*real, value);
  if (const auto* integer = std::get_if<Integer>(&domain)) {
    if (!value.is_int()) return false;
    const std::int64_t i = value.as_int();
    if (i < integer->low || i > integer->high) return false;
    const std::uint64_t above =
        static_cast<std::uint64_t>(i) - static_cast<std::uint64_t>(integer->low);
    return above % static_cast<std::uint64_t>(integer->step) == 0;
  }
  if (const auto* fixed = std::get_if<Fixed>(&domain)) return same_value(fixed->value, value);
  return true;
}

}  // namespace hone
