// How long it takes to make a constrained space and to draw from it: prints one line per space with
// the methods that were chosen. The figures decide nothing; hone/space/feasible_sampler_test.cc
// checks the laws of the same spaces.
#include <fmt/core.h>

#include <chrono>
#include <string>
#include <vector>

#include "hone/space/feasible_sampler.h"
#include "hone/space/search_space.h"

namespace {

using hone::Law;

hone::Expression expression(const std::string& source) {
  return std::get<hone::Expression>(hone::Expression::parse(source));
}

std::vector<hone::Parameter> reals(int n, double low, double high, Law law = Law::uniform) {
  std::vector<hone::Parameter> out;
  for (int i = 0; i < n; ++i)
    out.push_back({fmt::format("x{}", i), hone::Real{law, low, high, 0, 1, {}, false}, {}, {}, {}});
  return out;
}

std::string joined(int n, const std::string& between) {
  std::string out = "x0";
  for (int i = 1; i < n; ++i) out += fmt::format("{}x{}", between, i);
  return out;
}

void measure(const char* name, std::vector<hone::Parameter> parameters,
             const std::vector<std::string>& sources) {
  std::vector<hone::Constraint> constraints;
  for (const auto& source : sources) constraints.push_back({expression(source)});
  const auto start = std::chrono::steady_clock::now();
  const auto built = hone::SearchSpace::create(std::move(parameters), std::move(constraints));
  const auto made = std::chrono::steady_clock::now();
  if (!built.space) {
    fmt::print("{:28} cannot be made: {}\n", name, built.problems.front().message);
    return;
  }
  hone::Rng rng(1);
  constexpr int kDraws = 2'000;
  int drawn = 0;
  for (int i = 0; i < kDraws; ++i) drawn += built.space->sample(rng) ? 1 : 0;
  const auto done = std::chrono::steady_clock::now();
  std::string methods;
  for (const auto& m : built.space->feasible_sampler().methods())
    methods += fmt::format(" {} ({:.1f} tries)", m.name, m.tries);
  using ms = std::chrono::duration<double, std::milli>;
  fmt::print("{:28} made in {:8.1f} ms, {:8.1f} µs per draw of {}, by{}\n", name,
             ms(made - start).count(), 1e3 * ms(done - made).count() / kDraws, drawn,
             methods.empty() ? " plain draws" : methods);
}

}  // namespace

int main() {
  measure("no constraint", reals(10, 0, 1), {});
  measure("ten that sum to 1", reals(10, 0, 1), {joined(10, " + ") + " <= 1"});
  measure("thirty that sum to 1", reals(30, 0, 1), {joined(30, " + ") + " <= 1"});
  measure("eight ordered", reals(8, 0, 1), {joined(8, " < ")});
  measure("twelve ordered", reals(12, 0, 1), {joined(12, " < ")});
  measure("product of two", reals(2, 1e-4, 1, Law::log_uniform), {"x0 * x1 <= 1e-5"});
  measure("product of ten", reals(10, 1e-4, 1, Law::log_uniform),
          {joined(10, " * ") + " <= 1e-36"});
  measure("band of 1e-5", reals(2, 0, 1), {"abs(x0 - x1) <= 5e-6"});
  measure("ball of 1.6e-5", reals(4, -1, 1), {"x0 ** 2 + x1 ** 2 + x2 ** 2 + x3 ** 2 <= 0.0072"});
  measure("slab of 1e-5 in five", reals(5, 0, 1),
          {"abs(x0 + x1 + x2 + x3 - 2 * x4 - 0.5) <= 5e-6"});
  measure("ten ordered, sum to 1", reals(10, 0, 1),
          {joined(10, " + ") + " <= 1", joined(10, " < ")});
  measure("sixteen ordered, sum to 1", reals(16, 0, 1),
          {joined(16, " + ") + " <= 1", joined(16, " < ")});
  return 0;
}
