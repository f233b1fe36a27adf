// The keepers that one executor deals with: its own, started when first needed, and those of
// workers that have died, whose runs it takes over. Each has a private folder below one that
// belongs to this machine and boot.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hone/runner/keeper_client.h"

namespace hone {

/// Where a run that another worker began was found.
struct FoundRun {
  KeeperClient* keeper = nullptr;        ///< set: it lives there
  std::string mark;                      ///< its whole HONE_RUN
  LivingRun living;                      ///< meaningful with `keeper`
  std::optional<keeper::Record> record;  ///< its newest record, if any
};

/// Not thread-safe.
class KeeperPool {
 public:
  /// `folder`: of the store or the user; a subfolder per machine and boot is made in it.
  KeeperPool(std::filesystem::path folder, std::string program);

  /// This executor's keeper; started or started again where needed. Throws Error(process).
  KeeperClient& own(std::int64_t orphan_us);
  /// The run with this mark, or, when it ends in '/' ("<study uid>/<run>/"), the newest whose mark
  /// begins so; and whose pid is `pid` unless that is 0. First among what living keepers hold, then
  /// in the logs of all. nullopt: no keeper knows it.
  std::optional<FoundRun> find(std::string_view mark, std::int64_t pid);
  /// All connections that are held.
  const std::vector<std::unique_ptr<KeeperClient>>& clients() const { return clients_; }
  /// Lets go of a connection that has ended, or whose keeper is not needed any more.
  void drop(const KeeperClient* client);
  bool is_own(const KeeperClient* client) const { return client == own_; }
  /// Ends are all seen to: removes the own keeper's folder with its log.
  void forget_own();

  /// Folders of keepers that died, without a change for so long, are removed at the start.
  static constexpr std::int64_t kForget_hours = 24 * 7;

 private:
  struct Seen {
    std::filesystem::path folder;
    KeeperClient* client;
  };
  KeeperClient* connect_to(const std::filesystem::path& folder);
  void forget_old();

  std::filesystem::path folder_;
  std::string program_;
  std::filesystem::path own_folder_;
  KeeperClient* own_ = nullptr;
  std::vector<std::unique_ptr<KeeperClient>> clients_;
  std::vector<Seen> seen_;
};

}  // namespace hone
