// The contract suite: studies, the leader's side, readers and requests. The workers' side is in
// store_contract_worker_test.cc.
#include "hone/store/store_contract.h"

#include <cmath>
#include <limits>
#include <thread>

#include "hone/base/error.h"

namespace hone {
namespace {

/// The code of the error that `call` throws, or nullopt.
std::optional<ErrorCode> code_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    EXPECT_STRNE(error.what(), "");
    return error.code();
  }
  return std::nullopt;
}

}  // namespace

void StoreContract::SetUp() {
  store_ = GetParam().make(clock_, probe_);
  if (!store_) GTEST_SKIP() << GetParam().name << " is not available here";
}

StudyId StoreContract::make_study(const std::string& name) {
  NewStudy fresh;
  fresh.project = "project";
  fresh.name = name;
  fresh.owner = "me";
  fresh.source = "name: study # as written\n";
  fresh.body = R"({"name":"study"})";
  fresh.metrics = {{"loss", MetricRole::objective}, {"memory", MetricRole::guard}};
  return store_->create_study(fresh);
}

std::int64_t StoreContract::lead(StudyId study) {
  const LeadResult result = store_->lead(study, here(1), kTtl_us);
  EXPECT_EQ(result.state, LeaseState::held);
  return result.token;
}

WorkerId StoreContract::worker(const Holder& holder, const std::string& uid) {
  const std::string name = uid.empty() ? "worker " + holder.text() : uid;
  return store_->register_worker({name, holder, "0.1.0", R"({"gpus":0})"});
}

TrialAdded StoreContract::trial(std::int64_t number) {
  auto proposal = std::make_shared<Proposal>();
  proposal->number = number;
  proposal->uid = "uid " + std::to_string(number);
  proposal->config.set("lr", 0.001 * static_cast<double>(number + 1));
  proposal->config.set("optimizer", "adam");
  proposal->info = Value(Value::Map{{"rule", "random"}, {"based_on", std::int64_t{0}}});
  proposal->created_us = 1'700'000'000'000'001;
  return {std::move(proposal)};
}

QueueRun StoreContract::queue(std::int64_t trial, int attempt, int segment) {
  RunPlan plan;
  plan.trial = trial;
  plan.attempt = attempt;
  plan.segment = segment;
  plan.seed = 7 + trial;
  plan.resources = Value::Map{};
  return {plan};
}

ReportBatch StoreContract::reports(std::int64_t first, int count, double value) {
  ReportBatch batch;
  for (std::int64_t i = first; i < first + count; ++i) {
    Report report;
    report.ordinal = i;
    report.fidelity = static_cast<double>(i + 1);
    report.value = value;
    report.busy_us = (i + 1) * kSecond_us;
    batch.reports.push_back(report);
  }
  batch.next_ordinal = first + count;
  batch.parsed = R"({"stdout":)" + std::to_string(batch.next_ordinal * 10) + "}";
  return batch;
}

RunEnd StoreContract::finished(std::int64_t busy_us) {
  RunEnd end;
  end.exit_code = 0;
  end.busy_us = busy_us;
  return end;
}

StoreContract::Running StoreContract::make_running(const std::string& name) {
  Running running;
  running.study = make_study(name);
  running.lead = lead(running.study);
  apply(running.study, running.lead, {trial(0), queue(0)});
  running.worker = worker(here(2));
  auto claims = store_->claim(running.study, running.worker, 1, kTtl_us);
  EXPECT_EQ(claims.size(), 1U);
  running.claim = std::move(claims.at(0));
  return running;
}

void StoreContract::apply(StudyId study, std::int64_t token, std::vector<Action> actions) {
  EXPECT_EQ(store_->apply(study, token, actions), LeaseState::held);
}

std::vector<Change> StoreContract::changes(StudyId study) {
  return store_->changes_since(study, 0, 1'000'000);
}

std::vector<std::string> StoreContract::kinds(StudyId study) {
  std::vector<std::string> names;
  for (const Change& change : changes(study)) {
    names.emplace_back(event_kind_name(event_kind(change.body)));
  }
  return names;
}

using Kinds = std::vector<std::string>;

// Studies.

TEST_P(StoreContract, CreatesAStudyAndFindsIt) {
  const StudyId id = make_study();
  const auto info = store_->find_study("project", "study");
  ASSERT_TRUE(info);
  EXPECT_EQ(info->id, id);
  EXPECT_EQ(info->uid.size(), 26U);
  EXPECT_EQ(info->project, "project");
  EXPECT_EQ(info->name, "study");
  EXPECT_EQ(info->state, StudyState::open);
  EXPECT_EQ(info->spec_version, 1);
  EXPECT_EQ(info->last_seq, 0);
  EXPECT_EQ(info->trials, 0);
  EXPECT_EQ(info->created_us, clock_.now_us());
  EXPECT_FALSE(info->leader);
  EXPECT_FALSE(store_->find_study("", "study"));
  EXPECT_EQ(store_->study(id)->uid, info->uid);
  EXPECT_FALSE(store_->study(StudyId{id.value + 99}));
}

