// What a study file says about its record and about who is told: `system_metrics` and `hooks`. None
// of it is part of what is searched: it is read from the file as the user wrote it, by the process
// that leads or works.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hone {

/// What is done when something has ended: a program is run, or its result is posted to an address.
struct Hook {
  std::vector<std::string> command;  ///< argument vector, without a shell; empty: `url` is used
  std::string url;                   ///< http:// or https://; may hold ${envvar:NAME}
  friend bool operator==(const Hook&, const Hook&) = default;
};

struct TrackingSpec {
  std::optional<Hook> finished;        ///< the study has ended
  std::optional<Hook> trial_finished;  ///< a trial has: complete, stopped, failed or cancelled
  /// Between two looks at what a run uses of its machine, at first; 0: none are taken.
  std::int64_t system_metrics_us = 5'000'000;
  friend bool operator==(const TrackingSpec&, const TrackingSpec&) = default;
};

/// Of the text of a study file; what is wrong in it, and what is no study file, has the defaults.
TrackingSpec tracking_of(std::string_view source);

/// A text with the addresses of its hooks cut to "http://host/***": secrets are often part of them.
std::string mask_hooks(std::string text);
/// One address, as it may be logged.
std::string masked_address(std::string_view url);

}  // namespace hone
