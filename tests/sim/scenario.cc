#include "tests/sim/scenario.h"

#include <fmt/core.h>

#include <cmath>
#include <csignal>

#include "hone/base/assert.h"

namespace hone::sim {
namespace {

constexpr double kEpochs = 9;
constexpr double kBatchThatFits = 16;  ///< where memory is short

Parameter real(std::string name, double low, double high, Law law) {
  Parameter p;
  p.name = std::move(name);
  Real domain;
  domain.low = low;
  domain.high = high;
  domain.law = law;
  p.domain = domain;
  return p;
}

SearchSpace make_space(Rng& rng) {
  std::vector<Parameter> parameters;
  parameters.push_back(real("lr", 1e-5, 1e-1, Law::log_uniform));
  parameters.push_back(real("dropout", 0, 0.5, Law::uniform));
  Parameter batch;
  batch.name = "batch";
  Choice choice;
  for (const int b : {8, 16, 32, 64}) choice.items.push_back({Value(b), std::to_string(b)});
  choice.ordered = true;
  batch.domain = choice;
  parameters.push_back(batch);
  if (rng.chance(0.5)) {
    Parameter momentum = real("momentum", 0.5, 0.99, Law::uniform);
    Condition when;
    when.parent = "batch";
    when.any_of = {Value(8), Value(16)};
    momentum.conditions.push_back(when);
    parameters.push_back(momentum);
  }
  auto built = SearchSpace::create(std::move(parameters), {});
  HONE_ASSERT(built.space, "the scenario's space is valid");
  return *built.space;
}

void choose_scheduler(StudySpec& spec, Rng& rng) {
  switch (rng.below(9)) {
    case 0:
      spec.scheduler.name = "none";
      break;
    case 1:
      spec.scheduler.name = "median";
      break;
    case 2:
      spec.scheduler.name = "asha";
      spec.scheduler.options.set("mode", "stop").set("eta", 3);
      break;
    case 3:
      spec.scheduler.name = "asha";
      spec.scheduler.options.set("mode", "promote").set("eta", 3);
      if (rng.chance(0.5)) spec.checkpoint = CheckpointSpec{"ckpt", "", {}};
      break;
    case 4:
      spec.scheduler.name = "hyperband";
      spec.scheduler.options.set("mode", rng.chance(0.5) ? "rounds" : "promote");
      if (rng.chance(0.5)) spec.checkpoint = CheckpointSpec{"ckpt", "", {}};
      break;
    case 5:
      spec.scheduler.name = rng.chance(0.5) ? "pasha" : "i_epoch";
      if (rng.chance(0.5)) spec.checkpoint = CheckpointSpec{"ckpt", "", {}};
      break;
    case 6:
    case 7:
      // More members than the machines can run at a time, mostly.
      spec.scheduler.name = "pbt";
      spec.scheduler.options.set("population", static_cast<std::int64_t>(22 + rng.below(6)))
          .set("interval", 1 + static_cast<double>(rng.below(3)))
          .set("quantile", 0.4);
      spec.checkpoint = CheckpointSpec{"ckpt", "", {}};
      break;
    default:
      spec.scheduler.name = "asha";
      spec.scheduler.options.set("rule", "wandb").set("min_iter", 2).set("eta", 2);
      break;
  }
}

/// Impatient enough to warn and to stop within nine epochs, in a part of the seeds.
void choose_detectors(StudySpec& spec, Rng rng) {
  const char* actions[] = {"off", "warn", "stop"};
  const Value plateau_action(actions[rng.below(3)]);
  const Value overfitting_action(actions[rng.below(3)]);
  if (!rng.chance(0.5)) return;
  Value plateau{Value::Map{}};
  plateau.set("action", plateau_action).set("patience", 3).set("share", 0.3).set("min_gain", 0.3);
  Value overfitting{Value::Map{}};
  overfitting.set("action", overfitting_action).set("patience", 1).set("rise", 0.001);
  spec.detectors = {{"plateau", std::move(plateau)}, {"overfitting", std::move(overfitting)}};
}

std::string line_of(Rng& rng, int style, double epoch, double value) {
  switch (style) {
    case 0:
      return fmt::format("@hone {{\"epoch\": {}, \"val_loss\": {}}}\n", epoch,
                         format_double(value));
    case 1:
      return fmt::format("{{\"epoch\": {}, \"val_loss\": {}}}\n", epoch, format_double(value));
    default:
      // Progress bars and chatter in between must not matter.
      return fmt::format("step {}/99 loss\r{{'val_loss': {}, 'epoch': {}}}\nsaved to out/{}\n",
                         rng.below(99), format_double(value), epoch, rng.below(1000));
  }
}

}  // namespace

const char* fault_name(FaultKind kind) {
  static constexpr const char* kNames[kFaultKinds] = {
      "leader crash", "worker crash",      "keeper crash",    "reboot",
      "lost lease",   "duplicated report", "late report",     "store error",
      "lost answer",  "hanging run",       "failing program", "user request"};
  return kNames[static_cast<int>(kind)];
}

Scenario make_scenario(std::uint64_t seed) {
  Rng rng = Rng(seed).split("scenario");
  Scenario s;
  s.seed = seed;
  auto spec = std::make_shared<StudySpec>();
  spec->name = "sim";
  spec->seed = static_cast<std::int64_t>(rng.below(1u << 30));
  spec->space = make_space(rng);
  Metric objective;
  objective.name = "val_loss";
  objective.goal = rng.chance(0.8) ? Goal::minimize : Goal::maximize;
  spec->metrics.push_back(objective);
  spec->sampler.name = "random";
  spec->fidelity = Fidelity{"epoch", 1, kEpochs};
  spec->command.argv = {"train", "${args}", "--epochs", "${fidelity}"};
  choose_scheduler(*spec, rng);
  choose_detectors(*spec, rng.split("detectors"));
  spec->budget.trials = 20 + static_cast<std::int64_t>(rng.below(15));
  spec->limits.retries = static_cast<int>(rng.below(3));
  spec->limits.silence_us = 3'600'000'000;
  spec->limits.interruptions = 200;
  spec->limits.same_failures = 0;
  spec->replicates = rng.chance(0.15) && spec->scheduler.name == "none" ? 2 : 1;
  if (rng.chance(0.3) && spec->scheduler.name != "pbt") spec->confirm = Confirm{2, 2};
  spec->run_default_first = rng.chance(0.8);
  Rng memory = Rng(seed).split("memory");
  const bool population = spec->scheduler.name == "pbt" || spec->scheduler.name == "pb2";
  if (memory.chance(0.4) && !population)
    spec->on_gpu_oom = OomRule{{"batch"}, {}, memory.chance(0.3) ? 1 : 4};
  if (spec->replicates > 1 && memory.chance(0.6)) {
    spec->racing = true;
    spec->replicates = 3;
  }
  s.hosts = 1 + static_cast<int>(rng.below(3));
  s.processes = 2 + static_cast<int>(rng.below(3));
  s.parallel = 1 + static_cast<int>(rng.below(4));
  // Each fault strikes in some seeds only, so that a failure shows which one it needs; crashes in
  // most.
  const auto rate = [&](double chance, double highest) {
    return rng.chance(chance) ? highest * rng.uniform(0.25, 1) : 0.0;
  };
  s.crash_rate = rate(0.8, 0.01);
  s.store_error_rate = rate(0.5, 0.03);
  s.lost_answer_rate = rate(0.5, 0.02);
  s.duplicate_rate = rate(0.5, 0.3);
  s.stall_rate = rate(0.5, 0.004);
  s.keeper_rate = rate(0.4, 0.002);
  s.reboot_rate = rate(0.3, 0.0015);
  s.request_rate = rate(0.4, 0.004);
  s.hang_rate = rate(0.4, 0.1);
  s.failure_rate = rate(0.5, 0.2);
  if (s.crash_rate == 0 && s.store_error_rate == 0) s.crash_rate = 0.005;
  s.spec = spec;
  return s;
}

Script make_script(const Scenario& scenario, RunId run, const Config& config,
                   std::optional<double> target, double from_fidelity) {
  Rng rng = Rng(scenario.seed).split("program", static_cast<std::uint64_t>(run.value));
  Script script;
  const double lr = config.get("lr")->as_number();
  const double level = 1 + std::pow(std::log10(lr) + 2.5, 2) + config.get("dropout")->as_number();
  const auto pace = static_cast<std::int64_t>(rng.uniform(5, 400) * 1e6);
  const int style = static_cast<int>(rng.below(3));
  script.hangs = rng.chance(scenario.hang_rate);
  script.fails = !script.hangs && rng.chance(scenario.failure_rate);
  const double last = target.value_or(kEpochs);
  const double broken_at = script.fails || script.hangs
                               ? static_cast<double>(rng.below(static_cast<std::uint64_t>(kEpochs)))
                               : 1e9;
  FakeProgram& program = script.program;
  if (scenario.spec->on_gpu_oom && config.get("batch")->as_number() > kBatchThatFits) {
    program.pieces.push_back({1000, 1, "RuntimeError: CUDA out of memory.\n"});
    program.end_us = 2000;
    program.exit_code = 1;
    script.fails = true;
    script.hangs = false;
    return script;
  }
  program.ignores_term = rng.chance(0.1);
  program.pieces.push_back({1000, 0, "loading data\n"});
  std::size_t written = program.pieces.back().bytes.size();
  std::int64_t now = 1000;
  for (double epoch = from_fidelity + 1; epoch <= last && epoch <= broken_at; ++epoch) {
    now += static_cast<std::int64_t>(static_cast<double>(pace) * rng.uniform(0.7, 1.3));
    const double value = level * (0.5 + 2 / (1 + epoch)) + 0.01 * rng.normal();
    FakeProgram::Piece piece{now, 0, line_of(rng, style, epoch, value)};
    written += piece.bytes.size();
    // The objective's line ends before any chatter that follows it.
    const std::size_t line_end = written - piece.bytes.size() + piece.bytes.find('\n') + 1;
    script.values.push_back({epoch, value, line_end});
    program.pieces.push_back(std::move(piece));
    program.pieces.push_back({now, 1, "warning: something harmless\n"});
  }
  program.end_us = now + 1'000'000;
  program.hangs = script.hangs;
  if (script.fails) {
    if (rng.chance(0.3)) {
      program.signal = SIGSEGV;
    } else {
      program.exit_code = 1;
      program.pieces.push_back(
          {now, 1, "Traceback (most recent call last):\nValueError: broken\n"});
    }
  }
  return script;
}

}  // namespace hone::sim
