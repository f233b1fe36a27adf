// The stored body of a study: JSON with a version, every field written, absent only what is
// optional. `from_value` reads bodies of its own version and older ones; members that it does not
// know are ignored.
#include "hone/study/study_spec.h"

#include <fmt/core.h>

#include "hone/base/error.h"
#include "hone/study/study_spec_space.h"

namespace hone {
namespace {

constexpr int kBodyVersion = 1;

using Pairs = std::vector<std::pair<std::string, std::string>>;

Value texts(const std::vector<std::string>& list) {
  return Value(Value::List(list.begin(), list.end()));
}

/// A list of [name, text]: order and repeats are kept.
Value pairs(const Pairs& list) {
  Value::List out;
  for (const auto& [name, text] : list) out.emplace_back(Value::List{Value(name), Value(text)});
  return Value(std::move(out));
}

Pairs read_pairs(const StoredMap& map, std::string_view key) {
  Pairs out;
  for (const Value& item : map.list(key)) {
    const bool good = item.is_list() && item.as_list().size() == 2 &&
                      item.as_list()[0].is_string() && item.as_list()[1].is_string();
    if (!good) map.fail(key, "a list of pairs of texts");
    out.emplace_back(item.as_list()[0].as_string(), item.as_list()[1].as_string());
  }
  return out;
}

template <class T>
void set_maybe(Value& map, const char* key, const std::optional<T>& value) {
  if (value) map.set(key, Value(*value));
}

Value write_metric(const Metric& metric) {
  Value out{Value::Map{}};
  out.set("name", metric.name)
      .set("role", static_cast<int>(metric.role))
      .set("goal", goal_name(metric.goal));
  out.set("take", static_cast<int>(metric.take)).set("take_count", metric.take_count);
  set_maybe(out, "target", metric.target);
  set_maybe(out, "min", metric.min);
  set_maybe(out, "max", metric.max);
  return out;
}

Metric read_metric(const Value& value) {
  const StoredMap map(value, "metric");
  Metric metric;
  metric.name = map.text("name");
  const int role = map.small("role");
  if (role < 0 || role > static_cast<int>(MetricRole::system)) map.fail("role", "a known role");
  metric.role = static_cast<MetricRole>(role);
  const std::string goal = map.text("goal");
  if (goal != "minimize" && goal != "maximize") map.fail("goal", "minimize or maximize");
  metric.goal = goal == "maximize" ? Goal::maximize : Goal::minimize;
  const int take = map.small("take");
  if (take < 0 || take > static_cast<int>(Take::mean_of_last)) map.fail("take", "a known way");
  metric.take = static_cast<Take>(take);
  metric.take_count = map.small("take_count");
  metric.target = map.maybe_number("target");
  metric.min = map.maybe_number("min");
  metric.max = map.maybe_number("max");
  return metric;
}

Value write_algorithm(const AlgorithmSpec& spec) {
  Value out{Value::Map{}};
  return out.set("name", spec.name).set("options", spec.options);
}

AlgorithmSpec read_algorithm(const StoredMap& map) { return {map.text("name"), map.at("options")}; }

AlgorithmSpec read_algorithm(const Value& value, const char* what) {
  return read_algorithm(StoredMap(value, what));
}

Value write_limits(const Limits& limits) {
  Value out{Value::Map{}};
  set_maybe(out, "time_us", limits.time_us);
  set_maybe(out, "silence_us", limits.silence_us);
  set_maybe(out, "memory_bytes", limits.memory_bytes);
  out.set("output_bytes", limits.output_bytes)
      .set("grace_us", limits.grace_us)
      .set("orphan_us", limits.orphan_us);
  out.set("retries", limits.retries).set("interruptions", limits.interruptions);
  return out.set("same_failures", limits.same_failures);
}

Limits read_limits(const StoredMap& map) {
  Limits limits;
  limits.time_us = map.maybe_integer("time_us");
  limits.silence_us = map.maybe_integer("silence_us");
  limits.memory_bytes = map.maybe_integer("memory_bytes");
  limits.output_bytes = map.integer("output_bytes");
  limits.grace_us = map.integer("grace_us");
  limits.orphan_us = map.integer("orphan_us");
  limits.retries = map.small("retries");
  limits.interruptions = map.small("interruptions");
  limits.same_failures = map.small("same_failures");
  return limits;
}

Value write_command(const Command& command) {
  Value::List files;
  for (const ConfigFile& file : command.files) {
    Value one{Value::Map{}};
    files.push_back(one.set("from", file.from).set("to", file.to).set("set", pairs(file.set)));
  }
  Value out{Value::Map{}};
  out.set("argv", texts(command.argv))
      .set("program", command.program)
      .set("env", pairs(command.env));
  out.set("workdir", command.workdir).set("files", std::move(files)).set("tty", command.tty);
  out.set("bool_style", command.bool_style == BoolStyle::lower ? "lower" : "python");
  return out.set("stop_command", texts(command.stop_command))
      .set("flat_names", texts(command.flat_names));
}

Command read_command(const StoredMap& map) {
  Command command;
  command.argv = map.texts("argv");
  command.program = map.text("program");
  command.env = read_pairs(map, "env");
  command.workdir = map.text("workdir");
  for (const Value& value : map.list("files")) {
    const StoredMap file(value, "files");
    command.files.push_back({file.text("from"), file.text("to"), read_pairs(file, "set")});
  }
  command.tty = map.boolean("tty");
  command.bool_style = map.text("bool_style") == "lower" ? BoolStyle::lower : BoolStyle::python;
  command.stop_command = map.texts("stop_command");
  command.flat_names = map.texts("flat_names");
  return command;
}

Value write_source(const MetricSource& source) {
  Value out{Value::Map{}};
  out.set("patterns", texts(source.patterns)).set("files", texts(source.files));
  set_maybe(out, "format", source.format);
  return out;
}

MetricSource read_source(const StoredMap& map) {
  return {map.texts("patterns"), map.maybe_text("format"), map.texts("files")};
}

/// A trial is [number, loss, configuration]: short, since there may be hundreds.
Value write_sources(const WarmStart& warm) {
  Value::List sources;
  for (const WarmSource& source : warm.sources) {
    Value::List trials;
    for (const WarmTrial& trial : source.trials) {
      const Value loss = trial.loss ? Value(*trial.loss) : Value();
      trials.emplace_back(Value::List{trial.number, loss, trial.config.to_value()});
    }
    Value entry{Value::Map{}};
    sources.push_back(entry.set("study", source.study).set("trials", Value(std::move(trials))));
  }
  return Value(std::move(sources));
}

std::vector<WarmSource> read_sources(const StoredMap& warm) {
  std::vector<WarmSource> sources;
  if (warm.find("sources") == nullptr) return sources;
  for (const Value& value : warm.list("sources")) {
    const StoredMap stored(value, "warm_start.sources");
    WarmSource source{stored.text("study"), {}};
    for (const Value& entry : stored.list("trials")) {
      const bool whole =
          entry.is_list() && entry.as_list().size() == 3 && entry.as_list()[0].is_int();
      auto config = whole ? Config::from_value(entry.as_list()[2]) : std::nullopt;
      if (!config) stored.fail("trials", "lists of a number, a loss and a configuration");
      const Value& loss = entry.as_list()[1];
      WarmTrial trial{*std::move(config), std::nullopt, entry.as_list()[0].as_int()};
      if (loss.is_number()) trial.loss = loss.as_number();
      source.trials.push_back(std::move(trial));
    }
    sources.push_back(std::move(source));
  }
  return sources;
}

Value write_budget(const Budget& budget) {
  Value out{Value::Map{}};
  set_maybe(out, "trials", budget.trials);
  set_maybe(out, "time_us", budget.time_us);
  set_maybe(out, "cpu_us", budget.cpu_us);
  set_maybe(out, "gpu_us", budget.gpu_us);
  set_maybe(out, "cost", budget.cost);
  set_maybe(out, "price", budget.price);
  set_maybe(out, "fidelity", budget.fidelity);
  return out.set("stop_without_improvement", budget.stop_without_improvement);
}

Budget read_budget(const StoredMap& map) {
  Budget budget;
  budget.trials = map.maybe_integer("trials");
  budget.time_us = map.maybe_integer("time_us");
  budget.cpu_us = map.maybe_integer("cpu_us");
  budget.gpu_us = map.maybe_integer("gpu_us");
  budget.cost = map.maybe_number("cost");
  budget.price = map.maybe_number("price");
  budget.fidelity = map.maybe_number("fidelity");
  budget.stop_without_improvement = map.boolean("stop_without_improvement");
  return budget;
}

void write_oom_rule(Value& out, const char* key, const std::optional<OomRule>& rule) {
  if (!rule) return;
  Value map{Value::Map{}};
  map.set("halve", texts(rule->halve)).set("double", texts(rule->doubled));
  out.set(key, map.set("at_most", rule->at_most));
}

std::optional<OomRule> read_oom_rule(const StoredMap& map, const char* key) {
  if (map.find(key) == nullptr) return std::nullopt;
  const StoredMap rule = map.map(key);
  return OomRule{rule.texts("halve"), rule.texts("double"), rule.small("at_most")};
}

void write_optional_sections(const StudySpec& spec, Value& out) {
  if (spec.fidelity) {
    Value fidelity{Value::Map{}};
    fidelity.set("name", spec.fidelity->name).set("min", spec.fidelity->min);
    set_maybe(fidelity, "max", spec.fidelity->max);
    out.set("fidelity", std::move(fidelity));
  }
  if (spec.checkpoint) {
    Value checkpoint{Value::Map{}};
    checkpoint.set("path", spec.checkpoint->path).set("ready", spec.checkpoint->ready);
    set_maybe(checkpoint, "keep", spec.checkpoint->keep);
    if (spec.checkpoint->keep_best_only) checkpoint.set("keep_best_only", true);
    set_maybe(checkpoint, "limit_bytes", spec.checkpoint->limit_bytes);
    out.set("checkpoint", checkpoint.set("args", texts(spec.checkpoint->args)));
  }
  if (!spec.detectors.empty()) {
    Value::List detectors;
    for (const AlgorithmSpec& detector : spec.detectors)
      detectors.push_back(write_algorithm(detector));
    out.set("detectors", Value(std::move(detectors)));
  }
  write_oom_rule(out, "on_oom", spec.on_oom);
  write_oom_rule(out, "on_gpu_oom", spec.on_gpu_oom);
  if (!spec.warm_start.studies.empty()) {
    Value::List points;
    for (const WarmPoint& point : spec.warm_start.points) {
      Value entry{Value::Map{}};
      points.push_back(entry.set("config", point.config.to_value()).set("from", point.from));
    }
    Value warm{Value::Map{}};
    warm.set("studies", texts(spec.warm_start.studies)).set("points", Value(std::move(points)));
    if (!spec.warm_start.sources.empty()) warm.set("sources", write_sources(spec.warm_start));
    out.set("warm_start", std::move(warm));
  }
}

void read_optional_sections(const StoredMap& map, StudySpec& spec) {
  if (map.find("fidelity") != nullptr) {
    const StoredMap fidelity = map.map("fidelity");
    spec.fidelity =
        Fidelity{fidelity.text("name"), fidelity.number("min"), fidelity.maybe_number("max")};
  }
  if (map.find("checkpoint") != nullptr) {
    const StoredMap checkpoint = map.map("checkpoint");
    spec.checkpoint =
        CheckpointSpec{checkpoint.text("path"), checkpoint.text("ready"), checkpoint.texts("args")};
    if (checkpoint.maybe_integer("keep")) spec.checkpoint->keep = checkpoint.small("keep");
    spec.checkpoint->keep_best_only = checkpoint.find("keep_best_only") != nullptr;
    spec.checkpoint->limit_bytes = checkpoint.maybe_integer("limit_bytes");
  }
  if (map.find("detectors") != nullptr) {
    for (const Value& value : map.list("detectors"))
      spec.detectors.push_back(read_algorithm(value, "detectors"));
  }
  spec.on_oom = read_oom_rule(map, "on_oom");
  spec.on_gpu_oom = read_oom_rule(map, "on_gpu_oom");
  if (map.find("warm_start") != nullptr) {
    const StoredMap warm = map.map("warm_start");
    spec.warm_start.studies = warm.texts("studies");
    for (const Value& value : warm.list("points")) {
      const StoredMap point(value, "warm_start.points");
      auto config = Config::from_value(point.at("config"));
      if (!config) point.fail("config", "a configuration");
      spec.warm_start.points.push_back({*std::move(config), point.text("from")});
    }
    spec.warm_start.sources = read_sources(warm);
  }
}

}  // namespace

int StudySpec::objective_count() const {
  int count = 0;
  for (const Metric& metric : metrics) count += metric.role == MetricRole::objective ? 1 : 0;
  return count;
}

int StudySpec::metric_index(std::string_view metric_name) const {
  for (std::size_t i = 0; i < metrics.size(); ++i) {
    if (metrics[i].name == metric_name) return static_cast<int>(i);
  }
  return -1;
}

Value StudySpec::to_value() const {
  Value::List metric_list;
  for (const Metric& metric : metrics) metric_list.push_back(write_metric(metric));
  Value resource_map{Value::Map{}};
  resource_map.set("gpus", resources.gpus);
  set_maybe(resource_map, "cpus", resources.cpus);
  Value confirm_map{Value::Map{}};
  confirm_map.set("top", confirm.top).set("seeds", confirm.seeds);

  Value out{Value::Map{}};
  out.set("body", kBodyVersion)
      .set("name", name)
      .set("project", project)
      .set("description", description);
  out.set("space", space_to_value(space)).set("metrics", std::move(metric_list));
  out.set("sampler", write_algorithm(sampler)).set("scheduler", write_algorithm(scheduler));
  write_optional_sections(*this, out);
  set_maybe(out, "parallel", parallel);
  out.set("budget", write_budget(budget)).set("limits", write_limits(limits));
  out.set("resources", std::move(resource_map)).set("command", write_command(command));
  out.set("metric_source", write_source(metric_source)).set("replicates", replicates);
  if (racing) out.set("racing", true);
  out.set("confirm", std::move(confirm_map))
      .set("seed", seed)
      .set("run_default_first", run_default_first);
  return out.set("from_sweep_file", from_sweep_file).set("impute", impute);
}

StudySpec StudySpec::from_value(const Value& body) {
  const StoredMap map(body, "study");
  if (map.integer("body") > kBodyVersion) {
    throw Error(
        ErrorCode::store_newer,
        fmt::format("the study was written by a newer hone (body {}, this one reads up to {})",
                    map.integer("body"), kBodyVersion),
        "use the newer hone");
  }
  StudySpec spec;
  spec.name = map.text("name");
  spec.project = map.text("project");
  spec.description = map.text("description");
  spec.space = space_from_value(map.at("space"));
  for (const Value& metric : map.list("metrics")) spec.metrics.push_back(read_metric(metric));
  if (spec.metrics.empty()) map.fail("metrics", "a list with at least one metric");
  spec.sampler = read_algorithm(map.map("sampler"));
  spec.scheduler = read_algorithm(map.map("scheduler"));
  read_optional_sections(map, spec);
  if (map.maybe_integer("parallel")) spec.parallel = map.small("parallel");
  spec.budget = read_budget(map.map("budget"));
  spec.limits = read_limits(map.map("limits"));
  const StoredMap resources = map.map("resources");
  spec.resources.gpus = resources.number("gpus");
  if (resources.maybe_integer("cpus")) spec.resources.cpus = resources.small("cpus");
  spec.command = read_command(map.map("command"));
  spec.metric_source = read_source(map.map("metric_source"));
  spec.replicates = map.small("replicates");
  spec.racing = map.find("racing") != nullptr;
  const StoredMap confirm = map.map("confirm");
  spec.confirm = Confirm{confirm.small("top"), confirm.small("seeds")};
  spec.seed = map.integer("seed");
  spec.run_default_first = map.boolean("run_default_first");
  spec.from_sweep_file = map.boolean("from_sweep_file");
  spec.impute = map.text("impute");
  return spec;
}

}  // namespace hone
