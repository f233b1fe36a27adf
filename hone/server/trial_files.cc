#include "hone/server/trial_files.h"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "hone/base/file_below.h"
#include "hone/store/sql.h"

namespace hone::server {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t kLooked = 20'000;  ///< entries of folders, whatever they are

struct Walk {
  FileListing listing;
  std::size_t looked = 0;

  void folder(OwnedFile fd, const std::string& before, int deep) {
    DIR* entries = ::fdopendir(fd.get());
    if (entries == nullptr) return;
    const int at = fd.release();  // closedir closes it
    while (const dirent* entry = ::readdir(entries)) {
      const std::string name = entry->d_name;
      if (name == "." || name == ".." || is_private_name(name)) continue;
      if (listing.files.size() == kListed || ++looked > kLooked) {
        listing.cut = true;
        break;
      }
      struct stat info {};
      if (::fstatat(at, name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) continue;
      if (S_ISREG(info.st_mode)) {
        listing.files.push_back({before + name, info.st_size,
                                 info.st_mtim.tv_sec * 1'000'000 + info.st_mtim.tv_nsec / 1000});
      } else if (S_ISDIR(info.st_mode)) {
        if (deep == kDeep) {
          listing.cut = true;
          continue;
        }
        folder(open_subfolder(at, name), before + name + "/", deep + 1);
      }
    }
    ::closedir(entries);
  }
};

bool continues_a_character(char c) { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; }

/// Bytes at the end of `text` that begin a character and lack its rest.
std::size_t cut_character(std::string_view text) {
  for (std::size_t back = 1; back <= std::min<std::size_t>(3, text.size()); ++back) {
    const auto c = static_cast<unsigned char>(text[text.size() - back]);
    if ((c & 0xc0) == 0x80) continue;
    const std::size_t length = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : c >= 0xc0 ? 2 : 1;
    return length > back ? back : 0;
  }
  return 0;
}

}  // namespace

bool is_private_name(std::string_view name) {
  return name == "job.json" || name == "ended" || name == "verdict" || name == ".study";
}

std::unique_ptr<FileBody> open_below(const fs::path& folder,
                                     const std::vector<std::string>& parts) {
  if (parts.empty() || is_private_name(parts.back())) return nullptr;
  PlainFile found = open_file_below(folder, parts);
  if (!found.file.is_open()) return nullptr;
  return std::make_unique<FileBody>(std::move(found.file), found.bytes);
}

FileListing list_below(const fs::path& folder, const std::vector<std::string>& parts) {
  Walk walk;
  OwnedFile top = open_folder_below(folder, parts);
  if (top.is_open()) walk.folder(std::move(top), "", 0);
  std::sort(walk.listing.files.begin(), walk.listing.files.end(),
            [](const FoundFile& a, const FoundFile& b) { return a.path < b.path; });
  return std::move(walk.listing);
}

LogPiece read_log(const FileBody& file, std::int64_t from, std::int64_t limit, bool grows) {
  LogPiece piece;
  piece.size = file.bytes();
  piece.begin = std::clamp<std::int64_t>(from, 0, piece.size);
  piece.begin = std::min(file.next_data(piece.begin), piece.size);
  std::string bytes = file.read(piece.begin, static_cast<std::size_t>(limit));
  const std::int64_t hole = file.next_hole(piece.begin);
  if (hole - piece.begin < std::ssize(bytes))
    bytes.resize(static_cast<std::size_t>(hole - piece.begin));
  if (piece.begin > 0 || from < 0) {
    std::size_t skip = 0;
    while (skip < 3 && skip < bytes.size() && continues_a_character(bytes[skip])) ++skip;
    if (skip < bytes.size()) {
      bytes.erase(0, skip);
      piece.begin += static_cast<std::int64_t>(skip);
    }
  }
  const std::size_t cut = cut_character(bytes);
  const bool at_end = piece.begin + std::ssize(bytes) == piece.size;
  if (cut < bytes.size() || (grows && at_end)) bytes.resize(bytes.size() - cut);
  piece.end = piece.begin + std::ssize(bytes);
  auto mended = sql::mend_text(bytes);
  piece.text = mended ? std::move(*mended) : std::move(bytes);
  return piece;
}

std::optional<std::vector<std::string>> parts_below(const fs::path& folder, const fs::path& path) {
  std::vector<std::string> parts;
  auto at = path.begin();
  for (const fs::path& part : folder) {
    if (part.empty()) continue;  // a slash at the end
    if (at == path.end() || *at != part) return std::nullopt;
    ++at;
  }
  for (; at != path.end(); ++at) {
    const std::string part = at->string();
    if (part.empty()) continue;
    if (!is_plain_name(part)) return std::nullopt;
    parts.push_back(part);
  }
  return parts;
}

}  // namespace hone::server
