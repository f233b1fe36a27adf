// Steps back from a chain of changes that must happen whole or not at all.
#pragma once

#include <functional>
#include <vector>

namespace hone {

/// Undoes what was done so far unless `keep` is called: makes a chain of changes all or nothing.
class Undo {
 public:
  ~Undo() {
    for (auto step = steps_.rbegin(); step != steps_.rend(); ++step) (*step)();
  }
  void add(std::function<void()> step) { steps_.push_back(std::move(step)); }
  /// Restores `row`, which must not move meanwhile, to what it is now.
  template <class Row>
  void restore(Row& row) {
    add([&row, before = row] { row = before; });
  }
  void keep() { steps_.clear(); }

 private:
  std::vector<std::function<void()>> steps_;
};

}  // namespace hone
