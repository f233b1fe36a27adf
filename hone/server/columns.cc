#include "hone/server/columns.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <map>
#include <unordered_map>

#include "hone/server/http_message.h"

namespace hone::server {
namespace {

static_assert(std::endian::native == std::endian::little);

enum Flag { kDefault = 1, kInfeasible = 2, kWarned = 4 };

/// The file as it grows: the columns' data, and their descriptions.
class Writer {
 public:
  /// Numbers in the smallest type that holds each exactly; NaN stands for "no value" but in the
  /// rows of `is_nan`.
  void numbers(const char* kind, const std::string& name, const std::vector<double>& values,
               const std::vector<std::int64_t>& is_nan = {}) {
    Value column = head(kind, name);
    bool same = true;
    bool whole = true;
    bool single = true;
    double low = 0;
    double high = 0;
    for (const double v : values) {
      const bool nan = std::isnan(v);
      same = same && (v == values.front() || (nan && std::isnan(values.front())));
      whole = whole && !nan && v == std::trunc(v) && !(v == 0 && std::signbit(v));
      single = single && (nan || static_cast<double>(static_cast<float>(v)) == v);
      if (nan) continue;
      low = std::min(low, v);
      high = std::max(high, v);
    }
    if (same && !values.empty()) {
      column.set("type", "f64").set("constant", values.front());
    } else if (whole && low >= 0 && high <= std::numeric_limits<std::uint8_t>::max()) {
      put<std::uint8_t>(column, "u8", values);
    } else if (whole && low >= 0 && high <= std::numeric_limits<std::uint16_t>::max()) {
      put<std::uint16_t>(column, "u16", values);
    } else if (whole && low >= std::numeric_limits<std::int32_t>::min() &&
               high <= std::numeric_limits<std::int32_t>::max()) {
      put<std::int32_t>(column, "i32", values);
    } else if (single) {
      put<float>(column, "f32", values);
    } else {
      put<double>(column, "f64", values);
    }
    if (!is_nan.empty()) column.set("is_nan", Value::List(is_nan.begin(), is_nan.end()));
    columns_.push_back(std::move(column));
  }

  /// Times for drawing: single precision is enough.
  void single(const std::string& name, std::vector<double> values) {
    for (double& v : values) v = static_cast<double>(static_cast<float>(v));
    numbers("trial", name, values);
  }

  /// Indices into a dictionary; kAbsent becomes the largest index of the type.
  void codes(const char* kind, const std::string& name, const std::vector<std::uint32_t>& values,
             Value::List dictionary) {
    Value column = head(kind, name);
    const std::size_t size = dictionary.size();
    bool same = true;
    for (const std::uint32_t v : values) same = same && v == values.front();
    const std::uint32_t absent = size < 0xff ? 0xff : size < 0xffff ? 0xffff : kAbsent;
    if (same && !values.empty()) {
      column.set("type", "u32")
          .set("constant", static_cast<std::int64_t>(std::min(values.front(), absent)));
    } else if (absent == 0xff) {
      put<std::uint8_t>(column, "u8", values, absent);
    } else if (absent == 0xffff) {
      put<std::uint16_t>(column, "u16", values, absent);
    } else {
      put<std::uint32_t>(column, "u32", values, absent);
    }
    column.set("dictionary", Value(std::move(dictionary)))
        .set("absent", static_cast<std::int64_t>(absent));
    columns_.push_back(std::move(column));
  }

  void range(const std::string& name, std::int64_t first) {
    Value column = head("trial", name);
    column.set("type", "u32").set("range", first);
    columns_.push_back(std::move(column));
  }

  std::string finish(Value description) {
    description.set("columns", Value(std::move(columns_)));
    std::string json = strict_json(description);
    constexpr std::size_t kBefore = 12;
    while ((kBefore + json.size()) % 8 != 0) json += ' ';
    const auto length = static_cast<std::uint32_t>(json.size());
    std::string out = "HONECOL1";
    out.reserve(kBefore + json.size() + data_.size());
    out.append(reinterpret_cast<const char*>(&length), sizeof length);
    return out + json + data_;
  }

  static constexpr std::uint32_t kAbsent = 0xffffffff;

 private:
  static Value head(const char* kind, const std::string& name) {
    Value column = Value::Map{};
    column.set("kind", kind).set("name", name);
    return column;
  }
  template <class T>
  void put(Value& column, const char* type, const std::vector<double>& values) {
    T* to = room<T>(column, type, values.size());
    for (const double v : values) *to++ = static_cast<T>(v);
  }
  template <class T>
  void put(Value& column, const char* type, const std::vector<std::uint32_t>& values,
           std::uint32_t absent) {
    T* to = room<T>(column, type, values.size());
    for (const std::uint32_t v : values) *to++ = static_cast<T>(std::min(v, absent));
  }
  /// Aligned: `data_` begins aligned and grows by multiples of 8.
  template <class T>
  T* room(Value& column, const char* type, std::size_t count) {
    const std::size_t offset = data_.size();
    column.set("type", type).set("offset", static_cast<std::int64_t>(offset));
    data_.resize(offset + (count * sizeof(T) + 7) / 8 * 8);
    return reinterpret_cast<T*>(data_.data() + offset);
  }

