#include "hone/cli/command_line.h"

#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <cstdio>

#include "hone/base/error.h"
#include "hone/base/text.h"
#include "hone/cli/terminal.h"

namespace hone::cli {

struct CommandLine::Impl {
  CLI::App app;
};

CommandLine::CommandLine(std::string name, std::string summary)
    : impl_(std::make_unique<Impl>()), name_(std::move(name)), summary_(std::move(summary)) {
  impl_->app.set_help_flag();  // help is printed by `help`
}

CommandLine::~CommandLine() = default;

void CommandLine::flag(const std::string& names, bool& into, const std::string& help) {
  impl_->app.add_flag(names, into, help);
  rows_.push_back({names, "", help, false});
}

void CommandLine::option(const std::string& names, std::optional<std::string>& into,
                         const std::string& value, const std::string& help) {
  impl_->app.add_option(names, into, help);
  rows_.push_back({names, value, help, false});
}

void CommandLine::flag_or_option(const std::string& names, std::optional<std::string>& into,
                                 const std::string& value, const std::string& help) {
  impl_->app.add_flag(names, into, help);
  rows_.push_back({names, "[=" + value + "]", help, false});
}

void CommandLine::option(const std::string& names, std::optional<int>& into,
                         const std::string& help) {
  impl_->app.add_option(names, into, help);
  rows_.push_back({names, "N", help, false});
}

void CommandLine::option(const std::string& names, std::vector<std::string>& into,
                         const std::string& value, const std::string& help) {
  impl_->app.add_option(names, into, help)->allow_extra_args(false);
  rows_.push_back({names, value, help, false});
}

void CommandLine::positional(const std::string& name, std::optional<std::string>& into,
                             const std::string& help) {
  impl_->app.add_option(fmt::format("argument{}", rows_.size()), into, help);
  rows_.push_back({name, "", help, true});
}

void CommandLine::positional(const std::string& name, std::vector<std::string>& into,
                             const std::string& help) {
  impl_->app.add_option(fmt::format("argument{}", rows_.size()), into, help);
  rows_.push_back({name + " …", "", help, true});
}

void CommandLine::rest(std::vector<std::string>& into, const std::string& name,
                       const std::string& help) {
  rest_ = &into;
  rows_.push_back({"-- " + name, "", help, true});
}

void CommandLine::examples(const std::string& text) { examples_ = text; }

const ArgumentRow* CommandLine::row_of(std::string_view argument) const {
  const std::string_view name = argument.substr(0, argument.find('='));
  for (const ArgumentRow& row : rows_) {
    for (const std::string_view one : split(row.names, ',')) {
      if (!row.positional && one == name) return &row;
    }
  }
  return nullptr;
}

std::string CommandLine::lacking(std::span<const std::string> arguments) const {
  // The option that stands last, or before another one, is the one that lacks its value.
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const ArgumentRow* row = row_of(arguments[i]);
    if (row == nullptr || row->value.empty()) continue;
    if (const std::size_t equals = arguments[i].find('='); equals != std::string::npos) {
      if (equals + 1 < arguments[i].size()) continue;
      return fmt::format("{} needs a value: {}{}", arguments[i], arguments[i], row->value);
    }
    if (i + 1 == arguments.size() || arguments[i + 1] == "--" || row_of(arguments[i + 1]))
      return fmt::format("{} needs a value: {} {}", arguments[i], arguments[i], row->value);
    ++i;
  }
  return "an option lacks its value";
}

