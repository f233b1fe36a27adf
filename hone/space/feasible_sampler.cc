#include "hone/space/feasible_sampler.h"

#include "hone/space/encoding.h"

namespace hone {

FeasibleSampler::FeasibleSampler(const SpaceModel& model, std::vector<SpaceProblem>&)
    : model_(model) {}

std::optional<SpaceModel::Slots> FeasibleSampler::sample(Rng& rng) const {
  constexpr int kTries = 1'000'000;
  for (int t = 0; t < kTries; ++t) {
    SpaceModel::Slots slots(model_.parameters.size());
    for (const int i : model_.searched) {
      const auto at = static_cast<std::size_t>(i);
      slots[at] = quantile(model_.parameters[at].domain, rng.uniform());
    }
    if (model_.complete(slots) && model_.holds(slots)) return slots;
  }
  return std::nullopt;
}

}  // namespace hone
