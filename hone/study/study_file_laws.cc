// The laws of parameters: every distribution of the sweep file (wandb/sweeps, config/schema.json)
// and hone's own, each with the keys it takes. Bounds of log_uniform and its kin are natural-log
// exponents there; here they become bounds in the user's units at once.
#include <fmt/core.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <limits>

#include "hone/base/text.h"
#include "hone/study/placeholders_text.h"
#include "hone/study/study_file_reader.h"

namespace hone {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

enum class Shape { constant, choice, integer, range, gauss, beta };
enum class Bounds { values, exponents, inverse_exponents };

struct Distribution {
  const char* name;
  Shape shape;
  Law law = Law::uniform;
  Bounds bounds = Bounds::values;
  bool quantised = false;
  std::vector<std::string> needs = {};
  std::vector<std::string> takes = {};
};

const std::vector<Distribution>& distributions() {
  using enum Shape;
  static const std::vector<std::string> ends = {"min", "max"};
  static const std::vector<Distribution> table = {
      {"constant", constant, Law::uniform, Bounds::values, false, {"value"}},
      {"categorical", choice, Law::uniform, Bounds::values, false, {"values"}, {"ordered"}},
      {"categorical_w_probabilities",
       choice,
       Law::uniform,
       Bounds::values,
       false,
       {"values", "probabilities"},
       {"ordered"}},
      {"int_uniform", integer, Law::uniform, Bounds::values, false, ends, {"step"}},
      {"int_log_uniform", integer, Law::log_uniform, Bounds::values, false, ends},
      {"uniform", range, Law::uniform, Bounds::values, false, ends, {"step"}},
      {"q_uniform", range, Law::uniform, Bounds::values, true, ends, {"q"}},
      {"log_uniform", range, Law::log_uniform, Bounds::exponents, false, ends},
      {"q_log_uniform", range, Law::log_uniform, Bounds::exponents, true, ends, {"q"}},
      {"log_uniform_values", range, Law::log_uniform, Bounds::values, false, ends, {"step"}},
      {"q_log_uniform_values", range, Law::log_uniform, Bounds::values, true, ends, {"q"}},
      {"inv_log_uniform", range, Law::log_uniform, Bounds::inverse_exponents, false, ends},
      {"inv_log_uniform_values", range, Law::log_uniform, Bounds::values, false, ends},
      {"logit_uniform", range, Law::logit_uniform, Bounds::values, false, ends},
      {"normal", gauss, Law::normal, Bounds::values, false, {}, {"mu", "sigma"}},
      {"q_normal", gauss, Law::normal, Bounds::values, true, {}, {"mu", "sigma", "q"}},
      {"log_normal", gauss, Law::log_normal, Bounds::values, false, {}, {"mu", "sigma"}},
      {"q_log_normal", gauss, Law::log_normal, Bounds::values, true, {}, {"mu", "sigma", "q"}},
      {"beta", beta, Law::beta, Bounds::values, false, {}, {"a", "b"}},
      {"q_beta", beta, Law::beta, Bounds::values, true, {}, {"a", "b", "q"}},
  };
  return table;
}

const Distribution& distribution_named(std::string_view name) {
  const auto& table = distributions();
  return *std::find_if(table.begin(), table.end(),
                       [&](const Distribution& d) { return name == d.name; });
}

/// Reads one parameter's law. One use.
class LawReader {
 public:
  LawReader(StudyFileReader& reader, const YamlNode& map, const std::string& name, bool sweep)
      : reader_(reader), map_(map), name_(name), sweep_(sweep) {}

  std::optional<Domain> read() {
    const Distribution* law = find_distribution();
    if (law == nullptr || !keys_fit(*law)) return std::nullopt;
    switch (law->shape) {
      case Shape::constant:
        return read_constant();
      case Shape::choice:
        return read_choice();
      case Shape::integer:
        return read_integer(*law);
      case Shape::range:
        return read_range(*law);
      case Shape::gauss:
        return read_gauss(*law);
      case Shape::beta:
        return read_beta(*law);
    }
    return std::nullopt;
  }