TEST_P(StoreContract, RefusesASecondStudyOfTheSameName) {
  make_study();
  EXPECT_EQ(code_of([&] { make_study(); }), ErrorCode::exists);
  make_study("other");
  const auto list = store_->list_studies();
  ASSERT_EQ(list.size(), 2U);
  EXPECT_EQ(list[0].name, "study");
  EXPECT_EQ(list[1].name, "other");
  EXPECT_NE(list[0].uid, list[1].uid);
}

TEST_P(StoreContract, KeepsEveryVersionOfTheSpec) {
  const StudyId id = make_study();
  const std::int64_t token = lead(id);
  apply(id, token, {Noted{"a", Value(1)}, PutSpec{"new source", R"({"v":2})", "me"}});
  EXPECT_EQ(store_->spec(id, 1).source, "name: study # as written\n");
  EXPECT_EQ(store_->spec(id, 1).body, R"({"name":"study"})");
  EXPECT_EQ(store_->spec(id, 1).from_seq, 0);
  const SpecRecord newest = store_->spec(id);
  EXPECT_EQ(newest.version, 2);
  EXPECT_EQ(newest.source, "new source");
  EXPECT_EQ(newest.from_seq, 2);
  EXPECT_EQ(store_->study(id)->spec_version, 2);
  EXPECT_EQ(kinds(id), (Kinds{"noted", "spec_changed"}));
  EXPECT_EQ(code_of([&] { store_->spec(id, 3); }), ErrorCode::not_found);
}

TEST_P(StoreContract, TellsHowFarAStudyIs) {
  const StudyId id = make_study();
  const StudyId other = make_study("other");
  EXPECT_EQ(store_->standing(id, Goal::minimize).trials.total(), 0);
  EXPECT_FALSE(store_->standing(id, Goal::minimize).best);
  EXPECT_EQ(code_of([&] { store_->standing(StudyId{4711}, Goal::minimize); }),
            ErrorCode::not_found);
  const std::int64_t token = lead(id);
  const auto moved = [](std::int64_t number, TrialState state, std::vector<Result> results) {
    TrialMoved move;
    move.trial = number;
    move.state = state;
    move.results = std::move(results);
    return move;
  };
  const auto of_loss = [](double value) { return Result{0, value, 1, 1, {}}; };
  for (std::int64_t n = 0; n < 8; ++n) apply(id, token, {trial(n)});
  for (std::int64_t n = 0; n < 7; ++n) apply(id, token, {queue(n)});
  for (const Claim& claim : store_->claim(id, worker(here(2)), 7, kTtl_us))
    store_->end_run(claim.run.id, claim.run.token, {}, finished());
  apply(id, token,
        {moved(0, TrialState::complete, {of_loss(2)}),
         moved(1, TrialState::complete, {of_loss(1), Result{1, -7, 1, 1, {}}}),
         moved(2, TrialState::complete, {of_loss(1)}),
         moved(3, TrialState::complete, {of_loss(std::nan(""))}),
         moved(4, TrialState::stopped, {of_loss(-5)}), moved(5, TrialState::complete, {of_loss(9)}),
         moved(6, TrialState::complete, {Result{1, -9, 1, 1, {}}})});
  const Standing least = store_->standing(id, Goal::minimize);
  EXPECT_EQ(least.best, (std::pair<std::int64_t, double>(1, 1)));
  EXPECT_EQ(store_->standing(id, Goal::maximize).best, (std::pair<std::int64_t, double>(5, 9)));
  EXPECT_EQ(least.trials.complete, 6);
  EXPECT_EQ(least.trials.stopped, 1);
  EXPECT_EQ(least.trials.queued, 1);
  EXPECT_EQ(least.trials.total(), 8);
  EXPECT_EQ(store_->standing(other, Goal::minimize).trials.total(), 0);
}

TEST_P(StoreContract, NamesWhatIsMissing) {
  const StudyId nowhere{4711};
  EXPECT_EQ(code_of([&] { store_->spec(nowhere); }), ErrorCode::not_found);
  EXPECT_EQ(code_of([&] { store_->delete_study(nowhere); }), ErrorCode::not_found);
  EXPECT_EQ(code_of([&] { store_->lead(nowhere, here(1), kTtl_us); }), ErrorCode::not_found);
  EXPECT_EQ(code_of([&] { store_->apply(nowhere, 1, {}); }), ErrorCode::not_found);
  EXPECT_EQ(code_of([&] { store_->lost_runs(nowhere); }), ErrorCode::not_found);
  EXPECT_EQ(code_of([&] { store_->changes_since(nowhere, 0, 10); }), ErrorCode::not_found);
  EXPECT_EQ(code_of([&] { store_->wait_for_change(nowhere, 0, 0); }), ErrorCode::not_found);
  EXPECT_EQ(code_of([&] { store_->add_request(nowhere, "stop", {}, "me"); }), ErrorCode::not_found);
  EXPECT_EQ(code_of([&] { store_->open_requests(nowhere); }), ErrorCode::not_found);
  EXPECT_EQ(code_of([&] { store_->request_outcome(RequestId{4711}); }), ErrorCode::not_found);
  EXPECT_EQ(code_of([&] { store_->run_detail(RunId{4711}); }), ErrorCode::not_found);
  EXPECT_EQ(code_of([&] { store_->points(RunId{4711}); }), ErrorCode::not_found);
  const WorkerId present = worker(here(2));
  EXPECT_EQ(code_of([&] { store_->claim(nowhere, present, 1, kTtl_us); }), ErrorCode::not_found);
  const StudyId study = make_study();
  EXPECT_EQ(code_of([&] { store_->claim(study, WorkerId{4711}, 1, kTtl_us); }),
            ErrorCode::not_found);
}

