// A file system for SQLite that fails when told: the n-th write, sync or truncation and all after
// it. Test code only.
#pragma once

namespace hone {

/// Name of the VFS; registers it on the first call. Everything goes to SQLite's default VFS.
const char* fault_vfs();

/// From the `nth` operation on (1: the next), operations of the kind of `code` fail with it:
/// SQLITE_FULL and SQLITE_IOERR_WRITE writes, SQLITE_IOERR_FSYNC syncs, SQLITE_IOERR_TRUNCATE
/// truncations. code 0: none fail. Writes that fail with SQLITE_FULL write their first half.
void set_fault(int code, int nth);

/// Whether an operation has failed since `set_fault`.
bool fault_happened();

}  // namespace hone
