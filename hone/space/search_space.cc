#include "hone/space/search_space.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "hone/base/assert.h"
#include "hone/base/text.h"
#include "hone/space/encoding.h"
#include "hone/space/feasible_sampler.h"
#include "hone/space/law.h"
#include "hone/space/space_model.h"

namespace hone {
namespace {

constexpr double kMaxCardinality = 9007199254740992.0;  // 2^53
constexpr double kMaxCombinations = 1e6;
/// Prior draws on which expressions and constraints are tried when a space is made.
constexpr int kProbes = 64;

/// The value where a parameter has neither default nor prior.
Value middle(const Domain& domain) {
  if (const auto* choice = std::get_if<Choice>(&domain); choice != nullptr && !choice->ordered) {
    return choice->items.front().value;
  }
  if (const auto* choice = std::get_if<Choice>(&domain)) {
    return choice->items[(choice->items.size() - 1) / 2].value;
  }
  Value value = decode(domain, 0.5);
  // 0.001 rather than 0.0009999999999999996, which exp and log make of it.
  if (const auto* real = std::get_if<Real>(&domain); real != nullptr && !real->quantum) {
    if (const auto rounded = parse_number(fmt::format("{:.12g}", value.as_number()));
        rounded && contains(domain, Value(*rounded)))
      value = Value(*rounded);
  }
  return value;
}

/// What a searched parameter may be: "one of 8, 16, 32", "a number from 1e-5 to 0.1".
std::string domain_text(const Domain& domain) {
  constexpr std::size_t kShown = 12;
  if (const auto* choice = std::get_if<Choice>(&domain)) {
    std::string out;
    for (std::size_t i = 0; i < std::min(kShown, choice->items.size()); ++i)
      out += fmt::format("{}{}", i == 0 ? "one of " : ", ", choice->items[i].text);
    return out + (choice->items.size() > kShown ? ", …" : "");
  }
  if (const auto* integer = std::get_if<Integer>(&domain)) {
    return fmt::format("a whole number from {} to {}{}", integer->low, integer->high,
                       integer->step == 1 ? "" : fmt::format(" in steps of {}", integer->step));
  }
  const Real& real = std::get<Real>(domain);
  const ContinuousLaw law(real.law, real.low, real.high, real.a, real.b);
  std::string out = "a number";
  if (std::isfinite(law.low())) out += " from " + format_number(law.low(), 6);
  if (std::isfinite(law.high())) out += " to " + format_number(law.high(), 6);
  if (real.quantum) out += " in steps of " + format_number(real.quantum->step, 6);
  return out;
}

const Value& default_of(const Parameter& parameter, Value& computed) {
  if (parameter.default_value) return *parameter.default_value;
  if (parameter.prior) return parameter.prior->centre;
  computed = middle(parameter.domain);
  return computed;
}

}  // namespace

struct SearchSpace::Data {
  SpaceModel model;
  std::unique_ptr<const FeasibleSampler> sampler;
  bool has_conditions = false;
};

namespace {

SpaceModel::Slots default_slots(const SpaceModel& model) {
  SpaceModel::Slots slots(model.parameters.size());
  for (const int i : model.searched) {
    const auto at = static_cast<std::size_t>(i);
    Value computed;
    slots[at] = default_of(model.parameters[at], computed);
  }
  model.complete(slots);
  return slots;
}

/// Expressions and constraints that fail on draws from the prior: everywhere is an error, somewhere
/// a warning.
class Probe {
 public:
  Probe(const SpaceModel& model, std::vector<SpaceProblem>& problems)
      : model_(model), problems_(problems) {}

