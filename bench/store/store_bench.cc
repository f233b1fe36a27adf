// How many trials a second the SQLite store takes durably: 10 parameters, 5 reports a trial, and
// every step on disk before the next (synchronous=FULL).
//   alone      one trial after the other, each step in a commit of its own: added and queued,
//              claimed, started, five reports, ended, settled: ten commits a trial
//   in flight  as many trials at once as --in-flight says, each in a thread of its own with the
//   same
//              steps; steps that wait for the disk together share one commit, as in `hone run -j
//              16`
// Beside them stands how long the disk needs to make one 4 KiB block durable, which bounds `alone`.
#include <fcntl.h>
#include <fmt/core.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "hone/base/error.h"
#include "hone/base/rng.h"
#include "hone/store/liveness.h"
#include "hone/store/open.h"

namespace {

using namespace hone;
using SteadyClock = std::chrono::steady_clock;

constexpr std::int64_t kLease_us = 60'000'000;
constexpr int kParameters = 10;
constexpr int kReports = 5;

double seconds_since(SteadyClock::time_point start) {
  return std::chrono::duration<double>(SteadyClock::now() - start).count();
}

/// Median time of fdatasync after writing one block, in microseconds.
double sync_time_us(const std::filesystem::path& folder) {
  const std::string path = folder / "sync";
  const int file = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0) throw Error(ErrorCode::io, "cannot write to " + folder.string());
  const std::string block(4096, 'x');
  std::vector<double> times;
  for (int i = 0; i < 300; ++i) {
    if (pwrite(file, block.data(), block.size(), (i % 64) * 4096) < 0) break;
    const auto start = SteadyClock::now();
    fdatasync(file);
    times.push_back(seconds_since(start) * 1e6);
  }
  close(file);
  std::filesystem::remove(path);
  std::sort(times.begin(), times.end());
  return times.at(times.size() / 2);
}

/// The store of one measurement, with a study that this process leads.
class Bench {
 public:
  explicit Bench(const std::filesystem::path& folder)
      : path_(folder / "store.sqlite"), store_(open_store(path_, clock_, probe_)) {
    NewStudy study;
    study.name = "bench";
    study.metrics = {{"loss", MetricRole::objective}};
    study_ = store_->create_study(study);
    token_ = store_->lead(study_, this_process_holder(), kLease_us).token;
    worker_ = store_->register_worker({"bench", this_process_holder(), "bench", "{}"});
  }
  ~Bench() {
    store_.reset();
    for (const char* end : {"", "-wal", "-shm"}) std::filesystem::remove(path_ + end);
  }
  Bench(const Bench&) = delete;
  Bench& operator=(const Bench&) = delete;

  /// Trials a second.
  double alone(int trials) {
    const auto start = SteadyClock::now();
    for (int n = 0; n < trials; ++n) {
      commit({added(n), queued(n)});
      const auto claims = store_->claim(study_, worker_, 1, kLease_us);
      train(claims.at(0));
      commit({settled(n)});
    }
    return trials / seconds_since(start);
  }

  double in_flight(int trials, int count) {
    const auto start = SteadyClock::now();
    std::mutex mutex;
    std::condition_variable turn;
    std::vector<std::int64_t> ended;
    std::int64_t waiting = 0;  // queued, not claimed
    bool over = false;
    std::vector<std::thread> workers;
    for (int w = 0; w < count; ++w) {
      workers.emplace_back([&] {
        for (;;) {
          {
            std::unique_lock lock(mutex);
            turn.wait(lock, [&] { return waiting > 0 || over; });
            if (waiting == 0) return;
            --waiting;
          }
          const auto claims = store_->claim(study_, worker_, 1, kLease_us);
          train(claims.at(0));
          const std::lock_guard lock(mutex);
          ended.push_back(claims.at(0).run.plan.trial);
          turn.notify_all();
        }
      });
    }
    std::int64_t made = 0;
    std::int64_t done = 0;
    while (done < trials) {  // the leader: settles what has ended, keeps `count` trials going
      std::vector<std::int64_t> news;
      {
        std::unique_lock lock(mutex);
        turn.wait(lock, [&] { return !ended.empty() || (made < trials && made - done < count); });
        news.swap(ended);
      }
      std::vector<Action> actions;
      for (const std::int64_t n : news) actions.push_back(settled(n));
      done += static_cast<std::int64_t>(news.size());
      std::int64_t fresh = 0;
      for (; made < trials && made - done < count; ++made, ++fresh) {
        actions.push_back(added(made));
        actions.push_back(queued(made));
      }
      commit(actions);
      const std::lock_guard lock(mutex);
      waiting += fresh;
      over = made == trials;
      turn.notify_all();
    }
    for (std::thread& worker : workers) worker.join();
    return trials / seconds_since(start);
  }

