// hone worker: runs trials of a study that another process leads, on this machine or another one
// with the same store.
#include "hone/base/error.h"
#include "hone/cli/commands.h"
#include "hone/cli/launch.h"
#include "hone/cli/study_loading.h"

namespace hone::cli {
namespace {

class WorkerCommand final : public Command {
 public:
  void declare(CommandLine& line) override {
    line.positional("STUDY", study_, "The study; may be left out where there is one only");
    line.option("-j,--parallel", parallel_, "Runs at a time on this machine");
    line.flag("--detach", detach_, "Goes into the background");
    common_.declare(line);
  }

  int run() override {
    if (parallel_ && *parallel_ < 1)
      throw Error(ErrorCode::invalid_input, "--parallel: at least 1");
    if (detach_) {
      if (const auto code = background_.fork_off()) return *code;
    }
    const Workplace place = Workplace::open(common_, OpenMode::existing);
    const StudyInfo study = place.study_or_only(study_, common_.project);
    if (study.state == StudyState::finished)
      return show_finished(place, study, common_, "hone run FILE");
    const auto spec = stored_spec(place.store(), study.id);
    check_has_command(*spec);
    Work work(place, spec, {parallel_, false, false});
    LaunchOptions options{common_,     parallel_, false, {}, "hone worker " + study_title(study),
                          &background_};
    if (!is_led(place, study)) {
      options.notes.push_back(
          "No process leads this study now: hone run or hone resume does. Waiting for trials.");
    }
    return launch(place, study, spec, work, options);
  }

 private:
  std::optional<std::string> study_;
  std::optional<int> parallel_;
  bool detach_ = false;
  CommonOptions common_;
  Background background_;
};

}  // namespace

std::unique_ptr<Command> make_worker() { return std::make_unique<WorkerCommand>(); }

}  // namespace hone::cli
