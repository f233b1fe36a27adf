#include "hone/server/event_sources.h"

#include <algorithm>
#include <chrono>
#include <thread>

#include "hone/base/error.h"
#include "hone/server/api_json.h"

namespace hone::server {
namespace {

std::string version_event(const char* name, std::int64_t version, Value data) {
  data.set("version", version);
  return event_text(name, std::to_string(version), strict_json(data));
}

}  // namespace

StudyEvents::StudyEvents(Store& store, std::shared_ptr<StudyModel> model,
                         std::optional<std::int64_t> since)
    : store_(store), model_(std::move(model)), watch_(model_) {
  const std::int64_t version = model_->version();
  // A client that knows more than there is speaks of another study of that id.
  sent_ = since && *since <= version ? *since : version;
}

std::optional<std::string> StudyEvents::next(std::int64_t timeout_us) {
  if (over_) return std::nullopt;
  if (!said_hello_) {
    said_hello_ = true;
    Value data = Value::Map{};
    model_->read([&](const StudyModel::View& view) {
      data.set("state", study_state_name(view.history.state()));
    });
    return version_event("hello", sent_, std::move(data));
  }
  model_->wait_above(sent_, timeout_us);
  if (model_->gone()) {
    over_ = true;
    return event_text("gone", "", "{}");
  }
  const std::int64_t version = model_->version();
  if (version <= sent_) return "";
  if (version - sent_ > kAtOnce) {
    sent_ = version;
    return version_event("reset", version, Value::Map{});
  }
  const std::vector<Change> changes = store_.changes_since(model_->id(), sent_, version - sent_);
  Value::List list;
  const auto spec =
      model_->read([](const StudyModel::View& view) { return view.history.spec_ptr(); });
  for (const Change& change : changes) list.push_back(change_json(change, *spec));
  sent_ = version;
  Value data = Value::Map{};
  data.set("changes", Value(std::move(list)));
  // A study with thousands of short trials would send an event for each report.
  std::this_thread::sleep_for(std::chrono::microseconds(std::min(kPause_us, timeout_us)));
  return version_event("changes", version, std::move(data));
}

LogEvents::LogEvents(std::shared_ptr<StudyModel> model, RunId run, OpenLog open, std::int64_t from)
    : model_(std::move(model)), watch_(model_), run_(run), open_(std::move(open)), at_(from) {}

std::optional<std::string> LogEvents::next(std::int64_t timeout_us) {
  if (over_) return std::nullopt;
  if (model_->gone()) return std::nullopt;
  // Asked before the look: what is written until a run's end is there then.
  const bool ended = model_->read([&](const StudyModel::View& view) {
    const Run* run = view.history.run(run_);
    return run == nullptr || run->state == RunState::ended;
  });
  if (const auto file = open_()) {
    const LogPiece piece = read_log(*file, at_, kPiece, !ended);
    if (!piece.text.empty() || piece.end > at_) {
      at_ = piece.end;
      Value data = Value::Map{};
      data.set("begin", piece.begin).set("end", piece.end).set("text", piece.text);
      return event_text("log", std::to_string(piece.end), strict_json(data));
    }
  }
  if (ended) {
    over_ = true;
    return event_text("ended", std::to_string(at_), "{}");
  }
  std::this_thread::sleep_for(std::chrono::microseconds(std::min(kLook_us, timeout_us)));
  return "";
}

}  // namespace hone::server
