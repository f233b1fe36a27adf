#include "hone/server/http_message.h"

#include <fmt/core.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cmath>

#include "hone/base/error.h"
#include "hone/base/json_text.h"
#include "hone/base/text.h"
#include "hone/store/sql.h"

namespace hone::server {
namespace {

constexpr std::size_t kSegments = 64;
constexpr std::size_t kParameters = 64;

std::string_view first_of(const Pairs& pairs, std::string_view name) {
  for (const auto& [key, value] : pairs) {
    if (key == name) return value;
  }
  return {};
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool has_control(std::string_view text) {
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return true;
  }
  return false;
}

void write_text(std::string& out, std::string_view text) {
  const auto mended = sql::mend_text(text);
  append_json_text(out, mended ? std::string_view(*mended) : text);
}

void write_json(std::string& out, const Value& value) {
  if (value.is_string()) {
    write_text(out, value.as_string());
  } else if (value.is_double() && !std::isfinite(value.as_number())) {
    const double x = value.as_number();
    out += std::isnan(x) ? "\"NaN\"" : x > 0 ? "\"Infinity\"" : "\"-Infinity\"";
  } else if (value.is_list()) {
    out += '[';
    bool first = true;
    for (const Value& item : value.as_list()) {
      if (!first) out += ',';
      first = false;
      write_json(out, item);
    }
    out += ']';
  } else if (value.is_map()) {
    out += '{';
    bool first = true;
    for (const auto& [key, item] : value.as_map()) {
      if (!first) out += ',';
      first = false;
      write_text(out, key);
      out += ':';
      write_json(out, item);
    }
    out += '}';
  } else {
    out += value.dump();
  }
}

}  // namespace

std::string_view HttpRequest::header(std::string_view name) const {
  return first_of(headers, name);
}

std::optional<std::string> HttpRequest::parameter(std::string_view name) const {
  for (const auto& [key, value] : query) {
    if (key == name) return value;
  }
  return std::nullopt;
}

std::int64_t HttpRequest::whole(std::string_view name, std::int64_t low, std::int64_t high,
                                std::int64_t fallback) const {
  const auto text = parameter(name);
  if (!text) return fallback;
  const auto number = parse_whole(*text);
  if (!number || *number < low || *number > high) {
    throw Error(ErrorCode::invalid_input,
                fmt::format("{}: '{}' is no whole number from {} to {}", name, *text, low, high));
  }
  return *number;
}

std::optional<std::int64_t> parse_whole(std::string_view text) {
  std::int64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (text.empty() || error != std::errc{} || stop != end) return std::nullopt;
  return number;
}

std::optional<std::string> percent_decoded(std::string_view text, bool plus_is_blank) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus_is_blank) {
      out += ' ';
    } else if (text[i] != '%') {
      out += text[i];
    } else {
      const int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
      const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
      if (high < 0 || low < 0) return std::nullopt;
      out += static_cast<char>(high * 16 + low);
      i += 2;
    }
  }
  return out;
}

std::optional<Pairs> parse_form(std::string_view text) {
  Pairs pairs;
  if (text.empty()) return pairs;
  for (const std::string_view piece : split(text, '&')) {
    if (piece.empty()) continue;
    if (pairs.size() == kParameters) return std::nullopt;
    const std::size_t equals = piece.find('=');
    const auto name = percent_decoded(piece.substr(0, equals), true);
    const auto value = equals == std::string_view::npos
                           ? std::optional<std::string>("")
                           : percent_decoded(piece.substr(equals + 1), true);
    if (!name || !value) return std::nullopt;
    pairs.emplace_back(*name, *value);
  }
  return pairs;
}

std::optional<Target> parse_target(std::string_view target) {
  if (!target.starts_with('/') || has_control(target)) return std::nullopt;
  target = target.substr(0, target.find('#'));
  const std::size_t mark = target.find('?');
  Target parsed;
  if (mark != std::string_view::npos) {
    auto query = parse_form(target.substr(mark + 1));
    if (!query) return std::nullopt;
    parsed.query = std::move(*query);
  }
  const std::string_view path = target.substr(1, mark == std::string_view::npos ? mark : mark - 1);
  if (path.empty()) return parsed;
  for (const std::string_view piece : split(path, '/')) {
    const auto segment = percent_decoded(piece, false);
    if (!segment || has_control(*segment) || *segment == "." || *segment == "..")
      return std::nullopt;
    if (parsed.path.size() == kSegments) return std::nullopt;
    parsed.path.push_back(*segment);
  }
  if (parsed.path.back().empty()) parsed.path.pop_back();  // "/api/" is "/api"
  return parsed;
}

std::string event_text(std::string_view name, std::string_view id, std::string_view data) {
  std::string out = fmt::format("event: {}\n", name);
  if (!id.empty()) out += fmt::format("id: {}\n", id);
  return out + fmt::format("data: {}\n\n", data);
}

std::string FileBody::read(std::int64_t offset, std::size_t limit) const {
  const std::int64_t left = std::max<std::int64_t>(0, bytes_ - offset);
  std::string bytes(std::min<std::size_t>(limit, static_cast<std::size_t>(left)), '\0');
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t n = ::pread(file_.get(), bytes.data() + done, bytes.size() - done,
                              offset + static_cast<std::int64_t>(done));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    done += static_cast<std::size_t>(n);
  }
  bytes.resize(done);
  return bytes;
}

std::int64_t FileBody::next_data(std::int64_t offset) const {
  const off_t at = ::lseek(file_.get(), offset, SEEK_DATA);
  if (at >= 0) return at;
  return errno == ENXIO ? bytes_ : offset;  // no data behind it, or a file system without holes
}

std::int64_t FileBody::next_hole(std::int64_t offset) const {
  const off_t at = ::lseek(file_.get(), offset, SEEK_HOLE);
  return at >= 0 ? at : bytes_;
}

std::string_view HttpResponse::header(std::string_view name) const {
  return first_of(headers, name);
}

HttpResponse json_response(const Value& value, int status) {
  HttpResponse response;
  response.status = status;
  response.type = "application/json";
  response.body = strict_json(value);
  return response;
}

HttpResponse error_response(int status, std::string_view code, std::string_view message,
                            std::string_view hint) {
  Value error = Value::Map{};
  error.set("code", code).set("message", message);
  if (!hint.empty()) error.set("hint", hint);
  Value body = Value::Map{};
  body.set("error", std::move(error));
  return json_response(body, status);
}

std::string strict_json(const Value& value) {
  std::string out;
  write_json(out, value);
  return out;
}

}  // namespace hone::server
