// Each detector on curves that are written down, at its edges; all of them on arbitrary points.
#include "hone/detector/detector.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "hone/base/rng.h"
#include "hone/detector/levels.h"
#include "hone/detector/train_metric.h"

namespace hone {
namespace {

StudySpec study(Goal goal = Goal::minimize, std::optional<double> end = std::nullopt) {
  StudySpec spec;
  Metric metric;
  metric.name = goal == Goal::minimize ? "val_loss" : "reward";
  metric.goal = goal;
  spec.metrics.push_back(metric);
  if (end) spec.fidelity = Fidelity{"epoch", 1, end};
  return spec;
}

Metric tracked(const std::string& name) {
  Metric metric;
  metric.name = name;
  metric.role = MetricRole::tracked;
  return metric;
}

/// One trial before one detector.
class Subject {
 public:
  Subject(const StudySpec& spec, const std::string& detector) {
    std::vector<OptionProblem> problems;
    for (const DetectorPlan& plan : plan_detectors(spec, problems)) {
      if (plan.name == detector) detector_ = plan.make(std::nullopt);
    }
    EXPECT_TRUE(problems.empty());
  }
  std::optional<Finding> objective(double value) {
    curve_.push_back({static_cast<double>(curve_.size()), value, 0, 0});
    return detector_->read({0, curve_.back().fidelity, value}, curve_);
  }
  std::optional<Finding> other(int metric, double fidelity, double value) {
    return detector_->read({metric, fidelity, value}, curve_);
  }
  /// Index of the first point with a finding, or −1.
  int first_of(const std::vector<double>& values) {
    int first = -1;
    for (std::size_t i = 0; i < values.size(); ++i) {
      const auto finding = objective(values[i]);
      if (finding && first < 0) {
        first = static_cast<int>(i);
        reason = finding->reason;
      }
    }
    return first;
  }
  std::string reason;

