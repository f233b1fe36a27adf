// Asynchronous halving for several objectives (Schmucker et al. 2021, arXiv 2106.12639). A trial's
// rank at a rung is one more than the number of trials that recorded there and dominate it (Fonseca
// and Fleming 1993): nobody on the front is ever stopped, since which part of it the user will want
// is not known.
//
// A rung judges a trial at the first report by which every objective has a value at or beyond it.
#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <unordered_map>
#include <vector>

#include "hone/base/text.h"
#include "hone/math/pareto.h"
#include "hone/scheduler/asha.h"
#include "hone/scheduler/registry.h"
#include "hone/scheduler/stopping.h"

namespace hone {
namespace {

struct MoashaOptions {
  double eta = 3;
  std::optional<double> min;
};

const OptionTable<MoashaOptions>& moasha_options() {
  static const OptionTable<MoashaOptions> table =
      OptionTable<MoashaOptions>("moasha",
                                 "asha for several objectives: stops what many others are better "
                                 "than in every one of them")
          .number("eta", &MoashaOptions::eta, 1.1, 1000,
                  "Goes on what fewer than one in eta dominate; rungs are a factor eta apart")
          .number("min", &MoashaOptions::min, 1e-300, 1e300,
                  "Fidelity of the first rung; default: fidelity.min");
  return table;
}

class Moasha final : public StoppingRule {
 public:
  Moasha(Rungs rungs, const StudySpec& spec)
      : rungs_(std::move(rungs)),
        objectives_(static_cast<std::size_t>(spec.objective_count())),
        losses_(static_cast<std::size_t>(rungs_.size())),
        description_(fmt::format("moasha: rungs at {}, keeps what fewer than 1 in {} dominate",
                                 rungs_.levels_text(spec.fidelity->name),
                                 format_number(rungs_.eta()))) {}

  void observe(const Change& change, const std::optional<Observation>& observation,
               const History& history) override {
    const auto* reported = std::get_if<Reported>(&change.body);
    if (reported == nullptr || reported->late) return;
    const Report& report = reported->report;
    const auto metric = static_cast<std::size_t>(report.metric);
    if (metric >= objectives_ || (metric == 0 && !observation)) return;
    if (history.run(report.run)->plan.purpose != RunPurpose::search) return;
    Standing& standing = standing_[report.trial];
    if (standing.at.empty()) standing.at.resize(objectives_, {-INFINITY, NAN});
    const double value = observation ? observation->value : report.value;
    const Goal goal = history.spec().metrics[metric].goal;
    standing.at[metric] = {report.fidelity, goal == Goal::minimize ? value : -value};
    record(report.trial, standing);
    if (metric != 0) return;
    standing.judged = standing.due;
    standing.due = standing.recorded;
    standing.seq = change.seq;
  }

  Decision judge(const Observation& observation, const History&) const override {
    const auto it = standing_.find(observation.trial);
    if (it == standing_.end() || it->second.seq != observation.seq) return {};
    const Standing& standing = it->second;
    for (int k = standing.due; k > standing.judged; --k) {
      const auto& all = losses_[static_cast<std::size_t>(k)];
      const std::vector<double>& own = all.of.at(observation.trial);
      if (own.empty()) return {Verdict::stop, fmt::format("rung {}: a value is NaN", k)};
      const PointSet points{all.flat, static_cast<int>(objectives_)};
      std::int64_t better = 0;
      for (std::size_t i = 0; i < points.size(); ++i) better += dominates(points.point(i), own);
      const auto n = static_cast<double>(points.size());
      const auto keeps = std::max<std::int64_t>(1, static_cast<std::int64_t>(n / rungs_.eta()));
      if (better >= keeps) {
        return {Verdict::stop, fmt::format("rung {}: {} of {} dominate it, stops from {}", k,
                                           better, points.size(), keeps)};
      }
    }
    return {};
  }

  std::string describe() const override { return description_; }

 private:
  struct Standing {
    std::vector<std::pair<double, double>> at;  ///< per objective: fidelity and loss of the last
    int recorded = -1;                          ///< highest rung recorded at
    int judged = -1;                            ///< highest rung before the newest observation
    int due = -1;                               ///< highest rung with it
    std::int64_t seq = 0;                       ///< of the newest observation
  };
  struct Recorded {
    std::vector<double> flat;  ///< points without NaN, one after the other
    std::unordered_map<std::int64_t, std::vector<double>> of;  ///< by trial; empty: NaN
  };

  /// At every rung that all objectives have come to.
  void record(std::int64_t trial, Standing& standing) {
    double fidelity = INFINITY;
    std::vector<double> losses;
    for (const auto& [reached, loss] : standing.at) {
      fidelity = std::min(fidelity, reached);
      if (!std::isnan(loss)) losses.push_back(loss);
    }
    if (losses.size() < objectives_) losses.clear();
    for (const int top = rungs_.at(fidelity); standing.recorded < top;) {
      ++standing.recorded;
      Recorded& rung = losses_[static_cast<std::size_t>(standing.recorded)];
      rung.flat.insert(rung.flat.end(), losses.begin(), losses.end());
      rung.of.emplace(trial, losses);
    }
  }

  Rungs rungs_;
  std::size_t objectives_;
  std::vector<Recorded> losses_;  // per rung
  std::unordered_map<std::int64_t, Standing> standing_;
  std::string description_;
};

}  // namespace

std::unique_ptr<Scheduler> make_moasha(const StudySpec& spec,
                                       std::vector<OptionProblem>& problems) {
  const std::size_t before = problems.size();
  const MoashaOptions options = moasha_options().parse(spec.scheduler.options, problems);
  const auto first = first_rung("moasha", options.min, spec, problems);
  if (problems.size() != before) return nullptr;
  return std::make_unique<Moasha>(Rungs(*first, options.eta, spec.fidelity->max), spec);
}

AlgorithmHelp moasha_help() { return moasha_options().help(); }

}  // namespace hone
