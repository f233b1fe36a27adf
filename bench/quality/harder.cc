// More synthetic problems: turned and shifted functions under noise, spaces of which a tenth fails
// right beside the optimum, and conditional spaces whose branches share parameters. All random
// constants are fixed draws. The unturned functions are in Surjanovic and Bingham's library.
#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

#include "bench/quality/problem.h"

namespace hone::quality {
namespace {

using std::numbers::pi;
using Vector = std::vector<double>;
using Function = std::function<double(const Vector&)>;

double dot(const Vector& a, const Vector& b) {
  return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
}

Vector scaled(Vector v, double factor) {
  for (double& x : v) x *= factor;
  return v;
}

Vector unit(const Vector& v) { return scaled(v, 1 / std::sqrt(dot(v, v))); }

/// v without its part along the unit vector u.
Vector without(Vector v, const Vector& u) {
  const double along = dot(v, u);
  for (std::size_t i = 0; i < v.size(); ++i) v[i] -= along * u[i];
  return v;
}

Vector normals(Rng& rng, int d) {
  Vector v;
  for (int i = 0; i < d; ++i) v.push_back(rng.normal());
  return v;
}

/// A random rotation: orthonormal rows by Gram and Schmidt's procedure.
std::vector<Vector> rotation(Rng& rng, int d) {
  std::vector<Vector> rows;
  for (int i = 0; i < d; ++i) {
    Vector row = normals(rng, d);
    for (const Vector& other : rows) row = without(std::move(row), other);
    rows.push_back(unit(row));
  }
  return rows;
}

Vector numbers(const Config& config, int d) {
  Vector x;
  for (int i = 0; i < d; ++i) x.push_back(config.get("x" + std::to_string(i))->as_number());
  return x;
}

/// d reals in [-half, half]; the function is given what is left of x after shift and rotation, so
/// its own optimum at 0 comes to lie within 60 % of the half range. Noise of standard deviation sd.
Problem turned(std::string name, int d, double half, double sd, Function f) {
  Rng rng = Rng(77).split(name, 0);
  Vector shift;
  for (int i = 0; i < d; ++i) shift.push_back(half * rng.uniform(-0.6, 0.6));
  const auto rows = rotation(rng, d);
  Problem p;
  p.name = std::move(name);
  p.family = "turned";
  std::vector<Parameter> parameters;
  for (int i = 0; i < d; ++i) parameters.push_back(real("x" + std::to_string(i), -half, half));
  p.space = space_of(std::move(parameters));
  p.optimum = 0;
  p.truth = [f = std::move(f), rows, shift, d](const Config& config) {
    Vector x = numbers(config, d);
    for (std::size_t i = 0; i < x.size(); ++i) x[i] -= shift[i];
    Vector z;
    for (const Vector& row : rows) z.push_back(dot(row, x));
    return f(z);
  };
  p.evaluate = [truth = p.truth, sd](const Config& config,
                                     std::uint64_t seed) -> std::optional<double> {
    return truth(config) + sd * Rng(seed).normal();
  };
  return p;
}

double ackley(const Vector& z) {
  const auto d = static_cast<double>(z.size());
  double cosines = 0;
  for (const double x : z) cosines += std::cos(2 * pi * x);
  return 20 + std::numbers::e - 20 * std::exp(-0.2 * std::sqrt(dot(z, z) / d)) -
         std::exp(cosines / d);
}

double levy(const Vector& z) {
  const auto sq = [](double v) { return v * v; };
  const auto w = [&](std::size_t i) { return 1 + z[i] / 4; };
  double sum = sq(std::sin(pi * w(0)));
  for (std::size_t i = 0; i + 1 < z.size(); ++i)
    sum += sq(w(i) - 1) * (1 + 10 * sq(std::sin(pi * w(i) + 1)));
  return sum + sq(w(z.size() - 1) - 1) * (1 + sq(std::sin(2 * pi * w(z.size() - 1))));
}

double rosenbrock(const Vector& z) {
  double sum = 0;
  for (std::size_t i = 0; i + 1 < z.size(); ++i)
    sum += 100 * std::pow(1 + z[i + 1] - std::pow(1 + z[i], 2), 2) + std::pow(z[i], 2);
  return std::log1p(sum);
}

/// The problem, but a half space fails that holds a tenth of the cube and ends 0.05 of a side
/// beyond the optimum; `best` is the optimum in the unit cube [low, high]^d.
Problem failing(Problem p, std::string name, const Vector& best, double low, double high) {
  constexpr double kMargin = 0.05;
  constexpr double kShare = 0.1;
  const int d = static_cast<int>(best.size());
  Vector outward = best;
  for (double& x : outward) x -= 0.5;
  const double away = std::sqrt(dot(outward, outward));
  outward = unit(outward);
  Rng rng = Rng(77).split(name, 0);
  const Vector across = unit(without(normals(rng, d), outward));
  // Turn the direction until the threshold of a tenth lies just beyond the optimum.
  Vector direction;
  double threshold = 0;
  for (double angle = 0; angle < pi / 2; angle += 0.01) {
    direction = scaled(outward, std::cos(angle));
    for (std::size_t i = 0; i < across.size(); ++i) direction[i] += std::sin(angle) * across[i];
    Rng draws(5);
    Vector along;
    for (int k = 0; k < 4001; ++k) {
      Vector u;
      for (int i = 0; i < d; ++i) u.push_back(draws.uniform(-0.5, 0.5));
      along.push_back(dot(u, direction));
    }
    const auto tenth = along.begin() + static_cast<std::ptrdiff_t>((1 - kShare) * 4001);
    std::nth_element(along.begin(), tenth, along.end());
    threshold = *tenth;
    if (away * std::cos(angle) < threshold - kMargin) break;
  }
  p.name = std::move(name);
  p.family = "failing";
  p.evaluate = [inner = p.evaluate, direction, threshold, low, high, d](
                   const Config& config, std::uint64_t seed) -> std::optional<double> {
    Vector u = numbers(config, d);
    for (double& x : u) x = (x - low) / (high - low) - 0.5;
    if (dot(u, direction) > threshold) return std::nullopt;
    return inner(config, seed);
  };
  return p;
}

Problem failing_hartmann(const std::vector<Problem>& known) {
  const auto it = std::find_if(known.begin(), known.end(),
                               [](const Problem& p) { return p.name == "hartmann6"; });
  return failing(*it, "hartmann6_failing",
                 {0.20169, 0.150011, 0.476874, 0.275332, 0.311652, 0.6573}, 0, 1);
}

Problem failing_levy() {
  constexpr double kHalf = 10;
  Problem p = turned("levy4_turned", 4, kHalf, 0, levy);
  Rng rng = Rng(77).split("levy4_turned", 0);
  Vector best;
  for (int i = 0; i < 4; ++i) best.push_back((rng.uniform(-0.6, 0.6) + 1) / 2);
  return failing(std::move(p), "levy4_failing", best, -kHalf, kHalf);
}

double sq(double x) { return x * x; }

/// Reports the truth with a little noise.
void with_noise(Problem& p, double sd) {
  p.evaluate = [truth = p.truth, sd](const Config& config,
                                     std::uint64_t seed) -> std::optional<double> {
    return truth(config) + sd * Rng(seed).normal();
  };
}

/// An optimiser and a schedule with parameters of their own; the best rate depends on the
/// optimiser.
Problem optimisers() {
  Problem p;
  p.name = "optimisers8";
  p.family = "conditional";
  p.space = space_of(
      {choice("optimiser", {"sgd", "adam", "lion"}, false), real("lr", 1e-5, 1, Law::log_uniform),
       real("decay", 1e-6, 1e-1, Law::log_uniform),
       when(real("momentum", 0, 0.99), "optimiser", {"sgd"}),
       when(real("forgetting", 1e-4, 1e-1, Law::log_uniform), "optimiser", {"adam", "lion"}),
       choice("schedule", {"constant", "cosine", "step"}, false),
       when(real("warmup", 0, 0.3), "schedule", {"cosine"}),
       when(real("factor", 1e-2, 0.9, Law::log_uniform), "schedule", {"step"})});
  p.truth = [](const Config& config) {
    const auto lg = [&](const char* name) { return std::log10(config.get(name)->as_number()); };
    const std::string& optimiser = config.get("optimiser")->as_string();
    const std::string& schedule = config.get("schedule")->as_string();
    double loss = 0.01 * sq(lg("decay") + 2.5);
    if (optimiser == "sgd") {
      const double momentum = config.get("momentum")->as_number();
      loss += 0.30 + 0.08 * sq(lg("lr") + 1 + (momentum - 0.9)) + 0.2 * sq(momentum - 0.9);
    } else {
      const bool adam = optimiser == "adam";
      loss += (adam ? 0.25 : 0.28) + 0.08 * sq(lg("lr") + (adam ? 3 : 4)) +
              0.03 * sq(lg("forgetting") + (adam ? 2.3 : 1.5));
    }
    if (schedule == "constant") return loss + 0.04;
    if (schedule == "cosine") return loss + 2 * sq(config.get("warmup")->as_number() - 0.06);
    return loss + 0.01 + 0.05 * sq(lg("factor") + 1);
  };
  p.optimum = 0.25;
  with_noise(p, 0.003);
  return p;
}

/// One to four layers, each with a width of its own; the best rate falls with the depth.
Problem layers() {
  Problem p;
  p.name = "layers6";
  p.family = "conditional";
  p.space = space_of({choice("layers", {1, 2, 3, 4}, true), real("lr", 1e-5, 1, Law::log_uniform),
                      integer("width1", 8, 512, Law::log_uniform),
                      when(integer("width2", 8, 512, Law::log_uniform), "layers", {2, 3, 4}),
                      when(integer("width3", 8, 512, Law::log_uniform), "layers", {3, 4}),
                      when(integer("width4", 8, 512, Law::log_uniform), "layers", {4})});
  p.truth = [](const Config& config) {
    const double count = config.get("layers")->as_number();
    double widths = 0;
    for (int i = 1; i <= static_cast<int>(count); ++i) {
      const double width = config.get("width" + std::to_string(i))->as_number();
      widths += sq(std::log2(width) - (8 - i)) / count;
    }
    const double lr = std::log10(config.get("lr")->as_number());
    return 0.2 + 0.03 * sq(count - 3) + 0.03 * widths + 0.06 * sq(lr + 2.5 + 0.15 * (count - 3));
  };
  p.optimum = 0.2;
  with_noise(p, 0.003);
  return p;
}

}  // namespace

std::vector<Problem> harder_problems(const std::vector<Problem>& known) {
  std::vector<Problem> all;
  all.push_back(turned("ackley5_turned", 5, 32, 0.5, ackley));
  all.push_back(turned("levy5_turned", 5, 10, 1, levy));
  all.push_back(turned("rosenbrock4_turned", 4, 2, 0.1, rosenbrock));
  all.push_back(failing_hartmann(known));
  all.push_back(failing_levy());
  all.push_back(optimisers());
  all.push_back(layers());
  return all;
}

}  // namespace hone::quality
