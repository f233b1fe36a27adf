#include "hone/server/peer.h"

#include <arpa/inet.h>
#include <fmt/core.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <fstream>
#include <sstream>
#include <vector>

#include "hone/base/text.h"
#include "hone/server/http_message.h"

namespace hone::server {
namespace {

constexpr std::string_view kEstablished = "01";

/// As /proc/net/tcp writes it: words of the address in the machine's order, then the port.
std::string table_text(const void* address, std::size_t bytes, std::uint16_t port) {
  std::string out;
  for (std::size_t at = 0; at < bytes; at += 4) {
    std::uint32_t word = 0;
    std::memcpy(&word, static_cast<const char*>(address) + at, sizeof word);
    out += fmt::format("{:08X}", word);
  }
  return out + fmt::format(":{:04X}", ntohs(port));
}

struct Ends {
  std::string own;
  std::string peer;
  bool is_six = false;
};

std::optional<Ends> ends_of(int socket) {
  Ends ends;
  for (const bool peer : {false, true}) {
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    auto* plain = reinterpret_cast<sockaddr*>(&address);
    if ((peer ? getpeername(socket, plain, &size) : getsockname(socket, plain, &size)) != 0)
      return std::nullopt;
    std::string& text = peer ? ends.peer : ends.own;
    if (address.ss_family == AF_INET) {
      const auto& four = reinterpret_cast<const sockaddr_in&>(address);
      text = table_text(&four.sin_addr, sizeof four.sin_addr, four.sin_port);
    } else if (address.ss_family == AF_INET6) {
      const auto& six = reinterpret_cast<const sockaddr_in6&>(address);
      ends.is_six = true;
      text = table_text(&six.sin6_addr, sizeof six.sin6_addr, six.sin6_port);
    } else {
      return std::nullopt;
    }
  }
  return ends;
}

std::optional<std::string> whole_file(const char* path) {
  std::ifstream file(path);
  if (!file) return std::nullopt;
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

/// ::ffff:a.b.c.d in the table of IPv6 is a.b.c.d in that of IPv4.
std::optional<std::string> as_four(const std::string& six) {
  constexpr std::string_view kMapped = "0000000000000000FFFF0000";
  if (!six.starts_with(kMapped)) return std::nullopt;
  return six.substr(kMapped.size());
}

}  // namespace

std::optional<std::uint32_t> user_in_table(std::string_view table, std::string_view local,
                                           std::string_view remote) {
  for (const std::string_view line : split(table, '\n')) {
    std::vector<std::string_view> fields;
    for (const std::string_view field : split(line, ' ')) {
      if (!field.empty()) fields.push_back(field);
    }
    // Slot, local, remote, state, queues, timer, retransmits, user, …
    constexpr std::size_t kUser = 7;
    if (fields.size() <= kUser || fields[1] != local || fields[2] != remote) continue;
    if (fields[3] != kEstablished) return std::nullopt;  // a closed one has lost its user
    const auto user = parse_whole(fields[kUser]);
    if (!user || *user < 0) return std::nullopt;
    return static_cast<std::uint32_t>(*user);
  }
  return std::nullopt;
}

std::optional<std::uint32_t> peer_user(int socket) {
  const auto ends = ends_of(socket);
  if (!ends) return std::nullopt;
  // The peer's socket is the one with the ends the other way round.
  if (const auto table = whole_file(ends->is_six ? "/proc/net/tcp6" : "/proc/net/tcp")) {
    if (const auto user = user_in_table(*table, ends->peer, ends->own)) return user;
  }
  if (!ends->is_six) return std::nullopt;
  const auto own = as_four(ends->own);
  const auto peer = as_four(ends->peer);
  const auto table = own && peer ? whole_file("/proc/net/tcp") : std::nullopt;
  return table ? user_in_table(*table, *peer, *own) : std::nullopt;
}

bool is_own_peer(int socket) {
  const auto user = peer_user(socket);
  return user && (*user == geteuid() || *user == 0);
}

}  // namespace hone::server
