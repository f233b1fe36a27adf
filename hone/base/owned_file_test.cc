#include "hone/base/owned_file.h"

#include <gtest/gtest.h>

namespace hone {
namespace {

bool is_open_here(int number) { return ::fcntl(number, F_GETFD) >= 0; }

OwnedFile open_nothing() { return OwnedFile(::open("/dev/null", O_RDONLY | O_CLOEXEC)); }

TEST(OwnedFile, IsClosedWhenItsOwnerGoes) {
  int number = -1;
  {
    const OwnedFile file = open_nothing();
    number = file.get();
    ASSERT_TRUE(file.is_open());
    EXPECT_TRUE(is_open_here(number));
  }
  EXPECT_FALSE(is_open_here(number));
}

TEST(OwnedFile, HasOneOwnerAtATime) {
  OwnedFile first = open_nothing();
  OwnedFile second = open_nothing();
  const int moved = first.get();
  const int replaced = second.get();
  second = std::move(first);
  EXPECT_EQ(second.get(), moved);
  EXPECT_FALSE(is_open_here(replaced));
  EXPECT_TRUE(is_open_here(moved));
  OwnedFile third(std::move(second));
  const int given = third.release();
  third.close();
  EXPECT_EQ(given, moved);
  EXPECT_TRUE(is_open_here(given)) << "whoever took the number closes it";
  ::close(given);
}

TEST(OwnedFile, ClosingLeavesTheReasonOfAFailure) {
  OwnedFile gone = open_nothing();
  ::close(gone.get());
  errno = ENOSPC;
  gone.close();  // fails with EBADF
  EXPECT_EQ(errno, ENOSPC);
  EXPECT_FALSE(gone.is_open());
}

TEST(OwnedFile, APipeHasTwoEndsThatNoChildGets) {
  const Pipe pipe = make_pipe();
  ASSERT_TRUE(pipe.in.is_open());
  ASSERT_EQ(::write(pipe.in.get(), "x", 1), 1);
  char byte = 0;
  EXPECT_EQ(::read(pipe.out.get(), &byte, 1), 1);
  EXPECT_EQ(byte, 'x');
  EXPECT_EQ(::fcntl(pipe.in.get(), F_GETFD), FD_CLOEXEC);
  EXPECT_EQ(::fcntl(pipe.out.get(), F_GETFD), FD_CLOEXEC);
}

}  // namespace
}  // namespace hone
