// Time per suggestion, insertion of the trial before it included, through a real History: fills a
// history with random trials of a sphere and then lets the sampler go on for a tenth more; as
// often, with other trials, as it takes to measure enough.
#include "bench/quality/speed.h"

#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <fstream>
#include <string>

#include "bench/quality/study_loop.h"
#include "hone/base/error.h"

namespace hone::quality {
namespace {

/// Suggestions measured at least, for every size.
constexpr std::size_t kMeasured = 200;

/// Resident memory of this process in MB (10^6 bytes); 0 where the system does not say.
double resident_mb() {
  std::ifstream status("/proc/self/status");
  std::string line;
  while (std::getline(status, line)) {
    if (line.starts_with("VmRSS:")) return std::stod(line.substr(6)) * 1024 / 1e6;
  }
  return 0;
}

/// Processor time of this thread: what the suggestion costs, whoever else uses the machine.
double thread_ms() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) / 1e6;
}

double quantile_of(std::vector<double> values, double q) {
  std::sort(values.begin(), values.end());
  return values[static_cast<std::size_t>(q * static_cast<double>(values.size() - 1))];
}

}  // namespace

int measure_speed(const std::vector<Problem>& problems, const std::string& name,
                  const AlgorithmSpec& sampler, const std::vector<std::size_t>& sizes) {
  const auto problem = std::find_if(problems.begin(), problems.end(),
                                    [&](const Problem& p) { return p.name == name; });
  if (problem == problems.end())
    throw Error(ErrorCode::not_found, "no problem is called " + name,
                "hone_quality speed takes a synthetic problem, such as sphere10");
  fmt::print("{:>10}{:>10}{:>10}{:>10}{:>13}{:>13}{:>13}{:>12}\n", "trials", "p50 ms", "p99 ms",
             "max ms", "cpu p50 ms", "cpu p99 ms", "cpu max ms", "memory MB");
  const double before = resident_mb();
  for (const std::size_t size : sizes) {
    std::vector<double> spent;
    std::vector<double> worked;
    double memory = 0;
    for (int repeat = 1; spent.size() < kMeasured; ++repeat) {
      Loop loop(*problem, sampler, repeat);
      Rng rng(static_cast<std::uint64_t>(repeat));
      while (loop.history().size() < static_cast<std::int64_t>(size)) {
        const auto config = problem->space.sample(rng);
        Value notes;  // as long as those of tpe
        notes.set("rule", "tpe").set("good", 25).set("of", loop.history().size());
        notes.set("score", rng.uniform());
        loop.add(*config, std::move(notes), problem->evaluate(*config, rng.next_u64()));
      }
      loop.suggest();  // folds the history once, as a program that opens a study does
      const std::size_t count = std::clamp<std::size_t>(size / 10, 1, 1'000);
      for (std::size_t i = 0; i < count; ++i) {
        const auto start = std::chrono::steady_clock::now();
        const double work_start = thread_ms();
        const auto config = loop.suggest();
        if (!config) return 0;  // the space is used up
        loop.add(*config, loop.last_info(), problem->evaluate(*config, rng.next_u64()));
        const std::chrono::duration<double, std::milli> took =
            std::chrono::steady_clock::now() - start;
        spent.push_back(took.count());
        worked.push_back(thread_ms() - work_start);
      }
      memory = std::max(memory, resident_mb() - before);
    }
    fmt::print("{:>10}{:>10.3f}{:>10.3f}{:>10.3f}{:>13.3f}{:>13.3f}{:>13.3f}{:>12.0f}\n", size,
               quantile_of(spent, 0.5), quantile_of(spent, 0.99), quantile_of(spent, 1),
               quantile_of(worked, 0.5), quantile_of(worked, 0.99), quantile_of(worked, 1), memory);
  }
  return 0;
}

}  // namespace hone::quality
