// PostgreSQL behind sql.h, by libpq. Rows are locked by the writing transactions, so that many
// machines may write; LISTEN/NOTIFY wakes those who wait.
#pragma once

#include <memory>
#include <string>

#include "hone/store/open.h"
#include "hone/store/sql.h"

namespace hone::sql {

/// `address`: postgres://user@host/database or any connection string of libpq. The database must
/// exist; the tables are made in its default schema. Throws Error(unsupported) without libpq.
std::unique_ptr<Database> open_postgres(const std::string& address, OpenMode mode);

/// `address` with its password replaced by ***.
std::string without_password(const std::string& address);

}  // namespace hone::sql
