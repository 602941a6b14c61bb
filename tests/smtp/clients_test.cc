#include "server/smtp/clients.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace bounced::smtp {
namespace {

using Answer = Clients::Answer;

IpAddress Ip(const std::string& text) { return *IpAddress::Parse(text); }

const absl::Time kNow = absl::UnixEpoch() + absl::Hours(1);

TEST(ClientsTest, S8T22SessionsOfAClientAndOfItsNetwork) {
  struct Case {
    const char* name;
    const char* first;
    std::size_t others;  // of the network, before it is full
    const char* other;   // with a %: their addresses, numbered from 1
    const char* beside;  // another network
  };
  const Case kCases[] = {
      {"IPv4", "192.0.2.200", 6, "192.0.2.%", "192.0.3.1"},
      {"IPv6", "2001:db8:1:ff::1", 6, "2001:db8:1:%::7", "2001:db8:2::1"},
  };
  Limits limits;
  limits.max_sessions_per_client = 2;
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.name);
    Clients clients(limits, {});
    EXPECT_EQ(clients.Enter(Ip(c.first), kNow), Answer::kWelcome);
    EXPECT_EQ(clients.Enter(Ip(c.first), kNow), Answer::kWelcome);
    EXPECT_EQ(clients.Enter(Ip(c.first), kNow), Answer::kTooManySessions);
    const auto other = [&c](std::size_t number) {
      std::string text = c.other;
      return Ip(text.replace(text.find('%'), 1, std::to_string(number)));
    };
    for (std::size_t i = 1; i <= c.others; ++i) {
      EXPECT_EQ(clients.Enter(other(i), kNow), Answer::kWelcome) << i;
    }
    EXPECT_EQ(clients.Enter(other(c.others + 1), kNow), Answer::kTooManySessions);
    EXPECT_EQ(clients.Enter(Ip(c.beside), kNow), Answer::kWelcome);
    clients.Leave(Ip(c.first));
    EXPECT_EQ(clients.Enter(other(c.others + 1), kNow), Answer::kWelcome);
    EXPECT_EQ(clients.Enter(Ip(c.first), kNow), Answer::kTooManySessions) << "the network is full";
  }
}

TEST(ClientsTest, S8T22OneIpv6ClientIsASubnet) {
  Limits limits;
  limits.max_sessions_per_client = 1;
  Clients clients(limits, {});
  EXPECT_EQ(clients.Enter(Ip("2001:db8::1"), kNow), Answer::kWelcome);
  EXPECT_EQ(clients.Enter(Ip("2001:db8::ffff"), kNow), Answer::kTooManySessions);
  EXPECT_EQ(clients.Enter(Ip("2001:db8:0:1::1"), kNow), Answer::kWelcome);
}

TEST(ClientsTest, S9T22ConnectionsAMinuteFade) {
  Limits limits;
  limits.max_connects_per_client = 6;
  Clients clients(limits, {});
  const IpAddress client = Ip("192.0.2.1");
  const auto connect = [&](absl::Time now) {
    const Answer answer = clients.Enter(client, now);
    if (answer == Answer::kWelcome) clients.Leave(client);
    return answer;
  };
  for (int i = 0; i < 6; ++i) EXPECT_EQ(connect(kNow), Answer::kWelcome) << i;
  EXPECT_EQ(connect(kNow), Answer::kTooOften);
  EXPECT_EQ(connect(kNow + absl::Seconds(9)), Answer::kTooOften);
  EXPECT_EQ(connect(kNow + absl::Seconds(20)), Answer::kWelcome) << "one in ten seconds";
  EXPECT_EQ(connect(kNow + absl::Seconds(20)), Answer::kTooOften);
  for (int i = 0; i < 6; ++i) EXPECT_EQ(connect(kNow + absl::Minutes(5)), Answer::kWelcome) << i;
  EXPECT_EQ(connect(kNow + absl::Minutes(5)), Answer::kTooOften);
}

