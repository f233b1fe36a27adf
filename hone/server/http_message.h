// A request and its answer as the API sees them: no sockets, no library. What a client sends is
// taken apart here, once, and bounded.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hone/base/owned_file.h"
#include "hone/base/value.h"

namespace hone::server {

using Pairs = std::vector<std::pair<std::string, std::string>>;

struct HttpRequest {
  std::string method;
  std::vector<std::string> path;  ///< decoded segments: /api/v1/studies → {"api", "v1", "studies"}
  Pairs query;                    ///< decoded
  Pairs headers;                  ///< names in lower case
  std::string body;
  bool same_user = false;  ///< the peer is a process of this user, or of root, on this machine

  /// The first of that name; "" where there is none.
  std::string_view header(std::string_view name) const;
  std::optional<std::string> parameter(std::string_view name) const;
  /// A whole number within [low, high]; `fallback` where it is not given. Throws
  /// Error(invalid_input).
  std::int64_t whole(std::string_view name, std::int64_t low, std::int64_t high,
                     std::int64_t fallback) const;
  bool has(std::string_view name) const { return parameter(name).has_value(); }
};

/// Path and query of a request line's target ("/a/b%20c?x=1"). Nullopt for what is no such target:
/// another form, bad percent-encoding, control characters, segments "." and "..".
struct Target {
  std::vector<std::string> path;
  Pairs query;
};
std::optional<Target> parse_target(std::string_view target);
/// "a=1&b=2", percent-encoded, '+' for a blank.
std::optional<Pairs> parse_form(std::string_view text);
/// A segment or value percent-decoded; nullopt for bad encoding.
std::optional<std::string> percent_decoded(std::string_view text, bool plus_is_blank);
/// A whole number, nothing else.
std::optional<std::int64_t> parse_whole(std::string_view text);

/// What an event stream sends, piece by piece. Used by one thread.
class EventSource {
 public:
  virtual ~EventSource() = default;
  /// Waits up to `timeout_us` for something to send; "" where nothing came, nullopt at the end.
  virtual std::optional<std::string> next(std::int64_t timeout_us) = 0;
};
/// One event in the format of text/event-stream; the data are one line.
std::string event_text(std::string_view name, std::string_view id, std::string_view data);

/// An open file of known size that is sent as the body; closed at the end.
class FileBody {
 public:
  FileBody(OwnedFile file, std::int64_t bytes) : file_(std::move(file)), bytes_(bytes) {}
  std::int64_t bytes() const { return bytes_; }
  /// Up to `limit` bytes from an offset; fewer where the file has become shorter meanwhile.
  std::string read(std::int64_t offset, std::size_t limit) const;
  /// Where data begin at or after an offset, and where a hole or the end does.
  std::int64_t next_data(std::int64_t offset) const;
  std::int64_t next_hole(std::int64_t offset) const;

 private:
  OwnedFile file_;
  std::int64_t bytes_;
};

struct HttpResponse {
  int status = 200;
  std::string type;
  std::string body;
  Pairs headers;
  std::shared_ptr<EventSource> events;  ///< instead of a body
  std::shared_ptr<FileBody> file;       ///< instead of a body

  std::string_view header(std::string_view name) const;
};

HttpResponse json_response(const Value& value, int status = 200);
/// {"error": {"code", "message", "hint"}}
HttpResponse error_response(int status, std::string_view code, std::string_view message,
                            std::string_view hint = "");

/// JSON as everybody reads it: what is no UTF-8 becomes U+FFFD; NaN and infinities become texts
/// ("NaN", "Infinity", "-Infinity").
std::string strict_json(const Value& value);

}  // namespace hone::server
