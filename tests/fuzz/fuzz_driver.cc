// See fuzz_driver.h. The generator is hone's own; the clock only says when to stop.
#include "tests/fuzz/fuzz_driver.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "hone/base/rng.h"

// Of the sanitizers' runtime, where it is linked.
extern "C" void __sanitizer_set_death_callback(void (*callback)()) __attribute__((weak));

namespace hone::fuzz {
namespace {

constexpr std::size_t kMaxInputBytes = 256 * 1024;
constexpr std::size_t kMaxSeedBytes = 64 * 1024;  // corpus files are cut here
constexpr int kMaxMutations = 8;
constexpr std::uint64_t kDefaultSeconds = 10;
constexpr unsigned kTimeoutSeconds = 20;

/// The input being run, in a shared mapping of a file: its length, then its bytes.
struct Live {
  std::uint64_t length;
  std::uint8_t bytes[kMaxInputBytes];
};
Live* live = nullptr;
char failure_path[4096] = "fuzz-failure.bin";

/// Async-signal-safe: the input being run goes to the failure file.
void keep_failure() {
  const int file = open(failure_path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0644);
  if (file < 0 || !live) return;
  std::size_t done = 0;
  while (done < live->length) {
    const ssize_t n = write(file, live->bytes + done, live->length - done);
    if (n <= 0) break;
    done += static_cast<std::size_t>(n);
  }
  close(file);
  static constexpr char kSaid[] = "fuzz: the input is kept; run the target with --replay FILE\n";
  if (write(STDERR_FILENO, kSaid, sizeof kSaid - 1) < 0) return;
}

void on_signal(int number) {
  if (number == SIGALRM) {
    static constexpr char kHung[] = "fuzz: one input takes too long\n";
    if (write(STDERR_FILENO, kHung, sizeof kHung - 1) < 0) _exit(2);
  }
  keep_failure();
  _exit(number == SIGALRM ? 2 : 1);
}

void map_live(const std::string& path) {
  const int file = open(path.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0644);
  if (file < 0 || ftruncate(file, sizeof(Live)) != 0) {
    std::fprintf(stderr, "fuzz: cannot write %s\n", path.c_str());
    std::exit(2);
  }
  void* memory = mmap(nullptr, sizeof(Live), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  close(file);
  if (memory == MAP_FAILED) std::exit(2);
  live = static_cast<Live*>(memory);
}

using Bytes = std::vector<std::uint8_t>;

Bytes read_bytes(const std::filesystem::path& path, std::size_t limit) {
  std::ifstream in(path, std::ios::binary);
  if (!in) {
    std::fprintf(stderr, "fuzz: cannot read %s\n", path.c_str());
    std::exit(2);
  }
  Bytes bytes{std::istreambuf_iterator<char>(in), {}};
  if (bytes.size() > limit) bytes.resize(limit);
  return bytes;
}

std::vector<Bytes> read_corpus(const std::vector<std::string>& folders) {
  std::vector<std::filesystem::path> paths;
  for (const auto& folder : folders) {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
      if (entry.is_regular_file()) paths.push_back(entry.path());
    }
  }
  std::sort(paths.begin(), paths.end());
  std::vector<Bytes> corpus;
  for (const auto& path : paths) corpus.push_back(read_bytes(path, kMaxSeedBytes));
  if (corpus.empty()) corpus.emplace_back();
  return corpus;
}

/// Mutations of one input; `rng` decides everything.
class Mutator {
 public:
  Mutator(const std::vector<Bytes>& corpus, Rng rng) : corpus_(corpus), rng_(rng) {}

  Bytes make() {
    bytes_ = corpus_[rng_.below(corpus_.size())];
    if (rng_.chance(0.3)) keep_slice();
    const auto count = rng_.below(kMaxMutations + 1);
    for (std::uint64_t i = 0; i < count; ++i) mutate();
    if (bytes_.size() > kMaxInputBytes) bytes_.resize(kMaxInputBytes);
    return std::move(bytes_);
  }

 private:
  std::size_t place() { return rng_.below(bytes_.size() + 1); }
  auto at(std::size_t i) { return bytes_.begin() + static_cast<std::ptrdiff_t>(i); }