 private:
  const YamlNode* find(std::string_view key) const {
    const YamlMember* member = map_.find(key);
    return member == nullptr ? nullptr : &member->value;
  }
  std::string what(std::string_view key) const { return fmt::format("{}.{}", name_, key); }

  /// What other tuners call it. Of the two logarithmic laws, theirs takes values: log_uniform is
  /// near in spelling, but takes exponents.
  static std::optional<std::string> name_elsewhere(std::string_view word) {
    std::string plain;
    for (const char c : word) {
      if (c != '_' && c != '-' && c != ' ')
        plain += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    }
    if (plain == "loguniform" || plain == "log" || plain == "log10" || plain == "logarithmic" ||
        plain == "reciprocal" || plain == "loguniformvalue")
      return "log_uniform_values";
    if (plain == "qloguniform") return "q_log_uniform_values";
    if (plain == "int" || plain == "integer" || plain == "randint") return "int_uniform";
    if (plain == "intloguniform" || plain == "lograndint") return "int_log_uniform";
    if (plain == "float" || plain == "real" || plain == "linear") return "uniform";
    if (plain == "choice" || plain == "choices") return "categorical";
    if (plain == "gaussian" || plain == "randn") return "normal";
    return std::nullopt;
  }

  /// Named, or implied by the keys as in the sweep file. Null pointer after errors.
  const Distribution* find_distribution() {
    if (const YamlNode* given = find("distribution")) {
      std::vector<std::string> names;
      for (const Distribution& d : distributions()) names.emplace_back(d.name);
      const auto word = reader_.text(*given, what("distribution"));
      if (!word) return nullptr;
      if (std::find(names.begin(), names.end(), *word) == names.end()) {
        auto near = name_elsewhere(*word);
        if (!near) near = nearest_name(*word, names);
        reader_.error(given->span, fmt::format("{}: there is no distribution '{}'{}", name_, *word,
                                               near ? fmt::format(". Did you mean '{}'?", *near)
                                                    : ". Distributions: " + join(names, ", ")));
        return nullptr;
      }
      return &distribution_named(*word);
    }
    if (find("value") != nullptr) return &distribution_named("constant");
    if (find("values") != nullptr) {
      return &distribution_named(find("probabilities") != nullptr ? "categorical_w_probabilities"
                                                                  : "categorical");
    }
    if (find("min") != nullptr || find("max") != nullptr) return implied_range();
    return nothing_implied();
  }

  const Distribution* implied_range() {
    const auto is_whole = [&](std::string_view key) {
      const YamlNode* node = find(key);
      return node == nullptr || !node->is_scalar() || resolve_scalar(*node).is_int();
    };
    const YamlNode* step = find("step");
    const bool whole_steps = step == nullptr || is_whole("step");
    const bool whole = is_whole("min") && is_whole("max") && whole_steps;
    implied_integer_ = whole && step == nullptr;
    return &distribution_named(whole ? "int_uniform" : "uniform");
  }

  const Distribution* nothing_implied() {
    const YamlMember* moment = map_.find("mu") != nullptr ? map_.find("mu") : map_.find("sigma");
    if (moment != nullptr) {
      reader_.error(moment->key_span,
                    fmt::format("{}: mu and sigma need a distribution that has them", name_),
                    "add distribution: normal (or log_normal)");
    } else if (map_.find("a") != nullptr || map_.find("b") != nullptr) {
      reader_.error(map_.members.front().key_span,
                    fmt::format("{}: a and b need distribution: beta", name_));
    } else {
      reader_.error(
          map_.span,
          fmt::format("{} says nothing about its values: give values: […], or min and max, or "
                      "value, or expression",
                      name_));
    }
    return nullptr;
  }

