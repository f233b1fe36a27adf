#include "hone/cli/display.h"

namespace hone::cli {

std::unique_ptr<SessionObserver> make_display(const LineOptions& options) {
  return std::make_unique<LineObserver>(options);
}

}  // namespace hone::cli
