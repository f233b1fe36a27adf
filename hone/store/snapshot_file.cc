// A snapshot as a file: a store with one study, and a table of its own for the files of the trials.
#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <vector>

#include "hone/base/error.h"
#include "hone/base/file.h"
#include "hone/base/owned_file.h"
#include "hone/store/snapshot.h"
#include "hone/store/sql_store.h"
#include "hone/store/sqlite.h"

namespace hone {
namespace fs = std::filesystem;

using sql::Connection;
using sql::Query;

namespace {

constexpr std::size_t kPartBytes = 4 << 20;
constexpr const char* kFileTable =
    "CREATE TABLE snapshot_file (path TEXT NOT NULL, part INTEGER NOT NULL, modified_us INTEGER "
    "NOT "
    "NULL, data BLOB NOT NULL, PRIMARY KEY (path, part)) STRICT, WITHOUT ROWID";

/// Gone at the end of the scope, with what SQLite keeps beside it, unless it was kept.
class Draft {
 public:
  explicit Draft(const fs::path& file) : path_(file.string() + fmt::format(".{}.tmp", ::getpid())) {
    remove();
  }
  ~Draft() { remove(); }
  Draft(const Draft&) = delete;
  Draft& operator=(const Draft&) = delete;
  const fs::path& path() const { return path_; }