TEST_P(StoreContract, DeletesAStudyWithAllThatBelongsToIt) {
  Running running = make_running();
  ReportBatch batch = reports(0, 2);
  batch.points = {{"grad_norm", 1, 2, 3}};
  batch.next_ordinal = 3;
  ASSERT_EQ(store_->end_run(running.claim.run.id, running.claim.run.token, batch, finished()),
            LeaseState::held);
  const RequestId request = store_->add_request(running.study, "stop", {}, "me");
  const StudyId other = make_study("other");
  store_->release_lead(running.study, running.lead);
  store_->delete_study(running.study);
  EXPECT_FALSE(store_->study(running.study));
  EXPECT_FALSE(store_->find_study("project", "study"));
  EXPECT_EQ(code_of([&] { store_->points(running.claim.run.id); }), ErrorCode::not_found);
  EXPECT_EQ(code_of([&] { store_->request_outcome(request); }), ErrorCode::not_found);
  EXPECT_TRUE(store_->study(other));
  EXPECT_NE(make_study(), running.study) << "ids are not used again";
}

TEST_P(StoreContract, NeverGivesTheRunOfADeletedStudyToAStaleWorker) {
  const Running before = make_running();
  ASSERT_EQ(store_->end_run(before.claim.run.id, before.claim.run.token, {}, finished()),
            LeaseState::held);
  store_->release_lead(before.study, before.lead);
  store_->delete_study(before.study);
  const Running after = make_running();
  EXPECT_NE(after.claim.run.id, before.claim.run.id);
  EXPECT_EQ(store_->append(before.claim.run.id, before.claim.run.token, reports(0, 1)).lease,
            LeaseState::lost);
}

TEST_P(StoreContract, DoesNotDeleteAStudyInUse) {
  const Running running = make_running();
  EXPECT_EQ(code_of([&] { store_->delete_study(running.study); }), ErrorCode::conflict);
  store_->release_lead(running.study, running.lead);
  EXPECT_EQ(code_of([&] { store_->delete_study(running.study); }), ErrorCode::conflict)
      << "a run is in the hands of a living worker";
  RunStart start;
  start.pid = 77;
  start.pid_start = 177;
  ASSERT_EQ(store_->start_run(running.claim.run.id, running.claim.run.token, start),
            LeaseState::held);
  probe_.kill(here(2));
  EXPECT_EQ(code_of([&] { store_->delete_study(running.study); }), ErrorCode::conflict)
      << "the program that the dead worker left behind lives";
  probe_.kill(here(77));
  store_->delete_study(running.study);
  EXPECT_FALSE(store_->study(running.study));
}

TEST_P(StoreContract, MovesTheStateOfAStudy) {
  const StudyId id = make_study();
  apply(id, lead(id), {StudyMoved{StudyState::finished, "budget used up"}});
  EXPECT_EQ(store_->study(id)->state, StudyState::finished);
  const auto all = changes(id);
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(std::get<StudyMoved>(all[0].body).reason, "budget used up");
}

// The lead.

TEST_P(StoreContract, GivesTheLeadToOneHolder) {
  const StudyId id = make_study();
  const LeadResult first = store_->lead(id, here(1), kTtl_us);
  ASSERT_EQ(first.state, LeaseState::held);
  EXPECT_GT(first.token, 0);
  EXPECT_EQ(first.until_us, clock_.now_us() + kTtl_us);
  const LeadResult second = store_->lead(id, here(2), kTtl_us);
  EXPECT_EQ(second.state, LeaseState::lost);
  EXPECT_EQ(second.held_by, here(1));
  EXPECT_EQ(store_->study(id)->leader, here(1));
  clock_.advance_us(kSecond_us);
  const LeadResult renewed = store_->lead(id, here(1), kTtl_us);
  EXPECT_EQ(renewed.token, first.token) << "renewal keeps the token";
  EXPECT_EQ(store_->study(id)->leader_until_us, clock_.now_us() + kTtl_us);
}

TEST_P(StoreContract, JudgesLeadersOnThisMachineByLifeAndNotByTime) {
  const StudyId id = make_study();
  const std::int64_t token = lead(id);
  clock_.advance_us(1000 * kTtl_us);
  EXPECT_EQ(store_->lead(id, here(2), kTtl_us).state, LeaseState::lost) << "alive, however late";
  EXPECT_EQ(store_->lead(id, elsewhere(2), kTtl_us).state, LeaseState::lost);
  apply(id, token, {Noted{"late but alone", {}}});
  probe_.kill(here(1));
  const LeadResult next = store_->lead(id, here(2), kTtl_us);
  EXPECT_EQ(next.state, LeaseState::held) << "gone is free at once";
  EXPECT_EQ(next.token, token + 1);
  EXPECT_EQ(store_->apply(id, token, std::vector<Action>{Noted{"stale", {}}}), LeaseState::lost);
  EXPECT_EQ(kinds(id), (Kinds{"noted"}));
}

