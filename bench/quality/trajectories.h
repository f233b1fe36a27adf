// Trajectories of incumbents as CSV, one line a study: the form in which peers' runs are stored
// (bench/quality/peers/run_peer.py writes it too) and in which this program hands over its own.
#pragma once

#include <cstdint>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "bench/quality/study_loop.h"

namespace hone::quality {

/// One study: its steps, and the sampler's own work of each trial, suggestion and insertion, in ms.
struct Study {
  std::vector<Step> steps;
  std::vector<double> passed_ms;
  std::vector<double> processor_ms;
  std::size_t repeated = 0;  ///< configurations that an earlier trial has, running ones included
};

/// Runs a study of `trials` trials, fewer when the space is exhausted: `batch` of them are begun,
/// one knowing of the other, before the first of them ends.
Study run_study(const Problem& problem, const AlgorithmSpec& sampler, std::int64_t seed,
                std::size_t trials, std::size_t batch = 1);

/// Appends studies to a file that it makes anew. Throws Error(io) when it cannot.
class TrajectoryWriter {
 public:
  TrajectoryWriter(const std::string& path, std::string versions);
  void add(const Problem& problem, std::int64_t seed, const Study& study);

 private:
  std::ofstream file_;
  std::string versions_;
};

/// Regret after each trial, by problem and seed. A study is cut off at `trials`. Throws
/// Error(not_found, invalid_input).
std::map<std::string, std::map<std::int64_t, std::vector<double>>> read_trajectories(
    const std::string& path, const std::vector<Problem>& problems, std::size_t trials);

}  // namespace hone::quality
