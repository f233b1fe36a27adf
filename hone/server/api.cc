#include "hone/server/api.h"

#include <fmt/core.h>

#include <algorithm>

#include "hone/base/error.h"
#include "hone/base/log.h"
#include "hone/base/text.h"
#include "hone/server/api_call.h"
#include "hone/server/api_json.h"

namespace hone::server {
namespace {

constexpr std::size_t kSpecs = 512;

int status_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::invalid_input:
      return 400;
    case ErrorCode::not_found:
      return 404;
    case ErrorCode::exists:
    case ErrorCode::conflict:
      return 409;
    case ErrorCode::store_busy:
      return 503;
    case ErrorCode::store_full:
      return 507;
    case ErrorCode::unsupported:
      return 501;
    default:
      return 500;
  }
}

bool is_safe(const HttpRequest& request) {
  return request.method == "GET" || request.method == "HEAD";
}

HttpResponse needs_token() {
  HttpResponse response =
      error_response(401, "unauthorized", "a token is needed",
                     "send Authorization: Bearer TOKEN, or log in at /login; the tokens are in the "
                     "file that hone serve has named");
  response.headers.emplace_back("WWW-Authenticate", "Bearer");
  return response;
}

HttpResponse may_not_change(const Caller& caller) {
  if (caller.role != Role::admin) {
    return error_response(403, "forbidden", "this changes something and needs the admin token");
  }
  return error_response(403, "forbidden", "the header Hone-Page-Token is missing or out of date",
                        "GET /api/v1/session tells it; programs send the admin token instead");
}

/// Nothing of an answer is run by a browser, whatever trials have written.
void harden(HttpResponse& response) {
  const auto set = [&](const char* name, const char* value) {
    if (response.header(name).empty()) response.headers.emplace_back(name, value);
  };
  set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'; sandbox");
  set("X-Content-Type-Options", "nosniff");
  set("X-Frame-Options", "DENY");
  set("Referrer-Policy", "no-referrer");
  set("Cross-Origin-Resource-Policy", "same-origin");
  set("Cross-Origin-Opener-Policy", "same-origin");
  set("Cache-Control", response.header("ETag").empty() ? "no-store" : "no-cache");
}

}  // namespace

Api::Api(Store& store, const Clock& clock, Desk desk, AccessOptions access)
    : store_(store),
      clock_(clock),
      desk_(std::move(desk)),
      access_(std::move(access), clock),
      models_(store),
      analyses_(clock),
      kept_(std::make_unique<Kept>()) {}

Api::~Api() = default;

HttpResponse wrong_method(const char* allowed) {
  HttpResponse response = error_response(405, "invalid_input", "this address knows no such method",
                                         std::string("it knows ") + allowed);
  response.headers.emplace_back("Allow", allowed);
  return response;
}

std::string etag_of(const StudyInfo& study, std::int64_t version, std::string_view part) {
  return fmt::format("\"{}-{}{}{}\"", study.uid, version, part.empty() ? "" : "-", part);
}

bool has_it(const HttpRequest& request, std::string_view etag) {
  for (const std::string_view piece : split(request.header("if-none-match"), ',')) {
    std::string_view known = trim(piece);
    if (known.starts_with("W/")) known.remove_prefix(2);
    if (known == etag) return true;
  }
  return false;
}

Error no_trial(const StudyInfo& study, std::int64_t number, std::int64_t trials) {
  return Error(ErrorCode::not_found, fmt::format("study '{}' has no trial {}", study.name, number),
               trials == 0 ? "it has none yet" : fmt::format("its trials are 0 to {}", trials - 1));
}

Value Api::Call::body(std::initializer_list<std::string_view> known) const {
  if (!request.header("content-type").starts_with("application/json")) {
    throw Error(ErrorCode::invalid_input, "the body must be JSON",
                "send Content-Type: application/json");
  }
  auto value = Value::parse(request.body);
  if (!value || !value->is_map())
    throw Error(ErrorCode::invalid_input, "the body is no JSON object");
  for (const auto& [name, member] : value->as_map()) {
    if (std::find(known.begin(), known.end(), name) == known.end()) {
      throw Error(ErrorCode::invalid_input, fmt::format("'{}' is unknown here", name),
                  "known: " + join(std::vector<std::string>(known.begin(), known.end()), ", "));
    }
  }
  return std::move(*value);
}

std::shared_ptr<const StudySpec> Api::Kept::spec_of(Store& store, const StudyInfo& study) {
  const std::pair key(study.id, study.spec_version);
  {
    const std::lock_guard lock(mutex);
    const auto it = specs.find(key);
    if (it != specs.end()) return it->second;
  }
  const auto body = Value::parse(store.spec(study.id, study.spec_version).body);
  if (!body) throw Error(ErrorCode::store_corrupt, "the spec of a study in the store is no JSON");
  auto spec = std::make_shared<const StudySpec>(StudySpec::from_value(*body));
  const std::lock_guard lock(mutex);
  if (specs.size() >= kSpecs) specs.clear();
  return specs.emplace(key, std::move(spec)).first->second;
}

