// Reading the end of a log as a person would: from the last line upwards.
#include "hone/runner/failure.h"

#include <fmt/core.h>
#include <string.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <span>
#include <vector>

#include "hone/base/text.h"

namespace hone {
namespace {

constexpr std::size_t kLineLimit = 300;

struct Signature {
  std::string_view text;
  FailKind kind;
};
// Longer and more particular ones first: the first match decides.
constexpr std::array kSignatures = {
    Signature{"torch.OutOfMemoryError", FailKind::gpu_out_of_memory},
    Signature{"torch.cuda.OutOfMemoryError", FailKind::gpu_out_of_memory},
    Signature{"CUDA out of memory", FailKind::gpu_out_of_memory},
    Signature{"CUDA error: out of memory", FailKind::gpu_out_of_memory},
    Signature{"HIP out of memory", FailKind::gpu_out_of_memory},
    Signature{"cudaErrorMemoryAllocation", FailKind::gpu_out_of_memory},
    Signature{"CUDA_ERROR_OUT_OF_MEMORY", FailKind::gpu_out_of_memory},
    Signature{"cudaMalloc failed: out of memory", FailKind::gpu_out_of_memory},
    Signature{"CUBLAS_STATUS_NOT_INITIALIZED", FailKind::gpu_out_of_memory},
    Signature{"CUBLAS_STATUS_ALLOC_FAILED", FailKind::gpu_out_of_memory},
    Signature{"CUDNN_STATUS_ALLOC_FAILED", FailKind::gpu_out_of_memory},
    Signature{"cupy.cuda.memory.OutOfMemoryError", FailKind::gpu_out_of_memory},
    Signature{"RESOURCE_EXHAUSTED: Out of memory", FailKind::gpu_out_of_memory},
    Signature{"OOM when allocating tensor", FailKind::gpu_out_of_memory},
    Signature{"failed to allocate buffer", FailKind::gpu_out_of_memory},
    Signature{"DefaultCPUAllocator: not enough memory", FailKind::out_of_memory},
    Signature{"DefaultCPUAllocator: can't allocate memory", FailKind::out_of_memory},
    Signature{"MemoryError", FailKind::out_of_memory},
    Signature{"std::bad_alloc", FailKind::out_of_memory},
    Signature{"Cannot allocate memory", FailKind::out_of_memory},
    Signature{"is killed by signal: Killed", FailKind::out_of_memory},
    Signature{"oom-kill event", FailKind::out_of_memory},
};

/// Exceptions of launchers: they repeat that a program below them failed, and come after its own
/// traceback.
constexpr std::array<std::string_view, 5> kWrappers = {
    "torch.distributed.elastic.multiprocessing.errors.ChildFailedError",
    "subprocess.CalledProcessError", "torch.multiprocessing.spawn.ProcessExitedException",
    "ray.exceptions.RayTaskError", "concurrent.futures.process.BrokenProcessPool"};

bool is_wrapper(std::string_view line) {
  return std::any_of(kWrappers.begin(), kWrappers.end(),
                     [&](std::string_view each) { return line.starts_with(each); });
}

/// "Name: text" or "package.Name" at the start of a line, as Python prints an exception.
bool is_exception_line(std::string_view line) {
  const std::size_t end = line.find_first_of(": ");
  const std::string_view name = line.substr(0, end);
  if (name.empty() || (end != std::string_view::npos && line[end] == ' ')) return false;
  for (const char c : name) {
    const bool fits = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      c == '_' || c == '.';
    if (!fits) return false;
  }
  const std::string_view last = name.substr(name.rfind('.') + 1);
  return last.ends_with("Error") || last.ends_with("Exception") || last.ends_with("Interrupt") ||
         last.ends_with("Exit") || last.ends_with("Iteration") || last.ends_with("Warning");
}

/// The part of the log that tells the cause: the last traceback that is not a launcher's, with all
/// that follows it; the whole end of the log when there is none. `exception` gets that traceback's
/// last line.
std::size_t cause_begin(const std::vector<std::string>& lines, std::string* exception) {
  for (std::size_t i = lines.size(); i-- > 0;) {
    if (lines[i].find("Traceback (most recent call last)") == std::string::npos) continue;
    for (std::size_t k = i + 1; k < lines.size(); ++k) {
      if (lines[k].starts_with("Traceback")) break;
      // Launchers put "[rank0]: " before what their children write.
      std::string_view line = lines[k];
      if (line.starts_with("[rank")) line.remove_prefix(std::min(line.size(), line.find(": ") + 2));
      if (!is_exception_line(line)) continue;
      if (is_wrapper(line)) break;
      *exception = line;
      return i;
    }
  }
  return 0;
}

/// The last exception line anywhere, or the last line that speaks of an error.
std::string error_line(const std::vector<std::string>& lines) {
  for (std::size_t i = lines.size(); i-- > 0;) {
    if (is_exception_line(lines[i]) && !is_wrapper(lines[i])) return lines[i];
  }
  for (std::size_t i = lines.size(); i-- > 0;) {
    for (const std::string_view mark : {"error:", "Error:", "ERROR", "fatal:", "not found"}) {
      if (lines[i].find(mark) != std::string::npos) return lines[i];
    }
  }
  return "";
}

const Signature* find_signature(const std::vector<std::string>& lines, std::size_t begin) {
  for (const Signature& each : kSignatures) {
    for (std::size_t i = begin; i < lines.size(); ++i) {
      if (lines[i].find(each.text) != std::string::npos) return &each;
    }
  }
  return nullptr;
}

/// "Tried to allocate 50.00 MiB" or "while trying to allocate 4294967296 bytes", in bytes.
std::optional<std::int64_t> wanted_bytes(const std::vector<std::string>& lines, std::size_t begin) {
  for (std::size_t i = begin; i < lines.size(); ++i) {
    for (const std::string_view mark : {"Tried to allocate ", "trying to allocate "}) {
      const std::size_t at = lines[i].find(mark);
      if (at == std::string::npos) continue;
      const std::string_view rest = std::string_view(lines[i]).substr(at + mark.size());
      const std::size_t blank = rest.find(' ');
      const std::string_view number = rest.substr(0, blank);
      if (blank == std::string_view::npos) continue;
      std::string_view unit = rest.substr(blank + 1);
      unit = unit.substr(0, unit.find_first_of(" .,"));
      if (unit == "bytes") unit = "";
      if (const auto bytes = parse_bytes(fmt::format("{} {}", number, unit))) return bytes;
      if (const auto bytes = parse_bytes(number); bytes && unit.empty()) return bytes;
    }
  }
  return std::nullopt;
}

/// What to do about well-known errors.
std::string hint_for(std::string_view line, std::optional<int> exit_code) {
  if (line.starts_with("ModuleNotFoundError") || line.starts_with("ImportError")) {
    return "the command's Python is not the one that has this package: name its path in 'command', "
           "or activate its "
           "environment before 'hone run'";
  }
  if (line.find("unrecognized arguments") != std::string_view::npos ||
      line.find("no such option") != std::string_view::npos) {
    return "the program does not know an argument that the study gives it: compare 'command' and "
           "the parameters' names "
           "with its --help";
  }
  if (exit_code == 127) return "a command that the program or its script calls is not in PATH";
  if (exit_code == 126) return "a command that the program or its script calls may not be executed";
  return "";
}

std::string how_it_ended(const FailureFacts& facts) {
  if (facts.signal) return fmt::format("the program was ended by {}", signal_name(*facts.signal));
  const int code = facts.exit_code.value_or(0);
  // Shells and launchers give 128 + n for a program that signal n has ended.
  if (code > 128 && code <= 128 + 64) {
    return fmt::format("the program ended with exit code {} ({})", code, signal_name(code - 128));
  }
  return fmt::format("the program ended with exit code {}", code);
}

bool was_killed(const FailureFacts& facts) {
  return facts.signal == SIGKILL || facts.exit_code == 128 + SIGKILL;
}

void describe_memory(const std::string& line, Failure* failure) {
  failure->sentence = failure->kind == FailKind::gpu_out_of_memory
                          ? "the GPU's memory did not suffice"
                          : "the machine's memory did not suffice";
  if (failure->wanted_bytes) {
    failure->sentence +=
        fmt::format(" (a request of {} failed)", format_bytes(*failure->wanted_bytes));
  } else {
    failure->sentence += ": " + line;
  }
}

/// Bytes of the UTF-8 sequence that begins at `i`, 0 if none does.
std::size_t sequence_length(std::string_view text, std::size_t i) {
  const auto byte = [&](std::size_t k) { return static_cast<unsigned char>(text[k]); };
  const unsigned char first = byte(i);
  const std::size_t length = first < 0x80 ? 1 : first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first >= 0x80 && (first < 0xC2 || first > 0xF4)) return 0;
  if (i + length > text.size()) return 0;
  for (std::size_t k = 1; k < length; ++k) {
    if ((byte(i + k) & 0xC0) != 0x80) return 0;
  }
  if (length == 3 && first == 0xE0 && byte(i + 1) < 0xA0) return 0;  // overlong
  if (length == 3 && first == 0xED && byte(i + 1) > 0x9F) return 0;  // surrogates
  if (length == 4 && first == 0xF0 && byte(i + 1) < 0x90) return 0;
  if (length == 4 && first == 0xF4 && byte(i + 1) > 0x8F) return 0;  // above U+10FFFF
  return length;
}

/// What a terminal would show of one line: no escape sequences, no control characters, U+FFFD for
/// bytes that are no UTF-8.
std::string shown(std::string_view raw) {
  std::string line;
  for (std::size_t i = 0; i < raw.size();) {
    if (line.size() >= kLineLimit) return line + " …";
    if (raw[i] == '\x1b') {
      ++i;
      if (i < raw.size() && raw[i] == '[') {
        ++i;
        while (i < raw.size() && (raw[i] < '@' || raw[i] > '~')) ++i;
      }
      if (i < raw.size()) ++i;
      continue;
    }
    const std::size_t length = sequence_length(raw, i);
    if (length == 0) {
      line += "\xEF\xBF\xBD";
    } else if (static_cast<unsigned char>(raw[i]) >= ' ' && raw[i] != '\x7f') {
      line += raw.substr(i, length);
    } else if (raw[i] == '\t') {
      line += ' ';
    }
    i += std::max<std::size_t>(1, length);
  }
  while (line.ends_with(' ')) line.pop_back();
  return line;
}

std::vector<std::string> shown_lines(std::string_view tail) {
  std::vector<std::string> lines;
  for (std::string_view raw : split(tail, '\n')) {
    while (raw.ends_with('\r')) raw.remove_suffix(1);
    raw = raw.substr(raw.rfind('\r') + 1);  // of a progress bar only its last state
    std::string line = shown(raw);
    if (!trim(line).empty()) lines.push_back(std::move(line));
  }
  return lines;
}

}  // namespace

