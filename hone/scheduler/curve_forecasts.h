// Where the trials of a study will end, as their learning curves tell it
// (surrogate/learning_curve), set right by what earlier forecasts were worth.
//
// A forecast is made when a trial comes to a level of fidelity. When the trial completes, it is
// compared with how it ended: the median of these errors at the level shifts the next forecasts
// made there, the size that nine in ten stay below stretches them (beginning with a few that say
// "twice as wide as claimed"). Shapes that completed curves had are trusted more. The forecast is
// joined with what is known without any curve: how completed trials ended, and among them the
// nearest configurations where these have told ends better than the middle of all has.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <unordered_map>
#include <vector>

#include "hone/scheduler/rungs.h"
#include "hone/surrogate/learning_curve.h"

namespace hone {

/// Not thread-safe.
class CurveForecasts {
 public:
  explicit CurveForecasts(Rungs levels);

  /// Folds a change after the history has applied it.
  void observe(const Change& change, const std::optional<Observation>& observation,
               const History& history);

  struct Forecast {
    double mean = 0;  ///< loss at full length
    double sd = 0;    ///< of Student's law with four degrees of freedom
  };
  /// By the level that the observation recorded; nullopt where it recorded none, or NaN.
  std::optional<Forecast> of(const Observation& observation) const;
  /// Whether the observation recorded NaN at a level.
  bool is_nan(const Observation& observation) const;

  struct End {
    double loss = 0;
    std::int64_t trial = -1;
  };
  /// The k-th best of the completed trials, k from 1; the last one where there are fewer; nullopt
  /// before any has completed.
  std::optional<End> best_end(std::size_t k) const;
  std::size_t completed() const { return ends_.size(); }

 private:
  struct Made {
    std::int64_t seq = 0;
    int level = 0;
    bool is_nan = false;
    Forecast raw;  ///< as the curve alone says it
    Forecast forecast;
  };
  struct OfTrial {
    std::vector<Made> made;               ///< by rising level
    std::optional<double> by_neighbours;  ///< the end that similar configurations had
  };
  /// What forecasts at a level were worth: errors in claimed standard deviations, ascending.
  struct Record {
    std::vector<double> errors;
    std::vector<double> sizes;  ///< the same without their signs
  };
  struct Skill {
    double by_middle = 0;
    double by_neighbours = 0;
    std::int64_t n = 0;
  };
  struct Population {
    double middle = 0;
    double spread = 1;
  };

  void forecast(const Observation& observation, const History& history);
  void completed(std::int64_t trial, double loss, const History& history);
  void not_completed(std::int64_t trial);
  Population population(int level) const;
  std::optional<double> neighbours(std::int64_t trial, const History& history) const;
  ShapeWeights shapes() const;

  Rungs levels_;
  std::unordered_map<std::int64_t, OfTrial> trials_;  // looked up only
  std::map<std::int64_t, double> end_of_;             // of completed trials
  std::vector<End> ends_;                             // the same, best first
  std::vector<Record> records_;                       // per level
  ShapeWeights shape_sum_{};
  Skill skill_;
};

}  // namespace hone
