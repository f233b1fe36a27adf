#include "sweep_laws.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <sstream>

#include "hone/base/text.h"
#include "hone/study/placeholders_text.h"

namespace hone::sweep_laws {
namespace {

std::string number(double x) { return fmt::format("{:.12g}", x); }

std::string base_law(const Real& d) {
  switch (d.law) {
    case Law::uniform:
      return "uniform " + number(d.low) + " " + number(d.high);
    case Law::log_uniform:
      return "log_uniform " + number(d.low) + " " + number(d.high);
    case Law::logit_uniform:
      return "logit_uniform " + number(d.low) + " " + number(d.high);
    case Law::normal:
      return "normal " + number(d.a) + " " + number(d.b);
    case Law::log_normal:
      return "log_normal " + number(d.a) + " " + number(d.b);
    case Law::beta:
      return "beta " + number(d.a) + " " + number(d.b);
  }
  return "";
}

/// I_x(a, b) by Simpson's rule on t = sin²θ, which takes the ends' poles away for a, b ≥ 1/2.
double beta_probability(double x, double a, double b) {
  const double end = std::asin(std::sqrt(std::clamp(x, 0.0, 1.0)));
  const auto area = [&](double to) {
    constexpr int kSteps = 2000;
    const double h = to / kSteps;
    double sum = 0;
    for (int i = 0; i <= kSteps; ++i) {
      const double t = i * h;
      const double f = 2 * std::pow(std::sin(t), 2 * a - 1) * std::pow(std::cos(t), 2 * b - 1);
      sum += f * (i == 0 || i == kSteps ? 1 : i % 2 == 1 ? 4 : 2);
    }
    return sum * h / 3;
  };
  return area(end) / area(std::acos(-1.0) / 2);
}

/// P(X ≤ x) of a continuous law.
double continuous_probability(const std::string& law, double a, double b, double x) {
  const auto gauss = [](double z) { return 0.5 * std::erfc(-z / std::sqrt(2.0)); };
  if (law == "uniform") return std::clamp((x - a) / (b - a), 0.0, 1.0);
  if (law == "log_uniform")
    return x <= a ? 0 : std::clamp(std::log(x / a) / std::log(b / a), 0.0, 1.0);
  if (law == "normal") return gauss((x - a) / b);
  if (law == "log_normal") return x <= 0 ? 0 : gauss((std::log(x) - a) / b);
  if (law == "beta") return beta_probability(x, a, b);
  return std::nan("");
}

struct NumericLaw {
  std::string name;
  double a = 0;
  double b = 0;
  double q = 0;  // 0: not rounded
  bool whole = false;

