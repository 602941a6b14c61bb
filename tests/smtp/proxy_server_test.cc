// Listeners behind a proxy, and on a path of this machine.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "server/smtp/listener.h"
#include "tests/smtp/client.h"
#include "tests/smtp/server_fixture.h"

namespace bounced::smtp {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

class ProxyServerTest : public ServerTest {
 protected:
  ProxyServerTest() {
    options_.listen = {{.address = "127.0.0.1:0", .proxy = true}, {.address = "127.0.0.1:0"}};
    options_.networks.trusted_proxies = {*IpNetwork::Parse("127.0.0.0/8")};
  }

  // The client's address that a message of this connection has.
  std::string ClientOfAMessage(Client& client) {
    client.BeginData();
    client.Send(".\r\n");
    Message message = receiver_.Take();
    message.done(MessageIds{"id-1"});
    EXPECT_THAT(client.Read(), StartsWith("250 2.0.0"));
    return message.client_address;
  }
};

TEST_F(ProxyServerTest, S145S147TheClientIsWhomTheProxyNames) {
  Start();
  struct Case {
    std::string_view header;
    std::string_view client;
  };
  const Case kCases[] = {
      {"PROXY TCP4 192.0.2.1 192.0.2.2 56324 25\r\n", "192.0.2.1"},
      {"PROXY TCP6 2001:db8::7 2001:db8::1 56324 25\r\n", "2001:db8::7"},
      {"PROXY UNKNOWN\r\n", "127.0.0.1"},
      {std::string_view("\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xC0\0\2\7\xC0\0\2\1\x12\x34\0\x19", 28),
       "192.0.2.7"},
      {std::string_view("\r\n\r\n\0\r\nQUIT\n\x20\0\0\0", 16), "127.0.0.1"},
  };
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.client);
    Client whole(address_);
    whole.Send(c.header);
    EXPECT_EQ(ClientOfAMessage(whole), c.client);
    Client cut(address_);
    for (const char octet : c.header) cut.Send(std::string_view(&octet, 1));
    EXPECT_EQ(ClientOfAMessage(cut), c.client);
  }
}

TEST_F(ProxyServerTest, S147T32LimitsCountTheClientThatIsStated) {
  options_.limits.max_sessions_per_client = 1;
  Start();
  const auto connect = [this](Client& client, std::string_view address) {
    client.Connect(address_);
    client.Send("PROXY TCP4 " + std::string(address) + " 192.0.2.99 56324 25\r\n");
    return client.Read();
  };
  Client a, b, c;
  EXPECT_THAT(connect(a, "192.0.2.1"), StartsWith("220 "));
  EXPECT_THAT(connect(b, "192.0.2.2"), StartsWith("220 "));
  EXPECT_THAT(connect(c, "192.0.2.1"), StartsWith("421 4.7.0"));
  EXPECT_EQ(c.Read(), "<end>");
}

TEST_F(ProxyServerTest, S145T32ElsewhereItIsAnUnknownVerb) {
  options_.listen[0].proxy = false;
  Start();
  Client client(address_);
  EXPECT_THAT(client.Read(), StartsWith("220 "));
  EXPECT_THAT(client.Ask("PROXY TCP4 192.0.2.1 192.0.2.2 56324 25"), StartsWith("500 5.5.2"));
  EXPECT_EQ(client.Read(), "<end>");
}

TEST_F(ProxyServerTest, S145T32FromOthersItIsAnUnknownVerb) {
  options_.networks.trusted_proxies = {*IpNetwork::Parse("192.0.2.0/24")};
  Start();
  Client client(address_);
  EXPECT_THAT(client.Read(), StartsWith("220 "));
  EXPECT_THAT(client.Ask("PROXY TCP4 192.0.2.1 192.0.2.2 56324 25"), StartsWith("500 5.5.2"));
  EXPECT_EQ(client.Read(), "<end>");
}

TEST_F(ProxyServerTest, S146T32WithoutAHeaderThereIsNoBanner) {
  Start();
  for (const std::string_view octets :
       {std::string_view("EHLO client.example\r\n"), std::string_view("PROXY TCP4 x\r\n"),
        std::string_view("PROXY TCP4 192.0.2.1 192.0.2.2 1 25\r\nPROXY UNKNOWN\r\n")}) {
    SCOPED_TRACE(octets);
    Client client(address_);
    client.Send(octets);
    // Of two headers the second comes before the banner, which is out of turn.
    EXPECT_THAT(client.ReadLine(), testing::AnyOf("<end>", "<reset>", StartsWith("554 5.5.0")));
  }
  EXPECT_THAT(WaitForLog("end=proxy_header"), testing::Not(HasSubstr("messages=1")));
}

