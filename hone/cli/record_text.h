// What a trial depended on besides its configuration, what its runs used of their machines, and
// what it left behind: lines for people, and JSON.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "hone/cli/workplace.h"

namespace hone::cli {

/// Lines about a record of `collect_environment`: machine, code, Python. Pure.
std::vector<std::string> environment_lines(const Value& environment);

/// One system metric over a run.
struct UsageFigure {
  std::int64_t count = 0;
  double sum = 0;
  double max = 0;
  double mean() const { return count > 0 ? sum / static_cast<double>(count) : 0; }
};
/// By name, "system/" left out; of the samples that a run has. Reads all of its points.
std::map<std::string, UsageFigure> usage_of(Store& store, RunId run);
/// "1.8 processors on average, GPU 87 % busy (24 GiB at most)"; "" without samples. Pure.
std::string usage_line(const std::map<std::string, UsageFigure>& usage);
Value usage_json(const std::map<std::string, UsageFigure>& usage);

/// A file below the folder of a trial.
struct LeftFile {
  std::string path;  ///< below that folder
  std::int64_t bytes = 0;
  bool artifact = false;  ///< in a folder that $HONE_ARTIFACTS named
};
/// What is on this machine, at most some thousands; artifacts first.
std::vector<LeftFile> files_of(const Workplace& place, const StudyInfo& study, std::int64_t trial);
/// A line per artifact, at most `shown` of them, and one that counts the other files.
std::vector<std::string> file_lines(const std::vector<LeftFile>& files, std::size_t shown = 20);

}  // namespace hone::cli
