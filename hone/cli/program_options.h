// What a program says of its options in its help text: names, types, defaults, choices and ranges.
// Understands argparse (with its kin: HfArgumentParser, jsonargparse, Lightning), click, typer and
// tyro (boxes), absl, fire, docopt, Hydra's configuration, and in C++ CLI11, cxxopts,
// boost::program_options, gflags and getopt's usual layout. Nothing is required to be understood:
// what cannot be told stays unknown.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hone::cli {

struct ProgramOption {
  enum class Kind { unknown, boolean, integer, real, text, list };
  std::string name;                  ///< as the program takes it, without dashes: "model.lr"
  std::string dashes;                ///< "--" or "-"; empty: name=value
  std::vector<std::string> aliases;  ///< its other spellings, without dashes
  Kind kind = Kind::unknown;
  bool is_switch = false;  ///< takes no value
  bool required = false;
  std::optional<std::string> default_text;  ///< without quotes; empty when there is none
  std::vector<std::string> choices;
  std::optional<double> low;   ///< inclusive, but for 0: see low_open
  std::optional<double> high;  ///< inclusive
  bool low_open = false;       ///< `low` itself is not allowed
  std::string help;            ///< one line, without type and default
};

struct ProgramHelp {
  bool hydra = false;                    ///< options are given as name=value
  std::vector<ProgramOption> options;    ///< in order of the text, each name once
  std::vector<std::string> positionals;  ///< arguments without a name that it needs
  std::vector<std::string> commands;     ///< of a program with commands of its own
};

/// At most this much of a help text is looked at.
constexpr std::size_t kHelpTextLimit_bytes = 1 << 20;

/// Reads the text of `program --help`; any bytes are accepted.
ProgramHelp read_program_help(std::string_view text);

// The parts, for those files that share them.

/// The text without colours, boxes, overstrikes and tabs. Columns stay where they were; the title
/// of a box becomes a line that ends in ':'.
std::string plain_help(std::string_view text);
/// The names at the beginning of an option's line, and what stands behind them. False where it is
/// no option.
bool read_option_names(std::string_view text, ProgramOption& option, std::string& meta);
/// Fills kind, default, choices and range from the value's description and the help; shortens the
/// help.
void read_option_details(std::string_view meta, ProgramOption& option);
/// The configuration that Hydra's help ends with; nullopt where it is no Hydra program.
std::optional<ProgramHelp> read_hydra_help(std::string_view text);

}  // namespace hone::cli
