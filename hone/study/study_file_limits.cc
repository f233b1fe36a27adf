// Budget, limits, resources and the other keys that say how much and how often.
#include <fmt/core.h>

#include <algorithm>

#include "hone/base/text.h"
#include "hone/study/lineage.h"
#include "hone/study/study_file_reader.h"

namespace hone {
namespace {

constexpr std::int64_t kMaxTrials = 100'000'000;
constexpr int kAutoTrials = 100;  // of method auto without a budget, at the latest

/// `regret` is a rule of the sampler that has the model, and is kept as its option.
void read_no_improvement(StudyFileReader& reader, const YamlMember& member, StudyDraft& draft) {
  const auto rule = reader.word(member.value, "budget.no_improvement", {"patience", "regret"});
  if (!rule) return;
  if (*rule == "patience") {
    draft.spec.budget.stop_without_improvement = true;
    return;
  }
  const std::string& sampler = draft.spec.sampler.name;
  if (sampler != "auto" && sampler != "gp") {
    reader.error(member.value.span,
                 fmt::format("budget.no_improvement: regret needs a model of the objective, and "
                             "method {} has none",
                             draft.method),
                 "use method: auto or gp, or no_improvement: patience");
  } else if (draft.spec.objective_count() > 1) {
    reader.error(member.value.span,
                 "budget.no_improvement: regret is that of one objective, and this study has more",
                 "use no_improvement: patience");
  } else {
    draft.spec.sampler.options.set("stop_by_regret", true);
  }
}

void read_budget(StudyFileReader& reader, const YamlNode& root, StudyDraft& draft) {
  Budget& budget = draft.spec.budget;
  const YamlMember* cap = root.find("run_cap");
  if (cap != nullptr) budget.trials = reader.whole(cap->value, "run_cap", 1, kMaxTrials);
  const YamlMember* member = root.find("budget");
  if (member == nullptr) return;
  if (member->value.is_scalar()) {
    reader.error(member->value.span,
                 fmt::format("budget must be a map, not {}", reader.shown(member->value)),
                 fmt::format("did you mean {{trials: {}}}?", member->value.text));
    return;
  }
  if (!reader.is_map(member->value, "budget", "{trials: 60, time: 8h}")) return;
  reader.check_keys(member->value, study_file_section("budget"), "budget");
  if (const YamlMember* trials = member->value.find("trials")) {
    if (cap != nullptr)
      reader.error(trials->key_span, "run_cap and budget.trials are the same limit: keep one");
    budget.trials = reader.whole(trials->value, "budget.trials", 1, kMaxTrials);
  }
  if (const YamlMember* time = member->value.find("time")) {
    budget.time_us = reader.duration_us(time->value, "budget.time");
  }
  if (const YamlMember* cpu = member->value.find("cpu"))
    budget.cpu_us = reader.duration_us(cpu->value, "budget.cpu");
  if (const YamlMember* gpu = member->value.find("gpu"))
    budget.gpu_us = reader.duration_us(gpu->value, "budget.gpu");
  const auto above_0 = [&](const char* key) -> std::optional<double> {
    const YamlMember* one = member->value.find(key);
    if (one == nullptr) return std::nullopt;
    return reader.number_from(one->value, fmt::format("budget.{}", key), 1e-300, 1e300);
  };
  budget.cost = above_0("cost");
  budget.price = above_0("price");
  budget.fidelity = above_0("fidelity");
  if (const YamlMember* rule = member->value.find("no_improvement"))
    read_no_improvement(reader, *rule, draft);
  if (member->value.members.empty())
    reader.error(member->value.span, "budget is empty: give trials or time");
}

/// What a limit counts must be there.
void check_budget(StudyFileReader& reader, const YamlNode& root, const StudyDraft& draft) {
  const YamlMember* member = root.find("budget");
  if (member == nullptr || !member->value.is_map()) return;
  const Budget& budget = draft.spec.budget;
  if (budget.gpu_us && !(draft.spec.resources.gpus > 0)) {
    reader.error(member->value.find("gpu")->key_span,
                 "budget.gpu counts the GPUs of runs, and resources.gpus is 0",
                 "add resources: {gpus: 1}");
  }
  const auto& metrics = draft.spec.metrics;
  const bool reported = std::any_of(metrics.begin(), metrics.end(),
                                    [](const Metric& m) { return m.role == MetricRole::cost; });
  if (budget.cost && !budget.price && !reported && member->value.find("price") == nullptr) {
    reader.error(member->value.find("cost")->key_span, "budget.cost needs to know what runs cost",
                 "add price (of an hour of one run) to the budget, or a metric with role: cost");
  }
  if (budget.price && member->value.find("cost") == nullptr) {
    reader.error(member->value.find("price")->key_span,
                 "budget.price is what an hour costs, but there is no limit",
                 "add cost: what the study may cost");
  }
  if (budget.fidelity && !draft.spec.fidelity && root.find("fidelity") == nullptr) {
    reader.error(member->value.find("fidelity")->key_span,
                 "budget.fidelity counts along the fidelity, and none is declared",
                 "add fidelity: {name: epoch, max: 9}");
  }
}

void read_limit(StudyFileReader& reader, const YamlMember& member, Limits& limits) {
  const std::string what = "limits." + member.key;
  const auto set_time = [&](std::int64_t& field) {
    field = reader.duration_us(member.value, what).value_or(field);
  };
  const auto set_count = [&](int& field, std::int64_t high) {
    field = static_cast<int>(reader.whole(member.value, what, 0, high).value_or(field));
  };
  if (member.key == "time") limits.time_us = reader.duration_us(member.value, what);
  if (member.key == "silence") limits.silence_us = reader.duration_us(member.value, what);
  if (member.key == "memory") limits.memory_bytes = reader.bytes(member.value, what);
  if (member.key == "output")
    limits.output_bytes = reader.bytes(member.value, what).value_or(limits.output_bytes);
  if (member.key == "grace") set_time(limits.grace_us);
  if (member.key == "orphan") set_time(limits.orphan_us);
  if (member.key == "retries") set_count(limits.retries, 1000);
  if (member.key == "interruptions") set_count(limits.interruptions, 1'000'000);
  if (member.key == "same_failures") set_count(limits.same_failures, 1'000'000);
}

void read_resources(StudyFileReader& reader, const YamlNode& node, StudyDraft& draft) {
  if (!reader.is_map(node, "resources", "{gpus: 1}")) return;
  reader.check_keys(node, study_file_section("resources"), "resources");
  if (const YamlMember* gpus = node.find("gpus")) {
    const auto count = reader.number_from(gpus->value, "resources.gpus", 0, 1024);
    if (count && *count > 1 && *count != static_cast<double>(static_cast<int>(*count))) {
      reader.error(gpus->value.span,
                   fmt::format("resources.gpus must be a whole number or a share below 1, not {}",
                               reader.shown(gpus->value)));
    }
    draft.spec.resources.gpus = count.value_or(0);
  }
  if (const YamlMember* cpus = node.find("cpus")) {
    if (const auto count = reader.whole(cpus->value, "resources.cpus", 1, 65536)) {
      draft.spec.resources.cpus = static_cast<int>(*count);
    }
  }
}

void read_confirm(StudyFileReader& reader, const YamlNode& node, StudyDraft& draft) {
  if (!reader.is_map(node, "confirm", "{top: 3, seeds: 3}")) return;
  reader.check_keys(node, study_file_section("confirm"), "confirm");
  draft.spec.confirm = Confirm{3, 3};
  if (const YamlMember* top = node.find("top")) {
    draft.spec.confirm.top =
        static_cast<int>(reader.whole(top->value, "confirm.top", 0, 1000).value_or(3));
  }
  if (const YamlMember* seeds = node.find("seeds")) {
    draft.spec.confirm.seeds =
        static_cast<int>(reader.whole(seeds->value, "confirm.seeds", 1, 1000).value_or(3));
  }
}

void read_replicates(StudyFileReader& reader, const YamlNode& node, StudyDraft& draft) {
  StudySpec& spec = draft.spec;
  const auto count = [&](const YamlNode& number, const char* what) {
    spec.replicates = static_cast<int>(reader.whole(number, what, 1, 1000).value_or(1));
  };
  if (!node.is_map()) return count(node, "replicates");
  reader.check_keys(node, study_file_section("replicates"), "replicates");
  const YamlMember* number = node.find("count");
  if (number == nullptr) {
    reader.error(node.span, "replicates needs 'count': runs per configuration",
                 "such as {count: 3, racing: true}");
    return;
  }
  count(number->value, "replicates.count");
  const YamlMember* racing = node.find("racing");
  if (racing == nullptr) return;
  spec.racing = reader.boolean(racing->value, "replicates.racing").value_or(false);
  if (!spec.racing) return;
  if (spec.replicates < 2)
    reader.error(number->value.span, "replicates.racing needs two replicates or more");
  if (spec.scheduler.name != "none") {
    reader.error(
        racing->key_span,
        fmt::format("replicates.racing compares whole runs, and the scheduler {} ends them "
                    "early",
                    spec.scheduler.name),
        "leave out one of them");
  }
  if (spec.objective_count() > 1)
    reader.error(racing->key_span, "replicates.racing compares trials by one objective");
}

void read_parallel(StudyFileReader& reader, const YamlNode& node, StudyDraft& draft) {
  if (node.is_scalar() && node.text == "auto") return;
  if (node.is_scalar() && resolve_scalar(node).is_string()) {
    reader.error(node.span,
                 fmt::format("parallel must be a number or auto, not {}", reader.shown(node)));
    return;
  }
  if (const auto count = reader.whole(node, "parallel", 1, 100'000))
    draft.spec.parallel = static_cast<int>(*count);
}

/// Keys of sweep files that say where a sweep is stored or started.
void note_sweep_keys(StudyFileReader& reader, const YamlNode& root) {
  for (const YamlMember& member : root.members) {
    if (member.key == "entity" || member.key == "controller" || member.key == "settings") {
      reader.note(member.key_span,
                  fmt::format("{} has no effect: everything stays on this machine", member.key));
    } else if (member.key == "project") {
      reader.note(member.key_span,
                  "project groups studies in the local store; nothing is sent anywhere");
    } else if (member.key == "job" || member.key == "image_uri") {
      reader.error(member.key_span,
                   fmt::format("{} starts runs through W&B Launch; say what to run with command",
                               member.key),
                   member.key == "image_uri"
                       ? "for a container: command: [docker, run, …, \"${args}\"]"
                       : "");
    }
  }
}

void read_texts(StudyFileReader& reader, const YamlNode& root, StudyDraft& draft) {
  const auto set = [&](const char* key, std::string& field, bool may_be_empty) {
    const YamlMember* member = root.find(key);
    if (member == nullptr) return;
    if (const auto text = reader.text(member->value, key, may_be_empty)) field = *text;
  };
  set("name", draft.spec.name, false);
  set("project", draft.spec.project, false);
  set("description", draft.spec.description, true);
  if (const YamlMember* kind = root.find("kind"); kind != nullptr && kind->value.is_scalar()) {
    reader.word(kind->value, "kind", {"sweep"});
  }
}

/// What holds when the file sets no end.
void apply_default_budget(StudyDraft& draft) {
  Budget& budget = draft.spec.budget;
  if (budget.trials || budget.time_us || budget.cpu_us || budget.gpu_us || budget.cost ||
      budget.fidelity)
    return;
  if (hands_checkpoints_on(draft.spec)) return;  // it knows its end
  if (draft.method == "auto") {
    budget.stop_without_improvement = true;
    budget.trials = kAutoTrials;
    draft.notes.push_back(fmt::format(
        "no budget: stops when no improvement is to be expected, after {} trials at the "
        "latest",
        kAutoTrials));
  } else if (draft.method == "grid") {
    draft.notes.emplace_back("no budget: runs until every configuration of the grid was tried");
  } else if (!draft.method.empty()) {
    draft.notes.push_back(fmt::format(
        "no budget: method {} runs until it is stopped (Ctrl-C, then hone run goes on); "
        "add budget: {{trials: 60}} for an end",
        draft.method));
  }
}

}  // namespace

void read_limits(StudyFileReader& reader, const YamlNode& root, StudyDraft& draft) {
  read_texts(reader, root, draft);
  note_sweep_keys(reader, root);
  read_budget(reader, root, draft);
  if (const YamlMember* limits = root.find("limits");
      limits != nullptr && reader.is_map(limits->value, "limits", "{time: 30m}")) {
    reader.check_keys(limits->value, study_file_section("limits"), "limits");
    for (const YamlMember& member : limits->value.members)
      read_limit(reader, member, draft.spec.limits);
  }
  if (const YamlMember* resources = root.find("resources"))
    read_resources(reader, resources->value, draft);
  if (const YamlMember* confirm = root.find("confirm")) read_confirm(reader, confirm->value, draft);
  if (const YamlMember* parallel = root.find("parallel"))
    read_parallel(reader, parallel->value, draft);
  if (const YamlMember* replicates = root.find("replicates"))
    read_replicates(reader, replicates->value, draft);
  read_oom_rules(reader, root, draft);
  if (const YamlMember* seed = root.find("seed")) {
    const auto number = reader.whole(seed->value, "seed");
    draft.spec.seed = number.value_or(0);
    draft.seed_given = number.has_value();
  }
  if (const YamlMember* warm = root.find("warm_start")) {
    draft.spec.warm_start.studies =
        warm->value.is_scalar()
            ? std::vector<std::string>{reader.text(warm->value, "warm_start").value_or("")}
            : reader.texts(warm->value, "warm_start", "[earlier-study]")
                  .value_or(std::vector<std::string>{});
  }
  if (const YamlMember* first = root.find("run_default_first")) {
    const auto flag = reader.boolean(first->value, "run_default_first");
    draft.spec.run_default_first = flag.value_or(draft.spec.run_default_first);
    draft.run_default_first = first->value.span;
  }
  check_budget(reader, root, draft);
  apply_default_budget(draft);
}

}  // namespace hone
