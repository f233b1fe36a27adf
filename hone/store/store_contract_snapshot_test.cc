// The contract suite: a study goes out of any store with tables into a file, and from there into
// another store, and is the same there.
#include <fmt/core.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <fstream>
#include <span>
#include <thread>

#include "hone/base/error.h"
#include "hone/base/file.h"
#include "hone/base/scratch_folder.h"
#include "hone/store/point_frame.h"
#include "hone/store/snapshot.h"
#include "hone/store/sql_store.h"
#include "hone/store/sqlite.h"
#include "hone/store/store_contract.h"

namespace hone {
namespace {

namespace fs = std::filesystem;

/// All that can be read of a study, as text. Numbers of runs, workers and requests are those of the
/// order in which they are met.
class Described {
 public:
  Described(Store& store, StudyId study) : store_(store) {
    const StudyInfo info = *store.study(study);
    add(fmt::format("{} {} {} state {} spec {} seq {} trials {} created {}", info.uid, info.project,
                    info.name, static_cast<int>(info.state), info.spec_version, info.last_seq,
                    info.trials, info.created_us));
    for (std::int64_t version = 1; version <= info.spec_version; ++version) {
      const SpecRecord spec = store.spec(study, version);
      add(fmt::format("spec {} {} {} {}", spec.version, spec.from_seq, spec.source, spec.body));
    }
    for (const Change& change : store.changes_since(study, 0, 1'000'000)) describe(change);
    for (const std::int64_t run : run_order_) describe_run(run);
    for (const Label& label : store.labels(study)) {
      add(fmt::format("label {} {} {} {}", label.trial.value_or(-1), static_cast<int>(label.kind),
                      label.name, label.text));
    }
    for (const Request& request : store.open_requests(study))
      add(fmt::format("request {} {} {} {}", request.kind, request.body.dump(), request.actor,
                      request.at_us));
  }
  const std::vector<std::string>& lines() const { return lines_; }

 private:
  void add(std::string line) { lines_.push_back(std::move(line)); }

  void describe(const Change& change) {
    const bool is_report = std::holds_alternative<Reported>(change.body);
    Value body = is_report ? Value(Value::Map{}) : event_body(change.body);
    for (const char* key : {"worker", "request"}) {
      if (body.find(key) != nullptr) body.set(key, "…");
    }
    std::string text = fmt::format("{} {} {} trial {} {}", change.seq, change.at_us,
                                   event_kind_name(event_kind(change.body)),
                                   trial_of(change.body).value_or(-1), body.dump());
    if (const auto run = run_of(change.body)) text += fmt::format(" run {}", place_of(*run));
    if (const auto* reported = std::get_if<Reported>(&change.body)) {
      const Report& r = reported->report;
      text += fmt::format(" {} {} {} {} {} {}", r.ordinal, r.fidelity, r.metric, r.value, r.busy_us,
                          reported->late);
    }
    if (const auto* added = std::get_if<TrialAdded>(&change.body))
      text += fmt::format(" {} {} {}", added->proposal->uid,
                          added->proposal->config.to_value().dump(), added->proposal->info.dump());
    add(std::move(text));
  }

  void describe_run(std::int64_t run) {
    const Store::RunDetail detail = store_.run_detail(RunId{run});
    add(fmt::format("run {} {} {} {}", place_of(run), detail.started, detail.environment,
                    detail.parsed));
    for (const Point& point : store_.points(RunId{run}))
      add(fmt::format("point {} {} {} {}", point.metric, point.step, point.value, point.busy_us));
  }

  std::size_t place_of(std::int64_t run) {
    for (std::size_t i = 0; i < run_order_.size(); ++i) {
      if (run_order_[i] == run) return i;
    }
    run_order_.push_back(run);
    return run_order_.size() - 1;
  }

