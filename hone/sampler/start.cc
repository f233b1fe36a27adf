#include "hone/sampler/start.h"

#include "hone/math/normal.h"
#include "hone/space/encoding.h"
#include "hone/space/feasible_sampler.h"

namespace hone {

double law_position(const Parameter& parameter, double p, bool beliefs) {
  if (beliefs && parameter.prior && !is_categorical(parameter.domain)) {
    if (const auto centre = encode(parameter.domain, parameter.prior->centre)) {
      p = TruncatedNormal{*centre, parameter.prior->spread, 0, 1}.quantile(p);
      return snap(parameter.domain, p);
    }
  }
  const auto* choice = std::get_if<Choice>(&parameter.domain);
  if (choice != nullptr && !choice->weights.empty()) {
    return encode(parameter.domain, quantile(parameter.domain, p)).value_or(p);
  }
  return snap(parameter.domain, p);
}

Start::Start(const SearchSpace& space, StartDesign design, bool beliefs, Rng rng)
    : space_(space), design_(design), beliefs_(beliefs), rng_(rng) {
  const int d = space.dimension();
  if (design == StartDesign::sobol && d >= 1 && d <= Sobol::kMaxDimensions) {
    sobol_.emplace(d, rng_.split("scramble").next_u64());
  }
}

std::optional<std::vector<double>> Start::row(std::uint64_t k) const {
  std::vector<double> u(static_cast<std::size_t>(space_.dimension()));
  if (sobol_) {
    sobol_->point(static_cast<std::uint32_t>(k), u);
  } else {
    Rng rng = rng_.split("point", k);
    for (double& x : u) x = rng.uniform_open();
  }
  const auto searched = space_.searched();
  for (std::size_t j = 0; j < u.size(); ++j)
    u[j] = law_position(space_.parameter(searched[j]), u[j], beliefs_);
  const FeasibleSampler& feasible = space_.feasible_sampler();
  if (feasible.is_unconstrained() || feasible.is_feasible(u)) return u;
  Rng rng = rng_.split("repair", k);
  if (!feasible.redraw(u, rng)) return std::nullopt;
  return u;
}

std::optional<Config> Start::config(std::int64_t number, int attempt, Rng& rng) const {
  const auto row =
      this->row(static_cast<std::uint64_t>(number) + (static_cast<std::uint64_t>(attempt) << 24));
  return row ? std::optional(space_.decode(*row)) : space_.sample(rng);
}

}  // namespace hone
