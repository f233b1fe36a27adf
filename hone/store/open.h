// Where the store is and how it is opened.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "hone/base/clock.h"
#include "hone/store/store.h"

namespace hone {

enum class OpenMode {
  create,     ///< makes the store when there is none
  existing,   ///< throws Error(not_found) when there is none
  read_only,  ///< as existing; every write throws
};

/// A path to an SQLite file (its folder is made with mode 0700, the file with 0600), `postgres://…`
/// or `postgresql://…`, or
/// `:memory:`. `clock` and `probe` must outlive the store. Throws Error(not_found, store,
/// store_busy, store_newer, store_corrupt, unsupported).
std::unique_ptr<Store> open_store(const std::string& address, const Clock& clock,
                                  const LivenessProbe& probe, OpenMode mode = OpenMode::create);

/// What `locate_store` goes by.
struct StorePlace {
  std::optional<std::string> flag;         ///< --store
  std::optional<std::string> environment;  ///< HONE_STORE
  std::filesystem::path current_folder;    ///< absolute
  std::filesystem::path home_folder;       ///< the search does not go above it; may be empty
  std::optional<std::filesystem::path> study_file;
};

/// The store's address: the flag, else the environment, else the nearest `.hone` folder from the
/// current folder upwards, else
/// `.hone` beside the study file, else in the current folder. A flag or variable that names a
/// folder (one that is there, `.hone`, or a path that ends with a slash) means the `store.sqlite`
/// within. `is_folder` says whether a path is one; pure but for it.
std::string locate_store(const StorePlace& place,
                         const std::function<bool(const std::filesystem::path&)>& is_folder);

}  // namespace hone
