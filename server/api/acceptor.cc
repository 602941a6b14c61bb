#include "server/api/acceptor.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/api/server.h"
#include "server/base/ip_address.h"

namespace bounced::api {
namespace {

constexpr int kRestMilliseconds = 100;

}  // namespace

absl::StatusOr<std::string> AddressOfListening(int descriptor) {
  sockaddr_storage storage{};
  socklen_t size = sizeof(storage);
  auto* const address = reinterpret_cast<sockaddr*>(&storage);
  int listens = 0;
  socklen_t listens_size = sizeof(listens);
  if (::getsockname(descriptor, address, &size) != 0 ||
      ::getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &listens, &listens_size) != 0 ||
      listens == 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("descriptor ", descriptor, " is no socket that listens"));
  }
  std::string text;
  if (address->sa_family == AF_UNIX) {
    text = absl::StrCat("unix:", reinterpret_cast<const sockaddr_un*>(address)->sun_path);
  } else if (const std::optional<IpAddress> ip = IpAddress::FromSockaddr(address, size)) {
    const std::uint16_t port =
        ntohs(ip->is_v4() ? reinterpret_cast<const sockaddr_in*>(address)->sin_port
                          : reinterpret_cast<const sockaddr_in6*>(address)->sin6_port);
    text = ip->is_v4() ? absl::StrCat(ip->ToString(), ":", port)
                       : absl::StrCat("[", ip->ToString(), "]:", port);
  }
  if (absl::Status status = CheckListen(text); !status.ok()) return status;
  return text;
}

Acceptor::Acceptor(int descriptor, std::unique_ptr<Taker> taker)
    : descriptor_(descriptor),
      stop_(::eventfd(0, EFD_CLOEXEC)),
      taker_(std::move(taker)),
      thread_([this] { Run(); }) {}

Acceptor::~Acceptor() {
  ::eventfd_write(stop_, 1);
  thread_.join();
  ::close(stop_);
  ::close(descriptor_);
}

void Acceptor::Run() {
  ::fcntl(descriptor_, F_SETFL, ::fcntl(descriptor_, F_GETFL) | O_NONBLOCK);
  ::fcntl(descriptor_, F_SETFD, FD_CLOEXEC);
  pollfd awaited[] = {{stop_, POLLIN, 0}, {descriptor_, POLLIN, 0}};
  for (;;) {
    ::poll(awaited, 2, -1);
    if (awaited[0].revents != 0) return;
    const int connection = ::accept4(descriptor_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (connection >= 0) {
      // Fails on a socket of a path, which needs it not.
      const int on = 1;
      ::setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
      Taker::NewConnectionParameters taken;
      taken.listener_fd = descriptor_;
      taken.fd = connection;
      taker_->HandleNewConnection(&taken);
    } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
      ::poll(awaited, 1, kRestMilliseconds);
    }
  }
}

}  // namespace bounced::api
