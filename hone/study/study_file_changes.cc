// Which changes of a study's file apply from the next trial on, and which ask for a new study. The
// history stays comparable: what is measured and what was searched must not lose its meaning; how
// long, how much and how is free.
#include <fmt/core.h>

#include <algorithm>

#include "hone/base/text.h"
#include "hone/study/study_file.h"
#include "hone/study/study_spec_space.h"

namespace hone {
namespace {

std::string shown(const Value& value) {
  return value.is_string() ? value.as_string() : value.dump();
}

bool same_metric(const Metric& a, const Metric& b) {
  return a.name == b.name && a.role == b.role && a.goal == b.goal && a.take == b.take &&
         a.take_count == b.take_count;
}

class Comparison {
 public:
  Comparison(const StudySpec& stored, const StudySpec& wanted) : stored_(stored), wanted_(wanted) {}

  SpecChanges run() {
    compare_metrics();
    compare_parameters();
    compare_constraints();
    compare_algorithm("method", stored_.sampler, wanted_.sampler);
    compare_algorithm("scheduler", stored_.scheduler, wanted_.scheduler);
    compare_fidelity();
    compare_rest();
    return std::move(changes_);
  }

 private:
  void apply(std::string sentence) { changes_.applied.push_back(std::move(sentence)); }
  void refuse(std::string sentence) { changes_.refused.push_back(std::move(sentence)); }

  // --- what is measured
  void compare_metrics() {
    const auto objectives = [](const StudySpec& spec) {
      return static_cast<std::size_t>(spec.objective_count());
    };
    if (objectives(stored_) != objectives(wanted_)) {
      return refuse(fmt::format(
          "the study has {} objectives, the file {}: values of past trials cannot be completed",
          objectives(stored_), objectives(wanted_)));
    }
    for (std::size_t i = 0; i < objectives(stored_); ++i)
      compare_objective(stored_.metrics[i], wanted_.metrics[i]);
    for (const Metric& metric : wanted_.metrics) compare_other(metric);
    for (const Metric& metric : stored_.metrics) {
      if (metric.role != MetricRole::objective && wanted_.metric_index(metric.name) < 0) {
        refuse(fmt::format("the metric {} is gone: past trials were judged by it", metric.name));
      }
    }
  }

  void compare_objective(const Metric& before, const Metric& now) {
    if (before.name != now.name) {
      refuse(fmt::format("the objective was {}, now it is {}: past trials have no value of it",
                         before.name, now.name));
    } else if (before.goal != now.goal) {
      refuse(fmt::format("{} was {}d, now it is {}d: what was best would be worst", now.name,
                         goal_name(before.goal), goal_name(now.goal)));
    } else if (!same_metric(before, now)) {
      refuse(
          fmt::format("{} is taken from its curve in another way (take): values of past trials "
                      "were judged as they were",
                      now.name));
    }
    if (before.name == now.name && before.target != now.target)
      apply(fmt::format("target of {}", now.name));
  }

  void compare_other(const Metric& now) {
    if (now.role == MetricRole::objective) return;
    const int index = stored_.metric_index(now.name);
    if (index < 0) {
      refuse(fmt::format("the metric {} is new: past trials have no value of it", now.name));
      return;
    }
    const Metric& before = stored_.metrics[static_cast<std::size_t>(index)];
    if (!same_metric(before, now))
      refuse(fmt::format("the metric {} has another role or goal", now.name));
    else if (before.min != now.min || before.max != now.max)
      apply(fmt::format("bounds of {}", now.name));
  }

  // --- what is searched
  void compare_parameters() {
    for (const Parameter& before : stored_.space.parameters()) {
      const int index = wanted_.space.index_of(before.name);
      if (index < 0) {
        refuse(fmt::format(
            "the parameter {} is gone: past trials depend on it; to keep it still give it a value",
            before.name));
        continue;
      }
      compare_domain(before, wanted_.space.parameter(index));
    }
    for (const Parameter& now : wanted_.space.parameters()) {
      if (stored_.space.index_of(now.name) >= 0) continue;
      if (now.default_value || !now.is_searched()) {
        apply(fmt::format("new parameter {}{}", now.name,
                          now.default_value ? fmt::format("; past trials count with its default {}",
                                                          shown(*now.default_value))
                                            : ""));
      } else {
        refuse(
            fmt::format("the parameter {} is new and has no default: with which value did past "
                        "trials run? Add default: …",
                        now.name));
      }
    }
  }

  void compare_domain(const Parameter& before, const Parameter& now) {
    const std::string& name = now.name;
    if (domain_text(before) != domain_text(now)) {
      const auto* old_choice = std::get_if<Choice>(&before.domain);
      const auto* new_choice = std::get_if<Choice>(&now.domain);
      if (old_choice != nullptr && new_choice != nullptr)
        compare_choices(name, *old_choice, *new_choice);
      else
        compare_ranges(name, before.domain, now.domain);
    }
    if (conditions_text(before) != conditions_text(now)) {
      refuse(
          fmt::format("{} exists under other conditions: in past trials it would have been active "
                      "where it was not, or the reverse",
                      name));
    }
    const bool beliefs = before.default_value != now.default_value ||
                         before.prior.has_value() != now.prior.has_value() ||
                         (before.prior && !(before.prior->centre == now.prior->centre &&
                                            before.prior->spread == now.prior->spread));
    if (beliefs) apply(fmt::format("default or prior of {}", name));
  }