TEST_P(StoreContract, JudgesLeadersOnOtherMachinesByTime) {
  const StudyId id = make_study();
  const LeadResult first = store_->lead(id, elsewhere(1), kTtl_us);
  clock_.advance_us(kTtl_us - 1);
  EXPECT_EQ(store_->lead(id, here(1), kTtl_us).state, LeaseState::lost);
  clock_.advance_us(1);
  // An expired lease that nobody took is renewed, not lost.
  apply(id, first.token, {Noted{"late", {}}});
  EXPECT_EQ(store_->lead(id, elsewhere(1), kTtl_us).token, first.token);
  clock_.advance_us(kTtl_us);
  EXPECT_EQ(store_->lead(id, here(1), kTtl_us).token, first.token + 1);
  EXPECT_EQ(store_->lead(id, elsewhere(1), kTtl_us).state, LeaseState::lost);
}

TEST_P(StoreContract, FreesAReleasedLead) {
  const StudyId id = make_study();
  const std::int64_t token = lead(id);
  store_->release_lead(id, token + 1);
  EXPECT_TRUE(store_->study(id)->leader) << "a wrong token releases nothing";
  store_->release_lead(id, token);
  EXPECT_FALSE(store_->study(id)->leader);
  EXPECT_EQ(store_->apply(id, token, std::vector<Action>{Noted{"released", {}}}), LeaseState::lost);
  EXPECT_EQ(store_->lead(id, here(2), kTtl_us).token, token + 1);
}

// What a leader commits.

TEST_P(StoreContract, ReturnsATrialAsItWasProposed) {
  const StudyId id = make_study();
  const std::int64_t token = lead(id);
  apply(id, token, {trial(0)});
  auto rich = std::make_shared<Proposal>(*trial(1).proposal);
  rich->spec_version = 3;
  rich->origin = TrialOrigin::fork;
  rich->parent = 0;
  rich->parent_fidelity = 4.5;
  rich->config.set("nested", Value(Value::Map{{"a", Value(Value::List{1, 2.5, nullptr, "x"})}}));
  rich->config.set("tiny", 5e-324);
  rich->config.set("text", "\"quoted\" \xC3\xA4\n");
  rich->info = Value(Value::Map{{"nan", std::nan("")}, {"rule", "tpe"}});
  rich->bracket = 2;
  rich->fidelity_target = 27.0;
  rich->priority = 5;
  apply(id, token, {TrialAdded{rich}});
  const auto all = changes(id);
  ASSERT_EQ(all.size(), 2U);
  const Proposal& back = *std::get<TrialAdded>(all[1].body).proposal;
  EXPECT_EQ(back.number, 1);
  EXPECT_EQ(back.uid, "uid 1");
  EXPECT_EQ(back.spec_version, 3);
  EXPECT_EQ(back.origin, TrialOrigin::fork);
  EXPECT_EQ(back.parent, 0);
  EXPECT_EQ(back.parent_fidelity, 4.5);
  EXPECT_EQ(back.config, rich->config);
  EXPECT_EQ(back.info.dump(), rich->info.dump());
  EXPECT_EQ(back.bracket, 2);
  EXPECT_EQ(back.fidelity_target, 27.0);
  EXPECT_EQ(back.priority, 5);
  EXPECT_EQ(back.created_us, rich->created_us);
  EXPECT_EQ(store_->study(id)->trials, 2);
  const Proposal& plain = *std::get<TrialAdded>(all[0].body).proposal;
  EXPECT_FALSE(plain.parent);
  EXPECT_FALSE(plain.parent_fidelity);
  EXPECT_FALSE(plain.fidelity_target);
}

TEST_P(StoreContract, ReturnsEveryKindOfChangeAsItWasCommitted) {
  const StudyId id = make_study();
  const std::int64_t token = lead(id);
  const RequestId request = store_->add_request(id, "stop_trial", Value(3), "me");
  QueueRun run = queue(0, 1, 2);
  run.plan.replicate = 3;
  run.plan.resume_from = "/checkpoint";
  run.plan.fidelity_target = 9.0;
  run.plan.seed = -5;
  run.plan.resources = Value::Map{{"gpus", 0.5}};
  run.plan.priority = -2;
  apply(id, token, {trial(0), run});
  const auto claims = store_->claim(id, worker(here(2)), 1, kTtl_us);
  ASSERT_EQ(claims.size(), 1U);
  const Judged judged{0, Verdict::pause, "rung 1", "asha", 0, FailKind::diverged};
  Result result;
  result.value = std::nan("");
  result.at_fidelity = 3;
  result.count = 2;
  result.sd = std::numeric_limits<double>::infinity();
  const TrialMoved moved{0, TrialState::failed, FailKind::nan, "it was NaN", {result}, 3.0};
  RunEnd end;
  end.outcome = RunOutcome::failed;
  end.fail_kind = FailKind::signal;
  end.signal = 9;
  end.detail = "killed";
  end.busy_us = 5;
  end.peak_bytes = 6;
  end.peak_gpu_bytes = 7;
  clock_.advance_us(123);
  apply(id, token, {judged, RequestHandled{request, "done"}, Noted{"rung", Value(4)}});
  ASSERT_EQ(store_->end_run(claims[0].run.id, claims[0].run.token, {}, end), LeaseState::held);
  apply(id, token, {moved});
  const auto all = changes(id);
  ASSERT_EQ(all.size(), 8U);
  for (std::size_t i = 0; i < all.size(); ++i)
    EXPECT_EQ(all[i].seq, static_cast<std::int64_t>(i) + 1);
  EXPECT_EQ(all[3].at_us, clock_.now_us());
  EXPECT_EQ(all[2].at_us, clock_.now_us() - 123);
  const auto& queued = std::get<RunQueued>(all[1].body);
  EXPECT_EQ(queued.run, claims[0].run.id);
  EXPECT_EQ(queued.plan.trial, 0);
  EXPECT_EQ(event_body(queued).dump(), event_body(RunQueued{queued.run, run.plan}).dump());
  const auto& claimed = std::get<RunClaimed>(all[2].body);
  EXPECT_EQ(claimed.run, claims[0].run.id);
  EXPECT_EQ(claimed.token, claims[0].run.token);
  EXPECT_EQ(claimed.trial, 0);
  EXPECT_EQ(event_body(std::get<Judged>(all[3].body)).dump(), event_body(judged).dump());
  EXPECT_EQ(std::get<RequestHandled>(all[4].body).request, request);
  EXPECT_EQ(std::get<RequestHandled>(all[4].body).outcome, "done");
  EXPECT_EQ(std::get<Noted>(all[5].body).kind, "rung");
  EXPECT_EQ(std::get<Noted>(all[5].body).body, Value(4));
  EXPECT_EQ(std::get<RunEnded>(all[6].body).run, claims[0].run.id);
  EXPECT_EQ(event_body(all[6].body).dump(), event_body(RunEnded{{}, 0, end}).dump());
  EXPECT_EQ(event_body(std::get<TrialMoved>(all[7].body)).dump(), event_body(moved).dump());
}

