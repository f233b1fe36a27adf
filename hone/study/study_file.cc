// The loader's main path: text → tree → draft → spec. Sections are read in the order in which they
// need each other.
#include "hone/study/study_file.h"

#include <fmt/core.h>

#include "hone/study/study_file_reader.h"
#include "hone/study/yaml.h"

namespace hone {
namespace {

std::string stem_of(const std::string& path) {
  std::string name = path.substr(path.rfind('/') + 1);
  for (const char* end : {".yaml", ".yml", ".json"}) {
    const std::string suffix = end;
    if (name.size() > suffix.size() &&
        name.compare(name.size() - suffix.size(), suffix.size(), suffix) == 0) {
      return name.substr(0, name.size() - suffix.size());
    }
  }
  return name.empty() ? "study" : name;
}

/// Keys of W&B Launch are told apart from unknown ones: their message names hone's way.
bool is_launch_key(const std::string& key) { return key == "job" || key == "image_uri"; }

void check_top_level(StudyFileReader& reader, const YamlNode& root) {
  YamlNode known = root;
  std::erase_if(known.members, [](const YamlMember& m) { return is_launch_key(m.key); });
  reader.check_keys(known, study_file_section(""), "");
}

/// What cannot go with several objectives. Samplers and schedulers say so themselves.
void check_several(StudyFileReader& reader, const YamlNode& root, const StudyDraft& draft) {
  const int count = draft.spec.objective_count();
  if (count < 2) return;
  std::string names;
  for (int i = 0; i < count; ++i)
    names += (i == 0 ? "" : ", ") + draft.spec.metrics[static_cast<std::size_t>(i)].name;
  const std::string several = fmt::format("this study has {} objectives ({})", count, names);
  const char* hint =
      "keep one objective: give the other metrics role: constraint with min or max, or role: "
      "tracked";
  if (const YamlMember* early = root.find("early_terminate"); early != nullptr) {
    reader.error(early->key_span,
                 fmt::format("early_terminate compares trials by one objective, and {}", several),
                 hint);
  }
  if (const YamlMember* confirm = root.find("confirm"); confirm && draft.spec.confirm.top > 0) {
    reader.error(confirm->key_span, fmt::format("confirm needs a best trial, and {}", several),
                 hint);
  }
  if (const YamlMember* warm = root.find("warm_start"); warm != nullptr) {
    reader.error(warm->key_span,
                 fmt::format("warm_start takes the best of other studies, and {}", several), hint);
  }
  for (int i = 0; i < count; ++i) {
    const auto at = static_cast<std::size_t>(i);
    if (!draft.spec.metrics[at].target) continue;
    reader.error(draft.metric_spans[at],
                 fmt::format("target ends a study with one objective, and {}", several), hint);
  }
}

/// What the file alone shows.
void finish(StudyFileReader& reader, const YamlNode& root, StudyDraft& draft) {
  if (draft.spec.metrics.empty()) return;
  check_several(reader, root, draft);
  const bool early = root.find("early_terminate") != nullptr;
  if (early && root.find("metric") == nullptr && root.find("metrics") == nullptr) {
    reader.error(root.find("early_terminate")->key_span,
                 "early_terminate needs a metric to compare runs by",
                 "add metric: {name: …, goal: minimize}");
  }
}

}  // namespace

LoadedStudy load_study_file(std::string_view text, const std::string& path,
                            const LoadOptions& options) {
  LoadedStudy loaded;
  const std::optional<YamlNode> root = load_yaml(text, loaded.diagnostics);
  if (!root) {
    sort_diagnostics(loaded.diagnostics);
    return loaded;
  }
  StudyFileReader reader(without_byte_order_mark(text), options, loaded.diagnostics);
  if (!root->is_map()) {
    reader.error(root->span,
                 fmt::format("a study file is a map of keys, not {}", reader.shown(*root)),
                 "the smallest one has program, metric and parameters");
    return loaded;
  }
  StudyDraft draft;
  draft.spec.name = stem_of(path);
  check_top_level(reader, *root);
  // Algorithms are asked only about what was understood: else they would find what follows from a
  // mistake that was told.
  bool sound = true;
  const auto read = [&](auto&& section) {
    const std::size_t before = reader.error_count();
    section();
    sound = sound && reader.error_count() == before;
  };
  read_method(reader, *root, draft);
  read([&] { read_parameters(reader, *root, draft); });
  read([&] { read_constraints(reader, *root, draft); });
  read([&] { read_metrics(reader, *root, draft); });
  read([&] { read_fidelity(reader, *root, draft); });
  read_scheduler(reader, *root, draft);
  read_detectors(reader, *root, draft);
  read_limits(reader, *root, draft);
  read_tracking(reader, *root, draft);
  read_command(reader, *root, draft);
  read([&] { build_space(reader, draft); });
  finish(reader, *root, draft);
  const bool broken_checkpoint = root->find("checkpoint") != nullptr && !draft.spec.checkpoint;
  check_algorithms(reader, draft, sound && !broken_checkpoint && !draft.spec.metrics.empty());
  advise(reader, *root, draft);
  sort_diagnostics(loaded.diagnostics);
  loaded.notes = std::move(draft.notes);
  loaded.seed_given = draft.seed_given;
  loaded.tracking = draft.tracking;
  if (!has_errors(loaded.diagnostics)) loaded.spec = std::move(draft.spec);
  return loaded;
}

}  // namespace hone
