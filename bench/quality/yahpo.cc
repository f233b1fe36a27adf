// YAHPO Gym surrogates (Pfisterer et al. 2022): neural networks fitted to large random searches,
// evaluated from their plain weights. Smooth and free of noise, which favours Gaussian processes:
// never judge on these alone.
#include <cmath>
#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "bench/quality/problem.h"
#include "hone/base/file.h"

namespace hone::quality {
namespace {

using nlohmann::json;

/// The network of data/README.md, "Forward pass for one configuration".
class Network {
 public:
  Network(const json& description, const std::string& weights, json encoding)
      : description_(description),
        encoding_(std::move(encoding)),
        weights_(weights.size() / sizeof(float)) {
    std::memcpy(weights_.data(), weights.data(), weights_.size() * sizeof(float));
    for (const auto& t : description["tensors"]) tensors_[t["name"].get<std::string>()] = t;
  }

  double output(const json& inputs, const std::string& name) const {
    std::vector<float> h = linear("first", embed(inputs));
    const int blocks = description_["blocks"].get<int>();
    for (int b = 0; b < blocks; ++b) {
      const std::string block = "block" + std::to_string(b);
      const auto u = linear(block + ".linear0", norm(block, h));
      const std::size_t m = u.size() / 2;
      std::vector<float> g(m);
      for (std::size_t i = 0; i < m; ++i) g[i] = u[i] * std::max(u[m + i], 0.0F);
      const auto step = linear(block + ".linear1", g);
      for (std::size_t i = 0; i < h.size(); ++i) h[i] += step[i];
    }
    std::vector<float> r = norm("last", h);
    for (float& x : r) x = std::max(x, 0.0F);
    const auto head = linear("head", r);
    const auto& outputs = description_["outputs"];
    for (std::size_t j = 0; j < outputs.size(); ++j) {
      if (outputs[j]["name"] == name)
        return restore(outputs[j], 1 / (1 + std::exp(-static_cast<double>(head[j]))));
    }
    return NAN;
  }

 private:
  const float* tensor(const std::string& name, std::size_t& rows, std::size_t& columns) const {
    const json& t = tensors_.at(name);
    rows = t["shape"][0].get<std::size_t>();
    columns = t["shape"].size() > 1 ? t["shape"][1].get<std::size_t>() : 1;
    return weights_.data() + t["offset"].get<std::size_t>();
  }

  std::vector<float> embed(const json& inputs) const {
    std::vector<float> x;
    int k = 0;
    for (const auto& name : description_["categorical_inputs"]) {
      const auto key = name.get<std::string>();
      std::size_t rows = 0;
      std::size_t columns = 0;
      const float* table = tensor("embedding" + std::to_string(k++), rows, columns);
      const auto code = encoding_[key][inputs[key].get<std::string>()].get<std::size_t>();
      x.insert(x.end(), table + code * columns, table + (code + 1) * columns);
    }
    for (const auto& input : description_["numeric_inputs"]) {
      const double value = inputs[input["name"].get<std::string>()].get<double>();
      const auto kind = input["kind"].get<std::string>();
      double t = value;
      if (kind == "log") t = std::log(value + input["eps"].get<double>());
      if (kind == "negexp")
        t = std::exp(-value / input["scale"].get<double>()) - input["eps"].get<double>();
      x.push_back(
          static_cast<float>((t - input["sub"].get<double>()) / input["div"].get<double>()));
    }
    return x;
  }

  std::vector<float> linear(const std::string& name, const std::vector<float>& x) const {
    std::size_t rows = 0;
    std::size_t columns = 0;
    std::size_t one = 0;
    const float* weight = tensor(name + ".weight", rows, columns);
    const float* bias = tensor(name + ".bias", one, one);
    std::vector<float> y(rows);
    for (std::size_t i = 0; i < rows; ++i) {
      float part[8] = {};
      std::size_t j = 0;
      for (; j + 8 <= columns; j += 8) {
        for (std::size_t l = 0; l < 8; ++l) part[l] += weight[i * columns + j + l] * x[j + l];
      }
      float sum = bias[i];
      for (; j < columns; ++j) sum += weight[i * columns + j] * x[j];
      for (const float p : part) sum += p;
      y[i] = sum;
    }
    return y;
  }

