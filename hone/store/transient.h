// Which errors of a store may pass by themselves.
#pragma once

#include "hone/base/error.h"

namespace hone {

/// The disk or the database may answer again: the same call may be repeated.
inline bool is_transient(ErrorCode code) {
  return code == ErrorCode::store || code == ErrorCode::store_busy || code == ErrorCode::store_full;
}

}  // namespace hone
