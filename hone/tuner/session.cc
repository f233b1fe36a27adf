#include "hone/tuner/session.h"

#include <fmt/core.h>

#include "hone/base/error.h"
#include "hone/base/log.h"
#include "hone/base/text.h"

namespace hone {
namespace {

constexpr std::int64_t kChangesAtOnce = 2000;
/// How long a failing store is borne with after a second interrupt; after the first, the grace and
/// this.
constexpr std::int64_t kPatienceKilled_us = 5'000'000;

std::string plural(std::int64_t n, const char* one, const char* many) {
  return fmt::format("{} {}", n, n == 1 ? one : many);
}

}  // namespace

Session::Session(Store& store, Executor& executor, const Clock& clock, const LivenessProbe& probe,
                 std::shared_ptr<const StudySpec> spec, JobBuilder& builder, SessionOptions options,
                 SessionObserver& observer)
    : store_(store),
      executor_(executor),
      clock_(clock),
      probe_(probe),
      spec_(std::move(spec)),
      options_(std::move(options)),
      observer_(observer),
      membership_(options_.worker_uid, options_.holder) {
  WorkerOptions worker;
  worker.info = {options_.worker_uid, options_.holder, options_.version, options_.resources};
  worker.parallel = options_.parallel;
  worker.look_at_gpus = options_.look_at_gpus;
  worker.system_metrics_us = options_.system_metrics_us;
  worker.visible_gpus = options_.visible_gpus;
  worker_ =
      std::make_unique<Worker>(store_, executor_, clock_, options_.study, spec_, builder, worker);
  if (const auto info = store_.study(options_.study)) past_seq_ = info->last_seq;
  if (options_.may_lead) {
    TunerOptions tuner;
    tuner.holder = options_.holder;
    tuner.parallel = options_.parallel;
    tuner.entropy = options_.entropy;
    tuner.rule_out = options_.rule_out;
    tuner.other_request = [this](const Request& request) {
      return followers_.answer(request, clock_.now_us());
    };
    tuner.parallel_changed = [this](int parallel) {
      options_.parallel = parallel;
      worker_->set_parallel(parallel);
    };
    tuner.offer = [this] { return worker_->offer(); };
    tuner_ = std::make_unique<Tuner>(store_, clock_, options_.study, std::move(tuner));
    tuner_->on_change([this](const Change& change) { see(change); });
  } else {
    history_ = std::make_unique<History>(spec_);
  }
  started_us_ = clock_.now_us();
}

Session::~Session() = default;

const History& Session::history() const { return tuner_ ? tuner_->history() : *history_; }

SessionView Session::view() const {
  return {history(),         worker_.get(),   tuner_ && tuner_->role() == TunerRole::leading,
          options_.parallel, interrupts_ > 0, clock_.now_us(),
          started_us_};
}

SessionEnd Session::run() {
  SessionSignals signals(executor_);
  signals_ = &signals;
  if (options_.end_now) {
    if (tuner_) tuner_->drain();
    worker_->step(0);  // takes over
    worker_->interrupt(StopHow::ask);
    interrupts_ = 1;
  }
  for (;;) {
    handle_signals();
    bool changed = decide();
    stop_everything_if_over();
    const bool over = history().state() != StudyState::open;
    if ((over || interrupts_ > 0) && worker_->idle()) break;
    if (options_.tidy && options_.tidy(history())) changed = true;
    if (worker_->step(changed ? 0 : kIdle_us)) changed = true;
    const std::int64_t now = clock_.monotonic_us();
    if (changed || now >= tick_at_us_) {
      tick_at_us_ = now + kIdle_us;
      observer_.tick(view());
    }
  }
  decide();  // the last ends are settled, so that what was interrupted waits in the queue
  while (options_.tidy && interrupts_ == 0 && options_.tidy(history())) {
  }
  if (tuner_) tuner_->release();
  observer_.tick(view());
  signals_ = nullptr;
  if (history().state() == StudyState::finished) return SessionEnd::finished;
  if (interrupts_ > 0 && history().state() == StudyState::open) return SessionEnd::interrupted;
  return history().state() == StudyState::paused ? SessionEnd::paused : SessionEnd::interrupted;
}

/// The leader's part, or the fold of what the leader did. Returns whether anything changed.
bool Session::decide() {
  if (!tuner_) return fold();
  const bool changed = tuner_->step();
  if (tuner_->role() == TunerRole::leading) {
    tuner_->set_parallel(options_.parallel + followers_.parallel(probe_, clock_.now_us()));
  } else {
    announce();
  }
  if (first_decision_ || tuner_->role() != last_role_) {
    if (tuner_->role() == TunerRole::following && tuner_->leader()) {
      const Holder& leader = *tuner_->leader();
      observer_.said(
          fmt::format(
              "another hone (process {} on {}) leads this study: joined as a worker with {}",
              leader.pid, leader.host,
              plural(options_.parallel, "run at a time", "runs at a time")),
          view());
    } else if (!first_decision_ && tuner_->role() == TunerRole::leading) {
      observer_.said("the leader has gone: this process leads the study now", view());
    }
    last_role_ = tuner_->role();
    first_decision_ = false;
  }
  return changed;
}

bool Session::fold() {
  bool any = false;
  for (;;) {
    const std::vector<Change> changes =
        store_.changes_since(options_.study, history_->version(), kChangesAtOnce);
    for (const Change& change : changes) {
      history_->apply(change);
      if (std::holds_alternative<SpecChanged>(change.body)) {
        if (const auto body = Value::parse(store_.spec(options_.study).body)) {
          history_->set_spec(std::make_shared<const StudySpec>(StudySpec::from_value(*body)));
        }
      }
      see(change);
    }
    any = any || !changes.empty();
    if (static_cast<std::int64_t>(changes.size()) < kChangesAtOnce) break;
  }
  announce();
  return any;
}

void Session::see(const Change& change) {
  if (change.seq <= seen_seq_) return;  // a fold that starts again tells the same story
  seen_seq_ = change.seq;
  if (history().version() < change.seq) return;
  observer_.changed(change, view(), change.seq <= past_seq_);
}

/// Followers ask the leader to keep runs waiting for them.
void Session::announce() {
  std::string leader;
  if (tuner_) {
    if (!tuner_->leader()) return;
    leader = tuner_->leader()->text();
  } else if (const auto info = store_.study(options_.study); info && info->leader) {
    leader = info->leader->text();
  }
  membership_.announce(store_, options_.study, leader, options_.parallel, clock_.monotonic_us());
}

int Session::runs_that_live() const { return static_cast<int>(worker_->active().size()); }

void Session::handle_signals() {
  const SessionSignals::Counts counts = signals_->take();
  if (counts.resizes > 0) observer_.resized();
  if (counts.hang_ups > 0) {
    observer_.hung_up();
    if (runs_that_live() == 0 && interrupts_ == 0) interrupt(StopHow::ask, "");
  }
  for (int i = 0; i < counts.interrupts + counts.terminations; ++i) {
    interrupt(interrupts_ == 0 ? StopHow::ask : StopHow::kill, "");
  }
}

void Session::interrupt(StopHow how, const std::string& why) {
  ++interrupts_;
  if (tuner_) tuner_->drain();
  worker_->interrupt(how);
  // Who wants to leave does not wait ten minutes for room on a disk: what is not stored by then,
  // the keeper's record tells the next hone.
  const std::int64_t patience_us =
      how == StopHow::kill ? kPatienceKilled_us : spec_->limits.grace_us + kPatienceKilled_us;
  worker_->give_up_after(patience_us);
  if (tuner_) tuner_->give_up_after(patience_us);
  if (interrupts_ > 2) return;
  const int runs = runs_that_live();
  std::string sentence;
  if (runs == 0) {
    sentence = "Interrupted: nothing is running.";
  } else if (how == StopHow::ask) {
    sentence = fmt::format(
        "Interrupted: {} {} asked to end (up to {}) and will run again{}. Ctrl-C again ends {} at "
        "once.",
        plural(runs, "program", "programs"), runs == 1 ? "was" : "were",
        format_duration_us(spec_->limits.grace_us),
        spec_->checkpoint ? " from the newest checkpoint" : " from the start",
        runs == 1 ? "it" : "them");
  } else {
    sentence = fmt::format("Ending {} at once; {} will run again.",
                           plural(runs, "program", "programs"), runs == 1 ? "it" : "they");
  }
  observer_.said(why.empty() ? sentence : why + " " + sentence, view());
}

/// A study that was paused by somebody ends its running programs as an interruption does; they wait
/// for `hone resume`.
void Session::stop_everything_if_over() {
  if (history().state() == StudyState::open || interrupts_ > 0 || worker_->idle()) return;
  if (history().state() == StudyState::paused) {
    interrupt(StopHow::ask, fmt::format("The study was stopped ({}).", history().state_reason()));
  } else {
    worker_->drain();
  }
}

}  // namespace hone
