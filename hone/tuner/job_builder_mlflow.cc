// Programs that log with MLflow: their client is sent to the receiver, with a ticket for their run.
#include <algorithm>

#include "hone/base/error.h"
#include "hone/base/log.h"
#include "hone/runner/mlflow_ticket.h"
#include "hone/tuner/job_builder.h"
#include "hone/tuner/job_environment.h"

namespace hone {
namespace {

constexpr const char* kUri = "MLFLOW_TRACKING_URI";
/// As the value of kUri in the study file's `env`: these programs log into their trials, whatever
/// the user's environment says.
constexpr const char* kHere = "hone";
/// Between attempts to start the receiver again: each may take a while.
constexpr std::int64_t kReceiverPause_us = 30'000'000;

/// A proxy would be asked for 127.0.0.1 too.
void keep_from_proxies(Environment& environment) {
  bool has_proxy = false;
  for (const char* name : {"http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"})
    has_proxy = has_proxy || value_of(environment, name).has_value();
  if (!has_proxy) return;
  for (const char* name : {"no_proxy", "NO_PROXY"}) {
    const std::string before = value_of(environment, name).value_or("");
    if (before != "*" && before.find("127.0.0.1") == std::string::npos)
      set_variable(environment, name, before.empty() ? "127.0.0.1" : before + ",127.0.0.1");
  }
}

}  // namespace

std::optional<LocalJobBuilder::MlflowTicket> LocalJobBuilder::add_mlflow(
    const mlflow::Ticket& ticket, Environment& environment) {
  const std::string given = value_of(environment, kUri).value_or("");
  if (!options_.mlflow) {
    if (given == kHere) erase_variable(environment, kUri);
    return std::nullopt;
  }
  if (!given.empty() && given != kHere) return std::nullopt;  // the user's own ways with MLflow
  MlflowTicket held;
  try {
    const mlflow::ReceiverAddress address = options_.mlflow();
    held = {address.tickets.string(), mlflow::admit(address.tickets, ticket)};
    receiver_folder_ = held.folder;
    set_variable(environment, kUri, address.url);
  } catch (const Error& error) {
    // Most programs do not need it.
    log(LogLevel::warning, error.what());
    erase_variable(environment, kUri);
    return std::nullopt;
  }
  set_variable(environment, "MLFLOW_TRACKING_TOKEN", held.token);
  // Another server's: a user and a password would come before the token; ids are not known here.
  for (const char* name : {"MLFLOW_TRACKING_USERNAME", "MLFLOW_TRACKING_PASSWORD", "MLFLOW_RUN_ID",
                           "MLFLOW_EXPERIMENT_ID", "MLFLOW_TRACKING_AUTH"})
    erase_variable(environment, name);
  if (!value_of(environment, "MLFLOW_DISABLE_TELEMETRY"))
    set_variable(environment, "MLFLOW_DISABLE_TELEMETRY", "true");
  keep_from_proxies(environment);
  return held;
}

void LocalJobBuilder::look_after_helpers() {
  // Runs that were taken over have tickets of another hone's receiver.
  const bool is_needed = !receiver_folder_.empty() &&
                         std::any_of(devices_.begin(), devices_.end(), [&](const auto& of) {
                           return of.second.mlflow.folder == receiver_folder_;
                         });
  if (!is_needed || clock_.monotonic_us() < receiver_retry_us_) return;
  try {
    options_.mlflow();
  } catch (const Error& error) {
    log(LogLevel::warning, error.what());
    receiver_retry_us_ = clock_.monotonic_us() + kReceiverPause_us;
  }
}

}  // namespace hone
