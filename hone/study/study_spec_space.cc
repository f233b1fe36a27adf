// Every field of a parameter is written, defaults included, so that a later default never changes a
// stored study.
#include "hone/study/study_spec_space.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <limits>

#include "hone/base/error.h"

namespace hone {
namespace {

constexpr std::array<const char*, 6> kLawNames = {"uniform", "log_uniform", "logit_uniform",
                                                  "normal",  "log_normal",  "beta"};

[[noreturn]] void corrupt(const std::string& message) {
  throw Error(ErrorCode::store_corrupt, "the stored study cannot be read: " + message,
              "restore the store from a copy, or start the study again with --new");
}

const char* law_name(Law law) { return kLawNames[static_cast<std::size_t>(law)]; }

Law law_named(const std::string& name) {
  const auto found = std::find(kLawNames.begin(), kLawNames.end(), name);
  if (found == kLawNames.end()) corrupt(fmt::format("there is no law '{}'", name));
  return static_cast<Law>(found - kLawNames.begin());
}

Expression parsed(const std::string& source) {
  auto expression = Expression::parse(source);
  if (auto* good = std::get_if<Expression>(&expression)) return std::move(*good);
  corrupt(fmt::format("the expression '{}': {}", source,
                      std::get<ExpressionError>(expression).message));
}

Value write_real(const Real& d) {
  Value out{Value::Map{}};
  out.set("type", "real").set("law", law_name(d.law)).set("low", d.low).set("high", d.high);
  out.set("a", d.a).set("b", d.b).set("whole", d.whole);
  if (d.quantum) out.set("step", d.quantum->step).set("from_low", d.quantum->from_low);
  return out;
}

Real read_real(const StoredMap& map) {
  Real d;
  d.law = law_named(map.text("law"));
  d.low = map.number("low");
  d.high = map.number("high");
  d.a = map.number("a");
  d.b = map.number("b");
  d.whole = map.boolean("whole");
  if (const auto step = map.maybe_number("step"))
    d.quantum = Quantum{*step, map.boolean("from_low")};
  return d;
}

Value write_choice(const Choice& d) {
  Value::List items;
  for (const ChoiceItem& item : d.items) {
    Value one{Value::Map{}};
    one.set("value", item.value).set("text", item.text);
    items.push_back(std::move(one));
  }
  Value out{Value::Map{}};
  out.set("type", "choice").set("items", std::move(items)).set("ordered", d.ordered);
  if (!d.weights.empty()) {
    Value::List weights(d.weights.begin(), d.weights.end());
    out.set("weights", std::move(weights));
  }
  return out;
}

Choice read_choice(const StoredMap& map) {
  Choice d;
  for (const Value& item : map.list("items")) {
    const StoredMap one(item, "items");
    d.items.push_back({one.at("value"), one.text("text")});
  }
  d.ordered = map.boolean("ordered");
  if (map.find("weights") != nullptr) {
    for (const Value& weight : map.list("weights")) {
      if (!weight.is_number()) map.fail("weights", "numbers");
      d.weights.push_back(weight.as_number());
    }
  }
  return d;
}

Value write_domain(const Domain& domain) {
  if (const auto* real = std::get_if<Real>(&domain)) return write_real(*real);
  if (const auto* choice = std::get_if<Choice>(&domain)) return write_choice(*choice);
  Value out{Value::Map{}};
  if (const auto* integer = std::get_if<Integer>(&domain)) {
    out.set("type", "integer").set("low", integer->low).set("high", integer->high);
    out.set("law", law_name(integer->law)).set("step", integer->step);
  } else if (const auto* derived = std::get_if<Derived>(&domain)) {
    out.set("type", "expression").set("expression", derived->expression.source());
    if (derived->feature) out.set("feature", true);
  } else {
    const auto& fixed = std::get<Fixed>(domain);
    out.set("type", "fixed").set("value", fixed.value).set("text", fixed.text);
  }
  return out;
}

Domain read_domain(const StoredMap& map) {
  const std::string type = map.text("type");
  if (type == "real") return read_real(map);
  if (type == "choice") return read_choice(map);
  if (type == "integer") {
    return Integer{map.integer("low"), map.integer("high"), law_named(map.text("law")),
                   map.integer("step")};
  }
  if (type == "expression") {
    const Value* feature = map.find("feature");
    return Derived{parsed(map.text("expression")),
                   feature != nullptr && feature->is_bool() && feature->as_bool()};
  }
  if (type == "fixed") return Fixed{map.at("value"), map.text("text")};
  map.fail("type", "a known type");
}

Value write_condition(const Condition& condition) {
  Value out{Value::Map{}};
  if (condition.test) return out.set("test", condition.test->source());
  return out.set("parent", condition.parent).set("any_of", Value(condition.any_of));
}

Condition read_condition(const Value& value) {
  const StoredMap map(value, "condition");
  Condition condition;
  if (const auto test = map.maybe_text("test")) {
    condition.test = parsed(*test);
  } else {
    condition.parent = map.text("parent");
    condition.any_of = map.list("any_of");
  }
  return condition;
}

}  // namespace

Value parameter_to_value(const Parameter& parameter) {
  Value out{Value::Map{}};
  out.set("name", parameter.name).set("domain", write_domain(parameter.domain));
  if (!parameter.conditions.empty()) {
    Value::List conditions;
    for (const Condition& condition : parameter.conditions)
      conditions.push_back(write_condition(condition));
    out.set("conditions", std::move(conditions));
  }
  if (parameter.prior) {
    Value prior{Value::Map{}};
    prior.set("centre", parameter.prior->centre).set("spread", parameter.prior->spread);
    out.set("prior", std::move(prior));
  }
  if (parameter.default_value) out.set("default", *parameter.default_value);
  return out;
}

namespace {

Parameter read_parameter(const Value& value) {
  const StoredMap map(value, "parameter");
  Parameter parameter;
  parameter.name = map.text("name");
  parameter.domain = read_domain(map.map("domain"));
  if (map.find("conditions") != nullptr) {
    for (const Value& condition : map.list("conditions"))
      parameter.conditions.push_back(read_condition(condition));
  }
  if (map.find("prior") != nullptr) {
    const StoredMap prior = map.map("prior");
    parameter.prior = Prior{prior.at("centre"), prior.number("spread")};
  }
  if (const Value* given = map.find("default")) parameter.default_value = *given;
  return parameter;
}

}  // namespace

Value space_to_value(const SearchSpace& space) {
  Value::List parameters;
  for (const Parameter& parameter : space.parameters())
    parameters.push_back(parameter_to_value(parameter));
  Value::List constraints;
  for (const Constraint& constraint : space.constraints())
    constraints.emplace_back(constraint.expression.source());
  Value out{Value::Map{}};
  return out.set("parameters", std::move(parameters)).set("constraints", std::move(constraints));
}

SearchSpace space_from_value(const Value& body) {
  const StoredMap map(body, "space");
  std::vector<Parameter> parameters;
  for (const Value& parameter : map.list("parameters"))
    parameters.push_back(read_parameter(parameter));
  std::vector<Constraint> constraints;
  for (const std::string& source : map.texts("constraints"))
    constraints.push_back({parsed(source)});
  SearchSpace::Built built = SearchSpace::create(std::move(parameters), std::move(constraints));
  if (built.space) return std::move(*built.space);
  corrupt(built.problems.empty() ? "its space is not valid" : built.problems.front().message);
}

StoredMap::StoredMap(const Value& map, std::string what) : map_(map), what_(std::move(what)) {
  if (!map.is_map()) corrupt(fmt::format("{} is no map", what_));
}

void StoredMap::fail(std::string_view key, const char* expected) const {
  corrupt(fmt::format("{}.{} must be {}", what_, key, expected));
}

const Value& StoredMap::at(std::string_view key) const {
  const Value* value = find(key);
  if (value == nullptr) fail(key, "there");
  return *value;
}
bool StoredMap::boolean(std::string_view key) const {
  if (!at(key).is_bool()) fail(key, "true or false");
  return at(key).as_bool();
}
std::int64_t StoredMap::integer(std::string_view key) const {
  if (!at(key).is_int()) fail(key, "an integer");
  return at(key).as_int();
}
int StoredMap::small(std::string_view key) const {
  const std::int64_t i = integer(key);
  if (i < std::numeric_limits<int>::min() || i > std::numeric_limits<int>::max())
    fail(key, "an integer of 32 bits");
  return static_cast<int>(i);
}
double StoredMap::number(std::string_view key) const {
  if (!at(key).is_number()) fail(key, "a number");
  return at(key).as_number();
}
std::string StoredMap::text(std::string_view key) const {
  if (!at(key).is_string()) fail(key, "a text");
  return at(key).as_string();
}
const Value::List& StoredMap::list(std::string_view key) const {
  if (!at(key).is_list()) fail(key, "a list");
  return at(key).as_list();
}
std::vector<std::string> StoredMap::texts(std::string_view key) const {
  std::vector<std::string> out;
  for (const Value& item : list(key)) {
    if (!item.is_string()) fail(key, "a list of texts");
    out.push_back(item.as_string());
  }
  return out;
}
StoredMap StoredMap::map(std::string_view key) const {
  return StoredMap(at(key), fmt::format("{}.{}", what_, key));
}
std::optional<double> StoredMap::maybe_number(std::string_view key) const {
  const Value* value = find(key);
  if (value == nullptr || value->is_null()) return std::nullopt;
  return number(key);
}
std::optional<std::int64_t> StoredMap::maybe_integer(std::string_view key) const {
  const Value* value = find(key);
  if (value == nullptr || value->is_null()) return std::nullopt;
  return integer(key);
}
std::optional<std::string> StoredMap::maybe_text(std::string_view key) const {
  const Value* value = find(key);
  if (value == nullptr || value->is_null()) return std::nullopt;
  return text(key);
}

}  // namespace hone
