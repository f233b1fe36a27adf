// Reads one JSON object or one Python dict as it is printed: flat numbers out, everything else
// passed over. Not a JSON library's work because of what programs print: NaN and Infinity, 1e999,
// single quotes, np.float64(0.5), tensor(0.5, device='cuda:0'). Depth and members are limited; the
// time is linear in the text.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace hone::log_format {

constexpr int kMaxObjectDepth = 32;

/// A member that is a number, or a string (`is_text`) that is none.
struct ObjectMember {
  std::string key;  ///< members of objects inside: "outer.inner", as W&B names them
  double value = 0;
  bool is_text = false;
  std::string_view text;  ///< between the quotes, undecoded
  bool nested = false;
};

struct ScannedObject {
  std::vector<ObjectMember> members;
  std::size_t length = 0;  ///< bytes from { to }
};

/// The object that starts at text[0] == '{'. False if it is none or is not closed. Quoted numbers
/// count as numbers; true, false, null, lists and other texts are no members (other texts at the
/// top level are, as `is_text`).
bool scan_object(std::string_view text, ScannedObject& object);

}  // namespace hone::log_format
