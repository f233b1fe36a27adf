// Time per suggestion, insertion of the trial before it included, through a real History: fills a
// history with random trials of a sphere and then lets the sampler go on for some more.
#include "bench/quality/speed.h"

#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <string>

#include "bench/quality/study_loop.h"
#include "hone/base/error.h"

namespace hone::quality {
namespace {

constexpr int kMeasured = 1'000;

/// Resident memory of this process in MB (10^6 bytes); 0 where the system does not say.
double resident_mb() {
  std::ifstream status("/proc/self/status");
  std::string line;
  while (std::getline(status, line)) {
    if (line.starts_with("VmRSS:")) return std::stod(line.substr(6)) * 1024 / 1e6;
  }
  return 0;
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
  fmt::print("{:>10}{:>12}{:>12}{:>12}{:>14}\n", "trials", "p50 ms", "p99 ms", "max ms",
             "memory MB");
  const double before = resident_mb();
  for (const std::size_t size : sizes) {
    Loop loop(*problem, sampler, 1);
    Rng rng(7);
    while (loop.history().size() < static_cast<std::int64_t>(size)) {
      const auto config = problem->space.sample(rng);
      loop.add(*config, Value::Map{}, problem->evaluate(*config, 0));
    }
    loop.suggest();  // folds the history once, as a program that opens a study does
    std::vector<double> spent;
    for (int i = 0; i < kMeasured; ++i) {
      const auto start = std::chrono::steady_clock::now();
      const auto config = loop.suggest();
      if (!config) break;
      loop.add(*config, loop.last_info(), problem->evaluate(*config, 0));
      const std::chrono::duration<double, std::milli> took =
          std::chrono::steady_clock::now() - start;
      spent.push_back(took.count());
    }
    fmt::print("{:>10}{:>12.3f}{:>12.3f}{:>12.3f}{:>14.0f}\n", size, quantile_of(spent, 0.5),
               quantile_of(spent, 0.99), quantile_of(spent, 1), resident_mb() - before);
  }
  return 0;
}

}  // namespace hone::quality
