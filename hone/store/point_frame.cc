#include "hone/store/point_frame.h"

#include <bit>
#include <cstring>
#include <map>
#include <optional>

namespace hone {
namespace {

void put_varint(std::string& out, std::uint64_t value) {
  while (value >= 0x80) {
    out += static_cast<char>(value | 0x80);
    value >>= 7;
  }
  out += static_cast<char>(value);
}

void put_double(std::string& out, double value) {
  auto bits = std::bit_cast<std::uint64_t>(value);
  for (int i = 0; i < 8; ++i, bits >>= 8) out += static_cast<char>(bits & 0xff);
}

std::uint64_t zigzag(std::int64_t value) {
  return (static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63);
}
std::int64_t unzigzag(std::uint64_t value) {
  return static_cast<std::int64_t>(value >> 1) ^ -static_cast<std::int64_t>(value & 1);
}

/// Takes values from the front; `failed` once something was missing.
struct Reader {
  std::string_view left;
  bool failed = false;

  std::uint64_t varint() {
    std::uint64_t value = 0;
    for (int shift = 0; shift < 64 && !left.empty(); shift += 7) {
      const auto byte = static_cast<unsigned char>(left.front());
      left.remove_prefix(1);
      value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
      if ((byte & 0x80) == 0) return value;
    }
    failed = true;
    return 0;
  }
  std::string_view bytes(std::uint64_t size) {
    if (size > left.size()) {
      failed = true;
      return {};
    }
    const std::string_view taken = left.substr(0, size);
    left.remove_prefix(size);
    return taken;
  }
  double real() {
    const std::string_view raw = bytes(8);
    if (failed) return 0;
    std::uint64_t bits = 0;
    for (std::size_t i = 8; i-- > 0;) bits = bits << 8 | static_cast<unsigned char>(raw[i]);
    return std::bit_cast<double>(bits);
  }
};

}  // namespace

std::string encode_points(std::span<const Point> points) {
  std::map<std::string_view, std::uint64_t> index;
  std::string names;
  for (const Point& point : points) {
    if (!index.emplace(point.metric, index.size()).second) continue;
    put_varint(names, point.metric.size());
    names += point.metric;
  }
  std::string out;
  out.reserve(names.size() + points.size() * 20 + 16);
  put_varint(out, index.size());
  out += names;
  put_varint(out, points.size());
  std::int64_t before = 0;
  for (const Point& point : points) {
    put_varint(out, index.at(point.metric));
    put_double(out, point.step);
    put_double(out, point.value);
    // Differences modulo 2^64, so that no pair of values overflows.
    const auto difference =
        static_cast<std::uint64_t>(point.busy_us) - static_cast<std::uint64_t>(before);
    put_varint(out, zigzag(static_cast<std::int64_t>(difference)));
    before = point.busy_us;
  }
  return out;
}

bool decode_points(std::string_view bytes, std::vector<Point>& points) {
  Reader reader{bytes};
  std::vector<std::string> names;
  for (std::uint64_t left = reader.varint(); left > 0 && !reader.failed; --left) {
    names.emplace_back(reader.bytes(reader.varint()));
  }
  std::vector<Point> decoded;
  std::int64_t before = 0;
  for (std::uint64_t left = reader.varint(); left > 0 && !reader.failed; --left) {
    const std::uint64_t name = reader.varint();
    if (name >= names.size()) return false;
    Point point{names[name], reader.real(), reader.real(), 0};
    const auto sum =
        static_cast<std::uint64_t>(before) + static_cast<std::uint64_t>(unzigzag(reader.varint()));
    point.busy_us = before = static_cast<std::int64_t>(sum);
    decoded.push_back(std::move(point));
  }
  if (reader.failed || !reader.left.empty()) return false;
  points.insert(points.end(), decoded.begin(), decoded.end());
  return true;
}

}  // namespace hone
