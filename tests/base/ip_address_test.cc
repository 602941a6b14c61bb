#include "server/base/ip_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace bounced {
namespace {

using testing::HasSubstr;

TEST(IpAddressTest, IsReadAndShown) {
  struct Case {
    std::string text;
    std::string shown;  // empty: no address
    bool v4 = false;
  };
  const Case kCases[] = {
      {"192.0.2.1", "192.0.2.1", true},
      {"2001:DB8:0:0::1", "2001:db8::1"},
      {"::", "::"},
      {"::ffff:192.0.2.1", "192.0.2.1", true},
      {"::ffff:c000:201", "192.0.2.1", true},
      {"", ""},
      {"192.0.2", ""},
      {"192.0.2.256", ""},
      {" 192.0.2.1", ""},
      {"[2001:db8::1]", ""},
      {"fe80::1%eth0", ""},
      {std::string("192.0.2.1\0", 10), ""},
  };
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.text);
    const auto address = IpAddress::Parse(c.text);
    ASSERT_EQ(address.has_value(), !c.shown.empty());
    if (!address) continue;
    EXPECT_EQ(address->ToString(), c.shown);
    EXPECT_EQ(address->is_v4(), c.v4);
    EXPECT_EQ(address->octets().size(), c.v4 ? 4u : 16u);
  }
}

TEST(IpAddressTest, ComesFromASocket) {
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  ::inet_pton(AF_INET6, "::ffff:192.0.2.7", &v6.sin6_addr);
  const auto* any = reinterpret_cast<const sockaddr*>(&v6);
  EXPECT_EQ(IpAddress::FromSockaddr(any, sizeof v6)->ToString(), "192.0.2.7");
  EXPECT_EQ(IpAddress::FromSockaddr(any, sizeof v6 - 1), std::nullopt);
  v6.sin6_family = AF_UNIX;
  EXPECT_EQ(IpAddress::FromSockaddr(any, sizeof v6), std::nullopt);
}

TEST(IpAddressTest, KnowsLoopback) {
  for (const char* text : {"127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"}) {
    EXPECT_TRUE(IpAddress::Parse(text)->is_loopback()) << text;
  }
  for (const char* text : {"128.0.0.1", "::", "::2", "1::1"}) {
    EXPECT_FALSE(IpAddress::Parse(text)->is_loopback()) << text;
  }
}

TEST(IpNetworkTest, Contains) {
  struct Case {
    const char* network;
    const char* address;
    bool contains;
  };
  const Case kCases[] = {
      {"192.0.2.0/24", "192.0.2.255", true},
      {"192.0.2.0/24", "192.0.3.0", false},
      {"192.0.2.128/25", "192.0.2.127", false},
      {"192.0.2.1", "192.0.2.1", true},
      {"192.0.2.1", "192.0.2.2", false},
      {"0.0.0.0/0", "255.255.255.255", true},
      {"0.0.0.0/0", "::1", false},
      {"::/0", "192.0.2.1", false},
      {"2001:db8::/32", "2001:db8:ffff::1", true},
      {"2001:db8::/33", "2001:db8:8000::", false},
      {"192.0.2.0/24", "::ffff:192.0.2.9", true},
  };
  for (const Case& c : kCases) {
    SCOPED_TRACE(std::string(c.network) + " " + c.address);
    EXPECT_EQ(IpNetwork::Parse(c.network)->Contains(*IpAddress::Parse(c.address)), c.contains);
  }
}

TEST(IpNetworkTest, SaysWhatIsWrong) {
  struct Case {
    const char* text;
    const char* message;
  };
  const Case kCases[] = {
      {"", "no address"},
      {"mx.example", "no address"},
      {"192.0.2.0/", "from 0 to 32"},
      {"192.0.2.0/33", "from 0 to 32"},
      {"192.0.2.0/-1", "from 0 to 32"},
      {"192.0.2.0/+8", "from 0 to 32"},
      {"2001:db8::/129", "from 0 to 128"},
      {"192.0.2.1/24", "do you mean 192.0.2.0/24?"},
  };
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.text);
    const absl::Status status = IpNetwork::Parse(c.text).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(status.message()), HasSubstr(c.message));
  }
  EXPECT_EQ(IpNetwork::Parse("2001:db8::/32")->ToString(), "2001:db8::/32");
}

}  // namespace
}  // namespace bounced
