#include "hone/cli/work.h"

#include <fmt/core.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "hone/base/error.h"
#include "hone/base/file.h"
#include "hone/base/id.h"
#include "hone/base/rng.h"
#include "hone/base/text.h"
#include "hone/cli/hooks.h"
#include "hone/mlflow/receiver_process.h"
#include "hone/runner/gpu_monitor.h"
#include "hone/runner/local_executor.h"
#include "hone/runner/process_capture.h"
#include "hone/study/placeholders.h"
#include "hone/study/tracking_spec.h"
#include "hone/tracking/environment.h"
#include "hone/tuner/checkpoint_retention.h"
#include "hone/tuner/job_builder.h"
#include "hone/tuner/job_builder_files.h"

namespace hone::cli {
namespace fs = std::filesystem;
namespace {

constexpr std::int64_t kGitTimeout_us = 5'000'000;

std::int64_t machine_memory_bytes() {
  const long pages = sysconf(_SC_PHYS_PAGES);
  const long size = sysconf(_SC_PAGESIZE);
  return pages > 0 && size > 0 ? static_cast<std::int64_t>(pages) * size : 0;
}

std::optional<std::string> read_small_file(const std::string& path) {
  std::ifstream file(path);
  if (!file) return std::nullopt;
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::optional<std::string> variable(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

/// The interpreter that runs the program, "" where it is none of Python's: what the command names,
/// else the one of the active environment.
std::string interpreter_of(const StudySpec& spec) {
  bool python = command_uses(spec, "interpreter") || spec.command.program.ends_with(".py");
  for (const std::string& word : spec.command.argv) {
    const std::string name = fs::path(word).filename().string();
    if (name.starts_with("python")) return word;
    python = python || name.ends_with(".py");
  }
  if (!python) return "";
  return find_interpreter(variable,
                          [](const std::string& path) { return access(path.c_str(), X_OK) == 0; });
}

Value environment_record(const StudySpec& spec, const std::vector<VisibleGpu>& gpus,
                         const CpuInventory& cpus) {
  EnvironmentSources sources;
  sources.run = [](const std::vector<std::string>& argv) -> std::optional<std::string> {
    const auto captured = run_and_capture(argv, kGitTimeout_us);
    if (!captured || captured->exit_code != 0) return std::nullopt;
    return captured->output;
  };
  sources.read = read_small_file;
  sources.environment = process_environment();
  EnvironmentFacts facts;
  facts.hone_version = version();
  facts.command = spec.command.argv;
  facts.workdir = spec.command.workdir;
  facts.interpreter = interpreter_of(spec);
  for (const VisibleGpu& gpu : gpus) {
    facts.gpus.push_back(gpu.gpu ? gpu.gpu->name : gpu.token);
    if (gpu.gpu) facts.gpu_driver = gpu.gpu->driver;
  }
  facts.cpus = cpus.usable();
  return collect_environment(facts, sources);
}

}  // namespace

struct Work::Parts {
  std::vector<VisibleGpu> gpus;
  CpuInventory cpus;
  std::unique_ptr<mlflow::ReceiverProcess> receiver;
  std::unique_ptr<LocalExecutor> executor;
  std::unique_ptr<LocalJobBuilder> builder;
  std::unique_ptr<CheckpointRetention> retention;
  std::unique_ptr<GpuMonitor> gpu_monitor;
  std::unique_ptr<HookObserver> hooks;
  std::unique_ptr<Session> session;
};

Value environment_of(const StudySpec& spec) {
  return environment_record(spec, visible_gpus(read_gpus(), variable("CUDA_VISIBLE_DEVICES")),
                            read_cpu_inventory());
}

std::vector<std::pair<std::string, std::string>> process_environment() {
  std::vector<std::pair<std::string, std::string>> entries;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const std::size_t equals = text.find('=');
    if (equals != std::string_view::npos && equals > 0) {
      entries.emplace_back(std::string(text.substr(0, equals)),
                           std::string(text.substr(equals + 1)));
    }
  }
  return entries;
}

Work::Work(const Workplace& place, std::shared_ptr<const StudySpec> spec, WorkOptions options)
    : place_(place), spec_(std::move(spec)), options_(options), parts_(std::make_unique<Parts>()) {
  parts_->cpus = read_cpu_inventory();
  parts_->gpus = visible_gpus(read_gpus(), variable("CUDA_VISIBLE_DEVICES"));
  const MachineSize machine{parts_->cpus.usable(), static_cast<int>(parts_->gpus.size()),
                            machine_memory_bytes()};
  plan_ = plan_session(*spec_, machine, options_.parallel);
}

Work::~Work() = default;

JobBuilderOptions Work::builder_options(const StudyInfo& study) const {
  JobBuilderOptions options;
  options.study_name = study.name;
  options.study_uid = study.uid;
  options.trials_folder = place_.trials_folder(study);
  make_private_folder(options.trials_folder);
  write_private_file(options.trials_folder / ".study", study.uid + "\n");
  options.private_folder = place_.private_folder();
  options.parallel = plan_.parallel;
  options.environment = process_environment();
  options.gpus = parts_->gpus;
  options.gpus_per_run = plan_.gpus_per_run;
  options.cpus = parts_->cpus;
  options.environment_record = environment_record(*spec_, parts_->gpus, parts_->cpus).dump();
  options.mlflow = [this] { return parts_->receiver->address(); };
  if (plan_.gpus_per_run > 0) options.read_gpus = [] { return read_gpus(); };
  return options;
}

SessionEnd Work::run(const StudyInfo& study, SessionObserver& observer) {
  const std::uint64_t entropy = system_entropy();
  parts_->executor =
      std::make_unique<LocalExecutor>(LocalExecutorOptions{place_.private_folder() / "keepers"});
  parts_->receiver = std::make_unique<mlflow::ReceiverProcess>(place_.private_folder() / "mlflow");
  parts_->builder =
      std::make_unique<LocalJobBuilder>(spec_, place_.clock(), builder_options(study));
  SessionOptions options;
  options.study = study.id;
  options.holder = this_process_holder();
  options.worker_uid = make_uid(place_.clock().now_us(), Rng(entropy).split("worker"));
  options.version = version();
  Value resources = Value::Map{};
  resources.set("parallel", plan_.parallel)
      .set("cpus", parts_->cpus.usable())
      .set("gpus", static_cast<int>(parts_->gpus.size()));
  options.resources = resources.dump();
  options.parallel = plan_.parallel;
  options.may_lead = options_.may_lead;
  options.end_now = options_.end_now;
  options.entropy = entropy;
  // From the file as it rules: `hone resume` and `hone worker` know no other.
  const TrackingSpec tracking = tracking_of(place_.store().spec(study.id).source);
  options.system_metrics_us = tracking.system_metrics_us;
  if (!parts_->gpus.empty() && tracking.system_metrics_us > 0) {
    parts_->gpu_monitor = std::make_unique<GpuMonitor>([] { return read_gpus(); });
    options.look_at_gpus = [this] {
      return parts_->gpu_monitor->look(place_.clock().monotonic_us());
    };
    options.visible_gpus = variable("CUDA_VISIBLE_DEVICES");
  }
  parts_->retention = std::make_unique<CheckpointRetention>(place_.trials_folder(study));
  options.tidy = [this](const History& history) { return parts_->retention->step(history); };
  parts_->hooks = std::make_unique<HookObserver>(observer, tracking, study_title(study),
                                                 spec_->command.workdir);
  parts_->session =
      std::make_unique<Session>(place_.store(), *parts_->executor, place_.clock(), place_.probe(),
                                spec_, *parts_->builder, std::move(options), *parts_->hooks);
  const SessionEnd end = parts_->session->run();
  parts_->hooks->close(end == SessionEnd::finished);
  return end;
}

const History& Work::history() const { return parts_->session->history(); }

std::vector<std::string> Work::seen_metrics() const {
  return parts_->session->worker().seen_metrics();
}

std::string Work::recognised() const { return parts_->session->worker().recognised(); }

}  // namespace hone::cli
