// The run file of W&B's client, run-<id>.wandb, as a pure function from bytes: what a program
// logged and its summary. hone takes values live through its import hook; this file is read at the
// end of a run for completeness. Worked out from files of wandb 0.13.11 to 0.31.0; the format is
// described in wandb_log.h (the log) and wandb_file.cc (the records).
//
// A killed run leaves a file that ends anywhere: every record before the damage is given.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hone {

/// Numbers by name, in the order of their names. Nested maps have dots: `val.loss`.
using WandbNumbers = std::vector<std::pair<std::string, double>>;

/// One committed step of wandb.log.
struct WandbRow {
  std::int64_t step = 0;
  WandbNumbers values;  ///< numbers only; may be empty, and may hold NaN and infinities
};

/// What a run file holds.
struct WandbFile {
  std::string run_id;
  std::vector<WandbRow> rows;    ///< in the order of the file
  WandbNumbers summary;          ///< with define_metric(summary="min"): `val_loss.min`
  std::optional<int> exit_code;  ///< of a finished run; a killed one has none
  std::size_t damaged = 0;  ///< stretches that were passed over: bad sums, bad lengths, bad records
  bool truncated = false;   ///< the last record is cut off, as after a kill
};

/// Reads a run file. Nothing when `bytes` is no run file (its first 7 bytes decide). Never throws
/// but for memory; time and memory are linear in the size of `bytes`. Booleans, text, lists and
/// media are passed over, and so are wandb's own `_step`, `_timestamp`, `_runtime` and `_wandb`.
std::optional<WandbFile> read_wandb_file(std::string_view bytes);

}  // namespace hone
