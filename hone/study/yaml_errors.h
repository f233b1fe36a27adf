// What is wrong with a text that is no YAML, in words that say what to do. yaml-cpp's own messages
// name parser states.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hone/study/diagnostic.h"

namespace hone {

/// What had been read when the parser gave up.
struct YamlProgress {
  std::size_t last_end = 0;              ///< end of the last node
  std::optional<std::size_t> open_flow;  ///< innermost `[` or `{` that is open
  std::vector<std::string> anchors;
};

/// Refuses what is no text in UTF-8: other encodings, control characters, bare carriage returns,
/// too many bytes.
bool check_text(std::string_view text, std::vector<Diagnostic>& diagnostics);

/// The diagnostic for an error of the parser at byte `at`.
Diagnostic explain_yaml_error(std::string_view text, const LineIndex& lines, std::size_t at,
                              const std::string& parser_message, const YamlProgress& progress);

constexpr const char* kUnclosedText =
    "the text that begins here is not closed: its second quote is missing";

/// A file without content.
Diagnostic empty_text(std::string_view text);

}  // namespace hone
