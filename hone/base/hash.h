// Stable 128-bit hashes (XXH3): keys of configurations and digests of environments. Not for
// security.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace hone {

using Hash128 = std::array<std::uint8_t, 16>;

/// XXH3-128 of the bytes, in canonical (big-endian) order: the same on every machine.
Hash128 hash128(std::string_view bytes);
/// 32 lower-case hexadecimal digits.
std::string to_hex(const Hash128& hash);

}  // namespace hone
