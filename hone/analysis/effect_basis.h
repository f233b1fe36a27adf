// Functions of one and of two parameters that are orthonormal under the law of the space: the terms
// of a polynomial chaos expansion (Sudret 2008, Reliability Engineering and System Safety 93).
// Where a function of the configuration is a sum of such terms, each squared coefficient is the
// share of its variance that the term explains, so importance is read off the coefficients.
//
//   numbers, ordered choices   polynomials up to degree 3 in the encoded value (Legendre where
//                              continuous; made orthonormal over the cells where discrete)
//   unordered choices          contrasts between the items
//   pairs                      the product of the linear terms (of the contrasts): whether the
//                              effect of one shifts with the other
// A term is 0 where one of its parameters is inactive; what its absence does is its parent's
// effect.
#pragma once

#include <span>
#include <vector>

#include "hone/space/search_space.h"

namespace hone {

/// One column of a design matrix.
struct EffectTerm {
  int first = 0;    ///< column of encoded rows
  int second = -1;  ///< of a pair; −1: a main effect
  int first_function = 0;
  int second_function = 0;
  double prior_sd = 1;  ///< of its coefficient: smooth effects are likelier than wild ones
  double present = 1;   ///< how often its parameters are active under the law
};

/// Immutable.
class EffectBasis {
 public:
  /// Main effects of all searched parameters. `rng`: for the frequency with which conditional
  /// parameters are active.
  EffectBasis(const SearchSpace& space, Rng rng);

  /// Adds the pairs among these columns; pairs of a parameter with one that it depends on, and
  /// pairs that would take more than 36 terms, are left out.
  void add_pairs(std::span<const int> columns);

  int dimension() const { return static_cast<int>(columns_.size()); }
  std::span<const EffectTerm> terms() const { return terms_; }
  /// The value of each term for an encoded row (NaN: inactive).
  void evaluate(std::span<const double> row, std::span<double> values) const;

 private:
  struct Column {
    const Domain* domain = nullptr;
    std::vector<std::vector<double>> polynomials;  ///< coefficients of 1, u, u², u³
    std::vector<std::vector<double>> contrasts;    ///< value by item
    int functions() const {
      return static_cast<int>(polynomials.empty() ? contrasts.size() : polynomials.size());
    }
    int linear() const { return contrasts.empty() ? 1 : functions(); }
    double value(int function, double u) const;
  };
  static Column make_column(const Domain& domain);

  SearchSpace space_;  // holds the domains
  std::vector<Column> columns_;
  std::vector<EffectTerm> terms_;
  std::vector<std::vector<double>> drawn_;  // prior draws, empty where nothing is conditional
};

}  // namespace hone
