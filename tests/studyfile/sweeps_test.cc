// Sweep files in the manner of published ones, each with what it stands for: of a grid every
// argument vector, of the other methods the law of each parameter and the command. What the
// expectations say was compared with a reading of the files by PyYAML (sweep_reference.py). The
// laws are tested on draws of the random sampler: a distance of Kolmogorov and Smirnov with the
// bound of Dvoretzky, Kiefer and Wolfowitz for numbers, χ² for choices, each at a false-alarm rate
// of 10⁻⁶.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <map>
#include <sstream>

#include "corpus.h"
#include "hone/base/file.h"
#include "hone/base/text.h"
#include "hone/sampler/grid_points.h"
#include "hone/sampler/sampler.h"
#include "hone/study/placeholders.h"
#include "sweep_laws.h"

namespace hone {
namespace {

constexpr int kDraws = 4000;
constexpr double kFalseAlarm = 1e-6;

LoadedStudy load(const corpus::Case& one) {
  return load_study_file(one.text, one.name, corpus::options());
}

std::string command_line(const StudySpec& spec, const Config& config) {
  ExpandContext context{config};
  context.trial_dir = "/trial";
  context.interpreter = "python";
  context.environment = corpus::options().environment;
  const auto argv = expand_command(spec, context);
  if (const auto* wrong = std::get_if<ExpandError>(&argv)) return "error: " + wrong->message;
  Value::List list;
  for (const std::string& text : std::get<std::vector<std::string>>(argv)) list.emplace_back(text);
  return Value(std::move(list)).dump();
}

std::vector<std::string> grid_commands(const StudySpec& spec) {
  std::vector<std::string> problems;
  GridRules rules;
  rules.sweep_file = true;
  GridPoints points(spec.space, rules, problems);
  EXPECT_TRUE(problems.empty());
  std::vector<std::string> commands;
  for (; !points.ended(); points.advance()) commands.push_back(command_line(spec, points.config()));
  std::sort(commands.begin(), commands.end());
  return commands;
}

/// The command with <name> in place of each value.
std::string symbolic_command(const StudySpec& spec) {
  Config config;
  for (const Parameter& parameter : spec.space.parameters()) {
    const auto* fixed = std::get_if<Fixed>(&parameter.domain);
    config.set(parameter.name, fixed != nullptr ? fixed->value : Value("<" + parameter.name + ">"));
  }
  return command_line(spec, config);
}

std::string describe(const corpus::Case& one, const LoadedStudy& loaded) {
  std::string out = render_diagnostics(loaded.diagnostics, one.text, one.name);
  for (const std::string& note : loaded.notes) out += "note: " + note + "\n";
  if (!loaded.spec) return out;
  const StudySpec& spec = *loaded.spec;
  const Metric& metric = spec.objective();
  out += "metric: " + metric.name + " " + goal_name(metric.goal) +
         (metric.take == Take::best ? " best" : " last");
  if (metric.target) out += " target " + format_number(*metric.target, 12);
  if (!spec.impute.empty()) out += " impute " + spec.impute;
  out += "\nsampler: " + spec.sampler.name + " " + spec.sampler.options.dump() + "\n";
  out += "scheduler: " + spec.scheduler.name + " " + spec.scheduler.options.dump() + "\n";
  out += "trials: " + (spec.budget.trials ? std::to_string(*spec.budget.trials) : "no end") + "\n";
  if (spec.sampler.name == "grid") {
    for (const std::string& command : grid_commands(spec)) out += command + "\n";
    return out;
  }
  for (const Parameter& parameter : spec.space.parameters()) {
    out += "law " + parameter.name + ": " + sweep_laws::law_text(parameter.domain) + "\n";
  }
  return out + symbolic_command(spec) + "\n";
}

TEST(SweepFiles, StandForTheseCommandsAndLaws) {
  const auto cases = corpus::cases("sweeps");
  EXPECT_GE(cases.size(), 40U);
  for (const corpus::Case& one : cases) {
    const LoadedStudy loaded = load(one);
    EXPECT_TRUE(loaded.spec.has_value()) << one.name;
    corpus::expect_same(one, describe(one, loaded));
    if (!loaded.spec) continue;
    EXPECT_TRUE(loaded.spec->from_sweep_file) << one.name;
    EXPECT_FALSE(loaded.spec->run_default_first) << one.name;
  }
}

/// Values of every parameter over independent draws of the random sampler.
std::map<std::string, std::vector<Value>> draws_of(const StudySpec& spec) {
  StudySpec random = spec;
  random.sampler = AlgorithmSpec{"random", Value::Map{}};
  random.sampler.options.set("repeat", true);
  random.seed = 20240;
  std::vector<OptionProblem> problems;
  const auto sampler = make_sampler(random, problems);
  EXPECT_TRUE(problems.empty());
  const History history(std::make_shared<StudySpec>(random));
  std::map<std::string, std::vector<Value>> values;
  for (std::int64_t trial = 0; trial < kDraws; ++trial) {
    const SuggestContext context{history, trial, sampler_rng(random, trial), {}, 0};
    const auto result = sampler->suggest(context, 1);
    const auto* suggestions = std::get_if<std::vector<Suggestion>>(&result);
    if (suggestions == nullptr) break;
    for (const auto& [name, value] : suggestions->front().config) values[name].push_back(value);
  }
  return values;
}

TEST(SweepFiles, DrawFromTheLawsThatTheirExpectationsName) {
  if (std::getenv("HONE_REWRITE_EXPECTED") != nullptr)
    GTEST_SKIP() << "expectations are being written";
  int tested = 0;
  for (const corpus::Case& one : corpus::cases("sweeps")) {
    const LoadedStudy loaded = load(one);
    if (!loaded.spec || loaded.spec->sampler.name == "grid") continue;
    const auto values = draws_of(*loaded.spec);
    std::istringstream lines(read_file(one.expected_path));
    for (std::string line; std::getline(lines, line);) {
      if (line.compare(0, 4, "law ") != 0) continue;
      const std::size_t colon = line.find(": ");
      const std::string name = line.substr(4, colon - 4);
      const auto found = values.find(name);
      ASSERT_NE(found, values.end()) << one.name << " " << name;
      ASSERT_EQ(found->second.size(), static_cast<std::size_t>(kDraws)) << one.name << " " << name;
      EXPECT_EQ(sweep_laws::disagreement(line.substr(colon + 2), found->second, kFalseAlarm), "")
          << one.name << " " << name;
      ++tested;
    }
  }
  EXPECT_GE(tested, 50);
}

TEST(SweepLaws, AreToldApartFromWrongOnes) {
  std::vector<Value> uniform;
  Rng rng(7);
  for (int i = 0; i < kDraws; ++i) uniform.emplace_back(rng.uniform(0, 1));
  EXPECT_EQ(sweep_laws::disagreement("uniform 0 1", uniform, kFalseAlarm), "");
  EXPECT_NE(sweep_laws::disagreement("uniform 0 1.2", uniform, kFalseAlarm), "");
  EXPECT_NE(sweep_laws::disagreement("normal 0.5 0.2887", uniform, kFalseAlarm), "");
  std::vector<Value> coin;
  for (int i = 0; i < kDraws; ++i) coin.emplace_back(rng.chance(0.4) ? "a" : "b");
  EXPECT_EQ(sweep_laws::disagreement("choice a 0.4 | b 0.6", coin, kFalseAlarm), "");
  EXPECT_NE(sweep_laws::disagreement("choice a 0.5 | b 0.5", coin, kFalseAlarm), "");
  EXPECT_NE(sweep_laws::disagreement("choice a 0.5 | c 0.5", coin, kFalseAlarm), "");
}

}  // namespace
}  // namespace hone
