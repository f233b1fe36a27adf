#include "hone/detector/train_metric.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <string>
#include <string_view>
#include <vector>

namespace hone {
namespace {

constexpr std::array<std::string_view, 6> kEvaluation = {"val",  "valid", "validation",
                                                         "eval", "test",  "dev"};
constexpr std::array<std::string_view, 2> kTraining = {"train", "training"};

/// "Validation/Loss", "val_loss", "val-loss" → words in lower case.
std::vector<std::string> words_of(const std::string& name) {
  std::vector<std::string> words(1);
  for (const char c : name) {
    if (std::isalnum(static_cast<unsigned char>(c)) != 0) {
      words.back() += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    } else if (!words.back().empty()) {
      words.emplace_back();
    }
  }
  if (words.back().empty()) words.pop_back();
  return words;
}

template <std::size_t N>
bool is_one_of(const std::array<std::string_view, N>& list, const std::string& word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

}  // namespace

int train_metric_of(const StudySpec& spec) {
  std::vector<std::string> what;
  bool evaluates = false;
  for (std::string& word : words_of(spec.objective().name)) {
    if (is_one_of(kEvaluation, word))
      evaluates = true;
    else
      what.push_back(std::move(word));
  }
  int plain = 0;
  for (int m = spec.objective_count(); m < static_cast<int>(spec.metrics.size()); ++m) {
    const Metric& metric = spec.metrics[static_cast<std::size_t>(m)];
    if (metric.role != MetricRole::tracked && metric.role != MetricRole::cost) continue;
    std::vector<std::string> words = words_of(metric.name);
    const auto training = std::find_if(
        words.begin(), words.end(), [](const std::string& w) { return is_one_of(kTraining, w); });
    const bool trains = training != words.end();
    if (trains) words.erase(training);
    if (words != what) continue;
    if (trains) return m;
    if (evaluates && plain == 0) plain = m;
  }
  return plain;
}

}  // namespace hone
