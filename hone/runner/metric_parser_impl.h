// The insides of MetricParser, shared by the state machine (metric_parser.cc) and what saves it
// (metric_parser_state.cc).
#pragma once

#include <map>
#include <string>
#include <vector>

#include "hone/runner/log_format.h"
#include "hone/runner/log_format_pattern.h"
#include "hone/runner/metric_parser.h"

namespace hone {

struct MetricParser::Impl {
  explicit Impl(MetricParserOptions given);

  void feed(std::string_view bytes, std::vector<ParsedRecord>& out);
  void finish(std::vector<ParsedRecord>& out);

  // From the options.
  MetricParserOptions options;
  log_format::NameSet wanted;
  log_format::UserPatterns patterns;
  std::vector<const log_format::LogFormat*> formats;  // those that may read here, in order

  // The state: everything below is saved.
  std::string pending;  // the line so far, at most kMaxLineBytes
  bool cut = false;     // it was longer
  bool return_pending =
      false;  // it is complete and ended by \r; whether \n follows is not known yet
  log_format::FormatState state;
  struct Known {
    log_format::Rank rank = log_format::Rank::generic;  // the best format that gave this name
    bool seen = false;
  };
  std::map<std::string, Known, std::less<>> names;
  std::vector<std::string> seen;                // in order of appearance
  std::map<std::string, std::uint64_t> counts;  // records per format
  std::size_t malformed = 0;
  std::string first_malformed;

 private:
  void end_line(std::string_view raw, bool was_cut, log_format::LineEnd end,
                std::vector<ParsedRecord>& out);
  void end_pending(log_format::LineEnd end, std::vector<ParsedRecord>& out);
  void read_line(const log_format::Line& line, std::vector<ParsedRecord>& out);
  /// Adds the record without the metrics that a better format gives; whether any was left.
  void emit(ParsedRecord record, log_format::Rank rank, std::vector<ParsedRecord>& out);
  void note_malformed(std::string_view text);
  std::string cleaned_;  // scratch: a line without control characters
};

}  // namespace hone
