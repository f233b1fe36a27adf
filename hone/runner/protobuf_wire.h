// Protobuf's wire format, as far as hone reads and writes messages of other programs: varints,
// fixed numbers, bytes. Unknown fields are skipped by their wire type; groups are not used.
// https://protobuf.dev/programming-guides/encoding/
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace hone::protobuf {

struct Field {
  std::uint32_t number = 0;
  std::uint64_t scalar = 0;  ///< varint, or the bits of a fixed 64 or 32
  std::string_view bytes;    ///< length-delimited
  bool is_bytes = false;

  double as_double() const { return std::bit_cast<double>(scalar); }
  float as_float() const { return std::bit_cast<float>(static_cast<std::uint32_t>(scalar)); }
};

/// Walks the fields of one message. ok() is false after a malformed field, and the walk ends.
class Message {
 public:
  explicit Message(std::string_view bytes) : rest_(bytes) {}

  bool next(Field& field);
  bool ok() const { return ok_; }

 private:
  bool varint(std::uint64_t& value);
  bool fixed(std::size_t count, std::uint64_t& value);

  std::string_view rest_;
  bool ok_ = true;
};

// Fields appended to a message.
void put_varint(std::string& out, std::uint64_t value);
void put_whole(std::string& out, std::uint32_t number, std::int64_t value);
void put_double(std::string& out, std::uint32_t number, double value);
void put_float(std::string& out, std::uint32_t number, float value);
void put_bytes(std::string& out, std::uint32_t number, std::string_view value);

}  // namespace hone::protobuf
