#include "hone/cli/ui_model.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "hone/base/text.h"
#include "hone/cli/lines.h"
#include "hone/cli/outcome_front.h"
#include "hone/tuner/budget.h"

namespace hone::cli {
namespace {

constexpr std::int64_t kEndsForEstimate = 2;  ///< trials that must have ended before time is told

bool is_shown_as_ended(TrialState state) { return is_ended(state) || state == TrialState::paused; }

std::optional<double> full_fidelity(const StudySpec& spec) {
  return spec.fidelity ? spec.fidelity->max : std::nullopt;
}

/// The newest point of a curve at or before a fidelity; the first where all lie after it.
const CurvePoint* point_at(const std::vector<CurvePoint>& curve, double fidelity) {
  if (curve.empty()) return nullptr;
  const auto after =
      std::upper_bound(curve.begin(), curve.end(), fidelity,
                       [](double at, const CurvePoint& p) { return at < p.fidelity; });
  return after == curve.begin() ? &*after : &*(after - 1);
}

/// The curve in equal slices of the way to `end`; empty slices after `reached`.
std::vector<std::optional<double>> slices(const std::vector<CurvePoint>& curve, double end) {
  std::vector<std::optional<double>> out(LiveModel::kCurveBars);
  if (curve.empty() || !(end > 0)) return out;
  const double reached = curve.back().fidelity;
  for (std::size_t i = 0; i < out.size(); ++i) {
    const double from = end * static_cast<double>(i) / static_cast<double>(out.size());
    const double to = end * static_cast<double>(i + 1) / static_cast<double>(out.size());
    if (from >= reached) break;
    out[i] = point_at(curve, to)->value;
  }
  return out;
}

std::string at_text(const StudySpec& spec, std::optional<double> reached) {
  const auto full = full_fidelity(spec);
  if (!reached) return full ? "0/" + format_number(*full, 6) : "";
  const std::string at = format_number(*reached, 6);
  return full ? fmt::format("{}/{}", at, format_number(*full, 6)) : at;
}

std::vector<std::string> value_texts(const StudySpec& spec, const Config& config) {
  std::vector<std::string> out;
  for (const Parameter& parameter : spec.space.parameters()) {
    if (std::holds_alternative<Fixed>(parameter.domain)) continue;
    const Value* value = config.get(parameter.name);
    out.push_back(value == nullptr ? "" : value_text(*value));
  }
  return out;
}

/// What went wrong, its telling part first.
std::string failure_text(const Trial& trial) {
  constexpr std::string_view kLead = "the program ended with ";
  const std::string sentence = split_detail(trial.detail).first;
  if (sentence.empty()) return fail_kind_text(trial.fail_kind);
  return sentence.starts_with(kLead) ? sentence.substr(kLead.size()) : sentence;
}

bool beats(const History& history, double value, std::int64_t best) {
  return best < 0 || is_better(history.spec().objective().goal, value,
                               history.trial(best).value().value_or(NAN));
}

}  // namespace

void LiveModel::changed(const Change& change, const History& history) {
  if (change.seq <= version_) {
    must_rebuild_ = true;  // another fold of the record
    return;
  }
  version_ = change.seq;
  if (const auto* claimed = std::get_if<RunClaimed>(&change.body)) {
    active_[claimed->run] = claimed->trial;
  } else if (const auto* ended = std::get_if<RunEnded>(&change.body)) {
    active_.erase(ended->run);
  } else if (const auto* moved = std::get_if<TrialMoved>(&change.body)) {
    const Trial& trial = history.trial(moved->trial);
    unsettle(trial);
    if (is_shown_as_ended(trial.state)) settle(history, trial);
  } else if (const auto* queued = std::get_if<RunQueued>(&change.body)) {
    if (queued->plan.purpose == RunPurpose::search) unsettle(history.trial(queued->plan.trial));
  } else if (const auto* added = std::get_if<TrialAdded>(&change.body)) {
    if (added->proposal->origin == TrialOrigin::default_config && default_trial_ < 0)
      default_trial_ = added->proposal->number;
  } else if (std::holds_alternative<SpecChanged>(change.body)) {
    must_rebuild_ = true;  // goal, guards and the full fidelity may have changed
  }
}

void LiveModel::settle(const History& history, const Trial& trial) {
  const auto number = static_cast<std::size_t>(trial.number());
  if (settled_.size() <= number) settled_.resize(number + 1, TrialState::queued);
  settled_[number] = trial.state;
  ++counts_[trial.state];
  recent_.push_back(trial.number());
  if (recent_.size() > kRecentAtMost) recent_.pop_front();
  if (trial.state == TrialState::failed) ++failures_[trial.fail_kind];
  if (trial.state == TrialState::stopped) stopped_reached_ += trial.reached.value_or(0);
  if (trial.state == TrialState::complete)
    highest_reached_ = std::max(highest_reached_, trial.reached.value_or(0));
  if (!is_ended(trial.state) || trial.state == TrialState::cancelled) return;
  const std::int64_t at = curve_.count++;
  if (trial.state == TrialState::complete && trial.value() && at % dot_stride_ == 0) {
    curve_.dots.emplace_back(at, *trial.value());
    if (curve_.dots.size() > kDotsAtMost) {
      dot_stride_ *= 2;
      std::erase_if(curve_.dots, [&](const auto& dot) { return dot.first % dot_stride_ != 0; });
    }
  }
  find_best(history, trial);
}

void LiveModel::find_best(const History& history, const Trial& trial) {
  const bool complete = trial.state == TrialState::complete;
  if (!complete && trial.state != TrialState::stopped) return;
  const auto value = trial.value();
  if (!value || std::isnan(*value) || !history.satisfies_guards(trial)) return;
  if (history.spec().objective_count() > 1) {
    const auto front = history.front();
    front_ = fmt::format("{} trial{}: {}", front.size(), front.size() == 1 ? "" : "s",
                         ranges_text(history, front));
  }
  std::int64_t& best = complete ? best_complete_ : best_stopped_;
  const bool tie = best >= 0 && history.trial(best).value() == value && trial.number() < best;
  if (!tie && !beats(history, *value, best)) return;
  best = trial.number();
  if (complete && !tie) curve_.bests.emplace_back(curve_.count - 1, *value);
}

void LiveModel::unsettle(const Trial& trial) {
  const auto number = static_cast<std::size_t>(trial.number());
  if (number >= settled_.size() || settled_[number] == TrialState::queued) return;
  const TrialState before = settled_[number];
  settled_[number] = TrialState::queued;
  --counts_[before];
  const auto at = std::find(recent_.rbegin(), recent_.rend(), trial.number());
  if (at != recent_.rend()) recent_.erase(std::next(at).base());
  // What an end has left behind in sums and bests is not taken out again, but counted anew.
  if (before != TrialState::paused) must_rebuild_ = true;
}

bool LiveModel::is_in_step(const History& history) const {
  const auto settled = [&](TrialState state) {
    const auto it = counts_.find(state);
    return it == counts_.end() ? 0 : it->second;
  };
  const TrialCounts& counts = history.counts();
  return settled(TrialState::complete) == counts.complete &&
         settled(TrialState::stopped) == counts.stopped &&
         settled(TrialState::failed) == counts.failed;
}

void LiveModel::rebuild(const History& history) {
  LiveModel fresh(title_);
  fresh.version_ = std::max(version_, history.version());
  fresh.active_ = active_;
  std::erase_if(fresh.active_, [&](const auto& entry) {
    const Run* run = history.run(entry.first);
    return run == nullptr || run->state == RunState::ended;
  });
  std::vector<const Trial*> ended;
  for (const Trial& trial : history.trials()) {
    if (trial.proposal->origin == TrialOrigin::default_config && fresh.default_trial_ < 0)
      fresh.default_trial_ = trial.number();
    if (is_shown_as_ended(trial.state)) ended.push_back(&trial);
    if (trial.state != TrialState::running) continue;
    for (const RunId id : history.runs_of(trial.number())) {
      const RunState state = history.run(id)->state;
      if (state == RunState::claimed || state == RunState::running)
        fresh.active_[id] = trial.number();
    }
  }
  std::stable_sort(ended.begin(), ended.end(),
                   [](const Trial* a, const Trial* b) { return a->ended_us < b->ended_us; });
  for (const Trial* trial : ended) fresh.settle(history, *trial);
  *this = std::move(fresh);
}

LiveView LiveModel::view(const History& history, const LiveMoment& moment) {
  if (must_rebuild_ || !is_in_step(history)) rebuild(history);
  const StudySpec& spec = history.spec();
  LiveView view;
  view.title = title_;
  view.goal = spec.objective().goal;
  view.metric = spec.objective().name;
  view.sampler = spec.sampler.name;
  if (spec.scheduler.name != "none") view.scheduler = spec.scheduler.name;
  view.fidelity = spec.fidelity ? spec.fidelity->name : "step";
  view.parallel = moment.parallel;
  view.follows = moment.follows;
  view.watches = moment.watches;
  view.interrupted = moment.interrupted;
  view.counts = history.counts();
  view.started = history.counted();
  view.budget_trials = spec.budget.trials;
  view.budget_time_us = spec.budget.time_us;
  for (const BudgetUse& use : budget_use(history, moment.now_us)) {
    if (use.key != "trials" && use.key != "time") view.budget_used.push_back(use_text(use));
  }
  view.active_us = history.active_us();
  if (!active_.empty())
    view.active_us += std::max<std::int64_t>(0, moment.now_us - history.last_us());
  view.front = front_;
  fill_best(history, view);
  fill_rows(history, moment, view);
  view.curve = curve_;
  view.failures.assign(failures_.begin(), failures_.end());

  const double full = full_fidelity(spec).value_or(highest_reached_);
  const double stopped = static_cast<double>(view.counts.stopped);
  const double whole = full * (stopped + static_cast<double>(view.counts.complete));
  const double saved = full * stopped - stopped_reached_;
  if (whole > 0 && saved > 0) view.steps_saved = saved / whole;

  const TrialCounts& counts = view.counts;
  // Few of the paused ones go on; what those that do cost is in the pace so far.
  const std::int64_t over = view.started - counts.running - counts.queued;
  if (spec.budget.trials && over >= kEndsForEstimate && *spec.budget.trials > over) {
    const double done = static_cast<double>(over) + work_running(history);
    const double todo = std::max(0.0, static_cast<double>(*spec.budget.trials) - done);
    view.left_us = static_cast<std::int64_t>(static_cast<double>(view.active_us) * todo / done);
  }
  if (spec.budget.time_us) {
    const std::int64_t left = std::max<std::int64_t>(0, *spec.budget.time_us - view.active_us);
    view.left_us = std::min(view.left_us.value_or(left), left);
  }
  return view;
}

/// How much of the running trials is done, in trials.
double LiveModel::work_running(const History& history) const {
  const auto full = full_fidelity(history.spec());
  if (!full || *full <= 0) return 0;
  double done = 0;
  std::int64_t last = -1;
  for (const auto& [run, number] : active_) {
    const Trial& trial = history.trial(number);
    if (number == last || trial.state != TrialState::running) continue;
    last = number;
    done += std::clamp(trial.reached.value_or(0) / *full, 0.0, 1.0);
  }
  return done;
}

void LiveModel::fill_best(const History& history, LiveView& view) const {
  const StudySpec& spec = history.spec();
  view.best = best_complete_ >= 0 ? best_complete_ : best_stopped_;
  if (view.best < 0) return;
  const Trial& best = history.trial(view.best);
  view.best_value = best.value().value_or(NAN);
  view.best_is_complete = best.state == TrialState::complete;
  view.best_is_default = view.best == default_trial_;
  for (const Parameter& parameter : spec.space.parameters()) {
    const Value* value = best.config().get(parameter.name);
    if (value != nullptr && !std::holds_alternative<Fixed>(parameter.domain))
      view.best_config.emplace_back(parameter.name, value_text(*value));
  }
  if (default_trial_ < 0 || view.best_is_default) return;
  const Trial& base = history.trial(default_trial_);
  if (base.state != TrialState::complete || !base.value() || std::isnan(*base.value())) return;
  view.default_value = *base.value();
  view.gain = view.best_value - view.default_value;
  const double noise = base.results.front().sd.value_or(0);
  const bool one_sign = view.best_value * view.default_value > 0;
  if (one_sign && std::abs(view.default_value) > 2 * noise)
    view.gain_share = std::abs(*view.gain) / std::abs(view.default_value);
}

void LiveModel::fill_rows(const History& history, const LiveMoment& moment, LiveView& view) const {
  const StudySpec& spec = history.spec();
  for (const Parameter& parameter : spec.space.parameters()) {
    if (!std::holds_alternative<Fixed>(parameter.domain)) view.parameters.push_back(parameter.name);
  }
  // Replicates of a trial share a row; runs that confirm have one each.
  std::map<std::pair<std::int64_t, RunId>, const Run*> rows;
  for (const auto& [id, trial] : active_) {
    const Run* run = history.run(id);
    if (run == nullptr || run->state == RunState::ended) continue;
    const bool confirms = run->plan.purpose != RunPurpose::search;
    if (confirms) view.confirming = true;
    rows.try_emplace({trial, confirms ? id : RunId{}}, run);
  }
  for (const auto& [key, run] : rows) {
    if (view.running.size() < moment.rows) {
      view.running.push_back(running_row(history, *run, moment));
    } else {
      ++view.running_hidden;
    }
  }
  for (auto it = recent_.rbegin(); it != recent_.rend() && view.recent.size() < moment.rows; ++it)
    view.recent.push_back(ended_row(history, history.trial(*it)));
}

LiveRow LiveModel::row(const History& history, std::int64_t trial, const LiveMoment& moment) const {
  const Trial& of = history.trial(trial);
  if (of.state == TrialState::running) {
    for (const RunId id : history.runs_of(trial)) {
      const Run* run = history.run(id);
      if (run->state != RunState::ended && run->started_us > 0)
        return running_row(history, *run, moment);
    }
  }
  LiveRow row = ended_row(history, of);
  if (!is_ended(of.state)) row.state = trial_state_name(of.state);
  return row;
}

LiveRow LiveModel::running_row(const History& history, const Run& run,
                               const LiveMoment& moment) const {
  const StudySpec& spec = history.spec();
  const Trial& trial = history.trial(run.plan.trial);
  LiveRow row;
  row.trial = trial.number();
  row.state = "running";
  row.is_running = true;
  row.time_us = std::max<std::int64_t>(0, moment.now_us - run.started_us);
  row.values = value_texts(spec, trial.config());
  if (moment.where) row.where = moment.where(run.id);
  if (moment.stopping.contains(run.id)) {
    row.state = "stopping";
    row.tone = Tone::note;
  }
  if (run.plan.purpose != RunPurpose::search) {
    row.state = fmt::format("{} {}/{}", run_purpose_name(run.plan.purpose), run.plan.replicate + 1,
                            std::max(spec.confirm.seeds, run.plan.replicate + 1));
    const auto series = history.series(run.id);
    const auto newest =
        std::find_if(series.rbegin(), series.rend(), [](const auto& p) { return p.metric == 0; });
    row.at = at_text(spec, newest == series.rend() ? std::optional<double>() : newest->fidelity);
    if (newest == series.rend()) return row;
    row.value = newest->value;
    compare(history, row, newest->fidelity);
    return row;
  }
  row.at = at_text(spec, trial.reached);
  if (!trial.warnings.empty()) {
    row.reason = trial.warnings.back().reason;
    if (row.tone == Tone::plain) row.tone = Tone::note;
  }
  if (trial.curve.empty()) return row;
  row.value = trial.curve.back().value;
  row.curve =
      slices(trial.curve,
             full_fidelity(spec).value_or(std::max(highest_reached_, trial.curve.back().fidelity)));
  compare(history, row, trial.curve.back().fidelity);
  return row;
}

LiveRow LiveModel::ended_row(const History& history, const Trial& trial) const {
  const StudySpec& spec = history.spec();
  LiveRow row;
  row.trial = trial.number();
  row.time_us = trial.busy_us;
  row.values = value_texts(spec, trial.config());
  row.at = trial.reached ? at_text(spec, trial.reached) : "";
  row.value = trial.value();
  if (!row.value && !trial.curve.empty()) row.value = trial.curve.back().value;
  if (!trial.curve.empty()) {
    row.curve = slices(trial.curve, full_fidelity(spec).value_or(
                                        std::max(highest_reached_, trial.curve.back().fidelity)));
    compare(history, row, trial.curve.back().fidelity);
  }
  row.is_best = trial.number() == (best_complete_ >= 0 ? best_complete_ : best_stopped_);
  switch (trial.state) {
    case TrialState::complete:
      row.state = "done";
      row.tone = Tone::good;
      break;
    case TrialState::failed:
      row.state = "failed";
      row.tone = Tone::bad;
      row.reason = failure_text(trial);
      break;
    default:
      row.state = trial_state_name(trial.state);
      row.tone = Tone::dim;
      row.reason = trial.reason;
      break;
  }
  return row;
}

/// Against the best trial where it had come as far.
void LiveModel::compare(const History& history, LiveRow& row, double at) const {
  const std::int64_t best = best_complete_ >= 0 ? best_complete_ : best_stopped_;
  if (best < 0 || best == row.trial || !row.value || !std::isfinite(*row.value)) return;
  const CurvePoint* point = point_at(history.trial(best).curve, at);
  if (point == nullptr || point->fidelity > at || !std::isfinite(point->value)) return;
  row.against = *row.value - point->value;
  if (*row.value * point->value > 0) row.against_share = *row.against / std::abs(point->value);
}

}  // namespace hone::cli
