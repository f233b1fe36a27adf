// hone compare: trials of a study side by side, or studies side by side.
#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "hone/analysis/comparison.h"
#include "hone/analysis/shown.h"
#include "hone/base/csv.h"
#include "hone/base/error.h"
#include "hone/base/text.h"
#include "hone/cli/commands.h"
#include "hone/cli/lines.h"
#include "hone/cli/outcome.h"
#include "hone/cli/terminal.h"
#include "hone/cli/workplace.h"

namespace hone::cli {
namespace {

constexpr std::size_t kMostTrials = 20;
constexpr int kCurveColumns = 16;

bool is_number(const std::string& word) {
  return !word.empty() &&
         std::all_of(word.begin(), word.end(), [](char c) { return c >= '0' && c <= '9'; });
}

std::string p_text(double p) {
  if (p < 0.001) return "p < 0.001";
  return fmt::format("p = {}", format_number(p, 2));
}

Value to_list(const std::vector<Value>& values) { return Value(Value::List(values)); }

Value interval_json(const Estimate& estimate, double p) {
  Value out = Value::Map{};
  out.set("difference", estimate.value).set("low", estimate.low).set("high", estimate.high);
  out.set("p", p);
  return out;
}

class CompareCommand final : public Command {
 public:
  void declare(CommandLine& line) override {
    line.positional("TRIAL TRIAL… or STUDY STUDY…", words_,
                    "finetune/3 finetune/44, or finetune 3 44 51, or two studies or more");
    line.flag("--all", all_, "Also what is equal in all trials");
    line.flag("--csv", csv_, "As CSV on stdout");
    common_.declare(line);
    line.examples(
        "  hone compare finetune 3 44 51     what differs between three trials\n"
        "  hone compare sgd adam             two studies of one objective, with tests\n");
  }
  bool wants_json() const override { return common_.json; }

  int run() override {
    if (words_.size() < 2) {
      throw Error(ErrorCode::invalid_input, "at least two trials or two studies are compared",
                  "hone compare STUDY 3 44, or hone compare STUDY STUDY");
    }
    const Workplace place = Workplace::open(common_, OpenMode::existing);
    const bool has_trials = std::any_of(words_.begin(), words_.end(), [](const std::string& word) {
      return is_number(word) ||
             (word.find('/') != std::string::npos && is_number(word.substr(word.rfind('/') + 1)));
    });
    return has_trials ? trials(place) : studies(place);
  }

 private:
  int trials(const Workplace& place) const {
    const TrialAddress address = find_trials(place, words_, common_.project);
    if (address.trials.size() < 2 || address.trials.size() > kMostTrials) {
      throw Error(
          ErrorCode::invalid_input,
          fmt::format("2 to {} trials are compared, not {}", kMostTrials, address.trials.size()),
          fmt::format("hone compare {} 3 44", study_title(address.study)));
    }
    const History history = load_history(place.store(), address.study.id);
    const ComparedTrials compared = compare_trials(history, address.trials);
    if (common_.json) {
      std::printf("%s\n", trials_json(compared).dump().c_str());
      return kOk;
    }
    TextTable table;
    table.header = {""};
    std::vector<Value> header = {"name"};
    for (const std::int64_t number : compared.trials) {
      table.header.push_back(fmt::format("trial {}", number));
      header.emplace_back(table.header.back());
    }
    table.right.assign(table.header.size(), false);
    std::string csv = csv_line(header);
    int hidden = 0;
    for (const auto* rows : {&compared.parameters, &compared.results}) {
      for (const ComparedRow& row : *rows) {
        if (!row.differs && !all_ && rows == &compared.parameters) {
          ++hidden;
          continue;
        }
        std::vector<std::string> cells = {row.name};
        std::vector<Value> raw = {row.name};
        for (const Value& value : row.values) {
          cells.push_back(value.is_null() ? "–" : value_text(value));
          raw.push_back(value);
        }
        table.rows.push_back(std::move(cells));
        csv += csv_line(raw);
      }
    }
    std::vector<std::string> curves = {"curve"};
    bool any = false;
    for (const auto& curve : compared.curves) {
      curves.push_back(curve.size() < 2 ? "" : curve_blocks(curve, kCurveColumns));
      any = any || !curves.back().empty();
    }
    if (any) table.rows.push_back(std::move(curves));
    if (csv_) {
      std::fputs(csv.c_str(), stdout);
      return kOk;
    }
    std::fputs(table.text().c_str(), stdout);
    if (hidden > 0) {
      std::printf("%d %s the same in all (--all shows %s)\n", hidden,
                  hidden == 1 ? "parameter is" : "parameters are", hidden == 1 ? "it" : "them");
    }
    return kOk;
  }