std::string CommandLine::no_number(std::span<const std::string> arguments) const {
  for (std::size_t i = 0; i < arguments.size() && arguments[i] != "--"; ++i) {
    std::string name = arguments[i];
    const ArgumentRow* row = row_of(name);
    std::string value;
    if (const std::size_t equals = name.find('='); equals != std::string::npos) {
      value = name.substr(equals + 1);
      name.resize(equals);
    } else if (row == nullptr && name.size() > 2 && name[0] == '-' && name[1] != '-') {
      row = row_of(name.substr(0, 2));  // -j4
      value = name.substr(2);
      name.resize(2);
    } else if (i + 1 < arguments.size()) {
      value = arguments[i + 1];
    }
    if (row == nullptr || row->value != "N") continue;
    int number = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
    if (error == std::errc::result_out_of_range)
      return fmt::format("{}: {} is too large", name, value);
    if (error != std::errc{} || end != value.data() + value.size())
      return fmt::format("{}: '{}' is no whole number", name, value);
  }
  return "a number was expected";
}

bool CommandLine::parse(std::span<const std::string> arguments) {
  auto end = arguments.end();
  if (rest_ != nullptr) {
    end = std::find(arguments.begin(), arguments.end(), "--");
    if (end != arguments.end()) rest_->assign(end + 1, arguments.end());
  }
  for (auto it = arguments.begin(); it != end; ++it) {
    if (*it == "--") break;
    if (*it == "--help" || *it == "-h") {
      std::fputs(help().c_str(), stdout);
      return false;
    }
  }
  std::vector<std::string> reversed(std::make_reverse_iterator(end), arguments.rend());
  const std::string hint = fmt::format("see: hone {} --help", name_);
  try {
    impl_->app.parse(reversed);
  } catch (const CLI::ExtrasError&) {
    const std::vector<std::string> extra = impl_->app.remaining(true);
    const std::string what = extra.empty() ? "" : extra.front();
    if (what.size() > 1 && what.front() == '-') {
      std::vector<std::string> known = {"--help"};
      for (const ArgumentRow& row : rows_) {
        for (const std::string_view one : split(row.names, ',')) known.emplace_back(one);
      }
      const auto near = nearest_name(what.substr(0, what.find('=')), known);
      throw Error(ErrorCode::invalid_input,
                  fmt::format("hone {} has no option {}{}", name_, what,
                              near ? fmt::format(". Did you mean {}?", *near) : ""),
                  hint);
    }
    throw Error(ErrorCode::invalid_input,
                fmt::format("hone {}: '{}' is one argument too many", name_, what), hint);
  } catch (const CLI::ArgumentMismatch&) {
    throw Error(ErrorCode::invalid_input, fmt::format("hone {}: {}", name_, lacking(arguments)),
                hint);
  } catch (const CLI::ConversionError&) {
    throw Error(ErrorCode::invalid_input, fmt::format("hone {}: {}", name_, no_number(arguments)),
                hint);
  } catch (const CLI::ParseError& error) {
    throw Error(ErrorCode::invalid_input, fmt::format("hone {}: {}", name_, error.what()), hint);
  }
  return true;
}

std::string CommandLine::help() const {
  std::string usage = "Usage: hone " + name_;
  const bool has_options =
      std::any_of(rows_.begin(), rows_.end(), [](const ArgumentRow& r) { return !r.positional; });
  if (has_options) usage += " [OPTIONS]";
  for (const ArgumentRow& row : rows_) {
    if (row.positional)
      usage += row.names.starts_with("--") ? fmt::format(" [{}]", row.names) : " " + row.names;
  }
  std::string out = summary_ + "\n\n" + usage + "\n";
  if (!examples_.empty()) out += "\n" + examples_;
  std::vector<std::pair<std::string, std::string>> arguments;
  std::vector<std::pair<std::string, std::string>> options;
  for (const ArgumentRow& row : rows_) {
    std::string names;
    for (const std::string_view one : split(row.names, ','))
      names += (names.empty() ? "" : ", ") + std::string(one);
    if (!row.value.empty()) names += " " + row.value;
    (row.positional ? arguments : options).emplace_back(names, row.help);
  }
  options.emplace_back("-h, --help", "Shows this");
  if (!arguments.empty()) out += "\nArguments\n" + two_columns(arguments);
  out += "\nOptions\n" + two_columns(options);
  return out;
}

}  // namespace hone::cli
