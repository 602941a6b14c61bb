// From a data directory to a database that can be trusted.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "storage/sqlite/connection.h"
#include "storage/sqlite/directory.h"

namespace bounced {

// The writing connection to `directory`'s database, made or brought up to date as needed.
//
// Nothing is written to a file that does not pass: it must have SQLite's header with our
// application_id, a version that we know, and, when the last daemon did not end cleanly (it left a
// WAL), pass a check of all its pages, which reads the whole file. A new database grows under
// another name and is renamed when it is whole, so that a file of ours is never empty.
//
// FAILED_PRECONDITION: another program's database, or a newer one of ours; DATA_LOSS: damaged, or
// no database at all; else as of SqliteStatus().
absl::StatusOr<Connection> OpenDatabase(const DataDirectory& directory, const std::string& vfs,
                                        std::int64_t cache_octets);

}  // namespace bounced
