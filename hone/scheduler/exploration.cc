#include "hone/scheduler/exploration.h"

#include <algorithm>
#include <cmath>

#include "hone/space/encoding.h"

namespace hone {
namespace {

constexpr int kTries = 64;
/// Of the range, where a factor does not move a value: at zero.
constexpr double kStepFromZero = 0.05;

double moved(double value, double factor, bool up, double low, double high) {
  if (value == 0) {
    const double range = std::isfinite(high - low) ? high - low : 1;
    return up ? kStepFromZero * range : -kStepFromZero * range;
  }
  return (value > 0) == up ? value * factor : value / factor;
}

/// Up or down, the other way where a bound is in the way.
double moved_within(double value, double factor, bool up, double low, double high) {
  const double there = std::clamp(moved(value, factor, up, low, high), low, high);
  if (there != value) return there;
  return std::clamp(moved(value, factor, !up, low, high), low, high);
}

/// The next value up or down, the other way at the end.
Value neighbour(const Domain& domain, const Value& value, bool up) {
  constexpr double kBeyond = 1e-9;
  const auto here = encode(domain, value);
  if (!here) return value;
  const Cell cell = cell_of(domain, *here);
  const double above = cell.high + kBeyond;
  const double below = cell.low - kBeyond;
  if (up ? above < 1 : below <= 0) return above < 1 ? decode(domain, above) : value;
  return below > 0 ? decode(domain, below) : value;
}

Value perturbed(const Domain& domain, const Value& value, double factor, bool up) {
  if (is_categorical(domain)) return value;
  if (std::holds_alternative<Choice>(domain)) return neighbour(domain, value, up);
  if (!value.is_number()) return value;
  const auto* real = std::get_if<Real>(&domain);
  const auto* integer = std::get_if<Integer>(&domain);
  const double low = real != nullptr ? real->low : static_cast<double>(integer->low);
  const double high = real != nullptr ? real->high : static_cast<double>(integer->high);
  const double there = moved_within(value.as_number(), factor, up, low, high);
  if (!is_discrete(domain)) return Value(there);
  const auto position =
      encode(domain, integer != nullptr ? Value(static_cast<std::int64_t>(std::llround(there)))
                                        : Value(there));
  const Value moved_to = position ? decode(domain, *position) : value;
  return moved_to.as_number() == value.as_number() ? neighbour(domain, value, up) : moved_to;
}

/// Drops what no longer exists, and draws what exists now.
Config with_new_parameters(const SearchSpace& space, Config config, Rng& rng) {
  config = space.complete(std::move(config));
  if (!space.has_conditions()) return config;
  for (const int index : space.searched()) {
    const Parameter& parameter = space.parameter(index);
    if (config.get(parameter.name) != nullptr || !space.is_active(index, config)) continue;
    config.set(parameter.name, quantile(parameter.domain, rng.uniform_open()));
    config = space.complete(std::move(config));
  }
  return config;
}

}  // namespace

bool may_mutate(const ExplorationOptions& options, const std::string& name) {
  return options.mutate.empty() ||
         std::find(options.mutate.begin(), options.mutate.end(), name) != options.mutate.end();
}

Config explored(const SearchSpace& space, const Config& from, const ExplorationOptions& options,
                Rng& rng) {
  for (int i = 0; i < kTries; ++i) {
    Config config = from;
    for (const int index : space.searched()) {
      const Parameter& parameter = space.parameter(index);
      const Value* value = from.get(parameter.name);
      if (value == nullptr || !may_mutate(options, parameter.name)) continue;
      const bool anew = rng.chance(options.resample);
      const bool up = rng.chance(0.5);
      config.set(parameter.name, anew ? quantile(parameter.domain, rng.uniform_open())
                                      : perturbed(parameter.domain, *value, options.factor, up));
    }
    config = with_new_parameters(space, std::move(config), rng);
    if (space.is_feasible(config)) return config;
  }
  return from;
}

}  // namespace hone
