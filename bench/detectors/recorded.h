// Detectors on recorded curves of real trainings: false alarms on good runs, and how soon diverged
// runs are caught.
#pragma once

#include <string>
#include <vector>

#include "bench/detectors/watched.h"
#include "bench/fidelity/curves.h"

namespace hone::detectors {

/// What a set of curves came to. Good: the final value lies in the better half of the set.
struct Tally {
  std::string name;
  std::size_t runs = 0;
  std::size_t good = 0;
  std::size_t good_stopped = 0;     ///< false alarms
  std::size_t recovered = 0;        ///< not diverged, but beyond the line at some point
  std::size_t healthy = 0;          ///< not diverged
  std::size_t healthy_stopped = 0;  ///< good or not
  std::size_t diverged = 0;
  std::size_t caught = 0;       ///< within 10 % of the run's length after the onset
  std::size_t caught_late = 0;  ///< later
  std::vector<double> delays;   ///< of those caught at all: shares of the run's length
  std::vector<std::string> false_alarms;

  /// Warnings on good runs, and those that what came afterwards proved wrong.
  struct Warned {
    std::size_t good = 0;
    std::size_t wrong = 0;
    std::size_t all = 0;
  };
  Warned plateau;
  Warned overfitting;

  void add(const Tally& other);
};

struct Asked {
  bool known_end = true;
  std::vector<AlgorithmSpec> settings;
};

/// Of one metric of a set's runs ("" for its objective).
Tally tally(const fidelity::CurveSet& set, const std::string& metric, const Asked& asked);

std::string tally_header();
std::string tally_row(const Tally& tally);

}  // namespace hone::detectors
