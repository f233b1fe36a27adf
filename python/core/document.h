// A study described in Python: a dictionary in the study file's words, read as a study file is, so
// that every check and every message is the same.
#pragma once

#include <string>
#include <vector>

#include "hone/base/value.h"
#include "hone/study/study_spec.h"

namespace hone::python {

struct Document {
  StudySpec spec;
  std::string source;  ///< JSON, which is YAML
  std::vector<std::string> warnings;
  bool seed_given = false;
};

/// Throws Error(invalid_input) with all mistakes. Trials that fail are not tried again and end no
/// study, and there is no budget, unless the document says so: the caller sees each trial.
Document read_document(const Value& document);

/// The stored study as it goes on under the document: its space, metrics and algorithms, where the
/// document names them. Throws Error(invalid_input) where past trials would lose their meaning.
/// `changes` gets a sentence for each change.
StudySpec continued(const StudySpec& stored, const Value& document, const StudySpec& wanted,
                    std::vector<std::string>& changes);

}  // namespace hone::python
