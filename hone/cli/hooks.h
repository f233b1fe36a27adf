// Tells the outside world that a trial or a study has ended: runs a program or posts JSON, as the
// study file's `hooks` say. What goes wrong there is a warning and touches nothing of the study.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "hone/study/tracking_spec.h"
#include "hone/tuner/session.h"

namespace hone::cli {

/// What a hook is told.
struct HookEvent {
  std::string event;  ///< "finished" or "trial_finished"
  std::string study;  ///< "project/name"
  std::optional<std::int64_t> trial;
  Value result;  ///< JSON object, with the three above in it
};
/// Of a trial that has ended: {event, study, trial, state, values, config, reason, failure}.
HookEvent trial_event(const History& history, const std::string& study, std::int64_t trial);
/// Of a study: {event, study, state, reason, trials, best}.
HookEvent study_event(const History& history, const std::string& study);

/// The argument vector of a hook's program: `env` with HONE_EVENT, HONE_STUDY, HONE_TRIAL and
/// HONE_RESULT_JSON, in `folder`. ${envvar:NAME} is replaced; nullopt names a variable that is not
/// set in `problem`. Pure but for `variable`.
using Variable = std::function<std::optional<std::string>(const std::string&)>;
std::optional<std::vector<std::string>> hook_command(const Hook& hook, const HookEvent& event,
                                                     const std::string& folder,
                                                     const Variable& variable,
                                                     std::string& problem);
/// Posts JSON; what went wrong, in one sentence without the address's path, or nullopt.
std::optional<std::string> post_json(const std::string& url, const std::string& body,
                                     std::int64_t timeout_us);

/// A session's observer that hands on to another one and tells of ends. Only the process that leads
/// tells, and only of what happens while it does. Programs and posts run one after the other on a
/// thread of their own.
class HookObserver final : public SessionObserver {
 public:
  HookObserver(SessionObserver& next, TrackingSpec tracking, std::string study, std::string folder);
  ~HookObserver() override;
  /// Ends the telling: what is under way is waited for, and where `wait`, what waits behind it, for
  /// kWait_us at most. The rest is left, with a warning.
  void close(bool wait);

  void changed(const Change& change, const SessionView& view, bool past) override;
  void tick(const SessionView& view) override { next_.tick(view); }
  void said(const std::string& sentence, const SessionView& view) override {
    next_.said(sentence, view);
  }
  void resized() override { next_.resized(); }
  void hung_up() override { next_.hung_up(); }

  static constexpr std::int64_t kTimeout_us = 60'000'000;  ///< of one program or post
  static constexpr std::int64_t kWait_us = 120'000'000;
  static constexpr std::size_t kWaiting = 1000;  ///< more are dropped, with a warning

 private:
  struct Task {
    Hook hook;
    HookEvent event;
  };
  void tell(const Hook& hook, HookEvent event);
  void work();
  void run(const Task& task) const;

  SessionObserver& next_;
  TrackingSpec tracking_;
  std::string study_;
  std::string folder_;
  std::mutex mutex_;
  std::condition_variable news_;
  std::deque<Task> waiting_;
  bool over_ = false;
  bool dropped_ = false;
  std::thread thread_;  ///< once something is to be told
};

}  // namespace hone::cli
