// A growing array of plain values on malloc, for the keeper: it may use libc only, so neither
// std::vector nor operator new. Running out of memory is a `false` the keeper answers for, not an
// exception.
#pragma once

#include <stdlib.h>
#include <string.h>

#include <cstddef>
#include <type_traits>

namespace hone::keeper {

/// Owns its memory; not copyable. Elements move when it grows. Not thread-safe.
template <class T>
class Array {
  static_assert(std::is_trivially_copyable_v<T>, "elements are moved by memcpy");

 public:
  Array() = default;
  ~Array() { free(data_); }
  Array(const Array&) = delete;
  Array& operator=(const Array&) = delete;

  /// Room for `capacity` elements; false when memory is out (nothing changed).
  bool reserve(std::size_t capacity) {
    if (capacity <= capacity_) return true;
    std::size_t wanted = capacity_ == 0 ? 16 : capacity_ * 2;
    if (wanted < capacity) wanted = capacity;
    void* grown = realloc(data_, wanted * sizeof(T));
    if (grown == nullptr) return false;
    data_ = static_cast<T*>(grown);
    capacity_ = wanted;
    return true;
  }
  bool push(const T& value) {
    const T copy = value;  // `value` may live in this array, which reserve() moves
    if (!reserve(size_ + 1)) return false;
    data_[size_++] = copy;
    return true;
  }
  bool append(const T* values, std::size_t count) {
    if (!reserve(size_ + count)) return false;
    if (count > 0) memcpy(data_ + size_, values, count * sizeof(T));
    size_ += count;
    return true;
  }
  /// Removes element `i`; the last one takes its place.
  void remove_unordered(std::size_t i) { data_[i] = data_[--size_]; }
  void clear() { size_ = 0; }
  /// Keeps the first `size` elements.
  void truncate(std::size_t size) {
    if (size < size_) size_ = size;
  }
  /// Gives the memory back too.
  void release() {
    free(data_);
    data_ = nullptr;
    size_ = capacity_ = 0;
  }

  T& operator[](std::size_t i) { return data_[i]; }
  const T& operator[](std::size_t i) const { return data_[i]; }
  T* begin() { return data_; }
  T* end() { return data_ + size_; }
  const T* begin() const { return data_; }
  const T* end() const { return data_ + size_; }
  T* data() { return data_; }
  const T* data() const { return data_; }
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }

 private:
  T* data_ = nullptr;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

}  // namespace hone::keeper
