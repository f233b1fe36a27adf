#include "hone/tuner/job_environment.h"

namespace hone {

std::optional<std::string> value_of(const Environment& environment, const std::string& name) {
  for (auto it = environment.rbegin(); it != environment.rend(); ++it) {
    if (it->first == name) return it->second;
  }
  return std::nullopt;
}

void set_variable(Environment& environment, const std::string& name, std::string value) {
  for (auto& [known, old] : environment) {
    if (known == name) {
      old = std::move(value);
      return;
    }
  }
  environment.emplace_back(name, std::move(value));
}

void erase_variable(Environment& environment, const std::string& name) {
  std::erase_if(environment, [&](const auto& entry) { return entry.first == name; });
}

}  // namespace hone
