// What hone_fidelity prints and writes of its studies.
#pragma once

#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "bench/fidelity/replay.h"

namespace hone::fidelity {

/// replays[task][method][seed]
using Replays = std::map<std::string, std::map<std::string, std::map<std::int64_t, Replay>>>;

/// Regret of the named row after shares of the full-length search's compute, the mean over seeds
/// and then tasks; then for each task the compute (as a share, median over seeds) with which the
/// result of the full-length search with the same seed is reached within the task's tolerance.
void print_search(const std::vector<Task>& tasks, const std::vector<Method>& methods,
                  const Replays& replays);
/// How many of the top 2 % were stopped, by task and pooled, with Wilson's 95 % interval.
void print_race(const std::vector<Task>& tasks, const std::vector<Method>& methods,
                const Replays& replays);

/// Wilson's 95 % interval of a share.
struct Interval {
  double low = 0;
  double high = 1;
};
Interval wilson(std::int64_t hits, std::int64_t n);

/// One line a study, a file for each method; peers/run_peer.py writes the same. Throws Error(io).
class TrajectoryWriter {
 public:
  TrajectoryWriter(const std::string& folder, const std::string& label, std::string versions);
  void add(const Task& task, const std::string& protocol, std::int64_t seed, const Replay& replay);

 private:
  std::ofstream file_;
  std::string versions_;
};

}  // namespace hone::fidelity
