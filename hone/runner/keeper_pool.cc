// Finding keepers by their folders: connect to those that live, read the logs of those that do not.
#include "hone/runner/keeper_pool.h"

#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>

#include "hone/base/error.h"
#include "hone/base/file.h"
#include "hone/runner/keeper_main.h"
#include "hone/runner/process.h"

namespace hone {
namespace {

namespace fs = std::filesystem;

std::string machine_name() {
  char name[256] = {};
  ::gethostname(name, sizeof name - 1);
  std::string plain = name;
  std::replace(plain.begin(), plain.end(), '/', '_');
  return plain;
}

std::vector<fs::path> folders_in(const fs::path& folder) {
  std::vector<fs::path> found;
  std::error_code error;
  for (const auto& each : fs::directory_iterator(folder, error)) {
    if (each.is_directory(error)) found.push_back(each.path());
  }
  std::sort(found.begin(), found.end());
  return found;
}

/// The token at the end of a mark.
std::int64_t token_of(std::string_view mark) {
  std::int64_t token = -1;
  const std::string_view text = mark.substr(mark.rfind('/') + 1);
  std::from_chars(text.data(), text.data() + text.size(), token);
  return token;
}

void take_newer(std::optional<FoundRun>* kept, FoundRun found) {
  if (!*kept || token_of(found.mark) >= token_of((*kept)->mark)) *kept = std::move(found);
}

bool is_older(const fs::path& path, std::int64_t hours) {
  std::error_code error;
  const auto changed = fs::last_write_time(path, error);
  return !error && fs::file_time_type::clock::now() - changed > std::chrono::hours(hours);
}

}  // namespace

KeeperPool::KeeperPool(fs::path folder, std::string program)
    : folder_(std::move(folder) / fmt::format("{}-{}", machine_name(), boot_id())),
      program_(std::move(program)) {
  make_private_folder(folder_);
  const auto pid = static_cast<std::int64_t>(::getpid());
  // Unique within the boot, and found again by nobody but by looking through all.
  static int counter = 0;
  own_folder_ =
      folder_ / fmt::format("{}-{}-{}", pid, process_start_ticks(pid).value_or(0), ++counter);
  forget_old();
}

void KeeperPool::forget_old() {
  for (const fs::path& boot : folders_in(folder_.parent_path())) {
    const bool of_this_machine = boot.filename().string().starts_with(machine_name() + "-");
    if (boot == folder_ || !of_this_machine) continue;
    if (is_older(boot, kForget_hours)) remove_tree(boot);  // of a boot that is over
  }
  for (const fs::path& each : folders_in(folder_)) {
    if (!is_older(each, kForget_hours) || !is_older(each / kKeeperEnds, kForget_hours)) continue;
    if (KeeperClient::connect(each, keeper::Role::observer) == nullptr) remove_tree(each);
  }
}

KeeperClient& KeeperPool::own(std::int64_t orphan_us) {
  if (own_ != nullptr && own_->is_gone())
    own_ = nullptr;  // the executor drops it when it has seen to its runs
  if (own_ == nullptr) {
    clients_.push_back(KeeperClient::connect_or_start({own_folder_, program_, orphan_us}));
    own_ = clients_.back().get();
  }
  return *own_;
}

KeeperClient* KeeperPool::connect_to(const fs::path& folder) {
  if (folder == own_folder_ && own_ != nullptr && !own_->is_gone()) return own_;
  for (const Seen& each : seen_) {
    if (each.folder == folder && !each.client->is_gone()) return each.client;
  }
  auto client = KeeperClient::connect(folder);
  if (client == nullptr) return nullptr;
  seen_.push_back({folder, client.get()});
  clients_.push_back(std::move(client));
  return clients_.back().get();
}

std::optional<FoundRun> KeeperPool::find(std::string_view mark, std::int64_t pid) {
  const auto is_it = [&](std::string_view its_mark, std::int64_t its_pid) {
    const bool meant = mark.ends_with('/') ? its_mark.starts_with(mark) : its_mark == mark;
    return meant && (pid == 0 || its_pid == pid);
  };
  std::optional<FoundRun> living;
  std::optional<FoundRun> in_log;
  for (const fs::path& folder : folders_in(folder_)) {
    // First only to look: a keeper that holds nothing of ours must not take us for its worker.
    bool holds_it = false;
    if (auto observer = KeeperClient::connect(folder, keeper::Role::observer)) {
      for (const LivingRun& each : observer->list().value_or(std::vector<LivingRun>{})) {
        holds_it = holds_it || is_it(each.run, each.pid);
      }
      for (const keeper::Record& each :
           observer->take_ends()) {  // those a full disk kept out of the log
        if (is_it(each.run, each.pid)) take_newer(&in_log, {nullptr, each.run, {}, each});
      }
    }
    if (holds_it) {
      KeeperClient* client = connect_to(folder);
      const auto runs = client != nullptr ? client->list() : std::nullopt;
      for (const LivingRun& each : runs.value_or(std::vector<LivingRun>{})) {
        if (is_it(each.run, each.pid)) take_newer(&living, {client, each.run, each, std::nullopt});
      }
    }
    // After the list: what was over before it is in the log by now.
    for (const keeper::Record& each : read_end_log(folder).records) {
      if (is_it(each.run, each.pid)) take_newer(&in_log, {nullptr, each.run, {}, each});
    }
  }
  return living ? living : in_log;
}

void KeeperPool::forget_own() {
  if (own_ != nullptr) drop(own_);
  remove_tree(own_folder_);  // while its keeper, on its way out, removes its socket
}

void KeeperPool::drop(const KeeperClient* client) {
  if (own_ == client) own_ = nullptr;
  std::erase_if(seen_, [&](const Seen& each) { return each.client == client; });
  std::erase_if(clients_, [&](const auto& each) { return each.get() == client; });
}

}  // namespace hone
