// The contract on SQLite.
#include <atomic>

#include "hone/base/scratch_folder.h"
#include "hone/store/sql_store.h"
#include "hone/store/sqlite.h"
#include "hone/store/store_contract.h"

namespace hone {
namespace {

std::filesystem::path fresh_path() {
  static const ScratchFolder folder;
  static std::atomic<int> count = 0;
  return folder.path() / std::to_string(++count) / "store.sqlite";
}

std::unique_ptr<Store> make_sqlite_store(const Clock& clock, const LivenessProbe& probe) {
  return std::make_unique<SqlStore>(sql::open_sqlite(fresh_path(), {}), clock, probe);
}

/// As on a network file system: one connection that holds the file.
std::unique_ptr<Store> make_exclusive_store(const Clock& clock, const LivenessProbe& probe) {
  sql::SqliteOptions options;
  options.exclusive = true;
  return std::make_unique<SqlStore>(sql::open_sqlite(fresh_path(), options), clock, probe);
}

INSTANTIATE_TEST_SUITE_P(Sqlite, StoreContract,
                         testing::Values(StoreKind{"Sqlite", make_sqlite_store},
                                         StoreKind{"SqliteAlone", make_exclusive_store}),
                         [](const auto& kind) { return kind.param.name; });

}  // namespace
}  // namespace hone
