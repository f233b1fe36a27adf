// Stops a trial whose chance of ending among the best has become small (see odds.h), and the choice
// that `auto` makes.
#include <fmt/core.h>

#include "hone/base/text.h"
#include "hone/scheduler/asha.h"
#include "hone/scheduler/odds.h"
#include "hone/scheduler/odds_promote.h"
#include "hone/scheduler/registry.h"
#include "hone/scheduler/stopping.h"

namespace hone {
namespace {

struct OddsRuleOptions : OddsOptions {
  std::string mode = "auto";
  double aim = 0.01;
  std::optional<double> chance_below;
  std::optional<double> min;
  std::optional<double> spacing;
};

const OptionTable<OddsRuleOptions>& odds_options() {
  static const OptionTable<OddsRuleOptions> table =
      OptionTable<OddsRuleOptions>(
          "odds",
          "Stops trials whose chance of ending among the best is small, by "
          "what early values have said of final ones in this study")
          .text("mode", &OddsRuleOptions::mode, {"auto", "stop", "promote"},
                "stop: end trials whose chance is small; promote: pause trials, and go on with "
                "those that promise most for their cost; auto: promote where a checkpoint is "
                "declared or the command takes ${fidelity}, else stop")
          .number("chance", &OddsRuleOptions::chance_below, 0, 1,
                  "Gives up what has less chance than this; default: 0.01, or 0.003 where paused "
                  "trials can go on")
          .number("best", &OddsRuleOptions::best, 0.001, 0.5,
                  "Of ending among the best so many, as a share of all trials")
          .number("caution", &OddsRuleOptions::caution, 0, 10,
                  "Standard errors by which what early values say is taken lower")
          .number("band", &OddsRuleOptions::band, 0, 1000,
                  "Others count as better from so many of the trial's own steps on")
          .number("tail", &OddsRuleOptions::tail, 0, 1,
                  "Share of the trials of which early values say nothing, times what they leave "
                  "open of the others")
          .number("aim", &OddsRuleOptions::aim, 0.0001, 0.5,
                  "mode promote: goes on with what promises to end among the best so many, as a "
                  "share of all trials")
          .number("prior", &OddsRuleOptions::prior, 0, 1000,
                  "mode promote: what is expected before any trial has completed counts as so many")
          .number(
              "decay", &OddsRuleOptions::decay, 0, 10,
              "mode promote: expected correlation with the end, as a power of the share of the way")
          .number("min", &OddsRuleOptions::min, 1e-300, 1e300,
                  "Fidelity of the first comparison; default: fidelity.min")
          .number("spacing", &OddsRuleOptions::spacing, 1.05, 100,
                  "Comparisons are this factor apart; default: 1.5, 2 where trials are paused, 3 "
                  "where paused trials start again");
  return table;
}

struct AutoOptions {};

const OptionTable<AutoOptions>& auto_options() {
  static const OptionTable<AutoOptions> table(
      "auto",
      "odds; moasha where there are several objectives; none where no fidelity or no end of a "
      "training is declared");
  return table;
}

class OddsRule final : public StoppingRule {
 public:
  explicit OddsRule(Odds odds) : odds_(std::move(odds)) {}

  void observe(const Change& change, const std::optional<Observation>& observation,
               const History& history) override {
    odds_.observe(change, observation, history);
  }

  Decision judge(const Observation& observation, const History& history) const override {
    const Odds::Chance chance = odds_.chance(observation, history);
    if (chance.level < 0) return {};
    const std::string where = place_text(history.spec(), observation.fidelity);
    if (chance.is_nan) return {Verdict::stop, fmt::format("{}: the value is NaN", where)};
    if (chance.chance >= odds_.options().chance) return {};
    return {Verdict::stop,
            fmt::format("{}: rank {} of {}, chance of ending among the best {} % is {} %", where,
                        chance.rank, chance.of, format_number(100 * odds_.options().best, 2),
                        format_number(100 * chance.chance, 2))};
  }

  std::string describe() const override {
    return fmt::format("odds: stops what has less than {} % chance of ending among the best {} %",
                       format_number(100 * odds_.options().chance, 2),
                       format_number(100 * odds_.options().best, 2));
  }

 private:
  Odds odds_;
};

}  // namespace

std::unique_ptr<Scheduler> make_odds(const StudySpec& spec, std::vector<OptionProblem>& problems) {
  const std::size_t before = problems.size();
  OddsRuleOptions options = odds_options().parse(spec.scheduler.options, problems);
  const auto first = first_rung("odds", options.min, spec, problems);
  if (spec.fidelity && !spec.fidelity->max)
    problems.push_back({"type", "odds needs to know the end of a training: give fidelity.max"});
  const bool promote = options.mode == "promote" || (options.mode == "auto" && can_promote(spec));
  if (promote) check_promotion("mode", spec, problems);
  if (problems.size() != before) return nullptr;
  options.chance = options.chance_below.value_or(promote ? 0.003 : 0.01);
  const double spacing = options.spacing.value_or(!promote ? 1.5 : spec.checkpoint ? 2 : 3);
  Odds odds(Rungs(*first, spacing, spec.fidelity->max), options);
  if (promote) return make_odds_promote(std::move(odds), options.aim, spec);
  return std::make_unique<OddsRule>(std::move(odds));
}

std::unique_ptr<Scheduler> make_auto_scheduler(const StudySpec& spec,
                                               std::vector<OptionProblem>& problems) {
  const std::size_t before = problems.size();
  auto_options().parse(spec.scheduler.options, problems);
  if (problems.size() != before) return nullptr;
  const bool has_end = spec.fidelity && spec.fidelity->max && spec.fidelity->min > 0 &&
                       *spec.fidelity->max > spec.fidelity->min;
  if (!has_end) return make_none(spec, problems);
  return spec.objective_count() > 1 ? make_moasha(spec, problems) : make_odds(spec, problems);
}

AlgorithmHelp auto_scheduler_help() { return auto_options().help(); }
AlgorithmHelp odds_help() { return odds_options().help(); }

}  // namespace hone