TEST(ClientsTest, T12T23OtherDeedsAreCountedEachByItself) {
  Limits limits;
  limits.max_handshakes_per_client = 2;
  limits.max_bad_recipients_per_client = 3;
  limits.max_failed_logins_per_client = 4;
  Clients clients(limits, {});
  const IpAddress client = Ip("192.0.2.1");
  struct Case {
    bool (Clients::*deed)(const IpAddress&, absl::Time);
    std::size_t max;
  };
  for (const Case& c : {Case{&Clients::Handshake, 2}, Case{&Clients::BadRecipient, 3},
                        Case{&Clients::FailedLogin, 4}}) {
    for (std::size_t i = 0; i < c.max; ++i) EXPECT_FALSE((clients.*c.deed)(client, kNow)) << i;
    EXPECT_TRUE((clients.*c.deed)(client, kNow));
    EXPECT_FALSE((clients.*c.deed)(Ip("192.0.2.2"), kNow)) << "another client";
    EXPECT_FALSE((clients.*c.deed)(client, kNow + absl::Hours(2)));
  }
}

TEST(ClientsTest, ALimitOfNoughtIsNone) {
  Limits limits;
  limits.max_connects_per_client = 0;
  limits.max_failed_logins_per_client = 0;
  Clients clients(limits, {});
  for (int i = 0; i < 1'000; ++i) {
    EXPECT_EQ(clients.Enter(Ip("192.0.2.1"), kNow), Answer::kWelcome);
    clients.Leave(Ip("192.0.2.1"));
    EXPECT_FALSE(clients.FailedLogin(Ip("192.0.2.1"), kNow));
  }
}

TEST(ClientsTest, WhoIsExemptIsNotCounted) {
  Limits limits;
  limits.max_sessions_per_client = 1;
  limits.max_connects_per_client = 1;
  limits.max_handshakes_per_client = 1;
  Clients clients(limits, {*IpNetwork::Parse("192.0.2.0/24")});
  for (int i = 0; i < 9; ++i) {
    EXPECT_EQ(clients.Enter(Ip("192.0.2.1"), kNow), Answer::kWelcome);
    EXPECT_FALSE(clients.Handshake(Ip("192.0.2.1"), kNow));
  }
  EXPECT_EQ(clients.entries(), 0u);
  EXPECT_EQ(clients.Enter(Ip("192.0.3.1"), kNow), Answer::kWelcome);
  EXPECT_EQ(clients.Enter(Ip("192.0.3.1"), kNow), Answer::kTooOften);
}

TEST(ClientsTest, T22TheTableIsBoundedAndForgetsWhatHasFaded) {
  Limits limits;
  limits.max_connects_per_client = 10;
  limits.max_sessions_per_client = 1;
  Clients clients(limits, {});
  const auto client = [](std::size_t number) {
    std::array<std::uint8_t, 16> octets{0x20, 0x01};
    for (std::size_t i = 0; i < 4; ++i) octets[5 - i] = static_cast<std::uint8_t>(number >> 8 * i);
    return IpAddress::V6(octets);
  };
  ASSERT_EQ(clients.Enter(client(0), kNow), Answer::kWelcome);
  for (std::size_t i = 1; i < Clients::kMaxEntries; ++i) {
    ASSERT_EQ(clients.Enter(client(i), kNow), Answer::kWelcome);
    clients.Leave(client(i));
  }
  EXPECT_LE(clients.entries(), Clients::kMaxEntries);
  // What is open is kept, and still counted.
  const absl::Time later = kNow + absl::Hours(1);
  EXPECT_EQ(clients.Enter(client(Clients::kMaxEntries), later), Answer::kWelcome);
  EXPECT_EQ(clients.Enter(client(0), later), Answer::kTooManySessions);
  EXPECT_LT(clients.entries(), Clients::kMaxEntries);
}

}  // namespace
}  // namespace bounced::smtp
