// Who connects while the daemon starts: its index may have to be read, or its tables be upgraded.
#pragma once

#include <memory>
#include <span>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/smtp/server.h"

namespace bounced::smtp {

// Listens for a server that is not there yet. Who connects waits for it at first, as he would for
// the banner (RFC 5321, 4.5.3.2.1), and where that takes long is answered with 421 and the end
// (3.1), so that he comes again. Who begins with TLS or with a header of a proxy waits on, up to
// the kernel's bound. Not thread-safe.
class Doorkeeper {
 public:
  // A start with ten million suppressions takes less.
  static constexpr absl::Duration kPatience = absl::Seconds(3);

  // Binds each that has an address, and sets its `descriptor`, which is then for Server::Listen().
  // Answers from `patience` on. Errors are Listen()'s, see listener.h.
  static absl::StatusOr<std::unique_ptr<Doorkeeper>> Open(std::span<ListenerOptions> listeners,
                                                          absl::Duration patience = kPatience);
  // Leaves. Who has been accepted has been answered.
  ~Doorkeeper();
  Doorkeeper(const Doorkeeper&) = delete;
  Doorkeeper& operator=(const Doorkeeper&) = delete;

 private:
  Doorkeeper() = default;
  void Run(absl::Duration patience);

  std::vector<int> doors_;  // descriptors of its own
  int bell_ = -1;           // tells the thread to end
  std::thread thread_;
};

}  // namespace bounced::smtp
