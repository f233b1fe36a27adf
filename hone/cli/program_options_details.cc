// One option: its names and the value's description ("-b N, --batch-size N", "--eta FLOAT:FLOAT in
// [0 - 1]=0.3", "-w [ --window ] arg (=5)"), and what its help says of type, default, choices and
// range.
#include <fmt/core.h>
#include <re2/re2.h>

#include <algorithm>
#include <set>

#include "hone/base/text.h"
#include "hone/cli/program_options.h"

namespace hone::cli {
namespace {

using Kind = ProgramOption::Kind;

bool is_name_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-' || c == '.';
}

std::string without_quotes(std::string_view text) {
  text = trim(text);
  if (text.size() >= 2 && text.front() == text.back() &&
      (text.front() == '\'' || text.front() == '"' || text.front() == '`'))
    text = text.substr(1, text.size() - 2);
  return std::string(text);
}

/// From `at`, inside of a bracket: the position of the bracket that closes it, or the text's end.
std::size_t closing(std::string_view text, std::size_t at) {
  int depth = 0;
  for (; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '(' || c == '[' || c == '{') ++depth;
    if ((c == ')' || c == ']' || c == '}') && --depth < 0) return at;
  }
  return at;
}

/// "[adam|sgd]", "{a,b}", "<x|y>", "0|1": the choices.
std::vector<std::string> choices_in(const std::string& meta) {
  static const RE2 kBraces(R"(\{([^{}]+)\})");
  static const RE2 kBars(R"([\[<(]?([^\[\]<>()|\s]+(?:\|[^\[\]<>()|\s]+)+)[\]>)]?)");
  static const RE2 kLiteral(R"(Literal\[([^\[\]]+)\])");
  std::string list;
  char separator = ',';
  if (RE2::PartialMatch(meta, kLiteral, &list) || RE2::PartialMatch(meta, kBraces, &list)) {
    if (list.find(',') == std::string::npos && list.find('|') != std::string::npos) separator = '|';
  } else if (RE2::PartialMatch(meta, kBars, &list)) {
    separator = '|';
  } else {
    return {};
  }
  std::vector<std::string> choices;
  for (const std::string_view one : split(list, separator)) {
    std::string choice = without_quotes(one);
    if (choice == "..." || choice.empty()) return {};
    choices.push_back(std::move(choice));
  }
  return choices.size() > 1 ? choices : std::vector<std::string>{};
}

Kind kind_by_word(const std::string& meta) {
  static const RE2 kList(R"((?i)\b(list|tuple|sequence|array)\b|\.\.\.|ITEM,)");
  static const RE2 kReal(
      R"((?i)\b(float|real|double|a number|a (non-negative|positive) number)\b)");
  static const RE2 kInteger(R"((?i)\b(u?int(eger|32|64)?|long|an integer|a \S+ integer)\b)");
  static const RE2 kBoolean(R"((?i)\bbool(ean)?\b)");
  static const RE2 kText(R"((?i)\b(text|str|string|path|file|filename|dir|directory|folder)\b)");
  if (RE2::PartialMatch(meta, kList)) return Kind::list;
  if (RE2::PartialMatch(meta, kReal)) return Kind::real;
  if (RE2::PartialMatch(meta, kInteger)) return Kind::integer;
  if (RE2::PartialMatch(meta, kBoolean)) return Kind::boolean;
  if (RE2::PartialMatch(meta, kText)) return Kind::text;
  return Kind::unknown;
}

Kind kind_by_default(const std::string& text) {
  static const RE2 kInteger(R"([-+]?\d+)");
  static const RE2 kBoolean(R"((?i)true|false)");
  if (RE2::FullMatch(text, kInteger)) return Kind::integer;
  if (parse_number(text)) return Kind::real;
  if (RE2::FullMatch(text, kBoolean)) return Kind::boolean;
  if (text.starts_with('[') || text.starts_with('(')) return Kind::list;
  return Kind::text;
}

