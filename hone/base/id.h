// Strong ids and unique sortable names.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <string>

namespace hone {

/// A 64-bit id that does not convert to another kind of id.
template <class Tag>
struct Id {
  std::int64_t value = -1;
  bool valid() const { return value >= 0; }
  friend auto operator<=>(const Id&, const Id&) = default;
};

class Rng;
/// 26 characters of Crockford's base 32: 48 bits of milliseconds, 80 random bits (the ULID layout):
/// sorts by time.
std::string make_uid(std::int64_t now_us, Rng rng);

/// A seed from the operating system, for what must be unique (uids) or is drawn once and stored (a
/// study's seed).
std::uint64_t system_entropy();

}  // namespace hone

template <class Tag>
struct std::hash<hone::Id<Tag>> {
  std::size_t operator()(const hone::Id<Tag>& id) const noexcept {
    return std::hash<std::int64_t>{}(id.value);
  }
};