  void compare_choices(const std::string& name, const Choice& before, const Choice& now) {
    std::vector<std::string> added;
    std::vector<std::string> removed;
    for (const ChoiceItem& item : now.items) {
      if (before.index_of(item.value) < 0) added.push_back(shown(item.value));
    }
    for (const ChoiceItem& item : before.items) {
      if (now.index_of(item.value) < 0) removed.push_back(shown(item.value));
    }
    if (!added.empty()) apply(fmt::format("{}: new values {}", name, join(added, ", ")));
    if (!removed.empty()) {
      apply(fmt::format("{}: {} not proposed any more; past trials with {} stay", name,
                        join(removed, ", "), removed.size() == 1 ? "it" : "them"));
    }
    if (added.empty() && removed.empty())
      apply(fmt::format("{}: order, texts or probabilities of the values", name));
  }

  void compare_ranges(const std::string& name, const Domain& before, const Domain& now) {
    const auto ends = [](const Domain& domain) -> std::optional<std::pair<double, double>> {
      if (const auto* real = std::get_if<Real>(&domain)) return std::pair(real->low, real->high);
      if (const auto* integer = std::get_if<Integer>(&domain)) {
        return std::pair(static_cast<double>(integer->low), static_cast<double>(integer->high));
      }
      return std::nullopt;
    };
    const auto from = ends(before);
    const auto to = ends(now);
    if (from && to) {
      const bool wider = to->first <= from->first && to->second >= from->second;
      apply(fmt::format("{}: {} range, from {} to {}", name,
                        *from == *to ? "other"
                        : wider      ? "wider"
                                     : "narrower or moved",
                        format_number(to->first), format_number(to->second)));
    } else if (before.index() == now.index()) {
      apply(fmt::format(
          "{}: {}", name,
          std::holds_alternative<Fixed>(now) ? "another fixed value" : "another expression"));
    } else if (std::holds_alternative<Fixed>(now)) {
      apply(fmt::format("{} is fixed from now on", name));
    } else {
      refuse(fmt::format("{} is another kind of parameter now: past values cannot be placed in it",
                         name));
    }
  }

  static std::string domain_text(const Parameter& p) { return part(p, "domain"); }
  static std::string conditions_text(const Parameter& p) { return part(p, "conditions"); }
  /// The stored form of one parameter's part.
  static std::string part(const Parameter& parameter, const char* key) {
    const Value body = parameter_to_value(parameter);
    const Value* value = body.find(key);
    return value == nullptr ? "" : value->dump();
  }

  void compare_constraints() {
    const auto sources = [](const StudySpec& spec) {
      std::vector<std::string> list;
      for (const Constraint& constraint : spec.space.constraints())
        list.push_back(constraint.expression.source());
      return list;
    };
    const auto before = sources(stored_);
    const auto now = sources(wanted_);
    if (before == now) return;
    apply(now.size() < before.size()
              ? "fewer constraints"
              : "constraints; past trials that break them stay, but no new one will");
  }

  // --- how
  void compare_algorithm(const char* what, const AlgorithmSpec& before, const AlgorithmSpec& now) {
    if (before.name != now.name) {
      apply(fmt::format("{}: {} in place of {}", what, now.name, before.name));
    } else if (!(before.options == now.options)) {
      apply(fmt::format("options of {} {}", what, now.name));
    }
  }

  void compare_fidelity() {
    const auto& before = stored_.fidelity;
    const auto& now = wanted_.fidelity;
    if (before.has_value() != now.has_value()) {
      if (now) return refuse("fidelity is new: past reports lie on another axis");
      return refuse("fidelity is gone: past trials were compared along it");
    }
    if (!now) return;
    if (before->name != now->name) {
      return refuse(
          fmt::format("the fidelity was {}, now it is {}: past reports lie on another axis",
                      before->name, now->name));
    }
    if (before->max != now->max) {
      const bool raised = before->max && (!now->max || *now->max > *before->max);
      apply(raised ? "fidelity.max raised: complete trials go on, best first"
                   : "fidelity.max lowered: new trials end earlier");
    }
    if (before->min != now->min) apply("fidelity.min");
  }

  void compare_rest() {
    const Value before = stored_.to_value();
    const Value now = wanted_.to_value();
    static constexpr std::pair<const char*, const char*> kFree[] = {
        {"budget", "budget"},           {"limits", "limits"},
        {"detectors", "detectors"},     {"resources", "resources"},
        {"parallel", "parallel"},       {"command", "command"},
        {"checkpoint", "checkpoint"},   {"metric_source", "metric_source"},
        {"confirm", "confirm"},         {"impute", "metric.impute"},
        {"on_oom", "on_oom"},           {"on_gpu_oom", "on_gpu_oom"},
        {"description", "description"},
    };
    for (const auto& [key, name] : kFree) {
      const Value* a = before.find(key);
      const Value* b = now.find(key);
      const bool same =
          (a == nullptr && b == nullptr) || (a != nullptr && b != nullptr && *a == *b);
      if (!same) apply(name);
    }
    if (stored_.racing != wanted_.racing) apply("replicates.racing");
    if (stored_.replicates != wanted_.replicates)
      apply(fmt::format("replicates: {} in place of {}", wanted_.replicates, stored_.replicates));
  }

  const StudySpec& stored_;
  const StudySpec& wanted_;
  SpecChanges changes_;
};

}  // namespace

SpecChanges compare_specs(const StudySpec& stored, const StudySpec& wanted) {
  return Comparison(stored, wanted).run();
}

}  // namespace hone
