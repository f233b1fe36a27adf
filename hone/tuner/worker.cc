#include "hone/tuner/worker.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "hone/base/assert.h"
#include "hone/base/error.h"
#include "hone/tuner/report_order.h"
#include "hone/tuner/worker_state.h"

namespace hone {
namespace {

constexpr std::size_t kTailBytes = 8 * 1024;
constexpr std::int64_t kPointsFrame_us = 250'000;
constexpr std::size_t kPointsAtMost = 1000;
constexpr std::int64_t kSystemFrame_us = 15'000'000;  ///< of points about the machine alone
constexpr std::int64_t kFirstFrame_us = 10'000;  ///< of a run's life: its reports wait for its end
constexpr std::int64_t kStartFrame_us = 50'000;  ///< a start waits so long for a first report
constexpr std::size_t kSeenAtMost = 256;
constexpr std::size_t kToldAtMost = 1024;
constexpr std::size_t kMetricsSource = 2;  ///< $HONE_METRICS, behind stdout and stderr
constexpr std::int64_t kRetryPause_us = 200'000;

MetricParserOptions parser_options(const StudySpec& spec) {
  MetricParserOptions options;
  for (const Metric& metric : spec.metrics) options.wanted.push_back(metric.name);
  if (spec.fidelity) options.fidelity = spec.fidelity->name;
  options.patterns = spec.metric_source.patterns;
  options.only = spec.metric_source.format;
  return options;
}

}  // namespace

Worker::Worker(Store& store, Executor& executor, const Clock& clock, StudyId study,
               std::shared_ptr<const StudySpec> spec, JobBuilder& builder, WorkerOptions options)
    : store_(store),
      executor_(executor),
      clock_(clock),
      study_(study),
      spec_(std::move(spec)),
      builder_(builder),
      options_(std::move(options)) {}

Worker::~Worker() = default;

bool Worker::faulty(std::string_view name) const {
  return options_.fault && !options_.fault(name).empty();
}

/// Calls the store; false (and a later retry) when it fails for now.
template <class Call>
bool Worker::try_store(Call&& call) {
  try {
    call();
    outage_.end();
    return true;
  } catch (const Error& error) {
    const std::int64_t now = clock_.monotonic_us();
    if (!outage_.bears(error, now, options_.give_up_us)) throw;
    retry_at_us_ = now + kRetryPause_us;
    return false;
  }
}

bool Worker::step(std::int64_t timeout_us) {
  if (clock_.monotonic_us() < retry_at_us_) {  // also with ends that wait for the store: no haste
    return handle_events(std::min(timeout_us, retry_at_us_ - clock_.monotonic_us()));
  }
  register_once();
  if (!id_.valid()) return false;
  take_over();
  claim();
  bool changed = handle_events(until_due_us(timeout_us));
  if (commit_all()) changed = true;
  renew();
  look_for_verdicts();
  check_limits();
  return changed;
}

void Worker::register_once() {
  if (id_.valid()) return;
  try_store([&] { id_ = store_.register_worker(options_.info); });
}

/// At the start, and now and then: a worker on this machine may die and not come back.
void Worker::take_over() {
  const std::int64_t now = clock_.monotonic_us();
  if (took_over_ && (interrupted_ || now < take_over_at_us_)) return;
  std::vector<Claim> claims;
  const bool done =
      try_store([&] { claims = store_.take_over(study_, id_, options_.lease_ttl_us); });
  if (!done) {
    claim_in_doubt_ = true;
    take_over_in_doubt_ = true;
    return;
  }
  took_over_ = true;
  take_over_at_us_ = now + options_.take_over_every_us;
  for (Claim& claim : claims) adopt(std::move(claim));
}

void Worker::claim() {
  if (claim_in_doubt_) {
    std::vector<Claim> held;
    if (!try_store([&] { held = store_.held(id_); })) return;
    const bool may_be_started = take_over_in_doubt_;
    claim_in_doubt_ = take_over_in_doubt_ = false;
    for (Claim& claim : held) {
      if (runs_.contains(claim.run.id)) continue;
      const bool is_new = claim.run.state == RunState::claimed && claim.started == "{}";
      if (is_new && !may_be_started) {
        accept(std::move(claim));
      } else {
        adopt(std::move(claim));
      }
    }
  }
  for (auto& [id, run] : runs_) {
    if (run->waits_for_room && run->cause == kNotStopped) start(*run);
  }
  const int room = options_.parallel - static_cast<int>(runs_.size());
  if (draining_ || room <= 0) return;
  std::vector<Claim> claims;
  if (!try_store([&] { claims = store_.claim(study_, id_, room, options_.lease_ttl_us); })) {
    claim_in_doubt_ = true;
    return;
  }
  for (Claim& claim : claims) accept(std::move(claim));
}

void Worker::accept(Claim claim) {
  if (runs_.contains(claim.run.id)) return;  // never, from a store that keeps its promises
  auto state = std::make_unique<ActiveState>();
  state->claim = std::move(claim);
  state->next_ordinal = state->claim.next_ordinal;
  ActiveState& run = *state;
  runs_.emplace(run.claim.run.id, std::move(state));
  if (run.claim.verdict != Verdict::go_on) {  // judged before it could start
    run.verdict = run.claim.verdict;
    run.cause = kByVerdict;
    run.ended = JobEnded{};
    run.ended->run = run.claim.run.id;
    run.ended->vanished = true;
    return;
  }
  start(run);
}

void Worker::start(ActiveState& run) {
  auto built = builder_.build(run.claim);
  run.waits_for_room = std::holds_alternative<NoRoom>(built);
  if (run.waits_for_room) return;
  const std::int64_t now = clock_.monotonic_us();
  run.started_mono_us = now;
  run.last_sign_us = now;
  if (auto* refused = std::get_if<JobRefused>(&built)) {
    run.not_started = refused->reason;
    run.ended = JobEnded{};
    run.ended->run = run.claim.run.id;
    return;
  }
  auto& job = std::get<BuiltJob>(built);
  run.job = std::move(job.job);
  run.start = std::move(job.start);
  for (std::size_t i = 0; i < run.job.sources.size(); ++i) {
    run.parsers.emplace_back(MetricParser(parser_options(*spec_)));
    run.offsets.push_back(run.job.sources[i].offset);
  }
  run.started = true;
  run.system = SystemSampler(options_.system_metrics_us);
  if (options_.system_metrics_us > 0) {
    run.system.begin({now, {}, 0, read_network_counters(), {}});
    run.system_began = true;
  }
  executor_.start(run.job);
}

void Worker::adopt(Claim claim) {
  // A run that was lost, came back and still dies here: its lease is left to run out.
  if (runs_.contains(claim.run.id)) return;
  auto state = std::make_unique<ActiveState>();
  ActiveState& run = *state;
  run.claim = std::move(claim);
  run.next_ordinal = run.claim.next_ordinal;
  run.job = builder_.rebuild(run.claim);
  run.job.token = run.claim.run.token;
  const Value parsed = Value::parse(run.claim.parsed).value_or(Value::Map{});
  const Value* sources = parsed.find("sources");
  // Sources that were found while it ran.
  const std::size_t given = run.job.sources.size();
  for (std::size_t i = given;
       sources != nullptr && sources->is_list() && i < sources->as_list().size(); ++i) {
    const std::string path = sources->as_list()[i].string_or("path", "");
    run.job.sources.push_back({path, path, 0});
  }
  for (std::size_t i = 0; i < run.job.sources.size(); ++i) {
    const Value* source = sources != nullptr && sources->is_list() && i < sources->as_list().size()
                              ? &sources->as_list()[i]
                              : nullptr;
    const std::string saved = source != nullptr ? source->string_or("state", "") : "";
    if (i >= given) {
      run.parsers.emplace_back(EventFileReader::restore(saved));
    } else {
      run.parsers.emplace_back(saved.empty()
                                   ? MetricParser(parser_options(*spec_))
                                   : MetricParser::restore(parser_options(*spec_), saved));
    }
    const std::int64_t began = run.job.sources[i].offset;
    run.offsets.push_back(
        source != nullptr && !faulty("offset_forgotten") ? source->int_or("offset", began) : began);
    run.job.sources[i].offset = run.offsets.back();
    for (const std::string& name : run.parsers.back().seen()) {
      if (i == kMetricsSource) run.told.insert(name);
      if (i < given) run.named.insert(name);
    }
  }
  run.objective_count = parsed.int_or("count", 0);
  run.system_count = parsed.int_or("system", 0);
  run.system = SystemSampler(options_.system_metrics_us);
  const std::int64_t now = clock_.monotonic_us();
  run.started_mono_us = now;
  run.last_sign_us = now;
  const std::int64_t away_us = clock_.now_us() - parsed.int_or("at_us", clock_.now_us());
  run.busy_offset_us = parsed.int_or("busy_us", 0) + std::max<std::int64_t>(0, away_us);
  run.started = true;
  run.recorded = run.claim.started != "{}";
  run.start.argv = run.job.argv;
  run.start.folder = run.job.folder;
  run.start.devices =
      Value::parse(run.claim.started).value_or(Value::Map{}).string_or("devices", "");
  AdoptedJob adopted;
  adopted.job = run.job;
  const Value started = Value::parse(run.claim.started).value_or(Value::Map{});
  adopted.pid = started.int_or("pid", 0);
  adopted.pid_start = started.int_or("pid_start", 0);
  run.pid = adopted.pid;
  run.pid_start = adopted.pid_start;
  runs_.emplace(run.claim.run.id, std::move(state));
  executor_.adopt({adopted});
  if (run.claim.verdict != Verdict::go_on) {
    run.verdict = run.claim.verdict;
    stop(run, kByVerdict, StopHow::ask);
  }
}

std::int64_t Worker::busy_us(const ActiveState& run) const {
  if (run.started_mono_us == 0) return 0;
  return run.busy_offset_us + (clock_.monotonic_us() - run.started_mono_us);
}

bool Worker::handle_events(std::int64_t timeout_us) {
  const std::vector<JobEvent> events = executor_.poll(timeout_us);
  // $HONE_METRICS first: what it tells is not taken a second time from what is printed.
  const auto is_told = [](const JobEvent& event) {
    const auto* output = std::get_if<JobOutput>(&event);
    return output != nullptr && static_cast<std::size_t>(output->source) == kMetricsSource;
  };
  for (const JobEvent& event : events) {
    if (is_told(event)) handle(event);
  }
  for (const JobEvent& event : events) {
    if (!is_told(event)) handle(event);
  }
  return !events.empty();
}

void Worker::handle(const JobEvent& event) {
  const RunId id = std::visit([](const auto& e) { return e.run; }, event);
  const auto it = runs_.find(id);
  if (it == runs_.end()) return;
  ActiveState& run = *it->second;
  if (const auto* started = std::get_if<JobStarted>(&event)) {
    run.pid = started->pid;
    run.pid_start = started->pid_start;
  } else if (const auto* refused = std::get_if<JobNotStarted>(&event)) {
    run.not_started = refused->reason;
    run.ended = JobEnded{};
    run.ended->run = id;
  } else if (const auto* found = std::get_if<JobSourceFound>(&event)) {
    HONE_ASSERT(static_cast<std::size_t>(found->source) == run.parsers.size(),
                "further sources are numbered in order");
    run.job.sources.push_back({found->path, found->path, 0});
    run.parsers.emplace_back(EventFileReader());
    run.offsets.push_back(0);
  } else if (const auto* output = std::get_if<JobOutput>(&event)) {
    handle_output(run, output->source, output->offset, output->bytes);
  } else if (const auto* end = std::get_if<JobEnded>(&event)) {
    handle_end(run, *end);
  }
}

void Worker::handle_output(ActiveState& run, int source, std::int64_t offset,
                           const std::string& bytes) {
  const auto i = static_cast<std::size_t>(source);
  HONE_ASSERT(i < run.parsers.size(), "an executor delivers the job's sources only");
  run.last_sign_us = clock_.monotonic_us();
  if (source <= 1) {
    run.tail += bytes;
    if (run.tail.size() > 2 * kTailBytes) run.tail.erase(0, run.tail.size() - kTailBytes);
  }
  const std::vector<ParsedRecord> records = run.parsers[i].feed(bytes);
  run.offsets[i] = offset + static_cast<std::int64_t>(bytes.size()) -
                   static_cast<std::int64_t>(run.parsers[i].held());
  record(run, i, records);
}

void Worker::record(ActiveState& run, std::size_t source,
                    const std::vector<ParsedRecord>& records) {
  const std::string axis = spec_->fidelity ? spec_->fidelity->name : "";
  const std::int64_t busy = run.claim.busy_before_us + busy_us(run);
  const auto own_count = [&] { return static_cast<double>(run.next_ordinal - run.system_count); };
  for (const ParsedRecord& record : records) {
    const auto position = position_of(record, axis);
    const std::size_t before = run.reports.size();
    for (const ParsedMetric& metric : record.metrics) {
      if (source == kMetricsSource) {
        if (run.told.size() < kToldAtMost) run.told.insert(metric.name);
      } else if (run.told.contains(metric.name)) {
        continue;
      }
      if (!run.parsers[source].is_event_file()) {
        if (run.named.size() < kToldAtMost) run.named.insert(metric.name);
      } else if (run.named.contains(metric.name)) {
        continue;
      }
      const int index = spec_->metric_index(metric.name);
      if (index < 0) {
        if (seen_.size() < kSeenAtMost &&
            std::find(seen_.begin(), seen_.end(), metric.name) == seen_.end()) {
          seen_.push_back(metric.name);
        }
        if (run.points.empty()) run.points_since_us = clock_.monotonic_us();
        run.points.push_back({metric.name, position.value_or(own_count()), metric.value, busy});
        ++run.next_ordinal;
        continue;
      }
      if (index == 0) {
        ++run.objective_count;
        recognised_ = record.format;
      }
      Report report;
      report.run = run.claim.run.id;
      report.trial = run.claim.run.plan.trial;
      report.ordinal = run.next_ordinal++;
      report.fidelity = position.value_or(static_cast<double>(run.objective_count));
      report.metric = index;
      report.value = metric.value;
      report.busy_us = busy;
      run.reports.push_back(report);
    }
    put_objective_last(std::span(run.reports).subspan(before));
  }
}

void Worker::handle_end(ActiveState& run, const JobEnded& ended) {
  for (std::size_t i = 0; i < run.parsers.size(); ++i) record(run, i, run.parsers[i].finish());
  run.ended = ended;
}

std::string Worker::parsed_text(const ActiveState& run) const {
  Value::List sources;
  for (std::size_t i = 0; i < run.parsers.size(); ++i) {
    Value source = Value::Map{};
    source.set("offset", run.offsets[i]).set("state", run.parsers[i].save());
    if (run.parsers[i].is_event_file()) source.set("path", run.job.sources[i].path);
    sources.push_back(std::move(source));
  }
  Value parsed = Value::Map{};
  parsed.set("sources", Value(std::move(sources)));
  parsed.set("count", run.objective_count)
      .set("busy_us", busy_us(run))
      .set("at_us", clock_.now_us());
  if (run.system_count > 0) parsed.set("system", run.system_count);
  return parsed.dump();
}

/// What there is to store of a run now. A start and the reports of a program's first instants wait
/// a moment for what may come next: a program that ends at once then takes one commit instead of
/// three. A run that outlives this process before its start is stored is found by its mark (see
/// Executor::adopt).
std::optional<RunWrite> Worker::due_write(ActiveState& run) const {
  if (run.in_doubt) return run.in_doubt;
  const std::int64_t now = clock_.monotonic_us();
  const bool frame_due = !run.points.empty() && (now - run.points_since_us >= kPointsFrame_us ||
                                                 run.points.size() >= kPointsAtMost);
  const std::int64_t age_us = now - run.started_mono_us;
  const bool reports_due = !run.reports.empty() && age_us >= kFirstFrame_us;
  const bool system_due =
      !run.system_points.empty() && now - run.system_since_us >= kSystemFrame_us;
  const bool batch_due = run.ended || reports_due || frame_due || system_due;
  const bool unknown = !run.recorded && run.pid != 0;
  if (!batch_due && !(unknown && age_us >= kStartFrame_us)) return std::nullopt;
  RunWrite write;
  write.run = run.claim.run.id;
  write.token = run.claim.run.token;
  if (unknown) {
    write.start = run.start;
    write.start->pid = run.pid;
    write.start->pid_start = run.pid_start;
  }
  if (!batch_due) return write;
  write.batch.emplace();
  write.batch->reports = run.reports;
  write.batch->points = run.points;
  run.points_sent = run.points.size();
  write.batch->points.insert(write.batch->points.end(), run.system_points.begin(),
                             run.system_points.end());
  write.batch->next_ordinal = run.next_ordinal;
  write.batch->parsed = parsed_text(run);
  if (!run.ended) return write;
  write.end = describe_end(run);
  if (faulty("last_batch_lost")) write.batch = ReportBatch{};
  return write;
}

void Worker::take_answer(const RunWrite& write, const WorkerAnswer& answer) {
  ActiveState& run = *runs_.at(write.run);
  if (write.end) {
    builder_.release(write.run);
    runs_.erase(write.run);
    return;
  }
  if (write.start) run.recorded = true;
  if (write.batch) {
    const auto drop = [](auto& list, std::size_t count) {
      list.erase(list.begin(), list.begin() + static_cast<std::ptrdiff_t>(count));
    };
    drop(run.reports, write.batch->reports.size());
    drop(run.points, run.points_sent);
    drop(run.system_points, write.batch->points.size() - run.points_sent);
  }
  run.in_doubt.reset();
  obey(run, answer);
}

/// One commit for all runs: what happened to several at the same time waits for the disk once.
bool Worker::commit_all() {
  bool any = false;
  std::vector<RunWrite> writes;
  for (auto it = runs_.begin(); it != runs_.end();) {
    ActiveState& run = *it->second;
    ++it;  // the run may be erased
    if (run.cause == kLost) {
      if (!run.ended) continue;
      const RunId id = run.claim.run.id;
      builder_.release(id);
      runs_.erase(id);
      any = true;
    } else if (auto write = due_write(run)) {
      writes.push_back(*std::move(write));
    }
  }
  if (writes.empty()) return any;
  std::vector<WorkerAnswer> answers;
  if (!try_store([&] { answers = store_.write_runs(writes); })) {
    for (RunWrite& write : writes) runs_.at(write.run)->in_doubt = std::move(write);
    return any;
  }
  for (std::size_t i = 0; i < writes.size(); ++i) take_answer(writes[i], answers[i]);
  return true;
}

/// `timeout_us`, cut to when something that waits for company must be stored by itself.
std::int64_t Worker::until_due_us(std::int64_t timeout_us) const {
  const std::int64_t now = clock_.monotonic_us();
  for (const auto& [id, run] : runs_) {
    if (run->ended) return 0;
    if (run->cause == kLost) continue;
    const std::int64_t age_us = now - run->started_mono_us;
    if (!run->reports.empty()) timeout_us = std::min(timeout_us, kFirstFrame_us - age_us);
    if (!run->recorded && run->pid != 0) timeout_us = std::min(timeout_us, kStartFrame_us - age_us);
    if (!run->points.empty())
      timeout_us = std::min(timeout_us, run->points_since_us + kPointsFrame_us - now);
    if (!run->system_points.empty())
      timeout_us = std::min(timeout_us, run->system_since_us + kSystemFrame_us - now);
  }
  return std::max<std::int64_t>(0, timeout_us);
}

std::optional<ClaimRuns> Worker::offer() {
  const int room = options_.parallel - static_cast<int>(runs_.size());
  if (!id_.valid() || draining_ || room <= 0) return std::nullopt;
  claim_in_doubt_ = true;
  return ClaimRuns{id_, room, options_.lease_ttl_us};
}

void Worker::obey(ActiveState& run, const WorkerAnswer& answer) {
  if (answer.lease == LeaseState::lost) {
    if (!faulty("lease_kept_after_loss")) lose(run);
    return;
  }
  if (answer.verdict == Verdict::go_on || run.cause != kNotStopped) return;
  run.verdict = answer.verdict;
  stop(run, kByVerdict, StopHow::ask);
}

void Worker::lose(ActiveState& run) {
  // Somebody else has the run now: its process here must not go on, and nothing of it may be
  // written any more.
  run.cause = kLost;
  run.reports.clear();
  run.points.clear();
  run.system_points.clear();
  if (run.started && !run.ended) {
    executor_.stop(run.claim.run.id, StopHow::kill, 0);
  } else if (!run.ended) {
    run.ended = JobEnded{};
    run.ended->run = run.claim.run.id;
  }
}

void Worker::stop(ActiveState& run, int cause, StopHow how) {
  if (run.ended) return;
  if (run.cause == kNotStopped) run.cause = static_cast<StopCause>(cause);
  if (run.started) {
    if (run.cause == kByVerdict) builder_.tell(run.claim, run.verdict);
    executor_.stop(run.claim.run.id, how, spec_->limits.grace_us);
    return;
  }
  run.ended = JobEnded{};
  run.ended->run = run.claim.run.id;
  run.ended->vanished = true;
}

void Worker::interrupt(StopHow how) {
  draining_ = true;
  interrupted_ = true;
  for (auto& [id, run] : runs_) stop(*run, kByInterrupt, how);
}

void Worker::renew() {
  const std::int64_t now = clock_.monotonic_us();
  if (runs_.empty() || now < renew_at_us_) return;
  std::vector<RunLease> leases;
  for (const auto& [id, run] : runs_) {
    if (run->cause != kLost) leases.push_back({id, run->claim.run.token});
  }
  std::vector<WorkerAnswer> answers;
  if (!try_store([&] { answers = store_.renew(id_, leases, options_.lease_ttl_us); })) return;
  renew_at_us_ = now + options_.lease_ttl_us / 3;
  for (std::size_t i = 0; i < leases.size(); ++i) obey(*runs_.at(leases[i].run), answers[i]);
}

void Worker::look_for_verdicts() {
  // Verdicts also come with every append and renewal; this finds those on programs that are silent.
  std::vector<RunLease> leases;
  for (const auto& [id, run] : runs_) {
    if (run->cause == kNotStopped && !run->ended) leases.push_back({id, run->claim.run.token});
  }
  if (leases.empty()) return;
  std::vector<WorkerAnswer> answers;
  if (!try_store([&] { answers = store_.check(leases); })) return;
  for (std::size_t i = 0; i < leases.size(); ++i) obey(*runs_.at(leases[i].run), answers[i]);
}

void Worker::check_limits() {
  const std::int64_t now = clock_.monotonic_us();
  const bool sample = now >= usage_at_us_;
  if (sample) {
    usage_at_us_ = now + options_.usage_every_us;
    builder_.look_after_helpers();
  }
  const Limits& limits = spec_->limits;
  for (auto& [id, run] : runs_) {
    if (!run->started || run->ended || run->cause != kNotStopped) continue;
    if (limits.time_us && busy_us(*run) >= *limits.time_us) {
      stop(*run, kByTime, StopHow::ask);
    } else if (limits.silence_us && now - run->last_sign_us >= *limits.silence_us) {
      stop(*run, kBySilence, StopHow::ask);
    } else if (sample) {
      const auto usage = executor_.usage(id);
      if (!usage) continue;
      run->memory_bytes = usage->memory_bytes;
      run->peak_bytes = std::max(run->peak_bytes, usage->memory_bytes);
      sample_system(*run);
      if (limits.memory_bytes && usage->memory_bytes > *limits.memory_bytes)
        stop(*run, kByMemory, StopHow::kill);
    }
  }
}

void Worker::sample_system(ActiveState& run) {
  const std::int64_t now = clock_.monotonic_us();
  const bool due = run.system_began ? run.system.is_due(now) : options_.system_metrics_us > 0;
  const auto counters = due ? executor_.counters(run.claim.run.id) : std::nullopt;
  if (!counters) return;
  SystemReading reading{now, *counters, run.memory_bytes, read_network_counters(), {}};
  if (!run.system_began) {  // an adopted run: what it did before is known to nobody
    run.system.begin(reading);
    run.system_began = true;
    return;
  }
  if (options_.look_at_gpus) {
    std::vector<std::string> tokens;
    const Value devices = Value::parse(run.start.devices).value_or(Value::Map{});
    if (const Value* gpus = devices.find("gpus"); gpus != nullptr && gpus->is_list()) {
      for (const Value& token : gpus->as_list()) {
        if (token.is_string()) tokens.push_back(token.as_string());
      }
    }
    reading.gpus = gpus_of_run(options_.look_at_gpus(), tokens, options_.visible_gpus);
  }
  if (run.system_points.empty()) run.system_since_us = now;
  for (Point& point : run.system.sample(reading, run.claim.busy_before_us + busy_us(run))) {
    run.system_points.push_back(std::move(point));
    ++run.next_ordinal;
    ++run.system_count;
  }
}

std::vector<ActiveRun> Worker::active() const {
  std::vector<ActiveRun> list;
  for (const auto& [id, run] : runs_) {
    list.push_back({id, run->claim.run.plan.trial, busy_us(*run), run->cause != kNotStopped});
  }
  return list;
}

}  // namespace hone
