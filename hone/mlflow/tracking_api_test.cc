#include "hone/mlflow/tracking_api.h"

#include <gmock/gmock.h>

#include <cmath>

#include "hone/base/file.h"
#include "hone/mlflow/artifacts.h"
#include "hone/mlflow/mlflow_test_support.h"

namespace hone::mlflow {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class TrackingApiTest : public testing::Test {
 protected:
  Value call(const std::string& method, const std::string& path, const std::string& body,
             int status = 200) {
    const ApiAnswer answer = api.handle(
        {method, path_parts(path), Value::parse(body).value_or(Value("unreadable"))}, ++now_ms);
    EXPECT_EQ(answer.status, status) << path << " " << body << ": " << answer.body.dump();
    return answer.body;
  }
  Value post(const std::string& path, const std::string& body, int status = 200) {
    return call("POST", path, body, status);
  }
  std::string make_run(const std::string& body = "{}") {
    return post("runs/create", body).find("run")->find("info")->string_or("run_id", "");
  }
  std::string metrics() const {
    return std::filesystem::exists(place.ticket().metrics) ? read_file(place.ticket().metrics) : "";
  }

  TrialPlace place;
  TrackingApi api{place.ticket()};
  std::int64_t now_ms = 1000;
};

TEST_F(TrackingApiTest, MetricsThatShareAStepBecomeOneLineForHone) {
  const std::string run = make_run();
  post("runs/log-batch", R"({"run_id": ")" + run + R"(", "metrics": [
    {"key": "loss", "value": 0.5, "timestamp": 1, "step": 3},
    {"key": "acc", "value": "NaN", "timestamp": 1, "step": 3},
    {"key": "loss", "value": 0.25, "timestamp": 2, "step": 4}]})");
  post("runs/log-metric",
       R"({"run_id": ")" + run + R"(", "key": "loss", "value": "-Infinity", "step": "5"})");
  EXPECT_EQ(metrics(),
            "@hone {\"loss\":0.5,\"acc\":NaN,\"step\":3}\n@hone {\"loss\":0.25,\"step\":4}\n"
            "@hone {\"loss\":-Infinity,\"step\":5}\n");
}

TEST_F(TrackingApiTest, EachMetricThatIsLoggedWithoutStepsIsCountedByItself) {
  const std::string run = make_run();
  for (const char* value : {"3", "2", "1"}) {
    for (const char* key : {"loss", "acc"})
      post("runs/log-metric",
           R"({"run_id": ")" + run + R"(", "key": ")" + key + R"(", "value": )" + value + "}");
  }
  EXPECT_EQ(metrics(),
            "@hone {\"loss\":3.0,\"step\":0}\n@hone {\"acc\":3.0,\"step\":0}\n"
            "@hone {\"loss\":2.0,\"step\":1}\n@hone {\"acc\":2.0,\"step\":1}\n"
            "@hone {\"loss\":1.0,\"step\":2}\n@hone {\"acc\":1.0,\"step\":2}\n");
}

TEST_F(TrackingApiTest, ValuesWithoutStepsInOneCallAreCountedToo) {
  const std::string run = make_run();
  post("runs/log-batch", R"({"run_id": ")" + run + R"(", "metrics": [
    {"key": "loss", "value": 3}, {"key": "loss", "value": 2}, {"key": "late", "value": 1, "step": 4},
    {"key": "late", "value": 2}]})");
  EXPECT_EQ(metrics(),
            "@hone {\"loss\":3.0,\"step\":0}\n@hone {\"loss\":2.0,\"step\":1}\n"
            "@hone {\"late\":1.0,\"step\":4}\n@hone {\"late\":2.0,\"step\":0}\n");
}

TEST_F(TrackingApiTest, AMetricCalledStepKeepsItsName) {
  const std::string run = make_run();
  post("runs/log-metric", R"({"run_id": ")" + run + R"(", "key": "step", "value": 7, "step": 2})");
  EXPECT_EQ(metrics(), "@hone {\"step\":7.0,\"_step\":2}\n");
}

TEST_F(TrackingApiTest, TheValueOfAMetricIsThatOfTheHighestStep) {
  const std::string run = make_run();
  post("runs/log-batch", R"({"run_id": ")" + run + R"(", "metrics": [
    {"key": "loss", "value": 2, "timestamp": 5, "step": 9},
    {"key": "loss", "value": 3, "timestamp": 6, "step": 1}]})");
  const Value answer = call("GET", "runs/get", R"({"run_id": ")" + run + "\"}");
  const Value& metric = answer.find("run")->find("data")->find("metrics")->as_list().at(0);
  EXPECT_EQ(metric.number_or("value", 0), 2);
  EXPECT_EQ(metric.int_or("step", 0), 9);
  const Value history =
      call("GET", "metrics/get-history", R"({"run_id": ")" + run + R"(", "metric_key": "loss"})");
  EXPECT_EQ(history.find("metrics")->as_list().size(), 2u);
}

