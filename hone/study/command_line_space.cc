// Laws on the command line, read into the same domains as the study file's.
#include "hone/study/command_line_space.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "hone/base/text.h"
#include "hone/study/placeholders_text.h"

namespace hone {
namespace {

struct LawForm {
  const char* name;  ///< before the parenthesis; "" is uniform
  const char* shape;
  const char* example;
  std::size_t least = 2;
  std::size_t most = 2;
};

constexpr LawForm kForms[] = {
    {"log", "log(low,high)", "~log(1e-5,1e-1)"},
    {"uniform", "uniform(low,high) or uniform(low,high,step)", "~uniform(0,0.5)", 2, 3},
    {"", "(low,high) or (low,high,step)", "~(0,0.5)", 2, 3},
    {"int", "int(low,high) or int(low,high,step)", "~int(1,8)", 2, 3},
    {"intlog", "intlog(low,high)", "~intlog(16,1024)"},
    {"logit", "logit(low,high)", "~logit(0.01,0.99)"},
    {"normal", "normal(mean,deviation)", "~normal(0,1)"},
    {"lognormal", "lognormal(mean,deviation)", "~lognormal(0,1)"},
};

std::vector<std::string> form_names() {
  std::vector<std::string> names;
  for (const LawForm& form : kForms) {
    if (*form.name != 0) names.emplace_back(form.name);
  }
  return names;
}

/// A piece of a law and where it stands in the argument.
struct Piece {
  std::string text;
  std::size_t offset = 0;
};

/// Splits at commas outside of brackets and quotes.
std::vector<Piece> pieces_of(std::string_view text, std::size_t offset) {
  std::vector<Piece> pieces;
  std::size_t from = 0;
  int depth = 0;
  char quote = 0;
  for (std::size_t i = 0; i <= text.size(); ++i) {
    const char c = i < text.size() ? text[i] : ',';
    if (i < text.size() && quote != 0) {
      if (c == quote) quote = 0;
      continue;
    }
    if (c == '"' || c == '\'') quote = c;
    if (c == '[' || c == '{' || c == '(') ++depth;
    if (c == ']' || c == '}' || c == ')') --depth;
    if (i < text.size() && (c != ',' || depth > 0)) continue;
    std::string_view piece = text.substr(from, i - from);
    std::size_t lead = 0;
    while (lead < piece.size() && piece[lead] == ' ') ++lead;
    pieces.push_back({std::string(trim(piece)), offset + from + lead});
    from = i + 1;
  }
  return pieces;
}

bool is_name(std::string_view name) {
  const auto letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  };
  return !name.empty() && letter(name.front()) &&
         std::all_of(name.begin(), name.end(), [&](char c) {
           return letter(c) || (c >= '0' && c <= '9') || c == '.' || c == '-';
         });
}

class CommandLineReader {
 public:
  explicit CommandLineReader(const std::vector<std::string>& arguments) : arguments_(arguments) {
    for (const std::string& argument : arguments) {
      starts_.push_back(out_.text.size());
      out_.text += argument + " ";
    }
    if (!out_.text.empty()) out_.text.pop_back();
    std::replace(out_.text.begin(), out_.text.end(), '\n', ' ');
  }

  CommandLineStudy read() {
    for (at_ = 0; at_ < arguments_.size(); ++at_) read_argument(arguments_[at_]);
    return std::move(out_);
  }

 private:
  void error(std::size_t offset, std::size_t length, std::string message, std::string fix = "") {
    const std::size_t begin = starts_[at_] + offset;
    out_.diagnostics.push_back(LineIndex(out_.text).at({begin, begin + length}, Severity::error,
                                                       std::move(message), std::move(fix)));
  }

