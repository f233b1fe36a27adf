#include "bench/quality/trajectories.h"

#include <fmt/core.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <ctime>
#include <numeric>

#include "hone/base/error.h"
#include "hone/base/text.h"

namespace hone::quality {
namespace {

constexpr const char* kHeader =
    "problem,seed,trials,failed,p50_ms,mean_ms,cpu_p50_ms,cpu_mean_ms,incumbents,versions,date";
enum Column : std::size_t { kProblem, kSeed, kTrials, kIncumbents = 8, kColumns = 11 };

double processor_ms() {
  return 1e3 * static_cast<double>(std::clock()) / static_cast<double>(CLOCKS_PER_SEC);
}

double median(std::vector<double> values) {
  if (values.empty()) return NAN;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

double mean(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

}  // namespace

Study run_study(const Problem& problem, const AlgorithmSpec& sampler, std::int64_t seed,
                std::size_t trials, std::size_t batch) {
  using clock = std::chrono::steady_clock;
  Study study;
  Loop loop(problem, sampler, seed);
  bool exhausted = false;
  while (study.steps.size() < trials && !exhausted) {
    const std::size_t first = study.steps.size();
    const auto timed = [&](std::size_t trial, const auto& work) {
      const auto began = clock::now();
      const double processor = processor_ms();
      work();
      const std::chrono::duration<double, std::milli> passed = clock::now() - began;
      study.passed_ms.resize(std::max(study.passed_ms.size(), trial + 1));
      study.processor_ms.resize(study.passed_ms.size());
      study.passed_ms[trial] += passed.count();
      study.processor_ms[trial] += processor_ms() - processor;
    };
    std::vector<Config> configs;
    while (configs.size() < batch && first + configs.size() < trials && !exhausted) {
      timed(first + configs.size(), [&] {
        auto config = loop.suggest();
        exhausted = !config.has_value();
        if (exhausted) return;
        if (loop.history().find_config(config->key()) >= 0) ++study.repeated;
        loop.begin(*config, loop.last_info());
        configs.push_back(*std::move(config));
      });
    }
    for (const Config& config : configs) {
      const std::size_t trial = study.steps.size();
      const auto number = static_cast<std::int64_t>(trial);
      const auto value = problem.evaluate(config, noise_seed(seed, number));
      study.steps.push_back({value.value_or(NAN), problem.truth(config)});
      timed(trial, [&] { loop.end(number, value); });
    }
  }
  study.passed_ms.resize(study.steps.size());
  study.processor_ms.resize(study.steps.size());
  return study;
}

TrajectoryWriter::TrajectoryWriter(const std::string& path, std::string versions)
    : file_(path), versions_(std::move(versions)) {
  if (!file_) throw Error(ErrorCode::io, "cannot write " + path);
  file_ << kHeader << '\n';
}

void TrajectoryWriter::add(const Problem& problem, std::int64_t seed, const Study& study) {
  std::string incumbents;
  double best = NAN;
  std::size_t failed = 0;
  for (std::size_t i = 0; i < study.steps.size(); ++i) {
    const Step& step = study.steps[i];
    if (std::isnan(step.value)) {
      ++failed;
    } else if (is_better(problem.goal, step.value, best)) {
      best = step.value;
      incumbents += fmt::format("{}{}:{:.10g}:{:.10g}", incumbents.empty() ? "" : " ", i,
                                step.value, step.truth);
    }
  }
  file_ << fmt::format("{},{},{},{},{:.3g},{:.3g},{:.3g},{:.3g},{},{},\n", problem.name, seed,
                       study.steps.size(), failed, median(study.passed_ms), mean(study.passed_ms),
                       median(study.processor_ms), mean(study.processor_ms), incumbents, versions_);
  file_.flush();
}

std::map<std::string, std::map<std::int64_t, std::vector<double>>> read_trajectories(
    const std::string& path, const std::vector<Problem>& problems, std::size_t trials) {
  std::ifstream file(path);
  if (!file) throw Error(ErrorCode::not_found, "cannot read " + path);
  std::string line;
  std::getline(file, line);
  if (line != kHeader)
    throw Error(ErrorCode::invalid_input, path + " holds no trajectories: its first line differs");
  std::map<std::string, std::map<std::int64_t, std::vector<double>>> curves;
  while (std::getline(file, line)) {
    const auto cells = split(line, ',');
    if (cells.size() != kColumns) continue;
    const auto problem = std::find_if(problems.begin(), problems.end(),
                                      [&](const Problem& p) { return p.name == cells[kProblem]; });
    if (problem == problems.end()) continue;
    const auto length =
        std::min(trials, static_cast<std::size_t>(parse_number(cells[kTrials]).value_or(0)));
    std::vector<double> curve(length, 1.0);
    for (const std::string_view entry : split(cells[kIncumbents], ' ')) {
      const auto parts = split(entry, ':');
      if (parts.size() != 3) continue;
      const auto trial = static_cast<std::size_t>(parse_number(parts[0]).value_or(0));
      const double regret = problem->regret(parse_number(parts[2]).value_or(NAN));
      for (std::size_t i = trial; i < length; ++i) curve[i] = regret;
    }
    const auto seed = static_cast<std::int64_t>(parse_number(cells[kSeed]).value_or(0));
    curves[problem->name][seed] = std::move(curve);
  }
  return curves;
}

}  // namespace hone::quality