 private:
  static Action added(std::int64_t n) {
    auto proposal = std::make_shared<Proposal>();
    proposal->number = n;
    proposal->uid = fmt::format("{:026}", n);
    Rng rng = Rng(1).split("trial", static_cast<std::uint64_t>(n));
    for (int i = 0; i < kParameters; ++i)
      proposal->config.set(fmt::format("parameter_{}", i), rng.uniform());
    proposal->info.set("rule", "bench").set("based_on", n);
    return TrialAdded{proposal};
  }
  static Action queued(std::int64_t n) {
    QueueRun queue;
    queue.plan.trial = n;
    return queue;
  }
  static Action settled(std::int64_t n) {
    TrialMoved moved;
    moved.trial = n;
    moved.state = TrialState::complete;
    moved.results = {{0, 0.5, static_cast<double>(kReports), 1, {}}};
    return moved;
  }
  void commit(const std::vector<Action>& actions) {
    if (store_->apply(study_, token_, actions) != LeaseState::held)
      throw Error(ErrorCode::conflict, "the leadership was lost");
  }
  /// What a worker commits of a run: its start, each report by itself, its end.
  void train(const Claim& claim) {
    const RunId run = claim.run.id;
    const std::int64_t token = claim.run.token;
    RunStart begun;
    begun.argv = {"train", "--lr", "0.001"};
    begun.folder = "trials/1/run";
    store_->start_run(run, token, begun);
    ReportBatch batch;
    for (int i = 0; i < kReports; ++i) {
      Report report;
      report.run = run;
      report.trial = claim.run.plan.trial;
      report.ordinal = i;
      report.fidelity = i + 1;
      report.value = 1.0 / (i + 1);
      batch.reports = {report};
      batch.next_ordinal = i + 1;
      batch.parsed = fmt::format(R"({{"stdout": {}}})", 40 * (i + 1));
      store_->append(run, token, batch);
    }
    batch.reports.clear();
    RunEnd end;
    end.exit_code = 0;
    end.busy_us = 1'000'000;
    if (store_->end_run(run, token, batch, end) != LeaseState::held)
      throw Error(ErrorCode::conflict, "a run was lost");
  }

  SystemClock clock_;
  ProcLiveness probe_;
  std::string path_;
  std::unique_ptr<Store> store_;
  StudyId study_;
  WorkerId worker_;
  std::int64_t token_ = 0;
};

struct Arguments {
  std::string folder = ".";
  int trials = 500;
  int in_flight = 16;
};

int run(const Arguments& arguments) {
  std::string folder = arguments.folder + "/hone-store-bench-XXXXXX";
  if (mkdtemp(folder.data()) == nullptr)
    throw Error(ErrorCode::io, "cannot make a folder in " + arguments.folder);
  const double sync_us = sync_time_us(folder);
  double alone = 0;
  double together = 0;
  {
    Bench bench(folder);
    alone = bench.alone(arguments.trials);
  }
  {
    Bench bench(folder);
    together = bench.in_flight(arguments.trials * 4, arguments.in_flight);
  }
  std::filesystem::remove_all(folder);
  fmt::print("{{\"sync_us\": {:.1f}, \"alone\": {:.1f}, \"in_flight\": {:.1f}, \"threads\": {}}}\n",
             sync_us, alone, together, arguments.in_flight);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  Arguments arguments;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string name = argv[i];
    if (name == "--folder") arguments.folder = argv[i + 1];
    if (name == "--trials") arguments.trials = std::max(1, atoi(argv[i + 1]));
    if (name == "--in-flight") arguments.in_flight = std::max(1, atoi(argv[i + 1]));
  }
  if (argc % 2 == 0) {
    fmt::print(stderr,
               "usage: hone_store_bench [--folder DIR] [--trials N] [--in-flight N]\n"
               "prints one line of JSON; bench/store/compare.py runs it beside the peer\n");
    return 2;
  }
  try {
    return run(arguments);
  } catch (const Error& error) {
    fmt::print(stderr, "hone_store_bench: {}\n", error.what());
    return 1;
  }
}
