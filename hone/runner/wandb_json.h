// The numbers in the JSON text of one value of a W&B run file. Beyond JSON, Python's NaN, Infinity
// and -Infinity are read. Numbers are correctly rounded; beyond double's range they become infinite
// or 0.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>

namespace hone {

/// Numbers by name.
using WandbNumberMap = std::map<std::string, double, std::less<>>;

/// Adds the numbers in `text`, one JSON value, to `into`: a number as `name`, those of an object as
/// `name.key`. Booleans, strings, lists, and objects with a key `_type` (media) are passed over.
/// False when `text` is no JSON or nested deeper than 32; `into` may then hold what came before.
bool read_json_numbers(std::string_view text, const std::string& name, WandbNumberMap& into);

}  // namespace hone
