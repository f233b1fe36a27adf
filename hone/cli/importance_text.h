// Importance and interactions as tables for a terminal and as CSV.
#pragma once

#include <string>

#include "hone/analysis/fanova.h"
#include "hone/analysis/importance_table.h"

namespace hone::cli {

/// "71 % (65–77)".
std::string share_text(const Estimate& share);

/// A headline and a row per parameter. Columns that do not fit into `width` are left out whole, the
/// least telling first; 0: all.
std::string importance_table_text(const ImportanceTable& table, const std::string& metric,
                                  int width);
std::string importance_table_csv(const ImportanceTable& table);

/// The strongest pairs, at most `most`; all where it is 0.
std::string pairs_text(const Fanova& found, std::size_t most);
std::string pairs_csv(const Fanova& found);

}  // namespace hone::cli
