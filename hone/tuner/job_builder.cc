#include "hone/tuner/job_builder.h"

#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "hone/base/error.h"
#include "hone/base/file.h"
#include "hone/base/log.h"
#include "hone/base/text.h"
#include "hone/study/config_files.h"
#include "hone/study/placeholders.h"
#include "hone/tuner/checkpoint_copy.h"
#include "hone/tuner/job_builder_files.h"
#include "hone/tuner/job_environment.h"
#include "hone/tuner/settle.h"

namespace hone {
namespace fs = std::filesystem;
namespace {

constexpr const char* kJobFile = "job.json";

/// A path of the study file: relative ones are seen from the folder in which programs run.
fs::path in_workdir(const StudySpec& spec, const std::string& path) {
  return path.starts_with('/') ? fs::path(path) : fs::path(spec.command.workdir) / path;
}

std::int64_t size_of(const fs::path& path) {
  struct stat info {};
  return stat(path.c_str(), &info) == 0 ? static_cast<std::int64_t>(info.st_size) : 0;
}

/// When a file was last written, in the file system's own time; 0 where it is not there.
std::int64_t written_us(const fs::path& path) {
  struct stat info {};
  if (stat(path.c_str(), &info) != 0) return 0;
  return info.st_mtim.tv_sec * 1'000'000 + info.st_mtim.tv_nsec / 1000;
}

bool is_below(const fs::path& path, const fs::path& folder) {
  const std::string text = path.lexically_normal().string();
  return text.starts_with(folder.lexically_normal().string() + "/");
}

/// The entries of `files`; what is wrong, or nullopt.
std::optional<std::string> write_config_files(const StudySpec& spec, const ExpandContext& context) {
  constexpr std::int64_t kConfigFileBytes = 16 << 20;
  for (const ConfigFile& file : spec.command.files) {
    const auto from = expand_text(file.from, spec, context);
    if (const auto* wrong = std::get_if<ExpandError>(&from)) return "files.from: " + wrong->message;
    const auto to = expand_text(file.to, spec, context);
    if (const auto* wrong = std::get_if<ExpandError>(&to)) return "files.to: " + wrong->message;
    const fs::path source = in_workdir(spec, std::get<std::string>(from));
    const auto text = expand_config_file(file, read_file(source, kConfigFileBytes), spec, context);
    if (const auto* wrong = std::get_if<ExpandError>(&text)) return wrong->message;
    const fs::path target = in_workdir(spec, std::get<std::string>(to));
    if (!fs::exists(target.parent_path())) make_private_folder(target.parent_path());
    write_private_file(target, std::get<std::string>(text));
  }
  return std::nullopt;
}

/// A checkpoint that changes while it is copied is looked for again so often.
constexpr int kCopyTries = 5;
/// How long a fork waits for its parent's checkpoint to be whole.
constexpr std::int64_t kDueAtMost_us = 30'000'000;

/// The runs' folders within the folder of a trial or replicate.
std::vector<fs::path> run_folders_in(const fs::path& folder) {
  return match_paths((folder / "run-*").string());
}

}  // namespace

/// A job as it is put together.
struct LocalJobBuilder::Draft {
  fs::path trial_dir;
  fs::path folder;
  fs::path metrics;
  std::optional<std::string> checkpoint;
  bool checkpoint_is_due = false;  ///< the one to go on from is being written
  std::vector<std::string> argv;
  Environment environment;
  std::vector<JobSource> sources;
  std::vector<std::string> event_folders;
};

LocalJobBuilder::LocalJobBuilder(std::shared_ptr<const StudySpec> spec, const Clock& clock,
                                 JobBuilderOptions options)
    : spec_(std::move(spec)),
      clock_(clock),
      options_(std::move(options)),
      gpu_states_(options_.gpus.size()) {
  interpreter_ = find_interpreter(
      [this](const std::string& name) { return value_of(options_.environment, name); },
      [](const std::string& path) { return access(path.c_str(), X_OK) == 0; });
}

LocalJobBuilder::~LocalJobBuilder() = default;

fs::path LocalJobBuilder::trial_dir(const fs::path& trials_folder, const RunPlan& plan) {
  const fs::path trial = trials_folder / std::to_string(plan.trial);
  if (plan.purpose != RunPurpose::search) {
    return trial / fmt::format("{}-{}", run_purpose_name(plan.purpose), plan.replicate);
  }
  return plan.replicate == 0 ? trial : trial / fmt::format("replicate-{}", plan.replicate);
}

fs::path LocalJobBuilder::run_folder(const fs::path& trials_folder, const RunPlan& plan) {
  return trial_dir(trials_folder, plan) / fmt::format("run-{}-{}", plan.segment, plan.attempt);
}

std::variant<BuiltJob, JobRefused, NoRoom> LocalJobBuilder::build(const Claim& claim) {
  const RunId run = claim.run.id;
  if (!take_devices(run)) return NoRoom{};
  Draft draft;
  draft.trial_dir = trial_dir(options_.trials_folder, claim.run.plan);
  draft.folder = run_folder(options_.trials_folder, claim.run.plan);
  draft.metrics = draft.folder / "metrics.jsonl";
  devices_[run].folder = draft.folder.string();
  std::optional<std::string> problem;
  try {
    problem = fill(claim, draft);
  } catch (const Error& error) {
    problem = error.what();
  } catch (const fs::filesystem_error& error) {
    problem = error.what();
  }
  if (problem || draft.checkpoint_is_due) give_back(run);
  if (problem) return JobRefused{*problem};
  if (draft.checkpoint_is_due) return NoRoom{};
  due_since_us_.erase(run);
  BuiltJob built;
  Job& job = built.job;
  job.run = run;
  job.token = claim.run.token;
  job.study_uid = options_.study_uid;
  job.argv = draft.argv;
  job.env = std::move(draft.environment);
  job.workdir = spec_->command.workdir;
  job.folder = draft.folder.string();
  job.sources = std::move(draft.sources);
  job.event_folders = std::move(draft.event_folders);
  job.event_files_since_us = written_us(draft.folder / kJobFile);
  job.tty = spec_->command.tty;
  job.output_limit_bytes = spec_->limits.output_bytes;
  job.cpus = devices_[run].cpus;
  job.orphan_us = spec_->limits.orphan_us;
  built.start.argv = std::move(draft.argv);
  built.start.folder = job.folder;
  built.start.devices = devices_json(run);
  built.start.environment = options_.environment_record;
  return built;
}

std::optional<std::string> LocalJobBuilder::fill(const Claim& claim, Draft& draft) {
  make_private_folder(draft.folder);
  make_private_folder(draft.trial_dir / kArtifactsFolder);
  const RunPlan& plan = claim.run.plan;
  if (plan.resume_from == kNewestCheckpoint && spec_->checkpoint) {
    if (auto problem = find_checkpoint(claim, draft)) return *problem;
    if (draft.checkpoint_is_due) return std::nullopt;
  } else if (!plan.resume_from.empty() && plan.resume_from != kNewestCheckpoint) {
    if (!fs::exists(plan.resume_from)) {
      return fmt::format("the checkpoint {} that this run should go on from does not exist",
                         plan.resume_from);
    }
    draft.checkpoint = plan.resume_from;
  }
  return write_files(claim, draft);
}

/// What the folder of a trial or replicate holds. The pattern may name that folder and parameters,
/// never a checkpoint. Throws Error(invalid_input).
LocalJobBuilder::SavedState LocalJobBuilder::saved_in(const fs::path& folder, const RunPlan& plan,
                                                      const Config& config) const {
  const ExpandContext context{config, plan.seed, plan.trial, folder.string()};
  const auto expanded = expand_text(spec_->checkpoint->path, *spec_, context);
  if (const auto* wrong = std::get_if<ExpandError>(&expanded))
    throw Error(ErrorCode::invalid_input, "checkpoint.path: " + wrong->message);
  const std::string pattern = in_workdir(*spec_, std::get<std::string>(expanded)).string();
  return {newest_checkpoint(pattern, spec_->checkpoint->ready, run_folders_in(folder)),
          !match_paths(pattern).empty()};
}

std::optional<std::string> LocalJobBuilder::find_checkpoint(const Claim& claim, Draft& draft) {
  const RunPlan& plan = claim.run.plan;
  const Config& config = claim.proposal->config;
  if (const auto own = saved_in(draft.trial_dir, plan, config).whole) {
    draft.checkpoint = own->string();
    return std::nullopt;
  }
  if (claim.proposal->origin != TrialOrigin::fork || !claim.proposal->parent) return std::nullopt;
  // A fork begins with a copy of its parent's: made once, so that every attempt begins alike.
  const fs::path copies = draft.trial_dir / "forked-from";
  for (int i = 0; i < kCopyTries; ++i) {
    if (const auto copy = copied_checkpoint(copies)) {
      draft.checkpoint = copy->string();
      return std::nullopt;
    }
    RunPlan parent = plan;
    parent.trial = *claim.proposal->parent;
    const fs::path folder = trial_dir(options_.trials_folder, parent);
    const SavedState saved = saved_in(folder, parent, config);
    fs::path from = saved.whole.value_or(fs::path());
    if (from.empty() && !saved.any) {  // a parent that is a fork itself and has saved nothing since
      from = copied_checkpoint(folder / "forked-from").value_or(fs::path());
    }
    if (from.empty()) break;
    const bool immutable = !spec_->checkpoint->ready.empty() || was_renamed(from);
    copy_checkpoint(from, copies / from.filename(), immutable);
  }
  // It may be about to be whole.
  const std::int64_t now = clock_.monotonic_us();
  const std::int64_t since = due_since_us_.try_emplace(claim.run.id, now).first->second;
  draft.checkpoint_is_due = now - since < kDueAtMost_us;
  if (draft.checkpoint_is_due) return std::nullopt;
  due_since_us_.erase(claim.run.id);
  return fmt::format(
      "trial {}, which this one goes on from, has no whole checkpoint that matches "
      "{}: does the program save before it reports?",
      *claim.proposal->parent, spec_->checkpoint->path);
}

std::optional<std::string> LocalJobBuilder::write_files(const Claim& claim, Draft& draft) {
  const RunPlan& plan = claim.run.plan;
  const Config& config = claim.proposal->config;
  const auto lookup = [this](const std::string& name) {
    return value_of(options_.environment, name);
  };
  ExpandContext context{config, plan.seed, plan.trial, draft.trial_dir.string()};
  context.fidelity = plan.fidelity_target;
  context.checkpoint = draft.checkpoint;
  context.gpu = gpu_text(claim.run.id);
  context.port = devices_[claim.run.id].port;
  context.interpreter = interpreter_;
  context.environment = lookup;

  make_private_folder(draft.trial_dir / "checkpoints");
  std::error_code none;
  fs::remove(draft.trial_dir / kVerdictFile, none);  // on the run before this one
  write_private_file(draft.trial_dir / "config.json", config_json(*spec_, config));
  auto argv = expand_command(*spec_, context);
  if (const auto* wrong = std::get_if<ExpandError>(&argv)) return wrong->message;
  draft.argv = std::get<std::vector<std::string>>(std::move(argv));
  if (draft.argv.empty()) return "the command is empty once its placeholders are filled in";
  if (auto problem = write_config_files(*spec_, context)) return *problem;

  draft.environment = environment_of(claim, draft);
  for (const auto& [name, text] : spec_->command.env) {
    const auto value = expand_text(text, *spec_, context);
    if (const auto* wrong = std::get_if<ExpandError>(&value))
      return fmt::format("env {}: {}", name, wrong->message);
    set_variable(draft.environment, name, std::get<std::string>(value));
  }
  write_private_file(draft.folder / "wandb-parameters.yaml", wandb_parameter_file(*spec_, config));
  add_wandb(draft, draft.environment);
  const std::string mark = value_of(draft.environment, "HONE_RUN").value_or("");
  const auto ticket = add_mlflow(
      {mark, options_.study_name, plan.trial, draft.trial_dir, draft.folder, draft.metrics},
      draft.environment);
  if (ticket) devices_[claim.run.id].mlflow = *ticket;

  draft.sources = {{"stdout", (draft.folder / "stdout.log").string(), 0},
                   {"stderr", (draft.folder / "stderr.log").string(), 0},
                   {"metrics", draft.metrics.string(), 0}};
  draft.event_folders = {draft.trial_dir.string()};
  for (const std::string& pattern : spec_->metric_source.files) {
    const auto expanded = expand_text(pattern, *spec_, context);
    if (const auto* wrong = std::get_if<ExpandError>(&expanded))
      return "metric_source.files: " + wrong->message;
    const fs::path path = in_workdir(*spec_, std::get<std::string>(expanded));
    if (path.filename().empty()) {  // ends in a slash
      draft.event_folders.push_back(path.string());
      continue;
    }
    // What an earlier attempt left there is not this run's: put aside when the run starts anew,
    // skipped when it goes on.
    if (!draft.checkpoint && is_below(path, draft.trial_dir) && fs::exists(path)) {
      fs::rename(path, draft.folder / ("before-" + path.filename().string()));
    }
    draft.sources.push_back({path.string(), path.string(), size_of(path)});
  }

  Value job = Value::Map{};
  Value::List sources;
  Value::List event_folders(draft.event_folders.begin(), draft.event_folders.end());
  for (const JobSource& source : draft.sources)
    sources.emplace_back(Value::List{source.name, source.path, source.offset});
  job.set("argv", Value(Value::List(draft.argv.begin(), draft.argv.end())))
      .set("sources", Value(std::move(sources)))
      .set("event_folders", Value(std::move(event_folders)))
      .set("devices", Value::parse(devices_json(claim.run.id)).value_or(Value::Map{}));
  if (ticket) job.set("mlflow", Value(Value::List{ticket->folder, ticket->token}));
  write_private_file(draft.folder / kJobFile, job.dump() + "\n");
  return std::nullopt;
}

Environment LocalJobBuilder::environment_of(const Claim& claim, const Draft& draft) {
  const RunPlan& plan = claim.run.plan;
  const RunId run = claim.run.id;
  Environment environment = options_.environment;
  const auto is_set = [&](const std::string& name) {
    if (value_of(options_.environment, name)) return true;
    return std::any_of(spec_->command.env.begin(), spec_->command.env.end(),
                       [&](const auto& entry) { return entry.first == name; });
  };
  for (auto& [name, value] :
       thread_variables(options_.cpus, options_.parallel, spec_->resources.cpus, is_set)) {
    set_variable(environment, name, value);
  }
  if (!is_set("PYTHONUNBUFFERED")) set_variable(environment, "PYTHONUNBUFFERED", "1");
  const Devices& devices = devices_[run];
  if (options_.gpus_per_run > 0) {
    std::vector<std::string> tokens;
    for (const std::size_t i : devices.gpus) tokens.push_back(options_.gpus[i].token);
    for (auto& [name, value] : gpu_variables(tokens)) set_variable(environment, name, value);
  }
  if (devices.port) {
    if (!is_set("MASTER_ADDR")) set_variable(environment, "MASTER_ADDR", "127.0.0.1");
    if (!is_set("MASTER_PORT"))
      set_variable(environment, "MASTER_PORT", std::to_string(*devices.port));
  }
  for (auto& [name, value] : parameter_environment(*spec_, claim.proposal->config)) {
    set_variable(environment, name, std::move(value));
  }
  set_variable(environment, "HONE_STUDY", options_.study_name);
  set_variable(environment, "HONE_TRIAL", std::to_string(plan.trial));
  set_variable(environment, "HONE_TRIAL_DIR", draft.trial_dir.string());
  set_variable(environment, "HONE_METRICS", draft.metrics.string());
  set_variable(environment, "HONE_ARTIFACTS", (draft.trial_dir / kArtifactsFolder).string());
  set_variable(environment, "HONE_CHECKPOINT_DIR", (draft.trial_dir / "checkpoints").string());
  set_variable(environment, "HONE_SEED", std::to_string(plan.seed));
  set_variable(environment, "HONE_RUN",
               fmt::format("{}/{}/{}", options_.study_uid, run.value, claim.run.token));
  if (draft.checkpoint) set_variable(environment, "HONE_RESUME_FROM", *draft.checkpoint);
  if (plan.fidelity_target)
    set_variable(environment, "HONE_FIDELITY", format_double(*plan.fidelity_target));
  return environment;
}

void LocalJobBuilder::add_wandb(Draft& draft, Environment& environment) {
  if (hook_folder_.empty()) hook_folder_ = write_wandb_hook(options_.private_folder).string();
  const std::string before = value_of(environment, "PYTHONPATH").value_or("");
  set_variable(environment, "PYTHONPATH",
               before.empty() ? hook_folder_ : hook_folder_ + ":" + before);
  set_variable(environment, "WANDB_SWEEP_PARAM_PATH",
               (draft.folder / "wandb-parameters.yaml").string());
  if (value_of(environment, "WANDB_MODE")) return;  // the user's own ways with wandb
  set_variable(environment, "WANDB_MODE", "offline");
  if (!value_of(environment, "WANDB_DIR"))
    set_variable(environment, "WANDB_DIR", draft.folder.string());
  // No WANDB_RUN_ID: with one, a second run of the same program (a worker, a nested init) would be
  // refused as in use.
  if (!value_of(environment, "WANDB_ERROR_REPORTING"))
    set_variable(environment, "WANDB_ERROR_REPORTING", "false");
  if (!value_of(environment, "WANDB_SILENT")) set_variable(environment, "WANDB_SILENT", "true");
}

Job LocalJobBuilder::rebuild(const Claim& claim) {
  Job job;
  job.run = claim.run.id;
  job.token = claim.run.token;
  job.study_uid = options_.study_uid;
  job.workdir = spec_->command.workdir;
  const Value started = Value::parse(claim.started).value_or(Value::Map{});
  job.folder =
      started.string_or("folder", run_folder(options_.trials_folder, claim.run.plan).string());
  job.tty = spec_->command.tty;
  job.output_limit_bytes = spec_->limits.output_bytes;
  job.orphan_us = spec_->limits.orphan_us;
  const fs::path folder = job.folder;
  std::optional<Value> stored;
  if (fs::exists(folder / kJobFile)) stored = Value::parse(read_file(folder / kJobFile, 1 << 20));
  const Value* argv = started.find("argv");
  if (argv == nullptr && stored) argv = stored->find("argv");  // its start was not stored any more
  if (argv != nullptr && argv->is_list()) {
    for (const Value& argument : argv->as_list()) {
      if (argument.is_string()) job.argv.push_back(argument.as_string());
    }
  }
  const Value* sources = stored ? stored->find("sources") : nullptr;
  if (sources != nullptr && sources->is_list()) {
    for (const Value& row : sources->as_list()) {
      if (!row.is_list() || row.as_list().size() != 3) continue;
      const Value::List& fields = row.as_list();
      job.sources.push_back({fields[0].as_string(), fields[1].as_string(), fields[2].as_int()});
    }
  }
  if (job.sources.size() < 2) {
    job.sources = {{"stdout", (folder / "stdout.log").string(), 0},
                   {"stderr", (folder / "stderr.log").string(), 0},
                   {"metrics", (folder / "metrics.jsonl").string(), 0}};
  }
  const Value* event_folders = stored ? stored->find("event_folders") : nullptr;
  if (event_folders != nullptr && event_folders->is_list()) {
    for (const Value& each : event_folders->as_list()) {
      if (each.is_string()) job.event_folders.push_back(each.as_string());
    }
    job.event_files_since_us = written_us(folder / kJobFile);
  }
  // Its devices are in use.
  Devices& devices = devices_[claim.run.id];
  devices.folder = job.folder;
  const Value* ticket = stored ? stored->find("mlflow") : nullptr;
  if (ticket != nullptr && ticket->is_list() && ticket->as_list().size() == 2) {
    const Value::List& fields = ticket->as_list();
    if (fields[0].is_string() && fields[1].is_string())
      devices.mlflow = {fields[0].as_string(), fields[1].as_string()};
  }
  const Value* held = stored ? stored->find("devices") : nullptr;
  const Value* gpus = held != nullptr ? held->find("gpus") : nullptr;
  if (gpus != nullptr && gpus->is_list()) {
    for (const Value& token : gpus->as_list()) {
      for (std::size_t i = 0; i < options_.gpus.size(); ++i) {
        if (!token.is_string() || options_.gpus[i].token != token.as_string()) continue;
        devices.gpus.push_back(i);
        gpu_states_[i].load =
            std::min(1.0, gpu_states_[i].load + std::min(1.0, options_.gpus_per_run));
      }
    }
  }
  const Value* cpus = held != nullptr ? held->find("cpus") : nullptr;
  if (cpus != nullptr && cpus->is_list()) {
    for (const Value& cpu : cpus->as_list()) {
      if (cpu.is_int()) devices.cpus.push_back(static_cast<int>(cpu.as_int()));
    }
  }
  return job;
}

void LocalJobBuilder::tell(const Claim& claim, Verdict verdict) {
  const fs::path folder = trial_dir(options_.trials_folder, claim.run.plan);
  try {
    write_private_file(folder / kVerdictFile, verdict == Verdict::pause ? "pause\n" : "stop\n");
  } catch (const Error& error) {
    log(LogLevel::debug, error.what());  // the signal that follows says it too
  }
}

void LocalJobBuilder::release(RunId run) {
  const auto it = devices_.find(run);
  if (it == devices_.end()) return;
  if (!it->second.mlflow.token.empty())
    mlflow::dismiss(it->second.mlflow.folder, it->second.mlflow.token);
  try {
    if (!it->second.folder.empty() && fs::exists(it->second.folder)) {
      write_private_file(fs::path(it->second.folder) / kEndedFile, "");
    }
  } catch (const Error& error) {
    log(LogLevel::debug, error.what());
  }
  give_back(run);
}

}  // namespace hone
