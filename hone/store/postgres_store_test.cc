// The contract on PostgreSQL: starts a server of its own in a scratch folder, reachable only by a socket there, without syncing.
// It ends with the test process, however that ends.
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
#include <thread>

#include "hone/base/assert.h"
#include "hone/store/postgres.h"
#include "hone/store/scratch_folder.h"
#include "hone/store/sql_store.h"
#include "hone/store/store_contract.h"

namespace hone {
namespace {

/// Debian's place first, then others.
std::filesystem::path find_server() {
  for (const char* folder : {"/usr/lib/postgresql/15/bin", "/usr/lib/postgresql/16/bin", "/usr/lib/postgresql/17/bin",
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
      HONE_ASSERT(::chown(folder_.path().c_str(), user_->pw_uid, user_->pw_gid) == 0, "root may change owners");
    }
    const std::string data = folder_.path() / "data";
    const pid_t init = start({bin / "initdb", "-D", data, "-U", "hone", "-A", "trust", "--no-sync", "-E", "UTF8",
                              "--locale=C"});
    int status = 0;
    ::waitpid(init, &status, 0);
    if (status != 0) {
      why_not_ = fmt::format("initdb failed with status {}", status);
      return;
    }
    pid_ = start({bin / "postgres", "-D", data, "-k", folder_.path(), "-c", "listen_addresses=", "-c", "fsync=off", "-c",
                  "max_connections=200"});
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
    if (user_ != nullptr &&
        (::setgroups(0, nullptr) != 0 || ::setgid(user_->pw_gid) != 0 || ::setuid(user_->pw_uid) != 0)) {
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
    return fmt::format("postgresql:///postgres?host={}&user=hone&options=-csearch_path%3D{}", folder_.path().string(),
                       schema);
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

INSTANTIATE_TEST_SUITE_P(Postgres, StoreContract, testing::Values(StoreKind{"Postgres", make_postgres_store}),
                         [](const auto& kind) { return kind.param.name; });

TEST(PostgresStore, ShowsNoPassword) {
  EXPECT_EQ(sql::without_password("postgres://me:secret@host:5432/db"), "postgres://me:***@host:5432/db");
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
