// What the server asks of the program that it is part of: what only the command line and the tuner
// know. The server includes neither.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "hone/store/store.h"
#include "hone/study/history.h"

namespace hone::server {

/// Called from several threads at once.
struct Desk {
  std::string version;  ///< of hone
  std::string store;    ///< its address, for people; without a password

  /// Whether a living process leads the study.
  std::function<bool(const StudyInfo&)> is_led;
  /// Asks the leader, or does its part where nobody leads; what came of it. Throws Error.
  std::function<std::string(const StudyInfo&, const std::string& kind, const Value& body)> ask;
  /// What to do so that somebody works on the study; "".
  std::function<std::string(const StudyInfo&)> how_to_run;
  /// `headline`, `budget`, `failures` of schema Study.
  std::function<Value(const StudyInfo&, const History&)> summary;
  /// Why a configuration was proposed; "".
  std::function<std::string(const Proposal&)> why;
  /// The command that runs the trial again; "".
  std::function<std::string(const History&, std::int64_t trial)> command;
  /// The trial's values with fresh seeds.
  std::function<std::vector<double>(const History&, std::int64_t trial)> confirmed;
  /// Where the study's trials have their folders on this machine.
  std::function<std::filesystem::path(const StudyInfo&)> trials_folder;
};

}  // namespace hone::server
