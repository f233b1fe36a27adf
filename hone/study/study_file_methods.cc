// `method`, `options`, `scheduler`, `early_terminate` and `fidelity`: which algorithms choose and
// stop, with their options checked against the algorithms' own tables.
#include <fmt/core.h>

#include <algorithm>

#include "hone/base/text.h"
#include "hone/study/study_file_reader.h"

namespace hone {
namespace {

const AlgorithmHelp* find_algorithm(const std::vector<AlgorithmHelp>& table,
                                    std::string_view name) {
  const auto found = std::find_if(table.begin(), table.end(),
                                  [&](const AlgorithmHelp& a) { return a.name == name; });
  return found == table.end() ? nullptr : &*found;
}

std::vector<std::string> names_of(const std::vector<AlgorithmHelp>& table) {
  std::vector<std::string> names;
  for (const AlgorithmHelp& a : table) names.push_back(a.name);
  return names;
}

}  // namespace

std::optional<Value> read_option(StudyFileReader& reader, const YamlMember& member,
                                 const AlgorithmHelp* help, const std::string& what) {
  Value value = reader.value(member.value);
  if (help == nullptr) return value;
  for (const OptionInfo& row : help->options) {
    if (row.name != member.key) continue;
    const auto wrong = check_option(row, value);
    if (!wrong) return value;
    reader.error(member.value.span, fmt::format("{}.{} {}", what, member.key, *wrong));
    return std::nullopt;
  }
  reader.error(member.key_span, fmt::format("{}: {}", help->name,
                                            unknown_option_message(member.key, help->options)));
  return std::nullopt;
}

namespace {

/// `{name: tpe, …}`, or for schedulers `{type: asha, …}`, or the name alone.
class AlgorithmReader {
 public:
  AlgorithmReader(StudyFileReader& reader, const std::vector<AlgorithmHelp>& table, std::string key,
                  std::string name_key, std::vector<std::string> more_names)
      : reader_(reader), table_(table), key_(std::move(key)), name_key_(std::move(name_key)) {
    names_ = names_of(table);
    for (std::string& name : more_names) {
      if (std::find(names_.begin(), names_.end(), name) == names_.end())
        names_.push_back(std::move(name));
    }
    std::sort(names_.begin(), names_.end());
  }

  /// Where name and options stand and what they are; nullopt where the name is wrong.
  struct Read {
    AlgorithmSpec spec;
    AlgorithmPlace place;
  };
  std::optional<Read> read(const YamlNode& node) {
    Read read;
    read.place = {key_, node.span, {}, false};
    if (node.is_map()) {
      const YamlMember* name = node.find(name_key_);
      if (name == nullptr) name = node.find(name_key_ == "type" ? "name" : "type");
      if (name == nullptr) {
        reader_.error(node.span, fmt::format("{} needs '{}': which one", key_, name_key_),
                      fmt::format("write {{{}: …}}", name_key_));
        return std::nullopt;
      }
      const auto text = reader_.text(name->value, fmt::format("{}.{}", key_, name_key_));
      if (!text || !check_name(name->value.span, *text)) return std::nullopt;
      read.spec.name = *text;
      read.place.name = name->value.span;
      for (const YamlMember& member : node.members) {
        if (&member != name) add_option(member, read.spec, read.place);
      }
      return read;
    }
    const auto text = reader_.text(node, key_);
    if (!text || !check_name(node.span, *text)) return std::nullopt;
    read.spec.name = *text;
    return read;
  }

  void add_option(const YamlMember& member, AlgorithmSpec& spec, AlgorithmPlace& place) {
    const AlgorithmHelp* help = find_algorithm(table_, spec.name);
    if (help == nullptr && !table_.empty()) {
      reader_.error(member.key_span, fmt::format("{} {} has no options", key_, spec.name));
      return;
    }
    if (auto value = read_option(reader_, member, help, key_)) {
      spec.options.set(member.key, std::move(*value));
      place.options[member.key] = member.value.span;
    } else {
      place.has_wrong_options = true;
    }
  }

 private:
  bool check_name(TextSpan span, const std::string& name) {
    if (table_.empty() || std::find(names_.begin(), names_.end(), name) != names_.end())
      return true;
    const auto near = nearest_name(name, names_);
    reader_.error(span, fmt::format("there is no {} '{}'{}", key_, name,
                                    near ? fmt::format(". Did you mean '{}'?", *near)
                                         : ". There are: " + join(names_, ", ")));
    return false;
  }

