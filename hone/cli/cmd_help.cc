// hone help: topics and commands; hone completion: scripts for shells. Both are made from the
// tables.
#include <fmt/core.h>

#include <cstdio>
#include <filesystem>
#include <fstream>

#include "hone/base/error.h"
#include "hone/base/text.h"
#include "hone/cli/commands.h"
#include "hone/cli/help_topics.h"
#include "hone/cli/terminal.h"
#include "hone/cli/workplace.h"

namespace hone::cli {
namespace fs = std::filesystem;
namespace {

class HelpCommand final : public Command {
 public:
  void declare(CommandLine& line) override {
    line.positional("TOPIC", words_, "A command, a topic, a sampler or a scheduler");
    line.option("--markdown", markdown_, "FOLDER", "Writes the reference pages");
  }

  int run() override {
    if (markdown_) return write_pages(*markdown_);
    if (words_.empty()) {
      std::vector<std::pair<std::string, std::string>> rows;
      for (const HelpTopic& topic : help_topics()) rows.emplace_back(topic.name, topic.summary);
      std::printf("%s\nTopics (hone help TOPIC)\n%s", overview().c_str(),
                  two_columns(rows).c_str());
      return kOk;
    }
    const std::string& topic = words_[0];
    const std::string part = words_.size() > 1 ? words_[1] : "";
    if (const auto text = help_text(topic, part)) {
      std::fputs(text->c_str(), stdout);
      return kOk;
    }
    if (const CommandEntry* entry = find_command(topic)) {
      const auto command = entry->make();
      CommandLine line(entry->name, entry->summary);
      command->declare(line);
      std::fputs(line.help().c_str(), stdout);
      return kOk;
    }
    const auto near = nearest_name(topic, help_names());
    throw Error(ErrorCode::not_found,
                fmt::format("there is no help on '{}'", part.empty() ? topic : topic + " " + part),
                near && *near != topic ? fmt::format("did you mean: hone help {}", *near)
                                       : "hone help lists the topics");
  }

 private:
  static int write_pages(const std::string& folder) {
    std::error_code error;
    fs::create_directories(folder, error);
    for (const ReferencePage& page : reference_pages()) {
      const fs::path path = fs::path(folder) / page.file;
      std::ofstream file(path, std::ios::binary | std::ios::trunc);
      file << page.content;
      file.close();
      if (!file) throw Error(ErrorCode::io, fmt::format("cannot write {}", path.string()));
    }
    return kOk;
  }

