// A SQLite VFS that gathers what a commit writes to the WAL, so that it goes to the file at once,
// and that writes no traces of what was deleted into a database.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace bounced {

// SQLite writes each page of a commit to the WAL by two calls, its header and its content. Through
// this VFS they are held in memory, and written by one call before the WAL is synced, read or asked
// anything. No more than this is held: the unix VFS of SQLite takes less than 128 KiB at once.
inline constexpr std::size_t kMaxGatheredOctets = 64 << 10;

// When SQLite puts the rows of some pages in order anew, copies of those that went to another page
// stay behind in the room that no row has, also with secure_delete, which overwrites rows where
// they are deleted alone. Such room is zeros in a database that is written through this VFS, while
// the database is smaller than this many pages: in a larger one a page of a long row could be taken
// for one with room.
inline constexpr std::int64_t kMaxWashedPages = 1 << 24;

// The name of such a VFS over the one named `base`; empty: the default one. It is registered when
// it is first asked for, and stays. Only for connections with synchronous=FULL, which sync the WAL
// before others may look for a commit there: with less they would not find it. Empty: there is no
// VFS `base`. Thread-safe.
std::string GatheringVfs(const std::string& base);

}  // namespace bounced
