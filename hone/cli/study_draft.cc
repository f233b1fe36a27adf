#include "hone/cli/study_draft.h"

#include <fmt/core.h>
#include <re2/re2.h>

#include <algorithm>
#include <cctype>
#include <set>

#include "hone/base/text.h"
#include "hone/cli/terminal.h"
#include "hone/cli/tuning_laws.h"
#include "hone/cli/tuning_priors.h"

namespace hone::cli {
namespace {

constexpr std::size_t kMostTuned = 8;     // more need hundreds of trials
constexpr std::size_t kMostOffered = 12;  // commented out, per heading
constexpr std::size_t kMostNamed = 16;    // left alone
constexpr int kWidth = 88;

struct Row {
  const ProgramOption* option;
  Advice advice;
};

/// A name that a study file accepts.
bool is_parameter_name(const std::string& name) {
  static const RE2 kName(R"([A-Za-z_][A-Za-z0-9_.-]*)");
  return RE2::FullMatch(name, kName);
}

/// Whether the command sets the option already.
bool is_given(const std::vector<std::string>& command, const ProgramOption& option) {
  std::vector<std::string> names = option.aliases;
  names.push_back(option.name);
  for (const std::string& word : command) {
    const std::string_view flag = std::string_view(word).substr(0, word.find('='));
    for (const std::string& name : names) {
      if (flag == "--" + name || flag == "-" + name) return true;
      if (option.dashes.empty() && word.find('=') != std::string::npos && flag == name) return true;
    }
  }
  return false;
}

std::string comment_lines(const std::string& text, const std::string& indent) {
  std::string out;
  for (const std::string& line : wrapped(text, kWidth - static_cast<int>(indent.size()) - 2))
    out += indent + "# " + line + "\n";
  return out;
}

/// "# length of training: epochs, max_steps" in lines of their own.
std::string group_comment(const std::string& what, const std::vector<std::string>& names) {
  if (names.empty()) return "";
  std::vector<std::string> shown(
      names.begin(),
      names.begin() + static_cast<std::ptrdiff_t>(std::min(names.size(), kMostNamed)));
  std::string text = what + ": " + join(shown, ", ");
  if (names.size() > kMostNamed) text += fmt::format(" and {} more", names.size() - kMostNamed);
  std::string out;
  bool first = true;
  for (const std::string& line : wrapped(text, kWidth - 6)) {
    out += (first ? "#   " : "#     ") + line + "\n";
    first = false;
  }
  return out;
}

class Draft {
 public:
  Draft(const ProgramHelp& help, std::string_view text, const DraftWanted& wanted)
      : help_(help), text_(text), wanted_(wanted), traits_(traits_of(help)) {}

  StudyDraftText make() {
    sort_options();
    choose_metric();
    out_.yaml = head() + command() + metric() + parameters() + left_alone() + search();
    for (const Row& row : tuned_) out_.tuned.push_back(row.option->name);
    return std::move(out_);
  }

 private:
  void sort_options() {
    for (const ProgramOption& option : help_.options) {
      if (!is_parameter_name(option.name) || is_negation(option)) continue;
      if (is_given(wanted_.command, option)) {
        given_.push_back(option.name);
        continue;
      }
      if (option.required) out_.missing.push_back(option.dashes + option.name);
      const Row row{&option, advise_option(option, traits_)};
      switch (row.advice.fate) {
        case Fate::tuned:
          tuned_.push_back(row);
          break;
        case Fate::second_round:
          second_.push_back(row);
          break;
        case Fate::unknown:
          unknown_.push_back(row);
          break;
        case Fate::length:
          length_.push_back(&option);
          break;
        case Fate::seed:
          seed_.push_back(&option);
          break;
        case Fate::switches:
          switches_.push_back(option.name);
          break;
        case Fate::left_alone:
          alone_.push_back(option.name);
      }
    }
    keep_heaviest();
    if (positional_words() < help_.positionals.size()) {
      for (const std::string& name : help_.positionals) out_.missing.push_back(name);
    }
  }

