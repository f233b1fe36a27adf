// hone plot: pictures of a study, on the terminal or as SVG and PNG files.
#include <fmt/core.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "hone/analysis/charts.h"
#include "hone/base/error.h"
#include "hone/base/file.h"
#include "hone/base/text.h"
#include "hone/cli/analysis_command.h"
#include "hone/cli/drawing_png.h"
#include "hone/cli/terminal.h"
#include "hone/cli/ui_drawing.h"

namespace hone::cli {
namespace {

constexpr const char* kKinds =
    "progress, time, importance, slice PARAMETER, contour PARAMETER PARAMETER, ranks PARAMETER "
    "PARAMETER, parallel, curves, front or hypervolume";

class PlotCommand final : public AnalysisCommand {
 public:
  void declare(CommandLine& line) override {
    line.positional("STUDY [KIND] [PARAMETER…]", words_, kKinds);
    line.option("-o,--out", out_, "FILE", "As .svg or .png instead of on the terminal");
    line.option("--metric", metric_name_, "NAME", "Another objective than the first");
    common_.declare(line);
    line.examples(
        "  hone plot finetune                              the best over the trials\n"
        "  hone plot finetune contour lr batch --out lr-batch.png\n");
  }

  int run() override {
    const std::string ending =
        out_ ? std::filesystem::path(*out_).extension().string() : std::string();
    if (out_ && ending != ".svg" && ending != ".png") {
      throw Error(ErrorCode::invalid_input, fmt::format("--out: '{}' is of no known kind", *out_),
                  ".svg or .png");
    }
    if (common_.json) {
      throw Error(
          ErrorCode::invalid_input, "hone plot makes pictures, not JSON",
          "hone importance, interactions, compare and export have --json or --format jsonl");
    }
    const Workplace place = Workplace::open(common_, OpenMode::existing);
    const std::optional<std::string> name =
        words_.empty() ? std::nullopt : std::optional(words_.front());
    const StudyInfo study = place.study_or_only(name, common_.project);
    const History history = load_history(place.store(), study.id);
    kind_ = words_.size() > 1 ? words_[1] : "progress";
    const Drawing drawing = draw(history);
    if (!out_) {
      show(drawing);
    } else {
      write_file_atomically(*out_, ending == ".png" ? to_png(drawing) : to_svg(drawing, true));
      if (!common_.quiet) std::fprintf(stderr, "wrote %s\n", out_->c_str());
    }
    return kOk;
  }

 private:
  Drawing draw(const History& history) const {
    const StudySpec& spec = history.spec();
    const int index = metric_of(spec);
    const Metric& metric = spec.metrics[static_cast<std::size_t>(index)];
    const std::size_t parameters = kind_ == "slice"                         ? 1
                                   : kind_ == "contour" || kind_ == "ranks" ? 2
                                                                            : 0;
    const std::size_t given = words_.size() < 2 ? 0 : words_.size() - 2;
    if (parameters != given) {
      throw Error(ErrorCode::invalid_input,
                  parameters == 0 ? fmt::format("'{}' takes no parameter", kind_)
                                  : fmt::format("'{}' wants {} of the study's parameters, not {}",
                                                kind_, parameters == 1 ? "one" : "two", given),
                  fmt::format("hone plot STUDY {}", kKinds));
    }
    for (std::size_t i = 2; i < words_.size(); ++i) check_parameter(spec, words_[i]);
    if (parameters == 2 && words_[2] == words_[3])
      throw Error(ErrorCode::invalid_input, fmt::format("'{}' is given twice", words_[2]));
    if (metric_name_ && (kind_ == "curves" || kind_ == "front" || kind_ == "hypervolume")) {
      throw Error(ErrorCode::invalid_input, fmt::format("'{}' takes no --metric", kind_),
                  kind_ == "curves" ? "it shows the first objective, by which runs are stopped"
                                    : "it shows all objectives");
    }
    if (kind_ == "progress") return draw_progress(find_progress(history, index), metric);
    if (kind_ == "time") return draw_progress_over_time(find_progress(history, index), metric);
    if (kind_ == "importance") {
      ImportanceTableOptions options;
      options.metric = index;
      options.near = false;
      return draw_importance(importance_table(history, options));
    }
    if (kind_ == "slice") return slice(history, metric, index);
    if (kind_ == "contour") return contour(history, metric, index);
    if (kind_ == "ranks")
      return draw_ranks(find_parallel(history, index), words_[2], words_[3], spec.space);
    if (kind_ == "parallel")
      return draw_parallel(find_parallel(history, index), spec.space, metric);
    if (kind_ == "curves") return draw_curves(history);
    if (kind_ == "front") return draw_front(history, find_front(history));
    if (kind_ == "hypervolume") return draw_hypervolume(hypervolume_over_trials(history));
    const std::vector<std::string> kinds = {"progress", "time",       "importance", "slice",
                                            "contour",  "ranks",      "parallel",   "curves",
                                            "front",    "hypervolume"};
    const auto near = nearest_name(kind_, kinds);
    throw Error(ErrorCode::invalid_input, fmt::format("there is no plot '{}'", kind_),
                near ? fmt::format("did you mean {}?", *near) : kKinds);
  }

