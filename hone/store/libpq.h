// The functions of libpq that the store uses, loaded when a PostgreSQL store is first opened: hone
// starts without libpq and runs on machines that lack it. Declared here and not by libpq-fe.h, so
// that building needs no PostgreSQL either; the library's ABI is stable (soname 5 since 2006).
#pragma once

#include <cstddef>

namespace hone::sql::pq {

struct Conn;
struct Result;

/// PGnotify.
struct Notify {
  char* channel;
  int backend_pid;
  char* payload;
  Notify* next;
};

constexpr int kConnectionOk = 0;
constexpr int kCommandOk = 1;
constexpr int kTuplesOk = 2;
constexpr int kSqlState = 'C';
constexpr int kMessagePrimary = 'M';

struct Functions {
  Conn* (*connectdb)(const char* info);
  int (*status)(const Conn*);
  char* (*errorMessage)(const Conn*);
  void (*finish)(Conn*);
  void (*reset)(Conn*);
  Result* (*exec)(Conn*, const char* query);
  Result* (*prepare)(Conn*, const char* name, const char* query, int count, const unsigned* types);
  Result* (*execPrepared)(Conn*, const char* name, int count, const char* const* values,
                          const int* lengths, const int* formats, int result_format);
  int (*resultStatus)(const Result*);
  char* (*resultErrorField)(const Result*, int field);
  int (*ntuples)(const Result*);
  char* (*getvalue)(const Result*, int row, int column);
  int (*getisnull)(const Result*, int row, int column);
  int (*getlength)(const Result*, int row, int column);
  void (*clear)(Result*);
  int (*socket)(const Conn*);
  int (*consumeInput)(Conn*);
  Notify* (*notifies)(Conn*);
  void (*freemem)(void*);
  void (*(*setNoticeProcessor)(Conn*, void (*processor)(void*, const char*), void*))(void*,
                                                                                     const char*);
};

/// Loads the library once. Throws Error(unsupported) when it is not installed.
const Functions& functions();

}  // namespace hone::sql::pq
