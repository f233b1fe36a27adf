// The search space as a JSON value and back: part of the stored body of a study.
#pragma once

#include "hone/base/value.h"
#include "hone/space/search_space.h"

namespace hone {

Value space_to_value(const SearchSpace& space);
Value parameter_to_value(const Parameter& parameter);
/// Throws Error(store_corrupt) on what it cannot read.
SearchSpace space_from_value(const Value& body);

/// Members of a stored map; every mismatch throws Error(store_corrupt) that names the member.
class StoredMap {
 public:
  StoredMap(const Value& map, std::string what);

  const Value* find(std::string_view key) const { return map_.find(key); }
  const Value& at(std::string_view key) const;
  bool boolean(std::string_view key) const;
  std::int64_t integer(std::string_view key) const;
  int small(std::string_view key) const;
  double number(std::string_view key) const;
  std::string text(std::string_view key) const;
  const Value::List& list(std::string_view key) const;
  std::vector<std::string> texts(std::string_view key) const;
  StoredMap map(std::string_view key) const;
  /// Absent or null: nullopt.
  std::optional<double> maybe_number(std::string_view key) const;
  std::optional<std::int64_t> maybe_integer(std::string_view key) const;
  std::optional<std::string> maybe_text(std::string_view key) const;
  [[noreturn]] void fail(std::string_view key, const char* expected) const;

 private:
  const Value& map_;
  std::string what_;
};

}  // namespace hone
