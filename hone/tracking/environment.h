// What a run depended on besides its configuration: code version, machine, devices, packages, and
// the few environment variables that change results. Collected once per session, stored once per
// distinct text. Secrets never get in: variables are chosen by an allow-list, and arguments and
// diffs are masked. Programs (git) are run by a function of the caller.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hone/base/value.h"

namespace hone {

/// What collecting may ask about the world.
struct EnvironmentSources {
  /// stdout of a program that ended with success, within a bounded time; nullopt otherwise.
  std::function<std::optional<std::string>(const std::vector<std::string>& argv)> run;
  std::function<std::optional<std::string>(const std::string& path)>
      read;  ///< a small file's content
  std::vector<std::pair<std::string, std::string>> environment;
};

/// What the caller knows already.
struct EnvironmentFacts {
  std::string hone_version;
  std::vector<std::string> command;  ///< with placeholders
  std::string workdir;
  std::string interpreter;        ///< of Python, may be empty
  std::vector<std::string> gpus;  ///< names
  int cpus = 0;                   ///< that this process may use
  std::string gpu_driver = {};    ///< its version, may be empty
};

/// The record as a JSON object: hone, command, folder, git {commit, branch, remote, root, prefix,
/// dirty, diff, diff_cut, diff_masked}, machine {host, system, cpu, cpus, memory_bytes, gpus,
/// gpu_driver}, python {program, version, packages {name: version}}, variables. What cannot be
/// found out is left out. `root` is the folder of the working tree, `prefix` that of the program
/// below it; the diff is that of all tracked files against the commit, as `git apply` reads it.
Value collect_environment(const EnvironmentFacts& facts, const EnvironmentSources& sources);

/// A diff longer than this is cut.
inline constexpr std::size_t kDiffBytes = 256 * 1024;
/// No more packages than this are recorded.
inline constexpr std::size_t kPackages = 2000;

/// What the interpreter is asked for: its version, its path, and a line "name version" for each
/// package that an import would find, read from the names of *.dist-info and *.egg-info folders
/// alone: no package is imported, and no file opened.
extern const char* const kPythonQuestion;
/// The answer as a JSON object: version, program, packages; nullopt when it is none.
std::optional<Value> parse_python_answer(std::string_view answer);

/// Whether a variable's value is kept.
bool is_recorded_variable(std::string_view name);
/// Arguments with values of --token, --api-key, password=… and credentials in addresses replaced by
/// "***".
std::vector<std::string> mask_secrets(std::vector<std::string> arguments);
/// A text (a diff) with well-known forms of keys and credentials replaced by "***".
std::string mask_secrets_in_text(std::string_view text);

}  // namespace hone
