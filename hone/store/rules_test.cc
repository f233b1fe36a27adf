#include "hone/store/rules.h"

#include <gtest/gtest.h>

namespace hone {
namespace {

TEST(LateReports, AreThoseAfterTheFirstCause) {
  Judged judged;
  judged.verdict = Verdict::pause;
  judged.cause_seq = 20;
  EXPECT_EQ(rules::late_after(0, judged), 20);
  EXPECT_EQ(rules::late_after(10, judged), 10);
  EXPECT_EQ(rules::late_after(30, judged), 20);
  judged.cause_seq = 0;
  EXPECT_EQ(rules::late_after(0, judged), 0) << "a user's verdict has no cause";
  judged.cause_seq = 20;
  judged.verdict = Verdict::go_on;
  EXPECT_EQ(rules::late_after(0, judged), 0);
  EXPECT_FALSE(rules::is_late(0, 99));
  EXPECT_FALSE(rules::is_late(20, 20)) << "the cause itself counts";
  EXPECT_TRUE(rules::is_late(20, 21));
}

TEST(QueueingARun, BeginsATrialAnewUnlessOthersOfItAreOpen) {
  RunPlan plan;
  auto q = rules::on_queue(plan, TrialState::running, Verdict::stop, 1);
  EXPECT_EQ(q.state, TrialState::running);
  EXPECT_FALSE(q.begins_anew);
  EXPECT_EQ(q.run_verdict, Verdict::stop) << "a further replicate shares the verdict";
  q = rules::on_queue(plan, TrialState::running, Verdict::stop, 0);
  EXPECT_EQ(q.state, TrialState::queued);
  EXPECT_TRUE(q.begins_anew);
  EXPECT_EQ(q.run_verdict, Verdict::go_on);
  plan.purpose = RunPurpose::confirm;
  q = rules::on_queue(plan, TrialState::complete, Verdict::stop, 0);
  EXPECT_EQ(q.state, TrialState::complete);
  EXPECT_EQ(q.run_verdict, Verdict::go_on);
}

TEST(Holders, AreReadBackFromTheirText) {
  const Holder holder{"host", "boot+4026532", 4711, 123456};
  EXPECT_EQ(Holder::parse(holder.text()), holder);
  for (const char* bad : {"", "a/b/c", "a/b/1/x", "a/b//2", "a/b/1/2/3"})
    EXPECT_FALSE(Holder::parse(bad)) << bad;
}

}  // namespace
}  // namespace hone