  bool keys_fit(const Distribution& law) {
    static const std::vector<std::string> always = {"distribution", "default", "prior", "when"};
    const auto has = [](const std::vector<std::string>& list, const std::string& key) {
      return std::find(list.begin(), list.end(), key) != list.end();
    };
    bool good = true;
    for (const std::string& key : law.needs) {
      if (map_.find(key) != nullptr) continue;
      good = false;
      reader_.error(map_.span, fmt::format("{}: distribution {} needs '{}'", name_, law.name, key));
    }
    std::vector<std::string> own = law.needs;
    own.insert(own.end(), law.takes.begin(), law.takes.end());
    for (const YamlMember& member : map_.members) {
      if (has(always, member.key) || has(own, member.key)) continue;
      const auto& known = study_file_section("parameters.*").keys;
      const bool is_known = std::any_of(
          known.begin(), known.end(), [&](const StudyFileKey& k) { return k.name == member.key; });
      if (!is_known) continue;  // told already
      good = false;
      reader_.error(member.key_span, misplaced_key(law, member.key, own));
    }
    return good;
  }

  std::string misplaced_key(const Distribution& law, const std::string& key,
                            const std::vector<std::string>& own) const {
    std::string message = fmt::format("{}: '{}' does not belong to distribution {}, which has {}",
                                      name_, key, law.name, join(own, ", "));
    const bool numeric =
        law.shape == Shape::range || law.shape == Shape::gauss || law.shape == Shape::beta;
    if (key == "q" && numeric) message += fmt::format("; q_{} has it", law.name);
    if (key == "ordered") message += "; only 'values' can be ordered";
    if (key == "step")
      message += "; 'step' goes with min and max of a uniform or log_uniform_values range";
    return message;
  }

  std::optional<Domain> read_constant() {
    auto item = read_choice_item(reader_, *find("value"), what("value"), sweep_);
    if (!item) return std::nullopt;
    return Domain(Fixed{std::move(item->value), std::move(item->text)});
  }

  std::optional<Domain> read_choice() {
    const YamlNode& node = *find("values");
    if (!node.is_sequence()) {
      reader_.error(node.span,
                    fmt::format("{} must be a list, not {}", what("values"), reader_.shown(node)),
                    node.is_scalar() ? fmt::format("write [{}], or value: {}",
                                                   reader_.written(node), reader_.written(node))
                                     : "");
      return std::nullopt;
    }
    if (node.items.empty()) {
      reader_.error(node.span,
                    fmt::format("{} is empty: there is nothing to choose from", what("values")));
      return std::nullopt;
    }
    std::vector<ChoiceItem> items;
    bool good = true;
    for (std::size_t i = 0; i < node.items.size(); ++i) {
      auto item = read_choice_item(reader_, node.items[i], fmt::format("{}[{}]", what("values"), i),
                                   sweep_);
      if (item)
        items.push_back(std::move(*item));
      else
        good = false;
    }
    Choice choice;
    if (const YamlNode* ordered = find("ordered")) {
      const auto flag = reader_.boolean(*ordered, what("ordered"));
      choice.ordered = flag.value_or(false);
      good = good && flag;
    }
    std::optional<std::vector<double>> weights = std::vector<double>(items.size(), 1.0);
    if (const YamlNode* given = find("probabilities")) {
      weights = read_probabilities(*given, node.items.size());
    }
    if (!good || !weights) return std::nullopt;
    merge_repeats(choice, node, std::move(items), *weights);
    return Domain(std::move(choice));
  }

  std::optional<std::vector<double>> read_probabilities(const YamlNode& node, std::size_t count) {
    if (!node.is_sequence() || node.items.size() != count) {
      reader_.error(node.span, fmt::format("{} must be a list of {} numbers, one per value, not {}",
                                           what("probabilities"), count,
                                           node.is_sequence() ? fmt::format("{}", node.items.size())
                                                              : reader_.shown(node)));
      return std::nullopt;
    }
    std::vector<double> weights;
    double sum = 0;
    for (std::size_t i = 0; i < count; ++i) {
      const auto p = reader_.number_from(node.items[i],
                                         fmt::format("{}[{}]", what("probabilities"), i), 0, 1e300);
      if (!p) return std::nullopt;
      weights.push_back(*p);
      sum += *p;
    }
    if (!(sum > 0)) {
      reader_.error(node.span, fmt::format("{}: all probabilities are 0", name_));
      return std::nullopt;
    }
    if (std::abs(sum - 1) > 1e-6) {
      reader_.warning(
          node.span, fmt::format("{}: the probabilities sum to {}, not 1; they are taken as shares",
                                 name_, format_number(sum, 6)));
    }
    for (double& w : weights) w /= sum;
    return weights;
  }

