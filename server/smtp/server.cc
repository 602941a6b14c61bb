#include "server/smtp/server.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <latch>
#include <list>
#include <memory>
#include <system_error>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/smtp/listener.h"
#include "server/smtp/worker.h"

namespace bounced::smtp {

struct Server::Impl {
  Impl(const ServerOptions& options, Receiver& receiver, const Clock& clock, const Log& log,
       Counters& counters)
      : shared(options.limits, options.networks, receiver, clock, log, counters) {
    shared.tls.Set(options.tls);
    // The ids of one run do not come again in the next one: each second has room for a million.
    shared.next_session_id = static_cast<std::uint64_t>(absl::ToUnixSeconds(clock.Now())) << 20;
  }

  absl::Status Listen(const ListenerOptions& listener, const ServerOptions& options);

  Shared shared;
  std::list<Profile> profiles;  // one a listener; sessions refer to them
  std::vector<std::string> addresses;
  std::vector<std::unique_ptr<Worker>> workers;
  std::vector<std::thread> threads;
};

// Each worker has a descriptor of its own for the one socket.
absl::Status Server::Impl::Listen(const ListenerOptions& listener, const ServerOptions& options) {
  absl::StatusOr<Listener> bound =
      listener.descriptor >= 0 ? smtp::Adopt(listener.descriptor) : smtp::Listen(listener.address);
  if (!bound.ok()) return bound.status();
  const Profile& profile =
      profiles.emplace_back(Profile{.hostname = options.hostname,
                                    .limits = options.limits,
                                    .tls = listener.tls,
                                    .lmtp = listener.lmtp,
                                    .proxy = listener.proxy,
                                    .users = listener.login ? options.users : nullptr,
                                    .hidden_keywords = options.hidden_keywords});
  workers.front()->Listen(bound->protocol, bound->descriptor, profile);
  for (std::size_t i = 1; i < workers.size(); ++i) {
    const int copy = ::fcntl(bound->descriptor, F_DUPFD_CLOEXEC, 0);
    if (copy < 0) {
      return absl::UnavailableError(absl::StrCat("cannot listen on ", listener.address, ": ",
                                                 std::system_category().message(errno)));
    }
    workers[i]->Listen(bound->protocol, copy, profile);
  }
  addresses.push_back(std::move(bound->address));
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<Server>> Server::Listen(const ServerOptions& options,
                                                       Receiver& receiver, const Clock& clock,
                                                       const Log& log, Counters& counters) {
  auto impl = std::make_unique<Impl>(options, receiver, clock, log, counters);
  const int cores = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  const int threads = options.threads > 0 ? options.threads : cores;
  for (int i = 0; i < threads; ++i) impl->workers.push_back(std::make_unique<Worker>(impl->shared));
  for (const ListenerOptions& listener : options.listen) {
    absl::Status listening = impl->Listen(listener, options);
    if (!listening.ok()) return listening;
  }
  return std::unique_ptr<Server>(new Server(std::move(impl)));
}

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Server::~Server() { Stop(); }

std::vector<std::string> Server::addresses() const { return impl_->addresses; }

void Server::Start() {
  if (!impl_->threads.empty()) return;
  for (const std::unique_ptr<Worker>& worker : impl_->workers) {
    impl_->threads.emplace_back([&worker = *worker] { worker.Run(); });
  }
}

void Server::SetTls(std::shared_ptr<const Tls> tls) { impl_->shared.tls.Set(std::move(tls)); }

void Server::Stop() {
  // Each worker has a descriptor of the socket: until all are closed a new client would still get
  // in, and no session is to be told to try elsewhere before that.
  if (!impl_->threads.empty()) {
    std::latch closed(static_cast<std::ptrdiff_t>(impl_->workers.size()));
    for (const std::unique_ptr<Worker>& worker : impl_->workers) worker->StopAccepting(closed);
    closed.wait();
  }
  for (const std::unique_ptr<Worker>& worker : impl_->workers) worker->Stop();
  for (std::thread& thread : impl_->threads) thread.join();
  impl_->threads.clear();
  impl_->workers.clear();
}

}  // namespace bounced::smtp
