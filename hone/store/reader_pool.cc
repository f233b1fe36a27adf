#include "hone/store/reader_pool.h"

namespace hone::sql {

ReaderPool::ReaderPool(Database& database, std::unique_ptr<Connection> first)
    : database_(database), made_(1) {
  idle_.push_back(std::move(first));
}

ReaderPool::Lease ReaderPool::take() {
  std::unique_lock lock(mutex_);
  free_.wait(lock, [&] { return !idle_.empty() || made_ < kMost; });
  if (idle_.empty()) {
    ++made_;
    lock.unlock();
    try {
      return Lease(*this, database_.connect_reader());
    } catch (...) {
      lock.lock();
      --made_;
      free_.notify_one();
      throw;
    }
  }
  auto connection = std::move(idle_.back());
  idle_.pop_back();
  return Lease(*this, std::move(connection));
}

void ReaderPool::give_back(std::unique_ptr<Connection> connection) {
  const std::lock_guard lock(mutex_);
  idle_.push_back(std::move(connection));
  free_.notify_one();
}

}  // namespace hone::sql
