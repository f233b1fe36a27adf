// The worker's loop: claims runs, starts their programs, turns what they print into reports, makes
// verdicts and limits true, and commits how they end. It decides nothing about trials.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "hone/base/clock.h"
#include "hone/runner/executor.h"
#include "hone/runner/gpu.h"
#include "hone/runner/metric_parser.h"
#include "hone/store/store.h"
#include "hone/study/study_spec.h"
#include "hone/tuner/outage.h"

namespace hone {

/// A program ready to start, with what the record keeps of it.
struct BuiltJob {
  Job job;
  RunStart start;  ///< without pid
};
/// Why a run cannot be started; `infeasible` when the configuration is at fault, else the
/// environment.
struct JobRefused {
  std::string reason;
};
/// No device is free for it now, or the checkpoint that it goes on from is not whole yet: the run
/// waits in the worker's hands.
struct NoRoom {};

/// Makes the process of a run: command, environment, folder and files, devices.
class JobBuilder {
 public:
  virtual ~JobBuilder() = default;
  virtual std::variant<BuiltJob, JobRefused, NoRoom> build(const Claim& claim) = 0;
  /// The job of a run that is alive already: same folder and sources, nothing is written. The
  /// devices it holds are marked as taken.
  virtual Job rebuild(const Claim& claim) = 0;
  /// The run's program is about to be asked to end for this verdict (stop or pause): leaves word
  /// where the program can read it (`hone.should_stop()`).
  virtual void tell(const Claim& claim, Verdict verdict) = 0;
  /// The run has ended: its devices and ports are free.
  virtual void release(RunId run) = 0;
  /// Called about once a second: what running programs need beside them is kept alive.
  virtual void look_after_helpers() {}
};

struct WorkerOptions {
  WorkerInfo info;
  int parallel = 1;
  std::int64_t lease_ttl_us = 60'000'000;
  std::int64_t give_up_us = 600'000'000;  ///< a store that fails for so long ends the loop
  std::int64_t usage_every_us = 1'000'000;
  std::int64_t take_over_every_us = 2'000'000;  ///< between looks for runs of dead workers
  /// Between two looks at what a run uses of its machine, at first (SystemSampler); 0: none.
  std::int64_t system_metrics_us = 5'000'000;
  /// The newest readings of the machine's GPUs, at once; empty: it has none.
  std::function<std::vector<Gpu>()> look_at_gpus;
  std::optional<std::string> visible_gpus;             ///< CUDA_VISIBLE_DEVICES of this process
  std::function<std::string(std::string_view)> fault;  ///< test switch; empty in production
};

/// A run in this worker's hands, for displays.
struct ActiveRun {
  RunId run;
  std::int64_t trial = -1;
  std::int64_t busy_us = 0;
  bool stopping = false;
};

/// One owner thread.
class Worker {
 public:
  Worker(Store& store, Executor& executor, const Clock& clock, StudyId study,
         std::shared_ptr<const StudySpec> spec, JobBuilder& builder, WorkerOptions options);
  ~Worker();

  /// Takes over what dead workers on this machine left behind, polls, commits, claims. Waits up to
  /// `timeout_us` when nothing happens. Returns whether anything happened. Store errors are retried
  /// at later steps; throws once they have lasted `give_up_us`.
  bool step(std::int64_t timeout_us);

  /// Claims nothing more.
  void drain() { draining_ = true; }
  /// What this worker would claim now, for a leader in the same process to put into its own
  /// transaction; nullopt where it wants nothing. The worker then looks for what it got at its next
  /// step, whether or not that transaction came about.
  std::optional<ClaimRuns> offer();
  /// Ends every run; they are recorded as interrupted. Repeating with `kill` overrides the grace.
  void interrupt(StopHow how);
  /// Runs in this worker's hands.
  std::vector<ActiveRun> active() const;
  bool idle() const { return runs_.empty(); }
  WorkerId id() const { return id_; }
  void set_parallel(int parallel) { options_.parallel = parallel; }
  /// Shortens the time for which a failing store is borne with.
  void give_up_after(std::int64_t us) { options_.give_up_us = std::min(options_.give_up_us, us); }
  /// Names of the metrics that a run printed, for "seen were …"; of all runs so far, bounded.
  const std::vector<std::string>& seen_metrics() const { return seen_; }
  /// The format in which the objective came last, "" if it never did.
  const std::string& recognised() const { return recognised_; }

 private:
  struct ActiveState;
  using Runs = std::map<RunId, std::unique_ptr<ActiveState>>;

  void register_once();
  void take_over();
  void claim();
  void accept(Claim claim);
  void adopt(Claim claim);
  void start(ActiveState& run);
  bool handle_events(std::int64_t timeout_us);
  void handle(const JobEvent& event);
  void handle_output(ActiveState& run, int source, std::int64_t offset, const std::string& bytes);
  void record(ActiveState& run, std::size_t source, const std::vector<ParsedRecord>& records);
  void handle_end(ActiveState& run, const JobEnded& ended);
  RunEnd describe_end(const ActiveState& run) const;
  std::optional<RunWrite> due_write(ActiveState& run) const;
  void take_answer(const RunWrite& write, const WorkerAnswer& answer);
  bool commit_all();
  std::int64_t until_due_us(std::int64_t timeout_us) const;
  void renew();
  void look_for_verdicts();
  void obey(ActiveState& run, const WorkerAnswer& answer);
  void check_limits();
  void sample_system(ActiveState& run);
  void stop(ActiveState& run, int cause, StopHow how);
  void lose(ActiveState& run);
  template <class Call>
  bool try_store(Call&& call);
  std::int64_t busy_us(const ActiveState& run) const;
  std::string parsed_text(const ActiveState& run) const;
  bool faulty(std::string_view name) const;

  Store& store_;
  Executor& executor_;
  const Clock& clock_;
  StudyId study_;
  std::shared_ptr<const StudySpec> spec_;
  JobBuilder& builder_;
  WorkerOptions options_;
  WorkerId id_;
  Runs runs_;
  bool draining_ = false;
  bool interrupted_ = false;
  bool took_over_ = false;  ///< at least once
  std::int64_t take_over_at_us_ = 0;
  bool claim_in_doubt_ = false;      ///< the store may have given runs that are not known here yet
  bool take_over_in_doubt_ = false;  ///< among them such as a dead worker may have started
  std::int64_t renew_at_us_ = 0;
  std::int64_t usage_at_us_ = 0;
  std::int64_t retry_at_us_ = 0;
  std::int64_t seen_seq_ = 0;
  Outage outage_;
  std::vector<std::string> seen_;
  std::string recognised_;
};

}  // namespace hone