  /// `--no-augment` beside an option `--augment`.
  bool is_negation(const ProgramOption& option) const {
    if (!option.is_switch || (!option.name.starts_with("no-") && !option.name.starts_with("no_")))
      return false;
    const std::string positive = option.name.substr(3);
    return std::any_of(help_.options.begin(), help_.options.end(),
                       [&](const ProgramOption& other) { return other.name == positive; });
  }

  /// The first kMostTuned by weight stay, in the program's order.
  void keep_heaviest() {
    std::vector<int> weights;
    for (const Row& row : tuned_) weights.push_back(row.advice.weight);
    std::sort(weights.rbegin(), weights.rend());
    if (weights.size() > kMostTuned) {
      const int least = weights[kMostTuned - 1];
      std::vector<Row> kept;
      for (const Row& row : tuned_) {
        (row.advice.weight >= least && kept.size() < kMostTuned ? kept : second_).push_back(row);
      }
      tuned_ = std::move(kept);
    }
    // A condition on a parameter that is not searched would be a mistake.
    for (std::vector<Row>* rows : {&tuned_, &second_}) {
      for (Row& row : *rows) {
        const std::size_t when = row.advice.law.find(", when: ");
        if (when != std::string::npos && !is_tuned(traits_.optimizer_name)) {
          row.advice.law.resize(when);
          row.advice.law += "}";
          row.advice.note.clear();
        }
      }
    }
  }

  bool is_tuned(const std::string& name) const {
    return std::any_of(tuned_.begin(), tuned_.end(),
                       [&](const Row& row) { return row.option->name == name; });
  }

  /// Words of the command that are neither the program nor an option.
  std::size_t positional_words() const {
    std::size_t count = 0;
    bool program = false;
    for (const std::string& word : wanted_.command) {
      if (word.starts_with('-')) continue;
      const bool interpreter =
          !program && (word.find("python") != std::string::npos || word == "env");
      if (!program) {
        program = !interpreter;
      } else {
        ++count;
      }
    }
    return count;
  }

  void choose_metric() {
    if (wanted_.minimize || wanted_.maximize) {
      out_.metric = wanted_.minimize ? *wanted_.minimize : *wanted_.maximize;
      out_.metric_found = true;
      return;
    }
    const bool trainer =
        std::any_of(help_.options.begin(), help_.options.end(), [](const ProgramOption& option) {
          return option.name == "eval_strategy" || option.name == "evaluation_strategy";
        });
    std::optional<std::string> found;
    if (!wanted_.source.empty()) found = metric_in(wanted_.source);
    if (!found && trainer) found = "eval_loss";
    if (!found) found = metric_in(text_);
    out_.metric_found = found.has_value();
    out_.metric = found.value_or("val_loss");
  }

  std::string head() const {
    std::string out = fmt::format("# Made by hone init from: {}\n", wanted_.origin);
    return out +
           comment_lines(
               "The ranges are proposals around the program's own defaults. Look through "
               "them, then: hone validate FILE --dry-run, and hone run FILE",
               "") +
           "\n";
  }

  std::string command() const {
    std::vector<std::string> words;
    for (const std::string& word : wanted_.command) words.push_back(yaml_text(word));
    const bool switches = std::any_of(tuned_.begin(), tuned_.end(),
                                      [](const Row& row) { return row.option->is_switch; });
    const char* all = help_.hydra ? "${args_no_hyphens}"
                      : switches  ? "${args_no_boolean_flags}"
                                  : "${args}";
    std::string arguments = fmt::format("\"{}\"", all);
    // Options that have one dash only are written out.
    for (const Row& row : tuned_) {
      if (row.option->dashes == "-") single_dash(arguments);
      if (row.option->dashes == "-") break;
    }
    words.push_back(arguments);
    std::string out = fmt::format("command: [{}]\n", join(words, ", "));
    if (!out_.missing.empty()) {
      out = comment_lines("The program also needs " + join(out_.missing, ", ") +
                              ": put that into the command.",
                          "") +
            out;
    }
    return out + "\n";
  }

