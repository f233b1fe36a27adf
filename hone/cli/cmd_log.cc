// hone log: reports metrics from a shell script that hone runs, by one line in $HONE_METRICS.
#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "hone/base/error.h"
#include "hone/base/owned_file.h"
#include "hone/base/text.h"
#include "hone/cli/commands.h"
#include "hone/cli/workplace.h"

namespace hone::cli {
namespace {

class LogCommand final : public Command {
 public:
  void declare(CommandLine& line) override {
    line.positional("NAME=NUMBER", words_,
                    "Metrics, and where they were measured: val_loss=0.4 step=3");
    line.examples("  hone log val_loss=0.41 epoch=3     within a program that hone runs\n");
  }

  int run() override {
    Value record = Value::Map{};
    for (const std::string& word : words_) {
      const std::size_t equals = word.find('=');
      const auto number =
          equals == std::string::npos ? std::nullopt : parse_number(word.substr(equals + 1));
      if (equals == std::string::npos && word.find('/') != std::string::npos) {
        throw Error(ErrorCode::invalid_input, fmt::format("'{}' is no NAME=NUMBER", word),
                    fmt::format("what a trial wrote is shown by: hone show {} --log", word));
      }
      if (equals == 0 || !number) {
        throw Error(ErrorCode::invalid_input, fmt::format("'{}' is no NAME=NUMBER", word),
                    "hone log val_loss=0.41 step=3");
      }
      const std::string name = word.substr(0, equals);
      if (record.find(name) != nullptr)
        throw Error(ErrorCode::invalid_input, fmt::format("'{}' is given twice", name));
      record.set(name, *number);
    }
    if (words_.empty())
      throw Error(ErrorCode::invalid_input, "nothing to report", "hone log val_loss=0.41 step=3");
    const char* path = std::getenv("HONE_METRICS");
    if (path == nullptr || *path == '\0') {
      throw Error(ErrorCode::invalid_input, "this is no trial: HONE_METRICS is not set",
                  "hone log reports from within a program that hone run has started");
    }
    const std::string line = record.dump() + "\n";
    const OwnedFile file(open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600));
    if (!file.is_open() ||
        write(file.get(), line.data(), line.size()) != static_cast<ssize_t>(line.size())) {
      throw Error(ErrorCode::io, fmt::format("cannot write {}: {}", path, std::strerror(errno)));
    }
    return kOk;
  }

 private:
  std::vector<std::string> words_;
};

}  // namespace

std::unique_ptr<Command> make_log() { return std::make_unique<LogCommand>(); }

}  // namespace hone::cli
