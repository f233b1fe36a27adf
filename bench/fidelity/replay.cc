#include "bench/fidelity/replay.h"

#include <fmt/core.h>

#include <algorithm>

#include "bench/fidelity/pool_store.h"
#include "hone/base/assert.h"
#include "hone/base/error.h"
#include "hone/base/text.h"
#include "hone/runner/fake_executor.h"
#include "hone/store/memory_store.h"
#include "hone/tuner/tuner.h"
#include "hone/tuner/worker.h"
#include "tests/sim/sim_job_builder.h"
#include "tests/sim/sim_store.h"

namespace hone::fidelity {
namespace {

constexpr std::int64_t kForever_us = 1'000'000'000'000'000'000;
constexpr const char* kMetric = "value";

/// Splits NAME{…} from what follows it.
AlgorithmSpec take_algorithm(std::string_view& text) {
  std::size_t end = 0;
  while (end < text.size() && std::string_view("{+/@").find(text[end]) == std::string_view::npos)
    ++end;
  AlgorithmSpec spec{std::string(trim(text.substr(0, end))), Value::Map{}};
  if (end < text.size() && text[end] == '{') {
    int depth = 0;
    std::size_t close = end;
    do {
      if (close == text.size())
        throw Error(ErrorCode::invalid_input, fmt::format("'{}': a brace is not closed", text));
      depth += text[close] == '{' ? 1 : text[close] == '}' ? -1 : 0;
      ++close;
    } while (depth > 0);
    const auto options = Value::parse(text.substr(end, close - end));
    if (!options) throw Error(ErrorCode::invalid_input, fmt::format("not JSON: {}", text));
    spec.options = *options;
    end = close;
  }
  text.remove_prefix(end);
  return spec;
}

/// Whether the scheduler asks for a part of the training first (and its program is told so by
/// ${fidelity}), or lets trials run and stops them.
bool asks_for_parts(const std::shared_ptr<const StudySpec>& spec) {
  std::vector<OptionProblem> problems;
  const auto scheduler = make_scheduler(*spec, problems);
  if (scheduler == nullptr) {
    throw Error(ErrorCode::invalid_input,
                fmt::format("scheduler {}: {}", spec->scheduler.name, problems.front().message));
  }
  const History nothing(spec);
  const Launch first = scheduler->next({nothing, Rng(1), true});
  const auto* fresh = std::get_if<LaunchNew>(&first);
  return fresh != nullptr && fresh->fidelity_target &&
         *fresh->fidelity_target < *spec->fidelity->max;
}

/// A program that runs, and what it will have cost at each instant: piecewise linear.
struct LiveProgram {
  struct Knot {
    std::int64_t at_us = 0;  ///< since its start
    double cost = 0;
  };
  RunId run;
  std::int64_t start_us = 0;
  std::vector<Knot> knots;

  double cost_at(std::int64_t now_us) const {
    const std::int64_t at = now_us - start_us;
    Knot before;
    for (const Knot& knot : knots) {
      if (knot.at_us > at) {
        const double share =
            static_cast<double>(at - before.at_us) / static_cast<double>(knot.at_us - before.at_us);
        return before.cost + share * (knot.cost - before.cost);
      }
      before = knot;
    }
    return before.cost;
  }
};

class StudyReplay {
 public:
  StudyReplay(const Task& task, const Method& method, std::int64_t seed, const Limit& limit)
      : task_(task),
        method_(method),
        limit_(limit),
        spec_(make_spec(task, method, seed, budget(task, method, limit))),
        parts_(asks_for_parts(spec_)),
        memory_(clock_, probe_),
        store_(memory_, task, row_order(task, seed), method.sampler.name != "random"),
        machine_(clock_),
        executor_(
            machine_, [this](const Job& job) { return program_of(job); },
            Rng(static_cast<std::uint64_t>(seed)).split("cut")) {
    probe_.is_alive = [](const Holder&) { return true; };
    NewStudy study;
    study.name = task.name;
    study.body = "{}";
    study.metrics = {{kMetric, MetricRole::objective}};
    study_ = store_.create_study(study);
    const Holder holder{"host", "boot", 1, 1};
    WorkerOptions worker;
    worker.info = {"worker", holder, "replay", "{}"};
    worker.parallel = kWorkers;
    worker.lease_ttl_us = kForever_us;
    worker_ = std::make_unique<Worker>(store_, executor_, clock_, study_, spec_, builder_, worker);
    TunerOptions tuner;
    tuner.holder = holder;
    tuner.lease_ttl_us = kForever_us;
    tuner.parallel = kWorkers;
    tuner.load_spec = [this](const SpecRecord&) { return spec_; };
    tuner_ = std::make_unique<Tuner>(store_, clock_, study_, tuner);
    tuner_->on_change([this](const Change& change) {
      if (std::holds_alternative<TrialMoved>(change.body)) moved_ = true;
    });
  }

