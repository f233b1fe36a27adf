// hone serve: the page and the HTTP API of a store, until Ctrl-C.
#include <signal.h>

#include <cstdio>

#include "hone/cli/commands.h"
#include "hone/cli/serving.h"

namespace hone::cli {
namespace {

class ServeCommand final : public Command {
 public:
  void declare(CommandLine& line) override {
    line.option("--host", host_, "ADDRESS",
                "Where to listen (default 127.0.0.1; elsewhere every request needs a token)");
    line.option("--port", port_, "PORT", "Default: 7070, or one of the next that is free");
    line.option("--token-file", token_file_, "FILE",
                "Tokens for reading and for changing; made where there is none (default: beside "
                "the store)");
    line.option("--name", names_, "NAME", "A name by which browsers call this machine");
    line.flag("--always-token", always_token_,
              "Every request needs a token, also of the user at this machine: behind a proxy");
    line.flag("--read-only", read_only_, "Nobody changes anything");
    common_.declare(line);
    line.examples(
        "  hone serve                                  http://127.0.0.1:7070\n"
        "  hone serve --host 0.0.0.0 --name lab-box    for others, who need a token\n");
  }

  int run() override {
    ServeOptions options;
    if (host_) options.host = *host_;
    if (port_) options.port = parse_port(*port_);
    if (token_file_) options.token_file = *token_file_;
    options.names = names_;
    options.read_only = read_only_;
    options.always_token = always_token_;
    // Before any thread is there: signals wait for this one.
    sigset_t ends;
    sigemptyset(&ends);
    for (const int number : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&ends, number);
    sigprocmask(SIG_BLOCK, &ends, nullptr);
    const Workplace place =
        Workplace::open(common_, read_only_ ? OpenMode::read_only : OpenMode::existing);
    const Serving serving(place, options);
    say_address(serving, common_, stdout);
    int number = 0;
    sigwait(&ends, &number);
    return kOk;
  }

 private:
  std::optional<std::string> host_;
  std::optional<std::string> port_;
  std::optional<std::string> token_file_;
  std::vector<std::string> names_;
  bool read_only_ = false;
  bool always_token_ = false;
  CommonOptions common_;
};

}  // namespace

std::unique_ptr<Command> make_serve() { return std::make_unique<ServeCommand>(); }

}  // namespace hone::cli
