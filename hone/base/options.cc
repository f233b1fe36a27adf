#include "hone/base/options.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "hone/base/text.h"

namespace hone {
namespace {

std::string range_text(const OptionInfo& info) {
  const std::string low = info.low && std::isfinite(*info.low) ? format_number(*info.low) : "";
  const std::string high = info.high && std::isfinite(*info.high) ? format_number(*info.high) : "";
  if (!low.empty() && !high.empty()) return fmt::format("from {} to {}", low, high);
  if (!low.empty()) return fmt::format("at least {}", low);
  if (!high.empty()) return fmt::format("at most {}", high);
  return "";
}

}  // namespace

std::optional<std::string> check_option(const OptionInfo& info, const Value& value) {
  if (value.is_null() && info.default_value.is_null()) return std::nullopt;
  switch (info.type) {
    case OptionType::boolean:
      if (!value.is_bool()) return fmt::format("must be true or false, not {}", value.dump());
      return std::nullopt;
    case OptionType::integer:
    case OptionType::number: {
      const bool whole = value.is_int() || (value.is_double() && std::isfinite(value.as_number()) &&
                                            value.as_number() == std::floor(value.as_number()));
      if (info.type == OptionType::integer ? !whole : !value.is_number()) {
        return fmt::format("must be {}, not {}",
                           info.type == OptionType::integer ? "a whole number" : "a number",
                           value.dump());
      }
      const double x = value.as_number();
      if (std::isnan(x) || (info.low && x < *info.low) || (info.high && x > *info.high)) {
        return fmt::format("must be {}, not {}", range_text(info), value.dump());
      }
      return std::nullopt;
    }
    case OptionType::text:
      if (!value.is_string()) return fmt::format("must be a text, not {}", value.dump());
      if (!info.choices.empty() && std::find(info.choices.begin(), info.choices.end(),
                                             value.as_string()) == info.choices.end()) {
        const auto near = nearest_name(value.as_string(), info.choices);
        return fmt::format("must be one of {}, not '{}'{}", join(info.choices, ", "),
                           value.as_string(),
                           near ? fmt::format(". Did you mean '{}'?", *near) : "");
      }
      return std::nullopt;
    case OptionType::list:
      if (!value.is_list()) return fmt::format("must be a list, not {}", value.dump());
      return std::nullopt;
  }
  return std::nullopt;
}

std::string unknown_option_message(const std::string& name, const std::vector<OptionInfo>& rows) {
  std::vector<std::string> names;
  for (const OptionInfo& row : rows) names.push_back(row.name);
  if (const auto near = nearest_name(name, names)) {
    return fmt::format("unknown option '{}'. Did you mean '{}'?", name, *near);
  }
  if (names.empty()) return fmt::format("unknown option '{}': there are no options", name);
  return fmt::format("unknown option '{}'. Options: {}", name, join(names, ", "));
}

}  // namespace hone
