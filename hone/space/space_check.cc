// What can be told about a space from its text: domains, names, conditions, cycles, defaults,
// constraints that are equalities. All problems at once, each with the field it belongs to and what
// was probably meant.
#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>

#include "hone/base/text.h"
#include "hone/space/encoding.h"
#include "hone/space/expression_node.h"
#include "hone/space/law.h"
#include "hone/space/space_model.h"

namespace hone {
namespace {

/// Cells of an integer must be wider than the doubles near 1, or the encoding would not be exact.
constexpr double kMaxCells = 0x1p50;
constexpr double kMaxLogInteger = 0x1p44;
constexpr std::int64_t kMaxInteger = std::int64_t{1} << 53;
constexpr double kWeightTolerance = 1e-6;

std::string show(const Value& v) {
  return v.is_string() ? fmt::format("'{}'", v.as_string()) : v.dump();
}
std::string show(double d) {
  return d == std::floor(d) && std::fabs(d) < 1e15 ? fmt::format("{:.0f}", d) : format_double(d);
}

std::string show_items(const Choice& choice) {
  std::string out;
  for (std::size_t i = 0; i < choice.items.size() && i < 8; ++i) {
    out += (i > 0 ? ", " : "") + show(choice.items[i].value);
  }
  return choice.items.size() > 8 ? out + ", …" : out;
}

class Checker {
 public:
  Checker(std::vector<Parameter>& parameters, const std::vector<Constraint>& constraints)
      : parameters_(parameters), constraints_(constraints) {
    for (const Parameter& p : parameters) names_.push_back(p.name);
  }

  std::vector<SpaceProblem> run() {
    for (std::size_t i = 0; i < parameters_.size(); ++i) {
      parameter_ = static_cast<int>(i);
      check_name(i);
      check_domain(parameters_[i]);
      check_conditions(parameters_[i]);
      check_beliefs(parameters_[i]);
    }
    parameter_ = -1;
    check_cycles();
    for (std::size_t i = 0; i < constraints_.size(); ++i) {
      constraint_ = static_cast<int>(i);
      check_constraint(constraints_[i].expression);
    }
    return std::move(problems_);
  }

 private:
  void report(std::string field, std::string message, std::size_t offset = 0,
              bool warning = false) {
    problems_.push_back(
        {parameter_, constraint_, std::move(field), std::move(message), warning, offset});
  }
  void error(std::string field, std::string message) {
    report(std::move(field), std::move(message));
  }
  void warn(std::string field, std::string message) {
    report(std::move(field), std::move(message), 0, true);
  }

  const Parameter* find(std::string_view name) const {
    const auto at = std::find(names_.begin(), names_.end(), name);
    return at == names_.end() ? nullptr
                              : &parameters_[static_cast<std::size_t>(at - names_.begin())];
  }

  std::string unknown(std::string_view name) const {
    const auto near = nearest_name(name, names_);
    return near ? fmt::format("there is no parameter '{}'; did you mean '{}'?", name, *near)
                : fmt::format("there is no parameter '{}'", name);
  }

  /// Unknown names; a difference such as `learning-rate` read as a subtraction is told apart.
  bool check_names(const Expression& expression, const std::string& field) {
    bool known = true;
    for (std::size_t i = 0; i < expression.names().size(); ++i) {
      const std::string& name = expression.names()[i];
      if (find(name) != nullptr) continue;
      known = false;
      std::string message = unknown(name);
      for (const std::string& other : names_) {
        if (other.size() > name.size() && other.compare(0, name.size(), name) == 0 &&
            other[name.size()] == '-' && expression.source().find(other) != std::string::npos) {
          message = fmt::format(
              "there is no parameter '{}'; a name with a dash stands in back-quotes: `{}`", name,
              other);
        }
      }
      report(field, std::move(message), expression.name_offset(i));
    }
    return known;
  }

  void check_name(std::size_t i) {
    if (names_[i].empty()) error("name", "the parameter has no name");
    if (names_[i].find('`') != std::string::npos)
      error("name", fmt::format("the name '{}' holds a back-quote", names_[i]));
    if (std::find(names_.begin(), names_.begin() + static_cast<std::ptrdiff_t>(i), names_[i]) !=
        names_.begin() + static_cast<std::ptrdiff_t>(i)) {
      error("name", fmt::format("there is a second parameter '{}'", names_[i]));
    }
  }

  // --- domains
  void check_domain(Parameter& parameter) {
    sound_ = true;
    const std::size_t before = problems_.size();
    if (auto* real = std::get_if<Real>(&parameter.domain)) check_real(*real);
    if (auto* integer = std::get_if<Integer>(&parameter.domain)) check_integer(*integer);
    if (auto* choice = std::get_if<Choice>(&parameter.domain)) check_choice(*choice);
    if (auto* derived = std::get_if<Derived>(&parameter.domain))
      check_names(derived->expression, "expression");
    for (std::size_t i = before; i < problems_.size(); ++i) sound_ = sound_ && problems_[i].warning;
  }