  /// A value given twice counts once, with the probability of both.
  void merge_repeats(Choice& choice, const YamlNode& node, std::vector<ChoiceItem> items,
                     std::vector<double> weights) {
    const bool weighted = find("probabilities") != nullptr;
    bool repeated = false;
    for (std::size_t i = 0; i < items.size(); ++i) {
      const int first = choice.index_of(items[i].value);
      if (first < 0) {
        choice.items.push_back(std::move(items[i]));
        choice.weights.push_back(weights[i]);
        continue;
      }
      repeated = true;
      choice.weights[static_cast<std::size_t>(first)] += weights[i];
      reader_.warning(
          node.items[i].span,
          fmt::format("{} has {} twice; {}", what("values"), reader_.shown(node.items[i]),
                      "it counts once, with the probability of both"));
    }
    if (!weighted && !repeated) choice.weights.clear();
    double sum = 0;
    for (const double w : choice.weights) sum += w;
    for (double& w : choice.weights) w /= sum;
  }

  std::optional<Domain> read_integer(const Distribution& law) {
    constexpr std::int64_t kLargest = std::int64_t{1} << 53;
    const YamlNode& min = *find("min");
    const YamlNode& max = *find("max");
    const auto low = reader_.whole(min, what("min"), -kLargest, kLargest);
    const auto high = reader_.whole(max, what("max"), -kLargest, kLargest);
    std::optional<std::int64_t> step = 1;
    if (const YamlNode* given = find("step"))
      step = reader_.whole(*given, what("step"), 1, kLargest);
    if (!low || !high || !step) return std::nullopt;
    if (!ends_in_order(static_cast<double>(*low), static_cast<double>(*high))) return std::nullopt;
    if (law.law == Law::log_uniform && *low <= 0) {
      reader_.error(min.span,
                    fmt::format("{}: a logarithmic scale needs min above 0, not {}", name_, *low));
      return std::nullopt;
    }
    if (*step > *high - *low) {
      reader_.error(find("step")->span,
                    fmt::format("{}: step {} is larger than the range from {} to {}", name_, *step,
                                *low, *high));
      return std::nullopt;
    }
    if (implied_integer_) warn_of_integer(*low, *high);
    return Domain(Integer{*low, *high, law.law, *step});
  }

  void warn_of_integer(std::int64_t low, std::int64_t high) {
    static const std::vector<std::string> rates = {
        "dropout", "momentum", "weight_decay",    "learning_rate", "lr",
        "beta1",   "beta2",    "label_smoothing", "warmup_ratio"};
    const std::string last =
        name_.substr(name_.rfind('.') == std::string::npos ? 0 : name_.rfind('.') + 1);
    const bool rate = std::any_of(rates.begin(), rates.end(), [&](const std::string& r) {
      return last == r || (last.size() > r.size() && last.compare(last.size() - r.size() - 1,
                                                                  std::string::npos, "_" + r) == 0);
    });
    if (!(low == 0 && high == 1) && !rate) return;
    reader_.warning(
        find("min")->span,
        fmt::format("{}: both ends are whole numbers, so only {} are tried", name_,
                    high - low == 1 ? fmt::format("{} and {}", low, high)
                                    : fmt::format("the whole numbers from {} to {}", low, high)),
        fmt::format("for real numbers write min: {}.0", low));
  }

