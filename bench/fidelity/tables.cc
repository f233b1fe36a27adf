#include "bench/fidelity/tables.h"

#include <fmt/chrono.h>
#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <ctime>
#include <filesystem>

#include "hone/base/clock.h"
#include "hone/base/error.h"
#include "hone/math/stats.h"

namespace hone::fidelity {
namespace {

constexpr double kMarks[] = {1.0 / 16, 1.0 / 8, 1.0 / 4, 1.0 / 2, 1.0};

/// The label as it stands at the head of a column.
std::string head(const std::string& label) { return label.substr(0, 17); }

void print_heads(const std::string& first, const std::vector<Method>& methods) {
  fmt::print("{:26}", first);
  for (const Method& method : methods) fmt::print("{:>18}", head(method.label));
  fmt::print("\n");
}

/// Shares of what the full-length search spent after which each seed's study is as good as that
/// search's end with the same seed. (It spends less than one training a trial where some diverge.)
std::vector<double> shares_to_reach(const Task& task, const std::map<std::int64_t, Replay>& full,
                                    const std::map<std::int64_t, Replay>& studies) {
  std::vector<double> shares;
  const double worse = task.goal == Goal::minimize ? task.tolerance : -task.tolerance;
  for (const auto& [seed, study] : studies) {
    const Replay& search = full.at(seed);
    const double target = search.value_at(task, search.compute) + worse;
    shares.push_back(study.compute_to_reach(task, target) / search.compute);
  }
  return shares;
}

/// The middle one, or the worse one of two: never a mean with infinity.
double upper_median(std::vector<double> values) {
  if (values.empty()) return NAN;
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

std::string share_text(double share) {
  return std::isinf(share) ? "never" : fmt::format("{:.3f}", share);
}

}  // namespace

void print_search(const std::vector<Task>& tasks, const std::vector<Method>& methods,
                  const Replays& replays) {
  fmt::print(
      "\nregret (0: best row, 1: typical row) by share of the full-length search's compute\n");
  print_heads("share", methods);
  for (const double mark : kMarks) {
    fmt::print("{:<26}", fmt::format("{:.4g}", mark));
    for (const Method& method : methods) {
      double sum = 0;
      for (const Task& task : tasks) {
        const auto& seeds = replays.at(task.name).at(method.label);
        double of_task = 0;
        for (const auto& [seed, study] : seeds)
          of_task += task.regret(study.value_at(task, mark * task.trials));
        sum += of_task / static_cast<double>(seeds.size());
      }
      fmt::print("{:18.4f}", sum / static_cast<double>(tasks.size()));
    }
    fmt::print("\n");
  }
  fmt::print(
      "\nshare of what that search spent to reach its result within the tolerance, median over "
      "seeds\n");
  print_heads("task", methods);
  std::vector<std::vector<double>> medians(methods.size());
  for (const Task& task : tasks) {
    const auto& of_task = replays.at(task.name);
    fmt::print("{:26}", task.name.substr(0, 25));
    for (std::size_t m = 0; m < methods.size(); ++m) {
      const auto shares =
          shares_to_reach(task, of_task.at(methods.front().label), of_task.at(methods[m].label));
      medians[m].push_back(upper_median(shares));
      fmt::print("{:>18}", share_text(medians[m].back()));
    }
    fmt::print("\n");
  }
  fmt::print("{:26}", "median task");
  for (const auto& of_method : medians) fmt::print("{:>18}", share_text(upper_median(of_method)));
  fmt::print("\n{:26}", "trials, mean");
  for (const Method& method : methods) {
    double trials = 0;
    double studies = 0;
    for (const Task& task : tasks) {
      for (const auto& [seed, study] : replays.at(task.name).at(method.label)) {
        trials += static_cast<double>(study.trials.size());
        ++studies;
      }
    }
    fmt::print("{:18.1f}", trials / studies);
  }
  fmt::print("\n");
}

void print_race(const std::vector<Task>& tasks, const std::vector<Method>& methods,
                const Replays& replays) {
  fmt::print(
      "\ntrials of the final top 2 % that were not trained in full, of all of them; compute\n");
  print_heads("task", methods);
  std::vector<TopTrials> pooled(methods.size());
  for (const Task& task : tasks) {
    fmt::print("{:26}", task.name.substr(0, 25));
    for (std::size_t m = 0; m < methods.size(); ++m) {
      TopTrials sum;
      double compute = 0;
      double trials = 0;
      for (const auto& [seed, study] : replays.at(task.name).at(methods[m].label)) {
        const TopTrials top = top_trials(task, study.trials);
        sum.count += top.count;
        sum.stopped += top.stopped;
        compute += study.compute;
        trials += static_cast<double>(study.trials.size());
      }
      pooled[m].count += sum.count;
      pooled[m].stopped += sum.stopped;
      fmt::print("{:>18}", fmt::format("{}/{} {:.2f}", sum.stopped, sum.count, compute / trials));
    }
    fmt::print("\n");
  }
  fmt::print("{:26}", "pooled");
  for (const TopTrials& top : pooled)
    fmt::print("{:>18}", fmt::format("{}/{}", top.stopped, top.count));
  fmt::print("\n{:26}", "share, 95 % interval");
  for (const TopTrials& top : pooled) {
    const Interval interval = wilson(top.stopped, top.count);
    fmt::print("{:>18}", fmt::format("{:.1f} ({:.1f}-{:.1f}) %",
                                     100.0 * static_cast<double>(top.stopped) /
                                         static_cast<double>(top.count),
                                     100 * interval.low, 100 * interval.high));
  }
  fmt::print("\n");
}

Interval wilson(std::int64_t hits, std::int64_t n) {
  constexpr double kZ = 1.959963984540054;
  if (n == 0) return {};
  const double count = static_cast<double>(n);
  const double p = static_cast<double>(hits) / count;
  const double scale = 1 + kZ * kZ / count;
  const double middle = (p + kZ * kZ / (2 * count)) / scale;
  const double half = kZ / scale * std::sqrt(p * (1 - p) / count + kZ * kZ / (4 * count * count));
  return {std::max(0.0, middle - half), std::min(1.0, middle + half)};
}

TrajectoryWriter::TrajectoryWriter(const std::string& folder, const std::string& label,
                                   std::string versions)
    : versions_(std::move(versions)) {
  std::string name;
  for (const char c : label) {
    const bool plain = std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-';
    if (plain) name += c;
    if (!plain && !name.empty() && name.back() != '_') name += '_';
  }
  std::filesystem::create_directories(folder);
  const std::string path = folder + "/" + name + ".csv";
  file_.open(path);
  if (!file_) throw Error(ErrorCode::io, path + " cannot be written");
  file_ << "task,seed,protocol,trials,compute,seconds,top,top_stopped,incumbents,trained,versions,"
           "date\n";
}

void TrajectoryWriter::add(const Task& task, const std::string& protocol, std::int64_t seed,
                           const Replay& replay) {
  const TopTrials top = top_trials(task, replay.trials);
  std::string incumbents;
  std::string trained;
  for (const Incumbent& incumbent : replay.incumbents) {
    const std::string entry = fmt::format("{:.6g}:{:.6g}:{:.10g}", incumbent.compute,
                                          incumbent.seconds, task.final_value(incumbent.row));
    incumbents += (incumbents.empty() ? "" : " ") + entry;
    if (incumbent.trained) trained += (trained.empty() ? "" : " ") + entry;
  }
  const std::time_t now = SystemClock().now_us() / kSecond_us;
  file_ << fmt::format("{},{},{},{},{:.6g},{:.6g},{},{},{},{},{},{:%Y-%m-%d}\n", task.name, seed,
                       protocol, replay.trials.size(), replay.compute, replay.seconds, top.count,
                       top.stopped, incumbents, trained, versions_, fmt::gmtime(now));
  file_.flush();
}

}  // namespace hone::fidelity