  static Value trials_json(const ComparedTrials& compared) {
    Value out = Value::Map{};
    out.set("trials", Value(Value::List(compared.trials.begin(), compared.trials.end())));
    const auto add = [&](const char* key, const std::vector<ComparedRow>& rows) {
      Value::List list;
      for (const ComparedRow& row : rows) {
        Value one = Value::Map{};
        one.set("name", row.name).set("values", to_list(row.values)).set("differs", row.differs);
        list.push_back(std::move(one));
      }
      out.set(key, Value(std::move(list)));
    };
    add("parameters", compared.parameters);
    add("results", compared.results);
    Value::List curves;
    for (const auto& curve : compared.curves) {
      Value::List points;
      for (const CurvePoint& point : curve)
        points.push_back(Value(Value::List{point.fidelity, point.value}));
      curves.push_back(Value(std::move(points)));
    }
    out.set("curves", Value(std::move(curves)));
    return out;
  }

  int studies(const Workplace& place) const {
    std::vector<History> histories;
    std::vector<std::string> names;
    for (const std::string& word : words_) {
      const StudyInfo study = place.find_study(word, common_.project);
      if (std::find(names.begin(), names.end(), study_title(study)) != names.end())
        throw Error(ErrorCode::invalid_input, fmt::format("'{}' is given twice", word));
      names.push_back(study_title(study));
      histories.push_back(load_history(place.store(), study.id));
    }
    std::vector<const History*> pointers;
    for (const History& history : histories) pointers.push_back(&history);
    const StudyComparison compared = compare_studies(pointers, names);
    if (common_.json) {
      std::printf("%s\n", studies_json(compared).dump().c_str());
    } else if (csv_) {
      std::fputs(studies_csv(compared).c_str(), stdout);
    } else {
      print_studies(compared);
    }
    return kOk;
  }

  static std::string studies_csv(const StudyComparison& compared) {
    std::vector<Value> header = {"study", "trials",     "complete", "failed",
                                 "best",  "best_trial", "busy_s"};
    for (const std::int64_t mark : compared.marks)
      header.emplace_back(fmt::format("best_after_{}", mark));
    std::string out = csv_line(header);
    for (const StudyFigures& study : compared.studies) {
      std::vector<Value> row = {study.name,
                                study.trials,
                                study.complete,
                                study.failed,
                                study.best ? Value(*study.best) : Value(),
                                study.best_trial >= 0 ? Value(study.best_trial) : Value(),
                                study.busy_s};
      for (const double best : study.best_after)
        row.push_back(std::isnan(best) ? Value() : Value(best));
      out += csv_line(row);
    }
    return out;
  }

