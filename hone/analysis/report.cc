#include "hone/analysis/report.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "hone/analysis/charts.h"
#include "hone/analysis/findings.h"
#include "hone/analysis/front.h"
#include "hone/analysis/replicates.h"
#include "hone/analysis/shown.h"
#include "hone/base/text.h"

namespace hone {
namespace {

constexpr std::size_t kMostSlices = 12;
constexpr std::size_t kMostContours = 2;
constexpr std::size_t kMostTrials = 2000;
constexpr std::size_t kBestTrials = 10;

std::string interval_text(const Estimate& share) {
  return fmt::format("{} ({:.0f}–{:.0f})", shown_share(share.value), 100 * share.low,
                     100 * share.high);
}

ImportanceTable table_of(const History& history, const Importance& importance,
                         const Fanova& forests) {
  ImportanceTableOptions options;
  options.importance = &importance;
  options.forests = &forests;
  return importance_table(history, options);
}

class Maker {
 public:
  explicit Maker(const History& history)
      : history_(history),
        spec_(history.spec()),
        findings_(find_findings(history)),
        fanova_(fanova(history)),
        table_(table_of(history, findings_.importance, fanova_)),
        parallel_(find_parallel(history)),
        progress_(find_progress(history)) {}

  void fill(StudyReport& report) {
    findings(report);
    progress(report);
    front(report);
    importance(report);
    slices(report);
    pairs(report);
    parallel(report);
    curves(report);
    seeds(report);
    best_trials(report);
    trials(report);
  }

 private:
  const Metric& objective() const { return spec_.objective(); }

  void findings(StudyReport& report) const {
    ReportSection section;
    section.heading = "What the study taught";
    for (const Statement& one : findings_.statements) section.sentences.push_back(one.text + ".");
    if (section.sentences.empty())
      section.sentences.emplace_back("Nothing that these trials tell apart from chance.");
    report.sections.push_back(std::move(section));
  }

  void progress(StudyReport& report) const {
    if (progress_.trials.empty()) return;
    ReportSection section;
    section.heading = "Progress";
    section.drawings.push_back(draw_progress(progress_, objective(), {900, 280}));
    section.drawings.push_back(draw_progress_over_time(progress_, objective(), {900, 240}));
    ReportTable table{
        {"trial", "trials before", "seconds", objective().name}, {true, true, true, true}, {}};
    for (const ProgressPoint& point : progress_.bests) {
      table.rows.push_back({std::to_string(point.trial), std::to_string(point.position),
                            format_number(point.elapsed_s, 4), shown_metric(point.value)});
    }
    section.tables.push_back(std::move(table));
    report.sections.push_back(std::move(section));
  }

  void front(StudyReport& report) const {
    if (spec_.objective_count() < 2) return;
    const Front found = find_front(history_);
    ReportSection section;
    section.heading = "The front";
    section.drawings.push_back(draw_front(history_, found, {900, 320}));
    const auto volume = hypervolume_over_trials(history_);
    if (!volume.empty()) section.drawings.push_back(draw_hypervolume(volume, {900, 220}));
    ReportTable table;
    table.header = {"trial"};
    table.right = {true};
    for (int m = 0; m < spec_.objective_count(); ++m) {
      table.header.push_back(spec_.metrics[static_cast<std::size_t>(m)].name);
      table.right.push_back(true);
    }
    add_parameter_columns(table);
    for (const std::int64_t number : found.trials) {
      const Trial& trial = history_.trial(number);
      std::vector<std::string> row = {std::to_string(number)};
      for (int m = 0; m < spec_.objective_count(); ++m)
        row.push_back(shown_metric(trial.value_of(m).value_or(NAN)));
      add_parameters(trial, row);
      table.rows.push_back(std::move(row));
    }
    section.tables.push_back(std::move(table));
    report.sections.push_back(std::move(section));
  }

