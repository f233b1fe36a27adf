// Each row: what the launcher does that a supervisor of processes must know. Sources: the
// launchers' own manuals.
#include "hone/study/study_file_launchers.h"

#include <algorithm>

namespace hone {
namespace {

bool has(const std::vector<std::string>& argv, std::string_view option) {
  return std::any_of(argv.begin(), argv.end(), [&](const std::string& text) {
    return text.compare(0, option.size(), option) == 0;
  });
}

std::string base_name(const std::string& path) { return path.substr(path.rfind('/') + 1); }

}  // namespace

std::optional<LauncherAdvice> launcher_advice(const std::vector<std::string>& argv,
                                              std::size_t at) {
  const std::string name = base_name(argv[at]);
  const std::string next = at + 1 < argv.size() ? argv[at + 1] : "";
  if ((name == "conda" || name == "mamba" || name == "micromamba") && next == "run") {
    if (has(argv, "--no-capture-output") || has(argv, "--live-stream")) return std::nullopt;
    if (name == "micromamba") return std::nullopt;  // passes output on as it comes
    return LauncherAdvice{
        name + " run keeps all output until the program ends, so nothing can be stopped early",
        "add --no-capture-output behind run"};
  }
  if ((name == "docker" || name == "podman") && next == "run") {
    const bool attached = !has(argv, "-d") && !has(argv, "--detach");
    if (!attached) {
      return LauncherAdvice{name + " run -d returns at once: the trial would end before it began",
                            "remove -d"};
    }
    return LauncherAdvice{
        "a container is no child of " + name +
            " run: declare stop_command, and pass HONE_* variables and the trial's folder on (-e, "
            "-v)",
        "add stop_command: [" + name + ", stop, \"hone-${trial}\"] and --name hone-${trial}"};
  }
  if (name == "srun") {
    return LauncherAdvice{
        "srun starts the program on other nodes, outside of this process tree: declare "
        "stop_command; limits of "
        "memory do not see it",
        "add stop_command: [scancel, --name, \"hone-${trial}\"] and --job-name=hone-${trial}"};
  }
  if (name == "sbatch") {
    return LauncherAdvice{"sbatch returns at once: the trial would end before it began",
                          "use srun, or sbatch --wait"};
  }
  if (name == "torchrun" && !has(argv, "--standalone") && !has(argv, "--master_port") &&
      !has(argv, "--master-port") && !has(argv, "--rdzv")) {
    return LauncherAdvice{
        "torchrun uses port 29500 unless told otherwise, so two trials on one machine collide",
        "add --standalone, or \"--master_port=${port}\""};
  }
  if (name == "accelerate" && next == "launch" && !has(argv, "--main_process_port")) {
    return LauncherAdvice{
        "accelerate launch uses port 29500 for several processes, so two trials on one machine "
        "collide",
        "add --main_process_port, \"${port}\""};
  }
  if (name == "deepspeed" && !has(argv, "--master_port")) {
    return LauncherAdvice{
        "deepspeed uses port 29500 unless told otherwise, so two trials on one machine collide",
        "add --master_port, \"${port}\""};
  }
  if ((name == "nohup" || name == "setsid") && !next.empty()) {
    return LauncherAdvice{name + " is not needed: runs go on when the terminal is gone",
                          "remove it"};
  }
  if (name == "wandb" && next == "agent") {
    return LauncherAdvice{"wandb agent asks a server for its parameters; here hone plays its part",
                          "run the program itself"};
  }
  return std::nullopt;
}

}  // namespace hone
