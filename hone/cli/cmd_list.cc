// hone list: the studies of the store.
#include <fmt/core.h>

#include <algorithm>
#include <cstdio>

#include "hone/base/text.h"
#include "hone/cli/commands.h"
#include "hone/cli/lines.h"
#include "hone/cli/prose.h"
#include "hone/cli/terminal.h"
#include "hone/cli/workplace.h"

namespace hone::cli {
namespace {

class ListCommand final : public Command {
 public:
  void declare(CommandLine& line) override {
    line.flag("--names", names_, "Prints the names only");
    common_.declare(line);
  }

  int run() override {
    const Workplace place = Workplace::open(common_, OpenMode::existing);
    std::vector<StudyInfo> studies = place.store().list_studies();
    if (common_.project)
      std::erase_if(studies, [&](const StudyInfo& s) { return s.project != *common_.project; });
    TextTable table;
    table.header = {"study", "state", "trials", "best", "metric", "begun"};
    table.right = {false, false, true, true, false, true};
    for (const StudyInfo& study : studies) {
      if (names_) {
        std::printf("%s\n", study_title(study).c_str());
        continue;
      }
      const History history = load_history(place.store(), study.id);
      const bool several = history.spec().objective_count() > 1;
      const std::int64_t best = several ? -1 : history.best();
      const std::size_t front = several ? history.front().size() : 0;
      std::optional<double> value;
      if (best >= 0) value = history.trial(best).value();
      if (common_.json) {
        Value row = Value::Map{};
        row.set("study", study.name)
            .set("project", study.project)
            .set("state", state_text(place, study));
        row.set("trials", study.trials).set("metric", history.spec().objective().name);
        if (value) row.set("best", *value).set("best_trial", best);
        if (several) row.set("front", static_cast<std::int64_t>(front));
        row.set("created", static_cast<double>(study.created_us) / 1e6);
        std::printf("%s\n", row.dump().c_str());
        continue;
      }
      table.rows.push_back(
          {study_title(study), state_text(place, study), std::to_string(study.trials),
           value     ? metric_text(*value)
           : several ? fmt::format("front of {}", front)
                     : "",
           history.spec().objective().name + (several ? ", …" : ""),
           format_duration_us(place.clock().now_us() - study.created_us) + " ago"});
    }
    if (names_ || common_.json) return kOk;
    if (studies.empty()) {
      print_prose(stderr,
                  fmt::format("{} holds no study yet: hone run study.yaml\n", place.address()));
      return kOk;
    }
    std::fputs(table.text(is_terminal(stdout) ? terminal_width(stdout) : 0).c_str(), stdout);
    return kOk;
  }

 private:
  bool names_ = false;
  CommonOptions common_;
};

}  // namespace

std::unique_ptr<Command> make_list() { return std::make_unique<ListCommand>(); }

}  // namespace hone::cli
