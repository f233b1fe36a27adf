#include "hone/store/sqlite.h"

#include <fmt/core.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <cstring>
#include <map>
#include <thread>

#include "hone/base/assert.h"
#include "hone/base/log.h"
#include "hone/store/sqlite_file.h"

extern const char* const kHoneSchemaSqlite;  // schema_sqlite.sql, embedded by the build

namespace hone::sql {
namespace {

constexpr std::int64_t kApplicationId = 0x484F4E45;  // "HONE"

[[noreturn]] void fail(sqlite3* db, int code, const std::string& path, std::string_view doing) {
  const int primary = code & 0xff;
  const int system = db != nullptr ? sqlite3_system_errno(db) : 0;
  const std::string detail = db != nullptr ? sqlite3_errmsg(db) : sqlite3_errstr(code);
  const auto message = [&](std::string_view what) {
    return fmt::format("{} while {} the store {} ({})", what, doing, path, detail);
  };
  if (primary == SQLITE_FULL || system == ENOSPC || system == EDQUOT) {
    throw Error(ErrorCode::store_full, message("no space left"),
                "Free some space on that disk (or raise the quota) and go on: what was stored "
                "before is safe.");
  }
  switch (primary) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED: {
      const auto holder = lock_holder(path);
      throw Error(ErrorCode::store_busy,
                  fmt::format("the store {} is locked{}", path, holder ? " by " + *holder : ""),
                  "Wait for the other program to finish, or end it, and try again.");
    }
    case SQLITE_NOTADB:
      throw Error(
          ErrorCode::store_corrupt,
          fmt::format("{} is no store of hone, or a badly damaged one ({})", path, detail),
          "Choose another file with --store PATH. If it was a store: keep the file, restore "
          "a copy.");
    case SQLITE_CORRUPT:
      throw Error(
          ErrorCode::store_corrupt, fmt::format("the store {} is damaged ({})", path, detail),
          "Keep the file, restore a copy, or save what is readable with: sqlite3 FILE .recover");
    case SQLITE_READONLY:
      throw Error(ErrorCode::store, message("it may only be read"),
                  "Check the permissions of the file and its folder, or choose another store with "
                  "--store.");
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_AUTH:
      throw Error(ErrorCode::store, message("it cannot be opened"),
                  "Check the path and the permissions of the file and its folder.");
    default:
      throw Error(ErrorCode::store, message("an error"),
                  primary == SQLITE_IOERR ? "Check the disk. What was stored before is safe." : "");
  }
}

class SqliteStatement final : public Statement {
 public:
  SqliteStatement(sqlite3* db, const std::string& path, std::string_view text)
      : db_(db), path_(path) {
    const int code = sqlite3_prepare_v3(db, text.data(), static_cast<int>(text.size()),
                                        SQLITE_PREPARE_PERSISTENT, &statement_, nullptr);
    if (code != SQLITE_OK) fail(db, code, path, "reading");
    // SQLite numbers named parameters by first appearance; ours are numbered by name.
    for (int i = 1; i <= sqlite3_bind_parameter_count(statement_); ++i) {
      const int number = std::atoi(sqlite3_bind_parameter_name(statement_, i) + 1);
      HONE_ASSERT(number >= 1 && number < std::ssize(index_), "parameters are $1 to $63");
      index_[static_cast<std::size_t>(number)] = i;
    }
  }
  ~SqliteStatement() override { sqlite3_finalize(statement_); }
  SqliteStatement(const SqliteStatement&) = delete;
  SqliteStatement& operator=(const SqliteStatement&) = delete;

  void bind_null(int n) override { check(sqlite3_bind_null(statement_, at(n))); }
  void bind_integer(int n, std::int64_t v) override {
    check(sqlite3_bind_int64(statement_, at(n), v));
  }
  void bind_real(int n, double v) override { check(sqlite3_bind_double(statement_, at(n), v)); }
  void bind_text(int n, std::string_view v) override {
    const auto mended = mend_text(v);
    const std::string_view text = mended ? *mended : v;
    check(sqlite3_bind_text64(statement_, at(n), text.data() != nullptr ? text.data() : "",
                              text.size(), SQLITE_TRANSIENT, SQLITE_UTF8));
  }
  void bind_bytes(int n, std::string_view v) override {
    check(sqlite3_bind_blob64(statement_, at(n), v.data() != nullptr ? v.data() : "", v.size(),
                              SQLITE_TRANSIENT));
  }
  bool step() override {
    const int code = sqlite3_step(statement_);
    if (code == SQLITE_ROW) return true;
    if (code == SQLITE_DONE) return false;
    fail(db_, sqlite3_extended_errcode(db_), path_,
         sqlite3_stmt_readonly(statement_) ? "reading" : "writing");
  }
  bool is_null(int c) const override { return sqlite3_column_type(statement_, c) == SQLITE_NULL; }
  std::int64_t integer(int c) const override { return sqlite3_column_int64(statement_, c); }
  double real(int c) const override {
    return is_null(c) ? std::nan("") : sqlite3_column_double(statement_, c);
  }
  std::string_view text(int c) const override {
    const auto* data = reinterpret_cast<const char*>(sqlite3_column_text(statement_, c));
    if (data == nullptr) return {};
    return {data, static_cast<std::size_t>(sqlite3_column_bytes(statement_, c))};
  }
  std::string bytes(int c) const override {
    const auto* data = static_cast<const char*>(sqlite3_column_blob(statement_, c));
    if (data == nullptr) return {};
    return {data, static_cast<std::size_t>(sqlite3_column_bytes(statement_, c))};
  }
  void reset() noexcept override {
    sqlite3_reset(statement_);
    sqlite3_clear_bindings(statement_);
  }

