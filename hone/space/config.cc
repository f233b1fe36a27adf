#include "hone/space/config.h"

#include <algorithm>
#include <cmath>

namespace hone {
namespace {

constexpr double kExactIntegers = 9007199254740992.0;  // 2^53

bool name_before(const Config::Entry& entry, std::string_view name) { return entry.first < name; }

/// Whole doubles as integers, so that 1 and 1.0 have one text.
Value normalised(const Value& v) {
  if (v.is_double()) {
    const double d = v.as_number();
    if (std::fabs(d) <= kExactIntegers && d == std::floor(d)) {
      return Value(static_cast<std::int64_t>(d));
    }
    return v;
  }
  if (v.is_list()) {
    Value::List items;
    for (const Value& item : v.as_list()) items.push_back(normalised(item));
    return Value(std::move(items));
  }
  if (v.is_map()) {
    Value::Map members;
    for (const auto& [name, member] : v.as_map()) members.emplace_back(name, normalised(member));
    return Value(std::move(members));
  }
  return v;
}

}  // namespace

const Value* Config::get(std::string_view name) const {
  const auto at = std::lower_bound(entries_.begin(), entries_.end(), name, name_before);
  return at != entries_.end() && at->first == name ? &at->second : nullptr;
}

void Config::set(std::string_view name, Value value) {
  const auto at = std::lower_bound(entries_.begin(), entries_.end(), name, name_before);
  if (at != entries_.end() && at->first == name)
    at->second = std::move(value);
  else
    entries_.emplace(at, std::string(name), std::move(value));
}

void Config::erase(std::string_view name) {
  const auto at = std::lower_bound(entries_.begin(), entries_.end(), name, name_before);
  if (at != entries_.end() && at->first == name) entries_.erase(at);
}

std::string Config::canonical() const { return to_value().canonical(); }

Hash128 Config::key() const { return hash128(normalised(to_value()).canonical()); }

Value Config::to_value() const { return Value(Value::Map(entries_.begin(), entries_.end())); }

std::optional<Config> Config::from_value(const Value& value) {
  if (!value.is_map()) return std::nullopt;
  Config out;
  out.reserve(value.as_map().size());
  for (const auto& [name, member] : value.as_map()) out.set(name, member);
  return out;
}

std::optional<Config> Config::parse(std::string_view json) {
  const auto value = Value::parse(json);
  return value ? from_value(*value) : std::nullopt;
}

}  // namespace hone
