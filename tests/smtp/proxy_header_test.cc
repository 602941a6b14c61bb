#include "server/smtp/proxy_header.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace bounced::smtp {
namespace {

using State = ProxyHeader::State;

std::string V2(unsigned command, unsigned family, const std::string& addresses) {
  std::string header("\r\n\r\n\0\r\nQUIT\n", 12);
  header += static_cast<char>(0x20 | command);
  header += static_cast<char>(family);
  header += static_cast<char>(addresses.size() >> 8);
  header += static_cast<char>(addresses.size() & 0xff);
  return header + addresses;
}

const std::string kInet("\xC0\x00\x02\x01\xC0\x00\x02\x02\x12\x34\x00\x19", 12);
const std::string kInet6 = "\x20\x01\x0d\xb8" + std::string(11, '\0') + "\x07" +
                           std::string(16, '\0') + std::string("\x12\x34\x00\x19", 4);

TEST(ProxyHeaderTest, S146S147T32EachForm) {
  struct Case {
    const char* name;
    std::string header;
    const char* client;  // empty: the peer's own; null: it is wrong
  };
  const std::string mapped = std::string(10, '\0') + std::string("\xff\xff\xC0\x00\x02\x07", 6) +
                             std::string(16, '\0') + std::string(4, '\0');
  const Case kCases[] = {
      {"v1 of IPv4", "PROXY TCP4 192.0.2.1 192.0.2.2 56324 25\r\n", "192.0.2.1"},
      {"v1 of IPv6", "PROXY TCP6 2001:db8::7 2001:db8::1 56324 25\r\n", "2001:db8::7"},
      {"v1 of IPv4 in IPv6", "PROXY TCP6 ::ffff:192.0.2.7 ::ffff:192.0.2.1 1 25\r\n", "192.0.2.7"},
      {"v1 unknown", "PROXY UNKNOWN\r\n", ""},
      {"v1 unknown with more", "PROXY UNKNOWN ffff::1 ffff::2 65535 65535\r\n", ""},
      {"v1 of another family", "PROXY UDP4 192.0.2.1 192.0.2.2 56324 25\r\n", nullptr},
      {"v1 of IPv6 said to be IPv4", "PROXY TCP4 2001:db8::7 2001:db8::1 1 25\r\n", nullptr},
      {"v1 without a port", "PROXY TCP4 192.0.2.1 192.0.2.2 56324\r\n", nullptr},
      {"v1 with a port beyond", "PROXY TCP4 192.0.2.1 192.0.2.2 65536 25\r\n", nullptr},
      {"v1 with more", "PROXY TCP4 192.0.2.1 192.0.2.2 1 25 x\r\n", nullptr},
      {"v1 with two blanks", "PROXY TCP4  192.0.2.1 192.0.2.2 1 25\r\n", nullptr},
      {"v1 without addresses", "PROXY TCP4\r\n", nullptr},
      {"v1 in small letters", "proxy TCP4 192.0.2.1 192.0.2.2 1 25\r\n", nullptr},
      {"v1 of a name", "PROXY TCP4 mx.example 192.0.2.2 1 25\r\n", nullptr},
      {"v2 of IPv4", V2(1, 0x11, kInet), "192.0.2.1"},
      {"v2 of IPv6", V2(1, 0x21, kInet6), "2001:db8::7"},
      {"v2 of IPv4 in IPv6", V2(1, 0x21, mapped), "192.0.2.7"},
      {"v2 with TLVs", V2(1, 0x11, kInet + std::string("\x04\x00\x01x", 4)), "192.0.2.1"},
      {"v2 local", V2(0, 0x11, kInet), ""},
      {"v2 local, empty", V2(0, 0x00, ""), ""},
      {"v2 of UDP", V2(1, 0x12, kInet), ""},
      {"v2 of Unix", V2(1, 0x31, std::string(216, 'u')), ""},
      {"v2 unspecified", V2(1, 0x00, ""), ""},
      {"v2 with addresses cut", V2(1, 0x11, kInet.substr(1)), nullptr},
      {"v2 of IPv6 with those of IPv4", V2(1, 0x21, kInet), nullptr},
      {"v2 with another command", V2(2, 0x11, kInet), nullptr},
      {"EHLO", "EHLO client.example\r\n", nullptr},
      {"TLS", std::string("\x16\x03\x01", 3), nullptr},
  };
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.name);
    const ProxyHeader header = ReadProxyHeader(c.header + "EHLO x\r\n");
    if (c.client == nullptr) {
      EXPECT_EQ(header.state, State::kWrong);
      continue;
    }
    ASSERT_EQ(header.state, State::kWhole);
    EXPECT_EQ(header.octets, c.header.size());
    EXPECT_EQ(header.client ? header.client->ToString() : "", c.client);
    // Of any beginning more is wanted.
    for (std::size_t size = 0; size < c.header.size(); ++size) {
      EXPECT_EQ(ReadProxyHeader(c.header.substr(0, size)).state, State::kMore) << size;
    }
  }
}

TEST(ProxyHeaderTest, S146T32Bounds) {
  const auto v1 = [](std::size_t octets) {
    std::string header = "PROXY UNKNOWN ";
    return header + std::string(octets - header.size() - 2, 'x') + "\r\n";
  };
  EXPECT_EQ(ReadProxyHeader(v1(kMaxProxyV1Octets)).state, State::kWhole);
  EXPECT_EQ(ReadProxyHeader(v1(kMaxProxyV1Octets + 1)).state, State::kWrong);
  EXPECT_EQ(ReadProxyHeader(v1(kMaxProxyV1Octets).substr(0, kMaxProxyV1Octets - 1)).state,
            State::kMore);
  const std::string most = kInet + std::string(kMaxProxyV2Octets - 16 - kInet.size(), 't');
  EXPECT_EQ(ReadProxyHeader(V2(1, 0x11, most)).state, State::kWhole);
  EXPECT_EQ(ReadProxyHeader(V2(1, 0x11, most + "t")).state, State::kWrong);
  std::string other_version = V2(1, 0x11, kInet);
  other_version[12] = 0x11;
  EXPECT_EQ(ReadProxyHeader(other_version).state, State::kWrong);
}

}  // namespace
}  // namespace bounced::smtp
