// hone importance: how much each parameter matters, by three methods, with intervals.
#include <fmt/core.h>

#include <cstdio>

#include "hone/analysis/analysis_json.h"
#include "hone/cli/analysis_command.h"
#include "hone/cli/importance_text.h"
#include "hone/cli/terminal.h"

namespace hone::cli {
namespace {

class ImportanceCommand final : public AnalysisCommand {
 public:
  void declare(CommandLine& line) override {
    line.positional("STUDY", study_, "The study; may be left out where there is one only");
    declare_common(line);
    line.examples(
        "  share          of what the parameters explain of the order of trials\n"
        "  fANOVA         of the variance over the space, by regression forests\n"
        "  PED-ANOVA      by how the best tenth of the trials lies among all\n"
        "  near the best  of what tells the best quarter apart within (fANOVA)\n"
        "  active         how much of the space has it, and its fANOVA share there\n"
        "Figures in brackets are intervals of 95 %.\n");
  }

  int run() override {
    const Workplace place = Workplace::open(common_, OpenMode::existing);
    const StudyInfo study = place.study_or_only(study_, common_.project);
    const History history = load_history(place.store(), study.id);
    ImportanceTableOptions options;
    options.metric = metric_of(history.spec());
    const ImportanceTable table = importance_table(history, options);
    const std::string& metric =
        history.spec().metrics[static_cast<std::size_t>(options.metric)].name;
    if (common_.json) {
      Value out = to_json(table);
      out.set("study", study_title(study)).set("metric", metric);
      std::printf("%s\n", out.dump().c_str());
    } else if (csv_) {
      std::fputs(importance_table_csv(table).c_str(), stdout);
    } else {
      const int width = is_terminal(stdout) ? terminal_width(stdout) : 0;
      std::fputs(importance_table_text(table, metric, width).c_str(), stdout);
    }
    return kOk;
  }

 private:
  std::optional<std::string> study_;
};

}  // namespace

std::unique_ptr<Command> make_importance() { return std::make_unique<ImportanceCommand>(); }

}  // namespace hone::cli
