#include "server/smtp/doorkeeper.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "tests/smtp/client.h"
#include "tests/smtp/server_fixture.h"

namespace bounced::smtp {
namespace {

using testing::StartsWith;

class DoorkeeperTest : public ServerTest {
 protected:
  static std::string AddressOf(int descriptor) {
    sockaddr_in address{};
    socklen_t length = sizeof(address);
    EXPECT_EQ(::getsockname(descriptor, reinterpret_cast<sockaddr*>(&address), &length), 0);
    return "127.0.0.1:" + std::to_string(ntohs(address.sin_port));
  }
};

TEST_F(DoorkeeperTest, WhoComesEarlyIsToldToComeAgain) {
  absl::StatusOr<std::unique_ptr<Doorkeeper>> keeper =
      Doorkeeper::Open(options_.listen, absl::ZeroDuration());
  ASSERT_TRUE(keeper.ok()) << keeper.status();
  const std::string address = AddressOf(options_.listen.front().descriptor);
  for (int i = 0; i < 2; ++i) {
    Client client(address);
    EXPECT_THAT(client.Read(), StartsWith("421 4.3.2 "));
    EXPECT_EQ(client.Read(), "<end>");
  }
  keeper->reset();
  Client patient(address);
  Start();
  EXPECT_EQ(address_, address);
  EXPECT_THAT(patient.Read(), StartsWith("220 "));
}

TEST_F(DoorkeeperTest, WhoBeginsWithTlsOrAProxysHeaderWaits) {
  options_.listen = {{.address = "127.0.0.1:0", .tls = TlsUse::kImplicit},
                     {.address = "127.0.0.1:0", .proxy = true}};
  absl::StatusOr<std::unique_ptr<Doorkeeper>> keeper =
      Doorkeeper::Open(options_.listen, absl::ZeroDuration());
  ASSERT_TRUE(keeper.ok()) << keeper.status();
  Client tls(AddressOf(options_.listen[0].descriptor));
  Client proxied(AddressOf(options_.listen[1].descriptor));
  keeper->reset();
  for (Client* client : {&tls, &proxied}) EXPECT_TRUE(client->Silent());
}

TEST_F(DoorkeeperTest, WhoComesShortlyBeforeTheServerIsServed) {
  absl::StatusOr<std::unique_ptr<Doorkeeper>> keeper =
      Doorkeeper::Open(options_.listen, absl::Hours(1));
  ASSERT_TRUE(keeper.ok()) << keeper.status();
  Client client(AddressOf(options_.listen.front().descriptor));
  keeper->reset();
  Start();
  EXPECT_THAT(client.Read(), StartsWith("220 "));
}

TEST_F(DoorkeeperTest, WhatIsTakenIsSaid) {
  absl::StatusOr<std::unique_ptr<Doorkeeper>> first = Doorkeeper::Open(options_.listen);
  ASSERT_TRUE(first.ok()) << first.status();
  const std::string address = AddressOf(options_.listen.front().descriptor);
  std::vector<ListenerOptions> same = {{.address = address}};
  const absl::Status status = Doorkeeper::Open(same).status();
  EXPECT_TRUE(absl::IsUnavailable(status)) << status;
  EXPECT_THAT(std::string(status.message()), testing::HasSubstr(address));
}

}  // namespace
}  // namespace bounced::smtp
