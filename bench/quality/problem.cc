#include "bench/quality/problem.h"

#include <algorithm>
#include <cmath>

#include "hone/base/assert.h"

namespace hone::quality {

double Problem::regret(double truth_value) const {
  const double r = (truth_value - optimum) / (typical - optimum);
  return std::isnan(r) ? 1.0 : std::clamp(r, 0.0, 1.0);
}

std::uint64_t noise_seed(std::int64_t run_seed, std::int64_t trial) {
  return mix64(mix64(static_cast<std::uint64_t>(run_seed)) ^ static_cast<std::uint64_t>(trial));
}

Parameter real(std::string name, double low, double high, Law law) {
  Parameter p;
  p.name = std::move(name);
  Real domain;
  domain.law = law;
  domain.low = low;
  domain.high = high;
  p.domain = domain;
  return p;
}

Parameter integer(std::string name, std::int64_t low, std::int64_t high, Law law) {
  Parameter p;
  p.name = std::move(name);
  p.domain = Integer{low, high, law, 1};
  return p;
}

Parameter choice(std::string name, std::vector<Value> values, bool ordered) {
  Parameter p;
  p.name = std::move(name);
  Choice domain;
  for (Value& value : values) {
    std::string text = value.is_string() ? value.as_string() : value.dump();
    domain.items.push_back({std::move(value), std::move(text)});
  }
  domain.ordered = ordered;
  p.domain = std::move(domain);
  return p;
}

Parameter when(Parameter parameter, std::string parent, std::vector<Value> any_of) {
  parameter.conditions.push_back({std::move(parent), std::move(any_of), std::nullopt});
  return parameter;
}

SearchSpace space_of(std::vector<Parameter> parameters) {
  auto built = SearchSpace::create(std::move(parameters), {});
  HONE_ASSERT(built.space.has_value(), "the benchmark's own spaces are valid");
  return *built.space;
}

double typical_truth(const Problem& problem) {
  constexpr int kDraws = 4001;
  Rng rng(20240607);
  std::vector<double> values;
  for (int i = 0; i < kDraws; ++i) {
    const auto config = problem.space.sample(rng);
    values.push_back(to_loss(problem.goal, problem.truth(*config)));
  }
  std::nth_element(values.begin(), values.begin() + kDraws / 2, values.end());
  const double loss = values[kDraws / 2];
  return problem.goal == Goal::minimize ? loss : -loss;
}

std::vector<Problem> all_problems(const std::string& data, std::vector<std::string>& skipped) {
  std::vector<Problem> all = synthetic_problems();
  for (auto* family : {&tabular_problems, &yahpo_problems, &boosted_problems}) {
    for (Problem& problem : (*family)(data, skipped)) all.push_back(std::move(problem));
  }
  for (Problem& problem : harder_problems(all)) all.push_back(std::move(problem));
  for (Problem& problem : constrained_problems()) all.push_back(std::move(problem));
  for (Problem& problem : all) problem.typical = typical_truth(problem);
  return all;
}

}  // namespace hone::quality
