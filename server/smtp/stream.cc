#include "server/smtp/stream.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <cerrno>
#include <utility>

namespace bounced::smtp {
namespace {

// Neither it nor ReceiveRaw() blocks, raises a signal, or is disturbed by one.
ssize_t Send(int fd, const char* octets, std::size_t size) {
  ssize_t n;
  do n = ::send(fd, octets, size, MSG_DONTWAIT | MSG_NOSIGNAL);
  while (n < 0 && errno == EINTR);
  return n;
}

bool WouldBlock() { return errno == EAGAIN || errno == EWOULDBLOCK; }

// OpenSSL's own BIO for sockets writes without MSG_NOSIGNAL.
Stream& StreamOf(BIO* bio) { return *static_cast<Stream*>(::BIO_get_data(bio)); }

int BioRead(BIO* bio, char* buffer, int size) {
  BIO_clear_retry_flags(bio);
  const ssize_t n = StreamOf(bio).ReceiveRaw(buffer, static_cast<std::size_t>(size));
  if (n < 0 && WouldBlock()) BIO_set_retry_read(bio);
  if (n == 0) ::BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
  return static_cast<int>(n);
}

int BioWrite(BIO* bio, const char* octets, int size) {
  BIO_clear_retry_flags(bio);
  const ssize_t n =
      Send(StreamOf(bio).socket().native_handle(), octets, static_cast<std::size_t>(size));
  if (n < 0 && WouldBlock()) BIO_set_retry_write(bio);
  return static_cast<int>(n);
}

long BioControl(BIO* bio, int command, long, void*) {
  switch (command) {
    case BIO_CTRL_FLUSH:
      return 1;
    case BIO_CTRL_EOF:
      return ::BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0 ? 1 : 0;
    default:
      return 0;
  }
}

BIO_METHOD* SocketMethod() {
  static BIO_METHOD* const method = [] {
    BIO_METHOD* made = ::BIO_meth_new(::BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "bounced");
    ::BIO_meth_set_read(made, BioRead);
    ::BIO_meth_set_write(made, BioWrite);
    ::BIO_meth_set_ctrl(made, BioControl);
    return made;
  }();
  return method;
}

// A record of TLS, whatever is asked for: more at once gains nothing.
int Bounded(std::size_t size) {
  constexpr std::size_t kMaxOctets = 1 << 20;
  return static_cast<int>(std::min(size, kMaxOctets));
}

}  // namespace

ssize_t Stream::ReceiveRaw(char* buffer, std::size_t size) {
  if (!put_back_.empty()) {
    const std::size_t octets = put_back_.copy(buffer, size);
    put_back_.erase(0, octets);
    return static_cast<ssize_t>(octets);
  }
  ssize_t n;
  do n = ::recv(socket_.native_handle(), buffer, size, MSG_DONTWAIT);
  while (n < 0 && errno == EINTR);
  return n;
}

Stream::Progress Stream::Read(std::span<char> buffer) {
  if (ssl_ != nullptr) {
    const int n = ::SSL_read(ssl_.get(), buffer.data(), Bounded(buffer.size()));
    if (n > 0) return {static_cast<std::size_t>(n), Await::kNothing};
    return {0, AwaitAfter(n)};
  }
  const ssize_t n = ReceiveRaw(buffer.data(), buffer.size());
  if (n > 0) return {static_cast<std::size_t>(n), Await::kNothing};
  return {0, n < 0 && WouldBlock() ? Await::kReadable : Await::kEnd};
}

Stream::Progress Stream::Write(std::string_view octets) {
  if (ssl_ != nullptr) {
    const int n = ::SSL_write(ssl_.get(), octets.data(), Bounded(octets.size()));
    if (n > 0) return {static_cast<std::size_t>(n), Await::kNothing};
    return {0, AwaitAfter(n)};
  }
  const ssize_t n = Send(socket_.native_handle(), octets.data(), octets.size());
  if (n >= 0) return {static_cast<std::size_t>(n), Await::kNothing};
  return {0, WouldBlock() ? Await::kWritable : Await::kEnd};
}

bool Stream::BeginTls(std::shared_ptr<const Tls> tls) {
  SslPointer ssl = tls->NewSession();
  BIO* bio = ::BIO_new(SocketMethod());
  if (ssl == nullptr || bio == nullptr) {
    ::BIO_free(bio);
    return false;
  }
  ::BIO_set_data(bio, this);
  ::BIO_set_init(bio, 1);
  ::SSL_set_bio(ssl.get(), bio, bio);
  tls_ = std::move(tls);
  ssl_ = std::move(ssl);
  return true;
}

Stream::Await Stream::Handshake() {
  const int result = ::SSL_accept(ssl_.get());
  if (result != 1) {
    const char* reason = ::ERR_reason_error_string(::ERR_peek_error());
    if (reason != nullptr) tls_failure_ = reason;
    return AwaitAfter(result);
  }
  tls_version_ = ::SSL_get_version(ssl_.get());
  return Await::kNothing;
}

void Stream::EndTls() {
  if (ssl_ == nullptr || ::SSL_is_init_finished(ssl_.get()) == 0) return;
  ::SSL_shutdown(ssl_.get());
  ::ERR_clear_error();
}

Stream::Await Stream::AwaitAfter(int result) {
  const int error = ::SSL_get_error(ssl_.get(), result);
  ::ERR_clear_error();
  if (error == SSL_ERROR_WANT_READ) return Await::kReadable;
  if (error == SSL_ERROR_WANT_WRITE) return Await::kWritable;
  return Await::kEnd;
}

}  // namespace bounced::smtp
