// The program `hone`: finds the command, and is one of the three places that catch errors.
#include <fmt/core.h>

#include <clocale>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <exception>
#include <new>
#include <string>
#include <vector>

#include "hone/base/error.h"
#include "hone/base/text.h"
#include "hone/base/value.h"
#include "hone/cli/commands.h"
#include "hone/cli/prose.h"
#include "hone/cli/terminal.h"
#include "hone/cli/workplace.h"
#include "hone/mlflow/receiver.h"
#include "hone/runner/keeper_main.h"

namespace hone::cli {
namespace {

int exit_code(ErrorCode code) {
  switch (code) {
    case ErrorCode::invalid_input:
    case ErrorCode::not_found:
    case ErrorCode::exists:
      return kBadInput;
    case ErrorCode::interrupted:
      return kInterrupted;
    default:
      return kFailed;
  }
}

void print_error(const Error& error, bool json) {
  std::fflush(stdout);
  if (json) {
    Value what = Value::Map{};
    what.set("code", error_code_name(error.code())).set("message", error.what());
    if (!error.hint().empty()) what.set("hint", error.hint());
    Value row = Value::Map{};
    row.set("error", std::move(what));
    std::fprintf(stderr, "%s\n", row.dump().c_str());
    return;
  }
  constexpr std::string_view kHead = "hone: error:";
  std::string text = prose_for(stderr, fmt::format("{} {}\n", kHead, error.what()));
  text.replace(0, kHead.size(), toned(kHead, Tone::bad, wants_colour(stderr)));
  if (!error.hint().empty()) text += prose_for(stderr, fmt::format("  {}\n", error.hint()));
  std::fputs(text.c_str(), stderr);
}

Error unknown_command(const std::string& name) {
  if (name.starts_with('-'))
    return Error(ErrorCode::invalid_input, fmt::format("hone has no option {}", name),
                 "options stand behind the command, as in: hone list --json");
  std::vector<std::string> names;
  for (const CommandEntry& entry : commands()) names.emplace_back(entry.name);
  const auto near = nearest_name(name, names);
  if (near)
    return Error(ErrorCode::invalid_input, fmt::format("there is no command '{}'", name),
                 fmt::format("did you mean: hone {}", *near));
  const bool is_file = name.ends_with(".yaml") || name.ends_with(".yml");
  return Error(ErrorCode::invalid_input, fmt::format("there is no command '{}'", name),
               is_file ? fmt::format("did you mean: hone run {}", name) : "hone --help lists them");
}

int dispatch(const std::vector<std::string>& arguments, bool& json) {
  if (arguments.empty() || arguments[0] == "--help" || arguments[0] == "-h") {
    std::fputs(overview().c_str(), stdout);
    return kOk;
  }
  const CommandEntry* entry = find_command(arguments[0]);
  if (entry == nullptr) throw unknown_command(arguments[0]);
  for (const std::string& argument : arguments) {
    if (argument == "--") break;
    if (argument == "--json") json = true;
  }
  const std::unique_ptr<Command> command = entry->make();
  CommandLine line(entry->name, entry->summary);
  command->declare(line);
  if (!line.parse(std::span(arguments).subspan(1))) return kOk;
  return command->run();
}

}  // namespace
}  // namespace hone::cli

int main(int argc, char** argv) {
  using namespace hone;
  if (argc > 1 && argv[1] == kKeeperArgument) return keeper_main(argc, argv);
  if (argc > 1 && argv[1] == mlflow::kReceiverArgument) return mlflow::receiver_main(argc, argv);
  if (argc > 1 && std::strcmp(argv[1], "--version") == 0) {
    std::printf("hone %s\n", cli::version());
    return cli::kOk;
  }
  std::signal(SIGPIPE, SIG_IGN);
  bool json = false;
  int code = cli::kFailed;
  try {
    code = cli::dispatch(std::vector<std::string>(argv + 1, argv + argc), json);
  } catch (const Error& error) {
    cli::print_error(error, json);
    code = cli::exit_code(error.code());
  } catch (const std::bad_alloc&) {
    cli::print_error(Error(ErrorCode::unsupported, "out of memory"), json);
  } catch (const std::exception& error) {
    cli::print_error(Error(ErrorCode::io, error.what()), json);
  }
  // A result that could not be written is no success; a reader that has gone away is none of ours
  // to judge.
  if (std::fflush(stdout) != 0 && errno != EPIPE && code == cli::kOk) {
    std::fprintf(stderr, "hone: error: the output could not be written: %s\n",
                 std::strerror(errno));
    code = cli::kFailed;
  }
  return code;
}
