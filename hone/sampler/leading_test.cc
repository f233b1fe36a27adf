// Against a set that is sorted anew each time.
#include "hone/sampler/leading.h"

#include <gtest/gtest.h>

#include <set>

#include "hone/base/rng.h"

namespace hone {
namespace {

TEST(Leading, HasTheFirstOfASetWhateverComesAndGoes) {
  // Orders by a key that changes while a trial is outside of the set.
  std::vector<std::uint64_t> key(2'000);
  const auto less = [&](std::int64_t a, std::int64_t b) {
    const auto of = [&](std::int64_t t) {
      return std::pair(key[static_cast<std::size_t>(t)] % 1000, t);
    };
    return of(a) < of(b);
  };
  std::set<std::int64_t> members;
  const auto each = [&](const auto& take) {
    for (const std::int64_t trial : members) take(trial);
  };
  Leading leading;
  Rng rng(5);
  for (int step = 0; step < 20'000; ++step) {
    const auto trial = static_cast<std::int64_t>(rng.below(key.size()));
    // First it grows, then it shrinks to nothing and grows again.
    const bool grows = step % 10'000 < 6'000;
    if (!members.contains(trial) && (grows || rng.below(8) == 0)) {
      key[static_cast<std::size_t>(trial)] = rng.next_u64();
      members.insert(trial);
      leading.insert(trial, less);
    } else if (members.contains(trial) && (!grows || rng.below(8) == 0)) {
      leading.erase(trial, less);
      members.erase(trial);
    }
    ASSERT_EQ(leading.total(), members.size());
    if (step % 50 != 0) continue;
    std::vector<std::int64_t> expected(members.begin(), members.end());
    std::sort(expected.begin(), expected.end(), less);
    const std::size_t count = rng.below(step == 18'000 ? 1'500 : 60);
    expected.resize(std::min(count, expected.size()));
    const auto first = leading.first(count, less, each);
    ASSERT_EQ(std::vector(first.begin(), first.end()), expected) << step;
  }
}

}  // namespace
}  // namespace hone