/// What follows "default": up to the bracket that it stands in, or to the sentence's end.
std::optional<std::string> default_in(const std::string& help) {
  static const RE2 kDefault(
      R"((?i)[(\[,;]\s*defaults?(?: value)?(?:\s*[:=]\s*|\s+is\s+|\s+to\s+|\s+))");
  static const RE2 kSentence(R"((?i)\bdefaults? (?:to|is|value is) `?'?"?([\w.+-]*[\w])`?'?"?)");
  re2::StringPiece rest(help);
  std::optional<std::string> found;
  while (RE2::FindAndConsume(&rest, kDefault)) {
    const std::string_view tail(rest.data(), rest.size());
    std::string_view value = tail.substr(0, closing(tail, 0));
    value = value.substr(0, value.find("; "));
    found = without_quotes(value);
  }
  std::string word;
  if (!found && RE2::PartialMatch(help, kSentence, &word)) found = word;
  static const std::set<std::string> kNone = {"None", "none", "null", "", "<unset>", "unset"};
  if (found && kNone.count(*found) != 0) return std::nullopt;
  return found;
}

void set_low(ProgramOption& option, double low, bool open) {
  option.low = low;
  option.low_open = open;
}

void read_range(const std::string& text, ProgramOption& option) {
  static const std::string kNumber = R"(([-+]?\d+(?:\.\d*)?(?:[eE][-+]?\d+)?))";
  static const RE2 kBoth(kNumber + R"(\s*(<=?)\s*x\s*<=?\s*)" + kNumber);
  static const RE2 kLow(R"(\bx\s*(>=?)\s*)" + kNumber);
  static const RE2 kHigh(R"(\bx\s*<=?\s*)" + kNumber);
  static const RE2 kIn(R"((?i)\b(?:in(?: the range)?|range:?|between)\s*\[?)" + kNumber +
                       R"((?:\s*,\s*|\s+-\s+|\s+and\s+|\s+to\s+))" + kNumber);
  static const RE2 kPositive(R"(\ba positive (?:number|integer)\b|POSITIVE\b)");
  static const RE2 kNotNegative(R"(\ba non-negative (?:number|integer)\b|NONNEGATIVE\b)");
  std::string sign;
  double low = 0;
  double high = 0;
  if (RE2::PartialMatch(text, kBoth, &low, &sign, &high)) {
    set_low(option, low, sign == "<");
    option.high = high;
  } else if (RE2::PartialMatch(text, kLow, &sign, &low)) {
    set_low(option, low, sign == ">");
  } else if (RE2::PartialMatch(text, kHigh, &high)) {
    option.high = high;
  } else if (RE2::PartialMatch(text, kIn, &low, &high) && low < high) {
    set_low(option, low, false);
    option.high = high;
  } else if (RE2::PartialMatch(text, kNotNegative)) {
    set_low(option, 0, false);
  } else if (RE2::PartialMatch(text, kPositive)) {
    set_low(option, option.kind == Kind::integer ? 1 : 0, option.kind != Kind::integer);
  }
}

/// "ns, hs or softmax" where the default is one of them.
std::vector<std::string> choices_in_prose(const ProgramOption& option) {
  static const RE2 kProse(R"(\b([\w-]+(?:, [\w-]+)*,? or [\w-]+)\b)");
  re2::StringPiece rest(option.help);
  std::string list;
  while (RE2::FindAndConsume(&rest, kProse, &list)) {
    RE2::GlobalReplace(&list, ",? or ", ", ");
    std::vector<std::string> choices;
    for (const std::string_view one : split(list, ',')) choices.emplace_back(trim(one));
    if (std::find(choices.begin(), choices.end(), *option.default_text) != choices.end())
      return choices;
  }
  return {};
}

/// The help without what has been read from it.
void shorten(std::string& help) {
  static const RE2 kMachine(
      R"((?i)\s*[(\[]\s*(?:type:|default|required|a number|an integer|a comma|a (?:non-negative|positive) |\d[^()\[\]]*<=?\s*x|x\s*[<>])[^()\[\]]*(?:[(\[][^()\[\]]*[)\]][^()\[\]]*)*[)\]])");
  static const RE2 kBlanks(R"(\s+)");
  RE2::GlobalReplace(&help, kMachine, "");
  RE2::GlobalReplace(&help, kBlanks, " ");
  help = std::string(trim(help));
}

/// "-w [ --window ]" to "-w, --window".
std::string without_boost_brackets(std::string_view text) {
  std::string out(text);
  const std::size_t open = out.find(" [ --");
  if (open == std::string::npos) return out;
  const std::size_t close = out.find(" ]", open);
  if (close == std::string::npos) return out;
  out.erase(close, 2);
  out.replace(open, 3, ", ");
  return out;
}

/// Where the description of a value ends: before the next name.
std::size_t meta_end(std::string_view text, std::size_t at) {
  int depth = 0;
  for (; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '(' || c == '[' || c == '{' || c == '<') ++depth;
    if (c == ')' || c == ']' || c == '}' || c == '>') --depth;
    if (depth > 0) continue;
    const std::string_view rest = text.substr(at);
    if (rest.starts_with(", -") || rest.starts_with(",-") || rest.starts_with(" / -") ||
        rest.starts_with(" -"))
      return at;
  }
  return at;
}

}  // namespace

bool read_option_names(std::string_view text, ProgramOption& option, std::string& meta) {
  const std::string line = without_boost_brackets(text);
  std::vector<std::pair<std::string, std::string>> names;  // dashes, name
  std::size_t at = 0;
  while (at < line.size()) {
    if (line[at] != '-') {
      const std::size_t end = meta_end(line, at);
      std::string piece(trim(std::string_view(line).substr(at, end - at)));
      if (piece == "/" || piece == "," || piece == "|") piece.clear();
      if (meta.empty()) meta = piece;
      at = end;
      while (at < line.size() && (line[at] == ',' || line[at] == ' ' || line[at] == '/')) ++at;
      continue;
    }
    std::size_t begin = at;
    while (begin < line.size() && line[begin] == '-') ++begin;
    const std::string dashes = line.substr(at, begin - at);
    if (line.compare(begin, 4, "[no]") == 0) {
      begin += 4;
      meta = "bool";
    }
    std::size_t end = begin;
    while (end < line.size() && is_name_letter(line[end])) ++end;
    if (end == begin || dashes.size() > 2) return !names.empty();
    names.emplace_back(dashes, line.substr(begin, end - begin));
    at = end;
    if (at < line.size() && line[at] == '+') ++at;
    if (at < line.size() && line[at] == '=') ++at;
    while (at < line.size() && (line[at] == ' ' || line[at] == ',')) ++at;
  }
  if (names.empty()) return false;
  std::size_t best = 0;
  for (std::size_t i = 0; i < names.size() && names[best].first.size() < 2; ++i) {
    if (names[i].first == "--") best = i;
  }
  option.dashes = names[best].first;
  option.name = names[best].second;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (i != best && names[i].second != option.name) option.aliases.push_back(names[i].second);
  }
  return true;
}

void read_option_details(std::string_view meta_text, ProgramOption& option) {
  std::string meta(meta_text);
  if (!option.default_text) option.default_text = default_in(option.help);
  static const RE2 kBoost(R"(\(=(.*)\)\s*$)");
  static const RE2 kCli11(R"(^(?:TEXT|INT|UINT|FLOAT|BOOLEAN|ENUM)\b.*=([^={}\[\]]*)$)");
  static const RE2 kCli11Old(R"(^(?:TEXT|INT|UINT|FLOAT|BOOLEAN|ENUM)\b.*\s\[([^\[\]<>|]*)\]$)");
  std::string standard;
  if (!option.default_text &&
      (RE2::PartialMatch(meta, kBoost, &standard) || RE2::PartialMatch(meta, kCli11, &standard) ||
       RE2::PartialMatch(meta, kCli11Old, &standard))) {
    if (!standard.empty() && standard.find(" - ") == std::string::npos)
      option.default_text = standard;
  }
  static const RE2 kRequired(R"((?i)[(\[]required[)\]]|\bREQUIRED\b)");
  option.required =
      RE2::PartialMatch(option.help, kRequired) || RE2::PartialMatch(meta, RE2(R"(\bREQUIRED\b)"));
  // What the program says of the type stands in the value's description, or in brackets in the
  // help.
  static const RE2 kTypeInHelp(
      R"((?i)\(type: (.*?)(?:, default:|, required|\)\s*$|\), )|\(((?:a|an) [a-z -]*(?:number|integer|list)\b[^()]*)\))");
  std::string stated;
  std::string sentence;
  if (RE2::PartialMatch(option.help, kTypeInHelp, &stated, &sentence))
    option.kind = kind_by_word(stated.empty() ? sentence : stated);
  option.choices = choices_in(stated.find("Literal") != std::string::npos ? stated : meta);
  if (option.kind == Kind::unknown) option.kind = kind_by_word(meta);
  static const std::set<std::string> kTruths = {"True", "False", "true", "false", "yes", "no"};
  const bool truths =
      std::all_of(option.choices.begin(), option.choices.end(),
                  [](const std::string& choice) { return kTruths.count(choice) != 0; });
  if (!option.choices.empty() && truths) {
    option.kind = Kind::boolean;
    option.choices.clear();
  }
  if (option.kind == Kind::unknown && option.default_text && option.choices.empty())
    option.kind = kind_by_default(*option.default_text);
  read_range(meta + " " + option.help, option);
  const auto standing = parse_number(option.default_text.value_or(""));
  if (standing &&
      (*standing < option.low.value_or(*standing) || *standing > option.high.value_or(*standing))) {
    option.low.reset();  // the text spoke of something else
    option.high.reset();
  }
  if (meta.empty() && option.kind != Kind::integer && option.kind != Kind::real &&
      option.dashes.size() > 0) {
    // No value is described: a switch, unless the default shows that there is one.
    option.is_switch =
        !option.default_text || option.kind == Kind::boolean || *option.default_text == option.name;
    if (option.is_switch) option.kind = Kind::boolean;
  }
  if (option.kind == Kind::text && option.choices.empty() && option.default_text)
    option.choices = choices_in_prose(option);
  shorten(option.help);
}

}  // namespace hone::cli
