// The environment of a program as it is put together: names in their order, the last one counts.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace hone {

using Environment = std::vector<std::pair<std::string, std::string>>;

std::optional<std::string> value_of(const Environment& environment, const std::string& name);
void set_variable(Environment& environment, const std::string& name, std::string value);
void erase_variable(Environment& environment, const std::string& name);

}  // namespace hone
