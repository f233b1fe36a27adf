// One call of the API on its way through the routes; for the sources of `Api` only.
#pragma once

#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <tuple>
#include <utility>

#include "hone/server/api.h"

namespace hone::server {

struct Api::Call {
  const HttpRequest& request;
  Caller caller;
  std::span<const std::string> rest;  ///< segments that are not taken yet
  StudyInfo study;                    ///< below /studies/{study}
  std::shared_ptr<StudyModel> model;  ///< of that study, refreshed, once a route opened it
  std::int64_t number = -1;           ///< below /trials/{trial}

  bool is(const char* method) const {
    return request.method == method ||
           (request.method == "HEAD" && std::string_view(method) == "GET");
  }
  /// The next segment, taken; nullopt where there is none.
  std::optional<std::string> take() {
    if (rest.empty()) return std::nullopt;
    const std::string& first = rest.front();
    rest = rest.subspan(1);
    return first;
  }
  /// The body as a JSON object; throws Error(invalid_input). Members that are not `known` are
  /// refused.
  Value body(std::initializer_list<std::string_view> known) const;
};

struct Api::Kept {
  std::mutex mutex;
  std::map<std::pair<StudyId, std::int64_t>, std::shared_ptr<const StudySpec>> specs;
  struct Summary {
    std::int64_t version = -1;  ///< of the study as it tells it; -1: none was made yet
    std::int64_t from_us = 0;   ///< from then on it may be made anew
    bool is_made = false;       ///< by some thread, now
    Value value;
  };
  std::map<StudyId, Summary> summaries;
  std::condition_variable made;
  /// What lists say of a study's best trial, with the version that it was looked up at.
  struct Best {
    std::int64_t version = -1;
    std::optional<std::pair<std::int64_t, double>> trial_and_value;
  };
  std::map<StudyId, Best> bests;
  /// What is told of a study while its record is read.
  struct Brief {
    std::int64_t version = -1;
    Standing standing;
  };
  std::map<StudyId, Brief> briefs;

  std::shared_ptr<const StudySpec> spec_of(Store& store, const StudyInfo& study);
};

/// 405 with the methods that there are.
HttpResponse wrong_method(const char* allowed);
/// `"VERSION-PART"`, or 304 where the client has it.
std::string etag_of(const StudyInfo& study, std::int64_t version, std::string_view part);
bool has_it(const HttpRequest& request, std::string_view etag);
Value labels_json(std::span<const Label> labels, std::optional<std::int64_t> trial);
Error no_trial(const StudyInfo& study, std::int64_t number, std::int64_t trials);

}  // namespace hone::server
