#include "hone/sampler/cma_law.h"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <numeric>

#include "hone/math/normal.h"

namespace hone {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;
using MatrixMap = Eigen::Map<MatrixXd>;
using ConstMatrixMap = Eigen::Map<const MatrixXd>;
using VectorMap = Eigen::Map<VectorXd>;
using ConstVectorMap = Eigen::Map<const VectorXd>;

/// Draws that leave the cube, before the last is clipped.
constexpr int kMaxRedraws = 10;
/// The covariance is given up beyond (Hansen's tutorial, termination).
constexpr double kMaxCondition = 1e14;
/// No standard deviation of a continuous column beyond: the cube has width 1.
constexpr double kMaxWidth = 1;
/// Longest step of the tables in their Fisher metric, and its shortest (Akimoto et al.).
constexpr double kMaxTableStep = 1;
constexpr double kMinTableStep = 1e-4;
/// α of the same: the signal that keeps the step.
constexpr double kTableSignal = 1.5;

ConstVectorMap view(const std::vector<double>& v) {
  return {v.data(), static_cast<Index>(v.size())};
}
VectorMap view(std::vector<double>& v) { return {v.data(), static_cast<Index>(v.size())}; }

/// Standard deviations from the mean of a normal law at which p lies above.
double upper_quantile(double p) { return -normal_quantile(std::clamp(p, 1e-10, 0.5 - 1e-10)); }

/// x folded back into [0, 1] at its ends.
double mirrored(double x) {
  const double turn = std::abs(std::remainder(x, 2.0));
  return std::isfinite(turn) ? turn : 0.5;
}

}  // namespace

CmaLaw::CmaLaw(std::vector<const Domain*> domains, const CmaStart& start)
    : population_(std::max(2, start.population)) {
  double sum = 0;
  std::vector<double> spread;
  for (std::size_t i = 0; i < domains.size(); ++i) {
    if (is_categorical(*domains[i])) {
      const auto k = static_cast<std::size_t>(cell_count(*domains[i]));
      categorical_.push_back(
          {i, std::vector<double>(k, 1.0 / static_cast<double>(k)), std::vector<double>(k, 0.0)});
      if (!start.shares.empty()) categorical_.back().probability = start.shares[i];
      continue;
    }
    numeric_.push_back({i, domains[i], is_discrete(*domains[i])});
    mean_.push_back(start.mean[i]);
    spread.push_back(std::max(start.spread[i], 1e-6));
    sum += std::log(spread.back());
  }
  const std::size_t d = numeric_.size();
  covariance_.assign(d * d, 0.0);
  sigma_ = d == 0 ? 1 : std::exp(sum / static_cast<double>(d));
  const std::size_t columns = domains.size();
  for (std::size_t j = 0; j < d; ++j) {
    covariance_[j * d + j] = (spread[j] / sigma_) * (spread[j] / sigma_);
    for (std::size_t k = 0; k < d && !start.covariance.empty(); ++k) {
      if (k == j) continue;
      const double c = start.covariance[numeric_[j].column * columns + numeric_[k].column];
      covariance_[j * d + k] = c / (sigma_ * sigma_);
    }
  }
  p_sigma_.assign(d, 0.0);
  p_c_.assign(d, 0.0);
  margin_scale_.assign(d, 1.0);
  set_weights();
  decompose();
  if (d > 0) keep_margin();
}

int CmaLaw::default_population(int columns) {
  return 4 + static_cast<int>(3 * std::log(std::max(1, columns)));
}

