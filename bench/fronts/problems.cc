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

Problem outputs(quality::OutputPair pair) {
  Problem p;
  p.name = pair.name;
  p.space = pair.space;
  p.goals = pair.goals;
  p.values = pair.values;
  return p;
}

/// Medians of random configurations, and the least losses among them where the problem names none.
void fill_box(Problem& problem) {
  constexpr std::size_t kDraws = 4001;
  Rng rng(20240607);
  const std::size_t m = problem.goals.size();
  std::vector<std::vector<double>> losses(m);
  for (std::size_t i = 0; i < kDraws; ++i) {
    const auto of = problem.losses(problem.values(*problem.space.sample(rng)));
    for (std::size_t k = 0; k < m; ++k) losses[k].push_back(of[k]);
  }
  const bool known = !problem.ideal.empty();
  for (std::size_t k = 0; k < m; ++k) {
    std::sort(losses[k].begin(), losses[k].end());
    problem.reference.push_back(losses[k][kDraws / 2]);
    if (!known) problem.ideal.push_back(losses[k].front());
  }
}

}  // namespace

std::vector<double> Problem::losses(const std::vector<double>& of) const {
  std::vector<double> turned;
  for (std::size_t k = 0; k < of.size(); ++k) turned.push_back(to_loss(goals[k], of[k]));
  return turned;
}

std::vector<Problem> problems(const std::string& data, std::vector<std::string>& skipped) {
  std::vector<Problem> all = {zdt1(), branches()};
  for (auto& pair : quality::yahpo_pairs(data, skipped)) all.push_back(outputs(std::move(pair)));
  for (Problem& problem : all) fill_box(problem);
  return all;
}

}  // namespace hone::fronts
