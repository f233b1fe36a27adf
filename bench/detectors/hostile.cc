#include "bench/detectors/hostile.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include "hone/base/error.h"
#include "hone/base/rng.h"

namespace hone::detectors {
namespace {

/// How far along the run is (0 to 1), and what the run of this seed is like.
struct Draw {
  Rng rng;
  std::size_t points;
  double t = 0;
  std::size_t i = 0;
  double onset = 0;   ///< between 0.1 and 0.8
  double height = 0;  ///< of spikes and humps, 3 to 1000 times
};

struct Family {
  HostileFamily about;
  Goal goal;
  std::function<double(Draw&)> value;
};

double decay(const Draw& d) { return 0.5 + 2 * std::exp(-5 * d.t); }
double noisy(Draw& d, double sd) { return 1 + sd * d.rng.normal(); }

const std::vector<Family>& families() {
  static const std::vector<Family> all = {
      // --- what recovers, or was nothing
      {{"spikes"},
       Goal::minimize,
       [](Draw& d) {
         const bool spike = d.i > 0 && d.rng.chance(0.02);
         return decay(d) * noisy(d, 0.02) * (spike ? d.height : 1);
       }},
      {{"a long spike"},  // up at once, down within 6 % of the run
       Goal::minimize,
       [](Draw& d) {
         const double since = (d.t - d.onset) / 0.012;
         const double up = since >= 0 ? d.height * std::exp(-since * 1.5) : 0;
         return decay(d) * noisy(d, 0.02) + up;
       }},
      {{"a warm-up hump"},  // over the first fifth of the run
       Goal::minimize,
       [](Draw& d) {
         const double hump = 4 * (d.t / 0.04) * std::exp(1 - d.t / 0.04);
         return (decay(d) + hump) * noisy(d, 0.02);
       }},
      {{"noisy reward"},
       Goal::maximize,
       [](Draw& d) { return -200 + 300 * d.t + 120 * d.rng.normal(); }},
      {{"sparse reward"},
       Goal::maximize,
       [](Draw& d) {
         return d.rng.chance(d.t * 0.5) ? 1.0 : (d.i == 0 ? -1.0 : -20.0 * d.rng.uniform());
       }},
      {{"accuracy of 50 samples"},
       Goal::maximize,
       [](Draw& d) {
         int hits = 0;
         for (int k = 0; k < 50; ++k) hits += d.rng.chance(0.1 + 0.7 * d.t) ? 1 : 0;
         return hits / 50.0;
       }},
      {{"negative losses"},  // a bound on a likelihood, from 50 to −200
       Goal::minimize,
       [](Draw& d) { return -200 + 250 * std::exp(-5 * d.t) + 10 * d.rng.normal(); }},
      {{"losses around zero"}, Goal::minimize, [](Draw& d) { return d.rng.normal() - 0.5 * d.t; }},
      {{"tiny losses"}, Goal::minimize, [](Draw& d) { return 1e-300 * decay(d) * noisy(d, 0.1); }},
      {{"huge losses"}, Goal::minimize, [](Draw& d) { return 1e300 * decay(d) * noisy(d, 0.1); }},
      {{"chance level"}, Goal::minimize, [](Draw& d) { return 0.693 * noisy(d, 0.01); }},
      {{"constant"}, Goal::minimize, [](Draw&) { return 0.0; }},
      {{"noise of half the value"},
       Goal::minimize,
       [](Draw& d) { return decay(d) * std::exp(0.5 * d.rng.normal()); }},
      // --- what leaves for good
      {{"grows without end", true},
       Goal::minimize,
       [](Draw& d) {
         return decay(d) * noisy(d, 0.02) * (d.t < d.onset ? 1 : 6 * std::exp(8 * (d.t - d.onset)));
       }},
      {{"jumps to a noisy level", true},
       Goal::minimize,
       [](Draw& d) {
         return d.t < d.onset ? decay(d) * noisy(d, 0.02)
                              : (12 + d.height / 10) * std::exp(0.2 * d.rng.normal());
       }},
      {{"no number", true},
       Goal::minimize,
       [](Draw& d) { return d.t < d.onset ? decay(d) : std::numeric_limits<double>::quiet_NaN(); }},
      {{"infinite", true},
       Goal::maximize,
       [](Draw& d) { return d.t < d.onset ? d.t : -std::numeric_limits<double>::infinity(); }},
      {{"negative losses that leave", true},
       Goal::minimize,
       [](Draw& d) {
         return d.t < d.onset ? -10 - 40 * d.t + 0.2 * d.rng.normal()
                              : 100 + d.height * (1 + d.t - d.onset) + d.rng.normal();
       }},
      {{"a reward that collapses", true},
       Goal::maximize,
       [](Draw& d) {
         return d.t < d.onset ? -100 + 200 * d.t / d.onset + 2 * d.rng.normal()
                              : -600 + 20 * d.rng.normal();
       }},
  };
  return all;
}

}  // namespace

const std::vector<HostileFamily>& hostile_families() {
  static const std::vector<HostileFamily> abouts = [] {
    std::vector<HostileFamily> list;
    for (const Family& family : families()) list.push_back(family.about);
    return list;
  }();
  return abouts;
}

HostileCurve hostile_curve(const std::string& name, std::uint64_t seed, std::size_t points) {
  for (const Family& family : families()) {
    if (family.about.name != name) continue;
    Draw draw{Rng(seed).split(name, points), points};
    draw.onset = draw.rng.uniform(0.1, 0.8);
    draw.height = std::exp(draw.rng.uniform(std::log(3.0), std::log(1000.0)));
    HostileCurve made;
    made.curve = {"value", family.goal, {}, {}};
    made.leaves_at = points;
    for (draw.i = 0; draw.i < points; ++draw.i) {
      draw.t = static_cast<double>(draw.i) / static_cast<double>(points - 1);
      made.curve.steps.push_back(static_cast<double>(draw.i));
      made.curve.values.push_back(family.value(draw));
      if (family.about.leaves && draw.t >= draw.onset)
        made.leaves_at = std::min(made.leaves_at, draw.i);
    }
    // Above zero: as recorded curves are judged.
    if (family.about.leaves && family.goal == Goal::minimize && made.curve.values.front() > 0)
      made.leaves_at = onset_of_divergence(made.curve).value_or(points);
    return made;
  }
  throw Error(ErrorCode::invalid_input, fmt::format("there is no family of curves '{}'", name));
}

}  // namespace hone::detectors
