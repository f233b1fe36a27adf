// Who may do what: tokens, sessions, the page's own token, and the checks against requests that
// another site's page sends through the user's browser (DNS rebinding, CSRF).
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "hone/base/clock.h"
#include "hone/server/http_message.h"

namespace hone::server {

enum class Role { none, read, admin };
const char* role_name(Role role);

/// Bits from getrandom, in the characters of base64url.
std::string random_token(std::size_t bytes = 32);
/// Takes the same time wherever the texts differ.
bool equal_in_constant_time(std::string_view a, std::string_view b);

struct Tokens {
  std::string read;
  std::string admin;
};
/// The tokens in a file that only its user can read; makes both where there is none. Throws
/// Error(io, invalid_input) with the path where others can read or write it, or where it is no such
/// file. Never logs a token.
Tokens load_tokens(const std::filesystem::path& path);

struct AccessOptions {
  Tokens tokens;
  /// Who is at the machine as this user needs no token; who comes through a proxy there does.
  bool open_to_own_user = true;
  bool read_only = false;       ///< nobody changes anything
  std::set<std::string> hosts;  ///< names besides addresses and localhost
  int port = 0;
};

/// What a request may do.
struct Caller {
  Role role = Role::none;
  bool may_change = false;  ///< also has what CSRF lacks
  bool by_session = false;
  std::string page_token;  ///< what the page must send with what changes something; "" for tokens
  std::string session;
};

/// Thread-safe.
class Access {
 public:
  Access(AccessOptions options, const Clock& clock);

  /// Nullopt where the request is one that the user's own browser or program sends here; else the
  /// refusal: wrong Host, foreign Origin.
  std::optional<HttpResponse> refusal(const HttpRequest& request) const;
  /// Nullopt for a bearer token that is none.
  std::optional<Caller> caller(const HttpRequest& request);

  /// Begins a session; nullopt for a token that is none. Throws Error(store_busy) after too many
  /// wrong ones within a minute.
  struct Session {
    std::string cookie;  ///< value of Set-Cookie
    Caller caller;
  };
  std::optional<Session> login(std::string_view token);
  void logout(const std::string& session);
  std::string logout_cookie() const;

  static constexpr std::size_t kSessions = 256;
  static constexpr std::int64_t kSession_us = 7LL * 24 * 3600 * kSecond_us;
  static constexpr int kWrongAMinute = 10;

 private:
  struct Stored {
    Role role = Role::none;
    std::string page_token;
    std::int64_t until_us = 0;
  };
  Role role_of(std::string_view token) const;
  std::string cookie_name() const;
  bool is_own_name(std::string_view host) const;

  AccessOptions options_;
  const Clock& clock_;
  std::string own_page_token_;  ///< of the user at the machine
  std::mutex mutex_;
  std::map<std::string, Stored, std::less<>> sessions_;
  int wrong_ = 0;
  std::int64_t wrong_since_us_ = 0;
};

}  // namespace hone::server
