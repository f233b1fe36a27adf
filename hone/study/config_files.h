// Configuration files of programs: some values are set, everything else (comments, order, quoting,
// line ends) stays byte for byte. Values are found by their place in the source; what was written
// is read again and must differ in nothing but those values.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "hone/base/value.h"
#include "hone/study/diagnostic.h"
#include "hone/study/placeholders.h"

namespace hone {

enum class ConfigFormat { yaml, json, toml };

/// By the file's ending: .yaml, .yml, .json, .toml.
std::optional<ConfigFormat> config_format_of(std::string_view path);

/// A value at a dotted path: `optimizer.lr`, `layers[0].dim` or `layers.0.dim`; keys with dots in
/// quotes: `"a.b".c`.
struct ConfigEdit {
  std::string path;
  Value value;
};

/// Why a file could not be edited. `edit` is the index of the edit, or −1 when the file itself is
/// wrong (then `place` says where).
struct ConfigEditError {
  int edit = -1;
  Diagnostic place;
  std::string message;
  std::string fix;
};

/// The text with the values set. A path that is not there is an error that names a near one.
std::variant<std::string, ConfigEditError> edit_config(std::string_view text, ConfigFormat format,
                                                       std::span<const ConfigEdit> edits);

/// The value at a path; nullopt if there is none, or if the text cannot be read.
std::optional<Value> config_value(std::string_view text, ConfigFormat format,
                                  std::string_view path);

/// What a run gets for one entry of `files`: `text` is the content of `from`. Values of inactive
/// parameters stay as they are.
std::variant<std::string, ExpandError> expand_config_file(const ConfigFile& file,
                                                          std::string_view text,
                                                          const StudySpec& spec,
                                                          const ExpandContext& context);

}  // namespace hone