// Tutorial, table 1.
void CmaLaw::set_weights() {
  const auto n = static_cast<double>(std::max<std::size_t>(1, numeric_.size()));
  const int lambda = population_;
  mu_ = lambda / 2;
  weights_.resize(static_cast<std::size_t>(lambda));
  double sum = 0, squares = 0, below = 0, below_squares = 0;
  for (int i = 0; i < lambda; ++i) {
    const double w = std::log((lambda + 1) / 2.0) - std::log(i + 1.0);
    weights_[static_cast<std::size_t>(i)] = w;
    (i < mu_ ? sum : below) += w;
    (i < mu_ ? squares : below_squares) += w * w;
  }
  mu_eff_ = sum * sum / squares;
  const double mu_eff_below = below_squares > 0 ? below * below / below_squares : 0;
  c_1_ = 2 / ((n + 1.3) * (n + 1.3) + mu_eff_);
  c_mu_ =
      std::min(1 - c_1_ - 1e-8, 2 * (mu_eff_ - 2 + 1 / mu_eff_) / ((n + 2) * (n + 2) + mu_eff_));
  const double least =
      std::min({1 + c_1_ / std::max(c_mu_, 1e-12), 1 + 2 * mu_eff_below / (mu_eff_ + 2),
                (1 - c_1_ - c_mu_) / (n * std::max(c_mu_, 1e-12))});
  for (int i = 0; i < lambda; ++i) {
    double& w = weights_[static_cast<std::size_t>(i)];
    w = i < mu_ ? w / sum : (below < 0 ? w * least / -below : 0);
  }
  c_sigma_ = (mu_eff_ + 2) / (n + mu_eff_ + 5);
  d_sigma_ = 1 + 2 * std::max(0.0, std::sqrt((mu_eff_ - 1) / (n + 1)) - 1) + c_sigma_;
  c_c_ = (4 + mu_eff_ / n) / (n + 4 + 2 * mu_eff_ / n);
  chi_ = std::sqrt(n) * (1 - 1 / (4 * n) + 1 / (21 * n * n));
}

void CmaLaw::decompose() {
  const auto d = static_cast<Index>(numeric_.size());
  decomposed_ = generation_;
  if (d == 0) return;
  const Eigen::SelfAdjointEigenSolver<MatrixXd> solver(ConstMatrixMap(covariance_.data(), d, d));
  const VectorXd& values = solver.eigenvalues();
  degenerate_ = solver.info() != Eigen::Success || !values.allFinite() || !(values(0) > 0) ||
                values(d - 1) > kMaxCondition * values(0);
  if (degenerate_) return;
  basis_.resize(covariance_.size());
  roots_.resize(numeric_.size());
  MatrixMap(basis_.data(), d, d) = solver.eigenvectors();
  view(roots_) = values.cwiseSqrt();
}

double CmaLaw::deviation(std::size_t j) const {
  return sigma_ * margin_scale_[j] * std::sqrt(covariance_[j * numeric_.size() + j]);
}

double CmaLaw::width() const {
  double widest = 0;
  for (std::size_t j = 0; j < numeric_.size(); ++j) {
    if (!numeric_[j].discrete) widest = std::max(widest, deviation(j));
  }
  return widest;
}

void CmaLaw::draw(Rng& rng, std::span<const double> u, double widen, std::span<double> row) const {
  const auto d = static_cast<Index>(numeric_.size());
  VectorXd z(d);
  for (int attempt = 0; d > 0 && attempt <= kMaxRedraws; ++attempt) {
    for (std::size_t j = 0; j < numeric_.size(); ++j) {
      const bool given = attempt == 0 && !u.empty();
      z(static_cast<Index>(j)) =
          roots_[j] * (given ? normal_quantile(u[numeric_[j].column]) : rng.normal());
    }
    const VectorXd y = ConstMatrixMap(basis_.data(), d, d) * z;
    bool inside = true;
    for (std::size_t j = 0; j < numeric_.size(); ++j) {
      double x = mean_[j] + widen * sigma_ * margin_scale_[j] * y(static_cast<Index>(j));
      if (widen > 1) x = mirrored(x);
      inside = inside && (numeric_[j].discrete || (x >= 0 && x <= 1));
      row[numeric_[j].column] = std::clamp(x, 0.0, 1.0);
    }
    if (inside) break;
  }
  for (const Categorical& of : categorical_) {
    double p = u.empty() ? rng.uniform() : u[of.column];
    const std::size_t last = of.probability.size() - 1;
    const double equal = (1 - 1 / widen) / static_cast<double>(last + 1);
    std::size_t k = 0;
    while (k < last && (p -= of.probability[k] / widen + equal) >= 0) ++k;
    row[of.column] = (static_cast<double>(k) + 0.5) / static_cast<double>(last + 1);
  }
}

