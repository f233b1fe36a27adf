// hone interactions: which pairs of parameters matter together, and what the metric is on average
// at each value of one or two of them.
#include <fmt/core.h>

#include <algorithm>
#include <cstdio>

#include "hone/analysis/analysis_json.h"
#include "hone/analysis/importance.h"
#include "hone/base/csv.h"
#include "hone/base/error.h"
#include "hone/base/text.h"
#include "hone/cli/analysis_command.h"
#include "hone/cli/importance_text.h"
#include "hone/cli/lines.h"
#include "hone/cli/terminal.h"

namespace hone::cli {
namespace {

constexpr std::size_t kShownPairs = 10;
constexpr std::size_t kShownValues = 12;  ///< of one parameter
constexpr std::size_t kShownSide = 7;     ///< of two

/// Evenly spaced positions, both ends among them.
std::vector<std::size_t> spaced(std::size_t count, std::size_t most) {
  std::vector<std::size_t> out;
  const std::size_t n = std::min(count, most);
  for (std::size_t i = 0; i < n; ++i) out.push_back(n == 1 ? 0 : i * (count - 1) / (n - 1));
  return out;
}

class InteractionsCommand final : public AnalysisCommand {
 public:
  void declare(CommandLine& line) override {
    line.positional("STUDY [PARAMETER] [PARAMETER]", words_,
                    "The study; with one or two parameters: the metric at each of their values, "
                    "averaged over the others");
    line.flag("--all", all_, "All pairs, not only the strongest");
    declare_common(line);
  }

  int run() override {
    const Workplace place = Workplace::open(common_, OpenMode::existing);
    const std::optional<std::string> name =
        words_.empty() ? std::nullopt : std::optional(words_.front());
    const StudyInfo study = place.study_or_only(name, common_.project);
    const History history = load_history(place.store(), study.id);
    const StudySpec& spec = history.spec();
    if (words_.size() > 3)
      throw Error(ErrorCode::invalid_input, "at most two parameters are looked at together");
    for (std::size_t i = 1; i < words_.size(); ++i) check_parameter(spec, words_[i]);
    if (words_.size() == 3 && words_[1] == words_[2])
      throw Error(ErrorCode::invalid_input, fmt::format("'{}' is given twice", words_[1]));
    FanovaOptions options;
    options.metric = metric_of(spec);
    if (words_.size() == 2) options.pair_columns = 0;
    if (words_.size() == 3) options.pair_columns = static_cast<std::size_t>(spec.space.dimension());
    const Fanova found = fanova(history, options);
    metric_ = spec.metrics[static_cast<std::size_t>(options.metric)].name;
    if (!found.enough) {
      too_few(found);
    } else if (words_.size() == 2) {
      one(found);
    } else if (words_.size() == 3) {
      two(found);
    } else {
      pairs(history, found, options.metric);
    }
    return kOk;
  }

 private:
  void too_few(const Fanova& found) const {
    if (common_.json) {
      std::printf("%s\n", to_json(found, false).dump().c_str());
    } else if (!csv_ && found.trials < found.needed) {
      std::printf("Too few trials to tell: %lld, and %lld are needed.\n",
                  static_cast<long long>(found.trials), static_cast<long long>(found.needed));
    } else if (!csv_) {
      std::printf("All %lld trials came to the same: there is nothing to explain.\n",
                  static_cast<long long>(found.trials));
    }
  }

  void pairs(const History& history, const Fanova& found, int metric) const {
    if (csv_) {
      std::fputs(pairs_csv(found).c_str(), stdout);
      return;
    }
    std::optional<Interaction> strongest;
    if (metric == 0) strongest = find_importance(history).strongest;
    if (common_.json) {
      Value out = to_json(found, false);
      out.set("metric", metric_);
      if (strongest) {
        Value pair = Value::Map{};
        pair.set("first", strongest->first).set("second", strongest->second);
        pair.set("p", strongest->p);
        out.set("strongest_pair", std::move(pair));
      }
      std::printf("%s\n", out.dump().c_str());
      return;
    }
    if (found.pairs.empty()) {
      std::printf("There is no pair: the study searches one parameter, or they never meet.\n");
      return;
    }
    std::printf("What pairs explain of %s beyond their parameters, by %lld trials:\n",
                metric_.c_str(), static_cast<long long>(found.trials));
    std::fputs(pairs_text(found, all_ ? 0 : kShownPairs).c_str(), stdout);
    if (strongest && strongest->p <= kSignificance) {
      std::printf("%s × %s interact (the chance of as much where no pair does: %s %%).\n",
                  strongest->first.c_str(), strongest->second.c_str(),
                  format_number(100 * strongest->p, 2).c_str());
    } else if (strongest) {
      std::printf("No pair is told apart from chance.\n");
    }
  }

