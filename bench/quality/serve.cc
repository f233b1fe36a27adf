#include "bench/quality/serve.h"

#include <cstdio>
#include <iostream>
#include <string>

#include "hone/base/error.h"

namespace hone::quality {
namespace {

Value describe(const Parameter& parameter) {
  Value v = Value::Map{};
  v.set("name", parameter.name);
  if (const auto* real = std::get_if<Real>(&parameter.domain)) {
    v.set("type", "real")
        .set("low", real->low)
        .set("high", real->high)
        .set("log", real->law == Law::log_uniform);
  } else if (const auto* integer = std::get_if<Integer>(&parameter.domain)) {
    v.set("type", "integer").set("low", integer->low).set("high", integer->high);
    v.set("log", integer->law == Law::log_uniform);
  } else {
    const auto& choice = std::get<Choice>(parameter.domain);
    Value::List values;
    for (const auto& item : choice.items) values.push_back(item.value);
    v.set("type", choice.ordered ? "ordered" : "choice").set("values", std::move(values));
  }
  Value conditions = Value::Map{};
  for (const auto& condition : parameter.conditions)
    conditions.set(condition.parent, Value(Value::List(condition.any_of)));
  v.set("when", std::move(conditions));
  return v;
}

Value describe(const Problem& problem) {
  Value v = Value::Map{};
  Value::List parameters;
  for (const int i : problem.space.order())
    parameters.push_back(describe(problem.space.parameter(i)));
  v.set("name", problem.name)
      .set("trials", std::int64_t{problem.trials})
      .set("goal", goal_name(problem.goal));
  v.set("family", problem.family)
      .set("optimum", problem.optimum)
      .set("typical", problem.typical)
      .set("parameters", std::move(parameters));
  Value::List constraints;
  for (const Constraint& c : problem.space.constraints())
    constraints.push_back(c.expression.source());
  return v.set("constraints", std::move(constraints));
}

/// Whether the configuration breaks a constraint; throws Error(invalid_input) where it is not
/// whole and legal otherwise.
bool is_outside(const SearchSpace& space, const Config& config) {
  auto faults = space.violations(config);
  if (faults.empty()) return false;
  const auto parameters = space.parameters();
  const auto free = SearchSpace::create({parameters.begin(), parameters.end()}, {}).space;
  faults = free->violations(config);
  if (!faults.empty()) throw Error(ErrorCode::invalid_input, faults.front());
  return true;
}

Value answer(const std::vector<Problem>& problems, const Value& request) {
  if (request.find("ask") != nullptr) {
    Value::List all;
    for (const Problem& problem : problems) all.push_back(describe(problem));
    return all;
  }
  Value reply = Value::Map{};
  for (const Problem& problem : problems) {
    if (problem.name != request.string_or("problem", "")) continue;
    const auto config = Config::from_value(*request.find("config"));
    if (!config) return reply.set("error", "no configuration");
    try {
      if (is_outside(problem.space, *config)) reply.set("outside", true);
    } catch (const Error& e) {
      return reply.set("error", e.what());
    }
    const auto value = problem.evaluate(
        *config, noise_seed(request.int_or("seed", 0), request.int_or("trial", 0)));
    reply.set("value", value ? Value(*value) : Value());
    return reply.set("truth", problem.truth(*config));
  }
  return reply.set("error", "unknown problem");
}

}  // namespace

int serve(const std::vector<Problem>& problems) {
  std::string line;
  while (std::getline(std::cin, line)) {
    const auto request = Value::parse(line);
    const std::string text =
        request ? answer(problems, *request).dump() : R"({"error": "no JSON"})";
    std::puts(text.c_str());
    std::fflush(stdout);
  }
  return 0;
}

}  // namespace hone::quality
