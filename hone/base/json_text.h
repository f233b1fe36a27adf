// Text as JSON has it, for those who write JSON piece by piece.
#pragma once

#include <string>
#include <string_view>

namespace hone {

/// Appends the text in quotes, with what JSON must escape. Invalid UTF-8 stays as it is.
void append_json_text(std::string& out, std::string_view text);

}  // namespace hone