  /// "-p", "${p}" for each in place of ${args}.
  void single_dash(std::string& arguments) const {
    arguments.clear();
    for (const Row& row : tuned_) {
      if (!arguments.empty()) arguments += ", ";
      if (row.option->dashes == "-")
        arguments += fmt::format("-{0}, \"${{{0}}}\"", row.option->name);
      else
        arguments += fmt::format("\"--{0}=${{{0}}}\"", row.option->name);
    }
  }

  std::string metric() const {
    const bool maximize =
        wanted_.maximize.has_value() || (!wanted_.minimize && more_is_better(out_.metric));
    std::string out;
    if (!out_.metric_found) {
      out += comment_lines(
          "CHECK THIS: nothing names a validation metric, so this is a guess. It is the name under "
          "which the program prints it; hone help metrics says which lines are understood.",
          "");
    }
    return out + fmt::format("metric: {{name: {}, goal: {}}}\n\n", yaml_text(out_.metric),
                             maximize ? "maximize" : "minimize");
  }

  static std::string parameter(const Row& row, const char* indent) {
    return fmt::format("{}{}: {}\n", indent, row.option->name, row.advice.law);
  }

  std::string parameters() const {
    std::string out = "parameters:\n";
    for (const Row& row : tuned_) {
      std::string note = row.option->help;
      while (!note.empty() && note.back() == '.') note.pop_back();
      constexpr std::size_t kLongHelp = 90;
      if (note.size() > kLongHelp) note.resize(std::min(note.size(), note.find(". ")));
      if (note.size() > kLongHelp) note = cut_to_width(note, kLongHelp);
      if (!row.advice.note.empty()) note += (note.empty() ? "" : "; ") + row.advice.note;
      if (!note.empty()) out += comment_lines(note, "  ");
      out += parameter(row, "  ");
    }
    out += offered(second_, "Seldom what matters first; for a second round:");
    out += offered(unknown_, "Not known by their names; those that matter want a range that fits:");
    return out + "\n";
  }

  static std::string offered(const std::vector<Row>& rows, const char* title) {
    if (rows.empty()) return "";
    std::string out = fmt::format("\n  # {}\n", title);
    for (std::size_t i = 0; i < rows.size() && i < kMostOffered; ++i) {
      std::string line = parameter(rows[i], "  # ");
      const ProgramOption& option = *rows[i].option;
      if (option.dashes == "-")
        line.insert(line.size() - 1,
                    fmt::format("  # and -{0}, \"${{{0}}}\" in the command", option.name));
      out += line;
    }
    if (rows.size() > kMostOffered) {
      std::vector<std::string> names;
      for (std::size_t i = kMostOffered; i < rows.size(); ++i)
        names.push_back(rows[i].option->name);
      out += comment_lines("and " + join(names, ", "), "  ");
    }
    return out;
  }

  static std::vector<std::string> names_of(const std::vector<const ProgramOption*>& options) {
    std::vector<std::string> names;
    for (const ProgramOption* option : options) {
      names.push_back(option->default_text
                          ? fmt::format("{} ({})", option->name, *option->default_text)
                          : option->name);
    }
    return names;
  }

  std::string left_alone() const {
    std::string out;
    out += group_comment("set in the command", given_);
    out += group_comment("length of training, which is the same for all trials that are compared",
                         names_of(length_));
    std::vector<std::string> seeds;
    for (const ProgramOption* option : seed_) seeds.push_back(option->name);
    if (!seeds.empty()) {
      const ProgramOption& seed = *seed_.front();
      out += group_comment(
          fmt::format("random seed, whose luck does not carry over (a new one for each run: "
                      "\"{}{}=${{seed}}\" in the command)",
                      seed.dashes, seed.name),
          seeds);
    }
    out += group_comment("switches (to tune one: {values: [true, false]})", switches_);
    out += group_comment("paths, names, resources, output and the like", alone_);
    return out.empty() ? "" : "# Not tuned:\n" + out + "\n";
  }

