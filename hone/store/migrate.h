// The schema's versions: makes an empty database a store, and raises an older store to this version
// step by step.
#pragma once

#include "hone/base/clock.h"
#include "hone/store/sql.h"

namespace hone::sql {

/// The schema that this program writes.
constexpr std::int64_t kSchemaVersion = 1;

/// Makes or raises the schema, in one transaction per step. Throws Error(store_newer) when a newer
/// hone wrote the store and this one must not touch it, Error(store) when a read-only store would
/// have to be raised.
void migrate(Database& database, Connection& connection, const Clock& clock);

}  // namespace hone::sql
