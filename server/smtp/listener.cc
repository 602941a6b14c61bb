#include "server/smtp/listener.h"

#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/ip/v6_only.hpp>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <optional>
#include <system_error>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "parser/text.h"
#include "server/base/handed_socket.h"
#include "server/base/host_port.h"

namespace bounced::smtp {
namespace {

using asio::ip::tcp;

absl::Status CannotListen(std::string_view address, const std::error_code& error) {
  return absl::UnavailableError(
      absl::StrCat("cannot listen on ", Absl(address), ": ", error.message()));
}

std::string ToString(const tcp::endpoint& endpoint) {
  const std::string host = endpoint.address().to_string();
  const std::string port = std::to_string(endpoint.port());
  return endpoint.address().is_v6() ? "[" + host + "]:" + port : host + ":" + port;
}

std::error_code Open(tcp::acceptor& acceptor, const tcp::endpoint& endpoint) {
  std::error_code error;
  acceptor.open(endpoint.protocol(), error);
  // A port is free again as soon as its daemon is gone, and never before.
  if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  // "0.0.0.0:25" and "[::]:25" stand side by side.
  if (!error && endpoint.address().is_v6()) acceptor.set_option(asio::ip::v6_only(true), error);
  // Replies are flushed when they are due; a connection takes this option from its listener.
  if (!error) acceptor.set_option(tcp::no_delay(true), error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(tcp::acceptor::max_listen_connections, error);
  return error;
}

// Whether somebody listens there. What cannot be found out counts as yes: the path is not taken.
bool IsServed(const sockaddr_un& path) {
  // Who listens and has no place left would keep a socket that blocks waiting: it says EAGAIN then.
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return true;
  const absl::Cleanup close = [fd] { ::close(fd); };
  return ::connect(fd, reinterpret_cast<const sockaddr*>(&path), sizeof(path)) == 0 ||
         errno != ECONNREFUSED;
}

absl::StatusOr<Listener> ListenToPath(const std::string& path) {
  const auto failed = [&path](int error) {
    return CannotListen(path, std::error_code(error, std::system_category()));
  };
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof(address.sun_path)) return failed(ENAMETOOLONG);
  path.copy(address.sun_path, path.size());
  struct stat status {};
  if (::lstat(path.c_str(), &status) == 0) {
    if (!S_ISSOCK(status.st_mode)) return failed(EEXIST);
    if (IsServed(address)) return failed(EADDRINUSE);
    ::unlink(path.c_str());
  }
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return failed(errno);
  absl::Cleanup close = [fd] { ::close(fd); };
  constexpr mode_t kForAll = 0666;
  if (::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0 ||
      ::chmod(path.c_str(), kForAll) != 0 || ::listen(fd, SOMAXCONN) != 0) {
    return failed(errno);
  }
  std::move(close).Cancel();
  return Listener{asio::generic::stream_protocol(AF_UNIX, 0), fd, path};
}

}  // namespace

absl::StatusOr<Listener> Adopt(int descriptor) {
  const absl::StatusOr<HandedSocket> socket = TakeListening(descriptor);
  if (!socket.ok()) return socket.status();
  if (socket->is_path()) {
    return Listener{asio::generic::stream_protocol(AF_UNIX, 0), descriptor, socket->path()};
  }
  const int on = 1;
  ::setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  tcp::endpoint endpoint;
  endpoint.resize(socket->size);
  std::memcpy(endpoint.data(), socket->address(), socket->size);
  return Listener{endpoint.protocol(), descriptor, ToString(endpoint)};
}

absl::StatusOr<Listener> Listen(std::string_view address) {
  if (address.starts_with('/')) return ListenToPath(std::string(address));
  const std::optional<HostPort> split = ParseHostPort(address);
  if (!split) {
    return absl::InvalidArgumentError(absl::StrCat(
        "listen: \"", Absl(address), "\" is not HOST:PORT, nor [IPV6]:PORT, nor /PATH"));
  }
  asio::io_context io;
  std::error_code error;
  tcp::resolver resolver(io);
  const auto found =
      resolver.resolve(split->host, std::to_string(split->port),
                       tcp::resolver::passive | tcp::resolver::numeric_service, error);
  if (error) return CannotListen(address, error);
  const tcp::endpoint endpoint = found.begin()->endpoint();
  tcp::acceptor acceptor(io);
  error = Open(acceptor, endpoint);
  if (error) return CannotListen(address, error);
  Listener listener{endpoint.protocol(), -1, ToString(acceptor.local_endpoint())};
  listener.descriptor = acceptor.release(error);
  if (error) return CannotListen(address, error);
  return listener;
}

}  // namespace bounced::smtp