  std::vector<float> norm(const std::string& name, const std::vector<float>& h) const {
    std::size_t n = 0;
    std::size_t one = 0;
    const float* scale = tensor(name + ".norm.scale", n, one);
    const float* offset = tensor(name + ".norm.shift", n, one);
    std::vector<float> y(h.size());
    for (std::size_t i = 0; i < h.size(); ++i) y[i] = scale[i] * h[i] + offset[i];
    return y;
  }

  static double restore(const json& output, double s) {
    const double v = s * output["mul"].get<double>() + output["add"].get<double>();
    const auto kind = output["kind"].get<std::string>();
    if (kind == "exp") return std::exp(v) - output["eps"].get<double>();
    if (kind == "neglog")
      return -std::log(v + output["eps"].get<double>()) * output["scale"].get<double>();
    return kind == "round" ? std::round(v) : v;
  }

  json description_;
  json encoding_;
  std::vector<float> weights_;
  std::unordered_map<std::string, json> tensors_;
};

std::shared_ptr<Network> load(const std::string& folder) {
  if (!std::filesystem::exists(folder + "/weights.f32")) return nullptr;
  return std::make_shared<Network>(json::parse(read_file(folder + "/network.json")),
                                   read_file(folder + "/weights.f32"),
                                   json::parse(read_file(folder + "/encoding.json")));
}

Problem surrogate(std::string name, std::vector<Parameter> parameters,
                  std::shared_ptr<Network> network, json fixed, std::string output,
                  double optimum) {
  Problem p;
  p.name = std::move(name);
  p.family = "surrogate";
  p.goal = Goal::maximize;
  p.space = space_of(std::move(parameters));
  p.optimum = optimum;
  p.truth = [network, fixed, output](const Config& config) {
    json inputs = fixed;
    for (const auto& [key, value] : config) {
      if (value.is_string()) {
        inputs[key] = value.as_string();
      } else {
        inputs[key] = value.as_number();
      }
    }
    return network->output(inputs, output);
  };
  p.evaluate = [truth = p.truth](const Config& config, std::uint64_t) -> std::optional<double> {
    return truth(config);
  };
  return p;
}

std::vector<Parameter> rpart_parameters() {
  return {
      real("cp", 0.0009118819655545162, 1, Law::log_uniform), integer("maxdepth", 1, 30),
      integer("minbucket", 1, 100), integer("minsplit", 1, 100),
      choice("num.impute.selected.cpo", {"impute.mean", "impute.median", "impute.hist"}, false)};
}

std::vector<Parameter> glmnet_parameters() {
  return {real("alpha", 0, 1), real("s", 1e-4, 1e3, Law::log_uniform)};
}

/// The first output is better high, the second low.
OutputPair pair_of(const std::string& name, const std::vector<Parameter>& parameters,
                   const std::shared_ptr<Network>& network, const json& fixed,
                   const std::string& high, const std::string& low) {
  const Problem first = surrogate(name, parameters, network, fixed, high, 0);
  const Problem second = surrogate(name, parameters, network, fixed, low, 0);
  return {name, first.space, {Goal::maximize, Goal::minimize}, [first, second](const Config& c) {
            return std::vector<double>{first.truth(c), second.truth(c)};
          }};
}

SizedSurrogate sized(const std::string& name, const std::vector<Parameter>& parameters,
                     const std::shared_ptr<Network>& network, json fixed, const std::string& output,
                     const std::vector<double>& sizes) {
  SizedSurrogate all{name, space_of(parameters), Goal::maximize, {}};
  for (const double size : sizes) {
    fixed["trainsize"] = size;
    all.at.push_back(surrogate(name, parameters, network, fixed, output, 0).truth);
  }
  return all;
}

}  // namespace

std::vector<SizedSurrogate> yahpo_sizes(const std::string& data, const std::vector<double>& sizes,
                                        std::vector<std::string>& skipped) {
  std::vector<SizedSurrogate> all;
  if (const auto rpart = data.empty() ? nullptr : load(data + "/yahpo/rbv2_rpart")) {
    for (const char* task : {"14", "4534"}) {
      all.push_back(sized(std::string("rpart_") + task, rpart_parameters(), rpart,
                          {{"task_id", task}, {"repl", 10.0}}, "acc", sizes));
    }
  } else {
    skipped.insert(skipped.end(), {"rpart_14", "rpart_4534"});
  }
  if (const auto glmnet = data.empty() ? nullptr : load(data + "/yahpo/iaml_glmnet")) {
    all.push_back(
        sized("glmnet_40981", glmnet_parameters(), glmnet, {{"task_id", "40981"}}, "auc", sizes));
  } else {
    skipped.emplace_back("glmnet_40981");
  }
  return all;
}

std::vector<OutputPair> yahpo_pairs(const std::string& data, std::vector<std::string>& skipped) {
  std::vector<OutputPair> all;
  if (const auto rpart = data.empty() ? nullptr : load(data + "/yahpo/rbv2_rpart")) {
    for (const char* task : {"14", "4534"}) {
      all.push_back(pair_of(std::string("rpart_") + task, rpart_parameters(), rpart,
                            {{"task_id", task}, {"trainsize", 1.0}, {"repl", 10.0}}, "acc",
                            "memory"));
    }
  } else {
    skipped.insert(skipped.end(), {"rpart_14", "rpart_4534"});
  }
  if (const auto glmnet = data.empty() ? nullptr : load(data + "/yahpo/iaml_glmnet")) {
    all.push_back(pair_of("glmnet_40981", glmnet_parameters(), glmnet,
                          {{"task_id", "40981"}, {"trainsize", 1.0}}, "auc", "nf"));
  } else {
    skipped.emplace_back("glmnet_40981");
  }
  return all;
}

std::vector<std::pair<std::string, std::function<double(const Config&)>>> yahpo_seconds(
    const std::string& data) {
  std::vector<std::pair<std::string, std::function<double(const Config&)>>> all;
  const auto add = [&](const std::string& name, std::vector<Parameter> parameters,
                       const std::shared_ptr<Network>& network, const json& fixed) {
    all.emplace_back(name,
                     surrogate(name, std::move(parameters), network, fixed, "timetrain", 0).truth);
  };
  if (const auto rpart = data.empty() ? nullptr : load(data + "/yahpo/rbv2_rpart")) {
    for (const char* task : {"14", "4534"}) {
      add(std::string("rpart_") + task, rpart_parameters(), rpart,
          {{"task_id", task}, {"trainsize", 1.0}, {"repl", 10.0}});
    }
  }
  if (const auto glmnet = data.empty() ? nullptr : load(data + "/yahpo/iaml_glmnet"))
    add("glmnet_40981", glmnet_parameters(), glmnet, {{"task_id", "40981"}, {"trainsize", 1.0}});
  return all;
}

std::vector<Problem> yahpo_problems(const std::string& data, std::vector<std::string>& skipped) {
  std::vector<Problem> all;
  if (const auto rpart = data.empty() ? nullptr : load(data + "/yahpo/rbv2_rpart")) {
    // Best of 200 000 random points, each of the best 50 refined by coordinate search.
    constexpr std::pair<const char*, double> kTasks[] = {{"14", 0.80234}, {"4534", 0.962142}};
    for (const auto& [task, optimum] : kTasks) {
      all.push_back(surrogate(std::string("rpart_") + task, rpart_parameters(), rpart,
                              {{"task_id", task}, {"trainsize", 1.0}, {"repl", 10.0}}, "acc",
                              optimum));
    }
  } else {
    skipped.insert(skipped.end(), {"rpart_14", "rpart_4534"});
  }
  if (const auto glmnet = data.empty() ? nullptr : load(data + "/yahpo/iaml_glmnet")) {
    all.push_back(surrogate("glmnet_40981", glmnet_parameters(), glmnet,
                            {{"task_id", "40981"}, {"trainsize", 1.0}}, "auc", 0.9511144));
  } else {
    skipped.emplace_back("glmnet_40981");
  }
  return all;
}

}  // namespace hone::quality
