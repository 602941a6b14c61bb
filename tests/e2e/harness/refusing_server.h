// The other side of the sender's mail server: takes some mail, refuses the rest in the ways that
// servers in the world do.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "storage/mutex.h"
#include "tests/e2e/harness/mail_server.h"

namespace bounced::e2e {

// What recipients are told, by the local part up to the first '+', '-', '.' or blank; all others
// are accepted.
//
//   nouser       550 5.1.1, one line that names the address
//   multiline    550 5.1.1 in four lines, of which only the first two tell why
//   bare         550 without an enhanced status
//   latin, utf8  550 5.1.1 with octets that are no UTF-8, and that are
//   late         550 5.1.1 after the final dot
//   moved        551 5.1.6
//   disabled     550 5.2.1
//   full         552 5.2.2, over quota
//   large        552 5.3.4 after the final dot
//   busy         450 4.2.1, too much mail for the mailbox
//   grey         451 4.7.1, greylisted
//   bye          421 4.3.2, and the connection ends
//   drop         nothing after the final dot, but the end of the connection
//   blocklisted  554 5.7.1, the client is on a DNS block list
//   relay        554 5.7.1, no relaying
//   spam         550 5.7.1 after the final dot
//   dmarc        550 5.7.26 in two lines after the final dot
struct Refusal {
  std::string_view local_part;
  bool after_data;
  // Whole lines without the last CRLF; "{}" stands for the address. Empty: there is no reply.
  std::string_view reply;
  bool closes = false;  // the connection
};
const std::vector<Refusal>& Refusals();

// A message as it came.
struct Received {
  std::string reverse_path;
  std::vector<std::string> recipients;
  std::string message;
};

enum class Receiver {
  kModern,
  kPlain,   // knows neither DSN nor SMTPUTF8
  kClosed,  // its greeting is 554
};

// An SMTP server on a free port of 127.0.0.2, or 127.0.0.3 if it is kClosed, in a thread of its
// own, as long as the object lives. Thread-safe.
class RefusingServer {
 public:
  explicit RefusingServer(Receiver kind = Receiver::kModern);
  ~RefusingServer();
  RefusingServer(const RefusingServer&) = delete;
  RefusingServer& operator=(const RefusingServer&) = delete;

  NextHop place() const { return {kind_ == Receiver::kClosed ? "127.0.0.3" : "127.0.0.2", port_}; }
  // What was accepted so far, in order.
  std::vector<Received> received() const;

 private:
  struct Session;

  void Serve();
  // False: the connection is to be closed.
  bool ReadFrom(int fd, Session& session);
  void Line(Session& session, const std::string& line);
  void EndOfData(Session& session);

  const Receiver kind_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<bool> stop_ = false;
  mutable Mutex mutex_;
  std::vector<Received> received_ ABSL_GUARDED_BY(mutex_);
  std::map<int, Session> sessions_;  // of the thread
  std::thread thread_;               // last: it uses all others
};

}  // namespace bounced::e2e
