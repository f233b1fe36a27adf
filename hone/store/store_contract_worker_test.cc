// The contract suite: the workers' side, and many threads at once.
#include <atomic>
#include <cmath>
#include <limits>
#include <set>
#include <thread>

#include "hone/base/error.h"
#include "hone/store/store_contract.h"

namespace hone {

TEST_P(StoreContract, HandsOutRunsByPriorityAndThenInOrder) {
  const StudyId id = make_study();
  std::vector<Action> actions;
  const std::vector<int> priorities = {0, 5, 0, 5, -1};
  for (std::int64_t i = 0; i < 5; ++i) {
    QueueRun run = queue(i);
    run.plan.priority = priorities[static_cast<std::size_t>(i)];
    actions.emplace_back(trial(i));
    actions.emplace_back(run);
  }
  apply(id, lead(id), actions);
  const WorkerId w = worker(here(2));
  EXPECT_TRUE(store_->claim(id, w, 0, kTtl_us).empty());
  std::vector<std::int64_t> order;
  for (const int count : {2, 1, 99, 99}) {
    for (const Claim& claim : store_->claim(id, w, count, kTtl_us)) {
      order.push_back(claim.run.plan.trial);
    }
  }
  EXPECT_EQ(order, (std::vector<std::int64_t>{1, 3, 0, 2, 4}));
}

TEST_P(StoreContract, GivesAClaimAllThatAWorkerNeeds) {
  const StudyId id = make_study();
  QueueRun run = queue(0, 1, 2);
  run.plan.resume_from = "/checkpoint";
  run.plan.fidelity_target = 9.0;
  run.plan.resources = Value::Map{{"gpus", 0.5}};
  apply(id, lead(id), {trial(0), run});
  clock_.advance_us(17);
  const WorkerId w = worker(here(2));
  const auto claims = store_->claim(id, w, 1, kTtl_us);
  ASSERT_EQ(claims.size(), 1U);
  const Claim& claim = claims[0];
  EXPECT_TRUE(claim.run.id.valid());
  EXPECT_EQ(event_body(RunQueued{claim.run.id, claim.run.plan}).dump(),
            event_body(RunQueued{claim.run.id, run.plan}).dump());
  EXPECT_EQ(claim.run.plan.trial, 0);
  EXPECT_EQ(claim.run.state, RunState::claimed);
  EXPECT_EQ(claim.run.token, 1);
  EXPECT_EQ(claim.run.worker, w);
  EXPECT_EQ(claim.run.started_us, clock_.now_us());
  ASSERT_TRUE(claim.proposal);
  EXPECT_EQ(claim.proposal->number, 0);
  EXPECT_EQ(claim.proposal->config, trial(0).proposal->config);
  EXPECT_EQ(claim.verdict, Verdict::go_on);
  EXPECT_EQ(claim.next_ordinal, 0);
  EXPECT_EQ(claim.parsed, "{}");
  EXPECT_EQ(claim.started, "{}");
  EXPECT_EQ(claim.busy_before_us, 0);
}

TEST_P(StoreContract, RegistersAWorkerOnce) {
  const WorkerId first = worker(here(2), "a");
  EXPECT_EQ(worker(here(2), "a"), first);
  EXPECT_NE(worker(here(3), "b"), first);
  EXPECT_THROW(worker(here(3), "a"), Error);
}

TEST_P(StoreContract, CountsTheTimeOfEarlierRunsOfTheTrial) {
  const Running running = make_running();
  RunEnd end = finished(5 * kSecond_us);
  end.outcome = RunOutcome::interrupted;
  store_->end_run(running.claim.run.id, running.claim.run.token, {}, end);
  QueueRun replicate = queue(0);
  replicate.plan.replicate = 1;
  apply(running.study, running.lead, {queue(0, 1), replicate});
  const auto claims = store_->claim(running.study, running.worker, 2, kTtl_us);
  ASSERT_EQ(claims.size(), 2U);
  EXPECT_EQ(claims[0].busy_before_us, 5 * kSecond_us);
  EXPECT_EQ(claims[1].busy_before_us, 0) << "a replicate has a curve and a time of its own";
}

TEST_P(StoreContract, StoresReportsInOrder) {
  const Running running = make_running();
  ReportBatch batch;
  const std::vector<double> values = {1.5,
                                      std::nan(""),
                                      std::numeric_limits<double>::infinity(),
                                      -std::numeric_limits<double>::infinity(),
                                      -0.0,
                                      5e-324};
  for (std::size_t i = 0; i < values.size(); ++i) {
    Report report;
    report.ordinal = static_cast<std::int64_t>(2 * i);  // points have the others
    report.fidelity = 0.5 * static_cast<double>(i);
    report.metric = static_cast<int>(i % 2);
    report.value = values[i];
    report.busy_us = static_cast<std::int64_t>(i) * 10;
    batch.reports.push_back(report);
  }
  batch.next_ordinal = 12;
  clock_.advance_us(7);
  ASSERT_EQ(store_->append(running.claim.run.id, running.claim.run.token, batch).lease,
            LeaseState::held);
  const auto page = store_->changes_since(running.study, 3, 100);
  ASSERT_EQ(page.size(), values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    EXPECT_EQ(page[i].at_us, clock_.now_us());
    const auto& reported = std::get<Reported>(page[i].body);
    EXPECT_EQ(reported.report.run, running.claim.run.id);
    EXPECT_EQ(reported.report.trial, 0);
    EXPECT_EQ(reported.report.ordinal, static_cast<std::int64_t>(2 * i));
    EXPECT_EQ(reported.report.fidelity, 0.5 * static_cast<double>(i));
    EXPECT_EQ(reported.report.metric, static_cast<int>(i % 2));
    EXPECT_EQ(reported.report.busy_us, static_cast<std::int64_t>(i) * 10);
    EXPECT_FALSE(reported.late);
    if (std::isnan(values[i])) {
      EXPECT_TRUE(std::isnan(reported.report.value));
    } else {
      EXPECT_EQ(reported.report.value, values[i]);
      EXPECT_EQ(std::signbit(reported.report.value), values[i] < 0)
          << "no store keeps a negative zero";
    }
  }
}

TEST_P(StoreContract, DropsWhatIsStoredAlready) {
  const Running running = make_running();
  const RunId run = running.claim.run.id;
  const std::int64_t token = running.claim.run.token;
  ReportBatch first = reports(0, 3);
  first.points = {{"lr", 1, 0.1, 5}, {"grad", 1, 2.5, 5}};
  first.next_ordinal = 5;
  for (int i = 0; i < 2; ++i) EXPECT_EQ(store_->append(run, token, first).lease, LeaseState::held);
  EXPECT_EQ(store_->study(running.study)->last_seq, 6);
  EXPECT_EQ(store_->points(run).size(), 2U);
  // A batch that overlaps: its new reports are stored, its points are not, since they may be old.
  ReportBatch overlapping = reports(2, 5);
  overlapping.points = {{"lr", 2, 0.2, 6}};
  overlapping.next_ordinal = 8;
  store_->append(run, token, overlapping);
  const auto page = store_->changes_since(running.study, 6, 100);
  ASSERT_EQ(page.size(), 2U);
  EXPECT_EQ(std::get<Reported>(page[0].body).report.ordinal, 5);
  EXPECT_EQ(std::get<Reported>(page[1].body).report.ordinal, 6);
  EXPECT_EQ(store_->points(run).size(), 2U);
  EXPECT_EQ(store_->run_detail(run).parsed, overlapping.parsed);
  // An old batch, sent again late, changes nothing, not even the parsers' state.
  store_->append(run, token, first);
  EXPECT_EQ(store_->run_detail(run).parsed, overlapping.parsed);
  EXPECT_EQ(store_->study(running.study)->last_seq, 8);
  // Progress of the parsers without anything new to report is kept.
  ReportBatch bytes_only;
  bytes_only.next_ordinal = 8;
  bytes_only.parsed = R"({"stdout":999})";
  store_->append(run, token, bytes_only);
  EXPECT_EQ(store_->run_detail(run).parsed, bytes_only.parsed);
}

TEST_P(StoreContract, RefusesABatchOutOfOrder) {
  const Running running = make_running();
  const auto append = [&](const ReportBatch& batch) {
    try {
      store_->append(running.claim.run.id, running.claim.run.token, batch);
    } catch (const Error& error) {
      return error.code() == ErrorCode::invalid_input;
    }
    return false;
  };
  ReportBatch falling = reports(0, 2);
  std::swap(falling.reports[0], falling.reports[1]);
  EXPECT_TRUE(append(falling));
  ReportBatch beyond = reports(0, 2);
  beyond.next_ordinal = 1;
  EXPECT_TRUE(append(beyond));
  ReportBatch undeclared = reports(0, 2);
  undeclared.reports[1].metric = 2;
  EXPECT_TRUE(append(undeclared));
  ReportBatch nowhere = reports(0, 2);
  nowhere.reports[1].fidelity = std::nan("");
  EXPECT_TRUE(append(nowhere));
  EXPECT_EQ(store_->study(running.study)->last_seq, 3) << "nothing of them was stored";
}

TEST_P(StoreContract, KeepsPointsInOrder) {
  const Running running = make_running();
  std::vector<Point> all;
  std::int64_t next = 0;
  for (int frame = 0; frame < 12; ++frame) {
    ReportBatch batch;
    for (int i = 0; i < 50; ++i) {
      batch.points.push_back({i % 3 == 0 ? "grad norm" : "lr \xC3\xA4", frame * 50.0 + i,
                              i == 7 ? NAN : 1.0 / i, frame * 1000 - i});
    }
    all.insert(all.end(), batch.points.begin(), batch.points.end());
    next += 50;
    batch.next_ordinal = next;
    ASSERT_EQ(store_->append(running.claim.run.id, running.claim.run.token, batch).lease,
              LeaseState::held);
  }
  const auto stored = store_->points(running.claim.run.id);
  ASSERT_EQ(stored.size(), all.size());
  for (std::size_t i = 0; i < all.size(); ++i) {
    EXPECT_EQ(stored[i].metric, all[i].metric);
    EXPECT_EQ(stored[i].step, all[i].step);
    EXPECT_EQ(stored[i].busy_us, all[i].busy_us);
    EXPECT_TRUE(stored[i].value == all[i].value ||
                (std::isnan(stored[i].value) && std::isnan(all[i].value)));
  }
  EXPECT_EQ(store_->study(running.study)->last_seq, 3) << "points are no changes";
}

TEST_P(StoreContract, KeepsWhatAWorkerSaysOfItsProcess) {
  const Running running = make_running();
  RunStart start;
  start.argv = {"python", "train.py", "--text=a \"b\""};
  start.folder = "/trials/0";
  start.pid = 4242;
  start.pid_start = 99;
  start.devices = R"([0,1])";
  start.environment = R"({"git":"abc"})";
  const RunId run = running.claim.run.id;
  ASSERT_EQ(store_->start_run(run, running.claim.run.token, start), LeaseState::held);
  EXPECT_EQ(store_->start_run(run, running.claim.run.token + 1, start), LeaseState::lost);
  const auto detail = store_->run_detail(run);
  EXPECT_EQ(Value::parse(detail.environment)->string_or("git", ""), "abc");
  const auto started = Value::parse(detail.started);
  ASSERT_TRUE(started);
  EXPECT_EQ(started->string_or("folder", ""), "/trials/0");
  EXPECT_EQ(started->int_or("pid", 0), 4242);
  EXPECT_EQ(started->int_or("pid_start", 0), 99);
  ASSERT_TRUE(started->find("argv"));
  EXPECT_EQ(started->find("argv")->dump(), R"(["python","train.py","--text=a \"b\""])");
  EXPECT_EQ(started->find("devices")->dump(), "[0,1]");
  probe_.kill(here(2));
  const auto taken = store_->take_over(running.study, worker(here(3)), kTtl_us);
  ASSERT_EQ(taken.size(), 1U);
  EXPECT_EQ(taken[0].started, detail.started);
}

