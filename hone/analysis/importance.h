// What mattered: how much of the order of the trials each parameter explains, and which pair of
// parameters interacts.
//
// A functional analysis of variance by polynomial chaos: the normal scores of the trials' order are
// regressed on orthonormal functions of the parameters and of pairs (effect_basis.h), the ridge by
// leave-one-out error. Squared coefficients are variances under the law of the space (Sudret 2008).
// A pair's variance is shared between its two (Shapley effects, Owen 2014), so the shares add up.
// Why a regression and not the densities of good trials (ped_anova.h): a sampler that learns looks
// where it is good in every parameter at once, also in those that do not matter; only what is
// conditional on the others tells them apart (docs/design/0007-importance.md).
//
// Chance: residuals of the model without the parameter are permuted and the whole is fitted again
// (Freedman and Lane 1983), which gives what a parameter without effect would explain. That amount
// is taken off each share, and its distribution gives p. For pairs the null is the model without
// any, and the largest of all pairs counts (Westfall and Young 1993), so among many pairs none is
// told because there are many.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "hone/analysis/estimate.h"
#include "hone/study/history.h"

namespace hone {

struct Effect {
  std::string parameter;
  double share = 0;  ///< of what the parameters explain, 0–1; what chance would give is taken off
  double share_sd = 0;  ///< over resampled trials (bootstrap)
  double p = 1;         ///< that a parameter without effect explains so much
  double tail_p = 1;  ///< the same by a gamma law with the moments of what chance gave: finer than
                      ///< one in so many permutations
  /// The share with the 95 % interval of the normal law, cut to 0–1.
  Estimate interval() const;
};

struct Interaction {
  std::string first;  ///< the one earlier in the study file
  std::string second;
  double share = 0;  ///< as of an effect; part of the shares of both
  double p = 1;      ///< that the strongest of all pairs explains so much where none interacts
};

struct Importance {
  bool enough = false;      ///< else there are too few trials to tell, and nothing below is set
  std::int64_t trials = 0;  ///< that say something
  std::int64_t needed = 0;  ///< from how many on it is told
  double explained = 0;  ///< share of the order that the model predicts of left-out trials, ≥ 0
  std::vector<Effect> effects;           ///< every searched parameter, largest share first
  std::optional<Interaction> strongest;  ///< the strongest pair, whatever its p
};

/// Effects and interactions below this are told; the rate of false ones where nothing matters.
constexpr double kSignificance = 0.05;

struct ImportanceOptions {
  /// Explains the values (find_targets) instead of the order: sees the few bad trials of a sampler
  /// that has learnt, which their ranks hide. Where values cannot be compared, the order all the
  /// same.
  bool by_value = false;
  int permutations = 199;
  int resamples = 100;
};

/// Pure: the generator comes from the study's seed. Of more than 1000 trials evenly spaced ones are
/// used; pairs are looked for among the ten parameters with the largest main effects. O(10⁹) at
/// worst.
Importance find_importance(const History& history, const ImportanceOptions& options = {});

}  // namespace hone
