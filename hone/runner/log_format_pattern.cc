// Groups are written (?<name>…) by most people; RE2 as packaged knows (?P<name>…) only, so the one
// is turned into the other before compiling. Look-behind (?<=…) stays as it is and is refused by
// RE2.
#include "hone/runner/log_format_pattern.h"

#include <fmt/core.h>
#include <re2/re2.h>

#include <algorithm>

#include "hone/base/error.h"
#include "hone/runner/log_format_text.h"

namespace hone::log_format {
namespace {

constexpr int kMaxMatchesPerLine = 64;
constexpr std::int64_t kMaxPatternMemory = 8 << 20;

std::string with_python_groups(std::string_view pattern) {
  std::string out;
  bool in_class = false;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    const char c = pattern[i];
    out += c;
    if (c == '\\') {
      if (i + 1 < pattern.size()) out += pattern[++i];
    } else if (in_class) {
      in_class = c != ']';
    } else if (c == '[') {
      in_class = true;
      for (const char also : {'^', ']'}) {  // "[]…]" and "[^]…]" hold a bracket
        if (i + 1 < pattern.size() && pattern[i + 1] == also) out += pattern[++i];
      }
    } else if (c == '(' && pattern.substr(i).starts_with("(?<") && i + 3 < pattern.size() &&
               (is_letter(pattern[i + 3]) || pattern[i + 3] == '_')) {
      out += "?P<";
      i += 2;
    }
  }
  return out;
}

RE2::Options options() {
  RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(kMaxPatternMemory);
  return options;
}

}  // namespace

struct UserPatterns::Compiled {
  explicit Compiled(const std::string& pattern) : re(with_python_groups(pattern), options()) {
    if (!re.ok()) {
      problem = re.error();
      return;
    }
    for (const auto& [name, index] : re.NamedCapturingGroups()) {
      groups.push_back({name, static_cast<std::size_t>(index)});
    }
    found.resize(static_cast<std::size_t>(re.NumberOfCapturingGroups()) + 1);
    std::sort(groups.begin(), groups.end(), [](auto& a, auto& b) { return a.index < b.index; });
    const Group* name = find("name");
    const Group* value = find("value");
    names_itself = name && value;
    const bool any = std::any_of(groups.begin(), groups.end(),
                                 [](auto& group) { return !is_position_key(group.name); });
    if (groups.empty()) {
      problem = "it has no named group; write the number as (?<val_loss>\\S+)";
    } else if (!any) {
      problem = "its groups name a position only, no metric";
    }
  }

  struct Group {
    std::string name;
    std::size_t index = 0;
  };
  const Group* find(std::string_view name) const {
    for (const auto& group : groups) {
      if (group.name == name) return &group;
    }
    return nullptr;
  }

  RE2 re;
  std::vector<Group> groups;  // in the order of the pattern
  bool names_itself = false;  // has the groups `name` and `value`
  std::string problem;
  std::vector<re2::StringPiece> found;  // reused from line to line
};

UserPatterns::UserPatterns(const std::vector<std::string>& patterns) {
  for (const auto& pattern : patterns) {
    patterns_.push_back(std::make_unique<Compiled>(pattern));
    if (const std::string& problem = patterns_.back()->problem; !problem.empty()) {
      throw Error(ErrorCode::invalid_input,
                  fmt::format("The metric pattern '{}' cannot be used: {}", pattern, problem),
                  "Patterns are RE2 regular expressions with a named group per metric.");
    }
  }
}

UserPatterns::~UserPatterns() = default;
UserPatterns::UserPatterns(UserPatterns&&) noexcept = default;
UserPatterns& UserPatterns::operator=(UserPatterns&&) noexcept = default;

bool UserPatterns::empty() const { return patterns_.empty(); }

bool UserPatterns::read(std::string_view text, ParsedRecord& record) const {
  RecordBuilder builder(record);
  const re2::StringPiece line(text.data(), text.size());
  for (const auto& pattern : patterns_) {
    std::vector<re2::StringPiece>& found = pattern->found;
    std::size_t at = 0;
    for (int matches = 0; matches < kMaxMatchesPerLine && at <= text.size(); ++matches) {
      if (!pattern->re.Match(line, at, text.size(), RE2::UNANCHORED, found.data(),
                             static_cast<int>(found.size()))) {
        break;
      }
      const auto group_text = [&](const Compiled::Group& group) {
        const auto& piece = found[group.index];
        return trim_blanks(std::string_view(piece.data() ? piece.data() : "", piece.size()));
      };
      for (const auto& group : pattern->groups) {
        const bool generic =
            pattern->names_itself && (group.name == "name" || group.name == "value");
        if (generic && group.name == "name") continue;
        const auto value = whole_number(group_text(group));
        if (value) builder.add(generic ? group_text(*pattern->find("name")) : group.name, *value);
      }
      const auto end = static_cast<std::size_t>(found[0].data() - text.data()) + found[0].size();
      at = end > at ? end : at + 1;  // an empty match must not stand still
    }
  }
  return !record.metrics.empty();
}

std::vector<std::string> UserPatterns::metric_names() const {
  std::vector<std::string> names;
  for (const auto& pattern : patterns_) {
    for (const auto& group : pattern->groups) {
      const bool generic = pattern->names_itself && (group.name == "name" || group.name == "value");
      if (!generic && !is_position_key(group.name)) names.push_back(group.name);
    }
  }
  return names;
}

}  // namespace hone::log_format

namespace hone {

std::optional<std::string> check_metric_pattern(const std::string& pattern) {
  try {
    const log_format::UserPatterns patterns({pattern});
    return std::nullopt;
  } catch (const Error& error) {
    return error.what();
  }
}

}  // namespace hone
