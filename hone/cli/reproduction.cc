#include "hone/cli/reproduction.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "hone/base/text.h"
#include "hone/cli/lines.h"
#include "hone/study/replicates.h"

namespace hone::cli {
namespace {

constexpr std::size_t kShortCommit = 10;

const Value* at(const Value& record, const char* group, const char* key) {
  const Value* inner = record.find(group);
  return inner != nullptr && inner->is_map() ? inner->find(key) : nullptr;
}

std::string text_of(const Value* value) {
  if (value == nullptr || value->is_null()) return "";
  return value->is_string() ? value->as_string() : value->dump();
}

/// Python's version without the word that older records have before it.
std::string plain(std::string text) {
  if (text.starts_with("Python ")) text.erase(0, 7);
  return text;
}

class Search {
 public:
  Search(const Value& recorded, const Value& now) : recorded_(recorded), now_(now) {}

  std::vector<Difference> run() {
    code();
    one("hone", text_of(recorded_.find("hone")), text_of(now_.find("hone")));
    field("Python", "python", "version");
    field("interpreter", "python", "program");
    all("package ", "python", "packages");
    for (const auto& [what, key] : {std::pair("machine", "host"),
                                    {"system", "system"},
                                    {"processor", "cpu"},
                                    {"processors", "cpus"},
                                    {"GPUs", "gpus"},
                                    {"GPU driver", "gpu_driver"}})
      field(what, "machine", key);
    memory();
    all("variable ", nullptr, "variables");
    return std::move(found_);
  }

 private:
  void one(const std::string& what, const std::string& recorded, const std::string& now) {
    if (recorded != now && !recorded.empty() && !now.empty())
      found_.push_back({what, recorded, now});
  }

  void field(const char* what, const char* group, const char* key) {
    one(what, plain(text_of(at(recorded_, group, key))), plain(text_of(at(now_, group, key))));
  }

  void code() {
    one("commit", text_of(at(recorded_, "git", "commit")).substr(0, kShortCommit),
        text_of(at(now_, "git", "commit")).substr(0, kShortCommit));
    const Value* recorded = recorded_.find("git");
    const Value* now = now_.find("git");
    if (recorded == nullptr || now == nullptr) return;
    const std::string before = recorded->string_or("diff", "");
    const std::string after = now->string_or("diff", "");
    if (before != after)
      found_.push_back({"changes that are not committed", size_of(before), size_of(after)});
  }
  static std::string size_of(const std::string& diff) {
    if (diff.empty()) return "none";
    return fmt::format("{} lines of diff", std::count(diff.begin(), diff.end(), '\n'));
  }

  void memory() {
    const Value* before = at(recorded_, "machine", "memory_bytes");
    const Value* after = at(now_, "machine", "memory_bytes");
    if (before == nullptr || after == nullptr || !before->is_int() || !after->is_int()) return;
    one("memory", format_bytes(before->as_int()), format_bytes(after->as_int()));
  }

  /// The members of a map, which both records must have.
  void all(const std::string& what, const char* group, const char* key) {
    const Value* before = group != nullptr ? at(recorded_, group, key) : recorded_.find(key);
    const Value* after = group != nullptr ? at(now_, group, key) : now_.find(key);
    if (before == nullptr || after == nullptr || !before->is_map() || !after->is_map()) return;
    std::map<std::string, std::pair<std::string, std::string>> members;
    for (const auto& [name, value] : before->as_map()) members[name].first = text_of(&value);
    for (const auto& [name, value] : after->as_map()) members[name].second = text_of(&value);
    for (const auto& [name, texts] : members) {
      if (texts.first != texts.second) found_.push_back({what + name, texts.first, texts.second});
    }
  }

