// An open file of the operating system, by its number, closed when its owner goes.
#pragma once

#include <unistd.h>

#include <utility>

namespace hone {

/// A file closed at the end of the scope.
class OwnedFile {
 public:
  explicit OwnedFile(int number) : number_(number) {}
  ~OwnedFile() {
    if (number_ >= 0) ::close(number_);
  }
  OwnedFile(const OwnedFile&) = delete;
  OwnedFile& operator=(const OwnedFile&) = delete;
  int get() const { return number_; }
  int release() { return std::exchange(number_, -1); }

 private:
  int number_;
};

}  // namespace hone
