// One process that works on a study: the leader's and the worker's loop in one thread over one
// store, with the user's signals.
//
// Every session may lead: who comes second follows, works with its own number of runs, and leads on
// when the leader has gone. A session that only works (`hone worker`) folds the record for its
// display and never leads.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "hone/base/clock.h"
#include "hone/runner/executor.h"
#include "hone/store/store.h"
#include "hone/study/history.h"
#include "hone/tuner/followers.h"
#include "hone/tuner/session_signals.h"
#include "hone/tuner/tuner.h"
#include "hone/tuner/worker.h"

namespace hone {

/// What a display sees. Valid during the call only.
struct SessionView {
  const History& history;
  const Worker* worker = nullptr;  ///< none where one only watches
  bool leads = false;
  int parallel = 1;             ///< of this session
  bool interrupted = false;     ///< programs were asked to end
  std::int64_t now_us = 0;      ///< the store's clock
  std::int64_t started_us = 0;  ///< of the session
};

/// Where a session tells what happens. Called in the session's thread; must return quickly.
class SessionObserver {
 public:
  virtual ~SessionObserver() = default;
  /// Each change once, in commit order, just after it was folded. `past`: it happened before this
  /// session.
  virtual void changed(const Change& change, const SessionView& view, bool past) = 0;
  /// About every 100 ms, and after changes: time to redraw.
  virtual void tick(const SessionView& view) = 0;
  /// A sentence about the session itself ("joined as a worker", "interrupted: …").
  virtual void said(const std::string& sentence, const SessionView& view) = 0;
  /// The terminal has another size.
  virtual void resized() {}
  /// The terminal has gone: nothing more may be written to it.
  virtual void hung_up() {}
};

struct SessionOptions {
  StudyId study;
  Holder holder;
  std::string worker_uid;
  std::string version;
  std::string resources = "{}";  ///< JSON, for other people's displays
  int parallel = 1;
  bool may_lead = true;
  bool end_now = false;  ///< takes over what a dead session left behind, ends it, and returns
  std::uint64_t entropy = 0;
  std::function<std::optional<std::string>(const Config&)> rule_out;
  std::function<std::vector<Gpu>()> look_at_gpus;  ///< see WorkerOptions
  std::int64_t system_metrics_us = 5'000'000;
  std::optional<std::string> visible_gpus;
  /// Does one piece of what may wait (removing old checkpoints); whether there was one.
  std::function<bool(const History&)> tidy;
};

enum class SessionEnd {
  finished,     ///< the study is finished
  paused,       ///< somebody stopped the study
  interrupted,  ///< a signal, or `end_now`
};

/// One owner thread: the one that calls `run`.
class Session {
 public:
  Session(Store& store, Executor& executor, const Clock& clock, const LivenessProbe& probe,
          std::shared_ptr<const StudySpec> spec, JobBuilder& builder, SessionOptions options,
          SessionObserver& observer);
  ~Session();

  /// Works until the study is over or the user wants an end. Installs handlers for SIGINT, SIGTERM,
  /// SIGHUP and SIGWINCH while it runs. Throws Error when the store fails for good.
  SessionEnd run();

  const History& history() const;
  const Worker& worker() const { return *worker_; }

  static constexpr std::int64_t kIdle_us = 100'000;  ///< between looks at what other processes did

 private:
  bool decide();
  bool fold();
  void see(const Change& change);
  void announce();
  void handle_signals();
  void interrupt(StopHow how, const std::string& why);
  void stop_everything_if_over();
  SessionView view() const;
  int runs_that_live() const;

  Store& store_;
  Executor& executor_;
  const Clock& clock_;
  const LivenessProbe& probe_;
  std::shared_ptr<const StudySpec> spec_;
  SessionOptions options_;
  SessionObserver& observer_;
  std::unique_ptr<Worker> worker_;
  std::unique_ptr<Tuner> tuner_;      ///< empty where the session never leads
  std::unique_ptr<History> history_;  ///< then this is folded instead
  Followers followers_;
  Membership membership_;
  std::int64_t seen_seq_ = 0;
  std::int64_t past_seq_ = 0;  ///< changes up to it are older than this session
  std::int64_t started_us_ = 0;
  std::int64_t tick_at_us_ = 0;
  TunerRole last_role_ = TunerRole::leading;
  bool first_decision_ = true;
  int interrupts_ = 0;
  SessionSignals* signals_ = nullptr;  ///< while `run` is on
};

}  // namespace hone
