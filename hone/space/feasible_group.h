// One group of constraints with the method that draws from it; see feasible_sampler.h for the
// methods.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "hone/space/feasible_region.h"
#include "hone/space/hit_and_run.h"
#include "hone/space/line_chain.h"
#include "hone/space/paving.h"
#include "hone/space/separable_proposal.h"

namespace hone {

/// Immutable and thread-safe.
class FeasibleGroup {
 public:
  enum class Method { none, boxes, separable, lines, chain };

  FeasibleGroup(const SpaceModel& model, std::vector<FeasibilityTerm> terms,
                std::vector<int> parameters);
  FeasibleGroup(const FeasibleGroup&) = delete;
  FeasibleGroup& operator=(const FeasibleGroup&) = delete;

  const FeasibleRegion& region() const { return region_; }
  Method method() const { return method_; }
  const char* method_name() const;
  /// Mean number of tries per draw, as measured.
  double tries() const { return tries_; }
  /// No point is feasible: proved.
  bool is_impossible() const { return impossible_; }

  /// A feasible point (positions of axes); false when none was found.
  bool draw(Rng& rng, std::span<double> point) const;
  /// Encoded intervals of one axis that are feasible with the other positions fixed.
  std::vector<Interval> slice(std::span<const double> point, std::size_t axis) const;

 private:
  void choose();
  void propose(Method method, std::size_t which, Rng& rng, std::span<double> point) const;
  /// Share of feasible draws; keeps up to kStarts of them.
  double measure(Method method, std::size_t which, int tries);
  std::vector<Interval> slice_cells(std::vector<double> point, std::size_t axis) const;

  FeasibleRegion region_;
  Method method_ = Method::none;
  bool impossible_ = false;
  double tries_ = 1;
  std::optional<Paving> paving_;
  std::vector<SeparableProposal> separable_;
  std::size_t chosen_ = 0;
  std::optional<LineChain> lines_;
  std::optional<HitAndRun> chain_;
  std::vector<std::vector<double>> starts_;
};

}  // namespace hone
