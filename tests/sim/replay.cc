#include "tests/sim/replay.h"

#include <fmt/core.h>

namespace hone::sim {
namespace {

std::string digest(const Trial& t) {
  std::string text =
      fmt::format("{} {} v{} {} f{} s{} a{} i{} o{}", t.number(), trial_state_name(t.state),
                  static_cast<int>(t.verdict), t.reason, static_cast<int>(t.fail_kind), t.segment,
                  t.attempts_failed, t.interruptions, t.runs_open);
  text +=
      fmt::format(" reached {} busy {}", t.reached ? format_double(*t.reached) : "-", t.busy_us);
  for (const CurvePoint& p : t.curve) text += fmt::format(" {}:{}@{}", p.fidelity, p.value, p.seq);
  for (const TrialWarning& w : t.warnings)
    text += fmt::format(" w{}@{}: {}", w.detector, w.seq, w.reason);
  for (const Result& r : t.results) text += fmt::format(" r{}={}", r.metric, r.value);
  return text;
}

std::string digest(const Launch& launch) {
  if (const auto* e = std::get_if<LaunchNew>(&launch)) {
    return fmt::format("new {} {} {}", e->bracket, e->fidelity_target.value_or(-1), e->up_to);
  }
  if (const auto* e = std::get_if<LaunchResume>(&launch)) {
    return fmt::format("resume {} {} {}", e->trial, e->fidelity_target.value_or(-1), e->reason);
  }
  if (const auto* e = std::get_if<LaunchFork>(&launch)) return fmt::format("fork {}", e->parent);
  if (const auto* e = std::get_if<Done>(&launch)) return "done " + e->reason;
  return "wait";
}

std::string digest(const SuggestResult& result) {
  if (const auto* e = std::get_if<Exhausted>(&result)) return "exhausted " + e->reason;
  std::string text;
  for (const Suggestion& s : std::get<std::vector<Suggestion>>(result))
    text += s.config.canonical() + s.info.canonical();
  return text;
}

}  // namespace

std::string compare_with_replay(Store& store, StudyId study, std::shared_ptr<const StudySpec> spec,
                                Tuner& tuner) {
  History fresh(spec);
  std::vector<OptionProblem> problems;
  const auto scheduler = make_scheduler(*spec, problems);
  const auto sampler = make_sampler(*spec, problems);
  const History& live = tuner.history();
  while (fresh.version() < live.version()) {
    for (const Change& change : store.changes_since(study, fresh.version(), 1000)) {
      const auto observation = fresh.apply(change);
      scheduler->observe(change, observation, fresh);
    }
  }
  if (fresh.size() != live.size())
    return fmt::format("replay has {} trials, the leader {}", fresh.size(), live.size());
  for (std::int64_t n = 0; n < live.size(); ++n) {
    const std::string a = digest(live.trial(n));
    const std::string b = digest(fresh.trial(n));
    if (a != b)
      return fmt::format("the leader's fold differs from a replay:\n  leader {}\n  replay {}", a,
                         b);
  }
  if (fresh.open_runs() != live.open_runs() || fresh.waiting_runs() != live.waiting_runs())
    return "open runs differ in a replay";
  for (const bool may_add : {true, false}) {
    const Rng rng(7);
    const std::string a = digest(tuner.scheduler().next({live, rng, may_add}));
    const std::string b = digest(scheduler->next({fresh, rng, may_add}));
    if (a != b) return fmt::format("the next launch differs: leader '{}', replay '{}'", a, b);
  }
  const Rng rng = sampler_rng(*spec, live.size());
  const std::string a =
      digest(tuner.sampler().suggest({live, live.size(), rng, std::nullopt, 0}, 2));
  const std::string b = digest(sampler->suggest({fresh, fresh.size(), rng, std::nullopt, 0}, 2));
  if (a != b) return fmt::format("the next suggestion differs: leader {}, replay {}", a, b);
  return "";
}

std::string describe(const Change& change) {
  std::string text = fmt::format("{:5} {:12.3f}s ", change.seq,
                                 static_cast<double>(change.at_us - 1'700'000'000'000'000) / 1e6);
  if (const auto* e = std::get_if<Reported>(&change.body)) {
    return text + fmt::format("report run {} trial {} #{} {}={}{}", e->report.run.value,
                              e->report.trial, e->report.ordinal, e->report.fidelity,
                              e->report.value, e->late ? " late" : "");
  }
  text += event_kind_name(event_kind(change.body));
  if (const auto trial = trial_of(change.body)) text += fmt::format(" trial {}", *trial);
  if (const auto run = run_of(change.body)) text += fmt::format(" run {}", *run);
  return text + " " + event_body(change.body).dump();
}

}  // namespace hone::sim
