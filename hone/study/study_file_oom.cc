// `on_oom` and `on_gpu_oom`: which parameters are halved and doubled for a trial that ran out of
// memory.
#include <fmt/core.h>

#include <algorithm>

#include "hone/base/text.h"
#include "hone/study/lineage.h"
#include "hone/study/study_file_reader.h"

namespace hone {
namespace {

/// What a parameter cannot be halved for; empty where it can.
std::string no_number(const Parameter& parameter) {
  if (std::holds_alternative<Derived>(parameter.domain))
    return "is computed: name the parameters that it is computed from";
  if (std::holds_alternative<Fixed>(parameter.domain))
    return "has one value only: give it a list of values or a range";
  const auto* choice = std::get_if<Choice>(&parameter.domain);
  if (choice == nullptr) return "";
  const auto numbers = std::count_if(choice->items.begin(), choice->items.end(),
                                     [](const ChoiceItem& item) { return item.value.is_number(); });
  return numbers < 2 ? "is not numeric" : "";
}

class OomRuleReader {
 public:
  OomRuleReader(StudyFileReader& reader, const StudyDraft& draft, std::string key)
      : reader_(reader), draft_(draft), key_(std::move(key)) {
    for (const Parameter& parameter : draft_.parameters) names_.push_back(parameter.name);
  }

  std::optional<OomRule> read(const YamlNode& node) {
    const std::string example = "{halve: batch_size, double: accumulation}";
    if (!reader_.is_map(node, key_, example)) return std::nullopt;
    reader_.check_keys(node, study_file_section(key_), key_);
    OomRule rule;
    if (const YamlMember* halve = node.find("halve")) rule.halve = names(*halve);
    if (const YamlMember* doubled = node.find("double")) {
      rule.doubled = names(*doubled);
      for (const std::string& name : rule.doubled) {
        if (std::find(rule.halve.begin(), rule.halve.end(), name) == rule.halve.end()) continue;
        reader_.error(doubled->value.span,
                      fmt::format("{}: {} cannot be halved and doubled at once", key_, name));
      }
    }
    if (const YamlMember* most = node.find("at_most")) {
      rule.at_most =
          static_cast<int>(reader_.whole(most->value, key_ + ".at_most", 1, 100).value_or(4));
    }
    if (node.find("halve") == nullptr && node.find("double") == nullptr) {
      reader_.error(node.span, fmt::format("{} needs 'halve' or 'double'", key_),
                    fmt::format("such as {}", example));
    }
    return rule;
  }

 private:
  std::vector<std::string> names(const YamlMember& member) {
    const std::string what = fmt::format("{}.{}", key_, member.key);
    std::vector<std::string> found;
    if (member.value.is_scalar()) {
      if (const auto name = reader_.text(member.value, what)) add(member.value, what, *name, found);
      return found;
    }
    if (!member.value.is_sequence() || member.value.items.empty()) {
      reader_.error(member.value.span, fmt::format("{} must be a name or a list of names, not {}",
                                                   what, reader_.shown(member.value)));
      return found;
    }
    for (std::size_t i = 0; i < member.value.items.size(); ++i) {
      const std::string item = fmt::format("{}[{}]", what, i);
      if (const auto name = reader_.text(member.value.items[i], item))
        add(member.value.items[i], item, *name, found);
    }
    return found;
  }

  void add(const YamlNode& node, const std::string& what, const std::string& name,
           std::vector<std::string>& found) {
    const auto broken = std::find(draft_.broken.begin(), draft_.broken.end(), name);
    if (broken != draft_.broken.end()) return;  // told already
    const auto at = std::find(names_.begin(), names_.end(), name);
    if (at == names_.end()) {
      const auto near = nearest_name(name, names_);
      reader_.error(node.span, fmt::format("{}: there is no parameter '{}'{}", what, name,
                                           near ? fmt::format("; did you mean '{}'?", *near) : ""));
      return;
    }
    const Parameter& parameter = draft_.parameters[static_cast<std::size_t>(at - names_.begin())];
    if (const std::string why = no_number(parameter); !why.empty()) {
      reader_.error(node.span, fmt::format("{}: {} {}", what, name, why));
      return;
    }
    if (std::find(found.begin(), found.end(), name) == found.end()) found.push_back(name);
  }

  StudyFileReader& reader_;
  const StudyDraft& draft_;
  std::string key_;
  std::vector<std::string> names_;
};

}  // namespace

void read_oom_rules(StudyFileReader& reader, const YamlNode& root, StudyDraft& draft) {
  const auto read = [&](const char* key, std::optional<OomRule>& rule) {
    const YamlMember* member = root.find(key);
    if (member == nullptr) return;
    rule = OomRuleReader(reader, draft, key).read(member->value);
    if (hands_checkpoints_on(draft.spec)) {
      reader.error(member->key_span,
                   fmt::format("{} starts trials of its own, and {} decides itself what follows a "
                               "trial that failed",
                               key, draft.spec.scheduler.name));
    }
  };
  read("on_oom", draft.spec.on_oom);
  read("on_gpu_oom", draft.spec.on_gpu_oom);
}

}  // namespace hone
