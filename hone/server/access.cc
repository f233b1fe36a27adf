#include "hone/server/access.h"

#include <arpa/inet.h>
#include <fmt/core.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cstring>
#include <vector>

#include "hone/base/error.h"
#include "hone/base/file.h"
#include "hone/base/text.h"

namespace hone::server {
namespace {

constexpr std::size_t kTokenAtLeast = 20;
constexpr std::size_t kTokenAtMost = 200;
constexpr std::int64_t kTokenFileBytes = 4096;

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

/// "localhost:7070", "[::1]:7070" without the port.
std::string_view host_name(std::string_view host) {
  if (host.starts_with('[')) {
    const std::size_t end = host.find(']');
    return end == std::string_view::npos ? std::string_view() : host.substr(0, end + 1);
  }
  return host.substr(0, host.rfind(':'));
}

/// An address, which no name server can point elsewhere.
bool is_address(const std::string& host) {
  in6_addr bits{};
  if (!host.starts_with('[')) return inet_pton(AF_INET, host.c_str(), &bits) == 1;
  return host.ends_with(']') &&
         inet_pton(AF_INET6, host.substr(1, host.size() - 2).c_str(), &bits) == 1;
}

bool reads_only(const HttpRequest& request) {
  return request.method == "GET" || request.method == "HEAD";
}

/// A proxy on this machine passes on what others ask, as a process that may be this user's.
bool comes_through_proxy(const HttpRequest& request) {
  return std::any_of(request.headers.begin(), request.headers.end(), [](const auto& header) {
    const std::string& name = header.first;
    return name == "forwarded" || name == "via" || name == "x-real-ip" ||
           name.starts_with("x-forwarded-");
  });
}

std::optional<std::string> cookie_of(const HttpRequest& request, std::string_view name) {
  for (const std::string_view piece : split(request.header("cookie"), ';')) {
    const std::string_view pair = trim(piece);
    const std::size_t equals = pair.find('=');
    if (equals != std::string_view::npos && pair.substr(0, equals) == name)
      return std::string(pair.substr(equals + 1));
  }
  return std::nullopt;
}

void check_private(const std::filesystem::path& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) {
    throw Error(ErrorCode::io,
                fmt::format("cannot read {}: {}", path.string(), std::strerror(errno)));
  }
  if (!S_ISREG(info.st_mode))
    throw Error(ErrorCode::invalid_input, fmt::format("{} is no file", path.string()));
  if (info.st_uid != geteuid() || (info.st_mode & 077) != 0) {
    throw Error(
        ErrorCode::invalid_input,
        fmt::format("others can read the tokens in {}, or it is another user's", path.string()),
        fmt::format("chmod 600 {0}; or remove it, and new tokens are made", path.string()));
  }
}

}  // namespace

const char* role_name(Role role) {
  return role == Role::admin ? "admin" : role == Role::read ? "read" : "none";
}

std::string random_token(std::size_t bytes) {
  std::vector<unsigned char> bits(bytes);
  std::size_t done = 0;
  while (done < bytes) {
    const ssize_t n = ::getrandom(bits.data() + done, bytes - done, 0);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) throw Error(ErrorCode::io, "the system gives no random bits");
    done += static_cast<std::size_t>(n);
  }
  constexpr std::string_view kCharacters =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::string text;
  for (const unsigned char byte : bits) text += kCharacters[byte & 63];  // 6 bits of each
  return text;
}

bool equal_in_constant_time(std::string_view a, std::string_view b) {
  unsigned char differs = a.size() == b.size() ? 0 : 1;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const char other = b.empty() ? '\0' : b[i % b.size()];
    differs = static_cast<unsigned char>(differs | static_cast<unsigned char>(a[i] ^ other));
  }
  return differs == 0;
}

Tokens load_tokens(const std::filesystem::path& path) {
  if (!std::filesystem::exists(path)) {
    const Tokens made{random_token(), random_token()};
    if (path.has_parent_path()) make_private_folder(path.parent_path());
    Value body = Value::Map{};
    body.set("read", made.read).set("admin", made.admin);
    // Whole or not there; of two servers that start at once the second takes the first one's.
    const std::filesystem::path fresh = path.string() + "." + random_token(12);
    write_file_atomically(fresh, body.dump() + "\n");
    const int linked = ::link(fresh.c_str(), path.c_str());
    const int reason = errno;
    ::unlink(fresh.c_str());
    if (linked != 0 && reason != EEXIST) {
      throw Error(ErrorCode::io,
                  fmt::format("cannot write {}: {}", path.string(), std::strerror(reason)));
    }
  }
  check_private(path);
  const auto body = Value::parse(read_file(path, kTokenFileBytes));
  Tokens tokens;
  if (body) tokens = {body->string_or("read", ""), body->string_or("admin", "")};
  for (const std::string& token : {tokens.read, tokens.admin}) {
    if (token.size() < kTokenAtLeast || token.size() > kTokenAtMost ||
        tokens.read == tokens.admin) {
      throw Error(ErrorCode::invalid_input,
                  fmt::format("{} is no file of tokens: {{\"read\": TOKEN, \"admin\": TOKEN}}, "
                              "different ones of {} to {} characters",
                              path.string(), kTokenAtLeast, kTokenAtMost),
                  "remove it, and new tokens are made");
    }
  }
  return tokens;
}