  const Value& recorded_;
  const Value& now_;
  std::vector<Difference> found_;
};

/// The objective as that run's replicate has it.
std::optional<double> value_of(const History& history, RunId run) {
  const RunPlan& plan = history.run(run)->plan;
  const auto values = replicate_values(history, plan.trial, 0, plan.purpose);
  const auto found = values.find(plan.replicate);
  return found == values.end() ? std::nullopt : std::optional<double>(found->second.value);
}

std::string side(const std::string& text) { return text.empty() ? "not there" : text; }

}  // namespace

std::vector<Difference> differences(const Value& recorded, const Value& now) {
  return Search(recorded, now).run();
}

std::vector<std::string> difference_lines(const std::vector<Difference>& found, std::size_t shown) {
  std::vector<std::string> lines;
  for (const char* kind : {"", "package ", "variable "}) {
    std::size_t count = 0;
    for (const Difference& one : found) {
      const bool counted = one.what.starts_with("package ") || one.what.starts_with("variable ");
      if (*kind == 0 ? counted : !one.what.starts_with(kind)) continue;
      if (++count <= shown || !counted)
        lines.push_back(fmt::format("{}: {}, now {}", one.what, side(one.recorded), side(one.now)));
    }
    if (*kind != 0 && count > shown)
      lines.push_back(fmt::format("… and {} more {}s", count - shown, trim(kind)));
  }
  return lines;
}

Value differences_json(const std::vector<Difference>& found) {
  Value::List list;
  for (const Difference& one : found) {
    Value row = Value::Map{};
    row.set("what", one.what);
    row.set("recorded", one.recorded.empty() ? Value() : Value(one.recorded));
    list.push_back(row.set("now", one.now.empty() ? Value() : Value(one.now)));
  }
  return Value(std::move(list));
}

bool is_same_code(const Value& recorded, const Value& now) {
  const auto same = [&](const char* key) {
    return text_of(at(recorded, "git", key)) == text_of(at(now, "git", key));
  };
  return same("commit") && same("diff") && same("diff_cut");
}

Comparison compare_runs(const History& recorded, RunId run, const History& now, RunId again) {
  Comparison comparison;
  comparison.metric = recorded.spec().objective().name;
  comparison.recorded = value_of(recorded, run);
  comparison.now = value_of(now, again);
  const std::int64_t trial = recorded.run(run)->plan.trial;
  for (const SeedValues& values : seed_values(recorded)) {
    if (values.trial == trial) comparison.replicates = spread_of(values.values);
  }
  std::map<double, double> before;
  for (const auto& point : recorded.series(run)) {
    if (point.metric == 0) before[point.fidelity] = point.value;
  }
  for (const auto& point : now.series(again)) {
    const auto same = before.find(point.fidelity);
    if (point.metric != 0 || same == before.end()) continue;
    comparison.has_curves = true;
    const bool equal =
        same->second == point.value || (std::isnan(same->second) && std::isnan(point.value));
    if (!equal && !(comparison.part_at && *comparison.part_at <= point.fidelity))
      comparison.part_at = point.fidelity;
  }
  return comparison;
}

std::string comparison_text(const Comparison& c, const std::string& axis) {
  if (!c.now) return fmt::format("{}: nothing was reported this time", c.metric);
  if (!c.recorded)
    return fmt::format("{}: {} now; nothing is recorded of that run", c.metric,
                       metric_text(*c.now));
  const double difference = *c.now - *c.recorded;
  std::string text = fmt::format("{}: {} now, {} recorded: ", c.metric, metric_text(*c.now),
                                 metric_text(*c.recorded));
  if (*c.now == *c.recorded) {
    text += "the same to the last digit";
  } else {
    text += fmt::format("{} {}", format_number(std::abs(difference), 3),
                        difference < 0 ? "lower" : "higher");
    if (*c.recorded != 0)
      text += fmt::format(" ({} %)", format_number(std::abs(difference / *c.recorded) * 100, 2));
    if (c.replicates && c.replicates->sd && *c.replicates->sd > 0) {
      text += fmt::format("; its {} runs with other seeds spread by {} (standard deviation)",
                          c.replicates->count, format_number(*c.replicates->sd, 2));
    }
  }
  if (c.part_at) {
    text += fmt::format("; the curves part at {} {}", axis, format_number(*c.part_at, 6));
  } else if (c.has_curves && *c.now != *c.recorded) {
    text += fmt::format("; the curves are equal at every {} that both have", axis);
  }
  return text;
}

Value comparison_json(const Comparison& c) {
  Value out = Value::Map{};
  out.set("metric", c.metric);
  if (c.recorded) out.set("recorded", *c.recorded);
  if (c.now) out.set("now", *c.now);
  if (c.replicates && c.replicates->sd) {
    Value spread = Value::Map{};
    out.set("replicates", spread.set("mean", c.replicates->mean)
                              .set("sd", *c.replicates->sd)
                              .set("count", c.replicates->count));
  }
  if (c.part_at) out.set("curves_part_at", *c.part_at);
  return out;
}

}  // namespace hone::cli