  std::string search() const {
    const std::size_t free_count =
        static_cast<std::size_t>(std::count_if(tuned_.begin(), tuned_.end(), [](const Row& row) {
          return row.advice.law.find("expression:") == std::string::npos;
        }));
    std::string out = "method: auto\n";
    out += fmt::format("budget: {{trials: {}}}  # ten per parameter, and twenty at least\n",
                       std::max<std::size_t>(20, 10 * free_count));
    out += "\n";
    out += comment_lines(
        "Bad trials can be stopped early once the program reports the metric along the way:", "");
    const ProgramOption* epochs = nullptr;
    for (const ProgramOption* option : length_) {
      if (option->name.find("epoch") != std::string::npos && epochs == nullptr) epochs = option;
    }
    const auto most = epochs != nullptr ? default_number(*epochs) : std::nullopt;
    out += most && *most > 1
               ? fmt::format("# fidelity: {{name: epoch, min: 1, max: {}}}\n", format_number(*most))
               : "# fidelity: {name: epoch, min: 1, max: 9}\n";
    out += "# scheduler: asha\n";
    return out;
  }

  const ProgramHelp& help_;
  std::string_view text_;
  const DraftWanted& wanted_;
  ProgramTraits traits_;
  std::vector<Row> tuned_;
  std::vector<Row> second_;
  std::vector<Row> unknown_;
  std::vector<const ProgramOption*> length_;
  std::vector<const ProgramOption*> seed_;
  std::vector<std::string> switches_;
  std::vector<std::string> alone_;
  std::vector<std::string> given_;
  StudyDraftText out_;
};

constexpr const char* kWhat =
    "(?:loss|acc(?:uracy)?\\d?|f1|auc|auroc|rmse|mse|mae|err(?:or)?|ppl|perplexity|bleu|rouge|wer|"
    "cer|nll|map|iou|miou|dice|score|r2|reward|return|top1|psnr)";

}  // namespace

std::optional<std::string> metric_in(std::string_view text) {
  // In this order: a validation metric by name; one of two words; a return; the test set's, which
  // validate then warns of.
  static const RE2 kValidation(
      std::string("(?i)(?:^|[^-\\w])((?:val|valid|validation|eval|dev|cv)[_/.]") + kWhat + ")\\b");
  static const RE2 kWords(std::string("(?i)\\b(?:val|valid|validation|dev)(?:ation)? (") + kWhat +
                          ")\\b");
  static const RE2 kReturn(
      R"((?i)(?:^|[^-\w])((?:mean|avg|average|episode|episodic|eval|ep)_(?:rew(?:ard)?|return)(?:_mean)?)\b)");
  static const RE2 kTest(std::string("(?i)(?:^|[^-\\w])(test[_/.]") + kWhat + ")\\b");
  const re2::StringPiece whole(text.data(), text.size());
  std::string found;
  if (RE2::PartialMatch(whole, kValidation, &found)) return found;
  if (RE2::PartialMatch(whole, kWords, &found)) {
    std::transform(found.begin(), found.end(), found.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return "val_" + found;
  }
  if (RE2::PartialMatch(whole, kReturn, &found)) return found;
  if (RE2::PartialMatch(whole, kTest, &found)) return found;
  return std::nullopt;
}

bool more_is_better(std::string_view metric) {
  static const RE2 kMore(
      R"((?i)(?:^|[^a-z])(?:acc(?:uracy)?\d?|f1|auc|auroc|bleu|rouge|map|iou|miou|dice|score|r2|rew(?:ard)?|return|top1|psnr)(?:$|[^a-z]))");
  return RE2::PartialMatch(re2::StringPiece(metric.data(), metric.size()), kMore);
}

StudyDraftText draft_study(const ProgramHelp& help, std::string_view help_text,
                           const DraftWanted& wanted) {
  return Draft(help, help_text, wanted).make();
}

}  // namespace hone::cli
