// Studies of which it is known what may be said: functions made up for the purpose, with the
// statements that are true of them.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "hone/analysis/findings.h"
#include "hone/study/history.h"

namespace hone::analysis_bench {

/// What a trial comes to: a value, or a kind of failure.
struct Answer {
  double value = 0;
  FailKind failure = FailKind::none;
};
using Program = std::function<Answer(const Config&, Rng&)>;

/// What is true of a study. Everything else that could be said of it is false.
struct Truth {
  std::vector<std::string> matter;      ///< parameters with an effect
  std::vector<std::string> negligible;  ///< parameters of which one may say that they hardly matter
  std::map<std::string, double> optimum;     ///< where a number is best
  std::map<std::string, std::string> item;   ///< the best item of a choice
  std::map<std::string, std::string> bound;  ///< best at the "upper" or "lower" end of the range
  std::vector<std::pair<std::string, std::string>> interact;
  std::map<std::string, std::string> fails;  ///< parameter → ">=", "<=" or "==" of the failing side
  /// Statements that ought to be made: "kind parameter" or "kind first second".
  std::vector<std::string> expected;
};

struct KnownStudy {
  std::string name;
  std::string parameters;  ///< of a study file
  Goal goal = Goal::minimize;
  Program program;
  Truth truth;
};

const std::vector<KnownStudy>& known_studies();

/// A space of 3 to 8 parameters of several kinds, by number.
std::string some_parameters(std::uint64_t number);

/// Played with a sampler. `parameters`: the text under that key of a study file.
History played(const std::string& parameters, Goal goal, const std::string& sampler,
               std::int64_t seed, int trials, const Program& program);

bool is_true(const Statement& finding, const Truth& truth);
/// "kind parameter", or "kind first second".
std::string label(const Statement& finding);

}  // namespace hone::analysis_bench
