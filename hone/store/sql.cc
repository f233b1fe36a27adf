#include "hone/store/sql.h"

#include "hone/base/utf8.h"

namespace hone::sql {
namespace {

/// A zero byte ends texts in databases, so it is none here.
std::size_t sequence_length(std::string_view text) {
  return text.front() == '\0' ? 0 : utf8_length(text);
}

}  // namespace

std::optional<std::string> mend_text(std::string_view text) {
  std::size_t i = 0;
  while (i < text.size()) {
    const std::size_t length = sequence_length(text.substr(i));
    if (length == 0) break;
    i += length;
  }
  if (i == text.size()) return std::nullopt;
  std::string mended(text.substr(0, i));
  while (i < text.size()) {
    const std::size_t length = sequence_length(text.substr(i));
    if (length == 0) {
      mended += "\xEF\xBF\xBD";
      ++i;
    } else {
      mended += text.substr(i, length);
      i += length;
    }
  }
  return mended;
}

}  // namespace hone::sql
