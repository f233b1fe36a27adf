// The list of commands. One command = one file `cmd_<name>.cc`, which defines its factory.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "hone/cli/command_line.h"

namespace hone::cli {

/// A command: declares its arguments, then runs. One object runs once.
class Command {
 public:
  virtual ~Command() = default;
  virtual void declare(CommandLine& line) = 0;
  /// The exit code. Throws Error.
  virtual int run() = 0;
  /// Whether errors are to be printed as JSON; known once the arguments are parsed.
  virtual bool wants_json() const { return false; }
};

struct CommandEntry {
  const char* name;
  const char* group;    ///< heading in `hone --help`
  const char* summary;  ///< one line
  std::unique_ptr<Command> (*make)();
};

std::span<const CommandEntry> commands();
const CommandEntry* find_command(std::string_view name);

/// `hone --help`.
std::string overview();

std::unique_ptr<Command> make_init();
std::unique_ptr<Command> make_run();
std::unique_ptr<Command> make_worker();
std::unique_ptr<Command> make_validate();
std::unique_ptr<Command> make_list();
std::unique_ptr<Command> make_status();
std::unique_ptr<Command> make_show();
std::unique_ptr<Command> make_best();
std::unique_ptr<Command> make_diff();
std::unique_ptr<Command> make_importance();
std::unique_ptr<Command> make_interactions();
std::unique_ptr<Command> make_compare();
std::unique_ptr<Command> make_report();
std::unique_ptr<Command> make_plot();
std::unique_ptr<Command> make_stop();
std::unique_ptr<Command> make_resume();
std::unique_ptr<Command> make_retry();
std::unique_ptr<Command> make_attach();
std::unique_ptr<Command> make_top();
std::unique_ptr<Command> make_enqueue();
std::unique_ptr<Command> make_replay();
std::unique_ptr<Command> make_reproduce();
std::unique_ptr<Command> make_log();
std::unique_ptr<Command> make_serve();
std::unique_ptr<Command> make_export();
std::unique_ptr<Command> make_import();
std::unique_ptr<Command> make_clean();
std::unique_ptr<Command> make_delete();
std::unique_ptr<Command> make_help();
std::unique_ptr<Command> make_completion();
std::unique_ptr<Command> make_version();

}  // namespace hone::cli
