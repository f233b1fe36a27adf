// From the text of a study file to a StudySpec. The file is a superset of the W&B sweep file: what
// is valid there (grid, random, bayes) is valid here and means the same space, laws, commands, stop
// rules and objective. All mistakes are found in one go; each has its place. Files, environment and
// algorithms are asked for through LoadOptions, so that loading is a pure function.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hone/base/options.h"
#include "hone/study/diagnostic.h"
#include "hone/study/study_spec.h"
#include "hone/study/tracking_spec.h"

namespace hone {

enum class FileKind { missing, file, executable, folder };

/// What loading may ask about the world. Functions left empty are not asked: the check is left out.
struct LoadOptions {
  std::string
      folder;  ///< of the study file, absolute: workdir and paths in the file are relative to it
  std::string current_folder;  ///< where the user stands, absolute; only for better messages
  std::function<FileKind(const std::string& path)> file_kind;
  /// The content of a file, to check the paths that `files` sets; nullopt: it cannot be read.
  std::function<std::optional<std::string>(const std::string& path)> read_file;
  std::function<std::optional<std::string>(const std::string& name)> environment;
  std::vector<AlgorithmHelp> samplers;      ///< none: any method is accepted, with any options
  std::vector<AlgorithmHelp> schedulers;    ///< none: any scheduler is accepted, with any options
  std::vector<AlgorithmHelp> detectors;     ///< none: any detector is accepted, with any options
  std::vector<std::string> metric_formats;  ///< none: any format is accepted
  /// What is wrong with a regular expression for metrics.
  std::function<std::optional<std::string>(const std::string&)> check_pattern;
  /// What an algorithm finds wrong with a study; the option "type" stands for its name. Called with
  /// the finished spec, once what it rests on (space, metrics, fidelity) is read without mistakes.
  std::function<std::vector<OptionProblem>(const StudySpec&)> check_sampler;
  std::function<std::vector<OptionProblem>(const StudySpec&)> check_scheduler;
  bool command_required = true;  ///< false where the caller evaluates trials itself
};

struct LoadedStudy {
  std::optional<StudySpec> spec;        ///< empty when there are errors
  std::vector<Diagnostic> diagnostics;  ///< sorted; notes, warnings and errors
  std::vector<std::string> notes;  ///< sentences to say once at the start ("runs until stopped …")
  bool seed_given = false;         ///< false: the caller draws spec.seed
  TrackingSpec tracking;           ///< what the file says about its record and its hooks
};

/// `path` is only used for the default name (its stem).
LoadedStudy load_study_file(std::string_view text, const std::string& path,
                            const LoadOptions& options);

/// One key of the study file, for errors, help and the reference page.
struct StudyFileKey {
  std::string name;
  std::string type;           ///< for people: "number", "list of texts", "30m"
  std::string default_value;  ///< as one would write it; empty: none; "required"
  std::string help;
  std::string example;
  bool from_sweep = false;  ///< part of the W&B sweep file
};

struct StudyFileSection {
  std::string name;  ///< "" for the top level, "parameters.*", "metric", …
  std::string summary;
  std::vector<StudyFileKey> keys;
};

/// All sections, the top level first.
const std::vector<StudyFileSection>& study_file_sections();
const StudyFileSection& study_file_section(std::string_view name);

/// `hone help study-file` and `hone help study-file SECTION`; nullopt for an unknown section.
std::optional<std::string> study_file_help(std::string_view section);
/// The reference page, in Markdown.
std::string study_file_reference();

/// Whether a stored study may go on with a changed file.
struct SpecChanges {
  std::vector<std::string> applied;  ///< from the next trial on; one sentence each
  std::vector<std::string> refused;  ///< with the reason; any: the study needs --new
  bool changed() const { return !applied.empty() || !refused.empty(); }
};
/// The seed is not compared: a missing one was drawn once and is kept. Names are the caller's to
/// match.
SpecChanges compare_specs(const StudySpec& stored, const StudySpec& wanted);

}  // namespace hone