  Drawing slice(const History& history, const Metric& metric, int index) const {
    FanovaOptions options;
    options.metric = index;
    options.pair_columns = 0;
    const Fanova found = fanova(history, options);
    const Dependence* dependence = nullptr;
    for (const FanovaEffect& effect : found.effects) {
      if (effect.parameter == words_[2] && !found.by_order) dependence = &effect.dependence;
    }
    const SearchSpace& space = history.spec().space;
    const auto slices = find_slices(history, index);
    const auto one = std::find_if(slices.begin(), slices.end(),
                                  [&](const Slice& each) { return each.parameter == words_[2]; });
    return draw_slice(*one, space.parameter(space.index_of(words_[2])).domain, metric, dependence,
                      {640, 320});
  }

  Drawing contour(const History& history, const Metric& metric, int index) const {
    FanovaOptions options;
    options.metric = index;
    options.pair_columns = static_cast<std::size_t>(history.spec().space.dimension());
    const Fanova found = fanova(history, options);
    if (!found.enough) {
      throw Error(ErrorCode::invalid_input,
                  found.trials < found.needed
                      ? fmt::format("too few trials for a contour: {}, and {} are needed",
                                    found.trials, found.needed)
                      : "all trials came to the same: there is no contour");
    }
    for (const FanovaPair& pair : found.pairs) {
      if ((pair.first == words_[2] && pair.second == words_[3]) ||
          (pair.first == words_[3] && pair.second == words_[2])) {
        Metric scale = metric;
        if (found.by_order) scale.goal = Goal::minimize;
        return draw_contour(pair, find_parallel(history, index), history.spec().space, scale);
      }
    }
    throw Error(ErrorCode::invalid_input,
                fmt::format("{} and {} are never active together", words_[2], words_[3]));
  }

  static void show(const Drawing& drawing) {
    constexpr int kWidest = 110;
    const int columns = std::min(kWidest, terminal_width(stdout));
    // A character is about twice as high as wide.
    const int rows =
        std::max(8, static_cast<int>(drawing.height / drawing.width * columns / 2 + 0.5));
    const bool colour = wants_colour(stdout);
    const bool ascii =
        !is_utf8_locale([](const char* name) -> const char* { return std::getenv(name); });
    for (const ScreenLine& line : screen_of(drawing, columns, rows))
      std::printf("%s\n", line.encoded(colour, ascii).c_str());
  }

  std::vector<std::string> words_;
  std::optional<std::string> out_;
  std::string kind_;
};

}  // namespace

std::unique_ptr<Command> make_plot() { return std::make_unique<PlotCommand>(); }

}  // namespace hone::cli
