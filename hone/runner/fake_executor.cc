#include "hone/runner/fake_executor.h"

#include <fmt/core.h>

#include <algorithm>
#include <csignal>

#include "hone/base/assert.h"
#include "hone/base/error.h"

namespace hone {

void FakeMachine::start(const Job& job, FakeProgram program) {
  if (is_alive(job.run)) {
    throw Error(ErrorCode::process,
                fmt::format("run {} is started twice on one machine", job.run.value));
  }
  processes_[job.run] = Process{job, std::move(program), clock_.monotonic_us(), -1, 0, false};
  forgotten_.erase(job.run);
}

std::int64_t FakeMachine::ended_us(const Process& process) const {
  const std::int64_t now = clock_.monotonic_us();
  std::int64_t end = -1;
  if (!process.program.hangs) end = process.start_us + process.program.end_us;
  if (process.killed_us >= 0 && (end < 0 || process.killed_us < end)) end = process.killed_us;
  return end >= 0 && end <= now ? end : -1;
}

bool FakeMachine::is_alive(RunId run) const {
  const auto it = processes_.find(run);
  return it != processes_.end() && ended_us(it->second) < 0;
}

std::string FakeMachine::output(const Process& process, int source) const {
  const std::int64_t end = ended_us(process);
  const std::int64_t until = (end >= 0 ? end : clock_.monotonic_us()) - process.start_us;
  std::string bytes;
  for (const FakeProgram::Piece& piece : process.program.pieces) {
    if (piece.source == source && piece.at_us <= until) bytes += piece.bytes;
  }
  return bytes;
}

FakeMachine::Process* FakeMachine::find(RunId run) {
  const auto it = processes_.find(run);
  return it == processes_.end() ? nullptr : &it->second;
}

void FakeMachine::signal(RunId run, int signal, std::int64_t grace_us) {
  Process* process = find(run);
  if (process == nullptr || ended_us(*process) >= 0) return;
  const std::int64_t now = clock_.monotonic_us();
  std::int64_t when = now;
  int by = signal;
  if (signal == SIGTERM && process->program.ignores_term) {
    when = now + grace_us;
    by = SIGKILL;
  }
  if (process->killed_us >= 0 && process->killed_us <= when) return;
  process->killed_us = when;
  process->killed_by = by;
}

void FakeMachine::kill_keeper() {
  for (auto& [run, process] : processes_) {
    if (ended_us(process) < 0) process.orphaned = true;
  }
}

void FakeMachine::reboot() {
  const std::int64_t now = clock_.monotonic_us();
  for (auto& [run, process] : processes_) {
    if (ended_us(process) < 0) {
      process.killed_us = now;
      process.killed_by = SIGKILL;
      process.orphaned = true;
    }
    forgotten_[run] = true;
  }
}

void FakeExecutor::start(const Job& job) {
  FakeProgram program = program_of_(job);
  Watched watched;
  watched.job = job;
  for (const JobSource& source : job.sources) watched.offsets.push_back(source.offset);
  watched_[job.run] = std::move(watched);
  machine_.start(job, std::move(program));
}

void FakeExecutor::stop(RunId run, StopHow how, std::int64_t grace_us) {
  machine_.signal(run, how == StopHow::ask ? SIGTERM : SIGKILL, grace_us);
}

void FakeExecutor::adopt(const std::vector<AdoptedJob>& jobs) {
  for (const AdoptedJob& adopted : jobs) {
    Watched watched;
    watched.job = adopted.job;
    watched.announced = adopted.pid != 0;
    for (const JobSource& source : adopted.job.sources) watched.offsets.push_back(source.offset);
    watched_[adopted.job.run] = std::move(watched);
  }
}

std::optional<JobUsage> FakeExecutor::usage(RunId run) {
  if (!watched_.contains(run)) return std::nullopt;
  return JobUsage{};
}

void FakeExecutor::deliver(Watched& watched, FakeMachine::Process& process,
                           std::vector<JobEvent>& events) {
  for (std::size_t i = 0; i < watched.offsets.size(); ++i) {
    const std::string all = machine_.output(process, static_cast<int>(i));
    auto from = static_cast<std::size_t>(watched.offsets[i]);
    while (from < all.size()) {
      const std::size_t left = all.size() - from;
      const std::size_t n = cut_.chance(0.3) ? 1 + cut_.below(left) : left;
      events.push_back(JobOutput{watched.job.run, static_cast<int>(i),
                                 static_cast<std::int64_t>(from), all.substr(from, n)});
      from += n;
    }
    watched.offsets[i] = static_cast<std::int64_t>(from);
  }
}

std::vector<JobEvent> FakeExecutor::poll(std::int64_t) {
  std::vector<JobEvent> events;
  for (auto it = watched_.begin(); it != watched_.end();) {
    const RunId run = it->first;
    Watched& watched = it->second;
    FakeMachine::Process* process = machine_.find(run);
    if (process == nullptr || machine_.lost_records(run)) {
      // Never started, or started before the machine went down: its log may be there, its end was
      // seen by nobody.
      if (process != nullptr) deliver(watched, *process, events);
      JobEnded ended;
      ended.run = run;
      ended.vanished = true;
      events.push_back(ended);
      it = watched_.erase(it);
      continue;
    }
    if (!process->program.not_started.empty()) {
      events.push_back(JobNotStarted{run, process->program.not_started});
      it = watched_.erase(it);
      continue;
    }
    if (!watched.announced) {
      events.push_back(JobStarted{run, run.value + 1, 1});
      watched.announced = true;
    }
    if (process->orphaned) machine_.signal(run, SIGKILL, 0);
    deliver(watched, *process, events);
    const std::int64_t end_us = machine_.ended_us(*process);
    if (end_us < 0) {
      ++it;
      continue;
    }
    JobEnded ended;
    ended.run = run;
    ended.vanished = process->orphaned;
    ended.wall_us = end_us - process->start_us;
    if (!process->orphaned) {
      const bool killed = process->killed_us >= 0 && end_us == process->killed_us;
      if (killed) ended.signal = process->killed_by;
      if (!killed && process->program.signal != 0) ended.signal = process->program.signal;
      if (!ended.signal) ended.exit_code = process->program.exit_code;
    }
    events.push_back(ended);
    it = watched_.erase(it);
  }
  return events;
}

}  // namespace hone