  std::string data_;
  Value::List columns_;
};

template <class Enum>
Value::List names_of(const char* (*name)(Enum), int count) {
  Value::List names;
  for (int i = 0; i < count; ++i) names.emplace_back(name(static_cast<Enum>(i)));
  return names;
}

/// One parameter over all rows: numbers while all are, else indices into the values that came.
class ParameterColumn {
 public:
  ParameterColumn(std::string name, const Parameter* parameter, std::size_t rows)
      : name_(std::move(name)) {
    const auto* choice = parameter != nullptr ? std::get_if<Choice>(&parameter->domain) : nullptr;
    is_numeric_ = choice == nullptr;
    if (choice != nullptr) {
      for (const ChoiceItem& item : choice->items) code(item.value);
      codes_.assign(rows, Writer::kAbsent);
    } else {
      numbers_.assign(rows, NAN);
    }
  }
  const std::string& name() const { return name_; }

  /// False where the column must be made anew as one of any values.
  bool set(std::size_t row, const Value& value) {
    if (!is_numeric_) {
      codes_[row] = code(value);
      return true;
    }
    const bool exact = value.is_double() ? !std::isnan(value.as_number())
                                         : value.is_int() && std::abs(value.as_int()) <= kExact;
    if (!exact) return false;
    numbers_[row] = value.as_number();
    return true;
  }
  void take_any_value(std::size_t rows) {
    is_numeric_ = false;
    numbers_ = {};
    codes_.assign(rows, Writer::kAbsent);
  }
  void write(Writer& writer) {
    if (is_numeric_) {
      writer.numbers("param", name_, numbers_);
    } else {
      writer.codes("param", name_, codes_, std::move(dictionary_));
    }
  }

 private:
  static constexpr std::int64_t kExact = 1LL << 53;  ///< whole numbers that a double holds

  std::uint32_t code(const Value& value) {
    const auto [it, fresh] =
        index_.try_emplace(value.canonical(), static_cast<std::uint32_t>(dictionary_.size()));
    if (fresh) dictionary_.push_back(value);
    return it->second;
  }