 private:
  void remove() const {
    for (const char* end : {"", "-wal", "-shm", "-journal"})
      ::unlink((path_.string() + end).c_str());
  }
  fs::path path_;
};

/// Puts one file into the table, part by part; an empty one is one empty part. Whether it was
/// there.
bool put_file(Connection& connection, const fs::path& folder, const std::string& path) {
  const OwnedFile file(::open((folder / path).c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
  struct stat info {};
  if (!file.is_open() || ::fstat(file.get(), &info) != 0 || !S_ISREG(info.st_mode))
    return false;  // gone meanwhile, or another user's
  const std::int64_t modified_us = info.st_mtim.tv_sec * 1'000'000 + info.st_mtim.tv_nsec / 1000;
  std::vector<std::uint8_t> part(kPartBytes);
  for (std::int64_t number = 0;; ++number) {
    std::size_t filled = 0;
    while (filled < part.size()) {
      const ssize_t n = ::read(file.get(), part.data() + filled, part.size() - filled);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) {
        throw Error(ErrorCode::io, fmt::format("cannot read {}: {}", (folder / path).string(),
                                               std::strerror(errno)));
      }
      if (n == 0) break;
      filled += static_cast<std::size_t>(n);
    }
    if (filled == 0 && number > 0) return true;
    Query(connection,
          "INSERT INTO snapshot_file (path, part, modified_us, data) VALUES ($1, $2, $3, $4)", path,
          number, modified_us, std::span<const std::uint8_t>(part.data(), filled))
        .run();
    if (filled < part.size()) return true;
  }
}

/// Whether a path of a snapshot stays below the folder that it is written to.
bool stays_below(const fs::path& path) {
  return !path.empty() && !path.is_absolute() && path.has_filename() &&
         std::none_of(path.begin(), path.end(),
                      [](const fs::path& part) { return part == ".." || part == "."; });
}

void append_part(const fs::path& path, bool first, std::string_view bytes) {
  if (first) make_private_folder(path.parent_path());
  const OwnedFile file(
      ::open(path.c_str(),
             O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC | (first ? O_TRUNC : O_APPEND), 0600));
  while (file.is_open() && !bytes.empty()) {
    const ssize_t n = ::write(file.get(), bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  if (file.is_open() && bytes.empty()) return;
  throw Error(ErrorCode::io,
              fmt::format("cannot write {}: {}", path.string(), std::strerror(errno)),
              errno == ENOSPC || errno == EDQUOT ? "free some space, then import again" : "");
}

void set_time(const fs::path& path, std::int64_t modified_us) {
  const timespec time{modified_us / 1'000'000, modified_us % 1'000'000 * 1000};
  const timespec times[2] = {time, time};
  ::utimensat(AT_FDCWD, path.c_str(), times, AT_SYMLINK_NOFOLLOW);
}

SqlStore& tables_of(Store& store) { return dynamic_cast<SqlStore&>(store); }

}  // namespace

std::vector<std::string> plain_files(const fs::path& folder) {
  std::vector<std::string> paths;
  std::vector<fs::path> folders = {{}};  // that are still to be read
  const auto is_gone = [](const std::error_code& error) {
    return error == std::errc::no_such_file_or_directory || error == std::errc::not_a_directory;
  };
  while (!folders.empty()) {
    const fs::path below = std::move(folders.back());
    folders.pop_back();
    std::error_code error;
    fs::directory_iterator it(folder / below, fs::directory_options::skip_permission_denied, error);
    for (; !error && it != fs::directory_iterator(); it.increment(error)) {
      std::error_code gone;
      const fs::file_status status = it->symlink_status(gone);
      const fs::path path = below / it->path().filename();
      if (fs::is_directory(status)) folders.push_back(path);
      if (fs::is_regular_file(status)) paths.push_back(path.string());
      if (std::ssize(paths) > kSnapshotFiles) {
        throw Error(ErrorCode::invalid_input,
                    fmt::format("{} holds more than {} files", folder.string(), kSnapshotFiles),
                    "hone clean removes what ended trials have left; or leave the files out");
      }
    }
    if (error && !is_gone(error)) {
      throw Error(ErrorCode::io,
                  fmt::format("cannot read {}: {}", (folder / below).string(), error.message()));
    }
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

std::int64_t write_snapshot(Store& from, StudyId study, const fs::path& file,
                            const std::optional<fs::path>& files, const Clock& clock,
                            const LivenessProbe& probe) {
  std::error_code ignored;
  if (fs::is_directory(file, ignored)) {
    throw Error(ErrorCode::io, fmt::format("{} is a folder", file.string()),
                "name the file that shall be written");
  }
  const Draft draft(file);
  std::int64_t count = 0;
  {
    sql::SqliteOptions options;
    SqlStore store(sql::open_sqlite(draft.path(), options), clock, probe);
    StudyCopyOptions as_it_is;
    as_it_is.gives_up_runs = false;
    copy_study(from, study, store, as_it_is);
    const auto paths = files ? plain_files(*files) : std::vector<std::string>{};
    if (files) {
      store.with_tables(true, [&](Connection& connection) {
        connection.run_script(kFileTable);
        count = 0;
        for (const std::string& path : paths) count += put_file(connection, *files, path) ? 1 : 0;
      });
    }
  }
  sql::leave_wal(draft.path());
  if (::rename(draft.path().c_str(), file.c_str()) != 0) {
    throw Error(ErrorCode::io,
                fmt::format("cannot write {}: {}", file.string(), std::strerror(errno)));
  }
  return count;
}

Snapshot::Snapshot(const fs::path& file, const Clock& clock, const LivenessProbe& probe)
    : file_(file) {
  std::error_code ignored;
  if (!fs::exists(file, ignored)) {
    throw Error(ErrorCode::not_found, fmt::format("there is no file {}", file.string()),
                "hone export STUDY --snapshot FILE writes one");
  }
  sql::SqliteOptions options;
  options.mode = OpenMode::read_only;
  store_ = std::make_unique<SqlStore>(sql::open_sqlite(file, options), clock, probe);
  const std::vector<StudyInfo> studies = store_->list_studies();
  if (studies.size() != 1) {
    throw Error(
        ErrorCode::store_corrupt,
        fmt::format("{} holds {} studies, and a snapshot holds one", file.string(), studies.size()),
        studies.empty() ? ""
                        : "a whole store is opened with --store; hone export STUDY "
                          "--snapshot FILE takes one study out of it");
  }
  study_ = studies.front();
}

Snapshot::~Snapshot() = default;

std::int64_t Snapshot::extract_files(const fs::path& folder) {
  std::int64_t count = 0;
  tables_of(*store_).with_tables(false, [&](Connection& connection) {
    count = 0;
    Query there(connection, "SELECT 1 FROM sqlite_schema WHERE name = 'snapshot_file'");
    if (!there.step()) return;
    Query query(connection,
                "SELECT path, part, modified_us, data FROM snapshot_file ORDER BY path, part");
    while (query.step()) {
      const fs::path path = query.string(0);
      if (!stays_below(path)) {
        throw Error(ErrorCode::store_corrupt,
                    fmt::format("the snapshot {} names a file outside of the study: {}",
                                file_.string(), path.string()),
                    "it was not written by hone: do not trust it");
      }
      const bool first = query.integer(1) == 0;
      append_part(folder / path, first, query.bytes(3));
      set_time(folder / path, query.integer(2));
      if (first) ++count;
    }
  });
  return count;
}

}  // namespace hone
