#include "hone/mlflow/receiver.h"

#include <gmock/gmock.h>
#include <httplib.h>

#include <fstream>

#include "hone/base/value.h"
#include "hone/mlflow/mlflow_test_support.h"

namespace hone::mlflow {
namespace {

using testing::ElementsAre;

constexpr const char* kApi = "/api/2.0/mlflow/";
constexpr const char* kArtifacts = "/api/2.0/mlflow-artifacts/artifacts";

class ReceiverTest : public testing::Test {
 protected:
  httplib::Headers with(const std::string& given) { return {{"Authorization", "Bearer " + given}}; }
  int post(const std::string& path, const std::string& body, const httplib::Headers& headers) {
    const auto answer = client.Post(kApi + path, headers, body, "application/json");
    last = answer ? Value::parse(answer->body).value_or(Value()) : Value();
    return answer ? answer->status : 0;
  }
  std::string make_run() {
    EXPECT_EQ(post("runs/create", "{}", with(token)), 200);
    return last.find("run")->find("info")->string_or("run_id", "");
  }

  TrialPlace place;
  std::string token = admit(place.tickets(), place.ticket());
  ReceiverServer server{place.tickets(), 0};
  httplib::Client client{"127.0.0.1", server.port()};
  Value last;
};

TEST_F(ReceiverTest, OnlyWhoHasTheTokenOfARunMayLog) {
  EXPECT_EQ(post("runs/create", "{}", {}), 401);
  EXPECT_EQ(post("runs/create", "{}", with("0123456789abcdef0123456789abcdef")), 401);
  EXPECT_EQ(post("runs/create", "{}", with("../" + token)), 401);
  EXPECT_EQ(post("runs/create", "{}", with(token)), 200);
  EXPECT_EQ(post("runs/create", "{}", {httplib::make_basic_authentication_header("x", token)}),
            200);
  dismiss(place.tickets(), token);  // the run has ended
  EXPECT_EQ(post("runs/create", "{}", with(token)), 401);
  EXPECT_EQ(client.Get("/health")->status, 200);
}

TEST_F(ReceiverTest, AnArtifactIsPutListedFetchedAndRemoved) {
  const std::string run = make_run();
  const std::string at = std::string(kArtifacts) + "/" + run + "/artifacts/deep/file%20one.bin";
  std::string bytes(3'000'000, '\0');
  for (std::size_t i = 0; i < bytes.size(); ++i)
    bytes[i] = static_cast<char>(i * 2654435761u >> 13);
  ASSERT_EQ(client.Put(at, with(token), bytes, "application/octet-stream")->status, 200);
  std::ifstream file(place.trial_dir() / "artifacts" / "deep" / "file one.bin", std::ios::binary);
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(file), {}), bytes);
  const auto list =
      client.Get(std::string(kArtifacts) + "?path=" + run + "/artifacts/deep", with(token));
  EXPECT_EQ(Value::parse(list->body)->find("files")->as_list().at(0).string_or("path", ""),
            "file one.bin");
  EXPECT_EQ(client.Get(at, with(token))->body, bytes);
  EXPECT_EQ(client.Delete(at, with(token))->status, 200);
  EXPECT_EQ(client.Get(at, with(token))->status, 404);
}

TEST_F(ReceiverTest, NothingOutsideOfTheArtifactsIsReachedByANameOrALink) {
  const std::string run = make_run();
  const std::string head = std::string(kArtifacts) + "/" + run + "/artifacts/";
  make_private_folder(place.trial_dir() / "artifacts");
  std::filesystem::create_symlink(place.trial_dir() / "run-0-0",
                                  place.trial_dir() / "artifacts" / "out");
  std::filesystem::create_symlink(place.ticket().folder / kJournalFile,
                                  place.trial_dir() / "artifacts" / "link");
  for (const std::string name :
       {"../run-0-0/x", "%2e%2e/x", "a/%2E%2E/%2E%2E/x", "out/x", "a%00b/x"}) {
    const auto put = client.Put(head + name, with(token), "x", "text/plain");
    EXPECT_NE(put->status, 200) << name;
    const auto got = client.Get(head + name, with(token));
    EXPECT_NE(got->status, 200) << name;
  }
  EXPECT_EQ(client.Get(head + "link", with(token))->status, 404);
  EXPECT_FALSE(std::filesystem::exists(place.trial_dir() / "run-0-0" / "x"));
}

TEST_F(ReceiverTest, WhatIsNoCallIsRefused) {
  EXPECT_EQ(post("runs/create", "{", with(token)), 400);
  EXPECT_EQ(post("runs/create", "[1]", with(token)), 400);
  EXPECT_EQ(post("runs/create", std::string(33u << 20, ' '), with(token)), 413);
  EXPECT_EQ(client.Post("/api/2.0/other/x", with(token), "{}", "application/json")->status, 404);
  EXPECT_EQ(client.Get("/", with(token))->status, 404);
  EXPECT_EQ(post("runs/search", "{}", with(token)), 200);
}

TEST(TicketTest, ATicketIsFoundByItsTokenUntilItIsTakenAway) {
  const TrialPlace place;
  const std::string token = admit(place.tickets(), place.ticket());
  EXPECT_EQ(token.size(), 32u);
  EXPECT_NE(admit(place.tickets(), place.ticket()), token);
  EXPECT_EQ(find_ticket(place.tickets(), token)->mark, "study/1/1");
  EXPECT_EQ(find_ticket(place.tickets(), token)->folder, place.ticket().folder);
  EXPECT_EQ(tickets_in(place.tickets()).size(), 2u);
  dismiss(place.tickets(), token);
  EXPECT_EQ(find_ticket(place.tickets(), token), std::nullopt);
  EXPECT_EQ(find_ticket(place.tickets(), "/etc/passwd"), std::nullopt);
}

}  // namespace
}  // namespace hone::mlflow
