// Listeners, the threads that serve them, and the sessions on them.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/base/clock.h"
#include "server/base/counters.h"
#include "server/base/ip_address.h"
#include "server/base/log.h"
#include "server/smtp/limits.h"
#include "server/smtp/profile.h"
#include "server/smtp/receiver.h"
#include "server/smtp/tls.h"

namespace bounced::smtp {

struct ListenerOptions {
  std::string address = {};  // see listener.h
  int descriptor = -1;  // one that listens already, in place of the address; not -1: it is given up
  TlsUse tls = TlsUse::kNone;
  bool lmtp = false;
  bool proxy = false;
  bool login = false;  // AUTH is served under TLS, and demanded before MAIL
};

struct ServerOptions {
  std::vector<ListenerOptions> listen;
  std::string hostname;
  std::vector<std::string> hidden_keywords = {};  // see Profile
  const Users* users = nullptr;                   // where `login` is; outlives the server
  std::shared_ptr<const Tls> tls;  // what TLS is served with; null only where no listener uses it
  Networks networks = {};          // the first of them counts where `proxy` is set
  int threads = 0;                 // 0: one a core
  Limits limits;
};

// One io_context a thread; every thread accepts from the one listening socket of a port (not
// SO_REUSEPORT: a second daemon must fail to start), and a session never leaves its thread.
class Server {
 public:
  // Binds and listens, serves nothing yet. INVALID_ARGUMENT: not HOST:PORT; UNAVAILABLE: cannot
  // bind, with the address and the reason.
  static absl::StatusOr<std::unique_ptr<Server>> Listen(const ServerOptions& options,
                                                        Receiver& receiver, const Clock& clock,
                                                        const Log& log, Counters& counters);
  ~Server();

  // "HOST:PORT" of each listener, with the real port.
  std::vector<std::string> addresses() const;
  void Start();
  // For the handshakes to come. May be called while it serves.
  void SetTls(std::shared_ptr<const Tls> tls);
  // Listeners close, idle sessions get 421, messages under way may end within Limits::drain;
  // returns when all sessions are gone.
  void Stop();

 private:
  struct Impl;
  explicit Server(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace bounced::smtp
