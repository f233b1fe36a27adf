#include "tests/sim/simulation.h"

#include <fmt/core.h>

#include <algorithm>
#include <deque>
#include <set>

#include "hone/runner/fake_executor.h"
#include "hone/store/memory_store.h"
#include "hone/tuner/tuner.h"
#include "hone/tuner/worker.h"
#include "tests/sim/checker.h"
#include "tests/sim/replay.h"
#include "tests/sim/sim_job_builder.h"

namespace hone::sim {
namespace {

constexpr std::int64_t kLeaderTtl_us = 30'000'000;
constexpr std::int64_t kWorkerTtl_us = 60'000'000;
constexpr std::int64_t kStepsAtMost = 60'000;

struct Host {
  std::string name;
  int boot = 0;
  std::unique_ptr<FakeMachine> machine;
};

/// A process of hone: its worker, and its tuner.
struct Process {
  int host = 0;
  std::int64_t pid = 0;
  Holder holder;
  std::unique_ptr<SimStore> store;
  std::unique_ptr<FakeExecutor> executor;
  std::unique_ptr<SimJobBuilder> builder;
  std::unique_ptr<Tuner> tuner;
  std::unique_ptr<Worker> worker;
  std::int64_t asleep_until_us = 0;
  std::int64_t restart_at_us = 0;
  bool alive() const { return worker != nullptr || tuner != nullptr; }
};

class Simulation {
 public:
  Simulation(std::uint64_t seed, std::string fault)
      : scenario_(make_scenario(seed)),
        fault_(std::move(fault)),
        rng_(Rng(seed).split("simulation")),
        store_(clock_, probe_),
        checker_(scenario_) {
    probe_.is_alive = [this](const Holder& holder) { return is_alive(holder); };
    if (!fault_.empty()) {
      store_.set_fault([this](std::string_view name) { return name == fault_; });
    }
    for (int h = 0; h < scenario_.hosts; ++h) {
      hosts_.push_back({fmt::format("host{}", h), 1, std::make_unique<FakeMachine>(clock_)});
    }
    NewStudy study;
    study.name = "sim";
    study.body = "{}";
    for (const Metric& metric : scenario_.spec->metrics)
      study.metrics.emplace_back(metric.name, metric.role);
    study_ = store_.create_study(study);
    for (int p = 0; p < scenario_.processes; ++p) {
      processes_.emplace_back();
      processes_.back().host = p % scenario_.hosts;
    }
  }

  Outcome run(bool verbose);

 private:
  bool is_alive(const Holder& holder) const;
  void boot(Process& process);
  void die(Process& process);
  void step_process(Process& process);
  void strike();
  void advance();
  void check_hands();
  void check_replay(Outcome& outcome);
  void check_nothing_lives();
  void request();
  FakeProgram program_of(int host, const Job& job);
  double saved_by(const std::string& trial, RunId but) const;
  std::function<std::string(std::string_view)> switch_for() const;

