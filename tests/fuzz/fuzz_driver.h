// A small fuzzing driver for functions that read foreign bytes: it mutates the files of a corpus
// and calls the target, best under AddressSanitizer. Input number i is a function of (seed, i,
// corpus), so any failure can be made again with --seed and --from; no coverage guides it. A target
// is a file that defines the two functions below, linked with fuzz_driver.cc, which has main().
//
//   target --corpus DIR [--corpus DIR …] [--seconds N | --runs N] [--seed S] [--from I] [--out
//   FILE] target --replay FILE
//
// A failure (abort, signal, sanitizer report, exception, more than --timeout seconds) leaves the
// input in FILE, default fuzz-failure.bin. FILE.live always holds the input that is being run, for
// ends that run no handler.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace hone::fuzz {

/// Reads one input; aborts (HONE_ASSERT or HONE_FUZZ_CHECK) where a promise is broken. Returns 0.
int fuzz_one(const std::uint8_t* data, std::size_t size);

/// Tokens that the target's syntax knows, for insertion; may be empty.
std::span<const std::string_view> fuzz_dictionary();

/// Prints what is broken and aborts.
[[noreturn]] void broken(const char* condition, const char* file, int line);

}  // namespace hone::fuzz

#define HONE_FUZZ_CHECK(condition) \
  ((condition) ? static_cast<void>(0) : ::hone::fuzz::broken(#condition, __FILE__, __LINE__))