  Store& store_;
  std::vector<std::int64_t> run_order_;
  std::vector<std::string> lines_;
};

}  // namespace

StudyId StoreContract::make_whole(const std::string& name) {
  make_study("before " + name);  // so that numbers differ between the stores
  const Running running = make_running(name);
  RunStart start;
  start.argv = {"python", "größe.py"};
  start.folder = "/trials/0";
  start.environment = R"({"git":{"commit":"abc"}})";
  EXPECT_EQ(store_->start_run(running.claim.run.id, running.claim.run.token, start),
            LeaseState::held);
  ReportBatch batch = reports(0, 3);
  batch.reports[1].value = std::nan("");
  batch.points = {{"system/cpu", 1.5, 0.25, 10}, {"lr", 2, 1e-3, 20}};
  batch.next_ordinal = 5;
  EXPECT_EQ(store_->end_run(running.claim.run.id, running.claim.run.token, batch, finished(7)),
            LeaseState::held);
  TrialMoved moved{0, TrialState::complete, FailKind::none, "", {{0, 0.5, 3, 1, {}}}, 3};
  auto fork = std::make_shared<Proposal>(*trial(1).proposal);
  fork->parent = 0;
  apply(running.study, running.lead,
        {moved, TrialAdded{fork}, queue(1),
         PutSpec{"name: study # changed\n", R"({"name":"s"})", "me"}});
  const RequestId handled =
      store_->add_request(running.study, "parallel", Value(Value::Map{{"parallel", 3}}), "me");
  apply(running.study, running.lead, {RequestHandled{handled, "3 runs at a time"}});
  store_->add_request(running.study, "stop", Value(Value::Map{}), "you");
  const LabelEdit edits[] = {{{std::nullopt, LabelKind::note, "", "of the study"}},
                             {{1, LabelKind::tag, "good", ""}}};
  store_->edit_labels(running.study, edits, "me");
  return running.study;
}

// A store in memory has no tables to copy.
#define SKIP_WITHOUT_TABLES()                                       \
  if (GetParam().name == "Memory") GTEST_SKIP() << "has no tables"; \
  const ScratchFolder folder

TEST_P(StoreContract, SnapshotsAreTheStudyAgainInAnotherStore) {
  SKIP_WITHOUT_TABLES();
  const StudyId study = make_whole();
  const fs::path file = folder.path() / "study.hone";
  write_snapshot(*store_, study, file, std::nullopt, clock_, probe_);
  for (const auto& entry : fs::directory_iterator(folder.path()))
    EXPECT_EQ(entry.path(), file) << "one file, and nothing beside it";
  EXPECT_EQ(fs::status(file).permissions(), fs::perms::owner_read | fs::perms::owner_write);
  const auto before = Described(*store_, study).lines();
  Snapshot snapshot(file, clock_, probe_);
  EXPECT_EQ(Described(snapshot.store(), snapshot.study().id).lines(), before);
  const auto target = GetParam().make(clock_, probe_);
  const StudyId copy = copy_study(snapshot.store(), snapshot.study().id, *target, {});
  EXPECT_EQ(Described(*target, copy).lines(), before);
  EXPECT_EQ(Described(*store_, study).lines(), before) << "the original";
}

TEST_P(StoreContract, SnapshotsACopyGoesOnByItself) {
  SKIP_WITHOUT_TABLES();
  const StudyId study = make_whole();
  const auto target = GetParam().make(clock_, probe_);
  const StudyId copy = copy_study(*store_, study, *target, {});
  const LeadResult lead = target->lead(copy, here(5), kTtl_us);
  ASSERT_EQ(lead.state, LeaseState::held);
  const WorkerId worker = target->register_worker({"other", here(6), "1", "{}"});
  const auto claims = target->claim(copy, worker, 5, kTtl_us);
  ASSERT_EQ(claims.size(), 1U);
  EXPECT_EQ(claims[0].run.plan.trial, 1);
  EXPECT_EQ(target->end_run(claims[0].run.id, claims[0].run.token, reports(0, 1), finished(1)),
            LeaseState::held);
  const Action next[] = {trial(2)};
  EXPECT_EQ(target->apply(copy, lead.token, next), LeaseState::held);
}

TEST_P(StoreContract, SnapshotsRunsUnderWayStayWithTheOriginal) {
  SKIP_WITHOUT_TABLES();
  const Running running = make_running();
  const auto target = GetParam().make(clock_, probe_);
  const StudyId copy = copy_study(*store_, running.study, *target, {});
  EXPECT_EQ(
      store_
          ->renew(running.worker,
                  std::vector<RunLease>{{running.claim.run.id, running.claim.run.token}}, kTtl_us)
          .front()
          .lease,
      LeaseState::held);
  const WorkerId heir = target->register_worker({"heir", here(9), "1", "{}"});
  EXPECT_TRUE(target->take_over(copy, heir, kTtl_us).empty());
  const auto lost = target->lost_runs(copy);
  ASSERT_EQ(lost.size(), 1U);
  const LeadResult lead = target->lead(copy, here(5), kTtl_us);
  const Action reclaim[] = {ReclaimRun{lost[0].run, lost[0].token}};
  EXPECT_EQ(target->apply(copy, lead.token, reclaim), LeaseState::held);
  const std::vector<Change> changes = target->changes_since(copy, 0, 100);
  const auto* ended = std::get_if<RunEnded>(&changes.back().body);
  ASSERT_NE(ended, nullptr);
  EXPECT_EQ(ended->end.outcome, RunOutcome::interrupted);
}

TEST_P(StoreContract, SnapshotsDoNotOverwriteAStudy) {
  SKIP_WITHOUT_TABLES();
  const StudyId study = make_whole();
  const fs::path file = folder.path() / "study.hone";
  write_snapshot(*store_, study, file, std::nullopt, clock_, probe_);
  Snapshot snapshot(file, clock_, probe_);
  const auto import = [&](const std::optional<std::string>& name) -> std::string {
    StudyCopyOptions options;
    options.name = name;
    try {
      const StudyId copy = copy_study(snapshot.store(), snapshot.study().id, *store_, options);
      EXPECT_EQ(store_->study(copy)->name, name);
      EXPECT_NE(store_->study(copy)->uid, snapshot.study().uid);
      return "done";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::exists);
      return error.what();
    }
  };
  EXPECT_EQ(import(std::nullopt), "this study is in the store already, as 'project/study'");
  EXPECT_EQ(import("before study"),
            "another study named 'project/before study' is in the store already");
  EXPECT_EQ(import("second"), "done");
  const auto second = store_->find_study("project", "second");
  ASSERT_TRUE(second);
  EXPECT_EQ(Value::parse(store_->spec(second->id, 1).body)->string_or("name", ""), "second");
}

