// Compressed text files of the data folder.
#pragma once

#include <string>

namespace hone::quality {

/// The text of a gzip file; empty where it cannot be opened.
std::string read_gzip(const std::string& path);

}  // namespace hone::quality
