#include "hone/analysis/analysis_json.h"

#include <cmath>

namespace hone {
namespace {

Value list_of(const std::vector<Value>& values) { return Value(Value::List(values)); }

/// Null where there is nothing to tell.
Value list_of(const std::vector<Estimate>& estimates, double Estimate::*member, std::size_t begin,
              std::size_t end) {
  Value::List out;
  for (std::size_t i = begin; i < end; ++i) {
    const double x = estimates[i].*member;
    out.push_back(std::isfinite(x) ? Value(x) : Value());
  }
  return Value(std::move(out));
}

Value rows_of(const std::vector<Estimate>& estimates, double Estimate::*member, std::size_t width) {
  Value::List out;
  for (std::size_t i = 0; i < estimates.size(); i += width)
    out.push_back(list_of(estimates, member, i, i + width));
  return Value(std::move(out));
}

void set_if(Value& row, const char* name, const std::optional<Estimate>& estimate) {
  if (estimate) row.set(name, to_json(*estimate));
}

}  // namespace

Value to_json(const Estimate& estimate) {
  Value row = Value::Map{};
  row.set("value", estimate.value).set("low", estimate.low).set("high", estimate.high);
  return row;
}

Value to_json(const ImportanceTable& table) {
  Value out = Value::Map{};
  out.set("trials", table.trials).set("needed", table.needed).set("explained", table.explained);
  out.set("forest_explained", table.forest_explained).set("by_order", table.by_order);
  Value::List rows;
  for (const ImportanceRow& from : table.rows) {
    Value row = Value::Map{};
    row.set("parameter", from.parameter);
    set_if(row, "share", from.share);
    if (from.share) row.set("p", from.p);
    set_if(row, "fanova", from.fanova);
    set_if(row, "fanova_where_active", from.fanova_where_active);
    set_if(row, "fanova_near", from.fanova_near);
    set_if(row, "ped_anova", from.ped_anova);
    set_if(row, "ped_anova_near", from.ped_anova_near);
    row.set("active", from.active);
    rows.push_back(std::move(row));
  }
  out.set("parameters", Value(std::move(rows)));
  return out;
}

Value to_json(const Dependence& dependence) {
  Value out = Value::Map{};
  const std::size_t n = dependence.mean.size();
  Value::List encoded(dependence.at.begin(), dependence.at.end());
  out.set("values", list_of(dependence.values)).set("encoded", Value(std::move(encoded)));
  out.set("mean", list_of(dependence.mean, &Estimate::value, 0, n));
  out.set("low", list_of(dependence.mean, &Estimate::low, 0, n));
  out.set("high", list_of(dependence.mean, &Estimate::high, 0, n));
  return out;
}

Value to_json(const PairDependence& dependence) {
  Value out = Value::Map{};
  const std::size_t width = dependence.second_values.size();
  out.set("first_values", list_of(dependence.first_values));
  out.set("second_values", list_of(dependence.second_values));
  out.set("mean", rows_of(dependence.mean, &Estimate::value, width));
  out.set("low", rows_of(dependence.mean, &Estimate::low, width));
  out.set("high", rows_of(dependence.mean, &Estimate::high, width));
  return out;
}

Value to_json(const Fanova& found, bool with_dependences) {
  Value out = Value::Map{};
  out.set("enough", found.enough).set("trials", found.trials).set("needed", found.needed);
  out.set("by_order", found.by_order).set("explained", found.explained);
  Value::List effects, pairs;
  for (const FanovaEffect& from : found.effects) {
    Value row = Value::Map{};
    row.set("parameter", from.parameter).set("share", to_json(from.share));
    row.set("active", from.active).set("where_active", to_json(from.where_active));
    if (with_dependences) row.set("dependence", to_json(from.dependence));
    effects.push_back(std::move(row));
  }
  for (const FanovaPair& from : found.pairs) {
    Value row = Value::Map{};
    row.set("first", from.first).set("second", from.second);
    row.set("share", to_json(from.share)).set("active", from.active);
    if (with_dependences) row.set("dependence", to_json(from.dependence));
    pairs.push_back(std::move(row));
  }
  out.set("parameters", Value(std::move(effects))).set("pairs", Value(std::move(pairs)));
  return out;
}

}  // namespace hone
