#include "hone/server/trial_files.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hone/base/file.h"
#include "hone/base/scratch_folder.h"

namespace hone::server {
namespace {
namespace fs = std::filesystem;
using Words = std::vector<std::string>;

class TrialFilesTest : public testing::Test {
 protected:
  void SetUp() override {
    fs::create_directories(folder() / "0" / "out");
    write_file_atomically(folder() / "0" / "out" / "a.txt", "inside");
    write_file_atomically(folder() / "0" / "job.json", "private");
    write_file_atomically(scratch_.path() / "secret", "outside");
  }
  fs::path folder() const { return scratch_.path() / "trials"; }
  std::unique_ptr<FileBody> log(const std::string& bytes) {
    write_file_atomically(folder() / "0" / "log", bytes);
    return open_below(folder(), {"0", "log"});
  }
  const ScratchFolder scratch_;
};

TEST_F(TrialFilesTest, OpensPlainFilesBelowTheFolderOnly) {
  const auto file = open_below(folder(), {"0", "out", "a.txt"});
  ASSERT_TRUE(file);
  EXPECT_EQ(file->bytes(), 6);
  EXPECT_EQ(file->read(2, 100), "side");
  EXPECT_EQ(file->read(9, 100), "");
  fs::create_symlink(scratch_.path() / "secret", folder() / "0" / "link");
  fs::create_directory_symlink(scratch_.path(), folder() / "0" / "up");
  ASSERT_EQ(::mkfifo((folder() / "0" / "pipe").c_str(), 0600), 0);
  for (const Words& wrong :
       {Words{}, Words{"0"}, Words{"0", "out"}, Words{"0", "none"}, Words{"0", "link"},
        Words{"0", "up", "secret"}, Words{"0", "..", "..", "secret"}, Words{"..", "secret"},
        Words{"0", "out/a.txt"}, Words{"0", "", "out", "a.txt"}, Words{"0", "pipe"},
        Words{"0", "job.json"}, Words{"0", "out", "a.txt", "x"}, Words{"/etc/passwd"},
        Words{"0", std::string("out\0x", 5)}}) {
    EXPECT_FALSE(open_below(folder(), wrong)) << testing::PrintToString(wrong);
  }
  EXPECT_FALSE(open_below(folder() / "none", {"a"}));
}

TEST_F(TrialFilesTest, ListsPlainFilesWithinBounds) {
  fs::create_symlink(scratch_.path() / "secret", folder() / "0" / "link");
  fs::create_directory_symlink(scratch_.path(), folder() / "0" / "up");
  const FileListing listing = list_below(folder(), {"0"});
  ASSERT_EQ(listing.files.size(), 1U);
  EXPECT_EQ(listing.files[0].path, "out/a.txt");
  EXPECT_EQ(listing.files[0].bytes, 6);
  EXPECT_FALSE(listing.cut);
  EXPECT_TRUE(list_below(folder(), {"1"}).files.empty());
  EXPECT_TRUE(list_below(folder(), {"..", "0"}).files.empty());
  for (std::size_t i = 0; i < kListed + 5; ++i)
    ::close(::open((folder() / "0" / std::to_string(i)).c_str(), O_CREAT | O_WRONLY, 0600));
  const FileListing many = list_below(folder(), {"0"});
  EXPECT_EQ(many.files.size(), kListed);
  EXPECT_TRUE(many.cut);
}

TEST_F(TrialFilesTest, PiecesOfALogMeetBetweenCharacters) {
  const std::string text = "a\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80z";
  const auto file = log(text + "\xff\xfe!");
  for (std::int64_t limit = 4; limit < 20; ++limit) {
    std::string together;
    LogPiece piece;
    int pieces = 0;
    while (piece.end < file->bytes()) {
      ASSERT_LT(++pieces, 50) << "no piece is empty";
      piece = read_log(*file, piece.end, limit, false);
      together += piece.text;
    }
    EXPECT_EQ(together, text + "\xEF\xBF\xBD\xEF\xBF\xBD!") << limit;
  }
  const LogPiece tail = read_log(*file, 2, 100, false);
  EXPECT_EQ(tail.begin, 3) << "from the next character on";
  EXPECT_EQ(read_log(*file, 1000, 10, false).begin, file->bytes());
  EXPECT_EQ(read_log(*file, -5, 1, false).text, "a");
}

TEST_F(TrialFilesTest, ALogThatGrowsHoldsBackTheBeginOfACharacter) {
  const auto file = log("a\xE2\x82");
  const LogPiece piece = read_log(*file, 0, 100, true);
  EXPECT_EQ(piece.text, "a");
  EXPECT_EQ(piece.end, 1);
  const LogPiece nothing = read_log(*file, 1, 100, true);
  EXPECT_EQ(nothing.text, "");
  EXPECT_EQ(nothing.end, 1) << "the rest may come";
  EXPECT_EQ(read_log(*file, 1, 100, false).text, "\xEF\xBF\xBD\xEF\xBF\xBD") << "none comes";
}

TEST_F(TrialFilesTest, AFileThatBecameShorterEndsWhereItEnds) {
  const auto file = log("0123456789");
  ASSERT_EQ(::truncate((folder() / "0" / "log").c_str(), 4), 0);
  EXPECT_EQ(file->read(0, 100), "0123") << "no zeros for what is gone";
  EXPECT_EQ(file->read(7, 100), "");
}

TEST_F(TrialFilesTest, AHoleInALogIsSkipped) {
  constexpr off_t kHole = 1 << 20;
  const int fd = ::open((folder() / "0" / "log").c_str(), O_CREAT | O_RDWR, 0600);
  ASSERT_EQ(::pwrite(fd, "begin", 5, 0), 5);
  ASSERT_EQ(::pwrite(fd, "end", 3, kHole), 3);
  ::close(fd);
  const auto file = open_below(folder(), {"0", "log"});
  std::string together;
  LogPiece piece;
  for (int i = 0; i < 600 && piece.end < file->bytes(); ++i) {
    piece = read_log(*file, piece.end, 65536, false);
    together += piece.text;
  }
  EXPECT_TRUE(together.starts_with("begin") && together.ends_with("end"));
  EXPECT_LT(together.size(), 100'000U) << "a file system with holes tells where they are";
}

TEST(PartsBelow, AreThoseBehindTheFolder) {
  EXPECT_EQ(parts_below("/a/b", "/a/b/0/run"), (Words{"0", "run"}));
  EXPECT_EQ(parts_below("/a/b/", "/a/b/0/"), (Words{"0"}));
  EXPECT_FALSE(parts_below("/a/b", "/a/bc/0"));
  EXPECT_FALSE(parts_below("/a/b", "/a"));
  EXPECT_FALSE(parts_below("/a/b", "/a/b/../c"));
  EXPECT_FALSE(parts_below("/a/b", "b/0"));
}

}  // namespace
}  // namespace hone::server
