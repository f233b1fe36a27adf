#include "bench/fidelity/export.h"

#include <fstream>
#include <nlohmann/json.hpp>

#include "bench/fidelity/replay.h"
#include "hone/base/error.h"

namespace hone::fidelity {
namespace {

using nlohmann::json;

json task_json(const Task& task, std::int64_t first_seed, std::int64_t seeds) {
  json rows = json::array();
  for (const Row& row : task.rows) {
    rows.push_back({{"values", row.values},
                    {"seconds", row.seconds},
                    {"config", json::parse(row.config.canonical())}});
  }
  json orders = json::object();
  for (std::int64_t seed = first_seed; seed < first_seed + seeds; ++seed)
    orders[std::to_string(seed)] = row_order(task, seed);
  return {{"name", task.name},
          {"family", task.family},
          {"goal", goal_name(task.goal)},
          {"levels", task.levels},
          {"goes_on", task.goes_on},
          {"trials", task.trials},
          {"best", task.best},
          {"typical", task.typical},
          {"tolerance", task.tolerance},
          {"tolerance_from", task.tolerance_from},
          {"times_recorded", task.times_recorded},
          {"rows", std::move(rows)},
          {"orders", std::move(orders)}};
}

}  // namespace

void export_tasks(const std::vector<Task>& tasks, const std::string& path, std::int64_t first_seed,
                  std::int64_t seeds) {
  json all = {{"workers", kWorkers}, {"copy_cost", kCopyCost}, {"tasks", json::array()}};
  for (const Task& task : tasks) all["tasks"].push_back(task_json(task, first_seed, seeds));
  std::ofstream file(path);
  file << all.dump() << '\n';
  file.close();
  if (!file) throw Error(ErrorCode::io, path + " cannot be written");
}

}  // namespace hone::fidelity
