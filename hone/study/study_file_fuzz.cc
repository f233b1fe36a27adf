// Fuzz target for what reads a person's files: the study file (YAML, laws, placeholders,
// conditions), laws on a command line, and the editing of configuration files. Promises: no crash,
// no hang; a file without errors gives a spec that survives the store and whose command expands; an
// edited file differs in nothing but the edit.
#include <algorithm>
#include <string>
#include <vector>

#include "hone/base/rng.h"
#include "hone/study/command_line_space.h"
#include "hone/study/config_files.h"
#include "hone/study/placeholders.h"
#include "hone/study/study_file.h"
#include "tests/fuzz/fuzz_driver.h"

namespace hone::fuzz {
namespace {

LoadOptions fuzz_options() {
  LoadOptions options;
  options.folder = "/study";
  options.environment = [](const std::string&) { return std::optional<std::string>(); };
  options.read_file = [](const std::string&) { return std::optional<std::string>("a: {b: 1}\n"); };
  return options;
}

void check_command(const StudySpec& spec) {
  Rng rng(1);
  const auto config = spec.space.sample(rng);
  if (!config) return;
  ExpandContext context{*config};
  context.trial_dir = "/t";
  expand_command(spec, context);
  parameter_environment(spec, *config);
  const auto json = Value::parse(config_json(spec, *config));
  HONE_FUZZ_CHECK(json.has_value());
  wandb_parameter_file(spec, *config);
}

void check_study(std::string_view text) {
  const LoadedStudy loaded = load_study_file(text, "fuzz.yaml", fuzz_options());
  const std::string shown = render_diagnostics(loaded.diagnostics, text, "fuzz.yaml");
  HONE_FUZZ_CHECK(loaded.spec.has_value() == !has_errors(loaded.diagnostics));
  for (const Diagnostic& d : loaded.diagnostics)
    HONE_FUZZ_CHECK(!d.message.empty() && d.line >= 0 && d.length >= 0);
  if (!loaded.spec) return;
  const std::string stored = loaded.spec->to_value().dump();
  const auto body = Value::parse(stored);
  HONE_FUZZ_CHECK(body.has_value());
  HONE_FUZZ_CHECK(StudySpec::from_value(*body).to_value().dump() == stored);
  HONE_FUZZ_CHECK(!compare_specs(*loaded.spec, *loaded.spec).changed());
  check_command(*loaded.spec);
}

void check_command_line(std::string_view text) {
  std::vector<std::string> arguments;
  for (std::size_t from = 0; from < text.size() && arguments.size() < 50;) {
    const std::size_t to = std::min(text.find_first_of(" \n", from), text.size());
    if (to > from) arguments.emplace_back(text.substr(from, to - from));
    from = to + 1;
  }
  CommandLineStudy study = read_command_line(arguments);
  StudySpec spec;
  const bool good = fill_from_command_line(study, "/w", spec);
  HONE_FUZZ_CHECK(good == !has_errors(study.diagnostics));
  render_diagnostics(study.diagnostics, study.text, "command");
  if (good) check_command(spec);
}

void check_edit(std::string_view text, ConfigFormat format) {
  for (const char* path : {"a", "parameters.lr.min", "command[1]", "metric.name"}) {
    const ConfigEdit edit{path, Value(0.125)};
    const auto edited = edit_config(text, format, std::span(&edit, 1));
    const auto* result = std::get_if<std::string>(&edited);
    if (result == nullptr) {
      HONE_FUZZ_CHECK(!std::get<ConfigEditError>(edited).message.empty());
      continue;
    }
    HONE_FUZZ_CHECK(config_value(*result, format, path) == Value(0.125));
    // Everything before and after the value is as it was.
    std::size_t same = 0;
    while (same < text.size() && same < result->size() && text[same] == (*result)[same]) ++same;
    std::size_t tail = 0;
    while (tail < text.size() - same && tail < result->size() - same &&
           text[text.size() - 1 - tail] == (*result)[result->size() - 1 - tail])
      ++tail;
    HONE_FUZZ_CHECK(result->size() - same - tail <= 6);
  }
}

}  // namespace

int fuzz_one(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check_study(text);
  check_command_line(text);
  check_edit(text, ConfigFormat::yaml);
  check_edit(text, ConfigFormat::json);
  check_edit(text, ConfigFormat::toml);
  return 0;
}

std::span<const std::string_view> fuzz_dictionary() {
  static constexpr std::string_view kTokens[] = {"parameters:",
                                                 "min: ",
                                                 "max: ",
                                                 "values: [",
                                                 "distribution: ",
                                                 "log_uniform_values",
                                                 "int_uniform",
                                                 "q_uniform",
                                                 "normal",
                                                 "when: ",
                                                 "expression: ",
                                                 "constraints: [",
                                                 "command: [",
                                                 "\"${args}\"",
                                                 "${",
                                                 "}",
                                                 "$${",
                                                 "method: ",
                                                 "grid",
                                                 "bayes",
                                                 "auto",
                                                 "metric: {name: ",
                                                 "early_terminate: ",
                                                 "scheduler: ",
                                                 "asha",
                                                 "budget: {trials: ",
                                                 "fidelity: ",
                                                 "checkpoint: ",
                                                 "files: ",
                                                 "set: {",
                                                 "&a ",
                                                 "*a",
                                                 "<<: ",
                                                 "!!str ",
                                                 "|\n  ",
                                                 ">-\n  ",
                                                 "? ",
                                                 ": ",
                                                 "- ",
                                                 "\n  ",
                                                 "\t",
                                                 "\r\n",
                                                 "1e-5",
                                                 ".inf",
                                                 ".nan",
                                                 "0x10",
                                                 "010",
                                                 "yes",
                                                 "null",
                                                 "'",
                                                 "\"",
                                                 "~log(1e-5,1)",
                                                 "~[a,b]",
                                                 "[table]\n",
                                                 "[[array]]\n",
                                                 "a = 1\n",
                                                 "{\"a\": 1}",
                                                 "\xEF\xBB\xBF",
                                                 "\xC3\xA4",
                                                 "step: ",
                                                 "default: ",
                                                 "prior: "};
  return kTokens;
}

}  // namespace hone::fuzz