  void insert(std::string_view text) {
    const auto* data = reinterpret_cast<const std::uint8_t*>(text.data());
    bytes_.insert(at(place()), data, data + text.size());
  }

  void keep_slice() {
    auto a = place(), b = place();
    if (a > b) std::swap(a, b);
    bytes_ = Bytes(at(a), at(b));
  }

  void cut() {
    const auto a = place();
    const auto most = std::min<std::size_t>(bytes_.size() - a, rng_.chance(0.5) ? 4 : 400);
    bytes_.erase(at(a), at(a + rng_.below(most + 1)));
  }

  void splice() {  // a piece of another file, or of this one again
    const Bytes other = corpus_[rng_.below(corpus_.size())];
    const auto a = rng_.below(other.size() + 1);
    const auto n = rng_.below(std::min<std::size_t>(other.size() - a, 300) + 1);
    bytes_.insert(at(place()), other.begin() + static_cast<std::ptrdiff_t>(a),
                  other.begin() + static_cast<std::ptrdiff_t>(a + n));
  }

  void swap_number() {  // the digits at or behind some place become another number
    static constexpr std::string_view kNumbers[] = {"0",
                                                    "-1",
                                                    "1e999",
                                                    "-1e999",
                                                    "1e-999",
                                                    "nan",
                                                    "inf",
                                                    "-Infinity",
                                                    "NaN",
                                                    "18446744073709551616",
                                                    "9223372036854775808",
                                                    "0.1",
                                                    "1e308",
                                                    "00000000000000000001",
                                                    "-0",
                                                    "1_0",
                                                    "+5",
                                                    ".5",
                                                    "5.",
                                                    "\"1\""};
    const auto is_digit = [](std::uint8_t c) { return c >= '0' && c <= '9'; };
    const auto first = std::find_if(at(place()), bytes_.end(), is_digit);
    const auto last = std::find_if_not(first, bytes_.end(), is_digit);
    const auto where = bytes_.erase(first, last);
    const auto number = kNumbers[rng_.below(std::size(kNumbers))];
    bytes_.insert(where, number.begin(), number.end());
  }

  void repeat() {
    const auto a = place();
    const auto n = std::min<std::size_t>(bytes_.size() - a, 1 + rng_.below(64));
    const Bytes piece(at(a), at(a + n));
    const auto times = rng_.chance(0.02) ? rng_.below(4000) : rng_.below(8);
    Bytes many;
    for (std::uint64_t i = 0; i < times && many.size() < kMaxInputBytes; ++i) {
      many.insert(many.end(), piece.begin(), piece.end());
    }
    bytes_.insert(at(a), many.begin(), many.end());
  }

  void mutate() {
    const auto words = fuzz_dictionary();
    switch (rng_.below(8)) {
      case 0:
        if (!bytes_.empty())
          bytes_[rng_.below(bytes_.size())] ^= static_cast<std::uint8_t>(1u << rng_.below(8));
        break;
      case 1:
        if (!bytes_.empty())
          bytes_[rng_.below(bytes_.size())] = static_cast<std::uint8_t>(rng_.below(256));
        break;
      case 2:
        cut();
        break;
      case 3:
        splice();
        break;
      case 4:
        swap_number();
        break;
      case 5:
        repeat();
        break;
      case 6:
        if (!words.empty()) insert(words[rng_.below(words.size())]);
        break;
      default: {
        static constexpr std::string_view kMarks[] = {"\r", "\n", "\r\n", "\"",    "'",    "{",
                                                      "}",  "[",  "]",    "\\",    ":",    "=",
                                                      ",",  " ",  "\t",   "\x1b[", "\xff", "\xc3"};
        insert(kMarks[rng_.below(std::size(kMarks))]);
      }
    }
  }

