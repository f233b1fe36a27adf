#include "hone/base/error.h"

namespace hone {

const char* error_code_name(ErrorCode code) noexcept {
  switch (code) {
    case ErrorCode::invalid_input:
      return "invalid_input";
    case ErrorCode::not_found:
      return "not_found";
    case ErrorCode::exists:
      return "exists";
    case ErrorCode::conflict:
      return "conflict";
    case ErrorCode::store:
      return "store";
    case ErrorCode::store_busy:
      return "store_busy";
    case ErrorCode::store_full:
      return "store_full";
    case ErrorCode::store_newer:
      return "store_newer";
    case ErrorCode::store_corrupt:
      return "store_corrupt";
    case ErrorCode::io:
      return "io";
    case ErrorCode::process:
      return "process";
    case ErrorCode::unsupported:
      return "unsupported";
    case ErrorCode::interrupted:
      return "interrupted";
  }
  return "unknown";
}

}  // namespace hone
