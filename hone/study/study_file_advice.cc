// Mistakes that tuning guides warn of: not wrong in form, but wasteful or misleading. Warnings with
// their reason. Sources: Deep Learning Tuning Playbook
// (github.com/google-research/tuning_playbook); Bouthillier et al. 2021 (seeds).
#include <fmt/core.h>

#include <algorithm>
#include <cctype>
#include <cmath>

#include "hone/base/text.h"
#include "hone/study/study_file_reader.h"

namespace hone {
namespace {

constexpr double kDecades = 100;          // a linear scale over more than two decades is told
constexpr double kIntegerDecades = 1000;  // of integers: over more than three

/// Lower-case words of a name: "valLoss/test" → val, loss, test.
std::vector<std::string> words_of(std::string_view name) {
  std::vector<std::string> words(1);
  char before = 0;
  for (const char c : name) {
    const bool upper = c >= 'A' && c <= 'Z';
    const bool start = upper && before >= 'a' && before <= 'z';
    if (std::isalnum(static_cast<unsigned char>(c)) == 0) {
      words.emplace_back();
    } else {
      if (start) words.emplace_back();
      words.back() += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    }
    before = c;
  }
  return words;
}

bool any_word(std::string_view name, const std::vector<std::string>& wanted) {
  for (const std::string& word : words_of(name)) {
    if (std::find(wanted.begin(), wanted.end(), word) != wanted.end()) return true;
  }
  return false;
}

bool is_named(std::string_view name, const std::vector<std::string>& wanted) {
  const std::size_t dot = name.rfind('.');
  std::string last(dot == std::string_view::npos ? name : name.substr(dot + 1));
  std::string plain;
  for (const char c : last) {
    if (c != '_' && c != '-')
      plain += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return std::find(wanted.begin(), wanted.end(), plain) != wanted.end();
}

class Adviser {
 public:
  Adviser(StudyFileReader& reader, const YamlNode& root, StudyDraft& draft)
      : reader_(reader), root_(root), draft_(draft) {}

  void advise() {
    for (std::size_t i = 0; i < draft_.spec.metrics.size(); ++i) advise_metric(i);
    for (std::size_t i = 0; i < draft_.parameters.size(); ++i) {
      advise_seed(i);
      advise_scale(i);
      advise_length(i);
      advise_name(i);
    }
    advise_grid();
    advise_default_first();
    advise_confirm();
  }

 private:
  void advise_metric(std::size_t i) {
    const Metric& metric = draft_.spec.metrics[i];
    if (metric.role != MetricRole::objective) return;
    const TextSpan span = draft_.metric_spans[i];
    if (any_word(metric.name, {"test", "testing", "heldout"})) {
      reader_.warning(span,
                      fmt::format("'{}' looks like the test set: what is chosen by it can no "
                                  "longer be measured with it",
                                  metric.name),
                      "choose by a validation metric and look at the test set once");
    }
    const bool larger_is_better =
        any_word(metric.name, {"acc", "accuracy", "auc", "auroc", "f1", "precision", "recall",
                               "reward", "return", "bleu", "rouge", "map", "iou", "miou", "dice",
                               "r2", "psnr", "ssim", "score"});
    const bool smaller_is_better =
        any_word(metric.name, {"loss", "error", "err", "mse", "rmse", "mae", "perplexity", "ppl",
                               "nll", "wer", "cer", "fid"});
    if (metric.goal == Goal::minimize && larger_is_better && !smaller_is_better) {
      reader_.warning(
          span, fmt::format("'{}' is minimized, but larger is better by its name", metric.name),
          "add goal: maximize");
    } else if (metric.goal == Goal::maximize && smaller_is_better && !larger_is_better) {
      reader_.warning(
          span, fmt::format("'{}' is maximized, but smaller is better by its name", metric.name),
          "use goal: minimize");
    }
  }

  const Parameter& parameter(std::size_t i) const { return draft_.parameters[i]; }
  const ParameterPlace& place(std::size_t i) const { return draft_.places[i]; }

  bool varies(std::size_t i) const {
    if (!parameter(i).is_searched()) return false;
    return cardinality(parameter(i).domain).value_or(2) > 1;
  }

  void advise_seed(std::size_t i) {
    if (!varies(i) || !is_named(parameter(i).name, {"seed", "randomseed", "randomstate", "rngseed",
                                                    "torchseed", "globalseed"}))
      return;
    if (draft_.method == "grid") return;  // a grid over seeds is a repetition, not tuning
    reader_.warning(place(i).key,
                    fmt::format("{} is tuned: the best seed is luck that does not carry over, and "
                                "its noise hides the other parameters",
                                parameter(i).name),
                    "use replicates: 3, and ${seed} in the command");
  }

  void advise_scale(std::size_t i) {
    const Parameter& p = parameter(i);
    double low = 0;
    double high = 0;
    double limit = kDecades;
    if (const auto* real = std::get_if<Real>(&p.domain)) {
      if (real->law != Law::uniform) return;
      low = real->low;
      high = real->high;
    } else if (const auto* integer = std::get_if<Integer>(&p.domain)) {
      if (integer->law != Law::uniform) return;
      low = static_cast<double>(integer->low);
      high = static_cast<double>(integer->high);
      limit = kIntegerDecades;
    }
    const bool integer = limit == kIntegerDecades;
    const double decades = low > 0 ? std::log10(high / low) : 0;
    if (low > 0 && high / low >= limit * (1 - 1e-12)) {
      reader_.warning(
          place(i).key,
          fmt::format("{}: a linear scale over {} orders of magnitude: most trials would fall in "
                      "the top decade",
                      p.name, format_number(decades, 2)),
          fmt::format("add distribution: {}", integer ? "int_log_uniform" : "log_uniform_values"));
    } else if (!integer && low == 0 && high > 0 && high <= 1 &&
               is_named(p.name, {"lr", "learningrate"})) {
      reader_.warning(
          place(i).key,
          fmt::format(
              "{}: a linear scale from 0: values of different magnitude are hardly told apart",
              p.name),
          fmt::format("use distribution: log_uniform_values with min: {}",
                      format_number(high / 10000)));
    }
  }

  void advise_length(std::size_t i) {
    if (!draft_.has_early_stopping || !varies(i)) return;
    if (!is_named(parameter(i).name,
                  {"epochs", "epoch", "numepochs", "nepochs", "maxepochs", "numtrainepochs",
                   "trainepochs", "maxsteps", "numsteps", "nsteps", "trainsteps", "maxiters",
                   "maxiter", "iterations", "nestimators", "numboostround"})) {
      return;
    }
    reader_.warning(
        place(i).key,
        fmt::format("{} sets the length of training, and trials are stopped early by comparing "
                    "them at equal steps: with "
                    "schedules of different length that is unfair to the longer ones",
                    parameter(i).name),
        "fix it (value: …) and let the scheduler decide, or tune it without a scheduler");
  }

  /// Names that a placeholder has too.
  void advise_name(std::size_t i) {
    const std::string& name = parameter(i).name;
    for (const char* macro : {"program", "interpreter", "env", "args"}) {
      if (name == macro) {
        reader_.warning(
            place(i).key,
            fmt::format("${{{0}}} in a command means hone's placeholder, not the parameter {0}",
                        name),
            "it reaches the program by ${args}");
      }
    }
  }

  void advise_grid() {
    if (draft_.method != "grid" || !draft_.spec.budget.trials) return;
    const auto size = draft_.spec.space.cardinality();
    const auto trials = static_cast<std::uint64_t>(*draft_.spec.budget.trials);
    if (size && *size <= trials) return;
    const YamlMember* cap = root_.find("run_cap");
    if (const YamlMember* budget = root_.find("budget"); budget != nullptr)
      cap = budget->value.find("trials");
    reader_.warning(cap != nullptr ? cap->value.span : draft_.method_span,
                    fmt::format("the grid has {} configurations and the budget ends after {}: the "
                                "last values of the first parameters are "
                                "never tried",
                                size ? std::to_string(*size) : "more than 10^15", trials),
                    "use method: random, sobol or auto, which spread over the whole space");
  }

  void advise_default_first() {
    if (!draft_.run_default_first || !draft_.spec.run_default_first || draft_.method != "grid")
      return;
    reader_.warning(
        *draft_.run_default_first,
        "a grid tries every configuration anyway; run_default_first only changes the order");
  }

  void advise_confirm() {
    const Confirm& confirm = draft_.spec.confirm;
    const auto& trials = draft_.spec.budget.trials;
    if (confirm.top > 0 && trials && confirm.top > *trials) {
      reader_.warning(root_.find("confirm")->value.span,
                      fmt::format("confirm.top is {}, but the budget has only {} trials",
                                  confirm.top, *trials));
    }
  }

  StudyFileReader& reader_;
  const YamlNode& root_;
  StudyDraft& draft_;
};

}  // namespace

void advise(StudyFileReader& reader, const YamlNode& root, StudyDraft& draft) {
  Adviser(reader, root, draft).advise();
}

}  // namespace hone