TEST_P(StoreContract, EndsARunOnceHoweverOftenItIsTold) {
  const Running running = make_running();
  const RunId run = running.claim.run.id;
  const std::int64_t token = running.claim.run.token;
  const auto end = [&](std::int64_t with) {
    return store_->end_run(run, with, reports(0, 2), finished(9));
  };
  EXPECT_EQ(end(token + 1), LeaseState::lost);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(end(token), LeaseState::held);
  EXPECT_EQ(end(token - 1), LeaseState::lost);
  EXPECT_EQ(kinds(running.study),
            (std::vector<std::string>{"trial_added", "run_queued", "run_claimed", "reported",
                                      "reported", "run_ended"}));
  EXPECT_EQ(store_->append(run, token, reports(2, 1)).lease, LeaseState::lost);
  EXPECT_EQ(store_->start_run(run, token, {}), LeaseState::lost);
  const std::vector<RunLease> leases = {{run, token}};
  EXPECT_EQ(store_->renew(running.worker, leases, kTtl_us).at(0).lease, LeaseState::lost);
  apply(running.study, running.lead, {TrialMoved{0, TrialState::complete, {}, "", {}, {}}});
}

TEST_P(StoreContract, KeepsTextThatIsNoUtf8Readable) {
  const Running running = make_running();
  RunEnd end = finished();
  end.detail = "log: \xFF\xC3 \xC3\xA4";
  ASSERT_EQ(store_->end_run(running.claim.run.id, running.claim.run.token, {}, end),
            LeaseState::held);
  const auto all = changes(running.study);
  const auto& back = std::get<RunEnded>(all.back().body).end.detail;
  EXPECT_EQ(back.substr(0, 5), "log: ");
  EXPECT_EQ(back.substr(back.size() - 2), "\xC3\xA4");
}

