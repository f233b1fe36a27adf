// The VFS of fault_vfs.h: a shim in the manner of SQLite's own test_vfs. Only the methods table of
// opened files is replaced; the files themselves stay those of the default VFS, so that its shared
// memory and locks work as ever.
#include <sqlite3.h>

#include <atomic>
#include <cstring>
#include <map>
#include <memory>
#include <mutex>

#include "hone/store/fault_vfs.h"

namespace hone {
namespace {

std::atomic<int> fault_code = 0;
std::atomic<int> operations_left = 0;
std::atomic<bool> happened = false;

/// The default VFS has a few tables of methods (one per locking style); each gets a copy with ours
/// put in.
std::map<const sqlite3_io_methods*, std::unique_ptr<sqlite3_io_methods>> copies;  // original → ours
std::map<const sqlite3_io_methods*, const sqlite3_io_methods*> originals;  // ours → original
std::mutex tables_mutex;

const sqlite3_io_methods* original_of(sqlite3_file* file) {
  const std::lock_guard lock(tables_mutex);
  return originals.at(file->pMethods);
}

/// The code to fail with, or 0.
int next_fault(bool is_of_this_kind) {
  if (!is_of_this_kind || fault_code == 0) return 0;
  if (--operations_left > 0) return 0;
  happened = true;
  return fault_code;
}

int faulty_write(sqlite3_file* file, const void* data, int size, sqlite3_int64 at) {
  const int code = fault_code;
  const int fault = next_fault(code == SQLITE_FULL || code == SQLITE_IOERR_WRITE);
  const sqlite3_io_methods* real = original_of(file);
  if (fault == 0) return real->xWrite(file, data, size, at);
  if (fault == SQLITE_FULL) real->xWrite(file, data, size / 2, at);
  return fault;
}

int faulty_sync(sqlite3_file* file, int flags) {
  const int fault = next_fault(fault_code == SQLITE_IOERR_FSYNC);
  return fault != 0 ? fault : original_of(file)->xSync(file, flags);
}

int faulty_truncate(sqlite3_file* file, sqlite3_int64 size) {
  const int fault = next_fault(fault_code == SQLITE_IOERR_TRUNCATE);
  return fault != 0 ? fault : original_of(file)->xTruncate(file, size);
}

/// The file is closed by its own methods, which look at nothing of ours.
int faulty_close(sqlite3_file* file) {
  const sqlite3_io_methods* real = original_of(file);
  file->pMethods = real;
  return real->xClose(file);
}

int faulty_open(sqlite3_vfs* self, sqlite3_filename name, sqlite3_file* file, int flags,
                int* out_flags) {
  auto* real = static_cast<sqlite3_vfs*>(self->pAppData);
  const int code = real->xOpen(real, name, file, flags, out_flags);
  if (code != SQLITE_OK || file->pMethods == nullptr) return code;
  const std::lock_guard lock(tables_mutex);
  std::unique_ptr<sqlite3_io_methods>& ours = copies[file->pMethods];
  if (ours == nullptr) {
    ours = std::make_unique<sqlite3_io_methods>(*file->pMethods);
    ours->xWrite = faulty_write;
    ours->xSync = faulty_sync;
    ours->xTruncate = faulty_truncate;
    ours->xClose = faulty_close;
    originals[ours.get()] = file->pMethods;
  }
  file->pMethods = ours.get();
  return code;
}

}  // namespace

const char* fault_vfs() {
  static sqlite3_vfs vfs;
  static const bool registered = [] {
    sqlite3_vfs* real = sqlite3_vfs_find(nullptr);
    vfs = *real;
    vfs.zName = "hone-faults";
    vfs.pNext = nullptr;
    vfs.pAppData = real;
    vfs.xOpen = faulty_open;
    // These take the VFS only to find its own data.
    return sqlite3_vfs_register(&vfs, 0) == SQLITE_OK;
  }();
  return registered ? vfs.zName : nullptr;
}

void set_fault(int code, int nth) {
  happened = false;
  operations_left = nth;
  fault_code = code;
}

bool fault_happened() { return happened; }

}  // namespace hone