  Replay run() {
    const std::int64_t start_us = clock_.now_us();
    Replay result;
    for (;;) {
      settle();
      account();
      result.compute = spent();
      result.seconds = static_cast<double>(clock_.now_us() - start_us) / 1e6;
      note_incumbent(result);
      if (tuner_->over() || result.compute >= limit_.compute || !advance()) break;
    }
    HONE_ASSERT(tuner_->over() || result.compute >= limit_.compute,
                "a study without running programs has ended");
    for (const Trial& trial : tuner_->history().trials()) {
      result.trials.push_back({store_.row_of(trial.number()), trial.state == TrialState::complete});
    }
    return result;
  }

 private:
  static std::int64_t budget(const Task& task, const Method& method, const Limit& limit) {
    const auto rows = static_cast<std::int64_t>(task.rows.size());
    return std::min(rows, method.trials.value_or(limit.trials.value_or(rows)));
  }

  /// Lets tuner and worker do all that there is to do at this instant. A worker that has just told
  /// a program to end sees that it did at its next step, so one quiet round is not the last.
  void settle() {
    constexpr int kStepsAtMost = 10'000;
    int quiet = 0;
    for (int i = 0; i < kStepsAtMost; ++i) {
      const bool worked = worker_->step(0);
      const bool decided = tuner_->step();
      quiet = worked || decided ? 0 : quiet + 1;
      if (quiet == 2) return;
    }
    HONE_ASSERT(false, "tuner and worker come to rest");
  }

  FakeProgram program_of(const Job& job) {
    const std::int64_t trial = std::stoll(job.argv[3]);
    const Row& row = task_.rows[store_.row_of(trial)];
    const int last = level_of(job.argv[1]);
    int from = -1;
    double copied = 0;
    if (task_.goes_on) {
      const auto& reached = tuner_->history().trial(trial).reached;
      if (!job.argv[2].empty() && reached) {
        from = level_of(format_double(*reached));
        copied = kCopyCost;
      }
    } else if (parts_ || method_.scheduler.name == "none") {
      from = last - 1;  // trained with as much as is asked for, and with nothing else
    }
    LiveProgram live;
    live.run = job.run;
    live.start_us = clock_.monotonic_us();
    FakeProgram program;
    double seconds = copied * row.seconds.back();
    if (copied > 0) live.knots.push_back({to_us(seconds), copied});
    for (int i = from + 1; i <= last; ++i) {
      const auto at = static_cast<std::size_t>(i);
      const bool adds = task_.goes_on && i > 0;
      seconds += row.seconds[at] - (adds ? row.seconds[at - 1] : 0);
      live.knots.push_back({to_us(seconds), copied + task_.cost(from, i)});
      program.pieces.push_back(
          {to_us(seconds), 0,
           fmt::format("@hone {{\"{}\": {}, \"{}\": {}}}\n", task_.unit,
                       format_double(task_.levels[at]), kMetric, format_double(row.values[at]))});
    }
    program.end_us = to_us(seconds);
    live_.push_back(std::move(live));
    return program;
  }

  static std::int64_t to_us(double seconds) {
    return static_cast<std::int64_t>(std::llround(seconds * 1e6));
  }

  /// Index of the first level at or above a fidelity; the last one where none is given.
  int level_of(const std::string& fidelity) const {
    constexpr double kSlack = 1e-9;
    const auto wanted = parse_number(fidelity);
    const int last = static_cast<int>(task_.levels.size()) - 1;
    if (!wanted) return last;
    const auto it =
        std::lower_bound(task_.levels.begin(), task_.levels.end(), *wanted * (1 - kSlack));
    return std::min(last, static_cast<int>(it - task_.levels.begin()));
  }

  /// Takes programs that have ended out of the list, and their cost into the sum.
  void account() {
    std::erase_if(live_, [this](const LiveProgram& live) {
      const std::int64_t end_us = machine_.ended_us(*machine_.find(live.run));
      if (end_us < 0) return false;
      ended_cost_ += live.cost_at(end_us);
      return true;
    });
  }
  double spent() const {
    double sum = ended_cost_;
    for (const LiveProgram& live : live_) sum += live.cost_at(clock_.monotonic_us());
    return sum;
  }

  /// To the next instant at which a program prints something or ends; false when none runs.
  bool advance() {
    std::int64_t next_us = INT64_MAX;
    const std::int64_t now_us = clock_.monotonic_us();
    for (const LiveProgram& live : live_) {
      for (const LiveProgram::Knot& knot : live.knots) {
        const std::int64_t at_us = live.start_us + knot.at_us;
        if (at_us > now_us) {
          next_us = std::min(next_us, at_us);
          break;
        }
      }
    }
    if (next_us == INT64_MAX) return false;
    clock_.advance_us(next_us - now_us);
    return true;
  }