TEST_P(StoreContract, LosesARunThatNeverWas) {
  make_study();
  const WorkerId w = worker(here(2));
  const RunId nowhere{4711};
  EXPECT_EQ(store_->append(nowhere, 1, {}).lease, LeaseState::lost);
  EXPECT_EQ(store_->end_run(nowhere, 1, {}, {}), LeaseState::lost);
  EXPECT_EQ(store_->start_run(nowhere, 1, {}), LeaseState::lost);
  const std::vector<RunLease> leases = {{nowhere, 1}};
  EXPECT_EQ(store_->renew(w, leases, kTtl_us).at(0).lease, LeaseState::lost);
}

TEST_P(StoreContract, CannotActOnARunThatWaits) {
  const StudyId id = make_study();
  apply(id, lead(id), {trial(0), queue(0)});
  const RunId waiting = std::get<RunQueued>(changes(id)[1].body).run;
  EXPECT_EQ(store_->append(waiting, 0, reports(0, 1)).lease, LeaseState::lost);
  EXPECT_EQ(store_->end_run(waiting, 0, {}, finished()), LeaseState::lost);
  EXPECT_EQ(store_->start_run(waiting, 0, {}), LeaseState::lost);
  EXPECT_EQ(changes(id).size(), 2U);
}

TEST_P(StoreContract, TakesOverTheRunsOfADeadWorkerOnItsMachine) {
  const Running running = make_running();
  const RunId run = running.claim.run.id;
  store_->append(run, running.claim.run.token, reports(0, 2));
  const WorkerId heir = worker(here(3));
  EXPECT_TRUE(store_->take_over(running.study, heir, kTtl_us).empty()) << "its worker lives";
  clock_.advance_us(100 * kTtl_us);
  EXPECT_TRUE(store_->take_over(running.study, heir, kTtl_us).empty()) << "however late it is";
  probe_.kill(here(2));
  EXPECT_TRUE(store_->take_over(running.study, worker(elsewhere(9)), kTtl_us).empty())
      << "not from another machine";
  const auto taken = store_->take_over(running.study, heir, kTtl_us);
  ASSERT_EQ(taken.size(), 1U);
  EXPECT_EQ(taken[0].run.id, run);
  EXPECT_EQ(taken[0].run.token, running.claim.run.token + 1);
  EXPECT_EQ(taken[0].run.worker, heir);
  EXPECT_EQ(taken[0].next_ordinal, 2);
  EXPECT_EQ(taken[0].parsed, reports(0, 2).parsed);
  EXPECT_EQ(taken[0].proposal->config, running.claim.proposal->config);
  const auto claimed = std::get<RunClaimed>(changes(running.study).back().body);
  EXPECT_EQ(claimed.run, run);
  EXPECT_EQ(claimed.worker, heir);
  EXPECT_EQ(store_->append(run, running.claim.run.token, reports(2, 1)).lease, LeaseState::lost);
  EXPECT_EQ(store_->append(run, taken[0].run.token, reports(2, 1)).lease, LeaseState::held);
  EXPECT_TRUE(store_->take_over(running.study, heir, kTtl_us).empty()) << "it has it already";
}

