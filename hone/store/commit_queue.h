// Commits shared by calls that wait together: the first caller runs everything that is waiting in
// one transaction; one fsync serves all. When one piece throws, the transaction is undone and every
// piece is run again in one of its own, so that an error touches nobody else. (Savepoints would
// avoid the second run, but cost every piece a copy of each page it changes.)
#pragma once

#include <condition_variable>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "hone/store/sql.h"

namespace hone::sql {

/// Thread-safe. Owns the only connection that writes.
class CommitQueue {
 public:
  /// Must give the same result when it is run again after its transaction was undone: set results,
  /// do not add to them.
  using Work = std::function<void(Connection&)>;

  explicit CommitQueue(std::unique_ptr<Connection> connection);

  /// Runs `work` in a transaction; returns when it is durable, or throws what `work` or the commit
  /// threw, and then the work is undone. (When the commit itself failed through the disk or the
  /// connection, it may turn out complete.)
  void run(const Work& work);
  /// Runs `work`, which only reads, on the connection that writes, outside of a transaction: its
  /// cache knows what this process has written, which another connection would read from the file
  /// again. False, and nothing was done, when somebody uses it or waits for it, and for databases
  /// whose readers need their own care.
  bool try_read(const Work& work);

 private:
  struct Task {
    const Work* work = nullptr;
    std::exception_ptr error;
    bool done = false;
  };
  static constexpr std::size_t kMostTogether = 128;
  static constexpr int kAttempts = 4;  ///< of work undone through nobody's fault

  void run_all(const std::vector<Task*>& tasks);
  bool try_together(const std::vector<Task*>& tasks);
  void run_alone(Task& task);

  std::unique_ptr<Connection> connection_;  // used by the thread that made `busy_` true
  std::mutex mutex_;
  std::condition_variable finished_;
  std::deque<Task*> waiting_;
  bool busy_ = false;
};

}  // namespace hone::sql