  /// Where a law begins in an argument: at the start, or behind the first '='. npos: there is none.
  static std::size_t law_start(const std::string& argument) {
    std::size_t at = 0;
    if (argument.empty()) return std::string::npos;
    if (argument[0] != '~') {
      const std::size_t equals = argument.find('=');
      if (equals == std::string::npos || equals + 1 >= argument.size() ||
          argument[equals + 1] != '~')
        return std::string::npos;
      at = equals + 1;
    }
    const std::string rest = argument.substr(at + 1);
    if (rest.empty() || rest[0] == '/' || rest[0] == '~') return std::string::npos;
    const std::size_t open = rest.find_first_of("([");
    const std::size_t slash = rest.find('/');
    if (slash != std::string::npos && slash < open) return std::string::npos;  // ~user/x
    if (open == std::string::npos && rest.find(')') == std::string::npos) {
      // ~ann is a home folder, unless it is a law's name without its numbers.
      const auto names = form_names();
      if (std::find(names.begin(), names.end(), rest) == names.end()) return std::string::npos;
    }
    return at;
  }

  void read_argument(const std::string& argument) {
    const std::size_t start = law_start(argument);
    if (start == std::string::npos) {
      out_.argv.push_back(literal(argument));
      return;
    }
    const std::string head = argument.substr(0, start);
    const std::string name = name_for(head);
    if (name.empty()) return;
    out_.argv.push_back(literal(head) + "${" + name + "}");
    auto domain = read_law(argument.substr(start + 1), start + 1);
    if (!domain) return;
    const auto same = [&](const Parameter& p) { return p.name == name; };
    if (std::any_of(out_.parameters.begin(), out_.parameters.end(), same)) {
      error(0, argument.size(), fmt::format("the parameter {} is given twice", name));
      return;
    }
    Parameter parameter;
    parameter.name = name;
    parameter.domain = std::move(*domain);
    out_.parameters.push_back(std::move(parameter));
  }

  /// `~~x` is the argument ~x; `${` stays as it is.
  static std::string literal(const std::string& argument) {
    std::string out = argument.compare(0, 2, "~~") == 0 ? argument.substr(1) : argument;
    for (std::size_t at = out.find("${"); at != std::string::npos; at = out.find("${", at + 3))
      out.insert(at, "$");
    return out;
  }

  std::string name_for(const std::string& head) {
    std::string flag = head;
    if (head.empty()) {
      flag = at_ > 0 ? arguments_[at_ - 1] : "";
      if (flag.size() < 2 || flag[0] != '-') {
        error(0, arguments_[at_].size(),
              fmt::format("the law {} has no name: it takes that of the flag before it",
                          arguments_[at_]),
              fmt::format("write --lr {0} or lr={0}", arguments_[at_]));
        return "";
      }
    } else {
      flag.pop_back();  // '='
    }
    const std::size_t first = flag.find_first_not_of("-+");
    std::string name = first == std::string::npos ? "" : flag.substr(first);
    const bool in_argument_before = head.empty();
    if (is_name(name)) return name;
    if (in_argument_before) {
      error(0, arguments_[at_].size(), fmt::format("'{}' cannot name a parameter", flag));
    } else {
      error(0, head.size(), fmt::format("'{}' cannot name a parameter", flag));
    }
    return "";
  }

  std::optional<Domain> read_law(const std::string& law, std::size_t offset) {
    const std::size_t open = law.find_first_of("([");
    const std::string name = std::string(trim(law.substr(0, open)));
    if (open != std::string::npos && law[open] == '[' && name.empty())
      return read_choice(law, offset);
    const LawForm* form = nullptr;
    for (const LawForm& known : kForms) {
      if (name == known.name) form = &known;
    }
    if (form == nullptr) {
      const auto names = form_names();
      const auto near = nearest_name(name, names);
      error(offset, name.size(), fmt::format("there is no law '{}'", name),
            near ? fmt::format("did you mean ~{}(…)?", *near)
                 : "laws: [a,b,…], (low,high), " + join(names, ", "));
      return std::nullopt;
    }
    if (open == std::string::npos || law.back() != ')') {
      error(offset - 1, law.size() + 1, fmt::format("~{} needs its numbers in parentheses", name),
            fmt::format("for example {}", form->example));
      return std::nullopt;
    }
    return read_numbers(*form, law, open, offset);
  }

