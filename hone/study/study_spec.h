// The normalised study: what the study file says once every default is filled in. This is what is
// stored, and all that samplers, schedulers, tuner and workers see.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "hone/base/value.h"
#include "hone/space/search_space.h"
#include "hone/study/objective.h"

namespace hone {

/// An algorithm by name, with its options as a JSON object (read by the algorithm's own option
/// table).
struct AlgorithmSpec {
  std::string name;
  Value options = Value::Map{};
};

/// The axis of a trial's curve.
struct Fidelity {
  std::string name = "step";  ///< key under which programs report it: epoch, step, …
  double min = 1;
  std::optional<double> max;  ///< full fidelity; none: the program's own end
};

struct Budget {
  std::optional<std::int64_t> trials;     ///< started by sampler, defaults or user
  std::optional<std::int64_t> time_us;    ///< wall time of the study, over its sessions
  bool stop_without_improvement = false;  ///< the default rule of `method: auto`
  std::optional<std::int64_t> cpu_us;     ///< time of all runs, times the processors of one
  std::optional<std::int64_t> gpu_us;     ///< the same with its GPUs
  std::optional<double> cost;             ///< of all runs, in a currency of the user's
  std::optional<double> price;     ///< of an hour of one run; none: the runs report their cost
  std::optional<double> fidelity;  ///< units of the fidelity that all runs train
};

struct Limits {
  std::optional<std::int64_t> time_us;       ///< wall time of a run
  std::optional<std::int64_t> silence_us;    ///< no report and no output for so long
  std::optional<std::int64_t> memory_bytes;  ///< sum of PSS over the run's processes
  std::int64_t output_bytes =
      1LL << 30;                       ///< stdout and stderr of a run; the middle is dropped beyond
  std::int64_t grace_us = 30'000'000;  ///< between SIGTERM and SIGKILL
  std::int64_t orphan_us = 600'000'000;  ///< how long runs go on without a worker
  int retries = 1;                       ///< further attempts after the program failed
  int interruptions = 20;                ///< of one trial without progress, then it fails as lost
  int same_failures = 3;  ///< the first so many trials failing alike end the study; 0: never
};

struct Resources {
  double gpus = 0;  ///< per run; fractions share a GPU
  std::optional<int> cpus;
};

/// A file that a run gets: `from` with some values set.
struct ConfigFile {
  std::string from;
  std::string to;
  std::vector<std::pair<std::string, std::string>> set;  ///< dotted path → text with placeholders
};

enum class BoolStyle { python, lower };

/// How the program is started. No shell: an argument vector with placeholders.
struct Command {
  std::vector<std::string> argv;
  std::string program;                                   ///< for ${program}
  std::vector<std::pair<std::string, std::string>> env;  ///< values with placeholders
  std::string workdir;                                   ///< absolute
  std::vector<ConfigFile> files;
  bool tty = false;  ///< give the program a pseudo-terminal
  BoolStyle bool_style = BoolStyle::python;
  std::vector<std::string>
      stop_command;  ///< ends what lives outside of the process tree (containers, srun)
  std::vector<std::string>
      flat_names;  ///< parameters whose dots belong to the name: one key, not a path
};

/// Where the program saves its state, and how it is told to go on.
struct CheckpointSpec {
  std::string path;   ///< pattern with placeholders
  std::string ready;  ///< a file within that is written last; may be empty
  std::vector<std::string> args;
  /// Of a trial that has ended: so many of its newest stay; none: all do.
  std::optional<int> keep = std::nullopt;
  bool keep_best_only = false;  ///< of ended trials but the best, none stays
  std::optional<std::int64_t> limit_bytes = std::nullopt;  ///< of all trials together
};

/// How metrics are found in what the program writes.
struct MetricSource {
  std::vector<std::string> patterns;  ///< regular expressions with named groups
  std::optional<std::string> format;  ///< force one log format
  std::vector<std::string> files;     ///< further files to read, with placeholders
};

struct Confirm {
  int top = 0;  ///< 0: no confirmation
  int seeds = 0;
};

/// How a trial that ran out of memory is tried again: with these parameters halved and doubled.
struct OomRule {
  std::vector<std::string> halve;
  std::vector<std::string> doubled;
  int at_most = 4;  ///< changes of one configuration, one after the other
};

/// A good configuration of an earlier study, in the terms of this one's space.
struct WarmPoint {
  Config config;
  std::string from;  ///< "lr-sweep, trial 12"
};
/// A trial of an earlier study: what it had of this one's parameters, and its loss (smaller is
/// better, whatever the goal; none: it failed in a way that is the configuration's doing).
struct WarmTrial {
  Config config;
  std::optional<double> loss;
  std::int64_t number = 0;  ///< its number there
};
struct WarmSource {
  std::string study;
  std::vector<WarmTrial> trials;
};
/// Earlier studies that this one learns from. Points and trials are taken from them once, when the
/// study is created, and stored with it, so that no sampler ever looks at another study.
struct WarmStart {
  std::vector<std::string> studies;  ///< names, of the same project
  std::vector<WarmPoint> points;     ///< tried first, in this order
  std::vector<WarmSource> sources;   ///< what models learn from; none in studies of older versions
};

struct StudySpec {
  std::string name;
  std::string project;
  std::string description;
  SearchSpace space;
  std::vector<Metric> metrics;  ///< the objectives first
  AlgorithmSpec sampler{"auto", Value::Map{}};
  AlgorithmSpec scheduler{"none", Value::Map{}};
  std::vector<AlgorithmSpec> detectors;  ///< those that the file sets; the others as they are
  std::optional<Fidelity> fidelity;
  std::optional<int> parallel;  ///< runs at a time; none: auto
  Budget budget;
  Limits limits;
  Resources resources;
  Command command;
  std::optional<CheckpointSpec> checkpoint;
  MetricSource metric_source;
  WarmStart warm_start;
  int replicates = 1;
  bool racing = false;  ///< replicates after the first only for trials that may be the best
  Confirm confirm;
  std::optional<OomRule> on_oom;      ///< of the machine's memory, or limits.memory
  std::optional<OomRule> on_gpu_oom;  ///< of a GPU's
  std::int64_t seed = 0;
  bool run_default_first = true;  ///< false for sweep files: they have no default configuration
  bool from_sweep_file = false;   ///< uses a W&B method: that system's stop rules and objective
  std::string impute;  ///< of sweep files: what failed runs count as (worst, best, latest); empty:
                       ///< the table of states

  /// The first objective; every study has one.
  const Metric& objective() const { return metrics.front(); }
  int objective_count() const;
  /// Index of a declared metric, or −1.
  int metric_index(std::string_view metric_name) const;
  /// Trials run with a rung or target below the end need ${fidelity} or a checkpoint.
  bool can_resume() const { return checkpoint.has_value(); }

  /// The stored body; `from_value` throws Error(store_corrupt) on a body that it cannot read.
  Value to_value() const;
  static StudySpec from_value(const Value& body);
};

}  // namespace hone
