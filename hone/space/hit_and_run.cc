#include "hone/space/hit_and_run.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "hone/base/assert.h"

namespace hone {
namespace {

constexpr std::size_t kPopulation = 128;
constexpr int kDives = 3'000;
constexpr int kRounds = 20;      ///< of running in
constexpr int kRoundMoves = 50;  ///< per member and round
constexpr int kMaxShrinks = 200;

}  // namespace

HitAndRun::HitAndRun(const FeasibleRegion& region, const Box& box) : region_(&region), box_(box) {
  for (std::size_t i = 0; i < region.dimension(); ++i) {
    const Axis& axis = region.axis(i);
    low_.push_back(axis.discrete() ? axis.edge(box.low[i]) : box.low[i]);
    high_.push_back(axis.discrete() ? axis.edge(box.high[i] + 1) : box.high[i]);
  }
}

HitAndRun::State HitAndRun::state_of(std::span<const double> point, Rng& rng) const {
  State state(point.begin(), point.end());
  for (std::size_t i = 0; i < state.size(); ++i) {
    const Axis& axis = region_->axis(i);
    if (axis.discrete()) state[i] = rng.uniform(axis.edge(point[i]), axis.edge(point[i] + 1));
    state[i] = std::clamp(state[i], low_[i], high_[i]);
  }
  return state;
}

void HitAndRun::positions_of(const State& state, std::span<double> point) const {
  for (std::size_t i = 0; i < state.size(); ++i) {
    const Axis& axis = region_->axis(i);
    point[i] = axis.discrete() ? axis.atom(state[i]) : state[i];
  }
}

bool HitAndRun::is_feasible(const State& state, FeasibleRegion::Workspace& workspace) const {
  State point(state.size());
  positions_of(state, point);
  return region_->contains(point, workspace);
}

bool HitAndRun::dive(Rng& rng, std::span<double> point,
                     FeasibleRegion::Workspace& workspace) const {
  std::vector<std::size_t> order(region_->dimension());
  std::iota(order.begin(), order.end(), std::size_t{0});
  for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[rng.below(i)]);
  Box box = box_;
  for (const std::size_t i : order) {
    if (region_->judge(box, true, workspace) == BoxStatus::breaks) return false;
    region_->draw(box, rng, point);
    box.low[i] = box.high[i] = point[i];
  }
  return region_->contains(point, workspace);
}

std::optional<HitAndRun> HitAndRun::create(const FeasibleRegion& region, const Box& box,
                                           const std::vector<std::vector<double>>& starts) {
  HitAndRun chain(region, box);
  FeasibleRegion::Workspace workspace;
  const Rng seed(0x417a2d);
  Rng rng = seed.split("dives");
  std::vector<State> members;
  const auto add = [&](std::span<const double> point) {
    State state = chain.state_of(point, rng);
    if (chain.is_feasible(state, workspace)) members.push_back(std::move(state));
  };
  for (const auto& start : starts) add(start);
  std::vector<double> point(region.dimension());
  for (int k = 0; k < kDives && members.size() < kPopulation; ++k) {
    if (chain.dive(rng, point, workspace)) add(point);
  }
  if (members.empty()) return std::nullopt;
  const std::size_t found = members.size();
  for (std::size_t i = found; i < kPopulation; ++i) members.push_back(members[i % found]);
  for (int round = 0; round < kRounds; ++round) {
    chain.population_ = members;  // directions come from the round before
    for (std::size_t i = 0; i < members.size(); ++i) {
      Rng own = seed.split("member", static_cast<std::uint64_t>(round) * kPopulation + i);
      chain.walk(own, members[i], kRoundMoves, workspace);
    }
  }
  chain.population_ = std::move(members);
  return chain;
}

void HitAndRun::direction(Rng& rng, State& out) const {
  std::fill(out.begin(), out.end(), 0.0);
  if (rng.chance(0.25)) {
    out[rng.below(out.size())] = 1;
    return;
  }
  constexpr int kDifferences = 3;
  for (int k = 0; k < kDifferences; ++k) {
    const State& a = population_[rng.below(population_.size())];
    const State& b = population_[rng.below(population_.size())];
    const double weight = rng.normal();
    for (std::size_t i = 0; i < out.size(); ++i) out[i] += weight * (a[i] - b[i]);
  }
}

void HitAndRun::walk(Rng& rng, State& state, int moves,
                     FeasibleRegion::Workspace& workspace) const {
  const std::size_t n = state.size();
  State step(n);
  State probe(n);
  for (int m = 0; m < moves; ++m) {
    direction(rng, step);
    double from = -kInf;
    double to = kInf;
    for (std::size_t i = 0; i < n; ++i) {
      if (step[i] == 0) continue;
      const double a = (low_[i] - state[i]) / step[i];
      const double b = (high_[i] - state[i]) / step[i];
      from = std::max(from, std::min(a, b));
      to = std::min(to, std::max(a, b));
    }
    if (!std::isfinite(from) || !std::isfinite(to)) continue;  // two equal members
    for (int k = 0; k < kMaxShrinks && from < to; ++k) {
      const double t = rng.uniform(from, to);
      for (std::size_t i = 0; i < n; ++i)
        probe[i] = std::clamp(state[i] + t * step[i], low_[i], high_[i]);
      if (is_feasible(probe, workspace)) {
        std::swap(state, probe);
        break;
      }
      (t < 0 ? from : to) = t;
    }
  }
}

void HitAndRun::draw(Rng& rng, std::span<double> point) const {
  FeasibleRegion::Workspace workspace;
  State state = population_[rng.below(population_.size())];
  walk(rng, state, static_cast<int>(std::clamp<std::size_t>(30 * state.size(), 100, 600)),
       workspace);
  positions_of(state, point);
}

}  // namespace hone