  std::optional<Domain> read_numbers(const LawForm& form, const std::string& law, std::size_t open,
                                     std::size_t offset) {
    const auto pieces = pieces_of(law.substr(open + 1, law.size() - open - 2), offset + open + 1);
    if (pieces.size() < form.least || pieces.size() > form.most) {
      error(
          offset - 1, law.size() + 1,
          fmt::format("~{} has {} numbers; it is written {}", form.name, pieces.size(), form.shape),
          fmt::format("for example {}", form.example));
      return std::nullopt;
    }
    std::vector<double> numbers;
    for (const Piece& piece : pieces) {
      const auto x = parse_number(piece.text);
      if (!x || !std::isfinite(*x)) {
        error(piece.offset, std::max<std::size_t>(piece.text.size(), 1),
              fmt::format("'{}' is not a number", piece.text));
        return std::nullopt;
      }
      numbers.push_back(*x);
    }
    return make_domain(form, pieces, numbers, {offset - 1, offset + law.size()});
  }

  std::optional<Domain> make_domain(const LawForm& form, const std::vector<Piece>& pieces,
                                    const std::vector<double>& numbers, TextSpan law) {
    const std::string name = form.name;
    if (name == "normal" || name == "lognormal") {
      if (!(numbers[1] > 0)) {
        error(pieces[1].offset, pieces[1].text.size(),
              fmt::format("the deviation must be above 0, not {}", pieces[1].text));
        return std::nullopt;
      }
      Real real;
      real.law = name == "normal" ? Law::normal : Law::log_normal;
      real.low = name == "normal" ? -std::numeric_limits<double>::infinity() : 0;
      real.high = std::numeric_limits<double>::infinity();
      real.a = numbers[0];
      real.b = numbers[1];
      return Domain(real);
    }
    if (!(numbers[0] < numbers[1])) {
      error(law.begin, law.end - law.begin,
            fmt::format("the first number {} must be below the second {}", pieces[0].text,
                        pieces[1].text),
            numbers[0] > numbers[1]
                ? fmt::format("did you mean ~{}({},{})?", name, pieces[1].text, pieces[0].text)
                : "");
      return std::nullopt;
    }
    if ((name == "log" || name == "intlog") && numbers[0] <= 0) {
      error(pieces[0].offset, pieces[0].text.size(),
            fmt::format("a logarithmic scale starts above 0, not at {}", pieces[0].text));
      return std::nullopt;
    }
    if (name == "logit" && (numbers[0] <= 0 || numbers[1] >= 1)) {
      const Piece& wrong = numbers[0] <= 0 ? pieces[0] : pieces[1];
      error(wrong.offset, wrong.text.size(),
            fmt::format("a logit scale lies strictly between 0 and 1, not at {}", wrong.text));
      return std::nullopt;
    }
    if (numbers.size() == 3 && !(numbers[2] > 0 && numbers[2] <= numbers[1] - numbers[0])) {
      error(pieces[2].offset, pieces[2].text.size(),
            fmt::format("the step {} must be above 0 and fit into the range", pieces[2].text));
      return std::nullopt;
    }
    if (name == "int" || name == "intlog") return make_integer(name, pieces, numbers);
    Real real;
    real.law = name == "log"     ? Law::log_uniform
               : name == "logit" ? Law::logit_uniform
                                 : Law::uniform;
    real.low = numbers[0];
    real.high = numbers[1];
    if (numbers.size() == 3) real.quantum = Quantum{numbers[2], true};
    return Domain(real);
  }

