#include "hone/space/student.h"

#include <cmath>

#include "hone/space/law.h"

namespace hone {

double student_upper(double t, double df) {
  const double beyond = beta_cdf(df / (df + t * t), df / 2, 0.5) / 2;
  return t >= 0 ? beyond : 1 - beyond;
}

double student_within(double within, double df) {
  const double x = beta_quantile(1 - within, df / 2, 0.5);
  return std::sqrt(df * (1 - x) / x);
}

}  // namespace hone
