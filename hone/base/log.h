// The log: short lines on stderr, quiet by default. The command's result never goes here.
#pragma once

#include <functional>
#include <string_view>

namespace hone {

enum class LogLevel { debug, info, warning, error };

/// Lines below `level` are dropped. Default: warning. Thread-safe.
void set_log_level(LogLevel level);
/// Sends lines elsewhere (the live display, a test); an empty function restores stderr.
/// Thread-safe.
void set_log_sink(std::function<void(LogLevel, std::string_view)> sink);
/// One line, without a line end. Thread-safe.
void log(LogLevel level, std::string_view line);

}  // namespace hone
