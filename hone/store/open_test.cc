#include "hone/store/open.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <set>

#include "hone/base/error.h"
#include "hone/base/scratch_folder.h"
#include "hone/store/liveness.h"

namespace hone {
namespace {

std::string locate(StorePlace place, const std::set<std::string>& folders) {
  return locate_store(
      place, [&](const std::filesystem::path& path) { return folders.contains(path.string()); });
}

TEST(TheStore, IsTheOneNamedByTheFlagThenByTheEnvironment) {
  StorePlace place;
  place.current_folder = "/users/ann/lab";
  place.flag = "a.sqlite";
  place.environment = "postgres://host/db";
  EXPECT_EQ(locate(place, {"/users/ann/lab/.hone"}), "/users/ann/lab/a.sqlite");
  place.flag.reset();
  EXPECT_EQ(locate(place, {"/users/ann/lab/.hone"}), "postgres://host/db");
  place.environment = "../there";
  EXPECT_EQ(locate(place, {"/users/ann/there"}), "/users/ann/there/store.sqlite");
  place.environment = "there/.hone";
  EXPECT_EQ(locate(place, {}), "/users/ann/lab/there/.hone/store.sqlite") << "not there yet";
  place.environment = "there/";
  EXPECT_EQ(locate(place, {}), "/users/ann/lab/there/store.sqlite");
  place.environment = "/abs/file.db";
  EXPECT_EQ(locate(place, {}), "/abs/file.db");
  place.environment = ":memory:";
  EXPECT_EQ(locate(place, {}), ":memory:");
}

TEST(TheStore, IsTheNearestUpwardsElseBesideTheStudyFile) {
  StorePlace place;
  place.current_folder = "/users/ann/lab/deep";
  place.home_folder = "/users/ann";
  place.environment = "";
  EXPECT_EQ(locate(place, {"/users/ann/lab/.hone", "/users/ann/.hone"}),
            "/users/ann/lab/.hone/store.sqlite");
  EXPECT_EQ(locate(place, {"/users/ann/.hone"}), "/users/ann/.hone/store.sqlite");
  EXPECT_EQ(locate(place, {"/users/.hone"}), "/users/ann/lab/deep/.hone/store.sqlite")
      << "not above the home folder";
  place.study_file = "../studies/a.yaml";
  EXPECT_EQ(locate(place, {}), "/users/ann/lab/studies/.hone/store.sqlite");
  place.study_file = "/elsewhere/a.yaml";
  EXPECT_EQ(locate(place, {}), "/elsewhere/.hone/store.sqlite");
}

TEST(OpeningAStore, SaysWhatIsMissing) {
  const ScratchFolder folder;
  const SystemClock clock;
  const ProcLiveness probe;
  const auto code = [&](const std::string& address, OpenMode mode) {
    try {
      open_store(address, clock, probe, mode);
    } catch (const Error& error) {
      EXPECT_FALSE(error.hint().empty());
      return error.code();
    }
    return ErrorCode::interrupted;
  };
  const std::string path = folder.path() / "none.sqlite";
  EXPECT_EQ(code(path, OpenMode::existing), ErrorCode::not_found);
  EXPECT_EQ(code(path, OpenMode::read_only), ErrorCode::not_found);
  EXPECT_FALSE(std::filesystem::exists(path));
  EXPECT_EQ(code(folder.path(), OpenMode::create), ErrorCode::store) << "a folder";
  EXPECT_EQ(code("mysql://host/db", OpenMode::create), ErrorCode::invalid_input);
  EXPECT_TRUE(open_store(":memory:", clock, probe));
}

TEST(ProcLiveness, KnowsThisProcess) {
  const ProcLiveness probe;
  Holder self = this_process_holder();
  EXPECT_EQ(self.pid, ::getpid());
  EXPECT_EQ(probe.probe(self), Liveness::alive);
  Holder other = self;
  other.pid_start -= 1;
  EXPECT_EQ(probe.probe(other), Liveness::gone) << "the pid was used again";
  other = self;
  other.host += "x";
  EXPECT_EQ(probe.probe(other), Liveness::unknown);
  other = self;
  other.boot_id += "x";
  EXPECT_EQ(probe.probe(other), Liveness::unknown);
}

TEST(ProcLiveness, SeesAProcessEndEvenBeforeItIsReaped) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const pid_t pid = ::fork();
  if (pid == 0) {
    const std::string text = this_process_holder().text();
    if (::write(ends[1], text.data(), text.size()) < 0) ::_exit(1);
    ::pause();
  }
  char buffer[512];
  const ssize_t size = ::read(ends[0], buffer, sizeof buffer);
  ASSERT_GT(size, 0);
  const auto holder = Holder::parse({buffer, static_cast<std::size_t>(size)});
  ASSERT_TRUE(holder);
  const ProcLiveness probe;
  EXPECT_EQ(probe.probe(*holder), Liveness::alive);
  ::kill(pid, SIGKILL);
  siginfo_t info{};
  ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOWAIT), 0);
  EXPECT_EQ(probe.probe(*holder), Liveness::gone);
  ::waitpid(pid, nullptr, 0);
  EXPECT_EQ(probe.probe(*holder), Liveness::gone);
  ::close(ends[0]);
  ::close(ends[1]);
}

}  // namespace
}  // namespace hone
