#include "hone/base/file_below.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cerrno>

#include "hone/base/file.h"
#include "hone/base/scratch_folder.h"

namespace hone {
namespace {
namespace fs = std::filesystem;

/// "root/a/b/file", and a secret beside the root that links inside of it lead to.
class FileBelowTest : public testing::Test {
 protected:
  FileBelowTest() {
    make_private_folder(root() / "a" / "b");
    write_file_atomically(root() / "a" / "b" / "file", "inside");
    write_file_atomically(scratch_.path() / "secret", "outside");
    fs::create_directory_symlink(scratch_.path(), root() / "out");
    fs::create_symlink(scratch_.path() / "secret", root() / "link");
  }
  fs::path root() const { return scratch_.path() / "root"; }
  const ScratchFolder scratch_;
};

TEST(FileBelow, APlainNameIsNoPath) {
  for (const std::string name : {"a", "...", ".hidden", "a b", "-"})
    EXPECT_TRUE(is_plain_name(name)) << name;
  for (const std::string name : {"", ".", "..", "a/b", "/"})
    EXPECT_FALSE(is_plain_name(name)) << name;
  EXPECT_FALSE(is_plain_name(std::string_view("a\0b", 3)));
}

TEST_F(FileBelowTest, OpensPlainFilesWithTheirSize) {
  const PlainFile found = open_file_below(root(), {"a", "b", "file"});
  ASSERT_TRUE(found.file.is_open());
  EXPECT_EQ(found.bytes, 6);
  EXPECT_FALSE(open_file_below(root(), {"a", "b", "other"}).file.is_open());
  EXPECT_FALSE(open_file_below(root(), {"a", "b"}).file.is_open()) << "a folder";
  EXPECT_FALSE(open_file_below(root(), {}).file.is_open());
}

TEST_F(FileBelowTest, FollowsNoLinkAndLeavesTheFolderByNoName) {
  EXPECT_FALSE(open_file_below(root(), {"link"}).file.is_open());
  EXPECT_FALSE(open_file_below(root(), {"out", "secret"}).file.is_open());
  EXPECT_FALSE(open_file_below(root(), {"..", "secret"}).file.is_open());
  EXPECT_FALSE(open_file_below(root(), {"a", "../../secret"}).file.is_open());
  EXPECT_FALSE(open_folder_below(root(), {"out"}).is_open());
  errno = 0;
  EXPECT_FALSE(open_folder_below(root(), {"a", ".."}).is_open());
  EXPECT_EQ(errno, EINVAL);
}

TEST_F(FileBelowTest, TheFolderItselfMayBeALink) {
  fs::create_directory_symlink(root(), scratch_.path() / "way");
  EXPECT_TRUE(open_file_below(scratch_.path() / "way", {"a", "b", "file"}).file.is_open());
}

TEST_F(FileBelowTest, DoesNotWaitForTheOtherEndOfAPipe) {
  ASSERT_EQ(::mkfifo((root() / "pipe").c_str(), 0600), 0);
  EXPECT_FALSE(open_file_below(root(), {"pipe"}).file.is_open());
}

TEST_F(FileBelowTest, MakesFoldersForTheUserOnlyWhereItIsAskedTo) {
  EXPECT_FALSE(open_folder_below(root(), {"a", "new", "er"}).is_open());
  EXPECT_EQ(errno, ENOENT);
  const OwnedFile made = open_folder_below(root(), {"a", "new", "er"}, MissingFolders::make);
  ASSERT_TRUE(made.is_open());
  EXPECT_EQ(fs::status(root() / "a" / "new" / "er").permissions(), fs::perms::owner_all);
  EXPECT_FALSE(open_folder_below(root(), {"out", "new"}, MissingFolders::make).is_open());
  EXPECT_FALSE(fs::exists(scratch_.path() / "new")) << "nothing is made behind a link";
}

}  // namespace
}  // namespace hone
