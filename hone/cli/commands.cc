#include "hone/cli/commands.h"

#include <fmt/core.h>

#include <array>

#include "hone/base/text.h"
#include "hone/cli/terminal.h"

namespace hone::cli {
namespace {

constexpr std::array kCommands = {
    CommandEntry{"run", "Search", "Search the hyperparameters of a study, or go on searching",
                 make_run},
    CommandEntry{"init", "Search", "Propose a study file from a program's --help", make_init},
    CommandEntry{"validate", "Search", "Check a study file; --dry-run also tries one trial",
                 make_validate},
    CommandEntry{"worker", "Search", "Run trials of a study that another hone leads", make_worker},
    CommandEntry{"list", "Look", "The studies of the store", make_list},
    CommandEntry{"status", "Look", "How a study stands", make_status},
    CommandEntry{"best", "Look", "The best trial and what it gained", make_best},
    CommandEntry{"show", "Look", "One trial, or all trials of a study", make_show},
    CommandEntry{"diff", "Look", "What differs between two trials", make_diff},
    CommandEntry{"attach", "Look", "Watch a study that runs", make_attach},
    CommandEntry{"top", "Look", "Studies, trials, curves and logs on the terminal, by keyboard",
                 make_top},
    CommandEntry{"serve", "Look", "The page and the HTTP API of a store", make_serve},
    CommandEntry{"export", "Look", "Trials, reports and points as tables or event files; snapshots",
                 make_export},
    CommandEntry{"import", "Look", "A study out of a snapshot", make_import},
    CommandEntry{"importance", "Explain", "How much each parameter matters", make_importance},
    CommandEntry{"interactions", "Explain", "Which parameters matter together", make_interactions},
    CommandEntry{"compare", "Explain", "Trials side by side, or studies", make_compare},
    CommandEntry{"plot", "Explain", "Pictures of a study, on the terminal or as files", make_plot},
    CommandEntry{"report", "Explain", "A study as one page, or as tables", make_report},
    CommandEntry{"stop", "Steer", "Stop a study, or some of its trials", make_stop},
    CommandEntry{"resume", "Steer", "Go on with a study, or with stopped trials", make_resume},
    CommandEntry{"retry", "Steer", "Run failed trials again", make_retry},
    CommandEntry{"enqueue", "Steer", "Add a configuration of your own", make_enqueue},
    CommandEntry{"replay", "Steer", "Train the way of a trial anew", make_replay},
    CommandEntry{"reproduce", "Steer", "Run a trial again, with the code that it had",
                 make_reproduce},
    CommandEntry{"log", "Steer", "Report metrics from within a trial", make_log},
    CommandEntry{"clean", "Keep", "Remove files of trials that are no longer needed", make_clean},
    CommandEntry{"delete", "Keep", "Remove a study with all its trials", make_delete},
    CommandEntry{"help", "Keep", "Explain a command or a topic", make_help},
    CommandEntry{"completion", "Keep", "A completion script for bash, zsh or fish",
                 make_completion},
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
      "  hone init -- python train.py      proposes a study file\n"
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
