// The messages, of which these fields matter (numbers in brackets;
// tensorflow/core/util/event.proto, summary.proto, tensor.proto):
//
//   Event         wall_time [1] double · step [2] · summary [5]
//   Summary       value [1]* {tag [1] · simple_value [2] float · tensor [8] · metadata [9]}
//   Metadata      plugin_data [1] {plugin_name [1]}
//   TensorProto   dtype [1] · tensor_shape [2] {dim [2]*} · tensor_content [4] · float_val [5]* ·
//                 double_val [6]* · int_val [7]* · int64_val [10]* · half_val [13]*
//
// A tensor without dimensions that holds a number is a scalar unless its plugin is another one than
// "scalars"; writers name the plugin with the first value of a tag only.
#include "hone/runner/event_file.h"

#include <sys/stat.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "hone/base/value.h"
#include "hone/runner/event_record.h"
#include "hone/runner/log_format.h"
#include "hone/runner/log_format_text.h"
#include "hone/runner/protobuf_wire.h"

namespace hone {
namespace fs = std::filesystem;
namespace {

using protobuf::Field;
using protobuf::Message;

constexpr std::uint64_t kLongestBytes = std::uint64_t{1} << 40;
constexpr int kDeepest = 8;
constexpr std::size_t kLookedAtMost = 5000;  ///< entries of folders in one look
constexpr std::size_t kFilesAtMost = 64;

std::uint64_t little_endian(std::string_view bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = bytes.size(); i-- > 0;)
    value = value << 8 | static_cast<unsigned char>(bytes[i]);
  return value;
}

/// IEEE 754 half precision.
double half(std::uint64_t bits) {
  const double sign = (bits & 0x8000u) != 0 ? -1 : 1;
  const int exponent = static_cast<int>(bits >> 10 & 0x1F);
  const double fraction = static_cast<double>(bits & 0x3FF);
  if (exponent == 0) return sign * std::ldexp(fraction, -24);
  if (exponent == 31) return fraction == 0 ? sign * INFINITY : NAN;
  return sign * std::ldexp(1024 + fraction, exponent - 25);
}

enum DataType { kFloat = 1, kDouble = 2, kInt32 = 3, kInt64 = 9, kHalf = 19 };

/// The first number of `tensor_content`.
std::optional<double> from_content(std::uint64_t type, std::string_view bytes) {
  const std::size_t size = type == kHalf ? 2 : type == kFloat || type == kInt32 ? 4 : 8;
  if (bytes.size() != size) return std::nullopt;
  Field field;
  field.scalar = little_endian(bytes);
  switch (type) {
    case kFloat:
      return field.as_float();
    case kDouble:
      return field.as_double();
    case kInt32:
      return static_cast<std::int32_t>(field.scalar);
    case kInt64:
      return static_cast<double>(static_cast<std::int64_t>(field.scalar));
    case kHalf:
      return half(field.scalar);
    default:
      return std::nullopt;
  }
}

/// The first of a repeated number, packed or not.
std::optional<double> from_list(const Field& field) {
  const auto bits = [&](std::size_t size) {
    return field.is_bytes ? little_endian(field.bytes.substr(0, size)) : field.scalar;
  };
  Field first;
  switch (field.number) {
    case 5:
      first.scalar = bits(4);
      return first.as_float();
    case 6:
      first.scalar = bits(8);
      return first.as_double();
    default: {
      first.scalar = field.scalar;
      if (field.is_bytes) {
        // A packed varint: read as a field of its own.
        std::string own = "\x08" + std::string(field.bytes);
        Message message(own);
        if (!message.next(first)) return std::nullopt;
      }
      if (field.number == 13) return half(first.scalar);
      return static_cast<double>(static_cast<std::int64_t>(first.scalar));
    }
  }
}

std::optional<double> scalar_of(std::string_view tensor) {
  Message message(tensor);
  Field field;
  std::uint64_t type = 0;
  std::optional<double> listed;
  std::string_view content;
  while (message.next(field)) {
    if (field.number == 1) type = field.scalar;
    if (field.number == 2 && field.is_bytes) {
      Message shape(field.bytes);
      for (Field dimension; shape.next(dimension);) {
        if (dimension.number == 2) return std::nullopt;  // no scalar
      }
    }
    if (field.number == 4 && field.is_bytes) content = field.bytes;
    const bool is_list = field.number == 5 || field.number == 6 || field.number == 7 ||
                         field.number == 10 || field.number == 13;
    if (is_list && !listed && !(field.is_bytes && field.bytes.empty())) listed = from_list(field);
  }
  if (!message.ok()) return std::nullopt;
  return content.empty() ? listed : from_content(type, content);
}

bool is_of_another_plugin(std::string_view metadata) {
  Message message(metadata);
  for (Field field; message.next(field);) {
    if (field.number != 1 || !field.is_bytes) continue;
    Message plugin(field.bytes);
    for (Field name; plugin.next(name);) {
      if (name.number == 1 && name.is_bytes && !name.bytes.empty()) return name.bytes != "scalars";
    }
  }
  return false;
}

void add_value(std::string_view value, ParsedRecord& record) {
  Message message(value);
  std::string_view tag;
  std::optional<double> number;
  bool other = false;
  for (Field field; message.next(field);) {
    if (field.number == 1 && field.is_bytes) tag = field.bytes;
    if (field.number == 2 && !field.is_bytes) number = field.as_float();
    if (field.number == 8 && field.is_bytes) number = scalar_of(field.bytes);
    if (field.number == 9 && field.is_bytes) other = is_of_another_plugin(field.bytes);
  }
  if (message.ok() && number && !other) log_format::add_metric(record, tag, *number);
}

/// Whether a folder right below that of a trial is not this run's own output.
bool is_set_apart(const std::string& name) {
  if (name == "artifacts") return true;
  const std::size_t dash = name.find('-');
  if (dash == std::string::npos || dash + 1 == name.size() ||
      name.find_first_not_of("0123456789", dash + 1) != std::string::npos)
    return false;
  const std::string_view kind = std::string_view(name).substr(0, dash);
  return kind == "replicate" || kind == "confirm" || kind == "reproduce" || kind == "check";
}

struct Look {
  std::vector<fs::path> found;
  std::size_t looked = 0;

