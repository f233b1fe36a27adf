// The page's files, as they are in the program: what web/ built, or nothing.
#pragma once

#include <span>
#include <string_view>

namespace hone::server {

struct PageFile {
  std::string_view path;  ///< "index.html", "assets/index-3f2a.js"
  std::string_view bytes;
  std::string_view gzip;  ///< the same, compressed; empty where that is no shorter
  std::string_view etag;  ///< with its quotes
};

/// In order of their paths. Empty in a build without the page.
std::span<const PageFile> page_files();
/// Null where there is none of that path.
const PageFile* find_page_file(std::string_view path);
/// By the ending of a path.
std::string_view content_type_of(std::string_view path);

}  // namespace hone::server
