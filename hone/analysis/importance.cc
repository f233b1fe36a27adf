// Symbols: A design matrix (rows are trials, columns terms scaled by the prior deviation of their
// coefficient), z normal scores, c coefficients of A; a term's variance is (c·scale)².
#include "hone/analysis/importance.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "hone/analysis/effect_basis.h"
#include "hone/analysis/ranking.h"
#include "hone/analysis/ridge.h"
#include "hone/analysis/targets.h"
#include "hone/math/normal.h"

namespace hone {
namespace {

constexpr std::size_t kMaxRows = 1000;
constexpr std::size_t kPairColumns = 10;
constexpr std::int64_t kLeast = 15;  ///< trials, and ten more than there are parameters
constexpr std::int64_t kBeyondDimension = 10;

std::vector<std::size_t> all_columns(std::size_t count) {
  std::vector<std::size_t> columns(count);
  std::iota(columns.begin(), columns.end(), std::size_t{0});
  return columns;
}

void centre(std::vector<double>& z) {
  const double mean = std::accumulate(z.begin(), z.end(), 0.0) / static_cast<double>(z.size());
  for (double& v : z) v -= mean;
}

/// To the mean 0 and the variance 1, which the prior of the coefficients expects.
void standardise(std::vector<double>& z) {
  centre(z);
  double squares = 0;
  for (const double v : z) squares += v * v;
  const double sd = std::sqrt(squares / static_cast<double>(z.size()));
  for (double& v : z) v /= sd;
}

void centre(Design& design) {
  for (std::size_t c = 0; c < design.columns; ++c) {
    double mean = 0;
    for (std::size_t i = 0; i < design.rows; ++i) mean += design.row(i)[c];
    mean /= static_cast<double>(design.rows);
    for (std::size_t i = 0; i < design.rows; ++i) design.row(i)[c] -= mean;
  }
}

void shuffle(std::vector<double>& x, Rng& rng) {
  for (std::size_t i = x.size(); i > 1; --i) std::swap(x[i - 1], x[rng.below(i)]);
}

/// Centred rows of the basis for these trials.
Design design_of(const History& history, const EffectBasis& basis,
                 const std::vector<std::int64_t>& trials) {
  Design design;
  design.rows = trials.size();
  design.columns = basis.terms().size();
  design.values.resize(design.rows * design.columns);
  for (std::size_t i = 0; i < design.rows; ++i) {
    const std::span<double> row(design.row(i), design.columns);
    basis.evaluate(history.encoded(trials[i]), row);
    for (std::size_t c = 0; c < row.size(); ++c) row[c] *= basis.terms()[c].prior_sd;
  }
  centre(design);
  return design;
}

struct ChosenRidge {
  double lambda = 1;
  double explained = 0;
};

/// The ridge with the least leave-one-out error, and the share of the variance predicted so.
ChosenRidge choose_ridge(const Design& design, const std::vector<double>& z) {
  ChosenRidge best;
  double least = std::numeric_limits<double>::infinity();
  double total = 0;
  for (const double v : z) total += v * v;
  const double mean_weight = 1.0 / static_cast<double>(design.rows);
  for (int k = -2; k <= 8; ++k) {
    const double lambda = std::pow(10.0, 0.5 * k - 0.5);
    const Ridge ridge(design, all_columns(design.columns), lambda);
    const auto fitted = ridge.predict(ridge.coefficients(z));
    const auto leverage = ridge.leverage();
    double error = 0;
    for (std::size_t i = 0; i < z.size(); ++i) {
      const double left_out = (z[i] - fitted[i]) / std::max(1e-6, 1 - leverage[i] - mean_weight);
      error += left_out * left_out;
    }
    if (error >= least) continue;
    least = error;
    best = {lambda, total > 0 ? std::max(0.0, 1 - error / total) : 0};
  }
  return best;
}

/// The variances of terms, parameters (with half of each pair) and pairs.
class Variances {
 public:
  explicit Variances(const EffectBasis& basis) : basis_(basis) {
    for (const EffectTerm& term : basis.terms()) {
      if (term.second < 0) continue;
      const std::pair<int, int> pair(term.first, term.second);
      if (pairs_.empty() || pairs_.back() != pair) pairs_.push_back(pair);
    }
  }
  const std::vector<std::pair<int, int>>& pairs() const { return pairs_; }

