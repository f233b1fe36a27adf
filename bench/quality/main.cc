// hone_quality: regret of samplers over problems and seeds, against each other and against
// trajectories of peers.
//
// Numbers: mean over seeds of the normalised regret of the incumbent (0: the optimum, 1: a typical
// random configuration).
#include <fmt/core.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <numeric>
#include <set>

#include "bench/quality/costs.h"
#include "bench/quality/reach.h"
#include "bench/quality/serve.h"
#include "bench/quality/speed.h"
#include "bench/quality/stops.h"
#include "bench/quality/study_loop.h"
#include "bench/quality/trajectories.h"
#include "bench/quality/transfer.h"
#include "hone/base/error.h"
#include "hone/base/text.h"
#include "hone/space/encoding.h"

namespace hone::quality {
namespace {

/// regrets[problem][method][seed] after each trial.
using Curves =
    std::map<std::string, std::map<std::string, std::map<std::int64_t, std::vector<double>>>>;

const char* const kUsage =
    R"(hone_quality [--data DIR] [--problems a,b] [--samplers 'random;tpe;tpe{"candidates": 24}']
             [--seeds 20] [--first-seed 0] [--trials 60] [--batch 1] [--marks 20,60]
             [--peer a.csv,b.csv] [--trajectories DIR] [--versions TEXT]
             [--at-most 0.1,0.2]   fails where a sampler's mean after the last mark is above
hone_quality serve [--data DIR]   problems over stdin and stdout, for peers/run_peer.py
hone_quality speed [--samplers tpe] [--sizes 100,1000,10000,100000] [--problem sphere10]
hone_quality reach PROBLEM [--share 0.001] [--samplers …] [--seeds 20] [--trials 500]
             [--feature EXPRESSION]
                                  trials to one of the best configurations of a table
hone_quality transfer [--relations near,xgboost] [--problems a,b] [--methods none,replay,transfer]
             [--samplers auto] [--seeds 20] [--trials 60] [--source-trials 60] [--points 3]
                                  regret with and without earlier studies
hone_quality costs [--problems a,b] [--samplers 'gp;aware=gp{"cost_aware": true}'] [--seeds 20]
             [--trials 60]
                                  regret over the time spent, where configurations differ in it
hone_quality stops [--problems a,b] [--samplers auto] [--seeds 20] [--trials 100]
                                  trials saved and regret lost by the rules that end a study
hone_quality optimum PROBLEM      best truth of 200 000 draws, the best 50 refined

DIR defaults to the variable HONE_DATA; problems whose files are absent are skipped and named.
)";

const std::set<std::string> kOptions = {
    "at-most", "batch",  "data",    "feature",       "first-seed",   "marks",    "methods",
    "peer",    "points", "problem", "problems",      "relations",    "samplers", "seeds",
    "share",   "sizes",  "trials",  "source-trials", "trajectories", "versions"};

/// A number of an option, which may be one of a list.
double read_number(const std::string& option, std::string_view text) {
  const auto value = parse_number(text);
  if (!value)
    throw Error(ErrorCode::invalid_input, fmt::format("--{}: '{}' is no number", option, text));
  return *value;
}

struct Arguments {
  std::string command;
  std::map<std::string, std::string> options;
  std::string get(const std::string& name, const std::string& fallback) const {
    const auto it = options.find(name);
    return it == options.end() ? fallback : it->second;
  }
  template <class T>
  T number(const std::string& name, T fallback) const {
    const auto it = options.find(name);
    return it == options.end() ? fallback : static_cast<T>(read_number(name, it->second));
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
    if (text.starts_with("--")) {
      if (!kOptions.contains(text.substr(2)))
        throw Error(ErrorCode::invalid_input, text + " is no option; see --help");
      if (i + 1 >= argc) throw Error(ErrorCode::invalid_input, text + " needs a value");
      arguments.options[text.substr(2)] = argv[++i];
    } else {
      arguments.command += (arguments.command.empty() ? "" : " ") + text;
    }
  }
  return arguments;
}

AlgorithmSpec algorithm(const std::string& text) {
  const std::size_t brace = text.find('{');
  AlgorithmSpec spec{text.substr(0, brace), Value::Map{}};
  if (brace == std::string::npos) return spec;
  const auto options = Value::parse(text.substr(brace));
  if (!options) throw Error(ErrorCode::invalid_input, "not JSON: " + text.substr(brace));
  spec.options = *options;
  return spec;
}

/// NAME=sampler{options} gives a column a name.
std::pair<std::string, AlgorithmSpec> named_algorithm(std::string_view entry) {
  const std::size_t equals = entry.find('=');
  const bool named = equals != std::string_view::npos && equals < entry.find('{');
  return {std::string(named ? entry.substr(0, equals) : entry),
          algorithm(std::string(named ? entry.substr(equals + 1) : entry))};
}

/// Trajectories of peers, named by their files without the ending.
void read_peers(const std::string& paths, const std::vector<Problem>& problems, std::size_t trials,
                Curves& curves, std::vector<std::string>& methods) {
  for (const std::string_view path : split(paths, ',')) {
    methods.push_back(std::filesystem::path(path).stem().string());
    for (auto& [problem, seeds] : read_trajectories(std::string(path), problems, trials))
      curves[problem][methods.back()] = std::move(seeds);
  }
}

double mean_at(const std::map<std::int64_t, std::vector<double>>& seeds, std::size_t trials,
               std::int64_t first, std::int64_t count) {
  double sum = 0;
  double n = 0;
  for (const auto& [seed, curve] : seeds) {
    if (seed < first || seed >= first + count || curve.empty()) continue;
    sum += curve[std::min(trials, curve.size()) - 1];
    ++n;
  }
  return n == 0 ? NAN : sum / n;
}

void print_table(const std::vector<Problem>& problems, const Curves& curves,
                 const std::vector<std::string>& methods, const std::vector<std::size_t>& marks,
                 std::int64_t first, std::int64_t count) {
  for (const std::size_t mark : marks) {
    fmt::print("\nregret after {} trials\n{:20}", mark, "");
    for (const auto& method : methods) fmt::print("{:>14}", method.substr(0, 13));
    fmt::print("\n");
    std::vector<double> sums(methods.size());
    std::vector<int> wins(methods.size());
    for (const Problem& problem : problems) {
      fmt::print("{:20}", problem.name);
      const auto& of = curves.at(problem.name);
      for (std::size_t m = 0; m < methods.size(); ++m) {
        const auto it = of.find(methods[m]);
        const double r = it == of.end() ? NAN : mean_at(it->second, mark, first, count);
        sums[m] += r;
        fmt::print("{:>14.4f}", r);
      }
      fmt::print("\n");
    }
    fmt::print("{:20}", "mean");
    for (const double sum : sums)
      fmt::print("{:>14.4f}", sum / static_cast<double>(problems.size()));
    fmt::print("\n{:20}", "ratio to last");
    for (const double sum : sums) fmt::print("{:>14.3f}", sum / sums.back());
    fmt::print("\n");
  }
}

/// Best of many draws, the best ones refined by coordinate search in the encoded space.
int find_optimum(const std::vector<Problem>& problems, const std::string& name) {
  for (const Problem& problem : problems) {
    if (problem.name != name) continue;
    constexpr int kDraws = 200'000;
    constexpr std::size_t kRefined = 50;
    Rng rng(5);
    std::multimap<double, Config> best;
    for (int i = 0; i < kDraws; ++i) {
      const auto config = problem.space.sample(rng);
      best.emplace(to_loss(problem.goal, problem.truth(*config)), *config);
      if (best.size() > kRefined) best.erase(std::prev(best.end()));
    }
    double least = best.begin()->first;
    for (const auto& [loss, config] : best) {
      std::vector<double> row(static_cast<std::size_t>(problem.space.dimension()));
      problem.space.encode(config, row);
      double current = loss;
      for (double step = 0.1; step > 1e-5; step *= 0.7) {
        for (int k = 0; k < 6 * problem.space.dimension(); ++k) {
          auto moved = row;
          const auto j = static_cast<std::size_t>(rng.below(row.size()));
          moved[j] = std::clamp(moved[j] + step * rng.normal(), 0.0, 1.0);
          const double l = to_loss(problem.goal, problem.truth(problem.space.decode(moved)));
          if (l < current) {
            current = l;
            row = moved;
          }
        }
      }
      least = std::min(least, current);
    }
    fmt::print("{}: best draw {:.10g}, refined {:.10g}\n", name, best.begin()->first, least);
  }
  return 0;
}

/// 1 where a method's mean over the problems is above its limit, told in words; limits are in the
/// order of the methods.
int check_limits(const std::vector<Problem>& problems, const Curves& curves,
                 const std::vector<std::string>& methods, std::size_t mark, std::int64_t first,
                 std::int64_t count, const std::string& limits) {
  if (limits.empty()) return 0;
  int above = 0;
  std::size_t m = 0;
  const auto texts = split(limits, ',');
  if (texts.size() > methods.size())
    throw Error(ErrorCode::invalid_input, "--at-most has more limits than there are samplers");
  for (const std::string_view text : texts) {
    double sum = 0;
    for (const Problem& problem : problems)
      sum += mean_at(curves.at(problem.name).at(methods.at(m)), mark, first, count);
    const double mean = sum / static_cast<double>(problems.size());
    const double limit = read_number("at-most", text);
    fmt::print("{}: {:.4f}, at most {} asked for\n", methods[m], mean, limit);
    if (!(mean <= limit)) above = 1;
    ++m;
  }
  return above;
}

int compare(const Arguments& arguments, std::vector<Problem> problems) {
  const std::string wanted = arguments.get("problems", "");
  if (!wanted.empty()) {
    const auto names = split(wanted, ',');
    std::erase_if(problems, [&](const Problem& p) {
      return std::find(names.begin(), names.end(), p.name) == names.end();
    });
  }
  const auto seeds = arguments.number<std::int64_t>("seeds", 20);
  const auto first = arguments.number<std::int64_t>("first-seed", 0);
  const auto trials = arguments.number<std::size_t>("trials", 60);
  const auto batch = arguments.number<std::size_t>("batch", 1);
  Curves curves;
  std::vector<std::string> methods;
  const std::string samplers = arguments.get("samplers", "tpe");
  const std::string folder = arguments.get("trajectories", "");
  if (!folder.empty()) std::filesystem::create_directories(folder);
  for (const std::string_view entry : split(samplers, ';')) {
    const auto [method, spec] = named_algorithm(entry);
    methods.push_back(method);
    std::optional<TrajectoryWriter> writer;
    if (!folder.empty())
      writer.emplace(fmt::format("{}/{}.csv", folder, method), arguments.get("versions", "hone"));
    for (const Problem& problem : problems) {
      double spent = 0;
      std::size_t repeated = 0;
      for (std::int64_t seed = first; seed < first + seeds; ++seed) {
        const Study study = run_study(problem, spec, seed, trials, batch);
        curves[problem.name][method][seed] = regrets(problem, study.steps);
        if (writer) writer->add(problem, seed, study);
        repeated += study.repeated;
        spent += std::accumulate(study.passed_ms.begin(), study.passed_ms.end(), 0.0);
      }
      fmt::print(stderr, "{} {}: {:.3f} ms a trial, {} repeated\n", method, problem.name,
                 spent / static_cast<double>(seeds) / static_cast<double>(trials), repeated);
    }
  }
  const std::string peers = arguments.get("peer", "");
  if (!peers.empty()) read_peers(peers, problems, trials, curves, methods);
  std::vector<std::size_t> marks;
  const std::string mark_list = arguments.get("marks", fmt::format("{}", trials));
  for (const std::string_view mark : split(mark_list, ',')) {
    marks.push_back(static_cast<std::size_t>(read_number("marks", mark)));
  }
  print_table(problems, curves, methods, marks, first, seeds);
  return check_limits(problems, curves, methods, marks.back(), first, seeds,
                      arguments.get("at-most", ""));
}

std::vector<AlgorithmSpec> algorithms(const std::string& list) {
  std::vector<AlgorithmSpec> specs;
  for (const std::string_view entry : split(list, ';'))
    specs.push_back(algorithm(std::string(entry)));
  return specs;
}

std::vector<std::string> texts(const std::string& list) {
  std::vector<std::string> all;
  for (const std::string_view text : split(list, ',')) {
    if (!text.empty()) all.emplace_back(text);
  }
  return all;
}

int transfer(const Arguments& arguments, const std::string& data,
             const std::vector<Problem>& problems) {
  TransferOptions options;
  options.data = data;
  options.relations = texts(arguments.get("relations", ""));
  options.targets = texts(arguments.get("problems", ""));
  options.methods = texts(arguments.get("methods", "none,replay,transfer"));
  options.sampler = algorithm(arguments.get("samplers", "auto"));
  options.first_seed = arguments.number("first-seed", 0);
  options.seeds = arguments.number("seeds", 20);
  options.trials = arguments.number<std::size_t>("trials", 60);
  options.points = arguments.number<std::size_t>("points", 3);
  options.source_trials = arguments.number<std::size_t>("source-trials", 60);
  return measure_transfer(problems, options);
}

int costs(const Arguments& arguments, const std::string& data,
          const std::vector<Problem>& problems) {
  CostOptions options;
  options.tasks = texts(arguments.get("problems", ""));
  const std::string samplers =
      arguments.get("samplers", R"(plain=gp{"cost_aware": false};aware=gp{"cost_aware": true})");
  for (const std::string_view entry : split(samplers, ';')) {
    const auto [name, spec] = named_algorithm(entry);
    options.methods.push_back(name);
    options.samplers.push_back(spec);
  }
  options.first_seed = arguments.number<std::int64_t>("first-seed", 0);
  options.seeds = arguments.number<std::int64_t>("seeds", 20);
  options.trials = arguments.number("trials", 60);
  std::vector<std::string> skipped;
  return measure_costs(cost_tasks(problems, data, skipped), options);
}

int run(int argc, char** argv) {
  const Arguments arguments = parse(argc, argv);
  const char* variable = std::getenv("HONE_DATA");
  const std::string data = arguments.get("data", variable != nullptr ? variable : "");
  std::vector<std::string> skipped;
  const auto problems = all_problems(data, skipped);
  if (!skipped.empty())
    fmt::print(stderr, "skipped, no data (--data or HONE_DATA): {}\n", join(skipped, ", "));
  if (arguments.command == "serve") return serve(problems);
  if (arguments.command == "speed") {
    std::vector<std::size_t> sizes;
    const std::string list = arguments.get("sizes", "100,1000,10000,100000");
    for (const std::string_view size : split(list, ','))
      sizes.push_back(static_cast<std::size_t>(read_number("sizes", size)));
    return measure_speed(problems, arguments.get("problem", "sphere10"),
                         algorithm(arguments.get("samplers", "tpe")), sizes);
  }
  if (arguments.command == "transfer") return transfer(arguments, data, problems);
  if (arguments.command == "stops") {
    StopOptions options;
    options.problems = texts(arguments.get("problems", ""));
    options.sampler = algorithm(arguments.get("samplers", "auto"));
    options.first_seed = arguments.number<std::int64_t>("first-seed", 0);
    options.seeds = arguments.number<std::int64_t>("seeds", 20);
    options.trials = arguments.number<std::size_t>("trials", 100);
    return measure_stops(problems, options);
  }
  if (arguments.command == "costs") return costs(arguments, data, problems);
  if (arguments.command.starts_with("reach ")) {
    ReachOptions options;
    options.share = arguments.number("share", 0.001);
    options.first_seed = arguments.number<std::int64_t>("first-seed", 0);
    options.seeds = arguments.number<std::int64_t>("seeds", 20);
    options.trials = arguments.number<std::size_t>("trials", 500);
    options.feature = arguments.get("feature", "");
    const std::string samplers = arguments.get("samplers", "auto;gp;tpe;evolution;random");
    return measure_reach(problems, arguments.command.substr(6), algorithms(samplers), options);
  }
  if (arguments.command.starts_with("optimum "))
    return find_optimum(problems, arguments.command.substr(8));
  return compare(arguments, problems);
}

}  // namespace
}  // namespace hone::quality

int main(int argc, char** argv) {
  try {
    return hone::quality::run(argc, argv);
  } catch (const std::exception& e) {
    fmt::print(stderr, "hone_quality: {}\n", e.what());
    return 1;
  }
}
