// The `log_history` of a Hugging Face trainer_state.json, which is written with one member per line
// (indent 2), so that it can be read as a stream: no document is held in memory. Entries carry step
// and epoch; this is the exact source where the printed dicts have four digits.
#include "hone/runner/log_format.h"
#include "hone/runner/log_format_object.h"
#include "hone/runner/log_format_text.h"

namespace hone::log_format {
namespace {

constexpr int kMaxEntryLines = 1024;

/// A line `"loss": 2.2091,` to the entry.
void read_member(std::string_view text, ParsedRecord& entry) {
  if (text.ends_with(',')) text.remove_suffix(1);
  std::string object = "{";
  object.append(text).append("}");
  ScannedObject scanned;
  if (!scan_object(object, scanned) || scanned.length != object.size()) return;
  for (const auto& member : scanned.members) {
    if (member.is_text || member.nested) continue;
    RecordBuilder(entry).add(member.key, member.value);
  }
}

}  // namespace

Reading read_hf_trainer_state(const Line& line, FormatContext& context, ParsedRecord& record) {
  FormatState& state = context.state;
  const std::string_view text = line.text;
  if (!state.history_inside) {
    if (!text.starts_with("\"log_history\"") || !text.ends_with('[')) return Reading::not_mine;
    state.history_inside = true;
    state.history_entry = false;
    return Reading::silent;
  }
  if (!state.history_entry) {
    if (text == "{") {
      state.history_entry = true;
      state.history = {};
      state.history_lines = 0;
    } else if (text != ",") {
      state.history_inside = false;  // "]", or no trainer state after all
    }
    return Reading::silent;
  }
  if (text == "}" || text == "},") {
    state.history_entry = false;
    record = std::move(state.history);
    state.history = {};
    return record.metrics.empty() ? Reading::silent : Reading::record;
  }
  if (++state.history_lines >
      kMaxEntryLines) {  // no trainer state: give the source back to the others
    state.history_inside = state.history_entry = false;
    state.history = {};
    return Reading::not_mine;
  }
  if (text.starts_with('"')) read_member(text, state.history);
  return Reading::silent;
}

}  // namespace hone::log_format
