// An open file of the operating system, by its number, closed when its owner goes. It needs libc
// only: the keeper uses it too.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace hone {

/// Owns an open file (a socket, a pipe), or none. Not thread-safe.
class OwnedFile {
 public:
  OwnedFile() = default;
  /// Takes over what a system call has given; below 0 it is none.
  explicit OwnedFile(int number) : number_(number) {}
  ~OwnedFile() { close(); }
  OwnedFile(OwnedFile&& other) noexcept : number_(other.release()) {}
  OwnedFile& operator=(OwnedFile&& other) noexcept {
    if (this != &other) {
      close();
      number_ = other.release();
    }
    return *this;
  }

  bool is_open() const { return number_ >= 0; }
  int get() const { return number_; }
  /// Its number, which somebody else closes from now on.
  int release() { return std::exchange(number_, -1); }
  /// Closes it now, as the destructor does. errno stays that of the call before.
  void close() {
    if (number_ < 0) return;
    const int before = errno;
    ::close(release());
    errno = before;
  }

 private:
  int number_ = -1;
};

/// Programs that are started do not get its ends.
struct Pipe {
  OwnedFile out;  ///< to read from
  OwnedFile in;
};
/// Neither end is open, and errno says why, where there is no pipe to be had.
inline Pipe make_pipe() {
  int ends[2] = {-1, -1};
  if (::pipe2(ends, O_CLOEXEC) != 0) return {};
  return {OwnedFile(ends[0]), OwnedFile(ends[1])};
}

}  // namespace hone
