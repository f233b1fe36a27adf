// SQLite behind sql.h: one file in WAL mode, every commit synced. One connection writes, others
// read beside it. On a network file system WAL's shared memory does not work, so there the one
// connection holds the file exclusively.
#pragma once

#include <filesystem>
#include <memory>

#include "hone/store/open.h"
#include "hone/store/sql.h"

namespace hone::sql {

struct SqliteOptions {
  OpenMode mode = OpenMode::create;
  std::int64_t busy_wait_us = 10'000'000;  ///< how long a locked file is waited for
  const char* vfs = nullptr;  ///< of SQLite; null: its default. For tests that inject faults.
  bool exclusive = false;     ///< as on a network file system
};

/// Opens or makes the file (mode 0600, its folder 0700). Throws Error(not_found, store, store_busy,
/// store_corrupt).
std::unique_ptr<Database> open_sqlite(const std::filesystem::path& path,
                                      const SqliteOptions& options);

/// Makes a store that nobody has open one plain file, without a write-ahead log beside it, until it
/// is opened for writing again.
void leave_wal(const std::filesystem::path& path);

}  // namespace hone::sql
