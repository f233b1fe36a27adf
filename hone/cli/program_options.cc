// Lines of a help text to blocks, one block per option. A block is a line that begins with a dash
// and the deeper indented lines below it; text in the columns left of where the help begins belongs
// to the description of the value (typer wraps both).
#include "hone/cli/program_options.h"

#include <fmt/core.h>
#include <re2/re2.h>

#include <algorithm>
#include <set>

#include "hone/base/text.h"

namespace hone::cli {
namespace {

constexpr std::size_t kMostOptions = 2000;

std::size_t indent_of(std::string_view line) {
  const std::size_t at = line.find_first_not_of(' ');
  return at == std::string_view::npos ? line.size() : at;
}

/// Where an option begins in a line ("*" marks required ones in typer's boxes); npos: none does.
std::size_t option_start(std::string_view line) {
  std::size_t at = indent_of(line);
  if (at < line.size() && line[at] == '*') at = line.find_first_not_of(' ', at + 1);
  if (at == std::string_view::npos || at + 1 >= line.size() || line[at] != '-')
    return std::string_view::npos;
  std::size_t name = at + 1;
  if (line[name] == '-') ++name;
  if (name >= line.size()) return std::string_view::npos;
  const char c = line[name];
  const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  return letter || (c == '[' && name == at + 2) ? at : std::string_view::npos;
}

struct Cell {
  std::size_t column;
  std::string text;
};

/// Pieces of a line between two or more blanks.
std::vector<Cell> cells_of(std::string_view line) {
  std::vector<Cell> cells;
  std::size_t at = indent_of(line);
  while (at < line.size()) {
    std::size_t end = line.find("  ", at);
    if (end == std::string_view::npos) end = line.size();
    cells.push_back({at, std::string(trim(line.substr(at, end - at)))});
    at = line.find_first_not_of(' ', end);
    if (at == std::string_view::npos) break;
  }
  return cells;
}

/// Whether a piece in a column of its own describes a value rather than explaining it.
bool describes_value(const std::string& cell) {
  static const RE2 kType(R"((?i)(<[^<>]*>|\[[^\[\]]*\|[^\[\]]*\]|\{[^{}]*\})(\s*\[[^\[\]]*\])?|)"
                         R"(<[a-z ]+>\s*\[[^\[\]]*)");
  static const RE2 kWord(
      R"((TEXT|INTEGER|FLOAT|PATH|FILE|FILENAME|DIRECTORY|BOOLEAN|UUID|DATETIME|CHOICE|INT|STR)( RANGE)?(\s*\[[^\[\]]*\]?)?)");
  return RE2::FullMatch(cell, kType) || RE2::FullMatch(cell, kWord);
}

struct Block {
  std::size_t indent = 0;
  std::string head;
  std::vector<std::string> rest;
  std::size_t help_column = std::string::npos;  ///< npos: the help begins below
};

/// `-name (help) type: double default: 0.05`, over several lines.
std::optional<ProgramOption> read_gflag(const Block& block) {
  std::string text(trim(block.head));
  for (const std::string& line : block.rest) text += " " + std::string(trim(line));
  static const RE2 kFlag(
      R"(--?([\w.-]+) \((.*)\)\s+type: (\w+)\s+default: (.*?)(?:\s+currently: .*)?)");
  ProgramOption option;
  std::string type;
  std::string standard;
  if (!RE2::FullMatch(text, kFlag, &option.name, &option.help, &type, &standard))
    return std::nullopt;
  static const std::set<std::string> kOwn = {
      "flagfile",    "fromenv",     "tryfromenv", "undefok", "tab_completion_columns",
      "helpon",      "helppackage", "helpshort",  "helpxml", "tab_completion_word",
      "helpfull",    "helpmatch",   "version",    "log_dir", "alsologtostderr",
      "logtostderr", "vmodule",     "minloglevel"};
  if (kOwn.count(option.name) != 0) option.name = "help";
  option.dashes = "--";
  if (standard.size() >= 2 && standard.front() == '"')
    standard = standard.substr(1, standard.size() - 2);
  if (!standard.empty()) option.default_text = standard;
  read_option_details(type, option);
  return option;
}

/// absl's `--name: help`, and `--name: <a|b>: help`.
bool read_absl(const Block& block, ProgramOption& option, std::string& meta, std::string& help) {
  static const RE2 kAbsl(R"(--(\[no\])?([\w.-]+): (?:<([^<>]*\|[^<>]*)>: )?(.*))");
  std::string no;
  std::string choices;
  if (!RE2::FullMatch(std::string(trim(block.head)), kAbsl, &no, &option.name, &choices, &help))
    return false;
  option.dashes = "--";
  if (!no.empty()) meta = "bool";
  if (!choices.empty()) meta = "{" + choices + "}";
  if (meta.empty()) meta = "text";
  return true;
}

std::optional<ProgramOption> read_block(const Block& block) {
  if (auto flag = read_gflag(block)) return flag;
  ProgramOption option;
  std::string meta;
  std::string help;
  if (!read_absl(block, option, meta, help)) {
    const std::vector<Cell> cells = cells_of(block.head);
    std::string names;
    for (const Cell& cell : cells) {
      if (cell.column >= block.help_column)
        help += (help.empty() ? "" : " ") + cell.text;
      else if (cell.text != "*")
        names += (names.empty() ? "" : " ") + cell.text;
    }
    if (!read_option_names(names, option, meta)) return std::nullopt;
  }
  for (const std::string& line : block.rest) {
    static const RE2 kFire(R"((Type|Default): (.*))");
    std::string what;
    std::string value;
    if (RE2::FullMatch(std::string(trim(line)), kFire, &what, &value)) {
      if (what == "Type") meta = value;
      if (what == "Default") help += fmt::format(" (default: {})", value);
      continue;
    }
    for (const Cell& cell : cells_of(line)) {
      const bool left = block.help_column != std::string::npos && cell.column < block.help_column;
      std::string& into = left ? meta : help;
      into += (into.empty() ? "" : " ") + cell.text;
    }
  }
  option.help = help;
  read_option_details(meta, option);
  return option;
}

class HelpReader {
 public:
  explicit HelpReader(ProgramHelp& into) : into_(into) {}

