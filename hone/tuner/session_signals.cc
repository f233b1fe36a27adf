#include "hone/tuner/session_signals.h"

#include <atomic>
#include <cerrno>

#include "hone/base/assert.h"

namespace hone {
namespace {

// Handlers may touch lock-free atomics only, and these have no constructor to run at the start.
constinit std::atomic<int> g_interrupts{0};
constinit std::atomic<int> g_terminations{0};
constinit std::atomic<int> g_hang_ups{0};
constinit std::atomic<int> g_resizes{0};
constinit std::atomic<Executor*> g_executor{nullptr};
static_assert(std::atomic<int>::is_always_lock_free && std::atomic<Executor*>::is_always_lock_free);

void handle(int signal) {
  const int saved = errno;
  switch (signal) {
    case SIGINT:
      g_interrupts.fetch_add(1);
      break;
    case SIGTERM:
      g_terminations.fetch_add(1);
      break;
    case SIGHUP:
      g_hang_ups.fetch_add(1);
      break;
    case SIGWINCH:
      g_resizes.fetch_add(1);
      break;
    default:
      break;
  }
  if (Executor* executor = g_executor.load()) executor->wake();
  errno = saved;
}

}  // namespace

SessionSignals::SessionSignals(Executor& executor) {
  Executor* none = nullptr;
  const bool first = g_executor.compare_exchange_strong(none, &executor);
  HONE_ASSERT(first, "a process has one session at a time");
  take();
  for (std::size_t i = 0; i < kSignals.size(); ++i) {
    struct sigaction action {};
    action.sa_handler = kSignals[i] == SIGPIPE ? SIG_IGN : handle;
    sigemptyset(&action.sa_mask);
    action.sa_flags = SA_RESTART;
    sigaction(kSignals[i], &action, &before_[i]);
  }
}

SessionSignals::~SessionSignals() {
  for (std::size_t i = 0; i < kSignals.size(); ++i) sigaction(kSignals[i], &before_[i], nullptr);
  g_executor.store(nullptr);
}

SessionSignals::Counts SessionSignals::take() {
  return {g_interrupts.exchange(0), g_terminations.exchange(0), g_hang_ups.exchange(0),
          g_resizes.exchange(0)};
}

}  // namespace hone
