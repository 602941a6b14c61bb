// How a server is reached: what the words of a command line mean together.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <string>

#include "server/cli/client.h"
#include "tests/cli/temporary_folder.h"

namespace bounced::cli {
namespace {

using testing::HasSubstr;

struct Case {
  std::string name;
  ConnectionWords words;
  bool tls = false;
  std::string error = "";  // empty: none
};
class ConnectionTest : public testing::TestWithParam<Case> {};

ConnectionWords To(std::string server, std::string token = "") {
  ConnectionWords words;
  words.server = std::move(server);
  words.token = std::move(token);
  return words;
}
ConnectionWords With(ConnectionWords words, bool ConnectionWords::*flag) {
  words.*flag = true;
  return words;
}
ConnectionWords With(ConnectionWords words, std::string ConnectionWords::*file, std::string path) {
  words.*file = std::move(path);
  return words;
}

TEST_P(ConnectionTest, IsAsSafeAsItMustBe) {
  const absl::StatusOr<ClientOptions> options = ReadConnection(GetParam().words);
  if (!GetParam().error.empty()) {
    ASSERT_FALSE(options.ok());
    EXPECT_EQ(options.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(options.status().message()), HasSubstr(GetParam().error));
    return;
  }
  ASSERT_TRUE(options.ok()) << options.status();
  EXPECT_EQ(options->tls, GetParam().tls);
  EXPECT_EQ(options->token, GetParam().words.token);
}

INSTANTIATE_TEST_SUITE_P(
    , ConnectionTest,
    testing::ValuesIn<Case>({
        {"Loopback", To("127.0.0.1:7025", "bnc_a_b"), false},
        {"LoopbackOfTheNet", To("127.9.9.9:7025"), false},
        {"LoopbackIpv6", To("[::1]:7025"), false},
        {"LoopbackByName", To("LocalHost:7025"), false},
        {"Unix", To("unix:/run/bounced/grpc", "bnc_a_b"), false},
        {"LoopbackUnderTls", With(To("127.0.0.1:7025"), &ConnectionWords::tls), true},
        {"Elsewhere", To("mx.example:7025", "bnc_a_b"), true},
        {"ElsewhereThatBeginsSo", To("127.0.0.1.example:7025"), true},
        {"AllAddresses", To("0.0.0.0:7025"), true},
        {"ElsewhereInTheClear", With(To("mx.example:7025"), &ConnectionWords::plaintext), false},
        {"ATokenInTheClear", With(To("mx.example:7025", "bnc_a_b"), &ConnectionWords::plaintext),
         false, "with --plaintext the token would go in the clear to mx.example:7025"},
        {"Both",
         With(With(To("mx.example:7025"), &ConnectionWords::plaintext), &ConnectionWords::tls),
         false, "exclude each other"},
        {"PlaintextWithAnAuthority",
         With(With(To("127.0.0.1:7025"), &ConnectionWords::plaintext), &ConnectionWords::ca_file,
              "/etc/ca.pem"),
         false, "exclude each other"},
        {"ACertificateWithoutItsKey",
         With(To("127.0.0.1:7025"), &ConnectionWords::cert_file, "/c.pem"), false,
         "--cert-file and --key-file go together"},
        {"NoSuchAuthority", With(To("127.0.0.1:7025"), &ConnectionWords::ca_file, "/none/ca.pem"),
         false, "/none/ca.pem: No such file"},
        {"ATokenThatNoHeaderHolds", To("127.0.0.1:7025", "bnc_a\nb"), false,
         "it has other characters"},
        {"NoServer", To("mx.example"), false, "the server is not HOST:PORT"},
    }),
    [](const auto& made) { return made.param.name; });

struct AdviceCase {
  std::string_view name;
  std::string_view said;
  bool tls;
  std::string_view want;  // the advice has it
};
class AdviceTest : public testing::TestWithParam<AdviceCase> {};

TEST_P(AdviceTest, NamesWhatToDo) {
  EXPECT_THAT(std::string(ConnectAdvice(GetParam().said, GetParam().tls)),
              HasSubstr(std::string(GetParam().want)));
}

INSTANTIATE_TEST_SUITE_P(
    , AdviceTest,
    testing::ValuesIn<AdviceCase>({
        {"NotTrusted",
         "UNKNOWN: ipv4:192.0.2.1:7025: Ssl handshake failed: SSL_ERROR_SSL: error:0A000086:SSL "
         "routines::certificate verify failed",
         true, "--ca-file"},
        {"OfAnotherName", "UNKNOWN: Peer name mx.example is not in peer certificate", true,
         "--server takes a name that stands in it"},
        {"NoTlsThere",
         "Ssl handshake failed: SSL_ERROR_SSL: error:0A00010B:SSL routines::wrong version number",
         true, "--plaintext"},
        {"WantsACertificate", "UNAVAILABLE: Socket closed", true, "--cert-file and --key-file"},
        {"TlsThere", "UNAVAILABLE: ipv4:127.0.0.1:7025: Socket closed", false,
         "--tls or --ca-file"},
        {"NobodyThere", "connect: Connection refused (111)", true, "Is bounced running there?"},
        {"NobodyThereInTheClear", "connect: Connection refused (111)", false,
         "Is bounced running there?"},
    }),
    [](const auto& made) { return std::string(made.param.name); });

TEST(WasConnectedTest, IsToldFromWhatGrpcSays) {
  EXPECT_TRUE(WasConnected("Socket closed"));
  EXPECT_TRUE(WasConnected("the store cannot serve now"));
  EXPECT_FALSE(WasConnected(
      "failed to connect to all addresses; last error: UNAVAILABLE: ipv4:127.0.0.1:7025: Socket "
      "closed"));
}

TEST(TokenFileTest, IsReadWithoutItsLineEndAndBeforeTheEnvironment) {
  const TemporaryFolder folder;
  ConnectionWords words = To("127.0.0.1:7025", "bnc_environment_x");
  words.token_file = folder.Write("key", "bnc_a_b \r\n");
  ASSERT_EQ(::chmod(words.token_file.c_str(), 0600), 0);
  absl::StatusOr<ClientOptions> options = ReadConnection(words);
  ASSERT_TRUE(options.ok()) << options.status();
  EXPECT_EQ(options->token, "bnc_a_b");
  ASSERT_EQ(::chmod(words.token_file.c_str(), 0604), 0);
  EXPECT_FALSE(ReadConnection(words).ok()) << "others can read it";
  words.token_file = folder.Write("empty", "\n");
  ASSERT_EQ(::chmod(words.token_file.c_str(), 0600), 0);
  EXPECT_THAT(std::string(ReadConnection(words).status().message()), HasSubstr("no token in it"));
}

}  // namespace
}  // namespace bounced::cli
