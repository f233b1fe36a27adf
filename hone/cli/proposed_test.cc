#include "hone/cli/proposed.h"

#include <gtest/gtest.h>

namespace hone::cli {
namespace {

std::string text_of(const char* info) {
  Proposal proposal;
  proposal.info = *Value::parse(info);
  return proposed_text(proposal);
}

TEST(Proposed, NamesTheEarlierStudiesThatShapedAProposal) {
  const char* const said =
      "; expects what first 70 %, second 30 % says, with a correlation of 0.82";
  EXPECT_EQ(text_of(R"({"rule": "gp", "of": 12, "trust": 0.82,
                        "sources": {"first": 0.7, "second": 0.3}})"),
            std::string("gp: the most expected improvement after 12 trials") + said);
  EXPECT_EQ(text_of(R"({"rule": "explore", "of": 12, "trust": 0.82,
                        "sources": {"first": 0.7, "second": 0.3}})"),
            std::string("gp, exploring: where the model knows least after 12 trials") + said);
}

TEST(Proposed, SaysThatARunOfCmaesBeganWithEarlierStudies) {
  EXPECT_EQ(text_of(R"({"rule": "cmaes", "generation": 2, "warm": true})"),
            "cmaes: generation 3, from where earlier studies were best");
  EXPECT_EQ(text_of(R"({"rule": "cmaes", "generation": 2})"), "cmaes: generation 3");
}

TEST(Proposed, SaysWhereTheProcessLooked) {
  EXPECT_EQ(text_of(R"({"rule": "gp", "of": 30, "box": 0.2, "theta": [0.1]})"),
            "gp: the most expected improvement after 30 trials, within 20 % of each range around "
            "the best");
  EXPECT_EQ(text_of(R"({"rule": "gp", "of": 30, "box": 0.2, "theta": [[0.1], [0.2]]})"),
            "gp: the most expected improvement of the front after 30 trials, within 20 % of each "
            "range around one of it");
}

TEST(Proposed, SaysWhatATrialIsExpectedToCostWhereThatCounted) {
  EXPECT_EQ(
      text_of(R"({"rule": "gp", "of": 30, "expected_s": 90})"),
      "gp: the most expected improvement after 30 trials, for its cost (about 1 m 30 s expected)");
  EXPECT_EQ(text_of(R"({"rule": "gp", "of": 30, "expected_cost": 2.5})"),
            "gp: the most expected improvement after 30 trials, for its cost (about 2.5 expected)");
}

TEST(Proposed, NamesAnUnknownRuleAndIsSilentWithoutOne) {
  EXPECT_EQ(text_of(R"({"rule": "astrology"})"), "astrology");
  EXPECT_EQ(text_of("{}"), "");
}

}  // namespace
}  // namespace hone::cli
