// What `hone help` explains: topics made from the program's own tables, as text for the terminal
// and as Markdown for the reference.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hone/base/options.h"

namespace hone::cli {

struct HelpTopic {
  std::string name;
  std::string summary;
};

/// Topics that are no commands and no algorithms.
std::vector<HelpTopic> help_topics();
/// The text of a topic, a sampler, a scheduler or "study-file SECTION"; nullopt when there is none
/// of the name.
std::optional<std::string> help_text(std::string_view topic, std::string_view part);
/// Every name that help_text knows, for "did you mean" and completion.
std::vector<std::string> help_names();

/// One algorithm with its options.
std::string algorithm_text(const AlgorithmHelp& help);

struct ReferencePage {
  std::string file;  ///< "samplers.md"
  std::string content;
};
/// The pages of docs/reference.
std::vector<ReferencePage> reference_pages();

}  // namespace hone::cli
