// The tables of the study file as help on a terminal and as the reference page.
#include <fmt/core.h>

#include <algorithm>

#include "hone/base/text.h"
#include "hone/study/study_file.h"

namespace hone {
namespace {

constexpr std::size_t kWidth = 100;
constexpr std::size_t kNameWidth = 20;

std::string title_of(const StudyFileSection& section) {
  return section.name.empty() ? "Top level" : section.name;
}

/// Words put into lines of at most kWidth columns, later lines indented.
std::string wrapped(const std::string& text, std::size_t indent) {
  std::string out;
  std::size_t column = indent;
  for (const std::string_view word : split(text, ' ')) {
    if (column > indent && column + 1 + word.size() > kWidth) {
      out += "\n" + std::string(indent, ' ');
      column = indent;
    } else if (column > indent) {
      out += ' ';
      ++column;
    }
    out += word;
    column += word.size();
  }
  return out;
}

std::string key_help(const StudyFileKey& key) {
  std::string text = key.help;
  const std::string type = key.type.empty() ? "" : key.type;
  std::string facts = type;
  if (!key.default_value.empty()) {
    facts += key.default_value == "required" ? "; required" : "; default: " + key.default_value;
  }
  if (!facts.empty()) text += fmt::format("{}({})", text.empty() ? "" : " ", facts);
  return fmt::format("  {:<{}}{}\n", key.name, kNameWidth, wrapped(text, kNameWidth + 2));
}

std::string escaped(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '|') out += '\\';
    out += c;
  }
  return out;
}

}  // namespace

std::optional<std::string> study_file_help(std::string_view wanted) {
  const auto& sections = study_file_sections();
  const auto found = std::find_if(sections.begin(), sections.end(), [&](const StudyFileSection& s) {
    return s.name == wanted || (wanted == "parameters" && s.name == "parameters.*");
  });
  if (found == sections.end()) return std::nullopt;
  std::string out = wrapped(found->summary, 0) + "\n\n";
  for (const StudyFileKey& key : found->keys) out += key_help(key);
  if (wanted.empty()) {
    out += "\nSections: ";
    std::string names;
    for (const StudyFileSection& s : sections) {
      if (!s.name.empty())
        names += (names.empty() ? "" : ", ") + (s.name == "parameters.*" ? "parameters" : s.name);
    }
    out += wrapped(names, 10) + "\nMore: hone help study-file SECTION\n";
  }
  return out;
}

std::string study_file_reference() {
  std::string out =
      "# The study file\n\n"
      "YAML, and a superset of the W&B sweep file: a valid sweep file for grid, random or bayes is "
      "a valid study file and means "
      "the same space, commands, stop rules and objective. Keys of sweep files are marked with "
      "W&B.\n";
  for (const StudyFileSection& section : study_file_sections()) {
    out += fmt::format(
        "\n## {}\n\n{}\n\n| key | value | default | meaning | example |\n|---|---|---|---|---|\n",
        title_of(section), section.summary);
    for (const StudyFileKey& key : section.keys) {
      out +=
          fmt::format("| `{}` | {} | {} | {}{} | {} |\n", key.name, escaped(key.type),
                      escaped(key.default_value), escaped(key.help), key.from_sweep ? " (W&B)" : "",
                      key.example.empty() ? "" : "`" + escaped(key.example) + "`");
    }
  }
  return out;
}

}  // namespace hone
