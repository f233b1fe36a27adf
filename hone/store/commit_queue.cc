#include "hone/store/commit_queue.h"

#include <algorithm>

namespace hone::sql {
namespace {

/// Whether the error concerns the database, not the request: then the whole transaction is in doubt.
bool concerns_database(const Error& error) {
  switch (error.code()) {
    case ErrorCode::store:
    case ErrorCode::store_busy:
    case ErrorCode::store_full:
    case ErrorCode::store_newer:
    case ErrorCode::store_corrupt: return true;
    default: return false;
  }
}

}  // namespace

CommitQueue::CommitQueue(std::unique_ptr<Connection> connection) : connection_(std::move(connection)) {}

void CommitQueue::run(const Work& work) {
  Task task;
  task.work = &work;
  std::unique_lock lock(mutex_);
  waiting_.push_back(&task);
  while (!task.done) {
    if (busy_) {
      finished_.wait(lock);
      continue;
    }
    const auto count = static_cast<std::ptrdiff_t>(std::min(waiting_.size(), kMostTogether));
    const std::vector<Task*> tasks(waiting_.begin(), waiting_.begin() + count);
    waiting_.erase(waiting_.begin(), waiting_.begin() + count);
    busy_ = true;
    lock.unlock();
    run_all(tasks);
    lock.lock();
    for (Task* each : tasks) each->done = true;
    busy_ = false;
    finished_.notify_all();
  }
  lock.unlock();
  if (task.error) std::rethrow_exception(task.error);
}

void CommitQueue::run_all(const std::vector<Task*>& tasks) {
  if (tasks.size() > 1 && try_together(tasks)) return;
  for (Task* task : tasks) run_alone(*task);
}

/// False when the transaction was given up before its commit; then nothing of it was done.
bool CommitQueue::try_together(const std::vector<Task*>& tasks) {
  try {
    connection_->begin();
    for (Task* task : tasks) {
      if (!try_one_of_many(*task)) {
        connection_->rollback();
        return false;
      }
    }
  } catch (...) {
    connection_->rollback();
    return false;
  }
  try {
    connection_->commit();
  } catch (...) {
    // Not done again: a commit that failed through the disk or the connection may yet turn out complete.
    connection_->rollback();
    for (Task* task : tasks) {
      if (!task->error) task->error = std::current_exception();
    }
  }
  return true;
}

bool CommitQueue::try_one_of_many(Task& task) {
  task.error = nullptr;
  Query(*connection_, "SAVEPOINT one").run();
  try {
    (*task.work)(*connection_);
  } catch (const Error& error) {
    if (concerns_database(error) || !connection_->in_transaction()) return false;
    task.error = std::current_exception();
  } catch (...) {
    if (!connection_->in_transaction()) return false;
    task.error = std::current_exception();
  }
  if (task.error) Query(*connection_, "ROLLBACK TO SAVEPOINT one").run();
  Query(*connection_, "RELEASE SAVEPOINT one").run();
  return true;
}

void CommitQueue::run_alone(Task& task) {
  for (int attempt = 1;; ++attempt) {
    task.error = nullptr;
    try {
      connection_->begin();
      (*task.work)(*connection_);
      connection_->commit();
      return;
    } catch (const Transient&) {
      task.error = std::current_exception();
      connection_->rollback();
      if (attempt == kAttempts) return;
      try {
        connection_->mend();
      } catch (...) {
        task.error = std::current_exception();
        return;
      }
    } catch (...) {
      task.error = std::current_exception();
      connection_->rollback();
      return;
    }
  }
}

}  // namespace hone::sql
