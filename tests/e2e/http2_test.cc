// Frames of HTTP/2 that are made to harm, over a plain socket: the daemon's memory stays bounded,
// and others are served.
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/e2e/harness/daemon.h"

namespace bounced::e2e {
namespace {

// RFC 9113, 6.
enum FrameType : std::uint8_t {
  kData = 0,
  kHeaders = 1,
  kRstStream = 3,
  kSettings = 4,
  kPing = 6,
  kGoAway = 7,
  kContinuation = 9,
};
constexpr int kEndStream = 1;
constexpr int kEndHeaders = 4;
constexpr std::size_t kFrameHeadOctets = 9;
constexpr std::size_t kMaxFrameOctets = 16'384;

std::string Number(std::uint32_t value, int octets) {
  std::string text;
  while (octets-- > 0) text += static_cast<char>(value >> (8 * octets));
  return text;
}

std::string Frame(FrameType type, int flags, std::uint32_t stream, std::string_view payload) {
  return Number(static_cast<std::uint32_t>(payload.size()), 3) + static_cast<char>(type) +
         static_cast<char>(flags) + Number(stream, 4) + std::string(payload);
}

// A field that goes into no table (RFC 7541, 6.2.2).
std::string Field(std::string_view name, std::string_view value) {
  return std::string(1, '\0') + static_cast<char>(name.size()) + std::string(name) +
         static_cast<char>(value.size()) + std::string(value);
}

std::string RequestFields(std::string_view method, std::string_view encoding = "identity") {
  return Field(":method", "POST") + Field(":scheme", "http") +
         Field(":path", "/bounced.v1.SuppressionService/" + std::string(method)) +
         Field(":authority", "x") + Field("content-type", "application/grpc") +
         Field("te", "trailers") + Field("grpc-encoding", encoding);
}

// A message of gRPC, cut into frames.
std::string Message(std::uint32_t stream, bool compressed, const std::string& message) {
  std::string octets =
      (compressed ? '\1' : '\0') + Number(static_cast<std::uint32_t>(message.size()), 4) + message;
  std::string frames;
  for (std::size_t at = 0; at < octets.size(); at += kMaxFrameOctets) {
    const bool last = at + kMaxFrameOctets >= octets.size();
    frames += Frame(kData, last ? kEndStream : 0, stream, octets.substr(at, kMaxFrameOctets));
  }
  return frames;
}

class Connection {
 public:
  explicit Connection(std::uint16_t port, std::string_view settings = "")
      : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0) {
      throw std::runtime_error("cannot connect");
    }
    Send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + Frame(kSettings, 0, 0, settings));
  }
  ~Connection() { ::close(fd_); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // False: the daemon has closed, or takes no more (for a second).
  bool Send(std::string_view octets) {
    while (!octets.empty()) {
      pollfd room{fd_, POLLOUT, 0};
      if (::poll(&room, 1, 1'000) != 1) return false;
      const ssize_t sent = ::send(fd_, octets.data(), octets.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      if (sent <= 0) {
        is_ended_ = errno == EPIPE || errno == ECONNRESET;
        return false;
      }
      octets.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }

  // Whether Send() found that the daemon had closed.
  bool is_ended() const { return is_ended_; }

  // Reads until `ended(type, flags, stream, payload)` or the end. False: the end, or a minute.
  template <typename Ended>
  bool ReadUntil(Ended ended) {
    for (;;) {
      while (in_.size() >= kFrameHeadOctets) {
        const auto octet = [this](std::size_t i) { return static_cast<unsigned char>(in_[i]); };
        const std::size_t length = octet(0) << 16U | octet(1) << 8U | octet(2);
        if (in_.size() < kFrameHeadOctets + length) break;
        const std::uint32_t stream =
            (octet(5) & 127U) << 24U | octet(6) << 16U | octet(7) << 8U | octet(8);
        const bool is_it = ended(octet(3), octet(4), stream, in_.substr(kFrameHeadOctets, length));
        in_.erase(0, kFrameHeadOctets + length);
        if (is_it) return true;
      }
      pollfd waiting{fd_, POLLIN, 0};
      if (::poll(&waiting, 1, 60'000) != 1) return false;
      char buffer[65'536];
      const ssize_t got = ::recv(fd_, buffer, sizeof(buffer), 0);
      if (got <= 0) return false;
      in_.append(buffer, static_cast<std::size_t>(got));
    }
  }

 private:
  const int fd_;
  bool is_ended_ = false;
  std::string in_;
};

class Http2Test : public testing::Test {
 protected:
  std::int64_t MemoryKiB() const {
    std::istringstream status(ReadFile("/proc/" + std::to_string(daemon_.pid()) + "/status"));
    std::string line;
    while (std::getline(status, line)) {
      if (line.starts_with("VmRSS:")) return std::stoll(line.substr(6));
    }
    throw std::runtime_error("no VmRSS");
  }
  // Sends what `frames(i)` makes, `count` times or until the daemon takes no more, and checks what
  // that does to it and to others.
  template <typename Frames>
  void Flood(int count, std::int64_t most_mib, Frames frames, std::string_view settings = "") {
    daemon_.Check("warm@rcpt.example");
    const std::int64_t before = MemoryKiB();
    {
      Connection connection(daemon_.port("grpc"), settings);
      for (int i = 0; i < count; ++i) {
        if (!connection.Send(frames(i))) break;
        // Another client, meanwhile: a call that takes too long throws.
        if (i % (count / 10) == 0) daemon_.Check("other@rcpt.example");
      }
      daemon_.Check("other@rcpt.example");
      EXPECT_LT(MemoryKiB() - before, most_mib << 10);
    }
    daemon_.Check("other@rcpt.example");
    EXPECT_EQ(daemon_.Stop(SIGTERM), 0);
  }

  Daemon daemon_;
};

TEST_F(Http2Test, T29Pings) {
  // gRPC ends the connection, but reads on for as long as it has to (some 3 MB of pings), and takes
  // 60 to 130 MB for that, which it uses again: with one connection after the other it stays there.
  constexpr std::int64_t kMostMib = 256;
  const std::string ping = Frame(kPing, 0, 0, "12345678");
  daemon_.Check("warm@rcpt.example");
  const std::int64_t before = MemoryKiB();
  for (int i = 0; i < 4; ++i) {
    Connection connection(daemon_.port("grpc"));
    for (int sent = 0; sent < 2'000'000 && connection.Send(ping); ++sent) {
    }
    EXPECT_TRUE(connection.is_ended());
    daemon_.Check("other@rcpt.example");
  }
  EXPECT_LT(MemoryKiB() - before, kMostMib << 10);
}

TEST_F(Http2Test, T29Settings) {
  // SETTINGS_MAX_CONCURRENT_STREAMS, again and again.
  const std::string settings = Frame(kSettings, 0, 0, Number(3, 2) + Number(100, 4));
  Flood(200'000, 64, [&](int) { return settings; });
}

TEST_F(Http2Test, T29WindowsOfOneOctet) {
  std::string request;  // addresses = 3
  for (int i = 0; i < 10'000; ++i) request += "\x1a\x01x";
  // SETTINGS_INITIAL_WINDOW_SIZE: each answer waits for its second octet, for ever.
  Flood(
      100, 64,
      [&](int i) {
        const auto stream = static_cast<std::uint32_t>(2 * i + 1);
        return Frame(kHeaders, kEndHeaders, stream, RequestFields("BatchCheck")) +
               Message(stream, false, request);
      },
      Number(4, 2) + Number(1, 4));
}

TEST_F(Http2Test, T25AGzipBombIsNotUnpacked) {
  // 256 MiB, in some 260 KiB.
  const Outcome bomb = RunProgram({"sh", "-c", "head -c 268435456 /dev/zero | gzip -9"});
  ASSERT_EQ(bomb.status, 0);
  ASSERT_LT(bomb.out.size(), std::size_t{1} << 20);
  daemon_.Check("warm@rcpt.example");
  const std::int64_t before = MemoryKiB();
  Connection connection(daemon_.port("grpc"));
  ASSERT_TRUE(connection.Send(Frame(kHeaders, kEndHeaders, 1, RequestFields("Check", "gzip")) +
                              Message(1, true, bomb.out)));
  EXPECT_TRUE(connection.ReadUntil([](int type, int flags, std::uint32_t stream,
                                      const std::string&) {
    const bool ended = type == kRstStream || (type == kHeaders && (flags & kEndStream) != 0);
    return stream == 1 && ended;
  })) << "the call is ended";
  EXPECT_LT(MemoryKiB() - before, 16 << 10);
  daemon_.Check("other@rcpt.example");
}

}  // namespace
}  // namespace bounced::e2e