  Scenario scenario_;
  std::string fault_;
  Rng rng_;
  ManualClock clock_;
  SimProbe probe_;
  MemoryStore store_;
  Checker checker_;
  StudyId study_;
  std::vector<Host> hosts_;
  std::deque<Process> processes_;
  std::vector<SentBatch> sent_;
  FaultLog log_;
  std::int64_t next_pid_ = 100;
  bool calm_ = false;
  std::map<RunId, Script> scripts_;
  std::map<std::string, double> copies_;      ///< of a parent's checkpoint, by the fork's number
  std::map<RunId, std::int64_t> started_by_;  ///< pid of the process of hone
};

bool Simulation::is_alive(const Holder& holder) const {
  for (const Process& process : processes_) {
    if (process.alive() && process.holder == holder) return true;
  }
  return false;
}

std::function<std::string(std::string_view)> Simulation::switch_for() const {
  if (fault_.empty()) return {};
  return
      [this](std::string_view name) { return name == fault_ ? std::string(name) : std::string(); };
}

/// The fidelity of the checkpoint that the trial's runs have left by now (on a shared file system):
/// what they have printed.
double Simulation::saved_by(const std::string& trial, RunId but) const {
  double saved = 0;
  for (const Host& host : hosts_) {
    for (const auto& [run, process] : host.machine->processes()) {
      if (process.job.argv[3] != trial || run == but) continue;
      const std::size_t written = host.machine->output(process, 0).size();
      const auto known = scripts_.find(run);
      if (known == scripts_.end()) continue;
      for (const PrintedValue& v : known->second.values) {
        if (v.end_offset <= written) saved = std::max(saved, v.fidelity);
      }
    }
  }
  return saved;
}

FakeProgram Simulation::program_of(int host, const Job& job) {
  const auto config = Config::parse(job.argv[0]);
  std::optional<double> target;
  if (!job.argv[1].empty()) target = std::stod(job.argv[1]);
  double from = 0;
  if (!job.argv[2].empty()) {
    from = saved_by(job.argv[3], job.run);
    const std::string& parent = job.argv[4];
    if (from == 0 && !parent.empty()) {
      // A fork without a checkpoint of its own: the copy of its parent's, made at its first start.
      const auto copy = copies_.try_emplace(job.argv[3], 0).first;
      if (copy->second == 0) {
        copy->second = saved_by(parent, job.run);
        const auto handed_down = copies_.find(parent);
        if (copy->second == 0 && handed_down != copies_.end()) copy->second = handed_down->second;
      }
      from = copy->second;
      if (from == 0) throw std::logic_error("trial " + job.argv[3] + " was forked from nothing");
    }
  }
  Script script = make_script(scenario_, job.run, *config, target, from);
  if (script.hangs) log_.add(FaultKind::hanging_run);
  if (script.fails) log_.add(FaultKind::failing_program);
  scripts_[job.run] = script;
  TrueRun truth;
  truth.values = script.values;
  FakeMachine* machine = hosts_[static_cast<std::size_t>(host)].machine.get();
  truth.written = [machine, run = job.run] {
    return machine->output(*machine->find(run), 0).size();
  };
  truth.ended_by_itself = [machine, run = job.run] {
    const FakeMachine::Process* p = machine->find(run);
    return machine->ended_us(*p) == p->start_us + p->program.end_us && p->program.exit_code == 0 &&
           p->program.signal == 0;
  };
  checker_.know_run(job.run, std::move(truth));
  return script.program;
}

void Simulation::boot(Process& process) {
  process.pid = next_pid_++;
  const Host& host = hosts_[static_cast<std::size_t>(process.host)];
  process.holder = Holder{host.name, fmt::format("boot{}", host.boot), process.pid, process.pid};
  process.store = std::make_unique<SimStore>(
      store_, probe_, process.holder, scenario_,
      rng_.split("store", static_cast<std::uint64_t>(process.pid)), log_, sent_);
  process.store->calm = calm_;
  process.store->leads = [&process] {
    return process.tuner && process.tuner->role() == TunerRole::leading;
  };
  process.executor = std::make_unique<FakeExecutor>(
      *host.machine,
      [this, h = process.host, pid = process.pid](const Job& job) {
        started_by_[job.run] = pid;
        return program_of(h, job);
      },
      rng_.split("cut", static_cast<std::uint64_t>(process.pid)));
  process.builder = std::make_unique<SimJobBuilder>();
  WorkerOptions worker;
  worker.info = {fmt::format("worker-{}", process.pid), process.holder, "sim", "{}"};
  worker.parallel = scenario_.parallel;
  worker.lease_ttl_us = kWorkerTtl_us;
  worker.give_up_us = INT64_MAX;
  worker.fault = switch_for();
  process.worker = std::make_unique<Worker>(*process.store, *process.executor, clock_, study_,
                                            scenario_.spec, *process.builder, worker);
  TunerOptions tuner;
  tuner.holder = process.holder;
  tuner.lease_ttl_us = kLeaderTtl_us;
  tuner.parallel = scenario_.parallel * scenario_.processes;
  tuner.give_up_us = INT64_MAX;
  tuner.entropy = scenario_.seed;
  tuner.load_spec = [this](const SpecRecord&) {
    if (fault_ != "rung_keeps_fewer" || scenario_.spec->scheduler.options.find("eta") == nullptr)
      return scenario_.spec;
    auto other = std::make_shared<StudySpec>(*scenario_.spec);
    other->scheduler.options.set("eta", 4);
    return std::shared_ptr<const StudySpec>(other);
  };
  tuner.fault = switch_for();
  if (process.pid % 2 == 0) tuner.offer = [&process] { return process.worker->offer(); };
  for (;;) {
    try {
      process.tuner = std::make_unique<Tuner>(*process.store, clock_, study_, tuner);
      return;
    } catch (const Error& error) {  // a process that cannot read its study at its start ends, and
                                    // is started again
      if (error.code() == ErrorCode::invalid_input) throw;
    }
  }
}

void Simulation::die(Process& process) {
  process.tuner.reset();
  process.worker.reset();
  process.executor.reset();
  process.restart_at_us = clock_.now_us() + static_cast<std::int64_t>(rng_.uniform(0, 300e6));
}

void Simulation::step_process(Process& process) {
  try {
    if (!process.alive()) {
      boot(process);
      return;
    }
    if (rng_.chance(0.5)) {
      process.tuner->step();
    } else {
      process.worker->step(0);
    }
  } catch (const ProcessDies&) {
    die(process);
  }
}

void Simulation::strike() {
  if (calm_) return;
  // No study ends undisturbed: the second half of one that has seen little meets more.
  const bool spared = log_.total() < 3 && checker_.trials() >= 10;
  if (rng_.chance(scenario_.keeper_rate + (spared ? 0.02 : 0))) {
    hosts_[rng_.below(hosts_.size())].machine->kill_keeper();
    log_.add(FaultKind::keeper_crash);
  }
  if (rng_.chance(scenario_.reboot_rate)) {
    const auto h = static_cast<int>(rng_.below(hosts_.size()));
    log_.add(FaultKind::reboot);
    for (Process& process : processes_) {
      if (process.host == h && process.alive()) die(process);
    }
    hosts_[static_cast<std::size_t>(h)].machine->reboot();
    ++hosts_[static_cast<std::size_t>(h)].boot;
  }
  for (Process& process : processes_) {
    if (process.alive() && rng_.chance(scenario_.stall_rate)) {
      process.asleep_until_us =
          clock_.now_us() + static_cast<std::int64_t>(rng_.uniform(0.3, 6) * kWorkerTtl_us);
      log_.add(FaultKind::lost_lease);
    }
  }
  if (!sent_.empty() && rng_.chance(scenario_.duplicate_rate / 20)) {
    const SentBatch& old = sent_[rng_.below(sent_.size())];
    log_.add(FaultKind::late_report);
    store_.append(old.run, old.token, old.batch);
  }
  if (rng_.chance(scenario_.request_rate)) request();
}

void Simulation::request() {
  if (checker_.trials() == 0 || checker_.study_state() != StudyState::open) return;
  log_.add(FaultKind::user_request);
  Value body = Value::Map{};
  const auto trial =
      static_cast<std::int64_t>(rng_.below(static_cast<std::uint64_t>(checker_.trials())));
  if (rng_.chance(0.5)) {
    body.set("trials", Value(Value::List{Value(trial)}));
    store_.add_request(study_, "stop_trials", body, "sim");
  } else if (rng_.chance(0.5)) {
    body.set("trials", Value(Value::List{Value(trial)}));
    store_.add_request(study_, "retry", body, "sim");
  } else {
    Rng draw = rng_.split("enqueue", static_cast<std::uint64_t>(clock_.now_us()));
    body.set("config", scenario_.spec->space.sample(draw)->to_value());
    checker_.allow_more_trials(1);
    store_.add_request(study_, "enqueue", body, "sim");
  }
}

void Simulation::advance() {
  const double u = rng_.uniform();
  const double seconds = u < 0.7    ? rng_.uniform(0, 2)
                         : u < 0.95 ? rng_.uniform(0, 30)
                                    : rng_.uniform(0, 300);
  clock_.advance_us(static_cast<std::int64_t>(seconds * 1e6));
}

/// No run in two hands: of the processes that live, at most one works for an open run of the same
/// trial, replicate and purpose.
void Simulation::check_hands() {
  std::set<std::tuple<std::int64_t, int, int>> working;
  std::set<RunId> alive;
  for (const Host& host : hosts_) {
    for (const auto& [run, process] : host.machine->processes()) {
      if (!host.machine->is_alive(run)) continue;
      if (!alive.insert(run).second)
        throw Violation(fmt::format("run {} lives on two machines", run.value));
      if (!checker_.is_open(run)) continue;
      const RunPlan& plan = checker_.plan(run);
      if (!working.insert({plan.trial, plan.replicate, static_cast<int>(plan.purpose)}).second) {
        throw Violation(fmt::format("two processes work for trial {} at once", plan.trial));
      }
    }
  }
}

/// A worker that lost a run, or whose run was ended by a verdict, has ended its program: five
/// minutes after the study nothing lives that was started by a process which has been there all the
/// time.
void Simulation::check_nothing_lives() {
  calm_ = true;
  for (Process& process : processes_) {
    if (process.store) process.store->calm = true;
    process.asleep_until_us = 0;
  }
  for (int i = 0; i < 60; ++i) {
    clock_.advance_us(5 * kSecond_us);
    for (Process& process : processes_) {
      if (process.alive()) process.worker->step(0);
    }
  }
  for (const Host& host : hosts_) {
    for (const auto& [run, program] : host.machine->processes()) {
      const auto lives = [&](const Process& p) { return p.alive() && p.pid == started_by_[run]; };
      if (!host.machine->is_alive(run) || std::none_of(processes_.begin(), processes_.end(), lives))
        continue;
      throw Violation(fmt::format("the program of run {} lives on after the study", run.value));
    }
  }
}

void Simulation::check_replay(Outcome& outcome) {
  for (Process& process : processes_) {
    if (!process.tuner || process.tuner->role() != TunerRole::leading) continue;
    if (!process.tuner->is_current() || process.tuner->history().version() != checker_.last_seq())
      continue;
    if (fault_ == "rung_keeps_fewer") continue;  // to be found by the record alone
    const std::string wrong = compare_with_replay(store_, study_, scenario_.spec, *process.tuner);
    if (!wrong.empty()) throw Violation(wrong);
    ++outcome.replays;
  }
}

Outcome Simulation::run(bool verbose) {
  Outcome outcome;
  const std::int64_t start_us = clock_.now_us();
  try {
    // Faults strike until the study is old; then everything must come to rest by itself.
    const std::int64_t calm_after = 2500 + static_cast<std::int64_t>(rng_.below(1500));
    while (!checker_.finished()) {
      if (++outcome.steps > kStepsAtMost) throw Violation("the study does not end");
      if (!calm_ && outcome.steps > calm_after) {
        calm_ = true;
        for (Process& process : processes_) {
          if (process.store) process.store->calm = true;
        }
      }
      Process& process = processes_[rng_.below(processes_.size())];
      const bool asleep = process.asleep_until_us > clock_.now_us();
      const bool down = !process.alive() && process.restart_at_us > clock_.now_us();
      if (!asleep && !down) step_process(process);
      strike();
      if (rng_.chance(0.5)) advance();
      checker_.read(store_, study_);
      check_hands();
      if (rng_.chance(0.005)) check_replay(outcome);
    }
    check_replay(outcome);
    check_nothing_lives();
  } catch (const Violation& violation) {
    outcome.violation = violation.what();
  } catch (const Error& error) {
    outcome.violation = fmt::format("an error came through: {}", error.what());
  }
  if (verbose) {
    for (const Process& process : processes_) {
      fmt::print("process {} on host {}: {}, asleep until {}, runs:", process.pid, process.host,
                 process.alive() ? "alive" : "down", process.asleep_until_us - clock_.now_us());
      if (process.worker) {
        for (const ActiveRun& run : process.worker->active()) {
          fmt::print(" {} (trial {}{})", run.run.value, run.trial,
                     run.stopping ? ", stopping" : "");
        }
      }
      fmt::print("\n");
    }
  }
  outcome.faults = log_;
  outcome.trials = checker_.trials();
  outcome.forks = checker_.forks();
  outcome.simulated_us = clock_.now_us() - start_us;
  if (verbose) {
    for (const Change& change : store_.changes_since(study_, 0, 1'000'000))
      fmt::print("{}\n", describe(change));
  }
  return outcome;
}

constexpr DeliberateFault kFaults[] = {
    {"fencing", "the store does not compare tokens"},
    {"append_twice", "the store takes reports that it has already"},
    {"requeue_forgotten", "an interrupted trial is not queued again"},
    {"lease_kept_after_loss", "a worker goes on after its lease was lost"},
    {"judge_again", "verdicts are derived again from the whole record at a restart"},
    {"warning_repeated", "a leader that takes over warns of what was warned of already"},
    {"rung_keeps_fewer", "a rung keeps one trial in four instead of one in three"},
    {"offset_forgotten", "an adopted run is read from its start again"},
    {"claim_twice", "a run that somebody holds is given to another worker"},
    {"budget_off_by_one", "one trial too many is started"},
    {"memory_forgotten", "what followed a trial out of memory is forgotten"},
    {"late_folded", "reports behind a verdict are folded"},
    {"last_batch_lost", "the last reports of a run are dropped at its end"},
    {"cause_missing", "a verdict does not name its report"},
};

}  // namespace

std::span<const DeliberateFault> deliberate_faults() { return kFaults; }

Outcome simulate(std::uint64_t seed, const std::string& fault, bool verbose) {
  return Simulation(seed, fault).run(verbose);
}

}  // namespace hone::sim
