// Keys from the bytes that a terminal sends.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace hone::cli {

enum class Key {
  character,
  up,
  down,
  left,
  right,
  page_up,
  page_down,
  home,
  end,
  enter,
  escape,
  backspace,
  tab,
};

struct KeyPress {
  Key key = Key::character;
  char character = 0;  ///< of Key::character; ASCII only
  friend bool operator==(const KeyPress&, const KeyPress&) = default;
};

/// Bytes in, keys out; what has come of an unfinished sequence waits for the rest. Sequences of
/// keys that are not named here, and characters that are not ASCII, are dropped.
class KeyReader {
 public:
  std::vector<KeyPress> read(std::string_view bytes);
  /// Nothing has come for a while: an escape character that waits was the key itself.
  std::vector<KeyPress> pause();

 private:
  std::string waiting_;
};

}  // namespace hone::cli
