// The records of TensorBoard's event files: length (8 bytes, little-endian), masked CRC-32C of
// these 8 bytes, payload, masked CRC-32C of the payload. The mask is a rotation by 15 bits and a
// constant (TFRecord, tensorflow/core/lib/io/record_writer.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace hone {

inline constexpr std::size_t kEventHeadBytes = 12;
inline constexpr std::size_t kEventTailBytes = 4;

/// CRC-32C (Castagnoli, reflected polynomial 0x82F63B78).
std::uint32_t crc32c(std::string_view bytes);
/// The sum as a record has it.
std::uint32_t masked_crc32c(std::string_view bytes);
void append_event_record(std::string& out, std::string_view payload);

/// Begin of the names that writers give to event files.
inline constexpr std::string_view kEventFilePrefix = "events.out.tfevents.";

}  // namespace hone
