// What may happen to a file: full and failing disks, killed processes, locks, damage, other
// versions, many processes.
#include <fcntl.h>
#include <fmt/core.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <fstream>
#include <functional>
#include <set>
#include <thread>

#include "hone/base/error.h"
#include "hone/base/log.h"
#include "hone/base/rng.h"
#include "hone/base/scratch_folder.h"
#include "hone/store/fault_vfs.h"
#include "hone/store/liveness.h"
#include "hone/store/migrate.h"
#include "hone/store/sql_store.h"
#include "hone/store/sqlite.h"
#include "hone/store/sqlite_file.h"
#include "hone/store/store_contract.h"

namespace hone {
namespace {

constexpr std::int64_t kTtl_us = 30 * kSecond_us;

struct SqliteFile : testing::Test {
  std::filesystem::path path() const { return folder.path() / "store.sqlite"; }
  std::unique_ptr<Store> open(const sql::SqliteOptions& options = {}) {
    return std::make_unique<SqlStore>(sql::open_sqlite(path(), options), clock, probe);
  }
  static sql::SqliteOptions impatient() {
    sql::SqliteOptions options;
    options.busy_wait_us = 20'000;
    return options;
  }
  StudyId make_study(Store& store) {
    NewStudy fresh;
    fresh.name = "study";
    fresh.metrics = {{"loss", MetricRole::objective}};
    return store.create_study(fresh);
  }
  static TrialAdded trial(std::int64_t number) {
    auto proposal = std::make_shared<Proposal>();
    proposal->number = number;
    proposal->config.set("lr", 0.5);
    return {std::move(proposal)};
  }
  static QueueRun queue(std::int64_t number) {
    QueueRun run;
    run.plan.trial = number;
    return run;
  }
  static ReportBatch report(std::int64_t ordinal) {
    ReportBatch batch;
    Report one;
    one.ordinal = ordinal;
    one.fidelity = static_cast<double>(ordinal);
    batch.reports = {one};
    batch.points = {{"lr", 1, 2, 3}};
    batch.next_ordinal = ordinal + 1;
    return batch;
  }
  /// A second connection with plain SQLite.
  void sql(const char* text) {
    sqlite3* db = nullptr;
    ASSERT_EQ(sqlite3_open(path().c_str(), &db), SQLITE_OK);
    char* message = nullptr;
    EXPECT_EQ(sqlite3_exec(db, text, nullptr, nullptr, &message), SQLITE_OK) << message;
    sqlite3_close(db);
  }
  void write_bytes(std::int64_t at, const std::string& bytes) {
    std::fstream file(path(), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(at);
    file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  }
  std::optional<Error> error_of(const std::function<void()>& call) {
    try {
      call();
    } catch (const Error& error) {
      EXPECT_NE(std::string(error.what()).find(path().string()), std::string::npos) << error.what();
      EXPECT_FALSE(error.hint().empty()) << error.what();
      return error;
    }
    return std::nullopt;
  }

  ScratchFolder folder;
  ManualClock clock;
  FakeProbe probe;
};

TEST_F(SqliteFile, IsPrivateToItsUser) {
  const auto deep = folder.path() / ".hone" / "store.sqlite";
  const SqlStore store(sql::open_sqlite(deep, {}), clock, probe);
  const auto mode = [](const std::filesystem::path& file) {
    struct stat info {};
    EXPECT_EQ(::stat(file.c_str(), &info), 0) << file;
    return info.st_mode & 0777;
  };
  EXPECT_EQ(mode(deep.parent_path()), 0700U);
  EXPECT_EQ(mode(deep), 0600U);
  EXPECT_EQ(mode(deep.string() + "-wal"), 0600U);
  EXPECT_EQ(mode(deep.string() + "-shm"), 0600U);
}

TEST_F(SqliteFile, KeepsEverythingOverAReopening) {
  StudyId id;
  {
    const auto store = open();
    id = make_study(*store);
    const auto lead = store->lead(id, {"here", "boot", 1, 1}, kTtl_us);
    const std::vector<Action> actions = {trial(0), queue(0)};
    store->apply(id, lead.token, actions);
  }
  const auto store = open();
  EXPECT_EQ(store->study(id)->trials, 1);
  EXPECT_EQ(store->changes_since(id, 0, 100).size(), 2U);
  EXPECT_EQ(store->lead(id, {"here", "boot", 1, 1}, kTtl_us).token, 1);
}

TEST_F(SqliteFile, OfANewerHoneIsRefusedUntouched) {
  open();
  sql("PRAGMA user_version = 99; UPDATE meta SET schema_version = 99, min_reader = 50");
  EXPECT_EQ(error_of([&] { open(); })->code(), ErrorCode::store_newer);
  sql::SqliteOptions read_only;
  read_only.mode = OpenMode::read_only;
  EXPECT_EQ(error_of([&] { open(read_only); })->code(), ErrorCode::store_newer);
  sql("UPDATE meta SET min_reader = 1");
  EXPECT_EQ(error_of([&] { open(); })->code(), ErrorCode::store_newer);
  EXPECT_TRUE(open(read_only)->list_studies().empty()) << "it says that older ones may read it";
}

TEST_F(SqliteFile, OfAnotherProgramIsLeftAlone) {
  sql("CREATE TABLE mine (x)");
  EXPECT_EQ(error_of([&] { open(); })->code(), ErrorCode::store);
  sql("INSERT INTO mine VALUES (1)");
}

TEST_F(SqliteFile, OpenedForReadingCannotBeWritten) {
  make_study(*open());
  sql::SqliteOptions options;
  options.mode = OpenMode::read_only;
  const auto store = open(options);
  ASSERT_TRUE(store->find_study("", "study"));
  NewStudy other;
  other.name = "other";
  EXPECT_EQ(error_of([&] { store->create_study(other); })->code(), ErrorCode::store);
  EXPECT_EQ(store->list_studies().size(), 1U);
}

TEST_F(SqliteFile, WithoutWritePermissionSaysSo) {
  make_study(*open());
  ASSERT_EQ(::chmod(path().c_str(), 0444), 0);
  // As root permissions do not bind: look as somebody else, in a child.
  ASSERT_EQ(::chmod(folder.path().c_str(), 0755), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    if (::geteuid() == 0 && (::setgid(65534) != 0 || ::setuid(65534) != 0)) ::_exit(9);
    try {
      open();
    } catch (const Error& error) {
      const bool named = std::string(error.what()).find(path().string()) != std::string::npos;
      ::_exit(error.code() == ErrorCode::store && named && !error.hint().empty() ? 0 : 2);
    }
    ::_exit(1);
  }
  int status = -1;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
}

TEST_F(SqliteFile, LockedByAnotherProcessNamesIt) {
  make_study(*open());
  int ready[2];
  int done[2];
  ASSERT_EQ(::pipe(ready), 0);
  ASSERT_EQ(::pipe(done), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    sqlite3* db = nullptr;
    sqlite3_open(path().c_str(), &db);
    const bool ok = sqlite3_exec(db, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr) == SQLITE_OK;
    char byte = ok ? 'y' : 'n';
    if (::write(ready[1], &byte, 1) != 1 || ::read(done[0], &byte, 1) < 0) ::_exit(1);
    sqlite3_close(db);
    ::_exit(0);
  }
  char byte = 'n';
  ASSERT_EQ(::read(ready[0], &byte, 1), 1);
  ASSERT_EQ(byte, 'y');
  const auto store = open(impatient());
  NewStudy other;
  other.name = "other";
  const auto error = error_of([&] { store->create_study(other); });
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), ErrorCode::store_busy);
  EXPECT_NE(std::string(error->what()).find(fmt::format("process {}", child)), std::string::npos)
      << error->what();
  EXPECT_EQ(store->list_studies().size(), 1U) << "reading goes on";
  ASSERT_EQ(::write(done[1], &byte, 1), 1);
  ::waitpid(child, nullptr, 0);
  store->create_study(other);
  for (const int fd : {ready[0], ready[1], done[0], done[1]}) ::close(fd);
}

TEST_F(SqliteFile, HeldAloneTellsOthersByWhom) {
  sql::SqliteOptions alone = impatient();
  alone.exclusive = true;
  auto store = open(alone);
  make_study(*store);
  const auto error = error_of([&] { open(alone); });
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), ErrorCode::store_busy);
  EXPECT_NE(std::string(error->what()).find(fmt::format("process {} on ", ::getpid())),
            std::string::npos)
      << error->what();
  store.reset();
  EXPECT_EQ(open(alone)->list_studies().size(), 1U);
}

