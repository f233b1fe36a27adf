#include "hone/store/postgres.h"

#include <fmt/core.h>
#include <poll.h>

#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <map>
#include <vector>

#include "hone/base/assert.h"
#include "hone/base/text.h"
#include "hone/base/value.h"
#include "hone/store/libpq.h"

extern const char* const kHoneSchemaPostgres;  // schema_postgres.sql, embedded by the build

namespace hone::sql {
namespace {

constexpr std::int64_t kSchemaLock = 0x484F4E45;  // of pg_advisory_xact_lock, "HONE"
constexpr const char* kChannel = "hone_change";

struct Freed {
  void operator()(pq::Result* result) const { pq::functions().clear(result); }
};
using Result = std::unique_ptr<pq::Result, Freed>;

/// Session of libpq; throws on every failure.
class Session {
 public:
  Session(std::string address, std::string name) : pq_(pq::functions()), name_(std::move(name)) {
    conn_ = pq_.connectdb(address.c_str());
    if (pq_.status(conn_) != pq::kConnectionOk) {
      const std::string why(trim(pq_.errorMessage(conn_)));
      pq_.finish(conn_);
      throw Error(
          ErrorCode::store, fmt::format("cannot reach the store {}: {}", name_, why),
          "Check the address, that the server runs, and that the database exists (createdb).");
    }
    set_up();
  }
  ~Session() { pq_.finish(conn_); }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  bool is_lost() const { return pq_.status(conn_) != pq::kConnectionOk; }
  void reset() {
    pq_.reset(conn_);
    if (is_lost()) {
      throw Error(ErrorCode::store,
                  fmt::format("the connection to the store {} is lost: {}", name_,
                              std::string(trim(pq_.errorMessage(conn_)))),
                  "Check that the server runs; hone goes on once it is back.");
    }
    set_up();
  }
  Result exec(const std::string& text) { return checked(Result(pq_.exec(conn_, text.c_str()))); }
  Result checked(Result result) {
    const int status = result ? pq_.resultStatus(result.get()) : -1;
    if (status == pq::kCommandOk || status == pq::kTuplesOk) return result;
    fail(result.get());
  }
  const pq::Functions& pq() const { return pq_; }
  pq::Conn* conn() { return conn_; }
  const std::string& name() const { return name_; }

 private:
  void set_up() {
    pq_.setNoticeProcessor(
        conn_, [](void*, const char*) {}, nullptr);
    exec("SET client_encoding = 'UTF8'");
    exec("SET extra_float_digits = 1");  // doubles read back the same
    exec("SET bytea_output = 'hex'");
    // A commit is on disk when it returns, whatever the server's default is; unless the server was
    // told not to sync at all.
    exec("SET synchronous_commit = on");
  }
  [[noreturn]] void fail(const pq::Result* result) {
    const auto field = [&](int code) {
      const char* text = result != nullptr ? pq_.resultErrorField(result, code) : nullptr;
      return std::string(text != nullptr ? text : "");
    };
    const std::string state = field(pq::kSqlState);
    std::string why = field(pq::kMessagePrimary);
    if (why.empty()) why = std::string(trim(pq_.errorMessage(conn_)));
    const std::string message = fmt::format("the store {} answers: {}", name_, why);
    // Class 40: serialization failure, deadlock. 57P01 to 57P03: the server is shut down or starts.
    if (is_lost() || state.starts_with("40") || state.starts_with("57P")) {
      throw Transient(ErrorCode::store, message,
                      "Check that the server runs; trying again is harmless.");
    }
    if (state.starts_with("53")) {  // insufficient resources; 53100: disk full
      throw Error(state == "53100" ? ErrorCode::store_full : ErrorCode::store, message,
                  "Free resources on the server. What was stored before is safe.");
    }
    if (state == "55P03") throw Error(ErrorCode::store_busy, message, "Try again.");
    if (state.starts_with("XX")) {
      throw Error(ErrorCode::store_corrupt, message, "See the server's log.");
    }
    if (state == "25006") {
      throw Error(ErrorCode::store, message, "The store is open for reading only.");
    }
    throw Error(ErrorCode::store, message);
  }

