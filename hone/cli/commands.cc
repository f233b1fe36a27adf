#include "hone/cli/commands.h"

#include <fmt/core.h>

#include <array>

#include "hone/base/text.h"
#include "hone/cli/terminal.h"

namespace hone::cli {
namespace {

constexpr std::array kCommands = {
    CommandEntry{"run", "Search", "Search the hyperparameters of a study, or go on searching", make_run},
    CommandEntry{"version", "Keep", "The version of hone", make_version},
};

}  // namespace

std::span<const CommandEntry> commands() { return kCommands; }

const CommandEntry* find_command(std::string_view name) {
  for (const CommandEntry& entry : kCommands) {
    if (entry.name == name) return &entry;
  }
  return nullptr;
}


std::string overview() {
  std::string out =
      "hone tunes the hyperparameters of any program: it runs it, reads the metrics it\n"
      "prints, stops bad trials early, and remembers everything.\n\n"
      "  hone run study.yaml\n"
      "  hone run --minimize val_loss -- python train.py --lr '~log(1e-5,1e-1)'\n\n"
      "Usage: hone COMMAND [OPTIONS]\n";
  const char* group = "";
  std::vector<std::pair<std::string, std::string>> rows;
  const auto flush = [&] {
    if (!rows.empty()) out += fmt::format("\n{}\n{}", group, two_columns(rows));
    rows.clear();
  };
  for (const CommandEntry& entry : kCommands) {
    if (std::string_view(entry.group) != group) {
      flush();
      group = entry.group;
    }
    rows.emplace_back(entry.name, entry.summary);
  }
  flush();
  out += "\nhone COMMAND --help explains a command; hone help lists the topics.\n";
  return out;
}

}  // namespace hone::cli
