// The code that a run was started with, in a folder of its own: a working tree of git at the
// recorded commit, with the recorded changes. The user's own working tree is never touched; the
// repository knows the further tree for as long as this object lives, or longer where it is kept.
#pragma once

#include <filesystem>
#include <string>

#include "hone/base/value.h"

namespace hone::cli {

class Checkout {
 public:
  /// `git`: the record of collect_environment; `repository`: a folder within the repository on this
  /// machine; `folder`: where the tree goes, which must not exist. Throws Error with what is
  /// missing: git, the repository, the commit, the whole of the recorded changes.
  Checkout(const Value& git, std::filesystem::path repository, std::filesystem::path folder);
  /// Removes the tree, unless it was kept.
  ~Checkout();
  Checkout(const Checkout&) = delete;
  Checkout& operator=(const Checkout&) = delete;

  const std::filesystem::path& root() const { return folder_; }
  const std::filesystem::path& repository() const { return repository_; }
  /// The tree outlives this object: somebody goes on in it.
  void keep() { kept_ = true; }
  /// The folder in which the program ran, in this tree. Throws Error(not_found) where the commit
  /// has no such folder.
  std::filesystem::path workdir() const;
  /// A path that lay in the recorded tree, in this one; others as they are.
  std::string moved(const std::string& path) const;

 private:
  void apply(const std::string& diff) const;
  void remove() const noexcept;

  std::filesystem::path repository_;
  std::filesystem::path folder_;
  std::string recorded_root_;
  std::string prefix_;
  bool kept_ = false;
};

/// Throws the same errors as making one, without making one.
void check_checkout(const Value& git, const std::filesystem::path& repository);

}  // namespace hone::cli
