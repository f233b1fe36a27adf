// `hone version`: which hone this is, and what it reads and writes.
#include <cstdio>

#include "hone/base/value.h"
#include "hone/cli/commands.h"
#include "hone/cli/workplace.h"

namespace hone::cli {

const char* version() { return HONE_VERSION; }

namespace {

class VersionCommand final : public Command {
 public:
  void declare(CommandLine& line) override { line.flag("--json", json_, "Prints JSON"); }
  int run() override {
    if (json_) {
      Value row = Value::Map{};
      row.set("version", version());
      std::printf("%s\n", row.dump().c_str());
    } else {
      std::printf("hone %s\n", version());
    }
    return kOk;
  }

 private:
  bool json_ = false;
};

}  // namespace

std::unique_ptr<Command> make_version() { return std::make_unique<VersionCommand>(); }

}  // namespace hone::cli
