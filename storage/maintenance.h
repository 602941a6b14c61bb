// What keeps a database beside reading and writing it: copies, checks, and a second life.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace bounced {

// How far a long piece of work has come.
struct WorkProgress {
  enum class Phase : std::uint8_t { kCopying, kChecking };
  Phase phase = Phase::kCopying;
  std::int64_t done_octets = 0;  // of kCopying
  std::int64_t total_octets = 0;
};
// Told often, by the thread that called. False: stop; the answer is then CANCELLED.
using OnProgress = absl::FunctionRef<bool(const WorkProgress&)>;

// A whole copy of the database that was checked. It lies in the data directory without a name, so
// that it goes with this object, or with the process. Used by one thread at a time.
class Backup {
 public:
  // Takes over `fd`, open for reading.
  Backup(int fd, std::int64_t octets, int schema_version)
      : fd_(fd), octets_(octets), schema_version_(schema_version) {}
  ~Backup();
  Backup(const Backup&) = delete;
  Backup& operator=(const Backup&) = delete;

  std::int64_t octets() const { return octets_; }
  int schema_version() const { return schema_version_; }
  // At most `max_octets` from `offset` on; none at the end. DATA_LOSS: cannot be read.
  absl::StatusOr<std::string> Read(std::int64_t offset, std::size_t max_octets) const;

 private:
  const int fd_;
  const std::int64_t octets_;
  const int schema_version_;
};

// What a check looks at.
struct CheckOptions {
  bool full = false;  // unpack all evidence, and not only a sample
};

// What is wrong with a database, in words, without any address or text of it.
struct Findings {
  static constexpr std::size_t kMaxShown = 100;

  std::vector<std::string> shown = {};  // the first kMaxShown
  std::int64_t count = 0;               // of all

  void Add(std::string finding) {
    if (++count <= static_cast<std::int64_t>(kMaxShown)) shown.push_back(std::move(finding));
  }
};

// --- Of a database that no daemon holds. All hold the data directory meanwhile. Errors that all
// have: FAILED_PRECONDITION: a daemon holds it, or it cannot be used; CANCELLED.

// Checks the database in `directory`: all its pages and trees, and that its rows go together: each
// suppression has its address and is as its last change left it, hashes are those of their texts,
// changes are numbered without a gap but for those that were dropped, messages have all their
// events, events and changes are of the hours that are noted of them, records and
// evidence can be read. Writes nothing to it. NOT_FOUND: there is none. Of a database that cannot
// be opened at all that is the finding.
absl::StatusOr<Findings> CheckDatabase(const std::string& directory, const CheckOptions& options,
                                       OnProgress progress);

// What a restore has done.
struct Restored {
  std::int64_t octets = 0;
  int schema_version = 0;
  std::string kept;  // the file that was there before, now; empty: there was none
  // Addresses that were forgotten since the copy was made, and so in the copy, too.
  std::int64_t forgotten = 0;
  // Whether what had been forgotten is not known: there was nothing, or it is too damaged.
  bool forget_list_lost = false;
};

// Puts a copy of the database `file` ("-": what comes on standard input) in the place of that of
// `directory`, which is made when it is not there. The copy is checked first: it must be ours, of a
// schema that this program knows, whole, and without a fault in any page or tree. Where `file`-wal
// lies beside it, that is taken in, too. What was there before keeps lying beside the new one with
// its WAL, with `now` in its name. A crash at any time leaves the one or the other, and the next
// start takes up what was under way.
//
// What was forgotten (ForgetAddress) in the database that is there is forgotten in the copy, and
// its list of that carried over, also where the two are not of one origin. Where there is none, or
// it cannot be read, the copy is taken as it is.
//
// The restored database begins a history of its own (Store::history()). INVALID_ARGUMENT: `file`
// cannot be read; DATA_LOSS: it is damaged; FAILED_PRECONDITION: it is another program's, or newer,
// or no database with a WAL, and one lies beside it; RESOURCE_EXHAUSTED: no space.
absl::StatusOr<Restored> RestoreDatabase(const std::string& directory, const std::string& file,
                                         absl::Time now, OnProgress progress);

// What a salvage has saved.
struct SalvagedTable {
  std::string name;
  std::int64_t saved = 0;
  std::int64_t dropped = 0;  // read, but they did not go with the rest, or were not whole
};
struct Salvaged {
  std::vector<SalvagedTable> tables = {};
  std::int64_t broken_rows = 0;   // that could not be read, of any table
  std::int64_t unread_pages = 0;  // that the disk did not give
  // That were read, and are no part of a table, nor free: what was on them is lost.
  std::int64_t unknown_pages = 0;
  // Whether the secret was saved under which hashes are. Without it they were made anew, and do not
  // prove that an address is the one that was stored.
  bool has_secret = false;
  Findings findings = {};  // about the new database; none, unless we are wrong
};

// Makes the new database `out`, which must not be there, of all rows that can be read of the one in
// `directory`, whatever has become of its header and trees. That is left as it is. What does not go
// together is dropped, and what has no gaps is numbered anew; RestoreDatabase() takes `out`.
// INVALID_ARGUMENT: `out` is there; NOT_FOUND: there is no database.
absl::StatusOr<Salvaged> SalvageDatabase(const std::string& directory, const std::string& out,
                                         OnProgress progress);

}  // namespace bounced
