// Messages as they lie about: files, folders of files, Maildirs, mboxes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/cli/streams.h"

namespace bounced::cli {

// Of one message; twice what a bounced takes by default.
inline constexpr std::size_t kMaxMessageOctets = 64 << 20;

// The files that `path` stands for, in order of their names: itself; of a Maildir (a folder with
// `new` and `cur`) those in these two; of another folder all in it and below, but for names that
// begin with a dot. Symbolic links in a folder are not followed. INVALID_ARGUMENT: cannot be read.
absl::StatusOr<std::vector<std::string>> ListMessageFiles(const std::string& path);

// Splits an mbox (RFC 4155) that comes in pieces, cut anywhere. No I/O; holds one message.
//
// A message begins behind a line `From ...` that is the first or stands behind an empty one; that
// empty line belongs to neither. Of a line of one or more `>` and `From ` one `>` is taken off.
class MboxMachine {
 public:
  explicit MboxMachine(std::size_t max_message_octets = kMaxMessageOctets)
      : max_message_octets_(max_message_octets) {}

  void Feed(std::string_view octets);
  void End() { ended_ = true; }

  struct Message {
    std::uint64_t line;  // of its From_ line, from 1
    std::string octets;
  };
  // None: it wants more, has given all, or status() tells why it stopped.
  std::optional<Message> Next();
  // INVALID_ARGUMENT, with the number of the line: no mbox, or a message is too large.
  const absl::Status& status() const { return status_; }

 private:
  std::optional<Message> TakeLine(std::string_view line);
  std::optional<Message> Finish();

  const std::size_t max_message_octets_;
  absl::Status status_;
  bool ended_ = false;
  std::string buffer_;
  std::size_t at_ = 0;       // of the line that was not taken yet
  std::size_t scanned_ = 0;  // up to where it has been searched for its end
  std::uint64_t line_ = 0;   // lines taken
  bool in_message_ = false;
  std::uint64_t message_line_ = 0;
  std::string message_;
  std::string empty_line_;  // an empty line that may belong to the separator
};

// Whether a file of this name that begins so is an mbox. A name in `.eml` promises one message,
// whose own lines may well look like the beginning of another; so does a place in a Maildir, in
// `new` or `cur` of a folder that has both.
bool LooksLikeMbox(const std::string& name, std::string_view head);

// One message of a file.
struct MessageInFile {
  std::string name;  // the file's, and the line in it when it is an mbox of more than one
  std::string octets;
};
// Gives the messages of one source, which may be an mbox, one after the other; stops at the first
// error of `take`. INVALID_ARGUMENT: cannot be read, or is too large.
absl::Status ForEachMessage(Source& source, const std::string& name,
                            const std::function<absl::Status(MessageInFile)>& take);

}  // namespace bounced::cli
