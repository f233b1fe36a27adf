// A spec survives the store whole: generated specs, written and read, are written the same again.
#include "hone/study/study_spec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "hone/base/error.h"
#include "hone/base/rng.h"

namespace hone {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

class SpecGenerator {
 public:
  explicit SpecGenerator(std::uint64_t seed) : rng_(Rng(0x57EC).split("spec", seed)) {}

  StudySpec make() {
    StudySpec spec;
    spec.name = text();
    spec.project = text();
    spec.description = text();
    spec.space = space();
    const int metrics = 1 + small(3);
    for (int i = 0; i < metrics; ++i) spec.metrics.push_back(metric(i));
    spec.sampler = algorithm();
    spec.scheduler = algorithm();
    for (int i = small(3); i > 0; --i) spec.detectors.push_back(algorithm());
    if (coin()) spec.fidelity = Fidelity{text(), number(), maybe_number()};
    if (coin()) spec.parallel = small(100);
    spec.budget = Budget{maybe_int(), maybe_int(),    coin(),         maybe_int(),
                         maybe_int(), maybe_number(), maybe_number(), maybe_number()};
    spec.limits.time_us = maybe_int();
    spec.limits.silence_us = maybe_int();
    spec.limits.memory_bytes = maybe_int();
    spec.limits.output_bytes = small(1'000'000);
    spec.limits.retries = small(9);
    spec.limits.same_failures = small(9);
    spec.resources.gpus = number();
    if (coin()) spec.resources.cpus = small(64);
    spec.command = command();
    if (coin()) spec.checkpoint = CheckpointSpec{text(), text(), texts()};
    spec.metric_source =
        MetricSource{texts(), coin() ? std::optional(text()) : std::nullopt, texts()};
    if (coin()) {
      Config config;
      config.set("lr", number());
      spec.warm_start = {{text()}, {{config, text()}}, {}};
      if (coin())
        spec.warm_start.sources = {{text(), {{config, number(), small(9)}, {config, {}, 7}}}};
    }
    spec.replicates = 1 + small(5);
    spec.racing = coin();
    if (coin()) spec.on_oom = OomRule{texts(), texts(), small(9)};
    if (coin()) spec.on_gpu_oom = OomRule{texts(), texts(), small(9)};
    if (spec.checkpoint && coin()) {
      spec.checkpoint->keep = small(9);
      spec.checkpoint->keep_best_only = coin();
      spec.checkpoint->limit_bytes = maybe_int();
    }
    spec.confirm = Confirm{small(5), small(5)};
    spec.seed = static_cast<std::int64_t>(rng_.next_u64());
    spec.run_default_first = coin();
    spec.from_sweep_file = coin();
    spec.impute = coin() ? "worst" : "";
    return spec;
  }

