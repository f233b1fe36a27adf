// What a tracking point costs the store: processor time and bytes on disk, by how many points come
// at a time. `write_runs` of 16 runs into SQLite, as a worker does it; the time is that of the
// whole process for the calls (with the commits and the ends of runs, which merge small frames),
// the bytes are the growth of the file once its log has been folded back.
//
//   hone_tracking_frames [--folder DIR] [--points N]     prints a line of JSON for each case
#include <fmt/core.h>
#include <stdlib.h>
#include <sys/resource.h>

#include <cmath>
#include <filesystem>
#include <string>
#include <vector>

#include "hone/base/clock.h"
#include "hone/base/error.h"
#include "hone/store/liveness.h"
#include "hone/store/open.h"

namespace {

using namespace hone;

constexpr int kRuns = 16;
constexpr int kGenerations = 4;  ///< of runs, one after the other: what ends gives room back
constexpr std::int64_t kLease_us = 600'000'000;

double processor_seconds() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

struct Case {
  const char* name;
  std::size_t at_a_time;  ///< points of a run in one frame
  int metrics;            ///< on a line, which has one step and instant
  bool single;            ///< values are single precision, as those of most training
};

/// The points from `first` on: what a program logs.
void fill(std::vector<Point>& points, const Case& one, std::int64_t first) {
  for (std::size_t i = 0; i < points.size(); ++i) {
    const std::int64_t at = first + static_cast<std::int64_t>(i);
    const std::int64_t line = at / one.metrics;
    const double value = 2 + std::sin(static_cast<double>(at) * 0.37);
    points[i].metric = fmt::format("train/metric_{}", at % one.metrics);
    points[i].step = static_cast<double>(line * 10);
    points[i].value = one.single ? static_cast<float>(value) : value;
    points[i].busy_us = line * 48'211;
  }
}

/// Runs in the hands of the worker, of trials from `first` on.
std::vector<Claim> start(Store& store, StudyId id, std::int64_t token, WorkerId worker, int first) {
  std::vector<Action> actions;
  for (int n = first; n < first + kRuns; ++n) {
    auto proposal = std::make_shared<Proposal>();
    proposal->number = n;
    proposal->uid = fmt::format("{:026}", n);
    actions.emplace_back(TrialAdded{proposal});
    QueueRun queue;
    queue.plan.trial = n;
    actions.emplace_back(queue);
  }
  if (store.apply(id, token, actions) != LeaseState::held)
    throw Error(ErrorCode::conflict, "the leadership was lost");
  return store.claim(id, worker, kRuns, kLease_us);
}

void measure(const std::filesystem::path& folder, const Case& one, std::int64_t wanted) {
  const SystemClock clock;
  const ProcLiveness probe;
  const std::filesystem::path path = folder / "store.sqlite";
  auto store = open_store(path.string(), clock, probe);
  NewStudy study;
  study.name = "bench";
  study.metrics = {{"loss", MetricRole::objective}};
  const StudyId id = store->create_study(study);
  const std::int64_t token = store->lead(id, this_process_holder(), kLease_us).token;
  const WorkerId worker = store->register_worker({"bench", this_process_holder(), "bench", "{}"});
  const auto rounds = std::max<std::int64_t>(
      1, wanted / static_cast<std::int64_t>(one.at_a_time * kRuns * kGenerations));
  const auto file_bytes = [&] {
    store.reset();  // the last one to leave folds the log back
    const auto bytes = static_cast<double>(std::filesystem::file_size(path));
    store = open_store(path.string(), clock, probe);
    return bytes;
  };
  const double before_bytes = file_bytes();
  double seconds = 0;
  std::int64_t count = 0;
  std::vector<RunId> runs;
  for (int generation = 0; generation < kGenerations; ++generation) {
    const std::vector<Claim> claims = start(*store, id, token, worker, generation * kRuns);
    std::vector<RunWrite> writes(claims.size());
    for (std::size_t i = 0; i < claims.size(); ++i) {
      runs.push_back(claims[i].run.id);
      writes[i].run = claims[i].run.id;
      writes[i].token = claims[i].run.token;
      writes[i].batch.emplace();
      writes[i].batch->points.resize(one.at_a_time);
    }
    for (std::int64_t round = 0; round < rounds; ++round) {
      for (RunWrite& write : writes) {
        fill(write.batch->points, one, round * static_cast<std::int64_t>(one.at_a_time));
        write.batch->next_ordinal += static_cast<std::int64_t>(one.at_a_time);
        write.batch->parsed = fmt::format(R"({{"sources":[{{"offset":{}}}]}})", count);
        if (round + 1 == rounds) write.end.emplace();
        count += static_cast<std::int64_t>(one.at_a_time);
      }
      const double begin = processor_seconds();
      for (const WorkerAnswer& answer : store->write_runs(writes)) {
        if (answer.lease != LeaseState::held) throw Error(ErrorCode::conflict, "a run was lost");
      }
      seconds += processor_seconds() - begin;
    }
  }
  const double grown = file_bytes() - before_bytes;
  std::int64_t read = 0;
  const double begin = processor_seconds();
  for (const RunId run : runs) {
    store->visit_points(run, [&](std::span<const Point> some) { read += std::ssize(some); });
  }
  const double reading = processor_seconds() - begin;
  if (read != count) throw Error(ErrorCode::store_corrupt, "not all points came back");
  fmt::print(
      "{{\"case\": \"{}\", \"points\": {}, \"at_a_time\": {}, \"write_us\": {:.3f}, "
      "\"read_us\": {:.3f}, \"bytes\": {:.2f}}}\n",
      one.name, count, one.at_a_time, seconds * 1e6 / static_cast<double>(count),
      reading * 1e6 / static_cast<double>(count), grown / static_cast<double>(count));
  store.reset();
  for (const char* end : {"", "-wal", "-shm"}) std::filesystem::remove(path.string() + end);
}

}  // namespace

int main(int argc, char** argv) {
  std::string folder = ".";
  std::int64_t points = 1'000'000;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string name = argv[i];
    if (name == "--folder") folder = argv[i + 1];
    if (name == "--points") points = std::max(1L, atol(argv[i + 1]));
  }
  constexpr Case kCases[] = {
      {"1000 at a time, lines of 20, single", 1000, 20, true},
      {"1000 at a time, lines of 20, double", 1000, 20, false},
      {"1000 at a time, lines of 1, double", 1000, 1, false},
      {"100 at a time, lines of 20, single", 100, 20, true},
      {"20 at a time, lines of 20, single", 20, 20, true},
      {"5 at a time, lines of 5, single", 5, 5, true},
  };
  folder += "/hone-tracking-frames-XXXXXX";
  try {
    if (mkdtemp(folder.data()) == nullptr) throw Error(ErrorCode::io, "cannot make a folder");
    for (const Case& one : kCases) {
      const auto share = static_cast<std::int64_t>(one.at_a_time) >= 100 ? points : points / 10;
      measure(folder, one, share);
    }
  } catch (const Error& error) {
    fmt::print(stderr, "hone_tracking_frames: {}\n", error.what());
    return 1;
  }
  std::filesystem::remove_all(folder);
  return 0;
}
