#include "hone/space/encoding.h"

#include <algorithm>
#include <climits>
#include <cmath>

#include "hone/base/assert.h"
#include "hone/space/law.h"

namespace hone {
namespace {

double in_unit(double u) { return std::isnan(u) ? 0.5 : std::clamp(u, 0.0, 1.0); }

/// The item whose cell of width 1/C holds u.
std::size_t item_at(const Choice& choice, double u) {
  const double count = static_cast<double>(choice.items.size());
  return static_cast<std::size_t>(std::clamp(std::floor(u * count), 0.0, count - 1));
}

Cell item_cell(const Choice& choice, double index) {
  const double count = static_cast<double>(choice.items.size());
  return {index / count, (index + 1) / count};
}

double grid_count(const Domain& domain) {
  if (const auto* integer = std::get_if<Integer>(&domain)) return Grid(*integer).count();
  if (const auto* real = std::get_if<Real>(&domain)) {
    return real->quantum ? Grid(*real).count() : 0;
  }
  return 0;
}

Value grid_value(const Grid& grid, bool whole, double k) {
  return whole ? Value(grid.integer(k)) : Value(grid.value(k));
}

Cell grid_cell(const Grid& grid, double k) { return {grid.edge(k), grid.edge(k + 1)}; }

}  // namespace

std::optional<double> encode(const Domain& domain, const Value& value) {
  if (const auto* choice = std::get_if<Choice>(&domain)) {
    const int index = choice->index_of(value);
    if (index < 0) return std::nullopt;
    return item_cell(*choice, index).middle();
  }
  if (!value.is_number() || std::isnan(value.as_number())) return std::nullopt;
  const double x = value.as_number();
  if (const auto* integer = std::get_if<Integer>(&domain)) {
    const Grid grid(*integer);
    return grid_cell(grid, grid.nearest(x)).middle();
  }
  if (const auto* real = std::get_if<Real>(&domain)) {
    if (real->quantum) {
      const Grid grid(*real);
      return grid_cell(grid, grid.nearest(x)).middle();
    }
    return ContinuousLaw(real->law, real->low, real->high, real->a, real->b).cdf(x);
  }
  HONE_ASSERT(false, "only searched parameters are encoded");
  return std::nullopt;
}

Value decode(const Domain& domain, double u) {
  u = in_unit(u);
  if (const auto* choice = std::get_if<Choice>(&domain))
    return choice->items[item_at(*choice, u)].value;
  return quantile(domain, u);
}

int cell_count(const Domain& domain) {
  if (const auto* choice = std::get_if<Choice>(&domain))
    return static_cast<int>(choice->items.size());
  return static_cast<int>(std::min<double>(grid_count(domain), INT_MAX));
}

Cell cell_of(const Domain& domain, double u) {
  u = in_unit(u);
  if (const auto* choice = std::get_if<Choice>(&domain)) {
    return item_cell(*choice, static_cast<double>(item_at(*choice, u)));
  }
  if (const auto* integer = std::get_if<Integer>(&domain)) {
    const Grid grid(*integer);
    return grid_cell(grid, grid.at(u));
  }
  if (const auto* real = std::get_if<Real>(&domain); real != nullptr && real->quantum) {
    const Grid grid(*real);
    return grid_cell(grid, grid.at(u));
  }
  return {u, u};
}

double snap(const Domain& domain, double u) {
  return is_discrete(domain) ? cell_of(domain, u).middle() : in_unit(u);
}

Value quantile(const Domain& domain, double p) {
  p = in_unit(p);
  if (const auto* choice = std::get_if<Choice>(&domain)) {
    if (choice->weights.empty()) return choice->items[item_at(*choice, p)].value;
    double reached = 0;
    std::size_t last = 0;  // the last item that has any weight: rounding may leave p above the sum
    for (std::size_t i = 0; i < choice->weights.size(); ++i) {
      if (choice->weights[i] <= 0) continue;
      last = i;
      reached += choice->weights[i];
      if (p < reached) break;
    }
    return choice->items[last].value;
  }
  if (const auto* integer = std::get_if<Integer>(&domain)) {
    const Grid grid(*integer);
    return Value(grid.integer(grid.at(p)));
  }
  if (const auto* real = std::get_if<Real>(&domain)) {
    if (real->quantum) {
      const Grid grid(*real);
      return grid_value(grid, real->whole, grid.at(p));
    }
    return Value(ContinuousLaw(real->law, real->low, real->high, real->a, real->b).quantile(p));
  }
  HONE_ASSERT(false, "only searched parameters are decoded");
  return {};
}

bool is_categorical(const Domain& domain) {
  const auto* choice = std::get_if<Choice>(&domain);
  return choice != nullptr && !choice->ordered;
}

bool is_discrete(const Domain& domain) {
  if (const auto* real = std::get_if<Real>(&domain)) return real->quantum.has_value();
  return true;
}

}  // namespace hone
