#include "hone/store/point_frame.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <optional>
#include <unordered_map>

namespace hone {
namespace {

void put_varint(std::string& out, std::uint64_t value) {
  while (value >= 0x80) {
    out += static_cast<char>(value | 0x80);
    value >>= 7;
  }
  out += static_cast<char>(value);
}

/// The `size` most significant bytes of a double, the least significant of them first.
void put_double(std::string& out, double value, unsigned size = 8) {
  auto bits = std::bit_cast<std::uint64_t>(value);
  if (size == 0) return;
  bits >>= 8 * (8 - size);
  for (unsigned i = 0; i < size; ++i, bits >>= 8) out += static_cast<char>(bits & 0xff);
}

/// How many bytes of a value are worth writing.
unsigned significant_bytes(double value) {
  const auto bits = std::bit_cast<std::uint64_t>(value);
  return bits == 0 ? 0 : 8 - static_cast<unsigned>(std::countr_zero(bits)) / 8;
}

constexpr unsigned kStepSame = 0;
constexpr unsigned kStepDifference = 1;
constexpr unsigned kStepReal = 2;
constexpr unsigned kNameFollows = 1U << 6;
constexpr unsigned kBusyFollows = 1U << 7;

/// A step whose differences to others are exact.
bool is_whole(double step) {
  constexpr double kExact = 9007199254740992.0;  // 2^53
  return step > -kExact && step < kExact && step == std::trunc(step) &&
         !(step == 0 && std::signbit(step));
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
  double real(unsigned size = 8) {
    const std::string_view raw = bytes(size);
    if (failed || size == 0) return 0;
    std::uint64_t bits = 0;
    for (std::size_t i = size; i-- > 0;) bits = bits << 8 | static_cast<unsigned char>(raw[i]);
    return std::bit_cast<double>(bits << 8 * (8 - size));
  }
};

/// The points of codec 1, or false.
bool read_points_1(Reader& reader, const std::vector<std::string>& names,
                   std::vector<Point>& points) {
  std::int64_t before = 0;
  for (std::uint64_t left = reader.varint(); left > 0 && !reader.failed; --left) {
    const std::uint64_t name = reader.varint();
    if (name >= names.size()) return false;
    Point point{names[name], reader.real(), reader.real(), 0};
    const auto sum =
        static_cast<std::uint64_t>(before) + static_cast<std::uint64_t>(unzigzag(reader.varint()));
    point.busy_us = before = static_cast<std::int64_t>(sum);
    points.push_back(std::move(point));
  }
  return true;
}

bool read_points_2(Reader& reader, const std::vector<std::string>& names,
                   std::vector<Point>& points) {
  std::uint64_t name = names.size() - 1;
  double step = 0;
  std::uint64_t busy = 0;
  for (std::uint64_t left = reader.varint(); left > 0 && !reader.failed; --left) {
    const std::string_view first = reader.bytes(1);
    if (reader.failed) return false;
    const auto tag = static_cast<unsigned char>(first.front());
    name = (tag & kNameFollows) != 0 ? reader.varint() : (name + 1) % names.size();
    const unsigned kind = tag >> 4 & 3;
    const unsigned size = tag & 15;
    if (name >= names.size() || kind > kStepReal || size > 8) return false;
    if (kind == kStepReal) step = reader.real();
    if (kind == kStepDifference) {
      if (!is_whole(step)) return false;
      // As integers: a difference may need a bit more than a double has.
      const auto sum = static_cast<std::uint64_t>(static_cast<std::int64_t>(step)) +
                       static_cast<std::uint64_t>(unzigzag(reader.varint()));
      step = static_cast<double>(static_cast<std::int64_t>(sum));
    }
    // Modulo 2^64, so that no pair of values overflows.
    if ((tag & kBusyFollows) != 0) busy += static_cast<std::uint64_t>(unzigzag(reader.varint()));
    points.push_back({names[name], step, reader.real(size), static_cast<std::int64_t>(busy)});
  }
  return true;
}

}  // namespace

std::string encode_points(std::span<const Point> points) {
  std::unordered_map<std::string_view, std::uint64_t> index;
  std::vector<std::string_view> names;
  std::vector<std::uint64_t> name_of(points.size());
  std::uint64_t guess = 0;  // programs log the same names round after round
  for (std::size_t i = 0; i < points.size(); ++i) {
    if (guess >= names.size() || names[guess] != points[i].metric) {
      const auto [at, is_new] = index.emplace(points[i].metric, names.size());
      if (is_new) names.push_back(at->first);
      guess = at->second;
    }
    name_of[i] = guess++;
    if (guess == names.size()) guess = 0;
  }
  std::string out;
  out.reserve(points.size() * 12 + 16);
  put_varint(out, names.size());
  for (const std::string_view name : names) {
    put_varint(out, name.size());
    out += name;
  }
  put_varint(out, points.size());
  std::uint64_t name = names.size() - 1;
  double step = 0;
  std::int64_t busy = 0;
  for (std::size_t i = 0; i < points.size(); ++i) {
    const Point& point = points[i];
    const unsigned size = significant_bytes(point.value);
    const bool same =
        std::bit_cast<std::uint64_t>(point.step) == std::bit_cast<std::uint64_t>(step);
    const unsigned kind = same                                     ? kStepSame
                          : is_whole(point.step) && is_whole(step) ? kStepDifference
                                                                   : kStepReal;
    const bool named = name_of[i] != (name + 1) % names.size();
    out += static_cast<char>(size | kind << 4 | (named ? kNameFollows : 0) |
                             (point.busy_us != busy ? kBusyFollows : 0));
    if (named) put_varint(out, name_of[i]);
    if (kind == kStepReal) put_double(out, point.step);
    if (kind == kStepDifference) {
      put_varint(out,
                 zigzag(static_cast<std::int64_t>(point.step) - static_cast<std::int64_t>(step)));
    }
    if (point.busy_us != busy) {
      const auto difference =
          static_cast<std::uint64_t>(point.busy_us) - static_cast<std::uint64_t>(busy);
      put_varint(out, zigzag(static_cast<std::int64_t>(difference)));
    }
    put_double(out, point.value, size);
    name = name_of[i];
    step = point.step;
    busy = point.busy_us;
  }
  return out;
}

bool decode_points(int codec, std::string_view bytes, std::vector<Point>& points) {
  Reader reader{bytes};
  std::vector<std::string> names;
  for (std::uint64_t left = reader.varint(); left > 0 && !reader.failed; --left) {
    names.emplace_back(reader.bytes(reader.varint()));
  }
  std::vector<Point> decoded;
  if (names.empty() && reader.left.size() > 1) return false;
  const bool good = codec == kPointFrameCodec ? read_points_2(reader, names, decoded)
                    : codec == 1              ? read_points_1(reader, names, decoded)
                                              : false;
  if (!good || reader.failed || !reader.left.empty()) return false;
  points.insert(points.end(), std::make_move_iterator(decoded.begin()),
                std::make_move_iterator(decoded.end()));
  return true;
}

}  // namespace hone