  void note_incumbent(Replay& result) {
    if (!moved_) return;
    moved_ = false;
    const std::int64_t best = tuner_->history().best();
    if (best < 0) return;
    const Incumbent now{result.compute, result.seconds, store_.row_of(best),
                        tuner_->history().trial(best).state == TrialState::complete};
    const Incumbent* last = result.incumbents.empty() ? nullptr : &result.incumbents.back();
    if (last == nullptr || last->row != now.row || last->trained != now.trained)
      result.incumbents.push_back(now);
  }

  const Task& task_;
  const Method& method_;
  Limit limit_;
  std::shared_ptr<const StudySpec> spec_;
  bool parts_;
  ManualClock clock_;
  sim::SimProbe probe_;
  MemoryStore memory_;
  PoolStore store_;
  FakeMachine machine_;
  FakeExecutor executor_;
  sim::SimJobBuilder builder_;
  StudyId study_;
  std::unique_ptr<Worker> worker_;
  std::unique_ptr<Tuner> tuner_;
  std::vector<LiveProgram> live_;
  double ended_cost_ = 0;
  bool moved_ = false;
};

}  // namespace

Method parse_method(const std::string& text) {
  Method method;
  std::string_view rest = trim(text);
  const std::size_t equals = rest.find('=');
  if (equals != std::string_view::npos && equals < rest.find('{')) {
    method.label = std::string(trim(rest.substr(0, equals)));
    rest.remove_prefix(equals + 1);
  } else {
    method.label = std::string(rest);
  }
  method.scheduler = take_algorithm(rest);
  while (!rest.empty()) {
    const char mark = rest.front();
    rest.remove_prefix(1);
    const AlgorithmSpec part = take_algorithm(rest);
    const auto count = parse_number(part.name);
    if (mark == '/') {
      method.sampler = part;
    } else if (mark == '@' && count && *count >= 1) {
      method.trials = static_cast<std::int64_t>(*count);
    } else if (mark == '+' && part.name == "checkpoint") {
      method.checkpoint = true;
    } else {
      throw Error(
          ErrorCode::invalid_input,
          fmt::format("'{}': expected SCHEDULER[{{…}}][+checkpoint][/SAMPLER][@TRIALS]", text));
    }
  }
  return method;
}

std::vector<Method> parse_methods(const std::string& list) {
  std::vector<Method> methods;
  for (const std::string_view text : split(list, ';')) {
    if (!trim(text).empty()) methods.push_back(parse_method(std::string(text)));
  }
  return methods;
}

double Replay::value_at(const Task& task, double compute_spent) const {
  double value = NAN;
  for (const Incumbent& incumbent : incumbents) {
    if (incumbent.compute > compute_spent) break;
    value = task.final_value(incumbent.row);
  }
  return value;
}

double Replay::compute_to_reach(const Task& task, double value) const {
  for (const Incumbent& incumbent : incumbents) {
    const double shown = task.final_value(incumbent.row);
    if (!std::isnan(shown) && !is_better(task.goal, value, shown)) return incumbent.compute;
  }
  return INFINITY;
}

TopTrials top_trials(const Task& task, const std::vector<TrialEnd>& trials) {
  constexpr double kShare = 0.02;
  std::vector<TrialEnd> ranked = trials;
  std::stable_sort(ranked.begin(), ranked.end(), [&](const TrialEnd& a, const TrialEnd& b) {
    return to_loss(task.goal, task.final_value(a.row)) <
           to_loss(task.goal, task.final_value(b.row));
  });
  const auto count = std::ceil(kShare * static_cast<double>(ranked.size()) - 1e-9);
  ranked.resize(static_cast<std::size_t>(count));
  TopTrials top{static_cast<std::int64_t>(count), 0};
  for (const TrialEnd& trial : ranked) top.stopped += trial.complete ? 0 : 1;
  return top;
}

std::shared_ptr<const StudySpec> make_spec(const Task& task, const Method& method,
                                           std::int64_t seed, std::int64_t trials) {
  auto spec = std::make_shared<StudySpec>();
  spec->name = task.name;
  spec->seed = seed;
  spec->space = task.space;
  Metric metric;
  metric.name = kMetric;
  metric.goal = task.goal;
  spec->metrics = {metric};
  spec->sampler = method.sampler;
  spec->scheduler = method.scheduler;
  spec->fidelity = Fidelity{task.unit, task.levels.front(), task.full()};
  spec->command.argv = {"train", "${args}", "${fidelity}"};
  if (method.checkpoint && task.goes_on) spec->checkpoint = CheckpointSpec{"checkpoint", "", {}};
  spec->budget.trials = trials;
  spec->run_default_first = false;
  return spec;
}

Replay replay(const Task& task, const Method& method, std::int64_t seed, const Limit& limit) {
  return StudyReplay(task, method, seed, limit).run();
}

}  // namespace hone::fidelity
