// A DNS server on a free port of loopback that says what a test tells it to.
#pragma once

#include <array>
#include <asio/buffer.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/ip/udp.hpp>
#include <asio/read.hpp>
#include <asio/write.hpp>
#include <functional>
#include <memory>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "wire.h"

namespace bounced::dns {

// A query as it came, and the head of a reply to it.
struct WireQuery {
  Question question = {};
  bool is_tcp = false;
  WireMessage reply = {};  // of RCODE 0, without records
};

class NameServer {
 public:
  // The messages to send back, on the server's thread. None: silence, and over TCP it hangs up.
  using Handler = std::function<std::vector<std::string>(const WireQuery& query)>;

  explicit NameServer(Handler handler) : handler_(std::move(handler)) {
    // A free port of one protocol may be taken in the other.
    constexpr int kAttempts = 20;
    const asio::ip::address loopback = asio::ip::make_address("127.0.0.1");
    for (int i = 0; i < kAttempts; ++i) {
      udp_ = asio::ip::udp::socket(io_, {loopback, 0});
      port_ = udp_.local_endpoint().port();
      std::error_code error;
      acceptor_.open(asio::ip::tcp::v4(), error);
      acceptor_.set_option(asio::ip::tcp::acceptor::reuse_address(true));
      acceptor_.bind({loopback, port_}, error);
      if (!error) break;
      acceptor_.close();
    }
    acceptor_.listen();
    ReceiveUdp();
    Accept();
    thread_ = std::thread([this] { io_.run(); });
  }
  ~NameServer() {
    io_.stop();
    thread_.join();
  }

  std::string address() const { return absl::StrCat("127.0.0.1:", port_); }

 private:
  struct Connection {
    explicit Connection(asio::ip::tcp::socket connected) : socket(std::move(connected)) {}
    asio::ip::tcp::socket socket;
    std::string octets;
  };

  std::vector<std::string> Handle(const std::string& message, bool is_tcp) {
    WireQuery query{.is_tcp = is_tcp};
    std::size_t place = 12;
    while (const auto length = static_cast<unsigned char>(message.at(place))) {
      if (place > 12) query.question.name += '.';
      query.question.name += message.substr(place + 1, length);
      place += 1 + length;
    }
    const auto octet = [&](std::size_t i) -> unsigned {
      return static_cast<unsigned char>(message.at(i));
    };
    query.question.type = static_cast<Type>(octet(place + 1) << 8 | octet(place + 2));
    query.reply.id = octet(0) << 8 | octet(1);
    query.reply.question = message.substr(12, place + 5 - 12);
    return handler_(query);
  }

  void ReceiveUdp() {
    udp_.async_receive_from(asio::buffer(datagram_), peer_,
                            [this](const std::error_code& error, std::size_t octets) {
                              if (error) return;
                              const std::string message(datagram_.data(), octets);
                              for (const std::string& reply : Handle(message, false)) {
                                udp_.send_to(asio::buffer(reply), peer_);
                              }
                              ReceiveUdp();
                            });
  }

  void Accept() {
    acceptor_.async_accept([this](const std::error_code& error, asio::ip::tcp::socket socket) {
      if (error) return;
      Serve(std::make_shared<Connection>(std::move(socket)));
      Accept();
    });
  }

  void Serve(const std::shared_ptr<Connection>& connection) {
    connection->octets.resize(2);
    asio::async_read(connection->socket, asio::buffer(connection->octets),
                     [this, connection](const std::error_code& error, std::size_t) {
                       if (error) return;
                       const std::size_t high = static_cast<unsigned char>(connection->octets[0]);
                       const auto low = static_cast<unsigned char>(connection->octets[1]);
                       connection->octets.resize(high << 8u | low);
                       std::error_code failed;
                       asio::read(connection->socket, asio::buffer(connection->octets), failed);
                       if (failed) return;
                       const std::vector<std::string> replies = Handle(connection->octets, true);
                       if (replies.empty()) return;
                       for (const std::string& reply : replies) {
                         const std::string sent =
                             Number16(static_cast<unsigned>(reply.size())) + reply;
                         asio::write(connection->socket, asio::buffer(sent), failed);
                       }
                       Serve(connection);
                     });
  }

  Handler handler_;
  asio::io_context io_{1};
  asio::ip::udp::socket udp_{io_};
  asio::ip::tcp::acceptor acceptor_{io_};
  unsigned short port_ = 0;
  std::array<char, 4096> datagram_;
  asio::ip::udp::endpoint peer_;
  std::thread thread_;
};

}  // namespace bounced::dns