  void one(const Fanova& found) const {
    const auto effect =
        std::find_if(found.effects.begin(), found.effects.end(),
                     [&](const FanovaEffect& each) { return each.parameter == words_[1]; });
    const Dependence& data = effect->dependence;
    if (common_.json) {
      Value out = to_json(data);
      out.set("parameter", words_[1]).set("metric", metric_).set("by_order", found.by_order);
      std::printf("%s\n", out.dump().c_str());
      return;
    }
    if (csv_) {
      std::string out = csv_line(std::vector<Value>{words_[1], "mean", "low", "high"});
      for (std::size_t i = 0; i < data.mean.size(); ++i) {
        out += csv_line(std::vector<Value>{data.values[i], data.mean[i].value, data.mean[i].low,
                                           data.mean[i].high});
      }
      std::fputs(out.c_str(), stdout);
      return;
    }
    TextTable table;
    table.header = {words_[1], scale_name(found), "95 %"};
    table.right = {true, true, false};
    for (const std::size_t i : spaced(data.mean.size(), kShownValues)) {
      const Estimate& mean = data.mean[i];
      table.rows.push_back(
          {short_value(data.values[i]), format_number(mean.value, 4),
           fmt::format("{} to {}", format_number(mean.low, 4), format_number(mean.high, 4))});
    }
    std::fputs(table.text().c_str(), stdout);
  }

  void two(const Fanova& found) const {
    const auto pair =
        std::find_if(found.pairs.begin(), found.pairs.end(), [&](const FanovaPair& each) {
          return (each.first == words_[1] && each.second == words_[2]) ||
                 (each.first == words_[2] && each.second == words_[1]);
        });
    if (pair == found.pairs.end()) {
      throw Error(ErrorCode::invalid_input,
                  fmt::format("{} and {} are never active together", words_[1], words_[2]));
    }
    const PairDependence& data = pair->dependence;
    const std::size_t width = data.second_values.size();
    if (common_.json) {
      Value out = to_json(data);
      out.set("first", pair->first).set("second", pair->second).set("metric", metric_);
      out.set("by_order", found.by_order).set("share", to_json(pair->share));
      std::printf("%s\n", out.dump().c_str());
      return;
    }
    if (csv_) {
      std::string out =
          csv_line(std::vector<Value>{pair->first, pair->second, "mean", "low", "high"});
      for (std::size_t i = 0; i < data.mean.size(); ++i) {
        out +=
            csv_line(std::vector<Value>{data.first_values[i / width], data.second_values[i % width],
                                        data.mean[i].value, data.mean[i].low, data.mean[i].high});
      }
      std::fputs(out.c_str(), stdout);
      return;
    }
    std::printf("%s by %s (down) and %s (across); together beyond each alone: %s of the variance\n",
                scale_name(found).c_str(), pair->first.c_str(), pair->second.c_str(),
                share_text(pair->share).c_str());
    TextTable table;
    table.header = {""};
    table.right = {true};
    const auto across = spaced(width, kShownSide);
    for (const std::size_t b : across) {
      table.header.push_back(short_value(data.second_values[b]));
      table.right.push_back(true);
    }
    for (const std::size_t a : spaced(data.first_values.size(), kShownSide)) {
      table.rows.push_back({short_value(data.first_values[a])});
      for (const std::size_t b : across)
        table.rows.back().push_back(format_number(data.mean[a * width + b].value, 4));
    }
    std::fputs(table.text().c_str(), stdout);
  }

  std::string scale_name(const Fanova& found) const {
    return found.by_order ? metric_ + " (normal scores of its order)" : metric_;
  }
  static std::string short_value(const Value& value) {
    return value.is_double() ? format_number(value.as_number(), 3) : value_text(value);
  }

  std::vector<std::string> words_;
  bool all_ = false;
  std::string metric_;
};

}  // namespace

std::unique_ptr<Command> make_interactions() { return std::make_unique<InteractionsCommand>(); }

}  // namespace hone::cli
