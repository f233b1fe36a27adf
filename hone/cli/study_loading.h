// Study files as commands read them: loading with everything that this machine and this build know,
// and what is said about it.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "hone/study/study_file.h"

namespace hone::cli {

struct ReadStudy {
  std::string path;    ///< as given
  std::string source;  ///< the text
  LoadedStudy loaded;
  std::string report;  ///< diagnostics as text, empty when there are none
};

/// Reads and checks a study file; mistakes are in the result. Throws Error(not_found, io) where the
/// file cannot be read.
ReadStudy read_study(const std::string& path);

/// A study made of a command: `hone run --minimize loss -- python train.py --lr '~log(1e-5,1e-1)'`.
struct CommandStudy {
  std::vector<std::string> command;
  std::optional<std::string> minimize;
  std::optional<std::string> maximize;
  std::optional<std::string> method;
  std::optional<std::string> name;
};
ReadStudy make_study(const CommandStudy& wanted);

/// What ${interpreter} stands for here.
std::string program_interpreter();

/// What a study's command is for the defaults, and whether it could be started here.
struct CommandCheck {
  std::vector<std::string> words;
  std::string program;  ///< path; empty when there is a problem
  std::string problem;  ///< what hinders it
};
CommandCheck check_command(const StudySpec& spec);

/// Throws Error(invalid_input) for a study without a command: a Python program evaluates its
/// trials.
void check_has_command(const StudySpec& spec);

/// Throws Error(invalid_input) for a name by which a study could not be called again.
void check_study_name(const std::string& name);

/// Throws Error(invalid_input) where --parallel is out of its range.
void check_parallel(const std::optional<int>& parallel);

/// Diagnostics as JSON, one object each.
std::string diagnostics_json(const ReadStudy& read);

}  // namespace hone::cli
