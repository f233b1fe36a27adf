// The arguments of one command: options are declared once, from which parsing, errors with "did you
// mean", --help and shell completion come.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace hone::cli {

/// One declared option or positional argument.
struct ArgumentRow {
  std::string names;  ///< "-q,--quiet", or "STUDY" for a positional argument
  std::string value;  ///< "NUMBER", "TEXT"; empty: a flag
  std::string help;
  bool positional = false;
};

/// Not thread-safe. The variables given must outlive `parse`.
class CommandLine {
 public:
  CommandLine(std::string name, std::string summary);
  ~CommandLine();
  CommandLine(const CommandLine&) = delete;
  CommandLine& operator=(const CommandLine&) = delete;

  void flag(const std::string& names, bool& into, const std::string& help);
  void option(const std::string& names, std::optional<std::string>& into, const std::string& value,
              const std::string& help);
  /// May be given without a value, which is "true" then: --serve, --serve=7070.
  void flag_or_option(const std::string& names, std::optional<std::string>& into,
                      const std::string& value, const std::string& help);
  void option(const std::string& names, std::optional<int>& into, const std::string& help);
  /// May be given several times.
  void option(const std::string& names, std::vector<std::string>& into, const std::string& value,
              const std::string& help);
  void positional(const std::string& name, std::optional<std::string>& into,
                  const std::string& help);
  void positional(const std::string& name, std::vector<std::string>& into, const std::string& help);
  /// What stands behind `--`.
  void rest(std::vector<std::string>& into, const std::string& name, const std::string& help);
  /// Shown below the options: examples.
  void examples(const std::string& text);

  /// False when help was asked for (it is printed on stdout). Throws Error(invalid_input) for what
  /// does not fit.
  bool parse(std::span<const std::string> arguments);
  std::string help() const;
  const std::vector<ArgumentRow>& rows() const { return rows_; }

 private:
  const ArgumentRow* row_of(std::string_view argument) const;
  std::string lacking(std::span<const std::string> arguments) const;
  std::string no_number(std::span<const std::string> arguments) const;

  struct Impl;
  std::unique_ptr<Impl> impl_;
  std::string name_;
  std::string summary_;
  std::string examples_;
  std::vector<ArgumentRow> rows_;
  std::vector<std::string>* rest_ = nullptr;
};

}  // namespace hone::cli
