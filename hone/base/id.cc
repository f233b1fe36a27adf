#include "hone/base/id.h"

#include <sys/random.h>

#include "hone/base/assert.h"
#include "hone/base/rng.h"

namespace hone {

std::string make_uid(std::int64_t now_us, Rng rng) {
  static const char* alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
  std::string uid(26, '0');
  auto time = static_cast<std::uint64_t>(now_us / 1000);
  for (std::size_t i = 10; i-- > 0; time >>= 5) uid[i] = alphabet[time & 31];
  for (std::size_t i = 10; i < 26; ++i) uid[i] = alphabet[rng.below(32)];
  return uid;
}

std::uint64_t system_entropy() {
  std::uint64_t bits = 0;
  const ssize_t n = ::getrandom(&bits, sizeof bits, 0);
  HONE_ASSERT(n == static_cast<ssize_t>(sizeof bits), "getrandom gives eight bytes at once");
  return bits;
}

}  // namespace hone
