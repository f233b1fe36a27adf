// `detectors`: what is done when a trial's curves show that something is wrong. A word for all of
// them, or per detector a word or a map of options.
#include <fmt/core.h>

#include <algorithm>

#include "hone/base/text.h"
#include "hone/study/study_file_reader.h"

namespace hone {
namespace {

class DetectorsReader {
 public:
  DetectorsReader(StudyFileReader& reader, StudyDraft& draft)
      : reader_(reader), draft_(draft), table_(reader.options().detectors) {}

  void read(const YamlNode& node) {
    if (node.is_scalar()) {
      const auto action = read_action(node, "detectors");
      if (!action) return;
      for (const AlgorithmHelp& help : table_) set(help.name, "action", Value(*action));
      return;
    }
    if (!reader_.is_map(node, "detectors", "{divergence: stop, plateau: warn}")) return;
    for (const YamlMember& member : node.members) read_one(member);
  }

  /// A sweep's runs end by themselves: there, what the file does not set only warns.
  void keep_sweeps_running() {
    for (const AlgorithmHelp& help : table_) {
      const bool stops =
          std::any_of(help.options.begin(), help.options.end(), [](const OptionInfo& row) {
            return row.name == "action" && row.default_value == Value(std::string("stop"));
          });
      const AlgorithmSpec* setting = find(help.name);
      if (stops && (setting == nullptr || setting->options.find("action") == nullptr))
        set(help.name, "action", Value("warn"));
    }
  }

 private:
  void read_one(const YamlMember& member) {
    const AlgorithmHelp* help = nullptr;
    std::vector<std::string> names;
    for (const AlgorithmHelp& one : table_) {
      names.push_back(one.name);
      if (one.name == member.key) help = &one;
    }
    if (help == nullptr && !table_.empty()) {
      const auto near = nearest_name(member.key, names);
      reader_.error(member.key_span, fmt::format("there is no detector '{}'{}", member.key,
                                                 near ? fmt::format(". Did you mean '{}'?", *near)
                                                      : ". Detectors: " + join(names, ", ")));
      return;
    }
    const std::string what = "detectors." + member.key;
    const YamlNode& node = member.value;
    if (node.is_scalar()) {
      if (const auto action = read_action(node, what)) set(member.key, "action", Value(*action));
      return;
    }
    if (!reader_.is_map(node, what, "{action: stop}")) return;
    for (const YamlMember& option : node.members) {
      if (option.key == "action") {
        if (const auto action = read_action(option.value, what + ".action"))
          set(member.key, "action", Value(*action));
      } else if (auto value = read_option(reader_, option, help, what)) {
        if (option.key == "train") check_train(option.value, what);
        set(member.key, option.key, std::move(*value));
      }
    }
  }

  std::optional<std::string> read_action(const YamlNode& node, const std::string& what) {
    static const std::vector<std::string> words = {"off", "warn", "stop"};
    if (node.is_scalar() && (node.text == "false" || node.text == "none" || node.text == "no")) {
      reader_.error(node.span,
                    fmt::format("{} must be off, warn or stop, not {}", what, reader_.shown(node)),
                    "did you mean off?");
      return std::nullopt;
    }
    return reader_.word(node, what, words);
  }

  void check_train(const YamlNode& node, const std::string& what) {
    std::vector<std::string> names;
    for (std::size_t m = 1; m < draft_.spec.metrics.size(); ++m)
      names.push_back(draft_.spec.metrics[m].name);
    if (draft_.spec.metrics.empty() || draft_.spec.metric_index(node.text) > 0) return;
    const auto near = nearest_name(node.text, names);
    reader_.error(
        node.span,
        fmt::format("{}.train: '{}' is no declared metric beside the objective{}", what, node.text,
                    near ? fmt::format(". Did you mean '{}'?", *near) : ""),
        near ? ""
             : fmt::format("declare it: metrics: [{{name: {}}}, {{name: {}, role: tracked}}]",
                           draft_.spec.objective().name, node.text));
  }

  AlgorithmSpec* find(const std::string& name) {
    auto& settings = draft_.spec.detectors;
    const auto found = std::find_if(settings.begin(), settings.end(),
                                    [&](const AlgorithmSpec& s) { return s.name == name; });
    return found == settings.end() ? nullptr : &*found;
  }

  void set(const std::string& name, const std::string& option, Value value) {
    AlgorithmSpec* setting = find(name);
    if (setting == nullptr) {
      draft_.spec.detectors.push_back({name, Value::Map{}});
      setting = &draft_.spec.detectors.back();
    }
    setting->options.set(option, std::move(value));
  }

  StudyFileReader& reader_;
  StudyDraft& draft_;
  const std::vector<AlgorithmHelp>& table_;
};

}  // namespace

void read_detectors(StudyFileReader& reader, const YamlNode& root, StudyDraft& draft) {
  DetectorsReader detectors(reader, draft);
  if (const YamlMember* member = root.find("detectors")) detectors.read(member->value);
  if (draft.sweep_method) detectors.keep_sweeps_running();
}

}  // namespace hone
