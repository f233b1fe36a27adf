// Posting to an address, by cpp-httplib: https where the library was built with OpenSSL, as
// Debian's is. No redirect is followed, so that JSON goes where the user said.
#include <fmt/core.h>
#include <httplib.h>

#include "hone/base/text.h"
#include "hone/cli/hooks.h"

namespace hone::cli {
namespace {

constexpr int kGood = 200;
constexpr int kGoodEnd = 300;

}  // namespace

std::optional<std::string> post_json(const std::string& url, const std::string& body,
                                     std::int64_t timeout_us) {
  const std::size_t scheme = url.find("://");
  if (scheme == std::string::npos) return "the address has no scheme";
  const std::size_t slash = url.find('/', scheme + 3);
  const std::string host = url.substr(0, slash);
  const std::string path = slash == std::string::npos ? "/" : url.substr(slash);
  const std::string shown = masked_address(url);
  if (host.find('@') != std::string::npos)
    return fmt::format("{} has a user and password in it, which are not sent", shown);
  httplib::Client client(host);
  if (!client.is_valid())
    return fmt::format("{} cannot be reached: this hone was built without the library for it",
                       shown);
  client.set_connection_timeout(std::chrono::microseconds(timeout_us / 2));
  client.set_read_timeout(std::chrono::microseconds(timeout_us / 2));
  client.set_write_timeout(std::chrono::microseconds(timeout_us / 2));
  const auto answer = client.Post(path, body, "application/json");
  if (!answer) return fmt::format("{}: {}", shown, httplib::to_string(answer.error()));
  if (answer->status >= kGood && answer->status < kGoodEnd) return std::nullopt;
  return fmt::format("{} answered with status {}", shown, answer->status);
}

}  // namespace hone::cli
