// Saving and restoring a MetricParser: one line of JSON with what differs from a fresh parser.
// Bytes of a line that is not complete may be anything, so they are written as if they were
// Latin-1: readable where they are ASCII, and every byte comes back.
#include <algorithm>
#include <cstdint>

#include "hone/base/error.h"
#include "hone/base/value.h"
#include "hone/runner/metric_parser_impl.h"

namespace hone {
namespace {

using log_format::FormatState;
using log_format::Rank;

constexpr std::int64_t kStateVersion = 1;

std::string to_latin1_text(std::string_view bytes) {
  std::string out;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80) {
      out += c;
    } else {
      out += static_cast<char>(0xC0 | (byte >> 6));
      out += static_cast<char>(0x80 | (byte & 0x3F));
    }
  }
  return out;
}

std::string from_latin1_text(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte < 0x80 || i + 1 >= text.size()) {
      out += text[i];
    } else {
      out +=
          static_cast<char>(((byte & 0x03) << 6) | (static_cast<unsigned char>(text[++i]) & 0x3F));
    }
  }
  return out;
}

std::optional<double> optional_number(const Value& map, std::string_view key) {
  const Value* member = map.find(key);
  return member && member->is_number() ? std::optional(member->as_number()) : std::nullopt;
}

void set_optional(Value& map, std::string_view key, const std::optional<double>& number) {
  if (number) map.set(key, *number);
}

Value save_record(const ParsedRecord& record) {
  Value metrics{Value::List{}};
  for (const auto& [name, value] : record.metrics) {
    metrics.as_list().push_back(Value(Value::List{Value(name), Value(value)}));
  }
  Value out{Value::Map{}};
  out.set("metrics", std::move(metrics));
  set_optional(out, "step", record.step);
  set_optional(out, "epoch", record.epoch);
  return out;
}

ParsedRecord load_record(const Value& saved) {
  ParsedRecord record;
  if (const Value* metrics = saved.find("metrics"); metrics && metrics->is_list()) {
    for (const Value& metric : metrics->as_list()) {
      if (!metric.is_list() || metric.as_list().size() != 2) continue;
      const auto& pair = metric.as_list();
      if (pair[0].is_string() && pair[1].is_number()) {
        record.metrics.push_back({pair[0].as_string(), pair[1].as_number()});
      }
    }
  }
  record.step = optional_number(saved, "step");
  record.epoch = optional_number(saved, "epoch");
  return record;
}

Value save_strings(const std::vector<std::string>& strings) {
  Value::List list;
  for (const auto& text : strings) list.emplace_back(text);
  return Value(std::move(list));
}

std::vector<std::string> load_strings(const Value& map, std::string_view key) {
  std::vector<std::string> strings;
  if (const Value* list = map.find(key); list && list->is_list()) {
    for (const Value& text : list->as_list()) {
      if (text.is_string()) strings.push_back(text.as_string());
    }
  }
  return strings;
}

void save_formats(const FormatState& state, Value& out) {
  set_optional(out, "epoch", state.announced_epoch);
  if (state.lightgbm_skip_next) out.set("lightgbm_skip", true);
  if (!state.lightgbm_validation.empty()) out.set("lightgbm_set", state.lightgbm_validation);
  if (!state.litgpt_val.empty()) out.set("litgpt_val", state.litgpt_val);
  if (state.litgpt_val_lines) out.set("litgpt_lines", true);
  set_optional(out, "litgpt_iter", state.litgpt_iter);
  if (state.llama_epochs_done > 0) out.set("llama_epochs", state.llama_epochs_done);
  if (state.history_inside) out.set("history", state.history_entry ? "entry" : "between");
  if (state.history_entry) {
    out.set("history_record", save_record(state.history));
    out.set("history_lines", state.history_lines);
  }
  if (!state.csv_header.empty()) {
    out.set("csv_header", save_strings(state.csv_header));
    out.set("csv_delimiter", std::string(1, state.csv_delimiter));
  }
}

