#include "bench/fronts/problems.h"

#include <algorithm>
#include <cmath>

#include "bench/quality/problem.h"

namespace hone::fronts {
namespace {

using quality::choice;
using quality::integer;
using quality::real;
using quality::space_of;
using quality::when;

double number(const Config& config, const std::string& name) {
  return config.get(name)->as_number();
}

/// Zitzler, Deb and Thiele 2000, the last of ten variables an integer from 0 to 15.
Problem zdt1() {
  Problem p;
  p.name = "zdt1_mixed10";
  std::vector<Parameter> parameters;
  for (int i = 0; i < 9; ++i) parameters.push_back(real("x" + std::to_string(i), 0, 1));
  parameters.push_back(integer("n", 0, 15));
  p.space = space_of(std::move(parameters));
  p.goals = {Goal::minimize, Goal::minimize};
  p.ideal = {0, 0};
  p.values = [](const Config& config) {
    const double f1 = number(config, "x0");
    double sum = number(config, "n") / 15;
    for (int i = 1; i < 9; ++i) sum += number(config, "x" + std::to_string(i));
    const double g = 1 + 9 * sum / 9;
    return std::vector<double>{f1, g * (1 - std::sqrt(f1 / g))};
  };
  return p;
}

/// Error against cost for three kinds of model, each the best in a part of the front.
Problem branches() {
  Problem p;
  p.name = "branches7";
  p.space = space_of({choice("model", {"linear", "trees", "net"}, false),
                      when(real("ridge", 1e-4, 1e2, Law::log_uniform), "model", {"linear"}),
                      when(integer("trees", 1, 500, Law::log_uniform), "model", {"trees"}),
                      when(integer("depth", 1, 12), "model", {"trees"}),
                      when(integer("width", 4, 1024, Law::log_uniform), "model", {"net"}),
                      when(real("rate", 1e-5, 1e-1, Law::log_uniform), "model", {"net"}),
                      real("share", 0.1, 1)});
  p.goals = {Goal::maximize, Goal::minimize};  // accuracy, seconds
  p.ideal = {-0.95, 0};
  p.values = [](const Config& config) {
    const std::string& model = config.get("model")->as_string();
    const double share = number(config, "share");
    const double data = 0.06 * std::pow(1 - share, 2);
    if (model == "linear") {
      const double off = std::log10(number(config, "ridge") / 0.3);
      return std::vector<double>{0.78 - 0.02 * off * off - data, 0.3 * share};
    }
    if (model == "trees") {
      const double trees = number(config, "trees");
      const double depth = number(config, "depth");
      const double fit = 0.12 / std::sqrt(trees) + 0.002 * std::pow(depth - 7, 2);
      return std::vector<double>{0.89 - fit - data, 0.2 + 0.0012 * trees * depth * share};
    }
    const double width = number(config, "width");
    const double off = std::log10(number(config, "rate") / 2e-3) + 0.2 * std::log2(width / 64);
    return std::vector<double>{0.95 - 0.5 / std::sqrt(width) - 0.06 * off * off - 2 * data,
                               0.5 + 0.006 * width * share};
  };
  return p;
}

/// Deb, Thiele, Laumanns and Zitzler 2002: the front is an eighth (…) of a sphere.
Problem dtlz2(std::size_t m, int distances) {
  Problem p;
  p.name = "dtlz2_" + std::to_string(m);
  const std::size_t d = m - 1 + static_cast<std::size_t>(distances);
  std::vector<Parameter> parameters;
  for (std::size_t i = 0; i < d; ++i) parameters.push_back(real("x" + std::to_string(i), 0, 1));
  p.space = space_of(std::move(parameters));
  p.goals.assign(m, Goal::minimize);
  p.ideal.assign(m, 0.0);
  p.reference.assign(m, 1.2);
  p.values = [m, d](const Config& config) {
    const auto x = [&](std::size_t i) { return number(config, "x" + std::to_string(i)); };
    double g = 0;
    for (std::size_t i = m - 1; i < d; ++i) g += (x(i) - 0.5) * (x(i) - 0.5);
    std::vector<double> values(m, 1 + g);
    for (std::size_t k = 0; k < m; ++k) {
      for (std::size_t i = 0; i + k + 1 < m; ++i) values[k] *= std::cos(x(i) * M_PI_2);
      if (k > 0) values[k] *= std::sin(x(m - 1 - k) * M_PI_2);
    }
    return values;
  };
  return p;
}

/// Kursawe 1991, whose front has gaps; a twentieth of the range of both is noise.
Problem kursawe() {
  Problem p;
  p.name = "kursawe3_noisy";
  p.space = space_of({real("x0", -5, 5), real("x1", -5, 5), real("x2", -5, 5)});
  p.goals = {Goal::minimize, Goal::minimize};
  p.ideal = {-20, -11.62};
  p.noise = {0.5, 1};
  p.values = [](const Config& config) {
    const double x[] = {number(config, "x0"), number(config, "x1"), number(config, "x2")};
    double f1 = 0;
    double f2 = 0;
    for (int i = 0; i < 3; ++i) {
      if (i < 2) f1 -= 10 * std::exp(-0.2 * std::hypot(x[i], x[i + 1]));
      f2 += std::pow(std::abs(x[i]), 0.8) + 5 * std::sin(x[i] * x[i] * x[i]);
    }
    return std::vector<double>{f1, f2};
  };
  return p;
}

/// Ray and Liew 2002: mass and stopping time of a disc brake. Guards are turned so that 0 is
/// allowed and more is not: width, length, pressure, temperature, torque.
Problem brake() {
  Problem p;
  p.name = "disc_brake4";
  p.space = space_of({real("inner", 55, 80), real("outer", 75, 110), real("force", 1000, 3000),
                      integer("surfaces", 2, 20)});
  p.goals = {Goal::minimize, Goal::minimize};
  const auto rings = [](const Config& config) {
    const double a = number(config, "inner");
    const double b = number(config, "outer");
    return std::pair(b * b - a * a, b * b * b - a * a * a);
  };
  p.values = [rings](const Config& config) {
    const auto [area, cube] = rings(config);
    const double surfaces = number(config, "surfaces");
    return std::vector<double>{4.9e-5 * area * (surfaces - 1),
                               9.82e6 * area / (number(config, "force") * surfaces * cube)};
  };
  p.guards = 5;
  p.guard_values = [rings](const Config& config) {
    const auto [area, cube] = rings(config);
    const double surfaces = number(config, "surfaces");
    const double force = number(config, "force");
    return std::vector<double>{20 - (number(config, "outer") - number(config, "inner")),
                               2.5 * (surfaces + 1) - 30, force / (3.14 * area) - 0.4,
                               2.22e-3 * force * cube / (area * area) - 1,
                               900 - 2.66e-2 * force * surfaces * cube / area};
  };
  return p;
}

Problem outputs(quality::OutputPair pair) {
  Problem p;
  p.name = pair.name;
  p.space = pair.space;
  p.goals = pair.goals;
  p.values = pair.values;
  return p;
}

/// Medians of feasible random configurations, and the least losses among them, where the problem
/// names none.
void fill_box(Problem& problem) {
  constexpr std::size_t kDraws = 4001;
  Rng rng(20240607);
  const std::size_t m = problem.goals.size();
  std::vector<std::vector<double>> losses(m);
  for (std::size_t i = 0; i < kDraws; ++i) {
    const Config config = *problem.space.sample(rng);
    if (!problem.is_feasible(config)) continue;
    const auto of = problem.losses(problem.values(config));
    for (std::size_t k = 0; k < m; ++k) losses[k].push_back(of[k]);
  }
  const bool known = !problem.ideal.empty();
  const bool bounded = !problem.reference.empty();
  for (std::size_t k = 0; k < m; ++k) {
    std::sort(losses[k].begin(), losses[k].end());
    if (!bounded) problem.reference.push_back(losses[k][losses[k].size() / 2]);
    if (!known) problem.ideal.push_back(losses[k].front());
  }
}

}  // namespace

std::vector<double> Problem::losses(const std::vector<double>& of) const {
  std::vector<double> turned;
  for (std::size_t k = 0; k < of.size(); ++k) turned.push_back(to_loss(goals[k], of[k]));
  return turned;
}

bool Problem::is_feasible(const Config& config) const {
  if (guards == 0) return true;
  const auto of = guard_values(config);
  return std::all_of(of.begin(), of.end(), [](double v) { return v <= 0; });
}

std::vector<double> Problem::reported(const Config& config, std::int64_t seed,
                                      std::int64_t trial) const {
  std::vector<double> of = values(config);
  Rng rng(quality::noise_seed(seed, trial));
  for (std::size_t k = 0; k < noise.size(); ++k) of[k] += noise[k] * rng.normal();
  return of;
}

std::vector<double> Problem::counted(const Config& config) const {
  return is_feasible(config) ? losses(values(config)) : reference;
}

std::vector<Problem> problems(const std::string& data, std::vector<std::string>& skipped) {
  std::vector<Problem> all = {zdt1(), branches(), dtlz2(3, 5), kursawe(), brake()};
  for (auto& pair : quality::yahpo_pairs(data, skipped)) all.push_back(outputs(std::move(pair)));
  for (Problem& problem : all) fill_box(problem);
  return all;
}

std::vector<Problem> problems_of_many() { return {dtlz2(3, 5), dtlz2(5, 5)}; }

}  // namespace hone::fronts
