#include "hone/math/cholesky.h"

#include <Eigen/Cholesky>
#include <Eigen/Core>
#include <algorithm>
#include <cmath>

#include "hone/base/assert.h"

namespace hone {
namespace {

using Matrix = Eigen::MatrixXd;
using Strided = Eigen::Map<Matrix, 0, Eigen::OuterStride<>>;
using ConstStrided = Eigen::Map<const Matrix, 0, Eigen::OuterStride<>>;
using Vector = Eigen::Map<Eigen::VectorXd>;

using Part = Eigen::Ref<Matrix>;
constexpr Eigen::Index kSmall = 24;

/// L → L⁻¹ in place, by halves: half the work of solving against the unit matrix.
void invert_lower(Part l) {
  const Eigen::Index n = l.rows();
  if (n <= kSmall) {
    for (Eigen::Index j = 0; j < n; ++j) {
      l(j, j) = 1 / l(j, j);
      for (Eigen::Index i = j + 1; i < n; ++i) {
        double sum = 0;
        for (Eigen::Index k = j; k < i; ++k) sum += l(i, k) * l(k, j);
        l(i, j) = -sum / l(i, i);
      }
    }
    return;
  }
  const Eigen::Index h = n / 2;
  invert_lower(l.topLeftCorner(h, h));
  invert_lower(l.bottomRightCorner(n - h, n - h));
  auto below = l.bottomLeftCorner(n - h, h);
  const Matrix left = l.bottomRightCorner(n - h, n - h).triangularView<Eigen::Lower>() * below;
  below.noalias() = -left * l.topLeftCorner(h, h).triangularView<Eigen::Lower>();
}

/// L → the lower triangle of Lᵀ·L in place, by halves.
void square_lower(Part l) {
  const Eigen::Index n = l.rows();
  if (n <= kSmall) {
    for (Eigen::Index j = 0; j < n; ++j) {
      for (Eigen::Index i = j; i < n; ++i) {
        double sum = 0;
        for (Eigen::Index k = i; k < n; ++k) sum += l(k, i) * l(k, j);
        l(i, j) = sum;
      }
    }
    return;
  }
  const Eigen::Index h = n / 2;
  auto below = l.bottomLeftCorner(n - h, h);
  square_lower(l.topLeftCorner(h, h));
  l.topLeftCorner(h, h).selfadjointView<Eigen::Lower>().rankUpdate(below.adjoint());
  const Matrix square =
      l.bottomRightCorner(n - h, n - h).triangularView<Eigen::Lower>().adjoint() * below;
  below = square;
  square_lower(l.bottomRightCorner(n - h, n - h));
}

}  // namespace

bool Cholesky::factor(std::span<const double> a, int n) {
  HONE_ASSERT(a.size() == static_cast<std::size_t>(n) * static_cast<std::size_t>(n),
              "the matrix is square");
  if (n > stride_) stride_ = n + n / 4 + 8;
  factor_.resize(static_cast<std::size_t>(stride_) * static_cast<std::size_t>(stride_));
  Strided into(factor_.data(), n, n, Eigen::OuterStride<>(stride_));
  into = Eigen::Map<const Matrix>(a.data(), n, n);
  Eigen::LLT<Eigen::Ref<Matrix>> llt(into);
  n_ = llt.info() == Eigen::Success ? n : 0;
  return n_ == n;
}

bool Cholesky::append(std::span<const double> row, double diagonal) {
  HONE_ASSERT(row.size() == static_cast<std::size_t>(n_), "the row fits the matrix");
  std::vector<double> z(row.begin(), row.end());
  if (n_ > 0) solve_lower(z);
  double rest = diagonal;
  for (const double x : z) rest -= x * x;
  if (!(rest > 1e-12 * std::abs(diagonal))) return false;
  if (n_ + 1 > stride_) {
    const int stride = n_ + n_ / 4 + 8;
    std::vector<double> grown(static_cast<std::size_t>(stride) * static_cast<std::size_t>(stride));
    for (int j = 0; j < n_; ++j) {
      const double* from =
          factor_.data() + static_cast<std::size_t>(j) * static_cast<std::size_t>(stride_);
      std::copy(from, from + n_,
                grown.data() + static_cast<std::size_t>(j) * static_cast<std::size_t>(stride));
    }
    factor_ = std::move(grown);
    stride_ = stride;
  }
  const auto stride = static_cast<std::size_t>(stride_);
  const auto last = static_cast<std::size_t>(n_);
  for (std::size_t j = 0; j < last; ++j) factor_[j * stride + last] = z[j];
  factor_[last * stride + last] = std::sqrt(rest);
  ++n_;
  return true;
}

double Cholesky::log_determinant() const {
  double sum = 0;
  for (int i = 0; i < n_; ++i)
    sum += std::log(factor_[static_cast<std::size_t>(i) * (static_cast<std::size_t>(stride_) + 1)]);
  return 2 * sum;
}

void Cholesky::solve_lower(std::span<double> b) const {
  const ConstStrided l(factor_.data(), n_, n_, Eigen::OuterStride<>(stride_));
  Vector x(b.data(), n_);
  l.triangularView<Eigen::Lower>().solveInPlace(x);
}

void Cholesky::solve_lower_many(std::span<double> b, int count) const {
  const ConstStrided l(factor_.data(), n_, n_, Eigen::OuterStride<>(stride_));
  Eigen::Map<Matrix> x(b.data(), n_, count);
  l.triangularView<Eigen::Lower>().solveInPlace(x);
}

void Cholesky::solve(std::span<double> b) const {
  const ConstStrided l(factor_.data(), n_, n_, Eigen::OuterStride<>(stride_));
  Vector x(b.data(), n_);
  l.triangularView<Eigen::Lower>().solveInPlace(x);
  l.triangularView<Eigen::Lower>().adjoint().solveInPlace(x);
}

void Cholesky::inverse(std::vector<double>& out) const {
  out.resize(static_cast<std::size_t>(n_) * static_cast<std::size_t>(n_));
  Eigen::Map<Matrix> a(out.data(), n_, n_);
  a = ConstStrided(factor_.data(), n_, n_, Eigen::OuterStride<>(stride_));
  invert_lower(a);
  square_lower(a);
}

}  // namespace hone
