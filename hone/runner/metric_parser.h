// From what a program prints to what it reports: bytes in, records out. A pure state machine per
// source (stdout, stderr, a file): no clock, no files, no threads, and the records do not depend on
// how the bytes are cut.
//
// One line is one record at the most per format. Lines end at \n, at \r (progress bars) or at
// \r…\n, which is one end. A bare \r ends its line when the next byte is there, because only then
// is it known to be bare.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace hone {

/// One number a program reported.
struct ParsedMetric {
  std::string name;  ///< as printed; valid UTF-8 without control characters, at most 200 bytes
  double value = 0;  ///< NaN and infinities as such

  friend bool operator==(const ParsedMetric&, const ParsedMetric&) = default;
};

/// What one line (or one entry of a file) says: the metrics that share a position.
struct ParsedRecord {
  std::vector<ParsedMetric> metrics;
  std::optional<double>
      step;  ///< as the line says it (step, global_step, current_steps, iter, …), finite
  std::optional<double>
      epoch;           ///< as the line says it, finite; 0-based or 1-based as the program counts
  std::string format;  ///< "explicit", "pattern", "hf_trainer", "xgboost", …
};

struct MetricParserOptions {
  /// Names of the declared metrics, objective first. They let `key=value` and `key: value` lines
  /// count and prune noise; empty = nothing is declared yet, take what looks like a record.
  std::vector<std::string> wanted;
  /// Name of the fidelity ("epoch", "step", "tokens", …), may be empty.
  std::string fidelity;
  /// Regular expressions of the user (RE2 syntax) with named groups, (?<loss>…) or (?P<loss>…): a
  /// group's name is the metric's name, groups named as a position (step, epoch, …) are the
  /// position. The two groups `name` and `value` together stand for a metric that the line itself
  /// names.
  std::vector<std::string> patterns;
  /// Reads this format only (one of `metric_format_names()`); explicit lines count all the same.
  std::optional<std::string> only;
};

/// Names that `MetricParserOptions::only` accepts; "csv" is never recognised by itself.
std::vector<std::string> metric_format_names();
/// What people call such a format, or the one of `ParsedRecord::format`: "Hugging Face Trainer log
/// lines"; the name itself where it is none of them.
std::string metric_format_title(std::string_view name);

/// What is wrong with a user's pattern, in words; nullopt if nothing is.
std::optional<std::string> check_metric_pattern(const std::string& pattern);

/// The position of a record on the axis `fidelity`: its epoch for "epoch", its step for "step" and
/// the like, else the metric of that name, else step, else epoch. nullopt if the line says none of
/// them.
std::optional<double> position_of(const ParsedRecord& record, std::string_view fidelity);

/// For "you declared val_los, the program printed …": the one of `seen` that `wanted` most probably
/// means. Exact first; then the same words in another case or with other separators; then with
/// eval_, val_, valid_, validation_, dev_ taken as one prefix; then a bare name that exactly one
/// validation metric ends with; then the nearest spelling. A suggestion for people: nothing is
/// renamed by it.
std::optional<std::string> match_metric_name(std::string_view wanted,
                                             std::span<const std::string> seen);

/// Where several formats on one source give the same name, the more explicit one is kept from its
/// first appearance:
/// `@hone {…}` lines, then the user's patterns, then recognised formats, then `key=value` lines.
/// Not thread-safe. Every call is linear in the bytes given.
class MetricParser {
 public:
  static constexpr std::size_t kMaxLineBytes =
      64 * 1024;  ///< what is longer is cut at the last separator before
  static constexpr std::size_t kMaxNames = 256;  ///< names remembered per source
  static constexpr std::size_t kMaxMetricsPerRecord = 256;
  static constexpr std::size_t kMaxNameBytes = 200;

  /// Throws Error(invalid_input) for a bad pattern or an unknown `only`.
  explicit MetricParser(MetricParserOptions options);
  ~MetricParser();
  MetricParser(MetricParser&&) noexcept;
  MetricParser& operator=(MetricParser&&) noexcept;

  /// Takes the next bytes of the source, in pieces of any size.
  std::vector<ParsedRecord> feed(std::string_view bytes);
  /// The source has ended: an unterminated last line counts. More may follow all the same.
  std::vector<ParsedRecord> finish();

  /// Everything needed to go on after a restart with the next byte: one line of JSON, below 512
  /// KiB, mostly a few hundred bytes. Commit it together with the byte offset and the records.
  std::string save() const;
  /// The parser that `save` described, with the same options. Throws Error(store_corrupt) for other
  /// text.
  static MetricParser restore(MetricParserOptions options, std::string_view saved);

  /// Name of the format that gave most records, "" if none did.
  std::string recognised() const;
  /// Names of all metrics seen so far in order of appearance, at most kMaxNames.
  std::vector<std::string> seen() const;
  /// Number of `@hone` lines that could not be read, and the first of them (at most 200 bytes), for
  /// a warning.
  std::size_t malformed() const;
  std::string first_malformed() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace hone