TEST_P(StoreContract, RenewsOnlyForTheWorkerThatHolds) {
  const Running running = make_running();
  const std::vector<RunLease> leases = {{running.claim.run.id, running.claim.run.token},
                                        {running.claim.run.id, running.claim.run.token + 1}};
  const auto own = store_->renew(running.worker, leases, kTtl_us);
  ASSERT_EQ(own.size(), 2U);
  EXPECT_EQ(own[0].lease, LeaseState::held);
  EXPECT_EQ(own[1].lease, LeaseState::lost);
  EXPECT_EQ(store_->renew(worker(here(3)), leases, kTtl_us).at(0).lease, LeaseState::lost);
}

TEST_P(StoreContract, TellsAWorkerWhatItHolds) {
  const Running running = make_running();
  const WorkerId w = running.worker;
  const RunId run = running.claim.run.id;
  const std::int64_t token = running.claim.run.token;
  store_->append(run, token, reports(0, 2));
  const auto before = changes(running.study).size();
  auto held = store_->held(w);
  ASSERT_EQ(held.size(), 1U);
  EXPECT_EQ(held[0].run.id, run);
  EXPECT_EQ(held[0].run.token, token);
  EXPECT_EQ(held[0].next_ordinal, 2);
  EXPECT_EQ(held[0].started, "{}");
  EXPECT_EQ(held[0].proposal->config, running.claim.proposal->config);
  RunStart start;
  start.folder = "/trials/0";
  store_->start_run(run, token, start);
  EXPECT_EQ(Value::parse(store_->held(w).at(0).started)->string_or("folder", ""), "/trials/0");
  EXPECT_TRUE(store_->held(worker(here(3))).empty());
  EXPECT_THROW(store_->held(WorkerId{4711}), Error);
  EXPECT_EQ(changes(running.study).size(), before) << "reads only";
  store_->end_run(run, token, {}, finished());
  EXPECT_TRUE(store_->held(w).empty());
}

