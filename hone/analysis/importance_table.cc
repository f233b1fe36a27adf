#include "hone/analysis/importance_table.h"

#include <algorithm>

#include "hone/analysis/fanova.h"
#include "hone/analysis/importance.h"
#include "hone/analysis/ped_anova.h"

namespace hone {
namespace {

constexpr double kNearBest = 0.25;
constexpr double kNearWithin = 0.5;

ImportanceRow& row_of(ImportanceTable& table, const std::string& parameter) {
  return *std::find_if(table.rows.begin(), table.rows.end(),
                       [&](const ImportanceRow& row) { return row.parameter == parameter; });
}

void add_fanova(const History& history, const ImportanceTableOptions& options,
                ImportanceTable& table) {
  FanovaOptions forests;
  forests.metric = options.metric;
  forests.pair_columns = 0;
  const Fanova whole = options.forests != nullptr ? *options.forests : fanova(history, forests);
  table.forest_explained = whole.explained;
  table.by_order = whole.by_order;
  if (options.metric > 0) {
    table.trials = whole.trials;
    table.needed = whole.needed;
  }
  for (const FanovaEffect& effect : whole.effects) {
    ImportanceRow& row = row_of(table, effect.parameter);
    row.fanova = effect.share;
    row.fanova_where_active = effect.where_active;
    row.active = effect.active;
  }
  if (!options.near) return;
  forests.best_share = kNearBest;
  for (const FanovaEffect& effect : fanova(history, forests).effects)
    row_of(table, effect.parameter).fanova_near = effect.share;
}

void add_ped_anova(const History& history, const ImportanceTableOptions& options,
                   ImportanceTable& table) {
  PedAnovaOptions densities;
  densities.resamples = options.resamples;
  for (const PedAnovaEffect& effect : ped_anova(history, densities).effects) {
    ImportanceRow& row = row_of(table, effect.parameter);
    row.ped_anova = effect.share;
    if (!row.fanova) row.active = effect.active;
  }
  if (!options.near) return;
  densities.within = kNearWithin;
  for (const PedAnovaEffect& effect : ped_anova(history, densities).effects)
    row_of(table, effect.parameter).ped_anova_near = effect.share;
}

/// What rows are sorted by.
double rank_of(const ImportanceRow& row) {
  if (row.share) return row.share->value;
  if (row.fanova) return row.fanova->value;
  return row.ped_anova ? row.ped_anova->value : 0;
}

}  // namespace

ImportanceTable importance_table(const History& history, const ImportanceTableOptions& options) {
  ImportanceTable table;
  const SearchSpace& space = history.spec().space;
  for (const int index : space.searched()) {
    table.rows.emplace_back();
    table.rows.back().parameter = space.parameter(index).name;
  }
  add_fanova(history, options, table);
  if (options.metric == 0) {
    const Importance importance =
        options.importance != nullptr ? *options.importance : find_importance(history);
    table.trials = importance.trials;
    table.needed = importance.needed;
    table.explained = importance.explained;
    for (const Effect& effect : importance.effects) {
      ImportanceRow& row = row_of(table, effect.parameter);
      row.share = effect.interval();
      row.p = effect.p;
    }
    add_ped_anova(history, options, table);
  }
  std::stable_sort(table.rows.begin(), table.rows.end(),
                   [](const auto& a, const auto& b) { return rank_of(a) > rank_of(b); });
  return table;
}

}  // namespace hone
