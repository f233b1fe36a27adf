#include "hone/store/commit_queue.h"

#include <algorithm>

namespace hone::sql {
CommitQueue::CommitQueue(std::unique_ptr<Connection> connection)
    : connection_(std::move(connection)) {}

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

bool CommitQueue::try_read(const Work& work) {
  if (connection_->locks_rows()) return false;
  {
    const std::lock_guard lock(mutex_);
    if (busy_ || !waiting_.empty()) return false;
    busy_ = true;
  }
  std::exception_ptr error;
  try {
    work(*connection_);
  } catch (...) {
    error = std::current_exception();
  }
  {
    const std::lock_guard lock(mutex_);
    busy_ = false;
    if (!waiting_.empty()) finished_.notify_all();
  }
  if (error) std::rethrow_exception(error);
  return true;
}

void CommitQueue::run_all(const std::vector<Task*>& tasks) {
  if (tasks.size() > 1 && try_together(tasks)) return;
  for (Task* task : tasks) run_alone(*task);
}

/// False when the transaction was given up before its commit; then nothing of it was done.
bool CommitQueue::try_together(const std::vector<Task*>& tasks) {
  try {
    connection_->begin();
    for (Task* task : tasks) (*task->work)(*connection_);
  } catch (...) {
    connection_->rollback();
    return false;
  }
  try {
    connection_->commit();
  } catch (...) {
    // Not done again: a commit that failed through the disk or the connection may yet turn out
    // complete.
    connection_->rollback();
    for (Task* task : tasks) task->error = std::current_exception();
  }
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
