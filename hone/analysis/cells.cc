#include "hone/analysis/cells.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <string>

#include "hone/space/encoding.h"

namespace hone {
namespace {

constexpr int kCells = 64;  ///< a finer grid counts as continuous
constexpr int kDraws = 4096;
constexpr std::size_t kMostRegimes = 32;
constexpr std::size_t kFewCells = 16;

/// Names of parameters on which the activity of others depends.
std::set<std::string> parents_of(const SearchSpace& space) {
  std::set<std::string> parents;
  for (const Parameter& parameter : space.parameters()) {
    for (const Condition& condition : parameter.conditions) {
      if (!condition.parent.empty()) parents.insert(condition.parent);
      if (!condition.test) continue;
      for (const auto& name : condition.test->names()) parents.insert(std::string(name));
    }
  }
  return parents;
}

/// The law of a column restricted to where draws of it were seen: each cell where there are few,
/// else the range between the outermost.
std::vector<double> restricted(const std::vector<double>& mass, const std::vector<bool>& seen) {
  std::vector<bool> kept = seen;
  if (mass.size() > kFewCells) {
    const auto first = std::find(kept.begin(), kept.end(), true);
    const auto last = std::find(kept.rbegin(), kept.rend(), true).base();
    std::fill(first, last, true);
  }
  std::vector<double> out(mass.size(), 0.0);
  double total = 0;
  for (std::size_t c = 0; c < mass.size(); ++c) {
    if (kept[c]) total += out[c] = mass[c];
  }
  for (double& m : out) m /= total;
  return out;
}

}  // namespace

std::size_t CellColumn::index(double u) const {
  const auto found = std::lower_bound(high.begin(), high.end(), u);
  return std::min(static_cast<std::size_t>(found - high.begin()), high.size() - 1);
}

CellColumn cells_of(const Domain& domain) {
  CellColumn column;
  column.categorical = is_categorical(domain);
  const int cells = cell_count(domain);
  if (column.categorical || (cells > 0 && cells <= kCells)) {
    constexpr double kJustBeyond = 1e-12;  // edges are rounded
    for (double u = 0; u < 1 && static_cast<int>(column.at.size()) < cells;) {
      const Cell cell = cell_of(domain, u);
      column.at.push_back(cell.middle());
      column.mass.push_back(cell.high - cell.low);
      column.high.push_back(cell.high);
      u = std::max(cell.high, u) + kJustBeyond;
    }
    const auto* choice = std::get_if<Choice>(&domain);
    if (choice != nullptr && !choice->weights.empty()) column.mass = choice->weights;
    return column;
  }
  for (int i = 0; i < kCells; ++i) {
    column.at.push_back((i + 0.5) / kCells);
    column.high.push_back((i + 1.0) / kCells);
    column.mass.push_back(1.0 / kCells);
  }
  return column;
}

CellSpace::CellSpace(const SearchSpace& space, Rng rng) {
  for (const int index : space.searched())
    columns_.push_back(cells_of(space.parameter(index).domain));
  const std::size_t d = columns_.size();
  Regime all;
  all.active.assign(d, true);
  for (const CellColumn& column : columns_) all.mass.push_back(column.mass);
  std::map<std::vector<bool>, std::vector<std::vector<double>>> drawn;
  for (int i = 0; space.has_conditions() && i < kDraws; ++i) {
    const auto config = space.sample(rng);
    if (!config) break;
    std::vector<double> row(d);
    space.encode(*config, row);
    std::vector<bool> active(d);
    for (std::size_t j = 0; j < d; ++j) active[j] = !std::isnan(row[j]);
    drawn[active].push_back(std::move(row));
  }
  if (drawn.empty()) {
    regimes_.push_back(std::move(all));
    return;
  }
  const std::set<std::string> parents = parents_of(space);
  for (const auto& [active, rows] : drawn) {
    Regime regime;
    regime.weight = static_cast<double>(rows.size());
    regime.active = active;
    for (std::size_t j = 0; j < d; ++j) {
      regime.mass.emplace_back();
      if (!active[j]) continue;
      const bool is_parent = parents.count(space.parameter(space.searched()[j]).name) > 0;
      std::vector<bool> seen(columns_[j].size(), !is_parent);
      for (std::size_t i = 0; is_parent && i < rows.size(); ++i)
        seen[columns_[j].index(rows[i][j])] = true;
      regime.mass.back() = restricted(columns_[j].mass, seen);
    }
    regimes_.push_back(std::move(regime));
  }
  std::stable_sort(regimes_.begin(), regimes_.end(),
                   [](const Regime& a, const Regime& b) { return a.weight > b.weight; });
  regimes_.resize(std::min(regimes_.size(), kMostRegimes));
  double total = 0;
  for (const Regime& regime : regimes_) total += regime.weight;
  for (Regime& regime : regimes_) regime.weight /= total;
}

double CellSpace::active(std::size_t column) const {
  double sum = 0;
  for (const Regime& regime : regimes_) {
    if (regime.active[column]) sum += regime.weight;
  }
  return sum;
}

std::vector<double> CellSpace::snapped(std::span<const double> row) const {
  std::vector<double> out(row.begin(), row.end());
  for (std::size_t j = 0; j < out.size(); ++j) {
    if (!std::isnan(out[j])) out[j] = columns_[j].at[columns_[j].index(out[j])];
  }
  return out;
}

std::vector<int> CellSpace::categories() const {
  std::vector<int> counts;
  for (const CellColumn& column : columns_)
    counts.push_back(column.categorical ? static_cast<int>(column.size()) : 0);
  return counts;
}

}  // namespace hone