  std::string name_;
  bool is_numeric_ = true;
  std::vector<double> numbers_;
  std::vector<std::uint32_t> codes_;
  std::unordered_map<std::string, std::uint32_t> index_;
  Value::List dictionary_;
};

/// Those of the study file in its order, then what older versions or free spaces had.
void write_parameters(const History& history, const std::vector<std::int64_t>& rows,
                      Writer& writer) {
  const SearchSpace& space = history.spec().space;
  std::vector<ParameterColumn> columns;
  std::map<std::string, std::size_t, std::less<>> place;
  for (const Parameter& parameter : space.parameters()) {
    place.emplace(parameter.name, columns.size());
    columns.emplace_back(parameter.name, &parameter, rows.size());
  }
  const auto fill = [&](std::size_t only) {
    for (std::size_t row = 0; row < rows.size(); ++row) {
      const Value* value = history.trial(rows[row]).config().get(columns[only].name());
      if (value != nullptr) columns[only].set(row, *value);
    }
  };
  std::vector<bool> is_mixed(columns.size(), false);
  for (std::size_t row = 0; row < rows.size(); ++row) {
    // Both are sorted by name.
    auto at = place.begin();
    for (const auto& [name, value] : history.trial(rows[row]).config()) {
      while (at != place.end() && at->first < name) ++at;
      if (at == place.end() || at->first != name) {
        at = place.emplace_hint(at, name, columns.size());
        columns.emplace_back(name, nullptr, rows.size());
        is_mixed.push_back(false);
      }
      const std::size_t column = at->second;
      if (!is_mixed[column] && !columns[column].set(row, value)) is_mixed[column] = true;
    }
  }
  for (std::size_t column = 0; column < columns.size(); ++column) {
    if (is_mixed[column]) {
      columns[column].take_any_value(rows.size());
      fill(column);
    }
    columns[column].write(writer);
  }
}

void write_metrics(const History& history, const std::vector<std::int64_t>& rows, Writer& writer) {
  const StudySpec& spec = history.spec();
  for (std::size_t m = 0; m < spec.metrics.size(); ++m) {
    std::vector<double> values;
    std::vector<std::int64_t> is_nan;
    values.reserve(rows.size());
    for (const std::int64_t number : rows) {
      const auto value = history.trial(number).value_of(static_cast<int>(m));
      if (value && std::isnan(*value)) is_nan.push_back(static_cast<std::int64_t>(values.size()));
      values.push_back(value.value_or(NAN));
    }
    writer.numbers("metric", spec.metrics[m].name, values, is_nan);
  }
}

/// One number of each row.
template <class Get>
std::vector<double> gathered(const History& history, const std::vector<std::int64_t>& rows,
                             const Get& get) {
  std::vector<double> values;
  values.reserve(rows.size());
  for (const std::int64_t number : rows) values.push_back(get(history.trial(number)));
  return values;
}
template <class Get>
std::vector<std::uint32_t> gathered_codes(const History& history,
                                          const std::vector<std::int64_t>& rows, const Get& get) {
  std::vector<std::uint32_t> values;
  values.reserve(rows.size());
  for (const std::int64_t number : rows)
    values.push_back(static_cast<std::uint32_t>(get(history.trial(number))));
  return values;
}

void write_trials(const History& history, const std::vector<std::int64_t>& rows, double base_s,
                  Writer& writer) {
  const auto since = [base_s](std::int64_t at_us) {
    return at_us > 0 ? static_cast<double>(at_us) / 1e6 - base_s : NAN;
  };
  writer.codes("trial", "state",
               gathered_codes(history, rows, [](const Trial& t) { return t.state; }),
               names_of(trial_state_name, 7));
  writer.codes("trial", "origin",
               gathered_codes(history, rows, [](const Trial& t) { return t.proposal->origin; }),
               names_of(trial_origin_name, 7));
  Value::List failures = names_of(fail_kind_name, 12);
  failures.erase(failures.begin());  // none is absent
  writer.codes("trial", "failure",
               gathered_codes(history, rows,
                              [](const Trial& t) {
                                return t.fail_kind == FailKind::none
                                           ? Writer::kAbsent
                                           : static_cast<std::uint32_t>(t.fail_kind) - 1;
                              }),
               std::move(failures));
  writer.numbers("trial", "parent", gathered(history, rows, [](const Trial& t) {
                   return t.proposal->parent ? static_cast<double>(*t.proposal->parent) : NAN;
                 }));
  writer.numbers("trial", "flags", gathered(history, rows, [&](const Trial& t) {
                   int flags = t.proposal->origin == TrialOrigin::default_config ? kDefault : 0;
                   if (!t.results.empty() && !history.satisfies_guards(t)) flags |= kInfeasible;
                   if (!t.warnings.empty()) flags |= kWarned;
                   return static_cast<double>(flags);
                 }));
  writer.numbers("trial", "worker", gathered(history, rows, [&](const Trial& t) {
                   // The newest of its runs that somebody took.
                   const auto runs = history.runs_of(t.number());
                   for (std::size_t i = runs.size(); i-- > 0;) {
                     const WorkerId worker = history.run(runs[i])->worker;
                     if (history.run(runs[i])->started_us > 0)
                       return static_cast<double>(worker.value);
                   }
                   return static_cast<double>(NAN);
                 }));
  writer.numbers("trial", "reached",
                 gathered(history, rows, [](const Trial& t) { return t.reached.value_or(NAN); }));
  writer.single("newest", gathered(history, rows, [](const Trial& t) {
                  return t.curve.empty() ? NAN : t.curve.back().value;
                }));
  writer.single("busy", gathered(history, rows, [](const Trial& t) {
                  return static_cast<double>(t.busy_us) / 1e6;
                }));
  writer.single("created", gathered(history, rows,
                                    [&](const Trial& t) { return since(t.proposal->created_us); }));
  writer.single("started",
                gathered(history, rows, [&](const Trial& t) { return since(t.first_started_us); }));
  writer.single("ended",
                gathered(history, rows, [&](const Trial& t) { return since(t.ended_us); }));
}

}  // namespace

std::string encode_columns(const StudyModel::View& view, std::int64_t since) {
  const History& history = view.history;
  std::vector<std::int64_t> rows;
  for (std::size_t number = 0; number < view.changed.size(); ++number) {
    if (since <= 0 || view.changed[number] > since)
      rows.push_back(static_cast<std::int64_t>(number));
  }
  const double base_s = static_cast<double>(history.created_us()) / 1e6;
  Writer writer;
  const bool dense = !rows.empty() && rows.back() - rows.front() + 1 == std::ssize(rows);
  if (dense) {
    writer.range("number", rows.front());
  } else {
    writer.numbers("trial", "number", std::vector<double>(rows.begin(), rows.end()));
  }
  write_trials(history, rows, base_s, writer);
  write_metrics(history, rows, writer);
  write_parameters(history, rows, writer);
  Value description = Value::Map{};
  description.set("version", history.version())
      .set("since", std::max<std::int64_t>(0, since))
      .set("rows", std::ssize(rows))
      .set("trials", history.size())
      .set("base_s", base_s);
  return writer.finish(std::move(description));
}

}  // namespace hone::server
