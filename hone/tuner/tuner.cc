#include "hone/tuner/tuner.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "hone/base/assert.h"
#include "hone/base/error.h"
#include "hone/base/id.h"
#include "hone/base/text.h"
#include "hone/tuner/race.h"
#include "hone/tuner/tuner_round.h"

namespace hone {
namespace {

constexpr std::int64_t kChangesAtOnce = 2000;
constexpr int kRoundsAtMost = 64;

/// The commit up to which the leader that made this change had judged all reports.
std::int64_t judged_by(const ChangeBody& body) {
  if (const auto* added = std::get_if<TrialAdded>(&body))
    return added->proposal->info.int_or("based_on", 0);
  if (const auto* judged = std::get_if<Judged>(&body)) return judged->cause_seq;
  if (const auto* noted = std::get_if<Noted>(&body)) {
    const auto warning = warning_of(*noted);
    return warning ? warning->cause_seq : 0;
  }
  return 0;
}

}  // namespace

Tuner::Tuner(Store& store, const Clock& clock, StudyId study, TunerOptions options)
    : store_(store), clock_(clock), study_(study), options_(std::move(options)) {
  if (!options_.load_spec) {
    options_.load_spec = [](const SpecRecord& record) {
      const auto body = Value::parse(record.body);
      if (!body) throw Error(ErrorCode::store_corrupt, "the stored spec of the study is no JSON");
      return std::make_shared<const StudySpec>(StudySpec::from_value(*body));
    };
  }
  rebuild();
}

Tuner::~Tuner() = default;

bool Tuner::faulty(std::string_view name) const {
  return options_.fault && !options_.fault(name).empty();
}

void Tuner::load_spec(std::int64_t version) {
  const SpecRecord record = store_.spec(study_, version);
  spec_version_ = record.version;
  spec_ = options_.load_spec(record);
  std::vector<OptionProblem> problems;
  sampler_ = make_sampler(*spec_, problems);
  if (problems.empty()) scheduler_ = make_scheduler(*spec_, problems);
  watch_ = std::make_unique<Watch>(*spec_, problems);
  if (!problems.empty()) {
    throw Error(
        ErrorCode::invalid_input,
        fmt::format("the study's options do not fit this hone: {}", problems.front().message));
  }
}

void Tuner::rebuild() {
  // The newest spec rules the fold; older trials are read under it (a history is wider than its
  // space).
  load_spec(0);
  history_ = std::make_unique<History>(spec_);
  unsettled_.clear();
  oom_retries_ = {};
  exhausted_.clear();
  judged_through_ = 0;
  late_warned_ = false;
  // What an earlier leader had seen when it last committed a decision, it has judged; it is not
  // judged again.
  std::int64_t after = 0;
  for (;;) {
    const std::vector<Change> changes = store_.changes_since(study_, after, kChangesAtOnce);
    if (changes.empty()) break;
    for (const Change& change : changes)
      judged_through_ = std::max(judged_through_, judged_by(change.body));
    after = changes.back().seq;
  }
  stale_ = false;
}

bool Tuner::step() {
  try {
    const bool changed = step_once();
    outage_.end();
    return changed;
  } catch (const Error& error) {
    stale_ = true;  // whether the last commit took effect is not known
    if (!outage_.bears(error, clock_.monotonic_us(), options_.give_up_us)) throw;
    return false;
  }
}

bool Tuner::take_lead() {
  const std::int64_t now = clock_.monotonic_us();
  if (role_ == TunerRole::leading && now < renew_at_us_) return true;
  const LeadResult result = store_.lead(study_, options_.holder, options_.lease_ttl_us);
  if (result.state == LeaseState::lost) {
    role_ = TunerRole::following;
    leader_ = result.held_by;
    return false;
  }
  renew_at_us_ = now + options_.lease_ttl_us / 3;
  if (role_ == TunerRole::following || token_ != result.token) {
    stale_ = true;
    leads_since_us_ = clock_.now_us();
  }
  role_ = TunerRole::leading;
  leader_.reset();
  token_ = result.token;
  return true;
}

void Tuner::release() {
  if (role_ == TunerRole::leading) store_.release_lead(study_, token_);
  role_ = TunerRole::following;
}

bool Tuner::step_once() {
  const bool leads = take_lead();
  bool changed = false;
  if (stale_) {
    rebuild();
    changed = true;
  }
  for (int i = 0; i < kRoundsAtMost; ++i) {
    Round round;
    if (fold(round)) changed = true;
    if (!leads) return changed;
    handle_requests(round);
    for (const std::int64_t trial : unsettled_) {
      if (round.judged.contains(trial)) continue;  // with its verdict, once that is in the record
      Action action = settle(*history_, trial);
      if (std::holds_alternative<QueueRun>(action) && faulty("requeue_forgotten")) continue;
      race_on(trial, action, round);
      round.actions.push_back(std::move(action));
    }
    if (i == 0) {
      for (const RunLease& lost : store_.lost_runs(study_)) {
        round.actions.push_back(ReclaimRun{lost.run, lost.token});
      }
    }
    if (history_->state() == StudyState::open) {
      end_if_due(round);
      // A suggestion is made from everything that is known: first commit and fold what was just
      // decided, where that could make a difference.
      const bool settled = round.actions.empty() || may_launch_beside(round);
      if (settled && !draining_ && !round.ending) launch(round);
      if (round.actions.empty() && !draining_) finish_if_done(round);
    }
    if (round.actions.empty()) return changed;
    hand_over(round);
    if (store_.apply(study_, token_, round.actions) == LeaseState::lost) {
      role_ = TunerRole::following;
      stale_ = true;
      return true;
    }
    changed = true;
  }
  return changed;
}

bool Tuner::fold(Round& round) {
  bool any = false;
  for (;;) {
    std::vector<Change> changes = store_.changes_since(study_, history_->version(), kChangesAtOnce);
    if (changes.empty()) return any;
    any = true;
    const bool more = static_cast<std::int64_t>(changes.size()) >= kChangesAtOnce;
    for (Change& change : changes) fold_one(std::move(change), round);
    if (!more) return any;
  }
}

void Tuner::fold_one(Change change, Round& round) {
  if (auto* reported = std::get_if<Reported>(&change.body)) {
    if (round.judged.contains(reported->report.trial)) reported->late = true;
    if (faulty("late_folded")) reported->late = false;
  }
  const std::optional<Observation> observation = history_->apply(change);
  if (const auto* ended = std::get_if<RunEnded>(&change.body)) {
    const Run* run = history_->run(ended->run);
    const Trial& trial = history_->trial(run->plan.trial);
    const bool waits = trial.state == TrialState::running || trial.state == TrialState::queued;
    const bool all_ended = trial.runs_open == 0;
    if (run->plan.purpose == RunPurpose::search && all_ended && waits)
      unsettled_.insert(trial.number());
    if (role_ == TunerRole::leading) warn_if_late(ended->run, round);
  } else if (const auto* queued = std::get_if<RunQueued>(&change.body)) {
    unsettled_.erase(queued->plan.trial);
  } else if (const auto* moved = std::get_if<TrialMoved>(&change.body)) {
    unsettled_.erase(moved->trial);
  } else if (const auto* spec = std::get_if<SpecChanged>(&change.body)) {
    if (spec->version > spec_version_) {
      load_spec(spec->version);
      history_->set_spec(spec_);
      stale_ = true;  // the scheduler's fold starts again under the new rules
      exhausted_.clear();
    }
  }
  if (const auto* noted = std::get_if<Noted>(&change.body)) {
    // A leader that takes over meets reports behind the one that was warned at before the warning.
    const auto known = warning_of(*noted);
    late_warned_ |= known && known->detector == kLateVerdict;
    if (known && !faulty("warning_repeated")) forget_warning(*known, round);
  }
  const bool follows = std::holds_alternative<TrialAdded>(change.body);
  if (!(follows && faulty("memory_forgotten"))) oom_retries_.observe(change, *history_);
  scheduler_->observe(change, observation, *history_);
  if (callback_) callback_(change);
  const std::vector<Alarm> alarms = watch_->observe(change, observation, *history_);
  const bool to_judge = observation.has_value() || !alarms.empty();
  if (to_judge && role_ == TunerRole::leading) judge(change, observation, alarms, round);
}

/// Detectors first, then the scheduler. The default configuration is stopped for what makes it
/// useless as a comparison, and for nothing else.
void Tuner::judge(const Change& change, const std::optional<Observation>& observation,
                  const std::vector<Alarm>& alarms, Round& round) {
  if (change.seq <= judged_through_ && !faulty("judge_again")) return;
  const std::int64_t number = std::get<Reported>(change.body).report.trial;
  const Trial& trial = history_->trial(number);
  if (trial.state != TrialState::running || trial.verdict != Verdict::go_on) return;
  if (round.judged.contains(number)) return;
  Judged judged;
  judged.trial = number;
  judged.cause_seq = faulty("cause_missing") ? 0 : change.seq;
  const bool is_default = trial.proposal->origin == TrialOrigin::default_config;
  for (const Alarm& alarm : alarms) {
    const bool spared = is_default && alarm.finding.kind == FailKind::none;
    if (alarm.action == DetectorAction::warn || spared) {
      warn(alarm, number, change.seq, round);
    } else if (judged.rule.empty()) {
      judged.verdict = Verdict::stop;
      judged.reason = alarm.finding.reason;
      judged.rule = alarm.finding.kind == FailKind::none ? alarm.detector
                                                         : fail_kind_name(alarm.finding.kind);
      judged.fail_kind = alarm.finding.kind;
    }
  }
  if (judged.rule.empty()) {
    if (is_default || !observation) return;
    Decision decision = scheduler_->judge(*observation, *history_);
    if (decision.verdict == Verdict::go_on) return;
    judged.verdict = decision.verdict;
    judged.reason = std::move(decision.reason);
    judged.rule = spec_->scheduler.name;
  }
  round.judged.insert(number);
  round.actions.push_back(std::move(judged));
}

/// Once per trial and detector.
void Tuner::warn(const Alarm& alarm, std::int64_t trial, std::int64_t seq, Round& round) const {
  if (history_->trial(trial).warned_by(alarm.detector)) return;
  if (!round.warned.emplace(trial, alarm.detector).second) return;
  round.actions.push_back(to_note({trial, alarm.detector, alarm.finding.reason, seq}));
}

/// Once a study: where verdicts cannot keep up, they are late for many trials.
void Tuner::warn_if_late(RunId run, Round& round) {
  if (late_warned_) return;
  const auto warning = late_verdict(*history_, run);
  if (!warning) return;
  late_warned_ = true;
  round.actions.push_back(to_note(*warning));
}

void Tuner::forget_warning(const WarningNote& known, Round& round) {
  std::erase_if(round.actions, [&](const Action& action) {
    const auto* noted = std::get_if<Noted>(&action);
    const auto own = noted == nullptr ? std::nullopt : warning_of(*noted);
    return own && own->trial == known.trial && own->detector == known.detector;
  });
}

bool Tuner::confirming() const {
  const auto notes = history_->notes("confirm");
  return !notes.empty() && notes.back().first > history_->opened_seq();
}

void Tuner::end_if_due(Round& round) {
  if (confirming()) {  // the search is over; only the confirmation's runs are waited for
    round.ending = true;
    if (round.actions.empty() && history_->open_runs() == 0 && unsettled_.empty()) {
      finish(history_->notes("confirm").back().second.string_or("reason", ""), round);
    }
    return;
  }
  // What runs used that are being taken back is known after the commit.
  for (const Action& action : round.actions) {
    if (std::holds_alternative<ReclaimRun>(action)) return;
  }
  const auto end = study_end(*history_, clock_.now_us(), leads_since_us_);
  if (!end) return;
  round.ending = true;
  if (end->stop_running) {
    for (const Trial& trial : history_->trials()) {
      if (trial.runs_open == 0 || trial.verdict == Verdict::stop) continue;
      if (round.judged.contains(trial.number())) continue;
      round.actions.push_back(
          Judged{trial.number(), Verdict::stop, end->reason, "study", 0, FailKind::none});
      for (const RunId id : history_->runs_of(trial.number())) {
        if (history_->run(id)->state == RunState::waiting) round.actions.push_back(CancelRun{id});
      }
    }
  }
  if (round.actions.empty() && history_->open_runs() == 0 && unsettled_.empty()) {
    if (end->at_once || !confirm(end->reason, round)) finish(end->reason, round);
  }
}

/// Whether new trials may share a commit with these decisions: trials that are complete, told to a
/// sampler and a scheduler that do not look at results, in a study that no result can end.
bool Tuner::may_launch_beside(const Round& round) const {
  if (sampler_ == nullptr || sampler_->looks_at_results() || spec_->scheduler.name != "none")
    return false;
  if (spec_->objective().target || spec_->budget.stop_without_improvement || spec_->racing ||
      confirming())
    return false;
  return std::all_of(round.actions.begin(), round.actions.end(), [](const Action& action) {
    const auto* moved = std::get_if<TrialMoved>(&action);
    return moved != nullptr && moved->state == TrialState::complete;
  });
}

/// What waits after this round goes to the worker of this process, if it has room: one commit less
/// than its own claim.
void Tuner::hand_over(Round& round) {
  if (!options_.offer || draining_ || history_->state() != StudyState::open) return;
  std::int64_t waiting = history_->waiting_runs();
  for (const Action& action : round.actions) {
    if (std::holds_alternative<StudyMoved>(action) || std::holds_alternative<CancelRun>(action))
      return;
    if (std::holds_alternative<QueueRun>(action)) ++waiting;
  }
  if (waiting == 0) return;
  if (const auto offer = options_.offer()) round.actions.push_back(*offer);
}

bool Tuner::may_add(const Round& round) const {
  const auto& budget = spec_->budget.trials;
  const std::int64_t one_more = faulty("budget_off_by_one") ? 1 : 0;
  return exhausted_.empty() &&
         (!budget || history_->counted() + round.new_trials < *budget + one_more);
}

void Tuner::launch(Round& round) {
  std::int64_t room = options_.parallel - history_->open_runs();
  if (room <= 0) return;
  if (history_->size() == 0 && spec_->run_default_first && may_add(round)) {
    Suggestion first{spec_->space.default_config(), Value::Map{}};
    first.info.set("rule", "default");
    if (spec_->space.is_feasible(first.config)) {
      add_trial(std::move(first), TrialOrigin::default_config, LaunchNew{}, round);
      return;
    }
  }
  if (retry_smaller(round)) return;
  const LaunchContext context{
      *history_,
      Rng(static_cast<std::uint64_t>(spec_->seed))
          .split("scheduler", static_cast<std::uint64_t>(history_->version())),
      may_add(round)};
  const Launch next = scheduler_->next(context);
  if (const auto* fresh = std::get_if<LaunchNew>(&next)) {
    if (context.may_add) launch_new(*fresh, room, round);
  } else if (const auto* resume = std::get_if<LaunchResume>(&next)) {
    round.actions.push_back(
        QueueRun{next_segment(*history_, resume->trial, resume->fidelity_target)});
    ++round.new_runs;
  } else if (const auto* fork = std::get_if<LaunchFork>(&next)) {
    Suggestion suggestion{fork->config, fork->info};
    suggestion.info.set("why", fork->reason);
    LaunchNew launch{fork->bracket, fork->fidelity_target, 1};
    if (fork->parent < 0) {
      add_trial(std::move(suggestion), TrialOrigin::enqueued, launch, round);
    } else {
      add_trial(std::move(suggestion), TrialOrigin::fork, launch, round, fork->parent);
    }
  } else if (const auto* done = std::get_if<Done>(&next)) {
    if (exhausted_.empty()) exhausted_ = done->reason;
  }
}

void Tuner::launch_new(const LaunchNew& launch, std::int64_t room, Round& round) {
  std::int64_t count = std::min<std::int64_t>({room, std::max(1, launch.up_to), 64});
  if (const auto& budget = spec_->budget.trials)
    count = std::clamp<std::int64_t>(*budget - history_->counted(), 1, count);
  const std::int64_t number = history_->size();
  SuggestContext context{*history_, number, sampler_rng(*spec_, number), launch.fidelity_target,
                         launch.bracket};
  SuggestResult result = sampler_->suggest(context, static_cast<int>(count));
  if (const auto* exhausted = std::get_if<Exhausted>(&result)) {
    exhausted_ = exhausted->reason;
    return;
  }
  auto& suggestions = std::get<std::vector<Suggestion>>(result);
  HONE_ASSERT(!suggestions.empty(),
              "a sampler suggests at least one point or says that none is left");
  const auto batch = static_cast<std::int64_t>(suggestions.size());
  for (Suggestion& suggestion : suggestions) {
    if (batch > 1) suggestion.info.set("batch", batch);
    add_trial(std::move(suggestion), TrialOrigin::sampler, launch, round);
  }
}

/// A trial that ran out of memory is followed by one that needs less, or by the note that none is.
bool Tuner::retry_smaller(Round& round) {
  const auto failed = oom_retries_.next(*history_);
  if (!failed) return false;
  const Trial& trial = history_->trial(*failed);
  auto next = smaller_trial(*history_, *failed);
  if (const auto* why = std::get_if<std::string>(&next)) {
    Value note = Value::Map{};
    note.set("trial", *failed).set("reason", *why);
    round.actions.push_back(Noted{OomRetries::kNotRetried, std::move(note)});
    return true;
  }
  auto& smaller = std::get<SmallerTrial>(next);
  Suggestion suggestion{std::move(smaller.config), Value::Map{}};
  suggestion.info.set("rule", "smaller").set("step", smaller.step);
  suggestion.info.set(
      "why", fmt::format("trial {} ran out of {}: {}", *failed,
                         trial.fail_kind == FailKind::gpu_out_of_memory ? "GPU memory" : "memory",
                         smaller.change));
  const LaunchNew launch{trial.proposal->bracket, trial.proposal->fidelity_target, 1};
  add_trial(std::move(suggestion), TrialOrigin::retry_with_change, launch, round, *failed);
  return true;
}

void Tuner::add_trial(Suggestion suggestion, TrialOrigin origin, const LaunchNew& launch,
                      Round& round, std::optional<std::int64_t> parent) {
  auto proposal = std::make_shared<Proposal>();
  proposal->number = history_->size() + round.new_trials;
  proposal->uid =
      make_uid(clock_.now_us(),
               Rng(options_.entropy).split("trial", static_cast<std::uint64_t>(proposal->number)));
  proposal->spec_version = spec_version_;
  proposal->origin = origin;
  if (parent) {
    proposal->parent = parent;
    proposal->parent_fidelity = history_->trial(*parent).reached;
  }
  proposal->config = std::move(suggestion.config);
  proposal->info = std::move(suggestion.info);
  proposal->info.set("based_on", history_->version());
  proposal->bracket = launch.bracket;
  if (origin != TrialOrigin::default_config) proposal->fidelity_target = launch.fidelity_target;
  proposal->created_us = clock_.now_us();
  ++round.new_trials;
  const std::int64_t number = proposal->number;
  const auto ruled_out = options_.rule_out ? options_.rule_out(proposal->config) : std::nullopt;
  const int replicates = may_race(*history_) ? 1 : std::max(1, spec_->replicates);
  std::vector<RunPlan> plans;
  for (int r = 0; r < replicates; ++r) plans.push_back(first_run(*spec_, *proposal, r));
  round.actions.push_back(TrialAdded{std::move(proposal)});
  if (ruled_out) {
    TrialMoved moved;
    moved.trial = number;
    moved.state = TrialState::failed;
    moved.fail_kind = FailKind::infeasible;
    moved.reason = *ruled_out;
    round.actions.push_back(std::move(moved));
    return;
  }
  for (RunPlan& plan : plans) {
    round.actions.push_back(QueueRun{std::move(plan)});
    ++round.new_runs;
  }
}

/// A trial that would be complete gets its next replicate instead while it may still be the best.
void Tuner::race_on(std::int64_t trial, Action& action, Round& round) {
  auto* moved = std::get_if<TrialMoved>(&action);
  if (!spec_->racing || moved == nullptr || moved->state != TrialState::complete) return;
  const auto step = race(*history_, trial);
  if (!step) return;
  if (!step->goes_on) {
    moved->reason = step->reason;
    return;
  }
  // What cannot run any more is not begun.
  if (draining_ || history_->state() != StudyState::open || confirming() ||
      study_end(*history_, clock_.now_us(), leads_since_us_))
    return;
  Value note = Value::Map{};
  note.set("trial", trial).set("replicate", step->replicate).set("reason", step->reason);
  round.actions.push_back(Noted{kRaceNote, std::move(note)});
  action = QueueRun{first_run(*spec_, *history_->trial(trial).proposal, step->replicate)};
}

/// At the end: trials that were given up when others seemed better than they turned out to be.
bool Tuner::race_late(Round& round) {
  if (!spec_->racing) return false;
  for (const Trial& trial : history_->trials()) {
    if (trial.state != TrialState::complete) continue;
    const auto step = race(*history_, trial.number());
    if (!step || !step->goes_on) continue;
    Value note = Value::Map{};
    note.set("trial", trial.number()).set("replicate", step->replicate).set("reason", step->reason);
    round.actions.push_back(Noted{kRaceNote, std::move(note)});
    round.actions.push_back(QueueRun{first_run(*spec_, *trial.proposal, step->replicate)});
  }
  return !round.actions.empty();
}

void Tuner::finish_if_done(Round& round) {
  if (history_->open_runs() > 0 || !unsettled_.empty()) return;
  if (oom_retries_.next(*history_)) return;  // follows as soon as there is room
  std::string reason;
  const auto& budget = spec_->budget.trials;
  if (!exhausted_.empty()) {
    reason = exhausted_;
  } else if (budget && history_->counted() >= *budget) {
    reason = fmt::format("budget of {} trials used", *budget);
  } else {
    return;  // the scheduler waits although nothing runs; its contract suite rules that out
  }
  if (race_late(round)) return;
  if (!confirm(reason, round)) finish(reason, round);
}

bool Tuner::confirm(const std::string& reason, Round& round) {
  const Confirm& wanted = spec_->confirm;
  if (wanted.top <= 0 || wanted.seeds <= 0 || confirming()) return false;
  std::vector<const Trial*> ranked;
  for (const Trial& trial : history_->trials()) {
    const auto value = trial.value();
    if (trial.state == TrialState::complete && value && !std::isnan(*value) &&
        history_->satisfies_guards(trial)) {
      ranked.push_back(&trial);
    }
  }
  const Goal goal = spec_->objective().goal;
  std::stable_sort(ranked.begin(), ranked.end(), [goal](const Trial* a, const Trial* b) {
    return is_better(goal, *a->value(), *b->value());
  });
  if (ranked.empty()) return false;
  // The default configuration takes part: the gain is measured against it on the same seeds.
  std::vector<std::int64_t> chosen;
  for (const Trial* trial : ranked) {
    const bool is_default = trial->proposal->origin == TrialOrigin::default_config;
    if (static_cast<int>(chosen.size()) < wanted.top || is_default)
      chosen.push_back(trial->number());
  }
  Value::List list;
  for (const std::int64_t number : chosen) {
    list.emplace_back(number);
    for (int seed = 0; seed < wanted.seeds; ++seed) {
      RunPlan plan;
      plan.trial = number;
      plan.replicate = seed;
      plan.purpose = RunPurpose::confirm;
      plan.seed = run_seed(*spec_, RunPurpose::confirm, seed);
      round.actions.push_back(QueueRun{std::move(plan)});
      ++round.new_runs;
    }
  }
  Value note = Value::Map{};
  note.set("trials", Value(std::move(list))).set("reason", reason);
  round.actions.push_back(Noted{"confirm", std::move(note)});
  return true;
}

void Tuner::finish(const std::string& reason, Round& round) {
  for (const Trial& trial : history_->trials()) {
    if (trial.state != TrialState::paused) continue;
    TrialMoved moved;
    moved.trial = trial.number();
    moved.state = TrialState::stopped;
    moved.reason = trial.reason.empty() ? "not promoted" : trial.reason + ", not promoted";
    moved.results = history_->judge(trial.number());
    moved.reached = trial.reached;
    round.actions.push_back(std::move(moved));
  }
  round.actions.push_back(StudyMoved{StudyState::finished, reason});
}

}  // namespace hone
