/* The trivial program of the benchmark: prints one metric and ends. With an argument it first works
   for that many milliseconds of CPU time; a negative one only waits, as a program does whose work
   is done by a GPU, a disk or another machine. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

int main(int argc, char** argv) {
  const long work = argc > 1 ? atol(argv[1]) : 0;
  if (work > 0) {
    const clock_t end = clock() + work * (CLOCKS_PER_SEC / 1000);
    while (clock() < end) {
    }
  } else if (work < 0) {
    const struct timespec pause = {-work / 1000, -work % 1000 * 1000000};
    nanosleep(&pause, NULL);
  }
  puts("loss=0.5");
  return 0;
}
