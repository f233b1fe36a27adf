#include "hone/space/student.h"

#include <gtest/gtest.h>

#include <cmath>

namespace hone {
namespace {

// Critical values as printed in tables of the t law.
TEST(Student, AgreesWithTheTables) {
  EXPECT_NEAR(student_within(0.95, 1), 12.7062, 1e-3);
  EXPECT_NEAR(student_within(0.95, 4), 2.7764, 1e-4);
  EXPECT_NEAR(student_within(0.90, 10), 1.8125, 1e-4);
  EXPECT_NEAR(student_upper(2.7764, 4), 0.025, 1e-5);
  EXPECT_NEAR(student_upper(1.9600, 1e6), 0.025, 1e-4);
}

// df = 1 is Cauchy's law.
TEST(Student, HasCauchysLawWithOneDegreeOfFreedom) {
  for (const double t : {-5.0, -0.3, 0.0, 0.7, 40.0})
    EXPECT_NEAR(student_upper(t, 1), 0.5 - std::atan(t) / M_PI, 1e-12);
}

}  // namespace
}  // namespace hone