bool CmaLaw::factor(Order& order) const {
  const std::size_t d = order.columns.size();
  MatrixXd permuted(static_cast<Index>(d), static_cast<Index>(d));
  for (std::size_t a = 0; a < d; ++a) {
    for (std::size_t b = 0; b < d; ++b) {
      permuted(static_cast<Index>(a), static_cast<Index>(b)) =
          covariance_[static_cast<std::size_t>(order.columns[a]) * d +
                      static_cast<std::size_t>(order.columns[b])];
    }
  }
  const Eigen::LLT<MatrixXd> llt(permuted);
  if (llt.info() != Eigen::Success) return false;
  order.factor.resize(d * d);
  Eigen::Map<Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>>(
      order.factor.data(), static_cast<Index>(d), static_cast<Index>(d)) = llt.matrixL();
  return true;
}

/// y = (x − m)/σ of a member: continuous columns as they are, then discrete ones within their cells
/// and inactive ones anywhere, each given those before it (Geweke, Hajivassiliou and Keane's way to
/// draw from a truncated normal law); no longer than a draw of the law is likely to be.
std::vector<double> CmaLaw::step_of(const CmaMember& member, Order& order) const {
  const std::size_t d = numeric_.size();
  std::vector<int> columns(d);
  std::iota(columns.begin(), columns.end(), 0);
  const auto rank = [&](int j) {
    const Numeric& of = numeric_[static_cast<std::size_t>(j)];
    return std::isnan(member.row[of.column]) ? 2 : (of.discrete ? 1 : 0);
  };
  std::stable_sort(columns.begin(), columns.end(), [&](int a, int b) { return rank(a) < rank(b); });
  if (columns != order.columns) {
    order.columns = columns;
    if (!factor(order)) return {};
  }
  Rng rng = member.draw;
  std::vector<double> e(d);  // y = L·e in that order
  std::vector<double> y(d);
  double squares = 0;
  for (std::size_t a = 0; a < d; ++a) {
    const auto j = static_cast<std::size_t>(columns[a]);
    const double* l = &order.factor[a * d];
    const double centre = std::inner_product(l, l + a, e.begin(), 0.0);
    const double scale = sigma_ * margin_scale_[j];
    const double x = member.row[numeric_[j].column];
    const double u = rng.uniform_open();  // one each, whether used or not
    if (std::isnan(x)) {
      e[a] = normal_quantile(u);
    } else if (numeric_[j].discrete) {
      const Cell cell = cell_of(*numeric_[j].domain, x);
      TruncatedNormal law{0, 1, -40, 40};
      if (cell.low > 0) law.low = ((cell.low - mean_[j]) / scale - centre) / l[a];
      if (cell.high < 1) law.high = ((cell.high - mean_[j]) / scale - centre) / l[a];
      e[a] = law.low < law.high ? law.quantile(u) : law.low;
    } else {
      e[a] = ((x - mean_[j]) / scale - centre) / l[a];
    }
    y[j] = centre + l[a] * e[a];
    squares += e[a] * e[a];
  }
  const auto n = static_cast<double>(d);
  const double longest = std::sqrt(n) + 2 * n / (n + 2);
  if (squares > longest * longest) {
    for (double& v : y) v *= longest / std::sqrt(squares);
  }
  return y;
}

void CmaLaw::update(std::span<const CmaMember> ranked) {
  if (ranked.empty()) return;
  ++generation_;
  if (!numeric_.empty()) update_normal(ranked);
  if (!categorical_.empty()) update_tables(ranked);
}

