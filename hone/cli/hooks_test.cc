// Hooks against real programs and a server on this machine.
#include "hone/cli/hooks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <httplib.h>
#include <stdlib.h>

#include <filesystem>

#include "hone/base/file.h"

namespace hone::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::optional<std::string> none(const std::string&) { return std::nullopt; }

HookEvent event() {
  HookEvent made{"trial_finished", "project/study", 7, Value::Map{}};
  made.result.set("event", made.event).set("trial", 7);
  return made;
}

TEST(Hooks, TellAProgramByItsEnvironmentWithoutAShell) {
  std::string problem;
  const auto argv = hook_command({{"say", "a b; rm"}, ""}, event(), "/work", none, problem);
  ASSERT_TRUE(argv);
  EXPECT_THAT(*argv, ElementsAre("env", "--chdir=/work", "HONE_EVENT=trial_finished",
                                 "HONE_STUDY=project/study", "HONE_TRIAL=7",
                                 R"(HONE_RESULT_JSON={"event":"trial_finished","trial":7})", "say",
                                 "a b; rm"));
}

TEST(Hooks, TakeSecretsFromVariablesAndSayWhichIsMissing) {
  std::string problem;
  const auto variable = [](const std::string& name) {
    return name == "KEY" ? std::optional<std::string>("k1") : std::nullopt;
  };
  const auto argv =
      hook_command({{"x", "--key=${envvar:KEY}."}, ""}, event(), "", variable, problem);
  ASSERT_TRUE(argv);
  EXPECT_EQ(argv->back(), "--key=k1.");
  EXPECT_FALSE(hook_command({{"${envvar:NONE}"}, ""}, event(), "", variable, problem));
  EXPECT_EQ(problem, "the variable NONE is not set");
}

TEST(Hooks, ALongResultLosesItsConfigurationBeforeItBecomesNoVariable) {
  HookEvent long_one = event();
  long_one.result.set("config", std::string(200'000, 'x'));
  std::string problem;
  const auto argv = hook_command({{"x"}, ""}, long_one, "", none, problem);
  for (const std::string& word : *argv) EXPECT_LT(word.size(), 1000U);
}

TEST(Hooks, PostJsonAndSayWhatWentWrongWithoutTheSecretPartOfTheAddress) {
  httplib::Server server;
  std::string got, type;
  server.Post("/secret/good", [&](const httplib::Request& request, httplib::Response&) {
    got = request.body;
    type = request.get_header_value("Content-Type");
  });
  server.Post("/secret/bad",
              [](const httplib::Request&, httplib::Response& response) { response.status = 500; });
  server.Post("/secret/away", [](const httplib::Request&, httplib::Response& response) {
    response.set_redirect("/secret/good");
  });
  const int port = server.bind_to_any_port("127.0.0.1");
  std::thread thread([&] { server.listen_after_bind(); });
  const std::string host = "http://127.0.0.1:" + std::to_string(port);
  constexpr std::int64_t kLimit_us = 30'000'000;
  EXPECT_EQ(post_json(host + "/secret/good", R"({"a":1})", kLimit_us), std::nullopt);
  EXPECT_EQ(got, R"({"a":1})");
  EXPECT_EQ(type, "application/json");
  got.clear();
  EXPECT_EQ(post_json(host + "/secret/bad", "{}", kLimit_us),
            host + "/*** answered with status 500");
  EXPECT_EQ(post_json(host + "/secret/away", "{}", kLimit_us),
            host + "/*** answered with status 302");
  EXPECT_EQ(got, "") << "a redirect is not followed";
  server.stop();
  thread.join();
  const auto refused = post_json(host + "/secret/good", "{}", kLimit_us);
  ASSERT_TRUE(refused);
  EXPECT_THAT(*refused, HasSubstr("Connection"));
  EXPECT_EQ(refused->find("secret"), std::string::npos);
}

TEST(Hooks, AddressesAreCutForLogs) {
  EXPECT_EQ(masked_address("https://hooks.example.org/T0/B0/xyz"), "https://hooks.example.org/***");
  EXPECT_EQ(masked_address("http://me:pw@host:80/x"), "http://host:80/***");
  EXPECT_EQ(masked_address("http://host"), "http://host");
  const std::string text =
      "program: a.py\nmetric: {name: x}\nparameters: {p: {min: 0, max: 1}}\n"
      "hooks: {finished: https://h.org/s3cret}  # https://h.org/s3cret\n";
  const std::string masked = mask_hooks(text);
  EXPECT_EQ(masked.find("s3cret"), std::string::npos);
  EXPECT_THAT(masked, HasSubstr("finished: https://h.org/***}"));
}

}  // namespace
}  // namespace hone::cli
