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

namespace bounced::e2e {

// What recipients are told, by the local part up to the first '+', '-' or '.'; all others are
// accepted.
//
//   nouser       550 5.1.1, one line that names the address
//   multiline    550 5.1.1 in four lines, of which only the first two tell why
//   bare         550 without an enhanced status
//   disabled     550 5.2.1
//   full         552 5.2.2, over quota
//   busy         450 4.2.1, too much mail for the mailbox
//   grey         451 4.7.1, greylisted
//   blocklisted  554 5.7.1, the client is on a DNS block list
//   spam         550 5.7.1 after the final dot
//   latin        550 5.1.1 with octets that are no UTF-8
struct Refusal {
  std::string_view local_part;
  bool after_data;
  std::string_view reply;  // whole lines without the last CRLF; "{}" stands for the address
};
const std::vector<Refusal>& Refusals();

// A message as it came.
struct Received {
  std::string reverse_path;
  std::vector<std::string> recipients;
  std::string message;
};

enum class Extensions { kAll, kWithoutDsn };

// An SMTP server on a free port of loopback, in a thread of its own, as long as the object lives.
// Thread-safe.
class RefusingServer {
 public:
  explicit RefusingServer(Extensions extensions = Extensions::kAll);
  ~RefusingServer();
  RefusingServer(const RefusingServer&) = delete;
  RefusingServer& operator=(const RefusingServer&) = delete;

  std::uint16_t port() const { return port_; }
  // What was accepted so far, in order.
  std::vector<Received> received() const;

 private:
  struct Session;

  void Serve();
  // False: the connection is to be closed.
  bool ReadFrom(int fd, Session& session);
  void Line(Session& session, const std::string& line);
  void EndOfData(Session& session);

  const Extensions extensions_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<bool> stop_ = false;
  mutable Mutex mutex_;
  std::vector<Received> received_ ABSL_GUARDED_BY(mutex_);
  std::map<int, Session> sessions_;  // of the thread
  std::thread thread_;               // last: it uses all others
};

}  // namespace bounced::e2e
