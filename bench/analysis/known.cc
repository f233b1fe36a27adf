#include "bench/analysis/known.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "hone/base/error.h"
#include "hone/study/study_file.h"
#include "hone/tuner/ask_tell.h"

namespace hone::analysis_bench {
namespace {

double number(const Config& config, const char* name) { return config.get(name)->as_number(); }
double log10_of(const Config& config, const char* name) { return std::log10(number(config, name)); }
bool is(const Config& config, const char* name, const char* item) {
  return config.get(name)->as_string() == item;
}
double square(double x) { return x * x; }
bool holds(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

constexpr const char* kUsual =
    "  lr: {min: 1.0e-5, max: 1.0e-1, distribution: log_uniform_values}\n"
    "  batch: {values: [8, 16, 32, 64], ordered: true}\n"
    "  dropout: {min: 0.0, max: 0.5}\n"
    "  warmup: {min: 0, max: 1000}\n"
    "  decay: {min: 1.0e-6, max: 1.0e-2, distribution: log_uniform_values}\n";

std::vector<KnownStudy> make_studies() {
  std::vector<KnownStudy> studies;
  studies.push_back({"one optimum",
                     kUsual,
                     Goal::minimize,
                     [](const Config& c, Rng& noise) {
                       return Answer{2 + square(log10_of(c, "lr") + 3) + 0.1 * noise.normal()};
                     },
                     {{"lr"},
                      {"batch", "dropout", "warmup", "decay"},
                      {{"lr", 1e-3}},
                      {},
                      {},
                      {},
                      {},
                      {"matters lr", "best_region lr"}}});
  studies.push_back({"two optima",
                     kUsual,
                     Goal::minimize,
                     [](const Config& c, Rng& noise) {
                       return Answer{2 + 0.5 * square(log10_of(c, "lr") + 2.5) +
                                     12 * square(number(c, "dropout") - 0.15) +
                                     0.1 * noise.normal()};
                     },
                     {{"lr", "dropout"},
                      {"batch", "warmup", "decay"},
                      {{"lr", std::pow(10, -2.5)}, {"dropout", 0.15}},
                      {},
                      {},
                      {},
                      {},
                      {"matters lr", "matters dropout", "best_region lr"}}});
  studies.push_back({"too tight",
                     "  lr: {min: 1.0e-6, max: 1.0e-3, distribution: log_uniform_values}\n"
                     "  depth: {min: 2, max: 12}\n"
                     "  width: {min: 16, max: 512, distribution: q_log_uniform_values, q: 1}\n",
                     Goal::minimize,
                     [](const Config& c, Rng& noise) {
                       return Answer{3 - 0.6 * log10_of(c, "lr") + 0.02 * number(c, "depth") +
                                     0.1 * noise.normal()};
                     },
                     {{"lr", "depth"},
                      {"width", "depth"},
                      {{"lr", 1e-3}, {"depth", 2}},
                      {},
                      {{"lr", "upper"}, {"depth", "lower"}},
                      {},
                      {},
                      {"matters lr", "bound lr"}}});
  studies.push_back(
      {"a choice",
       std::string(kUsual) + "  optimizer: {values: [adam, sgd, rmsprop]}\n",
       Goal::minimize,
       [](const Config& c, Rng& noise) {
         const double item = is(c, "optimizer", "adam") ? 0 : is(c, "optimizer", "sgd") ? 1.5 : 0.7;
         return Answer{1 + item + 0.3 * square(log10_of(c, "lr") + 3) + 0.15 * noise.normal()};
       },
       {{"lr", "optimizer"},
        {"batch", "dropout", "warmup", "decay"},
        {{"lr", 1e-3}},
        {{"optimizer", "adam"}},
        {},
        {},
        {},
        {"matters lr", "matters optimizer", "best_value optimizer"}}});
  studies.push_back({"a pair",
                     kUsual,
                     Goal::minimize,
                     [](const Config& c, Rng& noise) {
                       const double batch = std::log2(number(c, "batch")) - 4.5;
                       return Answer{2 + square(log10_of(c, "lr") + 3 - 0.9 * batch) +
                                     0.2 * noise.normal()};
                     },
                     {{"lr", "batch"},
                      {"dropout", "warmup", "decay"},
                      {{"lr", 1e-3}, {"batch", 16}},
                      {},
                      {},
                      {{"lr", "batch"}},
                      {},
                      {"matters lr", "matters batch", "interaction lr batch"}}});
  studies.push_back({"out of memory",
                     kUsual,
                     Goal::minimize,
                     [](const Config& c, Rng& noise) {
                       if (number(c, "batch") >= 32) return Answer{0, FailKind::gpu_out_of_memory};
                       return Answer{2 + square(log10_of(c, "lr") + 3) + 0.1 * noise.normal()};
                     },
                     {{"lr", "batch"},
                      {"dropout", "warmup", "decay"},
                      {{"lr", 1e-3}},
                      {},
                      {},
                      {},
                      {{"batch", ">="}},
                      {"failures batch", "matters batch"}}});
  studies.push_back({"diverges",
                     kUsual,
                     Goal::minimize,
                     [](const Config& c, Rng& noise) {
                       if (number(c, "lr") > 0.02) return Answer{0, FailKind::diverged};
                       return Answer{2 + 0.5 * square(log10_of(c, "lr") + 3) +
                                     0.1 * noise.normal()};
                     },
                     {{"lr"},
                      {"batch", "dropout", "warmup", "decay"},
                      {{"lr", 1e-3}},
                      {},
                      {},
                      {},
                      {{"lr", ">="}},
                      {"failures lr", "matters lr"}}});
  studies.push_back({"a branch",
                     "  tuning: {values: [lora, full]}\n"
                     "  rank: {values: [4, 8, 16, 32, 64], ordered: true, when: {tuning: lora}}\n"
                     "  lr: {min: 1.0e-6, max: 1.0e-2, distribution: log_uniform_values}\n"
                     "  decay: {min: 0.0, max: 0.1}\n",
                     Goal::minimize,
                     [](const Config& c, Rng& noise) {
                       double value = 2 + 0.4 * square(log10_of(c, "lr") + 4);
                       if (const Value* rank = c.get("rank")) {
                         value += 0.35 * (6 - std::log2(rank->as_number()));
                       } else {
                         value += 1.5;
                       }
                       return Answer{value + 0.1 * noise.normal()};
                     },
                     {{"tuning", "rank", "lr"},
                      {"decay"},
                      {{"lr", 1e-4}, {"rank", 64}},
                      {{"tuning", "lora"}},
                      {{"rank", "upper"}},
                      {},
                      {},
                      {"matters lr", "matters rank", "matters tuning", "best_value tuning"}}});
  studies.push_back({"accuracy",
                     "  layers: {min: 1, max: 12}\n"
                     "  width: {values: [64, 128, 256, 512], ordered: true}\n"
                     "  activation: {values: [relu, gelu, tanh]}\n"
                     "  seed_offset: {min: 0, max: 100000}\n",
                     Goal::maximize,
                     [](const Config& c, Rng& noise) {
                       return Answer{0.9 - 0.004 * square(number(c, "layers") - 7) +
                                     0.004 * std::log2(number(c, "width")) +
                                     0.006 * noise.normal()};
                     },
                     {{"layers", "width"},
                      {"activation", "seed_offset", "width"},
                      {{"layers", 7}, {"width", 512}},
                      {},
                      {{"width", "upper"}},
                      {},
                      {},
                      {"matters layers", "best_region layers"}}});
  studies.push_back({"factors of one scale",
                     kUsual,
                     Goal::minimize,
                     [](const Config& c, Rng& noise) {
                       return Answer{std::exp(0.5 * square(log10_of(c, "lr") + 3) +
                                              1.5 * number(c, "dropout") + 0.1 * noise.normal())};
                     },
                     {{"lr", "dropout"},
                      {"batch", "warmup", "decay"},
                      {{"lr", 1e-3}, {"dropout", 0}},
                      {},
                      {{"dropout", "lower"}},
                      {},
                      {},
                      {"matters lr", "matters dropout", "best_region lr"}}});
  return studies;
}

}  // namespace

const std::vector<KnownStudy>& known_studies() {
  static const std::vector<KnownStudy> studies = make_studies();
  return studies;
}

std::string some_parameters(std::uint64_t number) {
  const char* kinds[] = {
      "{min: 1.0e-5, max: 1.0e-1, distribution: log_uniform_values}",
      "{min: 0.0, max: 0.5}",
      "{values: [a, b, c]}",
      "{values: [8, 16, 32, 64], ordered: true}",
      "{min: 1, max: 12}",
      "{values: [left, right], when: {p2: a}}",
      "{min: 16, max: 4096, distribution: q_log_uniform_values, q: 1}",
      "{min: -1.0, max: 1.0}",
  };
  std::string text;
  for (std::uint64_t j = 0; j < 3 + number % 6; ++j)
    text += fmt::format("  p{}: {}\n", j, kinds[j]);
  return text;
}

History played(const std::string& parameters, Goal goal, const std::string& sampler,
               std::int64_t seed, int trials, const Program& program) {
  const std::string file = fmt::format(
      "name: known\nmetric: {{name: loss, goal: {}}}\nmethod: {}\nseed: {}\n"
      "parameters:\n{}budget: {{trials: {}}}\n",
      goal == Goal::minimize ? "minimize" : "maximize", sampler, seed, parameters, trials);
  LoadOptions load_options;
  load_options.command_required = false;
  const LoadedStudy loaded = load_study_file(file, "known.yaml", load_options);
  if (!loaded.spec) throw Error(ErrorCode::invalid_input, "a known study does not load:\n" + file);
  AskTell study(*loaded.spec);
  Rng noise = Rng(static_cast<std::uint64_t>(seed)).split("noise");
  while (const auto asked = study.ask()) {
    const Answer answer = program(asked->config, noise);
    if (answer.failure != FailKind::none) {
      study.tell_failed(asked->number, answer.failure);
    } else {
      study.tell(asked->number, answer.value);
    }
  }
  return study.history();
}

bool is_true(const Statement& finding, const Truth& truth) {
  const std::string& name = finding.parameter;
  switch (finding.kind) {
    case StatementKind::matters:
      return holds(truth.matter, name);
    case StatementKind::hardly_matters:
      return holds(truth.negligible, name);
    case StatementKind::best_region: {
      const auto at = truth.optimum.find(name);
      constexpr double kRounding = 1e-9;
      return at != truth.optimum.end() &&
             finding.evidence.number_or("low", 1) <= at->second * (1 + kRounding) &&
             at->second <= finding.evidence.number_or("high", 0) * (1 + kRounding);
    }
    case StatementKind::best_value: {
      const auto item = truth.item.find(name);
      return item != truth.item.end() && finding.evidence.string_or("value", "") == item->second;
    }
    case StatementKind::bound: {
      const auto end = truth.bound.find(name);
      return end != truth.bound.end() && finding.evidence.string_or("end", "") == end->second;
    }
    case StatementKind::interaction:
      return std::find(truth.interact.begin(), truth.interact.end(),
                       std::pair(name, finding.second)) != truth.interact.end();
    case StatementKind::failures: {
      const auto side = truth.fails.find(name);
      return side != truth.fails.end() &&
             finding.evidence.string_or("relation", "") == side->second;
    }
  }
  return false;
}

std::string label(const Statement& finding) {
  return fmt::format("{} {}{}", statement_kind_name(finding.kind), finding.parameter,
                     finding.second.empty() ? "" : " " + finding.second);
}

}  // namespace hone::analysis_bench
