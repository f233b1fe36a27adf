#include "hone/runner/protobuf_wire.h"

namespace hone::protobuf {

bool Message::next(Field& field) {
  if (!ok_ || rest_.empty()) return false;
  std::uint64_t tag = 0;
  ok_ = varint(tag) && tag >> 3 != 0 && tag >> 3 <= 0x1FFFFFFF;
  if (!ok_) return false;
  field = Field{};
  field.number = static_cast<std::uint32_t>(tag >> 3);
  switch (tag & 7u) {
    case 0:
      ok_ = varint(field.scalar);
      break;
    case 1:
      ok_ = fixed(8, field.scalar);
      break;
    case 2: {
      std::uint64_t length = 0;
      ok_ = varint(length) && length <= rest_.size();
      if (!ok_) break;
      field.is_bytes = true;
      field.bytes = rest_.substr(0, static_cast<std::size_t>(length));
      rest_.remove_prefix(static_cast<std::size_t>(length));
      break;
    }
    case 5:
      ok_ = fixed(4, field.scalar);
      break;
    default:
      ok_ = false;
  }
  return ok_;
}

bool Message::varint(std::uint64_t& value) {
  value = 0;
  for (unsigned shift = 0; shift < 70 && !rest_.empty(); shift += 7) {
    const auto byte = static_cast<unsigned char>(rest_.front());
    rest_.remove_prefix(1);
    if (shift < 64) value |= std::uint64_t{byte & 0x7Fu} << shift;
    if ((byte & 0x80u) == 0) return true;
  }
  return false;
}

bool Message::fixed(std::size_t count, std::uint64_t& value) {
  if (rest_.size() < count) return false;
  value = 0;
  for (std::size_t i = 0; i < count; ++i)
    value |= std::uint64_t{static_cast<unsigned char>(rest_[i])} << (8 * i);
  rest_.remove_prefix(count);
  return true;
}

namespace {

void put_tag(std::string& out, std::uint32_t number, unsigned type) {
  put_varint(out, std::uint64_t{number} << 3 | type);
}

void put_fixed(std::string& out, std::uint64_t bits, int bytes) {
  for (int i = 0; i < bytes; ++i) out += static_cast<char>(bits >> (8 * i) & 0xFF);
}

}  // namespace

void put_varint(std::string& out, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) out += static_cast<char>((value & 0x7F) | 0x80);
  out += static_cast<char>(value);
}

void put_whole(std::string& out, std::uint32_t number, std::int64_t value) {
  put_tag(out, number, 0);
  put_varint(out, static_cast<std::uint64_t>(value));
}

void put_double(std::string& out, std::uint32_t number, double value) {
  put_tag(out, number, 1);
  put_fixed(out, std::bit_cast<std::uint64_t>(value), 8);
}

void put_float(std::string& out, std::uint32_t number, float value) {
  put_tag(out, number, 5);
  put_fixed(out, std::bit_cast<std::uint32_t>(value), 4);
}

void put_bytes(std::string& out, std::uint32_t number, std::string_view value) {
  put_tag(out, number, 2);
  put_varint(out, value.size());
  out += value;
}

}  // namespace hone::protobuf