  void check_real(const Real& d) {
    if (d.law == Law::normal || d.law == Law::log_normal) {
      if (!std::isfinite(d.a)) error("mu", "the mean must be a finite number");
      if (!(d.b > 0) || !std::isfinite(d.b))
        error("sigma", fmt::format("the standard deviation must be above 0, not {}", show(d.b)));
    } else if (d.law == Law::beta) {
      if (!(d.a > 0) || !std::isfinite(d.a))
        error("a", fmt::format("the shape a must be above 0, not {}", show(d.a)));
      if (!(d.b > 0) || !std::isfinite(d.b))
        error("b", fmt::format("the shape b must be above 0, not {}", show(d.b)));
    } else if (!std::isfinite(d.low) || !std::isfinite(d.high)) {
      error(std::isfinite(d.low) ? "max" : "min", "the bounds must be finite numbers");
    } else if (d.low == d.high) {
      error("max", fmt::format("min and max are both {}; write 'value: {}' for a fixed parameter",
                               show(d.low), show(d.low)));
    } else if (d.low > d.high) {
      error("max", fmt::format("max ({}) is below min ({})", show(d.high), show(d.low)));
    } else if (d.law == Law::log_uniform && !(d.low > 0)) {
      error("min", fmt::format("a logarithmic scale needs min above 0, not {}", show(d.low)));
    } else if (d.law == Law::logit_uniform && (!(d.low > 0) || !(d.high < 1))) {
      error(d.low > 0 ? "max" : "min", "a logit scale needs bounds strictly between 0 and 1");
    }
    if (!d.quantum) {
      if (d.whole) error("q", "only a parameter with a whole step yields integers");
      return;
    }
    const double step = d.quantum->step;
    if (!(step > 0) || !std::isfinite(step))
      return error("step", fmt::format("the step must be above 0, not {}", show(step)));
    if (d.whole && step != std::floor(step))
      error("step", fmt::format("a step of {} does not yield integers", show(step)));
    if (!problems_.empty() && problems_.back().parameter == parameter_ && !problems_.back().warning)
      return;
    const double count = Grid(d).count();
    if (count < 1)
      error("step", fmt::format("a step of {} leaves no value in the range", show(step)));
    else if (count > kMaxCells)
      error("step", fmt::format("a step of {} gives more than 10^15 values; leave the step away",
                                show(step)));
    else if (count == 1)
      warn("step", fmt::format("a step of {} leaves one value only", show(step)));
  }

  void check_integer(const Integer& d) {
    if (d.law != Law::uniform && d.law != Law::log_uniform)
      error("distribution", "an integer is uniform or log-uniform");
    if (d.low > d.high)
      return error("max", fmt::format("max ({}) is below min ({})", d.high, d.low));
    if (d.step < 1)
      return error("step", fmt::format("the step must be at least 1, not {}", d.step));
    if (d.low < -kMaxInteger || d.high > kMaxInteger) {
      return error(d.high > kMaxInteger ? "max" : "min", "integers beyond 2^53 cannot be searched");
    }
    if (d.law == Law::log_uniform && d.low < 1) {
      error("min", fmt::format("a logarithmic scale needs min of at least 1, not {}", d.low));
    } else if (d.law == Law::log_uniform && static_cast<double>(d.high) > kMaxLogInteger) {
      error("max", "a logarithmic integer ends at 2^44; use a real parameter for larger ones");
    }
    if ((static_cast<double>(d.high) - static_cast<double>(d.low)) / static_cast<double>(d.step) >
        kMaxCells) {
      error("max",
            "an integer with more than 2^50 values cannot be searched; narrow the range or give a "
            "step");
    }
    if (d.low < d.high && d.step > d.high - d.low)
      warn("step", fmt::format("a step of {} leaves one value only", d.step));
  }

  void check_choice(Choice& d) {
    if (d.items.empty()) return error("values", "the list of values is empty");
    for (std::size_t i = 0; i < d.items.size(); ++i) {
      const int first = d.index_of(d.items[i].value);
      if (first >= 0 && first < static_cast<int>(i)) {
        error("values", fmt::format("the value {} stands there twice", show(d.items[i].value)));
        break;
      }
    }
    if (d.weights.empty()) return;
    if (d.weights.size() != d.items.size()) {
      return error("probabilities",
                   fmt::format("{} probabilities for {} values", d.weights.size(), d.items.size()));
    }
    double sum = 0;
    for (const double w : d.weights) {
      if (!(w >= 0) || !std::isfinite(w))
        return error("probabilities", fmt::format("a probability cannot be {}", show(w)));
      sum += w;
    }
    if (std::fabs(sum - 1) > kWeightTolerance) {
      return error("probabilities",
                   fmt::format("the probabilities sum to {}, not to 1", format_number(sum)));
    }
    // Only where it changes more than rounding: a stored space must come back bit for bit.
    if (std::fabs(sum - 1) > 1e-12) {
      for (double& w : d.weights) w /= sum;
    }
  }

