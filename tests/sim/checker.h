// The invariants, checked on the record alone and against what the programs really printed. The
// checker keeps its own model of the study and shares no code with the loops that it judges (but
// the table of legal states).
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "hone/store/store.h"
#include "tests/sim/scenario.h"

namespace hone::sim {

struct Violation : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// What the simulator knows of a run's real process.
struct TrueRun {
  std::vector<PrintedValue> values;       ///< all that its script prints
  std::function<std::size_t()> written;   ///< bytes of stdout so far
  std::function<bool()> ended_by_itself;  ///< with success
};

class Checker {
 public:
  explicit Checker(const Scenario& scenario) : scenario_(scenario) {}

  /// Folds new changes; throws Violation.
  void read(Store& store, StudyId study);
  void know_run(RunId run, TrueRun truth) { truth_[run] = std::move(truth); }
  /// After the study has finished.
  void check_end() const;
  bool finished() const { return study_state_ == StudyState::finished; }
  StudyState study_state() const { return study_state_; }
  std::int64_t last_seq() const { return seq_; }
  std::int64_t forks() const { return forks_; }
  std::int64_t trials() const { return static_cast<std::int64_t>(trials_.size()); }
  /// Whether the run is open in the record.
  bool is_open(RunId run) const;
  const RunPlan& plan(RunId run) const { return runs_.at(run).plan; }
  TrialState trial_state(std::int64_t number) const {
    return trials_.at(static_cast<std::size_t>(number)).state;
  }

 private:
  struct TrialModel {
    TrialState state = TrialState::queued;
    TrialOrigin origin = TrialOrigin::sampler;
    Verdict verdict = Verdict::go_on;
    FailKind fail_kind = FailKind::none;
    double batch = 0;
    int open_search_runs = 0;
    int open_confirm_runs = 0;
  };
  struct RunModel {
    RunPlan plan;
    RunState state = RunState::waiting;
    std::int64_t token = 0;
    std::int64_t next_ordinal = 0;
    std::size_t stored = 0;                                ///< values of the objective stored
    std::vector<std::pair<std::int64_t, double>> reports;  ///< seq, value
    RunEnd end;
  };

  void apply(const Change& change);
  void added(const TrialAdded& e);
  void followed(const TrialAdded& e);
  void decided_about_memory(std::int64_t trial);
  void noted(const Noted& e);
  void check_memory() const;
  void queued(const RunQueued& e);
  void claimed(const RunClaimed& e);
  void reported(const Reported& e, std::int64_t seq);
  void judged(const Judged& e, std::int64_t seq);
  void ended(const RunEnded& e);
  void moved(const TrialMoved& e);
  void warned(const WarningNote& e, std::int64_t seq);
  void check_rank_rule(const Judged& e) const;
  [[noreturn]] void fail(const std::string& what) const;

  const Scenario& scenario_;
  std::int64_t seq_ = 0;
  StudyState study_state_ = StudyState::open;
  std::vector<TrialModel> trials_;
  std::map<RunId, RunModel> runs_;
  std::map<RunId, TrueRun> truth_;
  std::map<std::int64_t, std::pair<RunId, double>> report_at_;  ///< seq → run, fidelity
  std::set<std::int64_t> causes_;
  std::set<std::pair<std::int64_t, std::string>> warnings_;  ///< trial and detector
  std::map<RunId, std::int64_t> closed_after_;
  std::set<std::int64_t>
      late_;  ///< seqs of reports behind a verdict's cause, of runs that were open then
  std::set<std::int64_t> out_of_memory_;  ///< trials that wait for what follows them
  std::set<std::int64_t> memory_decided_;
  bool confirming_ = false;
  std::int64_t counted_ = 0;
  std::int64_t forks_ = 0;
  std::int64_t extra_budget_ = 0;

 public:
  void allow_more_trials(std::int64_t n) { extra_budget_ += n; }
};

}  // namespace hone::sim