  void run() {
    derived_.resize(model_.parameters.size());
    tests_.resize(model_.parameters.size());
    constraints_.resize(model_.constraints.size());
    for (int k = 0; k < kProbes; ++k) {
      Rng rng = Rng(0x9d5c).split("probe", static_cast<std::uint64_t>(k));
      SpaceModel::Slots slots(model_.parameters.size());
      for (const int i : model_.searched) {
        slots[static_cast<std::size_t>(i)] =
            quantile(model_.parameters[static_cast<std::size_t>(i)].domain, rng.uniform());
      }
      judge(k == 0 ? default_slots(model_) : slots);
    }
    for (int i = 0; i < model_.size(); ++i) {
      const auto at = static_cast<std::size_t>(i);
      report(derived_[at], i, -1, "expression", "the expression cannot be computed");
      report(tests_[at], i, -1, "when", "the condition cannot be judged");
    }
    for (std::size_t i = 0; i < constraints_.size(); ++i) {
      report(constraints_[i], -1, static_cast<int>(i), "", "the constraint cannot be judged");
    }
  }

 private:
  struct Tally {
    int judged = 0;
    int failed = 0;
    std::string message;
  };

  enum class Wanted { any, boolean, number };

  void count(Tally& tally, const SpaceModel::Outcome& outcome, Wanted wanted) {
    const auto* fault = std::get_if<ExpressionFault>(&outcome);
    if (fault != nullptr && fault->missing_name) return;
    ++tally.judged;
    std::string message;
    if (fault != nullptr)
      message = fault->message;
    else if (const Value& v = std::get<Value>(outcome); wanted == Wanted::boolean && !v.is_bool()) {
      message = fmt::format("it gives {}, not true or false", v.dump());
    } else if (wanted == Wanted::number && !v.is_number()) {
      message = fmt::format("a feature is a number, and it gives {}", v.dump());
    }
    if (message.empty()) return;
    ++tally.failed;
    if (tally.message.empty()) tally.message = std::move(message);
  }

  void judge(SpaceModel::Slots slots) {
    model_.complete(slots);
    const auto known = [&](const BoundExpression& bound) {
      return std::all_of(bound.parameters.begin(), bound.parameters.end(),
                         [&](int i) { return slots[static_cast<std::size_t>(i)].has_value(); });
    };
    for (std::size_t i = 0; i < model_.parameters.size(); ++i) {
      if (model_.derived[i] && model_.is_active(static_cast<int>(i), slots)) {
        count(derived_[i], model_.evaluate(*model_.derived[i], slots),
              model_.parameters[i].is_feature() ? Wanted::number : Wanted::any);
      }
      for (const BoundCondition& condition : model_.conditions[i]) {
        if (condition.test && known(*condition.test))
          count(tests_[i], model_.evaluate(*condition.test, slots), Wanted::boolean);
      }
    }
    for (std::size_t i = 0; i < constraints_.size(); ++i) {
      const BoundExpression& bound = model_.bound_constraints[i];
      if (known(bound)) count(constraints_[i], model_.evaluate(bound, slots), Wanted::boolean);
    }
  }

  void report(const Tally& tally, int parameter, int constraint, const char* field,
              const char* what) {
    if (tally.failed == 0) return;
    const bool everywhere = tally.failed == tally.judged;
    problems_.push_back(
        {parameter, constraint, field,
         everywhere ? fmt::format("{}: {}", what, tally.message)
                    : fmt::format("{} in parts of the space, which will not be searched: {}", what,
                                  tally.message),
         !everywhere, 0});
  }

