// The `parameters` and `constraints` of a study file: nested groups are flattened to dotted names,
// conditions, beliefs and expressions are read, and the search space is built with its problems put
// at their places.
#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "hone/base/text.h"
#include "hone/study/study_file_reader.h"

namespace hone {
namespace {

constexpr std::size_t kMaxParameters = 1000;
constexpr std::size_t kLongestName = 200;

bool is_parameter_name(std::string_view name) {
  const auto letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  };
  if (name.empty() || !letter(name.front()) || name.size() > kLongestName) return false;
  return std::all_of(name.begin(), name.end(), [&](char c) {
    return letter(c) || (c >= '0' && c <= '9') || c == '.' || c == '-';
  });
}

/// The value as the domain stores it: a choice's own item, an integer as integer, a real as double.
Value fitted(const Domain& domain, Value value) {
  if (const auto* choice = std::get_if<Choice>(&domain)) {
    const int index = choice->index_of(value);
    return index < 0 ? value : choice->items[static_cast<std::size_t>(index)].value;
  }
  if (!value.is_number()) return value;
  const double x = value.as_number();
  const bool integral = std::abs(x) < 9e15 && std::floor(x) == x;
  // In the domain's own type; what is illegal stays as written, for the message.
  const Value other = value.is_int() ? Value(x)
                      : integral     ? Value(static_cast<std::int64_t>(x))
                                     : value;
  const auto* real = std::get_if<Real>(&domain);
  const bool wants_double = real != nullptr && !real->whole;
  if (value.is_double() != wants_double && contains(domain, other)) return other;
  return value;
}

std::optional<Expression> parse_expression(StudyFileReader& reader, const YamlNode& node,
                                           const std::string& what) {
  const auto source = reader.text(node, what);
  if (!source) return std::nullopt;
  auto parsed = Expression::parse(*source);
  if (auto* expression = std::get_if<Expression>(&parsed)) return std::move(*expression);
  const auto& wrong = std::get<ExpressionError>(parsed);
  reader.error(span_within(node, reader.source(), wrong.offset, wrong.length),
               fmt::format("{}: {}", what, wrong.message));
  return std::nullopt;
}

class ParametersReader {
 public:
  ParametersReader(StudyFileReader& reader, StudyDraft& draft) : reader_(reader), draft_(draft) {}

  void read_group(const YamlNode& map, const std::string& prefix,
                  const std::vector<Condition>& conditions, bool flat) {
    for (const YamlMember& member : map.members) {
      const std::string name = prefix + member.key;
      if (!is_parameter_name(member.key)) {
        reader_.error(
            member.key_span,
            fmt::format(
                "'{}' cannot be a parameter's name: names begin with a letter or _ and have "
                "letters, digits, '_', '.' and '-'",
                member.key));
        continue;
      }
      if (draft_.parameters.size() >= kMaxParameters) {
        reader_.error(member.key_span, fmt::format("more than {} parameters", kMaxParameters));
        return;
      }
      read_one(member, name, conditions, flat && member.key.find('.') != std::string::npos);
    }
  }

 private:
  void read_one(const YamlMember& member, const std::string& name,
                const std::vector<Condition>& outer, bool flat_dotted) {
    const YamlNode& node = member.value;
    if (!is_parameter_map(node, name)) return;
    reader_.check_keys(node, study_file_section("parameters.*"), name);
    std::vector<Condition> conditions = outer;
    ParameterPlace place;
    place.key = member.key_span;
    place.flat_dotted = flat_dotted;
    for (const YamlMember& field : node.members) place.fields[field.key] = field.value.span;
    if (const YamlMember* when = node.find("when")) {
      if (when->value.is_scalar()) place.expressions["when"] = &when->value;
      read_when(when->value, name + ".when", conditions);
    }
    if (const YamlMember* nested = node.find("parameters")) {
      read_nested(node, *nested, name, conditions);
      return;
    }
    Parameter parameter;
    parameter.name = name;
    parameter.conditions = std::move(conditions);
    if (const YamlMember* expression = node.find("expression")) {
      place.expressions["expression"] = &expression->value;
      if (!read_expression(node, *expression, parameter)) return;
    } else {
      auto domain = read_domain(reader_, node, name, draft_.sweep_method);
      if (!domain) return failed(name);
      parameter.domain = std::move(*domain);
      read_beliefs(node, parameter);
      check_grid(member, parameter);
    }
    check_environment_name(member, name);
    draft_.parameters.push_back(std::move(parameter));
    draft_.places.push_back(std::move(place));
  }

