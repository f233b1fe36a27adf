// JSON text (RFC 8259) to a Value: a record of a long study is millions of small documents, and
// reading them is most of the time until it is shown.
#pragma once

#include <optional>
#include <string_view>

#include "hone/base/value.h"

namespace hone {

/// One document, blanks around it, with NaN, Infinity and -Infinity as numbers; nullopt for
/// anything else: texts that are no UTF-8, numbers beyond double, more than 200 levels. Whole
/// numbers beyond 64 bits become doubles; of keys that come twice the last one counts. Linear, but
/// for the keys of a map, which are compared with one another.
std::optional<Value> read_json(std::string_view text);

}  // namespace hone