TEST_F(TrackingApiTest, AHistoryComesInPages) {
  const std::string run = make_run();
  for (int i = 0; i < 5; ++i)
    post("runs/log-metric", R"({"run_id": ")" + run + R"(", "key": "m", "value": 1, "step": )" +
                                std::to_string(i) + "}");
  std::vector<std::int64_t> steps;
  std::string token;
  for (int page = 0; page < 3; ++page) {
    const Value answer =
        call("GET", "metrics/get-history",
             R"({"run_id": ")" + run +
                 R"(", "metric_key": "m", "max_results": "2", "page_token": ")" + token + "\"}");
    for (const Value& each : answer.find("metrics")->as_list())
      steps.push_back(each.int_or("step", -1));
    token = answer.string_or("next_page_token", "");
  }
  EXPECT_EQ(token, "");
  EXPECT_THAT(steps, ElementsAre(0, 1, 2, 3, 4));
}

TEST_F(TrackingApiTest, AParameterIsNotChanged) {
  const std::string run = make_run();
  const std::string head = R"({"run_id": ")" + run + R"(", "key": "lr", "value": )";
  post("runs/log-parameter", head + "\"0.1\"}");
  post("runs/log-parameter", head + "\"0.1\"}");
  const Value refused = post("runs/log-parameter", head + "\"0.2\"}", 400);
  EXPECT_EQ(refused.string_or("error_code", ""), "INVALID_PARAMETER_VALUE");
  EXPECT_THAT(refused.string_or("message", ""), HasSubstr("already logged with value='0.1'"));
}

TEST_F(TrackingApiTest, ACallThatIsRefusedLeavesNothing) {
  const std::string run = make_run();
  post("runs/log-batch", R"({"run_id": ")" + run + R"(", "metrics": [
    {"key": "loss", "value": 1}, {"key": "loss", "value": "much"}]})",
       400);
  EXPECT_EQ(metrics(), "");
  const Value answer = call("GET", "runs/get", R"({"run_id": ")" + run + "\"}");
  EXPECT_TRUE(answer.find("run")->find("data")->find("metrics")->as_list().empty());
}

TEST_F(TrackingApiTest, NumbersThatAreNoWholeOnesOf64BitsAreRefused) {
  const std::string run = make_run();
  for (const char* bad :
       {"1e300", "-1e300", "\"NaN\"", "\"Infinity\"", "\"soon\"", "9223372036854775808"}) {
    for (const char* key : {"step", "timestamp"})
      post(
          "runs/log-metric",
          R"({"run_id": ")" + run + R"(", "key": "loss", "value": 1, ")" + key + "\": " + bad + "}",
          400);
    post("runs/update", R"({"run_id": ")" + run + R"(", "end_time": )" + bad + "}", 400);
    post("runs/create", std::string(R"({"start_time": )") + bad + "}", 400);
  }
  EXPECT_EQ(metrics(), "");
  post("runs/log-metric",
       R"({"run_id": ")" + run + R"(", "key": "loss", "value": 1, "step": -9223372036854775808})");
}

TEST_F(TrackingApiTest, WhatCannotBeKeptIsNotHandedOn) {
  const std::string run = make_run();
  const std::filesystem::path journal = place.ticket().folder / kJournalFile;
  const std::filesystem::path aside = place.trial_dir() / "aside";
  const std::string call = R"({"run_id": ")" + run + R"(", "key": "loss", "value": 1})";
  std::filesystem::rename(journal, aside);
  std::filesystem::create_directory(journal);  // in place of a full disk
  post("runs/log-metric", call, 500);
  EXPECT_EQ(metrics(), "");
  std::filesystem::remove(journal);
  std::filesystem::rename(aside, journal);
  // What cannot be handed on is not kept.
  std::filesystem::create_directory(place.ticket().metrics);
  post("runs/log-metric", call, 500);
  std::filesystem::remove(place.ticket().metrics);
  post("runs/log-metric", call);
  EXPECT_EQ(metrics(), "@hone {\"loss\":1.0,\"step\":0}\n");
  EXPECT_EQ(read_tracked_runs(place.ticket().folder, "s").runs().front().history.at("loss").size(),
            1u);
}

