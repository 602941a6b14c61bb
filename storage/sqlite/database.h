// From a data directory to a database that can be trusted.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "storage/sqlite/connection.h"
#include "storage/sqlite/directory.h"

namespace bounced {

// The writing connection to `directory`'s database, made or brought up to date as needed.
//
// Nothing is written to a file that does not pass: it must have SQLite's header with our
// application_id, a version that we know, and, when the last daemon did not end cleanly (it left a
// WAL), pass a check of all its pages, which reads the whole file. Then what is in the WAL is on
// the disk when this returns. A new database grows under another name and is renamed when it is
// whole, so that a file of ours is never empty.
//
// FAILED_PRECONDITION: another program's database, or a newer one of ours; DATA_LOSS: damaged, or
// no database at all; else as of SqliteStatus().
absl::StatusOr<Connection> OpenDatabase(const DataDirectory& directory, const std::string& vfs,
                                        std::int64_t cache_octets);

// --- Its parts, for who looks at a database without serving from it.

// Whether `file` has SQLite's header with our application_id. Reads the header itself: SQLite would
// take an empty file for a new database, and another program's for one that it may convert. Not of
// a file that a connection of this process has open: closing it would give up its locks.
absl::Status CheckHeader(const std::string& file);
// DATA_LOSS: the WAL of `file` is damaged where no power cut can have left it so. Not of a file
// that a connection of this process has open.
absl::Status CheckWal(const std::string& file);
// Writes all that the WAL has to the database, and cuts it to nothing. UNAVAILABLE: another
// connection reads it.
absl::Status EmptyWal(Connection& connection);
// DATA_LOSS: a page or tree is not as it has to be, by SQLite's quick_check.
absl::Status CheckPages(Connection& connection, const std::string& file);
// Makes `file` (0600), which must not be there.
absl::StatusOr<Connection> OpenNew(const std::string& file, const std::string& vfs);

// DATA_LOSS with what to do.
absl::Status Damaged(const std::string& file, std::string_view what);

}  // namespace bounced