  void take(std::span<const double> coefficients) {
    by_column.assign(static_cast<std::size_t>(basis_.dimension()), 0.0);
    by_pair.assign(pairs_.size(), 0.0);
    std::size_t pair = 0;
    for (std::size_t t = 0; t < coefficients.size(); ++t) {
      const EffectTerm& term = basis_.terms()[t];
      const double c = coefficients[t] * term.prior_sd;
      const double variance = c * c * term.present;
      if (term.second < 0) {
        by_column[static_cast<std::size_t>(term.first)] += variance;
        continue;
      }
      while (pairs_[pair] != std::pair(term.first, term.second)) ++pair;
      by_pair[pair] += variance;
      by_column[static_cast<std::size_t>(term.first)] += variance / 2;
      by_column[static_cast<std::size_t>(term.second)] += variance / 2;
    }
  }

  std::vector<double> by_column, by_pair;

 private:
  const EffectBasis& basis_;
  std::vector<std::pair<int, int>> pairs_;
};

/// A model without some terms, from which responses are drawn in which these have no effect.
class NullModel {
 public:
  NullModel(const Design& design, std::vector<std::size_t> kept, double lambda,
            const std::vector<double>& z) {
    const Ridge ridge(design, std::move(kept), lambda);
    fitted_ = ridge.predict(ridge.coefficients(z));
    const auto leverage = ridge.leverage();
    residuals_.resize(z.size());
    const double mean_weight = 1.0 / static_cast<double>(z.size());
    // A residual is smaller than the error that it stands for, by what its row weighs in the fit.
    for (std::size_t i = 0; i < z.size(); ++i)
      residuals_[i] =
          (z[i] - fitted_[i]) / std::sqrt(std::max(0.05, 1 - leverage[i] - mean_weight));
  }
  std::vector<double> draw(Rng& rng) const {
    std::vector<double> z = residuals_;
    shuffle(z, rng);
    for (std::size_t i = 0; i < z.size(); ++i) z[i] += fitted_[i];
    centre(z);
    return z;
  }

 private:
  std::vector<double> fitted_, residuals_;
};

class Analysis {
 public:
  Analysis(const History& history, std::vector<std::int64_t> trials, std::vector<double> scores,
           const ImportanceOptions& options)
      : history_(history),
        options_(options),
        rng_(Rng(static_cast<std::uint64_t>(history.spec().seed)).split("importance")),
        trials_(std::move(trials)),
        z_(std::move(scores)),
        basis_(history.spec().space, rng_.split("activity")) {
    centre(z_);
  }

  void run(Importance& result) {
    basis_.add_pairs(strongest_columns());
    design_ = design_of(history_, basis_, trials_);
    const ChosenRidge chosen = choose_ridge(design_, z_);
    lambda_ = chosen.lambda;
    result.explained = chosen.explained;
    full_.emplace(design_, all_columns(design_.columns), lambda_);
    variances_.emplace(basis_);
    variances_->take(full_->coefficients(z_));
    const std::vector<double> observed = variances_->by_column;
    const std::vector<double> observed_pairs = variances_->by_pair;

    std::vector<double> by_chance(observed.size()), p(observed.size(), 1.0), tail_p = p;
    for (std::size_t j = 0; j < observed.size(); ++j)
      test_parameter(static_cast<int>(j), observed[j], by_chance[j], p[j], tail_p[j]);
    const std::vector<double> shares = shares_of(observed, by_chance);
    const std::vector<double> spread = resampled_spread(by_chance);
    const auto& searched = history_.spec().space.searched();
    for (std::size_t j = 0; j < observed.size(); ++j) {
      result.effects.push_back({history_.spec().space.parameter(searched[j]).name, shares[j],
                                spread[j], p[j], tail_p[j]});
    }
    std::stable_sort(result.effects.begin(), result.effects.end(),
                     [](const Effect& a, const Effect& b) { return a.share > b.share; });
    result.strongest = test_pairs(observed_pairs, total_);
  }

