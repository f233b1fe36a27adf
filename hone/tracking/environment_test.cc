#include "hone/tracking/environment.h"

#include <gtest/gtest.h>

namespace hone {
namespace {

TEST(MaskSecrets, ReplacesWhatFollowsASecretFlag) {
  const auto masked =
      mask_secrets({"train.py", "--api-key", "abc", "--hf_token=xyz", "--lr", "0.1"});
  EXPECT_EQ(masked, (std::vector<std::string>{"train.py", "--api-key", "***", "--hf_token=***",
                                              "--lr", "0.1"}));
}

TEST(MaskSecrets, LeavesTokenCountsAlone) {
  const auto masked = mask_secrets({"--max_tokens=512", "--tokenizer", "bpe"});
  EXPECT_EQ(masked, (std::vector<std::string>{"--max_tokens=512", "--tokenizer", "bpe"}));
}

TEST(MaskSecrets, RemovesCredentialsFromAddresses) {
  EXPECT_EQ(mask_secrets({"https://me:pw@host/x"}).front(), "https://***@host/x");
  EXPECT_EQ(mask_secrets({"https://host/x@y"}).front(), "https://host/x@y");
}

TEST(MaskSecrets, RemovesKeysFromDiffs) {
  const std::string diff = "+key = \"x\"\n+API_KEY = \"hello\"\n+login(\"hf_abcdefghijklmnop\")\n";
  const std::string masked = mask_secrets_in_text(diff);
  EXPECT_EQ(masked.find("hello"), std::string::npos);
  EXPECT_EQ(masked.find("abcdefghij"), std::string::npos);
  EXPECT_NE(masked.find("+key = \"x\"\n"), std::string::npos);
  EXPECT_EQ(masked.back(), '\n');
}

TEST(EnvironmentVariables, AreKeptByAllowListAndNeverWhenTheyNameASecret) {
  EXPECT_TRUE(is_recorded_variable("CUDA_VISIBLE_DEVICES"));
  EXPECT_TRUE(is_recorded_variable("OMP_NUM_THREADS"));
  EXPECT_FALSE(is_recorded_variable("HF_HUB_TOKEN"));
  EXPECT_FALSE(is_recorded_variable("HOME"));
  EXPECT_FALSE(is_recorded_variable("AWS_SECRET_ACCESS_KEY"));
}

EnvironmentSources repository(std::string diff) {
  EnvironmentSources sources;
  sources.run = [diff](const std::vector<std::string>& argv) -> std::optional<std::string> {
    if (argv[0] != "git" || argv[2] != "/code") return std::nullopt;
    if (argv[3] == "diff") return diff;
    if (argv[3] == "config") return "https://user:pw@host/repository.git\n";
    if (argv[4] == "--show-toplevel") return "/code\nsub/\n";
    return argv[4] == "HEAD" ? "0123abc\n" : "main\n";
  };
  sources.environment = {{"OMP_NUM_THREADS", "2"}, {"HOME", "/users/ann"}};
  return sources;
}

TEST(CollectEnvironment, KeepsCommitBranchAndDiff) {
  const Value record =
      collect_environment({"1", {"python", "t.py"}, "/code", "", {}, 0}, repository("+x = 1"));
  const Value* git = record.find("git");
  ASSERT_NE(git, nullptr);
  EXPECT_EQ(git->string_or("commit", ""), "0123abc");
  EXPECT_EQ(git->string_or("branch", ""), "main");
  EXPECT_EQ(git->string_or("remote", ""), "https://***@host/repository.git");
  EXPECT_EQ(git->string_or("diff", ""), "+x = 1");
  EXPECT_TRUE(git->bool_or("dirty", false));
  EXPECT_EQ(git->string_or("root", ""), "/code");
  EXPECT_EQ(git->string_or("prefix", ""), "sub/");
  EXPECT_EQ(git->find("diff_masked"), nullptr);
  EXPECT_EQ(record.find("variables")->dump(), R"({"OMP_NUM_THREADS":"2"})");
}

TEST(CollectEnvironment, CutsALongDiff) {
  const Value record = collect_environment({"1", {}, "/code", "", {}, 0},
                                           repository(std::string(kDiffBytes + 10, 'x')));
  EXPECT_EQ(record.find("git")->string_or("diff", "").size(), kDiffBytes);
  EXPECT_TRUE(record.find("git")->bool_or("diff_cut", false));
}

TEST(CollectEnvironment, KeepsADiffByteForByteAndSaysWhereItWasMasked) {
  const std::string diff = "@@ -1,2 +1,2 @@\n-a\n+b\n \n";
  Value git = *collect_environment({"1", {}, "/code", "", {}, 0}, repository(diff)).find("git");
  EXPECT_EQ(git.string_or("diff", ""), diff) << "the blank at the end is a line of context";
  git = *collect_environment({"1", {}, "/code", "", {}, 0}, repository("+password = \"x1\"\n"))
             .find("git");
  EXPECT_TRUE(git.bool_or("diff_masked", false));
}

TEST(CollectEnvironment, ReadsPackagesFromNamesOfFolders) {
  const auto python = parse_python_answer(
      "3.11.2\n/venv/bin/python\nnumpy 2.1.0\ntorch 2.4.1\nnumpy 1.24.2\nlocal ?\n\nodd\n");
  ASSERT_TRUE(python);
  EXPECT_EQ(python->string_or("program", ""), "/venv/bin/python");
  EXPECT_EQ(python->string_or("version", ""), "3.11.2");
  EXPECT_EQ(python->find("packages")->dump(), R"({"local":"?","numpy":"2.1.0","torch":"2.4.1"})");
  EXPECT_FALSE(parse_python_answer(""));
  std::string many = "3\n/p\n";
  for (std::size_t i = 0; i < kPackages + 5; ++i) many += "p" + std::to_string(i) + " 1\n";
  EXPECT_EQ(parse_python_answer(many)->find("packages")->as_map().size(), kPackages);
}

TEST(CollectEnvironment, DoesWithoutGit) {
  const Value record = collect_environment({"1", {}, "/elsewhere", "", {}, 0}, repository(""));
  EXPECT_EQ(record.find("git"), nullptr);
}

}  // namespace
}  // namespace hone
