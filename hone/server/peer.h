// Who is at the other end of a connection within the machine: the kernel's table of sockets names
// the user.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace hone::server {

/// The user of the process that holds the other end of a connected TCP socket; nullopt where the
/// peer is elsewhere or cannot be found.
std::optional<std::uint32_t> peer_user(int socket);

/// Whether the peer is a process of this process's user, or of root, on this machine.
bool is_own_peer(int socket);

/// The user of the established socket `local` – `remote` in the text of /proc/net/tcp or tcp6;
/// addresses as written there. Pure.
std::optional<std::uint32_t> user_in_table(std::string_view table, std::string_view local,
                                           std::string_view remote);

}  // namespace hone::server