TEST_P(StoreContract, WantsTheNextTrialNumber) {
  const StudyId id = make_study();
  const std::int64_t token = lead(id);
  const auto try_apply = [&](std::vector<Action> actions) {
    return code_of([&] { store_->apply(id, token, actions); });
  };
  EXPECT_EQ(try_apply({trial(1)}), ErrorCode::conflict);
  EXPECT_EQ(try_apply({trial(0), trial(0)}), ErrorCode::conflict);
  EXPECT_EQ(try_apply({trial(0), trial(1)}), std::nullopt);
  EXPECT_EQ(store_->study(id)->trials, 2);
}

TEST_P(StoreContract, CommitsAllActionsOrNone) {
  const StudyId id = make_study();
  const std::int64_t token = lead(id);
  apply(id, token, {trial(0), queue(0)});
  const RequestId request = store_->add_request(id, "stop", {}, "me");
  const auto before = changes(id).size();
  const std::vector<Action> bad_ends = {trial(7),
                                        queue(9),
                                        queue(0),
                                        Judged{9, Verdict::stop, "", "", 0, {}},
                                        TrialMoved{0, TrialState::complete, {}, "", {}, {}},
                                        TrialMoved{1, TrialState::running, {}, "", {}, {}},
                                        RequestHandled{RequestId{4711}, "?"},
                                        ReclaimRun{RunId{4711}, 1},
                                        CancelRun{RunId{4711}}};
  for (const Action& bad : bad_ends) {
    const auto code = code_of([&] {
      const std::vector<Action> chain = {trial(1),
                                         queue(1),
                                         Judged{0, Verdict::stop, "no", "", 0, {}},
                                         StudyMoved{StudyState::paused, ""},
                                         PutSpec{"x", "{}", ""},
                                         RequestHandled{request, "done"},
                                         Noted{"a", {}},
                                         bad};
      store_->apply(id, token, chain);
    });
    EXPECT_TRUE(code == ErrorCode::conflict || code == ErrorCode::not_found) << bad.index();
    EXPECT_EQ(changes(id).size(), before);
    EXPECT_EQ(store_->study(id)->trials, 1);
    EXPECT_EQ(store_->study(id)->state, StudyState::open);
    EXPECT_EQ(store_->study(id)->spec_version, 1);
    EXPECT_EQ(store_->study(id)->last_seq, static_cast<std::int64_t>(before));
    EXPECT_EQ(store_->open_requests(id).size(), 1U);
  }
  const auto claims = store_->claim(id, worker(here(2)), 10, kTtl_us);
  ASSERT_EQ(claims.size(), 1U);
  EXPECT_EQ(claims[0].verdict, Verdict::go_on);
  apply(id, token, {trial(1), queue(1)});
  EXPECT_EQ(store_->claim(id, worker(here(2)), 10, kTtl_us).size(), 1U);
}

