// A program that logs, in two ways.
//
// `program log RATE METRICS SECONDS FILE`: RATE points a second, METRICS of them on a line
// "@hone {…}" on stdout. Then the objective goes above every bound, and how long it takes until
// SIGTERM comes is written to FILE, in microseconds; the lines go on meanwhile.
//
// `program train STEPS LINES FILE`: a fixed amount of computing in STEPS steps; LINES of them print
// a line of five metrics. How long it took, by the clock and in processor time, in microseconds, is
// written to FILE.
#include <inttypes.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static volatile sig_atomic_t told = 0;
static void on_term(int signal) {
  (void)signal;
  told = 1;
}

static int64_t now_us(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static int64_t processor_us(void) {
  struct timespec now;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void wait_until(int64_t until) {
  const int64_t left = until - now_us();
  if (left <= 0) return;
  const struct timespec pause = {left / 1000000, left % 1000000 * 1000};
  nanosleep(&pause, NULL); /* a signal ends it early */
}

static int write_result(const char* path, int64_t us, int64_t processor) {
  FILE* file = fopen(path, "w");
  if (file == NULL) return 1;
  fprintf(file, "%" PRId64 " %" PRId64 "\n", us, processor);
  return fclose(file) == 0 ? 0 : 1;
}

/* Values as training makes them: single precision, printed in full. */
static void print_line(long step, int metrics) {
  printf("@hone {\"step\": %ld", step);
  for (int i = 0; i < metrics; ++i)
    printf(", \"train/metric_%d\": %.9g", i, (double)(float)(1.0 / (1 + i) + sin(step * 0.1 + i)));
  puts("}");
}

static int run_log(char** argv) {
  const double rate = atof(argv[2]);
  const int metrics = atoi(argv[3]);
  const double seconds = atof(argv[4]);
  const double line_us = 1e6 * metrics / rate;
  const int64_t begin = now_us();
  const int64_t judged = begin + (int64_t)(seconds * 1e6);
  int64_t asked = 0;
  long step = 0;
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = on_term;
  sigaction(SIGTERM, &action, NULL);
  puts("@hone {\"step\": 0, \"loss\": 0.5}");
  while (!told && now_us() < judged + 20000000) {
    /* What is due since the last time, at most a fifth of a second's. */
    const long due = (long)((double)(now_us() - begin) / line_us);
    if (step < due - (long)(200000 / line_us)) step = due - (long)(200000 / line_us);
    for (; step < due; ++step) print_line(step, metrics);
    if (asked == 0 && now_us() >= judged) {
      puts("@hone {\"step\": 1000000000, \"loss\": 9}");
      asked = 1;
    }
    fflush(stdout);
    if (asked == 1) asked = now_us();
    wait_until(now_us() + 20000);
  }
  return write_result(argv[5], told && asked > 1 ? now_us() - asked : -1, processor_us());
}

static int run_train(char** argv) {
  const long steps = atol(argv[2]);
  const long lines = atol(argv[3]);
  const int64_t begin = now_us();
  const int64_t processor = processor_us();
  volatile double x = 1;
  for (long step = 0; step < steps; ++step) {
    for (int i = 0; i < 100000; ++i) x = x * 1.0000001 + 1e-9;
    if (lines > 0 && step % (steps / lines) == 0) {
      print_line(step, 5);
      fflush(stdout);
    }
  }
  const int64_t took = now_us() - begin;
  const int64_t used = processor_us() - processor;
  printf("@hone {\"step\": %ld, \"loss\": 0.5}\n", steps);
  return write_result(argv[4], took, used);
}

int main(int argc, char** argv) {
  if (argc >= 6 && strcmp(argv[1], "log") == 0) return run_log(argv);
  if (argc >= 5 && strcmp(argv[1], "train") == 0) return run_train(argv);
  fputs("usage: hone_tracking_program log RATE METRICS SECONDS FILE | train STEPS LINES FILE\n",
        stderr);
  return 2;
}
