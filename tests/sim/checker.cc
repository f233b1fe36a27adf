#include "tests/sim/checker.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

namespace hone::sim {

void Checker::fail(const std::string& what) const {
  throw Violation(fmt::format("after commit {}: {}", seq_, what));
}

void Checker::read(Store& store, StudyId study) {
  for (;;) {
    const auto changes = store.changes_since(study, seq_, 500);
    if (changes.empty()) return;
    for (const Change& change : changes) {
      if (change.seq != seq_ + 1) fail(fmt::format("commit {} follows {}", change.seq, seq_));
      seq_ = change.seq;
      apply(change);
    }
  }
}

void Checker::apply(const Change& change) {
  if (const auto* e = std::get_if<TrialAdded>(&change.body)) added(*e);
  if (const auto* e = std::get_if<RunQueued>(&change.body)) queued(*e);
  if (const auto* e = std::get_if<RunClaimed>(&change.body)) claimed(*e);
  if (const auto* e = std::get_if<Reported>(&change.body)) reported(*e, change.seq);
  if (const auto* e = std::get_if<Judged>(&change.body)) judged(*e, change.seq);
  if (const auto* e = std::get_if<RunEnded>(&change.body)) ended(*e);
  if (const auto* e = std::get_if<TrialMoved>(&change.body)) moved(*e);
  if (const auto* e = std::get_if<Noted>(&change.body)) {
    if (const auto warning = warning_of(*e)) warned(*warning, change.seq);
  }
  if (const auto* e = std::get_if<Noted>(&change.body)) noted(*e);
  if (const auto* e = std::get_if<StudyMoved>(&change.body)) {
    study_state_ = e->state;
    if (e->state == StudyState::finished && !confirming_) check_memory();
    if (e->state == StudyState::open) confirming_ = false;
    if (e->state == StudyState::finished) check_end();
  }
}

void Checker::added(const TrialAdded& e) {
  if (e.proposal->number != trials())
    fail(fmt::format("trial {} is added after {} trials", e.proposal->number, trials()));
  TrialModel trial;
  trial.origin = e.proposal->origin;
  if (trial.origin == TrialOrigin::fork) {
    const auto& parent = e.proposal->parent;
    if (!parent || *parent < 0 || *parent >= trials())
      fail(fmt::format("trial {} is a fork of nothing", e.proposal->number));
    ++forks_;
  }
  trial.batch = e.proposal->config.get("batch")->as_number();
  trials_.push_back(trial);
  if (!scenario_.spec->space.is_feasible(e.proposal->config))
    fail(fmt::format("trial {} is not feasible", e.proposal->number));
  if (e.proposal->origin == TrialOrigin::retry_with_change) followed(e);
  if (e.proposal->origin != TrialOrigin::fork && e.proposal->origin != TrialOrigin::imported &&
      e.proposal->origin != TrialOrigin::retry_with_change)
    ++counted_;
  const std::int64_t budget = *scenario_.spec->budget.trials + extra_budget_;
  if (counted_ > budget)
    fail(fmt::format("{} trials were started with a budget of {}", counted_, budget));
}

/// A trial that ran out of memory is followed once, by one that needs less.
void Checker::followed(const TrialAdded& e) {
  const auto& parent = e.proposal->parent;
  if (!parent || *parent < 0 || *parent >= e.proposal->number)
    fail(fmt::format("trial {} follows nothing", e.proposal->number));
  const TrialModel& failed = trials_.at(static_cast<std::size_t>(*parent));
  if (failed.state != TrialState::failed || failed.fail_kind != FailKind::gpu_out_of_memory)
    fail(fmt::format("trial {} did not run out of memory", *parent));
  if (!(trials_.back().batch < failed.batch))
    fail(fmt::format("trial {} needs no less than trial {}", e.proposal->number, *parent));
  decided_about_memory(*parent);
}

void Checker::decided_about_memory(std::int64_t trial) {
  if (!memory_decided_.insert(trial).second)
    fail(fmt::format("what follows trial {} is decided twice", trial));
  out_of_memory_.erase(trial);
}

void Checker::noted(const Noted& e) {
  if (e.kind == "not_retried") decided_about_memory(e.body.int_or("trial", -1));
  if (e.kind == "confirm") {
    check_memory();
    confirming_ = true;
  }
}

void Checker::check_memory() const {
  if (!out_of_memory_.empty())
    fail(fmt::format("the search ends and nothing follows trial {}", *out_of_memory_.begin()));
}

void Checker::queued(const RunQueued& e) {
  for (const auto& [id, other] : runs_) {
    const bool same = other.plan.trial == e.plan.trial &&
                      other.plan.replicate == e.plan.replicate &&
                      other.plan.purpose == e.plan.purpose;
    if (same && other.state != RunState::ended) {
      fail(fmt::format("run {} is queued while run {} of trial {} is open", e.run.value, id.value,
                       e.plan.trial));
    }
  }
  RunModel run;
  run.plan = e.plan;
  runs_[e.run] = run;
  TrialModel& trial = trials_.at(static_cast<std::size_t>(e.plan.trial));
  if (e.plan.purpose != RunPurpose::search) {
    if (++trial.open_confirm_runs == 1) trial.verdict = Verdict::go_on;
    return;
  }
  out_of_memory_.erase(e.plan.trial);
  ++trial.open_search_runs;
  if (trial.open_search_runs > 1 || trial.state == TrialState::queued) return;
  if (!may_change(trial.state, TrialState::queued)) {
    fail(fmt::format("trial {} is queued although it is {}", e.plan.trial,
                     trial_state_name(trial.state)));
  }
  trial.state = TrialState::queued;
  trial.verdict = Verdict::go_on;
}

void Checker::claimed(const RunClaimed& e) {
  RunModel& run = runs_.at(e.run);
  if (run.state == RunState::ended)
    fail(fmt::format("run {} is claimed after its end", e.run.value));
  if (e.token <= run.token) fail(fmt::format("token of run {} does not rise", e.run.value));
  run.token = e.token;
  run.state = RunState::claimed;
  TrialModel& trial = trials_.at(static_cast<std::size_t>(run.plan.trial));
  if (run.plan.purpose == RunPurpose::search && trial.state == TrialState::queued)
    trial.state = TrialState::running;
}

void Checker::reported(const Reported& e, std::int64_t seq) {
  const auto it = runs_.find(e.report.run);
  if (it == runs_.end()) fail("a report of an unknown run");
  RunModel& run = it->second;
  if (run.state != RunState::claimed) {
    fail(fmt::format("a report of run {} is stored although no worker holds it",
                     e.report.run.value));
  }
  if (e.report.ordinal < run.next_ordinal)
    fail(fmt::format("report {} of run {} is stored twice", e.report.ordinal, e.report.run.value));
  run.next_ordinal = e.report.ordinal + 1;
  run.reports.emplace_back(seq, e.report.value);
  report_at_[seq] = {e.report.run, e.report.fidelity};
  const auto truth = truth_.find(e.report.run);
  if (truth == truth_.end())
    fail(fmt::format("run {} reports but was never started", e.report.run.value));
  const auto& values = truth->second.values;
  if (run.stored >= values.size())
    fail(fmt::format("run {} has more reports than its program printed", e.report.run.value));
  const PrintedValue& expected = values[run.stored];
  if (expected.fidelity != e.report.fidelity || expected.value != e.report.value) {
    fail(fmt::format("report {} of run {} is {} at {}, the program printed {} at {}", run.stored,
                     e.report.run.value, e.report.value, e.report.fidelity, expected.value,
                     expected.fidelity));
  }
  ++run.stored;
  if (closed_after_.contains(e.report.run)) late_.insert(seq);
}

void Checker::judged(const Judged& e, std::int64_t seq) {
  TrialModel& trial = trials_.at(static_cast<std::size_t>(e.trial));
  // Runs that confirm an ended trial can be stopped by a user, and by nobody else.
  const bool stops_confirmation = e.cause_seq == 0 && trial.open_confirm_runs > 0;
  if (is_ended(trial.state) && !stops_confirmation)
    fail(fmt::format("trial {} is judged although it is {}", e.trial,
                     trial_state_name(trial.state)));
  const bool stronger = trial.verdict == Verdict::pause && e.verdict == Verdict::stop;
  if (trial.verdict != Verdict::go_on && !stronger)
    fail(fmt::format("trial {} is judged twice", e.trial));
  if (e.cause_seq >= seq) fail("a verdict names a later report");
  if (e.cause_seq > 0) {
    if (!causes_.insert(e.cause_seq).second)
      fail(fmt::format("report {} causes two verdicts", e.cause_seq));
    const auto report = report_at_.find(e.cause_seq);
    if (report == report_at_.end())
      fail(fmt::format("a verdict names commit {}, which is no report", e.cause_seq));
    if (runs_.at(report->second.first).plan.trial != e.trial)
      fail("a verdict names another trial's report");
    if (trial.origin == TrialOrigin::default_config && e.fail_kind == FailKind::none)
      fail("the default configuration is stopped early");
    check_rank_rule(e);
  }
  trial.verdict = e.verdict;
  if (e.cause_seq == 0) return;
  for (const auto& [id, run] : runs_) {
    if (run.plan.trial != e.trial) continue;
    closed_after_[id] = e.cause_seq;
    for (const auto& [at, value] : run.reports) {
      if (at > e.cause_seq) late_.insert(at);
    }
  }
}

void Checker::warned(const WarningNote& e, std::int64_t seq) {
  if (!warnings_.emplace(e.trial, e.detector).second)
    fail(fmt::format("detector {} warns of trial {} twice", e.detector, e.trial));
  const auto report = report_at_.find(e.cause_seq);
  if (e.cause_seq >= seq || report == report_at_.end() || late_.contains(e.cause_seq))
    fail(fmt::format("a warning names commit {}, which is no report to be judged", e.cause_seq));
  if (runs_.at(report->second.first).plan.trial != e.trial)
    fail("a warning names another trial's report");
}

/// ASHA's stopping rule from the record: at each rung that the cause's report was the first to
/// reach, the trial's value must rank outside of the best ⌊n/η⌋ (at least one) of what had been
/// recorded there.
void Checker::check_rank_rule(const Judged& e) const {
  const StudySpec& spec = *scenario_.spec;
  if (e.rule != "asha" || spec.scheduler.options.string_or("mode", "") != "stop") return;
  const double eta = 3;
  bool justified = false;
  for (double level = 1; level < *spec.fidelity->max; level *= eta) {
    std::map<std::int64_t, std::pair<std::int64_t, double>>
        first;  // trial → first report at or after the level
    for (const auto& [seq, at] : report_at_) {
      if (seq > e.cause_seq) break;
      const RunModel& run = runs_.at(at.first);
      if (run.plan.purpose != RunPurpose::search || at.second < level) continue;
      if (late_.contains(seq)) continue;
      const auto value = std::find_if(run.reports.begin(), run.reports.end(),
                                      [&](const auto& r) { return r.first == seq; });
      first.try_emplace(run.plan.trial, seq, value->second);
    }
    const auto own = first.find(e.trial);
    if (own == first.end() || own->second.first != e.cause_seq) continue;
    const auto n = static_cast<std::int64_t>(first.size());
    std::int64_t better = 0;
    for (const auto& [trial, entry] : first) {
      if (is_better(spec.objective().goal, entry.second, own->second.second)) ++better;
    }
    const std::int64_t keeps = std::max<std::int64_t>(
        1, static_cast<std::int64_t>(std::floor(static_cast<double>(n) / eta)));
    if (better >= keeps) justified = true;
  }
  if (!justified)
    fail(fmt::format("trial {} is stopped although no rung says so: {}", e.trial, e.reason));
}

void Checker::ended(const RunEnded& e) {
  RunModel& run = runs_.at(e.run);
  if (run.state == RunState::ended) fail(fmt::format("run {} ends twice", e.run.value));
  run.state = RunState::ended;
  run.end = e.end;
  TrialModel& trial = trials_.at(static_cast<std::size_t>(run.plan.trial));
  --(run.plan.purpose == RunPurpose::search ? trial.open_search_runs : trial.open_confirm_runs);
  const auto truth = truth_.find(e.run);
  if (e.end.outcome != RunOutcome::finished && e.end.outcome != RunOutcome::failed) return;
  if (e.end.fail_kind == FailKind::silence) {
    return;  // ended by us
  }
  if (truth == truth_.end()) fail(fmt::format("run {} ended but was never started", e.run.value));
  if (e.end.outcome == RunOutcome::finished && !truth->second.ended_by_itself()) {
    fail(fmt::format("run {} is recorded as finished, its program did not end by itself",
                     e.run.value));
  }
  const std::size_t written = truth->second.written();
  std::size_t printed = 0;
  for (const PrintedValue& value : truth->second.values) {
    if (value.end_offset <= written) ++printed;
  }
  if (run.stored != printed) {
    fail(fmt::format("run {} ended with {} reports stored, its program printed {}", e.run.value,
                     run.stored, printed));
  }
}

void Checker::moved(const TrialMoved& e) {
  TrialModel& trial = trials_.at(static_cast<std::size_t>(e.trial));
  if (!may_change(trial.state, e.state)) {
    fail(fmt::format("trial {} goes from {} to {}", e.trial, trial_state_name(trial.state),
                     trial_state_name(e.state)));
  }
  if (trial.open_search_runs > 0)
    fail(fmt::format("trial {} becomes {} with open runs", e.trial, trial_state_name(e.state)));
  if (e.state == TrialState::complete && e.results.empty())
    fail(fmt::format("trial {} is complete without a value", e.trial));
  trial.state = e.state;
  trial.fail_kind = e.fail_kind;
  const bool followed = scenario_.spec->on_gpu_oom && e.fail_kind == FailKind::gpu_out_of_memory;
  if (followed && !memory_decided_.contains(e.trial)) out_of_memory_.insert(e.trial);
}

bool Checker::is_open(RunId run) const {
  const auto it = runs_.find(run);
  return it != runs_.end() && it->second.state != RunState::ended;
}

void Checker::check_end() const {
  for (std::size_t i = 0; i < trials_.size(); ++i) {
    if (!is_ended(trials_[i].state))
      fail(fmt::format("the study ends while trial {} is {}", i,
                       trial_state_name(trials_[i].state)));
  }
  for (const auto& [id, run] : runs_) {
    if (run.state != RunState::ended)
      fail(fmt::format("the study ends while run {} is open", id.value));
  }
}

}  // namespace hone::sim