  const SpaceModel& model_;
  std::vector<SpaceProblem>& problems_;
  std::vector<Tally> derived_;
  std::vector<Tally> tests_;
  std::vector<Tally> constraints_;
};

bool any_error(const std::vector<SpaceProblem>& problems) {
  return std::any_of(problems.begin(), problems.end(),
                     [](const SpaceProblem& p) { return !p.warning; });
}

}  // namespace

SearchSpace::Built SearchSpace::create(std::vector<Parameter> parameters,
                                       std::vector<Constraint> constraints) {
  Built built;
  built.problems = check_space(parameters, constraints);
  if (any_error(built.problems)) return built;

  auto data = std::make_shared<Data>();
  SpaceModel& model = data->model;
  model.parameters = std::move(parameters);
  model.constraints = std::move(constraints);
  model.bind();
  Probe(model, built.problems).run();
  if (any_error(built.problems)) return built;

  data->has_conditions = std::any_of(model.conditions.begin(), model.conditions.end(),
                                     [](const auto& c) { return !c.empty(); });
  data->sampler = std::make_unique<const FeasibleSampler>(model, built.problems);
  if (any_error(built.problems)) return built;

  SearchSpace space;
  space.data_ = std::move(data);
  if (space.has_user_defaults() && !model.constraints.empty()) {
    const SpaceModel::Slots slots = default_slots(model);
    for (int i = 0; i < static_cast<int>(model.constraints.size()); ++i) {
      if (model.holds(i, slots)) continue;
      built.problems.push_back(
          {-1, i, "", "the defaults break this constraint, so they will not be tried", true, 0});
    }
  }
  built.space = std::move(space);
  return built;
}

SearchSpace::SearchSpace() {
  static const std::shared_ptr<const Data> kEmpty = [] {
    auto data = std::make_shared<Data>();
    data->model.bind();
    std::vector<SpaceProblem> none;
    data->sampler = std::make_unique<const FeasibleSampler>(data->model, none);
    return data;
  }();
  data_ = kEmpty;
}

std::span<const Parameter> SearchSpace::parameters() const { return data_->model.parameters; }
std::span<const Constraint> SearchSpace::constraints() const { return data_->model.constraints; }
const Parameter& SearchSpace::parameter(int index) const {
  HONE_ASSERT(index >= 0 && index < size(), "an index of a parameter");
  return data_->model.parameters[static_cast<std::size_t>(index)];
}
int SearchSpace::index_of(std::string_view name) const { return data_->model.index_of(name); }
std::span<const int> SearchSpace::order() const { return data_->model.order; }
std::span<const int> SearchSpace::searched() const { return data_->model.searched; }
bool SearchSpace::has_conditions() const { return data_->has_conditions; }
const FeasibleSampler& SearchSpace::feasible_sampler() const { return *data_->sampler; }

bool SearchSpace::is_active(int index, const Config& config) const {
  HONE_ASSERT(index >= 0 && index < size(), "an index of a parameter");
  if (data_->model.conditions[static_cast<std::size_t>(index)].empty()) return true;
  return data_->model.is_active(index, data_->model.slots(config));
}

Config SearchSpace::complete(Config config) const {
  SpaceModel::Slots slots = data_->model.slots(config);
  data_->model.complete(slots);
  return data_->model.config(slots);
}

std::vector<std::string> SearchSpace::violations(const Config& config) const {
  const SpaceModel& model = data_->model;
  std::vector<std::string> out;
  for (const auto& [name, value] : config) {
    if (model.index_of(name) < 0)
      out.push_back(fmt::format("'{}' is no parameter of the space", name));
  }
  const SpaceModel::Slots given = model.slots(config);
  SpaceModel::Slots slots = given;
  model.complete(slots);
  for (const int i : model.order) {
    const auto at = static_cast<std::size_t>(i);
    const Parameter& parameter = model.parameters[at];
    const bool active = model.is_active(i, slots);
    if (!active) {
      if (given[at])
        out.push_back(fmt::format("'{}' has a value but is not active", parameter.name));
      continue;
    }
    if (model.derived[at] && !slots[at]) {
      const auto outcome = model.evaluate(*model.derived[at], slots);
      const auto& fault = std::get<ExpressionFault>(outcome);
      if (!fault.missing_name)
        out.push_back(fmt::format("'{}' cannot be computed: {}", parameter.name, fault.message));
      else if (given[at])
        out.push_back(fmt::format("'{}' has a value but is not active", parameter.name));
      continue;
    }
    if (!given[at]) {
      out.push_back(fmt::format("'{}' has no value", parameter.name));
    } else if (parameter.is_searched() ? !contains(parameter.domain, *given[at])
                                       : !same_value(*given[at], *slots[at])) {
      out.push_back(parameter.is_searched()
                        ? fmt::format("'{}' cannot be {}: it is {}", parameter.name,
                                      given[at]->dump(), domain_text(parameter.domain))
                        : fmt::format("'{}' is {}, not {}", parameter.name, slots[at]->dump(),
                                      given[at]->dump()));
    }
  }
  for (int i = 0; i < static_cast<int>(model.constraints.size()); ++i) {
    if (!model.holds(i, slots)) {
      out.push_back(
          fmt::format("the constraint '{}' is broken",
                      model.constraints[static_cast<std::size_t>(i)].expression.source()));
    }
  }
  return out;
}

bool SearchSpace::is_feasible(const Config& config) const { return violations(config).empty(); }

std::optional<Config> SearchSpace::sample(Rng& rng) const {
  auto slots = data_->sampler->sample(rng);
  if (!slots) return std::nullopt;
  return data_->model.config(*slots);
}

Config SearchSpace::default_config() const {
  return data_->model.config(default_slots(data_->model));
}

bool SearchSpace::has_user_defaults() const {
  const auto& parameters = data_->model.parameters;
  return std::any_of(parameters.begin(), parameters.end(),
                     [](const Parameter& p) { return p.default_value.has_value(); });
}

void SearchSpace::encode(const Config& config, std::span<double> row) const {
  const SpaceModel& model = data_->model;
  HONE_ASSERT(row.size() == model.searched.size(), "one entry per searched parameter");
  for (std::size_t column = 0; column < row.size(); ++column) {
    const Parameter& parameter = model.parameters[static_cast<std::size_t>(model.searched[column])];
    const Value* value = config.get(parameter.name);
    const auto u = value != nullptr ? hone::encode(parameter.domain, *value) : std::nullopt;
    row[column] = u ? *u : std::numeric_limits<double>::quiet_NaN();
  }
}

Config SearchSpace::decode(std::span<const double> row) const {
  const SpaceModel& model = data_->model;
  HONE_ASSERT(row.size() == model.searched.size(), "one entry per searched parameter");
  SpaceModel::Slots slots(model.parameters.size());
  for (std::size_t column = 0; column < row.size(); ++column) {
    const auto at = static_cast<std::size_t>(model.searched[column]);
    slots[at] = hone::decode(model.parameters[at].domain, row[column]);
  }
  model.complete(slots);
  return model.config(slots);
}

std::optional<std::uint64_t> SearchSpace::cardinality() const {
  const SpaceModel& model = data_->model;
  double product = 1;
  for (const int i : model.searched) {
    const auto count = hone::cardinality(model.parameters[static_cast<std::size_t>(i)].domain);
    if (!count) return std::nullopt;
    product *= static_cast<double>(*count);
  }
  if (!data_->has_conditions || product > kMaxCombinations) {
    if (product > kMaxCardinality) return std::nullopt;
    return static_cast<std::uint64_t>(product);
  }
  // Walk the tree of active values: each leaf is one distinct configuration.
  std::uint64_t leaves = 0;
  SpaceModel::Slots slots(model.parameters.size());
  const auto walk = [&](const auto& self, std::size_t position) -> void {
    if (position == model.order.size()) {
      ++leaves;
      return;
    }
    const int i = model.order[position];
    const auto at = static_cast<std::size_t>(i);
    const Parameter& parameter = model.parameters[at];
    slots[at].reset();
    if (!model.is_active(i, slots)) return self(self, position + 1);
    if (const auto* fixed = std::get_if<Fixed>(&parameter.domain)) {
      slots[at] = fixed->value;
    } else if (model.derived[at]) {
      auto outcome = model.evaluate(*model.derived[at], slots);
      if (auto* value = std::get_if<Value>(&outcome)) slots[at] = std::move(*value);
    } else {
      const std::uint64_t count = *hone::cardinality(parameter.domain);
      double u = 0;
      for (std::uint64_t k = 0; k < count; ++k) {
        const Cell cell = cell_of(parameter.domain, u);
        slots[at] = hone::decode(parameter.domain, cell.middle());
        u = cell.high;
        self(self, position + 1);
      }
      slots[at].reset();
      return;
    }
    self(self, position + 1);
    slots[at].reset();
  };
  walk(walk, 0);
  return leaves;
}

}  // namespace hone