TEST(NetworkFileSystems, AreKnownByTheirNumbers) {
  EXPECT_EQ(sql::network_file_system_name(0x6969), "NFS");
  EXPECT_EQ(sql::network_file_system_name(0x0BD00BD0), "Lustre");
  EXPECT_FALSE(sql::network_file_system_name(0xEF53)) << "ext4";
  EXPECT_FALSE(sql::network_file_system_name(0x01021994)) << "tmpfs";
}

TEST_F(SqliteFile, WithADamagedHeaderIsCorrupt) {
  make_study(*open());
  write_bytes(0, std::string(100, 'x'));
  EXPECT_EQ(error_of([&] { open(); })->code(), ErrorCode::store_corrupt);
}

TEST_F(SqliteFile, WithADamagedPageIsCorruptWhenItIsRead) {
  {
    const auto store = open();
    const StudyId id = make_study(*store);
    const auto lead = store->lead(id, {"here", "boot", 1, 1}, kTtl_us);
    for (int i = 0; i < 200; ++i) {
      store->apply(id, lead.token, std::vector<Action>{Noted{std::string(100, 'n'), Value(i)}});
    }
  }
  const auto size = static_cast<std::int64_t>(std::filesystem::file_size(path()));
  const std::string junk(4096, '\xA5');
  for (std::int64_t at = size / 2 / 4096 * 4096; at < size; at += 4096) write_bytes(at, junk);
  const auto error = error_of([&] {
    const auto store = open();
    for (const auto& info : store->list_studies()) store->changes_since(info.id, 0, 1000);
  });
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), ErrorCode::store_corrupt);
}

