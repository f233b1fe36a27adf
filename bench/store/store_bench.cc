// How many trials a second the SQLite store takes durably: 10 parameters, 5 reports a trial, every
// step on disk before the next one of that trial (synchronous=FULL), in the calls that `hone run`
// makes.
//   alone      one trial after the other, each step a commit of its own: seven a trial (settled,
//              next one added, queued and claimed; started with the first report; four reports;
//              ended)
//   batch      --in-flight trials at once in one thread: the same steps, each taken by all trials
//              together in one commit, as one process with so many slots does
//   threads    --in-flight threads with one trial each and a leader beside them, as many workers on
//              one store do: steps that wait for the disk at the same time share a commit
// Beside them stands what bounds `alone`: seven times how long the disk takes to make 4 KiB durable
// (over itself; appended), and how many trials a second there would be if a commit were no more
// than a row of 30 bytes into a table of SQLite's (`bare`, the same settings).
#include <fcntl.h>
#include <fmt/core.h>
#include <sqlite3.h>
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

/// Median time to write a block of 4 KiB and make it durable, in microseconds: over blocks that are
/// there (`over`), or behind the end of the file.
double sync_time_us(const std::filesystem::path& folder, bool over) {
  constexpr int kTimes = 300;
  const std::string path = folder / "sync";
  const int file = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0) throw Error(ErrorCode::io, "cannot write to " + folder.string());
  const std::string block(4096, 'x');
  for (int i = 0; over && i < kTimes; ++i) {
    if (pwrite(file, block.data(), block.size(), i * 4096) < 0) break;
  }
  fsync(file);
  std::vector<double> times;
  for (int i = 0; i < kTimes; ++i) {
    const auto start = SteadyClock::now();
    if (pwrite(file, block.data(), block.size(), i * 4096) < 0) break;
    fdatasync(file);
    times.push_back(seconds_since(start) * 1e6);
  }
  close(file);
  std::filesystem::remove(path);
  std::sort(times.begin(), times.end());
  return times.at(times.size() / 2);
}

/// Trials a second with seven commits each, of one little row into an SQLite database by itself.
double bare(const std::filesystem::path& folder, int trials) {
  const std::string path = folder / "bare.sqlite";
  sqlite3* db = nullptr;
  sqlite3_stmt* insert = nullptr;
  bool is_good =
      sqlite3_open(path.c_str(), &db) == SQLITE_OK &&
      sqlite3_exec(db,
                   "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; "
                   "CREATE TABLE row (id INTEGER PRIMARY KEY, body TEXT)",
                   nullptr, nullptr, nullptr) == SQLITE_OK &&
      sqlite3_prepare_v2(db, "INSERT INTO row (body) VALUES ('thirty bytes of text in a row.')", -1,
                         &insert, nullptr) == SQLITE_OK;
  const auto start = SteadyClock::now();
  for (int i = 0; is_good && i < trials * (kReports + 2); ++i) {
    is_good = sqlite3_step(insert) == SQLITE_DONE && sqlite3_reset(insert) == SQLITE_OK;
  }
  const double seconds = seconds_since(start);
  sqlite3_finalize(insert);
  sqlite3_close(db);
  for (const char* end : {"", "-wal", "-shm"}) std::filesystem::remove(path + end);
  if (!is_good) throw Error(ErrorCode::io, "SQLite cannot write to " + folder.string());
  return trials / seconds;
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

  /// Trials a second, `count` of them at a time, each step of all of them in one commit.
  double together(int trials, int count) {
    const auto start = SteadyClock::now();
    std::vector<Action> actions;
    for (int done = 0; done < trials; done += count) {
      for (int n = done; n < done + count; ++n) {
        actions.push_back(added(n));
        actions.push_back(queued(n));
      }
      actions.push_back(ClaimRuns{worker_, count, kLease_us});
      commit(actions);
      const auto claims = store_->held(worker_);
      if (std::ssize(claims) != count) throw Error(ErrorCode::conflict, "runs were not claimed");
      std::vector<RunWrite> writes(claims.size());
      for (int step = 0; step <= kReports; ++step) {
        for (std::size_t i = 0; i < claims.size(); ++i) writes[i] = step_of(claims[i], step);
        for (const WorkerAnswer& answer : store_->write_runs(writes)) {
          if (answer.lease != LeaseState::held) throw Error(ErrorCode::conflict, "a run was lost");
        }
      }
      actions.clear();
      for (const Claim& claim : claims) actions.push_back(settled(claim.run.plan.trial));
    }
    commit(actions);
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
  /// What a worker commits of a run: with the first report its start, each report by itself, then
  /// its end.
  static RunWrite step_of(const Claim& claim, int step) {
    RunWrite write;
    write.run = claim.run.id;
    write.token = claim.run.token;
    write.batch.emplace();
    write.batch->next_ordinal = std::min(step + 1, kReports);
    write.batch->parsed = fmt::format(R"({{"stdout": {}}})", 40 * (step + 1));
    if (step == kReports) {
      write.end.emplace();
      write.end->exit_code = 0;
      write.end->busy_us = 1'000'000;
      return write;
    }
    Report report;
    report.run = claim.run.id;
    report.trial = claim.run.plan.trial;
    report.ordinal = step;
    report.fidelity = step + 1;
    report.value = 1.0 / (step + 1);
    write.batch->reports = {report};
    if (step > 0) return write;
    write.start.emplace();
    write.start->argv = {"train", "--lr", "0.001"};
    write.start->folder = "trials/1/run";
    return write;
  }
  void train(const Claim& claim) {
    for (int step = 0; step <= kReports; ++step) {
      const RunWrite write = step_of(claim, step);
      if (store_->write_runs({&write, 1}).at(0).lease != LeaseState::held)
        throw Error(ErrorCode::conflict, "a run was lost");
    }
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
  const double over_us = sync_time_us(folder, true);
  const double append_us = sync_time_us(folder, false);
  const int many = (arguments.trials * 4 / arguments.in_flight + 1) * arguments.in_flight;
  const double bare_rate = bare(folder, arguments.trials);
  const double alone = Bench(folder).together(arguments.trials, 1);
  const double batch = Bench(folder).together(many, arguments.in_flight);
  const double threads = Bench(folder).in_flight(many, arguments.in_flight);
  std::filesystem::remove_all(folder);
  fmt::print(
      "{{\"sync_us\": {:.1f}, \"append_us\": {:.1f}, \"bare\": {:.1f}, \"alone\": {:.1f}, "
      "\"batch\": {:.1f}, "
      "\"threads\": {:.1f}, \"in_flight\": {}}}\n",
      over_us, append_us, bare_rate, alone, batch, threads, arguments.in_flight);
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
