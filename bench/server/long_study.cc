// Writes a long study into a store, through the store's own calls, as fast as they go: made-up
// trials with parameters of several kinds, reports of the objective and tracking points. For
// serve_bench.py, and for looking at a page that is full.
//
//   hone_long_study STORE [--trials N] [--parameters N] [--points N] [--seed N]
//
// `points` are those of one trial. STORE must not exist yet.
#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "hone/base/error.h"
#include "hone/base/rng.h"
#include "hone/store/liveness.h"
#include "hone/store/open.h"
#include "hone/study/study_spec.h"

namespace {

using namespace hone;

constexpr std::int64_t kLease_us = 3'600'000'000;
constexpr int kTogether = 500;  ///< trials that share commits
constexpr int kReports = 3;
constexpr int kFailEvery = 40;

struct Wanted {
  std::string store;
  int trials = 100'000;
  int parameters = 20;
  int points = 100;
  std::uint64_t seed = 1;
};

/// Two of every three are real, then one of choices and one integer in turn.
StudySpec spec_of(const Wanted& wanted) {
  std::vector<Parameter> parameters;
  for (int i = 0; i < wanted.parameters; ++i) {
    Parameter parameter;
    parameter.name = fmt::format("p{:02}", i);
    if (i % 3 != 2) {
      Real real;
      real.law = Law::log_uniform;
      real.low = 1e-5;
      parameter.domain = real;
    } else if (i % 2 == 0) {
      Choice choice;
      for (const char* text : {"adam", "sgd", "lion", "lamb"})
        choice.items.push_back({Value(text), text});
      parameter.domain = choice;
    } else {
      parameter.domain = Integer{1, 1'000'000, Law::uniform, 1};
    }
    parameters.push_back(std::move(parameter));
  }
  StudySpec spec;
  spec.name = "long";
  auto made = SearchSpace::create(parameters, {});
  spec.space = *made.space;
  Metric loss;
  loss.name = "loss";
  spec.metrics = {loss};
  spec.sampler.name = "random";
  spec.fidelity = Fidelity{"epoch", 1, kReports};
  spec.budget.trials = wanted.trials;
  return spec;
}

class Writer {
 public:
  Writer(Store& store, const Wanted& wanted)
      : store_(store), wanted_(wanted), spec_(spec_of(wanted)), rng_(wanted.seed) {
    NewStudy fresh;
    fresh.name = spec_.name;
    fresh.body = spec_.to_value().dump();
    fresh.metrics = {{"loss", MetricRole::objective}};
    study_ = store_.create_study(fresh);
    token_ = store_.lead(study_, this_process_holder(), kLease_us).token;
    worker_ = store_.register_worker({"writer", this_process_holder(), "bench", "{}"});
  }

  /// Adds trials [first, first + count) and plays them to their ends.
  void play(int first, int count) {
    std::vector<Action> actions = std::move(moves_);
    moves_.clear();
    for (int n = first; n < first + count; ++n) add(n, actions);
    actions.push_back(ClaimRuns{worker_, count, kLease_us});
    store_.apply(study_, token_, actions);
    std::vector<RunWrite> writes;
    for (const Claim& claim : store_.held(worker_)) writes.push_back(run_of(claim));
    store_.write_runs(writes);
  }
  void finish() {
    moves_.push_back(StudyMoved{StudyState::finished, "written"});
    store_.apply(study_, token_, moves_);
    store_.release_lead(study_, token_);
  }

 private:
  void add(int number, std::vector<Action>& actions) {
    auto proposal = std::make_shared<Proposal>();
    proposal->number = number;
    proposal->uid = fmt::format("{:026}", number);
    proposal->config = *spec_.space.sample(rng_);
    proposal->info = Value(Value::Map{{"rule", "random"}, {"based_on", std::int64_t{0}}});
    proposal->created_us = SystemClock().now_us();
    QueueRun run;
    run.plan.trial = number;
    run.plan.seed = number;
    actions.push_back(TrialAdded{proposal});
    actions.push_back(run);
  }

