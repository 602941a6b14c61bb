#include "server/smtp/doorkeeper.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string_view>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/smtp/listener.h"

namespace bounced::smtp {
namespace {

constexpr std::string_view kStarting = "421 4.3.2 This host is starting; try again later\r\n";
// How long accepting rests when it fails: mostly for want of descriptors.
constexpr int kRestMillis = 50;

absl::Status Failed(std::string_view what) {
  return absl::UnavailableError(absl::StrCat(
      "cannot wait for whoever connects: ", absl::string_view(what.data(), what.size()), ": ",
      std::system_category().message(errno)));
}

bool IsAnswered(const ListenerOptions& listener) {
  return listener.tls != TlsUse::kImplicit && !listener.proxy;
}

// What the client has said already is read: to close before that would take the reply from him.
void Answer(int client) {
  ::send(client, kStarting.data(), kStarting.size(), MSG_NOSIGNAL);
  ::shutdown(client, SHUT_WR);
  std::array<char, 4096> said{};
  while (::recv(client, said.data(), said.size(), 0) > 0) continue;
  ::close(client);
}

}  // namespace

absl::StatusOr<std::unique_ptr<Doorkeeper>> Doorkeeper::Open(std::span<ListenerOptions> listeners,
                                                             absl::Duration patience) {
  std::unique_ptr<Doorkeeper> keeper(new Doorkeeper);
  for (ListenerOptions& listener : listeners) {
    if (listener.descriptor < 0) {
      const absl::StatusOr<Listener> bound = Listen(listener.address);
      if (!bound.ok()) return bound.status();
      listener.descriptor = bound->descriptor;
    }
    if (!IsAnswered(listener)) continue;
    const int door = ::fcntl(listener.descriptor, F_DUPFD_CLOEXEC, 0);
    if (door < 0) return Failed(listener.address);
    keeper->doors_.push_back(door);
    // The server wants it so, too.
    ::fcntl(door, F_SETFL, ::fcntl(door, F_GETFL) | O_NONBLOCK);
  }
  keeper->bell_ = ::eventfd(0, EFD_CLOEXEC);
  if (keeper->bell_ < 0) return Failed("eventfd");
  keeper->thread_ = std::thread([raw = keeper.get(), patience] { raw->Run(patience); });
  return keeper;
}

Doorkeeper::~Doorkeeper() {
  if (thread_.joinable()) {
    ::eventfd_write(bell_, 1);
    thread_.join();
  }
  for (const int door : doors_) ::close(door);
  if (bell_ >= 0) ::close(bell_);
}

void Doorkeeper::Run(absl::Duration patience) {
  std::vector<pollfd> waits = {{.fd = bell_, .events = POLLIN, .revents = 0}};
  if (::poll(waits.data(), 1, static_cast<int>(absl::ToInt64Milliseconds(patience))) > 0) return;
  for (const int door : doors_) waits.push_back({.fd = door, .events = POLLIN, .revents = 0});
  for (;;) {
    if (::poll(waits.data(), waits.size(), -1) < 0) continue;
    if (waits.front().revents != 0) return;
    for (const pollfd& wait : waits) {
      if (wait.revents == 0) continue;
      const int client = ::accept4(wait.fd, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
      if (client >= 0) {
        Answer(client);
      } else if (errno != EAGAIN && errno != ECONNABORTED) {
        ::poll(waits.data(), 1, kRestMillis);
      }
    }
  }
}

}  // namespace bounced::smtp
