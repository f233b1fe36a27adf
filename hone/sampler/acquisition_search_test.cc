// The search within constraints: along their faces, between their discrete points.
#include "hone/sampler/acquisition_search.h"

#include <gtest/gtest.h>

#include <cmath>

#include "hone/sampler/sampler_player.h"
#include "hone/space/feasible_sampler.h"

namespace hone {
namespace {

using namespace contract;  // NOLINT: the players of this folder

/// Falls with the squared distance to a target.
class Bowl final : public Acquisition {
 public:
  explicit Bowl(std::vector<double> target) : target_(std::move(target)) {}
  double value(std::span<const double> row) const override {
    double sum = 0;
    for (std::size_t j = 0; j < row.size(); ++j)
      sum -= (row[j] - target_[j]) * (row[j] - target_[j]);
    return sum;
  }
  double value(std::span<const double> row, std::span<double> gradient) const override {
    for (std::size_t j = 0; j < row.size(); ++j) gradient[j] = -2 * (row[j] - target_[j]);
    return value(row);
  }
  void values(std::span<const double> rows, int count, std::span<double> out) const override {
    for (int i = 0; i < count; ++i) {
      const auto at = static_cast<std::size_t>(i) * target_.size();
      out[static_cast<std::size_t>(i)] = value(rows.subspan(at, target_.size()));
    }
  }

 private:
  std::vector<double> target_;
};

SearchSpace space_within(std::vector<Parameter> parameters, const char* constraint) {
  auto built = SearchSpace::create(std::move(parameters),
                                   {{std::get<Expression>(Expression::parse(constraint))}});
  return *built.space;
}

AcquisitionCandidate best_of(const SearchSpace& space, const Acquisition& acquisition,
                             std::uint64_t seed) {
  Rng draws(seed);
  const auto draw = [&](int) -> std::optional<std::vector<double>> {
    std::vector<double> row(static_cast<std::size_t>(space.dimension()));
    const auto config = space.sample(draws);
    if (config) space.encode(*config, row);
    return config ? std::optional(row) : std::nullopt;
  };
  const std::vector<std::vector<double>> incumbents = {*draw(0)};
  const AcquisitionSearch search(space);
  const auto found = search.run(acquisition, incumbents, draw, {}, Rng(seed));
  for (const AcquisitionCandidate& candidate : found)
    EXPECT_TRUE(space.feasible_sampler().is_feasible(candidate.row));
  return found.at(0);
}

TEST(AcquisitionSearch, FollowsTheFaceOfASum) {
  std::vector<Parameter> parameters;
  for (const char* name : {"a", "b", "c", "d", "e", "f", "g", "h"})
    parameters.push_back(make_parameter(name, make_real(Law::uniform, 0, 1)));
  const SearchSpace space =
      space_within(std::move(parameters), "a + b + c + d + e + f + g + h <= 1");
  // The nearest point of the face is (13, 10, 7, 0 …) / 30, at 3 · (1/15)².
  const Bowl bowl({0.5, 0.4, 0.3, 0, 0, 0, 0, 0});
  for (std::uint64_t seed = 1; seed <= 10; ++seed)
    EXPECT_GT(best_of(space, bowl, seed).value, -3.0 / 225 - 0.02) << seed;
}

TEST(AcquisitionSearch, FindsItsWayBetweenTheDivisorsOfANumber) {
  const SearchSpace space =
      space_within({make_parameter("width", Integer{1, 1000, Law::uniform, 1}),
                    make_parameter("heads", Integer{1, 100, Law::uniform, 1}),
                    make_parameter("rate", make_real(Law::uniform, 0, 1))},
                   "width % heads == 0");
  const Bowl bowl({0.4, 0.5, 0.123});
  for (std::uint64_t seed = 1; seed <= 10; ++seed)
    EXPECT_GT(best_of(space, bowl, seed).value, -0.008) << seed;
}

}  // namespace
}  // namespace hone