TEST_P(StoreContract, SnapshotsCarryFiles) {
  SKIP_WITHOUT_TABLES();
  const StudyId study = make_whole();
  const fs::path files = folder.path() / "files";
  fs::create_directories(files / "0" / "artifacts");
  std::ofstream(files / "0" / "artifacts" / "a b.txt") << "text";
  std::ofstream(files / "0" / "empty");
  std::ofstream(files / "0" / "large") << std::string(9'000'000, 'x');
  fs::create_symlink("/etc/passwd", files / "0" / "link");
  const fs::path file = folder.path() / "study.hone";
  EXPECT_EQ(write_snapshot(*store_, study, file, files, clock_, probe_), 3);
  Snapshot snapshot(file, clock_, probe_);
  const fs::path out = folder.path() / "out";
  EXPECT_EQ(snapshot.extract_files(out), 3);
  EXPECT_EQ(read_file(out / "0" / "artifacts" / "a b.txt"), "text");
  EXPECT_EQ(read_file(out / "0" / "empty"), "");
  EXPECT_EQ(read_file(out / "0" / "large"), std::string(9'000'000, 'x'));
  EXPECT_FALSE(fs::exists(out / "0" / "link"));
  const auto changed_us = [](const fs::path& path) {
    return std::chrono::floor<std::chrono::microseconds>(fs::last_write_time(path));
  };
  EXPECT_EQ(changed_us(out / "0" / "empty"), changed_us(files / "0" / "empty"));
}

