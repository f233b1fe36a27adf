// The keys of the study file, written once: errors ("unknown key … did you mean"), `hone help
// study-file` and the reference page come from this table.
#include <algorithm>

#include "hone/base/assert.h"
#include "hone/study/study_file.h"

namespace hone {
namespace {

constexpr bool kSweep = true;  // part of the W&B sweep file

StudyFileSection top_level() {
  return {
      "",
      "A study file is YAML. It says what to run, what to measure, what may vary, and how long to "
      "search.",
      {
          {"program", "text", "", "The program that trains; run by the default command", "train.py",
           kSweep},
          {"command", "list of texts", "[${env}, ${interpreter}, ${program}, ${args}]",
           "The program and its arguments, without a shell; see `hone help placeholders`",
           "[python, train.py, \"${args}\"]", kSweep},
          {"method", "text or map", "auto",
           "How configurations are chosen: auto, tpe, sobol, … or grid, random, bayes as in a "
           "sweep file; a map gives "
           "options: {name: tpe, candidates: 48}",
           "auto", kSweep},
          {"options", "map", "", "Options of the method, where `method` is a text",
           "{candidates: 48}"},
          {"metric", "map", "", "What is optimised", "{name: val_loss, goal: minimize}", kSweep},
          {"metrics", "list of maps", "", "Several metrics; those without `role` are objectives",
           "[{name: loss}, {name: accuracy, goal: maximize}]", kSweep},
          {"guards", "list of maps", "",
           "Metrics that must stay within bounds for a trial to count",
           "[{name: base_accuracy, min: 0.45}]"},
          {"parameters", "map", "required", "What may vary, by name",
           "{lr: {min: 1e-5, max: 1e-1, distribution: log_uniform_values}}", kSweep},
          {"constraints", "list of texts", "",
           "Conditions over parameters that every configuration keeps",
           "[\"batch * accumulation <= 128\"]"},
          {"fidelity", "map or text", "", "The axis of a trial's curve",
           "{name: epoch, min: 1, max: 9}"},
          {"scheduler", "text or map", "none", "What stops, pauses or promotes trials early",
           "{type: asha, eta: 3}", kSweep},
          {"pruner", "text or map", "", "Another name for `scheduler`", "median"},
          {"early_terminate", "map", "", "The sweep file's early stopping, with its exact rule",
           "{type: hyperband, min_iter: 3}", kSweep},
          {"detectors", "off, warn, stop or map", "each its own",
           "What is done when a trial's curves show that something is wrong: by name, off, warn, "
           "stop or a map with options; one word for all. `hone help detectors`",
           "{plateau: off, overfitting: {action: stop, patience: 5}}"},
          {"budget", "map", "", "When the study ends", "{trials: 60, time: 8h}"},
          {"run_cap", "number", "", "The sweep file's name for budget.trials", "50", kSweep},
          {"parallel", "number or auto", "auto", "Runs at a time", "4"},
          {"resources", "map", "", "What one run needs", "{gpus: 1, cpus: 4}"},
          {"limits", "map", "", "What one run may use, and what counts as failed",
           "{time: 30m, memory: 12GiB}"},
          {"replicates", "number or map", "1",
           "Runs per configuration, each with a seed of its own", "{count: 3, racing: true}"},
          {"confirm", "map", "", "Runs the best again with fresh seeds at the end",
           "{top: 3, seeds: 3}"},
          {"on_oom", "map", "", "How a trial that ran out of memory is tried again",
           "{halve: batch_size, double: accumulation}"},
          {"on_gpu_oom", "map", "", "The same for the memory of GPUs",
           "{halve: batch_size, double: accumulation}"},
          {"hooks", "map", "", "What is run or told when a trial or the study has ended",
           "{finished: [notify-send, \"the study has ended\"]}"},
          {"system_metrics", "duration or false", "5s",
           "Between two looks at what a run uses of processors, memory, disks, network and GPUs, "
           "in "
           "its first two minutes; three times as rare afterwards",
           "false"},
          {"seed", "number", "drawn once", "Of the study: the same seed gives the same suggestions",
           "7"},
          {"run_default_first", "true or false", "true; false for grid, random, bayes",
           "Starts with the configuration of all defaults, which the result is compared with",
           "false"},
          {"warm_start", "text or list of texts", "",
           "Earlier studies of the same store: their best configurations are tried first; auto and "
           "gp learn from their trials as far as this study's agree, cmaes begins where they were "
           "best",
           "[small-model, last-week]"},
          {"checkpoint", "map", "", "Where the program saves, and how it goes on from there",
           "{path: \"${trial_dir}/ckpt\", args: [--resume, \"${checkpoint}\"]}"},
          {"metric_source", "map", "", "How metrics are found in what the program writes",
           "{patterns: ['loss=(?<loss>\\S+)']}"},
          {"env", "map", "", "Environment variables of the program; values may hold placeholders",
           "{OMP_NUM_THREADS: \"4\"}"},
          {"workdir", "text", "folder of the study file", "Where the program runs", "../src"},
          {"files", "list of maps", "", "Configuration files that a run gets, with some values set",
           "[{from: base.yaml, to: \"${trial_dir}/config.yaml\", set: {optimizer.lr: \"${lr}\"}}]"},
          {"tty", "true or false", "false", "Gives the program a terminal", "true"},
          {"bool_style", "python or lower", "python", "Booleans in arguments: True or true",
           "lower"},
          {"stop_command", "list of texts", "",
           "Ends what lives outside of the process tree (containers, srun)",
           "[docker, stop, \"hone-${trial}\"]"},
          {"name", "text", "the file's stem", "Of the study, within its project", "finetune",
           kSweep},
          {"project", "text", "", "Groups studies", "llama", kSweep},
          {"description", "text", "", "For people", "Learning rate and rank of the adapter",
           kSweep},
          {"entity", "text", "", "Accepted for sweep files, without effect", "", kSweep},
          {"controller", "map", "", "Accepted for sweep files, without effect", "", kSweep},
          {"settings", "map", "", "Accepted for sweep files, without effect", "", kSweep},
          {"apiVersion", "text", "", "Accepted for sweep files, without effect", "", kSweep},
          {"kind", "text", "", "Accepted for sweep files: sweep", "", kSweep},
      }};
}

StudyFileSection parameter_section() {
  return {
      "parameters.*",
      "One parameter: a list of values, a range with a distribution, a constant, or an expression.",
      {
          {"value", "any", "", "One value, never searched", "3", kSweep},
          {"values", "list", "", "A choice", "[8, 16, 32]", kSweep},
          {"probabilities", "list of numbers", "uniform", "Of `values`; they sum to 1",
           "[0.5, 0.3, 0.2]", kSweep},
          {"min", "number", "", "Smallest value; of log_uniform the exponent of e", "1e-5", kSweep},
          {"max", "number", "", "Largest value; of log_uniform the exponent of e", "1e-1", kSweep},
          {"distribution", "text", "by the other keys",
           "constant, categorical, int_uniform, int_log_uniform, uniform, log_uniform_values, "
           "logit_uniform, normal, "
           "log_normal, beta, and the q_ forms of sweep files",
           "log_uniform_values", kSweep},
          {"step", "number", "", "The values min, min + step, … up to max", "0.05"},
          {"q", "number", "1",
           "Of q_ distributions: rounds to multiples of q, also past the bounds", "0.5", kSweep},
          {"mu", "number", "0", "Mean of normal; of ln x for log_normal", "0", kSweep},
          {"sigma", "number", "1", "Standard deviation of normal; of ln x for log_normal", "1",
           kSweep},
          {"a", "number", "1", "First shape of beta", "2", kSweep},
          {"b", "number", "1", "Second shape of beta", "5", kSweep},
          {"parameters", "map", "", "Nested parameters; their names are joined by dots",
           "{lr: {min: 0.1, max: 1.0}}", kSweep},
          {"ordered", "true or false", "false", "Neighbours in `values` are similar", "true"},
          {"default", "any", "", "What the program uses without tuning; tried first", "16"},
          {"prior", "any or map", "",
           "A likely value, or {centre: …, spread: …} with the spread as a share of the range",
           "3e-4"},
          {"when", "map, text or list", "",
           "Exists only where the other parameters have these values", "{tuning: lora}"},
          {"expression", "text", "", "Computed from other parameters", "\"2 * rank\""},
          {"feature", "true or false", "false",
           "The expression tells the search about a configuration before it is tried (its size, a "
           "score); the program is not told",
           "true"},
      }};
}

StudyFileSection metric_section() {
  return {
      "metric",
      "What is optimised, as the program reports it.",
      {
          {"name", "text", "required", "As the program reports it", "val_loss", kSweep},
          {"goal", "minimize or maximize", "minimize", "Which way is better", "maximize", kSweep},
          {"take", "last, best or {mean_of_last: k}", "last; best for method: bayes",
           "How a curve becomes one value", "best"},
          {"target", "number", "", "The study ends when it is reached", "0.95", kSweep},
          {"impute", "worst, best or latest", "", "What failed runs count as", "worst", kSweep},
          {"impute_while_running", "text", "", "Accepted for sweep files, without effect", "false",
           kSweep},
      }};
}

StudyFileSection metrics_section() {
  StudyFileSection section = metric_section();
  section.name = "metrics";
  section.summary = "One of several metrics.";
  section.keys.push_back(
      {"role", "objective, constraint, cost or tracked", "objective", "What it is for", "cost"});
  section.keys.push_back(
      {"min", "number", "", "constraint: below it a trial does not count", "0.4"});
  section.keys.push_back(
      {"max", "number", "", "constraint: above it a trial does not count", "0.9"});
  return section;
}

std::vector<StudyFileSection> smaller_sections() {
  return {
      {"guards",
       "A metric that must stay within bounds: outside of them a trial is infeasible and cannot be "
       "best.",
       {{"name", "text", "required", "As the program reports it", "base_accuracy"},
        {"min", "number", "", "Below it the trial is infeasible", "0.45"},
        {"max", "number", "", "Above it the trial is infeasible", "10"}}},
      {"fidelity",
       "The axis of a trial's curve; early stopping compares trials along it.",
       {{"name", "text", "step", "Key under which the program reports it", "epoch"},
        {"min", "number", "1", "Where comparing begins", "1"},
        {"max", "number", "", "Full training", "9"}}},
      {"detectors",
       "What is done when a trial's curves show that something is wrong. Options: `hone help "
       "NAME`. "
       "In sweep files (grid, random, bayes) what stops by default only warns.",
       {{"nan", "off, warn, stop or map", "stop", "An objective became NaN or infinite", "warn"},
        {"divergence", "off, warn, stop or map", "stop",
         "The objective has left its range and is not on its way back",
         "{action: stop, share: 0.2}"},
        {"overfitting", "off, warn, stop or map", "warn",
         "The objective gets worse while the training's own metric gets better",
         "{action: stop, patience: 5}"},
        {"plateau", "off, warn, stop or map", "warn", "The objective has stopped improving", "off"},
        {"missing_metric", "off, warn, stop or map", "warn",
         "The objective comes no more, while other declared metrics do", "stop"}}},
      {"budget",
       "When the study ends; whichever comes first.",
       {{"trials", "number", "", "Configurations started", "60"},
        {"time", "duration", "", "Wall time of the study, over its sessions", "8h"},
        {"cpu", "duration", "", "Time of all runs, times the processors of one (resources.cpus)",
         "100h"},
        {"gpu", "duration", "", "Time of all runs, times the GPUs of one (resources.gpus)", "24h"},
        {"cost", "number", "",
         "Money: the time of all runs at `price`, or what they report as the metric with role: "
         "cost",
         "20"},
        {"price", "number", "", "Of an hour of one run", "2.5"},
        {"fidelity", "number", "", "Epochs (or steps, as `fidelity` names them) of all runs",
         "500"},
        {"no_improvement", "patience or regret", "",
         "Ends earlier where no improvement is to be expected. patience: the best has stood for 10 "
         "trials and 2 more for each parameter. regret (method auto or gp): what may still be "
         "gained "
         "is bounded below the noise of a trial",
         "regret"}}},
      {"resources",
       "What one run needs.",
       {{"gpus", "number", "0", "Per run; a fraction shares a GPU", "0.5"},
        {"cpus", "number", "", "Cores a run is kept on", "4"}}},
      {"limits",
       "What one run may use, and how failures are handled.",
       {{"time", "duration", "", "Wall time of a run", "30m"},
        {"silence", "duration", "", "No report and no output for so long", "5m"},
        {"memory", "bytes", "", "Over the run's processes", "12GiB"},
        {"output", "bytes", "1GiB", "stdout and stderr kept of a run; the middle is dropped",
         "200MiB"},
        {"grace", "duration", "30s", "Between SIGTERM and SIGKILL", "10s"},
        {"orphan", "duration", "10m", "How long runs go on when hone is gone", "1h"},
        {"retries", "number", "1", "Further attempts after the program failed", "0"},
        {"interruptions", "number", "20", "Of one trial without progress before it counts as lost",
         "5"},
        {"same_failures", "number", "3",
         "The first so many trials failing alike end the study; 0: never", "5"}}},
      {"replicates",
       "Runs per configuration, each with a seed of its own.",
       {{"count", "number", "required", "How many", "3"},
        {"racing", "true or false", "false",
         "The second and further ones run only while the trial may still be the best", "true"}}},
      {"confirm",
       "Runs the best configurations again at the end, so that the winner is no accident.",
       {{"top", "number", "3", "How many of the best", "3"},
        {"seeds", "number", "3", "Runs of each", "5"}}},
      {"on_oom",
       "How a trial that ran out of memory is tried again: as a further trial that does not count "
       "against budget.trials. The values stay legal: the next below half, the next above double.",
       {{"halve", "name or list of names", "", "Parameters that are halved", "batch_size"},
        {"double", "name or list of names", "", "Parameters that are doubled", "accumulation"},
        {"at_most", "number", "4", "Changes of one configuration, one after the other", "2"}}},
      {"on_gpu_oom",
       "The same for the memory of GPUs.",
       {{"halve", "name or list of names", "", "Parameters that are halved", "batch_size"},
        {"double", "name or list of names", "", "Parameters that are doubled", "accumulation"},
        {"at_most", "number", "4", "Changes of one configuration, one after the other", "2"}}},
      {"hooks",
       "What the process that leads the study does when something has ended: it runs a program "
       "without a shell (list), or posts JSON to an address (text), for a minute at most. What "
       "goes "
       "wrong is a warning.",
       {{"finished", "list of texts or text", "", "When the study has ended",
         "https://example.org/${envvar:SECRET_PATH}"},
        {"trial_finished", "list of texts or text", "",
         "When a trial is complete, stopped, failed or cancelled", "[python, tell.py]"}}},
      {"checkpoint",
       "Where the program saves its state, and how it is told to go on from there.",
       {{"path", "text", "required", "File or folder, may hold * and placeholders",
         "\"${trial_dir}/out/checkpoint-*\""},
        {"ready", "text", "", "A file within that is written last", "trainer_state.json"},
        {"args", "list of texts", "", "Added only when there is something to resume",
         "[--resume, \"${checkpoint}\"]"},
        {"keep", "all, last, best or number", "all",
         "Of a trial that has ended: its newest or so many of them; best: of the best trial only",
         "last"},
        {"limit", "bytes", "",
         "Of all ended trials together; the worst ones' are removed first, the best one's never",
         "50GB"}}},
      {"metric_source",
       "How metrics are found in what the program writes, where they are not recognised.",
       {{"patterns", "list of texts", "", "Regular expressions with named groups",
         "['loss=(?<loss>\\S+)']"},
        {"format", "text", "recognised", "Reads one log format only", "hf_trainer"},
        {"files", "list of texts", "",
         "Further files to read; a path that ends in / is a folder, of which TensorBoard's event "
         "files "
         "are read",
         "[\"${trial_dir}/metrics.jsonl\"]"}}},
      {"files",
       "A file that each run gets: `from` with some values set, the rest byte for byte.",
       {{"from", "text", "required", "YAML, JSON or TOML, relative to the study file", "base.yaml"},
        {"to", "text", "required", "Where the run finds it", "\"${trial_dir}/config.yaml\""},
        {"set", "map", "required", "Dotted path to value; the paths must exist",
         "{optimizer.lr: \"${lr}\"}"}}},
      {"early_terminate",
       "The sweep file's early stopping: bands count logged values of the metric.",
       {{"type", "hyperband", "required", "", "hyperband", kSweep},
        {"min_iter", "number", "", "First band; the others at min_iter · eta^k", "3", kSweep},
        {"max_iter", "number", "", "Bands at max_iter / eta^k, k = 1 … s", "27", kSweep},
        {"s", "number", "", "Number of bands, with max_iter", "2", kSweep},
        {"eta", "number", "3", "One in eta survives", "3", kSweep},
        {"strict", "true or false", "true", "Judges the value at the band, else the best so far",
         "false", kSweep}}},
  };
}

std::vector<StudyFileSection> all_sections() {
  std::vector<StudyFileSection> sections = {top_level(), parameter_section(), metric_section(),
                                            metrics_section()};
  for (StudyFileSection& section : smaller_sections()) sections.push_back(std::move(section));
  return sections;
}

}  // namespace

const std::vector<StudyFileSection>& study_file_sections() {
  static const std::vector<StudyFileSection> sections = all_sections();
  return sections;
}

const StudyFileSection& study_file_section(std::string_view name) {
  const auto& sections = study_file_sections();
  const auto found = std::find_if(sections.begin(), sections.end(),
                                  [&](const StudyFileSection& s) { return s.name == name; });
  HONE_ASSERT(found != sections.end(), "sections are named by literals of this library");
  return *found;
}

}  // namespace hone