 private:
  /// The columns with the largest main effects, ascending.
  std::vector<int> strongest_columns() {
    const Design design = design_of(history_, basis_, trials_);
    const Ridge ridge(design, all_columns(design.columns), choose_ridge(design, z_).lambda);
    Variances variances(basis_);
    variances.take(ridge.coefficients(z_));
    std::vector<int> columns(variances.by_column.size());
    std::iota(columns.begin(), columns.end(), 0);
    std::stable_sort(columns.begin(), columns.end(), [&](int a, int b) {
      return variances.by_column[static_cast<std::size_t>(a)] >
             variances.by_column[static_cast<std::size_t>(b)];
    });
    columns.resize(std::min(columns.size(), kPairColumns));
    std::sort(columns.begin(), columns.end());
    return columns;
  }

  template <typename Keep>
  std::vector<std::size_t> terms_where(const Keep& keep) const {
    std::vector<std::size_t> kept;
    for (std::size_t t = 0; t < basis_.terms().size(); ++t) {
      if (keep(basis_.terms()[t])) kept.push_back(t);
    }
    return kept;
  }

  void test_parameter(int j, double observed, double& by_chance, double& p, double& tail_p) {
    const NullModel null(design_, terms_where([&](const EffectTerm& term) {
                           return term.first != j && term.second != j;
                         }),
                         lambda_, z_);
    Rng rng = rng_.split("parameter", static_cast<std::uint64_t>(j));
    int as_large = 0;
    double squares = 0;
    for (int i = 0; i < options_.permutations; ++i) {
      variances_->take(full_->coefficients(null.draw(rng)));
      const double drawn = variances_->by_column[static_cast<std::size_t>(j)];
      by_chance += drawn / options_.permutations;
      squares += drawn * drawn / options_.permutations;
      if (drawn >= observed) ++as_large;
    }
    p = (1.0 + as_large) / (1.0 + options_.permutations);
    tail_p = gamma_upper(observed, by_chance, squares - by_chance * by_chance);
  }

  /// P(X ≥ x) of a gamma law with this mean and variance (a sum of squares of normal variables is
  /// nearly so: Satterthwaite 1946), by Wilson and Hilferty's cube root (1931).
  static double gamma_upper(double x, double mean, double variance) {
    if (!(mean > 0) || !(variance > 0)) return 1;
    const double shape = mean * mean / variance;
    const double z = 3 * std::sqrt(shape) * (std::cbrt(x / mean) - 1 + 1 / (9 * shape));
    return normal_cdf(-z);
  }

  std::vector<double> shares_of(const std::vector<double>& observed,
                                const std::vector<double>& by_chance) {
    std::vector<double> shares(observed.size());
    total_ = 0;
    for (std::size_t j = 0; j < observed.size(); ++j) {
      shares[j] = std::max(0.0, observed[j] - by_chance[j]);
      total_ += shares[j];
    }
    for (double& share : shares) share = total_ > 0 ? share / total_ : 0;
    return shares;
  }

  std::vector<double> resampled_spread(const std::vector<double>& by_chance) {
    const double total = total_;
    const std::size_t d = by_chance.size();
    std::vector<double> sum(d), squares(d);
    Rng rng = rng_.split("resample");
    for (int b = 0; b < options_.resamples; ++b) {
      Design design = design_;
      std::vector<double> z(z_.size());
      for (std::size_t i = 0; i < z.size(); ++i) {
        const auto from = static_cast<std::size_t>(rng.below(z.size()));
        z[i] = z_[from];
        std::copy_n(design_.row(from), design.columns, design.row(i));
      }
      centre(design);
      centre(z);
      const Ridge ridge(design, all_columns(design.columns), lambda_);
      variances_->take(ridge.coefficients(z));
      const std::vector<double> shares = shares_of(variances_->by_column, by_chance);
      for (std::size_t j = 0; j < d; ++j) {
        sum[j] += shares[j];
        squares[j] += shares[j] * shares[j];
      }
    }
    total_ = total;
    std::vector<double> spread(d);
    const double n = options_.resamples;
    for (std::size_t j = 0; j < d && n > 1; ++j)
      spread[j] = std::sqrt(std::max(0.0, squares[j] - sum[j] * sum[j] / n) / (n - 1));
    return spread;
  }

