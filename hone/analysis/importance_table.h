// Importance as each method sees it, side by side: the regression that tells what mattered
// (importance.h), the forests (fanova.h) and the densities of the best (ped_anova.h), over the
// whole space and near the optimum.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "hone/analysis/estimate.h"
#include "hone/study/history.h"

namespace hone {

struct Importance;
struct Fanova;

struct ImportanceRow {
  std::string parameter;
  /// By regression on the order of the trials; with a share of what the parameters explain, and the
  /// chance of as much without an effect. Empty where trials are too few.
  std::optional<Estimate> share;
  double p = 1;
  std::optional<Estimate> fanova;               ///< of the variance over the space
  std::optional<Estimate> fanova_where_active;  ///< … over the part where it is active
  std::optional<Estimate> fanova_near;          ///< of what tells the best quarter apart within
  std::optional<Estimate> ped_anova;            ///< the best tenth against all
  std::optional<Estimate> ped_anova_near;       ///< the best tenth of the better half against it
  double active =
      1;  ///< how much of the space it is active in; of the trials where fanova is empty
};

struct ImportanceTable {
  std::int64_t trials = 0;      ///< that say something
  std::int64_t needed = 0;      ///< by the regression; `rows` have no share below it
  double explained = 0;         ///< of the order of left-out trials, by the regression
  double forest_explained = 0;  ///< of the variance of left-out trials, by the forests
  bool by_order = false;        ///< the forests explain the order too: values cannot be compared
  std::vector<ImportanceRow> rows;  ///< every searched parameter, the most important first
};

struct ImportanceTableOptions {
  int metric = 0;       ///< a declared objective; with another than the first only fanova
  bool near = true;     ///< also near the optimum
  int resamples = 200;  ///< bootstrap of ped_anova
  // What has been found of the same history and metric already, so that it is not found again.
  const Importance* importance = nullptr;
  const Fanova* forests = nullptr;  ///< of the whole space
};

/// Pure. A few seconds at worst (1000 trials of 20 parameters).
ImportanceTable importance_table(const History& history,
                                 const ImportanceTableOptions& options = {});

}  // namespace hone
