// Programs that start programs, and what to watch for when hone runs them.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace hone {

struct LauncherAdvice {
  std::string message;
  std::string fix;
};

/// Advice where element `at` of a command is a launcher that needs some.
std::optional<LauncherAdvice> launcher_advice(const std::vector<std::string>& argv, std::size_t at);

}  // namespace hone