Access::Access(AccessOptions options, const Clock& clock)
    : options_(std::move(options)), clock_(clock), own_page_token_(random_token()) {
  std::set<std::string> hosts;
  for (const std::string& host : options_.hosts) hosts.insert(lower(host));
  options_.hosts = std::move(hosts);
}

bool Access::is_own_name(std::string_view host) const {
  const std::string name = lower(host_name(host));
  return name == "localhost" || name.ends_with(".localhost") || is_address(name) ||
         options_.hosts.contains(name);
}

std::optional<HttpResponse> Access::refusal(const HttpRequest& request) const {
  const std::string_view host = request.header("host");
  if (!is_own_name(host)) {
    return error_response(421, "forbidden", "this server is not known by that name (header Host)",
                          "hone serve --name NAME adds one; addresses and localhost always work. "
                          "Behind a proxy add --always-token, so that nobody is taken for the user "
                          "at this machine");
  }
  const std::string_view origin = request.header("origin");
  const auto foreign = [] {
    return error_response(403, "forbidden", "another site's page may not use this server");
  };
  if (!origin.empty()) {
    const std::size_t scheme = origin.find("://");
    if (scheme == std::string_view::npos || lower(origin.substr(scheme + 3)) != lower(host))
      return foreign();
  }
  // Browsers say where a request comes from. Following a link from elsewhere is fine, unless it
  // would be data.
  const std::string_view site = request.header("sec-fetch-site");
  const bool is_own = site.empty() || site == "same-origin" || site == "none";
  const bool is_link = request.header("sec-fetch-mode") == "navigate" && reads_only(request) &&
                       (request.path.empty() || request.path.front() != "api");
  if (!is_own && !is_link) return foreign();
  return std::nullopt;
}

Role Access::role_of(std::string_view token) const {
  const bool admin = equal_in_constant_time(token, options_.tokens.admin);
  const bool read = equal_in_constant_time(token, options_.tokens.read);
  return admin ? Role::admin : read ? Role::read : Role::none;
}

std::optional<Caller> Access::caller(const HttpRequest& request) {
  Caller caller;
  const std::string_view authorization = request.header("authorization");
  if (!authorization.empty()) {
    constexpr std::string_view kBearer = "bearer ";
    if (lower(authorization.substr(0, kBearer.size())) != kBearer) return std::nullopt;
    caller.role = role_of(trim(authorization.substr(kBearer.size())));
    if (caller.role == Role::none) return std::nullopt;
    caller.may_change = caller.role == Role::admin && !options_.read_only;
    return caller;
  }
  if (const auto cookie = cookie_of(request, cookie_name())) {
    const std::lock_guard lock(mutex_);
    const auto it = sessions_.find(*cookie);
    if (it != sessions_.end() && it->second.until_us > clock_.now_us()) {
      caller.role = it->second.role;
      caller.page_token = it->second.page_token;
      caller.by_session = true;
      caller.session = it->first;
    }
  }
  if (caller.role == Role::none && options_.open_to_own_user && request.same_user &&
      !comes_through_proxy(request)) {
    caller.role = Role::admin;
    caller.page_token = own_page_token_;
  }
  if (options_.read_only && caller.role == Role::admin) caller.role = Role::read;
  caller.may_change = caller.role == Role::admin && !caller.page_token.empty() &&
                      equal_in_constant_time(request.header("hone-page-token"), caller.page_token);
  return caller;
}

std::string Access::cookie_name() const {
  // Cookies know no ports: two servers on a machine must not share one.
  return fmt::format("hone_session_{}", options_.port);
}

std::optional<Access::Session> Access::login(std::string_view token) {
  constexpr std::int64_t kMinute_us = 60 * kSecond_us;
  const std::lock_guard lock(mutex_);
  const std::int64_t now = clock_.now_us();
  if (now - wrong_since_us_ > kMinute_us || now < wrong_since_us_) {
    wrong_since_us_ = now;
    wrong_ = 0;
  }
  if (wrong_ >= kWrongAMinute) {
    throw Error(ErrorCode::store_busy, "too many wrong tokens: try again in a minute");
  }
  const Role role = role_of(token);
  if (role == Role::none) {
    ++wrong_;
    return std::nullopt;
  }
  std::erase_if(sessions_, [&](const auto& entry) { return entry.second.until_us <= now; });
  while (sessions_.size() >= kSessions) {
    sessions_.erase(std::min_element(
        sessions_.begin(), sessions_.end(),
        [](const auto& a, const auto& b) { return a.second.until_us < b.second.until_us; }));
  }
  const std::string id = random_token();
  const Stored stored{role, random_token(), now + kSession_us};
  sessions_[id] = stored;
  Session session;
  session.cookie = fmt::format("{}={}; HttpOnly; SameSite=Strict; Path=/; Max-Age={}",
                               cookie_name(), id, kSession_us / kSecond_us);
  session.caller.role = options_.read_only && role == Role::admin ? Role::read : role;
  session.caller.by_session = true;
  session.caller.page_token = stored.page_token;
  session.caller.session = id;
  return session;
}

void Access::logout(const std::string& session) {
  const std::lock_guard lock(mutex_);
  sessions_.erase(session);
}

std::string Access::logout_cookie() const {
  return fmt::format("{}=; HttpOnly; SameSite=Strict; Path=/; Max-Age=0", cookie_name());
}

}  // namespace hone::server
