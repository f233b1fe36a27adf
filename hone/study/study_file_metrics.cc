// `metric`, `metrics` and `guards`.
#include <fmt/core.h>

#include <algorithm>

#include "hone/study/study_file_reader.h"

namespace hone {
namespace {

class MetricsReader {
 public:
  MetricsReader(StudyFileReader& reader, StudyDraft& draft) : reader_(reader), draft_(draft) {}

  void read(const YamlNode& root) {
    const YamlMember* one = root.find("metric");
    const YamlMember* several = root.find("metrics");
    const YamlMember* guards = root.find("guards");
    if (one != nullptr && several != nullptr) {
      reader_.error(several->key_span,
                    "both metric and metrics are given: put all of them into metrics");
    }
    if (one != nullptr) read_metric(one->value, "metric", false);
    if (several != nullptr) read_list(several->value);
    if (guards != nullptr) read_guards(guards->value);
    if (one == nullptr && several == nullptr) none_given();
    std::stable_sort(found_.begin(), found_.end(), [](const Found& a, const Found& b) {
      return (a.metric.role == MetricRole::objective) > (b.metric.role == MetricRole::objective);
    });
    check_found(several);
    for (Found& found : found_) {
      draft_.spec.metrics.push_back(std::move(found.metric));
      draft_.metric_spans.push_back(found.span);
    }
  }

 private:
  struct Found {
    Metric metric;
    TextSpan span;
  };

  /// A sweep by grid or random needs no metric; a study has one.
  void none_given() {
    const bool required = !draft_.sweep_method || draft_.method == "bayes";
    if (required) {
      reader_.error_overall(fmt::format(
          "there is no metric: add metric: {{name: val_loss, goal: minimize}} with the name "
          "that the program reports (method {} needs to know what is better)",
          draft_.method));
      return;
    }
    Metric metric;
    metric.name = "loss";
    found_.push_back({metric, draft_.method_span});
    reader_.warning(draft_.method_span,
                    "the file names no metric, so 'loss' (minimize) is taken: trials that do not "
                    "report it fail",
                    "add metric: {name: …, goal: minimize}");
  }

  void read_list(const YamlNode& node) {
    if (!node.is_sequence() || node.items.empty()) {
      reader_.error(node.span,
                    fmt::format("metrics must be a list of maps, not {}",
                                node.is_sequence() ? "empty" : reader_.shown(node)),
                    node.is_map() ? "for one metric use the key metric" : "");
      return;
    }
    for (std::size_t i = 0; i < node.items.size(); ++i) {
      read_metric(node.items[i], fmt::format("metrics[{}]", i), true);
    }
  }

  void read_metric(const YamlNode& node, const std::string& what, bool in_list) {
    if (!node.is_map()) {
      reader_.error(node.span, fmt::format("{} must be a map, not {}", what, reader_.shown(node)),
                    node.is_scalar()
                        ? fmt::format("did you mean {{name: {}, goal: minimize}}?", node.text)
                        : "");
      found_broken_ = true;
      return;
    }
    reader_.check_keys(node, study_file_section(in_list ? "metrics" : "metric"), what);
    Found found;
    found.span = node.span;
    found.metric.take = draft_.method == "bayes" ? Take::best : Take::last;
    if (!read_name(node, what, found)) return;
    for (const YamlMember& member : node.members) read_field(member, what, found.metric);
    check_bounds(node, what, found.metric);
    found_.push_back(std::move(found));
  }

  bool read_name(const YamlNode& node, const std::string& what, Found& found) {
    const YamlMember* name = node.find("name");
    if (name == nullptr) {
      reader_.error(node.span,
                    fmt::format("{} needs a name: the one that the program reports", what));
      found_broken_ = true;
      return false;
    }
    const auto text = reader_.text(name->value, what + ".name");
    if (!text) {
      found_broken_ = true;
      return false;
    }
    found.metric.name = *text;
    found.span = name->value.span;
    return true;
  }

  void read_field(const YamlMember& member, const std::string& what, Metric& metric) {
    const YamlNode& node = member.value;
    const std::string place = what + "." + member.key;
    if (member.key == "goal") {
      if (const auto goal = reader_.word(node, place, {"minimize", "maximize"})) {
        metric.goal = *goal == "maximize" ? Goal::maximize : Goal::minimize;
      }
    } else if (member.key == "take") {
      read_take(node, place, metric);
    } else if (member.key == "target") {
      metric.target = reader_.number(node, place);
    } else if (member.key == "impute") {
      if (const auto word = reader_.word(node, place, {"worst", "best", "latest"}))
        draft_.spec.impute = *word;
    } else if (member.key == "impute_while_running") {
      reader_.note(
          member.key_span,
          "impute_while_running has no effect: the engine accounts for running trials itself");
    } else if (member.key == "role") {
      read_role(node, place, metric);
    } else if (member.key == "min") {
      metric.min = reader_.number(node, place);
    } else if (member.key == "max") {
      metric.max = reader_.number(node, place);
    }
  }

