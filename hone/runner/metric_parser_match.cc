// Suggesting the printed name that a declared one probably means. It orders candidates by how
// little has to be explained away; where two are equally near nothing is suggested rather than the
// wrong one.
#include <array>

#include "hone/base/text.h"
#include "hone/runner/log_format_text.h"
#include "hone/runner/metric_parser.h"

namespace hone {
namespace {

/// Lower case, every separator as '_'.
std::string flattened(std::string_view name) {
  std::string out;
  for (const char c : name) {
    const bool separates = c == '-' || c == '/' || c == '.' || c == ' ' || c == ':' || c == '_';
    out += separates ? '_' : log_format::to_lower(c);
  }
  return out;
}

constexpr std::array<std::string_view, 6> kValidation{"validation_", "valid_", "val_",
                                                      "eval_",       "dev_",   "valid_0_"};

/// The part behind a prefix of validation, or nullopt if there is none. `flat` is flattened.
std::optional<std::string_view> behind_validation(std::string_view flat) {
  if (flat.starts_with("valid_0_")) return flat.substr(8);
  for (const auto prefix : kValidation) {
    if (flat.starts_with(prefix) && flat.size() > prefix.size()) return flat.substr(prefix.size());
  }
  return std::nullopt;
}

/// The only one of `seen` that `fits`; nullopt for none or several.
template <typename Fits>
std::optional<std::string> only_one(std::span<const std::string> seen, Fits fits) {
  std::optional<std::string> found;
  for (const auto& name : seen) {
    if (!fits(name)) continue;
    if (found && *found != name) return std::nullopt;
    found = name;
  }
  return found;
}

}  // namespace

std::optional<std::string> match_metric_name(std::string_view wanted,
                                             std::span<const std::string> seen) {
  for (const auto& name : seen) {
    if (name == wanted) return name;
  }
  const std::string flat = flattened(wanted);
  if (auto same = only_one(seen, [&](auto& name) { return flattened(name) == flat; })) return same;
  const auto part = behind_validation(flat);
  const std::string_view bare = part ? *part : std::string_view(flat);
  const auto is_validation_of_it = [&](const std::string& name) {
    const std::string other = flattened(name);
    const auto behind = behind_validation(other);
    return behind && *behind == bare;
  };
  if (auto validation = only_one(seen, is_validation_of_it)) return validation;
  const auto ends_with_it = [&](const std::string& name) {
    return !part && flattened(name).ends_with("_" + flat);
  };
  if (auto longer = only_one(seen, ends_with_it)) return longer;
  return nearest_name(wanted, seen);
}

}  // namespace hone
