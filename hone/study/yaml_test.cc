#include "hone/study/yaml.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hone {
namespace {

YamlNode loaded(std::string_view text) {
  std::vector<Diagnostic> diagnostics;
  auto root = load_yaml(text, diagnostics);
  EXPECT_TRUE(root.has_value()) << render_diagnostics(diagnostics, text, "x");
  EXPECT_TRUE(diagnostics.empty()) << render_diagnostics(diagnostics, text, "x");
  return root ? *root : YamlNode{};
}

std::string source_of(std::string_view text, const YamlNode& node) {
  return std::string(text.substr(node.span.begin, node.span.end - node.span.begin));
}

YamlNode plain(const std::string& text) {
  YamlNode node;
  node.kind = YamlNode::Kind::scalar;
  node.plain = true;
  node.text = text;
  return node;
}

TEST(Yaml, KnowsWhereEveryNodeStands) {
  const std::string text =
      "a: &x !!str 5   # five\n"
      "b: {k: 'it''s', l: [1, \"x\\n\"]}\n"
      "c:\n"
      "- one\n"
      "- {d: 2}\n"
      "e: >-\n"
      "  folded\n"
      "  text\n"
      "\n"
      "f: several\n"
      "  lines # comment\n"
      "g:\n"
      "h: null\n";
  const YamlNode root = loaded(text);
  EXPECT_EQ(source_of(text, root.find("a")->value), "5");
  EXPECT_EQ(source_of(text, root.find("b")->value), "{k: 'it''s', l: [1, \"x\\n\"]}");
  EXPECT_EQ(source_of(text, root.find("b")->value.find("k")->value), "'it''s'");
  EXPECT_EQ(source_of(text, root.find("b")->value.find("l")->value), "[1, \"x\\n\"]");
  EXPECT_EQ(source_of(text, root.find("b")->value.find("l")->value.items[1]), "\"x\\n\"");
  EXPECT_EQ(source_of(text, root.find("c")->value), "- one\n- {d: 2}");
  EXPECT_EQ(source_of(text, root.find("e")->value), ">-\n  folded\n  text");
  EXPECT_EQ(source_of(text, root.find("f")->value), "several\n  lines");
  EXPECT_EQ(source_of(text, root.find("g")->value), "");
  EXPECT_EQ(root.find("g")->value.span.begin, text.find("g:") + 2);
  EXPECT_EQ(source_of(text, root.find("h")->value), "null");
}

TEST(Yaml, FindsTheEndOfFlowContainersPastComments) {
  const std::string text = "a: [1, # ]\n  2 # }\n ]\nb: {x: 1, # }\n }\n";
  const YamlNode root = loaded(text);
  EXPECT_EQ(source_of(text, root.find("a")->value), "[1, # ]\n  2 # }\n ]");
  EXPECT_EQ(source_of(text, root.find("b")->value), "{x: 1, # }\n }");
}

TEST(Yaml, MergesAsPyYamlDoes) {
  const YamlNode root =
      loaded("a: &a {x: 1, y: 2}\nb: &b {x: 3, z: 4}\nc:\n  y: 9\n  <<: [*a, *b]\n");
  EXPECT_EQ(to_value(root.find("c")->value).dump(), R"({"x":1,"z":4,"y":9})");
  EXPECT_TRUE(root.find("c")->value.find("x")->merged);
  EXPECT_FALSE(root.find("c")->value.find("y")->merged);
}

TEST(Yaml, TakesAQuotedMergeKeyForAKey) {
  EXPECT_EQ(to_value(loaded("\"<<\": 1\n")).dump(), R"({"<<":1})");
}

TEST(Yaml, ReadsTheSameTreeFromWindowsLineEndsAndWithAByteOrderMark) {
  const std::string text = "a:\n  - 1\n  - 'x'\nb: |\n  t\n  u\n";
  std::string windows = "\xEF\xBB\xBF";
  for (const char c : text) windows += c == '\n' ? std::string("\r\n") : std::string(1, c);
  EXPECT_EQ(to_value(loaded(text)).dump(), to_value(loaded(windows)).dump());
}

TEST(Yaml, ResolvesScalarsByTheCoreSchema) {
  const std::vector<std::pair<std::string, std::string>> table = {
      {"1", "1"},
      {"-7", "-7"},
      {"+12", "12"},
      {"010", "10"},
      {"0o10", "8"},
      {"0x1F", "31"},
      {"1e-5", "1e-05"},
      {"1.", "1.0"},
      {".5", "0.5"},
      {"-.5", "-0.5"},
      {"1E3", "1000.0"},
      {"true", "true"},
      {"False", "false"},
      {"~", "null"},
      {"NULL", "null"},
      {".inf", "Infinity"},
      {"-.INF", "-Infinity"},
      {".nan", "NaN"},
      {"yes", "\"yes\""},
      {"1_000", "\"1_000\""},
      {"12:30", "\"12:30\""},
      {"0b1", "\"0b1\""},
      {"1.2.3", "\"1.2.3\""},
      {"inf", "\"inf\""},
      {"e5", "\"e5\""},
      {".", "\".\""},
      {"1e", "\"1e\""},
      {"99999999999999999999", "1e+20"}};
  for (const auto& [text, value] : table)
    EXPECT_EQ(resolve_scalar(plain(text)).dump(), value) << text;
}

TEST(Yaml, ReadsPlainScalarsAsPyYamlDoesWhereItCompares) {
  // python3 -c 'import yaml, json; print(json.dumps(yaml.safe_load("[" + x + "]")[0]))', PyYAML 6.0
  const std::vector<std::pair<std::string, std::string>> table = {{"yes", "true"},
                                                                  {"no", "false"},
                                                                  {"on", "true"},
                                                                  {"off", "false"},
                                                                  {"Yes", "true"},
                                                                  {"NO", "false"},
                                                                  {"On", "true"},
                                                                  {"OFF", "false"},
                                                                  {"y", R"("y")"},
                                                                  {"n", R"("n")"},
                                                                  {"true", "true"},
                                                                  {"TRUE", "true"},
                                                                  {"null", "null"},
                                                                  {"~", "null"},
                                                                  {"010", "8"},
                                                                  {"08", R"("08")"},
                                                                  {"09", R"("09")"},
                                                                  {"1_000", "1000"},
                                                                  {"12:30:45", "45045"},
                                                                  {"1:30", "90"},
                                                                  {"0:30", R"("0:30")"},
                                                                  {"190:20:30", "685230"},
                                                                  {"190:20:30.15", "685230.15"},
                                                                  {"12:60", R"("12:60")"},
                                                                  {"0o10", R"("0o10")"},
                                                                  {"0x1F", "31"},
                                                                  {"0x_1f", "31"},
                                                                  {"0b101", "5"},
                                                                  {"1e-5", R"("1e-5")"},
                                                                  {"1.0e-5", "1e-05"},
                                                                  {"1.0e5", R"("1.0e5")"},
                                                                  {"1.5e3", R"("1.5e3")"},
                                                                  {"1.e+3", "1000.0"},
                                                                  {".5", "0.5"},
                                                                  {"-.5", R"("-.5")"},
                                                                  {"+.5", R"("+.5")"},
                                                                  {"5.", "5.0"},
                                                                  {"1__0", "10"},
                                                                  {"_1", R"("_1")"},
                                                                  {"1_", "1"},
                                                                  {"+12", "12"},
                                                                  {"-0", "0"},
                                                                  {"00", "0"},
                                                                  {"0.10", "0.1"},
                                                                  {"1_0.5", "10.5"},
                                                                  {".inf", "Infinity"},
                                                                  {"-.inf", "-Infinity"},
                                                                  {".nan", "NaN"},
                                                                  {"nan", R"("nan")"},
                                                                  {"2024-01-05", "date"},
                                                                  {"2024-1-5", R"("2024-1-5")"},
                                                                  {"2024-01-05T10:00:00Z", "date"},
                                                                  {"2024-01", R"("2024-01")"},
                                                                  {"1.2.3", R"("1.2.3")"},
                                                                  {"1E-5", R"("1E-5")"},
                                                                  {"1.0E+5", "100000.0"},
                                                                  {"0x", R"("0x")"},
                                                                  {"0b", R"("0b")"},
                                                                  {"0b2", R"("0b2")"},
                                                                  {"-0x1F", "-31"},
                                                                  {"+0b11", "3"},
                                                                  {"-010", "-8"},
                                                                  {"1:2.5", "62.5"},
                                                                  {"12:30:45.5", "45045.5"},
                                                                  {".5e+3", "500.0"},
                                                                  {"._5", R"("._5")"},
                                                                  {"0777", "511"},
                                                                  {"0888", R"("0888")"}};
  for (const auto& [text, wanted] : table) {
    const auto value = resolve_yaml11(text);
    std::string got = value ? value->dump() : "date";
    if (got == "1e+05") got = "100000.0";
    EXPECT_EQ(got, wanted) << text;
  }
}

TEST(Yaml, TellsWhereYaml11MeansSomethingElse) {
  EXPECT_EQ(yaml11_difference(plain("010")), "8");
  EXPECT_EQ(yaml11_difference(plain("1_000")), "1000");
  EXPECT_EQ(yaml11_difference(plain("yes")), "true");
  EXPECT_EQ(yaml11_difference(plain("2024-01-05")), "a date");
  EXPECT_EQ(yaml11_difference(plain("0o10")), "the text '0o10'");
  for (const char* same : {"1e-5", "09", "1.5", "true", "adam", "0x1F", ".nan", "~"}) {
    EXPECT_EQ(yaml11_difference(plain(same)), std::nullopt) << same;
  }
  YamlNode quoted = plain("010");
  quoted.plain = false;
  EXPECT_EQ(yaml11_difference(quoted), std::nullopt);
}

TEST(Yaml, HonoursTags) {
  const YamlNode root = loaded("[!!str 5, !!float 5, !!int \"5\", ! 5]\n");
  EXPECT_EQ(to_value(root).dump(), R"(["5",5.0,5,"5"])");
}

TEST(Yaml, PointsIntoScalarsWhereThatIsExact) {
  const std::string text = "a: \"x + yy\"\nb: x + yy\nc: \"a\\tb\"\nd: >\n  x\n";
  const YamlNode root = loaded(text);
  const auto shown = [&](const char* key, std::size_t offset, std::size_t length) {
    const TextSpan span = span_within(root.find(key)->value, text, offset, length);
    return text.substr(span.begin, span.end - span.begin);
  };
  EXPECT_EQ(shown("a", 4, 2), "yy");
  EXPECT_EQ(shown("b", 4, 2), "yy");
  EXPECT_EQ(shown("c", 2, 1), "\"a\\tb\"");
  EXPECT_EQ(shown("d", 0, 1), ">\n  x");
  EXPECT_EQ(shown("a", 99, 5), "");
}

TEST(Yaml, KeepsReadingAfterADuplicateKey) {
  std::vector<Diagnostic> diagnostics;
  const auto root = load_yaml("a: 1\na: 2\nb: 3\n", diagnostics);
  ASSERT_TRUE(root.has_value());
  ASSERT_EQ(diagnostics.size(), 1U);
  EXPECT_EQ(diagnostics[0].line, 2);
  EXPECT_NE(root->find("b"), nullptr);
}

TEST(Yaml, RefusesNonsenseWithoutFailing) {
  for (const char* text : {"[",         "{",       "]",          "}",
                           "'",         "\"",      "&",          "*",
                           "!",         "|",       ">",          "? ",
                           ": ",        "- - -",   "&a",         "*a",
                           "!!x",       "{a",      "[a: b",      "--- ---",
                           "%YAML 1.2", "a: |9",   "a: !<x",     "\t",
                           "...",       "&a &b c", "{? }",       "[,]",
                           "a: *",      "<<: *a",  "? [a]\n: b", "? {a: b}\n: c"}) {
    std::vector<Diagnostic> diagnostics;
    load_yaml(text, diagnostics);
    for (const Diagnostic& d : diagnostics) EXPECT_FALSE(d.message.empty()) << text;
  }
}

}  // namespace
}  // namespace hone
