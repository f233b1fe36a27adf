// What the live display knows of a study: a fold of its changes that keeps the few things a screen
// needs, so that a screen costs the same after ten trials and after ten thousand. `LiveModel`
// folds, `LiveView` is one moment of it as plain data, from which `ui_render` draws.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "hone/cli/ui_plot.h"
#include "hone/study/history.h"

namespace hone::cli {

/// A trial, or a run that confirms one, as a row of the table.
struct LiveRow {
  std::int64_t trial = -1;
  std::string state;  ///< "running", "confirm 2/3", "stopping", "done", "stopped", "failed" …
  Tone tone = Tone::plain;
  std::string at;  ///< "4/9", "1200" or ""
  std::optional<double> value;
  std::vector<std::optional<double>> curve;  ///< kCurveBars slices of the way to the end
  std::optional<double> against;             ///< value − best trial's value at that fidelity
  std::optional<double> against_share;       ///< of the best's value, where both have one sign
  std::int64_t time_us = 0;
  bool is_running = false;
  std::string where;                ///< "gpu 0", "cpu 2,3" or ""
  std::vector<std::string> values;  ///< of the parameters, "" where inactive
  std::string reason;               ///< of an end that has one, or a detector's warning
  bool is_best = false;
};

/// One moment of a study.
struct LiveView {
  std::string title;
  Goal goal = Goal::minimize;
  std::string metric;
  std::string sampler;
  std::string scheduler;  ///< "" where there is none
  std::string fidelity;   ///< its name
  int parallel = 0;       ///< 0: not this process's matter
  bool follows = false;   ///< another process leads
  bool watches = false;   ///< only watches
  bool interrupted = false;
  bool confirming = false;

  TrialCounts counts;
  std::int64_t started = 0;  ///< trials that count against the budget
  std::optional<std::int64_t> budget_trials;
  std::optional<std::int64_t> budget_time_us;
  std::vector<std::string> budget_used;  ///< of the other limits: "cost 4.2 of 20"
  std::int64_t active_us = 0;
  std::optional<std::int64_t> left_us;  ///< an estimate

  std::string front;  ///< with several objectives, in place of the best: "3 trials: loss 1 to 2, …"
  std::int64_t best = -1;
  double best_value = 0;
  bool best_is_complete = true;
  bool best_is_default = false;
  std::vector<std::pair<std::string, std::string>> best_config;  ///< names and values
  std::optional<double> gain;                                    ///< best − default
  std::optional<double> gain_share;                              ///< of the default, unsigned
  double default_value = 0;

  std::vector<std::string> parameters;  ///< names of those that vary
  std::vector<LiveRow> running;         ///< by number
  std::int64_t running_hidden = 0;      ///< further ones
  std::vector<LiveRow> recent;          ///< newest end first
  ValueCurve curve;
  std::vector<std::pair<FailKind, std::int64_t>> failures;
  std::optional<double> steps_saved;  ///< share of the steps that full trials would have taken
};

/// What a view depends on beside the history.
struct LiveMoment {
  std::int64_t now_us = 0;  ///< the store's clock
  int parallel = 0;
  bool follows = false;
  bool watches = false;
  bool interrupted = false;
  std::set<RunId> stopping;                 ///< runs that were told to end
  std::function<std::string(RunId)> where;  ///< devices of a run; may be empty
  std::size_t rows = 16;                    ///< at most so many running ones, and recent ones
};

/// Not thread-safe. Cheap per change; a view costs O(rows), not O(trials).
class LiveModel {
 public:
  static constexpr std::size_t kCurveBars = 8;

  explicit LiveModel(std::string title) : title_(std::move(title)) {}
  /// A change that `history` has just folded.
  void changed(const Change& change, const History& history);
  /// Also mends the model where it missed a change.
  LiveView view(const History& history, const LiveMoment& moment);
  /// One trial, whatever its state. After `view` of the same history.
  LiveRow row(const History& history, std::int64_t trial, const LiveMoment& moment) const;

 private:
  static constexpr std::size_t kRecentAtMost = 64;
  static constexpr std::size_t kDotsAtMost = 4096;

  void settle(const History& history, const Trial& trial);
  void unsettle(const Trial& trial);
  void rebuild(const History& history);
  bool is_in_step(const History& history) const;
  void find_best(const History& history, const Trial& trial);
  LiveRow ended_row(const History& history, const Trial& trial) const;
  LiveRow running_row(const History& history, const Run& run, const LiveMoment& moment) const;
  void compare(const History& history, LiveRow& row, double at) const;
  void fill_best(const History& history, LiveView& view) const;
  void fill_rows(const History& history, const LiveMoment& moment, LiveView& view) const;
  double work_running(const History& history) const;

  std::string title_;
  std::int64_t version_ = 0;
  std::map<RunId, std::int64_t> active_;       ///< claimed runs with their trials
  std::vector<TrialState> settled_;            ///< by trial; `queued`: has not ended
  std::map<TrialState, std::int64_t> counts_;  ///< of the settled ones
  std::deque<std::int64_t> recent_;            ///< newest last
  std::map<FailKind, std::int64_t> failures_;
  std::int64_t default_trial_ = -1;
  std::int64_t best_complete_ = -1;
  std::int64_t best_stopped_ = -1;
  std::string front_;  ///< in words; of several objectives
  ValueCurve curve_;
  std::int64_t dot_stride_ = 1;
  double stopped_reached_ = 0;  ///< sum over stopped trials
  double highest_reached_ = 0;  ///< of complete trials
  bool must_rebuild_ = false;
};

}  // namespace hone::cli
