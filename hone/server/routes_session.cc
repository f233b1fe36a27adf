// Routes of the page and of sessions: files of the page, logging in and out.
#include <fmt/core.h>

#include "hone/base/error.h"
#include "hone/base/text.h"
#include "hone/server/api_call.h"
#include "hone/server/api_json.h"
#include "hone/server/page.h"

namespace hone::server {
namespace {

/// The page is its own files and what the API answers, nothing else.
constexpr const char* kPagePolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "font-src 'self'; connect-src 'self'; worker-src 'self' blob:; manifest-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

HttpResponse html(int status, std::string_view title, std::string_view body) {
  HttpResponse response;
  response.status = status;
  response.type = "text/html; charset=utf-8";
  response.body = fmt::format(
      "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">"
      "<meta name=\"viewport\" content=\"width=device-width\"><title>{}</title>{}</html>\n",
      title, body);
  response.headers.emplace_back("Content-Security-Policy", kPagePolicy);
  return response;
}

HttpResponse login_form(int status, std::string_view said) {
  return html(
      status, "hone: log in",
      fmt::format("<h1>hone</h1>{}<form method=\"post\" action=\"/login\">"
                  "<label>Token <input name=\"token\" type=\"password\" autofocus required "
                  "autocomplete=\"current-password\"></label> <button>Log in</button></form>"
                  "<p>hone serve says where the tokens are.</p>",
                  said));
}

HttpResponse seen_other(const char* where) {
  HttpResponse response;
  response.status = 303;
  response.type = "text/plain; charset=utf-8";
  response.headers.emplace_back("Location", where);
  return response;
}

Value session_json(const Caller& caller, const Desk& desk, std::int64_t now_us) {
  Value body = Value::Map{};
  body.set("role", role_name(caller.role)).set("login", caller.by_session);
  if (caller.role == Role::none) return body;
  if (caller.role == Role::admin && !caller.page_token.empty())
    body.set("page_token", caller.page_token);
  Value server = Value::Map{};
  server.set("version", desk.version).set("store", desk.store).set("now_s", seconds(now_us));
  return body.set("server", std::move(server));
}

}  // namespace

HttpResponse Api::session(Call& call) {
  if (call.is("GET")) return json_response(session_json(call.caller, desk_, clock_.now_us()));
  if (call.request.method == "POST") {
    const Value given = call.body({"token"});
    const auto session = access_.login(given.string_or("token", ""));
    if (!session) return error_response(401, "unauthorized", "this is no token of this server");
    HttpResponse response = json_response(session_json(session->caller, desk_, clock_.now_us()));
    response.headers.emplace_back("Set-Cookie", session->cookie);
    return response;
  }
  if (call.request.method != "DELETE") return wrong_method("GET, POST, DELETE");
  access_.logout(call.caller.session);
  HttpResponse response;
  response.status = 204;
  response.headers.emplace_back("Set-Cookie", access_.logout_cookie());
  return response;
}

HttpResponse Api::login_page(Call& call) {
  if (call.is("GET")) return login_form(200, "");
  if (call.request.method != "POST") return wrong_method("GET, POST");
  const auto form =
      call.request.header("content-type").starts_with("application/x-www-form-urlencoded")
          ? parse_form(call.request.body)
          : std::nullopt;
  std::string token;
  for (const auto& [name, value] : form.value_or(Pairs{})) {
    if (name == "token") token = value;
  }
  const auto session = access_.login(trim(token));
  if (!session) return login_form(401, "<p><strong>This is no token of this server.</strong></p>");
  HttpResponse response = seen_other("/");
  response.headers.emplace_back("Set-Cookie", session->cookie);
  return response;
}

HttpResponse Api::page(Call& call) {
  const std::string path = join(call.request.path, "/");
  const PageFile* file = find_page_file(path);
  // Addresses within the page are its own business.
  const bool is_place = path.find('.') == std::string::npos && !path.starts_with("api");
  if (file == nullptr && is_place) file = find_page_file("index.html");
  if (file == nullptr) {
    if (!path.empty()) return html(404, "hone: not found", "<p>There is nothing here.</p>");
    return html(200, "hone",
                "<h1>hone</h1><p>This build has no page.</p><p>The API is there: <a "
                "href=\"/api/v1/studies\">/api/v1/studies</a>, described by <a "
                "href=\"/api/v1/openapi.yaml\">/api/v1/openapi.yaml</a>.</p>");
  }
  HttpResponse response;
  response.headers = {{"ETag", std::string(file->etag)},
                      {"Vary", "Accept-Encoding"},
                      {"Content-Security-Policy", kPagePolicy}};
  if (file->path.starts_with("assets/"))  // their names change with their content
    response.headers.emplace_back("Cache-Control", "public, max-age=31536000, immutable");
  if (has_it(call.request, file->etag)) {
    response.status = 304;
    return response;
  }
  response.type = content_type_of(file->path);
  const bool packed = !file->gzip.empty() &&
                      call.request.header("accept-encoding").find("gzip") != std::string_view::npos;
  response.body = packed ? file->gzip : file->bytes;
  if (packed) response.headers.emplace_back("Content-Encoding", "gzip");
  return response;
}

}  // namespace hone::server
