// What every command begins with: the options that all share, the store they lead to, and studies
// and trials by name.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "hone/base/clock.h"
#include "hone/cli/command_line.h"
#include "hone/store/liveness.h"
#include "hone/store/open.h"
#include "hone/study/history.h"
#include "hone/tuner/stored_study.h"

namespace hone::cli {

// Exit codes.
inline constexpr int kOk = 0;
inline constexpr int kFailed = 1;
inline constexpr int kBadInput = 2;
inline constexpr int kNoUsableTrial = 3;
inline constexpr int kInterrupted = 130;

const char* version();

struct CommonOptions {
  std::optional<std::string> store;
  std::optional<std::string> project;
  bool json = false;
  bool quiet = false;
  bool verbose = false;
  void declare(CommandLine& line);
};

/// An open store with what belongs to it on this machine.
class Workplace {
 public:
  /// `study_file`: where the store is made when there is none yet.
  static Workplace open(const CommonOptions& common, OpenMode mode,
                        const std::optional<std::filesystem::path>& study_file = std::nullopt);
  /// A store in memory whose files go to `folder`: for trying something out.
  static Workplace scratch(const std::filesystem::path& folder);

  Store& store() const { return *store_; }
  const Clock& clock() const { return *clock_; }
  const LivenessProbe& probe() const { return *probe_; }
  const std::string& address() const { return address_; }
  /// `.hone` beside a store in a file, else in the current folder: trials, logs, keepers.
  const std::filesystem::path& private_folder() const { return folder_; }
  /// " --store PATH" where commands in the current folder would not find this store by themselves,
  /// else "".
  const std::string& store_option() const { return store_option_; }
  /// Where the trials of a study are; a folder of an older study of that name is not used again.
  std::filesystem::path trials_folder(const StudyInfo& study) const;

  /// The study of that name; of several projects' ones that of `project`. Throws Error(not_found)
  /// with the nearest names.
  StudyInfo find_study(const std::string& name, const std::optional<std::string>& project) const;
  /// The only study there is, or Error(invalid_input) that asks for a name.
  StudyInfo only_study() const;
  /// By name, or the only one when there is no name.
  StudyInfo study_or_only(const std::optional<std::string>& name,
                          const std::optional<std::string>& project) const;

 private:
  std::unique_ptr<SystemClock> clock_;
  std::unique_ptr<ProcLiveness> probe_;
  std::unique_ptr<Store> store_;
  std::string address_;
  std::string store_option_;
  std::filesystem::path folder_;
};

/// `finetune/44`, or `44` where there is one study only, or `finetune` and further arguments `44
/// 45`.
struct TrialAddress {
  StudyInfo study;
  std::vector<std::int64_t> trials;
};
/// Throws Error(invalid_input) for what is no trial, Error(not_found) for one that does not exist.
TrialAddress find_trials(const Workplace& place, const std::vector<std::string>& words,
                         const std::optional<std::string>& project);

/// How a study is called: "project/name", or "name" where there is no project.
std::string study_title(const StudyInfo& study);

/// What a request came to: waits for the leader, or leads for a moment where nobody does.
/// `may_lead`: not in a process that is about to lead the study itself.
std::string ask_leader(const Workplace& place, const StudyInfo& study, const std::string& kind,
                       const Value& body, bool may_lead = true);
/// What requests about some trials say: {"trials": [7, 9]}.
Value trial_list(const std::vector<std::int64_t>& trials);
/// Whether a living process leads the study (on another machine: whose time has not run out).
bool is_led(const Workplace& place, const StudyInfo& study);

/// What a user calls the state of a study: an open one without a leader is "interrupted".
std::string state_text(const Workplace& place, const StudyInfo& study);

/// Who acts, for the record: the user's name.
std::string actor();

}  // namespace hone::cli
