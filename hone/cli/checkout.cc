#include "hone/cli/checkout.h"

#include <fmt/core.h>

#include "hone/base/error.h"
#include "hone/base/file.h"
#include "hone/base/log.h"
#include "hone/base/text.h"
#include "hone/runner/process_capture.h"
#include "hone/tuner/job_builder_files.h"

namespace hone::cli {
namespace fs = std::filesystem;
namespace {

/// A large working tree takes its time.
constexpr std::int64_t kGitTimeout_us = 600'000'000;

struct Answer {
  bool good = false;
  std::string said;
};

/// Runs git without its hooks: a program of the repository's own is not asked for here.
Answer git(const fs::path& folder, std::vector<std::string> words) {
  std::vector<std::string> argv = {"git", "-C", folder.string(), "-c", "core.hooksPath=/dev/null"};
  argv.insert(argv.end(), std::make_move_iterator(words.begin()),
              std::make_move_iterator(words.end()));
  const auto captured = run_and_capture(argv, kGitTimeout_us, CaptureErrors::with_output);
  if (!captured) return {false, "git could not be run"};
  return {captured->exit_code == 0, std::string(trim(captured->output))};
}

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

}  // namespace

void check_checkout(const Value& record, const fs::path& repository) {
  const std::string commit = record.string_or("commit", "");
  if (commit.empty()) {
    throw Error(ErrorCode::not_found,
                "no commit was recorded: the program's folder was in no git repository",
                "--here runs it with the code that is there now");
  }
  if (!git(repository, {"rev-parse", "--git-dir"}).good) {
    throw Error(ErrorCode::not_found,
                fmt::format("{} is in no git repository on this machine (or git is not installed)",
                            repository.string()),
                "clone it there, or --here for the code that is there now");
  }
  if (!git(repository, {"cat-file", "-e", commit + "^{commit}"}).good) {
    throw Error(ErrorCode::not_found,
                fmt::format("the repository at {} has no commit {}", repository.string(), commit),
                "git fetch may bring it; --here runs the code that is there now");
  }
  if (record.bool_or("diff_cut", false)) {
    throw Error(ErrorCode::unsupported,
                "the changes that were not committed were too many to be recorded whole, so the "
                "code cannot be restored",
                "--here runs the code that is there now; commit before a study to have it all");
  }
}

Checkout::Checkout(const Value& record, fs::path repository, fs::path folder)
    : repository_(std::move(repository)),
      folder_(std::move(folder)),
      recorded_root_(record.string_or("root", "")),
      prefix_(record.string_or("prefix", "")) {
  check_checkout(record, repository_);
  make_private_folder(folder_.parent_path());
  const Answer added = git(repository_, {"worktree", "add", "--quiet", "--detach", folder_.string(),
                                         record.string_or("commit", "")});
  if (!added.good) {
    remove();
    throw Error(ErrorCode::process, "git made no working tree: " + first_line(added.said));
  }
  try {
    if (const std::string diff = record.string_or("diff", ""); !diff.empty()) apply(diff);
  } catch (const Error& error) {
    remove();
    if (!record.bool_or("diff_masked", false)) throw;
    throw Error(ErrorCode::unsupported,
                "the recorded changes cannot be applied, since secrets in them were masked",
                "--here runs the code that is there now; keep secrets out of the code");
  }
}

Checkout::~Checkout() {
  if (!kept_) remove();
}

void Checkout::apply(const std::string& diff) const {
  const fs::path patch = folder_.string() + ".patch";
  write_private_file(patch, diff.ends_with('\n') ? diff : diff + "\n");
  const Answer applied = git(folder_, {"apply", "--whitespace=nowarn", patch.string()});
  std::error_code ignored;
  fs::remove(patch, ignored);
  if (applied.good) return;
  throw Error(ErrorCode::process,
              "the recorded changes do not fit the commit: " + first_line(applied.said),
              "--here runs the code that is there now");
}

void Checkout::remove() const noexcept {
  try {
    std::error_code ignored;
    if (!fs::exists(folder_, ignored)) return;
    if (git(repository_, {"worktree", "remove", "--force", folder_.string()}).good) return;
    remove_tree(folder_);
    git(repository_, {"worktree", "prune"});
  } catch (const std::exception& error) {
    log(LogLevel::warning,
        fmt::format("{} could not be removed: {}", folder_.string(), error.what()));
  }
}

fs::path Checkout::workdir() const {
  const fs::path path = prefix_.empty() ? folder_ : folder_ / prefix_;
  std::error_code ignored;
  if (fs::is_directory(path, ignored)) return path;
  throw Error(ErrorCode::not_found,
              fmt::format("the commit has no folder {}, in which the program ran", prefix_),
              "it was not committed then; --here runs the code that is there now");
}

std::string Checkout::moved(const std::string& path) const {
  if (recorded_root_.empty()) return path;
  if (path == recorded_root_) return folder_.string();
  if (!path.starts_with(recorded_root_ + "/")) return path;
  return folder_.string() + path.substr(recorded_root_.size());
}

}  // namespace hone::cli
