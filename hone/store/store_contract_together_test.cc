// The contract suite: several runs in one transaction, and claims within the leader's.
#include "hone/base/error.h"
#include "hone/store/store_contract.h"

namespace hone {
namespace {

RunWrite write_of(const Claim& claim) {
  RunWrite write;
  write.run = claim.run.id;
  write.token = claim.run.token;
  return write;
}

RunStart start_of(std::int64_t pid) {
  RunStart start;
  start.argv = {"train"};
  start.folder = "folder";
  start.pid = pid;
  start.pid_start = 7;
  return start;
}

}  // namespace

TEST_P(StoreContract, WritesSeveralRunsAtOnceAsIfOneAfterTheOther) {
  const StudyId id = make_study();
  apply(id, lead(id), {trial(0), queue(0), trial(1), queue(1), trial(2), queue(2)});
  const auto claims = store_->claim(id, worker(here(2)), 3, kTtl_us);
  ASSERT_EQ(claims.size(), 3U);
  std::vector<RunWrite> writes = {write_of(claims[0]), write_of(claims[1]), write_of(claims[2])};
  writes[0].start = start_of(11);
  writes[0].batch = reports(0, 2);
  writes[0].end = finished(5);
  writes[1].start = start_of(12);
  writes[2].start = start_of(13);
  writes[2].batch = reports(0, 1);
  const auto answers = store_->write_runs(writes);
  ASSERT_EQ(answers.size(), 3U);
  for (const WorkerAnswer& answer : answers) EXPECT_EQ(answer.lease, LeaseState::held);
  const auto all = kinds(id);
  const std::vector<std::string> last(all.end() - 4, all.end());
  EXPECT_EQ(last, (std::vector<std::string>{"reported", "reported", "run_ended", "reported"}));
  EXPECT_NE(store_->run_detail(claims[1].run.id).started.find("12"), std::string::npos);
  EXPECT_TRUE(store_->write_runs({}).empty());

  // Told again, as after a lost answer: nothing is there twice.
  const std::size_t before = changes(id).size();
  for (const WorkerAnswer& answer : store_->write_runs(writes))
    EXPECT_EQ(answer.lease, LeaseState::held);
  EXPECT_EQ(changes(id).size(), before);
}

TEST_P(StoreContract, LeavesALostRunOutOfAWriteOfSeveral) {
  const StudyId id = make_study();
  const std::int64_t token = lead(id);
  apply(id, token, {trial(0), queue(0), trial(1), queue(1)});
  const WorkerId mine = worker(here(2));
  const auto claims = store_->claim(id, mine, 2, kTtl_us);
  ASSERT_EQ(claims.size(), 2U);
  std::vector<RunWrite> writes = {write_of(claims[0]), write_of(claims[1])};
  ++writes[0].token;
  writes[0].start = start_of(1);
  writes[0].batch = reports(0, 1);
  writes[0].end = finished();
  writes[1].batch = reports(0, 1);
  const auto answers = store_->write_runs(writes);
  EXPECT_EQ(answers[0].lease, LeaseState::lost);
  EXPECT_EQ(answers[1].lease, LeaseState::held);
  EXPECT_EQ(store_->held(mine).size(), 2U);
  EXPECT_EQ(kinds(id).back(), "reported");
  EXPECT_EQ(store_->run_detail(claims[0].run.id).started, "{}");
}

TEST_P(StoreContract, WritesNoneOfSeveralRunsWhenOneIsWrong) {
  const StudyId id = make_study();
  apply(id, lead(id), {trial(0), queue(0), trial(1), queue(1)});
  const auto claims = store_->claim(id, worker(here(2)), 2, kTtl_us);
  ASSERT_EQ(claims.size(), 2U);
  const std::size_t before = changes(id).size();
  std::vector<RunWrite> writes = {write_of(claims[0]), write_of(claims[1])};
  writes[0].batch = reports(0, 1);
  writes[1].batch = reports(0, 1);
  writes[1].batch->reports[0].metric = 99;
  EXPECT_THROW(store_->write_runs(writes), Error);
  EXPECT_EQ(changes(id).size(), before);
  EXPECT_EQ(store_->append(claims[0].run.id, claims[0].run.token, reports(0, 1)).lease,
            LeaseState::held);
  EXPECT_EQ(changes(id).size(), before + 1);
}

TEST_P(StoreContract, TellsTheVerdictInTheAnswerToAWriteOfSeveral) {
  const auto [id, token, mine, claim] = make_running();
  apply(id, token, {Judged{0, Verdict::stop, "rung 1", "asha", 0, FailKind::none}});
  RunWrite write = write_of(claim);
  write.batch = reports(0, 1);
  const auto answers = store_->write_runs({&write, 1});
  EXPECT_EQ(answers.at(0).lease, LeaseState::held);
  EXPECT_EQ(answers.at(0).verdict, Verdict::stop);
}

TEST_P(StoreContract, GivesRunsToAWorkerInTheLeadersOwnTransaction) {
  const StudyId id = make_study();
  const WorkerId mine = worker(here(2));
  QueueRun urgent = queue(2);
  urgent.plan.priority = 5;
  apply(id, lead(id),
        {trial(0), queue(0), trial(1), queue(1), trial(2), urgent, ClaimRuns{mine, 2, kTtl_us}});
  const auto held = store_->held(mine);
  ASSERT_EQ(held.size(), 2U);
  EXPECT_EQ(held[0].run.plan.trial, 0);
  EXPECT_EQ(held[1].run.plan.trial, 2);
  for (const Claim& claim : held) {
    EXPECT_EQ(claim.run.state, RunState::claimed);
    EXPECT_EQ(claim.run.token, 1);
    EXPECT_EQ(claim.started, "{}");
  }
  const auto rest = store_->claim(id, mine, 9, kTtl_us);
  ASSERT_EQ(rest.size(), 1U);
  EXPECT_EQ(rest[0].run.plan.trial, 1);
}

TEST_P(StoreContract, TakesAClaimBackWithTheRestOfItsTransaction) {
  const StudyId id = make_study();
  const std::int64_t token = lead(id);
  const WorkerId mine = worker(here(2));
  apply(id, token, {trial(0), queue(0)});
  const std::vector<Action> wrong = {ClaimRuns{mine, 1, kTtl_us}, trial(7)};
  EXPECT_THROW(store_->apply(id, token, wrong), Error);
  EXPECT_TRUE(store_->held(mine).empty());
  EXPECT_EQ(store_->claim(id, mine, 1, kTtl_us).size(), 1U);
  const std::vector<Action> nobody = {ClaimRuns{WorkerId{99}, 1, kTtl_us}};
  EXPECT_THROW(store_->apply(id, token, nobody), Error);
}

}  // namespace hone
