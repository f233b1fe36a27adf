// What the SQL store needs of a database: connections, prepared statements, transactions. Two
// implementations, sqlite.h and postgres.h. Statements use $1, $2, … and the SQL that both
// understand; columns count from 0.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "hone/base/error.h"

namespace hone::sql {

/// The transaction was undone through nobody's fault (deadlock, lost connection); doing it again
/// may work.
class Transient final : public Error {
 public:
  using Error::Error;
};

/// A prepared statement, owned and kept by its connection. Used through Query.
class Statement {
 public:
  virtual ~Statement() = default;
  virtual void bind_null(int parameter) = 0;
  virtual void bind_integer(int parameter, std::int64_t value) = 0;
  /// NaN becomes NULL.
  virtual void bind_real(int parameter, double value) = 0;
  /// Bytes that are no UTF-8 become U+FFFD, so that every text can be read back by every database
  /// and as JSON.
  virtual void bind_text(int parameter, std::string_view value) = 0;
  virtual void bind_bytes(int parameter, std::string_view value) = 0;
  /// The next row; false after the last one.
  virtual bool step() = 0;
  virtual bool is_null(int column) const = 0;
  virtual std::int64_t integer(int column) const = 0;
  /// NULL becomes NaN.
  virtual double real(int column) const = 0;
  /// Valid until the next step.
  virtual std::string_view text(int column) const = 0;
  virtual std::string bytes(int column) const = 0;
  virtual void reset() noexcept = 0;
};

/// Not thread-safe: one thread at a time.
class Connection {
 public:
  virtual ~Connection() = default;
  /// The prepared statement of this text.
  virtual Statement& statement(std::string_view text) = 0;
  /// Runs statements without parameters and results, e.g. a schema.
  virtual void run_script(const std::string& script) = 0;

  /// Starts a transaction that will write.
  virtual void begin() = 0;
  virtual void commit() = 0;
  /// Harmless without a transaction.
  virtual void rollback() noexcept = 0;
  /// False when there is none, also when the database has undone it by itself after an error.
  virtual bool in_transaction() const = 0;
  /// Makes a lost connection anew, if possible.
  virtual void mend() {}

  /// Whether rows must be locked by FOR UPDATE, since several transactions may write at once.
  virtual bool locks_rows() const = 0;
  /// Number of the schema; 0 when the database is empty. Throws when it holds something else.
  virtual std::int64_t schema_version() = 0;
  /// Within the transaction that made the schema; also lets no other process do so at the same
  /// time.
  virtual void lock_schema() = 0;
  virtual void set_schema_version(std::int64_t version) = 0;
  /// Tells other processes, with the commit, that something has changed.
  virtual void announce() {}
};

/// Tells of commits of other processes. Not thread-safe.
class Watch {
 public:
  virtual ~Watch() = default;
  /// Waits until another process may have committed or the time is over; true if it may have.
  /// Implementations return after `kLongest_us` at the latest.
  virtual bool wait(std::int64_t timeout_us) = 0;
  /// Whether `wait` sleeps on something that this process's own commits wake too.
  virtual bool sees_own_commits() const = 0;
  static constexpr std::int64_t kLongest_us = 100'000;
};

class Database {
 public:
  virtual ~Database() = default;
  virtual std::unique_ptr<Connection> connect_writer() = 0;
  /// Null when only one connection may be open: reads then share the writer's.
  virtual std::unique_ptr<Connection> connect_reader() = 0;
  /// Null when no other process can write.
  virtual std::unique_ptr<Watch> watch() = 0;
  virtual bool is_read_only() const = 0;
  virtual std::string_view schema() const = 0;
  /// For messages: the path, or the address without a password.
  virtual std::string name() const = 0;
};

/// A statement in use: binds on construction, resets at the end.
class Query {
 public:
  template <class... Args>
  Query(Connection& connection, std::string_view text, const Args&... args)
      : statement_(connection.statement(text)) {
    [[maybe_unused]] int n = 0;
    try {
      (bind(++n, args), ...);
    } catch (...) {
      statement_.reset();
      throw;
    }
  }
  ~Query() { statement_.reset(); }
  Query(const Query&) = delete;
  Query& operator=(const Query&) = delete;

  bool step() { return statement_.step(); }
  /// Runs a statement whose rows, if any, do not matter.
  void run() {
    while (statement_.step()) {
    }
  }
  /// For columns and parameters whose types are known at run time only.
  Statement& statement() { return statement_; }
  bool is_null(int column) const { return statement_.is_null(column); }
  std::int64_t integer(int column) const { return statement_.integer(column); }
  int small(int column) const { return static_cast<int>(statement_.integer(column)); }
  double real(int column) const { return statement_.real(column); }
  std::string_view text(int column) const { return statement_.text(column); }
  std::string string(int column) const { return std::string(statement_.text(column)); }
  std::string bytes(int column) const { return statement_.bytes(column); }
  template <class Enum>
  Enum as(int column) const {
    return static_cast<Enum>(statement_.integer(column));
  }
  std::optional<std::int64_t> maybe_integer(int column) const {
    return is_null(column) ? std::nullopt : std::optional(integer(column));
  }
  std::optional<double> maybe_real(int column) const {
    return is_null(column) ? std::nullopt : std::optional(real(column));
  }

 private:
  void bind(int n, std::int64_t value) { statement_.bind_integer(n, value); }
  void bind(int n, int value) { statement_.bind_integer(n, value); }
  void bind(int n, double value) { statement_.bind_real(n, value); }
  void bind(int n, std::string_view value) { statement_.bind_text(n, value); }
  void bind(int n, const std::string& value) { statement_.bind_text(n, value); }
  void bind(int n, const char* value) { statement_.bind_text(n, value); }
  void bind(int n, std::span<const std::uint8_t> value) {
    statement_.bind_bytes(n, {reinterpret_cast<const char*>(value.data()), value.size()});
  }
  void bind(int n, std::nullopt_t) { statement_.bind_null(n); }
  template <class T>
  void bind(int n, const std::optional<T>& value) {
    if (value) {
      bind(n, *value);
    } else {
      statement_.bind_null(n);
    }
  }
  template <class Enum>
  requires std::is_enum_v<Enum>
  void bind(int n, Enum value) { statement_.bind_integer(n, static_cast<std::int64_t>(value)); }
  Statement& statement_;
};

/// `text` with what is no UTF-8, and NUL, replaced by U+FFFD; nullopt when nothing had to be.
std::optional<std::string> mend_text(std::string_view text);

}  // namespace hone::sql