  /// A parameter with mistakes still exists: others may name it.
  void failed(const std::string& name) { draft_.broken.push_back(name); }

  bool is_parameter_map(const YamlNode& node, const std::string& name) {
    if (node.is_map()) return true;
    failed(name);
    const std::string text = reader_.shown(node);
    if (node.is_sequence()) {
      reader_.error(
          node.span, fmt::format("{} must be a map, not a list", name),
          fmt::format("did you mean {{values: {}}}?", node.block ? "[…]" : reader_.written(node)));
    } else if (node.is_null()) {
      reader_.error(
          node.span,
          fmt::format("{} must be a map that says which values it takes, not {}", name, text),
          "write {min: …, max: …} or {values: […]}");
    } else {
      reader_.error(node.span, fmt::format("{} must be a map, not {}", name, text),
                    fmt::format("did you mean {{value: {}}}?", reader_.written(node)));
    }
    return false;
  }

  void read_nested(const YamlNode& node, const YamlMember& nested, const std::string& name,
                   const std::vector<Condition>& conditions) {
    for (const YamlMember& member : node.members) {
      if (member.key == "parameters" || member.key == "when") continue;
      if (member.key == "distribution" && member.value.text == "nested") continue;
      if (study_key_is_known(member.key)) {
        reader_.error(
            member.key_span,
            fmt::format("{} is a group (it has 'parameters'), so '{}' has no meaning in it", name,
                        member.key));
      }
    }
    if (!reader_.is_map(nested.value, name + ".parameters")) return;
    if (nested.value.members.empty()) {
      reader_.error(nested.value.span, fmt::format("{}.parameters is empty", name));
      return;
    }
    read_group(nested.value, name + ".", conditions, false);
  }

  static bool study_key_is_known(const std::string& key) {
    const auto& keys = study_file_section("parameters.*").keys;
    return std::any_of(keys.begin(), keys.end(),
                       [&](const StudyFileKey& k) { return k.name == key; });
  }

  bool read_expression(const YamlNode& node, const YamlMember& member, Parameter& parameter) {
    bool good = true;
    bool is_feature = false;
    for (const YamlMember& other : node.members) {
      if (other.key == "feature") {
        const auto given = reader_.boolean(other.value, parameter.name + ".feature");
        good = good && given.has_value();
        is_feature = given.value_or(false);
        continue;
      }
      if (other.key == "expression" || other.key == "when" || !study_key_is_known(other.key))
        continue;
      good = false;
      reader_.error(other.key_span,
                    fmt::format("{} is computed by its expression, so '{}' has no meaning in it",
                                parameter.name, other.key));
    }
    auto expression = parse_expression(reader_, member.value, parameter.name + ".expression");
    if (!expression || !good) {
      failed(parameter.name);
      return false;
    }
    parameter.domain = Derived{std::move(*expression), is_feature};
    return true;
  }

