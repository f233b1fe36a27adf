#include "hone/cli/serving.h"

#include <fmt/core.h>
#include <signal.h>
#include <unistd.h>

#include <map>
#include <mutex>

#include "hone/base/error.h"
#include "hone/base/text.h"
#include "hone/cli/commands.h"
#include "hone/cli/outcome.h"
#include "hone/cli/proposed.h"
#include "hone/cli/prose.h"
#include "hone/server/http_server.h"
#include "hone/tracking/environment.h"
#include "hone/tuner/budget.h"
#include "hone/tuner/job_builder.h"

namespace hone::cli {
namespace {

constexpr int kPortsTried = 20;
constexpr const char* kTokenFile = "server-tokens.json";

double in_seconds(std::int64_t us) { return static_cast<double>(us) / 1e6; }

Value best_json(const History& history, const Outcome& outcome) {
  Value best = Value::Map{};
  best.set("trial", outcome.best)
      .set("value", outcome.value->mean)
      .set("count", outcome.value->count)
      .set("complete", outcome.best_is_complete)
      .set("confirmed", outcome.confirmed)
      .set("config", history.trial(outcome.best).config().to_value());
  if (outcome.value->sd) best.set("sd", *outcome.value->sd);
  if (outcome.interval)
    best.set("interval",
             Value(Value::List{Value(outcome.interval->low), Value(outcome.interval->high)}));
  return best;
}

Value gain_json(const Outcome& outcome) {
  const Gain& gain = *outcome.gain;
  Value out = Value::Map{};
  out.set("default_trial", outcome.default_trial)
      .set("default_value", gain.default_value)
      .set("difference", gain.difference)
      .set("better", gain.better)
      .set("text", gain_text(outcome));
  if (gain.share) out.set("share", *gain.share);
  if (gain.share_sd) out.set("share_sd", *gain.share_sd);
  return out;
}

/// `headline`, `budget` and `failures` of the API's schema Study.
Value summary_of(const Workplace& place, const StudyInfo& study, const History& history) {
  const Outcome outcome = find_outcome(history);
  Value headline = Value::Map{};
  if (outcome.best >= 0 && outcome.value) headline.set("best", best_json(history, outcome));
  if (outcome.gain) headline.set("gain", gain_json(outcome));
  if (history.spec().objective_count() > 1) {
    const auto& front = outcome.front.trials;
    headline.set("front", Value(Value::List(front.begin(), front.end())));
  }
  if (outcome.steps_saved) headline.set("steps_saved", *outcome.steps_saved);
  const bool led = is_led(place, study);
  if (const auto left = time_left_us(history); left && history.state() == StudyState::open)
    headline.set("left_s", in_seconds(*left));
  Value::List budget;
  for (const BudgetUse& use :
       budget_use(history, led ? place.clock().now_us() : history.last_us())) {
    Value one = Value::Map{};
    one.set("key", use.key)
        .set("what", use.what)
        .set("used", use.used)
        .set("limit", use.limit)
        .set("text", use_text(use));
    budget.push_back(std::move(one));
  }
  Value::List failures;
  for (const auto& [kind, count] : outcome.failures) {
    Value one = Value::Map{};
    one.set("kind", fail_kind_name(kind)).set("text", fail_kind_text(kind)).set("count", count);
    failures.push_back(std::move(one));
  }
  Value out = Value::Map{};
  out.set("headline", std::move(headline))
      .set("budget", Value(std::move(budget)))
      .set("failures", Value(std::move(failures)));
  return out;
}

/// Of each study one request at a time: who leads it for a moment is this process, whichever thread
/// asked. Another study does not wait for a leader that does not answer.
class Turns {
 public:
  std::shared_ptr<std::mutex> of(StudyId study) {
    const std::lock_guard lock(mutex_);
    std::erase_if(turns_, [](const auto& entry) { return entry.second.use_count() == 1; });
    std::shared_ptr<std::mutex>& turn = turns_[study];
    if (!turn) turn = std::make_shared<std::mutex>();
    return turn;
  }

