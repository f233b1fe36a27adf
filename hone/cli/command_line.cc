#include "hone/cli/command_line.h"

#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <algorithm>
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
