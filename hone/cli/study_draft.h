// A commented study file from what is known of a program: what to tune, in which range, what not,
// and why. A pure function of its arguments.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hone/cli/program_options.h"

namespace hone::cli {

struct DraftWanted {
  std::vector<std::string> command;  ///< as the user gave it; what it sets is not tuned
  std::string origin;                ///< "python train.py --help": for the first line
  std::optional<std::string> minimize;
  std::optional<std::string> maximize;
  std::string source;  ///< the program's own text, where it is a script; may be empty
};

struct StudyDraftText {
  std::string yaml;
  std::vector<std::string> tuned;  ///< names, in order of the file; derived ones included
  std::string metric;
  bool metric_found = false;         ///< false: the name is a guess
  std::vector<std::string> missing;  ///< what the program needs and the command does not give
};

/// The file's text. `tuned` is empty where nothing is worth tuning; the text is then not usable.
StudyDraftText draft_study(const ProgramHelp& help, std::string_view help_text,
                           const DraftWanted& wanted);

/// The metric that a text seems to speak of ("val_loss", "eval/accuracy"); nullopt: none.
std::optional<std::string> metric_in(std::string_view text);
/// Whether more of it is better, by its name.
bool more_is_better(std::string_view metric);

}  // namespace hone::cli
