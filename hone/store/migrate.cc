#include "hone/store/migrate.h"

#include <fmt/core.h>

#include <array>

#include "hone/base/id.h"
#include "hone/base/rng.h"

namespace hone::sql {
namespace {

/// A step from `from` to `from + 1`. The first, from nothing, is the schema itself.
struct Step {
  std::int64_t from;
  const char* script;
};
/// Numbered steps between published versions; never edited once released.
constexpr std::array<Step, 0> kSteps = {};

void create(Database& database, Connection& connection, const Clock& clock) {
  connection.run_script(std::string(database.schema()));
  const std::int64_t now = clock.now_us();
  Query(connection,
        "INSERT INTO meta (schema_version, min_reader, store_uid, created_us, created_by) "
        "VALUES ($1, $2, $3, $4, $5)",
        kSchemaVersion, kSchemaVersion, make_uid(now, Rng(system_entropy())), now, "hone")
      .run();
  connection.set_schema_version(kSchemaVersion);
}

void refuse_newer(Database& database, Connection& connection, std::int64_t version) {
  if (database.is_read_only()) {
    Query query(connection, "SELECT min_reader FROM meta");
    if (query.step() && query.integer(0) <= kSchemaVersion) return;
  }
  throw Error(ErrorCode::store_newer,
              fmt::format("the store {} was written by a newer hone (schema {}, this one knows {})",
                          database.name(), version, kSchemaVersion),
              "Update hone on this machine. Nothing was changed.");
}

}  // namespace

void migrate(Database& database, Connection& connection, const Clock& clock) {
  std::int64_t version = connection.schema_version();
  if (version > kSchemaVersion) refuse_newer(database, connection, version);
  if (version >= kSchemaVersion) return;
  if (database.is_read_only()) {
    throw Error(ErrorCode::store,
                version == 0
                    ? fmt::format("there is no store in {} yet", database.name())
                    : fmt::format("the store {} has schema {} and must be raised to {} first",
                                  database.name(), version, kSchemaVersion),
                "Open it for writing once.");
  }
  connection.begin();
  try {
    connection.lock_schema();
    version = connection.schema_version();  // another process may have been quicker
    if (version > kSchemaVersion) refuse_newer(database, connection, version);
    if (version == 0) {
      create(database, connection, clock);
      version = kSchemaVersion;
    }
    for (const Step& step : kSteps) {
      if (step.from != version) continue;
      connection.run_script(step.script);
      Query(connection, "UPDATE meta SET schema_version = $1", ++version).run();
      connection.set_schema_version(version);
    }
    connection.commit();
  } catch (...) {
    connection.rollback();
    throw;
  }
}

}  // namespace hone::sql
