#include "server/api/acceptor.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/base/handed_socket.h"
#include "server/base/ip_address.h"

namespace bounced::api {
namespace {

constexpr int kRestMilliseconds = 100;

}  // namespace

absl::StatusOr<std::string> AddressOfListening(int descriptor) {
  const absl::StatusOr<HandedSocket> socket = TakeListening(descriptor);
  if (!socket.ok()) return socket.status();
  std::string text;
  if (socket->is_path()) {
    text = absl::StrCat("unix:", socket->path());
  } else if (const auto ip = IpAddress::FromSockaddr(socket->address(), socket->size)) {
    const std::uint16_t port =
        ntohs(ip->is_v4() ? reinterpret_cast<const sockaddr_in*>(socket->address())->sin_port
                          : reinterpret_cast<const sockaddr_in6*>(socket->address())->sin6_port);
    text = ip->is_v4() ? absl::StrCat(ip->ToString(), ":", port)
                       : absl::StrCat("[", ip->ToString(), "]:", port);
  }
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
    } else if (errno != ECONNABORTED && errno != EAGAIN && errno != EINTR) {
      ::poll(awaited, 1, kRestMilliseconds);
    }
  }
}

}  // namespace bounced::api
