// A run in a worker's hands. Internal to the worker.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "hone/tuner/source_parser.h"
#include "hone/tuner/system_sampler.h"
#include "hone/tuner/worker.h"

namespace hone {

/// Why a run is being ended, strongest last.
enum StopCause {
  kNotStopped = 0,
  kByInterrupt,
  kByVerdict,
  kByTime,
  kBySilence,
  kByMemory,
  kByOutput,
  kLost
};

struct Worker::ActiveState {
  Claim claim;
  Job job;
  RunStart start;
  bool started = false;   ///< the executor has it
  bool recorded = false;  ///< start_run is committed
  bool waits_for_room = false;
  std::int64_t pid = 0;
  std::int64_t pid_start = 0;
  std::int64_t started_mono_us = 0;
  std::int64_t busy_offset_us = 0;  ///< of this run before it was adopted
  std::int64_t last_sign_us = 0;    ///< monotonic instant of the last output
  std::int64_t next_ordinal = 0;
  std::int64_t objective_count = 0;
  std::vector<SourceParser> parsers;  ///< one per source
  std::vector<std::int64_t> offsets;  ///< bytes fed so far, per source
  std::set<std::string> told;         ///< names that came by $HONE_METRICS: taken from nowhere else
  std::set<std::string> named;        ///< that came as text: not taken from event files as well
  std::vector<Report> reports;        ///< not committed yet
  std::vector<Point> points;
  std::int64_t points_since_us = 0;
  SystemSampler system;
  bool system_began = false;
  std::vector<Point> system_points;  ///< not committed yet: they wait for company
  std::int64_t system_since_us = 0;
  std::int64_t system_count = 0;  ///< of all so far: no part of a program's own count of records
  /// Sent, and nobody knows whether it was committed: it is sent again as it was until that is
  /// known. A larger one would be taken for new, or its points for old.
  std::optional<RunWrite> in_doubt;
  std::size_t points_sent = 0;  ///< how many of the points were in what was sent
  StopCause cause = kNotStopped;
  Verdict verdict = Verdict::go_on;
  std::optional<JobEnded> ended;
  std::optional<std::string> not_started;
  std::string tail;  ///< the last bytes of stdout and stderr
  std::int64_t memory_bytes = 0;
  std::int64_t peak_bytes = 0;
};

}  // namespace hone
