/* The trivial program of the benchmark: prints one metric and ends. With an argument it first works
   for that many milliseconds of CPU time. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

int main(int argc, char** argv) {
  if (argc > 1 && atol(argv[1]) > 0) {
    const clock_t end = clock() + atol(argv[1]) * (CLOCKS_PER_SEC / 1000);
    while (clock() < end) {
    }
  }
  puts("loss=0.5");
  return 0;
}
