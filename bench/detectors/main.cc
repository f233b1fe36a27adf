// hone_detectors: the detectors on curves.
//
//   hone_detectors recorded [--data DIR] [--open-end] [--half calibrate|hold_out] [--list]
//                           [--set divergence.share=0.1]…
//   hone_detectors hostile [--seeds 100] [--check] [--open-end] [--set …]
//   hone_detectors speed [--points 100000]
//
// Recorded: a run has diverged when from some point on (the onset) every value is beyond twice the
// value at step 0, or no number. It is caught in time when it is stopped within 10 % of the run's
// length after the onset. Good: the final value lies in the better half of its set. `--half`: every
// second set. `--open-end`: the study does not say how long a run is. `--check`: exit code 1 when a
// curve that recovers is stopped, or one that leaves for good is not.
#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <vector>

#include "bench/detectors/hostile.h"
#include "bench/detectors/recorded.h"
#include "hone/base/error.h"
#include "hone/base/text.h"

namespace hone::detectors {
namespace {

struct Arguments {
  std::string mode = "recorded";
  std::string data;
  std::string half;
  bool list = false;
  bool check = false;
  std::uint64_t seeds = 100;
  std::size_t points = 100'000;
  Asked asked;
};

void set_option(const std::string& text, std::vector<AlgorithmSpec>& settings) {
  const std::size_t dot = text.find('.');
  const std::size_t equals = text.find('=');
  if (dot == std::string::npos || equals == std::string::npos || dot > equals)
    throw Error(ErrorCode::invalid_input, "--set takes DETECTOR.OPTION=VALUE, not " + text);
  const std::string value = text.substr(equals + 1);
  const std::string option = text.substr(dot + 1, equals - dot - 1);
  AlgorithmSpec setting{text.substr(0, dot), Value::Map{}};
  const auto known = std::find_if(settings.begin(), settings.end(),
                                  [&](const AlgorithmSpec& s) { return s.name == setting.name; });
  AlgorithmSpec& to = known == settings.end() ? settings.emplace_back(setting) : *known;
  const auto parsed = Value::parse(value);
  to.options.set(option, parsed ? *parsed : Value(value));
}

Arguments read_arguments(int argc, char** argv) {
  Arguments arguments;
  if (const char* data = std::getenv("HONE_DATA")) arguments.data = data;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    const auto next = [&]() -> std::string {
      if (i + 1 >= argc) throw Error(ErrorCode::invalid_input, word + " needs a value");
      return argv[++i];
    };
    if (word == "recorded" || word == "hostile" || word == "speed") {
      arguments.mode = word;
    } else if (word == "--data") {
      arguments.data = next();
    } else if (word == "--half") {
      arguments.half = next();
    } else if (word == "--open-end") {
      arguments.asked.known_end = false;
    } else if (word == "--list") {
      arguments.list = true;
    } else if (word == "--check") {
      arguments.check = true;
    } else if (word == "--seeds") {
      arguments.seeds = std::strtoull(next().c_str(), nullptr, 10);
    } else if (word == "--points") {
      arguments.points = std::strtoull(next().c_str(), nullptr, 10);
    } else if (word == "--set") {
      set_option(next(), arguments.asked.settings);
    } else {
      throw Error(ErrorCode::invalid_input, "unknown argument " + word);
    }
  }
  return arguments;
}

int recorded(const Arguments& arguments) {
  std::vector<std::string> skipped;
  const auto sets = fidelity::read_curves(arguments.data, skipped);
  for (const std::string& name : skipped) fmt::print(stderr, "no data: {}\n", name);
  if (sets.empty()) return 77;
  std::map<std::string, std::vector<Tally>> halves;
  std::map<std::string, int> position;  // within a family
  std::vector<std::string> false_alarms;
  for (const fidelity::CurveSet& set : sets) {
    const std::string half = position[set.family]++ % 2 == 0 ? "calibrate" : "hold_out";
    if (!arguments.half.empty() && half != arguments.half) continue;
    std::vector<std::string> metrics = {""};
    if (set.family == "algoperf") metrics.emplace_back("loss");
    if (set.family == "peft") metrics.emplace_back("valid_acc");
    for (const std::string& metric : metrics) {
      Tally one = tally(set, metric, arguments.asked);
      false_alarms.insert(false_alarms.end(), one.false_alarms.begin(), one.false_alarms.end());
      halves[half].push_back(std::move(one));
    }
  }
  fmt::print("{}\n", tally_header());
  Tally all;
  all.name = "all";
  for (const auto& [half, tallies] : halves) {
    fmt::print("-- {}\n", half);
    Tally sum;
    sum.name = "together";
    for (const Tally& one : tallies) {
      fmt::print("{}\n", tally_row(one));
      sum.add(one);
    }
    fmt::print("{}\n", tally_row(sum));
    all.add(sum);
  }
  fmt::print("{}\n", tally_row(all));
  if (arguments.list) {
    for (const std::string& line : false_alarms) fmt::print("{}\n", line);
  }
  return 0;
}

int hostile(const Arguments& arguments) {
  bool good = true;
  fmt::print("{:<28} {:>7} | {:>8} {:>8} | {:>7} {:>11}\n", "family", "points", "stopped",
             "in time", "plateau", "overfitting");
  for (const HostileFamily& family : hostile_families()) {
    for (const std::size_t points : {9U, 50U, 1000U, 20000U}) {
      const std::uint64_t seeds =
          points > 10000 ? std::min<std::uint64_t>(arguments.seeds, 20) : arguments.seeds;
      std::uint64_t stopped = 0, in_time = 0, plateau = 0, overfitting = 0, fair = 0;
      for (std::uint64_t seed = 0; seed < seeds; ++seed) {
        const HostileCurve made = hostile_curve(family.name, seed, points);
        const Alarms alarms =
            watch(made.curve, arguments.asked.known_end, arguments.asked.settings);
        const auto stop = stopped_at(alarms);
        // Five reports must be left; where the first value gives no scale, ten must have come.
        const bool has_scale = made.curve.goal == Goal::minimize && made.curve.values.front() > 0;
        const std::size_t least = std::max<std::size_t>(points / 10, 5);
        const bool could =
            !family.leaves ||
            (made.leaves_at + least < points &&
             (has_scale || made.leaves_at >= 10 || !std::isfinite(made.curve.values.back())));
        fair += could ? 1 : 0;
        if (stop && could) {
          ++stopped;
          if (*stop >= made.leaves_at && *stop <= made.leaves_at + least) ++in_time;
        }
        plateau += alarms.contains("plateau") ? 1 : 0;
        overfitting += alarms.contains("overfitting") ? 1 : 0;
      }
      fmt::print("{:<28} {:>7} | {:>3}/{:<4} {:>3}/{:<4} | {:>7} {:>11}\n", family.name, points,
                 stopped, fair, family.leaves ? in_time : 0, fair, plateau, overfitting);
      if (family.leaves ? in_time < fair : stopped > 0) {
        good = false;
        fmt::print("  ^ {}\n",
                   family.leaves ? "not caught in time" : "stopped although it recovers");
      }
    }
  }
  return good || !arguments.check ? 0 : 1;
}

int speed(const Arguments& arguments) {
  using Timer = std::chrono::steady_clock;
  for (const char* family : {"noise of half the value", "grows without end"}) {
    const Curve curve = hostile_curve(family, 1, arguments.points).curve;
    StudySpec spec;
    spec.metrics.emplace_back();
    spec.metrics.front().name = curve.name;
    std::vector<OptionProblem> problems;
    std::vector<CurvePoint> points;
    for (std::size_t i = 0; i < curve.values.size(); ++i)
      points.push_back({curve.steps[i], curve.values[i], 0, 0});
    for (const DetectorPlan& plan : plan_detectors(spec, problems)) {
      const auto detector = plan.make(std::nullopt);
      double worst = 0;
      const auto begin = Timer::now();
      for (std::size_t i = 0; i < points.size(); ++i) {
        const auto before = Timer::now();
        (void)detector->read({0, points[i].fidelity, points[i].value},
                             std::span<const CurvePoint>(points).first(i + 1));
        worst = std::max(worst,
                         std::chrono::duration<double, std::micro>(Timer::now() - before).count());
      }
      const double all = std::chrono::duration<double, std::micro>(Timer::now() - begin).count();
      fmt::print("{:<24} {:<16} {:.2f} µs a report, {:.0f} µs at most\n", family, plan.name,
                 all / static_cast<double>(points.size()), worst);
    }
  }
  return 0;
}

}  // namespace
}  // namespace hone::detectors

int main(int argc, char** argv) {
  try {
    const auto arguments = hone::detectors::read_arguments(argc, argv);
    if (arguments.mode == "hostile") return hone::detectors::hostile(arguments);
    if (arguments.mode == "speed") return hone::detectors::speed(arguments);
    return hone::detectors::recorded(arguments);
  } catch (const hone::Error& error) {
    fmt::print(stderr, "hone_detectors: {}\n", error.what());
    return 2;
  }
}
