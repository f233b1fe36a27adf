// The parts of the loader that text tests (tests/studyfile) do not show: tables, help, comparison
// of changed files.
#include "hone/study/study_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hone {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const std::string kBase =
    "command: [t, \"${args}\"]\nmethod: tpe\nmetric: {name: loss}\nbudget: {trials: 5}\n"
    "fidelity: {name: epoch, min: 1, max: 9}\n"
    "parameters:\n  lr: {min: 0.1, max: 1.0}\n  opt: {values: [adam, sgd]}\n  n: {min: 1, max: "
    "4}\n  c: {value: 1}\n";

StudySpec spec_of(std::string text) {
  const LoadedStudy loaded = load_study_file(text, "s.yaml", {});
  EXPECT_TRUE(loaded.spec.has_value()) << render_diagnostics(loaded.diagnostics, text, "s.yaml");
  return loaded.spec.value_or(StudySpec{});
}

std::string with(const std::string& from, const std::string& to) {
  std::string text = kBase;
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

SpecChanges change(const std::string& from, const std::string& to) {
  return compare_specs(spec_of(kBase), spec_of(with(from, to)));
}

TEST(StudyFile, NamesAStudyAfterItsFile) {
  EXPECT_EQ(load_study_file(kBase, "/a/b/finetune.yaml", {}).spec->name, "finetune");
  EXPECT_EQ(load_study_file(kBase, "x.y.yml", {}).spec->name, "x.y");
  EXPECT_EQ(load_study_file("name: z\n" + kBase, "a.yaml", {}).spec->name, "z");
}

TEST(StudyFile, KnowsWhetherASeedWasGiven) {
  EXPECT_FALSE(load_study_file(kBase, "a", {}).seed_given);
  EXPECT_TRUE(load_study_file("seed: 0\n" + kBase, "a", {}).seed_given);
}

TEST(StudyFile, NeedsNoCommandWhereTheCallerEvaluates) {
  LoadOptions options;
  options.command_required = false;
  EXPECT_TRUE(
      load_study_file("metric: {name: x}\nparameters: {a: {min: 0.5, max: 1.0}}\n", "a", options)
          .spec.has_value());
}

TEST(StudyFile, LimitsTheNumberOfMistakesItTells) {
  std::string text = kBase;
  for (int i = 0; i < 1000; ++i) text += "key" + std::to_string(i) + "xyzzy: 1\n";
  const LoadedStudy loaded = load_study_file(text, "a", {});
  EXPECT_FALSE(loaded.spec.has_value());
  EXPECT_LE(loaded.diagnostics.size(), 210U);
  EXPECT_THAT(render_diagnostics(loaded.diagnostics, text, "a"),
              HasSubstr("more than 200 mistakes"));
}

TEST(StudyFile, ExplainsEveryKeyInHelpAndReference) {
  const std::string reference = study_file_reference();
  for (const StudyFileSection& section : study_file_sections()) {
    const auto help = study_file_help(section.name);
    ASSERT_TRUE(help.has_value()) << section.name;
    EXPECT_FALSE(section.summary.empty()) << section.name;
    for (const StudyFileKey& key : section.keys) {
      EXPECT_THAT(*help, HasSubstr("  " + key.name)) << section.name;
      EXPECT_THAT(reference, HasSubstr("| `" + key.name + "` |")) << section.name;
      EXPECT_FALSE(key.type.empty()) << section.name << "." << key.name;
    }
  }
  EXPECT_FALSE(study_file_help("nothing").has_value());
  EXPECT_TRUE(study_file_help("parameters").has_value());
}

TEST(StudyFile, LeavesMembersOfAPopulationToItsScheduler) {
  const std::string text = kBase +
                           "scheduler: pbt\n"
                           "on_gpu_oom: {halve: lr}\n";
  const LoadedStudy loaded = load_study_file(text, "a", {});
  EXPECT_THAT(
      render_diagnostics(loaded.diagnostics, text, "a"),
      HasSubstr("on_gpu_oom starts trials of its own, and pbt decides itself what follows"));
}

TEST(StudyFile, PlacesWhatASamplerFindsWrongAtItsOptions) {
  LoadOptions options;
  options.check_sampler = [](const StudySpec& spec) {
    std::vector<OptionProblem> problems = {{"type", "needs more parameters"},
                                           {"depth", "is too deep"}};
    if (spec.sampler.options.find("width") == nullptr) problems.push_back({"width", "is missing"});
    return problems;
  };
  const auto told = [&](const std::string& text) {
    return render_diagnostics(load_study_file(text, "a", options).diagnostics, text, "a");
  };
  const std::string parameters = "program: a.py\nmetric: {name: loss}\nparameters:\n  x: ";
  const std::string good = "{min: 0, max: 1}\n";
  const std::string text = told("method: {name: tpe, depth: 3}\n" + parameters + good);
  EXPECT_THAT(text, HasSubstr("a:1:16: error: needs more parameters"));
  EXPECT_THAT(text, HasSubstr("a:1:28: error: method.depth: is too deep"));
  EXPECT_THAT(text, HasSubstr("a:1:16: error: is missing"));
  EXPECT_THAT(told("method: tpe\noptions: {depth: 3, width: 2}\n" + parameters + good),
              HasSubstr("a:2:18: error: method.depth: is too deep"));
  // Not asked about what was not understood.
  EXPECT_THAT(told("method: tpe\n" + parameters + "{min: 3, max: 1}\n"),
              testing::Not(HasSubstr("needs more parameters")));
}

TEST(StudyFile, HasExamplesThatAreYaml) {
  for (const StudyFileKey& key : study_file_section("").keys) {
    if (key.example.empty() || key.name == "early_terminate" || key.name == "pruner" ||
        key.name == "options" || key.name == "metrics")
      continue;
    std::string text = kBase;
    const std::size_t at = text.find("\n" + key.name + ":");
    if (text.compare(0, key.name.size() + 1, key.name + ":") == 0 || at != std::string::npos)
      continue;
    text += key.name + ": " + key.example + "\n";
    if (key.name == "constraints" || key.name == "files" || key.name == "run_cap" ||
        key.name == "on_oom" || key.name == "on_gpu_oom")
      continue;  // name parameters or files of their own
    const LoadedStudy loaded = load_study_file(text, "a", {});
    EXPECT_TRUE(loaded.spec.has_value()) << key.name << "\n"
                                         << render_diagnostics(loaded.diagnostics, text, "a");
  }
}

TEST(SpecChanges, AreNoneForTheSameFile) {
  EXPECT_FALSE(compare_specs(spec_of(kBase), spec_of(kBase)).changed());
  EXPECT_FALSE(compare_specs(spec_of(kBase), spec_of("seed: 4\n" + kBase)).changed());
}

TEST(SpecChanges, ApplyWhatOnlySaysHowMuchAndHow) {
  EXPECT_THAT(change("trials: 5", "trials: 50").applied, ElementsAre("budget"));
  EXPECT_THAT(change("method: tpe", "method: sobol").applied,
              ElementsAre("method: sobol in place of tpe"));
  EXPECT_THAT(change("method: tpe", "method: {name: tpe, gamma: 0.2}").applied,
              ElementsAre("options of method tpe"));
  EXPECT_THAT(change("max: 1.0", "max: 2.0").applied,
              ElementsAre("lr: wider range, from 0.1 to 2"));
  EXPECT_THAT(change("[adam, sgd]", "[adam, sgd, lion]").applied,
              ElementsAre("opt: new values lion"));
  EXPECT_THAT(change("[adam, sgd]", "[adam]").applied,
              ElementsAre("opt: sgd not proposed any more; past trials with it stay"));
  EXPECT_THAT(
      change("n: {min: 1, max: 4}", "n: {min: 1, max: 4}\n  m: {min: 1, max: 4, default: 2}")
          .applied,
      ElementsAre("new parameter m; past trials count with its default 2"));
  EXPECT_THAT(change("max: 9", "max: 27").applied,
              ElementsAre("fidelity.max raised: complete trials go on, best first"));
  EXPECT_THAT(change("n: {min: 1, max: 4}", "n: {value: 2}").applied,
              ElementsAre("n is fixed from now on"));
  EXPECT_THAT(change("\"${args}\"", "\"${args}\", -v").applied, ElementsAre("command"));
  for (const auto& [from, to] : std::vector<std::pair<std::string, std::string>>{
           {"trials: 5", "trials: 50"}, {"max: 1.0", "max: 2.0"}}) {
    EXPECT_THAT(change(from, to).refused, IsEmpty());
  }
}

TEST(SpecChanges, RefuseWhatWouldTakeTheMeaningFromPastTrials) {
  EXPECT_THAT(change("name: loss", "name: error").refused,
              ElementsAre(HasSubstr("the objective was loss, now it is error")));
  EXPECT_THAT(change("name: loss", "name: loss, goal: maximize").refused,
              ElementsAre("loss was minimized, now it is maximized: what was best would be worst"));
  EXPECT_THAT(change("name: loss", "name: loss, take: best").refused,
              ElementsAre(HasSubstr("in another way (take)")));
  EXPECT_THAT(change("  n: {min: 1, max: 4}\n", "").refused,
              ElementsAre(HasSubstr("the parameter n is gone")));
  EXPECT_THAT(change("n: {min: 1, max: 4}", "n: {min: 1, max: 4}\n  m: {min: 1, max: 4}").refused,
              ElementsAre(HasSubstr("the parameter m is new and has no default")));
  EXPECT_THAT(change("n: {min: 1, max: 4}", "n: {values: [a, b]}").refused,
              ElementsAre(HasSubstr("n is another kind of parameter")));
  EXPECT_THAT(change("n: {min: 1, max: 4}", "n: {min: 1, max: 4, when: {opt: adam}}").refused,
              ElementsAre(HasSubstr("n exists under other conditions")));
  EXPECT_THAT(change("name: epoch", "name: step").refused,
              ElementsAre(HasSubstr("the fidelity was epoch, now it is step")));
  EXPECT_THAT(change("metric: {name: loss}", "metrics: [{name: loss}, {name: size}]").refused,
              ElementsAre(HasSubstr("has 1 objectives, the file 2")));
  EXPECT_THAT(
      change("metric: {name: loss}", "metric: {name: loss}\nguards: [{name: acc, min: 0.5}]")
          .refused,
      ElementsAre(HasSubstr("the metric acc is new")));
}

}  // namespace
}  // namespace hone