TEST_F(SqliteFile, CutShortIsCorrupt) {
  {
    const auto store = open();
    make_study(*store);
  }
  const auto size = std::filesystem::file_size(path());
  std::filesystem::resize_file(path(), size / 2);
  EXPECT_EQ(error_of([&] {
              const auto store = open();
              store->list_studies();
            })->code(),
            ErrorCode::store_corrupt);
  std::filesystem::resize_file(path(), 50);
  EXPECT_EQ(error_of([&] { open(); })->code(), ErrorCode::store_corrupt);
}

/// What the caller was told, against what a reopened store holds.
struct Told {
  std::int64_t trials = 0;
  std::int64_t doubtful_trials = 0;
  std::map<std::int64_t, std::int64_t> reports;  ///< next ordinal by run, as told
  std::map<std::int64_t, bool> ended;
};

/// Adds trials, claims, reports and ends until an error; notes after each call what has been
/// promised.
void work(Store& store, StudyId id, int rounds, Told& told) {
  const auto lead = store.lead(id, {"here", "boot", 1, 1}, kTtl_us);
  const WorkerId worker = store.register_worker({"w", {"here", "boot", 1, 1}, "", "{}"});
  for (int i = 0; i < rounds; ++i) {
    const std::int64_t number = store.study(id)->trials;
    told.doubtful_trials = number + 1;
    const std::vector<Action> actions = {SqliteFile::trial(number), SqliteFile::queue(number)};
    store.apply(id, lead.token, actions);
    told.trials = number + 1;
    for (const Claim& claim : store.claim(id, worker, 1, kTtl_us)) {
      const std::int64_t run = claim.run.id.value;
      for (std::int64_t k = 0; k < 3; ++k) {
        store.append(claim.run.id, claim.run.token, SqliteFile::report(k));
        told.reports[run] = k + 1;
      }
      store.end_run(claim.run.id, claim.run.token, SqliteFile::report(3), {});
      told.reports[run] = 4;
      told.ended[run] = true;
    }
  }
}