  void read_beliefs(const YamlNode& node, Parameter& parameter) {
    if (const YamlMember* given = node.find("default")) {
      parameter.default_value = fitted(parameter.domain, reader_.value(given->value));
    }
    const YamlMember* given = node.find("prior");
    if (given == nullptr) return;
    Prior prior;
    if (const YamlMember* centre = given->value.find("centre")) {
      prior.centre = fitted(parameter.domain, reader_.value(centre->value));
      for (const YamlMember& member : given->value.members) {
        if (member.key == "spread") {
          const auto spread =
              reader_.number_from(member.value, parameter.name + ".prior.spread", 1e-6, 1e6);
          prior.spread = spread.value_or(prior.spread);
        } else if (member.key != "centre") {
          reader_.error(member.key_span,
                        fmt::format("unknown key '{}' in {}.prior. Keys: centre, spread",
                                    member.key, parameter.name));
        }
      }
    } else {
      prior.centre = fitted(parameter.domain, reader_.value(given->value));
    }
    parameter.prior = std::move(prior);
  }

  void read_when(const YamlNode& node, const std::string& what,
                 std::vector<Condition>& conditions) {
    if (node.is_map()) {
      for (const YamlMember& member : node.members) {
        Condition condition;
        condition.parent = member.key;
        if (member.value.is_sequence()) {
          for (const YamlNode& item : member.value.items)
            condition.any_of.push_back(reader_.value(item));
        } else {
          condition.any_of.push_back(reader_.value(member.value));
        }
        conditions.push_back(std::move(condition));
      }
      if (node.members.empty()) reader_.error(node.span, fmt::format("{} is empty", what));
    } else if (node.is_sequence()) {
      if (node.items.empty()) reader_.error(node.span, fmt::format("{} is empty", what));
      for (std::size_t i = 0; i < node.items.size(); ++i) {
        if (node.items[i].is_sequence()) {
          reader_.error(node.items[i].span,
                        fmt::format("{}[{}] must be a map or a text, not a list", what, i));
        } else {
          read_when(node.items[i], fmt::format("{}[{}]", what, i), conditions);
        }
      }
    } else if (node.is_scalar()) {
      if (auto test = parse_expression(reader_, node, what)) {
        Condition condition;
        condition.test = std::move(*test);
        conditions.push_back(std::move(condition));
      }
    } else {
      reader_.error(
          node.span,
          fmt::format("{} must be a map such as {{optimizer: adam}}, or an expression", what));
    }
  }

  /// A grid lists values: no continuous range.
  void check_grid(const YamlMember& member, const Parameter& parameter) {
    if (draft_.method != "grid") return;
    if (draft_.spec.sampler.options.find("points") != nullptr) return;  // lays points over ranges
    const auto* real = std::get_if<Real>(&parameter.domain);
    const auto* choice = std::get_if<Choice>(&parameter.domain);
    if (real != nullptr && (!real->quantum || real->law != Law::uniform)) {
      reader_.error(
          member.value.span,
          fmt::format("{}: method grid lists every value, and a {} has no list", parameter.name,
                      real->quantum ? "range that is not uniform" : "continuous range"),
          "give values: […], or a step");
    } else if (choice != nullptr && member.value.find("probabilities") != nullptr) {
      reader_.error(
          member.value.find("probabilities")->key_span,
          fmt::format("{}: method grid lists every value once, so probabilities have no meaning",
                      parameter.name),
          "remove them, or use method: random");
    }
  }

  /// HONE_PARAM_<name> with other characters as '_' must tell parameters apart.
  void check_environment_name(const YamlMember& member, const std::string& name) {
    std::string variable = name;
    for (char& c : variable) c = c == '.' || c == '-' ? '_' : c;
    const auto [first, is_new] = environment_names_.emplace(variable, name);
    if (is_new || first->second == name) return;
    reader_.error(
        member.key_span,
        fmt::format("{} and {} would both be HONE_PARAM_{} in the environment; rename one",
                    first->second, name, variable));
  }

  StudyFileReader& reader_;
  StudyDraft& draft_;
  std::map<std::string, std::string> environment_names_;
};

/// The name that stands at an offset of an expression.
TextSpan name_within(const StudyFileReader& reader, const YamlNode& node, std::size_t offset) {
  TextSpan at = span_within(node, reader.source(), offset, 1);
  const auto in_name = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  };
  while (at.end < node.span.end && in_name(reader.source()[at.end])) ++at.end;
  return at;
}

