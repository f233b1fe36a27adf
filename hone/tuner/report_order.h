// In which order what a program says at once is stored.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "hone/study/change.h"

namespace hone {

/// The first objective's reports come after those of the other metrics: who judges by it knows
/// the others of the same place by then. Otherwise the order stays, and the ordinals stay in it.
inline void put_objective_last(std::span<Report> reports) {
  if (reports.size() < 2) return;
  std::vector<std::int64_t> ordinals;
  for (const Report& report : reports) ordinals.push_back(report.ordinal);
  std::stable_partition(reports.begin(), reports.end(),
                        [](const Report& report) { return report.metric != 0; });
  for (std::size_t i = 0; i < reports.size(); ++i) reports[i].ordinal = ordinals[i];
}

}  // namespace hone
