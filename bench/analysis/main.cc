// hone_analysis_bench: what analyses say where the truth is known, and what they cost.
//
//   hone_analysis_bench null  [--studies 200] [--seed 1] [--samplers random,tpe] [--check]
//   hone_analysis_bench known [--seeds 1] [--trials 120] [--samplers random,sobol] [--check]
//                              [--verbose]
//   hone_analysis_bench speed [--trials 10000] [--parameters 20] [--resamples 200] [--check]
//
// null: objectives that ignore the parameters; the share of studies of which anything is stated.
// known: the share of the true statements made, and the false ones (known.cc).
// speed: PED-ANOVA with its bootstrap, fANOVA, and all findings. `--check` ends with 1 where a
// bound is broken: 5 % of null studies, 90 % of the true statements and none false, one second for
// PED-ANOVA.
#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <ctime>
#include <map>

#include "bench/analysis/known.h"
#include "hone/analysis/fanova.h"
#include "hone/analysis/ped_anova.h"
#include "hone/base/error.h"
#include "hone/base/text.h"

namespace hone::analysis_bench {
namespace {

struct Options {
  std::map<std::string, std::string> values;
  bool check = false;
  bool verbose = false;  ///< also the effects with their p
  std::int64_t number(const std::string& name, std::int64_t fallback) const {
    const auto found = values.find(name);
    if (found == values.end()) return fallback;
    const auto parsed = parse_number(found->second);
    if (!parsed) throw Error(ErrorCode::invalid_input, name + ": no number: " + found->second);
    return static_cast<std::int64_t>(*parsed);
  }
  std::vector<std::string> samplers(const char* fallback) const {
    const auto found = values.find("--samplers");
    const std::string text = found == values.end() ? fallback : found->second;
    std::vector<std::string> names;
    for (const std::string_view one : split(text, ',')) names.emplace_back(one);
    return names;
  }
};

int run_null(const Options& options) {
  const std::int64_t studies = options.number("--studies", 200);
  const auto seed = static_cast<std::uint64_t>(options.number("--seed", 1));
  const auto samplers = options.samplers("random,tpe");
  const auto noise_only = [](const Config&, Rng& noise) { return Answer{noise.normal()}; };
  std::map<std::string, std::pair<int, int>> told;  // by sampler: with statements, all
  for (std::int64_t i = 0; i < studies; ++i) {
    const auto& sampler = samplers[static_cast<std::size_t>(i) % samplers.size()];
    constexpr int kTrials[] = {40, 80, 160};
    const auto number = seed * 1000 + static_cast<std::uint64_t>(i);
    const History history =
        played(some_parameters(number), Goal::minimize, sampler, static_cast<std::int64_t>(number),
               kTrials[i / 2 % 3], noise_only);
    const auto statements = find_findings(history).statements;
    auto& [with, all] = told[sampler];
    ++all;
    if (statements.empty()) continue;
    ++with;
    fmt::print("  study {} ({}, {} trials): {}\n", i, sampler, history.size(),
               statements.front().text);
  }
  int with = 0;
  for (const auto& [sampler, counts] : told) {
    with += counts.first;
    fmt::print("{:8} {} of {} studies are told something\n", sampler, counts.first, counts.second);
  }
  fmt::print("null: {} of {} ({:.1f} %)\n", with, studies,
             100.0 * with / static_cast<double>(studies));
  return options.check && with * 20 > studies ? 1 : 0;
}

int run_known(const Options& options) {
  const std::int64_t seeds = options.number("--seeds", 1);
  const auto trials = static_cast<int>(options.number("--trials", 120));
  int expected = 0, made = 0, all = 0, wrong = 0, studies = 0;
  for (const KnownStudy& known : known_studies()) {
    for (const std::string& sampler : options.samplers("random,sobol")) {
      for (std::int64_t seed = 1; seed <= seeds; ++seed) {
        ++studies;
        const History history =
            played(known.parameters, known.goal, sampler, seed, trials, known.program);
        const Findings findings = find_findings(history);
        const auto& statements = findings.statements;
        fmt::print("{} · {} · seed {}\n", known.name, sampler, seed);
        if (options.verbose) {
          for (const Effect& effect : findings.importance.effects) {
            fmt::print("    {:10} {:.2f} ± {:.2f}  p {:.3g} {:.3g}\n", effect.parameter,
                       effect.share, effect.share_sd, effect.p, effect.tail_p);
          }
        }
        for (const Statement& finding : statements) {
          const bool right = is_true(finding, known.truth);
          ++all;
          wrong += right ? 0 : 1;
          fmt::print("  {} {}\n", right ? " " : "FALSE", finding.text);
        }
        for (const std::string& wanted : known.truth.expected) {
          ++expected;
          const bool there = std::any_of(
              statements.begin(), statements.end(),
              [&](const Statement& f) { return label(f) == wanted && is_true(f, known.truth); });
          made += there ? 1 : 0;
          if (!there) fmt::print("  MISSING {}\n", wanted);
        }
      }
    }
  }
  fmt::print(
      "known: {} studies, {} of {} true statements made ({:.0f} %), {} of {} made are false\n",
      studies, made, expected, 100.0 * made / expected, wrong, all);
  return options.check && (wrong > 0 || made * 10 < expected * 9) ? 1 : 0;
}

/// Seconds of a processor: what else runs on the machine does not count.
template <class Work>
double seconds(const Work& work) {
  const std::clock_t start = std::clock();
  work();
  return static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
}

int run_speed(const Options& options) {
  const auto trials = static_cast<int>(options.number("--trials", 10'000));
  const std::int64_t parameters = options.number("--parameters", 20);
  std::string text;
  for (std::int64_t j = 0; j < parameters; ++j)
    text += fmt::format("  p{}: {{min: 0.0, max: 1.0}}\n", j);
  const auto loss = [](const Config& c, Rng& noise) {
    return Answer{10 * std::pow(c.get("p0")->as_number() - 0.7, 2) +
                  3 * std::pow(c.get("p1")->as_number() - 0.3, 2) + 0.1 * noise.normal()};
  };
  const History history = played(text, Goal::minimize, "random", 1, trials, loss);
  history.encoded(0);
  PedAnovaOptions densities;
  densities.resamples = static_cast<int>(options.number("--resamples", 200));
  double best = HUGE_VAL;
  for (int i = 0; i < 5; ++i)
    best = std::min(best, seconds([&] { ped_anova(history, densities); }));
  fmt::print("PED-ANOVA, {} resamples, {} × {}: {:.2f} s of a processor (best of 5)\n",
             densities.resamples, trials, parameters, best);
  fmt::print("fANOVA with pairs, {} × {}: {:.2f} s\n", trials, parameters,
             seconds([&] { fanova(history); }));
  fmt::print("findings, {} × {}: {:.2f} s\n", trials, parameters,
             seconds([&] { find_findings(history); }));
  return options.check && best > 1 ? 1 : 0;
}

int run(const std::vector<std::string>& words) {
  Options options;
  for (std::size_t i = 1; i < words.size(); ++i) {
    if (words[i] == "--check") {
      options.check = true;
    } else if (words[i] == "--verbose") {
      options.verbose = true;
    } else if (i + 1 < words.size()) {
      options.values[words[i]] = words[i + 1];
      ++i;
    }
  }
  const std::string what = words.empty() ? "" : words.front();
  if (what == "null") return run_null(options);
  if (what == "known") return run_known(options);
  if (what == "speed") return run_speed(options);
  fmt::print(stderr, "hone_analysis_bench null|known|speed\n");
  return 2;
}

}  // namespace
}  // namespace hone::analysis_bench

int main(int argc, char** argv) {
  try {
    return hone::analysis_bench::run({argv + 1, argv + argc});
  } catch (const hone::Error& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 2;
  }
}