  const std::vector<Bytes>& corpus_;
  Rng rng_;
  Bytes bytes_;
};

/// Runs one input from a buffer of exactly its size, so that a read behind the end is seen.
void run(const Bytes& input) {
  live->length = input.size();
  if (!input.empty()) std::memcpy(live->bytes, input.data(), input.size());
  alarm(kTimeoutSeconds);
  const Bytes exact(input);
  try {
    fuzz_one(exact.data(), exact.size());
  } catch (const std::exception& error) {
    std::fprintf(stderr, "fuzz: an exception left the target: %s\n", error.what());
    std::abort();
  }
  alarm(0);
}

struct Arguments {
  std::vector<std::string> corpus;
  std::uint64_t seconds = 0, runs = 0, seed = 1, from = 0;
  std::string replay;
};

Arguments parse_arguments(int argc, char** argv) {
  Arguments arguments;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string_view name = argv[i];
    const char* value = argv[i + 1];
    const std::uint64_t number = std::strtoull(value, nullptr, 10);
    if (name == "--corpus")
      arguments.corpus.emplace_back(value);
    else if (name == "--seconds")
      arguments.seconds = number;
    else if (name == "--runs")
      arguments.runs = number;
    else if (name == "--seed")
      arguments.seed = number;
    else if (name == "--from")
      arguments.from = number;
    else if (name == "--replay")
      arguments.replay = value;
    else if (name == "--out")
      std::snprintf(failure_path, sizeof failure_path, "%s", value);
    else
      argc = 0;
  }
  if (argc % 2 == 0) {
    std::fprintf(
        stderr,
        "usage: %s --corpus DIR [--seconds N | --runs N] [--seed S] [--from I] [--out FILE]\n"
        "       %s --replay FILE\n",
        argv[0], argv[0]);
    std::exit(2);
  }
  if (arguments.runs == 0 && arguments.seconds == 0) arguments.seconds = kDefaultSeconds;
  return arguments;
}

/// The input of a failure file or of a FILE.live.
Bytes read_failure(const std::string& path) {
  Bytes bytes = read_bytes(path, sizeof(Live));
  if (!path.ends_with(".live") || bytes.size() < sizeof(std::uint64_t)) return bytes;
  std::uint64_t length = 0;
  std::memcpy(&length, bytes.data(), sizeof length);
  bytes.erase(bytes.begin(), bytes.begin() + sizeof length);
  bytes.resize(std::min<std::size_t>(length, bytes.size()));
  return bytes;
}

int drive(int argc, char** argv) {
  const Arguments arguments = parse_arguments(argc, argv);
  const Bytes replayed = arguments.replay.empty() ? Bytes() : read_failure(arguments.replay);
  const std::string live_path = std::string(failure_path) + ".live";
  map_live(live_path);
  if (&__sanitizer_set_death_callback) __sanitizer_set_death_callback(keep_failure);
  for (const int number : {SIGABRT, SIGALRM, SIGFPE, SIGILL}) signal(number, on_signal);
  if (!&__sanitizer_set_death_callback) {
    for (const int number : {SIGSEGV, SIGBUS}) signal(number, on_signal);
  }
  std::uint64_t count = 0;
  if (!arguments.replay.empty()) {
    run(replayed);
    count = 1;
  } else {
    const std::vector<Bytes> corpus = read_corpus(arguments.corpus);
    std::fprintf(stderr, "fuzz: seed %llu, %zu files\n",
                 static_cast<unsigned long long>(arguments.seed), corpus.size());
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(arguments.seconds);
    const Rng rng(arguments.seed);
    if (arguments.from == 0) {
      for (const Bytes& file : corpus) run(file);
    }
    while (arguments.runs > 0 ? count < arguments.runs : std::chrono::steady_clock::now() < end) {
      const std::uint64_t number = arguments.from + count;
      run(Mutator(corpus, rng.split("input", number)).make());
      ++count;
    }
  }
  std::fprintf(stderr, "fuzz: %llu inputs, no failure\n", static_cast<unsigned long long>(count));
  std::filesystem::remove(live_path);
  return 0;
}

}  // namespace

void broken(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "fuzz: broken: %s (%s:%d)\n", condition, file, line);
  std::abort();
}

}  // namespace hone::fuzz

int main(int argc, char** argv) { return hone::fuzz::drive(argc, argv); }
