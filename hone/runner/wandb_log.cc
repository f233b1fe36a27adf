#include "hone/runner/wandb_log.h"

#include <array>

namespace hone {
namespace {

constexpr std::string_view kHeader{":W&B\xE1\xBE\x00", 7};
constexpr std::size_t kBlockBytes = 32768;
constexpr std::size_t kChunkHeaderBytes = 7;
constexpr std::size_t kMaxRecordBytes = std::size_t{64} << 20;  // wandb's own records stay below

enum ChunkType : std::uint8_t { kPadding = 0, kWhole = 1, kFirst = 2, kMiddle = 3, kLast = 4 };

constexpr std::array<std::uint32_t, 256> make_crc_table() {
  constexpr std::uint32_t kPolynomial = 0xEDB88320u;  // 0x04C11DB7 with its bits reversed
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1u) != 0 ? kPolynomial : 0u);
    table[i] = crc;
  }
  return table;
}
constexpr std::array<std::uint32_t, 256> kCrcTable = make_crc_table();

std::uint32_t byte_at(std::string_view bytes, std::size_t at) {
  return static_cast<unsigned char>(bytes[at]);
}

}  // namespace

std::uint32_t crc32_ieee(std::string_view bytes) {
  std::uint32_t crc = 0xFFFFFFFFu;
  for (const char c : bytes) {
    crc = (crc >> 8) ^ kCrcTable[(crc ^ static_cast<unsigned char>(c)) & 0xFFu];
  }
  return crc ^ 0xFFFFFFFFu;
}

bool WandbLogReader::has_header(std::string_view bytes) {
  return bytes.substr(0, kHeader.size()) == kHeader;
}

void WandbLogReader::skip_block() {
  position_ = (position_ / kBlockBytes + 1) * kBlockBytes;
  ++damaged_;
  skipping_ = true;
  in_record_ = false;
  partial_.clear();
}

void WandbLogReader::drop_partial() {
  if (in_record_) ++damaged_;
  in_record_ = false;
  partial_.clear();
}

std::optional<WandbLogReader::Chunk> WandbLogReader::next_chunk() {
  while (true) {
    const std::size_t block_left = kBlockBytes - position_ % kBlockBytes;
    if (block_left < kChunkHeaderBytes) {
      position_ += block_left;
      continue;
    }
    if (position_ >= bytes_.size()) return std::nullopt;
    const std::size_t left = bytes_.size() - position_;
    if (left < kChunkHeaderBytes) {
      truncated_ = true;
      return std::nullopt;
    }
    const std::uint32_t sum = byte_at(bytes_, position_) | byte_at(bytes_, position_ + 1) << 8 |
                              byte_at(bytes_, position_ + 2) << 16 |
                              byte_at(bytes_, position_ + 3) << 24;
    const std::size_t length = byte_at(bytes_, position_ + 4) | byte_at(bytes_, position_ + 5) << 8;
    const auto type = static_cast<std::uint8_t>(byte_at(bytes_, position_ + 6));
    if (kChunkHeaderBytes + length > block_left || type < kWhole || type > kLast) {
      skip_block();
      continue;
    }
    if (kChunkHeaderBytes + length > left) {
      truncated_ = true;
      return std::nullopt;
    }
    if (crc32_ieee(bytes_.substr(position_ + 6, length + 1)) != sum) {
      skip_block();
      continue;
    }
    const Chunk chunk{type, bytes_.substr(position_ + kChunkHeaderBytes, length)};
    position_ += kChunkHeaderBytes + length;
    return chunk;
  }
}

std::optional<std::string_view> WandbLogReader::next() {
  if (position_ == 0) {
    if (!has_header(bytes_)) return std::nullopt;
    position_ = kHeader.size();
  }
  while (const std::optional<Chunk> chunk = next_chunk()) {
    switch (chunk->type) {
      case kWhole:
        drop_partial();
        skipping_ = false;
        return chunk->data;
      case kFirst:
        drop_partial();
        skipping_ = false;
        in_record_ = true;
        partial_.assign(chunk->data);
        break;
      default:  // kMiddle, kLast
        if (!in_record_) {
          // Its beginning was lost: counted already when a stretch was passed over.
          if (!skipping_) ++damaged_;
          skipping_ = chunk->type != kLast;
          break;
        }
        if (partial_.size() + chunk->data.size() > kMaxRecordBytes) {
          drop_partial();
          skipping_ = true;
          break;
        }
        partial_.append(chunk->data);
        if (chunk->type == kLast) {
          in_record_ = false;
          return partial_;
        }
    }
  }
  if (in_record_) truncated_ = true;
  in_record_ = false;
  return std::nullopt;
}

}  // namespace hone
