#include "server/base/handed_socket.h"

#include <fcntl.h>
#include <sys/un.h>

#include "absl/strings/str_cat.h"

namespace bounced {

std::string HandedSocket::path() const {
  return reinterpret_cast<const sockaddr_un*>(&storage)->sun_path;
}

absl::StatusOr<HandedSocket> TakeListening(int descriptor) {
  HandedSocket socket;
  int listens = 0;
  socklen_t listens_size = sizeof(listens);
  if (::getsockname(descriptor, reinterpret_cast<sockaddr*>(&socket.storage), &socket.size) != 0 ||
      ::getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &listens, &listens_size) != 0 ||
      listens == 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("descriptor ", descriptor, " is no socket that listens"));
  }
  ::fcntl(descriptor, F_SETFL, ::fcntl(descriptor, F_GETFL) | O_NONBLOCK);
  ::fcntl(descriptor, F_SETFD, FD_CLOEXEC);
  return socket;
}

}  // namespace bounced
