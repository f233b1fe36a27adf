// Keras 2 and 3, all verbosities: "Epoch 3/10", then `120/313 [===>...] - ETA: 1s - loss: 0.5`
// written over and over with \r, at last `313/313 ━━━━ 1s 3ms/step - accuracy: 0.87 - loss: 0.43 -
// val_loss: 0.39` and a line end. Only that last line is a report: the ones before hold running
// means and no validation. After it the epoch is over, so what evaluate() prints later carries no
// epoch.
#include "hone/runner/log_format.h"
#include "hone/runner/log_format_text.h"

namespace hone::log_format {
namespace {

/// The whole line is "Epoch 3/10".
std::optional<double> epoch_heading(std::string_view text) {
  Cursor cursor(text);
  if (!cursor.skip("Epoch ")) return std::nullopt;
  const auto epoch = cursor.integer();
  if (!epoch || !cursor.skip("/") || !cursor.integer() || !cursor.done()) return std::nullopt;
  return epoch;
}

bool is_key(std::string_view name) {
  for (const char c : name) {
    if (!is_letter(c) && !is_digit(c) && c != '_' && c != '-' && c != '/' && c != '.') return false;
  }
  return !name.empty() && is_letter(name.front());
}

}  // namespace

Reading read_keras(const Line& line, FormatContext& context, ParsedRecord& record) {
  std::optional<double>& epoch = context.state.announced_epoch;
  if (const auto heading = epoch_heading(line.text)) {
    epoch = heading;
    return Reading::silent;
  }
  Cursor cursor(line.text);
  const auto done = cursor.integer();
  if (!done || !cursor.skip("/")) return Reading::not_mine;
  const auto all = cursor.integer();
  if (!all && !cursor.skip("Unknown")) return Reading::not_mine;
  if (!cursor.skip(" ")) return Reading::not_mine;
  bool first = true;
  while (!cursor.done()) {
    auto piece = cursor.until(" - ");
    if (!piece) {
      piece = cursor.rest();
      cursor = Cursor("");
    }
    // The first piece is the bar or the time; "ETA: 1s" is no number and falls out below.
    if (first) {
      first = false;
      continue;
    }
    const auto colon = piece->find(": ");
    if (colon == std::string_view::npos) continue;
    const auto value = whole_number(trim_blanks(piece->substr(colon + 2)));
    if (value && is_key(piece->substr(0, colon)))
      add_metric(record, piece->substr(0, colon), *value);
  }
  if (record.metrics.empty()) return Reading::not_mine;
  if (done != all || line.end == LineEnd::carriage_return) return Reading::silent;
  record.epoch = epoch;
  epoch.reset();
  return Reading::record;
}

}  // namespace hone::log_format
