#include "hone/server/study_model.h"

#include <gtest/gtest.h>

#include <semaphore>

#include "hone/base/error.h"
#include "hone/server/server_test_support.h"
#include "hone/store/forwarding_store.h"

namespace hone::server {
namespace {

/// Counts what it is asked for, and fails while it is told to.
class MoodyStore final : public ForwardingStore {
 public:
  using ForwardingStore::ForwardingStore;
  std::vector<Change> changes_since(StudyId s, std::int64_t after, std::int64_t limit) override {
    fail();
    return ForwardingStore::changes_since(s, after, limit);
  }
  SpecRecord spec(StudyId s, std::int64_t version) override {
    ++specs;
    if (busy_specs) throw Error(ErrorCode::store_busy, "the store is locked");
    return ForwardingStore::spec(s, version);
  }
  void fail() const {
    if (busy) throw Error(ErrorCode::store_busy, "the store is locked");
  }
  std::atomic<bool> busy = false;
  std::atomic<bool> busy_specs = false;
  std::atomic<int> specs = 0;
};

/// The thread of the cache has looked when this is over, or the test fails.
void expect_news(StudyModel& model, std::int64_t version) {
  for (int i = 0; i < 100 && model.version() <= version; ++i)
    model.wait_above(version, kSecond_us / 2);
  EXPECT_GT(model.version(), version);
}

TEST(ModelCache, AStoreThatFailsForTheMomentSilencesNoEventStream) {
  TestPlace place;
  place.add(R"({"lr": 0.1, "kind": 3})");
  MoodyStore store(place.store);
  ModelCache cache(store);
  const auto model = cache.open(place.id);
  const StudyModel::Watch watch(model);
  store.busy = true;
  EXPECT_THROW(cache.open(place.id), Error);
  store.busy = false;
  EXPECT_EQ(cache.find(place.id), model) << "who asks next shares it";
  const std::int64_t before = model->version();
  place.add(R"({"lr": 0.1, "kind": 3})");
  expect_news(*model, before);
}

TEST(ModelCache, WhatIsInUseIsNotDroppedWhateverElseIsOpened) {
  TestPlace place;
  place.add(R"({"lr": 0.1, "kind": 3})");
  const SpecRecord spec = place.store.spec(place.id, 0);
  ModelCache cache(place.store);
  const auto model = cache.open(place.id);
  for (std::size_t i = 0; i < ModelCache::kModels + 5; ++i) {
    NewStudy fresh;
    fresh.name = "study " + std::to_string(i);
    fresh.body = spec.body;
    fresh.metrics = {{"loss", MetricRole::objective}};
    cache.open(place.store.create_study(fresh));
  }
  const StudyModel::Watch watch(model);  // as an event stream does, after it was opened
  const std::int64_t before = model->version();
  place.add(R"({"lr": 0.1, "kind": 3})");
  expect_news(*model, before);
}

TEST(ModelCache, AStudyThatIsGoneIsForgotten) {
  TestPlace place;
  ModelCache cache(place.store);
  const auto model = cache.open(place.id);
  place.store.release_lead(place.id, place.token);
  place.store.delete_study(place.id);
  EXPECT_THROW(cache.open(place.id), Error);
  EXPECT_TRUE(model->gone());
  EXPECT_FALSE(cache.find(place.id));
}

TEST(ModelCache, WhoIsNotPatientLearnsHowFarAStudyIsRead) {
  TestPlace place;
  place.add(R"({"lr": 0.1, "kind": 3})");
  /// Gives no changes before it is told to.
  class SlowStore final : public ForwardingStore {
   public:
    using ForwardingStore::ForwardingStore;
    std::vector<Change> changes_since(StudyId s, std::int64_t a, std::int64_t limit) override {
      go.acquire();
      go.release();
      return ForwardingStore::changes_since(s, a, limit);
    }
    std::binary_semaphore go{0};
  };
  SlowStore store(place.store);
  ModelCache cache(store);
  std::int64_t so_far = -1;
  EXPECT_FALSE(cache.open_within(place.id, 0, so_far));
  EXPECT_EQ(so_far, 0);
  EXPECT_FALSE(cache.open_within(place.id, 1000, so_far));
  store.go.release();
  std::shared_ptr<StudyModel> model;
  while (!model) model = cache.open_within(place.id, kSecond_us, so_far);
  EXPECT_EQ(model->trials(), 1);
  place.add(R"({"lr": 0.1, "kind": 3})");
  EXPECT_EQ(cache.open_within(place.id, 0, so_far)->trials(), 2) << "no wait but at first";
  EXPECT_THROW(cache.open_within(StudyId{4711}, 60 * kSecond_us, so_far), Error);
}

TEST(StudyModel, OfManyVersionsOfTheSpecTheNewestIsRead) {
  TestPlace place;
  place.add(R"({"lr": 0.1, "kind": 3})");
  const SpecRecord first = place.store.spec(place.id, 0);
  StudySpec spec = StudySpec::from_value(*Value::parse(first.body));
  const auto change = [&](int parallel) {
    spec.parallel = parallel;
    const std::vector<Action> actions = {PutSpec{first.source, spec.to_value().dump(), "ann"}};
    place.store.apply(place.id, place.token, actions);
  };
  for (int i = 1; i <= 30; ++i) change(i);
  MoodyStore store(place.store);
  StudyModel model(store, place.id);
  model.refresh();
  EXPECT_EQ(store.specs, 1);
  model.read([](const StudyModel::View& view) {
    EXPECT_EQ(view.history.spec().parallel, 30);
    EXPECT_EQ(view.spec_version, 31);
    EXPECT_EQ(view.changed.front(), view.history.version());
  });
  // One that cannot be read now is read the next time, with what came beside it.
  change(7);
  place.add(R"({"lr": 0.2, "kind": 3})");
  store.busy_specs = true;
  EXPECT_THROW(model.refresh(), Error);
  EXPECT_EQ(model.trials(), 1);
  store.busy_specs = false;
  model.refresh();
  model.read([](const StudyModel::View& view) { EXPECT_EQ(view.history.spec().parallel, 7); });
  EXPECT_EQ(model.trials(), 2);
}

TEST(StudyModel, ALongRecordIsFoldedPageByPage) {
  TestPlace place;
  constexpr int kTrials = 30'000;  // two changes each: three pages, and one that is not full
  for (int i = 0; i < kTrials; ++i) place.add(R"({"kind": 3})");
  StudyModel model(place.store, place.id);
  model.refresh();
  EXPECT_EQ(model.trials(), kTrials);
  EXPECT_EQ(model.version(), place.store.study(place.id)->last_seq);
  place.add(R"({"kind": 3})");
  model.refresh();
  EXPECT_EQ(model.trials(), kTrials + 1);
}

}  // namespace
}  // namespace hone::server