  /// Each pair relative to what chance gives it (pairs have different numbers of terms), then the
  /// largest.
  std::optional<Interaction> test_pairs(const std::vector<double>& observed, double total) {
    const auto& pairs = variances_->pairs();
    if (pairs.empty() || total <= 0) return std::nullopt;
    const NullModel null(
        design_, terms_where([](const EffectTerm& term) { return term.second < 0; }), lambda_, z_);
    Rng rng = rng_.split("pairs");
    std::vector<std::vector<double>> drawn;
    std::vector<double> by_chance(pairs.size());
    for (int i = 0; i < options_.permutations; ++i) {
      variances_->take(full_->coefficients(null.draw(rng)));
      drawn.push_back(variances_->by_pair);
      for (std::size_t k = 0; k < pairs.size(); ++k)
        by_chance[k] += drawn.back()[k] / options_.permutations;
    }
    const auto relative = [&](const std::vector<double>& x, std::size_t k) {
      return by_chance[k] > 0 ? x[k] / by_chance[k] : 0;
    };
    std::size_t best = 0;
    for (std::size_t k = 1; k < pairs.size(); ++k) {
      if (relative(observed, k) > relative(observed, best)) best = k;
    }
    int as_large = 0;
    for (const auto& one : drawn) {
      double largest = 0;
      for (std::size_t k = 0; k < pairs.size(); ++k) largest = std::max(largest, relative(one, k));
      if (largest >= relative(observed, best)) ++as_large;
    }
    const SearchSpace& space = history_.spec().space;
    int first = space.searched()[static_cast<std::size_t>(pairs[best].first)];
    int second = space.searched()[static_cast<std::size_t>(pairs[best].second)];
    if (first > second) std::swap(first, second);
    return Interaction{space.parameter(first).name, space.parameter(second).name,
                       std::max(0.0, observed[best] - by_chance[best]) / total,
                       (1.0 + as_large) / (1.0 + options_.permutations)};
  }

  const History& history_;
  ImportanceOptions options_;
  Rng rng_;
  std::vector<std::int64_t> trials_;
  std::vector<double> z_;
  EffectBasis basis_;
  Design design_;
  double lambda_ = 1;
  double total_ = 0;  ///< of what the parameters explain beyond chance
  std::optional<Ridge> full_;
  std::optional<Variances> variances_;
};

}  // namespace

Estimate Effect::interval() const {
  constexpr double kNormal95 = 1.959964;
  return {share, std::max(0.0, share - kNormal95 * share_sd),
          std::min(1.0, share + kNormal95 * share_sd)};
}

Importance find_importance(const History& history, const ImportanceOptions& options) {
  Importance result;
  const Ranking ranking = rank_trials(history);
  const std::int64_t d = history.spec().space.dimension();
  result.trials = static_cast<std::int64_t>(ranking.trials.size());
  result.needed = std::max(kLeast, d + kBeyondDimension);
  if (result.trials < result.needed || d == 0) return result;
  const double best = *std::min_element(ranking.scores.begin(), ranking.scores.end());
  const double worst = *std::max_element(ranking.scores.begin(), ranking.scores.end());
  if (best == worst) return result;  // all alike: nothing to explain
  if (options.by_value) {
    Targets targets = find_targets(history, kMaxRows);
    const auto [least, most] = std::minmax_element(targets.losses.begin(), targets.losses.end());
    if (*least == *most) return result;
    result.enough = true;
    standardise(targets.losses);
    Analysis(history, std::move(targets.trials), std::move(targets.losses), options).run(result);
    return result;
  }
  result.enough = true;
  std::vector<std::int64_t> trials;
  std::vector<double> scores;
  const std::size_t n = ranking.trials.size();
  const std::size_t used = std::min(n, kMaxRows);
  for (std::size_t i = 0; i < used; ++i) {
    trials.push_back(ranking.trials[i * n / used]);
    scores.push_back(ranking.scores[i * n / used]);
  }
  Analysis(history, std::move(trials), std::move(scores), options).run(result);
  return result;
}

}  // namespace hone
