#include "server/base/host_port.h"

#include <gtest/gtest.h>

namespace bounced {
namespace {

TEST(HostPort, IsReadWhereItIsOne) {
  const struct {
    std::string_view text;
    std::string_view host;
    std::uint16_t port;
    bool bracketed;
  } kCases[] = {
      {"127.0.0.1:25", "127.0.0.1", 25, false},
      {"mx.example.net:0", "mx.example.net", 0, false},
      {"[::1]:65535", "::1", 65535, true},
      {"[127.0.0.1]:25", "127.0.0.1", 25, true},
  };
  for (const auto& c : kCases) {
    const std::optional<HostPort> got = ParseHostPort(c.text);
    ASSERT_TRUE(got) << c.text;
    EXPECT_EQ(got->host, c.host);
    EXPECT_EQ(got->port, c.port);
    EXPECT_EQ(got->bracketed, c.bracketed);
  }
}

TEST(HostPort, IsNoneWhereItIsNot) {
  for (const std::string_view text :
       {"", ":", "25", ":25", "a:", "a:b", "a:-1", "a:+1", "a: 1", "a:1 ", "a:65536",
        "a:99999999999", "::1:25", "[::1:25", "::1]:25", "[]:25", "[:25", "[[::1]]:25"}) {
    EXPECT_FALSE(ParseHostPort(text)) << text;
  }
}

TEST(HostPort, T35IsLocalWhereNoOtherMachineReachesIt) {
  for (const std::string_view text : {"127.0.0.1:25", "127.255.255.255:1", "[::1]:25",
                                      "localhost:25", "LocalHost:0", "unix:/run/bounced/grpc"}) {
    EXPECT_TRUE(IsLocal(text)) << text;
  }
  for (const std::string_view text :
       {"0.0.0.0:25", "[::]:25", "126.0.0.1:25", "128.0.0.1:25", "127.0.0.1.example:25", "127.1:25",
        "127.0.0.256:25", "127.0.0.1.1:25", "[::ffff:127.0.0.1]:25", "localhost.example:25",
        "127.0.0.1", "mx.example:25", ""}) {
    EXPECT_FALSE(IsLocal(text)) << text;
  }
}

TEST(HostPort, OfAServerByItsAddress) {
  for (const std::string_view text : {"127.0.0.1:53", "[::1]:53", "127.0.0.1:65535"}) {
    EXPECT_TRUE(IsAddressAndPort(text)) << text;
  }
  for (const std::string_view text : {"127.0.0.1", "127.0.0.1:0", "[127.0.0.1]:53", "ns.example:53",
                                      "[ns.example]:53", "::1:53"}) {
    EXPECT_FALSE(IsAddressAndPort(text)) << text;
  }
}

}  // namespace
}  // namespace bounced