  void line(std::string_view text) {
    const std::string_view bare = trim(text);
    if (bare.empty()) {
      flush();
      in_usage_ = false;
      return;
    }
    const std::size_t start = option_start(text);
    constexpr std::size_t kUsageIndent = 7;  // that of wrapped "usage: " lines
    if (in_usage_ && !(start != std::string_view::npos && start < kUsageIndent) &&
        !is_title(text)) {
      read_usage(bare);
      return;
    }
    static const RE2 kUsage(R"((?i)usage:.*)");
    if (RE2::FullMatch(std::string(bare), kUsage)) {
      flush();
      in_usage_ = true;
      read_usage(bare);
      return;
    }
    in_usage_ = false;
    if (start != std::string_view::npos && begins_block(start)) {
      flush();
      begin(text, start);
    } else if (block_ && indent_of(text) > block_->indent) {
      block_->rest.emplace_back(text);
    } else {
      flush();
      if (is_title(text)) {
        section_ = lower(bare);
        section_indent_.reset();
      } else {
        read_entry(text);
      }
    }
  }

  void finish() {
    flush();
    if (!section_positionals_) into_.positionals = usage_positionals_;
  }

 private:
  static std::string lower(std::string_view text) {
    std::string out;
    for (const char c : text) {
      if (c != ':') out += c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    }
    return out;
  }

  /// "Options:", or a line of capitals at the margin.
  static bool is_title(std::string_view text) {
    const std::string_view bare = trim(text);
    if (indent_of(text) > 2 || bare.empty() || bare.front() == '-') return false;
    if (bare.back() == ':') return true;
    return std::all_of(bare.begin(), bare.end(),
                       [](char c) { return (c >= 'A' && c <= 'Z') || c == ' '; });
  }

  bool begins_block(std::size_t start) const {
    constexpr std::size_t kStep = 6;  // "      --long" below "  -s, --short"
    return !block_ || (start <= block_->indent + kStep && start < block_->help_column);
  }

  void begin(std::string_view text, std::size_t start) {
    Block block;
    block.indent = start;
    block.head = text;
    const std::vector<Cell> cells = cells_of(text);
    for (const Cell& cell : cells) {
      const bool named = cell.text == "*" || option_start(cell.text) == 0;
      if (cell.column <= start || named || describes_value(cell.text)) continue;
      block.help_column = cell.column;
      break;
    }
    block_ = std::move(block);
  }

