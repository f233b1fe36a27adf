#include "hone/analysis/effect_basis.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "hone/analysis/cells.h"
#include "hone/space/encoding.h"

namespace hone {
namespace {

constexpr int kDegree = 3;
constexpr int kMaxItems = 24;  ///< of an unordered choice; the others count as one
constexpr std::size_t kMaxPairTerms = 36;
constexpr int kPriorDraws = 512;

/// Points with their probability under the law.
struct Measure {
  std::vector<double> at, weight;
};

/// Gram and Schmidt, twice for rounding: functions given by their values on the measure's points
/// become orthonormal to the constant and to each other. `apply` repeats each step on what defines
/// a function.
void orthonormalise(const Measure& measure, std::vector<std::vector<double>>& values,
                    std::vector<std::vector<double>>& definition) {
  constexpr double kNothing = 1e-9;
  const std::size_t n = measure.at.size();
  const auto product = [&](const std::vector<double>& a, const std::vector<double>& b) {
    double sum = 0;
    for (std::size_t i = 0; i < n; ++i) sum += measure.weight[i] * a[i] * b[i];
    return sum;
  };
  std::vector<std::vector<double>> kept_values, kept;
  for (std::size_t f = 0; f < values.size(); ++f) {
    for (int round = 0; round < 2; ++round) {
      for (std::size_t g = 0; g < kept.size(); ++g) {
        const double c = product(values[f], kept_values[g]);
        for (std::size_t i = 0; i < n; ++i) values[f][i] -= c * kept_values[g][i];
        for (std::size_t i = 0; i < definition[f].size(); ++i) definition[f][i] -= c * kept[g][i];
      }
    }
    const double norm = std::sqrt(product(values[f], values[f]));
    if (norm < kNothing) continue;
    for (double& v : values[f]) v /= norm;
    for (double& v : definition[f]) v /= norm;
    kept_values.push_back(values[f]);
    kept.push_back(definition[f]);
  }
  if (!kept.empty()) kept.erase(kept.begin());  // the constant
  definition = std::move(kept);
}

/// The item of an unordered choice by its position.
std::size_t item_at(double u, std::size_t items, std::size_t distinct) {
  const auto item = static_cast<std::size_t>(
      std::clamp(std::floor(u * static_cast<double>(items)), 0.0, static_cast<double>(items) - 1));
  return std::min(item, distinct - 1);
}

bool depends_on(const SearchSpace& space, int child, int parent) {
  const std::string& name = space.parameter(parent).name;
  for (const Condition& condition : space.parameter(child).conditions) {
    if (condition.parent == name) return true;
    if (!condition.test) continue;
    for (const auto& used : condition.test->names()) {
      if (used == name) return true;
    }
  }
  return false;
}

}  // namespace

EffectBasis::Column EffectBasis::make_column(const Domain& domain) {
  Column column;
  column.domain = &domain;
  CellColumn cells = cells_of(domain);
  const Measure measure{std::move(cells.at), std::move(cells.mass)};
  std::vector<std::vector<double>> values, definition;
  if (!is_categorical(domain)) {
    for (int k = 0; k <= kDegree; ++k) {
      std::vector<double> power, one(kDegree + 1, 0.0);
      for (const double u : measure.at) power.push_back(std::pow(u, k));
      one[static_cast<std::size_t>(k)] = 1;
      values.push_back(std::move(power));
      definition.push_back(std::move(one));
    }
    orthonormalise(measure, values, definition);
    column.polynomials = std::move(definition);
    return column;
  }
  const std::size_t items = measure.at.size();
  const std::size_t distinct = std::min<std::size_t>(items, kMaxItems);
  Measure lumped;
  lumped.at.resize(distinct);
  lumped.weight.assign(distinct, 0.0);
  for (std::size_t i = 0; i < items; ++i)
    lumped.weight[std::min(i, distinct - 1)] += measure.weight[i];
  values.emplace_back(distinct, 1.0);
  for (std::size_t i = 0; i + 1 < distinct; ++i) {
    values.emplace_back(distinct, 0.0);
    values.back()[i] = 1;
  }
  definition = values;
  orthonormalise(lumped, values, definition);
  column.contrasts = std::move(definition);
  return column;
}

double EffectBasis::Column::value(int function, double u) const {
  const auto f = static_cast<std::size_t>(function);
  if (!contrasts.empty()) {
    const auto items = std::get<Choice>(*domain).items.size();
    return contrasts[f][item_at(u, items, contrasts[f].size())];
  }
  const std::vector<double>& c = polynomials[f];
  const double x = snap(*domain, u);
  return c[0] + x * (c[1] + x * (c[2] + x * c[3]));
}

EffectBasis::EffectBasis(const SearchSpace& space, Rng rng) : space_(space) {
  for (const int index : space_.searched())
    columns_.push_back(make_column(space_.parameter(index).domain));
  if (space_.has_conditions()) {
    for (int i = 0; i < kPriorDraws; ++i) {
      const auto config = space_.sample(rng);
      if (!config) break;
      drawn_.emplace_back(columns_.size());
      space_.encode(*config, drawn_.back());
    }
  }
  for (int j = 0; j < dimension(); ++j) {
    const Column& column = columns_[static_cast<std::size_t>(j)];
    double present = 1;
    if (!drawn_.empty()) {
      const auto active = std::count_if(drawn_.begin(), drawn_.end(), [&](const auto& row) {
        return !std::isnan(row[static_cast<std::size_t>(j)]);
      });
      present = static_cast<double>(active) / static_cast<double>(drawn_.size());
    }
    for (int f = 0; f < column.functions(); ++f) {
      // Degree k: variance 2^−(k−1), as the coefficients of a smooth function fall; the items of
      // a choice share what one linear term has.
      const double sd = column.contrasts.empty()
                            ? std::sqrt(1.0 / (1 << f))
                            : std::sqrt(1.0 / static_cast<double>(column.functions()));
      terms_.push_back({j, -1, f, 0, sd, present});
    }
  }
}

void EffectBasis::add_pairs(std::span<const int> columns) {
  for (std::size_t a = 0; a < columns.size(); ++a) {
    for (std::size_t b = a + 1; b < columns.size(); ++b) {
      const int j = std::min(columns[a], columns[b]);
      const int k = std::max(columns[a], columns[b]);
      const Column& first = columns_[static_cast<std::size_t>(j)];
      const Column& second = columns_[static_cast<std::size_t>(k)];
      if (first.functions() == 0 || second.functions() == 0) continue;
      const int index_j = space_.searched()[static_cast<std::size_t>(j)];
      const int index_k = space_.searched()[static_cast<std::size_t>(k)];
      if (depends_on(space_, index_j, index_k) || depends_on(space_, index_k, index_j)) continue;
      const auto count = static_cast<std::size_t>(first.linear() * second.linear());
      if (count > kMaxPairTerms) continue;
      double present = 1;
      if (!drawn_.empty()) {
        const auto both = std::count_if(drawn_.begin(), drawn_.end(), [&](const auto& row) {
          return !std::isnan(row[static_cast<std::size_t>(j)]) &&
                 !std::isnan(row[static_cast<std::size_t>(k)]);
        });
        present = static_cast<double>(both) / static_cast<double>(drawn_.size());
      }
      if (present == 0) continue;
      for (int f = 0; f < first.linear(); ++f) {
        for (int g = 0; g < second.linear(); ++g)
          terms_.push_back({j, k, f, g, 0.5 / std::sqrt(static_cast<double>(count)), present});
      }
    }
  }
}

void EffectBasis::evaluate(std::span<const double> row, std::span<double> values) const {
  for (std::size_t t = 0; t < terms_.size(); ++t) {
    const EffectTerm& term = terms_[t];
    const double u = row[static_cast<std::size_t>(term.first)];
    values[t] = 0;
    if (std::isnan(u)) continue;
    const double one = columns_[static_cast<std::size_t>(term.first)].value(term.first_function, u);
    if (term.second < 0) {
      values[t] = one;
      continue;
    }
    const double v = row[static_cast<std::size_t>(term.second)];
    if (std::isnan(v)) continue;
    values[t] =
        one * columns_[static_cast<std::size_t>(term.second)].value(term.second_function, v);
  }
}

}  // namespace hone
