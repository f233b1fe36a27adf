#include "hone/mlflow/receiver.h"

#include <gmock/gmock.h>
#include <httplib.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <fstream>

#include "hone/base/owned_file.h"
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

/// A connection to the port that sends what it is told to.
int connect_and_send(int port, const std::string& text) {
  const int file = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<std::uint16_t>(port));
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(::connect(file, reinterpret_cast<sockaddr*>(&to), sizeof to), 0);
  EXPECT_EQ(::send(file, text.data(), text.size(), MSG_NOSIGNAL),
            static_cast<ssize_t>(text.size()));
  return file;
}

/// The status of the answer to a request whose body never comes; 0 where none comes in time.
int status_without_body(int port, const std::string& head) {
  const OwnedFile file(connect_and_send(port, head + "\r\n\r\n"));
  const timeval patience{20, 0};
  ::setsockopt(file.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  std::string answer(64, '\0');
  const ssize_t n = ::recv(file.get(), answer.data(), answer.size(), 0);
  return n > 12 ? std::atoi(answer.c_str() + 9) : 0;
}

TEST_F(ReceiverTest, NoBodyIsReadThatNobodyMaySend) {
  const std::string at = " /api/2.0/mlflow/logged-models/m-1/tags/x HTTP/1.1";
  const std::string length = "\r\nContent-Length: 1099511627776";
  const std::string bearer = "\r\nAuthorization: Bearer " + token;
  EXPECT_EQ(status_without_body(server.port(), "DELETE" + at), 401);
  EXPECT_EQ(status_without_body(server.port(), "DELETE" + at + "\r\nContent-Length: 9"), 401);
  EXPECT_EQ(status_without_body(server.port(), "DELETE" + at + length), 413);
  EXPECT_EQ(status_without_body(server.port(), "DELETE" + at + length + bearer), 413);
  EXPECT_EQ(
      status_without_body(server.port(), "DELETE" + at + bearer + "\r\nTransfer-Encoding: chunked"),
      413);
  EXPECT_EQ(status_without_body(server.port(), "PRI" + at + length + bearer), 405);
  EXPECT_EQ(status_without_body(server.port(), "POST" + at + length), 401);
  EXPECT_EQ(status_without_body(server.port(),
                                "PUT" + at + length + bearer + "\r\nContent-Encoding: gzip"),
            415);
  // A call that deletes, with the body that MLflow's client sends and without one.
  EXPECT_EQ(status_without_body(server.port(), "DELETE" + at + bearer), 404);
  EXPECT_EQ(
      client.Delete(at.substr(1, at.find(" HTTP") - 1), with(token), "{}", "application/json")
          ->status,
      404);
}

TEST_F(ReceiverTest, ConnectionsThatSayNothingHoldNobodyUp) {
  ReceiverServer hasty(place.tickets(), 0, 300);
  std::vector<std::unique_ptr<OwnedFile>> silent;
  for (int i = 0; i < 40; ++i) {
    silent.push_back(
        std::make_unique<OwnedFile>(connect_and_send(hasty.port(), "GET /health HTTP/1.1\r\nX: ")));
  }
  httplib::Client other("127.0.0.1", hasty.port());
  other.set_read_timeout(20);
  const auto answer = other.Get("/health");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 200);
}

TEST_F(ReceiverTest, AHeadThatDoesNotEndIsRefused) {
  const OwnedFile file(connect_and_send(server.port(), "GET /health HTTP/1.1\r\n"));
  const std::string line = "X: " + std::string(1000, 'x') + "\r\n";
  int sent = 0;
  while (sent < 10'000 && ::send(file.get(), line.data(), line.size(), MSG_NOSIGNAL) > 0) ++sent;
  EXPECT_LT(sent, 10'000);
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
