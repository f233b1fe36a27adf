// One group of constraints with the parameters that they tie together: the part of the unit cube
// where all of them hold.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "hone/base/rng.h"
#include "hone/space/box_program.h"
#include "hone/space/law.h"
#include "hone/space/space_model.h"

namespace hone {

/// A searched parameter of a group as an axis of the *prior cube*: coordinates p in [0, 1] are
/// uniform under the parameter's law (quantile() of encoding.h), weights of choices included.
/// Discrete axes are cut into `count` atoms; numeric items of a choice are sorted, so that ranges
/// of atoms are ranges of values.
class Axis {
 public:
  Axis(const Domain& domain, int parameter);

  int parameter() const { return parameter_; }
  bool discrete() const { return discrete_; }
  double count() const { return count_; }
  /// Lower edge of atom k in [0, count]; discrete axes only.
  double edge(double k) const;
  /// The atom that holds p.
  double atom(double p) const;
  /// Position of an encoded coordinate (encoding.h): p itself, or an atom. NaN counts as 0.5.
  double position(double encoded) const;
  /// The encoded coordinate of a position (discrete: the middle of its cell).
  double encoded(double position) const;
  /// The encoded cell of an atom.
  Interval encoded_cell(double atom) const;
  /// The value at p (continuous) or of atom p (discrete).
  Value value(double position) const;
  /// Every outcome over [low, high]: prior coordinates (continuous) or atoms, both ends included
  /// (discrete).
  Range range(double low, double high) const;
  /// Shrinks [low, high] to the part that can give a value in `range`; false when nothing is left.
  bool shrink(const Range& range, double& low, double& high) const;
  /// Prior probability of [low, high].
  double mass(double low, double high) const;

 private:
  bool fits(double atom, const Range& range) const;

  int parameter_;
  bool discrete_ = false;
  double count_ = 0;
  std::optional<ContinuousLaw> law_;
  std::optional<Grid> grid_;
  bool whole_ = false;
  std::vector<Value> items_;        ///< of a choice, in order of atoms
  std::vector<double> item_cells_;  ///< index in the choice by atom
  std::vector<double> item_atoms_;  ///< atom by index in the choice
  std::vector<double> item_edges_;  ///< count + 1
};

/// Positions by axis: continuous axes hold prior coordinates, discrete ones atoms (both ends
/// included).
struct Box {
  std::vector<double> low;
  std::vector<double> high;
};

/// Immutable and thread-safe.
class FeasibleRegion {
 public:
  FeasibleRegion(const SpaceModel& model, std::vector<FeasibilityTerm> terms,
                 std::vector<int> parameters);

  std::size_t dimension() const { return axes_.size(); }
  const std::vector<Axis>& axes() const { return axes_; }
  const Axis& axis(std::size_t i) const { return axes_[i]; }
  const std::vector<FeasibilityTerm>& terms() const { return terms_; }
  const BoxProgram& program() const { return program_; }

  /// Buffers for box and point evaluation; one per thread.
  struct Workspace {
    std::vector<Range> variables;
    BoxProgram::Ranges ranges;
    SpaceModel::Slots slots;
  };

  Box whole() const;
  double mass(const Box& box) const;
  /// What the terms say about the box; with `narrow`, first shrinks it without losing a feasible
  /// point.
  BoxStatus judge(Box& box, bool narrow, Workspace& workspace) const;
  /// The exact test of a point (positions as in a box).
  bool contains(std::span<const double> point, Workspace& workspace) const;
  /// Writes the values of a point to the slots of its parameters.
  void write(std::span<const double> point, SpaceModel::Slots& slots) const;
  /// Uniform on the box under the prior.
  void draw(const Box& box, Rng& rng, std::span<double> point) const;
  /// Axes on which undecided terms depend after `judge`.
  bool is_undecided(std::size_t term, const Workspace& workspace) const {
    return program_.status(term, workspace.ranges) == BoxStatus::undecided;
  }

 private:
  const SpaceModel& model_;
  std::vector<FeasibilityTerm> terms_;
  std::vector<Axis> axes_;
  std::vector<int> order_;  ///< parameters of the closure that are not plain values, parents first
  BoxProgram program_;
};

}  // namespace hone