  void importance(StudyReport& report) const {
    ReportSection section;
    section.heading = "What matters";
    ReportTable table{{"parameter", "share", "fANOVA", "near the best", "PED-ANOVA", "active"},
                      std::vector<bool>(6, false),
                      {}};
    const auto text = [](const std::optional<Estimate>& estimate) {
      return estimate ? interval_text(*estimate) : std::string();
    };
    bool any = false;
    for (const ImportanceRow& row : table_.rows) {
      any = any || row.share || row.fanova || row.ped_anova;
      const bool chance = row.share && row.p > kSignificance;
      table.rows.push_back({row.parameter, text(row.share) + (chance ? " *" : ""), text(row.fanova),
                            text(row.fanova_near), text(row.ped_anova), shown_share(row.active)});
    }
    if (!any) return;
    section.drawings.push_back(draw_importance(table_, 900));
    section.tables.push_back(std::move(table));
    section.sentences.emplace_back(
        "Share: of what the parameters explain of the order of the trials. fANOVA: of the variance "
        "over the space, and of what tells the best quarter apart within. PED-ANOVA: by where the "
        "best tenth of the trials lies among all. In brackets intervals of 95 %; * not told apart "
        "from chance.");
    report.sections.push_back(std::move(section));
  }

  void slices(StudyReport& report) const {
    ReportSection section;
    section.heading = fmt::format("{} by each parameter", objective().name);
    std::vector<Slice> slices = find_slices(history_);
    const auto place = [&](const std::string& name) {
      const auto found = std::find_if(table_.rows.begin(), table_.rows.end(),
                                      [&](const auto& row) { return row.parameter == name; });
      return found - table_.rows.begin();
    };
    std::stable_sort(slices.begin(), slices.end(), [&](const Slice& a, const Slice& b) {
      return place(a.parameter) < place(b.parameter);
    });
    slices.resize(std::min(slices.size(), kMostSlices));
    for (const Slice& slice : slices) {
      if (slice.points.empty()) continue;
      const Dependence* dependence = nullptr;
      for (const FanovaEffect& effect : fanova_.effects) {
        if (effect.parameter == slice.parameter && !fanova_.by_order)
          dependence = &effect.dependence;
      }
      const Domain& domain = spec_.space.parameter(spec_.space.index_of(slice.parameter)).domain;
      section.drawings.push_back(draw_slice(slice, domain, objective(), dependence));
    }
    if (section.drawings.empty()) return;
    if (fanova_.enough && !fanova_.by_order)
      section.sentences.emplace_back(
          "Dots are trials; the line is the mean over the other parameters that regression forests "
          "give, with its interval of 95 %.");
    report.sections.push_back(std::move(section));
  }

  void pairs(StudyReport& report) const {
    if (fanova_.pairs.empty()) return;
    ReportSection section;
    section.heading = "Pairs";
    ReportTable table{{"pair", "beyond each alone"}, {false, false}, {}};
    for (std::size_t i = 0; i < std::min<std::size_t>(fanova_.pairs.size(), 10); ++i) {
      const FanovaPair& pair = fanova_.pairs[i];
      table.rows.push_back(
          {fmt::format("{} × {}", pair.first, pair.second), interval_text(pair.share)});
      if (i >= kMostContours) continue;
      section.drawings.push_back(
          draw_contour(pair, parallel_, spec_.space, fanova_.by_order ? Metric{} : objective()));
      section.drawings.push_back(draw_ranks(parallel_, pair.first, pair.second, spec_.space));
    }
    section.sentences.emplace_back(
        "Left: the mean that forests give, with the trials. Right: the trials by their rank.");
    section.tables.push_back(std::move(table));
    report.sections.push_back(std::move(section));
  }

  void parallel(StudyReport& report) const {
    if (parallel_.rows.empty()) return;
    ReportSection section;
    section.heading = "All parameters together";
    section.drawings.push_back(draw_parallel(parallel_, spec_.space, objective()));
    report.sections.push_back(std::move(section));
  }

  void curves(StudyReport& report) const {
    const bool any = std::any_of(history_.trials().begin(), history_.trials().end(),
                                 [](const Trial& trial) { return trial.curve.size() >= 2; });
    if (!any) return;
    ReportSection section;
    section.heading = "Curves";
    section.drawings.push_back(draw_curves(history_, {900, 300}));
    report.sections.push_back(std::move(section));
  }