TEST_P(StoreContract, RefusesIllegalChangesOfState) {
  const StudyId id = make_study();
  const std::int64_t token = lead(id);
  apply(id, token, {trial(0), trial(1), queue(1)});
  const auto move = [&](std::int64_t number, TrialState to) {
    return code_of([&] {
      store_->apply(id, token, std::vector<Action>{TrialMoved{number, to, {}, "", {}, {}}});
    });
  };
  EXPECT_EQ(move(0, TrialState::complete), ErrorCode::conflict);
  EXPECT_EQ(move(0, TrialState::running), ErrorCode::conflict);
  EXPECT_EQ(move(0, TrialState::cancelled), std::nullopt);
  EXPECT_EQ(move(0, TrialState::stopped), ErrorCode::conflict);
  EXPECT_EQ(move(1, TrialState::cancelled), ErrorCode::conflict) << "a run of it waits";
  const auto claims = store_->claim(id, worker(here(2)), 1, kTtl_us);
  ASSERT_EQ(claims.size(), 1U);
  EXPECT_EQ(move(1, TrialState::cancelled), ErrorCode::conflict) << "running";
  EXPECT_EQ(move(1, TrialState::paused), std::nullopt);
  EXPECT_EQ(move(1, TrialState::complete), ErrorCode::conflict) << "paused";
  EXPECT_EQ(move(1, TrialState::stopped), std::nullopt);
  apply(id, token, {queue(1, 0, 1)});  // queued again
  EXPECT_EQ(move(1, TrialState::complete), ErrorCode::conflict);
}

TEST_P(StoreContract, CancelsARunOnlyWhileItWaits) {
  const StudyId id = make_study();
  const std::int64_t token = lead(id);
  apply(id, token, {trial(0), queue(0), trial(1), queue(1)});
  const WorkerId w = worker(here(2));
  const auto claims = store_->claim(id, w, 1, kTtl_us);
  ASSERT_EQ(claims.size(), 1U);
  apply(id, token, {CancelRun{claims[0].run.id}});
  EXPECT_EQ(kinds(id).back(), "run_claimed") << "claimed meanwhile: ignored";
  EXPECT_EQ(store_->append(claims[0].run.id, claims[0].run.token, {}).lease, LeaseState::held);
  const RunId waiting = std::get<RunQueued>(changes(id)[3].body).run;
  apply(id, token, {CancelRun{waiting}, TrialMoved{1, TrialState::cancelled, {}, "user", {}, {}}});
  EXPECT_TRUE(store_->claim(id, w, 10, kTtl_us).empty());
  const auto all = changes(id);
  const auto& ended = std::get<RunEnded>(all[all.size() - 2].body);
  EXPECT_EQ(ended.run, waiting);
  EXPECT_EQ(ended.trial, 1);
  EXPECT_EQ(ended.end.outcome, RunOutcome::cancelled);
  apply(id, token, {CancelRun{waiting}});
  EXPECT_EQ(changes(id).size(), all.size()) << "ended already: ignored";
}

TEST_P(StoreContract, ReclaimsRunsOfWorkersOnOtherMachinesAfterTheirTime) {
  const StudyId id = make_study();
  const std::int64_t token = lead(id);
  apply(id, token, {trial(0), queue(0)});
  const WorkerId far = worker(elsewhere(5));
  const Claim claim = store_->claim(id, far, 1, kTtl_us).at(0);
  store_->append(claim.run.id, claim.run.token, reports(0, 3));
  EXPECT_TRUE(store_->lost_runs(id).empty());
  apply(id, token, {ReclaimRun{claim.run.id, claim.run.token}});
  EXPECT_EQ(kinds(id).back(), "reported") << "not lost yet: ignored";
  clock_.advance_us(kTtl_us);
  auto lost = store_->lost_runs(id);
  ASSERT_EQ(lost.size(), 1U);
  EXPECT_EQ(lost[0].run, claim.run.id);
  // Renewed between the question and the decision: ignored.
  const std::vector<RunLease> leases = {{claim.run.id, claim.run.token}};
  EXPECT_EQ(store_->renew(far, leases, kTtl_us).at(0).lease, LeaseState::held) << "nobody took it";
  apply(id, token, {ReclaimRun{lost[0].run, lost[0].token}});
  EXPECT_EQ(kinds(id).back(), "reported");
  clock_.advance_us(kTtl_us);
  apply(id, token, {ReclaimRun{lost[0].run, lost[0].token + 1}});
  EXPECT_EQ(kinds(id).back(), "reported") << "another token: ignored";
  apply(id, token, {ReclaimRun{lost[0].run, lost[0].token}, queue(0, 1)});
  const auto all = changes(id);
  const auto& ended = std::get<RunEnded>(all[all.size() - 2].body);
  EXPECT_EQ(ended.end.outcome, RunOutcome::interrupted);
  EXPECT_EQ(ended.end.busy_us, 3 * kSecond_us) << "as far as it was reported";
  EXPECT_TRUE(store_->lost_runs(id).empty());
  // The worker comes back and learns that it lost the run.
  EXPECT_EQ(store_->renew(far, leases, kTtl_us).at(0).lease, LeaseState::lost);
  EXPECT_EQ(store_->append(claim.run.id, claim.run.token, reports(3, 1)).lease, LeaseState::lost);
  EXPECT_EQ(store_->end_run(claim.run.id, claim.run.token, {}, finished()), LeaseState::lost);
  EXPECT_EQ(changes(id).size(), all.size());
  // The trial waits again: its second attempt can be claimed.
  const Claim second = store_->claim(id, far, 1, kTtl_us).at(0);
  EXPECT_EQ(second.run.plan.attempt, 1);
  EXPECT_EQ(second.busy_before_us, 3 * kSecond_us);
}

TEST_P(StoreContract, LeavesRunsOfDeadWorkersOnThisMachineToTakeOver) {
  const Running running = make_running();
  probe_.kill(here(2));
  clock_.advance_us(10 * kTtl_us);
  EXPECT_TRUE(store_->lost_runs(running.study).empty());
}