  RunWrite run_of(const Claim& claim) {
    const std::int64_t number = claim.run.plan.trial;
    const bool fails = number % kFailEvery == 3;
    const double level = std::abs(std::log(claim.proposal->config.get("p00")->as_number()) + 5);
    RunWrite write;
    write.run = claim.run.id;
    write.token = claim.run.token;
    ReportBatch batch;
    for (int i = 0; i < wanted_.points; ++i)
      batch.points.push_back({i % 2 == 0 ? "train_loss" : "grad_norm", static_cast<double>(i / 2),
                              level + 1.0 / (i + 1) + 0.01 * rng_.normal(), i * 1000});
    double value = 0;
    for (int i = 0; i < kReports; ++i) {
      value = level + 1.0 / (i + 1) + 0.01 * rng_.normal();
      Report report;
      report.run = claim.run.id;
      report.trial = number;
      report.ordinal = i;
      report.fidelity = i + 1;
      report.value = value;
      report.busy_us = (i + 1) * kSecond_us;
      batch.reports.push_back(report);
    }
    batch.next_ordinal = kReports + wanted_.points;
    write.batch = std::move(batch);
    RunEnd end;
    end.busy_us = kReports * kSecond_us;
    end.outcome = fails ? RunOutcome::failed : RunOutcome::finished;
    if (fails) end.fail_kind = FailKind::exit_code;
    write.end = end;
    TrialMoved moved;
    moved.trial = number;
    moved.state = fails ? TrialState::failed : TrialState::complete;
    moved.fail_kind = end.fail_kind;
    moved.reached = kReports;
    if (!fails) moved.results = {{0, value, kReports, 1, {}}};
    moves_.push_back(moved);
    return write;
  }

  Store& store_;
  const Wanted& wanted_;
  StudySpec spec_;
  Rng rng_;
  StudyId study_;
  std::int64_t token_ = 0;
  WorkerId worker_;
  std::vector<Action> moves_;  ///< of the trials that were played last
};

int number_of(std::string_view text) {
  int number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size() || number < 0)
    throw Error(ErrorCode::invalid_input, fmt::format("'{}' is no number", text));
  return number;
}

Wanted read_arguments(int argc, char** argv) {
  Wanted wanted;
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (!word.starts_with("--")) {
      wanted.store = word;
      continue;
    }
    if (i + 1 == argc)
      throw Error(ErrorCode::invalid_input, fmt::format("{} lacks its value", word));
    const int number = number_of(argv[++i]);
    if (word == "--trials") wanted.trials = number;
    if (word == "--parameters") wanted.parameters = std::max(1, number);
    if (word == "--points") wanted.points = number;
    if (word == "--seed") wanted.seed = static_cast<std::uint64_t>(number);
  }
  if (wanted.store.empty())
    throw Error(ErrorCode::invalid_input, "hone_long_study STORE [--trials N] [--parameters N] …");
  if (std::filesystem::exists(wanted.store))
    throw Error(ErrorCode::exists, wanted.store + " is there already");
  return wanted;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const Wanted wanted = read_arguments(argc, argv);
    const SystemClock clock;
    const ProcLiveness probe;
    const auto store = open_store(wanted.store, clock, probe);
    const auto start = std::chrono::steady_clock::now();
    Writer writer(*store, wanted);
    for (int n = 0; n < wanted.trials; n += kTogether)
      writer.play(n, std::min(kTogether, wanted.trials - n));
    writer.finish();
    const double took =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    fmt::print("{} trials with {} parameters and {} points each in {:.1f} s\n", wanted.trials,
               wanted.parameters, wanted.points, took);
    return 0;
  } catch (const hone::Error& error) {
    fmt::print(stderr, "hone_long_study: {}\n", error.what());
    return 2;
  }
}