std::string signal_name(int signal) {
  const char* name = ::sigabbrev_np(signal);
  return name != nullptr ? fmt::format("SIG{}", name) : fmt::format("signal {}", signal);
}

std::string last_log_lines(std::string_view tail, int lines) {
  const std::vector<std::string> all = shown_lines(tail);
  const std::size_t wanted = std::min(all.size(), static_cast<std::size_t>(std::max(0, lines)));
  return join(std::span(all).last(wanted), "\n");
}

Failure classify_failure(const FailureFacts& facts) {
  Failure failure;
  const std::vector<std::string> lines = shown_lines(facts.tail);
  failure.last_lines = last_log_lines(facts.tail);
  std::string exception;
  const std::size_t begin = cause_begin(lines, &exception);
  const std::string line = !exception.empty() ? exception : error_line(lines);
  if (const Signature* signature = find_signature(lines, begin)) {
    failure.kind = signature->kind;
    if (failure.kind == FailKind::gpu_out_of_memory)
      failure.wanted_bytes = wanted_bytes(lines, begin);
    describe_memory(line.empty() ? std::string(signature->text) : line, &failure);
    return failure;
  }
  if (facts.kernel_out_of_memory) {
    failure.kind = FailKind::out_of_memory;
    failure.sentence =
        "the machine's memory did not suffice: the kernel ended a process of the run";
    return failure;
  }
  failure.kind = facts.signal ? FailKind::signal : FailKind::exit_code;
  failure.sentence = how_it_ended(facts);
  if (was_killed(facts)) {
    failure.sentence += ", which did not come from hone";
    failure.hint = "the kernel may have run out of memory ('dmesg' says so), or somebody ended it";
  } else if (!line.empty()) {
    failure.sentence += ": " + line;
  }
  if (failure.hint.empty()) failure.hint = hint_for(line, facts.exit_code);
  return failure;
}

}  // namespace hone
