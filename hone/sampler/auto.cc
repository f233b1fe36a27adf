// What hone uses where nothing else is asked for:
//   few trials (up to 300) and up to 60 parameters: the Gaussian process, and from trial 20 on
//   every fourth time the tree-structured Parzen estimator, which fails in other places (a
//   portfolio loses little where either is best; ensembles led the black-box optimisation challenge
//   of 2020); up to 1 000: both in turn; beyond, or where programs take less than 50 ms: the
//   estimator alone, whose suggestions take a fraction of a millisecond at trial 100 000 as at 100.
// With two to four objectives and up to 300 trials: the process alone (every fourth trial by
// another finds less: bench/fronts). Beyond, or where programs are short: with two objectives the
// estimator and nsga2 in turn, which fail in different places, and beyond 1 000 trials nsga2 alone;
// with three and more nsga3, which five and more have from the start. All take conditional, mixed
// and constrained spaces, failed and running trials, and end by themselves where a finite space is
// used up. Which one was used is stored with each trial
// (`rule`), so a later, finer choice leaves old studies readable.
#include "hone/sampler/registry.h"

namespace hone {
namespace {

struct AutoOptions {
  bool stop_by_regret = false;
  bool cost_aware = false;
};

const OptionTable<AutoOptions>& auto_options() {
  static const OptionTable<AutoOptions> table =
      OptionTable<AutoOptions>(
          "auto",
          "hone's choice: gp and tpe in turn while trials are few, then tpe; with several "
          "objectives "
          "gp, "
          "then nsga2 or nsga3; without a budget it ends when nothing improves any more")
          .boolean("stop_by_regret", &AutoOptions::stop_by_regret, "As the option of gp")
          .boolean("cost_aware", &AutoOptions::cost_aware, "As the option of gp");
  return table;
}

/// Trials that the process has to itself: the estimator learns later than it does.
constexpr std::int64_t kFirstTrials = 20;
constexpr std::int64_t kFewTrials = 300;
constexpr std::int64_t kManyTrials = 1000;
constexpr int kManyParameters = 60;
constexpr int kMostForGp = 4;  ///< objectives
/// Programs faster than this would wait for the process.
constexpr std::int64_t kShortProgram_us = 50'000;
/// Trials whose time is looked at.
constexpr std::int64_t kTimed = 20;

class Auto final : public Sampler {
 public:
  /// `genetic`: with several objectives. `gp` may be null there.
  Auto(std::unique_ptr<Sampler> gp, std::unique_ptr<Sampler> tpe, std::unique_ptr<Sampler> genetic)
      : gp_(std::move(gp)), tpe_(std::move(tpe)), genetic_(std::move(genetic)) {}

  SuggestResult suggest(const SuggestContext& context, int count) override {
    return (genetic_ != nullptr ? for_several(context)
            : wants_gp(context) ? *gp_
                                : *tpe_)
        .suggest(context, count);
  }
  std::string describe() const override {
    if (genetic_ == nullptr) return "auto: gp and tpe";
    return gp_ != nullptr ? "auto: gp, later " + genetic_->describe()
                          : "auto: " + genetic_->describe();
  }

 private:
  Sampler& for_several(const SuggestContext& context) const {
    const History& history = context.history;
    if (gp_ != nullptr && history.size() <= kFewTrials && !is_short(history) &&
        history.spec().space.dimension() <= kManyParameters) {
      return *gp_;
    }
    const bool breeds = history.spec().objective_count() > 2 || context.first_trial % 2 == 1 ||
                        history.size() > kManyTrials;
    return breeds ? *genetic_ : *tpe_;
  }
  static bool wants_gp(const SuggestContext& context) {
    const History& history = context.history;
    const std::int64_t trials = history.size();
    if (history.spec().space.dimension() > kManyParameters || trials > kManyTrials) return false;
    if (is_short(history)) return false;
    if (context.first_trial < kFirstTrials) return true;
    const int turn = trials <= kFewTrials ? 4 : 2;
    return context.first_trial % turn != turn - 1;
  }
  /// Whether the first programs, where their time is known, took no longer than a suggestion may.
  static bool is_short(const History& history) {
    std::int64_t sum = 0;
    std::int64_t known = 0;
    for (std::int64_t i = 0; i < history.size() && known < kTimed; ++i) {
      const Trial& trial = history.trial(i);
      if (trial.state != TrialState::complete || trial.busy_us <= 0) continue;
      sum += trial.busy_us;
      ++known;
    }
    return known >= 5 && sum / known < kShortProgram_us;
  }

  std::unique_ptr<Sampler> gp_;
  std::unique_ptr<Sampler> tpe_;
  std::unique_ptr<Sampler> genetic_;  // with several objectives
};

}  // namespace

std::unique_ptr<Sampler> make_auto(const StudySpec& spec, std::vector<OptionProblem>& problems) {
  auto_options().parse(spec.sampler.options, problems);
  StudySpec chosen = spec;
  chosen.sampler.options = Value::Map{};
  StudySpec for_gp = chosen;  // its options; the others have none of these
  for_gp.sampler.options = spec.sampler.options;
  const int objectives = spec.objective_count();
  std::unique_ptr<Sampler> gp;
  std::unique_ptr<Sampler> genetic;
  if (objectives <= kMostForGp) gp = make_gp(for_gp, problems);
  if (objectives == 2) genetic = make_nsga2(chosen, problems);
  if (objectives > 2) genetic = make_nsga3(chosen, problems);
  return std::make_unique<Auto>(std::move(gp), make_tpe(chosen, problems), std::move(genetic));
}

AlgorithmHelp auto_help() { return auto_options().help(); }

}  // namespace hone
