#include "bench/quality/reach.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "bench/quality/trajectories.h"
#include "hone/base/error.h"
#include "hone/sampler/grid_points.h"

namespace hone::quality {
namespace {

/// The loss that the best `share` of all configurations have at most.
double threshold(const Problem& problem, double share) {
  std::vector<std::string> refused;
  GridPoints points(problem.space, {}, refused);
  if (!refused.empty()) {
    throw Error(ErrorCode::invalid_input, problem.name + " has no best share: " + refused.front());
  }
  std::vector<double> losses;
  for (; !points.ended(); points.advance())
    losses.push_back(to_loss(problem.goal, problem.truth(points.config())));
  const auto count = static_cast<double>(losses.size());
  const auto last = static_cast<std::size_t>(std::clamp(std::ceil(share * count), 1.0, count)) - 1;
  std::nth_element(losses.begin(), losses.begin() + static_cast<std::ptrdiff_t>(last),
                   losses.end());
  return losses[last];
}

std::string quartiles(std::vector<std::size_t> trials, std::size_t limit) {
  std::sort(trials.begin(), trials.end());
  const auto at = [&](double share) {
    const auto i = static_cast<std::size_t>(share * static_cast<double>(trials.size() - 1) + 0.5);
    return trials[i] > limit ? fmt::format("over {}", limit) : fmt::format("{}", trials[i]);
  };
  const auto missed =
      std::count_if(trials.begin(), trials.end(), [&](std::size_t t) { return t > limit; });
  return fmt::format("{} ({} to {}), not reached in {} of {}", at(0.5), at(0.25), at(0.75), missed,
                     trials.size());
}

/// The problem with a feature in its space. Throws Error(invalid_input) where it cannot be.
Problem with_feature(Problem problem, const std::string& source) {
  auto expression = Expression::parse(source);
  if (const auto* error = std::get_if<ExpressionError>(&expression))
    throw Error(ErrorCode::invalid_input, "--feature: " + error->message);
  const auto parameters = problem.space.parameters();
  std::vector<Parameter> extended(parameters.begin(), parameters.end());
  Parameter feature;
  feature.name = "feature";
  feature.domain = Derived{std::get<Expression>(std::move(expression)), true};
  extended.push_back(std::move(feature));
  auto built = SearchSpace::create(std::move(extended), {});
  if (!built.space)
    throw Error(ErrorCode::invalid_input, "--feature: " + built.problems.front().message);
  problem.space = *built.space;
  return problem;
}

}  // namespace

int measure_reach(const std::vector<Problem>& problems, const std::string& name,
                  const std::vector<AlgorithmSpec>& samplers, const ReachOptions& options) {
  const auto found_problem = std::find_if(problems.begin(), problems.end(),
                                          [&](const Problem& p) { return p.name == name; });
  if (found_problem == problems.end())
    throw Error(ErrorCode::not_found, "no problem '" + name + "' (or its data is absent)");
  const double enough = threshold(*found_problem, options.share);
  const Problem problem =
      options.feature.empty() ? *found_problem : with_feature(*found_problem, options.feature);
  fmt::print("{}: the best {} of its configurations have a loss of {:.6g} or less\n", name,
             options.share, enough);
  fmt::print("trials (median, quartiles) to evaluate one of them / to hold it as the best\n");
  for (const AlgorithmSpec& sampler : samplers) {
    std::vector<std::size_t> found;
    std::vector<std::size_t> held;
    for (std::int64_t seed = options.first_seed; seed < options.first_seed + options.seeds;
         ++seed) {
      const Study study = run_study(problem, sampler, seed, options.trials);
      found.push_back(options.trials + 1);
      held.push_back(options.trials + 1);
      double best = NAN;
      for (std::size_t i = 0; i < study.steps.size(); ++i) {
        const Step& step = study.steps[i];
        const bool good = to_loss(problem.goal, step.truth) <= enough;
        if (good) found.back() = std::min(found.back(), i + 1);
        if (!is_better(problem.goal, step.value, best)) continue;
        best = step.value;
        held.back() = good ? i + 1 : options.trials + 1;
      }
    }
    fmt::print("{:28} {} / {}\n", sampler.name + sampler.options.dump(),
               quartiles(std::move(found), options.trials),
               quartiles(std::move(held), options.trials));
    std::fflush(stdout);
  }
  return 0;
}

}  // namespace hone::quality
