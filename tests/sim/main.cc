// hone-sim: drives the real tuner, workers, samplers and schedulers through weeks of simulated
// training with faults.
//   hone-sim --seeds N [--from S] [--jobs J]   checks N seeds; prints one that fails, and how to
//                                              repeat it
//   hone-sim --seed S [--verbose]              one seed, with its record
//   hone-sim --deliberate [--within N]         breaks the code on purpose, each way once; every
//                                              fault must be found within N seeds
#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "hone/base/log.h"
#include "hone/base/text.h"
#include "tests/sim/simulation.h"

namespace {

using namespace hone;
using namespace hone::sim;

struct Arguments {
  std::uint64_t seeds = 200;
  std::uint64_t from = 1;
  std::optional<std::uint64_t> seed;
  std::uint64_t jobs = std::max(1U, std::thread::hardware_concurrency());
  std::uint64_t within = 1000;
  std::string fault;
  bool deliberate = false;
  bool verbose = false;
};

std::optional<Arguments> parse(int argc, char** argv) {
  Arguments a;
  for (int i = 1; i < argc; ++i) {
    const std::string name = argv[i];
    const auto number = [&]() -> std::uint64_t {
      return i + 1 < argc ? std::strtoull(argv[++i], nullptr, 10) : 0;
    };
    if (name == "--seeds")
      a.seeds = number();
    else if (name == "--from")
      a.from = number();
    else if (name == "--seed")
      a.seed = number();
    else if (name == "--jobs")
      a.jobs = std::max<std::uint64_t>(1, number());
    else if (name == "--within")
      a.within = number();
    else if (name == "--fault" && i + 1 < argc)
      a.fault = argv[++i];
    else if (name == "--deliberate")
      a.deliberate = true;
    else if (name == "--verbose")
      a.verbose = true;
    else
      return std::nullopt;
  }
  return a;
}

int run_deliberate(const Arguments& a) {
  int missed = 0;
  for (const DeliberateFault& fault : deliberate_faults()) {
    if (!a.fault.empty() && a.fault != fault.name) continue;
    std::uint64_t seed = a.from;
    std::string found;
    for (; seed < a.from + a.within && found.empty(); ++seed)
      found = simulate(seed, fault.name, false).violation;
    if (found.empty()) {
      ++missed;
      fmt::print("MISSED  {:22} {} (not found within {} seeds)\n", fault.name, fault.what,
                 a.within);
    } else {
      fmt::print("found   {:22} {}: seed {}: {}\n", fault.name, fault.what, seed - 1,
                 found.substr(0, found.find('\n')));
    }
  }
  fmt::print("{} of {} deliberate faults found within {} seeds each\n",
             deliberate_faults().size() - static_cast<std::size_t>(missed),
             deliberate_faults().size(), a.within);
  return missed == 0 ? 0 : 1;
}

/// What many seeds showed.
struct Tally {
  std::uint64_t struck[kFaultKinds] = {};  ///< seeds with this kind of fault
  std::int64_t trials = 0;
  std::int64_t forks = 0;  ///< of these
  std::int64_t steps = 0;
  std::int64_t replays = 0;
  std::int64_t simulated_us = 0;
  std::uint64_t short_seeds = 0;  ///< with fewer than 20 trials or 3 faults
  std::map<std::uint64_t, std::string> violations;

  void add(std::uint64_t seed, const Outcome& outcome) {
    if (!outcome.violation.empty()) violations[seed] = outcome.violation;
    std::int64_t faults = 0;
    for (int k = 0; k < kFaultKinds; ++k) {
      faults += outcome.faults.count[k];
      if (outcome.faults.count[k] > 0) ++struck[k];
    }
    if (outcome.trials < 20 || faults < 3) ++short_seeds;
    trials += outcome.trials;
    forks += outcome.forks;
    steps += outcome.steps;
    replays += outcome.replays;
    simulated_us += outcome.simulated_us;
  }
};

/// Every thread takes the next seed until all are done or one has failed; each seed is a world of
/// its own.
Tally simulate_all(const Arguments& a) {
  Tally tally;
  std::mutex mutex;
  std::uint64_t next = a.from;
  const auto work = [&] {
    for (;;) {
      std::uint64_t seed = 0;
      {
        const std::lock_guard lock(mutex);
        if (next >= a.from + a.seeds || !tally.violations.empty()) return;
        seed = next++;
      }
      const Outcome outcome = simulate(seed, "", false);
      const std::lock_guard lock(mutex);
      tally.add(seed, outcome);
    }
  };
  std::vector<std::thread> threads;
  for (std::uint64_t j = 1; j < a.jobs; ++j) threads.emplace_back(work);
  work();
  for (std::thread& thread : threads) thread.join();
  return tally;
}

int run_seeds(const Arguments& a) {
  const Tally tally = simulate_all(a);
  if (!tally.violations.empty()) {
    const auto& [seed, violation] = *tally.violations.begin();
    fmt::print("seed {} fails: {}\nrepeat it: hone-sim --seed {} --verbose\n", seed, violation,
               seed);
    return 1;
  }
  fmt::print(
      "{} seeds passed: {} trials ({} forks), {} steps, {} replays compared, {} of simulated "
      "time\n",
      a.seeds, tally.trials, tally.forks, tally.steps, tally.replays,
      format_duration_us(tally.simulated_us));
  bool rare = false;
  for (int k = 0; k < kFaultKinds; ++k) {
    const double share = static_cast<double>(tally.struck[k]) / static_cast<double>(a.seeds);
    rare = rare || share < 0.05;
    fmt::print("  {:18} in {:5} seeds ({:.0f} %)\n", fault_name(static_cast<FaultKind>(k)),
               tally.struck[k], 100 * share);
  }
  if (tally.short_seeds > 0)
    fmt::print("{} seeds had fewer than 20 trials or 3 faults\n", tally.short_seeds);
  rare = rare && a.seeds >= 100;
  if (rare) fmt::print("a kind of fault struck in fewer than 5 % of the seeds\n");
  return rare || tally.short_seeds > 0 ? 1 : 0;
}

}  // namespace

int main(int argc, char** argv) {
  const auto arguments = parse(argc, argv);
  if (!arguments) {
    fmt::print(
        stderr,
        "usage: hone-sim [--seeds N] [--from S] [--jobs J] [--seed S [--verbose]] [--deliberate "
        "[--within N] [--fault NAME]]\n");
    return 2;
  }
  hone::set_log_sink([](hone::LogLevel, std::string_view) {});
  if (arguments->deliberate) return run_deliberate(*arguments);
  if (!arguments->seed) return run_seeds(*arguments);
  const auto outcome = hone::sim::simulate(*arguments->seed, arguments->fault, arguments->verbose);
  fmt::print("seed {}: {} trials, {} steps: {}\n", *arguments->seed, outcome.trials, outcome.steps,
             outcome.violation.empty() ? "all invariants hold" : outcome.violation);
  return outcome.violation.empty() ? 0 : 1;
}
