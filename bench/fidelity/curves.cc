#include "bench/fidelity/curves.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>

#include "bench/quality/gzip.h"
#include "hone/base/error.h"
#include "hone/base/file.h"
#include "hone/base/text.h"

namespace hone::fidelity {
namespace {

using nlohmann::json;

/// A table of text cells with a header.
struct Table {
  std::vector<std::string> header;
  std::vector<std::vector<std::string>> rows;

  Table(const std::string& text, const std::string& path) {
    for (const std::string_view line : split(text, '\n')) {
      if (trim(line).empty()) continue;
      std::vector<std::string> cells;
      for (const std::string_view cell : split(line, ',')) cells.emplace_back(trim(cell));
      if (header.empty()) {
        header = std::move(cells);
      } else if (cells.size() == header.size()) {
        rows.push_back(std::move(cells));
      } else {
        throw Error(ErrorCode::invalid_input,
                    fmt::format("{}: row {} has {} cells, the header {}", path, rows.size() + 2,
                                cells.size(), header.size()));
      }
    }
  }
  std::size_t column(const std::string& name, const std::string& path) const {
    const auto it = std::find(header.begin(), header.end(), name);
    if (it == header.end())
      throw Error(ErrorCode::invalid_input, fmt::format("{}: no column '{}'", path, name));
    return static_cast<std::size_t>(it - header.begin());
  }
};

/// NaN for an empty cell and for what is no number.
double number(const std::string& cell) { return parse_number(cell).value_or(NAN); }

/// A number where it is one, else the text.
Value value_of(const std::string& cell) {
  const auto x = parse_number(cell);
  return x ? Value(*x) : Value(cell);
}

Value value_of(const json& x) {
  if (x.is_boolean()) return Value(x.get<bool>());
  if (x.is_number_integer()) return Value(x.get<std::int64_t>());
  if (x.is_number()) return Value(x.get<double>());
  return Value(x.is_string() ? x.get<std::string>() : x.dump());
}

CurveSet taskset(const std::string& name, const std::string& text, const std::string& path) {
  constexpr std::size_t kParameters = 8;
  const Table table(text, path);
  const std::size_t first = table.column("v0", path);
  if (first != kParameters)
    throw Error(ErrorCode::invalid_input, path + ": v0 is not behind 8 hyperparameters");
  CurveSet set{name, "taskset", "checkpoint", {}};
  for (std::size_t r = 0; r < table.rows.size(); ++r) {
    const auto& row = table.rows[r];
    RecordedRun run;
    run.name = run.group = fmt::format("row {}", r);
    for (std::size_t i = 0; i < kParameters; ++i)
      run.config.set(table.header[i], Value(number(row[i])));
    Series loss{"loss", Goal::minimize, {}};
    for (std::size_t i = first; i < row.size(); ++i) {
      run.steps.push_back(static_cast<double>(i - first));
      loss.values.push_back(number(row[i]));
    }
    run.metrics.push_back(std::move(loss));
    set.runs.push_back(std::move(run));
  }
  return set;
}

std::vector<double> numbers(const json& texts) {
  std::vector<double> all;
  for (const auto& text : texts) all.push_back(number(text.get<std::string>()));
  return all;
}

/// The metric in which the benchmark sets its target for a workload.
const char* algoperf_target(const std::string& workload) {
  if (workload.starts_with("fastmri")) return "ssim";
  if (workload.starts_with("ogbg")) return "mean_average_precision";
  return "bleu";
}

/// Some steps are listed twice (after a resumption; the test after the last one): the first counts.
void keep_rising(RecordedRun& run) {
  std::vector<std::size_t> kept;
  for (std::size_t i = 0; i < run.steps.size(); ++i) {
    if (kept.empty() || run.steps[i] > run.steps[kept.back()]) kept.push_back(i);
  }
  const auto pick = [&](std::vector<double>& values) {
    for (std::size_t i = 0; i < kept.size(); ++i) values[i] = values[kept[i]];
    values.resize(kept.size());
  };
  pick(run.seconds);
  for (Series& series : run.metrics) pick(series.values);
  pick(run.steps);
}

RecordedRun algoperf_run(const json& line, const std::string& workload) {
  RecordedRun run;
  const auto text = [&](const char* key) { return line.at(key).get<std::string>(); };
  run.rule = text("rule");
  run.name = fmt::format("{} {} {} {}", run.rule, text("sub"), text("study"), text("trial"));
  // What a submission starts in one trial of its studies is one configuration.
  run.group = fmt::format("{} {} {}", run.rule, text("sub"), text("trial"));
  for (const auto& [key, x] : line.at("hp").items()) run.config.set(key, value_of(x));
  run.steps = numbers(line.at("global_step"));
  run.seconds = numbers(line.at("accumulated_submission_time"));
  const std::string target = algoperf_target(workload);
  const std::array<std::string, 3> wanted = {target, "loss", "accuracy"};
  for (const std::string& metric : wanted) {
    const auto it = line.find("validation/" + metric);
    if (it == line.end()) continue;
    run.metrics.push_back(
        {metric, metric == "loss" ? Goal::minimize : Goal::maximize, numbers(*it)});
    if (run.metrics.back().values.size() != run.steps.size() ||
        run.seconds.size() != run.steps.size()) {
      throw Error(ErrorCode::invalid_input,
                  fmt::format("AlgoPerf, {} {}: series of different lengths", workload, run.name));
    }
  }
  keep_rising(run);
  return run;
}

}  // namespace

const Series* RecordedRun::metric(const std::string& metric_name) const {
  for (const Series& series : metrics) {
    if (series.name == metric_name) return &series;
  }
  return nullptr;
}

bool RecordedRun::diverged() const {
  return objective().values.empty() || !std::isfinite(objective().values.back());
}

std::vector<CurveSet> read_taskset(const std::string& data, std::vector<std::string>& skipped) {
  struct File {
    const char* name;
    const char* path;
  };
  constexpr std::array<File, 6> kFiles = {{{"lstm128_avg", "patch128_LSTM128_avg_bs64"},
                                           {"lstm128", "patch128_LSTM128_bs64"},
                                           {"lstm128_embed128", "patch128_LSTM128_embed128_bs64"},
                                           {"gru128", "patch32_GRU128_bs128"},
                                           {"gru64_avg", "patch32_GRU64_avg_bs128"},
                                           {"irnn64_relu_avg", "patch32_IRNN64_relu_avg_bs128"}}};
  std::vector<CurveSet> sets;
  for (const File& file : kFiles) {
    const std::string name = std::string("taskset_") + file.name;
    const std::string path =
        fmt::format("{}/taskset_lc/FixedTextRNNClassification_imdb_{}.csv.gz", data, file.path);
    const std::string text = data.empty() ? "" : quality::read_gzip(path);
    if (text.empty()) {
      skipped.push_back(name);
    } else {
      sets.push_back(taskset(name, text, path));
    }
  }
  return sets;
}

std::vector<CurveSet> read_algoperf(const std::string& data, std::vector<std::string>& skipped) {
  const std::string path = data + "/algoperf_curves/algoperf_curves.jsonl.gz";
  const std::string text = data.empty() ? "" : quality::read_gzip(path);
  if (text.empty()) {
    skipped.emplace_back("algoperf");
    return {};
  }
  std::map<std::string, CurveSet> sets;
  for (const std::string_view line : split(text, '\n')) {
    if (trim(line).empty()) continue;
    const json record = json::parse(line);
    const auto workload = record.at("workload").get<std::string>();
    CurveSet& set = sets[workload];
    set.name = "algoperf_" + workload;
    set.family = "algoperf";
    set.step_name = "step";
    set.runs.push_back(algoperf_run(record, workload));
  }
  std::vector<CurveSet> all;
  for (auto& [workload, set] : sets) all.push_back(std::move(set));
  return all;
}

std::vector<CurveSet> read_peft(const std::string& data, std::vector<std::string>& skipped) {
  const std::string curves_path = data + "/peft_metamathqa_curves.csv";
  const std::string runs_path = data + "/peft_metamathqa_runs.csv";
  if (data.empty() || !std::filesystem::exists(curves_path) ||
      !std::filesystem::exists(runs_path)) {
    skipped.emplace_back("peft_metamathqa");
    return {};
  }
  CurveSet set{"peft_metamathqa", "peft", "step", {}};
  std::map<std::string, std::size_t> index;
  const Table runs(read_file(runs_path), runs_path);
  constexpr std::array<const char*, 8> kConfig = {"peft_type", "r",     "alpha", "target",
                                                  "lr",        "sched", "wd",    "optimizer"};
  for (const auto& row : runs.rows) {
    RecordedRun run;
    run.name = run.group = row[runs.column("run", runs_path)];
    for (const char* name : kConfig) {
      const std::string& cell = row[runs.column(name, runs_path)];
      if (!cell.empty()) run.config.set(name, value_of(cell));
    }
    run.metrics = {{"train_loss", Goal::minimize, {}}, {"valid_acc", Goal::maximize, {}}};
    index[run.name] = set.runs.size();
    set.runs.push_back(std::move(run));
  }
  const Table curves(read_file(curves_path), curves_path);
  for (const auto& row : curves.rows) {
    const auto cell = [&](const char* name) { return row[curves.column(name, curves_path)]; };
    const auto it = index.find(cell("run"));
    if (it == index.end())
      throw Error(ErrorCode::invalid_input, curves_path + ": unknown run " + cell("run"));
    RecordedRun& run = set.runs[it->second];
    run.steps.push_back(number(cell("step")));
    run.seconds.push_back(number(cell("elapsed")));
    run.metrics[0].values.push_back(number(cell("train_loss")));
    run.metrics[1].values.push_back(number(cell("valid_acc")));
  }
  for (RecordedRun& run : set.runs) keep_rising(run);
  return {std::move(set)};
}

std::vector<CurveSet> read_curves(const std::string& data, std::vector<std::string>& skipped) {
  std::vector<CurveSet> all;
  for (auto* reader : {&read_taskset, &read_algoperf, &read_peft}) {
    for (CurveSet& set : (*reader)(data, skipped)) all.push_back(std::move(set));
  }
  return all;
}

}  // namespace hone::fidelity
