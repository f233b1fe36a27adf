// hone_fronts: hypervolume of samplers on problems with several objectives.
//
//   hone_fronts [--data DIR] [--samplers 'auto;nsga2;random'] [--problems a,b] [--seeds 10]
//               [--first-seed 0] [--trials 100] [--marks 50,100] [--peer peer.csv]
//               [--set many]
//   hone_fronts serve [--data DIR]     problems over stdin and stdout, for fronts.py
//
// Numbers: mean over seeds of the hypervolume after so many trials, in shares of the box between
// the best values and the median random ones, of values without noise that keep the guards.
// `--peer`: rows problem,method,seed,trial,loss,loss[,loss]. `--set many`: problems of three and
// five objectives.
#include <fmt/core.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <map>

#include "bench/fronts/problems.h"
#include "hone/base/error.h"
#include "hone/base/text.h"
#include "hone/math/pareto.h"
#include "hone/tuner/ask_tell.h"

namespace hone::fronts {
namespace {

/// losses[problem][method][seed]: one row a trial.
using Runs =
    std::map<std::string,
             std::map<std::string, std::map<std::int64_t, std::vector<std::vector<double>>>>>;

std::vector<std::vector<double>> play(const Problem& problem, const std::string& sampler,
                                      std::int64_t seed, std::size_t trials) {
  StudySpec spec;
  spec.name = problem.name;
  spec.space = problem.space;
  for (std::size_t k = 0; k < problem.goals.size(); ++k) {
    Metric metric;
    metric.name = "f" + std::to_string(k + 1);
    metric.goal = problem.goals[k];
    spec.metrics.push_back(metric);
  }
  for (int k = 0; k < problem.guards; ++k) {
    Metric metric;
    metric.name = "guard" + std::to_string(k + 1);
    metric.role = MetricRole::guard;
    metric.max = 0;
    spec.metrics.push_back(metric);
  }
  const std::size_t brace = sampler.find('{');
  spec.sampler.name = sampler.substr(0, brace);
  if (brace != std::string::npos) {
    const auto options = Value::parse(sampler.substr(brace));
    if (!options) throw Error(ErrorCode::invalid_input, "not JSON: " + sampler.substr(brace));
    spec.sampler.options = *options;
  }
  spec.seed = seed;
  spec.run_default_first = false;
  AskTell study(std::move(spec));
  std::vector<std::vector<double>> rows;
  while (rows.size() < trials) {
    const auto asked = study.ask();
    if (!asked) break;
    auto values = problem.reported(asked->config, seed, asked->number);
    if (problem.guards > 0) {
      const auto of = problem.guard_values(asked->config);
      values.insert(values.end(), of.begin(), of.end());
    }
    study.tell(asked->number, values);
    rows.push_back(problem.counted(asked->config));
  }
  return rows;
}

double share(const Problem& problem, const std::vector<std::vector<double>>& rows,
             std::size_t trials) {
  const std::size_t m = problem.goals.size();
  std::vector<double> points;
  for (std::size_t i = 0; i < std::min(trials, rows.size()); ++i) {
    for (std::size_t k = 0; k < m; ++k) {
      points.push_back((rows[i][k] - problem.ideal[k]) / (problem.reference[k] - problem.ideal[k]));
    }
  }
  return hypervolume({points, static_cast<int>(m)}, std::vector<double>(m, 1.0));
}

void read_peer(const std::string& path, Runs& runs, std::vector<std::string>& methods) {
  std::ifstream file(path);
  if (!file) throw Error(ErrorCode::not_found, "cannot read " + path);
  std::string line;
  std::getline(file, line);
  while (std::getline(file, line)) {
    const auto cells = split(line, ',');
    if (cells.size() < 6) continue;
    const std::string method(cells[1]);
    if (std::find(methods.begin(), methods.end(), method) == methods.end())
      methods.push_back(method);
    std::vector<double> losses;
    for (std::size_t i = 4; i < cells.size(); ++i) losses.push_back(parse_number(cells[i]).value());
    runs[std::string(cells[0])][method][static_cast<std::int64_t>(parse_number(cells[2]).value())]
        .push_back(std::move(losses));
  }
}

void print(const std::vector<Problem>& all, const Runs& runs,
           const std::vector<std::string>& methods, std::size_t mark) {
  fmt::print("\nhypervolume after {} trials\n{:16}", mark, "");
  for (const auto& method : methods) fmt::print("{:>16}", method.substr(0, 15));
  fmt::print("\n");
  std::vector<double> sums(methods.size());
  for (const Problem& problem : all) {
    fmt::print("{:16}", problem.name);
    for (std::size_t i = 0; i < methods.size(); ++i) {
      const auto& of = runs.at(problem.name);
      const auto found = of.find(methods[i]);
      double sum = 0;
      if (found != of.end()) {
        for (const auto& [seed, rows] : found->second) sum += share(problem, rows, mark);
        sum /= static_cast<double>(found->second.size());
      }
      sums[i] += sum;
      fmt::print("{:>16.4f}", sum);
    }
    fmt::print("\n");
  }
  fmt::print("{:16}", "mean");
  for (const double sum : sums) fmt::print("{:>16.4f}", sum / static_cast<double>(all.size()));
  fmt::print("\n");
}

Value describe(const Problem& problem) {
  Value v = Value::Map{};
  Value::List parameters;
  for (const int i : problem.space.order()) {
    const Parameter& parameter = problem.space.parameter(i);
    Value p = Value::Map{};
    p.set("name", parameter.name);
    if (const auto* real = std::get_if<Real>(&parameter.domain)) {
      p.set("type", "real").set("low", real->low).set("high", real->high);
      p.set("log", real->law == Law::log_uniform);
    } else if (const auto* integer = std::get_if<Integer>(&parameter.domain)) {
      p.set("type", "integer").set("low", integer->low).set("high", integer->high);
      p.set("log", integer->law == Law::log_uniform);
    } else {
      Value::List values;
      for (const auto& item : std::get<Choice>(parameter.domain).items)
        values.push_back(item.value);
      p.set("type", "choice").set("values", std::move(values));
    }
    Value conditions = Value::Map{};
    for (const auto& condition : parameter.conditions)
      conditions.set(condition.parent, Value(Value::List(condition.any_of)));
    p.set("when", std::move(conditions));
    parameters.push_back(std::move(p));
  }
  Value::List goals;
  for (const Goal goal : problem.goals) goals.emplace_back(goal_name(goal));
  v.set("name", problem.name).set("goals", std::move(goals)).set("guards", problem.guards);
  return v.set("parameters", std::move(parameters));
}

int serve(const std::vector<Problem>& all) {
  std::string line;
  while (std::getline(std::cin, line)) {
    const auto request = Value::parse(line);
    Value reply = Value::Map{};
    if (request && request->find("ask") != nullptr) {
      Value::List list;
      for (const Problem& problem : all) list.push_back(describe(problem));
      reply = Value(std::move(list));
    } else if (request) {
      for (const Problem& problem : all) {
        if (problem.name != request->string_or("problem", "")) continue;
        const auto config = Config::from_value(*request->find("config"));
        if (!config || !problem.space.violations(*config).empty()) {
          reply.set("error", "no configuration of " + problem.name);
          continue;
        }
        const auto list = [](const std::vector<double>& of) {
          Value::List values;
          for (const double v : of) values.emplace_back(v);
          return Value(std::move(values));
        };
        const std::int64_t seed = request->int_or("seed", 0);
        reply.set("values", list(problem.reported(*config, seed, request->int_or("trial", 0))));
        reply.set("losses", list(problem.counted(*config)));
        if (problem.guards > 0) reply.set("guards", list(problem.guard_values(*config)));
      }
    }
    std::puts(reply.dump().c_str());
    std::fflush(stdout);
  }
  return 0;
}

int run(int argc, char** argv) {
  std::map<std::string, std::string> options;
  bool serves = false;
  for (int i = 1; i < argc; ++i) {
    const std::string text = argv[i];
    if (text == "serve") {
      serves = true;
    } else if (text.starts_with("--") && i + 1 < argc) {
      options[text.substr(2)] = argv[++i];
    } else {
      throw Error(ErrorCode::invalid_input, text + " is no option with a value");
    }
  }
  const auto get = [&](const char* name, const std::string& fallback) {
    const auto it = options.find(name);
    return it == options.end() ? fallback : it->second;
  };
  const char* data = std::getenv("HONE_DATA");
  std::vector<std::string> skipped;
  std::vector<Problem> all = get("set", "") == "many"
                                 ? problems_of_many()
                                 : problems(get("data", data != nullptr ? data : ""), skipped);
  if (!skipped.empty())
    fmt::print(stderr, "skipped, no data (--data or HONE_DATA): {}\n", join(skipped, ", "));
  if (serves) return serve(all);
  if (options.contains("problems")) {
    const auto names = split(options["problems"], ',');
    std::erase_if(all, [&](const Problem& p) {
      return std::find(names.begin(), names.end(), p.name) == names.end();
    });
  }
  const auto whole = [&](const char* name, const char* fallback) {
    return static_cast<std::int64_t>(parse_number(get(name, fallback)).value());
  };
  const std::int64_t first = whole("first-seed", "0");
  const std::int64_t seeds = whole("seeds", "10");
  const auto trials = static_cast<std::size_t>(whole("trials", "100"));
  Runs runs;
  std::vector<std::string> methods;
  const std::string samplers = get("samplers", "auto;nsga2;random");
  for (const std::string_view entry : split(samplers, ';')) {
    methods.emplace_back(entry);
    for (const Problem& problem : all) {
      for (std::int64_t seed = first; seed < first + seeds; ++seed)
        runs[problem.name][methods.back()][seed] = play(problem, methods.back(), seed, trials);
    }
  }
  if (options.contains("peer")) read_peer(options["peer"], runs, methods);
  const std::string marks = get("marks", std::to_string(trials));
  for (const std::string_view mark : split(marks, ','))
    print(all, runs, methods, static_cast<std::size_t>(parse_number(mark).value()));
  return 0;
}

}  // namespace
}  // namespace hone::fronts

int main(int argc, char** argv) {
  try {
    return hone::fronts::run(argc, argv);
  } catch (const std::exception& e) {
    fmt::print(stderr, "hone_fronts: {}\n", e.what());
    return 1;
  }
}
