// Problems whose constraints are known before a trial runs, in the words of a study file. About one
// configuration in 10⁵ keeps them, and the optimum lies on a face of what they leave: the parts of
// a mixture of training data (the form of the loss: Ye et al. 2024, arXiv 2403.16952), eight
// ordered thresholds, and a transformer of a given size that is given so many tokens a step. All
// random constants are fixed draws. The truth is defined outside of the constraints too, for peers
// that are told the value there.
#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "bench/quality/problem.h"
#include "hone/base/assert.h"

namespace hone::quality {
namespace {

double sq(double x) { return x * x; }

SearchSpace space_with(std::vector<Parameter> parameters, const std::vector<std::string>& texts) {
  std::vector<Constraint> constraints;
  for (const std::string& text : texts) {
    auto parsed = Expression::parse(text);
    HONE_ASSERT(std::holds_alternative<Expression>(parsed), "the benchmark's constraints parse");
    constraints.push_back({std::get<Expression>(std::move(parsed))});
  }
  auto built = SearchSpace::create(std::move(parameters), std::move(constraints));
  HONE_ASSERT(built.space.has_value(), "the benchmark's own spaces are valid");
  return *built.space;
}

double number(const Config& config, const std::string& name) {
  return config.get(name)->as_number();
}

void with_noise(Problem& p, double sd) {
  p.evaluate = [truth = p.truth, sd](const Config& config,
                                     std::uint64_t seed) -> std::optional<double> {
    return truth(config) + sd * Rng(seed).normal();
  };
}

/// Parts of ten sources, which may be left out in part: three validation losses fall exponentially
/// with what they learn from each source.
Problem mixture() {
  constexpr std::size_t kSources = 10;
  constexpr std::size_t kLosses = 3;
  Problem p;
  p.name = "mixture10";
  p.family = "constrained";
  std::vector<Parameter> parameters;
  std::string sum;
  for (std::size_t j = 0; j < kSources; ++j) {
    const std::string name = "part" + std::to_string(j);
    parameters.push_back(real(name, 0, 0.7));
    sum += (j == 0 ? "" : " + ") + name;
  }
  p.space = space_with(std::move(parameters), {sum + " <= 1"});
  Rng rng = Rng(77).split("mixture10", 0);
  std::array<std::array<double, kSources>, kLosses> gains{};
  for (auto& gain : gains) {
    for (double& t : gain) t = rng.chance(0.6) ? 6 * sq(rng.uniform()) : 0.2 * rng.uniform();
  }
  p.truth = [gains](const Config& config) {
    constexpr std::array<double, kLosses> kShares = {0.5, 0.3, 0.2};
    double loss = 0;
    for (std::size_t v = 0; v < kLosses; ++v) {
      double learned = 0;
      for (std::size_t j = 0; j < kSources; ++j)
        learned += gains[v][j] * number(config, "part" + std::to_string(j));
      loss += kShares[v] * (2 + 3 * std::exp(-learned));
    }
    return loss;
  };
  p.optimum = 2.48387883;  // convex: sequential quadratic programming from 20 starts
  with_noise(p, 0.002);
  return p;
}

/// A signal is cut at eight thresholds and replaced by the mean of its piece; the root of the mean
/// squared error, the signal being a mixture of one broad and two narrow bells.
Problem thresholds() {
  constexpr int kCuts = 8;
  constexpr int kGrid = 4000;
  Problem p;
  p.name = "thresholds8";
  p.family = "constrained";
  std::vector<Parameter> parameters;
  std::vector<std::string> texts;
  for (int j = 1; j <= kCuts; ++j) {
    parameters.push_back(real("cut" + std::to_string(j), 0, 1));
    if (j > 1) texts.push_back("cut" + std::to_string(j - 1) + " < cut" + std::to_string(j));
  }
  p.space = space_with(std::move(parameters), texts);
  // Integrals from 0 of density, density · x and density · x², at the edges of a fine grid.
  std::array<std::vector<double>, 3> integrals;
  for (auto& integral : integrals) integral.assign(kGrid + 1, 0.0);
  for (int i = 0; i < kGrid; ++i) {
    const double x = (i + 0.5) / kGrid;
    const auto bell = [&](double centre, double width) {
      return std::exp(-0.5 * sq((x - centre) / width)) / width;
    };
    const double density = 0.3 * bell(0.5, 0.25) + 0.4 * bell(0.22, 0.02) + 0.3 * bell(0.81, 0.03);
    const auto at = static_cast<std::size_t>(i);
    for (int power = 0; power < 3; ++power) {
      auto& integral = integrals[static_cast<std::size_t>(power)];
      integral[at + 1] = integral[at] + density * std::pow(x, power);
    }
  }
  p.truth = [integrals](const Config& config) {
    std::vector<double> cuts = {0};
    for (int j = 1; j <= kCuts; ++j) cuts.push_back(number(config, "cut" + std::to_string(j)));
    cuts.push_back(1);
    std::sort(cuts.begin(), cuts.end());
    const auto until = [&](std::size_t power, double x) {
      const double position = std::clamp(x, 0.0, 1.0) * kGrid;
      const auto i = std::min(static_cast<std::size_t>(position), std::size_t{kGrid - 1});
      const auto& integral = integrals[power];
      return integral[i] + (position - static_cast<double>(i)) * (integral[i + 1] - integral[i]);
    };
    double error = 0;
    for (std::size_t k = 0; k + 1 < cuts.size(); ++k) {
      const auto piece = [&](std::size_t power) {
        return until(power, cuts[k + 1]) - until(power, cuts[k]);
      };
      if (piece(0) > 1e-12) error += piece(2) - sq(piece(1)) / piece(0);
    }
    return std::sqrt(std::max(error, 0.0) / integrals[0].back());
  };
  p.evaluate = [truth = p.truth](const Config& config, std::uint64_t) -> std::optional<double> {
    return truth(config);
  };
  p.optimum = 0.0232984;  // dynamic programming over 2 000 cuts, then refined
  return p;
}

double size_loss(double layers, double width, double heads) {
  return -0.5 * std::log(layers * sq(width)) + 0.04 * sq(std::log2(width / layers / 60)) +
         0.03 * sq(std::log2(width / heads / 80));
}

double tokens_loss(double batch, double sequence) {
  return 0.05 * sq(std::log2(sequence / 1500)) - 0.1 * std::log(batch * sequence);
}

constexpr double kLeastSize = 124e6;
constexpr double kMostSize = 126e6;
constexpr double kLeastTokens = 500'000;
constexpr double kMostTokens = 550'000;

/// The best of both losses within the constraints; the rates add nothing at their best.
double transformer_optimum() {
  double size = INFINITY;
  for (int layers = 2; layers <= 64; ++layers) {
    for (int width = 128; width <= 4096; ++width) {
      const double parameters = 12.0 * layers * width * width;
      if (parameters < kLeastSize || parameters > kMostSize) continue;
      for (int heads = 1; heads <= 64; ++heads) {
        if (width % heads == 0) size = std::min(size, size_loss(layers, width, heads));
      }
    }
  }
  double tokens = INFINITY;
  for (int batch = 1; batch <= 512; ++batch) {
    for (int sequence = 128; sequence <= 8192; ++sequence) {
      const double product = 1.0 * batch * sequence;
      if (product < kLeastTokens || product > kMostTokens) continue;
      tokens = std::min(tokens, tokens_loss(batch, sequence));
    }
  }
  return size + tokens;
}

/// Shapes of equal size and tokens a step; the best rate falls with the width.
Problem transformer() {
  Problem p;
  p.name = "transformer8";
  p.family = "constrained";
  p.space = space_with(
      {integer("layers", 2, 64, Law::log_uniform), integer("width", 128, 4096, Law::log_uniform),
       integer("heads", 1, 64, Law::log_uniform), integer("batch", 1, 512, Law::log_uniform),
       integer("sequence", 128, 8192, Law::log_uniform), real("lr", 1e-5, 1e-1, Law::log_uniform),
       real("decay", 1e-4, 1, Law::log_uniform), real("dropout", 0, 0.5)},
      {"width % heads == 0", "124000000 <= 12 * layers * width ** 2 <= 126000000",
       "500000 <= batch * sequence <= 550000"});
  p.truth = [](const Config& config) {
    const double width = number(config, "width");
    return size_loss(number(config, "layers"), width, number(config, "heads")) +
           tokens_loss(number(config, "batch"), number(config, "sequence")) +
           0.15 * sq(std::log10(number(config, "lr")) + 3 + 0.7 * std::log10(width / 768)) +
           0.02 * sq(std::log10(number(config, "decay")) + 1) + sq(number(config, "dropout") - 0.1);
  };
  p.optimum = transformer_optimum();
  with_noise(p, 0.005);
  return p;
}

}  // namespace

std::vector<Problem> constrained_problems() { return {mixture(), thresholds(), transformer()}; }

}  // namespace hone::quality
