// hone report: a study as one page (HTML), Markdown, LaTeX or CSV.
#include <fmt/core.h>

#include <cstdio>
#include <filesystem>

#include "hone/analysis/report.h"
#include "hone/base/error.h"
#include "hone/base/file.h"
#include "hone/base/text.h"
#include "hone/cli/commands.h"
#include "hone/cli/outcome.h"
#include "hone/cli/workplace.h"

namespace hone::cli {
namespace {

class ReportCommand final : public Command {
 public:
  void declare(CommandLine& line) override {
    line.positional("STUDY", study_, "The study; may be left out where there is one only");
    line.option("-o,--out", out_, "FILE",
                "report.html (default: STUDY.html), .md, .tex or .csv; - writes HTML to stdout");
    common_.declare(line);
  }
  bool wants_json() const override { return common_.json; }

  int run() override {
    const Workplace place = Workplace::open(common_, OpenMode::existing);
    const StudyInfo study = place.study_or_only(study_, common_.project);
    const History history = load_history(place.store(), study.id);
    const std::string file = out_.value_or(study.name + ".html");
    const std::string ending =
        file == "-" ? ".html" : std::filesystem::path(file).extension().string();
    if (ending != ".html" && ending != ".htm" && ending != ".md" && ending != ".tex" &&
        ending != ".csv") {
      throw Error(ErrorCode::invalid_input, fmt::format("--out: '{}' is of no known kind", file),
                  ".html, .md, .tex or .csv");
    }
    const StudyReport report = make_report(history, study_title(study), summary(history, study));
    const std::string text = ending == ".md"    ? report_markdown(report)
                             : ending == ".tex" ? report_latex(report)
                             : ending == ".csv" ? report_csv(report)
                                                : report_html(report);
    if (file == "-") {
      std::fwrite(text.data(), 1, text.size(), stdout);
      return kOk;
    }
    write_file_atomically(file, text);
    if (common_.json) {
      Value out = Value::Map{};
      out.set("file", file).set("bytes", static_cast<std::int64_t>(text.size()));
      std::printf("%s\n", out.dump().c_str());
    } else if (!common_.quiet) {
      std::fprintf(stderr, "wrote %s (%s)\n", file.c_str(),
                   format_bytes(static_cast<std::int64_t>(text.size())).c_str());
    }
    return kOk;
  }

 private:
  /// What the end of a run says, a paragraph each.
  static std::vector<std::string> summary(const History& history, const StudyInfo& study) {
    const Outcome outcome = find_outcome(history);
    std::vector<std::string> paragraphs;
    if (outcome.best >= 0 && outcome.front.trials.empty()) {
      const Trial& best = history.trial(outcome.best);
      std::string text =
          fmt::format("Best of {} trials: trial {}", history.counts().total(), outcome.best);
      if (outcome.value) {
        text += fmt::format(", {} {}", history.spec().objective().name,
                            format_number(outcome.value->mean, 5));
        if (outcome.value->sd && outcome.value->count > 1) {
          text += fmt::format(" ± {} ({} seeds)", format_number(*outcome.value->sd, 2),
                              outcome.value->count);
        }
      }
      if (const std::string gain = gain_text(outcome); !gain.empty()) text += ", " + gain;
      paragraphs.push_back(text + ".");
      std::string config;
      for (const auto& [name, value] : best.config())
        config += fmt::format("{}{} {}", config.empty() ? "" : " · ", name,
                              value.is_string() ? value.as_string() : value.dump());
      paragraphs.push_back(config);
    } else if (!outcome.front.trials.empty()) {
      paragraphs.push_back(fmt::format("{} of {} trials are on the front: {}.",
                                       outcome.front.trials.size(), history.counts().total(),
                                       ranges_text(history, outcome.front.trials)));
    } else {
      paragraphs.push_back(fmt::format("No trial of '{}' has a usable value.", study.name));
    }
    std::string facts;
    if (outcome.steps_saved)
      facts =
          fmt::format("Early stopping saved {:.0f} % of the steps. ", *outcome.steps_saved * 100);
    if (const std::string failures = failures_text(outcome); !failures.empty())
      facts += failures + ".";
    if (!facts.empty()) paragraphs.push_back(facts);
    return paragraphs;
  }

  std::optional<std::string> study_;
  std::optional<std::string> out_;
  CommonOptions common_;
};

}  // namespace

std::unique_ptr<Command> make_report() { return std::make_unique<ReportCommand>(); }

}  // namespace hone::cli
