#include "hone/cli/study_plan.h"

#include <fmt/core.h>

#include <algorithm>
#include <memory>

#include "hone/base/error.h"
#include "hone/base/text.h"
#include "hone/sampler/sampler.h"
#include "hone/study/history.h"
#include "hone/study/placeholders.h"
#include "hone/tuner/budget.h"

namespace hone::cli {
namespace {

std::string counted(std::int64_t n, const char* noun) {
  return fmt::format("{} {}{}", n, noun, n == 1 ? "" : "s");
}

/// Continuous parameters, and the number of combinations of the others.
std::string size_of_space(const StudySpec& spec) {
  if (const auto size = spec.space.cardinality())
    return counted(static_cast<std::int64_t>(*size), "configuration");
  std::int64_t continuous = 0;
  for (const Parameter& parameter : spec.space.parameters()) {
    if (parameter.is_searched() && !cardinality(parameter.domain)) ++continuous;
  }
  if (continuous == 0) return "more than 10^15 configurations";
  const std::int64_t others = spec.space.dimension() - continuous;
  std::string text = counted(continuous, "continuous parameter");
  if (others > 0) text += fmt::format(" and {} with lists", others);
  return text;
}

std::string coverage(const StudySpec& spec, std::int64_t trials) {
  const auto size = spec.space.cardinality();
  std::string text = counted(trials, "trial");
  if (!size) {
    const int searched = std::max(1, spec.space.dimension());
    return fmt::format("{}, {} per parameter", text,
                       format_number(static_cast<double>(trials) / searched, 2));
  }
  if (static_cast<std::uint64_t>(trials) >= *size) return text + ", enough for all of them";
  const double share = 100.0 * static_cast<double>(trials) / static_cast<double>(*size);
  return fmt::format("{}, {} % of them", text, format_number(share, 2));
}

/// The values that a configuration file is given.
std::vector<std::string> values_set(const ConfigFile& file, const StudySpec& spec,
                                    const ExpandContext& context) {
  std::vector<std::string> lines;
  for (const auto& [path, text] : file.set) {
    const auto value = expand_value(text, spec, context);
    if (const auto* wrong = std::get_if<ExpandError>(&value))
      throw Error(ErrorCode::invalid_input, wrong->message);
    const auto& known = std::get<std::optional<Value>>(value);
    lines.push_back(path + ": " + (known ? known->dump() : "as it is (the parameter is inactive)"));
  }
  return lines;
}

template <typename T>
T value_or_throw(std::variant<T, ExpandError> result) {
  if (const auto* wrong = std::get_if<ExpandError>(&result))
    throw Error(ErrorCode::invalid_input, wrong->message);
  return std::get<T>(std::move(result));
}

/// What the sampler would begin with.
std::vector<Config> first_configurations(const StudySpec& spec, std::int64_t first, int count) {
  std::vector<Config> configs;
  std::vector<OptionProblem> problems;
  const std::unique_ptr<Sampler> sampler = make_sampler(spec, problems);
  if (!sampler) return configs;  // told by whoever checks the algorithms
  const History history(std::make_shared<StudySpec>(spec));
  while (static_cast<int>(configs.size()) < count) {
    const std::int64_t number = first + static_cast<std::int64_t>(configs.size());
    const SuggestContext context{history, number, sampler_rng(spec, number), {}, 0};
    const SuggestResult result =
        sampler->suggest(context, count - static_cast<int>(configs.size()));
    const auto* suggestions = std::get_if<std::vector<Suggestion>>(&result);
    if (suggestions == nullptr || suggestions->empty()) break;
    // Without the trials' own record a finished grid would begin anew.
    const bool anew = !configs.empty() && suggestions->front().config == configs.front();
    if (anew && spec.space.cardinality()) break;
    for (const Suggestion& suggestion : *suggestions) configs.push_back(suggestion.config);
  }
  return configs;
}

}  // namespace

std::string space_and_budget(const StudySpec& spec) {
  std::string text = size_of_space(spec);
  std::vector<std::string> limits;
  limits = limit_texts(spec);
  if (spec.budget.trials) limits.front() = coverage(spec, *spec.budget.trials);
  if (!limits.empty()) text += "; budget: " + join(limits, ", at most ");
  return text;
}

std::vector<PlannedTrial> plan_trials(
    const StudySpec& spec, int count,
    const std::function<std::optional<std::string>(const std::string&)>& environment,
    const std::string& interpreter) {
  std::vector<PlannedTrial> trials;
  if (count < 1) return trials;
  if (spec.run_default_first) {
    PlannedTrial trial;
    trial.defaults = true;
    trial.config = spec.space.default_config();
    trials.push_back(std::move(trial));
  }
  const auto first = static_cast<std::int64_t>(trials.size());
  for (Config& config : first_configurations(spec, first, count - static_cast<int>(first))) {
    PlannedTrial trial;
    trial.number = static_cast<std::int64_t>(trials.size());
    trial.config = std::move(config);
    trials.push_back(std::move(trial));
  }
  for (PlannedTrial& trial : trials) {
    ExpandContext context{trial.config, spec.seed, trial.number, "TRIAL_DIR"};
    context.port = 1;
    context.environment = environment;
    context.interpreter = interpreter;
    trial.argv = value_or_throw(expand_command(spec, context));
    for (const ConfigFile& file : spec.command.files) {
      trial.files.emplace_back(value_or_throw(expand_text(file.to, spec, context)),
                               values_set(file, spec, context));
    }
  }
  return trials;
}

}  // namespace hone::cli