  std::optional<Domain> read_range(const Distribution& law) {
    const YamlNode& min = *find("min");
    const YamlNode& max = *find("max");
    const auto low = reader_.number(min, what("min"));
    const auto high = reader_.number(max, what("max"));
    if (!low || !high) return std::nullopt;
    if (!std::isfinite(*low) || !std::isfinite(*high)) {
      reader_.error(
          (std::isfinite(*low) ? max : min).span,
          fmt::format(
              "{}: a range needs finite ends; for an unbounded law use normal or log_normal",
              name_));
      return std::nullopt;
    }
    if (!ends_in_order(*low, *high)) return std::nullopt;
    Real real;
    real.law = law.law;
    real.low = *low;
    real.high = *high;
    if (!fit_to_scale(law, min, max, real)) return std::nullopt;
    if (!read_quantum(law, real)) return std::nullopt;
    return Domain(real);
  }

  bool fit_to_scale(const Distribution& law, const YamlNode& min, const YamlNode& max, Real& real) {
    if (law.bounds != Bounds::values) return from_exponents(law, min, max, real);
    if (law.law == Law::log_uniform && real.low <= 0) {
      reader_.error(min.span,
                    fmt::format("{}: {} needs min above 0, not {}: a logarithmic scale has no 0",
                                name_, law.name, reader_.shown(min)),
                    real.high <= 0 ? "for exponents of e use distribution: log_uniform" : "");
      return false;
    }
    if (law.law == Law::logit_uniform && (real.low <= 0 || real.high >= 1)) {
      reader_.error((real.low <= 0 ? min : max).span,
                    fmt::format("{}: logit_uniform needs 0 < min and max < 1, not {}", name_,
                                reader_.shown(real.low <= 0 ? min : max)));
      return false;
    }
    return true;
  }

  bool from_exponents(const Distribution& law, const YamlNode& min, const YamlNode& max,
                      Real& real) {
    const double from = real.low;
    const double to = real.high;
    const bool inverse = law.bounds == Bounds::inverse_exponents;
    real.low = std::exp(inverse ? -to : from);
    real.high = std::exp(inverse ? -from : to);
    if (real.low <= 0 || !std::isfinite(real.high) || !(real.low < real.high)) {
      reader_.error(
          {min.span.begin, std::max(min.span.end, max.span.end)},
          fmt::format("{}: min and max of {} are exponents of e, and e^{} to e^{} is no range",
                      name_, law.name, format_number(from), format_number(to)),
          "for values use log_uniform_values");
      return false;
    }
    if (!inverse && from > 0 && from < 1 && to / from >= 10) {
      reader_.warning(
          find("distribution")->span,
          fmt::format(
              "{}: min and max of {} are exponents of e, so the values lie from {} to {}; for "
              "values from {} to {} write {}_values",
              name_, law.name, format_number(real.low), format_number(real.high),
              format_number(from), format_number(to), law.name));
    }
    return true;
  }

  /// `q` of the sweep file, or hone's `step`.
  bool read_quantum(const Distribution& law, Real& real) {
    if (law.quantised) {
      real.quantum = Quantum{1.0, false};
      real.whole = true;
      if (const YamlNode* q = find("q")) {
        const auto step = reader_.number_from(*q, what("q"), std::numeric_limits<double>::min());
        if (!step) return false;
        real.quantum->step = *step;
        real.whole = resolve_scalar(*q).is_int();
      }
      return true;
    }
    const YamlNode* given = find("step");
    if (given == nullptr) return true;
    const auto step = reader_.number_from(*given, what("step"), std::numeric_limits<double>::min());
    if (!step) return false;
    if (*step > real.high - real.low) {
      reader_.error(given->span, fmt::format("{}: step {} is larger than the range from {} to {}",
                                             name_, reader_.shown(*given), format_number(real.low),
                                             format_number(real.high)));
      return false;
    }
    real.quantum = Quantum{*step, true};
    return true;
  }

