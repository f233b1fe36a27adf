#include "bench/quality/gzip.h"

#include <zlib.h>

#include <array>

namespace hone::quality {

std::string read_gzip(const std::string& path) {
  std::string text;
  gzFile file = gzopen(path.c_str(), "rb");
  if (file == nullptr) return text;
  std::array<char, 1 << 16> buffer;
  int n = 0;
  while ((n = gzread(file, buffer.data(), buffer.size())) > 0)
    text.append(buffer.data(), static_cast<std::size_t>(n));
  gzclose(file);
  return text;
}

}  // namespace hone::quality
