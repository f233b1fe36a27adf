#include "hone/runner/child_process.h"

#include <fcntl.h>
#include <spawn.h>
#include <unistd.h>

namespace hone {
namespace {

void put(posix_spawn_file_actions_t* actions, int file, int place) {
  if (file >= 0) ::posix_spawn_file_actions_adddup2(actions, file, place);
  if (file == kNowhere) {
    ::posix_spawn_file_actions_addopen(actions, place, "/dev/null",
                                       place == STDIN_FILENO ? O_RDONLY : O_WRONLY, 0);
  }
}

}  // namespace

StartedChild start_child(ChildSpec spec) {
  std::vector<char*> words;
  for (std::string& word : spec.argv) words.push_back(word.data());
  words.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawnattr_init(&attributes);
  put(&actions, spec.input, STDIN_FILENO);
  put(&actions, spec.output, STDOUT_FILENO);
  put(&actions, spec.errors, STDERR_FILENO);
  ::posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
  if (!spec.folder.empty()) ::posix_spawn_file_actions_addchdir_np(&actions, spec.folder.c_str());
  ::posix_spawnattr_setflags(
      &attributes, spec.apart == ChildApart::session ? POSIX_SPAWN_SETSID : POSIX_SPAWN_SETPGROUP);
  StartedChild child;
  const auto spawn = spec.search_path ? ::posix_spawnp : ::posix_spawn;
  child.error = spawn(&child.pid, words[0], &actions, &attributes, words.data(), environ);
  ::posix_spawnattr_destroy(&attributes);
  ::posix_spawn_file_actions_destroy(&actions);
  if (child.error != 0) child.pid = -1;
  return child;
}

}  // namespace hone