 private:
  bool coin() { return rng_.chance(0.5); }
  int small(int n) { return static_cast<int>(rng_.below(static_cast<std::uint64_t>(n) + 1)); }
  double number() { return std::exp(rng_.uniform(-30, 30)); }
  std::optional<double> maybe_number() { return coin() ? std::optional(number()) : std::nullopt; }
  std::optional<std::int64_t> maybe_int() {
    return coin() ? std::optional(static_cast<std::int64_t>(rng_.next_u64() >> 2)) : std::nullopt;
  }
  std::string text() {
    static const std::vector<std::string> kTexts = {
        "", "a", "größe", "日本", "\"q\"", "a\nb", "${lr}", "1e-5", "back\\slash", "tab\t"};
    return kTexts[rng_.below(kTexts.size())];
  }
  std::vector<std::string> texts() {
    std::vector<std::string> out;
    for (int i = small(3); i > 0; --i) out.push_back(text());
    return out;
  }
  std::vector<std::pair<std::string, std::string>> pairs() {
    std::vector<std::pair<std::string, std::string>> out;
    for (int i = small(3); i > 0; --i) out.emplace_back(text(), text());
    return out;
  }
  Value value(int depth = 0) {
    switch (rng_.below(depth > 2 ? 5 : 7)) {
      case 0:
        return Value();
      case 1:
        return Value(coin());
      case 2:
        return Value(static_cast<std::int64_t>(rng_.next_u64()));
      case 3:
        return Value(coin() ? number() : -number());
      case 4:
        return Value(text());
      case 5:
        return Value(Value::List{value(depth + 1), value(depth + 1)});
      default:
        return Value(Value::Map{{"k", value(depth + 1)}, {"l", value(depth + 1)}});
    }
  }
  AlgorithmSpec algorithm() {
    AlgorithmSpec spec{text(), Value::Map{}};
    if (coin()) spec.options.set("eta", number());
    if (coin()) spec.options.set("list", Value(Value::List{1, 2.5, "x"}));
    return spec;
  }
  Metric metric(int i) {
    Metric m;
    m.name = text() + std::to_string(i);
    m.role = i == 0 ? MetricRole::objective : static_cast<MetricRole>(small(6));
    m.goal = coin() ? Goal::maximize : Goal::minimize;
    m.take = static_cast<Take>(small(2));
    m.take_count = 1 + small(5);
    m.target = maybe_number();
    m.min = maybe_number();
    m.max = maybe_number();
    return m;
  }
  Command command() {
    Command c;
    c.argv = texts();
    c.program = text();
    c.env = pairs();
    c.workdir = text();
    for (int i = small(2); i > 0; --i) c.files.push_back({text(), text(), pairs()});
    c.tty = coin();
    c.bool_style = coin() ? BoolStyle::lower : BoolStyle::python;
    c.stop_command = texts();
    c.flat_names = texts();
    return c;
  }
  Domain real() {
    Real d;
    switch (rng_.below(5)) {
      case 0:
        d.low = -number();
        d.high = number();
        break;
      case 1:
        d.law = Law::log_uniform;
        d.low = number();
        d.high = d.low * (2 + number());
        break;
      case 2:
        d.law = Law::normal;
        d.low = -kInfinity;
        d.high = kInfinity;
        d.a = number();
        d.b = number();
        break;
      case 3:
        d.law = Law::beta;
        d.a = 1 + small(4);
        d.b = 0.5 + small(4);
        break;
      default:
        d.low = 0;
        d.high = 1;
        d.quantum = Quantum{0.125, coin()};
        break;
    }
    return d;
  }
  Domain domain() {
    switch (rng_.below(4)) {
      case 0:
        return real();
      case 1:
        return Integer{small(5), 10 + small(90), Law::uniform, 1 + small(2)};
      case 2:
        return Fixed{value(), text()};
      default:
        break;
    }
    Choice choice;
    for (int i = 2 + small(3); i > 0; --i) {
      Value v = value();
      if (choice.index_of(v) < 0) choice.items.push_back({std::move(v), text()});
    }
    choice.ordered = coin();
    if (coin()) {
      double sum = 0;
      for (std::size_t i = 0; i < choice.items.size(); ++i)
        sum += choice.weights.emplace_back(rng_.uniform_open());
      for (double& w : choice.weights) w /= sum;
    }
    return choice;
  }
  SearchSpace space() {
    std::vector<Parameter> parameters;
    parameters.push_back(
        {"gate", Choice{{{Value("on"), "on"}, {Value(2), "2"}}, false, {}}, {}, {}, Value("on")});
    for (int i = 1 + small(5); i > 0; --i) {
      Parameter p;
      p.name = "p" + std::to_string(i) + (coin() ? ".nested-name" : "");
      p.domain = domain();
      if (coin()) p.conditions.push_back({"gate", {Value("on"), Value(2)}, {}});
      if (coin())
        p.conditions.push_back({"", {}, std::get<Expression>(Expression::parse("gate != 3"))});
      parameters.push_back(std::move(p));
    }
    parameters.push_back({"twice", Integer{1, 8}, {}, Prior{Value(3), 0.1}, Value(4)});
    parameters.push_back(
        {"sum", Derived{std::get<Expression>(Expression::parse("2 * twice + 1"))}, {}, {}, {}});
    std::vector<Constraint> constraints;
    if (coin()) constraints.push_back({std::get<Expression>(Expression::parse("twice <= 6"))});
    const auto built = SearchSpace::create(std::move(parameters), std::move(constraints));
    EXPECT_TRUE(built.space.has_value())
        << (built.problems.empty() ? "" : built.problems[0].message);
    return built.space.value_or(SearchSpace());
  }

  Rng rng_;
};

TEST(StudySpec, SurvivesTheStoreWhole) {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    const StudySpec spec = SpecGenerator(seed).make();
    const std::string stored = spec.to_value().dump();
    const auto body = Value::parse(stored);
    ASSERT_TRUE(body.has_value()) << seed;
    ASSERT_EQ(StudySpec::from_value(*body).to_value().dump(), stored) << seed;
  }
}

TEST(StudySpec, NamesWhatIsWrongInADamagedBody) {
  const StudySpec spec = SpecGenerator(1).make();
  const auto message = [](const Value& body) -> std::string {
    try {
      StudySpec::from_value(body);
    } catch (const Error& error) {
      return std::string(error_code_name(error.code())) + ": " + error.what();
    }
    return "read";
  };
  Value body = spec.to_value();
  body.set("replicates", "three");
  EXPECT_THAT(message(body), testing::HasSubstr("study.replicates must be an integer"));
  body = spec.to_value();
  body.set("metrics", Value(Value::List{}));
  EXPECT_THAT(message(body), testing::HasSubstr("at least one metric"));
  body = spec.to_value();
  body.set("body", 99);
  EXPECT_THAT(message(body), testing::HasSubstr("newer hone"));
  EXPECT_THAT(message(Value()), testing::HasSubstr("study is no map"));
  EXPECT_THAT(message(Value(Value::List{})), testing::HasSubstr("study is no map"));
}

TEST(StudySpec, NeverCrashesOnABodyWithAMissingMember) {
  const Value whole = SpecGenerator(2).make().to_value();
  for (const auto& [name, member] : whole.as_map()) {
    Value::Map less;
    for (const auto& other : whole.as_map()) {
      if (other.first != name) less.push_back(other);
    }
    try {
      StudySpec::from_value(Value(std::move(less)));
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::store_corrupt) << name;
    }
  }
}

TEST(StudySpec, FindsMetricsByName) {
  StudySpec spec;
  spec.metrics.resize(3);
  spec.metrics[0].name = "a";
  spec.metrics[1].name = "b";
  spec.metrics[2].name = "c";
  spec.metrics[2].role = MetricRole::guard;
  EXPECT_EQ(spec.metric_index("b"), 1);
  EXPECT_EQ(spec.metric_index("x"), -1);
  EXPECT_EQ(spec.objective_count(), 2);
}

}  // namespace
}  // namespace hone
