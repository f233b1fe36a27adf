// Synthetic functions, shifted so that no optimum lies in the middle or on a corner (Surjanovic and
// Bingham's library gives the unshifted forms). Shifts are fixed draws.
#include <cmath>
#include <numbers>

#include "bench/quality/problem.h"

namespace hone::quality {
namespace {

using std::numbers::pi;

std::vector<double> numbers(const Config& config, int d) {
  std::vector<double> x;
  for (int i = 0; i < d; ++i) x.push_back(config.get("x" + std::to_string(i))->as_number());
  return x;
}

using Function = std::function<double(const std::vector<double>&)>;

/// A function of d reals in [low, high], evaluated without noise unless sd > 0.
Problem function(std::string name, int d, double low, double high, double optimum, Function f,
                 double sd = 0) {
  Problem p;
  p.name = std::move(name);
  p.family = "synthetic";
  p.trials = d > 6 ? 100 : 60;
  std::vector<Parameter> parameters;
  for (int i = 0; i < d; ++i) parameters.push_back(real("x" + std::to_string(i), low, high));
  p.space = space_of(std::move(parameters));
  p.optimum = optimum;
  p.truth = [f, d](const Config& config) { return f(numbers(config, d)); };
  p.evaluate = [f, d, sd](const Config& config, std::uint64_t seed) -> std::optional<double> {
    return f(numbers(config, d)) + (sd > 0 ? sd * Rng(seed).normal() : 0.0);
  };
  return p;
}

/// Uniform on [−0.6, 0.6], of coordinate i.
double shift(int i) {
  return Rng(99).split("shift", static_cast<std::uint64_t>(i)).uniform(-0.6, 0.6);
}

double sphere(const std::vector<double>& x) {
  double sum = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double z = x[i] - 5 * shift(static_cast<int>(i));
    sum += z * z;
  }
  return sum;
}

double ackley(const std::vector<double>& x) {
  double squares = 0;
  double cosines = 0;
  const auto d = static_cast<double>(x.size());
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double z = x[i] - 20 * shift(static_cast<int>(i));
    squares += z * z;
    cosines += std::cos(2 * pi * z);
  }
  return 20 + std::numbers::e - 20 * std::exp(-0.2 * std::sqrt(squares / d)) -
         std::exp(cosines / d);
}

double rastrigin(const std::vector<double>& x) {
  double sum = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double z = x[i] - 3 * shift(static_cast<int>(i));
    sum += 10 + z * z - 10 * std::cos(2 * pi * z);
  }
  return sum;
}

double levy(const std::vector<double>& x) {
  std::vector<double> w;
  for (std::size_t i = 0; i < x.size(); ++i)
    w.push_back(1 + (x[i] - 6 * shift(static_cast<int>(i))) / 4);
  const auto sq = [](double v) { return v * v; };
  double sum = sq(std::sin(pi * w.front()));
  for (std::size_t i = 0; i + 1 < w.size(); ++i) {
    sum += sq(w[i] - 1) * (1 + 10 * sq(std::sin(pi * w[i] + 1)));
  }
  return sum + sq(w.back() - 1) * (1 + sq(std::sin(2 * pi * w.back())));
}

double rosenbrock(const std::vector<double>& x) {
  double sum = 0;
  for (std::size_t i = 0; i + 1 < x.size(); ++i) {
    sum += 100 * std::pow(x[i + 1] - x[i] * x[i], 2) + std::pow(1 - x[i], 2);
  }
  return std::log1p(sum);
}

double branin(const std::vector<double>& u) {
  const double x = -5 + 15 * u[0];
  const double y = 15 * u[1];
  const double a = y - 5.1 / (4 * pi * pi) * x * x + 5 / pi * x - 6;
  return a * a + 10 * (1 - 1 / (8 * pi)) * std::cos(x) + 10;
}

