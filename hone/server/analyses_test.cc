#include "hone/server/analyses.h"

#include <gtest/gtest.h>

#include <cmath>
#include <thread>

#include "hone/server/server_test_support.h"

namespace hone::server {
namespace {

/// A study whose loss falls with lr, whatever else.
void play(TestPlace& place, int trials) {
  for (int i = 0; i < trials; ++i) {
    const double lr = 1e-4 * std::pow(1e4, (i + 0.5) / trials);
    place.add(R"({"lr": )" + std::to_string(lr) + R"(, "kind": 3})");
    place.end(place.claim(), TrialState::complete, -std::log10(lr) + 0.001 * (i % 7));
  }
}

/// What a route answers once it has something.
Value found(TestPlace& place, const std::string& target) {
  for (;;) {
    const HttpResponse response = place.get(target);
    if (response.status != 202) {
      EXPECT_EQ(response.status, 200) << response.body;
      return *Value::parse(response.body);
    }
    EXPECT_TRUE(Value::parse(response.body)->bool_or("computing", false));
    std::this_thread::yield();
  }
}

TEST(Analyses, TellWhatAStudyTaught) {
  TestPlace place;
  play(place, 60);
  const Value findings = found(place, "/studies/1/findings");
  EXPECT_EQ(findings.int_or("version", 0), place.store.study(place.id)->last_seq);
  ASSERT_FALSE(findings.find("statements")->as_list().empty());
  const Value& first = findings.find("statements")->as_list().front();
  EXPECT_EQ(first.string_or("kind", ""), "matters");
  EXPECT_EQ(first.string_or("parameter", ""), "lr");
  const Value importance = found(place, "/studies/1/importance?metric=loss");
  EXPECT_EQ(importance.find("parameters")->as_list().front().string_or("parameter", ""), "lr");
  const Value interactions = found(place, "/studies/1/interactions");
  const Value& lr = interactions.find("parameters")->as_list().front();
  EXPECT_EQ(lr.string_or("parameter", ""), "lr");
  EXPECT_EQ(lr.find("dependence")->find("mean")->as_list().size(),
            lr.find("dependence")->find("values")->as_list().size());
  const Value pair = found(place, "/studies/1/interactions?first=kind&second=lr");
  EXPECT_EQ(pair.string_or("first", ""), "lr") << "in the order of the study file";
  EXPECT_EQ(place.get("/studies/1/interactions?first=lr&second=lr").status, 404);
  EXPECT_EQ(place.get("/studies/1/importance?metric=accuracy").status, 404);
}

TEST(Analyses, FollowTheStudyAndSayHowOldTheyAre) {
  TestPlace place;
  play(place, 25);
  const std::int64_t first = found(place, "/studies/1/importance").int_or("version", 0);
  play(place, 5);
  const HttpResponse older = place.get("/studies/1/importance");
  const Value told = *Value::parse(older.body);
  EXPECT_TRUE(told.int_or("version", 0) == first ? told.bool_or("computing", false) : true);
  while (found(place, "/studies/1/importance").int_or("version", 0) == first)
    std::this_thread::yield();
  const HttpResponse newest = place.get("/studies/1/importance");
  EXPECT_EQ(Value::parse(newest.body)->int_or("version", 0), place.store.study(place.id)->last_seq);
  const std::string etag(newest.header("ETag"));
  EXPECT_EQ(place.get("/studies/1/importance", {{"if-none-match", etag}}).status, 304);
}

TEST(Analyses, AreMadeNoMoreOftenThanTheirCostAllows) {
  TestPlace place;
  play(place, 25);
  const auto model = std::make_shared<StudyModel>(place.store, place.id);
  model->refresh();
  /// Every look at it is a second later.
  class Slow final : public Clock {
   public:
    std::int64_t now_us() const override { return at += kSecond_us; }
    std::int64_t monotonic_us() const override { return at += kSecond_us; }
    mutable std::atomic<std::int64_t> at = 0;
  };
  const Slow clock;
  Analyses analyses(clock);
  while (!analyses.get(model).found) std::this_thread::yield();
  const std::int64_t first = analyses.get(model).found->version;
  play(place, 1);
  model->refresh();
  const std::int64_t begin = clock.at;
  const Analyses::Answer old = analyses.get(model);
  EXPECT_EQ(old.found->version, first);
  EXPECT_FALSE(old.is_coming) << "it took a second at least, so ten have to pass";
  int asked = 1;
  while (analyses.get(model).found->version == first) ++asked;
  EXPECT_GT(clock.at - begin, 2 * kSecond_us);
  EXPECT_GT(asked, 2);
}

TEST(Analyses, OfAFrontTellHowItsShareGrew) {
  TestPlace place;
  StudySpec spec = StudySpec::from_value(*Value::parse(place.store.spec(place.id, 0).body));
  spec.name = "two";
  Metric size;
  size.name = "size";
  spec.metrics = {spec.metrics.front(), size};
  NewStudy fresh;
  fresh.name = "two";
  fresh.body = spec.to_value().dump();
  fresh.metrics = {{"loss", MetricRole::objective}, {"size", MetricRole::objective}};
  place.id = place.store.create_study(fresh);
  place.token = place.store.lead(place.id, place.holder, kSecond_us * 1000).token;
  const std::string base = "/studies/" + std::to_string(place.id.value);
  const std::pair<double, double> results[] = {{1, 9}, {5, 5}, {9, 1}, {9, 9}, {4, 4}};
  for (const auto& [loss, other] : results) {
    place.add(R"({"lr": 0.1, "kind": 3})");
    place.end(place.claim(), TrialState::complete, loss, other);
  }
  Value front = place.json(base + "/front");
  EXPECT_EQ(front.find("trials")->as_list().size(), 3U);
  while (front.find("dominated") == nullptr) {
    std::this_thread::yield();
    front = place.json(base + "/front");
  }
  const Value& dominated = *front.find("dominated");
  EXPECT_NEAR(dominated.number_or("hypervolume", 0), 25.0 / 64, 1e-9);
  EXPECT_EQ(dominated.find("over_trials")->as_list().size(), 4U) << "the fourth joined no front";
  EXPECT_EQ(found(place, base + "/importance?metric=size").string_or("metric", ""), "size");
}

TEST(Analyses, GiveUpWhereTheServerEnds) {
  TestPlace place;
  play(place, 25);
  StudyModel model(place.store, place.id);
  model.refresh();
  const std::atomic<bool> stopping = true;
  model.read([&](const StudyModel::View& view) { EXPECT_FALSE(analyse(view.history, stopping)); });
}

}  // namespace
}  // namespace hone::server