  std::vector<std::string> words_;
  std::optional<std::string> markdown_;
};

/// The long options of a command, separated by blanks.
std::string options_of(const CommandEntry& entry) {
  const auto command = entry.make();
  CommandLine line(entry.name, entry.summary);
  command->declare(line);
  std::string out = "--help";
  for (const ArgumentRow& row : line.rows()) {
    if (row.positional) continue;
    for (const std::string_view name : split(row.names, ',')) {
      if (name.starts_with("--")) out += " " + std::string(name);
    }
  }
  return out;
}

bool takes_study(std::string_view command) {
  constexpr std::string_view kCommands[] = {
      "worker", "status",  "best",       "show",         "diff",    "attach", "top",
      "export", "stop",    "resume",     "retry",        "enqueue", "clean",  "delete",
      "replay", "compare", "importance", "interactions", "plot",    "report"};
  for (const std::string_view one : kCommands) {
    if (one == command) return true;
  }
  return false;
}

std::string all_names() {
  std::string out;
  for (const CommandEntry& entry : commands())
    out += (out.empty() ? "" : " ") + std::string(entry.name);
  return out;
}

std::string bash_script() {
  std::string out =
      "# bash completion of hone. Load it: source <(hone completion bash)\n"
      "_hone() {\n"
      "  local word=${COMP_WORDS[COMP_CWORD]} words=\n"
      "  if [ \"$COMP_CWORD\" = 1 ]; then\n"
      "    COMPREPLY=($(compgen -W \"" +
      all_names() +
      " --help --version\" -- \"$word\"))\n"
      "    return\n"
      "  fi\n"
      "  case ${COMP_WORDS[1]} in\n";
  for (const CommandEntry& entry : commands()) {
    out += fmt::format("    {}) words='{}'", entry.name, options_of(entry));
    if (takes_study(entry.name))
      out += "; [[ $word == -* ]] || words=$(hone list --names 2>/dev/null)";
    if (std::string_view(entry.name) == "help")
      out += fmt::format("; words='{}'", join(help_names(), " "));
    if (std::string_view(entry.name) == "completion") out += "; words='bash zsh fish'";
    out += " ;;\n";
  }
  out +=
      "  esac\n"
      "  COMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n"
      "}\n"
      "complete -o default -F _hone hone\n";
  return out;
}

std::string zsh_script() {
  std::string out =
      "#compdef hone\n"
      "# zsh completion of hone. Load it: source <(hone completion zsh)\n"
      "_hone() {\n"
      "  local -a names\n"
      "  if (( CURRENT == 2 )); then\n"
      "    names=(\n";
  for (const CommandEntry& entry : commands()) {
    std::string summary(entry.summary);
    for (char& c : summary) {
      if (c == ':' || c == '\'') c = ' ';
    }
    out += fmt::format("      '{}:{}'\n", entry.name, summary);
  }
  out +=
      "    )\n"
      "    _describe command names\n"
      "    return\n"
      "  fi\n"
      "  case $words[2] in\n";
  for (const CommandEntry& entry : commands()) {
    out += fmt::format("    {}) names=({})", entry.name, options_of(entry));
    if (takes_study(entry.name))
      out += "; [[ $PREFIX == -* ]] || names=(${(f)\"$(hone list --names 2>/dev/null)\"})";
    if (std::string_view(entry.name) == "help")
      out += fmt::format("; names=({})", join(help_names(), " "));
    if (std::string_view(entry.name) == "completion") out += "; names=(bash zsh fish)";
    out += " ;;\n";
  }
  out +=
      "  esac\n"
      "  compadd -a names\n"
      "  _files\n"
      "}\n"
      "if [[ $zsh_eval_context[-1] == loadautofunc ]]; then _hone \"$@\"; else compdef _hone hone; "
      "fi\n";
  return out;
}

std::string fish_script() {
  std::string out = "# fish completion of hone. Load it: hone completion fish | source\n";
  for (const CommandEntry& entry : commands()) {
    std::string summary(entry.summary);
    for (char& c : summary) {
      if (c == '\'') c = ' ';
    }
    out += fmt::format("complete -c hone -n __fish_use_subcommand -f -a {} -d '{}'\n", entry.name,
                       summary);
    const std::string here = fmt::format("'__fish_seen_subcommand_from {}'", entry.name);
    const std::string options = options_of(entry);
    for (const std::string_view option : split(options, ' ')) {
      out += fmt::format("complete -c hone -n {} -l {}\n", here, option.substr(2));
    }
    if (takes_study(entry.name))
      out += fmt::format("complete -c hone -n {} -f -a '(hone list --names 2>/dev/null)'\n", here);
  }
  out += fmt::format("complete -c hone -n '__fish_seen_subcommand_from help' -f -a '{}'\n",
                     join(help_names(), " "));
  out += "complete -c hone -n '__fish_seen_subcommand_from completion' -f -a 'bash zsh fish'\n";
  return out;
}

class CompletionCommand final : public Command {
 public:
  void declare(CommandLine& line) override {
    line.positional("SHELL", shell_, "bash, zsh or fish");
    line.examples(
        "  source <(hone completion bash)\n  source <(hone completion zsh)\n  hone completion fish "
        "| source\n");
  }

  int run() override {
    if (shell_ == "bash") {
      std::fputs(bash_script().c_str(), stdout);
    } else if (shell_ == "zsh") {
      std::fputs(zsh_script().c_str(), stdout);
    } else if (shell_ == "fish") {
      std::fputs(fish_script().c_str(), stdout);
    } else {
      throw Error(ErrorCode::invalid_input,
                  shell_ ? fmt::format("no completion for '{}'", *shell_) : "for which shell?",
                  "bash, zsh or fish");
    }
    return kOk;
  }

 private:
  std::optional<std::string> shell_;
};

}  // namespace

std::unique_ptr<Command> make_help() { return std::make_unique<HelpCommand>(); }
std::unique_ptr<Command> make_completion() { return std::make_unique<CompletionCommand>(); }

}  // namespace hone::cli
