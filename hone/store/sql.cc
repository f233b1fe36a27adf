#include "hone/store/sql.h"

namespace hone::sql {
namespace {

/// Length of the valid UTF-8 sequence at the start of `text`; 0 if there is none (RFC 3629: no
/// surrogates, no overlong forms).
std::size_t sequence_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  if (lead == 0) return 0;
  if (lead < 0x80) return 1;
  const std::size_t length = lead >= 0xC2 && lead <= 0xDF   ? 2
                             : lead >= 0xE0 && lead <= 0xEF ? 3
                             : lead >= 0xF0 && lead <= 0xF4 ? 4
                                                            : 0;
  if (length == 0 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
  }
  const unsigned char second = byte(1);
  if (lead == 0xE0 && second < 0xA0) return 0;
  if (lead == 0xED && second > 0x9F) return 0;
  if (lead == 0xF0 && second < 0x90) return 0;
  if (lead == 0xF4 && second > 0x8F) return 0;
  return length;
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
