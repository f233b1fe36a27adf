// Typed reading of nodes with errors that say what was expected. Shared by the files that read the
// sections of a study file.
#pragma once

#include <limits>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "hone/study/study_file.h"
#include "hone/study/yaml.h"

namespace hone {

/// `what` in the messages is the dotted place ("limits.time"). Functions that return nullopt have
/// recorded an error.
class StudyFileReader {
 public:
  StudyFileReader(std::string_view text, const LoadOptions& options,
                  std::vector<Diagnostic>& diagnostics)
      : text_(text), lines_(text), options_(options), diagnostics_(diagnostics) {}

  const LoadOptions& options() const { return options_; }
  std::string_view source() const { return text_; }
  int line_of(TextSpan span) const { return lines_.line_of(span.begin); }

  void error(TextSpan span, std::string message, std::string fix = "");
  void warning(TextSpan span, std::string message, std::string fix = "");
  void note(TextSpan span, std::string message);
  /// About the file as a whole.
  void error_overall(std::string message);
  std::size_t error_count() const { return errors_; }

  /// Refuses keys that the section does not have, with the nearest name. Returns the members that
  /// it has.
  bool check_keys(const YamlNode& map, const StudyFileSection& section, const std::string& what);

  bool is_map(const YamlNode& node, const std::string& what, const std::string& example = "");
  std::optional<double> number(const YamlNode& node, const std::string& what);
  std::optional<double> number_from(const YamlNode& node, const std::string& what, double low,
                                    double high = std::numeric_limits<double>::infinity());
  std::optional<std::int64_t> whole(const YamlNode& node, const std::string& what,
                                    std::int64_t low = std::numeric_limits<std::int64_t>::min(),
                                    std::int64_t high = std::numeric_limits<std::int64_t>::max());
  std::optional<bool> boolean(const YamlNode& node, const std::string& what);
  /// A scalar's text, whatever it would resolve to; not empty unless allowed.
  std::optional<std::string> text(const YamlNode& node, const std::string& what,
                                  bool may_be_empty = false);
  /// One of a few words.
  std::optional<std::string> word(const YamlNode& node, const std::string& what,
                                  const std::vector<std::string>& words);
  std::optional<std::vector<std::string>> texts(const YamlNode& node, const std::string& what,
                                                const std::string& example);
  std::optional<std::int64_t> duration_us(const YamlNode& node, const std::string& what);
  std::optional<std::int64_t> bytes(const YamlNode& node, const std::string& what);
  /// Any value, with a warning for scalars that YAML 1.1 reads otherwise.
  Value value(const YamlNode& node);
  /// Warns about a plain scalar that YAML 1.1 reads otherwise.
  void warn_of_yaml11(const YamlNode& node);

  /// The node as the user wrote it, shortened: for "…, not X".
  std::string shown(const YamlNode& node) const;
  /// The source text of a node.
  std::string written(const YamlNode& node) const;

 private:
  void add(Severity severity, TextSpan span, std::string message, std::string fix);

  std::string_view text_;
  LineIndex lines_;
  const LoadOptions& options_;
  std::vector<Diagnostic>& diagnostics_;
  std::size_t errors_ = 0;
  std::set<std::size_t> warned_;  // scalars whose 1.1 reading was told
};

/// Where the parts of a parameter stand, for errors that are found later.
struct ParameterPlace {
  TextSpan key;
  std::map<std::string, TextSpan> fields;
  std::map<std::string, const YamlNode*>
      expressions;           ///< "expression", "when": the scalar, where there is one
  bool flat_dotted = false;  ///< its name has dots of its own
};

/// Where an algorithm's name and options stand.
struct AlgorithmPlace {
  std::string key;  ///< "method", "scheduler", "pruner"
  TextSpan name;
  std::map<std::string, TextSpan> options;  ///< their values
  bool has_wrong_options = false;           ///< which the spec does without
};

/// The study while it is read.
struct StudyDraft {
  StudySpec spec;
  std::string method = "auto";  ///< as written
  bool sweep_method = false;    ///< grid, random or bayes
  TextSpan method_span;
  std::optional<AlgorithmPlace> sampler_place;    ///< none: not in the file, or unknown
  std::optional<AlgorithmPlace> scheduler_place;  ///< the same
  std::vector<Parameter> parameters;
  std::vector<ParameterPlace> places;
  std::vector<std::string>
      broken;  ///< names of parameters with mistakes, which are not in `parameters`
  std::vector<Constraint> constraints;
  std::vector<const YamlNode*> constraint_nodes;
  std::optional<TextSpan> run_default_first;  ///< when the file says it
  std::vector<TextSpan> metric_spans;         ///< of the names, in the order of spec.metrics
  bool has_early_stopping = false;
  std::vector<const YamlNode*> command_nodes;  ///< one per element of spec.command.argv, or empty
  std::vector<std::string> notes;
  bool seed_given = false;
  TrackingSpec tracking;
};

// One per group of sections; each reads its keys of the top-level map.
void read_method(StudyFileReader& reader, const YamlNode& root, StudyDraft& draft);
void read_parameters(StudyFileReader& reader, const YamlNode& root, StudyDraft& draft);
void read_constraints(StudyFileReader& reader, const YamlNode& root, StudyDraft& draft);
void read_metrics(StudyFileReader& reader, const YamlNode& root, StudyDraft& draft);
void read_fidelity(StudyFileReader& reader, const YamlNode& root, StudyDraft& draft);
void read_scheduler(StudyFileReader& reader, const YamlNode& root, StudyDraft& draft);
void read_detectors(StudyFileReader& reader, const YamlNode& root, StudyDraft& draft);
void read_limits(StudyFileReader& reader, const YamlNode& root, StudyDraft& draft);
void read_oom_rules(StudyFileReader& reader, const YamlNode& root, StudyDraft& draft);
void read_tracking(StudyFileReader& reader, const YamlNode& root, StudyDraft& draft);
void read_command(StudyFileReader& reader, const YamlNode& root, StudyDraft& draft);
/// Builds spec.space; problems become diagnostics at their places.
void build_space(StudyFileReader& reader, StudyDraft& draft);
/// What sampler and scheduler find wrong, at the places of their options. `sound`: whether all that
/// they rest on was read without mistakes.
void check_algorithms(StudyFileReader& reader, const StudyDraft& draft, bool sound);
/// Warnings that tuning guides give; needs the whole draft.
void advise(StudyFileReader& reader, const YamlNode& root, StudyDraft& draft);

/// The domain that a parameter's map describes (not nested, not an expression); nullopt after
/// errors.
std::optional<Domain> read_domain(StudyFileReader& reader, const YamlNode& map,
                                  const std::string& name, bool sweep_method);
/// An option of an algorithm by its table (null: anything goes); nullopt after an error.
std::optional<Value> read_option(StudyFileReader& reader, const YamlMember& member,
                                 const AlgorithmHelp* help, const std::string& what);
/// A value with its text on the command line.
std::optional<ChoiceItem> read_choice_item(StudyFileReader& reader, const YamlNode& node,
                                           const std::string& what, bool sweep_method);

}  // namespace hone
