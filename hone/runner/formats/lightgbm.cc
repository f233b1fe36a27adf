// `[10]\ttraining's l2: 0.2\tvalid_1's l2: 0.24` of the Python package and `[LightGBM] [Info]
// Iteration:10, valid_1 auc : 0.77` of the program; cross-validation prints `valid's l2: 0.24 +
// 0.01`. A metric is named "valid_1-l2". A declared bare name ("l2") stands for the first data set
// seen that is not the training set, which is the one users mean; it is given only where it is
// declared. After "best iteration is:" the package prints an old line again, which is no report.
#include "hone/runner/log_format.h"
#include "hone/runner/log_format_text.h"

namespace hone::log_format {
namespace {

void add(std::string_view set, std::string_view metric, double value, FormatContext& context,
         ParsedRecord& record) {
  add_metric(record, std::string(set) + "-" + std::string(metric), value);
  if (set == "training") return;
  std::string& first = context.state.lightgbm_validation;
  if (first.empty() && is_metric_name(set)) first = set;
  if (set == first && context.wanted.contains(metric)) add_metric(record, metric, value);
}

/// "valid_1's l2: 0.24" or "valid's l2: 0.24 + 0.01".
bool read_cell(std::string_view cell, FormatContext& context, ParsedRecord& record) {
  Cursor cursor(cell);
  const auto set = cursor.until("'s ");
  if (!set || set->empty()) return false;
  const auto metric = cursor.until(": ");
  if (!metric || metric->empty()) return false;
  const auto value = cursor.number();
  if (!value) return false;
  add(*set, *metric, *value, context, record);
  if (cursor.skip(" + ")) {
    const auto deviation = cursor.number();
    if (!deviation) return false;
    add_metric(record, std::string(*set) + "-" + std::string(*metric) + "-std", *deviation);
  }
  return cursor.done();
}

Reading read_info(Cursor cursor, FormatContext& context, ParsedRecord& record) {
  record.step = cursor.integer();
  if (!record.step || !cursor.skip(", ")) return Reading::not_mine;
  const auto names = cursor.until(" : ");
  const auto value = cursor.number();
  if (!names || !value || !cursor.done()) return Reading::not_mine;
  const auto blank = names->find(' ');
  if (blank == std::string_view::npos) return Reading::not_mine;
  add(names->substr(0, blank), names->substr(blank + 1), *value, context, record);
  return record.metrics.empty() ? Reading::silent : Reading::record;
}

}  // namespace

Reading read_lightgbm(const Line& line, FormatContext& context, ParsedRecord& record) {
  if (line.text.ends_with(
          "est iteration is:")) {  // "Early stopping, best …", "Did not meet …. Best …"
    context.state.lightgbm_skip_next = true;
    return Reading::silent;
  }
  if (!line.text.starts_with('[')) return Reading::not_mine;
  Cursor cursor(line.text);
  if (cursor.skip("[LightGBM] [Info] Iteration:")) return read_info(cursor, context, record);
  if (!cursor.skip("[")) return Reading::not_mine;
  record.step = cursor.integer();
  if (!record.step || !cursor.skip("]\t")) return Reading::not_mine;
  const std::string validation_before = context.state.lightgbm_validation;
  while (!cursor.done()) {
    auto cell = cursor.until("\t");
    if (!cell) {
      cell = cursor.rest();
      cursor = Cursor("");
    }
    if (!cell->empty() && !read_cell(*cell, context, record)) {
      context.state.lightgbm_validation = validation_before;
      return Reading::not_mine;
    }
  }
  if (record.metrics.empty()) return Reading::not_mine;
  const bool again = context.state.lightgbm_skip_next;
  context.state.lightgbm_skip_next = false;
  return again ? Reading::silent : Reading::record;
}

}  // namespace hone::log_format
