// Starting a program beside this process, with no file but the three that every program has.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace hone {

/// What a child has in the place of stdin, stdout or stderr, beside an open file by its number.
inline constexpr int kInherited = -1;
inline constexpr int kNowhere = -2;  ///< /dev/null

/// What a Ctrl-C and the end of the terminal do not reach. A group can be killed as one.
enum class ChildApart { session, group };

struct ChildSpec {
  std::vector<std::string> argv = {};  ///< argv[0]: the program
  bool search_path = false;            ///< for a program without a slash
  int input = kInherited;
  int output = kInherited;
  int errors = kInherited;
  std::string folder = {};  ///< to work in; "": this process's
  ChildApart apart = ChildApart::session;
};

struct StartedChild {
  pid_t pid = -1;  ///< a process that the caller has to wait for
  int error = 0;   ///< errno, where it was not started
};

/// With this process's environment. Whatever else is open here is closed there.
StartedChild start_child(ChildSpec spec);

}  // namespace hone
