// Typed reading of nodes.
#include "hone/study/study_file_reader.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "hone/base/text.h"

namespace hone {
namespace {

constexpr std::size_t kMaxDiagnostics = 200;

std::vector<std::string> key_names(const StudyFileSection& section) {
  std::vector<std::string> names;
  for (const StudyFileKey& key : section.keys) names.push_back(key.name);
  return names;
}

/// The bound that x breaks.
std::string bound_text(double x, double low, double high) {
  if (x < low && low == std::numeric_limits<double>::min()) return "above 0";
  if (x < low) return fmt::format("at least {}", format_number(low, 15));
  return fmt::format("at most {}", format_number(high, 15));
}

}  // namespace

void StudyFileReader::add(Severity severity, TextSpan span, std::string message, std::string fix) {
  if (severity == Severity::error) ++errors_;
  if (diagnostics_.size() > kMaxDiagnostics) return;
  if (diagnostics_.size() == kMaxDiagnostics) {
    Diagnostic more;
    more.message =
        fmt::format("there are more than {} mistakes; only the first are shown", kMaxDiagnostics);
    diagnostics_.push_back(std::move(more));
    return;
  }
  diagnostics_.push_back(lines_.at(span, severity, std::move(message), std::move(fix)));
}

void StudyFileReader::error(TextSpan span, std::string message, std::string fix) {
  add(Severity::error, span, std::move(message), std::move(fix));
}
void StudyFileReader::warning(TextSpan span, std::string message, std::string fix) {
  add(Severity::warning, span, std::move(message), std::move(fix));
}
void StudyFileReader::note(TextSpan span, std::string message) {
  add(Severity::note, span, std::move(message), "");
}
void StudyFileReader::error_overall(std::string message) {
  ++errors_;
  Diagnostic d;
  d.message = std::move(message);
  diagnostics_.push_back(std::move(d));
}

bool StudyFileReader::check_keys(const YamlNode& map, const StudyFileSection& section,
                                 const std::string& what) {
  const std::vector<std::string> names = key_names(section);
  bool good = true;
  for (const YamlMember& member : map.members) {
    if (std::find(names.begin(), names.end(), member.key) != names.end()) continue;
    good = false;
    const std::string place = what.empty() ? "" : " in " + what;
    const auto near = nearest_name(member.key, names);
    std::string message = fmt::format("unknown key '{}'{}", member.key, place);
    if (near) {
      message += fmt::format(". Did you mean '{}'?", *near);
    } else if (what.empty()) {
      message += ". `hone help study-file` lists the keys";
    } else {
      message += ". Keys: " + join(names, ", ");
    }
    error(member.key_span, std::move(message));
  }
  return good;
}

std::string StudyFileReader::written(const YamlNode& node) const {
  return std::string(text_.substr(node.span.begin, node.span.end - node.span.begin));
}

std::string StudyFileReader::shown(const YamlNode& node) const {
  if (node.is_sequence()) return "a list";
  if (node.is_map()) return "a map";
  if (node.is_null() && node.span.begin == node.span.end) return "nothing";
  constexpr std::size_t kLongest = 60;
  std::string text = node.block ? "a block of text" : written(node);
  if (text.find('\n') != std::string::npos) text = text.substr(0, text.find('\n')) + "…";
  if (text.size() > kLongest) {
    std::size_t cut = kLongest;
    while (cut > 0 && (static_cast<unsigned char>(text[cut]) & 0xC0U) == 0x80U) --cut;
    text = text.substr(0, cut) + "…";
  }
  if (node.is_null() || node.block || !node.plain) return text;
  return resolve_scalar(node).is_string() ? "'" + text + "'" : text;
}

bool StudyFileReader::is_map(const YamlNode& node, const std::string& what,
                             const std::string& example) {
  if (node.is_map()) return true;
  error(node.span, fmt::format("{} must be a map, not {}", what, shown(node)),
        example.empty() ? "" : fmt::format("write {}", example));
  return false;
}

std::optional<double> StudyFileReader::number(const YamlNode& node, const std::string& what) {
  const Value value = node.is_scalar() ? resolve_scalar(node) : Value();
  if (value.is_number() && !std::isnan(value.as_number())) {
    warn_of_yaml11(node);
    return value.as_number();
  }
  std::string fix;
  if (node.is_scalar()) {
    YamlNode bare = node;
    bare.plain = true;
    bare.tag.clear();
    const auto old = resolve_yaml11(node.text);
    if (resolve_scalar(bare).is_number()) {
      fix = fmt::format("write it without quotes: {}", node.text);
    } else if (node.plain && old && old->is_number()) {
      fix = fmt::format("write {}", old->dump());
    }
  }
  error(node.span, fmt::format("{} must be a number, not {}", what, shown(node)), fix);
  return std::nullopt;
}

std::optional<double> StudyFileReader::number_from(const YamlNode& node, const std::string& what,
                                                   double low, double high) {
  const auto x = number(node, what);
  if (!x) return std::nullopt;
  if (*x >= low && *x <= high) return x;
  error(node.span,
        fmt::format("{} must be {}, not {}", what, bound_text(*x, low, high), shown(node)));
  return std::nullopt;
}

std::optional<std::int64_t> StudyFileReader::whole(const YamlNode& node, const std::string& what,
                                                   std::int64_t low, std::int64_t high) {
  const Value value = node.is_scalar() ? resolve_scalar(node) : Value();
  std::optional<std::int64_t> whole;
  if (value.is_int()) {
    whole = value.as_int();
  } else if (value.is_double() && std::abs(value.as_number()) < 9e15 &&
             std::floor(value.as_number()) == value.as_number()) {
    whole = static_cast<std::int64_t>(value.as_number());
  }
  if (!whole) {
    if (!value.is_number()) {
      number(node, what);  // says what is wrong
    } else {
      error(node.span, fmt::format("{} must be a whole number, not {}", what, shown(node)));
    }
    return std::nullopt;
  }
  warn_of_yaml11(node);
  if (*whole >= low && *whole <= high) return whole;
  error(node.span, fmt::format("{} must be {}, not {}", what,
                               *whole < low ? fmt::format("at least {}", low)
                                            : fmt::format("at most {}", high),
                               shown(node)));
  return std::nullopt;
}

std::optional<bool> StudyFileReader::boolean(const YamlNode& node, const std::string& what) {
  const Value value = node.is_scalar() ? resolve_scalar(node) : Value();
  if (value.is_bool()) return value.as_bool();
  std::string fix;
  if (node.is_scalar()) {
    const auto old = resolve_yaml11(node.text);
    if (old && old->is_bool()) fix = fmt::format("write {}", old->as_bool() ? "true" : "false");
  }
  error(node.span, fmt::format("{} must be true or false, not {}", what, shown(node)), fix);
  return std::nullopt;
}

std::optional<std::string> StudyFileReader::text(const YamlNode& node, const std::string& what,
                                                 bool may_be_empty) {
  if (node.is_scalar() && (may_be_empty || !node.text.empty())) return node.text;
  if (node.is_scalar()) {
    error(node.span, fmt::format("{} must not be empty", what));
  } else {
    error(node.span, fmt::format("{} must be a text, not {}", what, shown(node)));
  }
  return std::nullopt;
}

std::optional<std::string> StudyFileReader::word(const YamlNode& node, const std::string& what,
                                                 const std::vector<std::string>& words) {
  const auto given = text(node, what);
  if (!given) return std::nullopt;
  if (std::find(words.begin(), words.end(), *given) != words.end()) return given;
  const auto near = nearest_name(*given, words);
  error(node.span, fmt::format("{} must be {}{}, not {}{}", what, words.size() > 2 ? "one of " : "",
                               join(words, words.size() == 2 ? " or " : ", "), shown(node),
                               near ? fmt::format(". Did you mean '{}'?", *near) : ""));
  return std::nullopt;
}

std::optional<std::vector<std::string>> StudyFileReader::texts(const YamlNode& node,
                                                               const std::string& what,
                                                               const std::string& example) {
  if (!node.is_sequence()) {
    error(node.span, fmt::format("{} must be a list of texts, not {}", what, shown(node)),
          fmt::format("write {}", example));
    return std::nullopt;
  }
  std::vector<std::string> all;
  bool good = true;
  for (std::size_t i = 0; i < node.items.size(); ++i) {
    if (const auto one = text(node.items[i], fmt::format("{}[{}]", what, i), true)) {
      all.push_back(*one);
    } else {
      good = false;
    }
  }
  if (!good) return std::nullopt;
  return all;
}

std::optional<std::int64_t> StudyFileReader::duration_us(const YamlNode& node,
                                                         const std::string& what) {
  const auto given = node.is_scalar() ? parse_duration_us(node.text) : std::nullopt;
  if (given && *given > 0) return given;
  error(node.span, fmt::format("{} must be a time above 0 such as 90s, 30m, 1.5h or 2d, not {}",
                               what, shown(node)));
  return std::nullopt;
}

std::optional<std::int64_t> StudyFileReader::bytes(const YamlNode& node, const std::string& what) {
  const auto given = node.is_scalar() ? parse_bytes(node.text) : std::nullopt;
  if (given && *given > 0) return given;
  error(node.span, fmt::format("{} must be a size above 0 such as 512MiB or 12GiB, not {}", what,
                               shown(node)));
  return std::nullopt;
}

void StudyFileReader::warn_of_yaml11(const YamlNode& node) {
  const auto old = yaml11_difference(node);
  if (!old || !warned_.insert(node.span.begin).second) return;
  const Value here = resolve_scalar(node);
  const std::string reading =
      here.is_string() ? "the text '" + here.as_string() + "'" : here.dump();
  warning(node.span,
          fmt::format(
              "{} is {} here (YAML 1.2), but {} for readers of YAML 1.1 such as a sweep's agent; "
              "write it so that both agree",
              node.text, reading, *old),
          !here.is_string()  ? ""
          : *old == "a date" ? fmt::format("write \"{}\"", node.text)
                             : fmt::format("write \"{}\" or {}", node.text, *old));
}

Value StudyFileReader::value(const YamlNode& node) {
  if (node.is_sequence()) {
    Value::List list;
    for (const YamlNode& item : node.items) list.push_back(value(item));
    return Value(std::move(list));
  }
  if (node.is_map()) {
    Value map{Value::Map{}};
    for (const YamlMember& member : node.members) map.set(member.key, value(member.value));
    return map;
  }
  warn_of_yaml11(node);
  return resolve_scalar(node);
}

}  // namespace hone