  /// P(X ≤ x) for a value x that the law can take.
  double at(double x) const {
    if (name == "int") return std::clamp((std::floor(x) - a + 1) / (b - a + 1), 0.0, 1.0);
    return continuous_probability(name, a, b, q > 0 ? x + q / 2 : x);
  }
  /// P(X < x).
  double below(double x) const {
    if (name == "int") return at(x - 1);
    return q > 0 ? continuous_probability(name, a, b, x - q / 2) : at(x);
  }
};

NumericLaw parse(std::string text) {
  NumericLaw law;
  const std::string suffix = " whole";
  if (text.size() > suffix.size() &&
      text.compare(text.size() - suffix.size(), std::string::npos, suffix) == 0) {
    law.whole = true;
    text.resize(text.size() - suffix.size());
  }
  if (text.compare(0, 6, "round(") == 0) {
    const std::size_t comma = text.find(", ");
    law.q = parse_number(text.substr(comma + 2, text.size() - comma - 3)).value_or(0);
    text = text.substr(6, comma - 6);
  }
  std::istringstream in(text);
  in >> law.name >> law.a >> law.b;
  return law;
}

std::string numeric_disagreement(const NumericLaw& law, const std::vector<Value>& draws,
                                 double false_alarm) {
  std::vector<double> x;
  for (const Value& value : draws) {
    if (!value.is_number()) return "a draw is no number: " + value.dump();
    if ((law.whole || law.name == "int") != value.is_int())
      return "a draw has the wrong type: " + value.dump();
    x.push_back(value.as_number());
  }
  std::sort(x.begin(), x.end());
  const auto n = static_cast<double>(x.size());
  double distance = 0;
  for (std::size_t i = 0; i < x.size();) {
    std::size_t next = i;
    while (next < x.size() && x[next] == x[i]) ++next;
    distance = std::max(distance, std::abs(static_cast<double>(i) / n - law.below(x[i])));
    distance = std::max(distance, std::abs(static_cast<double>(next) / n - law.at(x[i])));
    i = next;
  }
  const double bound = std::sqrt(std::log(2 / false_alarm) / (2 * n));
  if (distance <= bound) return "";
  return fmt::format("distance {:.4f} above {:.4f}", distance, bound);
}

/// Upper quantile of χ² by Wilson and Hilferty's cube (error below 1 % here).
double chi_square_bound(std::size_t degrees) {
  constexpr double kZ = 4.7534243088;  // Φ⁻¹(1 − 10⁻⁶)
  const double k = 2.0 / (9.0 * static_cast<double>(degrees));
  return static_cast<double>(degrees) * std::pow(1 - k + kZ * std::sqrt(k), 3) * 1.01;
}

std::string choice_disagreement(const std::string& text, const std::vector<Value>& draws) {
  std::map<std::string, double> expected;
  std::size_t from = 0;
  while (from <= text.size()) {
    const std::size_t to = std::min(text.find(" | ", from), text.size());
    const std::string item = text.substr(from, to - from);
    const std::size_t blank = item.rfind(' ');
    expected[item.substr(0, blank)] += parse_number(item.substr(blank + 1)).value_or(0);
    from = to + 3;
  }
  std::map<std::string, double> counts;
  for (const Value& value : draws) ++counts[argument_text(value)];
  const auto n = static_cast<double>(draws.size());
  double statistic = 0;
  for (const auto& [item, p] : expected) statistic += std::pow(counts[item] - n * p, 2) / (n * p);
  for (const auto& [item, count] : counts) {
    if (expected.count(item) == 0) return "'" + item + "' is none of the values";
  }
  if (expected.size() == 1) return "";
  const double bound = chi_square_bound(expected.size() - 1);
  return statistic <= bound ? "" : fmt::format("χ² {:.1f} above {:.1f}", statistic, bound);
}

}  // namespace

std::string law_text(const Domain& domain) {
  if (const auto* real = std::get_if<Real>(&domain)) {
    const std::string base = base_law(*real);
    if (!real->quantum) return base;
    return fmt::format("round({}, {}){}", base, number(real->quantum->step),
                       real->whole ? " whole" : "");
  }
  if (const auto* integer = std::get_if<Integer>(&domain))
    return fmt::format("int {} {}", integer->low, integer->high);
  if (const auto* fixed = std::get_if<Fixed>(&domain))
    return "constant " + argument_text(fixed->value);
  const auto& choice = std::get<Choice>(domain);
  std::string out;
  for (std::size_t i = 0; i < choice.items.size(); ++i) {
    const double p =
        choice.weights.empty() ? 1.0 / static_cast<double>(choice.items.size()) : choice.weights[i];
    out +=
        fmt::format("{}{} {}", i > 0 ? " | " : "", argument_text(choice.items[i].value), number(p));
  }
  return "choice " + out;
}

std::string disagreement(const std::string& law, const std::vector<Value>& draws,
                         double false_alarm) {
  if (law.compare(0, 7, "choice ") == 0) return choice_disagreement(law.substr(7), draws);
  if (law.compare(0, 9, "constant ") == 0) {
    for (const Value& value : draws) {
      if (argument_text(value) != law.substr(9)) return argument_text(value) + " is another value";
    }
    return "";
  }
  return numeric_disagreement(parse(law), draws, false_alarm);
}

}  // namespace hone::sweep_laws
