#include "hone/store/open.h"

#include "hone/store/memory_store.h"
#include "hone/store/postgres.h"
#include "hone/store/sql_store.h"
#include "hone/store/sqlite.h"

namespace hone {
namespace {

constexpr const char* kFolder = ".hone";
constexpr const char* kFile = "store.sqlite";

bool is_url(std::string_view address) { return address.find("://") != std::string_view::npos; }

}  // namespace

std::unique_ptr<Store> open_store(const std::string& address, const Clock& clock,
                                  const LivenessProbe& probe, OpenMode mode) {
  if (address == ":memory:") return std::make_unique<MemoryStore>(clock, probe);
  if (address.starts_with("postgres://") || address.starts_with("postgresql://")) {
    return std::make_unique<SqlStore>(sql::open_postgres(address, mode), clock, probe);
  }
  if (is_url(address)) {
    throw Error(ErrorCode::invalid_input,
                "unknown kind of store: " + address.substr(0, address.find("://")),
                "A store is a path to a file, or postgres://user@host/database.");
  }
  sql::SqliteOptions options;
  options.mode = mode;
  return std::make_unique<SqlStore>(sql::open_sqlite(address, options), clock, probe);
}

std::string locate_store(const StorePlace& place,
                         const std::function<bool(const std::filesystem::path&)>& is_folder) {
  for (const auto& given : {place.flag, place.environment}) {
    if (!given || given->empty()) continue;
    if (is_url(*given) || *given == ":memory:") return *given;
    const std::filesystem::path path = (place.current_folder / *given).lexically_normal();
    const bool to_be_folder = !path.has_filename() || path.filename() == kFolder;
    return (to_be_folder || is_folder(path) ? path / kFile : path).string();
  }
  for (std::filesystem::path folder = place.current_folder;; folder = folder.parent_path()) {
    if (is_folder(folder / kFolder)) return (folder / kFolder / kFile).string();
    if (folder == place.home_folder || folder == folder.parent_path()) break;
  }
  std::filesystem::path beside = place.current_folder;
  if (place.study_file)
    beside = (place.current_folder / *place.study_file).lexically_normal().parent_path();
  return (beside / kFolder / kFile).string();
}

}  // namespace hone
