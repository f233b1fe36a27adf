#include "hone/runner/child_process.h"

#include <fmt/core.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "hone/base/owned_file.h"

namespace hone {
namespace {

struct Ran {
  pid_t pid = -1;
  std::string text;  ///< what it has printed
  int code = -1;
};

Ran run(const std::string& script, ChildSpec spec = {}) {
  Pipe pipe = make_pipe();
  spec.argv = {"/bin/sh", "-c", script};
  spec.output = pipe.in.get();
  Ran ran;
  const StartedChild child = start_child(std::move(spec));
  EXPECT_EQ(child.error, 0);
  pipe.in.close();
  char chunk[4096];
  for (ssize_t n = 0; (n = ::read(pipe.out.get(), chunk, sizeof chunk)) > 0;)
    ran.text.append(chunk, static_cast<std::size_t>(n));
  int status = -1;
  EXPECT_EQ(::waitpid(child.pid, &status, 0), child.pid);
  ran.pid = child.pid;
  ran.code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return ran;
}

TEST(ChildProcess, HasASessionOrAGroupOfItsOwn) {
  const std::string script =
      "read -r pid name state parent group session rest < /proc/$$/stat; echo $group $session";
  const Ran apart = run(script);
  EXPECT_EQ(apart.text, fmt::format("{} {}\n", apart.pid, apart.pid));
  const Ran group = run(script, {.apart = ChildApart::group});
  EXPECT_EQ(group.text, fmt::format("{} {}\n", group.pid, ::getsid(0)));
}

TEST(ChildProcess, GetsNoFileButTheThree) {
  const OwnedFile inherited(::dup(STDERR_FILENO));  // without O_CLOEXEC
  ASSERT_GE(inherited.get(), 3);
  const std::string look = "test -e /proc/$$/fd/" + std::to_string(inherited.get());
  EXPECT_EQ(run(look).code, 1);
}

TEST(ChildProcess, ReadsNothingAndWritesNowhereWhereItIsToldSo) {
  EXPECT_EQ(run("cat; readlink /proc/$$/fd/0 /proc/$$/fd/2; pwd",
                {.input = kNowhere, .errors = kNowhere, .folder = "/"})
                .text,
            "/dev/null\n/dev/null\n/\n");
}

TEST(ChildProcess, SaysWhyItWasNotStarted) {
  const StartedChild child = start_child({.argv = {"/no/such/program"}});
  EXPECT_EQ(child.pid, -1);
  EXPECT_EQ(child.error, ENOENT);
  EXPECT_EQ(start_child({.argv = {"sh"}}).error, ENOENT) << "PATH is searched where it is asked to";
  const StartedChild found = start_child({.argv = {"sh", "-c", "exit 7"}, .search_path = true});
  ASSERT_EQ(found.error, 0);
  int status = -1;
  ASSERT_EQ(::waitpid(found.pid, &status, 0), found.pid);
  EXPECT_EQ(WEXITSTATUS(status), 7);
}

}  // namespace
}  // namespace hone
