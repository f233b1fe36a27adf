// Scalars of TensorBoard's event files, as a state machine from bytes to records: what
// torch.utils.tensorboard, tf.summary, tensorboardX and Lightning write with add_scalar and the
// like. A record of the file is read when it is whole and its sums are right; the half-written end
// of a living file waits.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "hone/runner/metric_parser.h"

namespace hone {

/// One event file. Not thread-safe.
class EventFileReader {
 public:
  static constexpr std::uint64_t kMaxRecordBytes =
      1 << 20;  ///< longer ones (pictures) are passed over

  /// The next bytes, in pieces of any size. Each scalar is a record with its tag as the metric's
  /// name and its step.
  std::vector<ParsedRecord> feed(std::string_view bytes);

  /// Bytes that were fed and belong to a record that is not whole yet: a reader that is made anew
  /// goes on with them.
  std::size_t held() const { return pending_.size(); }
  /// After a damaged record there is no telling where the next begins: nothing more is read.
  bool is_damaged() const { return damaged_; }
  /// Tags of the scalars so far in order of appearance, at most MetricParser::kMaxNames.
  const std::vector<std::string>& seen() const { return seen_; }

  /// What a reader that is made anew must know besides the offset, as a line of JSON. A record that
  /// is being passed over is part of it.
  std::string save() const;
  static EventFileReader restore(std::string_view saved);

 private:
  void read_event(std::string_view payload, std::vector<ParsedRecord>& out);

  std::string pending_;
  std::uint64_t skip_ = 0;  ///< bytes of a long record that are still to come
  bool damaged_ = false;
  std::vector<std::string> seen_;
};

/// Event files below `folder` that were written since `since_us` (Unix time of the file system), in
/// the order of their names. Bounded in depth and number; links are not followed. Folders right
/// below that belong to other runs of the trial (`replicate-1`, `confirm-0`, …) and copies in
/// `artifacts` are left out.
std::vector<std::filesystem::path> find_event_files(const std::filesystem::path& folder,
                                                    std::int64_t since_us);

}  // namespace hone