// Tutorial, equations 9 to 17 and 37 (h_σ), 46 to 50.
void CmaLaw::update_normal(std::span<const CmaMember> ranked) {
  const auto d = static_cast<Index>(numeric_.size());
  const std::size_t members = std::min(ranked.size(), weights_.size());
  MatrixMap c(covariance_.data(), d, d);
  const ConstMatrixMap b(basis_.data(), d, d);
  const VectorXd inverse_roots = ConstVectorMap(roots_.data(), d).cwiseInverse();
  Order order;
  std::vector<VectorXd> steps;
  VectorXd y_w = VectorXd::Zero(d);
  for (std::size_t i = 0; i < members; ++i) {
    const std::vector<double> y = step_of(ranked[i], order);
    if (y.empty() || !view(y).allFinite()) {
      degenerate_ = true;
      return;
    }
    steps.emplace_back(view(y));
    if (weights_[i] > 0) y_w += weights_[i] * steps.back();
  }
  for (std::size_t j = 0; j < numeric_.size(); ++j)
    mean_[j] =
        std::clamp(mean_[j] + sigma_ * margin_scale_[j] * y_w(static_cast<Index>(j)), 0.0, 1.0);

  const auto whitened = [&](const VectorXd& y) -> VectorXd {
    return inverse_roots.cwiseProduct(b.transpose() * y);
  };
  VectorMap p_sigma = view(p_sigma_);
  VectorMap p_c = view(p_c_);
  p_sigma = (1 - c_sigma_) * p_sigma +
            std::sqrt(c_sigma_ * (2 - c_sigma_) * mu_eff_) * (b * whitened(y_w));
  const double length = p_sigma.norm();
  sigma_ *= std::exp(std::min(1.0, c_sigma_ / d_sigma_ * (length / chi_ - 1)));

  const auto n = static_cast<double>(d);
  const double g = static_cast<double>(generation_);
  const bool h = length / std::sqrt(1 - std::pow(1 - c_sigma_, 2 * g)) < (1.4 + 2 / (n + 1)) * chi_;
  p_c = (1 - c_c_) * p_c + (h ? std::sqrt(c_c_ * (2 - c_c_) * mu_eff_) : 0.0) * y_w;
  double weight_sum = 0;
  for (std::size_t i = 0; i < members; ++i) weight_sum += weights_[i];
  const double lost = h ? 0 : c_1_ * c_c_ * (2 - c_c_);
  c *= 1 + lost - c_1_ - c_mu_ * weight_sum;
  c += c_1_ * p_c * p_c.transpose();
  for (std::size_t i = 0; i < members; ++i) {
    double w = weights_[i];
    if (w < 0) w *= n / std::max(whitened(steps[i]).squaredNorm(), 1e-12);
    c += c_mu_ * w * steps[i] * steps[i].transpose();
  }
  c = (0.5 * (c + c.transpose())).eval();
  // B and D may be somewhat old: decomposing costs more than drawing.
  const double rarely = 1 / (10 * n * (c_1_ + c_mu_));
  if (static_cast<double>(generation_ - decomposed_) >= rarely) decompose();
  const double widest = width();
  if (widest > kMaxWidth) sigma_ *= kMaxWidth / widest;
  if (!std::isfinite(sigma_) || sigma_ < 1e-150) degenerate_ = true;
  if (!degenerate_) keep_margin();
}