/// Everything told is there; everything is consistent: dense numbers, ordinals without gap or
/// double, points with their reports.
void check(Store& store, StudyId id, const Told& told) {
  const auto info = store.study(id);
  ASSERT_TRUE(info);
  EXPECT_GE(info->trials, told.trials);
  EXPECT_LE(info->trials, std::max(told.trials, told.doubtful_trials));
  const auto changes = store.changes_since(id, 0, 1'000'000);
  EXPECT_EQ(std::ssize(changes), info->last_seq);
  std::int64_t added = 0;
  std::int64_t queued = 0;
  std::map<std::int64_t, std::int64_t> reports;
  std::map<std::int64_t, bool> ended;
  for (const Change& change : changes) {
    if (std::holds_alternative<TrialAdded>(change.body)) ++added;
    if (std::holds_alternative<RunQueued>(change.body)) ++queued;
    if (const auto* r = std::get_if<Reported>(&change.body)) {
      EXPECT_EQ(r->report.ordinal, reports[r->report.run.value]++);
    }
    if (const auto* e = std::get_if<RunEnded>(&change.body)) {
      EXPECT_FALSE(std::exchange(ended[e->run.value], true));
      EXPECT_EQ(reports[e->run.value], 4) << "the last batch and the end are one";
    }
  }
  EXPECT_EQ(added, info->trials);
  EXPECT_EQ(queued, added) << "a trial and its run are one";
  for (const auto& [run, next] : told.reports) EXPECT_GE(reports[run], next) << "run " << run;
  for (const auto& [run, is] : told.ended) EXPECT_EQ(ended[run], is);
  for (const auto& [run, count] : reports) EXPECT_EQ(std::ssize(store.points(RunId{run})), count);
}

TEST_F(SqliteFile, LosesNothingWhenAnyOneDiskOperationFails) {
  StudyId id;
  {
    const auto store = open();
    id = make_study(*store);
  }
  sql::SqliteOptions faulty = impatient();
  faulty.vfs = fault_vfs();
  int failures = 0;
  std::set<ErrorCode> codes;
  for (const int kind :
       {SQLITE_FULL, SQLITE_IOERR_WRITE, SQLITE_IOERR_FSYNC, SQLITE_IOERR_TRUNCATE}) {
    for (int nth = 1; nth < 400; nth += 1 + nth / 6) {
      Told told;
      bool failed = false;
      {
        set_fault(0, 0);
        const auto store = open(faulty);
        told.trials = told.doubtful_trials = store->study(id)->trials;
        set_fault(kind, nth);
        try {
          work(*store, id, 2, told);
        } catch (const Error& error) {
          failed = true;
          codes.insert(error.code());
          EXPECT_NE(std::string(error.what()).find(path().string()), std::string::npos);
        }
        if (!fault_happened()) failed = false;
        set_fault(0, 0);
        if (failed) {
          // The same object goes on once the disk is well again.
          check(*store, id, told);
          told.doubtful_trials = store->study(id)->trials;
          work(*store, id, 1, told);
        }
      }
      if (failed) ++failures;
      const auto store = open();
      check(*store, id, told);
      // Leave no run behind for the next round.
      const WorkerId worker = store->register_worker({"w", {"here", "boot", 1, 1}, "", "{}"});
      for (const Claim& claim : store->held(worker)) {
        const RunId run = claim.run.id;
        for (std::int64_t k = claim.next_ordinal; k < 3; ++k)
          store->append(run, claim.run.token, report(k));
        store->end_run(run, claim.run.token, report(3), {});
      }
      if (HasFailure()) FAIL() << "with fault " << kind << " at operation " << nth;
      if (!failed && nth > 100) break;
    }
  }
  EXPECT_GT(failures, 20) << "the faults must have happened";
  EXPECT_TRUE(codes.contains(ErrorCode::store_full));
  EXPECT_TRUE(codes.contains(ErrorCode::store));
}

