// Assertions for bugs in hone itself; on in every build. User input never triggers one.
#pragma once

namespace hone {
/// Prints the failed condition with its place to stderr and aborts.
[[noreturn]] void assertion_failed(const char* condition, const char* file, int line,
                                   const char* why) noexcept;
}  // namespace hone

/// States what must hold here and why; a failure is a bug in hone and ends the process.
#define HONE_ASSERT(condition, why)   \
  ((condition) ? static_cast<void>(0) \
               : ::hone::assertion_failed(#condition, __FILE__, __LINE__, why))