// Verdicts.

TEST_P(StoreContract, TellsWorkersTheVerdict) {
  const Running running = make_running();
  const RunId run = running.claim.run.id;
  const std::int64_t token = running.claim.run.token;
  EXPECT_EQ(store_->append(run, token, reports(0, 1)).verdict, Verdict::go_on);
  apply(running.study, running.lead, {Judged{0, Verdict::pause, "rung", "asha", 4, {}}});
  EXPECT_EQ(store_->append(run, token, reports(1, 1)).verdict, Verdict::pause);
  apply(running.study, running.lead, {Judged{0, Verdict::stop, "user", "user", 0, {}}});
  const std::vector<RunLease> leases = {{run, token}};
  EXPECT_EQ(store_->renew(running.worker, leases, kTtl_us).at(0).verdict, Verdict::stop);
}

TEST_P(StoreContract, TellsAVerdictThatCameBeforeTheClaim) {
  const StudyId id = make_study();
  apply(id, lead(id), {trial(0), queue(0), Judged{0, Verdict::stop, "user", "user", 0, {}}});
  const auto claims = store_->claim(id, worker(here(2)), 1, kTtl_us);
  ASSERT_EQ(claims.size(), 1U);
  EXPECT_EQ(claims[0].verdict, Verdict::stop);
}

TEST_P(StoreContract, BeginsANewSegmentWithoutTheOldVerdict) {
  const Running running = make_running();
  const RunId run = running.claim.run.id;
  store_->append(run, running.claim.run.token, reports(0, 1));
  apply(running.study, running.lead, {Judged{0, Verdict::pause, "rung", "asha", 4, {}}});
  RunEnd paused;
  paused.outcome = RunOutcome::paused;
  store_->end_run(run, running.claim.run.token, reports(1, 1), paused);
  apply(running.study, running.lead,
        {TrialMoved{0, TrialState::paused, {}, "rung", {}, {}}, queue(0, 0, 1)});
  const auto claims = store_->claim(running.study, running.worker, 1, kTtl_us);
  ASSERT_EQ(claims.size(), 1U);
  EXPECT_EQ(claims[0].verdict, Verdict::go_on);
  EXPECT_EQ(store_->append(claims[0].run.id, claims[0].run.token, reports(0, 1)).verdict,
            Verdict::go_on);
  const auto all = changes(running.study);
  EXPECT_FALSE(std::get<Reported>(all.back().body).late) << "queued after the verdict";
}

TEST_P(StoreContract, ChecksAStoppedTrialWithAFurtherRunThatIsNotStopped) {
  const Running running = make_running();
  apply(running.study, running.lead, {Judged{0, Verdict::stop, "bad", "asha", 0, {}}});
  RunEnd stopped;
  stopped.outcome = RunOutcome::stopped;
  store_->end_run(running.claim.run.id, running.claim.run.token, {}, stopped);
  QueueRun again = queue(0);
  again.plan.purpose = RunPurpose::reproduce;
  apply(running.study, running.lead,
        {TrialMoved{0, TrialState::stopped, {}, "bad", {}, {}}, again});
  const auto claims = store_->claim(running.study, running.worker, 1, kTtl_us);
  ASSERT_EQ(claims.size(), 1U);
  EXPECT_EQ(claims[0].verdict, Verdict::go_on);
  EXPECT_EQ(claims[0].busy_before_us, 0);
  const auto move = std::vector<Action>{TrialMoved{0, TrialState::complete, {}, "", {}, {}}};
  EXPECT_EQ(code_of([&] { store_->apply(running.study, running.lead, move); }), ErrorCode::conflict)
      << "such runs do not move the trial";
}

TEST_P(StoreContract, MarksReportsAfterTheCauseOfAVerdictAsLate) {
  const StudyId id = make_study();
  const std::int64_t token = lead(id);
  QueueRun other = queue(0);
  other.plan.replicate = 1;
  QueueRun third = queue(0);
  third.plan.replicate = 2;
  apply(id, token, {trial(0), queue(0), other, third, trial(1), queue(1)});  // 1..6
  const auto claims = store_->claim(id, worker(here(2)), 4, kTtl_us);        // 7..10
  ASSERT_EQ(claims.size(), 4U);
  const auto append = [&](int run, std::int64_t ordinal) {
    const auto& r = claims[static_cast<std::size_t>(run)].run;
    return store_->append(r.id, r.token, reports(ordinal, 1)).lease;
  };
  append(0, 0);  // 11: the cause
  append(0, 1);  // 12: late
  append(1, 0);  // 13: late, a replicate that is open when the verdict comes
  append(2,
         0);  // 14: late although its run ends before the verdict comes: the leader could not know
  append(3, 0);                                                            // 15: of another trial
  store_->end_run(claims[2].run.id, claims[2].run.token, {}, finished());  // 16
  apply(id, token, {Judged{0, Verdict::stop, "rank 7 of 9", "asha", 11, {}}});  // 17
  append(0, 2);                                                                 // 18: late
  append(3, 1);                                                                 // 19
  std::vector<std::int64_t> late;
  for (const Change& change : changes(id)) {
    if (const auto* reported = std::get_if<Reported>(&change.body)) {
      if (reported->late) late.push_back(change.seq);
    }
  }
  EXPECT_EQ(late, (std::vector<std::int64_t>{12, 13, 14, 18}));
  EXPECT_TRUE(std::get<Reported>(store_->changes_since(id, 11, 1).at(0).body).late)
      << "a page that ends before the verdict tells the same";
}

