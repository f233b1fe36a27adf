// Tables of real trainings (HPOBench MLP, FCNet, NAS-Bench-201). An evaluation returns one of the
// recorded seeds; the truth is their mean and the optimum the best mean. Numeric parameters are
// ordered choices.
#include <array>
#include <nlohmann/json.hpp>
#include <unordered_map>

#include "bench/quality/gzip.h"
#include "bench/quality/problem.h"
#include "hone/base/file.h"
#include "hone/base/text.h"

namespace hone::quality {
namespace {

struct Table {
  std::vector<std::string> names;  // in the order of the key's digits
  std::vector<std::vector<Value>> values;
  std::unordered_map<std::string, std::vector<double>> rows;
};

Value value_of(const nlohmann::json& json) {
  if (json.is_string()) return Value(json.get<std::string>());
  if (json.is_number_integer()) return Value(json.get<std::int64_t>());
  return Value(json.get<double>());
}

std::string key_of(const Table& table, const Config& config) {
  std::string key;
  for (std::size_t i = 0; i < table.names.size(); ++i) {
    const Value& value = *config.get(table.names[i]);
    std::size_t index = 0;
    while (!same_value(table.values[i][index], value)) ++index;
    key += static_cast<char>('0' + index);
  }
  return key;
}

double mean(const std::vector<double>& values) {
  double sum = 0;
  for (const double v : values) sum += v;
  return sum / static_cast<double>(values.size());
}

Problem make(const std::string& name, const std::string& space_json, const std::string& csv) {
  Problem p;
  p.name = name;
  p.family = "tabular";
  auto table = std::make_shared<Table>();
  const auto json = nlohmann::json::parse(space_json);
  p.goal = json["direction"] == "minimize" ? Goal::minimize : Goal::maximize;
  std::vector<Parameter> parameters;
  for (const auto& key : json["key_order"]) {
    const auto parameter = key.get<std::string>();
    std::vector<Value> values;
    for (const auto& v : json["space"][parameter]) values.push_back(value_of(v));
    table->names.push_back(parameter);
    table->values.push_back(values);
    parameters.push_back(choice(parameter, values, json["types"][parameter] != "str"));
  }
  p.space = space_of(std::move(parameters));
  bool header = true;
  double best = NAN;
  for (const std::string_view line : split(csv, '\n')) {
    if (header || line.empty()) {
      header = false;
      continue;
    }
    const auto cells = split(line, ',');
    std::vector<double> seeds;
    for (std::size_t i = 1; i < cells.size(); ++i) {
      if (const auto number = parse_number(trim(cells[i]))) seeds.push_back(*number);
    }
    const double m = mean(seeds);
    if (is_better(p.goal, m, best)) best = m;
    table->rows.emplace(std::string(cells[0]), std::move(seeds));
  }
  p.optimum = best;
  p.truth = [table](const Config& config) { return mean(table->rows.at(key_of(*table, config))); };
  p.evaluate = [table](const Config& config, std::uint64_t seed) -> std::optional<double> {
    const auto& seeds = table->rows.at(key_of(*table, config));
    return seeds[mix64(seed) % seeds.size()];
  };
  return p;
}

}  // namespace

std::vector<Problem> tabular_problems(const std::string& data, std::vector<std::string>& skipped) {
  constexpr std::array<std::array<const char*, 2>, 7> kTables = {{{"hpobench", "car"},
                                                                  {"hpobench", "kc1"},
                                                                  {"hpobench", "phoneme"},
                                                                  {"hpobench", "vehicle"},
                                                                  {"hpolib", "protein_structure"},
                                                                  {"hpolib", "slice_localization"},
                                                                  {"nasbench201", "cifar100"}}};
  std::vector<Problem> all;
  for (const auto& [folder, name] : kTables) {
    const std::string base = data + "/tabular/" + folder + "/";
    const std::string csv = data.empty() ? "" : read_gzip(base + name + ".csv.gz");
    if (csv.empty()) {
      skipped.emplace_back(name);
      continue;
    }
    all.push_back(make(name, read_file(base + "space.json"), csv));
  }
  return all;
}

}  // namespace hone::quality
