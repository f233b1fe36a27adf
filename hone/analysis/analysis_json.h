// Analyses as JSON: one shape for commands, reports, the server and Python.
#pragma once

#include "hone/analysis/estimate.h"
#include "hone/analysis/fanova.h"
#include "hone/analysis/importance_table.h"
#include "hone/base/value.h"

namespace hone {

/// {"value": …, "low": …, "high": …}
Value to_json(const Estimate& estimate);
/// {"trials", "needed", "explained", "forest_explained", "by_order", "parameters": [{"parameter",
/// "share", "p", "fanova", "fanova_where_active", "fanova_near", "ped_anova", "ped_anova_near",
/// "active"}]}; figures that there are too few trials for are left out.
Value to_json(const ImportanceTable& table);
/// {"values": [a parameter's], "encoded": […], "mean": […], "low": […], "high": […]}; null where
/// the space has nothing.
Value to_json(const Dependence& dependence);
/// {"first_values", "second_values", "mean", "low", "high"}: a list of rows for each value of the
/// first.
Value to_json(const PairDependence& dependence);
/// {"enough", "trials", "needed", "by_order", "explained", "parameters": [{"parameter", "share",
/// "active", "where_active"}], "pairs": [{"first", "second", "share", "active"}]}; dependences
/// where asked for.
Value to_json(const Fanova& found, bool with_dependences);

}  // namespace hone
