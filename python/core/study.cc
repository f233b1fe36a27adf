#include "python/core/study.h"

#include <fmt/core.h>
#include <unistd.h>

#include "hone/analysis/analysis_json.h"
#include "hone/analysis/findings.h"
#include "hone/analysis/importance.h"
#include "hone/base/error.h"
#include "hone/base/id.h"
#include "hone/base/text.h"
#include "hone/cli/study_loading.h"
#include "hone/study/study_spec_space.h"
#include "hone/tuner/warm_points.h"
#include "python/core/convert.h"
#include "python/core/trial_row.h"

namespace py = pybind11;

namespace hone::python {
namespace {

constexpr std::int64_t kLeadTtl_us = 30'000'000;

/// Changes of a stored study are the leader's; false where another process leads.
bool put_spec(const cli::Workplace& place, StudyId study, const std::string& source,
              const StudySpec& spec) {
  const LeadResult lead = place.store().lead(study, this_process_holder(), kLeadTtl_us);
  if (lead.state == LeaseState::lost) return false;
  const Action action = PutSpec{source, spec.to_value().dump(), cli::actor()};
  place.store().apply(study, lead.token, std::span(&action, 1));
  place.store().release_lead(study, lead.token);
  return true;
}

}  // namespace

CoreStudy::CoreStudy(const py::object& document, const std::optional<std::string>& store,
                     const std::optional<std::string>& name,
                     const std::optional<std::string>& project)
    : parts_(std::make_unique<Parts>()),
      process_(static_cast<std::int64_t>(::getpid())),
      in_memory_(!store) {
  const Value described = document.is_none() ? Value() : to_value(document, "");
  const py::gil_scoped_release released;
  cli::CommonOptions common;
  common.store = store.value_or(":memory:");
  const OpenMode mode = described.is_null() ? OpenMode::existing : OpenMode::create;
  const auto open = [&] {
    parts_->place = std::make_unique<cli::Workplace>(cli::Workplace::open(common, mode));
  };
  if (described.is_null()) {
    open();
    info_ = parts_->place->study_or_only(name, project);
    parts_->spec = stored_spec(parts_->place->store(), info_.id);
  } else {
    Document read = read_document(described);  // its mistakes are told before a store is made
    open();
    open_document(described, std::move(read), name, project);
  }
  CallerStudyOptions options;
  options.study = info_.id;
  options.holder = this_process_holder();
  options.entropy = system_entropy();
  options.worker_uid =
      make_uid(parts_->place->clock().now_us(), Rng(options.entropy).split("worker"));
  options.version = cli::version();
  options.timed = !in_memory_;
  options.background = !in_memory_;
  parts_->study = std::make_unique<CallerStudy>(parts_->place->store(), parts_->place->clock(),
                                                parts_->place->probe(), std::move(options));
}

void CoreStudy::open_document(const Value& document, Document wanted,
                              const std::optional<std::string>& name,
                              const std::optional<std::string>& project) {
  warnings_ = wanted.warnings;
  if (name) wanted.spec.name = *name;
  if (project) wanted.spec.project = *project;
  cli::check_study_name(wanted.spec.name);
  Store& store = parts_->place->store();
  if (const auto existing = store.find_study(wanted.spec.project, wanted.spec.name)) {
    go_on(*existing, document, wanted);
    return;
  }
  if (!wanted.seed_given)
    wanted.spec.seed = static_cast<std::int64_t>(system_entropy() & 0x7fffffffU);
  fill_warm_start(store, wanted.spec);
  info_ = create_study(store, wanted.spec, wanted.source, cli::actor());
  parts_->spec = std::make_shared<const StudySpec>(std::move(wanted.spec));
}

void CoreStudy::go_on(const StudyInfo& info, const Value& document, const Document& wanted) {
  Store& store = parts_->place->store();
  info_ = info;
  parts_->spec = stored_spec(store, info.id);
  if (store.spec(info.id).source == wanted.source) return;
  std::vector<std::string> changes;
  StudySpec next = continued(*parts_->spec, document, wanted.spec, changes);
  next.warm_start = parts_->spec->warm_start;  // taken when the study was created
  if (next.to_value() == parts_->spec->to_value()) return;
  if (!put_spec(*parts_->place, info.id, wanted.source, next)) {
    warnings_.push_back("another process leads the study, which goes on as it was");
    return;
  }
  parts_->spec = std::make_shared<const StudySpec>(std::move(next));
  for (const std::string& change : changes) warnings_.push_back("changed: " + change);
}

CoreStudy::~CoreStudy() {
  if (!parts_) return;  // the constructor threw
  if (process_ != static_cast<std::int64_t>(::getpid())) {
    static_cast<void>(parts_.release());  // the parent's connection to the store is not ours to end
    return;
  }
  const py::gil_scoped_release released;
  parts_.reset();
}

py::tuple CoreStudy::ask() {
  const AskAnswer answer = [&] {
    const py::gil_scoped_release released;
    return parts_->study->ask();
  }();
  if (const auto* over = std::get_if<AskOver>(&answer))
    return py::make_tuple("over", study_state_name(over->state), over->why);
  if (std::holds_alternative<AskLater>(answer)) return py::make_tuple("later");
  const auto& trial = std::get<CallerTrial>(answer);
  py::dict facts;
  facts["replicate"] = trial.replicate;
  facts["attempt"] = trial.attempt;
  facts["seed"] = trial.seed;
  facts["fidelity_end"] =
      trial.fidelity_end ? py::object(py::float_(*trial.fidelity_end)) : py::object(py::none());
  return py::make_tuple("trial", trial.run.value, trial.number, to_python(trial.config), facts);
}

bool CoreStudy::report(std::int64_t run, double fidelity, const py::dict& values) {
  std::vector<std::pair<std::string, double>> numbers;
  for (const auto& [name, value] : values) {
    std::string metric = name.cast<std::string>();
    const double number = to_number(value, metric);
    numbers.emplace_back(std::move(metric), number);
  }
  const py::gil_scoped_release released;
  return parts_->study->report(RunId{run}, fidelity, numbers);
}

bool CoreStudy::should_stop(std::int64_t run) {
  const py::gil_scoped_release released;
  return parts_->study->should_stop(RunId{run});
}

void CoreStudy::tell(std::int64_t run, const std::vector<double>& values) {
  const py::gil_scoped_release released;
  parts_->study->tell(RunId{run}, values);
}

void CoreStudy::tell_stopped(std::int64_t run) {
  const py::gil_scoped_release released;
  parts_->study->tell_stopped(RunId{run});
}

void CoreStudy::tell_failed(std::int64_t run, const std::string& kind, const std::string& detail) {
  const py::gil_scoped_release released;
  const auto known = fail_kind_from_name(kind);
  if (!known || *known == FailKind::none) {
    throw Error(ErrorCode::invalid_input, fmt::format("'{}' is no kind of failure", kind),
                "exit_code, out_of_memory, timeout, diverged, infeasible, nan, lost, …");
  }
  parts_->study->tell_failed(RunId{run}, *known, detail);
}

void CoreStudy::give_back(std::int64_t run) {
  const py::gil_scoped_release released;
  parts_->study->give_back(RunId{run});
}

std::int64_t CoreStudy::run_of(std::int64_t number) {
  const py::gil_scoped_release released;
  return parts_->study->run_of(number).value;
}

std::string CoreStudy::request(const std::string& kind, const py::object& body) {
  const Value value = body.is_none() ? Value(Value::Map{}) : to_value(body, "");
  const py::gil_scoped_release released;
  return parts_->study->request(kind, value, cli::actor());
}

void CoreStudy::wait(double seconds) {
  const py::gil_scoped_release released;
  parts_->study->wait(static_cast<std::int64_t>(seconds * kSecond_us));
}

/// As `hone enqueue` does: names are known, what is not given takes its default.
py::dict CoreStudy::completed(const py::object& params) {
  const Value given = to_value(params, "params");
  if (!given.is_map()) throw Error(ErrorCode::invalid_input, "params must be a dict");
  const SearchSpace& space = parts_->spec->space;
  Config config = space.default_config();
  for (const auto& [name, value] : given.as_map()) {
    const int index = space.index_of(name);
    if (index < 0) {
      std::vector<std::string> names;
      for (const Parameter& parameter : space.parameters()) names.push_back(parameter.name);
      const auto near = nearest_name(name, names);
      throw Error(
          ErrorCode::invalid_input, fmt::format("the study has no parameter '{}'", name),
          near ? fmt::format("did you mean '{}'?", *near) : "parameters: " + join(names, ", "));
    }
    const Parameter& parameter = space.parameter(index);
    const auto* choice = std::get_if<Choice>(&parameter.domain);
    const int item = choice == nullptr ? -1 : choice->index_of(value);
    config.set(name, item < 0 ? value : choice->items[static_cast<std::size_t>(item)].value);
  }
  config = space.complete(config);
  if (const auto faults = space.violations(config); !faults.empty())
    throw Error(ErrorCode::invalid_input, join(faults, "; "));
  return to_python(config);
}

py::list CoreStudy::trials(std::int64_t from) {
  const Value rows = [&] {
    const py::gil_scoped_release released;
    return parts_->study->read([&](const History& history) { return trial_rows(history, from); });
  }();
  return to_python(rows).cast<py::list>();
}

std::optional<std::int64_t> CoreStudy::best() {
  const py::gil_scoped_release released;
  const std::int64_t number =
      parts_->study->read([](const History& history) { return history.best(); });
  return number < 0 ? std::nullopt : std::optional(number);
}

std::vector<std::int64_t> CoreStudy::front() {
  const py::gil_scoped_release released;
  return parts_->study->read([](const History& history) { return history.front(); });
}

py::dict CoreStudy::status() {
  Value status = Value::Map{};
  {
    const py::gil_scoped_release released;
    parts_->study->read([&](const History& history) { status = status_row(history); });
  }
  return to_python(status).cast<py::dict>();
}

py::object CoreStudy::importance() {
  Value found;
  {
    const py::gil_scoped_release released;
    found = parts_->study->read([](const History& history) {
      const Importance importance = find_importance(history);
      if (!importance.enough) return Value();
      Value shares = Value::Map{};
      for (const Effect& effect : importance.effects) shares.set(effect.parameter, effect.share);
      return shares;
    });
  }
  return to_python(found);
}

py::list CoreStudy::findings() {
  Value found;
  {
    const py::gil_scoped_release released;
    found = parts_->study->read(
        [](const History& history) { return to_json(find_findings(history).statements); });
  }
  return to_python(found).cast<py::list>();
}

py::dict CoreStudy::importance_table() {
  Value found;
  {
    const py::gil_scoped_release released;
    found = parts_->study->read(
        [](const History& history) { return to_json(hone::importance_table(history)); });
  }
  return to_python(found).cast<py::dict>();
}

py::dict CoreStudy::facts() const {
  const StudySpec& spec = *parts_->spec;
  py::list metrics;
  for (const Metric& metric : spec.metrics) {
    py::dict row;
    row["name"] = metric.name;
    row["objective"] = metric.role == MetricRole::objective;
    row["direction"] = goal_name(metric.goal);
    metrics.append(row);
  }
  py::dict facts;
  facts["name"] = info_.name;
  facts["project"] = info_.project;
  facts["store"] = in_memory_ ? py::object(py::none()) : py::str(parts_->place->address());
  facts["method"] = spec.sampler.name;
  facts["seed"] = spec.seed;
  facts["metrics"] = metrics;
  py::list parameters;
  py::list space;
  for (const Parameter& parameter : spec.space.parameters()) {
    parameters.append(parameter.name);
    space.append(to_python(parameter_to_value(parameter)));
  }
  facts["parameters"] = parameters;
  facts["space"] = space;
  return facts;
}

}  // namespace hone::python