  // --- conditions, defaults, beliefs
  void check_conditions(const Parameter& parameter) {
    for (const Condition& condition : parameter.conditions) {
      if (condition.test) {
        check_names(*condition.test, "when");
        continue;
      }
      const Parameter* parent = find(condition.parent);
      if (parent == nullptr) {
        error("when", unknown(condition.parent));
        continue;
      }
      if (condition.any_of.empty())
        error("when", fmt::format("no value of '{}' is given", condition.parent));
      for (const Value& value : condition.any_of) {
        if (std::holds_alternative<Derived>(parent->domain) || can_take(parent->domain, value))
          continue;
        error("when", fmt::format("'{}' can never be {}; it is {}", condition.parent, show(value),
                                  describe(parent->domain, value)));
      }
    }
  }

  /// Also 1.0 for an integer: conditions compare numbers as numbers.
  static bool can_take(const Domain& domain, const Value& value) {
    if (contains(domain, value)) return true;
    if (!value.is_double() || value.as_number() != std::floor(value.as_number()) ||
        std::fabs(value.as_number()) > 9e15)
      return false;
    return contains(domain, Value(static_cast<std::int64_t>(value.as_number())));
  }

  static std::string describe(const Domain& domain, const Value& value) {
    if (const auto* choice = std::get_if<Choice>(&domain)) {
      std::vector<std::string> texts;
      for (const ChoiceItem& item : choice->items) {
        if (item.value.is_string()) texts.push_back(item.value.as_string());
      }
      const auto near = value.is_string() ? nearest_name(value.as_string(), texts) : std::nullopt;
      return fmt::format("one of {}{}", show_items(*choice),
                         near ? fmt::format("; did you mean '{}'?", *near) : "");
    }
    if (const auto* d = std::get_if<Integer>(&domain)) {
      return fmt::format("an integer from {} to {}{}", d->low, d->high,
                         d->step > 1 ? fmt::format(" in steps of {}", d->step) : "");
    }
    if (const auto* d = std::get_if<Real>(&domain)) {
      std::string out = d->law == Law::normal       ? "a number"
                        : d->law == Law::log_normal ? "a number above 0"
                        : d->law == Law::beta
                            ? "a number from 0 to 1"
                            : fmt::format("a number from {} to {}", show(d->low), show(d->high));
      if (d->quantum) out += fmt::format(" in steps of {}", show(d->quantum->step));
      return out;
    }
    if (const auto* fixed = std::get_if<Fixed>(&domain))
      return fmt::format("always {}", show(fixed->value));
    return "computed";
  }

  void check_beliefs(const Parameter& parameter) {
    if (!parameter.is_searched()) {
      if (parameter.default_value)
        error("default", "a parameter that is not searched takes no default");
      if (parameter.prior) error("prior", "a parameter that is not searched takes no prior");
      return;
    }
    if (!sound_) return;
    if (parameter.default_value && !contains(parameter.domain, *parameter.default_value)) {
      error("default", fmt::format("the default {} is no legal value: '{}' is {}",
                                   show(*parameter.default_value), parameter.name,
                                   describe(parameter.domain, *parameter.default_value)));
    }
    if (!parameter.prior) return;
    if (!contains(parameter.domain, parameter.prior->centre)) {
      error("prior", fmt::format("the prior's centre {} is no legal value: '{}' is {}",
                                 show(parameter.prior->centre), parameter.name,
                                 describe(parameter.domain, parameter.prior->centre)));
    }
    if (!(parameter.prior->spread > 0) || !std::isfinite(parameter.prior->spread)) {
      error("prior", fmt::format("the prior's spread must be above 0, not {}",
                                 show(parameter.prior->spread)));
    }
  }

  // --- cycles: one report per cycle, at its first parameter
  void check_cycles() {
    const auto parents = parent_lists(parameters_);
    enum : char { fresh, open, done };
    std::vector<char> state(parameters_.size(), fresh);
    std::vector<std::pair<int, std::size_t>>
        path;  // parameter, next parent to visit: no recursion, chains may be long
    for (int start = 0; start < static_cast<int>(parameters_.size()); ++start) {
      if (state[static_cast<std::size_t>(start)] != fresh) continue;
      path.assign(1, {start, 0});
      state[static_cast<std::size_t>(start)] = open;
      while (!path.empty()) {
        const auto at = static_cast<std::size_t>(path.back().first);
        if (path.back().second == parents[at].size()) {
          state[at] = done;
          path.pop_back();
          continue;
        }
        const int next = parents[at][path.back().second++];
        char& s = state[static_cast<std::size_t>(next)];
        if (s == fresh) {
          s = open;
          path.emplace_back(next, 0);
        } else if (s == open) {
          report_cycle(path, next);
        }
      }
    }
  }