 private:
  int at(int n) const { return index_[static_cast<std::size_t>(n)]; }
  void check(int code) {
    if (code != SQLITE_OK) fail(db_, code, path_, "writing");
  }
  sqlite3* db_;
  const std::string& path_;
  sqlite3_stmt* statement_ = nullptr;
  std::array<int, 64> index_{};
};

class SqliteConnection final : public Connection {
 public:
  SqliteConnection(std::string path, const SqliteOptions& options, bool read_only)
      : path_(std::move(path)), busy_wait_us_(options.busy_wait_us) {
    const int flags = (read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE) |
                      SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    const int code = sqlite3_open_v2(path_.c_str(), &db_, flags, options.vfs);
    try {
      if (code != SQLITE_OK) fail(db_, code, path_, "opening");
      sqlite3_busy_handler(db_, on_busy, this);
      if (options.exclusive) run_script("PRAGMA locking_mode = EXCLUSIVE");
      run_script("PRAGMA foreign_keys = ON; PRAGMA synchronous = FULL; PRAGMA temp_store = MEMORY");
    } catch (...) {
      sqlite3_close_v2(db_);
      throw;
    }
  }
  ~SqliteConnection() override {
    statements_.clear();
    sqlite3_close_v2(db_);
  }
  SqliteConnection(const SqliteConnection&) = delete;
  SqliteConnection& operator=(const SqliteConnection&) = delete;

  Statement& statement(std::string_view text) override {
    const auto it = statements_.find(text);
    if (it != statements_.end()) return *it->second;
    auto fresh = std::make_unique<SqliteStatement>(db_, path_, text);
    return *statements_.emplace(std::string(text), std::move(fresh)).first->second;
  }
  void run_script(const std::string& script) override {
    const int code = sqlite3_exec(db_, script.c_str(), nullptr, nullptr, nullptr);
    if (code != SQLITE_OK) fail(db_, sqlite3_extended_errcode(db_), path_, "opening");
  }
  void begin() override { Query(*this, "BEGIN IMMEDIATE").run(); }
  void commit() override { Query(*this, "COMMIT").run(); }
  void rollback() noexcept override {
    if (in_transaction()) sqlite3_exec(db_, "ROLLBACK", nullptr, nullptr, nullptr);
  }
  bool in_transaction() const override { return sqlite3_get_autocommit(db_) == 0; }
  bool locks_rows() const override { return false; }
  void lock_schema() override {}

  std::int64_t pragma(const char* text) {
    Query query(*this, text);
    return query.step() ? query.integer(0) : 0;
  }
  std::int64_t schema_version() override {
    const std::int64_t version = pragma("PRAGMA user_version");
    const std::int64_t application = pragma("PRAGMA application_id");
    if (application == kApplicationId) return version;
    if (application != 0 || version != 0 || pragma("SELECT count(*) FROM sqlite_schema") != 0) {
      throw Error(ErrorCode::store,
                  fmt::format("{} is an SQLite database, but not a store of hone", path_),
                  "Choose another file with --store PATH.");
    }
    return 0;
  }
  void set_schema_version(std::int64_t version) override {
    run_script(fmt::format("PRAGMA application_id = {}; PRAGMA user_version = {}", kApplicationId,
                           version));
  }

