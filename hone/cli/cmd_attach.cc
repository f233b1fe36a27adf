// hone attach: watches a study that another process runs. Ctrl-C ends the watching only.
#include <fmt/core.h>

#include <array>
#include <atomic>
#include <csignal>
#include <cstdio>

#include "hone/base/text.h"
#include "hone/cli/commands.h"
#include "hone/cli/display.h"
#include "hone/cli/outcome.h"
#include "hone/cli/prose.h"
#include "hone/cli/terminal.h"

namespace hone::cli {
namespace {

constexpr std::int64_t kLook_us = 100'000;
constexpr std::int64_t kChangesAtOnce = 2000;

constinit std::atomic<bool> g_end_wanted{false};
void want_end(int) { g_end_wanted.store(true); }

/// While it lives, Ctrl-C and a terminal that hangs up end the watching, in good order.
class WatchSignals {
 public:
  WatchSignals() {
    for (std::size_t i = 0; i < kSignals.size(); ++i) {
      struct sigaction action {};
      action.sa_handler = want_end;
      sigemptyset(&action.sa_mask);
      action.sa_flags = SA_RESTART;
      sigaction(kSignals[i], &action, &before_[i]);
    }
  }
  ~WatchSignals() {
    for (std::size_t i = 0; i < kSignals.size(); ++i) sigaction(kSignals[i], &before_[i], nullptr);
  }
  WatchSignals(const WatchSignals&) = delete;
  WatchSignals& operator=(const WatchSignals&) = delete;
  bool wants_end() const { return g_end_wanted.load(); }

 private:
  static constexpr std::array<int, 3> kSignals = {SIGINT, SIGTERM, SIGHUP};
  std::array<struct sigaction, kSignals.size()> before_{};
};

class AttachCommand final : public Command {
 public:
  void declare(CommandLine& line) override {
    line.positional("STUDY", study_, "The study; may be left out where there is one only");
    common_.declare(line);
  }

  int run() override {
    const Workplace place = Workplace::open(common_, OpenMode::existing);
    const StudyInfo study = place.study_or_only(study_, common_.project);
    LineOptions lines;
    lines.json = common_.json;
    lines.quiet = common_.quiet;
    lines.verbose = common_.verbose;
    lines.colour = wants_colour(stdout);
    DisplayOptions shown{lines, study_title(study), true, &place.clock(), {}};
    shown.where = [&place](RunId run) { return devices_of(place.store(), run); };
    std::unique_ptr<SessionObserver> display = make_display(shown);
    const WatchSignals signals;
    History history(stored_spec(place.store(), study.id));
    const std::int64_t began = place.clock().now_us();
    bool said_alone = false;
    for (;;) {
      SessionView view{history, nullptr, false, 0, false, place.clock().now_us(), began};
      const auto changes = place.store().changes_since(study.id, history.version(), kChangesAtOnce);
      for (const Change& change : changes) {
        history.apply(change);
        if (std::holds_alternative<SpecChanged>(change.body))
          history.set_spec(stored_spec(place.store(), study.id));
        display->changed(change, view, change.seq <= study.last_seq);
      }
      display->tick(view);
      if (!changes.empty() && history.version() < study.last_seq) continue;
      if (changes.empty() && history.state() != StudyState::open) break;
      if (changes.empty() && !is_led(place, study)) {
        if (!said_alone)
          display->said(
              fmt::format("no process leads the study now: hone resume {}", study_title(study)),
              view);
        said_alone = true;
        if (history.open_runs() <= history.waiting_runs()) return kInterrupted;
      }
      if (signals.wants_end()) {
        display.reset();
        if (!common_.json && !common_.quiet)
          print_prose(stdout,
                      fmt::format("The study goes on unwatched. Watch it again: hone attach {}\n",
                                  study_title(study)));
        return kInterrupted;
      }
      place.store().wait_for_change(study.id, history.version(), kLook_us);
    }
    display.reset();
    const Outcome outcome = find_outcome(history);
    if (common_.json) {
      std::printf("%s\n", outcome_json(history, outcome, study_title(study)).dump().c_str());
    } else {
      std::fputs(outcome_text(history, outcome, study_title(study), {}, lines.colour).c_str(),
                 stdout);
    }
    if (history.state() == StudyState::paused) return kInterrupted;
    return outcome.best >= 0 ? kOk : kNoUsableTrial;
  }

 private:
  std::optional<std::string> study_;
  CommonOptions common_;
};

}  // namespace

std::unique_ptr<Command> make_attach() { return std::make_unique<AttachCommand>(); }

}  // namespace hone::cli
