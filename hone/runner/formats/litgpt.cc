// litgpt: `Epoch 1 | iter 12 step 3 | loss train: 1.234, val: 1.301 | …`, `iter 100: val
// loss 1.2345, val time: …`, `Final evaluation | val loss: 0.878 | val ppl: 2.406`. Names are
// litgpt's own: loss, val_loss, val_ppl; the step is the iteration, which both kinds of line have.
// The "val:" of an iteration line repeats the last evaluation, so it counts only where it is new
// and the source has no "val loss" lines, which are exact.
#include "hone/runner/log_format.h"
#include "hone/runner/log_format_text.h"

namespace hone::log_format {
namespace {

Reading read_iteration(Cursor cursor, FormatContext& context, ParsedRecord& record) {
  FormatState& state = context.state;
  record.epoch = cursor.integer();
  if (!record.epoch || !cursor.skip(" | iter ")) return Reading::not_mine;
  record.step = cursor.integer();
  if (!record.step || !cursor.skip(" step ") || !cursor.integer()) return Reading::not_mine;
  if (!cursor.skip(" | loss train: ")) return Reading::not_mine;
  const auto loss = cursor.number();
  if (!loss) return Reading::not_mine;
  add_metric(record, "loss", *loss);
  state.litgpt_iter = record.step;
  if (!cursor.skip(", val: ")) return Reading::record;
  const auto val = cursor.rest();
  const auto value = cursor.number();  // "n/a" before the first evaluation
  if (!value) return Reading::record;
  const auto digits = val.substr(0, val.size() - cursor.rest().size());
  if (digits != state.litgpt_val && !state.litgpt_val_lines) add_metric(record, "val_loss", *value);
  state.litgpt_val = digits.substr(0, MetricParser::kMaxNameBytes);
  return Reading::record;
}

Reading read_evaluation(Cursor cursor, FormatContext& context, ParsedRecord& record) {
  record.step = cursor.integer();
  if (!record.step || !cursor.skip(": val loss ")) return Reading::not_mine;
  const auto loss = cursor.number();
  if (!loss) return Reading::not_mine;
  add_metric(record, "val_loss", *loss);
  context.state.litgpt_val_lines = true;
  context.state.litgpt_iter = record.step;
  return Reading::record;
}

Reading read_final(Cursor cursor, FormatContext& context, ParsedRecord& record) {
  const auto loss = cursor.number();
  if (!loss) return Reading::not_mine;
  add_metric(record, "val_loss", *loss);
  if (cursor.skip(" | val ppl: ")) {
    if (const auto ppl = cursor.number()) add_metric(record, "val_ppl", *ppl);
  }
  record.step = context.state.litgpt_iter;
  return Reading::record;
}

}  // namespace

Reading read_litgpt(const Line& line, FormatContext& context, ParsedRecord& record) {
  Cursor cursor(line.text);
  if (cursor.skip("Epoch ")) return read_iteration(cursor, context, record);
  if (cursor.skip("iter ")) return read_evaluation(cursor, context, record);
  if (cursor.skip("Final evaluation | val loss: ")) return read_final(cursor, context, record);
  return Reading::not_mine;
}

}  // namespace hone::log_format
