// A store in memory with a study, and a server over it, for tests.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "hone/server/api.h"
#include "hone/store/forwarding_store.h"
#include "hone/store/memory_store.h"

namespace hone::server {

class OwnProbe final : public LivenessProbe {
 public:
  Liveness probe(const Holder&) const override { return Liveness::unknown; }
};

/// Counts how often changes are read. They wait while somebody holds `reading`.
class CountingStore final : public ForwardingStore {
 public:
  CountingStore(Store& inner, std::atomic<int>& folds, std::mutex& reading)
      : ForwardingStore(inner), folds_(folds), reading_(reading) {}
  std::vector<Change> changes_since(StudyId s, std::int64_t after, std::int64_t limit) override {
    ++folds_;
    const std::lock_guard lock(reading_);
    return ForwardingStore::changes_since(s, after, limit);
  }

 private:
  std::atomic<int>& folds_;
  std::mutex& reading_;
};

/// Not thread-safe but for `api`.
struct TestPlace {
  explicit TestPlace(bool guarded = true) {
    Parameter lr;
    lr.name = "lr";
    Real domain;
    domain.law = Law::log_uniform;
    domain.low = 1e-4;
    lr.domain = domain;
    lr.default_value = Value(0.01);
    Parameter kind;
    kind.name = "kind";
    kind.domain = Choice{{{Value("adam"), "adam"}, {Value(3), "3"}, {Value(), "null"}}, false, {}};
    Parameter depth;
    depth.name = "depth";
    depth.domain = Integer{1, 300, Law::uniform, 1};
    depth.conditions = {Condition{"kind", {Value("adam")}, std::nullopt}};
    StudySpec spec;
    spec.name = "study";
    spec.space = *SearchSpace::create({lr, kind, depth}, {}).space;
    Metric loss;
    loss.name = "loss";
    Metric guard;
    guard.name = "accuracy";
    guard.role = MetricRole::guard;
    guard.min = 0.5;
    if (!guarded) guard.role = MetricRole::tracked;
    spec.metrics = {loss, guard};
    spec.fidelity = Fidelity{"epoch", 1, 9};
    NewStudy fresh;
    fresh.name = "study";
    fresh.source = "name: study\n";
    fresh.body = spec.to_value().dump();
    fresh.metrics = {{"loss", MetricRole::objective}, {"accuracy", MetricRole::guard}};
    id = store.create_study(fresh);
    token = store.lead(id, holder, kSecond_us * 1000).token;
    worker = store.register_worker({"w", holder, "0", "{}"});
  }

  /// Adds a trial and its run.
  std::int64_t add(const std::string& config, TrialOrigin origin = TrialOrigin::sampler) {
    auto proposal = std::make_shared<Proposal>();
    proposal->number = trials;
    proposal->uid = "uid";
    proposal->origin = origin;
    proposal->config = *Config::parse(config);
    proposal->created_us = clock.now_us();
    QueueRun run;
    run.plan.trial = trials;
    const std::vector<Action> actions = {TrialAdded{proposal}, run};
    store.apply(id, token, actions);
    return trials++;
  }
  Claim claim() { return store.claim(id, worker, 1, kSecond_us * 1000).front(); }
  void report(const Claim& held, double epoch, double loss, std::vector<Point> points = {}) {
    ReportBatch batch;
    Report one;
    one.run = held.run.id;
    one.trial = held.run.plan.trial;
    one.ordinal = ordinal;
    one.fidelity = epoch;
    one.value = loss;
    batch.reports = {one};
    batch.points = std::move(points);
    ordinal += 1 + std::ssize(batch.points);
    batch.next_ordinal = ordinal;
    store.append(held.run.id, held.run.token, batch);
  }
  void end(const Claim& held, TrialState state, double loss, double accuracy = 1,
           FailKind kind = FailKind::none) {
    RunEnd ended;
    ended.outcome = kind == FailKind::none ? RunOutcome::finished : RunOutcome::failed;
    ended.fail_kind = kind;
    ended.busy_us = 2 * kSecond_us;
    ReportBatch none;
    none.next_ordinal = ordinal;
    store.end_run(held.run.id, held.run.token, none, ended);
    ordinal = 0;
    TrialMoved moved;
    moved.trial = held.run.plan.trial;
    moved.state = state;
    moved.fail_kind = kind;
    if (kind == FailKind::none) moved.results = {{0, loss, 9, 1, {}}, {1, accuracy, 9, 1, {}}};
    const std::vector<Action> actions = {moved};
    store.apply(id, token, actions);
  }

  /// The server; what it asks of the leader is in `asked`.
  Api& api() {
    if (api_) return *api_;
    Desk desk;
    desk.version = "test";
    desk.is_led = [](const StudyInfo&) { return true; };
    desk.ask = [this](const StudyInfo&, const std::string& kind, const Value& body) {
      asked.push_back(kind + " " + body.dump());
      return std::string(kind == "enqueue" ? "trial 7" : "done");
    };
    desk.how_to_run = [](const StudyInfo&) { return std::string(); };
    desk.summary = [this](const StudyInfo&, const History&) {
      ++summaries;
      if (summary_us > 0) clock.advance_us(summary_us);  // several threads ask for one
      Value said = Value::Map{};
      said.set("headline", Value(Value::Map{})).set("failures", Value(Value::List{}));
      said.set("budget", Value(Value::List{})).set("made", summaries.load());
      return said;
    };
    desk.why = [](const Proposal&) { return std::string(); };
    desk.command = [](const History&, std::int64_t) { return std::string(); };
    desk.confirmed = [](const History&, std::int64_t) { return std::vector<double>(); };
    desk.trials_folder = [this](const StudyInfo&) { return trials_folder; };
    AccessOptions access;
    access.tokens = {"read-token-of-the-tests-x", "admin-token-of-the-tests"};
    api_ = std::make_unique<Api>(counting_, clock, desk, access);
    return *api_;
  }
  HttpResponse get(const std::string& target, Pairs headers = {}) {
    return send("GET", target, "", std::move(headers));
  }
  HttpResponse send(const char* method, const std::string& target, const std::string& body,
                    Pairs headers = {}) {
    HttpRequest request;
    request.method = method;
    const auto parsed = parse_target("/api/v1" + target);
    request.path = parsed->path;
    request.query = parsed->query;
    request.headers = std::move(headers);
    request.headers.emplace_back("host", "localhost");
    request.headers.emplace_back("authorization", "Bearer admin-token-of-the-tests");
    request.headers.emplace_back("content-type", "application/json");
    request.body = body;
    return api().handle(request);
  }
  Value json(const std::string& target) { return *Value::parse(get(target).body); }

  ManualClock clock;
  OwnProbe probe;
  MemoryStore store{clock, probe};
  Holder holder{"here", "boot", 1, 1};
  StudyId id;
  WorkerId worker;
  std::int64_t token = 0;
  std::int64_t trials = 0;
  std::int64_t ordinal = 0;
  std::filesystem::path trials_folder = "/nowhere";
  std::vector<std::string> asked;
  std::atomic<int> summaries = 0;
  std::atomic<int> folds = 0;
  std::mutex reading;
  std::int64_t summary_us = 0;  ///< that one takes

 private:
  CountingStore counting_{store, folds, reading};
  std::unique_ptr<Api> api_;
};

}  // namespace hone::server
