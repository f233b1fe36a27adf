// A configuration: the values of the active parameters by name. Absence is inactivity; null is a
// value.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hone/base/hash.h"
#include "hone/base/value.h"

namespace hone {

/// A value type, sorted by name.
class Config {
 public:
  using Entry = std::pair<std::string, Value>;

  /// Null pointer when the parameter is inactive.
  const Value* get(std::string_view name) const;
  void set(std::string_view name, Value value);
  void erase(std::string_view name);
  /// Room for so many parameters: what is kept for every trial of a long study wants no more.
  void reserve(std::size_t size) { entries_.reserve(size); }
  std::size_t size() const { return entries_.size(); }
  std::vector<Entry>::const_iterator begin() const { return entries_.begin(); }
  std::vector<Entry>::const_iterator end() const { return entries_.end(); }

  /// Canonical JSON: equal configurations give equal text.
  std::string canonical() const;
  /// Hash of the canonical text with numbers normalised (1 and 1.0 collide on purpose): finds
  /// duplicates.
  Hash128 key() const;
  Value to_value() const;
  /// From a JSON object; nullopt if it is none.
  static std::optional<Config> from_value(const Value& value);
  static std::optional<Config> parse(std::string_view json);

  friend bool operator==(const Config&, const Config&) = default;

 private:
  std::vector<Entry> entries_;
};

}  // namespace hone
