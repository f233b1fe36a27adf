// Symbols: a part of a tree predicts m in a box; v_k is the mass of its side in column k. Averaged
// over all columns but j it adds m·∏_{k≠j} v_k to every cell of j that it covers. Along a column a
// box covers runs of cells, so additions are made where runs begin and end, and summed up last.
#include "hone/analysis/forest_marginals.h"

#include <algorithm>
#include <limits>

namespace hone {
namespace {

struct Run {
  std::size_t begin, end;  ///< cells
};

class Sweep {
 public:
  Sweep(const CellSpace& space, std::span<const ColumnPair> pairs) : space_(space), pairs_(pairs) {
    for (const Regime& regime : space.regimes()) {
      cumulated_.emplace_back();
      for (const auto& mass : regime.mass) {
        std::vector<double> sums(1, 0.0);
        for (const double m : mass) sums.push_back(sums.back() + m);
        cumulated_.back().push_back(std::move(sums));
      }
      mean_.push_back(0);
      single_.emplace_back();
      for (const CellColumn& column : space.columns())
        single_.back().emplace_back(column.size() + 1, 0.0);
      pair_.emplace_back();
      for (const auto& [j, k] : pairs)
        pair_.back().emplace_back((cells(j) + 1) * (cells(k) + 1), 0.0);
    }
    runs_.resize(space.dimension());
    volume_.resize(space.dimension());
  }

  void add(std::span<const ForestSide> sides, double m) {
    for (std::size_t j = 0; j < sides.size(); ++j)
      find_runs(space_.columns()[j], sides[j], runs_[j]);
    for (std::size_t r = 0; r < space_.regimes().size(); ++r) add_to_regime(r, sides, m);
  }

  Marginals result(double trees) const {
    Marginals out;
    const auto& regimes = space_.regimes();
    for (std::size_t r = 0; r < regimes.size(); ++r)
      out.mean += regimes[r].weight * mean_[r] / trees;
    for (std::size_t j = 0; j < space_.dimension(); ++j) {
      std::vector<double> sums(cells(j), 0.0), masses(cells(j), 0.0);
      for (std::size_t r = 0; r < regimes.size(); ++r) {
        if (!regimes[r].active[j]) continue;
        double level = 0;
        for (std::size_t c = 0; c < cells(j); ++c) {
          level += single_[r][j][c];
          const double mass = regimes[r].weight * regimes[r].mass[j][c];
          sums[c] += mass * level / trees;
          masses[c] += mass;
        }
      }
      out.single.push_back(ratio(sums, masses));
    }
    for (std::size_t p = 0; p < pairs_.size(); ++p) out.pair.push_back(pair_result(p, trees));
    return out;
  }

 private:
  std::size_t cells(std::size_t column) const { return space_.columns()[column].size(); }

  static std::vector<double> ratio(std::vector<double> sums, const std::vector<double>& masses) {
    for (std::size_t c = 0; c < sums.size(); ++c)
      sums[c] = masses[c] > 0 ? sums[c] / masses[c] : std::numeric_limits<double>::quiet_NaN();
    return sums;
  }

  static void find_runs(const CellColumn& column, const ForestSide& side, std::vector<Run>& runs) {
    runs.clear();
    if (!side.active) return;
    if (side.categories.empty()) {
      const auto& at = column.at;
      const auto cell = [&](double edge) {
        return static_cast<std::size_t>(std::upper_bound(at.begin(), at.end(), edge) - at.begin());
      };
      const std::size_t begin = side.low < 0 ? 0 : cell(side.low);
      const std::size_t end = side.high > 1 ? at.size() : cell(side.high);
      if (begin < end) runs.push_back({begin, end});
      return;
    }
    for (std::size_t c = 0; c < side.categories.size(); ++c) {
      if (!side.categories[c]) continue;
      if (!runs.empty() && runs.back().end == c) {
        ++runs.back().end;
      } else {
        runs.push_back({c, c + 1});
      }
    }
  }