  StudyFileReader& reader_;
  const std::vector<AlgorithmHelp>& table_;
  std::string key_;
  std::string name_key_;
  std::vector<std::string> names_;
};

void read_early_terminate(StudyFileReader& reader, const YamlMember& member, StudyDraft& draft) {
  const YamlNode& node = member.value;
  if (!reader.is_map(node, "early_terminate", "{type: hyperband, min_iter: 3}")) return;
  const auto& keys = study_file_section("early_terminate").keys;
  AlgorithmSpec spec{"asha", Value::Map{}};
  spec.options.set("rule", "wandb");
  bool typed = false;
  for (const YamlMember& field : node.members) {
    const std::string what = "early_terminate." + field.key;
    if (field.key == "type") {
      typed = true;
      reader.word(field.value, what, {"hyperband"});
    } else if (field.key == "strict") {
      if (const auto flag = reader.boolean(field.value, what)) spec.options.set("strict", *flag);
    } else if (field.key == "eta") {
      if (const auto eta = reader.number(field.value, what)) {
        if (*eta > 1)
          spec.options.set("eta", *eta);
        else
          reader.error(field.value.span,
                       fmt::format("{} must be above 1, not {}", what, reader.shown(field.value)));
      }
    } else if (field.key == "min_iter" || field.key == "max_iter" || field.key == "s") {
      if (const auto n = reader.whole(field.value, what, 1, 1'000'000'000))
        spec.options.set(field.key, static_cast<double>(*n));
    } else {
      std::vector<std::string> names;
      for (const StudyFileKey& key : keys) names.push_back(key.name);
      const auto near = nearest_name(field.key, names);
      reader.warning(
          field.key_span,
          fmt::format(
              "early_terminate has no key '{}', so it is ignored, as a sweep's server does{}",
              field.key,
              near ? fmt::format(". Did you mean '{}'?", *near) : ". Keys: " + join(names, ", ")));
    }
  }
  if (!typed) reader.error(node.span, "early_terminate needs type: hyperband");
  const bool by_min = spec.options.find("min_iter") != nullptr || node.find("min_iter") != nullptr;
  const bool by_max = node.find("max_iter") != nullptr;
  if (!by_min && !by_max) {
    reader.error(node.span, "early_terminate needs min_iter (the first band), or max_iter and s");
  } else if (by_max && !by_min && node.find("s") == nullptr) {
    reader.error(node.span, "early_terminate: max_iter needs s, the number of bands below it");
  }
  draft.spec.scheduler = std::move(spec);
  draft.has_early_stopping = true;
}

void read_fidelity_of(StudyFileReader& reader, const YamlNode& node, StudyDraft& draft) {
  Fidelity fidelity;
  if (node.is_scalar()) {
    if (const auto name = reader.text(node, "fidelity")) fidelity.name = *name;
    draft.spec.fidelity = fidelity;
    return;
  }
  if (!reader.is_map(node, "fidelity", "{name: epoch, min: 1, max: 9}")) return;
  reader.check_keys(node, study_file_section("fidelity"), "fidelity");
  for (const YamlMember& member : node.members) {
    const std::string what = "fidelity." + member.key;
    if (member.key == "name") {
      if (const auto name = reader.text(member.value, what)) fidelity.name = *name;
    } else if (member.key == "min") {
      if (const auto x = reader.number_from(member.value, what, 1e-300, 1e300)) fidelity.min = *x;
    } else if (member.key == "max") {
      fidelity.max = reader.number_from(member.value, what, 1e-300, 1e300);
    }
  }
  if (fidelity.max && *fidelity.max < fidelity.min) {
    const YamlMember& max = *node.find("max");
    reader.error(max.value.span,
                 fmt::format("fidelity: max {} is below min {}", reader.shown(max.value),
                             format_number(fidelity.min, 12)));
  }
  draft.spec.fidelity = fidelity;
}

/// Keys of W&B's Launch and custom schedulers.
bool is_foreign_scheduler(StudyFileReader& reader, const YamlNode& node) {
  const YamlMember* engine = node.find("engine");
  if (engine == nullptr) return false;
  reader.error(
      engine->key_span,
      fmt::format(
          "scheduler.engine names a sweep scheduler of W&B Launch ({}); here the method chooses "
          "configurations, and scheduler stops trials early",
          reader.shown(engine->value)),
      "use method: auto, and scheduler: asha if trials should be stopped");
  return true;
}

}  // namespace

void read_method(StudyFileReader& reader, const YamlNode& root, StudyDraft& draft) {
  const YamlMember* member = root.find("method");
  const YamlMember* options = root.find("options");
  AlgorithmReader algorithms(reader, reader.options().samplers, "method", "name",
                             {"grid", "random", "bayes", "auto"});
  if (member != nullptr) {
    draft.method_span = member->value.span;
    if (member->value.is_scalar() && member->value.text == "custom") {
      reader.error(member->value.span,
                   "method custom runs a search of your own on W&B Launch; here use method: auto, "
                   "tpe, sobol, …, or drive "
                   "the study from Python (hone.Study)");
      return;
    }
    auto read = algorithms.read(member->value);
    if (!read) {
      draft.method = "";
      return;
    }
    draft.method = read->spec.name;
    draft.method_span = read->place.name;
    draft.spec.sampler = std::move(read->spec);
    draft.sampler_place = std::move(read->place);
  }
  const std::string& name = draft.method;
  draft.sweep_method = name == "grid" || name == "random" || name == "bayes";
  if (options != nullptr) {
    if (draft.spec.sampler.options.as_map().empty()) {
      if (reader.is_map(options->value, "options", "{candidates: 48}")) {
        AlgorithmPlace& place = draft.sampler_place ? *draft.sampler_place
                                                    : draft.sampler_place.emplace(AlgorithmPlace{
                                                          "options", options->key_span, {}, false});
        for (const YamlMember& option : options->value.members)
          algorithms.add_option(option, draft.spec.sampler, place);
      }
    } else {
      reader.error(options->key_span, "options are given twice: in method and in options");
    }
  }
  if (name == "random") {
    // A sweep draws with replacement, so that the law of each run is the prior; hone's own default
    // is not to repeat itself.
    const AlgorithmHelp* random = find_algorithm(reader.options().samplers, "random");
    const bool can_repeat =
        random != nullptr && std::any_of(random->options.begin(), random->options.end(),
                                         [](const OptionInfo& o) { return o.name == "repeat"; });
    Value& given = draft.spec.sampler.options;
    if (can_repeat && given.find("repeat") == nullptr) given.set("repeat", true);
  }
  if (name == "bayes") {
    const bool has_gp = find_algorithm(reader.options().samplers, "gp") != nullptr;
    draft.spec.sampler.name = has_gp ? "auto" : "tpe";
    draft.notes.push_back(
        fmt::format("method bayes: hone's own engine ({}) proposes; space, command, stop rules and "
                    "objective are those of the sweep",
                    draft.spec.sampler.name));
  }
  draft.spec.from_sweep_file = draft.sweep_method;
  draft.spec.run_default_first = !draft.sweep_method;
}

void read_fidelity(StudyFileReader& reader, const YamlNode& root, StudyDraft& draft) {
  if (const YamlMember* fidelity = root.find("fidelity"))
    read_fidelity_of(reader, fidelity->value, draft);
}

void read_scheduler(StudyFileReader& reader, const YamlNode& root, StudyDraft& draft) {
  const YamlMember* scheduler = root.find("scheduler");
  const YamlMember* pruner = root.find("pruner");
  const YamlMember* early = root.find("early_terminate");
  if (scheduler != nullptr && pruner != nullptr) {
    reader.error(pruner->key_span, "scheduler and pruner are two names of one key: keep one");
  }
  if (early != nullptr && (scheduler != nullptr || pruner != nullptr)) {
    reader.error(early->key_span, "early_terminate and scheduler both stop trials early: keep one");
  }
  const YamlMember* given = scheduler != nullptr ? scheduler : pruner;
  if (given != nullptr && !is_foreign_scheduler(reader, given->value)) {
    AlgorithmReader algorithms(reader, reader.options().schedulers, given->key, "type", {"none"});
    if (auto read = algorithms.read(given->value)) {
      draft.spec.scheduler = std::move(read->spec);
      draft.scheduler_place = std::move(read->place);
    }
    draft.has_early_stopping = draft.spec.scheduler.name != "none";
  }
  if (early != nullptr) read_early_terminate(reader, *early, draft);
}

void check_algorithms(StudyFileReader& reader, const StudyDraft& draft, bool sound) {
  if (!sound) return;
  const auto check = [&](const std::optional<AlgorithmPlace>& place, const auto& ask) {
    if (!place || !ask) return;
    for (const OptionProblem& problem : ask(draft.spec)) {
      const auto option = place->options.find(problem.option);
      if (option != place->options.end()) {
        reader.error(option->second,
                     fmt::format("{}.{}: {}", place->key, problem.option, problem.message));
      } else if (problem.option == "type" || !place->has_wrong_options) {
        // An option that is missing may be one of the wrong ones.
        reader.error(place->name, problem.message);
      }
    }
  };
  check(draft.sampler_place, reader.options().check_sampler);
  check(draft.scheduler_place, reader.options().check_scheduler);
}

}  // namespace hone
