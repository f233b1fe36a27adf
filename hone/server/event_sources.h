// What event streams send: the changes of a study, and a log as it grows.
#pragma once

#include <memory>

#include "hone/server/study_model.h"
#include "hone/server/trial_files.h"

namespace hone::server {

/// Changes from a commit on, as /studies/{study}/events says.
class StudyEvents final : public EventSource {
 public:
  /// `since`: the client knows the study up to here; none: it begins now.
  StudyEvents(Store& store, std::shared_ptr<StudyModel> model, std::optional<std::int64_t> since);
  std::optional<std::string> next(std::int64_t timeout_us) override;

  static constexpr std::int64_t kAtOnce = 5000;       ///< changes; beyond that the client reloads
  static constexpr std::int64_t kPause_us = 100'000;  ///< between two bursts

 private:
  Store& store_;
  std::shared_ptr<StudyModel> model_;
  StudyModel::Watch watch_;
  std::int64_t sent_ = 0;
  bool said_hello_ = false;
  bool over_ = false;
};

/// A log of a run from a byte on.
class LogEvents final : public EventSource {
 public:
  /// Opens the log anew at each look: it may not be there yet.
  using OpenLog = std::function<std::unique_ptr<FileBody>()>;
  LogEvents(std::shared_ptr<StudyModel> model, RunId run, OpenLog open, std::int64_t from);
  std::optional<std::string> next(std::int64_t timeout_us) override;

  static constexpr std::int64_t kPiece = 64 * 1024;
  static constexpr std::int64_t kLook_us = 250'000;

 private:
  std::shared_ptr<StudyModel> model_;
  StudyModel::Watch watch_;
  RunId run_;
  OpenLog open_;
  std::int64_t at_;
  bool over_ = false;
};

}  // namespace hone::server
