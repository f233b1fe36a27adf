#include "hone/store/libpq.h"

#include <dlfcn.h>
#include <fmt/core.h>

#include <cstring>

#include "hone/base/error.h"

namespace hone::sql::pq {
namespace {

template <class Function>
void find(void* library, const char* name, Function& into) {
  void* symbol = ::dlsym(library, name);
  if (symbol == nullptr) {
    throw Error(ErrorCode::unsupported, fmt::format("libpq.so.5 on this machine lacks {}", name),
                "Install a newer PostgreSQL client library (on Debian: apt install libpq5).");
  }
  static_assert(sizeof symbol == sizeof into);
  std::memcpy(&into, &symbol, sizeof symbol);
}

Functions load() {
  void* library = ::dlopen("libpq.so.5", RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    throw Error(ErrorCode::unsupported,
                "a PostgreSQL store needs libpq.so.5, which is not on this machine",
                "Install the PostgreSQL client library (on Debian: apt install libpq5).");
  }
  Functions f{};
  find(library, "PQconnectdb", f.connectdb);
  find(library, "PQstatus", f.status);
  find(library, "PQerrorMessage", f.errorMessage);
  find(library, "PQfinish", f.finish);
  find(library, "PQreset", f.reset);
  find(library, "PQexec", f.exec);
  find(library, "PQprepare", f.prepare);
  find(library, "PQexecPrepared", f.execPrepared);
  find(library, "PQresultStatus", f.resultStatus);
  find(library, "PQresultErrorField", f.resultErrorField);
  find(library, "PQntuples", f.ntuples);
  find(library, "PQgetvalue", f.getvalue);
  find(library, "PQgetisnull", f.getisnull);
  find(library, "PQgetlength", f.getlength);
  find(library, "PQclear", f.clear);
  find(library, "PQsocket", f.socket);
  find(library, "PQconsumeInput", f.consumeInput);
  find(library, "PQnotifies", f.notifies);
  find(library, "PQfreemem", f.freemem);
  find(library, "PQsetNoticeProcessor", f.setNoticeProcessor);
  return f;
}

}  // namespace

const Functions& functions() {
  static const Functions loaded = load();
  return loaded;
}

}  // namespace hone::sql::pq