  static void print_studies(const StudyComparison& compared) {
    TextTable table;
    table.header = {goal_name(compared.goal) + (" " + compared.metric), "trials", "failed", "best",
                    "at work"};
    table.right = {false, true, true, true, true};
    for (const std::int64_t mark : compared.marks) {
      table.header.push_back(fmt::format("after {}", mark));
      table.right.push_back(true);
    }
    for (const StudyFigures& study : compared.studies) {
      std::vector<std::string> row = {
          study.name, std::to_string(study.trials), std::to_string(study.failed),
          study.best ? metric_text(*study.best) : "–",
          format_duration_us(static_cast<std::int64_t>(study.busy_s * 1e6))};
      for (const double best : study.best_after)
        row.push_back(std::isnan(best) ? "–" : metric_text(best));
      table.rows.push_back(std::move(row));
    }
    std::fputs(table.text().c_str(), stdout);
    const std::string& first = compared.studies.front().name;
    for (std::size_t i = 0; i < compared.contrasts.size(); ++i) {
      const Contrast& contrast = compared.contrasts[i];
      const std::string& name = compared.studies[i + 1].name;
      if (contrast.paired) {
        std::printf("%s − %s over the %lld configurations of both: %s (%s to %s, %s)\n",
                    name.c_str(), first.c_str(), static_cast<long long>(contrast.pairs),
                    format_number(contrast.paired->value, 4).c_str(),
                    format_number(contrast.paired->low, 4).c_str(),
                    format_number(contrast.paired->high, 4).c_str(),
                    p_text(contrast.paired_p).c_str());
      }
      if (contrast.of_bests) {
        std::printf("%s − %s at their best, over fresh seeds: %s (%s to %s, %s)\n", name.c_str(),
                    first.c_str(), format_number(contrast.of_bests->value, 4).c_str(),
                    format_number(contrast.of_bests->low, 4).c_str(),
                    format_number(contrast.of_bests->high, 4).c_str(),
                    p_text(contrast.of_bests_p).c_str());
      }
      if (contrast.better) {
        std::printf("a trial of %s is better than one of %s in %s of all pairs (%s)\n",
                    name.c_str(), first.c_str(), shown_share(*contrast.better).c_str(),
                    p_text(contrast.better_p).c_str());
      }
      if (!contrast.paired) {
        std::printf(
            "One run of a search each: which search is better, more runs of both with other "
            "seeds would tell.\n");
      }
    }
  }

  static Value studies_json(const StudyComparison& compared) {
    Value out = Value::Map{};
    out.set("metric", compared.metric).set("goal", goal_name(compared.goal));
    out.set("marks", Value(Value::List(compared.marks.begin(), compared.marks.end())));
    Value::List studies, contrasts;
    for (const StudyFigures& study : compared.studies) {
      Value one = Value::Map{};
      one.set("study", study.name).set("trials", study.trials).set("complete", study.complete);
      one.set("failed", study.failed).set("busy_s", study.busy_s);
      if (study.best) one.set("best", *study.best).set("best_trial", study.best_trial);
      Value::List marks;
      for (const double best : study.best_after)
        marks.push_back(std::isnan(best) ? Value() : Value(best));
      one.set("best_after", Value(std::move(marks)));
      studies.push_back(std::move(one));
    }
    for (std::size_t i = 0; i < compared.contrasts.size(); ++i) {
      const Contrast& contrast = compared.contrasts[i];
      Value one = Value::Map{};
      one.set("study", compared.studies[i + 1].name).set("against", compared.studies.front().name);
      one.set("pairs", contrast.pairs);
      if (contrast.paired) one.set("paired", interval_json(*contrast.paired, contrast.paired_p));
      if (contrast.of_bests)
        one.set("of_bests", interval_json(*contrast.of_bests, contrast.of_bests_p));
      if (contrast.better) one.set("better", *contrast.better).set("better_p", contrast.better_p);
      contrasts.push_back(std::move(one));
    }
    out.set("studies", Value(std::move(studies))).set("contrasts", Value(std::move(contrasts)));
    return out;
  }

  std::vector<std::string> words_;
  bool all_ = false;
  bool csv_ = false;
  CommonOptions common_;
};

}  // namespace

std::unique_ptr<Command> make_compare() { return std::make_unique<CompareCommand>(); }

}  // namespace hone::cli
