// Footer and page headers are Thrift structs in the compact protocol (parquet.thrift has the
// numbers of fields, types and codecs used below).
#include "hone/cli/parquet.h"

#include <zlib.h>

#include <algorithm>
#include <bit>
#include <span>

#include "hone/base/assert.h"
#include "hone/base/error.h"

namespace hone::cli {
namespace {

enum PhysicalType { kBoolean = 0, kInt64 = 2, kDouble = 5, kByteArray = 6 };
constexpr int kPlain = 0;
constexpr int kRle = 3;
constexpr int kGzip = 2;
constexpr int kUtf8 = 0;  // of ConvertedType
constexpr std::string_view kMagic = "PAR1";

void put_fixed(std::string& out, std::uint64_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) out += static_cast<char>(value >> (8 * i) & 0xFF);
}

void put_varint(std::string& out, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) out += static_cast<char>((value & 0x7F) | 0x80);
  out += static_cast<char>(value);
}

/// A struct of Thrift's compact protocol; fields in rising order.
class Struct {
 public:
  void i32(int field, std::int64_t value) {
    head(field, 5);
    zigzag(value);
  }
  void i64(int field, std::int64_t value) {
    head(field, 6);
    zigzag(value);
  }
  void text(int field, std::string_view value) {
    head(field, 8);
    put_text(out_, value);
  }
  void structure(int field, Struct value) {
    head(field, 12);
    out_ += std::move(value).bytes();
  }
  void i32_list(int field, const std::vector<int>& values) {
    list_head(field, 5, values.size());
    for (const int value : values) zigzag(value);
  }
  void text_list(int field, const std::vector<std::string>& values) {
    list_head(field, 8, values.size());
    for (const std::string& value : values) put_text(out_, value);
  }
  void struct_list(int field, std::vector<Struct> values) {
    list_head(field, 12, values.size());
    for (Struct& value : values) out_ += std::move(value).bytes();
  }
  std::string bytes() && {
    out_ += '\0';
    return std::move(out_);
  }

 private:
  void head(int field, int type) {
    out_ += static_cast<char>((field - last_) << 4 | type);  // never more than 15 apart
    last_ = field;
  }
  void list_head(int field, int type, std::size_t size) {
    head(field, 9);
    if (size < 15) {
      out_ += static_cast<char>(size << 4 | static_cast<unsigned>(type));
    } else {
      out_ += static_cast<char>(0xF0 | type);
      put_varint(out_, size);
    }
  }
  void zigzag(std::int64_t value) {
    put_varint(out_, static_cast<std::uint64_t>(value) << 1 ^
                         static_cast<std::uint64_t>(value < 0 ? -1 : 0));
  }
  static void put_text(std::string& out, std::string_view value) {
    put_varint(out, value.size());
    out += value;
  }

  std::string out_;
  int last_ = 0;
};

PhysicalType type_of(const std::vector<Value>& cells) {
  bool whole = true, number = true, truth = true, any = false;
  for (const Value& cell : cells) {
    if (cell.is_null()) continue;
    any = true;
    whole = whole && cell.is_int();
    number = number && cell.is_number();
    truth = truth && cell.is_bool();
  }
  if (!any) return kByteArray;
  return truth ? kBoolean : whole ? kInt64 : number ? kDouble : kByteArray;
}

std::string gzipped(const std::string& bytes) {
  constexpr int kGzipWindow = 15 + 16;  // zlib's way to ask for a gzip header
  constexpr int kMemory = 8;
  z_stream stream{};
  if (::deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, kGzipWindow, kMemory,
                     Z_DEFAULT_STRATEGY) != Z_OK)
    throw Error(ErrorCode::unsupported, "zlib cannot compress");
  std::string out(::deflateBound(&stream, bytes.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const int end = ::deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  ::deflateEnd(&stream);
  if (end != Z_STREAM_END) throw Error(ErrorCode::unsupported, "zlib cannot compress");
  return out;
}

/// Definition levels and values of the cells of one page.
std::string page_body(PhysicalType type, std::span<const Value> cells) {
  // One bit-packed run of levels: 1 where there is a value.
  std::string levels;
  const std::size_t groups = (cells.size() + 7) / 8;
  put_varint(levels, groups << 1 | 1);
  std::string bits(groups, '\0');
  std::string values;
  std::size_t truths = 0;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const Value& cell = cells[i];
    if (cell.is_null()) continue;
    bits[i / 8] = static_cast<char>(bits[i / 8] | 1 << i % 8);
    switch (type) {
      case kBoolean:
        if (truths % 8 == 0) values += '\0';
        if (cell.as_bool()) values.back() = static_cast<char>(values.back() | 1 << truths % 8);
        ++truths;
        break;
      case kInt64:
        put_fixed(values, static_cast<std::uint64_t>(cell.as_int()), 8);
        break;
      case kDouble:
        put_fixed(values, std::bit_cast<std::uint64_t>(cell.as_number()), 8);
        break;
      case kByteArray: {
        const std::string text = cell.is_string() ? cell.as_string() : cell.dump();
        put_fixed(values, text.size(), 4);
        values += text;
      }
    }
  }
  levels += bits;
  std::string body;
  put_fixed(body, levels.size(), 4);
  return body + levels + values;
}

