// torchtune: `Step 1 | loss:1.94 lr:2e-5 tokens_per_second_per_gpu:900` of its loggers and the
// progress bar `1|3|Loss: 1.943998:   3%|…`, which is epoch|step|Loss. Both give the metric as
// "loss".
#include "hone/runner/log_format.h"
#include "hone/runner/log_format_text.h"

namespace hone::log_format {
namespace {

Reading read_bar(Cursor cursor, ParsedRecord& record) {
  record.epoch = cursor.integer();
  if (!record.epoch || !cursor.skip("|")) return Reading::not_mine;
  record.step = cursor.integer();
  if (!record.step || !cursor.skip("|Loss: ")) return Reading::not_mine;
  const auto loss = cursor.number();
  if (!loss || !(cursor.done() || cursor.rest().front() == ':')) return Reading::not_mine;
  add_metric(record, "loss", *loss);
  return Reading::record;
}

}  // namespace

Reading read_torchtune(const Line& line, FormatContext&, ParsedRecord& record) {
  Cursor cursor(line.text);
  if (!cursor.skip("Step ")) return read_bar(cursor, record);
  record.step = cursor.integer();
  if (!record.step || !cursor.skip(" | ")) return Reading::not_mine;
  while (!cursor.done()) {
    auto pair = cursor.until(" ");
    if (!pair) {
      pair = cursor.rest();
      cursor = Cursor("");
    }
    const auto colon = pair->rfind(':');
    if (colon == std::string_view::npos) continue;
    if (const auto value = whole_number(pair->substr(colon + 1))) {
      add_metric(record, pair->substr(0, colon), *value);
    }
  }
  return record.metrics.empty() ? Reading::not_mine : Reading::record;
}

}  // namespace hone::log_format