  const pq::Functions& pq_;
  pq::Conn* conn_;
  std::string name_;
};

double parse_double(std::string_view text) {
  if (text == "Infinity") return std::numeric_limits<double>::infinity();
  if (text == "-Infinity") return -std::numeric_limits<double>::infinity();
  double value = std::nan("");
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

class PostgresStatement final : public Statement {
 public:
  PostgresStatement(Session& session, std::string text)
      : session_(session), text_(std::move(text)) {}

  void bind_null(int n) override { at(n).reset(); }
  void bind_integer(int n, std::int64_t v) override { at(n) = std::to_string(v); }
  void bind_real(int n, double v) override {
    if (std::isnan(v)) {
      at(n).reset();
    } else {
      at(n) = format_double(v);
    }
  }
  void bind_text(int n, std::string_view v) override {
    auto mended = mend_text(v);
    at(n) = mended ? std::move(*mended) : std::string(v);
  }
  void bind_bytes(int n, std::string_view v) override {
    static const char* digits = "0123456789abcdef";
    std::string hex = "\\x";
    for (const char c : v) {
      const auto byte = static_cast<unsigned char>(c);
      hex += digits[byte >> 4];
      hex += digits[byte & 15];
    }
    at(n) = std::move(hex);
  }
  bool step() override {
    if (!result_) {
      execute();
      row_ = -1;
    }
    return ++row_ < session_.pq().ntuples(result_.get());
  }
  bool is_null(int c) const override {
    return session_.pq().getisnull(result_.get(), row_, c) != 0;
  }
  std::int64_t integer(int c) const override {
    const std::string_view digits = text(c);
    std::int64_t value = 0;
    if (digits == "t") return 1;
    std::from_chars(digits.data(), digits.data() + digits.size(), value);
    return value;
  }
  double real(int c) const override { return is_null(c) ? std::nan("") : parse_double(text(c)); }
  std::string_view text(int c) const override {
    return {session_.pq().getvalue(result_.get(), row_, c),
            static_cast<std::size_t>(session_.pq().getlength(result_.get(), row_, c))};
  }
  std::string bytes(int c) const override {
    const std::string_view hex = text(c);
    std::string bytes;
    for (std::size_t i = 2; i + 1 < hex.size(); i += 2) {
      unsigned byte = 0;
      std::from_chars(hex.data() + i, hex.data() + i + 2, byte, 16);
      bytes += static_cast<char>(byte);
    }
    return bytes;
  }
  void reset() noexcept override {
    result_.reset();
    values_.clear();
  }
  /// The session was made anew: the server has forgotten the statement.
  void forget() { prepared_ = false; }
  void set_name(std::string name) { name_ = std::move(name); }

 private:
  std::optional<std::string>& at(int n) {
    const auto index = static_cast<std::size_t>(n);
    if (values_.size() < index) values_.resize(index);
    return values_[index - 1];
  }
  void execute() {
    const pq::Functions& pq = session_.pq();
    if (!prepared_) {
      session_.checked(
          Result(pq.prepare(session_.conn(), name_.c_str(), text_.c_str(), 0, nullptr)));
      prepared_ = true;
    }
    std::vector<const char*> values;
    for (const auto& value : values_) values.push_back(value ? value->c_str() : nullptr);
    result_ = session_.checked(
        Result(pq.execPrepared(session_.conn(), name_.c_str(), static_cast<int>(values.size()),
                               values.data(), nullptr, nullptr, 0)));
  }

  Session& session_;
  std::string text_;
  std::string name_;
  bool prepared_ = false;
  std::vector<std::optional<std::string>> values_;
  Result result_;
  int row_ = -1;
};

class PostgresConnection final : public Connection {
 public:
  PostgresConnection(const std::string& address, const std::string& name, bool read_only)
      : session_(address, name), read_only_(read_only) {
    if (read_only) session_.exec("SET default_transaction_read_only = on");
  }
  Statement& statement(std::string_view text) override {
    const auto it = statements_.find(text);
    if (it != statements_.end()) return *it->second;
    auto fresh = std::make_unique<PostgresStatement>(session_, std::string(text));
    fresh->set_name("s" + std::to_string(statements_.size()));
    return *statements_.emplace(std::string(text), std::move(fresh)).first->second;
  }
  void run_script(const std::string& script) override { session_.exec(script); }
  void begin() override {
    session_.exec("BEGIN");
    in_transaction_ = true;
  }
  void commit() override {
    in_transaction_ = false;
    try {
      session_.exec("COMMIT");
    } catch (const Transient& lost) {
      // Whether the server did it nobody knows: not to be done again without asking.
      throw Error(ErrorCode::store, lost.what(), lost.hint());
    }
  }
  void rollback() noexcept override {
    in_transaction_ = false;
    try {
      if (!session_.is_lost()) session_.exec("ROLLBACK");
    } catch (...) {  // the next statement will tell
    }
  }
  bool in_transaction() const override { return in_transaction_ && !session_.is_lost(); }
  void mend() override {
    if (!session_.is_lost()) return;
    session_.reset();
    for (auto& [text, statement] : statements_) statement->forget();
    if (read_only_) session_.exec("SET default_transaction_read_only = on");
  }
  bool locks_rows() const override { return true; }
  std::int64_t schema_version() override {
    {
      // Not to_regclass: it may answer from the session's cache that a table made meanwhile is not
      // there.
      Query there(*this,
                  "SELECT 1 FROM pg_catalog.pg_class WHERE relname = 'meta' AND "
                  "pg_catalog.pg_table_is_visible(oid)");
      if (!there.step()) return 0;
    }
    Query query(*this, "SELECT schema_version FROM meta");
    return query.step() ? query.integer(0) : 0;
  }
  void lock_schema() override {
    session_.exec(fmt::format("SELECT pg_advisory_xact_lock({})", kSchemaLock));
  }
  void set_schema_version(std::int64_t) override {}  // the row of `meta` has it
  void announce() override { session_.exec(fmt::format("NOTIFY {}", kChannel)); }

 private:
  Session session_;
  bool read_only_;
  bool in_transaction_ = false;
  std::map<std::string, std::unique_ptr<PostgresStatement>, std::less<>> statements_;
};

class PostgresWatch final : public Watch {
 public:
  PostgresWatch(const std::string& address, const std::string& name) : session_(address, name) {
    listen();
  }
  bool wait(std::int64_t timeout_us) override {
    if (session_.is_lost()) {
      session_.reset();
      listen();
      return true;
    }
    pollfd ready{session_.pq().socket(session_.conn()), POLLIN, 0};
    const std::int64_t wait_us = std::min(timeout_us, kLongest_us);
    ::poll(&ready, 1, static_cast<int>((wait_us + 999) / 1000));
    session_.pq().consumeInput(session_.conn());
    bool any = false;
    while (pq::Notify* notify = session_.pq().notifies(session_.conn())) {
      session_.pq().freemem(notify);
      any = true;
    }
    return any;
  }
  bool sees_own_commits() const override { return true; }

 private:
  void listen() { session_.exec(fmt::format("LISTEN {}", kChannel)); }
  Session session_;
};

class PostgresDatabase final : public Database {
 public:
  PostgresDatabase(std::string address, OpenMode mode)
      : address_(std::move(address)), name_(without_password(address_)), mode_(mode) {}
  std::unique_ptr<Connection> connect_writer() override {
    auto connection = std::make_unique<PostgresConnection>(address_, name_, is_read_only());
    if (mode_ != OpenMode::create && connection->schema_version() == 0) {
      throw Error(ErrorCode::not_found, fmt::format("there is no store in {}", name_),
                  "Start a study with 'hone run', or name the store with --store.");
    }
    return connection;
  }
  std::unique_ptr<Connection> connect_reader() override {
    return std::make_unique<PostgresConnection>(address_, name_, true);
  }
  std::unique_ptr<Watch> watch() override {
    return std::make_unique<PostgresWatch>(address_, name_);
  }
  bool is_read_only() const override { return mode_ == OpenMode::read_only; }
  std::string_view schema() const override { return kHoneSchemaPostgres; }
  std::string name() const override { return name_; }

 private:
  std::string address_;
  std::string name_;
  OpenMode mode_;
};

}  // namespace

std::string without_password(const std::string& address) {
  std::string shown = address;
  const auto scheme = shown.find("://");
  if (scheme != std::string::npos) {
    const auto host = shown.find_first_of("/?", scheme + 3);
    const auto at = shown.rfind('@', host == std::string::npos ? shown.size() : host);
    const auto colon = shown.find(':', scheme + 3);
    if (at != std::string::npos && at > scheme && colon < at)
      shown.replace(colon + 1, at - colon - 1, "***");
  }
  const auto key = shown.find("password=");
  if (key != std::string::npos) {
    const auto start = key + 9;
    const auto end = shown.find_first_of("& ", start);
    shown.replace(start, (end == std::string::npos ? shown.size() : end) - start, "***");
  }
  return shown;
}

std::unique_ptr<Database> open_postgres(const std::string& address, OpenMode mode) {
  pq::functions();  // says at once when the library is missing
  return std::make_unique<PostgresDatabase>(address, mode);
}

}  // namespace hone::sql
