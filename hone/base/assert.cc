#include "hone/base/assert.h"

#include <cstdio>
#include <cstdlib>

namespace hone {

void assertion_failed(const char* condition, const char* file, int line, const char* why) noexcept {
  std::fprintf(stderr, "hone: internal fault at %s:%d: %s (%s)\n", file, line, why, condition);
  std::fprintf(stderr,
               "hone: this is a bug in hone; the study on disk is intact. Please report it.\n");
  std::abort();
}

}  // namespace hone
