#include "hone/server/page.h"

#include <array>
#include <utility>
#include <vector>

namespace hone::server {
namespace {

const std::vector<PageFile>& files() {
  static const std::vector<PageFile> all = {
#include "page_files.inc"
  };
  return all;
}

}  // namespace

std::span<const PageFile> page_files() { return files(); }

const PageFile* find_page_file(std::string_view path) {
  for (const PageFile& file : files()) {
    if (file.path == path) return &file;
  }
  return nullptr;
}

std::string_view content_type_of(std::string_view path) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 12> kTypes = {{
      {".html", "text/html; charset=utf-8"},
      {".js", "text/javascript; charset=utf-8"},
      {".mjs", "text/javascript; charset=utf-8"},
      {".css", "text/css; charset=utf-8"},
      {".svg", "image/svg+xml"},
      {".png", "image/png"},
      {".ico", "image/x-icon"},
      {".json", "application/json"},
      {".webmanifest", "application/manifest+json"},
      {".woff2", "font/woff2"},
      {".wasm", "application/wasm"},
      {".txt", "text/plain; charset=utf-8"},
  }};
  for (const auto& [ending, type] : kTypes) {
    if (path.ends_with(ending)) return type;
  }
  return "application/octet-stream";
}

}  // namespace hone::server
