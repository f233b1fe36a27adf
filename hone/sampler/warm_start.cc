#include "hone/sampler/warm_start.h"

#include <algorithm>
#include <limits>

#include "hone/sampler/unseen.h"

namespace hone {
namespace {

/// Points that may turn out worse than this study's own trials before the rest is left out.
constexpr int kMisses = 2;
const char* const kRule = "warm_start";

class WarmStartSampler final : public Sampler {
 public:
  explicit WarmStartSampler(std::unique_ptr<Sampler> inner) : inner_(std::move(inner)) {}

  SuggestResult suggest(const SuggestContext& context, int count) override {
    const StudySpec& spec = context.history.spec();
    const std::vector<WarmPoint>& points = spec.warm_start.points;
    Chosen chosen(context.history);
    std::vector<Suggestion> batch;
    for (std::size_t i = next_point(context.history); i < points.size(); ++i) {
      if (std::ssize(batch) == count) break;
      const Config config = spec.space.complete(points[i].config);
      if (chosen.has(config) || !spec.space.is_feasible(config)) continue;
      chosen.add(config);
      Suggestion suggestion{config, Value::Map{}};
      suggestion.info.set("rule", kRule).set("from", points[i].from);
      suggestion.info.set("point", static_cast<std::int64_t>(i));
      batch.push_back(std::move(suggestion));
    }
    if (!batch.empty()) return batch;
    return inner_->suggest(context, count);
  }
  std::string describe() const override { return inner_->describe(); }

 private:
  /// The first point that was not proposed yet; past the end once the points mislead, or once the
  /// other sampler has taken over (so only the beginning of the record is looked at).
  static std::size_t next_point(const History& history) {
    constexpr double kNone = std::numeric_limits<double>::infinity();
    const StudySpec& spec = history.spec();
    const std::size_t end = spec.warm_start.points.size();
    double own = kNone;  // the least loss before the points came
    double theirs = kNone;
    int over = 0;
    std::size_t next = 0;
    for (std::int64_t number = 0; number < history.size() && next < end; ++number) {
      const Trial& trial = history.trial(number);
      const auto value = trial.value();
      const double loss = value ? to_loss(spec.objective().goal, *value) : kNone;
      if (trial.proposal->info.string_or("rule", "") == kRule) {
        next = static_cast<std::size_t>(trial.proposal->info.int_or("point", 0)) + 1;
        theirs = std::min(theirs, loss);
        if (is_ended(trial.state)) ++over;
      } else if (trial.proposal->origin == TrialOrigin::sampler) {
        return end;
      } else if (next == 0) {
        own = std::min(own, loss);
      }
    }
    return over >= kMisses && own < theirs ? end : next;
  }

  std::unique_ptr<Sampler> inner_;
};

}  // namespace

std::unique_ptr<Sampler> make_warm_start(const StudySpec& spec, std::unique_ptr<Sampler> inner) {
  if (spec.warm_start.points.empty()) return inner;
  return std::make_unique<WarmStartSampler>(std::move(inner));
}

}  // namespace hone