TEST_P(StoreContract, ChecksLeasesWithoutRenewing) {
  const StudyId id = make_study();
  const std::int64_t token = lead(id);
  apply(id, token, {trial(0), queue(0)});
  const Claim claim = store_->claim(id, worker(elsewhere(2)), 1, kTtl_us).at(0);
  const std::vector<RunLease> leases = {
      {claim.run.id, claim.run.token}, {claim.run.id, claim.run.token + 1}, {RunId{4711}, 1}};
  clock_.advance_us(kTtl_us);
  apply(id, token, {Judged{0, Verdict::stop, "", "", 0, {}}});
  const auto answers = store_->check(leases);
  ASSERT_EQ(answers.size(), 3U);
  EXPECT_EQ(answers[0].lease, LeaseState::held);
  EXPECT_EQ(answers[0].verdict, Verdict::stop);
  EXPECT_EQ(answers[1].lease, LeaseState::lost);
  EXPECT_EQ(answers[2].lease, LeaseState::lost);
  EXPECT_EQ(store_->lost_runs(id).size(), 1U) << "the lease still ran out";
}

// Many at once.

TEST_P(StoreContract, GivesNoRunToTwoOfManyThreads) {
  constexpr int kThreads = 16;
  constexpr int kTrials = 64;
  const StudyId id = make_study();
  const std::int64_t token = lead(id);
  std::vector<Action> actions;
  for (std::int64_t i = 0; i < kTrials; ++i) {
    actions.emplace_back(trial(i));
    actions.emplace_back(queue(i));
  }
  apply(id, token, actions);
  std::mutex mutex;
  std::vector<std::int64_t> done;
  std::atomic<int> failures = 0;
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([&, t] {
        try {
          const WorkerId w = worker(here(100 + t));
          for (;;) {
            const auto claims = store_->claim(id, w, 1 + t % 3, kTtl_us);
            if (claims.empty()) return;
            for (const Claim& claim : claims) {
              const RunId run = claim.run.id;
              for (int k = 0; k < 3; ++k) {
                if (store_->append(run, claim.run.token, reports(k, 1)).lease != LeaseState::held)
                  ++failures;
              }
              if (store_->end_run(run, claim.run.token, reports(3, 1), finished()) !=
                  LeaseState::held) {
                ++failures;
              }
              const std::lock_guard lock(mutex);
              done.push_back(claim.run.plan.trial);
            }
          }
        } catch (const Error& error) {
          ADD_FAILURE() << error.what();
        }
      });
    }
    // The leader goes on meanwhile, and a reader reads.
    threads.emplace_back([&] {
      for (int i = 0; i < 20; ++i) apply(id, token, {Noted{"busy", Value(i)}});
    });
    threads.emplace_back([&] {
      std::int64_t after = 0;
      for (int i = 0; i < 50; ++i) {
        for (const Change& change : store_->changes_since(id, after, 37)) {
          if (change.seq != ++after) ++failures;
        }
      }
    });
  }
  EXPECT_EQ(failures, 0);
  EXPECT_EQ(done.size(), static_cast<std::size_t>(kTrials));
  EXPECT_EQ(std::set<std::int64_t>(done.begin(), done.end()).size(),
            static_cast<std::size_t>(kTrials));
  const auto all = changes(id);
  EXPECT_EQ(all.size(), static_cast<std::size_t>(kTrials * (2 + 1 + 4 + 1) + 20));
  std::map<std::int64_t, int> reported;
  for (const Change& change : all) {
    if (const auto* r = std::get_if<Reported>(&change.body)) {
      EXPECT_EQ(r->report.ordinal, reported[r->report.trial]++);
    }
  }
}

