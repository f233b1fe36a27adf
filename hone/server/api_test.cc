#include "hone/server/api.h"

#include <gtest/gtest.h>

#include <thread>

#include "hone/server/page.h"
#include "hone/server/server_test_support.h"

namespace hone::server {
namespace {

std::string message_of(const HttpResponse& response) {
  const auto body = Value::parse(response.body);
  const Value* error = body ? body->find("error") : nullptr;
  return error == nullptr ? "" : error->string_or("message", "");
}

TEST(Api, ASummaryIsMadeOncePerVersion) {
  TestPlace place;
  const Claim held = (place.add(R"({"lr": 0.1, "kind": 3})"), place.claim());
  place.get("/studies/1");
  place.get("/studies/1");
  EXPECT_EQ(place.summaries, 1);
  place.report(held, 1, 0.5);
  place.get("/studies/1");
  EXPECT_EQ(place.summaries, 2);
}

TEST(Api, AnOlderSummaryIsToldAsSuchAndReplacedLater) {
  TestPlace place;
  place.summary_us = kSecond_us;
  place.add(R"({"lr": 0.1, "kind": 3})");
  EXPECT_EQ(place.json("/studies/1").int_or("made", 0), 1);
  place.add(R"({"lr": 0.1, "kind": 3})");
  const HttpResponse old = place.get("/studies/1");
  const Value told = *Value::parse(old.body);
  EXPECT_EQ(told.int_or("made", 0), 1) << "it is not made anew at once";
  EXPECT_LT(told.int_or("summary_version", 0), told.int_or("version", 0));
  const std::string etag(old.header("ETag"));
  EXPECT_EQ(place.get("/studies/1", {{"if-none-match", etag}}).status, 304);
  place.clock.advance_us(60 * kSecond_us);
  const HttpResponse fresh = place.get("/studies/1", {{"if-none-match", etag}});
  ASSERT_EQ(fresh.status, 200) << "the study is as it was, what is said of it is not";
  const Value now = *Value::parse(fresh.body);
  EXPECT_EQ(now.int_or("made", 0), 2);
  EXPECT_EQ(now.int_or("summary_version", 0), now.int_or("version", -1));
}

TEST(Api, ASummaryIsMadeByOneThreadAtATime) {
  TestPlace place;
  place.add(R"({"lr": 0.1, "kind": 3})");
  place.api();
  std::atomic<int> wrong = 0;
  std::vector<std::thread> readers;
  for (int t = 0; t < 8; ++t) {
    readers.emplace_back([&] {
      for (int i = 0; i < 50; ++i) {
        if (place.json("/studies/1").find("headline") == nullptr) ++wrong;
      }
    });
  }
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(wrong, 0) << "who comes first waits for the first summary";
  EXPECT_EQ(place.summaries, 1);
}

TEST(Api, AListOfManyStudiesFoldsEachOnce) {
  TestPlace place;
  const SpecRecord spec = place.store.spec(place.id, 0);
  for (int i = 0; i < 20; ++i) {
    NewStudy fresh;
    fresh.name = "study " + std::to_string(i);
    fresh.body = spec.body;
    fresh.metrics = {{"loss", MetricRole::objective}, {"accuracy", MetricRole::guard}};
    place.store.create_study(fresh);
  }
  place.add(R"({"lr": 0.1, "kind": 3})");
  place.end(place.claim(), TrialState::complete, 0.25);
  const auto best_of_first = [&] {
    const Value all = place.json("/studies");
    EXPECT_EQ(all.find("studies")->as_list().size(), 21U);
    for (const Value& row : all.find("studies")->as_list()) {
      if (row.int_or("id", 0) == place.id.value) return row.find("best")->number_or("value", -1);
    }
    return -1.0;
  };
  EXPECT_EQ(best_of_first(), 0.25);
  place.folds = 0;
  EXPECT_EQ(best_of_first(), 0.25);
  EXPECT_EQ(place.folds, 0) << "nothing is new";
  place.add(R"({"lr": 0.1, "kind": 3})");
  place.end(place.claim(), TrialState::complete, 0.125);
  EXPECT_EQ(best_of_first(), 0.125);
}

TEST(Api, AStudyThatCannotBeReadIsARowThatSaysSo) {
  TestPlace place;
  NewStudy broken;
  broken.name = "broken";
  broken.body = "{\"no";
  place.store.create_study(broken);
  const Value all = place.json("/studies");
  ASSERT_EQ(all.find("studies")->as_list().size(), 2U);
  int errors = 0;
  for (const Value& row : all.find("studies")->as_list()) {
    EXPECT_EQ(row.find("error") != nullptr, row.string_or("name", "") == "broken");
    errors += row.find("error") != nullptr ? 1 : 0;
  }
  EXPECT_EQ(errors, 1);
}

TEST(Api, TagsAreReplacedInOneEdit) {
  TestPlace place;
  place.add(R"({"lr": 0.1, "kind": 3})");
  place.send("PATCH", "/studies/1/trials/0/labels", R"({"tags": ["a", "b"], "star": true})");
  const HttpResponse response =
      place.send("PATCH", "/studies/1/trials/0/labels", R"({"tags": ["c"]})");
  EXPECT_EQ(response.body, R"({"tags":["c"],"star":true})");
  EXPECT_EQ(place.send("PATCH", "/studies/1/trials/0/labels", R"({"tags": []})").body,
            R"({"tags":[],"star":true})");
}

TEST(Api, WarningsNameTheirTrialsUpToALimit) {
  TestPlace place;
  for (int i = 0; i < 1100; ++i) {
    place.add(R"({"kind": 3})");
    const std::vector<Action> actions = {to_note({place.trials - 1, "plateau", "flat", 0})};
    place.store.apply(place.id, place.token, actions);
  }
  const Value study = place.json("/studies/1");
  const Value::List& numbers = study.find("warnings")->find("plateau")->as_list();
  ASSERT_EQ(numbers.size(), 1000U);
  EXPECT_EQ(numbers.back(), Value(999));
}

TEST(Api, AnEtagOfTheCurrentVersionNeedsNoBody) {
  TestPlace place;
  const HttpResponse first = place.get("/studies/1");
  const std::string etag(first.header("ETag"));
  EXPECT_EQ(place.get("/studies/1", {{"if-none-match", "\"x\", W/" + etag}}).status, 304);
  place.add(R"({"lr": 0.1, "kind": 3})");
  EXPECT_EQ(place.get("/studies/1", {{"if-none-match", etag}}).status, 200);
}

TEST(Api, ChangesBecomeRequestsToTheLeader) {
  TestPlace place;
  place.add(R"({"lr": 0.1, "kind": "adam", "depth": 7})");
  EXPECT_EQ(place.send("POST", "/studies/1/trials/0/stop", "").status, 200);
  EXPECT_EQ(place.send("POST", "/studies/1/pause", "").status, 200);
  EXPECT_EQ(place.send("POST", "/studies/1/trials", R"({"config": {"lr": 1, "kind": 3.0}})").status,
            200);
  EXPECT_EQ(place.send("POST", "/studies/1/trials/0/clone", R"({"config": {"depth": 9}})").status,
            200);
  EXPECT_EQ(place
                .send("PATCH", "/studies/1",
                      R"({"budget": {"trials": 5, "time_s": 1.5, "cost": null}, "parallel": 2})")
                .status,
            200);
  EXPECT_EQ(
      place.asked,
      (std::vector<std::string>{
          R"(stop_trials {"trials":[0]})", "stop {}", R"(enqueue {"config":{"kind":3,"lr":1.0}})",
          R"(enqueue {"config":{"depth":9,"kind":"adam","lr":0.1},"clone_of":0})",
          R"(budget {"trials":5,"time_us":1500000,"cost":null,"parallel":2})"}));
}

TEST(Api, NothingIsAskedForWhereAnythingIsWrong) {
  TestPlace place;
  place.add(R"({"lr": 0.1, "kind": 3})");
  for (const char* body :
       {R"({"budget": {"trials": 5}, "parallel": 0})",
        R"({"budget": {"trials": 0}, "parallel": 2})", R"({"budget": {"time_s": -1}})",
        R"({"budget": {"time_s": 1e300}})", R"({"budget": {}})", R"({"budget": []})", R"({"x": 1})",
        "{}", "", "[]", "{", "null"}) {
    const HttpResponse response = place.send("PATCH", "/studies/1", body);
    EXPECT_EQ(response.status, 400) << body;
    EXPECT_NE(message_of(response), "") << body;
  }
  EXPECT_EQ(message_of(place.send("POST", "/studies/1/trials", R"({"config": {"lr": 7}})"))
                .find("this configuration does not fit"),
            0U);
  EXPECT_EQ(place.send("POST", "/studies/1/trials", "{}").status, 400);
  EXPECT_EQ(place.send("PATCH", "/studies/1/labels", R"({"tags": ["a", ""]})").status, 400);
  EXPECT_EQ(place.send("PATCH", "/studies/1/labels", R"({"note": 1})").status, 400);
  EXPECT_TRUE(place.asked.empty());
}

TEST(Api, ATrialHasItsCourseAndSeries) {
  TestPlace place;
  place.add(R"({"lr": 0.1, "kind": 3})");
  const Claim held = place.claim();
  place.report(held, 1, 0.5, {{"grad", 1, 10, 0}, {"grad", 2, 20, 0}});
  place.report(held, 2, 0.25);
  place.end(held, TrialState::complete, 0.25);
  const Value trial = place.json("/studies/1/trials/0");
  std::string kinds;
  for (const Value& event : trial.find("events")->as_list())
    kinds += event.string_or("kind", "") + " ";
  EXPECT_EQ(kinds, "trial_added run_queued run_claimed run_ended trial_moved ");
  const Value series = place.json("/studies/1/trials/0/series");
  ASSERT_EQ(series.find("series")->as_list().size(), 2U);
  EXPECT_EQ(series.find("series")->as_list()[0].find("value")->dump(), "[0.5,0.25]");
  EXPECT_EQ(series.find("series")->as_list()[1].find("value")->dump(), "[10.0,20.0]");
  const Value one = place.json("/studies/1/trials/0/series?metric=grad");
  EXPECT_EQ(one.find("series")->as_list().size(), 1U);
  EXPECT_EQ(place.get("/studies/1/trials/0/series?run=77").status, 404);
  EXPECT_EQ(place.json("/studies/1/curves").find("curves")->as_list()[0].find("value")->dump(),
            "[0.5,0.25]");
}

TEST(Api, AStreamTellsWhatIsNewAndThatAStudyIsGone) {
  TestPlace place;
  place.add(R"({"lr": 0.1, "kind": 3})");
  const HttpResponse response = place.get("/studies/1/events?since=0");
  ASSERT_TRUE(response.events);
  EXPECT_EQ(response.events->next(0)->find("event: hello\n"), 0U);
  const std::string changes = *response.events->next(0);
  EXPECT_EQ(changes.find("event: changes\nid: 2\n"), 0U);
  EXPECT_NE(changes.find("trial_added"), std::string::npos);
  EXPECT_EQ(response.events->next(0), "");
  place.add(R"({"lr": 0.1, "kind": 3})");
  EXPECT_NE(response.events->next(60 * kSecond_us)->find("id: 4\n"), std::string::npos);
  place.store.release_lead(place.id, place.token);
  place.store.delete_study(place.id);
  EXPECT_EQ(response.events->next(60 * kSecond_us), "event: gone\ndata: {}\n\n");
  EXPECT_FALSE(response.events->next(0));
  EXPECT_EQ(place.get("/studies/1").status, 404);
}

TEST(Api, AClientThatIsFarBehindReloads) {
  TestPlace place;
  for (int i = 0; i < 2600; ++i) place.add(R"({"kind": 3})");
  const HttpResponse response = place.get("/studies/1/events?since=0");
  response.events->next(0);
  EXPECT_EQ(*response.events->next(0), "event: reset\nid: 5200\ndata: {\"version\":5200}\n\n");
}

TEST(Api, ManyReadersShareAModelThatGrows) {
  TestPlace place;
  place.add(R"({"lr": 0.1, "kind": 3})");
  place.api();
  std::vector<std::thread> readers;
  std::atomic<bool> over = false;
  std::atomic<int> wrong = 0;
  for (int t = 0; t < 4; ++t) {
    readers.emplace_back([&] {
      while (!over) {
        for (const char* path : {"/studies/1", "/studies/1/columns", "/studies/1/trials/0",
                                 "/studies", "/studies/1/front"}) {
          if (place.get(path).status != 200) ++wrong;
        }
      }
    });
  }
  for (int i = 0; i < 300; ++i) place.add(R"({"lr": 0.1, "kind": 3})");
  while (place.json("/studies/1").int_or("trials", 0) < 301) {
  }
  over = true;
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(wrong, 0);
}

TEST(Api, AStudyWhoseRecordIsReadIsToldInShort) {
  for (const bool guarded : {false, true}) {
    TestPlace place(guarded);
    for (const double loss : {3., 1., 2.}) {
      place.add(R"({"lr": 0.1, "kind": 3})");
      place.end(place.claim(), TrialState::complete, loss);
    }
    place.add(R"({"lr": 0.1, "kind": 3})");
    HttpResponse response;
    {
      const std::lock_guard lock(place.reading);
      response = place.get("/studies/1?patience_ms=0");
    }
    ASSERT_EQ(response.status, 202);
    const Value said = *Value::parse(response.body);
    EXPECT_EQ(said.find("counts")->int_or("complete", 0), 3);
    EXPECT_EQ(said.find("counts")->int_or("total", 0), 4);
    EXPECT_EQ(said.find("reading")->int_or("version", -1), 0);
    const Value* best = said.find("best");
    ASSERT_EQ(best != nullptr, !guarded) << "a guard may forbid the best by value";
    if (best) {
      EXPECT_EQ(best->int_or("trial", -1), 1);
    }
    EXPECT_EQ(place.get("/studies/1").status, 200);
  }
}

TEST(Api, TheCacheKeepsABoundedNumberOfStudies) {
  TestPlace place;
  const SpecRecord spec = place.store.spec(place.id, 0);
  ModelCache cache(place.store);
  std::vector<StudyId> ids;
  for (int i = 0; i < static_cast<int>(ModelCache::kModels) + 5; ++i) {
    NewStudy fresh;
    fresh.name = "study " + std::to_string(i);
    fresh.body = spec.body;
    fresh.metrics = {{"loss", MetricRole::objective}};
    ids.push_back(place.store.create_study(fresh));
    EXPECT_EQ(cache.open(ids.back())->version(), 0);
  }
  int kept = 0;
  for (const StudyId id : ids) kept += cache.find(id) != nullptr ? 1 : 0;
  EXPECT_EQ(kept, static_cast<int>(ModelCache::kModels));
  EXPECT_TRUE(cache.find(ids.back()));
}

TEST(Page, FilesHaveTypesThatBrowsersRun) {
  EXPECT_EQ(content_type_of("index.html"), "text/html; charset=utf-8");
  EXPECT_EQ(content_type_of("assets/a.js"), "text/javascript; charset=utf-8");
  EXPECT_EQ(content_type_of("x"), "application/octet-stream");
  for (const PageFile& file : page_files()) {
    EXPECT_EQ(find_page_file(file.path), &file);
    EXPECT_TRUE(file.etag.starts_with('"') && file.etag.ends_with('"'));
  }
}

TEST(Openapi, IsInTheProgram) {
  EXPECT_TRUE(openapi_text().starts_with("openapi: 3.1.0\n"));
  EXPECT_TRUE(openapi_text().ends_with("\n"));
}

}  // namespace
}  // namespace hone::server
