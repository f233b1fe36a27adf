// UTF-8 (RFC 3629), as far as readers of foreign text need it.
#pragma once

#include <cstddef>
#include <string_view>

namespace hone {

/// Length of the valid sequence at the start of `text`, which is not empty; 0 where there is none:
/// no surrogates, no overlong forms.
std::size_t utf8_length(std::string_view text);

}  // namespace hone
