// Sockets that somebody else made, as systemd does.
#pragma once

#include <sys/socket.h>

#include <string>

#include "absl/status/statusor.h"

namespace bounced {

// Where one that listens is bound. A value.
struct HandedSocket {
  sockaddr_storage storage{};
  socklen_t size = sizeof(storage);

  const sockaddr* address() const { return reinterpret_cast<const sockaddr*>(&storage); }
  bool is_path() const { return storage.ss_family == AF_UNIX; }
  // Of AF_UNIX.
  std::string path() const;
};

// Makes it one that blocks nobody and that no child inherits. INVALID_ARGUMENT: it does not listen.
absl::StatusOr<HandedSocket> TakeListening(int descriptor);

}  // namespace bounced
