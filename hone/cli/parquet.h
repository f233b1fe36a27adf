// Tables as Apache Parquet files, as far as `hone export` needs the format: flat optional columns
// of whole numbers, numbers, truth values and texts; PLAIN encoding, GZIP pages, row groups of
// kGroupRows. https://parquet.apache.org/docs/file-format/
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "hone/base/value.h"

namespace hone::cli {

/// Cells of one kind are kept as such; a column whose cells differ becomes text (JSON, but for
/// texts). Null cells are nulls.
struct ParquetColumn {
  std::string name;
  std::vector<Value> cells;
};

inline constexpr std::size_t kGroupRows = 65'536;

/// The bytes of a file. All columns have as many cells. Throws Error(unsupported) where zlib fails.
std::string parquet_file(const std::vector<ParquetColumn>& columns);

}  // namespace hone::cli
