// Detectors watch the curves of one trial and say when something is wrong with them. A detector is
// a fold over the points of one trial's declared metrics, in commit order. It compares the trial
// with nothing but itself and knows how long a run is, so the same points give the same findings.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "hone/base/options.h"
#include "hone/study/objective.h"
#include "hone/study/study_spec.h"
#include "hone/study/trial.h"

namespace hone {

/// What a detector saw. `kind` is what a trial that is stopped for it fails with; none: the trial
/// is stopped and keeps its value.
struct Finding {
  std::string reason;
  FailKind kind = FailKind::none;
};

/// A new point of a declared metric's curve.
struct Reading {
  int metric = 0;
  double fidelity = 0;
  double value = 0;  ///< in the user's units; may be NaN or infinite
};

/// One trial's. Not thread-safe. Never throws because of what a program reports.
class Detector {
 public:
  Detector() = default;
  Detector(const Detector&) = delete;
  Detector& operator=(const Detector&) = delete;
  virtual ~Detector() = default;
  /// Folds a point. `curve` is that of the first objective so far, the new point included where it
  /// is of that metric; its earlier points are those that were read before. Returns what is wrong
  /// as long as it is. O(1), amortised over the curve's length.
  virtual std::optional<Finding> read(const Reading& reading,
                                      std::span<const CurvePoint> curve) = 0;
};

enum class DetectorAction { off, warn, stop };

/// A detector of a study: what is done with its findings, and how one is made for a trial.
struct DetectorPlan {
  std::string name;
  DetectorAction action = DetectorAction::off;
  /// `usual_end`: the fidelity that whole runs of this study have reached, for studies that do not
  /// say how long a run is.
  std::function<std::unique_ptr<Detector>(std::optional<double> usual_end)> make;
};

/// All detectors with the study's settings, those that are off left out; mistakes are appended to
/// `problems`.
std::vector<DetectorPlan> plan_detectors(const StudySpec& spec,
                                         std::vector<OptionProblem>& problems);
std::vector<AlgorithmHelp> detector_help();

/// What a detector must know of the study about the first objective.
struct CurveFacts {
  Goal goal = Goal::minimize;
  std::string metric;
  std::string fidelity = "step";
  std::optional<double> end;  ///< full fidelity, where it is known

  explicit CurveFacts(const StudySpec& spec);
  CurveFacts with_end(std::optional<double> usual_end) const;
  /// Reports that a whole curve will have, judged by the distance of those that came; nullopt while
  /// that cannot be told.
  std::optional<double> expected_reports(std::span<const CurvePoint> curve) const;
};

}  // namespace hone