TEST_P(StoreContract, KeepsThePointsOfARunThatLoggedRarelyWhenItEnds) {
  const Running running = make_running();
  std::vector<Point> all;
  std::int64_t ordinal = 0;
  for (int frame = 0; frame < 50; ++frame) {
    ReportBatch batch;
    for (int i = 0; i < 3; ++i)
      batch.points.push_back({"metric " + std::to_string(i), frame * 1.0, frame + 0.1 * i, frame});
    all.insert(all.end(), batch.points.begin(), batch.points.end());
    batch.next_ordinal = ordinal += 3;
    EXPECT_EQ(store_->append(running.claim.run.id, running.claim.run.token, batch).lease,
              LeaseState::held);
  }
  ReportBatch last;
  last.next_ordinal = ordinal + 1;
  last.points = {{"at the end", 50, 1, 99}};
  all.push_back(last.points.front());
  EXPECT_EQ(store_->end_run(running.claim.run.id, running.claim.run.token, last, finished()),
            LeaseState::held);
  const auto stored = store_->points(running.claim.run.id);
  ASSERT_EQ(stored.size(), all.size());
  for (std::size_t i = 0; i < all.size(); ++i) {
    EXPECT_EQ(stored[i].metric, all[i].metric);
    EXPECT_EQ(stored[i].step, all[i].step);
    EXPECT_EQ(stored[i].value, all[i].value);
    EXPECT_EQ(stored[i].busy_us, all[i].busy_us);
  }
}

}  // namespace hone