  void seeds(StudyReport& report) const {
    const auto found = seed_values(history_);
    if (found.empty()) return;
    ReportSection section;
    section.heading = "Seeds";
    ReportTable table{{"trial", "runs", "mean", "deviation", "95 % of the mean"},
                      {true, true, true, true, false},
                      {}};
    for (const SeedValues& one : found) {
      table.rows.push_back({std::to_string(one.trial), std::to_string(one.values.size()),
                            shown_metric(one.mean), format_number(one.sd, 2),
                            fmt::format("{} to {}", shown_metric(one.interval.low),
                                        shown_metric(one.interval.high))});
    }
    section.tables.push_back(std::move(table));
    report.sections.push_back(std::move(section));
  }

  void add_parameter_columns(ReportTable& table) const {
    for (const Parameter& parameter : spec_.space.parameters()) {
      if (std::holds_alternative<Fixed>(parameter.domain)) continue;
      table.header.push_back(parameter.name);
      table.right.push_back(!is_choice(parameter));
    }
  }
  static bool is_choice(const Parameter& parameter) {
    return std::holds_alternative<Choice>(parameter.domain);
  }
  void add_parameters(const Trial& trial, std::vector<std::string>& row) const {
    for (const Parameter& parameter : spec_.space.parameters()) {
      if (std::holds_alternative<Fixed>(parameter.domain)) continue;
      const Value* value = trial.config().get(parameter.name);
      row.push_back(value != nullptr ? shown_value(*value) : "");
    }
  }

  void best_trials(StudyReport& report) const {
    if (spec_.objective_count() > 1 || parallel_.rows.empty()) return;
    std::vector<const ParallelRow*> rows;
    for (const ParallelRow& row : parallel_.rows) rows.push_back(&row);
    std::stable_sort(rows.begin(), rows.end(),
                     [](const ParallelRow* a, const ParallelRow* b) { return a->rank < b->rank; });
    rows.resize(std::min(rows.size(), kBestTrials));
    ReportSection section;
    section.heading = "The best trials";
    ReportTable table{{"trial", objective().name}, {true, true}, {}};
    add_parameter_columns(table);
    for (const ParallelRow* best : rows) {
      std::vector<std::string> row = {std::to_string(best->trial), shown_metric(best->metric)};
      add_parameters(history_.trial(best->trial), row);
      table.rows.push_back(std::move(row));
    }
    section.tables.push_back(std::move(table));
    report.sections.push_back(std::move(section));
  }

  void trials(StudyReport& report) const {
    ReportSection section;
    section.heading = "All trials";
    section.folded = true;
    ReportTable table{{"trial", "state"}, {true, false}, {}};
    for (const Metric& metric : spec_.metrics) {
      table.header.push_back(metric.name);
      table.right.push_back(true);
    }
    table.header.emplace_back("time");
    table.right.push_back(true);
    add_parameter_columns(table);
    table.header.emplace_back("reason");
    table.right.push_back(false);
    for (const Trial& trial : history_.trials()) {
      if (table.rows.size() == kMostTrials) break;
      std::vector<std::string> row = {std::to_string(trial.number()),
                                      trial_state_name(trial.state)};
      for (std::size_t m = 0; m < spec_.metrics.size(); ++m) {
        const auto value = trial.value_of(static_cast<int>(m));
        row.push_back(value ? shown_metric(*value) : "");
      }
      row.push_back(format_duration_us(trial.busy_us));
      add_parameters(trial, row);
      row.push_back(trial.fail_kind != FailKind::none
                        ? fail_kind_text(trial.fail_kind)
                        : trial.reason.substr(0, trial.reason.find('\n')));
      table.rows.push_back(std::move(row));
    }
    if (static_cast<std::int64_t>(table.rows.size()) < history_.size()) {
      section.sentences.push_back(fmt::format("The first {} of {} trials; hone export has all.",
                                              table.rows.size(), history_.size()));
    }
    section.tables.push_back(std::move(table));
    report.sections.push_back(std::move(section));
  }

  const History& history_;
  const StudySpec& spec_;
  Findings findings_;
  Fanova fanova_;
  ImportanceTable table_;
  Parallel parallel_;
  Progress progress_;
};

}  // namespace

StudyReport make_report(const History& history, const std::string& title,
                        std::vector<std::string> summary) {
  StudyReport report;
  report.title = title;
  report.summary = std::move(summary);
  Maker(history).fill(report);
  return report;
}

}  // namespace hone