TEST_F(SqliteFile, SharesNoFailureBetweenCallsThatCommitTogether) {
  const auto store = open();
  const StudyId id = make_study(*store);
  const auto lead = store->lead(id, {"here", "boot", 1, 1}, kTtl_us);
  std::atomic<int> refused = 0;
  std::atomic<int> done = 0;
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 16; ++t) {
      threads.emplace_back([&, t] {
        for (int i = 0; i < 20; ++i) {
          try {
            // Every fourth is illegal after its first part.
            std::vector<Action> actions = {Noted{"n", Value(t * 100 + i)}};
            if (i % 4 == 0) actions.emplace_back(Judged{99, Verdict::stop, "", "", 0, {}});
            store->apply(id, lead.token, actions);
            ++done;
          } catch (const Error&) {
            ++refused;
          }
        }
      });
    }
  }
  EXPECT_EQ(refused, 16 * 5);
  EXPECT_EQ(done, 16 * 15);
  std::set<std::int64_t> notes;
  for (const Change& change : store->changes_since(id, 0, 10000)) {
    const std::int64_t note = std::get<Noted>(change.body).body.as_int();
    EXPECT_NE(note % 100 % 4, 0);
    EXPECT_TRUE(notes.insert(note).second);
  }
  EXPECT_EQ(notes.size(), 240U);
}

TEST_F(SqliteFile, SurvivesBeingKilledAtAnyMoment) {
  StudyId id;
  {
    const auto store = open();
    id = make_study(*store);
  }
  Rng rng(7);
  std::int64_t told_in_all = 0;
  for (int round = 0; round < 25; ++round) {
    int pipe_ends[2];
    ASSERT_EQ(::pipe(pipe_ends), 0);
    const pid_t child = ::fork();
    if (child == 0) {
      // Writes a byte after every call that returned: what the parent has read is promised.
      try {
        const auto store = open();
        const auto lead = store->lead(id, {"here", "boot", 1, 1}, kTtl_us);
        for (std::int64_t i = 0;; ++i) {
          const std::int64_t number = store->study(id)->trials;
          const std::vector<Action> actions = {trial(number), queue(number)};
          store->apply(id, lead.token, actions);
          if (::write(pipe_ends[1], &number, sizeof number) != sizeof number) ::_exit(1);
        }
      } catch (const Error&) {
        ::_exit(1);
      }
    }
    ::close(pipe_ends[1]);
    std::int64_t number = -1;
    std::int64_t promised = -1;
    const std::uint64_t reads = 1 + rng.below(40);
    for (std::uint64_t i = 0; i < reads; ++i) {
      if (::read(pipe_ends[0], &number, sizeof number) == sizeof number) promised = number;
    }
    ::kill(child, SIGKILL);
    while (::read(pipe_ends[0], &number, sizeof number) == sizeof number) promised = number;
    ::close(pipe_ends[0]);
    ::waitpid(child, nullptr, 0);
    const auto store = open();
    Told told;
    told.trials = promised + 1;
    told.doubtful_trials = promised + 2;
    told_in_all = told.trials;
    check(*store, id, told);
    if (HasFailure()) FAIL() << "in round " << round;
  }
  EXPECT_GT(told_in_all, 100);
  sqlite3* db = nullptr;
  ASSERT_EQ(sqlite3_open(path().c_str(), &db), SQLITE_OK);
  const auto on_row = [](void*, int, char** values, char**) {
    EXPECT_STREQ(values[0], "ok");
    return 0;
  };
  EXPECT_EQ(sqlite3_exec(db, "PRAGMA integrity_check", on_row, nullptr, nullptr), SQLITE_OK);
  sqlite3_close(db);
}