  void flush() {
    if (!block_) return;
    std::optional<ProgramOption> option = read_block(*block_);
    block_.reset();
    if (!option || option->name.empty() || into_.options.size() >= kMostOptions) return;
    static const std::set<std::string> kOwn = {"help",
                                               "h",
                                               "version",
                                               "helpfull",
                                               "helpshort",
                                               "install-completion",
                                               "show-completion",
                                               "print_config"};
    if (kOwn.count(option->name) != 0 || !names_.insert(option->name).second) return;
    into_.options.push_back(std::move(*option));
  }

  /// A line of a section that lists arguments or commands.
  void read_entry(std::string_view text) {
    const bool positional =
        section_ == "positional arguments" || section_ == "positionals" || section_ == "arguments";
    const bool command = section_ == "commands" || section_ == "subcommands";
    if (!positional && !command) return;
    std::size_t at = indent_of(text);
    bool required = true;
    if (text[at] == '*') at = text.find_first_not_of(' ', at + 1);
    if (at == std::string_view::npos) return;
    if (!section_indent_) section_indent_ = at;
    if (at != *section_indent_) return;
    std::string word(text.substr(at, text.find(' ', at) - at));
    if (text.find("[default") != std::string_view::npos) required = false;
    if (positional) section_positionals_ = true;
    if (word.starts_with('{') && word.ends_with('}')) {
      for (const std::string_view one : split(word.substr(1, word.size() - 2), ','))
        into_.commands.emplace_back(one);
    } else if (command) {
      into_.commands.push_back(word);
    } else if (required) {
      into_.positionals.push_back(word);
    }
  }

  /// What the usage line names behind "[options]".
  void read_usage(std::string_view text) {
    static const RE2 kOptions(R"((?i)\[-*options?(\.\.\.)?\]\s+(.*))");
    std::string dots;
    std::string rest;
    if (!RE2::PartialMatch(std::string(text), kOptions, &dots, &rest)) return;
    for (const std::string_view word : split(rest, ' ')) {
      if (word.empty() || word.front() == '[' || word.front() == '-' || word.front() == '(')
        continue;
      std::string name;
      for (const char c : word) {
        if (c != '<' && c != '>' && c != '{' && c != '}' && c != '.') name += c;
      }
      const bool known = std::find(usage_positionals_.begin(), usage_positionals_.end(), name) !=
                         usage_positionals_.end();
      if (!known && !name.empty() && name != "COMMAND") usage_positionals_.push_back(name);
    }
  }

  ProgramHelp& into_;
  std::optional<Block> block_;
  std::set<std::string> names_;
  bool in_usage_ = false;
  std::string section_;
  std::optional<std::size_t> section_indent_;
  bool section_positionals_ = false;
  std::vector<std::string> usage_positionals_;
};

}  // namespace

std::string plain_help(std::string_view text) {
  std::string out;
  std::size_t column = 0;
  bool ruled = false;  // the line has a horizontal rule
  std::size_t line_start = 0;
  const auto end_line = [&] {
    if (ruled) {
      const std::string title(trim(std::string_view(out).substr(line_start)));
      out.resize(line_start);
      if (!title.empty()) out += title + ":";
    }
    out += '\n';
    line_start = out.size();
    column = 0;
    ruled = false;
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c == 0x1B && i + 1 < text.size() && text[i + 1] == '[') {
      i += 2;
      while (i < text.size() && (text[i] < '@' || text[i] > '~')) ++i;
    } else if (c == '\b') {
      if (out.size() > line_start) out.pop_back();
    } else if (c == '\n') {
      end_line();
    } else if (c == '\t') {
      do {
        out += ' ';
      } while (++column % 8 != 0);
    } else if (c == 0xE2 && i + 2 < text.size() &&
               (text[i + 1] == '\x94' || text[i + 1] == '\x95')) {
      const bool vertical =
          text[i + 1] == '\x94' && (text[i + 2] == '\x82' || text[i + 2] == '\x83');
      ruled = ruled || !vertical;
      out += ' ';
      ++column;
      i += 2;
    } else if (c >= 0x20) {
      out += static_cast<char>(c);
      ++column;
    }
  }
  end_line();
  return out;
}

ProgramHelp read_program_help(std::string_view text) {
  const std::string plain = plain_help(text.substr(0, kHelpTextLimit_bytes));
  if (auto hydra = read_hydra_help(plain)) return *hydra;
  ProgramHelp help;
  HelpReader reader(help);
  for (const std::string_view line : split(plain, '\n')) reader.line(line);
  reader.finish();
  return help;
}

}  // namespace hone::cli
