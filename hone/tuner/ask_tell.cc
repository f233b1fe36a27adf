#include "hone/tuner/ask_tell.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "hone/base/assert.h"
#include "hone/base/error.h"
#include "hone/sampler/gp_cost.h"
#include "hone/tuner/budget.h"
#include "hone/tuner/settle.h"

namespace hone {
namespace {

std::unique_ptr<Sampler> sampler_of(const StudySpec& spec) {
  if (spec.objective_count() < 1) {
    throw Error(ErrorCode::invalid_input, "the study declares no objective",
                "add a Metric with the role objective to StudySpec::metrics, before any other");
  }
  std::vector<OptionProblem> problems;
  auto sampler = make_sampler(spec, problems);
  if (!problems.empty()) {
    throw Error(ErrorCode::invalid_input,
                fmt::format("sampler {}: {}", spec.sampler.name, problems.front().message));
  }
  return sampler;
}

/// Null where nothing needs one: then equal calls give an equal record.
const Clock* clock_of(const StudySpec& spec, const Clock* given) {
  static const SystemClock machine;
  if (!spec.budget.time_us && !counts_run_time(spec.budget) && !learns_time(spec)) return nullptr;
  return given != nullptr ? given : &machine;
}

}  // namespace

/// A trial that was asked for and not told yet, with its only run.
struct AskTell::Out {
  std::int64_t number;
  RunId run;
};

AskTell::AskTell(StudySpec spec, const Clock* clock)
    : spec_(std::make_shared<const StudySpec>(std::move(spec))),
      sampler_(sampler_of(*spec_)),
      history_(spec_),
      clock_(clock_of(*spec_, clock)) {}

/// Without a clock a change's number stands for its instant (0 would mean "never"). A clock that is
/// set back stands still here.
std::int64_t AskTell::now_us() const {
  return clock_ == nullptr ? seq_ : std::max(clock_->now_us(), history_.last_us());
}

void AskTell::commit(ChangeBody body) {
  ++seq_;
  history_.apply(Change{seq_, now_us(), std::move(body)});
}

std::int64_t AskTell::busy_us(const Out& trial) const {
  return clock_ == nullptr ? 0 : now_us() - history_.run(trial.run)->started_us;
}

std::optional<Asked> AskTell::ask() {
  const std::int64_t number = history_.size();
  if (spec_->budget.trials && history_.counted() >= *spec_->budget.trials) {
    why_done_ = fmt::format("budget of {} trials used", *spec_->budget.trials);
    return std::nullopt;
  }
  if (const auto end = budget_end(history_, now_us())) {
    why_done_ = end->reason;
    return std::nullopt;
  }
  auto proposal = std::make_shared<Proposal>();
  proposal->number = number;
  proposal->origin = TrialOrigin::sampler;
  const SearchSpace& space = spec_->space;
  if (number == 0 && spec_->run_default_first && space.is_feasible(space.default_config())) {
    proposal->origin = TrialOrigin::default_config;
    proposal->config = space.default_config();
    proposal->info = Value::Map{{"rule", "default"}};
  } else {
    const SuggestContext context{history_, number, sampler_rng(*spec_, number), std::nullopt, 0};
    SuggestResult result = sampler_->suggest(context, 1);
    if (auto* exhausted = std::get_if<Exhausted>(&result)) {
      why_done_ = std::move(exhausted->reason);
      return std::nullopt;
    }
    auto& suggestions = std::get<std::vector<Suggestion>>(result);
    HONE_ASSERT(suggestions.size() == 1, "a sampler that is asked for one point gives one");
    proposal->config = std::move(suggestions.front().config);
    proposal->info = std::move(suggestions.front().info);
  }
  proposal->info.set("based_on", history_.version());
  Asked asked{number, proposal->config};
  begin(std::move(proposal));
  return asked;
}

void AskTell::begin(std::shared_ptr<Proposal> proposal) {
  const std::int64_t number = proposal->number;
  RunPlan plan;
  plan.trial = number;
  plan.seed = spec_->seed;
  const RunId run{number};  // one run a trial
  commit(TrialAdded{std::move(proposal)});
  commit(RunQueued{run, std::move(plan)});
  commit(RunClaimed{run, number, 1, WorkerId{0}});
}

std::int64_t AskTell::add(Config config) {
  auto proposal = std::make_shared<Proposal>();
  proposal->number = history_.size();
  proposal->origin = TrialOrigin::imported;
  proposal->config = std::move(config);
  proposal->info = Value::Map{{"rule", "imported"}};
  const std::int64_t number = proposal->number;
  begin(std::move(proposal));
  return number;
}

AskTell::Out AskTell::out(std::int64_t number) const {
  if (number < 0 || number >= history_.size()) {
    throw Error(ErrorCode::not_found,
                fmt::format("there is no trial {}; {} were asked for", number, history_.size()));
  }
  const Trial& trial = history_.trial(number);
  if (trial.state != TrialState::running) {
    throw Error(ErrorCode::conflict, fmt::format("trial {} was told before: it is {}", number,
                                                 trial_state_name(trial.state)));
  }
  return {number, history_.runs_of(number).front()};
}

void AskTell::end(const Out& trial, RunEnd end, TrialMoved moved) {
  end.busy_us = busy_us(trial);
  commit(RunEnded{trial.run, trial.number, std::move(end)});
  moved.trial = trial.number;
  moved.results = history_.judge(trial.number);
  moved.reached = history_.trial(trial.number).reached;
  commit(std::move(moved));
}

void AskTell::report(const Out& trial, int metric, double value, double fidelity) {
  Report report;
  report.run = trial.run;
  report.trial = trial.number;
  report.ordinal = metric;
  report.fidelity = fidelity;
  report.metric = metric;
  report.value = value;
  report.busy_us = busy_us(trial);
  commit(Reported{report, false});
}

void AskTell::tell(std::int64_t number, double value) { tell(number, std::span(&value, 1)); }

void AskTell::tell(std::int64_t number, std::span<const double> values,
                   std::optional<double> fidelity) {
  const Out trial = out(number);
  if (values.size() != spec_->metrics.size()) {
    throw Error(ErrorCode::invalid_input,
                fmt::format("trial {}: {} values for {} declared metrics", number, values.size(),
                            spec_->metrics.size()));
  }
  // The end of the curve: a trial that is told has been evaluated in full.
  const double end_of_curve =
      spec_->fidelity ? spec_->fidelity->max.value_or(spec_->fidelity->min) : 1;
  for (std::size_t i = 0; i < values.size(); ++i)
    report(trial, static_cast<int>(i), values[i], fidelity.value_or(end_of_curve));
  TrialMoved moved;
  moved.state = TrialState::complete;
  for (int m = spec_->objective_count() - 1; m >= 0; --m) {
    if (!std::isnan(values[static_cast<std::size_t>(m)])) continue;
    moved.state = TrialState::failed;
    moved.fail_kind = FailKind::nan;
    moved.reason = fmt::format("{} is nan", spec_->metrics[static_cast<std::size_t>(m)].name);
  }
  end(trial, RunEnd{}, std::move(moved));
}

void AskTell::tell_stopped(std::int64_t number, double value, double fidelity) {
  const Out trial = out(number);
  report(trial, 0, value, fidelity);
  RunEnd run_end;
  run_end.outcome = RunOutcome::stopped;
  TrialMoved moved;
  moved.state = TrialState::stopped;
  end(trial, std::move(run_end), std::move(moved));
}

void AskTell::tell_failed(std::int64_t number, FailKind kind, const std::string& detail) {
  const Out trial = out(number);
  if (kind == FailKind::none) {
    throw Error(ErrorCode::invalid_input,
                fmt::format("trial {}: a failed trial has a kind of failure", number));
  }
  RunEnd run_end;
  run_end.outcome = RunOutcome::failed;
  run_end.fail_kind = kind;
  run_end.detail = detail;
  TrialMoved moved;
  moved.state = TrialState::failed;
  moved.fail_kind = kind;
  moved.reason = detail;
  end(trial, std::move(run_end), std::move(moved));
}

std::optional<BestTrial> AskTell::best() const {
  if (spec_->objective_count() > 1) {
    throw Error(ErrorCode::conflict,
                fmt::format("{} objectives have no single best trial", spec_->objective_count()),
                "take the front: AskTell::front()");
  }
  const std::int64_t number = history_.best();
  if (number < 0) return std::nullopt;
  const Trial& trial = history_.trial(number);
  return BestTrial{number, trial.config(), trial.value().value_or(NAN)};
}

std::vector<FrontTrial> AskTell::front() const {
  std::vector<FrontTrial> front;
  for (const std::int64_t number : history_.front()) {
    const Trial& trial = history_.trial(number);
    FrontTrial member{number, trial.config(), {}};
    for (int m = 0; m < spec_->objective_count(); ++m)
      member.values.push_back(trial.value_of(m).value_or(NAN));
    front.push_back(std::move(member));
  }
  return front;
}

}  // namespace hone
