// Studies with known answers: functions whose variance under the law of the space is known term by
// term, played over configurations that are drawn at random or as a sampler that learns would.
#pragma once

#include <algorithm>
#include <cmath>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "hone/study/history.h"

namespace hone {

/// An infinite value is a trial that diverged.
using Function = std::function<double(const Config&, Rng&)>;

inline StudySpec unit_space(int dimension, std::int64_t seed) {
  StudySpec spec;
  std::vector<Parameter> parameters;
  for (int j = 0; j < dimension; ++j)
    parameters.push_back({"x" + std::to_string(j), Real{}, {}, {}, {}});
  spec.space = *SearchSpace::create(parameters, {}).space;
  spec.metrics = {Metric{}};
  spec.metrics[0].name = "loss";
  spec.seed = seed;
  return spec;
}

inline double number(const Config& config, const char* name) {
  return config.get(name)->as_number();
}

enum class Draws {
  from_the_law,
  near_the_best,  ///< as a sampler that has learnt: in every parameter, also in those that do not
                  ///< matter
};

inline Config draw(const History& history, Draws draws, Rng& rng) {
  const SearchSpace& space = history.spec().space;
  constexpr std::int64_t kStart = 10;
  if (draws == Draws::from_the_law || history.size() < kStart) return *space.sample(rng);
  std::vector<std::int64_t> order(static_cast<std::size_t>(history.size()));
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = static_cast<std::int64_t>(i);
  std::sort(order.begin(), order.end(), [&](std::int64_t a, std::int64_t b) {
    return *history.trial(a).value() < *history.trial(b).value();
  });
  const auto centre = history.encoded(order[rng.below(6)]);
  std::vector<double> row(centre.begin(), centre.end());
  for (double& u : row) u = std::clamp(u + 0.15 * rng.normal(), 0.0, 1.0);
  return space.decode(row);
}

inline History played(const StudySpec& spec, int trials, const Function& function,
                      Draws draws = Draws::from_the_law) {
  History history(std::make_shared<StudySpec>(spec));
  const Rng seeded(static_cast<std::uint64_t>(spec.seed));
  Rng place = seeded.split("place");
  Rng noise = seeded.split("noise");
  std::int64_t seq = 0;
  for (int i = 0; i < trials; ++i) {
    auto proposal = std::make_shared<Proposal>();
    proposal->number = i;
    proposal->config = draw(history, draws, place);
    const double value = function(proposal->config, noise);
    history.apply(Change{++seq, seq, TrialAdded{proposal}});
    TrialMoved moved;
    moved.trial = i;
    moved.state = std::isinf(value) ? TrialState::failed : TrialState::complete;
    if (std::isinf(value)) {
      moved.fail_kind = FailKind::diverged;
    } else {
      moved.results = {Result{0, value, std::nullopt, 1, std::nullopt}};
    }
    history.apply(Change{++seq, seq, moved});
  }
  return history;
}

/// Ishigami and Homma 1990 with a = 7, b = 0.1 over the unit cube: first-order Sobol indices
/// 0.3139, 0.4424, 0; of the pair of the first and third 0.2437; no others.
inline double ishigami(const Config& c, Rng&) {
  constexpr double kPi = 3.14159265358979323846;
  const auto x = [&](const char* name) { return kPi * (2 * number(c, name) - 1); };
  return std::sin(x("x0")) + 7 * std::pow(std::sin(x("x1")), 2) +
         0.1 * std::pow(x("x2"), 4) * std::sin(x("x0"));
}

/// Saltelli and Sobol 1995: ∏ (|4x − 2| + a)/(1 + a) with a = 0, 1, 4.5, 9: first-order indices
/// V_i/V with V_i = 1/(3(1 + a)²), V = ∏(1 + V_i) − 1.
inline double sobol_g(const Config& c, Rng&) {
  constexpr double kA[] = {0, 1, 4.5, 9};
  double product = 1;
  for (int i = 0; i < 4; ++i) {
    const double x = number(c, ("x" + std::to_string(i)).c_str());
    product *= (std::abs(4 * x - 2) + kA[i]) / (1 + kA[i]);
  }
  return product;
}

}  // namespace hone
