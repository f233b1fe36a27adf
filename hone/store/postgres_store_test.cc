// The contract on PostgreSQL: starts a server of its own in a scratch folder, reachable only by a
// socket there, without syncing. It ends with the test process, however that ends.
#include <fcntl.h>
#include <fmt/core.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <map>
#include <thread>

#include "hone/base/assert.h"
#include "hone/base/scratch_folder.h"
#include "hone/store/postgres.h"
#include "hone/store/sql_store.h"
#include "hone/store/store_contract.h"

namespace hone {
namespace {

/// Debian's place first, then others.
std::filesystem::path find_server() {
  for (const char* folder :
       {"/usr/lib/postgresql/15/bin", "/usr/lib/postgresql/16/bin", "/usr/lib/postgresql/17/bin",
        "/usr/pgsql-15/bin", "/usr/local/pgsql/bin"}) {
    if (std::filesystem::exists(std::filesystem::path(folder) / "postgres")) return folder;
  }
  return {};
}

class Server {
 public:
  static Server& instance() {
    static Server server;
    return server;
  }
  bool runs() const { return pid_ > 0; }
  const std::string& why_not() const { return why_not_; }
  /// Address of a database schema of its own, empty.
  std::string fresh_address() {
    const std::string schema = "test" + std::to_string(++schemas_);
    auto database = sql::open_postgres(address("public"), OpenMode::create);
    database->connect_writer()->run_script("CREATE SCHEMA " + schema);
    return address(schema);
  }

 private:
  Server() {
    const auto bin = find_server();
    if (bin.empty()) {
      why_not_ = "the PostgreSQL server is not installed (on Debian: apt install postgresql)";
      return;
    }
    // The server refuses to run as root.
    if (::geteuid() == 0) {
      for (const char* name : {"postgres", "nobody"}) {
        if ((user_ = ::getpwnam(name)) != nullptr) break;
      }
      if (user_ == nullptr) {
        why_not_ = "PostgreSQL refuses to run as root, and there is no user postgres or nobody";
        return;
      }
      HONE_ASSERT(::chown(folder_.path().c_str(), user_->pw_uid, user_->pw_gid) == 0,
                  "root may change owners");
    }
    const std::string data = folder_.path() / "data";
    const pid_t init = start({bin / "initdb", "-D", data, "-U", "hone", "-A", "trust", "--no-sync",
                              "-E", "UTF8", "--locale=C"});
    int status = 0;
    ::waitpid(init, &status, 0);
    if (status != 0) {
      why_not_ = fmt::format("initdb failed with status {}", status);
      return;
    }
    pid_ = start({bin / "postgres", "-D", data, "-k", folder_.path(), "-c",
                  "listen_addresses=", "-c", "fsync=off", "-c", "max_connections=200"});
    wait_until_it_answers();
  }
  ~Server() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGINT);  // fast shutdown
    ::waitpid(pid_, nullptr, 0);
  }

  pid_t start(const std::vector<std::string>& words) {
    std::vector<char*> argv;
    for (const std::string& word : words) argv.push_back(const_cast<char*>(word.c_str()));
    argv.push_back(nullptr);
    const pid_t parent = ::getpid();
    const pid_t pid = ::fork();
    if (pid != 0) return pid;
    const int null = ::open("/dev/null", O_RDWR);
    for (int fd = 0; fd < 3; ++fd) ::dup2(null, fd);
    if (user_ != nullptr && (::setgroups(0, nullptr) != 0 || ::setgid(user_->pw_gid) != 0 ||
                             ::setuid(user_->pw_uid) != 0)) {
      ::_exit(126);
    }
    ::prctl(PR_SET_PDEATHSIG, SIGQUIT);  // after setuid, which clears it
    if (::getppid() != parent || ::chdir("/") != 0) ::_exit(126);
    ::execv(argv[0], argv.data());
    ::_exit(127);
  }

  void wait_until_it_answers() {
    for (int i = 0; i < 600; ++i) {
      try {
        sql::open_postgres(address("public"), OpenMode::create)->connect_writer();
        return;
      } catch (const Error& error) {
        why_not_ = error.what();
        if (error.code() == ErrorCode::unsupported || ::waitpid(pid_, nullptr, WNOHANG) == pid_) {
          pid_ = 0;
          return;
        }
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    ADD_FAILURE() << "the server does not answer: " << why_not_;
  }

  std::string address(const std::string& schema) const {
    return fmt::format("postgresql:///postgres?host={}&user=hone&options=-csearch_path%3D{}",
                       folder_.path().string(), schema);
  }

  ScratchFolder folder_;
  const passwd* user_ = nullptr;
  pid_t pid_ = 0;
  std::string why_not_;
  std::atomic<int> schemas_ = 0;
};

std::unique_ptr<Store> make_postgres_store(const Clock& clock, const LivenessProbe& probe) {
  Server& server = Server::instance();
  if (!server.runs()) return nullptr;
  return open_store(server.fresh_address(), clock, probe);
}

INSTANTIATE_TEST_SUITE_P(Postgres, StoreContract,
                         testing::Values(StoreKind{"Postgres", make_postgres_store}),
                         [](const auto& kind) { return kind.param.name; });

/// Several stores on one database, as several machines have them.
struct PostgresStores : testing::Test {
  void SetUp() override {
    if (!Server::instance().runs()) GTEST_SKIP() << Server::instance().why_not();
    address = Server::instance().fresh_address();
  }
  std::unique_ptr<Store> open(OpenMode mode = OpenMode::create) {
    return open_store(address, clock, probe, mode);
  }
  StudyId make_study(Store& store, int trials) {
    NewStudy fresh;
    fresh.name = "study";
    fresh.metrics = {{"loss", MetricRole::objective}};
    const StudyId id = store.create_study(fresh);
    lead = store.lead(id, {"here", "boot", 1, 1}, 30 * kSecond_us).token;
    std::vector<Action> actions;
    for (int i = 0; i < trials; ++i) {
      auto proposal = std::make_shared<Proposal>();
      proposal->number = i;
      QueueRun run;
      run.plan.trial = i;
      actions.emplace_back(TrialAdded{std::move(proposal)});
      actions.emplace_back(run);
    }
    EXPECT_EQ(store.apply(id, lead, actions), LeaseState::held);
    return id;
  }
  std::string address;
  std::int64_t lead = 0;
  ManualClock clock;
  FakeProbe probe;
};

TEST_F(PostgresStores, MadeAtOnceByManyAreMadeOnce) {
  std::atomic<int> failures = 0;
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 6; ++t) {
      threads.emplace_back([&] {
        try {
          open()->list_studies();
        } catch (const Error& error) {
          ADD_FAILURE() << error.what();
          ++failures;
        }
      });
    }
  }
  EXPECT_EQ(failures, 0);
}

