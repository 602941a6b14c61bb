// A handshake of a real client whose octets are changed, cut and held back on the way, and what it
// says then: the server's side neither breaks, nor goes round in circles, nor hears anything under
// TLS that the client did not say there.
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <asio/io_context.hpp>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "require.h"
#include "server/smtp/stream.h"

namespace {

using namespace bounced::smtp;

constexpr int kMaxRounds = 64;

const std::shared_ptr<const Tls>& Certificates() {
  static const auto& tls = *new std::shared_ptr<const Tls>(
      Tls::SelfMade("mx.example.net", absl::FromUnixSeconds(1'800'000'000)).value());
  return tls;
}

struct Free {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  void operator()(SSL* ssl) const { SSL_free(ssl); }
};

// The client, whose octets come and go in memory.
class Client {
 public:
  explicit Client(bool old) : context_(SSL_CTX_new(TLS_client_method())) {
    if (old) SSL_CTX_set_max_proto_version(context_.get(), TLS1_2_VERSION);
    ssl_.reset(SSL_new(context_.get()));
    SSL_set_bio(ssl_.get(), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    SSL_set_tlsext_host_name(ssl_.get(), "mx.example.net");
    SSL_set_connect_state(ssl_.get());
  }
  // What it has to say next, having heard `octets`.
  std::string Next(std::string_view octets) {
    if (!octets.empty()) {
      BIO_write(SSL_get_rbio(ssl_.get()), octets.data(), static_cast<int>(octets.size()));
    }
    if (SSL_do_handshake(ssl_.get()) == 1 && !spoken_) {
      SSL_write(ssl_.get(), "EHLO x\r\n", 8);
      spoken_ = true;
    }
    ERR_clear_error();
    std::string said(BIO_ctrl_pending(SSL_get_wbio(ssl_.get())), '\0');
    if (!said.empty()) {
      BIO_read(SSL_get_wbio(ssl_.get()), said.data(), static_cast<int>(said.size()));
    }
    return said;
  }

 private:
  std::unique_ptr<SSL_CTX, Free> context_;
  std::unique_ptr<SSL, Free> ssl_;
  bool spoken_ = false;
};

// Changes one octet of the whole conversation, of which `octets` come behind the first `before`.
void Change(std::string& octets, std::size_t before, std::size_t where, std::uint8_t with) {
  if (where < before || where >= before + octets.size()) return;
  octets[where - before] = static_cast<char>(octets[where - before] ^ with);
}

std::string Receive(int fd) {
  std::array<char, 16 << 10> buffer;
  const ssize_t n = ::recv(fd, buffer.data(), buffer.size(), MSG_DONTWAIT);
  return n > 0 ? std::string(buffer.data(), static_cast<std::size_t>(n)) : "";
}

}  // namespace

// Octet 0: which client, and whether something is changed at all; 1 and 2: where, 3: how; 4: the
// cuts; what follows is said in the clear before the handshake, as an attacker would.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 5) return 0;
  const bool old = (data[0] & 1) != 0;
  const std::size_t where = static_cast<std::size_t>(data[1] << 8 | data[2]) % 1'024;
  const std::uint8_t with = (data[0] & 2) != 0 ? data[3] : 0;
  const std::size_t piece = 1u + data[4] * 4u;
  const std::string_view injected(reinterpret_cast<const char*>(data + 5), size - 5);

  std::array<int, 2> ends{};
  Require(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()) == 0);
  asio::io_context io;
  Stream stream(Socket(io, asio::generic::stream_protocol(AF_UNIX, 0), ends[0]));
  Require(stream.BeginTls(Certificates()));
  Client client(old);

  std::string to_server(injected);
  std::size_t said = 0;
  Stream::Await await = Stream::Await::kReadable;
  std::string from_server;
  for (int round = 0; round < kMaxRounds && await == Stream::Await::kReadable; ++round) {
    std::string more = client.Next(from_server);
    if (more.empty() && to_server.empty()) break;
    Change(more, said, where, with);
    said += more.size();
    to_server += more;
    while (!to_server.empty() && await == Stream::Await::kReadable) {
      const std::string_view some = std::string_view(to_server).substr(0, piece);
      Require(::send(ends[1], some.data(), some.size(), MSG_NOSIGNAL) ==
              static_cast<ssize_t>(some.size()));
      to_server.erase(0, some.size());
      await = stream.Handshake();
    }
    from_server = Receive(ends[1]);
  }
  if (await == Stream::Await::kNothing) {
    if (!to_server.empty()) {
      Require(::send(ends[1], to_server.data(), to_server.size(), MSG_NOSIGNAL) > 0);
    }
    std::array<char, 64> heard{};
    const Stream::Progress progress = stream.Read(heard);
    if (progress.octets > 0)
      Require(std::string_view(heard.data(), progress.octets) == "EHLO x\r\n");
    stream.EndTls();
  }
  ::close(ends[1]);
  return 0;
}