TEST_F(TrackingApiTest, ALimitThatIsReachedIsSaid) {
  const std::string run = make_run();
  Value::List tags;
  for (std::size_t i = 1; i < kNamesAtMost; ++i) {  // the run's name is a tag already
    Value tag = Value::Map{};
    tags.push_back(std::move(tag.set("key", std::to_string(i)).set("value", "")));
  }
  Value body = Value::Map{};
  body.set("run_id", run).set("tags", std::move(tags));
  EXPECT_EQ(api.handle({"POST", {"runs", "log-batch"}, body}, 1).status, 200);
  const std::string head = R"({"run_id": ")" + run + R"(", "key": ")";
  post("runs/set-tag", head + R"(7", "value": "again"})");
  post("runs/set-tag", head + R"(new", "value": "x"})", 400);
  Value::List too_many = body.find("tags")->as_list();
  too_many.push_back(*Value::parse(R"({"key": "new", "value": ""})"));
  EXPECT_EQ(api.handle({"POST", {"runs", "create"}, body.set("tags", too_many)}, 1).status, 400);

  TrackingApi small(place.ticket(), 200);
  EXPECT_THAT(
      small.handle({"POST", {"runs", "create"}, Value::Map{}}, 1).body.string_or("message", ""),
      HasSubstr("are the most"));
}

TEST_F(TrackingApiTest, ALoggedModelIsKeptOnce) {
  const std::string run = make_run();
  for (const char* name : {"first", "second", "third"}) {
    Value body = Value::Map{};
    body.set("run_id", run).set("model_json", std::string(R"({"name": ")") + name + "\"}");
    EXPECT_EQ(api.handle({"POST", {"runs", "log-model"}, body}, 1).status, 200);
  }
  const std::string kept = read_file(place.ticket().folder / kJournalFile);
  EXPECT_EQ(kept.find("first"), kept.rfind("first"));
  EXPECT_EQ(read_tracked_runs(place.ticket().folder, "s").runs().front().tags.at(kModelHistory),
            R"([{"name":"first"},{"name":"second"},{"name":"third"}])");
}

TEST_F(TrackingApiTest, APathOutsideOfTheArtifactsIsAMistakeOfTheCall) {
  const std::string run = make_run();
  make_private_folder(place.trial_dir() / kArtifactsFolder);
  call("GET", "artifacts/list", R"({"run_id": ")" + run + R"(", "path": ".."})", 400);
}

TEST_F(TrackingApiTest, WhatWasLoggedIsThereForAReceiverThatIsStartedAnew) {
  const std::string run = make_run(R"({"run_name": "first"})");
  post("runs/set-tag", R"({"run_id": ")" + run + R"(", "key": "kind", "value": "x"})");
  post("runs/set-tag", R"({"run_id": ")" + run + R"(", "key": "gone", "value": "y"})");
  post("runs/delete-tag", R"({"run_id": ")" + run + R"(", "key": "gone"})");
  post("runs/log-metric", R"({"run_id": ")" + run + R"(", "key": "loss", "value": 4, "step": 2})");
  post("runs/update", R"({"run_id": ")" + run + R"(", "status": 3, "end_time": 99})");
  const Value before = call("GET", "runs/get", R"({"run_id": ")" + run + "\"}");

  TrackingApi other(place.ticket());
  const ApiAnswer after =
      other.handle({"GET", {"runs", "get"}, *Value::parse(R"({"run_id": ")" + run + "\"}")}, 1);
  EXPECT_EQ(after.body.dump(), before.dump());
  EXPECT_EQ(before.find("run")->find("info")->string_or("status", ""), "FINISHED");
}

TEST_F(TrackingApiTest, ADamagedLineIsPassedOver) {
  const std::string run = make_run();
  std::FILE* file = std::fopen((place.ticket().folder / kJournalFile).c_str(), "a");
  std::fputs("{\"call\": \"log\", \"bo\n[1]\n{\"call\": \"later\", \"body\": {}}\n", file);
  std::fclose(file);
  EXPECT_NE(
      TrackingApi(place.ticket()).handle({"GET", {"runs", "search"}, {}}, 1).body.find("runs"),
      nullptr);
  EXPECT_EQ(read_tracked_runs(place.ticket().folder, "s").runs().size(), 1u);
  EXPECT_EQ(read_tracked_runs(place.ticket().folder, "s").runs().front().id, run);
}