  void folder(const fs::path& path, std::int64_t since_us, int deep) {
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(path, error)) {
      if (++looked > kLookedAtMost || found.size() >= kFilesAtMost) return;
      const std::string name = entry.path().filename().string();
      struct stat info {};
      if (::lstat(entry.path().c_str(), &info) != 0) continue;
      if (S_ISDIR(info.st_mode)) {
        if (deep < kDeepest && (deep > 0 || !is_set_apart(name)))
          folder(entry.path(), since_us, deep + 1);
      } else if (S_ISREG(info.st_mode) && name.starts_with(kEventFilePrefix) &&
                 info.st_mtim.tv_sec * 1'000'000 + info.st_mtim.tv_nsec / 1000 >= since_us) {
        found.push_back(entry.path());
      }
    }
  }
};

}  // namespace

std::vector<ParsedRecord> EventFileReader::feed(std::string_view bytes) {
  std::vector<ParsedRecord> out;
  const std::size_t passed = std::min<std::uint64_t>(skip_, bytes.size());
  skip_ -= passed;
  bytes.remove_prefix(passed);
  if (damaged_ || bytes.empty()) return out;
  pending_ += bytes;
  std::string_view rest = pending_;
  while (rest.size() >= kEventHeadBytes) {
    const std::string_view length_bytes = rest.substr(0, 8);
    if (little_endian(rest.substr(8, 4)) != masked_crc32c(length_bytes)) {
      damaged_ = true;
      break;
    }
    const std::uint64_t length = little_endian(length_bytes);
    if (length > kLongestBytes) {
      damaged_ = true;
      break;
    }
    if (length > kMaxRecordBytes) {
      const std::uint64_t whole = length + kEventHeadBytes + kEventTailBytes;
      const std::size_t here = std::min<std::uint64_t>(whole, rest.size());
      skip_ = whole - here;
      rest.remove_prefix(here);
      continue;
    }
    const auto size = static_cast<std::size_t>(length);
    if (rest.size() < kEventHeadBytes + size + kEventTailBytes) break;
    const std::string_view payload = rest.substr(kEventHeadBytes, size);
    if (little_endian(rest.substr(kEventHeadBytes + size, 4)) != masked_crc32c(payload)) {
      damaged_ = true;
      break;
    }
    read_event(payload, out);
    rest.remove_prefix(kEventHeadBytes + size + kEventTailBytes);
  }
  pending_ = damaged_ ? std::string() : std::string(rest);
  return out;
}

void EventFileReader::read_event(std::string_view payload, std::vector<ParsedRecord>& out) {
  Message message(payload);
  ParsedRecord record;
  record.format = log_format::kTensorboardLabel;
  record.step = 0;  // protobuf leaves out a zero
  std::vector<std::string_view> summaries;
  for (Field field; message.next(field);) {
    if (field.number == 2 && !field.is_bytes)
      record.step = static_cast<double>(static_cast<std::int64_t>(field.scalar));
    if (field.number == 5 && field.is_bytes) summaries.push_back(field.bytes);
  }
  if (!message.ok()) return;
  for (const std::string_view bytes : summaries) {
    Message summary(bytes);
    for (Field field; summary.next(field);) {
      if (field.number == 1 && field.is_bytes) add_value(field.bytes, record);
    }
  }
  if (record.metrics.empty()) return;
  for (const ParsedMetric& metric : record.metrics) {
    if (seen_.size() < MetricParser::kMaxNames &&
        std::find(seen_.begin(), seen_.end(), metric.name) == seen_.end())
      seen_.push_back(metric.name);
  }
  out.push_back(std::move(record));
}

std::string EventFileReader::save() const {
  Value state = Value::Map{};
  if (skip_ > 0) state.set("skip", static_cast<std::int64_t>(skip_));
  if (damaged_) state.set("damaged", true);
  if (!seen_.empty()) state.set("seen", Value(Value::List(seen_.begin(), seen_.end())));
  return state.dump();
}

EventFileReader EventFileReader::restore(std::string_view saved) {
  EventFileReader reader;
  const Value state = Value::parse(saved).value_or(Value::Map{});
  reader.skip_ = static_cast<std::uint64_t>(std::max<std::int64_t>(0, state.int_or("skip", 0)));
  reader.damaged_ = state.bool_or("damaged", false);
  const Value* seen = state.find("seen");
  if (seen != nullptr && seen->is_list()) {
    for (const Value& name : seen->as_list()) {
      if (name.is_string()) reader.seen_.push_back(name.as_string());
    }
  }
  return reader;
}

std::vector<fs::path> find_event_files(const fs::path& folder, std::int64_t since_us) {
  Look look;
  look.folder(folder, since_us, 0);
  std::sort(look.found.begin(), look.found.end());
  return look.found;
}

}  // namespace hone
