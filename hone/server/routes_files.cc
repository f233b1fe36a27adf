// Routes of files: logs and artifacts.
#include <fmt/core.h>

#include <algorithm>

#include "hone/base/error.h"
#include "hone/base/text.h"
#include "hone/server/api_call.h"
#include "hone/server/api_json.h"
#include "hone/server/event_sources.h"
#include "hone/server/trial_files.h"

namespace hone::server {
namespace {

constexpr std::int64_t kLogBytes = 1 << 20;
constexpr std::int64_t kLogUsual = 256 * 1024;
constexpr std::int64_t kFollowTail = 64 * 1024;

std::string log_file(std::string_view stream) { return std::string(stream) + ".log"; }

/// The parts of a run's folder below those of the study; nullopt where it is not on this machine.
std::optional<std::vector<std::string>> folder_of(Store& store, RunId run,
                                                  const std::filesystem::path& trials) {
  const auto started = Value::parse(store.run_detail(run).started);
  const std::string folder = started ? started->string_or("folder", "") : "";
  if (folder.empty()) return std::nullopt;
  return parts_below(std::filesystem::absolute(trials).lexically_normal(),
                     std::filesystem::path(folder).lexically_normal());
}

/// What a picture is sent as where a page shows it; "" for all else. A vector picture may hold
/// styles, and nothing of any is run: `harden` gives every answer a sandbox.
struct PictureType {
  const char* type = "";
  const char* policy = "";
};
PictureType picture_type(std::string name) {
  for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  constexpr std::pair<const char*, const char*> kTypes[] = {{".png", "image/png"},
                                                            {".jpg", "image/jpeg"},
                                                            {".jpeg", "image/jpeg"},
                                                            {".gif", "image/gif"},
                                                            {".webp", "image/webp"}};
  for (const auto& [ending, type] : kTypes) {
    if (name.ends_with(ending)) return {type, ""};
  }
  if (!name.ends_with(".svg")) return {};
  return {"image/svg+xml",
          "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'; "
          "sandbox"};
}

/// A name for Content-Disposition that needs no quoting.
std::string plain_name(const std::string& name) {
  std::string out;
  for (const char c : name) {
    const bool plain =
        std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_' || c == '.';
    out += plain ? c : '_';
  }
  return out;
}

}  // namespace

HttpResponse Api::logs(Call& call) {
  std::vector<Run> runs;
  call.model->read([&](const StudyModel::View& view) {
    for (const RunId id : view.history.runs_of(call.number)) runs.push_back(*view.history.run(id));
  });
  const auto trials = desk_.trials_folder(call.study);
  Value::List list;
  for (const Run& run : runs) {
    if (run.started_us == 0) continue;
    const auto folder = folder_of(store_, run.id, trials);
    if (!folder) continue;
    for (const char* stream : {"stdout", "stderr"}) {
      std::vector<std::string> parts = *folder;
      parts.push_back(log_file(stream));
      const auto file = open_below(trials, parts);
      if (!file) continue;
      Value one = Value::Map{};
      one.set("run", run.id.value)
          .set("name", stream)
          .set("bytes", file->bytes())
          .set("ended", run.state == RunState::ended);
      list.push_back(std::move(one));
    }
  }
  Value body = Value::Map{};
  body.set("logs", Value(std::move(list)));
  return json_response(body);
}

HttpResponse Api::log_piece(Call& call) {
  const auto id = parse_whole(*call.take());
  const auto stream = call.take();
  const auto follow = call.take();
  std::optional<Run> run;
  if (id) {
    call.model->read([&](const StudyModel::View& view) {
      const Run* found = view.history.run(RunId{*id});
      if (found != nullptr && found->plan.trial == call.number) run = *found;
    });
  }
  if (!run || (stream != "stdout" && stream != "stderr") || (follow && follow != "follow") ||
      !call.rest.empty()) {
    throw Error(ErrorCode::not_found, fmt::format("trial {} has no such log", call.number),
                "its logs: …/logs; each is …/logs/RUN/stdout or …/logs/RUN/stderr");
  }
  const auto trials = desk_.trials_folder(call.study);
  auto folder = folder_of(store_, run->id, trials);
  const auto open = [folder, trials, name = log_file(*stream)]() -> std::unique_ptr<FileBody> {
    if (!folder) return nullptr;
    std::vector<std::string> parts = *folder;
    parts.push_back(name);
    return open_below(trials, parts);
  };
  const auto file = open();
  if (!file) {
    throw Error(ErrorCode::not_found,
                fmt::format("the log of run {} is not on this machine, or no longer", *id));
  }
  const HttpRequest& request = call.request;
  HttpResponse response;
  if (follow) {
    std::int64_t from =
        request.whole("from", 0, INT64_MAX, std::max<std::int64_t>(0, file->bytes() - kFollowTail));
    if (const auto last = parse_whole(request.header("last-event-id")); last && *last >= 0)
      from = *last;
    response.type = "text/event-stream";
    response.events = std::make_shared<LogEvents>(call.model, run->id, open, from);
    return response;
  }
  std::int64_t from = request.whole("from", 0, INT64_MAX, 0);
  std::int64_t limit = request.whole("bytes", 1, kLogBytes, kLogUsual);
  if (request.has("tail")) {
    limit = request.whole("tail", 1, kLogBytes, kLogUsual);
    from = std::max<std::int64_t>(0, file->bytes() - limit);
  }
  LogPiece piece = read_log(*file, from, limit, run->state != RunState::ended);
  response.type = "text/plain; charset=utf-8";
  response.body = std::move(piece.text);
  response.headers = {{"Hone-Log-Begin", std::to_string(piece.begin)},
                      {"Hone-Log-End", std::to_string(piece.end)},
                      {"Hone-Log-Size", std::to_string(piece.size)},
                      {"Hone-Log-Ended", run->state == RunState::ended ? "true" : "false"}};
  return response;
}

HttpResponse Api::artifacts(Call& call) {
  const auto trials = desk_.trials_folder(call.study);
  const std::string trial = std::to_string(call.number);
  if (call.rest.empty()) {
    const FileListing listing = list_below(trials, {trial});
    Value::List list;
    for (const FoundFile& file : listing.files) {
      Value one = Value::Map{};
      one.set("path", file.path)
          .set("bytes", file.bytes)
          .set("modified_s", seconds(file.modified_us));
      list.push_back(std::move(one));
    }
    Value body = Value::Map{};
    body.set("artifacts", Value(std::move(list))).set("cut", listing.cut);
    return json_response(body);
  }
  // Slashes may have come percent-encoded, within one segment.
  std::vector<std::string> parts = {trial};
  for (const std::string& segment : call.rest) {
    for (const std::string_view part : split(segment, '/')) parts.emplace_back(part);
  }
  auto file = open_below(trials, parts);
  if (!file) {
    throw Error(ErrorCode::not_found,
                fmt::format("trial {} has no such file on this machine", call.number),
                "…/artifacts lists what it has; links are not followed");
  }
  HttpResponse response;
  const PictureType picture = call.request.has("view") ? picture_type(parts.back()) : PictureType{};
  if (*picture.type != 0) {
    response.type = picture.type;
    response.headers.emplace_back("Content-Disposition", "inline");
    if (*picture.policy != 0)
      response.headers.emplace_back("Content-Security-Policy", picture.policy);
    response.file = std::move(file);
    return response;
  }
  response.type = "application/octet-stream";
  response.headers.emplace_back(
      "Content-Disposition", fmt::format("attachment; filename=\"{}\"", plain_name(parts.back())));
  response.file = std::move(file);
  return response;
}

}  // namespace hone::server