TEST_F(TrackingApiTest, SearchesTakeFiltersAndOrders) {
  for (const char* name : {"a", "b", "c"}) {
    const std::string run = make_run(std::string(R"({"run_name": ")") + name + "\"}");
    post("runs/log-batch", R"({"run_id": ")" + run +
                               R"(", "metrics": [{"key": "val loss", "value": )" +
                               std::to_string(name[0] - 'a') +
                               R"(}], "params": [{"key": "net", "value": "net-)" + name + "\"}]}");
  }
  const auto found = [&](const std::string& filter, const std::string& order = "",
                         int at_most = 10) {
    Value body = Value::Map{};
    body.set("filter", filter).set("max_results", at_most);
    if (!order.empty()) body.set("order_by", Value::List{Value(order)});
    const ApiAnswer answer = api.handle({"POST", {"runs", "search"}, body}, 1);
    if (answer.status != 200) return answer.body.dump();
    std::string names;
    for (const Value& run : answer.body.find("runs")->as_list())
      names += run.find("info")->string_or("run_name", "");
    return names;
  };
  EXPECT_EQ(found(""), "cba");
  EXPECT_EQ(found("metrics.`val loss` >= 1"), "cb");
  EXPECT_EQ(found("params.net = 'net-a' AND status = 'RUNNING'"), "a");
  EXPECT_EQ(found("params.net ILIKE 'NET-%' and metrics.\"val loss\" < 1"), "a");
  EXPECT_EQ(found("attributes.run_name IN ('a', 'c')"), "ca");
  EXPECT_EQ(found("attributes.run_name NOT IN ('a', 'c')"), "b");
  EXPECT_EQ(found("tags.none = 'x'"), "");
  EXPECT_EQ(found("", "metrics.`val loss` ASC"), "abc");
  EXPECT_EQ(found("", "params.net DESC", 2), "cb");
  for (const char* bad : {"metrics.x", "a = ", "a = 'b", "a = b", "= 1", "status = 'x' OR 1",
                          "what.x = 'y'", "a IN 'x'", "nothing = 'y'", "start_time = 'soon'"})
    EXPECT_THAT(found(bad), HasSubstr("INVALID_PARAMETER_VALUE")) << bad;
}

TEST_F(TrackingApiTest, ExperimentsAreNamedOnce) {
  EXPECT_EQ(call("GET", "experiments/get", R"({"experiment_id": "0"})")
                .find("experiment")
                ->string_or("name", ""),
            "tune");
  call("GET", "experiments/get-by-name", R"({"experiment_name": "mine"})", 404);
  const std::string id =
      post("experiments/create", R"({"name": "mine"})").string_or("experiment_id", "");
  EXPECT_EQ(post("experiments/create", R"({"name": "mine"})", 400).string_or("error_code", ""),
            "RESOURCE_ALREADY_EXISTS");
  post("runs/create", R"({"experiment_id": ")" + id + "\"}");
  post("runs/create", R"({"experiment_id": "17"})", 404);
}

TEST_F(TrackingApiTest, ModelsAreKept) {
  const Value made = post("logged-models", R"({"experiment_id": "0", "name": "m",
    "params": [{"key": "depth", "value": "3"}]})");
  const std::string id = made.find("model")->find("info")->string_or("model_id", "");
  post("logged-models/" + id + "/params", R"({"params": [{"key": "width", "value": "4"}]})");
  call("PATCH", "logged-models/" + id + "/tags", R"({"tags": [{"key": "a", "value": "b"}]})");
  call("PATCH", "logged-models/" + id, R"({"status": "LOGGED_MODEL_READY"})");
  const Value model = call("GET", "logged-models/" + id, "{}");
  EXPECT_EQ(model.find("model")->find("data")->find("params")->as_list().size(), 2u);
  EXPECT_EQ(model.find("model")->find("info")->string_or("status", ""), "LOGGED_MODEL_READY");
  EXPECT_EQ(post("logged-models/search", "{}").find("models")->as_list().size(), 1u);
  call("GET", "logged-models/m-none", "{}", 404);
}

TEST_F(TrackingApiTest, ArtifactsOfTheFirstRunLieAtTheTop) {
  const std::string first = make_run();
  const std::string second = make_run();
  using Parts = std::vector<std::string>;
  EXPECT_EQ(api.artifact_place({first, "artifacts", "a", "b"}), (Parts{"a", "b"}));
  EXPECT_EQ(api.artifact_place({second, "artifacts", "a"}), (Parts{second, "a"}));
  EXPECT_EQ(api.artifact_place({"other", "artifacts", "a"}), std::nullopt);
  EXPECT_EQ(api.artifact_place({first, "elsewhere"}), std::nullopt);
  EXPECT_EQ(api.artifact_place({}), std::nullopt);
}

TEST_F(TrackingApiTest, WhatIsNotThereIsSaidInMlflowsWords) {
  EXPECT_EQ(post("registered-models/create", "{}", 404).string_or("error_code", ""),
            "ENDPOINT_NOT_FOUND");
  EXPECT_EQ(call("GET", "runs/get", R"({"run_id": "none"})", 404).string_or("error_code", ""),
            "RESOURCE_DOES_NOT_EXIST");
  for (const char* body : {"[]", "3", "\"x\"", R"({"run_id": 3})", R"({"run_id": {"a": []}})"})
    post("runs/log-batch", body, 404);
}

}  // namespace
}  // namespace hone::mlflow
