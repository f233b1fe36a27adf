// Recorded runs as problems for transfer, by the pool protocol: a study's trial takes the nearest
// row (in the encoded space) that it has not had yet, and the sampler is told the row's own values.
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>
#include <memory>

#include "bench/quality/gzip.h"
#include "bench/quality/transfer_tasks.h"
#include "hone/base/file.h"
#include "hone/base/text.h"
#include "hone/math/stats.h"

namespace hone::quality {
namespace {

struct Row {
  Config config;
  std::vector<double> encoded;
  std::optional<double> loss;  // none: diverged
  double regret = 1;
};
using Rows = std::shared_ptr<std::vector<Row>>;

Task pool_task(std::string name, const SearchSpace& space, const Rows& rows) {
  Task task;
  task.problem.name = std::move(name);
  task.problem.family = "transfer";
  task.problem.space = space;
  for (Row& row : *rows) {
    row.encoded.resize(static_cast<std::size_t>(space.dimension()));
    space.encode(row.config, row.encoded);
  }
  task.begin = [rows, space] {
    const auto used = std::make_shared<std::vector<bool>>(rows->size(), false);
    return [rows, space, used](const Config& config, std::uint64_t) -> std::optional<Outcome> {
      std::vector<double> wanted(static_cast<std::size_t>(space.dimension()));
      space.encode(config, wanted);
      double least = INFINITY;
      std::size_t nearest = rows->size();
      for (std::size_t i = 0; i < rows->size(); ++i) {
        if ((*used)[i]) continue;
        double sum = 0;
        for (std::size_t j = 0; j < wanted.size(); ++j) {
          const double difference = (*rows)[i].encoded[j] - wanted[j];
          sum += difference * difference;
        }
        if (sum < least) {
          least = sum;
          nearest = i;
        }
      }
      if (nearest == rows->size()) return std::nullopt;
      (*used)[nearest] = true;
      const Row& row = (*rows)[nearest];
      return Outcome{row.config, row.loss, row.regret};
    };
  };
  return task;
}

/// Regret by rank: twice the share of rows that are better, so that the median row has 1. The
/// tables differ in scale, and most of some lie on a plateau.
void rank_regret(std::vector<Row>& rows) {
  std::vector<double> sorted;
  for (const Row& row : rows) sorted.push_back(row.loss.value_or(INFINITY));
  std::sort(sorted.begin(), sorted.end());
  for (Row& row : rows) {
    const auto better = std::lower_bound(sorted.begin(), sorted.end(), row.loss.value_or(INFINITY));
    const auto share =
        static_cast<double>(better - sorted.begin()) / static_cast<double>(sorted.size());
    row.regret = std::min(1.0, 2 * share);
  }
}

/// Regret by value: 0 the best row, 1 the median of those that did not diverge.
void value_regret(std::vector<Row>& rows) {
  std::vector<double> losses;
  for (const Row& row : rows) {
    if (row.loss) losses.push_back(*row.loss);
  }
  const double best = *std::min_element(losses.begin(), losses.end());
  const double middle = median(losses);
  for (Row& row : rows) {
    if (row.loss) row.regret = std::clamp((*row.loss - best) / (middle - best), 0.0, 1.0);
  }
}

/// Every task with the others as its sources: as they are, negated and shuffled; with `single` also
/// each of them alone.
std::vector<Pair> pairs_of(const std::string& name, const std::vector<Task>& tasks, bool single) {
  std::vector<Pair> pairs;
  for (const Task& target : tasks) {
    std::vector<Task> others;
    for (const Task& source : tasks) {
      if (source.problem.name != target.problem.name) others.push_back(source);
    }
    pairs.push_back({name, target, others});
    pairs.push_back({name + " negated", target, others, Damage::negated});
    pairs.push_back({name + " shuffled", target, others, Damage::shuffled});
    if (!single) continue;
    for (const Task& source : others) pairs.push_back({name + " single", target, {source}});
  }
  return pairs;
}

}  // namespace

std::vector<Pair> boosting_pairs(const std::string& data) {
  const std::string csv = data.empty() ? "" : read_gzip(data + "/blackbox_transfer/XGBoost.csv.gz");
  const SearchSpace space = space_of(
      {real("log2_min_child_weight", -8, 6), real("subsample", 0.5, 1),
       real("colsample_bytree", 0.3, 1), real("log2_gamma", -20, 6), real("log2_lambda", -10, 8),
       real("eta", 0, 1), integer("max_depth_index", 0, 12), real("log2_alpha", -20, 8)});
  constexpr std::array kNames = {
      "log2_min_child_weight", "subsample", "colsample_bytree", "log2_gamma",
      "log2_lambda",           "eta",       "max_depth_index",  "log2_alpha"};
  std::map<std::string, Rows> tables;
  bool header = true;
  for (const std::string_view line : split(csv, '\n')) {
    const auto cells = split(line, ',');
    if (header || cells.size() != kNames.size() + 3) {
      header = false;
      continue;
    }
    Row row;
    for (std::size_t j = 0; j < kNames.size(); ++j) {
      const double x = parse_number(cells[j]).value();
      const bool whole = kNames[j] == std::string_view("max_depth_index");
      row.config.set(kNames[j], whole ? Value(static_cast<std::int64_t>(x)) : Value(x));
    }
    row.loss = parse_number(cells[kNames.size()]).value();
    Rows& table = tables[std::string(trim(cells.back()))];
    if (!table) table = std::make_shared<std::vector<Row>>();
    table->push_back(std::move(row));
  }
  std::vector<Task> tasks;
  for (const auto& [name, rows] : tables) {
    rank_regret(*rows);
    tasks.push_back(pool_task(name, space, rows));
  }
  return pairs_of("xgboost", tasks, true);
}

std::vector<Pair> finetune_pairs(const std::string& data) {
  const std::string path = data + "/tinker_lora_sft_sweep.csv";
  if (data.empty() || !std::filesystem::exists(path)) return {};
  const SearchSpace space = space_of(
      {real("lr", 3e-5, 4e-3, Law::log_uniform), integer("rank", 1, 128, Law::log_uniform)});
  struct Cell {
    double sum = 0;
    int count = 0;
  };
  std::map<std::string, std::map<std::pair<double, double>, Cell>> models;  // repeats: their mean
  bool header = true;
  for (const std::string_view line : split(read_file(path), '\n')) {
    const auto cells = split(line, ',');
    if (header || cells.size() != 7) {
      header = false;
      continue;
    }
    const auto loss = parse_number(cells[3]);
    Cell& cell = models[std::string(cells[0])]
                       [{parse_number(cells[1]).value(), parse_number(cells[2]).value()}];
    if (!loss) continue;
    cell.sum += *loss;
    ++cell.count;
  }
  std::vector<Task> tasks;
  for (const auto& [name, cells] : models) {
    const auto rows = std::make_shared<std::vector<Row>>();
    for (const auto& [at, cell] : cells) {
      Row row;
      row.config.set("lr", at.first);
      row.config.set("rank", static_cast<std::int64_t>(at.second));
      if (cell.count > 0) row.loss = cell.sum / cell.count;
      rows->push_back(std::move(row));
    }
    value_regret(*rows);
    tasks.push_back(pool_task(name, space, rows));
  }
  return pairs_of("finetune", tasks, false);
}

}  // namespace hone::quality