  std::optional<Domain> read_gauss(const Distribution& law) {
    Real real;
    real.law = law.law;
    real.low = law.law == Law::normal ? -kInfinity : 0;
    real.high = kInfinity;
    if (const YamlNode* mu = find("mu")) {
      const auto x = reader_.number_from(*mu, what("mu"), -1e300, 1e300);
      if (!x) return std::nullopt;
      real.a = *x;
    }
    if (const YamlNode* sigma = find("sigma")) {
      const auto x =
          reader_.number_from(*sigma, what("sigma"), std::numeric_limits<double>::min(), 1e300);
      if (!x) return std::nullopt;
      real.b = *x;
    }
    if (!read_quantum(law, real)) return std::nullopt;
    return Domain(real);
  }

  std::optional<Domain> read_beta(const Distribution& law) {
    Real real;
    real.law = law.law;
    real.a = 1;
    real.b = 1;
    for (const std::string_view key : {"a", "b"}) {
      const YamlNode* node = find(key);
      if (node == nullptr) continue;
      const auto x = reader_.number_from(*node, what(key), std::numeric_limits<double>::min(), 1e6);
      if (!x) return std::nullopt;
      (key == "a" ? real.a : real.b) = *x;
    }
    if (!read_quantum(law, real)) return std::nullopt;
    return Domain(real);
  }

  bool ends_in_order(double low, double high) {
    if (low < high) return true;
    const YamlMember& min = *map_.find("min");
    const YamlMember& max = *map_.find("max");
    TextSpan span{std::min(min.key_span.begin, max.key_span.begin),
                  std::max(min.value.span.end, max.value.span.end)};
    if (!map_.block && map_.span.begin < span.begin) span.begin = map_.span.begin;
    if (low == high) {
      reader_.error(span,
                    fmt::format("{}: min and max are both {}", name_, reader_.shown(min.value)),
                    fmt::format("did you mean {{value: {}}}?", reader_.shown(min.value)));
    } else {
      reader_.error(span,
                    fmt::format("{}: min {} is above max {}", name_, reader_.shown(min.value),
                                reader_.shown(max.value)),
                    fmt::format("did you mean {{min: {}, max: {}}}?", reader_.shown(max.value),
                                reader_.shown(min.value)));
    }
    return false;
  }

  StudyFileReader& reader_;
  const YamlNode& map_;
  const std::string& name_;
  bool sweep_;
  bool implied_integer_ = false;
};

}  // namespace

std::optional<ChoiceItem> read_choice_item(StudyFileReader& reader, const YamlNode& node,
                                           const std::string& what, bool sweep_method) {
  if (node.is_null() && node.span.begin == node.span.end) {
    reader.error(node.span, fmt::format("{} has no value; for null write null", what));
    return std::nullopt;
  }
  if (node.is_scalar() && node.plain && node.tag.empty()) {
    const auto old = resolve_yaml11(node.text);
    if (old && old->is_bool() && resolve_scalar(node).is_string()) {
      reader.error(node.span,
                   fmt::format("{}: {} is the text '{}' here, but {} for a sweep's agent", what,
                               node.text, node.text, old->dump()),
                   fmt::format("write {} or \"{}\"", old->dump(), node.text));
      return std::nullopt;
    }
  }
  ChoiceItem item;
  item.value = reader.value(node);
  if (item.value.is_double() && std::isnan(item.value.as_number())) {
    reader.error(node.span,
                 fmt::format("{}: NaN cannot be a value, since it equals nothing", what));
    return std::nullopt;
  }
  item.text = argument_text(item.value);
  if (item.value.is_number() && node.is_scalar()) {
    // A sweep's agent prints what it read: numbers as Python does, and 1e-5, which PyYAML reads as
    // a text, as it stands.
    const auto old = resolve_yaml11(node.text);
    const bool number_there =
        sweep_method && old && old->is_number() && same_value(*old, item.value);
    const bool decimal = node.text.find_first_not_of("+-.0123456789eE") == std::string::npos;
    if (number_there)
      item.text = argument_text(*old);
    else if (decimal)
      item.text = node.text;
  }
  return item;
}

std::optional<Domain> read_domain(StudyFileReader& reader, const YamlNode& map,
                                  const std::string& name, bool sweep_method) {
  return LawReader(reader, map, name, sweep_method).read();
}

}  // namespace hone
