// `@hone {"step": 3, "val_loss": 0.41}`: the line a program prints when it means hone. It may
// follow other text on its line (a progress bar, a log prefix), but the object ends the line.
#include "hone/runner/log_format.h"
#include "hone/runner/log_format_object.h"
#include "hone/runner/log_format_text.h"

namespace hone::log_format {

std::optional<bool> read_explicit(const Line& line, ParsedRecord& record) {
  constexpr std::string_view kMark = "@hone";
  std::size_t at = line.text.find(kMark);
  std::optional<Cursor> object;
  while (at != std::string_view::npos) {
    Cursor cursor(line.text.substr(at + kMark.size()));
    cursor.skip_blanks();
    if (cursor.rest().starts_with('{')) {
      object = cursor;
      break;
    }
    at = line.text.find(kMark, at + kMark.size());
  }
  if (!object) return std::nullopt;
  ScannedObject scanned;
  if (!scan_object(object->rest(), scanned) || scanned.length != object->rest().size())
    return false;
  RecordBuilder builder(record);
  for (const auto& member : scanned.members) {
    if (member.is_text) continue;
    if (member.nested) {
      add_metric(record, member.key, member.value);
    } else {
      builder.add(member.key, member.value);
    }
  }
  return true;
}

}  // namespace hone::log_format
