// From a claimed run to a process that can be started on this machine: folders and files of the
// trial, placeholders of the command, environment, devices, checkpoint to go on from, and the
// sources that metrics are read from.
//
// Layout below the study's folder: `<number>/` belongs to the trial (`${trial_dir}`; a further
// replicate or confirmation has
// `<number>/replicate-1/`, `<number>/confirm-0/` for itself, since two programs must not write over
// each other), and holds `config.json`, `checkpoints/` and one `run-<segment>-<attempt>/` for each
// process with its logs. Everything is readable by the user only.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "hone/base/clock.h"
#include "hone/runner/cpu.h"
#include "hone/runner/gpu.h"
#include "hone/runner/mlflow_ticket.h"
#include "hone/runner/process.h"
#include "hone/tuner/worker.h"

namespace hone {

struct JobBuilderOptions {
  std::string study_name;
  std::string study_uid;
  std::filesystem::path trials_folder;   ///< of this study; made when the first run is built
  std::filesystem::path private_folder;  ///< where the hook for wandb is written, once per version
  int parallel = 1;                      ///< runs that share the machine: for thread counts
  std::vector<std::pair<std::string, std::string>> environment;  ///< the user's
  std::vector<VisibleGpu> gpus;                                  ///< devices that runs may be given
  double gpus_per_run = 0;  ///< 0: the variables for devices are left as the user has them
  CpuInventory cpus;
  std::string environment_record = "{}";  ///< RunStart::environment
  /// What the driver says now, to see whether a device is free again; empty: devices are free when
  /// their run has ended.
  std::function<std::vector<Gpu>()> read_gpus;
  /// The receiver of MLflow's clients, started when first asked; empty: there is none.
  std::function<mlflow::ReceiverAddress()> mlflow;
};

/// In the folder of a trial (of a replicate, of a confirmation): "stop" or "pause" from the moment
/// its running program is to end by a verdict; absent before, and after an interruption.
constexpr const char* kVerdictFile = "verdict";

/// In the same folder: what a program leaves there is its result besides numbers ($HONE_ARTIFACTS).
constexpr const char* kArtifactsFolder = "artifacts";

/// One owner thread (the worker's).
class LocalJobBuilder final : public JobBuilder {
 public:
  LocalJobBuilder(std::shared_ptr<const StudySpec> spec, const Clock& clock,
                  JobBuilderOptions options);
  ~LocalJobBuilder() override;

  std::variant<BuiltJob, JobRefused, NoRoom> build(const Claim& claim) override;
  Job rebuild(const Claim& claim) override;
  void tell(const Claim& claim, Verdict verdict) override;
  void release(RunId run) override;
  /// Starts the receiver of MLflow's clients again where it has died under running programs.
  void look_after_helpers() override;

  /// `${trial_dir}` of a run, and the folder of the run itself.
  static std::filesystem::path trial_dir(const std::filesystem::path& trials_folder,
                                         const RunPlan& plan);
  static std::filesystem::path run_folder(const std::filesystem::path& trials_folder,
                                          const RunPlan& plan);

 private:
  struct MlflowTicket {
    std::string folder;  ///< where it lies
    std::string token;   ///< "": there is none
  };
  struct Devices {
    std::vector<std::size_t> gpus;  ///< indices into options_.gpus
    std::vector<int> cpus;
    std::optional<int> port;
    std::string folder;  ///< of the run: told when it ended
    MlflowTicket mlflow;
  };
  struct GpuState {
    double load = 0;
    bool cooling = false;  ///< its run has ended; the driver has not given the memory back yet
    std::int64_t cooling_since_us = 0;
    std::int64_t before_bytes = 0;
  };
  struct Draft;

  bool take_devices(RunId run);
  void give_back(RunId run);
  void look_at_cooling_gpus();
  std::optional<std::string> fill(const Claim& claim, Draft& draft);
  /// Sets the checkpoint that the run goes on from; what is wrong, else.
  std::optional<std::string> find_checkpoint(const Claim& claim, Draft& draft);
  /// The checkpoints of a trial.
  struct SavedState {
    std::optional<std::filesystem::path> whole;  ///< the newest that is
    bool any = false;                            ///< something matches, whole or not
  };
  SavedState saved_in(const std::filesystem::path& folder, const RunPlan& plan,
                      const Config& config) const;
  std::optional<std::string> write_files(const Claim& claim, Draft& draft);
  std::vector<std::pair<std::string, std::string>> environment_of(const Claim& claim,
                                                                  const Draft& draft);
  void add_wandb(Draft& draft, std::vector<std::pair<std::string, std::string>>& environment);
  std::optional<MlflowTicket> add_mlflow(
      const mlflow::Ticket& ticket, std::vector<std::pair<std::string, std::string>>& environment);
  std::string devices_json(RunId run) const;
  std::string gpu_text(RunId run) const;

  std::shared_ptr<const StudySpec> spec_;
  const Clock& clock_;
  JobBuilderOptions options_;
  std::map<RunId, Devices> devices_;
  std::map<RunId, std::int64_t> due_since_us_;  ///< runs that wait for a checkpoint
  std::vector<GpuState> gpu_states_;
  FreePorts ports_;
  std::string hook_folder_;  ///< once written
  std::string interpreter_;
  std::int64_t looked_at_gpus_us_ = 0;
  std::string receiver_folder_;         ///< that this builder's tickets lie in; "" before the first
  std::int64_t receiver_retry_us_ = 0;  ///< monotonic: it is left alone until then
};

}  // namespace hone