  void read_take(const YamlNode& node, const std::string& place, Metric& metric) {
    if (node.is_map() && node.members.size() == 1 && node.members[0].key == "mean_of_last") {
      const auto count =
          reader_.whole(node.members[0].value, place + ".mean_of_last", 1, 1'000'000);
      metric.take = Take::mean_of_last;
      metric.take_count = static_cast<int>(count.value_or(1));
      return;
    }
    if (node.is_scalar() && node.text == "mean_of_last") {
      reader_.error(node.span, fmt::format("{}: mean_of_last needs the number of values", place),
                    "write {mean_of_last: 3}");
      return;
    }
    if (node.is_map()) {
      reader_.error(node.span, fmt::format("{} must be last, best or {{mean_of_last: 3}}, not {}",
                                           place, reader_.written(node)));
      return;
    }
    if (const auto word = reader_.word(node, place, {"last", "best", "mean_of_last"})) {
      metric.take = *word == "best" ? Take::best : Take::last;
    }
  }

  void read_role(const YamlNode& node, const std::string& place, Metric& metric) {
    const auto role = reader_.word(node, place, {"objective", "constraint", "cost", "tracked"});
    if (!role) return;
    metric.role = *role == "constraint" ? MetricRole::constraint
                  : *role == "cost"     ? MetricRole::cost
                  : *role == "tracked"  ? MetricRole::tracked
                                        : MetricRole::objective;
  }

  void check_bounds(const YamlNode& node, const std::string& what, const Metric& metric) {
    const bool bounded = metric.role == MetricRole::constraint || metric.role == MetricRole::guard;
    const char* role = metric.role == MetricRole::guard ? "a guard" : "a constraint";
    const YamlMember* bound = node.find("min") != nullptr ? node.find("min") : node.find("max");
    if (bounded && bound == nullptr) {
      reader_.error(node.span, fmt::format("{}: {} needs min or max: the bound that '{}' must keep",
                                           what, role, metric.name));
    } else if (!bounded && bound != nullptr) {
      reader_.error(bound->key_span,
                    fmt::format("{}: '{}' belongs to a constraint", what, bound->key),
                    "add role: constraint");
    }
    if (metric.min && metric.max && *metric.min > *metric.max) {
      reader_.error(node.find("min")->value.span,
                    fmt::format("{}: min {} is above max {}, so no trial could count", what,
                                reader_.shown(node.find("min")->value),
                                reader_.shown(node.find("max")->value)));
    }
  }

  void read_guards(const YamlNode& node) {
    if (!node.is_sequence()) {
      reader_.error(node.span,
                    fmt::format("guards must be a list of maps, not {}", reader_.shown(node)),
                    "write [{name: …, min: …}]");
      return;
    }
    for (std::size_t i = 0; i < node.items.size(); ++i) {
      const std::string what = fmt::format("guards[{}]", i);
      const YamlNode& item = node.items[i];
      if (!reader_.is_map(item, what, "{name: …, min: …}")) continue;
      reader_.check_keys(item, study_file_section("guards"), what);
      Found found;
      found.metric.role = MetricRole::guard;
      if (!read_name(item, what, found)) continue;
      for (const YamlMember& member : item.members) {
        if (member.key == "min" || member.key == "max") read_field(member, what, found.metric);
      }
      check_bounds(item, what, found.metric);
      found_.push_back(std::move(found));
    }
  }

  void check_found(const YamlMember* several) {
    for (std::size_t i = 0; i < found_.size(); ++i) {
      for (std::size_t k = 0; k < i; ++k) {
        if (found_[i].metric.name != found_[k].metric.name) continue;
        reader_.error(found_[i].span,
                      fmt::format("the metric '{}' is declared twice (first in line {})",
                                  found_[i].metric.name, reader_.line_of(found_[k].span)));
        break;
      }
    }
    if (several == nullptr || found_broken_) return;
    if (found_.empty() || found_.front().metric.role != MetricRole::objective) {
      reader_.error(several->key_span,
                    "metrics has no objective: at least one needs no role, or role: objective");
    } else if (found_.size() > 1 && found_[1].metric.role == MetricRole::objective &&
               draft_.sweep_method && draft_.method == "bayes") {
      reader_.error(draft_.method_span,
                    "method bayes takes one objective; for several use method: auto");
    }
  }

  StudyFileReader& reader_;
  StudyDraft& draft_;
  std::vector<Found> found_;
  bool found_broken_ = false;
};

}  // namespace

void read_metrics(StudyFileReader& reader, const YamlNode& root, StudyDraft& draft) {
  MetricsReader(reader, draft).read(root);
}

}  // namespace hone