TEST_P(StoreContract, MarksNothingAsLateForAVerdictWithoutACause) {
  const Running running = make_running();
  apply(running.study, running.lead, {Judged{0, Verdict::stop, "user", "user", 0, {}}});
  store_->append(running.claim.run.id, running.claim.run.token, reports(0, 1));
  EXPECT_FALSE(std::get<Reported>(changes(running.study).back().body).late);
}

// Readers.

TEST_P(StoreContract, ReadsChangesInPages) {
  const StudyId id = make_study();
  const std::int64_t token = lead(id);
  apply(id, token, {trial(0), queue(0)});
  const Claim claim = store_->claim(id, worker(here(2)), 1, kTtl_us).at(0);
  store_->append(claim.run.id, claim.run.token, reports(0, 4));
  apply(id, token, {Noted{"a", {}}, trial(1), Noted{"b", {}}});
  store_->append(claim.run.id, claim.run.token, reports(4, 1));
  const auto all = changes(id);
  ASSERT_EQ(all.size(), 11U);
  for (std::int64_t size = 1; size <= 12; ++size) {
    std::int64_t after = 0;
    while (true) {
      const auto page = store_->changes_since(id, after, size);
      for (const Change& change : page) {
        EXPECT_EQ(change.seq, ++after);
        const Change& same = all[static_cast<std::size_t>(after - 1)];
        EXPECT_EQ(change.body.index(), same.body.index());
        EXPECT_EQ(change.at_us, same.at_us);
      }
      if (std::ssize(page) < size) break;
    }
    EXPECT_EQ(after, 11);
  }
  EXPECT_TRUE(store_->changes_since(id, 11, 10).empty());
  EXPECT_TRUE(store_->changes_since(id, 99, 10).empty());
  EXPECT_TRUE(store_->changes_since(id, 0, 0).empty());
  EXPECT_EQ(store_->study(id)->last_seq, 11);
}

TEST_P(StoreContract, NumbersTheChangesOfEachStudyApart) {
  const StudyId a = make_study("a");
  const StudyId b = make_study("b");
  apply(a, lead(a), {Noted{"a", {}}, Noted{"a", {}}});
  apply(b, lead(b), {Noted{"b", {}}});
  EXPECT_EQ(changes(a).size(), 2U);
  ASSERT_EQ(changes(b).size(), 1U);
  EXPECT_EQ(changes(b)[0].seq, 1);
}

TEST_P(StoreContract, WaitsForAChange) {
  const StudyId id = make_study();
  const std::int64_t token = lead(id);
  EXPECT_FALSE(store_->wait_for_change(id, 0, 0));
  EXPECT_FALSE(store_->wait_for_change(id, 0, 1000));
  apply(id, token, {Noted{"a", {}}});
  EXPECT_TRUE(store_->wait_for_change(id, 0, 0));
  EXPECT_FALSE(store_->wait_for_change(id, 1, 0));
  store_->add_request(id, "stop", {}, "me");
  EXPECT_TRUE(store_->wait_for_change(id, 1, 0));
}

TEST_P(StoreContract, WakesAWaitingThread) {
  const StudyId id = make_study();
  const std::int64_t token = lead(id);
  std::jthread committer([&] { apply(id, token, {Noted{"a", {}}}); });
  EXPECT_TRUE(store_->wait_for_change(id, 0, 60 * kSecond_us));
  committer.join();
  std::jthread asker([&] { store_->add_request(id, "stop", {}, "me"); });
  EXPECT_TRUE(store_->wait_for_change(id, 1, 60 * kSecond_us));
}

// Requests.

TEST_P(StoreContract, HandsRequestsToTheLeaderUntilTheyAreHandled) {
  const StudyId id = make_study();
  const std::int64_t token = lead(id);
  const Value body = Value::Map{{"trials", std::int64_t{40}}, {"x", 0.1}};
  const RequestId first = store_->add_request(id, "budget", body, "me@here");
  clock_.advance_us(5);
  const RequestId second = store_->add_request(id, "stop", {}, "you");
  auto open = store_->open_requests(id);
  ASSERT_EQ(open.size(), 2U);
  EXPECT_EQ(open[0].id, first);
  EXPECT_EQ(open[0].kind, "budget");
  EXPECT_EQ(open[0].body, body);
  EXPECT_EQ(open[0].actor, "me@here");
  EXPECT_EQ(open[0].at_us, clock_.now_us() - 5);
  EXPECT_FALSE(store_->request_outcome(first));
  apply(id, token, {RequestHandled{first, "40 more trials"}});
  EXPECT_EQ(store_->request_outcome(first), "40 more trials");
  open = store_->open_requests(id);
  ASSERT_EQ(open.size(), 1U);
  EXPECT_EQ(open[0].id, second);
  const std::vector<Action> again = {RequestHandled{first, "once more"}};
  EXPECT_EQ(code_of([&] { store_->apply(id, token, again); }), ErrorCode::conflict);
  EXPECT_EQ(store_->request_outcome(first), "40 more trials");
}

}  // namespace hone
