// The sweep file's `early_terminate: {type: hyperband}` with W&B's own semantics (wandb/sweeps,
// src/sweeps/hyperband_stopping.py).
//
// An iteration is a logged, finite value of the metric, counted from 0, whatever epoch or step the
// program calls it: band 3 judges the fourth value. Bands: min_iter·η^k, or max_iter/η^k for k = 1
// … s, each cut to a whole number. At every report a running trial is judged at the newest band it
// has passed, so also later, when other trials have moved the threshold: of the n values at that
// index of all trials that got there, sorted with the best first, the threshold is element int(n/η)
// counted from 0, and a trial whose value is strictly worse is stopped. So one value stops nothing,
// and with η = 3 two of the first three survive. This is not `asha`'s rule.
//
// Where a run starts from scratch its values are counted anew; what its trial has recorded at a
// band stays.
#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <unordered_map>

#include "hone/base/text.h"
#include "hone/scheduler/asha.h"
#include "hone/scheduler/stopping.h"

namespace hone {
namespace {

constexpr int kMaxBands = 100;  // of the min_iter form, as there
constexpr double kMaxIteration = 1e15;

std::vector<std::int64_t> make_bands(const AshaOptions& options) {
  std::vector<std::int64_t> bands;
  double level = options.min_iter ? *options.min_iter : *options.max_iter;
  const int count = options.min_iter ? kMaxBands : static_cast<int>(*options.s);
  for (int k = 0; k < count; ++k) {
    if (!options.min_iter) level /= options.eta;
    if (level < 1 || level > kMaxIteration) break;
    bands.push_back(static_cast<std::int64_t>(level));
    if (options.min_iter) level *= options.eta;
  }
  std::sort(bands.begin(), bands.end());
  bands.erase(std::unique(bands.begin(), bands.end()), bands.end());
  return bands;
}

class WandbBands final : public StoppingRule {
 public:
  WandbBands(const AshaOptions& options, std::vector<std::int64_t> bands)
      : eta_(options.eta), strict_(options.strict), bands_(std::move(bands)) {
    for (const std::int64_t band : bands_) at_band_.emplace_back(static_cast<double>(band));
  }

  void observe(const Change&, const std::optional<Observation>& observation,
               const History& history) override {
    if (!observation) return;
    Progress& progress = progress_[observation->trial];
    const auto& curve = history.trial(observation->trial).curve;
    const StudySpec& spec = history.spec();
    if (curve.size() == progress.seen + 1) {
      progress.add(rung_loss(spec, curve.back().value));
    } else {  // the run's curve replaced a part of the old one
      progress = Progress();
      for (const CurvePoint& point : curve) progress.add(rung_loss(spec, point.value));
    }
    if (!std::isfinite(observation->value)) return;
    const auto band = std::lower_bound(bands_.begin(), bands_.end(), progress.valid - 1);
    if (band == bands_.end() || *band != progress.valid - 1) return;
    at_band_[static_cast<std::size_t>(band - bands_.begin())].record(
        {observation->trial, progress.last, observation->seq});
  }

  Decision judge(const Observation& observation, const History&) const override {
    const auto it = progress_.find(observation.trial);
    if (it == progress_.end()) return {};
    const auto band = std::upper_bound(bands_.begin(), bands_.end(), it->second.valid - 1);
    if (band == bands_.begin()) return {};
    const auto k = static_cast<std::size_t>(band - bands_.begin() - 1);
    const Rung& rung = at_band_[k];
    const RungEntry* entry = rung.find(observation.trial);
    if (entry == nullptr) return {};
    const double loss = strict_ ? entry->loss : it->second.best;
    const auto element = static_cast<std::int64_t>(
        1.0 / eta_ * static_cast<double>(rung.size()));  // rounds as there
    // Strictly worse than element number `element`: more than `element` values are strictly better.
    const std::int64_t rank = rung.rank(loss);
    if (rank <= element + 1) return {};
    return {Verdict::stop, fmt::format("band {}: rank {} of {}, keeps {}", bands_[k], rank,
                                       rung.size(), element + 1)};
  }

  std::string describe() const override {
    constexpr std::size_t kShown = 4;
    std::vector<std::string> shown;
    for (const std::int64_t band : bands_) {
      if (shown.size() == kShown) break;
      shown.push_back(std::to_string(band));
    }
    return fmt::format("early_terminate: bands at value {}{}, eta {}", join(shown, ", "),
                       bands_.size() > kShown ? ", …" : "", format_number(eta_));
  }

 private:
  /// The finite values of a trial's current curve.
  struct Progress {
    std::size_t seen = 0;  ///< points of the curve
    std::int64_t valid = 0;
    double last = 0;
    double best = INFINITY;
    void add(double loss) {
      ++seen;
      if (!std::isfinite(loss)) return;
      ++valid;
      last = loss;
      best = std::min(best, loss);
    }
  };

  double eta_;
  bool strict_;
  std::vector<std::int64_t> bands_;
  std::vector<Rung> at_band_;
  std::unordered_map<std::int64_t, Progress> progress_;
};

}  // namespace

std::unique_ptr<Scheduler> make_wandb_bands(const AshaOptions& options, const StudySpec&,
                                            std::vector<OptionProblem>& problems) {
  if (options.min_iter.has_value() == options.max_iter.has_value()) {
    problems.push_back({"min_iter", "rule wandb needs either min_iter, or max_iter and s"});
  } else if (options.max_iter.has_value() != options.s.has_value()) {
    problems.push_back(
        {"s", "max_iter and s belong together: bands are at max_iter/eta^k for k = 1 … s"});
  } else {
    auto bands = make_bands(options);
    if (!bands.empty()) return std::make_unique<WandbBands>(options, std::move(bands));
    problems.push_back({"max_iter", "leaves no band: max_iter/eta is below 1"});
  }
  return nullptr;
}

}  // namespace hone
