// The search for the point where the density of good trials is highest against that of the others:
// mean_i ln l_i(x) − ln g(x), over draws from the l_i and, from the best of them, coordinate by
// coordinate (Bergstra et al. 2011 have one l, and stop at the draws, which uses little of the
// model in more than a few dimensions). Several l_i, of the best tenth and the best fifth say, tell
// apart the ranks among the good. A part of the draws is a point between two, as evolution
// strategies recombine parents: the errors of single trials average out.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "hone/base/rng.h"
#include "hone/space/search_space.h"
#include "hone/surrogate/parzen.h"

namespace hone {

struct TpeSearchOptions {
  int candidates = 32;       ///< draws from l
  int refined = 2;           ///< of them, the best so many are refined
  int rounds = 4;            ///< of refinement, each with half the step
  double recombined = 0.7;   ///< share of the draws that lie between two
  bool multivariate = true;  ///< false: every coordinate by itself
};

struct TpeCandidate {
  std::vector<double> row;  ///< NaN where inactive
  double score = 0;         ///< mean ln l − ln g
};

/// What the trials so far say: densities of the good ones, at least one, and of the others.
struct TpeDensities {
  std::vector<Parzen> good;
  Parzen bad;
};

/// The columns of a space as kernels see them. `ordered`: whether neighbouring values of discrete
/// parameters are alike (false treats them as items without order).
std::vector<ParzenColumn> parzen_columns(const SearchSpace& space, bool ordered);

/// Holds buffers. Not thread-safe.
class TpeSearch {
 public:
  TpeSearch(const SearchSpace& space, std::vector<ParzenColumn> columns);

  /// Legal and feasible candidates, best first, without repetitions. May be empty where the
  /// constraints leave almost nothing.
  std::vector<TpeCandidate> run(const TpeDensities& of, const TpeSearchOptions& options,
                                Rng& rng) const;

 private:
  std::optional<std::vector<double>> settle(std::vector<double> row, Rng& rng) const;
  void refine(const TpeDensities& of, int rounds, TpeCandidate& candidate) const;
  void draw(const Parzen& good, double recombined, Rng& rng, std::vector<double>& row) const;
  std::vector<double> draw_apart(const TpeDensities& of, int candidates, Rng& rng) const;

  SearchSpace space_;
  std::vector<ParzenColumn> columns_;
  bool continuous_ = false;  ///< a column is
  std::vector<bool>
      steers_;  ///< the parameter decides whether others exist: not moved by the refinement
};

}  // namespace hone
