// A control group (cgroup v2) for each run, where this process may make them: nothing leaves one by
// forking, changing its session or clearing its environment, and one write ends all in it. Used
// only where nobody else manages the hierarchy: below a group that systemd has delegated, or where
// systemd does not run (containers). Elsewhere the process tree has to do.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hone {

/// The group of this process, when groups may be made in it and processes moved there; tried out
/// once per call.
std::optional<std::filesystem::path> find_own_cgroup();

/// The folder of this process's group by the texts of /proc/self/mountinfo and /proc/self/cgroup;
/// nullopt: no version 2. Pure.
std::optional<std::filesystem::path> parse_own_cgroup(std::string_view mountinfo,
                                                      std::string_view groups);

/// The groups of runs, by their marks; a mark that ends in '/' means all that begin so. All methods
/// do nothing and give nothing where there are no groups.
class RunCgroups {
 public:
  explicit RunCgroups(std::optional<std::filesystem::path> own) : own_(std::move(own)) {}

  /// Makes the group of one run; its folder, or "" when that fails.
  std::string make(std::string_view mark) const;
  /// Whether any process is in it or in a group below.
  bool is_populated(std::string_view mark) const;
  /// Ends every process in it and below.
  void kill(std::string_view mark) const;
  /// Removes it with the groups that its programs made in it, as far as they are empty.
  void remove(std::string_view mark) const;

 private:
  std::vector<std::filesystem::path> paths_of(std::string_view mark) const;
  std::optional<std::filesystem::path> own_;
};

}  // namespace hone