TEST_F(PostgresStores, GiveNoRunToTwo) {
  constexpr int kStores = 4;
  constexpr int kTrials = 80;
  const StudyId id = make_study(*open(), kTrials);
  {
    std::vector<std::jthread> threads;
    for (int s = 0; s < kStores; ++s) {
      threads.emplace_back([&, s] {
        try {
          const auto store = open();
          const WorkerId worker = store->register_worker(
              {fmt::format("w{}", s), {"here", "boot", 10 + s, 1}, "", "{}"});
          for (;;) {
            const auto claims = store->claim(id, worker, 2, 30 * kSecond_us);
            if (claims.empty()) return;
            std::vector<RunLease> leases;
            for (const Claim& claim : claims) leases.push_back({claim.run.id, claim.run.token});
            for (const auto& answer : store->renew(worker, leases, 30 * kSecond_us)) {
              EXPECT_EQ(answer.lease, LeaseState::held);
            }
            for (const RunLease& lease : leases) {
              EXPECT_EQ(store->end_run(lease.run, lease.token, {}, {}), LeaseState::held);
            }
          }
        } catch (const Error& error) {
          ADD_FAILURE() << error.what();
        }
      });
    }
    threads.emplace_back([&] {  // a leader that judges the runs while they are renewed
      const auto store = open();
      for (int i = 0; i < kTrials; ++i) {
        store->apply(id, lead, std::vector<Action>{Judged{i, Verdict::stop, "", "", 0, {}}});
      }
    });
  }
  const auto changes = open()->changes_since(id, 0, 100'000);
  EXPECT_EQ(changes.size(), static_cast<std::size_t>(kTrials * 5));
  std::map<std::int64_t, int> claimed;
  for (const Change& change : changes) {
    const auto* c = std::get_if<RunClaimed>(&change.body);
    if (c != nullptr) ++claimed[c->trial];
  }
  EXPECT_EQ(claimed.size(), static_cast<std::size_t>(kTrials));
  for (const auto& [trial, count] : claimed) EXPECT_EQ(count, 1) << trial;
}

TEST_F(PostgresStores, WakeEachOther) {
  const auto reader = open();
  const StudyId id = make_study(*reader, 1);
  std::jthread other([&] { open()->add_request(id, "stop", {}, "me"); });
  EXPECT_TRUE(reader->wait_for_change(id, 2, 60 * kSecond_us));
}

TEST_F(PostgresStores, GoOnAfterALostConnection) {
  const auto store = open();
  const StudyId id = make_study(*store, 1);
  EXPECT_EQ(store->changes_since(id, 0, 10).size(), 2U);
  // Every connection of this test's schema but the one that does it.
  sql::open_postgres(address, OpenMode::create)
      ->connect_writer()
      ->run_script(
          "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() "
          "AND backend_type = 'client backend'");
  EXPECT_EQ(store->changes_since(id, 0, 10).size(), 2U) << "reading";
  EXPECT_EQ(store->apply(id, lead, std::vector<Action>{Noted{"n", {}}}), LeaseState::held)
      << "writing";
  EXPECT_EQ(store->changes_since(id, 0, 10).size(), 3U);
}

TEST_F(PostgresStores, OpenedForReadingCannotBeWritten) {
  EXPECT_THROW(open(OpenMode::existing), Error) << "there is none yet";
  const StudyId id = make_study(*open(), 1);
  const auto store = open(OpenMode::read_only);
  EXPECT_EQ(store->changes_since(id, 0, 10).size(), 2U);
  try {
    store->add_request(id, "stop", {}, "me");
    FAIL() << "it was written";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::store);
  }
}

TEST(PostgresStore, ShowsNoPassword) {
  EXPECT_EQ(sql::without_password("postgres://me:secret@host:5432/db"),
            "postgres://me:***@host:5432/db");
  EXPECT_EQ(sql::without_password("postgres://me@host/db"), "postgres://me@host/db");
  EXPECT_EQ(sql::without_password("postgres:///db?user=me&password=a%20b&host=x"),
            "postgres:///db?user=me&password=***&host=x");
}

TEST(PostgresStore, NamesAServerThatItCannotReach) {
  const SystemClock clock;
  const FakeProbe probe;
  try {
    open_store("postgres://me:secret@localhost:1/db", clock, probe);
    FAIL() << "nothing listens there";
  } catch (const Error& error) {
    EXPECT_EQ(std::string(error.what()).find("secret"), std::string::npos);
    EXPECT_FALSE(error.hint().empty());
    if (error.code() == ErrorCode::unsupported) GTEST_SKIP() << error.what();
    EXPECT_EQ(error.code(), ErrorCode::store);
  }
}

}  // namespace
}  // namespace hone
