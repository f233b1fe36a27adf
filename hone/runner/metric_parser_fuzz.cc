// Fuzz target of the metric parser: whatever the bytes, however they are cut and wherever the
// parser is saved and restored, the records are the same, names are fit for a store, and the limits
// hold.
#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "hone/base/rng.h"
#include "hone/runner/log_format_text.h"
#include "hone/runner/metric_parser.h"
#include "tests/fuzz/fuzz_driver.h"

namespace hone::fuzz {
namespace {

constexpr std::size_t kMaxStateBytes = 512 * 1024;
constexpr int kMaxSaves = 64;  // per input: a state may be as long as a line

/// Options that the input itself chooses, so that it alone replays.
MetricParserOptions choose_options(Rng& rng) {
  MetricParserOptions options;
  if (rng.chance(0.6)) options.wanted = {"val_loss", "l2", "auc", "eval_loss", "loss"};
  if (rng.chance(0.2))
    options.patterns = {"(?<val_loss>\\S+) .*(?<epoch>\\d+)", "(?<name>\\w+)[:=](?<value>\\S*)"};
  if (rng.chance(0.3)) {
    const auto names = metric_format_names();
    options.only = names[rng.below(names.size())];
  }
  if (rng.chance(0.2)) options.fidelity = "tokens";
  return options;
}

bool same_number(double a, double b) { return a == b || (std::isnan(a) && std::isnan(b)); }

bool same(const ParsedRecord& a, const ParsedRecord& b) {
  if (a.step != b.step || a.epoch != b.epoch || a.format != b.format) return false;
  if (a.metrics.size() != b.metrics.size()) return false;
  for (std::size_t i = 0; i < a.metrics.size(); ++i) {
    if (a.metrics[i].name != b.metrics[i].name) return false;
    if (!same_number(a.metrics[i].value, b.metrics[i].value)) return false;
  }
  return true;
}

void append(std::vector<ParsedRecord>& to, std::vector<ParsedRecord> more) {
  for (auto& record : more) to.push_back(std::move(record));
}

void check_record(const ParsedRecord& record) {
  HONE_FUZZ_CHECK(!record.metrics.empty() && !record.format.empty());
  HONE_FUZZ_CHECK(record.metrics.size() <= MetricParser::kMaxMetricsPerRecord);
  HONE_FUZZ_CHECK(!record.step || std::isfinite(*record.step));
  HONE_FUZZ_CHECK(!record.epoch || std::isfinite(*record.epoch));
  for (const auto& metric : record.metrics)
    HONE_FUZZ_CHECK(log_format::is_metric_name(metric.name));
}

}  // namespace

int fuzz_one(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  std::uint64_t seed = size;
  for (const char c : bytes.substr(0, 64)) seed = mix64(seed + static_cast<unsigned char>(c));
  Rng rng(seed);
  const MetricParserOptions options = choose_options(rng);

  MetricParser whole(options);
  std::vector<ParsedRecord> expected = whole.feed(bytes);
  append(expected, whole.finish());
  for (const auto& record : expected) check_record(record);
  HONE_FUZZ_CHECK(whole.seen().size() <= MetricParser::kMaxNames + options.wanted.size());

  MetricParser pieces(options);
  std::vector<ParsedRecord> records;
  const std::size_t longest = rng.chance(0.5) ? 16 : 4096;
  int saves = 0;
  for (std::size_t at = 0; at < size;) {
    const std::size_t n = std::min<std::size_t>(size - at, rng.below(longest) + 1);
    const std::string piece(
        bytes.substr(at, n));  // a copy of its own: nothing may keep a view of it
    append(records, pieces.feed(piece));
    at += n;
    if (saves < kMaxSaves && rng.chance(0.2)) {
      ++saves;
      const std::string saved = pieces.save();
      HONE_FUZZ_CHECK(saved.size() <= kMaxStateBytes);
      pieces = MetricParser::restore(options, saved);
      HONE_FUZZ_CHECK(pieces.save() == saved);
    }
  }
  append(records, pieces.finish());
  HONE_FUZZ_CHECK(records.size() == expected.size());
  for (std::size_t i = 0; i < records.size(); ++i) HONE_FUZZ_CHECK(same(records[i], expected[i]));
  HONE_FUZZ_CHECK(pieces.save() == whole.save());
  for (const auto& name : {"loss", "val_loss"}) match_metric_name(name, whole.seen());
  return 0;
}

std::span<const std::string_view> fuzz_dictionary() {
  static constexpr std::string_view kWords[] = {
      "@hone {\"step\": 3, \"val_loss\": 0.5}\n",
      "{'loss': 1, 'epoch': 2}",
      "\"log_history\": [\n",
      "{\n",
      "},\n",
      "]\n",
      "'global_step/max_steps': '5/94'",
      "[10]\tvalid-rmse:0.5\n",
      "[3]\tvalid_0's l2: 0.2",
      "best iteration is:\n",
      "[LightGBM] [Info] Iteration:10, valid_1 auc : 0.77",
      "Epoch 3/10\n",
      "3/3 - loss: 0.5 - val_loss: 0.1\n",
      "Step 1 | loss:1.94 lr:2e-5",
      "1|3|Loss: 1.9:",
      "Epoch 1 | iter 12 step 3 | loss train: 1.2, val: 1.3 | x",
      "iter 100: val loss 1.2,",
      "Final evaluation | val loss: 0.8 | val ppl: 2.4",
      "train: [=> ] data=5/10 loss=2.0\xC2\xB1"
      "0.1 acc=4\xC2\xB1",
      "val_loss=0.5 ",
      "val_loss: 0.4 ",
      "epoch 3 ",
      "step=5 ",
      "np.float64(0.5)",
      "tensor(0.5, device='cuda:0')",
      ",,0.5,\n",
      "epoch,step,loss\n",
      "\"a,b\";",
      "Epoch 5:  40%|##  | 40/100 [",
      "\x1b]0;t\x07",
      "\\u00e9",
      "best ",
      "trainer/global_step"};
  return kWords;
}

}  // namespace hone::fuzz
