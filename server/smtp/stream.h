// The bytes of one connection, in the clear or under TLS.
#pragma once

#include <sys/types.h>

#include <asio/generic/stream_protocol.hpp>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "server/smtp/tls.h"

namespace bounced::smtp {

using Socket = asio::generic::stream_protocol::socket;

// Never blocks: what cannot go on says what to wait for. Belongs to one thread.
class Stream {
 public:
  // What must come before the same call can do more.
  enum class Await : std::uint8_t {
    kNothing,
    kReadable,
    kWritable,
    kEnd,  // nothing will: the connection is over, or what came is no TLS
  };
  struct Progress {
    std::size_t octets;
    Await await;  // kNothing if there are octets
  };

  explicit Stream(Socket socket) : socket_(std::move(socket)) {}
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  Socket& socket() { return socket_; }

  // `octets` were read in the clear, and are what is read next, by TLS as well.
  void PutBack(std::string_view octets) { put_back_.insert(0, octets); }
  bool has_put_back() const { return !put_back_.empty(); }
  // Of the socket, below TLS: octets, 0 at its end, -1 with errno set. Never blocks.
  ssize_t ReceiveRaw(char* buffer, std::size_t size);

  Progress Read(std::span<char> buffer);
  // May take less than all. Under TLS the same octets must be given again until they are taken.
  Progress Write(std::string_view octets);

  // From here on bytes are TLS. False: there is no memory for it, and all stays as it was.
  bool BeginTls(std::shared_ptr<const Tls> tls);
  // kNothing: done.
  Await Handshake();
  // Tells the client that no more comes (RFC 8446, 6.1), if that can be done at once.
  void EndTls();

  bool under_tls() const { return ssl_ != nullptr; }
  // "TLSv1.3"; empty in the clear.
  std::string_view tls_version() const { return tls_version_; }
  // Why the handshake failed, in OpenSSL's words; empty: it did not, or the peer was gone.
  std::string_view tls_failure() const { return tls_failure_; }

 private:
  Await AwaitAfter(int result);

  Socket socket_;
  std::shared_ptr<const Tls> tls_;  // before ssl_, which must not outlive it
  SslPointer ssl_;
  std::string_view tls_version_;  // once the handshake is done
  std::string_view tls_failure_;
  std::string put_back_;
};

}  // namespace bounced::smtp