  std::optional<Domain> make_integer(const std::string& name, const std::vector<Piece>& pieces,
                                     const std::vector<double>& numbers) {
    for (std::size_t i = 0; i < numbers.size(); ++i) {
      if (std::floor(numbers[i]) == numbers[i] && std::abs(numbers[i]) < 9e15) continue;
      error(pieces[i].offset, pieces[i].text.size(),
            fmt::format("{} is not a whole number", pieces[i].text),
            "for real numbers use ~uniform(…)");
      return std::nullopt;
    }
    Integer integer;
    integer.low = static_cast<std::int64_t>(numbers[0]);
    integer.high = static_cast<std::int64_t>(numbers[1]);
    integer.law = name == "intlog" ? Law::log_uniform : Law::uniform;
    if (numbers.size() == 3) integer.step = static_cast<std::int64_t>(numbers[2]);
    return Domain(integer);
  }

  std::optional<Domain> read_choice(const std::string& law, std::size_t offset) {
    if (law.back() != ']') {
      error(offset - 1, law.size() + 1, "the list is not closed: ']' is missing");
      return std::nullopt;
    }
    Choice choice;
    for (const Piece& piece : pieces_of(law.substr(1, law.size() - 2), offset + 1)) {
      if (piece.text.empty()) {
        error(piece.offset, 1, "a value is missing here", "for an empty text write ''");
        return std::nullopt;
      }
      ChoiceItem item = item_of(piece.text);
      if (choice.index_of(item.value) >= 0) {
        error(piece.offset, piece.text.size(), fmt::format("{} stands there twice", piece.text));
        return std::nullopt;
      }
      choice.items.push_back(std::move(item));
    }
    return Domain(std::move(choice));
  }

  static ChoiceItem item_of(const std::string& text) {
    const char quote = text.front();
    if (text.size() >= 2 && (quote == '\'' || quote == '"') && text.back() == quote) {
      const std::string inner = text.substr(1, text.size() - 2);
      return {Value(inner), inner};
    }
    ChoiceItem item{literal_value(text), text};
    if (!item.value.is_number()) item.text = argument_text(item.value);
    return item;
  }

  const std::vector<std::string>& arguments_;
  std::vector<std::size_t> starts_;
  std::size_t at_ = 0;
  CommandLineStudy out_;
};

}  // namespace

CommandLineStudy read_command_line(const std::vector<std::string>& arguments) {
  return CommandLineReader(arguments).read();
}

bool fill_from_command_line(CommandLineStudy& study, const std::string& folder, StudySpec& spec) {
  if (study.argv.empty()) {
    Diagnostic d;
    d.message = "there is nothing to run: put the program behind --";
    study.diagnostics.push_back(std::move(d));
  } else if (study.parameters.empty() && !has_errors(study.diagnostics)) {
    Diagnostic d;
    d.message = "no argument has a law, so there is nothing to search";
    d.fix = "for example --lr '~log(1e-5,1e-1)' --rank '~[4,8,16]'";
    study.diagnostics.push_back(std::move(d));
  }
  if (has_errors(study.diagnostics)) return false;
  SearchSpace::Built built = SearchSpace::create(study.parameters, {});
  for (const SpaceProblem& problem : built.problems) {
    Diagnostic d;
    d.severity = problem.warning ? Severity::warning : Severity::error;
    d.message = problem.parameter >= 0
                    ? study.parameters[static_cast<std::size_t>(problem.parameter)].name + ": " +
                          problem.message
                    : problem.message;
    study.diagnostics.push_back(std::move(d));
  }
  if (!built.space) return false;
  spec.space = std::move(*built.space);
  spec.command.argv = study.argv;
  spec.command.workdir = folder;
  return true;
}

std::string command_line_laws_help() {
  std::string out = "Laws on the command line (quote them for the shell):\n\n";
  for (const LawForm& form : kForms) out += fmt::format("  {:<22}{}\n", form.example, form.shape);
  out += fmt::format("  {:<22}{}\n", "~[adam,sgd]",
                     "one of a list; quotes keep a text a text: ~['1','2']");
  return out +
         "\nThe parameter is named by the flag before (--lr ~log(…)), or in front (--lr=~log(…), "
         "lr=~log(…)).\n";
}

}  // namespace hone
