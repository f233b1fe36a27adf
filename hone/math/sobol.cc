#include "hone/math/sobol.h"

#include <bit>

#include "hone/base/assert.h"
#include "hone/base/rng.h"

namespace hone {
namespace {

constexpr int kBits = 32;

/// Initial direction numbers m_1, m_2, … of dimensions 2 to 48 (the first dimension is van der
/// Corput's), one per degree of the dimension's polynomial. Joe and Kuo's file new-joe-kuo-6.
const std::vector<std::vector<std::uint32_t>>& joe_kuo() {
  static const std::vector<std::vector<std::uint32_t>> table = {{1},
                                                                {1, 3},
                                                                {1, 3, 1},
                                                                {1, 1, 1},
                                                                {1, 1, 3, 3},
                                                                {1, 3, 5, 13},
                                                                {1, 1, 5, 5, 17},
                                                                {1, 1, 5, 5, 5},
                                                                {1, 1, 7, 11, 19},
                                                                {1, 1, 5, 1, 1},
                                                                {1, 1, 1, 3, 11},
                                                                {1, 3, 5, 5, 31},
                                                                {1, 3, 3, 9, 7, 49},
                                                                {1, 1, 1, 15, 21, 21},
                                                                {1, 3, 1, 13, 27, 49},
                                                                {1, 1, 1, 15, 7, 5},
                                                                {1, 3, 1, 15, 13, 25},
                                                                {1, 1, 5, 5, 19, 61},
                                                                {1, 3, 7, 11, 23, 15, 103},
                                                                {1, 3, 7, 13, 13, 15, 69},
                                                                {1, 1, 3, 13, 7, 35, 63},
                                                                {1, 3, 5, 9, 1, 25, 53},
                                                                {1, 3, 1, 13, 9, 35, 107},
                                                                {1, 3, 1, 5, 27, 61, 31},
                                                                {1, 1, 5, 11, 19, 41, 61},
                                                                {1, 3, 5, 3, 3, 13, 69},
                                                                {1, 1, 7, 13, 1, 19, 1},
                                                                {1, 3, 7, 5, 13, 19, 59},
                                                                {1, 1, 3, 9, 25, 29, 41},
                                                                {1, 3, 5, 13, 23, 1, 55},
                                                                {1, 3, 7, 3, 13, 59, 17},
                                                                {1, 3, 1, 3, 5, 53, 69},
                                                                {1, 1, 5, 5, 23, 33, 13},
                                                                {1, 1, 7, 7, 1, 61, 123},
                                                                {1, 1, 7, 9, 13, 61, 49},
                                                                {1, 3, 3, 5, 3, 55, 33},
                                                                {1, 3, 1, 15, 31, 13, 49, 245},
                                                                {1, 3, 5, 15, 31, 59, 63, 97},
                                                                {1, 3, 1, 11, 11, 11, 77, 249},
                                                                {1, 3, 1, 11, 27, 43, 71, 9},
                                                                {1, 1, 7, 15, 21, 11, 81, 45},
                                                                {1, 3, 7, 3, 25, 31, 65, 79},
                                                                {1, 3, 1, 1, 19, 11, 3, 205},
                                                                {1, 1, 5, 9, 19, 21, 29, 157},
                                                                {1, 3, 7, 11, 1, 33, 89, 185},
                                                                {1, 3, 3, 3, 15, 9, 79, 71},
                                                                {1, 3, 7, 11, 15, 39, 119, 27}};
  return table;
}

int degree(std::uint32_t polynomial) { return std::bit_width(polynomial) - 1; }

/// a·b modulo p over GF(2).
std::uint32_t multiply(std::uint32_t a, std::uint32_t b, std::uint32_t p) {
  const int n = degree(p);
  std::uint32_t result = 0;
  for (; b != 0; b >>= 1) {
    if ((b & 1U) != 0) result ^= a;
    a <<= 1;
    if ((a >> n & 1U) != 0) a ^= p;
  }
  return result;
}

std::uint32_t power_of_x(std::uint32_t exponent, std::uint32_t p) {
  std::uint32_t result = 1;
  std::uint32_t base = degree(p) == 1 ? 2U ^ p : 2U;  // x modulo p
  for (; exponent != 0; exponent >>= 1) {
    if ((exponent & 1U) != 0) result = multiply(result, base, p);
    base = multiply(base, base, p);
  }
  return result;
}

/// Primitive: x generates all 2^n − 1 non-zero residues.
bool is_primitive(std::uint32_t p) {
  if ((p & 1U) == 0) return false;
  const std::uint32_t order = (1U << degree(p)) - 1;
  if (power_of_x(order, p) != 1) return false;
  std::uint32_t rest = order;
  for (std::uint32_t q = 2; rest > 1; ++q) {
    if (q * q > rest) q = rest;
    if (rest % q != 0) continue;
    while (rest % q == 0) rest /= q;
    if (power_of_x(order / q, p) == 1) return false;
  }
  return true;
}

std::uint32_t reverse(std::uint32_t x) {
  x = (x << 16) | (x >> 16);
  x = ((x & 0x00ff00ffU) << 8) | ((x & 0xff00ff00U) >> 8);
  x = ((x & 0x0f0f0f0fU) << 4) | ((x & 0xf0f0f0f0U) >> 4);
  x = ((x & 0x33333333U) << 2) | ((x & 0xccccccccU) >> 2);
  return ((x & 0x55555555U) << 1) | ((x & 0xaaaaaaaaU) >> 1);
}

/// Each bit of x is flipped or not by a hash of the bits above it: Owen's scrambling. On the
/// reversed word a carry moves only towards less significant bits of x, so any mix of additions,
/// odd multiplications and xors with left shifts has this property.
std::uint32_t scramble(std::uint32_t x, std::uint64_t seed) {
  const std::uint64_t key = mix64(seed);
  x = reverse(x);
  x += static_cast<std::uint32_t>(key);
  x ^= x * 0x6c50b47cU;
  x ^= x * 0xb82f1e52U;
  x += static_cast<std::uint32_t>(key >> 32);
  x *= static_cast<std::uint32_t>(key >> 16) | 1U;
  x ^= x * 0xc7afe638U;
  x ^= x * 0x8d22f6e6U;
  return reverse(x);
}

}  // namespace

std::vector<std::uint32_t> primitive_polynomials(int count) {
  std::vector<std::uint32_t> found;
  for (std::uint32_t p = 3; static_cast<int>(found.size()) < count; p += 2) {
    if (is_primitive(p)) found.push_back(p);
  }
  return found;
}

Sobol::Sobol(int dimensions, std::uint64_t seed)
    : dimensions_(dimensions),
      seed_(seed),
      directions_(static_cast<std::size_t>(dimensions) * kBits) {
  HONE_ASSERT(dimensions >= 1 && dimensions <= kMaxDimensions, "callers keep to kMaxDimensions");
  for (int i = 0; i < kBits; ++i) directions_[static_cast<std::size_t>(i)] = 1U << (kBits - 1 - i);
  const auto polynomials = primitive_polynomials(dimensions - 1);
  for (int d = 1; d < dimensions; ++d) {
    const auto at = static_cast<std::size_t>(d);
    const std::uint32_t p = polynomials[at - 1];
    const int s = degree(p);
    std::uint32_t* v = directions_.data() + at * kBits;
    for (int i = 0; i < s; ++i) {
      const auto k = static_cast<std::size_t>(i);
      const std::uint32_t m =
          at <= joe_kuo().size()
              ? joe_kuo()[at - 1][k]
              : (static_cast<std::uint32_t>(mix64(at * 64 + k)) & ((2U << i) - 1)) | 1U;
      v[i] = m << (kBits - 1 - i);
    }
    // m_i = 2·c_1·m_{i−1} ⊕ … ⊕ 2^s·m_{i−s} ⊕ m_{i−s}, with the coefficients c of the polynomial.
    for (int i = s; i < kBits; ++i) {
      v[i] = v[i - s] ^ (v[i - s] >> s);
      for (int k = 1; k < s; ++k) {
        if ((p >> (s - k) & 1U) != 0) v[i] ^= v[i - k];
      }
    }
  }
}

void Sobol::point(std::uint32_t index, std::span<double> u) const {
  HONE_ASSERT(static_cast<int>(u.size()) == dimensions_, "one entry per dimension");
  for (std::size_t d = 0; d < u.size(); ++d) {
    const std::uint32_t* v = directions_.data() + d * kBits;
    std::uint32_t x = 0;
    for (std::uint32_t rest = index, i = 0; rest != 0; rest >>= 1, ++i) {
      if ((rest & 1U) != 0) x ^= v[i];
    }
    const std::uint64_t key = mix64(seed_ ^ mix64(d));
    // The bits below 2^−32 are drawn, so that no two points share a coordinate.
    const double below = (static_cast<double>(mix64(key ^ mix64(index)) >> 12) + 0.5) * 0x1.0p-52;
    u[d] = (static_cast<double>(scramble(x, key)) + below) * 0x1.0p-32;
  }
}

}  // namespace hone
