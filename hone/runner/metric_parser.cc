// The state machine: bytes to lines, lines to readers, records past the ranks. Lines that lie in
// one piece of input are read where they are; only what a piece cuts in two is copied.
#include "hone/runner/metric_parser.h"

#include <fmt/core.h>

#include <algorithm>

#include "hone/base/error.h"
#include "hone/base/text.h"
#include "hone/runner/log_format_text.h"
#include "hone/runner/metric_parser_impl.h"

namespace hone {
namespace {

using log_format::Line;
using log_format::LineEnd;
using log_format::LogFormat;
using log_format::Rank;
using log_format::Reading;

/// Without ANSI sequences (colours, cursor moves, titles) and control characters (Keras writes \b
/// before \r).
void clean(std::string_view text, std::string& out) {
  out.clear();
  const auto in = [](char c, unsigned low, unsigned high) {
    const auto byte = static_cast<unsigned char>(c);
    return byte >= low && byte <= high;
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c != '\x1b') {
      if (!in(c, 0, 0x1F) && c != 0x7F) out += c;
      if (c == '\t') out += c;
      continue;
    }
    if (++i >= text.size()) break;
    if (text[i] == '[') {  // CSI: parameters, then one final byte
      while (i + 1 < text.size() && in(text[i + 1], 0x20, 0x3F)) ++i;
      if (i + 1 < text.size() && in(text[i + 1], 0x40, 0x7E)) ++i;
    } else if (text[i] ==
               ']') {  // OSC: up to BEL or ESC backslash; unended ones hide nothing but themselves
      const auto end = text.find_first_of("\a\x1b", i);
      if (end == std::string_view::npos) continue;
      i = end + (text[end] == '\x1b' && end + 1 < text.size() ? 1 : 0);
    } else {
      while (i < text.size() && in(text[i], 0x20, 0x2F)) ++i;  // ESC ( B and the like
    }
  }
}

/// As new, but with its memory: most lines are asked of several formats and belong to none.
void reset(ParsedRecord& record) {
  record.metrics.clear();
  record.step.reset();
  record.epoch.reset();
  record.format.clear();
}

/// What is left of a line that was too long: up to the last separator, so that no number is cut in
/// two.
std::string_view before_last_separator(std::string_view text) {
  const auto at = text.find_last_of(" \t,;");
  return at == std::string_view::npos ? std::string_view() : text.substr(0, at);
}

std::vector<const LogFormat*> formats_for(const std::optional<std::string>& only) {
  std::vector<const LogFormat*> chosen;
  for (const auto& format : log_format::formats()) {
    const auto& labels = format.labels;
    const bool named = only && std::find(labels.begin(), labels.end(), *only) != labels.end();
    if (only ? named : format.automatic) chosen.push_back(&format);
  }
  if (!chosen.empty()) return chosen;
  const auto names = metric_format_names();
  const auto near = nearest_name(*only, names);
  throw Error(ErrorCode::invalid_input, fmt::format("There is no metric format '{}'", *only),
              near ? fmt::format("Did you mean '{}'?", *near)
                   : fmt::format("Formats: {}.", join(names, ", ")));
}

}  // namespace

