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
  out.assign(static_cast<std::size_t>(n_) * static_cast<std::size_t>(n_), 0);
  Eigen::Map<Matrix> inverse(out.data(), n_, n_);
  inverse.setIdentity();
  const ConstStrided l(factor_.data(), n_, n_, Eigen::OuterStride<>(stride_));
  l.triangularView<Eigen::Lower>().solveInPlace(inverse);
  l.triangularView<Eigen::Lower>().adjoint().solveInPlace(inverse);
}

}  // namespace hone