TEST_F(SqliteFile, GivesNoRunToTwoOfManyProcesses) {
  constexpr int kProcesses = 4;
  constexpr int kTrials = 60;
  StudyId id;
  {
    const auto store = open();
    id = make_study(*store);
    const auto lead = store->lead(id, {"here", "boot", 1, 1}, kTtl_us);
    std::vector<Action> actions;
    for (int i = 0; i < kTrials; ++i) {
      actions.emplace_back(trial(i));
      actions.emplace_back(queue(i));
    }
    store->apply(id, lead.token, actions);
  }
  std::vector<pid_t> children;
  for (int p = 0; p < kProcesses; ++p) {
    const pid_t child = ::fork();
    if (child == 0) {
      int failed = 0;
      try {
        const auto store = open();
        const WorkerId worker =
            store->register_worker({fmt::format("w{}", p), {"here", "boot", p, 1}, "", "{}"});
        for (;;) {
          const auto claims = store->claim(id, worker, 1, kTtl_us);
          if (claims.empty()) break;
          const auto& run = claims[0].run;
          if (store->append(run.id, run.token, report(0)).lease != LeaseState::held) failed = 1;
          if (store->end_run(run.id, run.token, report(1), {}) != LeaseState::held) failed = 1;
        }
      } catch (const Error& error) {
        std::fprintf(stderr, "%s\n", error.what());
        failed = 2;
      }
      ::_exit(failed);
    }
    children.push_back(child);
  }
  for (const pid_t child : children) {
    int status = -1;
    ::waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
  }
  const auto store = open();
  std::map<std::int64_t, int> claimed;
  std::map<std::int64_t, int> ended;
  for (const Change& change : store->changes_since(id, 0, 100000)) {
    if (const auto* c = std::get_if<RunClaimed>(&change.body)) ++claimed[c->trial];
    if (const auto* e = std::get_if<RunEnded>(&change.body)) ++ended[e->trial];
  }
  EXPECT_EQ(claimed.size(), static_cast<std::size_t>(kTrials));
  for (const auto& [trial, count] : claimed) EXPECT_EQ(count, 1) << trial;
  for (const auto& [trial, count] : ended) EXPECT_EQ(count, 1) << trial;
}

TEST_F(SqliteFile, TellsAWaitingReaderOfAnotherProcess) {
  const auto store = open();
  const StudyId id = make_study(*store);
  const pid_t child = ::fork();
  if (child == 0) {
    try {
      const auto other = std::make_unique<SqlStore>(sql::open_sqlite(path(), {}), clock, probe);
      const auto lead = other->lead(id, {"here", "boot", 2, 1}, kTtl_us);
      other->apply(id, lead.token, std::vector<Action>{Noted{"n", {}}});
    } catch (const Error&) {
      ::_exit(1);
    }
    ::_exit(0);
  }
  EXPECT_TRUE(store->wait_for_change(id, 0, 60 * kSecond_us));
  int status = -1;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
}

TEST_F(SqliteFile, FindsWaitingAndHeldRunsWithoutScanning) {
  open();
  sqlite3* db = nullptr;
  ASSERT_EQ(sqlite3_open(path().c_str(), &db), SQLITE_OK);
  const auto plan = [&](const std::string& text) {
    std::string steps;
    const auto on_row = [](void* into, int, char** values, char**) {
      *static_cast<std::string*>(into) += std::string(values[3]) + "\n";
      return 0;
    };
    EXPECT_EQ(sqlite3_exec(db, ("EXPLAIN QUERY PLAN " + text).c_str(), on_row, &steps, nullptr),
              SQLITE_OK);
    return steps;
  };
  for (const char* text : {"SELECT run_id FROM run WHERE study_id = 1 AND state = 0 ORDER BY "
                           "priority DESC, run_id LIMIT 3",
                           "SELECT 1 FROM run WHERE study_id = 1 AND state = 0 LIMIT 1",
                           "SELECT 1 FROM run WHERE study_id = 1 AND state IN (1, 2) LIMIT 1",
                           "SELECT run_id FROM run u WHERE u.study_id IN (SELECT study_id FROM "
                           "study) AND u.worker_id = 1 "
                           "AND u.state IN (1, 2) ORDER BY u.run_id",
                           "SELECT COUNT(*) FROM run WHERE trial_id = 1 AND state <> 3",
                           "DELETE FROM trial WHERE parent_trial_id = 5"}) {
    const std::string steps = plan(text);
    EXPECT_NE(steps.find("INDEX"), std::string::npos) << text << "\n" << steps;
    EXPECT_EQ(steps.find("SCAN run"), std::string::npos) << text << "\n" << steps;
    EXPECT_EQ(steps.find("SCAN u"), std::string::npos) << text << "\n" << steps;
    EXPECT_EQ(steps.find("SCAN trial"), std::string::npos) << text << "\n" << steps;
  }
  EXPECT_EQ(plan("SELECT run_id FROM run WHERE study_id = 1 AND state = 0 ORDER BY priority DESC, "
                 "run_id LIMIT 3")
                .find("TEMP B-TREE"),
            std::string::npos)
      << "the index gives the order";
  sqlite3_close(db);
}

}  // namespace
}  // namespace hone
