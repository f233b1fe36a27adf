#pragma once

#include <optional>
#include <vector>

#include "hone/base/rng.h"
#include "hone/space/space_model.h"

namespace hone {

class FeasibleSampler {
 public:
  FeasibleSampler(const SpaceModel& model, std::vector<SpaceProblem>& problems);
  std::optional<SpaceModel::Slots> sample(Rng& rng) const;

 private:
  const SpaceModel& model_;
};

}  // namespace hone
