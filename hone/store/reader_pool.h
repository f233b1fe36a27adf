// Connections for reading, shared by threads: made when first needed, at most kMost of them.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <vector>

#include "hone/store/sql.h"

namespace hone::sql {

/// Thread-safe.
class ReaderPool {
 public:
  ReaderPool(Database& database, std::unique_ptr<Connection> first);

  /// A connection until the end of the scope; waits while all are in use.
  class Lease {
   public:
    Lease(ReaderPool& pool, std::unique_ptr<Connection> connection)
        : pool_(pool), connection_(std::move(connection)) {}
    ~Lease() { pool_.give_back(std::move(connection_)); }
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    Connection& operator*() { return *connection_; }

   private:
    ReaderPool& pool_;
    std::unique_ptr<Connection> connection_;
  };
  Lease take();

 private:
  static constexpr int kMost = 4;
  void give_back(std::unique_ptr<Connection> connection);

  Database& database_;
  std::mutex mutex_;
  std::condition_variable free_;
  std::vector<std::unique_ptr<Connection>> idle_;
  int made_ = 0;
};

}  // namespace hone::sql
