// llama.cpp. llama-finetune writes a bar over itself, `train: [===> ] data=0000512/0001024
// loss=2.31±0.01 acc=45.12±0.50% …`, ends it at the end of the data, and the same with `val:`.
// Metrics are loss, acc (in percent, as printed) and val_loss, val_acc; an unfinished val bar is a
// mean over a part and no report. The position is counted: epoch = finished passes + share of this
// one, step = data points seen. The older finetune printed `train_opt_callback: iter= 0
// sample=1/744 sched=0.0 loss=0.0`.
#include "hone/runner/log_format.h"
#include "hone/runner/log_format_text.h"

namespace hone::log_format {
namespace {

constexpr std::string_view kPlusMinus = "\xC2\xB1";

Reading read_bar(Cursor cursor, bool validation, const Line& line, FormatContext& context,
                 ParsedRecord& record) {
  if (!cursor.until(" data=")) return Reading::not_mine;
  const auto data = cursor.integer();
  if (!data || !cursor.skip("/")) return Reading::not_mine;
  const auto all = cursor.integer();
  if (!all || *all <= 0 || !cursor.skip(" loss=")) return Reading::not_mine;
  const auto loss = cursor.number();
  if (!loss || !cursor.skip(kPlusMinus)) return Reading::not_mine;
  add_metric(record, validation ? "val_loss" : "loss", *loss);
  if (cursor.number() && cursor.skip(" acc=")) {
    if (const auto acc = cursor.number()) add_metric(record, validation ? "val_acc" : "acc", *acc);
  }
  double& epochs = context.state.llama_epochs_done;
  const bool complete = *data == *all && line.end != LineEnd::carriage_return;
  if (validation) {
    record.epoch = epochs;
    return complete ? Reading::record : Reading::silent;
  }
  record.epoch = epochs + *data / *all;
  record.step = epochs * *all + *data;
  if (complete) epochs += 1;
  return Reading::record;
}

Reading read_old(Cursor cursor, ParsedRecord& record) {
  if (!cursor.until("iter=")) return Reading::not_mine;
  cursor.skip_blanks();
  record.step = cursor.integer();
  if (!record.step || !cursor.until(" loss=")) return Reading::not_mine;
  const auto loss = cursor.number();
  if (!loss) return Reading::not_mine;
  add_metric(record, "loss", *loss);
  return Reading::record;
}

}  // namespace

Reading read_llama_cpp(const Line& line, FormatContext& context, ParsedRecord& record) {
  Cursor cursor(line.text);
  if (cursor.skip("train: [")) return read_bar(cursor, false, line, context, record);
  if (cursor.skip("val: ")) {
    cursor.skip_blanks();
    return cursor.skip("[") ? read_bar(cursor, true, line, context, record) : Reading::not_mine;
  }
  if (cursor.skip("train_opt_callback:")) return read_old(cursor, record);
  return Reading::not_mine;
}

}  // namespace hone::log_format
