#include "hone/study/config_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hone {
namespace {

std::string edited(std::string_view text, ConfigFormat format, std::vector<ConfigEdit> edits) {
  const auto result = edit_config(text, format, edits);
  if (const auto* error = std::get_if<ConfigEditError>(&result))
    return "error: " + error->message + " | " + error->fix;
  return std::get<std::string>(result);
}
std::string yaml(std::string_view text, const std::string& path, Value value) {
  return edited(text, ConfigFormat::yaml, {{path, std::move(value)}});
}
std::string json(std::string_view text, const std::string& path, Value value) {
  return edited(text, ConfigFormat::json, {{path, std::move(value)}});
}
std::string toml(std::string_view text, const std::string& path, Value value) {
  return edited(text, ConfigFormat::toml, {{path, std::move(value)}});
}

TEST(ConfigFiles, LeaveEverythingElseOfAYamlFileByteForByte) {
  const std::string text =
      "# training\n"
      "model:   'llama'   # quoted\n"
      "optimizer:\n"
      "    lr: 1e-3      # tuned\n"
      "    betas: [0.9, 0.999]\n"
      "\n"
      "notes: |\n"
      "  lr: 5\n"
      "last: yes\n";
  std::string wanted = text;
  wanted.replace(wanted.find("1e-3"), 4, "0.0002");
  EXPECT_EQ(yaml(text, "optimizer.lr", 2e-4), wanted);
}

TEST(ConfigFiles, WriteExponentsSoThatBothYamlVersionsReadNumbers) {
  EXPECT_EQ(yaml("lr: 1\n", "lr", 1e-5), "lr: 1.0e-05\n");
  EXPECT_EQ(yaml("lr: 1\n", "lr", 2.5e-7), "lr: 2.5e-07\n");
}

TEST(ConfigFiles, QuoteTextsThatWouldReadAsSomethingElse) {
  EXPECT_EQ(yaml("a: x\n", "a", "adam"), "a: adam\n");
  EXPECT_EQ(yaml("a: x\n", "a", "no"), "a: \"no\"\n");
  EXPECT_EQ(yaml("a: x\n", "a", "1e-5"), "a: \"1e-5\"\n");
  EXPECT_EQ(yaml("a: x\n", "a", "a: b"), "a: \"a: b\"\n");
  EXPECT_EQ(yaml("a: x\n", "a", "größe"), "a: \"größe\"\n");
  EXPECT_EQ(yaml("a: x\n", "a", ""), "a: \"\"\n");
}

TEST(ConfigFiles, FindListItemsByIndexInBothNotations) {
  const std::string text = "layers:\n- dim: 8\n  act: relu\n- dim: 16\n";
  EXPECT_EQ(yaml(text, "layers[1].dim", 32), "layers:\n- dim: 8\n  act: relu\n- dim: 32\n");
  EXPECT_EQ(yaml(text, "layers.0.dim", 4), "layers:\n- dim: 4\n  act: relu\n- dim: 16\n");
  EXPECT_EQ(yaml("a: [1, 2, 3]\n", "a[2]", 9), "a: [1, 2, 9]\n");
}

TEST(ConfigFiles, ReplaceContainersAndEmptyValues) {
  EXPECT_EQ(yaml("layers:\n- 1\n- 2\nlast: 3\n", "layers", Value(Value::List{5, 6})),
            "layers: [5, 6]\nlast: 3\n");
  EXPECT_EQ(yaml("a:\n  b: 1\n  c: 2\nd: 3\n", "a", 7), "a: 7\nd: 3\n");
  EXPECT_EQ(yaml("a: # later\nb: 1\n", "a", 7), "a: 7 # later\nb: 1\n");
  EXPECT_EQ(yaml("{a: , b: 1}\n", "a", 7), "{a: 7 , b: 1}\n");
  EXPECT_EQ(yaml("a: |\n  text\n  more\nb: 1\n", "a", "short"), "a: short\nb: 1\n");
}

TEST(ConfigFiles, KeepAnchorsAndTellAliases) {
  EXPECT_EQ(yaml("base: &lr 0.1\nother: *lr\n", "base", 0.2), "base: &lr 0.2\nother: *lr\n");
  EXPECT_THAT(yaml("base: &lr 0.1\nother: *lr\n", "other", 0.2),
              testing::HasSubstr("other is an alias (*name)"));
  const std::string merged = "base: &b {lr: 0.1}\nrun:\n  <<: *b\n  wd: 0\n";
  EXPECT_THAT(yaml(merged, "run.lr", 0.2), testing::HasSubstr("comes from a merge (<<)"));
  EXPECT_EQ(yaml(merged, "run.wd", 1), "base: &b {lr: 0.1}\nrun:\n  <<: *b\n  wd: 1\n");
  EXPECT_EQ(yaml(merged, "base.lr", 0.5), "base: &b {lr: 0.5}\nrun:\n  <<: *b\n  wd: 0\n");
}

TEST(ConfigFiles, HandleQuotedKeysUnicodeAndWindowsLineEnds) {
  EXPECT_EQ(yaml("\"a.b\":\r\n  größe: 1 # ü\r\n  x: 2\r\n", "\"a.b\".größe", 7),
            "\"a.b\":\r\n  größe: 7 # ü\r\n  x: 2\r\n");
  EXPECT_EQ(yaml("\xEF\xBB\xBF"
                 "a: 1\n",
                 "a", 2),
            "\xEF\xBB\xBF"
            "a: 2\n");
  EXPECT_EQ(json("{\"ä\": {\"日本\": [1, 2]}, \"b\": 1}", "ä.日本[1]", 3),
            "{\"ä\": {\"日本\": [1, 3]}, \"b\": 1}");
  EXPECT_EQ(toml("title = \"ä日\" # x\r\n[\"a b\"]\r\n\"ö.x\" = 1 # y\r\n", "a b.\"ö.x\"", 2),
            "title = \"ä日\" # x\r\n[\"a b\"]\r\n\"ö.x\" = 2 # y\r\n");
}

TEST(ConfigFiles, SetSeveralValuesAtOnce) {
  EXPECT_EQ(edited("a: 1\nb: 2\nc: 3\n", ConfigFormat::yaml, {{"c", Value(30)}, {"a", Value(10)}}),
            "a: 10\nb: 2\nc: 30\n");
  EXPECT_THAT(edited("a: {b: 1}\n", ConfigFormat::yaml, {{"a", Value(1)}, {"a.b", Value(2)}}),
              testing::HasSubstr("a.b lies within another path that is set"));
}

TEST(ConfigFiles, NameANearPathWhenOneIsMissing) {
  const std::string text = "optimizer:\n  lr: 1\n  momentum: 2\n";
  EXPECT_EQ(
      yaml(text, "optimzer.lr", 1),
      "error: there is no optimzer.lr in the file: it has optimizer | did you mean optimizer.lr?");
  EXPECT_EQ(yaml(text, "optimizer.learning", 1),
            "error: there is no optimizer.learning in the file: optimizer has lr, momentum | add "
            "the key to the file, with any value");
  EXPECT_EQ(yaml(text, "lr", 1),
            "error: there is no lr in the file: it has optimizer | did you mean optimizer.lr?");
  EXPECT_EQ(
      yaml("a: [1, 2]\n", "a[2]", 1),
      "error: there is no a[2] in the file: a has 2 items, counted from 0 | did you mean a[0]?");
  EXPECT_EQ(yaml("a: 1\n", "a.b", 1),
            "error: there is no a.b in the file: a is a single value | add the key to the file, "
            "with any value");
  EXPECT_THAT(yaml(text, "optimizer..lr", 1), testing::HasSubstr("is no path"));
}

TEST(ConfigFiles, EditJsonInPlace) {
  const std::string text =
      "{\n  \"opt\": {\"lr\": 1e-3,\t\"name\": \"adam\\n\"},\n  \"l\": [ {\"d\":1} , {\"d\":2} "
      "],\n  \"n\": null\n}\n";
  std::string wanted = text;
  wanted.replace(wanted.find("1e-3"), 4, "2e-05");
  EXPECT_EQ(json(text, "opt.lr", 2e-5), wanted);
  EXPECT_THAT(json(text, "l[1].d", true), testing::HasSubstr("{\"d\":1} , {\"d\":true} "));
  EXPECT_THAT(json(text, "n", Value(Value::List{1, "x"})),
              testing::HasSubstr("\"n\": [1, \"x\"]\n"));
  EXPECT_THAT(json("{\"a\": 1,}", "a", 2),
              testing::HasSubstr("this is no JSON: a comma stands before '}'"));
  EXPECT_THAT(json("{\"a\": 1, \"a\": 2}", "a", 2),
              testing::HasSubstr("the key 'a' is given twice"));
  EXPECT_THAT(json("{\"a\": tru}", "a", 2), testing::HasSubstr("this is no value"));
}

TEST(ConfigFiles, EditTomlInPlace) {
  const std::string text =
      "# run\nsteps = 1_000 # many\n[opt]\nlr = 1e-3\nbetas = [0.9, 0.99] # two\ndate = "
      "1979-05-27\n"
      "inner = { a = 1, b = 'x' }\n[[layer]]\ndim = 1\n[[layer]]\ndim = 2\n";
  std::string wanted = text;
  wanted.replace(wanted.find("1e-3"), 4, "0.5");
  EXPECT_EQ(toml(text, "opt.lr", 0.5), wanted);
  EXPECT_THAT(toml(text, "steps", 5), testing::HasSubstr("steps = 5 # many\n"));
  EXPECT_THAT(toml(text, "opt.betas[1]", 0.95), testing::HasSubstr("betas = [0.9, 0.95] # two"));
  EXPECT_THAT(toml(text, "opt.inner.b", "it's"), testing::HasSubstr("b = \"it's\" }"));
  EXPECT_THAT(toml(text, "layer[1].dim", 7), testing::HasSubstr("dim = 1\n[[layer]]\ndim = 7\n"));
  EXPECT_THAT(toml(text, "opt", 1), testing::HasSubstr("opt is a table: set the keys in it"));
  EXPECT_THAT(toml(text, "layer", 1), testing::HasSubstr("layer is an array of tables"));
  EXPECT_THAT(toml(text, "steps", Value()), testing::HasSubstr("the format has no null"));
  EXPECT_THAT(toml("a = \n", "a", 1), testing::HasSubstr("this is no TOML"));
}

TEST(ConfigFiles, SayWhereAFileIsWrong) {
  const auto result =
      edit_config("a: 1\nb: [1, 2\n", ConfigFormat::yaml, std::vector<ConfigEdit>{{"a", Value(2)}});
  const auto* error = std::get_if<ConfigEditError>(&result);
  ASSERT_NE(error, nullptr);
  EXPECT_EQ(error->place.line, 2);
  EXPECT_EQ(error->place.column, 4);
}

TEST(ConfigFiles, TakeTypedValuesFromPlaceholdersAndLeaveInactiveOnesAlone) {
  StudySpec spec;
  Parameter lr{"lr", Real{}, {}, {}, {}};
  Parameter opt{
      "opt", Choice{{{Value("adam"), "adam"}, {Value("sgd"), "sgd"}}, false, {}}, {}, {}, {}};
  Parameter momentum{"momentum", Real{}, {Condition{"opt", {Value("sgd")}, {}}}, {}, {}};
  spec.space = *SearchSpace::create({lr, opt, momentum}, {}).space;
  Config config;
  config.set("lr", 0.25);
  config.set("opt", "adam");
  ExpandContext context{config};
  context.trial = 7;
  ConfigFile file{"base.yaml",
                  "c.yaml",
                  {{"lr", "${lr}"},
                   {"name", "run-${trial}-${opt}"},
                   {"momentum", "${momentum}"},
                   {"n", "3"},
                   {"s", "\"3\""},
                   {"k", "${trial}"}}};
  const auto result = expand_config_file(
      file, "lr: 1\nname: x\nmomentum: 0.9 # default\nn: 1\ns: 1\nk: 0\n", spec, context);
  ASSERT_TRUE(std::holds_alternative<std::string>(result)) << std::get<ExpandError>(result).message;
  EXPECT_EQ(std::get<std::string>(result),
            "lr: 0.25\nname: run-7-adam\nmomentum: 0.9 # default\nn: 3\ns: \"3\"\nk: 7\n");
}

}  // namespace
}  // namespace hone
