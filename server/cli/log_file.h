// A log as it is written: it grows, is moved away and begun anew, or cut to nothing.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/cli/lines.h"

namespace bounced::cli {

// Up to where a log has been read.
struct LogPosition {
  ino_t inode = 0;
  std::int64_t offset = 0;
  // Inodes are used again, so a file is known by its beginning, too: a hash of its first octets,
  // and how many they are.
  std::int64_t head_octets = 0;
  std::uint64_t head_hash = 0;

  friend bool operator==(const LogPosition&, const LogPosition&) = default;
};

// The same as a file; atomically written. NOT_FOUND: there is none yet; INVALID_ARGUMENT: it cannot
// be read, or is something else.
absl::StatusOr<LogPosition> ReadLogPosition(const std::string& path);
absl::Status WriteLogPosition(const std::string& path, const LogPosition& position);

struct LogFileOptions {
  // Go on with what comes, also in a file that takes the log's name later.
  bool follow = false;
  // Where a former reader ended; none: at the beginning.
  std::optional<LogPosition> from = std::nullopt;
  // The last line counts when its end is missing. Not for one that is still written.
  bool takes_last_line = false;
};

// A log in a file, line by line. Each line is held up to kMaxLineOctets. Not thread-safe.
class LogFile {
 public:
  // `from` may be in a file that has another name by now, or in a copy of it (`copytruncate`): then
  // that is read first, and what was begun since, oldest first, but for what is compressed. Where
  // it is in none, TakeNotice() says so, and all that is not compressed is read from the beginning.
  // INVALID_ARGUMENT: it cannot be read.
  static absl::StatusOr<std::unique_ptr<LogFile>> Open(std::string path, LogFileOptions options);
  ~LogFile();
  LogFile(const LogFile&) = delete;
  LogFile& operator=(const LogFile&) = delete;

  // At most `most` whole lines that are there now. None: there is no more yet; or, unless it is
  // followed, at all. INVALID_ARGUMENT: cannot be read.
  absl::StatusOr<std::vector<Line>> Next(std::size_t most);
  // Behind the last line that Next() gave.
  absl::StatusOr<LogPosition> position() const;

  // The lines in the last `octets` before the place at which it was opened, of the same file.
  absl::Status ForEachLineBefore(std::size_t octets,
                                 const std::function<void(std::string_view)>& take);

  // What cannot be read, for people, once; empty: nothing was odd. Also after Next().
  std::string TakeNotice() { return std::exchange(notice_, {}); }

 private:
  LogFile(std::string path, LogFileOptions options)
      : path_(std::move(path)), options_(std::move(options)) {}

  absl::Status Begin();
  // What was written behind the open file, oldest first: the former file that comes next, or the
  // log itself. `passed`: what of it cannot be read.
  absl::StatusOr<std::string> NextFile(std::string& passed);
  absl::Status OpenAt(const std::string& path, std::int64_t offset);
  absl::StatusOr<std::size_t> Fill();
  // Goes on to the next file, or to the beginning of the same. False: there is neither.
  absl::StatusOr<bool> GoOn(std::vector<Line>& lines);
  // The last line of a file that gets no more, whether or not it has ended.
  void GiveRest(std::vector<Line>& lines);

  const std::string path_;
  const LogFileOptions options_;
  std::string notice_;
  bool is_former_ = false;  // the open file has not the log's name any more, or never had it
  int fd_ = -1;
  ino_t inode_ = 0;
  std::int64_t opened_at_ = 0;
  std::int64_t offset_ = 0;   // of the first octet that was not given
  std::string buffer_;        // what follows there
  std::int64_t dropped_ = 0;  // and was too long for a line
};

}  // namespace bounced::cli
