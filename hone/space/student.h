// Student's t law, by the incomplete beta function (Abramowitz and Stegun 26.7.1).
#pragma once

namespace hone {

/// P(T ≥ t) with `df` > 0 degrees of freedom.
double student_upper(double t, double df);
/// The t with P(|T| ≤ t) = `within`, 0 < within < 1.
double student_within(double within, double df);

}  // namespace hone
