// openapi.yaml as it is embedded in the program.
#include <utility>

#include "hone/server/api.h"

namespace hone::server {

std::string_view openapi_text() {
  static const std::pair<const char*, std::string_view> kFiles[] = {
#include "openapi.inc"
  };
  return kFiles[0].second;
}

}  // namespace hone::server
