// hone enqueue: a configuration of the user's own, run before the sampler's.
#include <fmt/core.h>

#include <algorithm>
#include <cstdio>

#include "hone/base/error.h"
#include "hone/base/file.h"
#include "hone/base/text.h"
#include "hone/cli/commands.h"
#include "hone/cli/prose.h"
#include "hone/cli/workplace.h"

namespace hone::cli {
namespace {

/// What a text on the command line means for a parameter: the choice written that way, else JSON,
/// else the text.
Value value_for(const Parameter& parameter, const std::string& text) {
  if (const auto* choice = std::get_if<Choice>(&parameter.domain)) {
    for (const ChoiceItem& item : choice->items) {
      if (item.text == text) return item.value;
    }
    const Value given = Value::parse(text).value_or(Value(text));
    const int index = choice->index_of(given);
    if (index >= 0) return choice->items[static_cast<std::size_t>(index)].value;
    return given;
  }
  if (const auto number = parse_number(text)) {
    const bool whole = std::holds_alternative<Integer>(parameter.domain) ||
                       text.find_first_of(".eE") == std::string::npos;
    if (whole && *number == static_cast<double>(static_cast<std::int64_t>(*number)) &&
        !std::holds_alternative<Real>(parameter.domain)) {
      return Value(static_cast<std::int64_t>(*number));
    }
    return Value(*number);
  }
  return Value::parse(text).value_or(Value(text));
}

class EnqueueCommand final : public Command {
 public:
  void declare(CommandLine& line) override {
    line.positional("STUDY NAME=VALUE", words_,
                    "The study and the values; what is not named takes its default");
    line.option("--file", file_, "FILE", "A JSON object with the values");
    common_.declare(line);
    line.examples("  hone enqueue finetune learning_rate=3e-4 rank=16\n");
  }

  int run() override {
    const Workplace place = Workplace::open(common_, OpenMode::existing);
    std::optional<std::string> name;
    std::vector<std::pair<std::string, std::string>> given;
    for (const std::string& word : words_) {
      const std::size_t equals = word.find('=');
      if (equals != std::string::npos && equals > 0) {
        given.emplace_back(word.substr(0, equals), word.substr(equals + 1));
      } else if (!name) {
        name = word;
      } else {
        throw Error(ErrorCode::invalid_input, fmt::format("'{}' is no NAME=VALUE", word),
                    "hone enqueue STUDY lr=1e-3 batch=16");
      }
    }
    const StudyInfo study = place.study_or_only(name, common_.project);
    const auto spec = stored_spec(place.store(), study.id);
    if (given.empty() && !file_) {
      throw Error(ErrorCode::invalid_input, "no values given",
                  fmt::format("hone enqueue {} NAME=VALUE …", study_title(study)));
    }
    Config config = spec->space.default_config();
    for (const auto& [parameter, text] : given)
      set(config, *spec, parameter, value_for(known(*spec, parameter), text));
    if (file_) {
      const auto body = Value::parse(read_file(*file_, 1 << 20));
      if (!body || !body->is_map())
        throw Error(ErrorCode::invalid_input, fmt::format("{} is no JSON object", *file_));
      for (const auto& [parameter, value] : body->as_map()) {
        known(*spec, parameter);
        set(config, *spec, parameter, value);
      }
    }
    config = spec->space.complete(config);
    if (const auto faults = spec->space.violations(config); !faults.empty()) {
      throw Error(ErrorCode::invalid_input, fmt::format("this configuration does not fit '{}': {}",
                                                        study.name, join(faults, "; ")));
    }
    Value body = Value::Map{};
    body.set("config", config.to_value());
    const std::string outcome = ask_leader(place, study, "enqueue", body);
    if (common_.json) {
      Value row = Value::Map{};
      row.set("study", study_title(study)).set("outcome", outcome).set("config", config.to_value());
      std::printf("%s\n", row.dump().c_str());
    } else {
      std::printf("%s: enqueued as %s\n", study_title(study).c_str(), outcome.c_str());
      if (!common_.quiet && !is_led(place, study)) {
        print_prose(stderr, fmt::format("no process works on it now: hone resume {}\n",
                                        study_title(study)));
      }
    }
    return kOk;
  }

 private:
  static const Parameter& known(const StudySpec& spec, const std::string& name) {
    const int index = spec.space.index_of(name);
    if (index >= 0) return spec.space.parameter(index);
    std::vector<std::string> names;
    for (const Parameter& parameter : spec.space.parameters()) names.push_back(parameter.name);
    const auto near = nearest_name(name, names);
    throw Error(
        ErrorCode::invalid_input, fmt::format("the study has no parameter '{}'", name),
        near ? fmt::format("did you mean '{}'?", *near) : "parameters: " + join(names, ", "));
  }
  static void set(Config& config, const StudySpec& spec, const std::string& name, Value value) {
    if (!known(spec, name).is_searched()) {
      throw Error(ErrorCode::invalid_input,
                  fmt::format("'{}' is fixed or computed: it takes no value", name));
    }
    config.set(name, std::move(value));
  }

  std::vector<std::string> words_;
  std::optional<std::string> file_;
  CommonOptions common_;
};

}  // namespace

std::unique_ptr<Command> make_enqueue() { return std::make_unique<EnqueueCommand>(); }

}  // namespace hone::cli