TEST_F(ProxyServerTest, S146T21T32AHeaderThatDoesNotComeEndsInSilence) {
  Start();
  Client client(address_);
  client.Send("PROXY TCP4 192.0.2.1");
  while (client.Silent()) clock_.Advance(absl::Seconds(5));
  EXPECT_THAT(client.ReadLine(), testing::AnyOf("<end>", "<reset>"));
  WaitForLog("end=proxy_timeout");
}

class PathTest : public ServerTest {
 protected:
  PathTest() {
    std::string name = testing::TempDir() + "path-XXXXXX";
    folder_ = ::mkdtemp(name.data());
    path_ = folder_ / "lmtp";
    options_.listen = {{.address = path_, .lmtp = true}};
  }
  ~PathTest() override { std::filesystem::remove_all(folder_); }

  std::filesystem::path folder_;
  std::string path_;
};

TEST_F(PathTest, AMessageComesByLmtp) {
  Start();
  EXPECT_EQ(address_, path_);
  Client client{SocketPath{path_}};
  EXPECT_THAT(client.Read(), StartsWith("220 mx.example.net LMTP"));
  EXPECT_THAT(client.Ask("LHLO client.example"), StartsWith("250 "));
  EXPECT_THAT(client.Ask("MAIL FROM:<>"), StartsWith("250 2.1.0"));
  EXPECT_THAT(client.Ask("RCPT TO:<bounce@rp.example>"), StartsWith("250 2.1.5"));
  EXPECT_THAT(client.Ask("DATA"), StartsWith("354 "));
  client.Send("text\r\n.\r\n");
  Message message = receiver_.Take();
  EXPECT_EQ(message.client_address, "");
  message.done(MessageIds{"id-1"});
  EXPECT_THAT(client.Read(), StartsWith("250 2.0.0"));
}

TEST_F(PathTest, TwoDoNotShareAPathAndADeadOneIsTakenOver) {
  Start();
  auto second = Server::Listen(options_, receiver_, clock_, *log_, counters_);
  EXPECT_EQ(second.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(second.status().message()), HasSubstr("in use"));
  // The socket stays behind, as after a crash.
  server_.reset();
  ASSERT_TRUE(std::filesystem::exists(path_));
  Start();
  Client client{SocketPath{path_}};
  EXPECT_THAT(client.Read(), StartsWith("220 "));
}

// A socket of somebody else's at that path; it does not block.
int Bind(int type, const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof(address.sun_path) - 1);
  const int fd = ::socket(AF_UNIX, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  EXPECT_EQ(::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
  return fd;
}

TEST_F(PathTest, WhoseQueueIsFullIsServedAndNobodyWaitsForIt) {
  const int listening = Bind(SOCK_STREAM, path_);
  ASSERT_EQ(::listen(listening, 0), 0);
  sockaddr_un address{};
  socklen_t size = sizeof(address);
  ASSERT_EQ(::getsockname(listening, reinterpret_cast<sockaddr*>(&address), &size), 0);
  std::vector<int> waiting;
  do {
    waiting.push_back(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  } while (::connect(waiting.back(), reinterpret_cast<const sockaddr*>(&address), size) == 0);
  ASSERT_EQ(errno, EAGAIN);
  auto server = Server::Listen(options_, receiver_, clock_, *log_, counters_);
  EXPECT_EQ(server.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(server.status().message()), HasSubstr("in use"));
  for (const int fd : waiting) ::close(fd);
  ::close(listening);
}

TEST_F(PathTest, ASocketOfAnotherKindIsLeftAlone) {
  const int other = Bind(SOCK_DGRAM, path_);
  auto server = Server::Listen(options_, receiver_, clock_, *log_, counters_);
  EXPECT_EQ(server.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_TRUE(std::filesystem::exists(path_));
  ::close(other);
}

TEST_F(PathTest, WhatIsNoSocketIsLeftAlone) {
  options_.listen = {{.address = folder_}};
  auto server = Server::Listen(options_, receiver_, clock_, *log_, counters_);
  EXPECT_EQ(server.status().code(), absl::StatusCode::kUnavailable);
  options_.listen = {{.address = "/" + std::string(200, 'x')}};
  server = Server::Listen(options_, receiver_, clock_, *log_, counters_);
  EXPECT_EQ(server.status().code(), absl::StatusCode::kUnavailable);
}

TEST_F(ServerTest, S144ASocketThatListensIsTakenOver) {
  const auto bound = smtp::Listen("127.0.0.1:0");
  ASSERT_TRUE(bound.ok());
  options_.listen = {{.descriptor = bound->descriptor}};
  Start();
  EXPECT_EQ(address_, bound->address);
  {
    Client client(address_);
    EXPECT_THAT(client.Read(), StartsWith("220 "));
  }
  server_.reset();
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  options_.listen = {{.descriptor = fd}};
  EXPECT_EQ(Server::Listen(options_, receiver_, clock_, *log_, counters_).status().code(),
            absl::StatusCode::kInvalidArgument);
  ::close(fd);
}

}  // namespace
}  // namespace bounced::smtp