 private:
  std::mutex mutex_;
  std::map<StudyId, std::shared_ptr<std::mutex>> turns_;
};

server::Desk make_desk(const Workplace& place, bool may_lead) {
  server::Desk desk;
  desk.version = version();
  desk.store = mask_secrets_in_text(place.address());
  desk.is_led = [&place](const StudyInfo& study) { return is_led(place, study); };
  const auto turns = std::make_shared<Turns>();
  desk.ask = [&place, turns, may_lead](const StudyInfo& study, const std::string& kind,
                                       const Value& body) {
    const auto turn = turns->of(study.id);
    const std::lock_guard lock(*turn);
    return ask_leader(place, study, kind, body, may_lead);
  };
  desk.how_to_run = [&place](const StudyInfo& study) {
    return fmt::format("no process works on it now: hone resume {}{}", study_title(study),
                       place.store_option());
  };
  desk.summary = [&place](const StudyInfo& study, const History& history) {
    return summary_of(place, study, history);
  };
  desk.why = [](const Proposal& proposal) { return proposed_text(proposal); };
  desk.command = [&place](const History& history, std::int64_t trial) {
    return reproduce_text(place, history, trial);
  };
  desk.confirmed = [](const History& history, std::int64_t trial) {
    return confirmed_values(history, trial);
  };
  desk.trials_folder = [&place](const StudyInfo& study) {
    return std::filesystem::absolute(place.trials_folder(study));
  };
  return desk;
}

/// While it lives, threads that this one starts get no signals: they are the main thread's.
class NoSignals {
 public:
  NoSignals() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~NoSignals() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  NoSignals(const NoSignals&) = delete;
  NoSignals& operator=(const NoSignals&) = delete;

 private:
  sigset_t before_{};
};

server::HttpServerOptions socket_options(const ServeOptions& options) {
  return {options.host, options.port.value_or(kUsualPort), options.port ? 1 : kPortsTried};
}

}  // namespace

struct Serving::Parts {
  Parts(const Workplace& place, const ServeOptions& options)
      : http(socket_options(options)),
        token_file(options.token_file.value_or(place.private_folder() / kTokenFile)) {
    server::AccessOptions access;
    access.tokens = server::load_tokens(token_file);
    access.open_to_own_user = http.is_loopback() && !options.always_token;
    access.read_only = options.read_only;
    access.port = http.port();
    for (const std::string& name : options.names) access.hosts.insert(name);
    if (!http.is_loopback()) {
      access.hosts.insert(options.host);
      char host[256] = {};
      if (gethostname(host, sizeof host - 1) == 0) access.hosts.insert(host);
    }
    api = std::make_unique<server::Api>(place.store(), place.clock(),
                                        make_desk(place, options.may_lead), std::move(access));
    http.start(*api);
  }
  ~Parts() { http.stop(); }

  server::HttpServer http;
  std::filesystem::path token_file;
  std::unique_ptr<server::Api> api;
};

int parse_port(const std::string& text) {
  const auto port = parse_number(text);
  constexpr double kAtMost = 65535;
  if (!port || *port < 0 || *port > kAtMost ||
      *port != static_cast<double>(static_cast<int>(*port)))
    throw Error(ErrorCode::invalid_input, fmt::format("'{}' is no port", text),
                "write a number from 1 to 65535, or 0 for a free one");
  return static_cast<int>(*port);
}

ServeOptions serve_options(const std::string& flag) {
  ServeOptions options;
  if (flag != "true") options.port = parse_port(flag);
  options.may_lead = false;
  return options;
}

Serving::Serving(const Workplace& place, const ServeOptions& options) {
  const NoSignals quiet;
  parts_ = std::make_unique<Parts>(place, options);
}

Serving::~Serving() = default;

std::string Serving::url() const { return parts_->http.url(); }
bool Serving::is_loopback() const { return parts_->http.is_loopback(); }
const std::filesystem::path& Serving::token_file() const { return parts_->token_file; }

void say_address(const Serving& serving, const CommonOptions& common, std::FILE* to) {
  if (common.json) {
    Value row = Value::Map{};
    row.set("event", "serving")
        .set("url", serving.url())
        .set("token_file", serving.token_file().string());
    std::fprintf(to, "%s\n", row.dump().c_str());
  } else if (!common.quiet) {
    print_prose(to, fmt::format("page {}\n", serving.url()));
    if (!serving.is_loopback()) {
      print_prose(to, fmt::format("tokens: {} (what is sent is not encrypted: let others reach it "
                                  "by ssh -L, or behind a server with TLS)\n",
                                  serving.token_file().string()));
    }
  }
  std::fflush(to);
}

}  // namespace hone::cli