 private:
  std::unique_ptr<Detector> detector_;
  std::vector<CurvePoint> curve_;
};

TEST(NanDetector, FindsTheFirstValueThatIsNoNumberAfterNumbers) {
  Subject trial(study(), "nan");
  EXPECT_FALSE(trial.objective(2.1));
  const auto finding = trial.objective(NAN);
  ASSERT_TRUE(finding);
  EXPECT_EQ(finding->kind, FailKind::nan);
  EXPECT_EQ(finding->reason, "val_loss became nan at step 1");
  EXPECT_TRUE(Subject(study(), "nan").first_of({1, INFINITY}) == 1);
}

TEST(NanDetector, LetsAMetricBeginWithNothingToMeasure) {
  EXPECT_EQ(Subject(study(Goal::maximize), "nan").first_of({NAN, NAN, -20, -3}), -1);
  EXPECT_EQ(Subject(study(), "nan").first_of({NAN, NAN, NAN, 3}), 2);
}

TEST(NanDetector, LooksAtEveryObjectiveAndAtNothingElse) {
  StudySpec spec = study();
  spec.metrics.push_back(spec.metrics[0]);
  spec.metrics[1].name = "latency";
  spec.metrics.push_back(tracked("grad_norm"));
  Subject trial(spec, "nan");
  EXPECT_FALSE(trial.other(1, 0, 3));
  EXPECT_FALSE(trial.other(2, 0, 1));
  EXPECT_FALSE(trial.other(2, 1, NAN));
  EXPECT_EQ(trial.other(1, 1, NAN)->reason, "latency became nan at step 1");
}

TEST(DivergenceDetector, FindsACurveThatLeavesForGood) {
  Subject trial(study(Goal::minimize, 9), "divergence");
  EXPECT_EQ(trial.first_of({3.0, 2.8, 6.5, 7.0, 6.9}), 4);
  EXPECT_EQ(trial.reason,
            "val_loss is 6.9, beyond 2 times its first value (3) for 3 reports, and not on its way "
            "back");
}

TEST(DivergenceDetector, WaitsLongerWhereTheEndIsNotKnown) {
  EXPECT_EQ(Subject(study(), "divergence")
                .first_of({3, 2.8, 6.5, 7, 6.9, 7.1, 7, 7.2, 6.8, 7, 7, 7.1, 7}),
            11);
}

TEST(DivergenceDetector, LetsASpikeRecover) {
  EXPECT_EQ(Subject(study(Goal::minimize, 9), "divergence").first_of({3, 2.8, 9.5, 7, 2.9, 2.7}),
            -1);
  EXPECT_EQ(Subject(study(Goal::minimize, 9), "divergence").first_of({3, 9, 2, 9, 2, 9, 9, 2}), -1);
}

TEST(DivergenceDetector, LetsAHumpComeDown) {
  std::vector<double> curve = {1};
  for (int i = 0; i < 50; ++i) curve.push_back(0.9 + 20 * std::exp(-0.3 * i));
  EXPECT_EQ(Subject(study(Goal::minimize, 50), "divergence").first_of(curve), -1);
}

TEST(DivergenceDetector, IsNotHeldUpByADescentThatWouldTakeTheRestOfTheRun) {
  std::vector<double> curve = {1};
  for (int i = 0; i < 50; ++i) curve.push_back(100 * std::exp(-0.02 * i));
  EXPECT_EQ(Subject(study(Goal::minimize, 50), "divergence").first_of(curve), 5);
}

TEST(DivergenceDetector, ScalesItsPatienceWithTheLengthOfTheRun) {
  std::vector<double> curve(1000, 1.0);
  std::fill(curve.begin() + 100, curve.begin() + 190, 5.0);
  EXPECT_EQ(Subject(study(Goal::minimize, 999), "divergence").first_of(curve), -1);
  std::fill(curve.begin() + 100, curve.end(), 5.0);
  EXPECT_NEAR(Subject(study(Goal::minimize, 999), "divergence").first_of(curve), 199, 2);
}

TEST(DivergenceDetector, TakesItsScaleFromTheGainWhereTheFirstValueHasNone) {
  // Down from −10 to −50, then out at 400.
  std::vector<double> curve;
  for (int i = 0; i < 20; ++i) curve.push_back(-10 - 2 * i);
  EXPECT_EQ(Subject(study(), "divergence").first_of(curve), -1);
  curve.resize(40, 400);
  EXPECT_EQ(Subject(study(), "divergence").first_of(curve), 29);
  for (double& x : curve) x = -x;
  EXPECT_EQ(Subject(study(Goal::maximize), "divergence").first_of(curve), 29);
}

TEST(DivergenceDetector, SaysNothingOfAMaximisedMetricThatHasNotGainedAnything) {
  std::vector<double> curve = {-1};
  curve.resize(40, -100);
  EXPECT_EQ(Subject(study(Goal::maximize), "divergence").first_of(curve), -1);
}

TEST(DivergenceDetector, BearsValuesAtTheEndsOfTheRange) {
  constexpr double kMax = std::numeric_limits<double>::max();
  const auto first_then = [](double first, double then) {
    std::vector<double> curve(20, then);
    curve[0] = first;
    return Subject(study(), "divergence").first_of(curve);
  };
  EXPECT_EQ(first_then(kMax, kMax), -1);
  EXPECT_EQ(first_then(-kMax, kMax), -1);
  EXPECT_EQ(first_then(0, 0), -1);
  EXPECT_EQ(first_then(1e-300, 1e300), 10);
}

TEST(PlateauDetector, FindsACurveThatImprovesNoMore) {
  std::vector<double> curve;
  for (int i = 0; i < 100; ++i) curve.push_back(1 + 2 * std::exp(-0.4 * i));
  Subject trial(study(), "plateau");
  const int at = trial.first_of(curve);
  EXPECT_GE(at, 22);
  EXPECT_LE(at, 45);
  EXPECT_NE(trial.reason.find("val_loss has not improved since step"), std::string::npos);
}

TEST(PlateauDetector, LetsACurveGoOnThatStillImproves) {
  std::vector<double> curve;
  for (int i = 0; i < 300; ++i) curve.push_back(std::pow(1.0 + i, -0.3));
  EXPECT_EQ(Subject(study(), "plateau").first_of(curve), -1);
  for (double& x : curve) x = -x;
  EXPECT_EQ(Subject(study(Goal::maximize), "plateau").first_of(curve), -1);
}

TEST(PlateauDetector, SaysNothingInTheFirstHalfOfAKnownLength) {
  const std::vector<double> flat(99, 0.7);
  EXPECT_GE(Subject(study(Goal::minimize, 99), "plateau").first_of(flat), 49);
  EXPECT_EQ(Subject(study(Goal::minimize, 400), "plateau").first_of(flat), -1);
}

TEST(OverfittingDetector, FindsAnObjectiveThatRisesWhileTrainingFalls) {
  StudySpec spec = study();
  spec.metrics.push_back(tracked("train_loss"));
  Subject rising(spec, "overfitting");
  Subject level(spec, "overfitting");
  int first = -1;
  for (int i = 0; i < 30; ++i) {
    const double value = i < 10 ? 2 - 0.1 * i : 1 + 0.05 * (i - 10);
    for (int k = 0; k < 5; ++k) {
      EXPECT_FALSE(rising.other(1, i + k / 5.0, 2 - 0.06 * i));
      EXPECT_FALSE(level.other(1, i + k / 5.0, 1.5));
    }
    if (const auto finding = rising.objective(value); finding && first < 0) {
      first = i;
      EXPECT_EQ(finding->kind, FailKind::none);
      EXPECT_EQ(finding->reason,
                "val_loss gets worse since step 10: 1 there, 1.25 now, while training goes on");
    }
    EXPECT_FALSE(level.objective(value)) << i;
  }
  EXPECT_EQ(first, 15);
}

TEST(OverfittingDetector, NeedsMoreWhereTheObjectiveIsAlone) {
  std::vector<double> curve;
  for (int i = 0; i < 30; ++i) curve.push_back(i < 10 ? 2 - 0.1 * i : 1 + 0.05 * (i - 10));
  EXPECT_EQ(Subject(study(), "overfitting").first_of(curve), 21);
  for (double& x : curve) x = 10 - x;
  EXPECT_GE(Subject(study(Goal::maximize), "overfitting").first_of(curve), 20);
}

TEST(OverfittingDetector, IsSilentWithinTheNoise) {
  Rng rng(7);
  std::vector<double> curve;
  for (int i = 0; i < 2000; ++i) curve.push_back(1 + 0.2 * rng.normal());
  EXPECT_EQ(Subject(study(), "overfitting").first_of(curve), -1);
}

TEST(MissingMetricDetector, FindsAnObjectiveThatComesNoMore) {
  StudySpec spec = study();
  spec.metrics.push_back(tracked("train_loss"));
  Subject trial(spec, "missing_metric");
  int first = -1;
  for (int step = 0; step <= 100; ++step) {
    const auto finding = trial.other(1, step, 1);
    if (finding && first < 0) {
      first = step;
      EXPECT_EQ(finding->reason,
                "val_loss has not come since step 3, while train_loss has reached 71: it used to "
                "come at least every 10");
    }
    if (step % 10 == 0 && step <= 30) {
      EXPECT_FALSE(trial.objective(1));
    }
  }
  EXPECT_EQ(first, 71);
}

TEST(MissingMetricDetector, DoesNotExpectWhatNeverCameRegularly) {
  StudySpec spec = study();
  spec.metrics.push_back(tracked("train_loss"));
  Subject at_the_end(spec, "missing_metric");
  Subject once(spec, "missing_metric");
  once.objective(1);
  for (int step = 0; step < 1000; ++step) {
    EXPECT_FALSE(at_the_end.other(1, step, 1));
    EXPECT_FALSE(once.other(1, step, 1));
  }
}

TEST(Detectors, AreOnByDefaultAndStopOnlyWhatIsHopeless) {
  std::vector<OptionProblem> problems;
  std::string actions;
  for (const DetectorPlan& plan : plan_detectors(study(), problems))
    actions += plan.name + (plan.action == DetectorAction::stop ? " stop, " : " warn, ");
  EXPECT_EQ(actions,
            "nan stop, divergence stop, overfitting warn, plateau warn, missing_metric warn, ");
}

TEST(Detectors, AreSetByTheSpec) {
  StudySpec spec = study();
  spec.detectors = {{"plateau", Value::Map{{"action", "stop"}, {"patience", 7}}},
                    {"nan", Value::Map{{"action", "off"}}}};
  std::vector<OptionProblem> problems;
  const auto plans = plan_detectors(spec, problems);
  EXPECT_TRUE(problems.empty());
  ASSERT_EQ(plans.size(), 4U);
  EXPECT_EQ(plans[0].name, "divergence");
  EXPECT_EQ(plans[2].action, DetectorAction::stop);
  spec.detectors = {{"plato", Value::Map{}}, {"plateau", Value::Map{{"action", "shout"}}}};
  plan_detectors(spec, problems);
  ASSERT_EQ(problems.size(), 2U);
  EXPECT_EQ(problems[0].option, "plato");
}

TEST(Detectors, BearArbitraryPoints) {
  const double odd[] = {NAN, INFINITY, -INFINITY, 0, -0.0, 1e-310, 1e308, -1e308, 1};
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    Rng rng = Rng(seed).split("points");
    StudySpec spec = study(seed % 2 == 0 ? Goal::minimize : Goal::maximize,
                           seed % 3 == 0 ? std::optional<double>(100) : std::nullopt);
    spec.metrics.push_back(tracked("train_loss"));
    std::vector<OptionProblem> problems;
    const auto plans = plan_detectors(spec, problems);
    std::vector<std::unique_ptr<Detector>> first;
    std::vector<std::unique_ptr<Detector>> second;
    for (const auto& plan : plans) {
      first.push_back(plan.make(std::nullopt));
      second.push_back(plan.make(std::nullopt));
    }
    std::vector<CurvePoint> curve;
    for (int i = 0; i < 150; ++i) {
      const double value = rng.chance(0.3) ? odd[rng.below(9)] : std::exp(20 * rng.normal());
      const double fidelity = rng.chance(0.1) ? odd[rng.below(9)] : static_cast<double>(i);
      const int metric = rng.chance(0.3) ? 1 : 0;
      if (metric == 0) curve.push_back({fidelity, value, 0, 0});
      for (std::size_t d = 0; d < plans.size(); ++d) {
        const auto one = first[d]->read({metric, fidelity, value}, curve);
        const auto two = second[d]->read({metric, fidelity, value}, curve);
        ASSERT_EQ(one.has_value(), two.has_value());
        if (one) {
          EXPECT_FALSE(one->reason.empty());
          EXPECT_EQ(one->reason, two->reason);
        }
      }
    }
  }
}

TEST(Detectors, BearAnEmptyCurve) {
  StudySpec spec = study();
  spec.metrics.push_back(tracked("train_loss"));
  std::vector<OptionProblem> problems;
  for (const auto& plan : plan_detectors(spec, problems))
    EXPECT_FALSE(plan.make(std::nullopt)->read({1, 0, 1}, {})) << plan.name;
}

TEST(Levels, AreMediansOfEqualStretchesUpToTheNewestValue) {
  const std::vector<double> values = {9, 1, 2, 100, 4, 5, NAN};
  const auto at = [&](std::size_t i) { return values[i]; };
  EXPECT_EQ(levels_of(7, 7, at).size(), 7U);
  EXPECT_EQ(levels_of(7, 2, at), (std::vector<double>{5}));
  EXPECT_TRUE(levels_of(0, 5, at).empty());
  EXPECT_EQ(noise_of(std::vector<double>{1, 2, 3, 4, 5}), 0);
  EXPECT_TRUE(std::isinf(lowest_of(std::vector<double>{NAN})));
}

TEST(TrainMetric, IsFoundByItsName) {
  const auto found = [](const std::string& objective, const std::vector<std::string>& others) {
    StudySpec spec = study();
    spec.metrics[0].name = objective;
    for (const std::string& name : others) spec.metrics.push_back(tracked(name));
    const int at = train_metric_of(spec);
    return at == 0 ? std::string() : spec.metrics[static_cast<std::size_t>(at)].name;
  };
  EXPECT_EQ(found("val_loss", {"grad_norm", "train_loss"}), "train_loss");
  EXPECT_EQ(found("eval_loss", {"loss"}), "loss");
  EXPECT_EQ(found("eval_loss", {"loss", "train/loss"}), "train/loss");
  EXPECT_EQ(found("Validation/Accuracy", {"train_loss", "Training/Accuracy"}), "Training/Accuracy");
  EXPECT_EQ(found("loss", {"learning_rate", "val_loss"}), "");
  EXPECT_EQ(found("val_loss", {}), "");
}

}  // namespace
}  // namespace hone
