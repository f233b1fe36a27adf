// Where a session's events are shown: a live display where stdout is a terminal, else lines. Either
// is a SessionObserver (see hone/tuner/session.h for when and in which thread it is called).
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "hone/base/clock.h"
#include "hone/cli/lines.h"
#include "hone/store/store.h"

namespace hone::cli {

struct DisplayOptions {
  LineOptions lines;
  std::string title;             ///< of the study
  bool watches = false;          ///< `hone attach`
  const Clock* clock = nullptr;  ///< for the time between frames
  /// The devices of a run, for people; nullopt while it has not started. May be empty.
  std::function<std::optional<std::string>(RunId)> where;
};

/// Whether make_display gives a live display: stdout is a terminal that can move its cursor, and
/// neither lines (--verbose), JSON nor the result only (--quiet) were asked for.
bool is_live(const LineOptions& options);

/// For `hone run`, `resume`, `worker` and `attach`. A live display holds the terminal until it is
/// destroyed: destroy it before printing.
std::unique_ptr<SessionObserver> make_display(const DisplayOptions& options);

/// "gpu 0", "cpu 2,3" or "", from what the store keeps of a run's start; nullopt before it.
std::optional<std::string> devices_of(Store& store, RunId run);

}  // namespace hone::cli
