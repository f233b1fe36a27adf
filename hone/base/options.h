// Options of an algorithm, written once: parsing, errors, help and the reference page come from the
// same table.
//
//   struct AshaOptions { int eta = 3; bool promote = false; };
//   const OptionTable<AshaOptions>& asha_options() {
//     static const auto table = OptionTable<AshaOptions>("asha", "Asynchronous successive halving
//     …")
//         .integer("eta", &AshaOptions::eta, 2, 100, "Keeps the best 1/eta at each rung")
//         .boolean("promote", &AshaOptions::promote, "Pause at rungs and promote the best");
//     return table;
//   }
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "hone/base/value.h"

namespace hone {

enum class OptionType { boolean, integer, number, text, list };

/// One row of a table, for help and reference.
struct OptionInfo {
  std::string name;
  OptionType type = OptionType::number;
  Value default_value;
  std::optional<double> low;         ///< inclusive
  std::optional<double> high;        ///< inclusive
  std::vector<std::string> choices;  ///< of a text
  std::string help;
};

/// A mistake in the options a user gave. `option` is the key it is about.
struct OptionProblem {
  std::string option;
  std::string message;
  bool unknown = false;
};

/// Checks type and range of `value` against a row; the message without the option's name, or
/// nullopt.
std::optional<std::string> check_option(const OptionInfo& info, const Value& value);
/// "unknown option 'etta'. Did you mean 'eta'?" with the list of names where nothing is near.
std::string unknown_option_message(const std::string& name, const std::vector<OptionInfo>& rows);

/// A table as readers of help see it.
struct AlgorithmHelp {
  std::string name;
  std::string summary;
  std::vector<OptionInfo> options;
};

template <class T>
class OptionTable {
 public:
  OptionTable(std::string name, std::string summary)
      : help_{std::move(name), std::move(summary), {}} {}

  OptionTable& boolean(const std::string& name, bool T::*member, const std::string& help) {
    return add({name, OptionType::boolean, Value(T{}.*member), {}, {}, {}, help},
               [member](T& t, const Value& v) { t.*member = v.as_bool(); });
  }
  OptionTable& integer(const std::string& name, int T::*member, double low, double high,
                       const std::string& help) {
    return add({name, OptionType::integer, Value(T{}.*member), low, high, {}, help},
               [member](T& t, const Value& v) { t.*member = static_cast<int>(v.as_number()); });
  }
  OptionTable& number(const std::string& name, double T::*member, double low, double high,
                      const std::string& help) {
    return add({name, OptionType::number, Value(T{}.*member), low, high, {}, help},
               [member](T& t, const Value& v) { t.*member = v.as_number(); });
  }
  /// A number without a default.
  OptionTable& number(const std::string& name, std::optional<double> T::*member, double low,
                      double high, const std::string& help) {
    return add({name, OptionType::number, Value(), low, high, {}, help},
               [member](T& t, const Value& v) { t.*member = v.as_number(); });
  }
  OptionTable& text(const std::string& name, std::string T::*member,
                    std::vector<std::string> choices, const std::string& help) {
    return add({name, OptionType::text, Value(T{}.*member), {}, {}, std::move(choices), help},
               [member](T& t, const Value& v) { t.*member = v.as_string(); });
  }

  /// A list of texts.
  OptionTable& names(const std::string& name, std::vector<std::string> T::*member,
                     const std::string& help) {
    return add({name, OptionType::list, Value(Value::List{}), {}, {}, {}, help},
               [member](T& t, const Value& v) {
                 for (const Value& item : v.as_list())
                   (t.*member).push_back(item.is_string() ? item.as_string() : item.dump());
               });
  }

  /// A list whose items the algorithm reads itself.
  OptionTable& list(const std::string& name, Value T::*member, const std::string& help) {
    return add({name, OptionType::list, Value(T{}.*member), {}, {}, {}, help},
               [member](T& t, const Value& v) { t.*member = v; });
  }

  /// The options of a JSON object over the defaults; mistakes are appended to `problems` and leave
  /// the default.
  T parse(const Value& options, std::vector<OptionProblem>& problems) const {
    T result;
    if (!options.is_map()) return result;
    for (const auto& [name, value] : options.as_map()) {
      std::size_t i = 0;
      while (i < help_.options.size() && help_.options[i].name != name) ++i;
      if (i == help_.options.size()) {
        problems.push_back({name, unknown_option_message(name, help_.options), true});
      } else if (const auto wrong = check_option(help_.options[i], value)) {
        problems.push_back({name, *wrong, false});
      } else if (!value.is_null()) {
        setters_[i](result, value);
      }
    }
    return result;
  }
  const AlgorithmHelp& help() const { return help_; }

 private:
  OptionTable& add(OptionInfo info, std::function<void(T&, const Value&)> setter) {
    help_.options.push_back(std::move(info));
    setters_.push_back(std::move(setter));
    return *this;
  }
  AlgorithmHelp help_;
  std::vector<std::function<void(T&, const Value&)>> setters_;
};

}  // namespace hone
