#include "hone/cli/tuning_laws.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <set>

#include "hone/base/text.h"

namespace hone::cli {
namespace {

using Kind = ProgramOption::Kind;

/// Two significant digits: ranges are proposals, not measurements.
double rounded(double x) { return std::strtod(fmt::format("{:.1e}", x).c_str(), nullptr); }

double clipped(const ProgramOption& option, double x) {
  if (option.low) x = std::max(x, *option.low);
  if (option.high) x = std::min(x, *option.high);
  return x;
}

std::string default_part(const ProgramOption& option) {
  const auto d = default_number(option);
  if (!d) return "";
  const bool whole = option.kind == Kind::integer;
  return ", default: " + (whole ? fmt::format("{:.0f}", *d) : number_text(*d));
}

/// A real bound of a range: with a point or an exponent, so that it is no range of integers.
std::string real_text(double x) {
  const std::string text = number_text(x);
  return text.find_first_of(".e") == std::string::npos ? text + ".0" : text;
}

}  // namespace

std::optional<double> default_number(const ProgramOption& option) {
  return option.default_text ? parse_number(*option.default_text) : std::nullopt;
}

std::string number_text(double x) {
  if (x == 0) return "0.0";
  std::string text;
  const double size = std::abs(x);
  if (size >= 1e-3 && size < 1e6) return fmt::format("{}", x);
  for (int digits = 0; digits < 17; ++digits) {
    text = fmt::format("{:.{}e}", x, digits);
    if (std::strtod(text.c_str(), nullptr) == x) break;
  }
  // "5e-05" to "5e-5"
  const std::size_t e = text.find('e');
  std::string mantissa = text.substr(0, e);
  return fmt::format("{}e{}", mantissa, std::atoi(text.c_str() + e + 1));
}

std::string yaml_text(const std::string& text) {
  static const std::set<std::string> kWords = {"true", "false", "null",  "yes", "no", "on",
                                               "off",  "True",  "False", "Yes", "No", "On",
                                               "Off",  "None",  "Null",  "~",   "y",  "n"};
  const bool plain = !text.empty() && kWords.count(text) == 0 && text.front() != '-' &&
                     (text.front() != '.' || text.starts_with("./")) &&
                     std::all_of(text.begin(), text.end(), [](char c) {
                       return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                              (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.' ||
                              c == '/' || c == '+';
                     });
  if (plain) return text;
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (c == '\n')
      out += "\\n";
    else if (c == '\t')
      out += "\\t";
    else
      out += c;
  }
  return out + "\"";
}

std::string log_law(const ProgramOption& option, double low, double high) {
  const auto d = default_number(option);
  low = rounded(low);
  high = rounded(high);
  if (d && *d > 0) {
    low = std::min(low, *d);
    high = std::max(high, *d);
  }
  if (option.low && *option.low > 0) low = std::max(low, *option.low);
  if (option.high) high = std::min(high, *option.high);
  const std::string standard = d && *d > 0 ? default_part(option) : "";
  return fmt::format("{{min: {}, max: {}, distribution: log_uniform_values{}}}", real_text(low),
                     real_text(high), standard);
}

std::string linear_law(const ProgramOption& option, double low, double high) {
  const auto d = default_number(option);
  low = clipped(option, d ? std::min(low, *d) : low);
  high = clipped(option, d ? std::max(high, *d) : high);
  return fmt::format("{{min: {}, max: {}{}}}", real_text(low), real_text(high),
                     default_part(option));
}

std::string integer_law(const ProgramOption& option, double low, double high, bool logarithmic) {
  const auto d = default_number(option);
  low = clipped(option, std::floor(d ? std::min(low, *d) : low));
  high = clipped(option, std::ceil(d ? std::max(high, *d) : high));
  return fmt::format("{{min: {:.0f}, max: {:.0f}{}{}}}", low, high,
                     logarithmic ? ", distribution: int_log_uniform" : "", default_part(option));
}

std::string power_values(const ProgramOption& option, double middle, int reach) {
  std::vector<std::string> values;
  middle = std::max(1.0, std::round(middle));
  for (int factor = reach; factor >= 1; factor /= 2) {
    const double value = middle / factor;
    if (value >= 1 && value == std::floor(value) && clipped(option, value) == value)
      values.push_back(fmt::format("{:.0f}", value));
  }
  for (int factor = 2; factor <= reach; factor *= 2) {
    if (clipped(option, middle * factor) == middle * factor)
      values.push_back(fmt::format("{:.0f}", middle * factor));
  }
  std::string law = values_law(option, values);
  law.insert(law.find(']') + 1, ", ordered: true");
  return law;
}

std::string values_law(const ProgramOption& option, std::vector<std::string> values) {
  const auto d = default_number(option);
  std::string standard;
  if (d) {
    const auto same = std::find_if(values.begin(), values.end(), [&](const std::string& text) {
      return parse_number(text) == d;
    });
    if (same != values.end()) {
      standard = *same;
    } else {
      standard = option.kind == Kind::integer ? fmt::format("{:.0f}", *d) : number_text(*d);
      const auto after = std::find_if(values.begin(), values.end(), [&](const std::string& text) {
        return parse_number(text).value_or(0) > *d;
      });
      values.insert(after, standard);
    }
  } else if (option.default_text &&
             std::find(values.begin(), values.end(), *option.default_text) != values.end()) {
    standard = yaml_text(*option.default_text);
  }
  if (!d) {
    for (std::string& value : values) value = yaml_text(value);
  }
  return fmt::format("{{values: [{}]{}}}", join(values, ", "),
                     standard.empty() ? "" : ", default: " + standard);
}

std::string choice_law(const ProgramOption& option) { return values_law(option, option.choices); }

std::vector<std::string> some_choices(const ProgramOption& option,
                                      const std::vector<std::string>& wanted) {
  constexpr std::size_t kMost = 3;
  std::vector<std::string> some;
  if (option.default_text) some.push_back(*option.default_text);
  for (const std::string& one : wanted) {
    const bool has =
        std::find(option.choices.begin(), option.choices.end(), one) != option.choices.end();
    if (has && some.size() < kMost && std::find(some.begin(), some.end(), one) == some.end())
      some.push_back(one);
  }
  return some;
}

Advice unknown_number(const ProgramOption& option) {
  Advice advice{Fate::unknown, 0, "", ""};
  const auto d = default_number(option);
  const bool bounded = option.low && option.high;
  if (option.kind == Kind::integer) {
    const double base = d.value_or(1);
    if (base < 0) return {};  // -1 and the like mean "off"
    advice.law =
        bounded && *option.high - *option.low < 1e4
            ? integer_law(option, *option.low, *option.high, false)
            : integer_law(option, std::floor(base / 4), std::max(base * 4, 4.0), base >= 16);
    return advice;
  }
  if (!d && !bounded) return {};
  if (bounded) {
    advice.law = linear_law(option, *option.low, *option.high);
  } else if (*d > 0 && *d < 1 && *d >= 0.05) {
    advice.law = linear_law(option, 0, 1);
  } else if (*d > 0) {
    advice.law = log_law(option, *d / 10, *d * 10);
  } else if (*d == 0) {
    advice.law = linear_law(option, 0, 1);
  } else {
    return {};
  }
  return advice;
}

}  // namespace hone::cli
