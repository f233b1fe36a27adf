// A block of lines that redraws in place at the bottom of what has been printed, as the bytes for a
// terminal. Pure: which bytes to write follows from what was shown before.
//
// Between frames the cursor rests at the begin of the block's first line. Terminals that break
// lines anew when they are resized keep the cursor with its character, so that whatever became of
// the block lies below it and goes with one erasure.
#pragma once

#include <string>
#include <vector>

namespace hone::cli {

class FrameWriter {
 public:
  /// The bytes that print `above` for good and show `lines` below it. `anew`: nothing on the screen
  /// is trusted to be what it was (another size, a stop in between). Empty where nothing changes.
  std::string frame(const std::vector<std::string>& above, const std::vector<std::string>& lines,
                    bool anew);
  /// The bytes that remove the block; the cursor stands where it began.
  std::string removed();
  bool is_shown() const { return !shown_.empty(); }

 private:
  std::vector<std::string> shown_;  ///< encoded lines on the screen
};

}  // namespace hone::cli
