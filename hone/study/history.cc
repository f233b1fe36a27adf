#include "hone/study/history.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "hone/base/assert.h"
#include "hone/study/replicates.h"

namespace hone {
namespace {

bool counts_against_budget(TrialOrigin origin) {
  return origin != TrialOrigin::fork && origin != TrialOrigin::imported &&
         origin != TrialOrigin::retry_with_change;
}

int cost_metric(const StudySpec& spec) {
  for (std::size_t m = 0; m < spec.metrics.size(); ++m) {
    if (spec.metrics[m].role == MetricRole::cost) return static_cast<int>(m);
  }
  return -1;
}

}  // namespace

std::size_t History::KeyHash::operator()(const Hash128& key) const {
  std::size_t word = 0;
  std::memcpy(&word, key.data(), sizeof word);
  return word;
}

History::History(std::shared_ptr<const StudySpec> spec) : spec_(std::move(spec)) {
  HONE_ASSERT(spec_ != nullptr, "a history belongs to a study");
}

Trial& History::at(std::int64_t number) {
  HONE_ASSERT(number >= 0 && number < size(), "changes name trials that were added before");
  return trials_[static_cast<std::size_t>(number)];
}

const Trial& History::trial(std::int64_t number) const {
  HONE_ASSERT(number >= 0 && number < size(), "trial numbers are dense");
  return trials_[static_cast<std::size_t>(number)];
}

History::RunRecord& History::record(RunId id) {
  const auto it = runs_.find(id);
  HONE_ASSERT(it != runs_.end(), "changes name runs that were queued before");
  return it->second;
}

void History::move(Trial& trial, TrialState to) {
  --counts_.of(trial.state);
  ++counts_.of(to);
  trial.state = to;
  touched_.push_back(trial.number());
}

void History::set_spec(std::shared_ptr<const StudySpec> spec) {
  spec_ = std::move(spec);
  const auto d = static_cast<std::size_t>(spec_->space.dimension());
  encoded_.assign(d * trials_.size(), 0);
  for (std::size_t i = 0; i < trials_.size(); ++i) {
    spec_->space.encode(trials_[i].config(), std::span(encoded_).subspan(i * d, d));
  }
}

std::optional<Observation> History::apply(const Change& change) {
  HONE_ASSERT(change.seq > version_, "changes are applied in commit order");
  version_ = change.seq;
  if (first_us_ == 0) first_us_ = change.at_us;
  if (open_runs_ > waiting_runs_) active_us_ += std::max<std::int64_t>(0, change.at_us - last_us_);
  last_us_ = change.at_us;
  if (const auto* added = std::get_if<TrialAdded>(&change.body)) {
    fold_added(*added);
  } else if (const auto* queued = std::get_if<RunQueued>(&change.body)) {
    fold_queued(*queued);
  } else if (const auto* claimed = std::get_if<RunClaimed>(&change.body)) {
    fold_claimed(*claimed, change.at_us);
  } else if (const auto* reported = std::get_if<Reported>(&change.body)) {
    return fold_report(*reported, change.seq);
  } else if (const auto* judged = std::get_if<Judged>(&change.body)) {
    Trial& trial = at(judged->trial);
    trial.verdict = judged->verdict;
    trial.reason = judged->reason;
    trial.verdict_fail_kind = judged->fail_kind;
  } else if (const auto* ended = std::get_if<RunEnded>(&change.body)) {
    fold_run_end(*ended, change.at_us);
  } else if (const auto* moved = std::get_if<TrialMoved>(&change.body)) {
    fold_moved(*moved, change.at_us);
  } else if (const auto* study = std::get_if<StudyMoved>(&change.body)) {
    state_ = study->state;
    state_reason_ = study->reason;
    if (study->state == StudyState::open) opened_seq_ = change.seq;
  } else if (const auto* noted = std::get_if<Noted>(&change.body)) {
    const auto warning = warning_of(*noted);
    if (warning && warning->trial >= 0 && warning->trial < size())
      at(warning->trial).warnings.push_back({warning->detector, warning->reason, change.seq});
    notes_[noted->kind].emplace_back(change.seq, noted->body);
  }
  return std::nullopt;
}

void History::fold_added(const TrialAdded& added) {
  HONE_ASSERT(added.proposal->number == size(), "trial numbers are dense");
  Trial trial;
  trial.proposal = added.proposal;
  trial.fidelity_target = added.proposal->fidelity_target;
  ++counts_.queued;
  if (counts_against_budget(added.proposal->origin)) ++counted_;
  keys_.try_emplace(added.proposal->config.key(), added.proposal->number);
  const auto d = static_cast<std::size_t>(spec_->space.dimension());
  encoded_.resize(encoded_.size() + d);
  spec_->space.encode(added.proposal->config, std::span(encoded_).last(d));
  trials_.push_back(std::move(trial));
  touched_.push_back(size() - 1);
  runs_of_.emplace_back();
}

void History::fold_queued(const RunQueued& queued) {
  Trial& trial = at(queued.plan.trial);
  RunRecord fresh;
  fresh.run.id = queued.run;
  fresh.run.plan = queued.plan;
  HONE_ASSERT(runs_.emplace(queued.run, std::move(fresh)).second, "a run is queued once");
  runs_of_[static_cast<std::size_t>(queued.plan.trial)].push_back(queued.run);
  ++open_runs_;
  ++waiting_runs_;
  ++trial.runs_open;
  if (queued.plan.purpose != RunPurpose::search) {
    // An old verdict on the search's runs says nothing about these.
    if (trial.runs_open == 1 && is_ended(trial.state)) trial.verdict = Verdict::go_on;
    return;
  }
  trial.segment = queued.plan.segment;
  trial.fidelity_target = queued.plan.fidelity_target;
  if (trial.state == TrialState::queued) return;
  // A further replicate of a running trial leaves its state and verdict alone.
  if (trial.state == TrialState::running && trial.runs_open > 1) return;
  if (is_ended(trial.state)) {
    trial.results.clear();
    trial.fail_kind = FailKind::none;
    trial.detail.clear();
    trial.ended_us = 0;
  }
  trial.verdict = Verdict::go_on;
  trial.verdict_fail_kind = FailKind::none;
  trial.reason.clear();
  move(trial, TrialState::queued);
}

void History::fold_claimed(const RunClaimed& claimed, std::int64_t at_us) {
  RunRecord& held = record(claimed.run);
  if (held.run.state == RunState::waiting) {
    --waiting_runs_;
    held_runs_.push_back(claimed.run);
  }
  held.run.state = RunState::claimed;
  held.run.token = claimed.token;
  held.run.worker = claimed.worker;
  if (held.run.started_us == 0) held.run.started_us = at_us;
  Trial& trial = at(held.run.plan.trial);
  if (trial.first_started_us == 0) trial.first_started_us = at_us;
  if (held.run.plan.purpose == RunPurpose::search && trial.state == TrialState::queued) {
    move(trial, TrialState::running);
  }
}

/// What budgets of cost and fidelity count.
void History::fold_use(RunRecord& held, const Report& report) {
  const Metric& metric = spec_->metrics[static_cast<std::size_t>(report.metric)];
  if (metric.role == MetricRole::cost && report.metric == cost_metric(*spec_) &&
      std::isfinite(report.value)) {
    cost_ += report.value - held.cost;
    held.cost = report.value;
  }
  if (report.metric != 0) return;
  if (!held.trained_to) {
    const Trial& trial = trials_[static_cast<std::size_t>(held.run.plan.trial)];
    // A fork goes on from where its parent was.
    const double reached = trial.reached.value_or(trial.proposal->parent_fidelity.value_or(0));
    held.trained_to = held.run.plan.resume_from.empty() ? 0 : std::min(reached, report.fidelity);
  }
  if (report.fidelity <= *held.trained_to) return;
  trained_ += report.fidelity - *held.trained_to;
  held.trained_to = report.fidelity;
}

std::optional<Observation> History::fold_report(const Reported& reported, std::int64_t seq) {
  const Report& report = reported.report;
  RunRecord& held = record(report.run);
  held.series.push_back(
      {report.fidelity, report.value, report.busy_us, seq, report.metric, reported.late});
  fold_use(held, report);
  if (reported.late || report.metric != 0 || held.run.plan.purpose != RunPurpose::search) {
    return std::nullopt;
  }
  Trial& trial = at(held.run.plan.trial);
  if (!held.reported) {
    // The first report of a run: its curve replaces the old one from here on, or wholly when it
    // started from scratch.
    held.reported = true;
    const bool fresh = held.run.plan.resume_from.empty() && held.run.plan.replicate == 0;
    std::erase_if(trial.curve, [&](const CurvePoint& point) {
      return fresh || point.fidelity >= report.fidelity;
    });
    if (!trial.reached || report.fidelity > *trial.reached) trial.interruptions = 0;
    trial.reached.reset();
    for (const CurvePoint& point : trial.curve) {
      trial.reached = std::max(trial.reached.value_or(point.fidelity), point.fidelity);
    }
  }
  return complete_point(trial, report, seq);
}

std::vector<int> History::started_replicates(std::int64_t number) const {
  return hone::started_replicates(*this, number, RunPurpose::search);
}

std::vector<History::SeriesPoint> History::replicate_series(std::int64_t number, int replicate,
                                                            int metric, bool with_late) const {
  return hone::replicate_series(*this, number, RunPurpose::search, replicate, metric, with_late);
}

std::optional<Observation> History::complete_point(Trial& trial, const Report& report,
                                                   std::int64_t seq) {
  double sum = report.value;
  int count = 1;
  std::int64_t busy_us = report.busy_us;
  if (spec_->replicates > 1) {
    const int own = record(report.run).run.plan.replicate;
    for (const int replicate : started_replicates(trial.number())) {
      if (replicate == own) continue;
      const auto series = replicate_series(trial.number(), replicate, 0, false);
      const auto reached = std::find_if(series.begin(), series.end(), [&](const SeriesPoint& p) {
        return p.fidelity >= report.fidelity;
      });
      if (reached == series.end()) return std::nullopt;
      sum += reached->value;
      busy_us += reached->busy_us;
      ++count;
    }
  }
  const double value = sum / count;
  trial.curve.push_back({report.fidelity, value, busy_us, seq});
  trial.reached = std::max(trial.reached.value_or(report.fidelity), report.fidelity);
  return Observation{trial.number(), report.fidelity, value, count, busy_us, seq};
}

void History::fold_run_end(const RunEnded& ended, std::int64_t at_us) {
  RunRecord& held = record(ended.run);
  if (held.run.state == RunState::ended) return;
  if (held.run.state == RunState::waiting) --waiting_runs_;
  std::erase(held_runs_, ended.run);
  busy_us_ += ended.end.busy_us;
  --open_runs_;
  held.run.state = RunState::ended;
  held.run.ended_us = at_us;
  held.run.end = ended.end;
  Trial& trial = at(held.run.plan.trial);
  --trial.runs_open;
  if (held.run.plan.purpose != RunPurpose::search) return;
  trial.busy_us += ended.end.busy_us;
  if (ended.end.outcome == RunOutcome::failed) {
    ++trial.attempts_failed;
    trial.detail = ended.end.detail;
  }
  if (ended.end.outcome == RunOutcome::interrupted) ++trial.interruptions;
}

void History::fold_moved(const TrialMoved& moved, std::int64_t at_us) {
  Trial& trial = at(moved.trial);
  move(trial, moved.state);
  trial.fail_kind = moved.fail_kind;
  if (!moved.reason.empty()) trial.reason = moved.reason;
  trial.results = moved.results;
  if (moved.reached) trial.reached = moved.reached;
  if (is_ended(moved.state)) trial.ended_us = at_us;
}

const Run* History::run(RunId id) const {
  const auto it = runs_.find(id);
  return it == runs_.end() ? nullptr : &it->second.run;
}

std::span<const RunId> History::runs_of(std::int64_t number) const {
  HONE_ASSERT(number >= 0 && number < size(), "trial numbers are dense");
  return runs_of_[static_cast<std::size_t>(number)];
}

std::span<const History::SeriesPoint> History::series(RunId run) const {
  const auto it = runs_.find(run);
  if (it == runs_.end()) return {};
  return it->second.series;
}

std::vector<Result> History::judge(std::int64_t number) const {
  std::vector<Result> results;
  for (int m = 0; m < static_cast<int>(spec_->metrics.size()); ++m) {
    std::vector<double> values;
    std::optional<double> at_fidelity;
    for (const auto& [replicate, taken] : replicate_values(*this, number, m, RunPurpose::search)) {
      values.push_back(taken.value);
      at_fidelity = std::min(at_fidelity.value_or(taken.fidelity), taken.fidelity);
    }
    if (values.empty()) continue;
    Result result;
    result.metric = m;
    result.count = static_cast<int>(values.size());
    double sum = 0;
    for (const double v : values) sum += v;
    result.value = sum / result.count;
    result.at_fidelity = at_fidelity;
    if (values.size() > 1) {
      double squares = 0;
      for (const double v : values) squares += (v - result.value) * (v - result.value);
      result.sd = std::sqrt(squares / (result.count - 1));
    }
    results.push_back(result);
  }
  return results;
}

namespace {

/// The best is named among the complete; before there is one, among those that ended or wait on the
/// way.
bool may_be_best(const Trial& trial, bool complete) {
  if (complete) return trial.state == TrialState::complete;
  return trial.state == TrialState::stopped || trial.state == TrialState::paused;
}

}  // namespace

bool History::satisfies_guards(const Trial& trial) const {
  for (std::size_t m = 0; m < spec_->metrics.size(); ++m) {
    const Metric& metric = spec_->metrics[m];
    if (metric.role != MetricRole::guard && metric.role != MetricRole::constraint) continue;
    const auto value = trial.value_of(static_cast<int>(m));
    if (!value) continue;
    if (std::isnan(*value) || (metric.min && *value < *metric.min) ||
        (metric.max && *value > *metric.max)) {
      return false;
    }
  }
  return true;
}

std::optional<std::vector<double>> History::losses(const Trial& trial) const {
  std::vector<double> losses;
  for (int m = 0; m < spec_->objective_count(); ++m) {
    const auto value = trial.value_of(m);
    if (!value || std::isnan(*value)) return std::nullopt;
    losses.push_back(to_loss(spec_->metrics[static_cast<std::size_t>(m)].goal, *value));
  }
  return losses;
}

std::vector<std::int64_t> History::front() const {
  if (spec_->objective_count() < 2) {
    const std::int64_t only = best();
    return only < 0 ? std::vector<std::int64_t>{} : std::vector{only};
  }
  // a nowhere worse than b; of two such, b is off the front unless they are equal.
  const auto covers = [](const std::vector<double>& a, const std::vector<double>& b) {
    return std::equal(a.begin(), a.end(), b.begin(), [](double x, double y) { return x <= y; });
  };
  std::vector<std::pair<std::int64_t, std::vector<double>>> front;
  for (const bool complete : {true, false}) {
    for (const Trial& trial : trials_) {
      if (!may_be_best(trial, complete) || !satisfies_guards(trial)) continue;
      const auto own = losses(trial);
      if (!own) continue;
      const bool dominated = std::any_of(front.begin(), front.end(), [&](const auto& other) {
        return covers(other.second, *own) && other.second != *own;
      });
      if (dominated) continue;
      std::erase_if(front, [&](const auto& other) {
        return covers(*own, other.second) && other.second != *own;
      });
      front.emplace_back(trial.number(), *own);
    }
    if (!front.empty()) break;
  }
  std::vector<std::int64_t> numbers;
  for (const auto& [number, losses] : front) numbers.push_back(number);
  return numbers;
}

std::int64_t History::best() const {
  if (spec_->objective_count() > 1) {
    std::int64_t first = -1;
    for (const std::int64_t number : front()) {
      if (first < 0 || *losses(trial(number)) < *losses(trial(first))) first = number;
    }
    return first;
  }
  const Goal goal = spec_->objective().goal;
  std::int64_t best = -1;
  double best_value = NAN;
  for (const bool complete : {true, false}) {
    for (const Trial& trial : trials_) {
      if (!may_be_best(trial, complete) || !satisfies_guards(trial)) continue;
      const auto value = trial.value();
      if (!value || !is_better(goal, *value, best_value)) continue;
      best = trial.number();
      best_value = *value;
    }
    if (best >= 0) return best;
  }
  return -1;
}

std::span<const std::pair<std::int64_t, Value>> History::notes(const std::string& kind) const {
  const auto it = notes_.find(kind);
  if (it == notes_.end()) return {};
  return it->second;
}

std::span<const double> History::encoded(std::int64_t number) const {
  HONE_ASSERT(number >= 0 && number < size(), "trial numbers are dense");
  const auto d = static_cast<std::size_t>(spec_->space.dimension());
  return std::span(encoded_).subspan(static_cast<std::size_t>(number) * d, d);
}

std::int64_t History::find_config(const Hash128& key) const {
  const auto it = keys_.find(key);
  return it == keys_.end() ? -1 : it->second;
}

}  // namespace hone
