#include "hone/cli/importance_text.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "hone/analysis/importance.h"
#include "hone/analysis/shown.h"
#include "hone/base/csv.h"
#include "hone/base/text.h"
#include "hone/cli/terminal.h"
#include "hone/cli/ui_text.h"

namespace hone::cli {
namespace {

/// A column of the table, with what is left out first where there is no room.
struct Column {
  std::string name;
  std::vector<std::string> cells;
  int worth = 0;  ///< the least is left out first
};

int width_of(const std::vector<Column>& columns) {
  int total = -2;
  for (const Column& column : columns) {
    int width = columns_of(column.name);
    for (const std::string& cell : column.cells) width = std::max(width, columns_of(cell));
    total += width + 2;
  }
  return total;
}

std::string cell(const std::optional<Estimate>& estimate) {
  return estimate ? share_text(*estimate) : "";
}

Value csv_of(const std::optional<Estimate>& estimate, double Estimate::*member) {
  return estimate ? Value((*estimate).*member) : Value();
}

std::string bar(double share) {
  constexpr int kWidth = 10;
  const int eighths = static_cast<int>(std::lround(std::clamp(share, 0.0, 1.0) * kWidth * 8));
  static constexpr const char* kParts[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
  std::string out;
  for (int i = 0; i < eighths / 8; ++i) out += "█";
  return out + kParts[eighths % 8];
}

}  // namespace

std::string share_text(const Estimate& share) {
  if (share.low == share.high) return shown_share(share.value);
  return fmt::format("{} ({:.0f}–{:.0f})", shown_share(share.value), 100 * share.low,
                     100 * share.high);
}

std::string importance_table_text(const ImportanceTable& table, const std::string& metric,
                                  int width) {
  const bool told = std::any_of(table.rows.begin(), table.rows.end(),
                                [](const ImportanceRow& row) { return row.share.has_value(); });
  const bool any = std::any_of(table.rows.begin(), table.rows.end(), [](const ImportanceRow& row) {
    return row.share || row.fanova || row.ped_anova;
  });
  if (!any) {
    if (table.trials >= table.needed)
      return fmt::format("All {} trials came to the same: there is nothing to explain.\n",
                         table.trials);
    return fmt::format("Too few trials to tell what matters for {}: {}, and {} are needed.\n",
                       metric, table.trials, table.needed);
  }
  std::string out = fmt::format("What matters for {}, by {} trials", metric, table.trials);
  if (told) {
    out += fmt::format("; the parameters predict {} of the order of trials left out",
                       shown_share(table.explained));
  }
  out += ".\n";
  std::vector<Column> columns = {
      {"parameter", {}, 100}, {"share", {}, 90},         {"", {}, 20},         {"fANOVA", {}, 60},
      {"PED-ANOVA", {}, 50},  {"near the best", {}, 40}, {"PED near", {}, 10}, {"active", {}, 45}};
  const bool conditional = std::any_of(table.rows.begin(), table.rows.end(),
                                       [](const ImportanceRow& row) { return row.active < 1; });
  bool by_chance = false;
  for (const ImportanceRow& row : table.rows) {
    const bool chance = row.share && row.p > kSignificance;
    by_chance = by_chance || chance;
    std::string fanova = cell(row.fanova);
    columns[0].cells.push_back(row.parameter);
    columns[1].cells.push_back(row.share ? share_text(*row.share) + (chance ? " *" : "") : "");
    columns[2].cells.push_back(row.share ? bar(row.share->value) : "");
    columns[3].cells.push_back(std::move(fanova));
    columns[4].cells.push_back(cell(row.ped_anova));
    columns[5].cells.push_back(cell(row.fanova_near));
    columns[6].cells.push_back(cell(row.ped_anova_near));
    std::string active = shown_share(row.active);
    if (row.active < 1 && row.fanova_where_active)
      active += fmt::format(", there {}", share_text(*row.fanova_where_active));
    columns[7].cells.push_back(std::move(active));
  }
  if (!conditional) columns.erase(columns.begin() + 7);
  std::erase_if(columns, [](const Column& column) {
    return std::all_of(column.cells.begin(), column.cells.end(),
                       [](const std::string& text) { return text.empty(); });
  });
  while (width > 0 && columns.size() > 2 && width_of(columns) > width) {
    columns.erase(
        std::min_element(columns.begin(), columns.end(),
                         [](const Column& a, const Column& b) { return a.worth < b.worth; }));
  }
  TextTable text;
  for (const Column& column : columns) {
    text.header.push_back(column.name);
    text.right.push_back(false);
  }
  for (std::size_t i = 0; i < table.rows.size(); ++i) {
    text.rows.emplace_back();
    for (const Column& column : columns) text.rows.back().push_back(column.cells[i]);
  }
  out += text.text(width);
  if (by_chance) out += "* not told apart from chance\n";
  return out;
}

std::string importance_table_csv(const ImportanceTable& table) {
  std::vector<Value> header = {"parameter"};
  for (const char* name :
       {"share", "fanova", "fanova_where_active", "fanova_near", "ped_anova", "ped_anova_near"}) {
    for (const char* end : {"", "_low", "_high"}) header.emplace_back(std::string(name) + end);
  }
  header.emplace_back("p");
  header.emplace_back("active");
  std::string out = csv_line(header);
  for (const ImportanceRow& row : table.rows) {
    std::vector<Value> cells = {row.parameter};
    for (const auto* estimate : {&row.share, &row.fanova, &row.fanova_where_active,
                                 &row.fanova_near, &row.ped_anova, &row.ped_anova_near}) {
      for (const auto member : {&Estimate::value, &Estimate::low, &Estimate::high})
        cells.push_back(csv_of(*estimate, member));
    }
    cells.push_back(row.share ? Value(row.p) : Value());
    cells.emplace_back(row.active);
    out += csv_line(cells);
  }
  return out;
}

std::string pairs_text(const Fanova& found, std::size_t most) {
  TextTable text;
  text.header = {"pair", "share", ""};
  text.right = {false, false, false};
  const std::size_t count = most == 0 ? found.pairs.size() : std::min(most, found.pairs.size());
  for (std::size_t i = 0; i < count; ++i) {
    const FanovaPair& pair = found.pairs[i];
    text.rows.push_back({fmt::format("{} × {}", pair.first, pair.second), share_text(pair.share),
                         bar(pair.share.value)});
  }
  std::string out = text.text();
  if (count < found.pairs.size()) {
    out += fmt::format("… and {} more, none above {} (--all lists them)\n",
                       found.pairs.size() - count, shown_share(found.pairs[count].share.value));
  }
  return out;
}

std::string pairs_csv(const Fanova& found) {
  const std::vector<Value> header = {"first",     "second",     "share",
                                     "share_low", "share_high", "active"};
  std::string out = csv_line(header);
  for (const FanovaPair& pair : found.pairs) {
    const std::vector<Value> cells = {pair.first,     pair.second,     pair.share.value,
                                      pair.share.low, pair.share.high, pair.active};
    out += csv_line(cells);
  }
  return out;
}

}  // namespace hone::cli
