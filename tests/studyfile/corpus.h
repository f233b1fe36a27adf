// A folder of study files, each with what it is expected to give, and the made-up machine on which
// they are loaded.
#pragma once

#include <string>
#include <vector>

#include "hone/study/study_file.h"

namespace hone::corpus {

struct Case {
  std::string name;  ///< of the study file, without folder
  std::string text;
  std::string expected_path;
};

/// Every *.yaml of a folder under tests/studyfile, by name.
std::vector<Case> cases(const std::string& folder);

/// Options of a machine with a few files in /study and programs in /usr/bin, and a small table of
/// algorithms.
LoadOptions options();

/// Compares with the file of expectations, or writes it when HONE_REWRITE_EXPECTED is set.
void expect_same(const Case& one, const std::string& actual);

}  // namespace hone::corpus