double hartmann6(const std::vector<double>& x) {
  constexpr double a[4][6] = {{10, 3, 17, 3.5, 1.7, 8},
                              {0.05, 10, 17, 0.1, 8, 14},
                              {3, 3.5, 1.7, 10, 17, 8},
                              {17, 8, 0.05, 10, 0.1, 14}};
  constexpr double p[4][6] = {{.1312, .1696, .5569, .0124, .8283, .5886},
                              {.2329, .4135, .8307, .3736, .1004, .9991},
                              {.2348, .1451, .3522, .2883, .3047, .6650},
                              {.4047, .8828, .8732, .5743, .1091, .0381}};
  constexpr double alpha[4] = {1.0, 1.2, 3.0, 3.2};
  double sum = 0;
  for (int i = 0; i < 4; ++i) {
    double e = 0;
    for (int j = 0; j < 6; ++j)
      e += a[i][j] * (x[static_cast<std::size_t>(j)] - p[i][j]) *
           (x[static_cast<std::size_t>(j)] - p[i][j]);
    sum -= alpha[i] * std::exp(-e);
  }
  return sum;
}

/// An ill-conditioned quadratic whose axes are turned by Givens rotations.
double ellipsoid(std::vector<double> x) {
  for (std::size_t i = 0; i < x.size(); ++i) x[i] -= 3 * shift(static_cast<int>(i));
  const double c = std::cos(0.7);
  const double s = std::sin(0.7);
  for (std::size_t i = 0; i + 1 < x.size(); ++i) {
    const double a = x[i];
    x[i] = c * a - s * x[i + 1];
    x[i + 1] = s * a + c * x[i + 1];
  }
  double sum = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    sum +=
        std::pow(1000.0, static_cast<double>(i) / static_cast<double>(x.size() - 1)) * x[i] * x[i];
  }
  return std::log1p(sum);
}

/// Two coordinates of ten matter.
double low_effective(const std::vector<double>& x) { return branin({x[3], x[7]}); }

/// Two unordered choices that interact with reals and integers.
Problem mixed() {
  Problem p;
  p.name = "mixed8";
  p.family = "synthetic";
  p.trials = 100;
  std::vector<Parameter> parameters;
  for (int i = 0; i < 4; ++i) parameters.push_back(real("x" + std::to_string(i), -1, 1));
  parameters.push_back(integer("layers", 1, 8));
  parameters.push_back(integer("width", 8, 512, Law::log_uniform));
  parameters.push_back(choice("kind", {"a", "b", "c", "d", "e"}, false));
  parameters.push_back(choice("gate", {"p", "q", "r"}, false));
  p.space = space_of(std::move(parameters));
  p.truth = [](const Config& config) {
    const auto x = numbers(config, 4);
    const int kind = config.get("kind")->as_string()[0] - 'a';
    const int gate = config.get("gate")->as_string()[0] - 'p';
    double sum = 0;
    for (int i = 0; i < 4; ++i) {
      const double z = x[static_cast<std::size_t>(i)] - 0.9 * shift(7 * kind + i + 1);
      sum += z * z;
    }
    const double layers = (config.get("layers")->as_number() - 3 - gate) / 3;
    const double width = std::log(config.get("width")->as_number() / (32 * (1 + kind))) / 2;
    constexpr double kKind[] = {0.5, 0.0, 0.9, 0.25, 1.2};
    constexpr double kGate[] = {0.3, 0.0, 0.7};
    return sum + layers * layers + width * width + kKind[kind] +
           (kind == 1 ? 1 : 0.5) * kGate[gate];
  };
  p.evaluate = [truth = p.truth](const Config& config, std::uint64_t) -> std::optional<double> {
    return truth(config);
  };
  p.optimum = 0;  // kind b, gate q, width 64, layers 4
  return p;
}

/// Looks like training: log-scaled rates, an ordered batch size, noise, and divergence (a failure)
/// at high rates.
Problem training() {
  Problem p;
  p.name = "training6";
  p.family = "synthetic";
  std::vector<Parameter> parameters = {real("lr", 1e-6, 1, Law::log_uniform),
                                       real("decay", 1e-6, 1e-1, Law::log_uniform),
                                       choice("batch", {8, 16, 32, 64, 128, 256}, true),
                                       integer("layers", 1, 6),
                                       real("dropout", 0, 0.6),
                                       choice("act", {"relu", "gelu", "tanh"}, false)};
  p.space = space_of(std::move(parameters));
  p.truth = [](const Config& config) {
    const double lr = std::log10(config.get("lr")->as_number());
    const double batch = std::log2(config.get("batch")->as_number());
    const double decay = std::log10(config.get("decay")->as_number());
    const double layers = config.get("layers")->as_number();
    const double dropout = config.get("dropout")->as_number();
    const std::string& act = config.get("act")->as_string();
    const double centre = -3.2 + 0.15 * (batch - 5) - 0.1 * (layers - 3);
    double loss = 2 + 0.35 * std::pow(lr - centre, 2) + 0.02 * std::pow(decay + 3, 2) +
                  0.05 * std::pow(batch - 5, 2) + 0.06 * std::pow(layers - 4, 2) +
                  0.8 * std::pow(dropout - 0.12, 2);
    if (act == "tanh") loss += 0.25;
    if (act == "relu") loss += 0.06;
    return std::min(loss, 5.0);
  };
  p.evaluate = [truth = p.truth](const Config& config,
                                 std::uint64_t seed) -> std::optional<double> {
    const double lr = std::log10(config.get("lr")->as_number());
    if (lr > -2.0 + 0.1 * (std::log2(config.get("batch")->as_number()) - 5)) return std::nullopt;
    return truth(config) + 0.02 * Rng(seed).normal();
  };
  p.optimum = 2.0;
  return p;
}

