// Ridge regression on few columns (Hoerl and Kennard 1970): coefficients, and what each row weighs
// in its own prediction. The normal equations by Cholesky's factorisation, which the ridge keeps
// well-conditioned.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace hone {

/// Rows × columns, row by row.
struct Design {
  std::size_t rows = 0;
  std::size_t columns = 0;
  std::vector<double> values;
  const double* row(std::size_t i) const { return values.data() + i * columns; }
  double* row(std::size_t i) { return values.data() + i * columns; }
};

/// Minimises |z − Ac|² + lambda·|c|² for any z. O(rows·columns² + columns³) once, then
/// O(rows·columns). Refers to the design, which must outlive it.
class Ridge {
 public:
  /// `chosen`: the columns to use, ascending. lambda > 0.
  Ridge(const Design& design, std::vector<std::size_t> chosen, double lambda);

  /// One coefficient per chosen column.
  std::vector<double> coefficients(std::span<const double> z) const;
  std::vector<double> predict(std::span<const double> coefficients) const;
  /// The diagonal of A(AᵀA + lambda·I)⁻¹Aᵀ, in [0, 1).
  std::vector<double> leverage() const;
  std::span<const std::size_t> chosen() const { return chosen_; }

 private:
  void solve_lower(std::vector<double>& x) const;

  const Design& design_;
  std::vector<std::size_t> chosen_;
  std::vector<double> factor_;  // lower triangle L, LLᵀ = AᵀA + lambda·I, row by row
};

}  // namespace hone
