// The log inside a run file of W&B's client: LevelDB's log format with other sums.
//
//   file   := header block*
//   header := ":W&B" 0xE1 0xBE 0x00        ident, magic 0xBEE1 (little endian), version 0
//   block  := chunk* padding               32 768 bytes counted from the start of the file, so the
//                                          first block holds the header too; the last may be short
//   chunk  := crc32 length type data       4, 2 and 1 bytes, little endian, and `length` bytes
//   type   := 1 whole, 2 first, 3 middle, 4 last chunk of a record
//
// The sum is the plain CRC-32 (IEEE 802.3, as in zlib) of type and data; LevelDB's own is a masked
// CRC-32C. A rest of a block under 7 bytes is zero padding.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace hone {

/// CRC-32 (IEEE 802.3) of `bytes`, as zlib computes it.
std::uint32_t crc32_ieee(std::string_view bytes);

/// Reads the records of a log one by one. After damage it goes on at the next block.
class WandbLogReader {
 public:
  /// `bytes` must outlive the reader.
  explicit WandbLogReader(std::string_view bytes) : bytes_(bytes) {}

  /// Whether `bytes` begins as a run file does. Without it, next() gives nothing.
  static bool has_header(std::string_view bytes);

  /// The next whole record, valid until the next call; nothing at the end.
  std::optional<std::string_view> next();

  /// Stretches passed over so far.
  std::size_t damaged() const { return damaged_; }
  /// Whether the file ends within a record.
  bool truncated() const { return truncated_; }

 private:
  struct Chunk {
    std::uint8_t type;
    std::string_view data;
  };
  std::optional<Chunk> next_chunk();
  void skip_block();
  void drop_partial();

  std::string_view bytes_;
  std::size_t position_ = 0;
  std::string partial_;  // chunks of a record that is not whole yet
  bool in_record_ = false;
  bool skipping_ = false;  // the record of the next middle or last chunk began in a damaged stretch
  std::size_t damaged_ = 0;
  bool truncated_ = false;
};

}  // namespace hone