/// Three learners with parameters of their own.
Problem conditional() {
  Problem p;
  p.name = "learners9";
  p.family = "conditional";
  p.trials = 100;
  std::vector<Parameter> parameters = {choice("learner", {"svm", "forest", "net"}, false)};
  parameters.push_back(when(real("c", 1e-3, 1e3, Law::log_uniform), "learner", {"svm"}));
  parameters.push_back(when(real("gamma", 1e-4, 1e1, Law::log_uniform), "learner", {"svm"}));
  parameters.push_back(when(integer("trees", 10, 500, Law::log_uniform), "learner", {"forest"}));
  parameters.push_back(when(integer("depth", 2, 20), "learner", {"forest"}));
  parameters.push_back(when(real("lr", 1e-5, 1, Law::log_uniform), "learner", {"net"}));
  parameters.push_back(when(integer("units", 8, 512, Law::log_uniform), "learner", {"net"}));
  parameters.push_back(when(choice("drop", {false, true}, false), "learner", {"net"}));
  parameters.push_back(when(real("rate", 0, 0.8), "drop", {true}));
  p.space = space_of(std::move(parameters));
  p.truth = [](const Config& config) {
    const auto lg = [&](const char* name) { return std::log10(config.get(name)->as_number()); };
    const auto sq = [](double x) { return x * x; };
    const std::string& learner = config.get("learner")->as_string();
    if (learner == "svm") return 0.12 + 0.02 * sq(lg("c") - 1.3) + 0.03 * sq(lg("gamma") + 1.7);
    if (learner == "forest") {
      return 0.15 + 0.05 * sq(2.5 - lg("trees")) +
             0.001 * sq(config.get("depth")->as_number() - 12);
    }
    const double base = 0.07 + 0.06 * sq(lg("lr") + 2.6) + 0.03 * sq(lg("units") - 2.2);
    if (!config.get("drop")->as_bool()) return base + 0.03;
    return base + 0.3 * sq(config.get("rate")->as_number() - 0.25);
  };
  p.evaluate = [truth = p.truth](const Config& config,
                                 std::uint64_t seed) -> std::optional<double> {
    return truth(config) + 0.002 * Rng(seed).normal();
  };
  p.optimum = 0.07;
  return p;
}

}  // namespace

std::vector<Problem> synthetic_problems() {
  std::vector<Problem> all;
  all.push_back(function("branin2", 2, 0, 1, 0.39788735773, branin));
  all.push_back(function("sphere5_noisy", 5, -5, 5, 0, sphere, 1.0));
  all.push_back(function("rosenbrock4", 4, -2, 2, 0, rosenbrock));
  all.push_back(function("rastrigin4", 4, -5.12, 5.12, 0, rastrigin));
  all.push_back(function("hartmann6", 6, 0, 1, -3.32236801, hartmann6));
  all.push_back(function("ellipsoid6", 6, -5, 5, 0, ellipsoid));
  all.push_back(function("levy6", 6, -10, 10, 0, levy));
  all.push_back(function("ackley8", 8, -32, 32, 0, ackley));
  all.push_back(function("sphere10", 10, -5, 5, 0, sphere));
  all.push_back(function("branin10", 10, 0, 1, 0.39788735773, low_effective));
  all.push_back(mixed());
  all.push_back(training());
  all.push_back(conditional());
  return all;
}

}  // namespace hone::quality
