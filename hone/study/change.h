// The study's record: every decision, change of state and report of a declared metric, in commit
// order. The whole state of a study is a fold of these; nothing is ever derived again from rules.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "hone/study/ids.h"
#include "hone/study/run.h"
#include "hone/study/trial.h"

namespace hone {

enum class StudyState { open = 0, paused = 1, finished = 2 };
const char* study_state_name(StudyState state);

/// A value of a declared metric at a fidelity.
struct Report {
  RunId run;
  std::int64_t trial = -1;
  std::int64_t ordinal = 0;  ///< position within the run's reports: `append` is idempotent by it
  double fidelity = 0;
  int metric = 0;            ///< index into the study's declared metrics; the first objective is 0
  double value = 0;          ///< may be NaN or infinite
  std::int64_t busy_us = 0;  ///< time the trial has run, pauses excluded
};

// What can happen, one struct each. `Change` adds commit number and instant.
struct TrialAdded {
  std::shared_ptr<const Proposal> proposal;
};
/// A run waits to be claimed. The trial becomes queued unless another of its runs is running.
struct RunQueued {
  RunId run;
  RunPlan plan;
};
/// A worker took the run; the trial becomes running.
struct RunClaimed {
  RunId run;
  std::int64_t trial = -1;
  std::int64_t token = 0;
  WorkerId worker;
};
struct Reported {
  Report report;
  bool late =
      false;  ///< after the report that caused a verdict on the same run: stored, drawn, not folded
};
/// A verdict on a running trial, with the report that caused it (0: none, e.g. a user's request).
struct Judged {
  std::int64_t trial = -1;
  Verdict verdict = Verdict::stop;
  std::string reason;
  std::string rule;  ///< who judged: "asha", "nan", "user", "time limit" …
  std::int64_t cause_seq = 0;
  FailKind fail_kind =
      FailKind::none;  ///< for detectors: the trial fails with this instead of being stopped
};
struct RunEnded {
  RunId run;
  std::int64_t trial = -1;
  RunEnd end;
};
/// The trial changed state by a decision of the leader (all changes but →queued by RunQueued and
/// →running by RunClaimed).
struct TrialMoved {
  std::int64_t trial = -1;
  TrialState state = TrialState::complete;
  FailKind fail_kind = FailKind::none;
  std::string reason;
  std::vector<Result> results;
  std::optional<double> reached;
};
struct StudyMoved {
  StudyState state = StudyState::finished;
  std::string reason;
};
/// A newer version of the spec rules from here on.
struct SpecChanged {
  std::int64_t version = 1;
};
struct RequestHandled {
  RequestId request;
  std::string outcome;
};
/// A fact that a scheduler or the tuner must remember ("rung raised", "confirmation starts").
struct Noted {
  std::string kind;
  Value body;
};

/// What a detector saw of a trial that goes on: Noted{kWarningNote, …}.
inline constexpr const char* kWarningNote = "warning";
struct WarningNote {
  std::int64_t trial = -1;
  std::string detector;
  std::string reason;
  std::int64_t cause_seq = 0;  ///< the report that it was seen at
};
Noted to_note(const WarningNote& warning);
/// Nullopt for notes of other kinds.
std::optional<WarningNote> warning_of(const Noted& noted);

using ChangeBody = std::variant<TrialAdded, RunQueued, RunClaimed, Reported, Judged, RunEnded,
                                TrialMoved, StudyMoved, SpecChanged, RequestHandled, Noted>;

struct Change {
  std::int64_t seq = 0;
  std::int64_t at_us = 0;  ///< the store's clock
  ChangeBody body;
};

/// The JSON body and kind number of an event row (every change but Reported), and back. TrialAdded
/// carries only the number: its content is the trial row.
int event_kind(const ChangeBody& body);
const char* event_kind_name(int kind);
Value event_body(const ChangeBody& body);
/// Throws Error(store_corrupt) when the body does not fit the kind.
ChangeBody parse_event(int kind, std::optional<std::int64_t> trial, std::optional<std::int64_t> run,
                       const Value& body);

/// Trial and run of a change, for the event row.
std::optional<std::int64_t> trial_of(const ChangeBody& body);
std::optional<std::int64_t> run_of(const ChangeBody& body);

}  // namespace hone
