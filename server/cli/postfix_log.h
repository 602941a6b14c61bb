// What a Postfix says in its log of the mail that it sends.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "absl/time/time.h"
#include "bounced/v1/bounce.pb.h"

namespace bounced::cli {

// Mails whose return paths are remembered until their deliveries come: the newest of them.
inline constexpr std::size_t kMaxRememberedMails = 100'000;
// Of an address; RFC 5321, 4.5.3.1, allows 254.
inline constexpr std::size_t kMaxLoggedAddressOctets = 320;
inline constexpr std::size_t kMaxQueueIdOctets = 64;
inline constexpr std::size_t kMaxLoggedHostOctets = 255;
// What is handed on of what a server said.
inline constexpr std::size_t kMaxLoggedTextOctets = 4096;

// What a line is.
enum class PostfixLine : std::uint8_t {
  kAttempt,         // of a delivery to somebody else's host
  kReturnPath,      // tells the return path of a mail
  kOwn,             // of a delivery within one's own system: a mailbox, a command, a private relay
  kNullReturnPath,  // of a delivery of a mail without a return path: a report of one's own
  kOther,           // another, another program's, or unreadable
};

struct PostfixLogOptions {
  absl::TimeZone zone = absl::UTCTimeZone();  // of stamps that name none
  // Whether hosts at loopback and private addresses are receiving hosts, too. Mostly they are
  // filters and relays of one's own, which have delivered nothing when they have taken it.
  bool private_hosts = false;
  std::size_t max_remembered_mails = kMaxRememberedMails;
};

// Reads a log line by line, in syslog's old form ("Nov  7 10:30:00 mta postfix/smtp[1]: ..."), with
// RFC 3339 stamps, as journalctl gives it (short, short-iso and their -precise), or bare (cat), and
// then of now. Whatever the services and instances are called: postfix/relay/smtp,
// postfix-out/lmtp.
//
// Takes any octets, in linear time; what it cannot read is kOther.
class PostfixLog {
 public:
  explicit PostfixLog(PostfixLogOptions options = {}) : options_(std::move(options)) {}

  // Of a kAttempt fills in `attempt`, but for its stream: it is within the bounds of the API. A
  // stamp without a year is of the last one in which it is not more than a day after `now`.
  PostfixLine Take(std::string_view line, absl::Time now, v1::DeliveryAttempt& attempt);

 private:
  void Remember(std::string mail, std::string_view return_path);

  const PostfixLogOptions options_;
  // By instance, host and queue id; empty: null.
  std::unordered_map<std::string, std::string> return_paths_;
  std::deque<std::string> remembered_;  // its keys, the oldest first
};

}  // namespace bounced::cli
