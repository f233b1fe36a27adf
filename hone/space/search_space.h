// The validated space of configurations: parameters with parents before children, and the
// constraints that no sampler ever breaks. Immutable and cheap to copy; a SearchSpace that exists
// is valid.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "hone/base/rng.h"
#include "hone/space/config.h"
#include "hone/space/parameter.h"

namespace hone {

/// A known input constraint: a boolean expression over parameters. It is not judged where one of
/// its names is inactive.
struct Constraint {
  Expression expression;
};

/// What is wrong with a space. `parameter` or `constraint` says to which part it belongs (an index,
/// or −1).
struct SpaceProblem {
  int parameter = -1;
  int constraint = -1;
  std::string field;  ///< "min", "default", "when", "expression" … of that parameter, may be empty
  std::string message;
  bool warning = false;
  std::size_t offset = 0;  ///< within the expression's text where the fault is in one
};

class FeasibleSampler;

class SearchSpace {
 public:
  /// Validates; on success `problems` holds warnings only.
  struct Built;
  static Built create(std::vector<Parameter> parameters, std::vector<Constraint> constraints);

  SearchSpace();  ///< the empty space

  std::span<const Parameter> parameters() const;
  std::span<const Constraint> constraints() const;
  const Parameter& parameter(int index) const;
  int size() const { return static_cast<int>(parameters().size()); }
  /// Index by name, or −1.
  int index_of(std::string_view name) const;
  /// Indices of all parameters, parents (by condition or expression) before children.
  std::span<const int> order() const;
  /// Indices of the parameters that are searched (not fixed, not derived), in `order`. Position in
  /// this list is the column of encoded rows.
  std::span<const int> searched() const;
  int dimension() const { return static_cast<int>(searched().size()); }
  bool has_conditions() const;

  /// Whether the parameter exists given the values of those before it in `order`.
  bool is_active(int index, const Config& config) const;
  /// Drops inactive parameters, fills fixed and derived ones. Searched parameters that are active
  /// and missing stay missing.
  Config complete(Config config) const;
  /// Empty when the configuration is whole, legal and breaks no constraint; else one sentence per
  /// fault.
  std::vector<std::string> violations(const Config& config) const;
  bool is_feasible(const Config& config) const;
  /// Distinct configurations; nullopt when infinite or above 2^53. Conditions are honoured up to
  /// 10^6 combinations and taken as always active (an upper bound) beyond; constraints are not.
  std::optional<std::uint64_t> cardinality() const;

  /// One draw from the prior restricted to the feasible set; nullopt when none was found within a
  /// bounded number of tries.
  std::optional<Config> sample(Rng& rng) const;
  /// The user's defaults, and for parameters without one the prior centre, else the middle of the
  /// law (ordered choice: middle item; unordered: first). The second member names parameters that
  /// have no user's default.
  Config default_config() const;
  bool has_user_defaults() const;

  /// Encodes the searched parameters to [0, 1] (see encoding.h); NaN where inactive or not
  /// convertible. `row` has `dimension` entries. Values outside of the bounds are clipped.
  void encode(const Config& config, std::span<double> row) const;
  /// The configuration of an encoded row: every entry used whose parameter is active given its
  /// parents.
  Config decode(std::span<const double> row) const;

  /// Draws, tests and local moves within the feasible set, in the encoded space (see
  /// feasible_sampler.h). Lives as long as any copy of this space.
  const FeasibleSampler& feasible_sampler() const;

 private:
  struct Data;
  std::shared_ptr<const Data> data_;
};

struct SearchSpace::Built {
  std::optional<SearchSpace> space;  ///< empty when there are errors
  std::vector<SpaceProblem> problems;
};

}  // namespace hone