/// Where a problem of the space stands in the file.
TextSpan place_of(const StudyFileReader& reader, const StudyDraft& draft,
                  const SpaceProblem& problem) {
  if (problem.constraint >= 0) {
    const YamlNode& node = *draft.constraint_nodes[static_cast<std::size_t>(problem.constraint)];
    const bool about_a_name = problem.message.find("no parameter") != std::string::npos;
    return about_a_name ? name_within(reader, node, problem.offset) : node.span;
  }
  if (problem.parameter < 0) return draft.method_span;
  const ParameterPlace& place = draft.places[static_cast<std::size_t>(problem.parameter)];
  if (const auto node = place.expressions.find(problem.field); node != place.expressions.end()) {
    return name_within(reader, *node->second, problem.offset);
  }
  if (const auto field = place.fields.find(problem.field); field != place.fields.end())
    return field->second;
  return place.key;
}

}  // namespace

void read_parameters(StudyFileReader& reader, const YamlNode& root, StudyDraft& draft) {
  const YamlMember* member = root.find("parameters");
  if (member == nullptr) {
    reader.error_overall(
        "there are no parameters: add parameters: {lr: {min: 1e-5, max: 1e-1, distribution: "
        "log_uniform_values}}");
    return;
  }
  if (!reader.is_map(member->value, "parameters", "{lr: {min: 0.001, max: 0.1}}")) return;
  if (member->value.members.empty()) {
    reader.error(member->value.span, "parameters is empty: there is nothing to search");
    return;
  }
  ParametersReader(reader, draft).read_group(member->value, "", {}, true);
  for (std::size_t i = 0; i < draft.parameters.size(); ++i) {
    if (draft.places[i].flat_dotted)
      draft.spec.command.flat_names.push_back(draft.parameters[i].name);
  }
}

void read_constraints(StudyFileReader& reader, const YamlNode& root, StudyDraft& draft) {
  const YamlMember* member = root.find("constraints");
  if (member == nullptr) return;
  const YamlNode& node = member->value;
  if (!node.is_sequence()) {
    reader.error(
        node.span,
        fmt::format("constraints must be a list of expressions, not {}", reader.shown(node)),
        node.is_scalar()
            ? fmt::format("write [{}]", node.plain ? "\"" + node.text + "\"" : reader.written(node))
            : "");
    return;
  }
  for (std::size_t i = 0; i < node.items.size(); ++i) {
    if (auto expression =
            parse_expression(reader, node.items[i], fmt::format("constraints[{}]", i))) {
      draft.constraints.push_back({std::move(*expression)});
      draft.constraint_nodes.push_back(&node.items[i]);
    }
  }
}

void build_space(StudyFileReader& reader, StudyDraft& draft) {
  SearchSpace::Built built = SearchSpace::create(draft.parameters, draft.constraints);
  const auto blames_broken = [&](const SpaceProblem& problem) {
    return std::any_of(draft.broken.begin(), draft.broken.end(), [&](const std::string& name) {
      return problem.message.find("'" + name + "'") != std::string::npos;
    });
  };
  for (const SpaceProblem& problem : built.problems) {
    if (blames_broken(problem) || problem.field == "name") continue;  // told already
    std::string message = problem.message;
    if (problem.parameter >= 0) {
      const std::string& name = draft.parameters[static_cast<std::size_t>(problem.parameter)].name;
      message = fmt::format("{}: {}", name, message);
    } else if (problem.constraint >= 0) {
      message = fmt::format("constraints[{}]: {}", problem.constraint, message);
    }
    const TextSpan span = place_of(reader, draft, problem);
    if (problem.warning)
      reader.warning(span, std::move(message));
    else
      reader.error(span, std::move(message));
  }
  if (built.space) draft.spec.space = std::move(*built.space);
}

}  // namespace hone
