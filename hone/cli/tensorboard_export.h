// A study as TensorBoard's event files: a folder per trial with its scalars at the times at which
// they were reported, and the parameters, metrics and ends of all as the hparams plugin shows them.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <vector>

#include "hone/store/store.h"
#include "hone/study/history.h"

namespace hone::cli {

/// Writes `folder`/<trial>/ (a replicate or confirmation has a folder of its own below), and one
/// file in `folder` that describes the study. Files of an earlier export of the study are replaced.
/// `points`: what a run logged besides reports. Returns the number of files. Throws Error(io).
std::size_t write_tensorboard(const History& history, const std::filesystem::path& folder,
                              const std::function<std::vector<Point>(RunId)>& points);

}  // namespace hone::cli
