// A JSON value: what a parameter may take and what crosses the store. Integers and doubles are kept
// apart, so that 1 and 1.0 print as written; objects keep the order of their keys as inserted
// (canonical text sorts them).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace hone {

/// A value type; comparisons are exact (1 != 1.0 as values; see `same_number` for numeric
/// equality).
class Value {
 public:
  using List = std::vector<Value>;
  using Map = std::vector<std::pair<std::string, Value>>;  ///< keys are unique

  Value() = default;  ///< null
  Value(const Value&) = default;
  Value& operator=(const Value&) = default;
  /// The one moved from becomes null.
  Value(Value&& from) noexcept : data_(std::exchange(from.data_, {})) {}
  Value& operator=(Value&& from) noexcept {
    data_ = std::exchange(from.data_, {});
    return *this;
  }
  ~Value() = default;
  Value(std::nullptr_t) {}
  Value(bool b) : data_(b) {}
  Value(int i) : data_(static_cast<std::int64_t>(i)) {}
  Value(std::int64_t i) : data_(i) {}
  Value(double d) : data_(d) {}
  Value(const char* s) : data_(Boxed<std::string>(s)) {}
  Value(std::string s) : data_(Boxed<std::string>(std::move(s))) {}
  Value(std::string_view s) : data_(Boxed<std::string>(std::string(s))) {}
  Value(List list) : data_(Boxed<List>(std::move(list))) {}
  Value(Map map) : data_(Boxed<Map>(std::move(map))) {}

  bool is_null() const { return std::holds_alternative<std::monostate>(data_); }
  bool is_bool() const { return std::holds_alternative<bool>(data_); }
  bool is_int() const { return std::holds_alternative<std::int64_t>(data_); }
  bool is_double() const { return std::holds_alternative<double>(data_); }
  bool is_number() const { return is_int() || is_double(); }
  bool is_string() const { return std::holds_alternative<Boxed<std::string>>(data_); }
  bool is_list() const { return std::holds_alternative<Boxed<List>>(data_); }
  bool is_map() const { return std::holds_alternative<Boxed<Map>>(data_); }

  bool as_bool() const { return std::get<bool>(data_); }
  std::int64_t as_int() const { return std::get<std::int64_t>(data_); }
  /// An integer or double as double.
  double as_number() const;
  const std::string& as_string() const { return std::get<Boxed<std::string>>(data_).get(); }
  const List& as_list() const { return std::get<Boxed<List>>(data_).get(); }
  List& as_list() { return std::get<Boxed<List>>(data_).get(); }
  const Map& as_map() const { return std::get<Boxed<Map>>(data_).get(); }
  Map& as_map() { return std::get<Boxed<Map>>(data_).get(); }

  /// The member `key` of a map; null pointer if this is no map or has no such key.
  const Value* find(std::string_view key) const;
  /// Sets a member of a map (a null becomes an empty map first).
  Value& set(std::string_view key, Value value);

  // Members of a map with a fallback; also when the member is null or of another type.
  std::int64_t int_or(std::string_view key, std::int64_t fallback) const;
  double number_or(std::string_view key, double fallback) const;
  bool bool_or(std::string_view key, bool fallback) const;
  std::string string_or(std::string_view key, std::string_view fallback) const;

  /// JSON on one line, keys in stored order, doubles with the shortest digits that read back the
  /// same and always recognisable as doubles ("1.0", "1e-05" style of std::to_chars). NaN and
  /// infinities are written as NaN, Infinity, -Infinity, which `parse` reads.
  std::string dump() const;
  /// As dump, with the keys of every map sorted by bytes: equal values give equal text.
  std::string canonical() const;
  /// Parses one JSON document (with NaN and Infinity); nullopt on anything else. Depth is limited
  /// to 200.
  static std::optional<Value> parse(std::string_view json);

  friend bool operator==(const Value& a, const Value& b) { return a.data_ == b.data_; }

 private:
  /// What is larger than a number lies elsewhere: a long study keeps millions of values, most of
  /// them numbers.
  template <class T>
  class Boxed {
   public:
    explicit Boxed(T value) : value_(std::make_unique<T>(std::move(value))) {}
    Boxed(const Boxed& other) : value_(std::make_unique<T>(*other.value_)) {}
    Boxed& operator=(const Boxed& other) { return *this = Boxed(other); }
    Boxed(Boxed&&) noexcept = default;
    Boxed& operator=(Boxed&&) noexcept = default;
    ~Boxed() = default;
    const T& get() const { return *value_; }
    T& get() { return *value_; }
    friend bool operator==(const Boxed& a, const Boxed& b) { return *a.value_ == *b.value_; }

   private:
    std::unique_ptr<T> value_;
  };

  std::variant<std::monostate, bool, std::int64_t, double, Boxed<std::string>, Boxed<List>,
               Boxed<Map>>
      data_;
};

/// Equal as numbers where both are numbers (1 == 1.0), as values otherwise.
bool same_value(const Value& a, const Value& b);

/// The shortest text that reads back as the same double, with ".0" appended to whole numbers.
std::string format_double(double d);

}  // namespace hone
