#include "hone/sampler/gp_features.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "hone/base/rng.h"

namespace hone {
namespace {

/// Draws from which the scale of a feature is taken.
constexpr int kDraws = 256;
constexpr double kLogarithmicFrom = 30;
/// Step of a forward difference, in the unit cube.
constexpr double kStep = 1e-4;

std::optional<double> number(const Config& config, const std::string& name) {
  const Value* value = config.get(name);
  if (value == nullptr || !value->is_number() || !std::isfinite(value->as_number()))
    return std::nullopt;
  return value->as_number();
}

}  // namespace

GpFeatures::GpFeatures(const SearchSpace& space) : space_(space) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  for (const Parameter& parameter : space_.parameters()) {
    if (parameter.is_feature()) features_.push_back({parameter.name, false, kInfinity, -kInfinity});
  }
  if (features_.empty()) return;
  Rng rng = Rng(0x6665).split("feature scale");
  for (int i = 0; i < kDraws; ++i) {
    const auto config = space_.sample(rng);
    if (!config) break;
    for (Feature& feature : features_) {
      const auto value = number(*config, feature.name);
      if (!value) continue;
      feature.low = std::min(feature.low, *value);
      feature.high = std::max(feature.high, *value);
    }
  }
  for (Feature& feature : features_) {
    feature.logarithmic = feature.low > 0 && feature.high > kLogarithmicFrom * feature.low;
    if (!feature.logarithmic) continue;
    feature.low = std::log(feature.low);
    feature.high = std::log(feature.high);
  }
}

void GpFeatures::append(std::span<const double> row, std::vector<double>& out) const {
  if (features_.empty()) return;
  const Config config = space_.decode(row);
  for (const Feature& feature : features_) {
    const auto value = number(config, feature.name);
    if (!value) {
      out.push_back(std::nan(""));
    } else if (!(feature.high > feature.low)) {
      out.push_back(0.5);
    } else {
      // Beyond the draws only a little, whatever an expression gives there.
      const double x = !feature.logarithmic ? *value : *value > 0 ? std::log(*value) : feature.low;
      out.push_back(std::clamp((x - feature.low) / (feature.high - feature.low), -1.0, 2.0));
    }
  }
}

void GpFeatures::add_gradient(std::span<const double> row, std::span<const GpColumn> columns,
                              std::span<const double> by_feature,
                              std::span<double> gradient) const {
  if (features_.empty()) return;
  std::vector<double> here;
  append(row, here);
  std::vector<double> moved(row.begin(), row.end());
  std::vector<double> there;
  for (std::size_t j = 0; j < row.size(); ++j) {
    if (columns[j] != GpColumn::number || std::isnan(row[j])) continue;
    const double step = row[j] + kStep <= 1 ? kStep : -kStep;
    moved[j] = row[j] + step;
    there.clear();
    append(moved, there);
    moved[j] = row[j];
    for (std::size_t k = 0; k < here.size(); ++k) {
      const double slope = (there[k] - here[k]) / step;
      if (std::isfinite(slope)) gradient[j] += by_feature[k] * slope;
    }
  }
}

}  // namespace hone