TEST_P(StoreContract, SnapshotsWithFilesThatLeadElsewhereAreRefused) {
  SKIP_WITHOUT_TABLES();
  const StudyId study = make_whole();
  const fs::path files = folder.path() / "files";
  fs::create_directories(files);
  const std::string outside = (folder.path() / "absolute").string();
  for (const std::string& name : {std::string("../beside"), std::string("0/../../beside"), outside,
                                  std::string("0/.."), std::string("0/"), std::string(".")}) {
    const fs::path file = folder.path() / "study.hone";
    write_snapshot(*store_, study, file, files, clock_, probe_);
    {
      SqlStore tables(sql::open_sqlite(file, {}), clock_, probe_);
      tables.with_tables(true, [&](sql::Connection& connection) {
        sql::Query(connection,
                   "INSERT INTO snapshot_file (path, part, modified_us, data) VALUES ($1, 0, 1, "
                   "$2)",
                   name, std::span<const std::uint8_t>())
            .run();
      });
    }
    Snapshot snapshot(file, clock_, probe_);
    try {
      snapshot.extract_files(folder.path() / "out");
      ADD_FAILURE() << name << " was written";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::store_corrupt) << name;
      EXPECT_NE(std::string(error.what()).find(name), std::string::npos) << error.what();
    }
    for (const char* path : {"beside", "absolute", "out"})
      EXPECT_FALSE(fs::exists(folder.path() / path)) << name;
  }
}

TEST(PlainFiles, LeavesOutWhatIsRemovedMeanwhileAndNothingElse) {
  const ScratchFolder folder;
  std::vector<std::string> stay;
  for (int i = 0; i < 20; ++i) {
    const std::string number = std::to_string(i);
    stay.push_back(number + "/file");
    fs::create_directories(folder.path() / number);
    std::ofstream(folder.path() / number / "file");
  }
  std::sort(stay.begin(), stay.end());
  std::atomic<bool> over = false;
  std::thread other([&] {
    while (!over) {
      std::error_code ignored;
      for (int i = 0; i < 20; ++i)
        fs::create_directories(folder.path() / ("passing " + std::to_string(i)), ignored);
      for (int i = 0; i < 20; ++i)
        fs::remove(folder.path() / ("passing " + std::to_string(i)), ignored);
    }
  });
  bool all = true;
  for (int i = 0; i < 1000; ++i) all = all && plain_files(folder.path()) == stay;
  over = true;
  other.join();
  EXPECT_TRUE(all);
  EXPECT_TRUE(plain_files(folder.path() / "none").empty());
}

TEST(PlainFiles, SaysWhichFolderCannotBeRead) {
  const ScratchFolder folder;
  const fs::path too_long = folder.path() / std::string(300, 'x');
  try {
    plain_files(too_long);
    ADD_FAILURE() << "read";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::io);
    EXPECT_NE(std::string(error.what()).find(too_long.string()), std::string::npos);
  }
}

TEST_P(StoreContract, SnapshotsSayWhatIsWrongWithAFile) {
  SKIP_WITHOUT_TABLES();
  const auto error_of = [&](const fs::path& file) -> std::string {
    try {
      Snapshot snapshot(file, clock_, probe_);
    } catch (const Error& error) {
      return std::string(error_code_name(error.code())) + ": " + error.what();
    }
    return "read";
  };
  EXPECT_NE(error_of(folder.path() / "none").find("there is no file"), std::string::npos);
  std::ofstream(folder.path() / "text") << "no database at all, but long enough for a header\n";
  EXPECT_NE(error_of(folder.path() / "text").find("store_corrupt"), std::string::npos);
  make_whole();
  const fs::path file = folder.path() / "study.hone";
  EXPECT_THROW(write_snapshot(*store_, StudyId{4711}, file, std::nullopt, clock_, probe_), Error);
  EXPECT_FALSE(fs::exists(file)) << "nothing half-written";
}

}  // namespace hone
