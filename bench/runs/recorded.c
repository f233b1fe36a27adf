/* Runs a program as a careful shell user would keep track of it: in a folder of its own, with its
   output in a file, and a line in a common file that is on disk when this ends.
     hone_bench_recorded PROGRAM WORK NUMBER */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  char folder[256];
  char log[280];
  snprintf(folder, sizeof folder, "t/%s", argv[3]);
  snprintf(log, sizeof log, "%s/log", folder);
  if (mkdir("t", 0700) != 0 && errno != EEXIST) return 1;
  if (mkdir(folder, 0700) != 0) return 1;
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, log, O_WRONLY | O_CREAT | O_TRUNC,
                                   0600);
  char* words[] = {argv[1], argv[2], NULL};
  pid_t pid = -1;
  if (posix_spawn(&pid, argv[1], &actions, NULL, words, environ) != 0) return 1;
  int status = 0;
  if (waitpid(pid, &status, 0) != pid) return 1;
  char line[64];
  snprintf(line, sizeof line, "%s %d\n", argv[3], WEXITSTATUS(status));
  const int record = open("record", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (record < 0 || write(record, line, strlen(line)) < 0) return 1;
  return fdatasync(record) == 0 ? 0 : 1;
}
