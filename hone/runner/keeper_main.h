// The entry of the keeper process: `hone --keeper --folder DIR [--orphan-ms N] [--foreground]`.
#pragma once

#include <string_view>

namespace hone {

/// The hidden first argument by which the one binary is told to be a keeper.
constexpr std::string_view kKeeperArgument = "--keeper";

// Exit codes of the starting process.
constexpr int kKeeperReady = 0;     ///< it listens, detached from this process and its terminal
constexpr int kKeeperUsage = 64;    ///< the arguments are wrong
constexpr int kKeeperFailed = 71;   ///< the system refused; DIR/keeper.log says what
constexpr int kKeeperPresent = 75;  ///< another keeper holds the folder
constexpr int kKeeperKilled = 76;   ///< somebody ended it before it was ready; another try may do

/// Names within the keeper's folder.
constexpr const char* kKeeperSocket = "socket";
constexpr const char* kKeeperSocketAt = "socket.at";  ///< says where it is, when it cannot be here
constexpr const char* kKeeperEnds = "ends.log";
constexpr const char* kKeeperMessages = "keeper.log";
constexpr const char* kKeeperLock = "lock";

/// Runs a keeper on a private folder (mode 0700, of the caller). Returns in the starting process
/// when the keeper is ready; in the keeper when it is done (or, with --foreground, only then).
/// `argv[1]` is kKeeperArgument. libc only.
int keeper_main(int argc, char** argv);

}  // namespace hone
