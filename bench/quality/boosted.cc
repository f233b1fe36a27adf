// Ax's hierarchical space with an XGBoost surrogate per branch: conditional, piecewise constant,
// the optimum a narrow spike in the branch with every parameter. XGBoost's JSON is read directly;
// leaves are summed in float32 comparisons as there.
#include <array>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "bench/quality/problem.h"
#include "hone/base/file.h"

namespace hone::quality {
namespace {

using nlohmann::json;

struct Tree {
  std::vector<int> left, right, feature;
  std::vector<float> split;
};

struct Forest {
  double base = 0;
  std::vector<Tree> trees;

  explicit Forest(const json& model) {
    const json& learner = model["learner"];
    base = std::stod(learner["learner_model_param"]["base_score"].get<std::string>());
    for (const json& t : learner["gradient_booster"]["model"]["trees"]) {
      trees.push_back({t["left_children"].get<std::vector<int>>(),
                       t["right_children"].get<std::vector<int>>(),
                       t["split_indices"].get<std::vector<int>>(),
                       t["split_conditions"].get<std::vector<float>>()});
    }
  }

  double predict(const std::vector<float>& x) const {
    double sum = base;
    for (const Tree& tree : trees) {
      std::size_t node = 0;
      while (tree.left[node] >= 0) {
        const bool goes_left = x[static_cast<std::size_t>(tree.feature[node])] < tree.split[node];
        node = static_cast<std::size_t>(goes_left ? tree.left[node] : tree.right[node]);
      }
      sum += static_cast<double>(tree.split[node]);
    }
    return sum;
  }
};

}  // namespace

std::vector<Problem> boosted_problems(const std::string& data, std::vector<std::string>& skipped) {
  const std::string folder = data + "/ax_hss_xgb/mnist_xgb_model_";
  if (data.empty() || !std::filesystem::exists(folder + "0.json")) {
    skipped.emplace_back("hss_mnist");
    return {};
  }
  auto forests = std::make_shared<std::vector<Forest>>();
  for (int i = 0; i < 4; ++i)
    forests->emplace_back(json::parse(read_file(folder + std::to_string(i) + ".json")));
  Problem p;
  p.name = "hss_mnist";
  p.family = "conditional";
  p.goal = Goal::maximize;
  p.space =
      space_of({real("lr", 1e-5, 1, Law::log_uniform), choice("use_dropout", {false, true}, false),
                when(real("dropout", 0.1, 0.5), "use_dropout", {true}),
                choice("use_weight_decay", {false, true}, false),
                when(real("weight_decay", 1e-5, 1, Law::log_uniform), "use_weight_decay", {true})});
  p.optimum = 1.0790634;
  p.truth = [forests](const Config& config) {
    std::vector<float> x = {static_cast<float>(config.get("lr")->as_number())};
    const Value* dropout = config.get("dropout");
    const Value* decay = config.get("weight_decay");
    if (dropout != nullptr) x.push_back(static_cast<float>(dropout->as_number()));
    if (decay != nullptr) x.push_back(static_cast<float>(decay->as_number()));
    return (*forests)[(dropout != nullptr ? 2U : 0U) + (decay != nullptr ? 1U : 0U)].predict(x);
  };
  p.evaluate = [truth = p.truth](const Config& config, std::uint64_t) -> std::optional<double> {
    return truth(config);
  };
  return {p};
}

}  // namespace hone::quality
