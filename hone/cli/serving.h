// The server as `hone serve` and `hone run --serve` have it: what the command line knows beside the
// store, tokens, address.
#pragma once

#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "hone/cli/workplace.h"

namespace hone::cli {

struct ServeOptions {
  std::string host = "127.0.0.1";
  std::optional<int> port;  ///< none: 7070, or one of the next that is free
  std::optional<std::filesystem::path> token_file;
  std::vector<std::string> names;  ///< by which browsers call this machine
  bool read_only = false;
  bool always_token = false;  ///< also from the user at this machine
  bool may_lead = true;       ///< where nobody leads, requests are answered by this process
};

inline constexpr int kUsualPort = 7070;

/// Of --serve ("true") or --serve=PORT. Throws Error(invalid_input).
ServeOptions serve_options(const std::string& flag);
/// Throws Error(invalid_input).
int parse_port(const std::string& text);

/// Serves from construction to the end, in threads of its own, to which no signal comes.
class Serving {
 public:
  /// `place` must outlive it. Throws Error where the address or the tokens cannot be had.
  Serving(const Workplace& place, const ServeOptions& options);
  ~Serving();
  Serving(const Serving&) = delete;
  Serving& operator=(const Serving&) = delete;

  std::string url() const;
  bool is_loopback() const;
  const std::filesystem::path& token_file() const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

/// Says where the page is, and what its user should know.
void say_address(const Serving& serving, const CommonOptions& common, std::FILE* to);

}  // namespace hone::cli