  void report_cycle(const std::vector<std::pair<int, std::size_t>>& path, int closing) {
    std::string text;
    auto at = std::find_if(path.begin(), path.end(),
                           [&](const auto& step) { return step.first == closing; });
    for (; at != path.end(); ++at) text += names_[static_cast<std::size_t>(at->first)] + " → ";
    text += names_[static_cast<std::size_t>(closing)];
    parameter_ = closing;
    const bool derived = !parameters_[static_cast<std::size_t>(closing)].is_searched();
    error(derived ? "expression" : "when",
          fmt::format("parameters depend on each other in a circle: {}", text));
    parameter_ = -1;
  }

  // --- constraints
  void check_constraint(const Expression& expression) {
    if (!check_names(expression, "")) return;
    if (expression.names().empty())
      return error("", fmt::format("the constraint '{}' names no parameter", expression.source()));
    check_equalities(expression, expression.root());
  }

  /// Equalities that must hold everywhere and have a continuous side: the feasible set would have
  /// no volume.
  void check_equalities(const Expression& expression, const ExpressionNode& node) {
    if (node.kind == NodeKind::logical_and) {
      for (const ExpressionNode& child : node.children) check_equalities(expression, child);
      return;
    }
    if (node.kind != NodeKind::comparison) return;
    for (std::size_t i = 0; i < node.ops.size(); ++i) {
      if (node.ops[i] != NodeOp::equal) continue;
      const std::string name = continuous_name(expression, node.children[i]);
      const std::string other = continuous_name(expression, node.children[i + 1]);
      if (name.empty() && other.empty()) continue;
      const std::string& which = name.empty() ? other : name;
      error("", fmt::format("an equality over the real parameter '{}' leaves nothing to search: in "
                            "'{}' compute one parameter from the "
                            "others with 'expression' in place of a constraint, or allow a "
                            "tolerance such as abs(x - y) <= 0.01",
                            which, expression.source()));
      return;
    }
  }

  /// A continuous parameter on which the node's value depends smoothly; empty if there is none.
  std::string continuous_name(const Expression& expression, const ExpressionNode& node,
                              int depth = 0) {
    if (node.kind == NodeKind::name)
      return continuous(expression.names()[static_cast<std::size_t>(node.name)], depth);
    if (node.kind == NodeKind::comparison || node.kind == NodeKind::logical_and ||
        node.kind == NodeKind::logical_or || node.kind == NodeKind::logical_not) {
      return "";
    }
    if (node.kind == NodeKind::call &&
        (node.function == NodeFunction::floor || node.function == NodeFunction::ceil ||
         node.function == NodeFunction::round || node.function == NodeFunction::to_int ||
         node.function == NodeFunction::min || node.function == NodeFunction::max)) {
      return "";  // takes single values with positive probability
    }
    if (node.kind == NodeKind::product &&
        std::find(node.ops.begin(), node.ops.end(), NodeOp::floor_divide) != node.ops.end()) {
      return "";
    }
    const std::size_t first = node.kind == NodeKind::conditional ? node.children.size() : 0;
    for (std::size_t i = first; i < node.children.size(); ++i) {
      std::string name = continuous_name(expression, node.children[i], depth);
      if (!name.empty()) return name;
    }
    return "";
  }

  /// `depth` ends the walk through expressions of expressions, which may be a circle here.
  std::string continuous(const std::string& name, int depth) {
    constexpr int kMaxExpressions = 8;
    const Parameter* parameter = find(name);
    if (parameter == nullptr || depth > kMaxExpressions) return "";
    if (const auto* derived = std::get_if<Derived>(&parameter->domain)) {
      return continuous_name(derived->expression, derived->expression.root(), depth + 1).empty()
                 ? ""
                 : name;
    }
    const auto* real = std::get_if<Real>(&parameter->domain);
    return real != nullptr && !real->quantum ? name : "";
  }

  std::vector<Parameter>& parameters_;
  const std::vector<Constraint>& constraints_;
  std::vector<std::string> names_;
  std::vector<SpaceProblem> problems_;
  int parameter_ = -1;
  int constraint_ = -1;
  bool sound_ = true;  ///< the current parameter's domain has no error
};

}  // namespace

std::vector<SpaceProblem> check_space(std::vector<Parameter>& parameters,
                                      const std::vector<Constraint>& constraints) {
  return Checker(parameters, constraints).run();
}

}  // namespace hone
