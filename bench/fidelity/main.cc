// hone_fidelity: early stopping on recorded learning curves, through the real tuner and worker in
// simulated time; what is compared with what stands in README.md.
#include <fmt/core.h>

#include <cstdio>
#include <cstdlib>
#include <set>

#include "bench/fidelity/decisions.h"
#include "bench/fidelity/export.h"
#include "bench/fidelity/tables.h"
#include "hone/base/error.h"
#include "hone/base/log.h"
#include "hone/base/text.h"

namespace hone::fidelity {
namespace {

const char* const kUsage =
    R"(hone_fidelity [search] [--data DIR] [--tasks a,b] [--schedulers 'none;asha;median']
              [--seeds 20] [--first-seed 0] [--compute 1] [--trajectories DIR] [--versions TEXT]
                                  what is found with how much compute; `none` always comes first
hone_fidelity race [--trials 200] [… as above]
                                  how often a trial of the final top 2 % is stopped
hone_fidelity decisions [--trials 10000] [--schedulers …]
                                  time of a scheduler's work for one report
hone_fidelity tasks [--data DIR]  the tasks
hone_fidelity export FILE [--data DIR] [--tasks a,b] [--seeds 20] [--first-seed 0]
                                  tables, run times and orders of rows for peers/run_peer.py

A scheduler: [LABEL=]NAME[{options}][+checkpoint][/SAMPLER[{options}]][@TRIALS]. Without a sampler
the rows of a pool come in an order that only the seed decides; with one, the unused row nearest to
what it proposes. +checkpoint: programs go on from where they were paused. --tasks takes beginnings
of names. DIR defaults to the variable HONE_DATA; tasks whose files are absent are skipped and named.
)";

const std::set<std::string> kOptions = {"compute",      "data",   "first-seed",
                                        "schedulers",   "seeds",  "tasks",
                                        "trajectories", "trials", "versions"};
const char* const kSchedulers =
    R"(none;asha;promote=asha{"mode":"promote"}+checkpoint;restart=asha{"mode":"promote"};median)";
constexpr int kNoData = 77;  ///< exit status that ctest takes for "skipped"

struct Arguments {
  std::vector<std::string> words;
  std::map<std::string, std::string> options;
  std::string get(const std::string& name, const std::string& fallback) const {
    const auto it = options.find(name);
    return it == options.end() ? fallback : it->second;
  }
  std::int64_t number(const std::string& name, const std::string& fallback) const {
    const auto value = parse_number(get(name, fallback));
    if (!value || *value < 0)
      throw Error(ErrorCode::invalid_input, fmt::format("--{} takes a number", name));
    return static_cast<std::int64_t>(*value);
  }
};

Arguments parse(int argc, char** argv) {
  Arguments arguments;
  for (int i = 1; i < argc; ++i) {
    const std::string text = argv[i];
    if (text == "--help" || text == "-h") {
      fmt::print("{}", kUsage);
      std::exit(0);
    }
    if (!text.starts_with("--")) {
      arguments.words.push_back(text);
      continue;
    }
    if (!kOptions.contains(text.substr(2)))
      throw Error(ErrorCode::invalid_input, text + " is no option; see --help");
    if (i + 1 >= argc) throw Error(ErrorCode::invalid_input, text + " needs a value");
    arguments.options[text.substr(2)] = argv[++i];
  }
  return arguments;
}

std::vector<Task> chosen_tasks(const Arguments& arguments) {
  const char* variable = std::getenv("HONE_DATA");
  const std::string data = arguments.get("data", variable != nullptr ? variable : "");
  std::vector<std::string> skipped;
  std::vector<Task> tasks = all_tasks(data, skipped);
  if (!skipped.empty())
    fmt::print(stderr, "skipped, no data (--data or HONE_DATA): {}\n", join(skipped, ", "));
  const std::string wanted = arguments.get("tasks", "");
  if (wanted.empty()) return tasks;
  std::erase_if(tasks, [&](const Task& task) {
    for (const std::string_view name : split(wanted, ',')) {
      if (task.name.starts_with(name)) return false;
    }
    return true;
  });
  return tasks;
}

/// Runs all studies of a protocol.
Replays run_all(const std::vector<Task>& tasks, const std::vector<Method>& methods,
                const Arguments& arguments, const std::string& protocol) {
  Replays replays;
  const std::int64_t first = arguments.number("first-seed", "0");
  const std::int64_t seeds = arguments.number("seeds", "20");
  const double share = parse_number(arguments.get("compute", "1")).value_or(1);
  for (const Method& method : methods) {
    std::optional<TrajectoryWriter> writer;
    if (const std::string folder = arguments.get("trajectories", ""); !folder.empty())
      writer.emplace(folder, method.label, arguments.get("versions", "hone"));
    for (const Task& task : tasks) {
      Limit limit;
      if (protocol == "race") {
        limit.trials = arguments.number("trials", "200");
      } else {
        limit.compute = share * task.trials;
        // The full-length search starts as many trials as the compute is for.
        if (method.scheduler.name == "none")
          limit.trials = static_cast<std::int64_t>(limit.compute);
      }
      for (std::int64_t seed = first; seed < first + seeds; ++seed) {
        Replay study = replay(task, method, seed, limit);
        if (writer) writer->add(task, protocol, seed, study);
        replays[task.name][method.label][seed] = std::move(study);
      }
    }
  }
  return replays;
}

void print_tasks(const std::vector<Task>& tasks) {
  fmt::print("{:26}{:>6}{:>8}{:>8}{:>12}{:>12}{:>12}  {}\n", "task", "rows", "levels", "trials",
             "best", "typical", "tolerance", "tolerance from");
  for (const Task& task : tasks) {
    fmt::print("{:26}{:6}{:8}{:8}{:12.5g}{:12.5g}{:12.3g}  {}\n", task.name, task.rows.size(),
               task.levels.size(), task.trials, task.best, task.typical, task.tolerance,
               task.tolerance_from);
  }
}

int run(int argc, char** argv) {
  const Arguments arguments = parse(argc, argv);
  const std::string command = arguments.words.empty() ? "search" : arguments.words.front();
  std::vector<Method> methods = parse_methods(arguments.get("schedulers", kSchedulers));
  if (command == "decisions") {
    measure_decisions(methods, arguments.number("trials", "10000"));
    return 0;
  }
  const std::vector<Task> tasks = chosen_tasks(arguments);
  if (tasks.empty()) {
    fmt::print(stderr, "no tasks to run: give the data folder with --data or HONE_DATA\n");
    return kNoData;
  }
  if (command == "tasks") {
    print_tasks(tasks);
  } else if (command == "export" && arguments.words.size() == 2) {
    export_tasks(tasks, arguments.words[1], arguments.number("first-seed", "0"),
                 arguments.number("seeds", "20"));
  } else if (command == "race") {
    print_race(tasks, methods, run_all(tasks, methods, arguments, command));
  } else if (command == "search") {
    if (methods.empty() || methods.front().label != "none")
      methods.insert(methods.begin(), parse_method("none"));
    print_search(tasks, methods, run_all(tasks, methods, arguments, command));
  } else {
    throw Error(ErrorCode::invalid_input, command + " is no command; see --help");
  }
  return 0;
}

}  // namespace
}  // namespace hone::fidelity

int main(int argc, char** argv) {
  hone::set_log_sink([](hone::LogLevel, std::string_view) {});
  try {
    return hone::fidelity::run(argc, argv);
  } catch (const std::exception& e) {
    fmt::print(stderr, "hone_fidelity: {}\n", e.what());
    return 1;
  }
}
