// The replicates of a trial: what the runs of one seed or fold have reported, however often they
// were interrupted and resumed, and the value that comes of it.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "hone/study/history.h"

namespace hone {

/// Replicates of which a run of this purpose has been started, in the order of their first runs.
std::vector<int> started_replicates(const History& history, std::int64_t trial, RunPurpose purpose);

/// The reports of a replicate: a run that goes on from a checkpoint replaces what its predecessors
/// reported from there on, one that starts again replaces all of it. `with_late`: those, too, that
/// came after a verdict, of runs whose program ended by itself with success.
std::vector<History::SeriesPoint> replicate_series(const History& history, std::int64_t trial,
                                                   RunPurpose purpose, int replicate, int metric,
                                                   bool with_late);

/// The metric's value by its `take` in each replicate that has reported it, at the fidelity where
/// it was taken. By replicate.
std::map<int, History::SeriesPoint> replicate_values(const History& history, std::int64_t trial,
                                                     int metric, RunPurpose purpose);

}  // namespace hone
