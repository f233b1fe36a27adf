// Fuzz target for what the server does with requests: targets, forms, headers, bodies, against a
// small study in memory. Promises: no crash, no hang; every answer has a status and a body that is
// what its type says; without a token nothing is changed.
#include <algorithm>
#include <memory>
#include <string>

#include "hone/server/api.h"
#include "hone/store/memory_store.h"
#include "tests/fuzz/fuzz_driver.h"

namespace hone::fuzz {
namespace {

using namespace hone::server;

class NobodyElse final : public LivenessProbe {
 public:
  Liveness probe(const Holder&) const override { return Liveness::unknown; }
};

/// A study with two trials and a server over it.
struct Place {
  ManualClock clock;
  NobodyElse probe;
  MemoryStore store{clock, probe};
  int asked = 0;
  std::unique_ptr<Api> api;

  Place() {
    StudySpec spec;
    Parameter x;
    x.name = "x";
    x.domain = Real{};
    x.default_value = Value(0.5);
    spec.name = "fuzz";
    spec.space = *SearchSpace::create({x}, {}).space;
    Metric loss;
    loss.name = "loss";
    spec.metrics = {loss};
    NewStudy fresh;
    fresh.name = "fuzz";
    fresh.body = spec.to_value().dump();
    fresh.metrics = {{"loss", MetricRole::objective}};
    const StudyId id = store.create_study(fresh);
    const LeadResult lead = store.lead(id, Holder{"here", "boot", 1, 1}, kSecond_us);
    std::vector<Action> actions;
    for (int n = 0; n < 2; ++n) {
      auto proposal = std::make_shared<Proposal>();
      proposal->number = n;
      proposal->config.set("x", 0.1 * n);
      actions.push_back(TrialAdded{proposal});
    }
    store.apply(id, lead.token, actions);
    Desk desk;
    desk.version = "fuzz";
    desk.is_led = [](const StudyInfo&) { return false; };
    desk.ask = [this](const StudyInfo&, const std::string&, const Value&) {
      ++asked;
      return std::string("trial 2");
    };
    desk.how_to_run = [](const StudyInfo&) { return std::string("hone resume fuzz"); };
    desk.summary = [](const StudyInfo&, const History&) { return Value(Value::Map{}); };
    desk.why = [](const Proposal&) { return std::string(); };
    desk.command = [](const History&, std::int64_t) { return std::string(); };
    desk.confirmed = [](const History&, std::int64_t) { return std::vector<double>(); };
    desk.trials_folder = [](const StudyInfo&) { return std::filesystem::path("/nowhere"); };
    AccessOptions access;
    access.tokens = {"read-token-of-the-fuzzer", "admin-token-of-the-fuzzer"};
    api = std::make_unique<Api>(store, clock, desk, access);
  }
};

std::string_view line_of(std::string_view& text) {
  const std::size_t end = std::min(text.find('\n'), text.size());
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return line;
}

/// METHOD TARGET, headers, an empty line, the body; as in HTTP, but lines end with \n.
std::optional<HttpRequest> request_of(std::string_view text) {
  HttpRequest request;
  const std::string_view first = line_of(text);
  const std::size_t blank = first.find(' ');
  request.method = first.substr(0, blank);
  const auto target = parse_target(blank == std::string_view::npos ? "" : first.substr(blank + 1));
  if (!target) return std::nullopt;
  request.path = target->path;
  request.query = target->query;
  while (!text.empty()) {
    const std::string_view line = line_of(text);
    if (line.empty()) break;
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    std::string name(line.substr(0, colon));
    std::transform(name.begin(), name.end(), name.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    request.headers.emplace_back(name, line.substr(std::min(colon + 2, line.size())));
  }
  request.body = text;
  return request;
}

}  // namespace

int fuzz_one(const std::uint8_t* data, std::size_t size) {
  static Place place;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  auto request = request_of(input);
  if (!request) return 0;
  const int asked = place.asked;
  const HttpResponse response = place.api->handle(*request);
  HONE_FUZZ_CHECK(response.status >= 200 && response.status < 600);
  HONE_FUZZ_CHECK(response.header("X-Content-Type-Options") == "nosniff");
  HONE_FUZZ_CHECK(!response.header("Content-Security-Policy").empty());
  if (response.type == "application/json") HONE_FUZZ_CHECK(Value::parse(response.body).has_value());
  if (response.events) response.events->next(0);
  const bool has_token =
      request->header("authorization").find("admin-token-of-the-fuzzer") != std::string_view::npos;
  if (!has_token) HONE_FUZZ_CHECK(place.asked == asked);
  for (const auto& [name, value] : response.headers)
    HONE_FUZZ_CHECK(value.find_first_of("\r\n") == std::string::npos);
  return 0;
}

std::span<const std::string_view> fuzz_dictionary() {
  static constexpr std::string_view kTokens[] = {
      "GET ",
      "POST ",
      "PATCH ",
      "DELETE ",
      "/api/v1/studies/1/",
      "/trials/0",
      "/artifacts/",
      "/logs/0/stdout",
      "%2e%2e",
      "%2F",
      "%00",
      "?points=4",
      "&since=1",
      "trials=0-1",
      "Host: localhost\n",
      "Origin: http://localhost\n",
      "Authorization: Bearer admin-token-of-the-fuzzer\n",
      "Authorization: Bearer read-token-of-the-fuzzer\n",
      "Cookie: hone_session_0=x\n",
      "Content-Type: application/json\n",
      "If-None-Match: \"1-2\"\n",
      "{\"config\": {\"x\": 0.25}}",
      "{\"token\": \"x\"}",
      "{\"budget\": {\"trials\": 3}}",
      "{\"tags\": [\"a\"]}",
      "1e308",
      "-1",
      "9223372036854775807"};
  return kTokens;
}

}  // namespace hone::fuzz
