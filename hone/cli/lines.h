// What happens in a study, as lines: one per event, for pipes, logs and terminals without a live
// display; or as JSON objects.
#pragma once

#include <cstdio>
#include <map>
#include <string>

#include "hone/tuner/session.h"

namespace hone::cli {

struct LineOptions {
  bool json = false;
  bool quiet = false;
  bool verbose = false;  ///< also each report of the objective
  bool colour = false;
  std::string log_path;  ///< where output goes once the terminal has gone
};

class LineObserver final : public SessionObserver {
 public:
  explicit LineObserver(LineOptions options) : options_(options) {}
  void changed(const Change& change, const SessionView& view, bool past) override;
  void tick(const SessionView& view) override;
  void said(const std::string& sentence, const SessionView& view) override;
  void hung_up() override;

 private:
  void print(const std::string& line);
  void plain(const Change& change, const SessionView& view);
  void json(const Change& change, const SessionView& view);
  void ended(const TrialMoved& moved, const SessionView& view);
  void failed(const Trial& trial, const SessionView& view);

  LineOptions options_;
  int failures_shown_ = 0;
  std::int64_t best_ = -1;
};

/// "lr 3.1e-3  rank 16": the searched parameters of a configuration in the order of the study file.
std::string config_text(const StudySpec& spec, const Config& config);
/// A parameter's value for reading.
std::string value_text(const Value& value);
/// What differs between two configurations would be lost in rounding: digits that tell them apart.
std::string metric_text(double value);
/// A trial as one JSON object (number, state, config, results, reason, times).
Value trial_json(const History& history, const Trial& trial);
/// The message of a failure without its log lines, and those lines.
std::pair<std::string, std::string> split_detail(const std::string& detail);
/// "epoch 3 of 9", "3", or "".
std::string reached_text(const StudySpec& spec, const Trial& trial);

}  // namespace hone::cli