  void add_to_regime(std::size_t r, std::span<const ForestSide> sides, double m) {
    const Regime& regime = space_.regimes()[r];
    double whole = m;
    for (std::size_t j = 0; j < sides.size(); ++j) {
      double volume = 0;
      if (!regime.active[j]) {
        volume = sides[j].inactive ? 1 : 0;
      } else {
        const auto& sums = cumulated_[r][j];
        for (const Run& run : runs_[j]) volume += sums[run.end] - sums[run.begin];
      }
      if (!(volume > 0)) return;
      volume_[j] = volume;
      whole *= volume;
    }
    mean_[r] += whole;
    for (std::size_t j = 0; j < sides.size(); ++j) {
      if (!regime.active[j]) continue;
      const double part = whole / volume_[j];
      for (const Run& run : runs_[j]) {
        single_[r][j][run.begin] += part;
        single_[r][j][run.end] -= part;
      }
    }
    for (std::size_t p = 0; p < pairs_.size(); ++p) {
      const auto [j, k] = pairs_[p];
      if (!regime.active[j] || !regime.active[k]) continue;
      const double part = whole / (volume_[j] * volume_[k]);
      const std::size_t width = cells(k) + 1;
      auto& table = pair_[r][p];
      for (const Run& a : runs_[j]) {
        for (const Run& b : runs_[k]) {
          table[a.begin * width + b.begin] += part;
          table[a.begin * width + b.end] -= part;
          table[a.end * width + b.begin] -= part;
          table[a.end * width + b.end] += part;
        }
      }
    }
  }

  std::vector<double> pair_result(std::size_t p, double trees) const {
    const auto [j, k] = pairs_[p];
    const std::size_t rows = cells(j), columns = cells(k);
    std::vector<double> sums(rows * columns, 0.0), masses(rows * columns, 0.0);
    for (std::size_t r = 0; r < space_.regimes().size(); ++r) {
      const Regime& regime = space_.regimes()[r];
      if (!regime.active[j] || !regime.active[k]) continue;
      std::vector<double> above(columns, 0.0);
      for (std::size_t a = 0; a < rows; ++a) {
        double level = 0;
        for (std::size_t b = 0; b < columns; ++b) {
          level += pair_[r][p][a * (columns + 1) + b];
          above[b] += level;
          const double mass = regime.weight * regime.mass[j][a] * regime.mass[k][b];
          sums[a * columns + b] += mass * above[b] / trees;
          masses[a * columns + b] += mass;
        }
      }
    }
    return ratio(std::move(sums), masses);
  }

  const CellSpace& space_;
  std::span<const ColumnPair> pairs_;
  std::vector<std::vector<std::vector<double>>> cumulated_;  // by regime and column
  std::vector<double> mean_;
  std::vector<std::vector<std::vector<double>>> single_, pair_;
  std::vector<std::vector<Run>> runs_;  // of the part that is added
  std::vector<double> volume_;
};

}  // namespace

Marginals find_marginals(const RegressionForest& forest, const CellSpace& space,
                         std::span<const ColumnPair> pairs) {
  Sweep sweep(space, pairs);
  for (int tree = 0; tree < forest.tree_count(); ++tree) {
    forest.for_each_part(
        tree, [&](std::span<const ForestSide> sides, double mean) { sweep.add(sides, mean); });
  }
  return sweep.result(forest.tree_count());
}

std::vector<double> cell_mass(const CellSpace& space, std::size_t column) {
  std::vector<double> mass(space.columns()[column].size(), 0.0);
  for (const Regime& regime : space.regimes()) {
    for (std::size_t c = 0; c < regime.mass[column].size(); ++c)
      mass[c] += regime.weight * regime.mass[column][c];
  }
  return mass;
}

std::vector<double> cell_mass(const CellSpace& space, const ColumnPair& pair) {
  const std::size_t columns = space.columns()[pair.second].size();
  std::vector<double> mass(space.columns()[pair.first].size() * columns, 0.0);
  for (const Regime& regime : space.regimes()) {
    if (!regime.active[pair.first] || !regime.active[pair.second]) continue;
    for (std::size_t a = 0; a * columns < mass.size(); ++a) {
      for (std::size_t b = 0; b < columns; ++b)
        mass[a * columns + b] +=
            regime.weight * regime.mass[pair.first][a] * regime.mass[pair.second][b];
    }
  }
  return mass;
}

}  // namespace hone
