#include "hone/study/placeholders.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "hone/study/placeholders_text.h"

namespace hone {
namespace {

using testing::ElementsAre;
using Arguments = std::vector<std::string>;

Parameter choice(const std::string& name, std::vector<ChoiceItem> items) {
  return {name, Choice{std::move(items), false, {}}, {}, {}, {}};
}

struct Fixture {
  StudySpec spec;
  Config config;
  Fixture() {
    Parameter lr{"lr", Real{}, {}, {}, {}};
    Parameter rank = choice("rank", {{Value(1e-5), "1e-5"}, {Value(0.1), "0.1"}});
    Parameter flag = choice("flag", {{Value(true), "True"}, {Value(false), "False"}});
    Parameter nested{"optim.momentum", Real{}, {}, {}, {}};
    Parameter lora{"alpha", Integer{1, 9}, {Condition{"flag", {Value(false)}, {}}}, {}, {}};
    spec.space = *SearchSpace::create({lr, rank, flag, nested, lora}, {}).space;
    config.set("lr", 1e-5);
    config.set("rank", 1e-5);
    config.set("flag", true);
    config.set("optim.momentum", 0.5);
  }
  Arguments expand(Arguments argv) {
    spec.command.argv = std::move(argv);
    ExpandContext context{config};
    context.seed = 11;
    context.trial = 4;
    context.trial_dir = "/out/4";
    context.fidelity = 9;
    context.gpu = "0,1";
    context.port = 7000;
    context.environment = [](const std::string& name) -> std::optional<std::string> {
      if (name == "DATA") return "/data";
      return std::nullopt;
    };
    const auto result = expand_command(spec, context);
    if (const auto* wrong = std::get_if<ExpandError>(&result)) return {"error", wrong->message};
    return std::get<Arguments>(result);
  }
};

TEST(Placeholders, ExpandEveryFormOfTheArguments) {
  Fixture f;
  EXPECT_THAT(f.expand({"${args}"}),
              ElementsAre("--lr=1e-05", "--rank=1e-5", "--flag=True", "--optim.momentum=0.5"));
  EXPECT_THAT(
      f.expand({"${args_no_equals}"}),
      ElementsAre("--lr", "1e-05", "--rank", "1e-5", "--flag", "True", "--optim.momentum", "0.5"));
  EXPECT_THAT(f.expand({"${args_no_hyphens}"}),
              ElementsAre("lr=1e-05", "rank=1e-5", "flag=True", "optim.momentum=0.5"));
  EXPECT_THAT(f.expand({"${args_no_boolean_flags}"}),
              ElementsAre("--lr=1e-05", "--rank=1e-5", "--flag", "--optim.momentum=0.5"));
  EXPECT_THAT(f.expand({"${args_append_hydra}"}),
              ElementsAre("+lr=1e-05", "+rank=1e-5", "+flag=True", "+optim.momentum=0.5"));
  EXPECT_THAT(f.expand({"${args_override_hydra}"}),
              ElementsAre("++lr=1e-05", "++rank=1e-5", "++flag=True", "++optim.momentum=0.5"));
  EXPECT_THAT(
      f.expand({"${args_json}"}),
      ElementsAre(
          "{\"lr\": 1e-05, \"rank\": 1e-05, \"flag\": true, \"optim\": {\"momentum\": 0.5}}"));
  EXPECT_THAT(f.expand({"${args_json_file}"}), ElementsAre("/out/4/config.json"));
}

TEST(Placeholders, LeaveFalseFlagsOut) {
  Fixture f;
  f.config.set("flag", false);
  f.config.set("alpha", 3);
  EXPECT_THAT(f.expand({"${args_no_boolean_flags}"}),
              ElementsAre("--lr=1e-05", "--rank=1e-5", "--optim.momentum=0.5", "--alpha=3"));
}

TEST(Placeholders, ReplaceParametersAndOwnNamesInsideOfTexts) {
  Fixture f;
  EXPECT_THAT(
      f.expand({"bash", "-c",
                "cd ${HOME} && ./t --lr ${lr} --seed=${seed} -o ${trial_dir}/o > ${trial}.log"}),
      ElementsAre("bash", "-c", "cd ${HOME} && ./t --lr 1e-05 --seed=11 -o /out/4/o > 4.log"));
  EXPECT_THAT(
      f.expand({"${fidelity}", "${gpu}", "p=${port}", "${envvar:DATA}/x", "${envvar:MISSING}"}),
      ElementsAre("9", "0,1", "p=7000", "/data/x", "MISSING"));
}

TEST(Placeholders, KeepEscapedOnes) {
  Fixture f;
  EXPECT_THAT(f.expand({"$${lr}", "a$${lr}b${lr}", "$lr", "${lr"}),
              ElementsAre("${lr}", "a${lr}b1e-05", "$lr", "${lr"));
}

TEST(Placeholders, DropAnUnknownWholeElementAsASweepDoes) {
  Fixture f;
  EXPECT_THAT(f.expand({"a", "${whatever}", "x${whatever}"}), ElementsAre("a", "x${whatever}"));
}

TEST(Placeholders, LeaveAnInactiveParameterOutWithItsFlag) {
  Fixture f;
  EXPECT_THAT(f.expand({"t", "--alpha", "${alpha}", "--x", "--a=${alpha}", "end"}),
              ElementsAre("t", "--x", "end"));
  EXPECT_THAT(f.expand({"t", "pos", "${alpha}"}), ElementsAre("t", "pos"));
}

TEST(Placeholders, AddCheckpointArgumentsOnlyWhenThereIsSomethingToResume) {
  Fixture f;
  f.spec.checkpoint = CheckpointSpec{"p", "", {"--resume", "${checkpoint}"}};
  EXPECT_THAT(f.expand({"t"}), ElementsAre("t"));
  ExpandContext context{f.config};
  context.checkpoint = "/c/3";
  EXPECT_THAT(std::get<Arguments>(expand_command(f.spec, context)),
              ElementsAre("t", "--resume", "/c/3"));
}

TEST(Placeholders, SayWhichValueIsMissing) {
  Fixture f;
  ExpandContext context{f.config};
  EXPECT_EQ(std::get<ExpandError>(expand_text("${port}", f.spec, context)).message,
            "${port} has no value: no free port was found");
  EXPECT_THAT(std::get<ExpandError>(expand_text("x${alpha}", f.spec, context)).message,
              testing::HasSubstr("not active"));
  EXPECT_THAT(std::get<ExpandError>(expand_text("${fidelity}", f.spec, context)).message,
              testing::HasSubstr("fidelity.max"));
}

TEST(Placeholders, WriteValuesAsPythonDoes) {
  EXPECT_EQ(argument_text(Value(true)), "True");
  EXPECT_EQ(argument_text(Value()), "None");
  EXPECT_EQ(argument_text(Value(true), BoolStyle::lower), "true");
  EXPECT_EQ(argument_text(Value()), "None");
  EXPECT_EQ(argument_text(Value("a b")), "a b");
  EXPECT_EQ(argument_text(Value(Value::List{1, 2.0, "x", "it's", "q\"", "a\n", true, Value()})),
            "[1, 2.0, 'x', \"it's\", 'q\"', 'a\\n', True, None]");
  EXPECT_EQ(argument_text(Value(Value::Map{{"k", 0.1}, {"l", Value::List{}}})),
            "{'k': 0.1, 'l': []}");
}

TEST(Placeholders, WriteFloatsAsPythonDoes) {
  // python3 -c 'print(repr(x))'
  const std::vector<std::pair<double, std::string>> table = {
      {0.0, "0.0"},
      {-0.0, "-0.0"},
      {1.0, "1.0"},
      {100000.0, "100000.0"},
      {1e15, "1000000000000000.0"},
      {1e16, "1e+16"},
      {1.5e16, "1.5e+16"},
      {0.0001, "0.0001"},
      {0.00012345, "0.00012345"},
      {1e-5, "1e-05"},
      {1.25e-7, "1.25e-07"},
      {1e100, "1e+100"},
      {5e-324, "5e-324"},
      {123456789.125, "123456789.125"},
      {0.1 + 0.2, "0.30000000000000004"},
      {-2.5, "-2.5"},
      {1e22, "1e+22"},
      {9007199254740993.0, "9007199254740992.0"}};
  for (const auto& [x, text] : table) EXPECT_EQ(python_float(x), text);
}

TEST(Placeholders, EscapeJsonAsPythonDoes) {
  EXPECT_EQ(python_json(Value(Value::List{"ä", "日", "😀", "\n", 1.0, Value()})),
            "[\"\\u00e4\", \"\\u65e5\", \"\\ud83d\\ude00\", \"\\n\", 1.0, null]");
}

TEST(Placeholders, NestDottedNamesInTheConfiguration) {
  Fixture f;
  EXPECT_EQ(config_json(f.spec, f.config),
            "{\"lr\":1e-05,\"rank\":1e-05,\"flag\":true,\"optim\":{\"momentum\":0.5}}\n");
  f.spec.command.flat_names = {"optim.momentum"};
  EXPECT_EQ(nested_config(f.spec, f.config).dump(),
            "{\"lr\":1e-05,\"rank\":1e-05,\"flag\":true,\"optim.momentum\":0.5}");
}

TEST(Placeholders, WriteTheParameterFileOfWandbWithFloatsThatYaml11Reads) {
  Fixture f;
  EXPECT_EQ(wandb_parameter_file(f.spec, f.config),
            "wandb_version: 1\n\"lr\":\n  value: 1.0e-05\n\"rank\":\n  value: 1.0e-05\n\"flag\":\n "
            " value: true\n"
            "\"optim\":\n  value: {\"momentum\": 0.5}\n");
}

TEST(Placeholders, NameEnvironmentVariablesAfterTheParameters) {
  Fixture f;
  EXPECT_THAT(
      parameter_environment(f.spec, f.config),
      ElementsAre(testing::Pair("HONE_PARAM_lr", "1e-05"), testing::Pair("HONE_PARAM_rank", "1e-5"),
                  testing::Pair("HONE_PARAM_flag", "True"),
                  testing::Pair("HONE_PARAM_optim_momentum", "0.5")));
}

TEST(Placeholders, TellProgramsNothingOfFeatures) {
  Fixture f;
  Parameter lr{"lr", Real{}, {}, {}, {}};
  Parameter size{"size", {}, {}, {}, {}};
  size.domain = Derived{std::get<Expression>(Expression::parse("lr * 2")), true};
  f.spec.space = *SearchSpace::create({lr, size}, {}).space;
  f.config = f.spec.space.complete(*Config::parse(R"({"lr": 0.25})"));
  ASSERT_NE(f.config.get("size"), nullptr);
  EXPECT_THAT(f.expand({"${args}", "${size}"}), ElementsAre("--lr=0.25", "0.5"));
  EXPECT_THAT(parameter_environment(f.spec, f.config),
              ElementsAre(testing::Pair("HONE_PARAM_lr", "0.25")));
  EXPECT_EQ(config_json(f.spec, f.config), "{\"lr\":0.25}\n");
}

TEST(Placeholders, FindTheInterpreterOfTheActiveEnvironment) {
  const auto environment = [](const std::string& name) -> std::optional<std::string> {
    if (name == "VIRTUAL_ENV") return "/venv";
    if (name == "PATH") return "/usr/local/bin:/usr/bin";
    return std::nullopt;
  };
  EXPECT_EQ(
      find_interpreter(environment, [](const std::string& p) { return p == "/venv/bin/python"; }),
      "/venv/bin/python");
  EXPECT_EQ(
      find_interpreter(environment, [](const std::string& p) { return p == "/usr/bin/python"; }),
      "python");
  EXPECT_EQ(find_interpreter(environment, [](const std::string&) { return false; }), "python3");
}

TEST(Placeholders, KnowWhetherACommandUsesOne) {
  Fixture f;
  f.spec.command.argv = {"a", "x${port}y", "$${seed}"};
  EXPECT_TRUE(command_uses(f.spec, "port"));
  EXPECT_FALSE(command_uses(f.spec, "seed"));
}

TEST(Placeholders, AreAllInTheHelp) {
  const std::string help = placeholders_help();
  for (const PlaceholderInfo& p : placeholders())
    EXPECT_THAT(help, testing::HasSubstr("${" + p.name + "}"));
}

PlaceholderScope scope() {
  PlaceholderScope s;
  s.parameters = {"lr", "batch_size"};
  return s;
}

TEST(PlaceholderCheck, LeavesShellVariablesAlone) {
  for (const char* text : {"cd ${HOME} && x", "${PATH}:y", "a${USER}", "echo ${x:-1}",
                           "${HOST}:${PWD}", "$${anything}", "a ${env} b"}) {
    EXPECT_TRUE(check_placeholders(text, PlaceholderPlace::command, scope()).empty()) << text;
  }
}

TEST(PlaceholderCheck, FindsNamesWithinTwoEdits) {
  for (const char* text :
       {"x${batchsize}", "${LR}", "x${trail}", "x${trial_dr}", "x${Batch_Size}"}) {
    const auto problems = check_placeholders(text, PlaceholderPlace::command, scope());
    ASSERT_EQ(problems.size(), 1U) << text;
    EXPECT_FALSE(problems[0].warning) << text;
    EXPECT_THAT(problems[0].fix, testing::HasSubstr("did you mean")) << text;
  }
}

TEST(PlaceholderCheck, WarnsOfAVanishingElementInASweep) {
  PlaceholderScope s = scope();
  s.sweep_method = true;
  const auto problems = check_placeholders("${whatever}", PlaceholderPlace::command, s);
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_TRUE(problems[0].warning);
}

}  // namespace
}  // namespace hone