std::vector<std::string> metric_format_names() {
  std::vector<std::string> names;
  for (const auto& format : log_format::formats()) {
    for (const auto label : format.labels) {
      if (!label.empty()) names.emplace_back(label);
    }
  }
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

std::string metric_format_title(std::string_view name) {
  const std::string_view title = log_format::format_title(name);
  return std::string(title.empty() ? name : title);
}

std::optional<double> position_of(const ParsedRecord& record, std::string_view fidelity) {
  if (log_format::is_epoch_key(fidelity) && record.epoch) return record.epoch;
  if (log_format::step_key_strength(fidelity) > 0 && record.step) return record.step;
  for (const auto& metric : record.metrics) {
    if (metric.name == fidelity) return metric.value;
  }
  return record.step ? record.step : record.epoch;
}

MetricParser::Impl::Impl(MetricParserOptions given)
    : options(std::move(given)),
      wanted(options.wanted),
      patterns(options.patterns),
      formats(formats_for(options.only)) {
  // Names that are declared are remembered whatever else comes.
  for (const auto& name : options.wanted) names[name];
  for (const auto& name : patterns.metric_names()) names[name].rank = Rank::pattern;
}

void MetricParser::Impl::feed(std::string_view bytes, std::vector<ParsedRecord>& out) {
  constexpr auto kNone = std::string_view::npos;
  std::size_t at = 0;
  std::size_t newline = bytes.find('\n');  // the next one at or behind `at`
  while (at < bytes.size()) {
    if (return_pending) {
      const char c = bytes[at];
      if (c == '\r') {
        ++at;
        continue;
      }
      return_pending = false;
      end_pending(c == '\n' ? LineEnd::newline : LineEnd::carriage_return, out);
      if (c == '\n') ++at;
      continue;
    }
    if (newline != kNone && newline < at) newline = bytes.find('\n', at);
    const std::string_view rest = bytes.substr(at, newline == kNone ? kNone : newline - at);
    const std::size_t length = std::min(rest.find('\r'), rest.size());
    const std::string_view piece = rest.substr(0, length);
    at += length;
    std::size_t returns = 0;
    while (at + returns < bytes.size() && bytes[at + returns] == '\r') ++returns;
    at += returns;
    const bool ended = at < bytes.size();  // by a newline, or by a \r that something else follows
    if (ended && pending.empty()) {
      end_line(piece.substr(0, kMaxLineBytes), cut || piece.size() > kMaxLineBytes,
               bytes[at] == '\n' ? LineEnd::newline : LineEnd::carriage_return, out);
      cut = false;
      if (bytes[at] == '\n') ++at;
      continue;
    }
    const std::size_t room = kMaxLineBytes - pending.size();
    cut = cut || piece.size() > room;
    pending.append(piece.substr(0, room));
    if (ended) {
      end_pending(bytes[at] == '\n' ? LineEnd::newline : LineEnd::carriage_return, out);
      if (bytes[at] == '\n') ++at;
    } else {
      return_pending = returns > 0;
    }
  }
}

void MetricParser::Impl::finish(std::vector<ParsedRecord>& out) {
  if (return_pending || !pending.empty()) end_pending(LineEnd::source, out);
  return_pending = false;
}

void MetricParser::Impl::end_pending(LineEnd end, std::vector<ParsedRecord>& out) {
  end_line(pending, cut, end, out);
  pending.clear();
  cut = false;
}

void MetricParser::Impl::end_line(std::string_view raw, bool was_cut, LineEnd end,
                                  std::vector<ParsedRecord>& out) {
  if (was_cut) raw = before_last_separator(raw);
  if (raw.empty()) return;
  Line line;
  line.raw = raw;
  line.end = end;
  line.classes = log_format::char_classes(raw);
  if (line.classes & log_format::kControl) {
    clean(raw, cleaned_);
    line.raw = cleaned_;
    line.classes = log_format::char_classes(cleaned_);
  }
  line.text = log_format::trim_blanks(line.raw);
  if (!line.text.empty()) read_line(line, out);
}

void MetricParser::Impl::read_line(const Line& line, std::vector<ParsedRecord>& out) {
  ParsedRecord record;
  constexpr std::uint32_t kExplicit = log_format::kAt | log_format::kBrace;
  if ((line.classes & kExplicit) == kExplicit) {
    if (const auto fine = log_format::read_explicit(line, record)) {
      if (!*fine) return note_malformed(line.text);
      record.format = log_format::kExplicitLabel;
      return emit(std::move(record), Rank::explicit_line, out);
    }
  }
  if (!patterns.empty() && patterns.read(line.text, record)) {
    record.format = log_format::kPatternLabel;
    emit(std::move(record), Rank::pattern, out);
  }
  log_format::FormatContext context{wanted, options.fidelity, state};
  for (const LogFormat* format : formats) {
    if ((line.classes & format->needs) != format->needs) continue;
    reset(record);
    const Reading reading = format->read(line, context, record);
    if (reading == Reading::not_mine) continue;
    if (reading == Reading::silent) return;
    if (record.format.empty()) record.format = format->labels[0];
    return emit(std::move(record), reading == Reading::copy ? Rank::generic : format->rank, out);
  }
}

void MetricParser::Impl::emit(ParsedRecord record, Rank rank, std::vector<ParsedRecord>& out) {
  const std::size_t room = kMaxNames + options.wanted.size();
  bool lost_wanted = false;
  const auto is_poorer = [&](const ParsedMetric& metric) {
    const auto known = names.find(metric.name);
    const bool poorer = known != names.end() && known->second.rank > rank;
    lost_wanted = lost_wanted || (poorer && wanted.contains(metric.name));
    return poorer;
  };
  std::erase_if(record.metrics, is_poorer);
  if (record.metrics.empty()) return;
  // A line that counted only because of a name that comes from elsewhere does not count.
  const auto is_wanted = [&](const ParsedMetric& metric) { return wanted.contains(metric.name); };
  if (lost_wanted && rank == Rank::generic && std::ranges::none_of(record.metrics, is_wanted))
    return;
  for (const auto& metric : record.metrics) {
    auto known = names.find(metric.name);
    if (known == names.end()) {
      if (names.size() >= room) continue;
      known = names.emplace(metric.name, Known{}).first;
    }
    known->second.rank = std::max(known->second.rank, rank);
    if (!known->second.seen) seen.push_back(metric.name);
    known->second.seen = true;
  }
  ++counts[record.format];
  out.push_back(std::move(record));
}

void MetricParser::Impl::note_malformed(std::string_view text) {
  if (++malformed == 1) first_malformed = text.substr(0, kMaxNameBytes);
}

MetricParser::MetricParser(MetricParserOptions options)
    : impl_(std::make_unique<Impl>(std::move(options))) {}
MetricParser::~MetricParser() = default;
MetricParser::MetricParser(MetricParser&&) noexcept = default;
MetricParser& MetricParser::operator=(MetricParser&&) noexcept = default;

std::vector<ParsedRecord> MetricParser::feed(std::string_view bytes) {
  std::vector<ParsedRecord> out;
  impl_->feed(bytes, out);
  return out;
}

std::vector<ParsedRecord> MetricParser::finish() {
  std::vector<ParsedRecord> out;
  impl_->finish(out);
  return out;
}

std::string MetricParser::recognised() const {
  std::string best;
  std::uint64_t most = 0;
  for (const auto& [format, count] : impl_->counts) {
    if (count > most) {
      best = format;
      most = count;
    }
  }
  return best;
}

std::vector<std::string> MetricParser::seen() const { return impl_->seen; }
std::size_t MetricParser::malformed() const { return impl_->malformed; }
std::string MetricParser::first_malformed() const { return impl_->first_malformed; }

}  // namespace hone