HttpResponse Api::handle(const HttpRequest& request) {
  HttpResponse response;
  try {
    response = answer(request);
  } catch (const Error& error) {
    response = error_response(status_of(error.code()), error_code_name(error.code()), error.what(),
                              error.hint());
    if (error.code() == ErrorCode::store_busy) response.headers.emplace_back("Retry-After", "60");
  } catch (const std::exception& error) {
    hone::log(LogLevel::error,
              fmt::format("{} {}: {}", request.method, join(request.path, "/"), error.what()));
    response = error_response(500, "internal", "something went wrong within hone", error.what());
  }
  harden(response);
  return response;
}

HttpResponse Api::answer(const HttpRequest& request) {
  if (auto refused = access_.refusal(request)) return std::move(*refused);
  if (request.body.size() > kBodyBytes)
    return error_response(413, "too_large", fmt::format("a body has at most {} bytes", kBodyBytes));
  Call call{request, {}, request.path, {}, nullptr, -1};
  const bool is_api =
      request.path.size() >= 2 && request.path[0] == "api" && request.path[1] == "v1";
  const auto caller = access_.caller(request);
  if (!caller) return needs_token();
  call.caller = *caller;
  if (!is_api) {
    if (!request.path.empty() && request.path.front() == "login") return login_page(call);
    if (!is_safe(request)) return wrong_method("GET, HEAD");
    return page(call);
  }
  call.rest = call.rest.subspan(2);
  if (call.rest.size() == 1 && call.rest.front() == "session") return session(call);
  if (call.caller.role == Role::none) return needs_token();
  if (!is_safe(request) && !call.caller.may_change) return may_not_change(call.caller);
  return route(call);
}

HttpResponse Api::route(Call& call) {
  const auto first = call.take();
  if (first == "openapi.yaml" && call.rest.empty()) {
    if (!call.is("GET")) return wrong_method("GET");
    HttpResponse response;
    response.type = "application/yaml";
    response.body = openapi_text();
    return response;
  }
  if (first != "studies")
    return error_response(404, "not_found", "there is nothing at this address",
                          "/api/v1/openapi.yaml describes what there is");
  const auto id = call.take();
  if (!id) return call.is("GET") ? studies(call) : wrong_method("GET");
  const auto number = parse_whole(*id);
  const auto study = number ? store_.study(StudyId{*number}) : std::nullopt;
  if (!study)
    throw Error(ErrorCode::not_found, fmt::format("there is no study with the id '{}'", *id),
                "/api/v1/studies lists them");
  call.study = *study;
  return route_study(call);
}

HttpResponse Api::route_study(Call& call) {
  const auto what = call.take();
  if (!what) {
    if (call.is("GET")) return study(call);
    return call.is("PATCH") ? change_study(call) : wrong_method("GET, PATCH");
  }
  if (*what == "trials") return route_trial(call);
  if (call.rest.empty()) {
    using Route = HttpResponse (Api::*)(Call&);
    static constexpr std::pair<std::string_view, Route> kReads[] = {
        {"spec", &Api::spec},
        {"columns", &Api::columns},
        {"curves", &Api::curves},
        {"events", &Api::events},
        {"findings", &Api::findings},
        {"importance", &Api::importance},
        {"interactions", &Api::interactions},
        {"seeds", &Api::seeds},
        {"front", &Api::front},
    };
    for (const auto& [name, read] : kReads) {
      if (*what == name) return call.is("GET") ? (this->*read)(call) : wrong_method("GET");
    }
    if (*what == "labels") {
      if (call.is("GET")) return labels(call);
      return call.is("PATCH") ? edit_labels(call, std::nullopt) : wrong_method("GET, PATCH");
    }
    static constexpr std::pair<std::string_view, const char*> kRequests[] = {
        {"pause", "stop"}, {"resume", "resume"}, {"finish", "finish"}};
    for (const auto& [name, kind] : kRequests) {
      if (*what == name) return call.is("POST") ? study_request(call, kind) : wrong_method("POST");
    }
  }
  return error_response(404, "not_found", fmt::format("a study has no '{}'", *what),
                        "/api/v1/openapi.yaml describes what there is");
}

HttpResponse Api::route_trial(Call& call) {
  const auto number = call.take();
  if (!number) {
    if (call.is("GET")) return trials(call);
    return call.is("POST") ? enqueue(call, false) : wrong_method("GET, POST");
  }
  call.number = parse_whole(*number).value_or(-1);
  call.model = models_.open(call.study.id);
  if (call.number < 0 || call.number >= call.model->trials())
    throw no_trial(call.study, call.number, call.model->trials());
  const auto what = call.take();
  if (!what) return call.is("GET") ? trial(call) : wrong_method("GET");
  if (*what == "logs") {
    if (!call.is("GET")) return wrong_method("GET");
    return call.rest.empty() ? logs(call) : log_piece(call);
  }
  if (*what == "artifacts") return call.is("GET") ? artifacts(call) : wrong_method("GET");
  if (call.rest.empty()) {
    if (*what == "series") return call.is("GET") ? series(call) : wrong_method("GET");
    if (*what == "labels")
      return call.is("PATCH") ? edit_labels(call, call.number) : wrong_method("PATCH");
    if (*what == "stop" || *what == "retry" || *what == "clone") {
      if (!call.is("POST")) return wrong_method("POST");
      if (*what == "clone") return enqueue(call, true);
      return trial_request(call, *what == "stop" ? "stop_trials" : "retry");
    }
  }
  return error_response(404, "not_found", fmt::format("a trial has no '{}'", *what),
                        "/api/v1/openapi.yaml describes what there is");
}

}  // namespace hone::server