// Hamano et al. 2022, section 4.3, with the neighbouring cells' edges read from the domain.
void CmaLaw::keep_margin() {
  const double margin = 1 / (static_cast<double>(numeric_.size()) * population_);
  for (std::size_t j = 0; j < numeric_.size(); ++j) {
    if (!numeric_[j].discrete) continue;
    const Cell cell = cell_of(*numeric_[j].domain, mean_[j]);
    const bool has_low = cell.low > 0;
    const bool has_high = cell.high < 1;
    if (!has_low && !has_high) continue;
    const double sd = deviation(j);
    const double low = has_low ? normal_cdf((cell.low - mean_[j]) / sd) : 0;
    const double high = has_high ? normal_cdf((mean_[j] - cell.high) / sd) : 0;
    if (!has_low || !has_high) {  // an outer cell: the mean moves to where the other side is likely
      const double reach = sd * upper_quantile(margin);
      if (!has_low && high < margin) mean_[j] = std::max(0.0, cell.high - reach);
      if (!has_high && low < margin) mean_[j] = std::min(1.0, cell.low + reach);
      continue;
    }
    if (low >= margin / 2 && high >= margin / 2) continue;
    // Each side gets half of the margin at least; what they gain is taken in proportion.
    const double raised_low = std::max(low, margin / 2);
    const double raised_high = std::max(high, margin / 2);
    const double middle = 1 - low - high;
    const double excess = 1 - raised_low - raised_high - middle;  // ≤ 0
    const double total = raised_low + raised_high + middle - 1.5 * margin;
    const double chi_low = upper_quantile(raised_low + excess * (raised_low - margin / 2) / total);
    const double chi_high =
        upper_quantile(raised_high + excess * (raised_high - margin / 2) / total);
    const double plain = sd / margin_scale_[j];
    margin_scale_[j] = (cell.high - cell.low) / ((chi_low + chi_high) * plain);
    mean_[j] = (cell.low * chi_high + cell.high * chi_low) / (chi_low + chi_high);
  }
}

// Akimoto et al. 2019, algorithm 1, with the weights of the best half of the members.
void CmaLaw::update_tables(std::span<const CmaMember> ranked) {
  std::vector<std::vector<double>> gradients;
  double squares = 0;  // of the gradient in the Fisher metric
  double parameters = 0;
  for (const Categorical& of : categorical_) {
    std::vector<double> gradient(of.probability.size(), 0.0);
    for (std::size_t i = 0; i < std::min(ranked.size(), static_cast<std::size_t>(mu_)); ++i) {
      const double x = ranked[i].row[of.column];
      if (std::isnan(x)) continue;  // inactive: says nothing
      const auto item = static_cast<std::size_t>(std::clamp(
          x * static_cast<double>(gradient.size()), 0.0, static_cast<double>(gradient.size()) - 1));
      for (std::size_t k = 0; k < gradient.size(); ++k)
        gradient[k] += weights_[i] * ((k == item ? 1.0 : 0.0) - of.probability[k]);
    }
    for (std::size_t k = 0; k < gradient.size(); ++k)
      squares += gradient[k] * gradient[k] / of.probability[k];
    parameters += static_cast<double>(gradient.size()) - 1;
    gradients.push_back(std::move(gradient));
  }
  if (!(squares > 1e-24) || parameters <= 0) return;
  const double norm = std::sqrt(squares);
  const double step = 1 / trust_;
  const double beta = step / std::sqrt(parameters);
  double path = 0;
  for (std::size_t t = 0; t < categorical_.size(); ++t) {
    Categorical& of = categorical_[t];
    const auto k_count = static_cast<double>(of.probability.size());
    if (k_count < 2) continue;
    for (std::size_t k = 0; k < of.probability.size(); ++k) {
      const double along = gradients[t][k] / std::sqrt(of.probability[k]) / norm;
      of.path[k] = (1 - beta) * of.path[k] + std::sqrt(beta * (2 - beta)) * along;
      path += of.path[k] * of.path[k];
    }
    const double least =
        (1 - std::pow(0.73, 1 / static_cast<double>(categorical_.size()))) / (k_count - 1);
    double above = 0;
    for (std::size_t k = 0; k < of.probability.size(); ++k) {
      double& q = of.probability[k];
      q = std::max(q + step * gradients[t][k] / norm, std::min(least, 1 / k_count));
      above += q - std::min(least, 1 / k_count);
    }
    // What the margin added is taken from those above it.
    const double share = (1 - k_count * std::min(least, 1 / k_count)) / std::max(above, 1e-12);
    for (double& q : of.probability)
      q = std::min(least, 1 / k_count) + (q - std::min(least, 1 / k_count)) * share;
  }
  weight_ = (1 - beta) * (1 - beta) * weight_ + beta * (2 - beta);
  trust_ = std::clamp(trust_ * std::exp(beta * (weight_ - path / kTableSignal)), 1 / kMaxTableStep,
                      1 / kMinTableStep);
}

}  // namespace hone
