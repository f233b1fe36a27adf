#include "hone/store/memory_store.h"

#include "hone/store/store_contract.h"

namespace hone {
namespace {

std::unique_ptr<Store> make_memory_store(const Clock& clock, const LivenessProbe& probe) {
  return std::make_unique<MemoryStore>(clock, probe);
}

INSTANTIATE_TEST_SUITE_P(Memory, StoreContract,
                         testing::Values(StoreKind{"Memory", make_memory_store}),
                         [](const auto& kind) { return kind.param.name; });

TEST(MemoryStore, GivesTheSameUidsEachTime) {
  const ManualClock clock;
  const FakeProbe probe;
  MemoryStore a(clock, probe);
  MemoryStore b(clock, probe);
  NewStudy fresh;
  fresh.name = "study";
  EXPECT_EQ(a.study(a.create_study(fresh))->uid, b.study(b.create_study(fresh))->uid);
}

}  // namespace
}  // namespace hone