/// Appends a column's page of one row group; its ColumnChunk.
Struct put_chunk(std::string& out, const std::string& name, PhysicalType type,
                 std::span<const Value> cells, std::int64_t& group_bytes) {
  const std::string body = page_body(type, cells);
  const std::string packed = gzipped(body);
  Struct data_page;
  data_page.i32(1, static_cast<std::int64_t>(cells.size()));
  data_page.i32(2, kPlain);
  data_page.i32(3, kRle);
  data_page.i32(4, kRle);
  Struct page;
  page.i32(1, 0);  // a data page
  page.i32(2, static_cast<std::int64_t>(body.size()));
  page.i32(3, static_cast<std::int64_t>(packed.size()));
  page.structure(5, std::move(data_page));
  const std::string head = std::move(page).bytes();
  const auto offset = static_cast<std::int64_t>(out.size());
  out += head;
  out += packed;
  group_bytes += static_cast<std::int64_t>(head.size() + body.size());
  Struct meta;
  meta.i32(1, type);
  meta.i32_list(2, {kPlain, kRle});
  meta.text_list(3, {name});
  meta.i32(4, kGzip);
  meta.i64(5, static_cast<std::int64_t>(cells.size()));
  meta.i64(6, static_cast<std::int64_t>(head.size() + body.size()));
  meta.i64(7, static_cast<std::int64_t>(head.size() + packed.size()));
  meta.i64(9, offset);
  Struct chunk;
  chunk.i64(2, offset);
  chunk.structure(3, std::move(meta));
  return chunk;
}

}  // namespace

std::string parquet_file(const std::vector<ParquetColumn>& columns) {
  const std::size_t rows = columns.empty() ? 0 : columns.front().cells.size();
  std::vector<PhysicalType> types;
  std::vector<Struct> schema(1);
  schema[0].text(4, "hone");
  schema[0].i32(5, static_cast<std::int64_t>(columns.size()));
  for (const ParquetColumn& column : columns) {
    HONE_ASSERT(column.cells.size() == rows, "the columns of a table are equally long");
    types.push_back(type_of(column.cells));
    Struct element;
    element.i32(1, types.back());
    element.i32(3, 1);  // optional
    element.text(4, column.name);
    if (types.back() == kByteArray) element.i32(6, kUtf8);
    schema.push_back(std::move(element));
  }
  std::string out(kMagic);
  std::vector<Struct> groups;
  for (std::size_t begin = 0; begin < rows; begin += kGroupRows) {
    const std::size_t count = std::min(kGroupRows, rows - begin);
    std::vector<Struct> chunks;
    std::int64_t bytes = 0;
    for (std::size_t c = 0; c < columns.size(); ++c) {
      chunks.push_back(put_chunk(out, columns[c].name, types[c],
                                 std::span(columns[c].cells).subspan(begin, count), bytes));
    }
    Struct group;
    group.struct_list(1, std::move(chunks));
    group.i64(2, bytes);
    group.i64(3, static_cast<std::int64_t>(count));
    groups.push_back(std::move(group));
  }
  Struct footer;
  footer.i32(1, 1);
  footer.struct_list(2, std::move(schema));
  footer.i64(3, static_cast<std::int64_t>(rows));
  footer.struct_list(4, std::move(groups));
  footer.text(6, "hone");
  const std::string footer_bytes = std::move(footer).bytes();
  out += footer_bytes;
  put_fixed(out, footer_bytes.size(), 4);
  return out + std::string(kMagic);
}

}  // namespace hone::cli
