// What reads one source of a run: lines of text, or a TensorBoard event file.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "hone/runner/event_file.h"
#include "hone/runner/metric_parser.h"

namespace hone {

/// Not thread-safe.
class SourceParser {
 public:
  explicit SourceParser(MetricParser text) : reader_(std::move(text)) {}
  explicit SourceParser(EventFileReader events) : reader_(std::move(events)) {}

  bool is_event_file() const { return std::holds_alternative<EventFileReader>(reader_); }
  std::vector<ParsedRecord> feed(std::string_view bytes) {
    return std::visit([&](auto& reader) { return reader.feed(bytes); }, reader_);
  }
  /// The source has ended.
  std::vector<ParsedRecord> finish() {
    auto* text = std::get_if<MetricParser>(&reader_);
    return text != nullptr ? text->finish() : std::vector<ParsedRecord>{};
  }
  /// Bytes that were fed and that a parser made of `save()` has to be fed again.
  std::size_t held() const {
    const auto* events = std::get_if<EventFileReader>(&reader_);
    return events != nullptr ? events->held() : 0;
  }
  std::string save() const {
    return std::visit([](const auto& reader) { return reader.save(); }, reader_);
  }
  std::vector<std::string> seen() const {
    return std::visit([](const auto& reader) { return reader.seen(); }, reader_);
  }

 private:
  std::variant<MetricParser, EventFileReader> reader_;
};

}  // namespace hone
