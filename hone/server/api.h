// The HTTP API: requests in, answers out, over a store. No sockets here, so that tests and fuzzers
// drive it directly. openapi.yaml beside it is the reference of every route.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "hone/base/clock.h"
#include "hone/server/access.h"
#include "hone/server/analyses.h"
#include "hone/server/desk.h"
#include "hone/server/http_message.h"
#include "hone/server/study_model.h"

namespace hone::server {

/// Thread-safe.
class Api {
 public:
  /// `store` and `clock` must outlive it.
  Api(Store& store, const Clock& clock, Desk desk, AccessOptions access);
  ~Api();

  /// Answers every request, whatever is wrong with it; throws nothing.
  HttpResponse handle(const HttpRequest& request);

  static constexpr std::size_t kBodyBytes = 1 << 20;  ///< of a request

 private:
  struct Call;
  HttpResponse answer(const HttpRequest& request);
  HttpResponse route(Call& call);
  HttpResponse route_study(Call& call);
  HttpResponse route_trial(Call& call);

  // routes_session.cc
  HttpResponse session(Call& call);
  HttpResponse page(Call& call);
  HttpResponse login_page(Call& call);

  // routes_studies.cc
  HttpResponse studies(Call& call);
  Value listed(const StudyInfo& study, bool may_read);
  Value brief_row(const StudyInfo& study, bool led);
  std::pair<std::int64_t, Value> summary(const StudyInfo& study, const History& history);
  HttpResponse study(Call& call);
  HttpResponse spec(Call& call);
  HttpResponse columns(Call& call);
  HttpResponse curves(Call& call);
  HttpResponse events(Call& call);
  HttpResponse labels(Call& call);

  // routes_analysis.cc
  template <class Tell>
  HttpResponse analysed(Call& call, std::string_view part, const Tell& tell);
  HttpResponse findings(Call& call);
  HttpResponse importance(Call& call);
  HttpResponse interactions(Call& call);
  HttpResponse seeds(Call& call);
  HttpResponse front(Call& call);

  // routes_trials.cc
  HttpResponse trials(Call& call);
  HttpResponse trial(Call& call);
  HttpResponse series(Call& call);

  // routes_files.cc
  HttpResponse logs(Call& call);
  HttpResponse log_piece(Call& call);
  HttpResponse artifacts(Call& call);

  // routes_control.cc
  HttpResponse change_study(Call& call);
  HttpResponse study_request(Call& call, const char* kind);
  HttpResponse trial_request(Call& call, const char* kind);
  HttpResponse enqueue(Call& call, bool clone);
  HttpResponse edit_labels(Call& call, std::optional<std::int64_t> trial);
  HttpResponse asked(Call& call, const char* kind, const Value& body);

  Store& store_;
  const Clock& clock_;
  Desk desk_;
  Access access_;
  ModelCache models_;
  Analyses analyses_;

  // Of studies: what is read of specs, and summaries, which cost more than a look.
  struct Kept;
  std::unique_ptr<Kept> kept_;
};

/// openapi.yaml, as it is in the program.
std::string_view openapi_text();

}  // namespace hone::server