  /// WAL needs the file for a moment alone, and SQLite does not wait for that by itself.
  void use_wal() {
    const auto deadline =
        std::chrono::steady_clock::now() + std::chrono::microseconds(busy_wait_us_);
    for (;;) {
      try {
        Query query(*this, "PRAGMA journal_mode = WAL");
        if (query.step() && query.text(0) == "wal") return;
        throw Error(ErrorCode::store,
                    fmt::format("the store {} cannot be kept as a write-ahead log", path_),
                    "Put it on a local disk with --store PATH.");
      } catch (const Error& error) {
        if (error.code() != ErrorCode::store_busy || std::chrono::steady_clock::now() > deadline)
          throw;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
  }
  bool is_read_only() const { return sqlite3_db_readonly(db_, "main") == 1; }
  sqlite3* raw() { return db_; }

 private:
  /// Waits in short steps, so that many writers share the file with little delay; gives up at the
  /// limit.
  static int on_busy(void* self, int count) {
    auto& connection = *static_cast<SqliteConnection*>(self);
    const auto now = std::chrono::steady_clock::now();
    if (count == 0) connection.busy_since_ = now;
    if (now - connection.busy_since_ >= std::chrono::microseconds(connection.busy_wait_us_))
      return 0;
    const int step_us = std::min(5000, 200 << std::min(count, 5));
    std::this_thread::sleep_for(std::chrono::microseconds(step_us));
    return 1;
  }

  std::string path_;
  std::int64_t busy_wait_us_;
  std::chrono::steady_clock::time_point busy_since_;
  sqlite3* db_ = nullptr;
  std::map<std::string, std::unique_ptr<SqliteStatement>, std::less<>> statements_;
};

/// `PRAGMA data_version` changes when another connection has committed.
class SqliteWatch final : public Watch {
 public:
  SqliteWatch(const std::string& path, const SqliteOptions& options)
      : connection_(path, options, true) {
    version_ = connection_.pragma("PRAGMA data_version");
  }
  bool wait(std::int64_t timeout_us) override {
    std::this_thread::sleep_for(std::chrono::microseconds(std::min(timeout_us, kLongest_us)));
    const std::int64_t version = connection_.pragma("PRAGMA data_version");
    return std::exchange(version_, version) != version;
  }
  bool sees_own_commits() const override { return false; }

 private:
  SqliteConnection connection_;
  std::int64_t version_ = 0;
};

class SqliteDatabase final : public Database {
 public:
  SqliteDatabase(std::filesystem::path path, const SqliteOptions& options)
      : path_(std::move(path)), options_(options) {}
  ~SqliteDatabase() override {
    if (noted_) forget_holder(path_);
  }
  SqliteDatabase(const SqliteDatabase&) = delete;
  SqliteDatabase& operator=(const SqliteDatabase&) = delete;

  std::unique_ptr<Connection> connect_writer() override {
    auto connection = std::make_unique<SqliteConnection>(path_.string(), options_, is_read_only());
    if (is_read_only()) {
      connection->schema_version();  // reads the file: damage shows at once
      return connection;
    }
    if (connection->is_read_only())
      fail(connection->raw(), SQLITE_READONLY, path_.string(), "opening");
    connection->schema_version();
    connection->use_wal();
    if (options_.exclusive) {
      note_holder(path_);
      noted_ = true;
    }
    return connection;
  }
  std::unique_ptr<Connection> connect_reader() override {
    if (options_.exclusive) return nullptr;
    auto connection = std::make_unique<SqliteConnection>(path_.string(), options_, is_read_only());
    connection->run_script("PRAGMA query_only = ON");
    return connection;
  }
  std::unique_ptr<Watch> watch() override {
    if (options_.exclusive) return nullptr;
    return std::make_unique<SqliteWatch>(path_.string(), options_);
  }
  bool is_read_only() const override { return options_.mode == OpenMode::read_only; }
  std::string_view schema() const override { return kHoneSchemaSqlite; }
  std::string name() const override { return path_.string(); }

 private:
  std::filesystem::path path_;
  SqliteOptions options_;
  bool noted_ = false;
};

}  // namespace

std::unique_ptr<Database> open_sqlite(const std::filesystem::path& path,
                                      const SqliteOptions& options) {
  // Without its memory statistics SQLite takes no lock of the whole process at each allocation;
  // refused, harmlessly, when somebody else in this process has used SQLite before.
  [[maybe_unused]] static const int configured = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
  struct stat info {};
  const bool exists = ::stat(path.c_str(), &info) == 0;
  if (exists && !S_ISREG(info.st_mode)) {
    throw Error(ErrorCode::store, fmt::format("the store {} is not a file", path.string()),
                "Choose a file with --store PATH.");
  }
  if (!exists && options.mode != OpenMode::create) {
    throw Error(ErrorCode::not_found, fmt::format("there is no store at {}", path.string()),
                "Start a study with 'hone run', or name the store with --store PATH.");
  }
  if (!exists) make_private_file(path);
  SqliteOptions adapted = options;
  if (const auto network = network_file_system(path); network && !options.exclusive) {
    adapted.exclusive = true;
    log(LogLevel::warning,
        fmt::format(
            "the store {} is on a network file system ({}): hone opens it for this process alone",
            path.string(), *network));
  }
  return std::make_unique<SqliteDatabase>(path, adapted);
}

void leave_wal(const std::filesystem::path& path) {
  SqliteConnection connection(path.string(), {}, false);
  Query query(connection, "PRAGMA journal_mode = DELETE");
  if (!query.step() || query.text(0) != "delete")
    throw Error(ErrorCode::store, fmt::format("{} could not be made one file", path.string()));
}

}  // namespace hone::sql