void load_formats(const Value& saved, FormatState& state) {
  state.announced_epoch = optional_number(saved, "epoch");
  state.lightgbm_skip_next = saved.bool_or("lightgbm_skip", false);
  state.lightgbm_validation = saved.string_or("lightgbm_set", "");
  state.litgpt_val = saved.string_or("litgpt_val", "");
  state.litgpt_val_lines = saved.bool_or("litgpt_lines", false);
  state.litgpt_iter = optional_number(saved, "litgpt_iter");
  state.llama_epochs_done = saved.number_or("llama_epochs", 0);
  const std::string history = saved.string_or("history", "");
  state.history_inside = !history.empty();
  state.history_entry = history == "entry";
  if (const Value* record = saved.find("history_record")) state.history = load_record(*record);
  state.history_lines = static_cast<int>(saved.int_or("history_lines", 0));
  state.csv_header = load_strings(saved, "csv_header");
  const std::string delimiter = saved.string_or("csv_delimiter", ",");
  state.csv_delimiter = delimiter.empty() ? ',' : delimiter.front();
}

}  // namespace

std::string MetricParser::save() const {
  const Impl& impl = *impl_;
  Value out{Value::Map{}};
  out.set("v", kStateVersion);
  if (!impl.pending.empty()) out.set("pending", to_latin1_text(impl.pending));
  if (impl.cut) out.set("cut", true);
  if (impl.return_pending) out.set("cr", true);
  if (!impl.seen.empty()) out.set("seen", save_strings(impl.seen));
  Value ranks{Value::Map{}};
  for (const auto& [name, known] : impl.names) {
    if (known.rank > Rank::generic && known.seen) ranks.set(name, static_cast<int>(known.rank));
  }
  if (!ranks.as_map().empty()) out.set("ranks", std::move(ranks));
  Value counts{Value::Map{}};
  for (const auto& [format, count] : impl.counts)
    counts.set(format, static_cast<std::int64_t>(count));
  if (!counts.as_map().empty()) out.set("counts", std::move(counts));
  if (impl.malformed > 0) {
    out.set("malformed", static_cast<std::int64_t>(impl.malformed));
    out.set("first_malformed", to_latin1_text(impl.first_malformed));
  }
  Value formats{Value::Map{}};
  save_formats(impl.state, formats);
  if (!formats.as_map().empty()) out.set("formats", std::move(formats));
  return out.dump();
}

MetricParser MetricParser::restore(MetricParserOptions options, std::string_view saved) {
  const auto state = Value::parse(saved);
  if (!state || state->int_or("v", 0) != kStateVersion) {
    throw Error(ErrorCode::store_corrupt, "The saved state of a metric parser cannot be read",
                "Read the run's log again from its start.");
  }
  MetricParser parser(std::move(options));
  Impl& impl = *parser.impl_;
  impl.pending = from_latin1_text(state->string_or("pending", "")).substr(0, kMaxLineBytes);
  impl.cut = state->bool_or("cut", false);
  impl.return_pending = state->bool_or("cr", false);
  for (auto& name : load_strings(*state, "seen")) {
    if (impl.seen.size() >= kMaxNames + impl.options.wanted.size()) break;
    impl.names[name].seen = true;
    impl.seen.push_back(std::move(name));
  }
  if (const Value* ranks = state->find("ranks"); ranks && ranks->is_map()) {
    for (const auto& [name, rank] : ranks->as_map()) {
      const auto known = impl.names.find(name);
      if (known == impl.names.end() || !rank.is_int()) continue;
      const auto number =
          std::clamp<std::int64_t>(rank.as_int(), 0, static_cast<int>(Rank::explicit_line));
      known->second.rank = std::max(known->second.rank, static_cast<Rank>(number));
    }
  }
  if (const Value* counts = state->find("counts"); counts && counts->is_map()) {
    for (const auto& [format, count] : counts->as_map()) {
      if (count.is_int() && count.as_int() > 0)
        impl.counts[format] = static_cast<std::uint64_t>(count.as_int());
    }
  }
  const std::int64_t malformed = state->int_or("malformed", 0);
  impl.malformed = malformed > 0 ? static_cast<std::size_t>(malformed) : 0;
  impl.first_malformed = from_latin1_text(state->string_or("first_malformed", ""));
  if (const Value* formats = state->find("formats")) load_formats(*formats, impl.state);
  return parser;
}

}  // namespace hone
