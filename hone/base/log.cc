#include "hone/base/log.h"

#include <atomic>
#include <cstdio>
#include <mutex>

namespace hone {
namespace {

std::atomic<LogLevel> g_level{LogLevel::warning};
std::mutex g_mutex;
std::function<void(LogLevel, std::string_view)> g_sink;

const char* name(LogLevel level) {
  switch (level) {
    case LogLevel::debug:
      return "debug";
    case LogLevel::info:
      return "note";
    case LogLevel::warning:
      return "warning";
    case LogLevel::error:
      return "error";
  }
  return "";
}

}  // namespace

void set_log_level(LogLevel level) { g_level = level; }

void set_log_sink(std::function<void(LogLevel, std::string_view)> sink) {
  const std::lock_guard lock(g_mutex);
  g_sink = std::move(sink);
}

void log(LogLevel level, std::string_view line) {
  if (level < g_level.load()) return;
  const std::lock_guard lock(g_mutex);
  if (g_sink) {
    g_sink(level, line);
  } else {
    std::fprintf(stderr, "hone: %s: %.*s\n", name(level), static_cast<int>(line.size()),
                 line.data());
  }
}

}  // namespace hone
