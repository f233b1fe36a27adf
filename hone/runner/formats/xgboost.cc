// `[10]\tvalid-rmse:0.12345\ttrain-rmse:0.1`; cross-validation prints `train-rmse:0.12+0.01`, mean
// and standard deviation, which become train-rmse and train-rmse-std. Distributed runs put
// `[10:23:45] ` in front.
#include "hone/runner/log_format.h"
#include "hone/runner/log_format_text.h"

namespace hone::log_format {
namespace {

/// "[10:23:45] " before the round, if it is there.
void skip_clock(Cursor& cursor) {
  Cursor clock = cursor;
  if (clock.skip("[") && clock.integer() && clock.skip(":") && clock.integer() && clock.skip(":") &&
      clock.integer() && clock.skip("]")) {
    clock.skip_blanks();
    cursor = clock;
  }
}

/// One cell "valid-rmse:0.12345" or "valid-rmse:0.12+0.01"; false if it is none.
bool read_cell(std::string_view cell, ParsedRecord& record) {
  const auto colon = cell.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return false;
  const std::string_view name = cell.substr(0, colon);
  if (name.find(' ') != std::string_view::npos) return false;
  Cursor numbers(cell.substr(colon + 1));
  const auto value = numbers.number();
  if (!value) return false;
  add_metric(record, name, *value);
  if (numbers.skip("+")) {
    const auto deviation = numbers.number();
    if (!deviation) return false;
    add_metric(record, std::string(name) + "-std", *deviation);
  }
  return numbers.done();
}

}  // namespace

Reading read_xgboost(const Line& line, FormatContext&, ParsedRecord& record) {
  if (!line.text.starts_with('[')) return Reading::not_mine;
  Cursor cursor(line.text);
  skip_clock(cursor);
  if (!cursor.skip("[")) return Reading::not_mine;
  record.step = cursor.integer();
  if (!record.step || !cursor.skip("]\t")) return Reading::not_mine;
  while (!cursor.done()) {
    auto cell = cursor.until("\t");
    if (!cell) {
      cell = cursor.rest();
      cursor = Cursor("");
    }
    if (!cell->empty() && !read_cell(*cell, record)) return Reading::not_mine;
  }
  return record.metrics.empty() ? Reading::not_mine : Reading::record;
}

}  // namespace hone::log_format
