#include "hone/server/access.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hone/base/error.h"
#include "hone/base/file.h"
#include "hone/base/scratch_folder.h"
#include "hone/server/peer.h"

namespace hone::server {
namespace {

const std::string kRead = "read-token-read-token-read";
const std::string kAdmin = "admin-token-admin-token-ad";

class AccessTest : public testing::Test {
 protected:
  Access make(bool open = true, bool read_only = false) {
    AccessOptions options;
    options.tokens = {kRead, kAdmin};
    options.open_to_own_user = open;
    options.read_only = read_only;
    options.hosts = {"lab-box"};
    options.port = 7070;
    return Access(options, clock_);
  }
  static HttpRequest request(Pairs headers, const char* method = "GET", bool own = false) {
    HttpRequest request;
    request.method = method;
    request.path = {"api", "v1", "studies"};
    request.headers = std::move(headers);
    request.same_user = own;
    return request;
  }
  ManualClock clock_;
};

TEST_F(AccessTest, TokensGiveTheirRole) {
  Access access = make();
  const auto admin = access.caller(request({{"authorization", "Bearer " + kAdmin}}));
  EXPECT_EQ(admin->role, Role::admin);
  EXPECT_TRUE(admin->may_change);
  const auto read = access.caller(request({{"authorization", "bearer  " + kRead + " "}}));
  EXPECT_EQ(read->role, Role::read);
  EXPECT_FALSE(read->may_change);
  for (const std::string& wrong : {std::string("Bearer "), "Bearer " + kAdmin.substr(1),
                                   "Bearer " + kAdmin + "x", "Basic " + kAdmin, std::string("x")}) {
    EXPECT_FALSE(access.caller(request({{"authorization", wrong}}, "GET", true))) << wrong;
  }
  EXPECT_EQ(access.caller(request({}))->role, Role::none);
}

TEST_F(AccessTest, WhoComesThroughAProxyIsNotTheUserAtTheMachine) {
  Access access = make();
  for (const char* header :
       {"forwarded", "via", "x-real-ip", "x-forwarded-for", "x-forwarded-proto"}) {
    const auto caller = access.caller(request({{header, "192.0.2.1"}}, "GET", true));
    EXPECT_EQ(caller->role, Role::none) << header;
    EXPECT_EQ(caller->page_token, "") << header;
    const auto token = access.caller(
        request({{header, "192.0.2.1"}, {"authorization", "Bearer " + kRead}}, "GET", true));
    EXPECT_EQ(token->role, Role::read) << header;
  }
}

TEST_F(AccessTest, TheUserAtTheMachineReadsAndChangesByThePage) {
  Access access = make();
  const auto own = access.caller(request({}, "GET", true));
  EXPECT_EQ(own->role, Role::admin);
  EXPECT_FALSE(own->may_change);
  EXPECT_TRUE(
      access.caller(request({{"hone-page-token", own->page_token}}, "POST", true))->may_change);
  EXPECT_FALSE(
      access.caller(request({{"hone-page-token", own->page_token}}, "POST", false))->may_change)
      << "somebody else's";
  EXPECT_FALSE(access.caller(request({{"hone-page-token", ""}}, "POST", true))->may_change);
  EXPECT_NE(make().caller(request({}, "GET", true))->page_token, own->page_token);
  Access closed = make(false);
  EXPECT_EQ(closed.caller(request({}, "GET", true))->role, Role::none);
  Access reading = make(true, true);
  const auto reader = reading.caller(request({}, "GET", true));
  EXPECT_EQ(reader->role, Role::read);
  EXPECT_FALSE(
      reading.caller(request({{"hone-page-token", reader->page_token}}, "POST", true))->may_change);
  EXPECT_FALSE(reading.caller(request({{"authorization", "Bearer " + kAdmin}}))->may_change);
}

TEST_F(AccessTest, SessionsEndInTimeAndByLoggingOut) {
  Access access = make(false);
  EXPECT_FALSE(access.login("wrong"));
  const auto session = access.login(kAdmin);
  ASSERT_TRUE(session);
  const std::string cookie = session->cookie.substr(0, session->cookie.find(';'));
  const auto asks = [&](const std::string& page_token) {
    return *access.caller(
        request({{"cookie", "other=1; " + cookie}, {"hone-page-token", page_token}}));
  };
  EXPECT_FALSE(asks("").may_change);
  EXPECT_TRUE(asks(session->caller.page_token).may_change);
  EXPECT_EQ(asks("").session, session->caller.session);
  clock_.advance_us(Access::kSession_us + 1);
  EXPECT_EQ(asks("").role, Role::none);
  const auto again = access.login(kRead);
  access.logout(again->caller.session);
  EXPECT_EQ(
      access.caller(request({{"cookie", again->cookie.substr(0, again->cookie.find(';'))}}))->role,
      Role::none);
}

TEST_F(AccessTest, GuessingIsSlowedDown) {
  Access access = make();
  for (int i = 0; i < Access::kWrongAMinute; ++i) EXPECT_FALSE(access.login("guess"));
  EXPECT_THROW(access.login(kAdmin), Error);
  clock_.advance_us(61 * kSecond_us);
  EXPECT_TRUE(access.login(kAdmin));
}

TEST_F(AccessTest, SessionsAreBounded) {
  Access access = make(false);
  const auto first = access.login(kRead);
  for (std::size_t i = 0; i < Access::kSessions; ++i) {
    clock_.advance_us(1);
    access.login(kRead);
  }
  EXPECT_EQ(
      access.caller(request({{"cookie", first->cookie.substr(0, first->cookie.find(';'))}}))->role,
      Role::none);
}

TEST_F(AccessTest, KnowsItsOwnNamesAndSites) {
  const Access access = make();
  const auto status = [&](Pairs headers, const char* method = "GET") {
    const auto refused = access.refusal(request(std::move(headers), method));
    return refused ? refused->status : 200;
  };
  for (const char* host : {"localhost", "LocalHost:1", "127.0.0.1:7070", "10.1.2.3", "[::1]:7070",
                           "lab-box:7070", "x.localhost"})
    EXPECT_EQ(status({{"host", host}}), 200) << host;
  for (const char* host : {"", "evil.example", "127.0.0.1.evil.example", "1.2.3", "[::1",
                           "localhost.evil", "lab-box.evil", "..."})
    EXPECT_NE(status({{"host", host}}), 200) << host;
  EXPECT_EQ(status({{"host", "localhost:7070"}, {"origin", "http://localhost:7070"}}), 200);
  EXPECT_EQ(status({{"host", "localhost:7070"}, {"origin", "http://localhost:1"}}), 403);
  EXPECT_EQ(status({{"host", "localhost:7070"}, {"origin", "null"}}), 403);
  EXPECT_EQ(status({{"host", "localhost"}, {"sec-fetch-site", "cross-site"}}), 403);
  EXPECT_EQ(status({{"host", "localhost"}, {"sec-fetch-site", "none"}}), 200);
}

TEST(Tokens, AreMadeOnceForTheirUserAlone) {
  const ScratchFolder folder;
  const auto path = folder.path() / "below" / "tokens.json";
  const Tokens made = load_tokens(path);
  EXPECT_GE(made.admin.size(), 32U);
  EXPECT_NE(made.admin, made.read);
  struct stat info {};
  ASSERT_EQ(::stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600U);
  EXPECT_EQ(load_tokens(path).admin, made.admin);
  ::chmod(path.c_str(), 0640);
  EXPECT_THROW(load_tokens(path), Error);
  ::chmod(path.c_str(), 0600);
  for (const char* wrong :
       {"", "{}", "[]", R"({"read": "short", "admin": "short"})",
        R"({"read": "aaaaaaaaaaaaaaaaaaaaaaaa", "admin": "aaaaaaaaaaaaaaaaaaaaaaaa"})"}) {
    write_file_atomically(path, wrong);
    EXPECT_THROW(load_tokens(path), Error) << wrong;
  }
}

TEST(Tokens, AreComparedAsAWhole) {
  EXPECT_TRUE(equal_in_constant_time("abc", "abc"));
  EXPECT_FALSE(equal_in_constant_time("abc", "abd"));
  EXPECT_FALSE(equal_in_constant_time("abc", "abcabc"));
  EXPECT_FALSE(equal_in_constant_time("abcabc", "abc"));
  EXPECT_FALSE(equal_in_constant_time("", "abc"));
  EXPECT_FALSE(equal_in_constant_time("abc", ""));
  EXPECT_NE(random_token(), random_token());
}

TEST(Peer, IsFoundInTheTableOfSockets) {
  constexpr std::string_view kTable =
      "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid\n"
      "   0: 0100007F:1B9E 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0  0 1\n"
      "   1: 0100007F:D6F4 0100007F:1B9E 01 00000000:00000000 00:00000000 00000000  1000  0 2\n"
      "   2: 0100007F:D6F5 0100007F:1B9E 06 00000000:00000000 00:00000000 00000000     0  0 0\n";
  EXPECT_EQ(user_in_table(kTable, "0100007F:D6F4", "0100007F:1B9E"), 1000U);
  EXPECT_FALSE(user_in_table(kTable, "0100007F:D6F5", "0100007F:1B9E")) << "no longer open";
  EXPECT_FALSE(user_in_table(kTable, "0100007F:D6F6", "0100007F:1B9E"));
  EXPECT_FALSE(user_in_table("", "a", "b"));
}

}  // namespace
}  // namespace hone::server
