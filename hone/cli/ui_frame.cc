#include "hone/cli/ui_frame.h"

#include <fmt/core.h>

namespace hone::cli {
namespace {

// ECMA-48 and DEC private modes. Synchronised output (2026) is ignored by terminals without it.
constexpr const char* kBegin = "\x1b[?2026h";
constexpr const char* kEnd = "\x1b[?2026l";
constexpr const char* kEraseBelow = "\r\x1b[J";
constexpr const char* kEraseRight = "\x1b[K";

std::string up(std::size_t lines) { return lines == 0 ? "" : fmt::format("\x1b[{}A", lines); }
std::string down(std::size_t lines) { return lines == 0 ? "" : fmt::format("\x1b[{}B", lines); }

}  // namespace

std::string FrameWriter::frame(const std::vector<std::string>& above,
                               const std::vector<std::string>& lines, bool anew) {
  std::string out;
  if (anew || !above.empty() || lines.size() != shown_.size()) {
    out = kEraseBelow;
    for (const std::string& line : above) out += line + "\r\n";
    for (std::size_t i = 0; i < lines.size(); ++i) out += (i == 0 ? "" : "\r\n") + lines[i];
    out += "\r" + up(lines.empty() ? 0 : lines.size() - 1);
  } else {
    std::size_t at = 0;
    for (std::size_t i = 0; i < lines.size(); ++i) {
      if (lines[i] == shown_[i]) continue;
      out += down(i - at) + lines[i] + kEraseRight + "\r";
      at = i;
    }
    out += up(at);
    if (out.empty()) return out;
  }
  shown_ = lines;
  return kBegin + out + kEnd;
}

std::string FrameWriter::removed() {
  if (shown_.empty()) return "";
  shown_.clear();
  return kEraseBelow;
}

}  // namespace hone::cli
