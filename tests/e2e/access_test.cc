// Who may call the daemon's API, and over what: keys, TLS, certificates of clients.
#include <grpcpp/create_channel.h>
#include <signal.h>

#include <memory>
#include <string>
#include <vector>

#include "bounced/v1/suppression.grpc.pb.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/e2e/harness/authority.h"
#include "tests/e2e/harness/daemon.h"

namespace bounced::e2e {
namespace {

using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

// bouncectl keys hash --generate
struct HashedKey {
  std::string token;
  std::string secret;
};
HashedKey MakeHashed() {
  const Outcome made = RunProgram({Program("bouncectl"), "keys", "hash", "--generate"});
  EXPECT_EQ(made.status, 0) << made.err;
  EXPECT_THAT(made.err, StartsWith("token: bnc_"));
  return {made.err.substr(7, made.err.size() - 8), made.out.substr(0, made.out.size() - 1)};
}

class AccessTest : public testing::Test {
 protected:
  // Lines that stand in [grpc].
  std::string Tls() const {
    return "chain_file = '" + authority_.chain_file() + "'\nkey_file = '" + authority_.key_file() +
           "'\n";
  }
  std::string ClientAuthority() const {
    return "client_ca_file = '" + authority_.own_file() + "'\n";
  }
  static std::string Key(const HashedKey& key, const std::string& more = "") {
    return "[[grpc.key]]\nname = 'ops'\nsecret = '" + key.secret + "'\n" + more;
  }
  static std::string At(const Daemon& daemon) {
    return "127.0.0.1:" + std::to_string(daemon.port("grpc"));
  }
  // bouncectl at the daemon, under TLS, with a key if it is not empty.
  Outcome Bouncectl(const Daemon& daemon, std::vector<std::string> arguments,
                    const std::string& token = "") const {
    arguments.insert(arguments.begin(), Program("bouncectl"));
    arguments.insert(arguments.end(), {"--server", At(daemon), "--ca-file", authority_.own_file()});
    return RunProgram(arguments, {"BOUNCED_TOKEN=" + token});
  }

  const Authority authority_;
};

TEST_F(AccessTest, T35OffLoopbackItStartsWithTlsAndLoginsAlone) {
  const HashedKey key = MakeHashed();
  const std::string client = "[[grpc.client]]\nname = 'relay.example'\n";
  struct Case {
    std::string listen;
    std::string grpc;
    int status;  // 0: it starts
    std::string why = "";
  };
  const std::string all = "0.0.0.0:0", loopback = "127.0.0.1:0";
  const Case cases[] = {
      {loopback, "", 0},
      {loopback, Tls(), 0},
      {loopback, Key(key), 0},
      {all, "", 2, "grpc.listen: gRPC may not listen on 0.0.0.0:0 without TLS"},
      {all, "require_keys = true\n" + Key(key), 2, "without TLS"},
      {all, Tls(), 2, "while nobody could log in: add a [[grpc.key]]"},
      {all, Tls() + ClientAuthority(), 2, "while nobody could log in"},
      {all, Tls() + Key(key), 0},
      {all, Tls() + ClientAuthority() + client, 0},
      // Of the store --check-config knows nothing; the start does.
      {all, Tls() + "require_keys = true\n", 1, "while nobody could log in"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.listen + "\n" + c.grpc);
    const std::optional<Outcome> outcome =
        Daemon::FailToStart({.sections = c.grpc, .grpc_listen = c.listen});
    EXPECT_EQ(outcome.has_value(), c.status != 0);
    if (!outcome) continue;
    EXPECT_EQ(outcome->status, c.status) << outcome->err;
    EXPECT_THAT(outcome->err, HasSubstr(c.why));
    const std::optional<Outcome> checked = Daemon::FailToStart(
        {.sections = c.grpc, .grpc_listen = c.listen, .flags = {"--check-config"}});
    // None: it said "ok" and had not ended yet.
    const bool is_good = !checked || checked->status == 0;
    EXPECT_EQ(is_good, c.status == 1);
  }
}

// What the daemon alone finds out, as it depends on what the database has.
TEST_F(AccessTest, AKeyThatTheDatabaseHasOtherwiseKeepsAllOfTheOldConfiguration) {
  Daemon daemon;
  const Outcome made =
      daemon.Bouncectl({"keys", "create", "ops", "--role", "admin", "--all-tenants"});
  ASSERT_EQ(made.status, 0) << made.err;
  const std::string file = daemon.dir() / "ops.key";
  WriteFile(file, made.out, 0600);
  const Outcome hashed = RunProgram({Program("bouncectl"), "keys", "hash"}, {}, made.out);
  ASSERT_EQ(hashed.status, 0) << hashed.err;
  const std::string secret = hashed.out.substr(0, hashed.out.size() - 1);
  EXPECT_TRUE(
      daemon.Reconfigure({.sections = "[policy]\nsoft_threshold = 1\n[[grpc.key]]\nname = 'ops'\n"
                                      "roles = ['write']\nsecret = '" +
                                      secret + "'\n"},
                         "config.kept"));
  EXPECT_THAT(daemon.log(), HasSubstr("grpc.key ops: a key of this id"));
  const Outcome policies = daemon.Bouncectl({"policies", "--token-file", file});
  EXPECT_THAT(policies.out, HasSubstr("soft_threshold=3"));
}

TEST_F(AccessTest, T35TheFirstKeyIsMadeOnLoopbackAndClosesIt) {
  Daemon daemon;
  EXPECT_EQ(daemon.Bouncectl({"check", "a@rcpt.example"}).status, 0);
  const Outcome narrow = daemon.Bouncectl({"keys", "create", "app"});
  EXPECT_EQ(narrow.status, 1);
  EXPECT_THAT(narrow.err, HasSubstr("this is the first key"));
  const Outcome made =
      daemon.Bouncectl({"keys", "create", "ops", "--role", "admin", "--all-tenants"});
  ASSERT_EQ(made.status, 0) << made.err;
  EXPECT_THAT(made.out, StartsWith("bnc_"));
  const std::string file = daemon.dir() / "ops.key";
  WriteFile(file, made.out, 0600);

  const Outcome without = daemon.Bouncectl({"check", "a@rcpt.example"});
  EXPECT_EQ(without.status, 3);
  EXPECT_THAT(without.err, HasSubstr("--token-file or BOUNCED_TOKEN names a key"));
  EXPECT_EQ(daemon.Bouncectl({"check", "a@rcpt.example", "--token-file", file}).status, 0);

  const Outcome app = daemon.Bouncectl(
      {"keys", "create", "app", "--tenant", "acme", "--role", "check,mint", "--token-file", file});
  ASSERT_EQ(app.status, 0) << app.err;
  EXPECT_THAT(app.err, HasSubstr("app, of tenant acme, may check,mint"));
  const std::string app_file = daemon.dir() / "app.key";
  WriteFile(app_file, app.out, 0600);
  const auto status = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"--token-file", app_file});
    return daemon.Bouncectl(arguments).status;
  };
  EXPECT_EQ(status({"check", "a@rcpt.example"}), 0);
  EXPECT_EQ(status({"check", "a@rcpt.example", "--tenant", "default"}), 1) << "there is none";
  EXPECT_EQ(status({"list"}), 3) << "not allowed";

  daemon.Stop(SIGTERM);
  daemon.Restart();
  EXPECT_EQ(daemon.Bouncectl({"check", "a@rcpt.example"}).status, 3);
  EXPECT_EQ(status({"check", "a@rcpt.example"}), 0);
  const Outcome listed = daemon.Bouncectl({"keys", "list", "--token-file", file});
  EXPECT_THAT(listed.out, HasSubstr("\tops\t*\tadmin\tactive\t"));
  EXPECT_THAT(listed.out, HasSubstr("\tapp\tacme\tcheck,mint\tactive\t"));
  const std::string id = app.out.substr(4, app.out.find('_', 4) - 4);
  const Outcome revoked = daemon.Bouncectl({"keys", "revoke", id, "--token-file", file});
  EXPECT_EQ(revoked.status, 0) << revoked.err;
  EXPECT_THAT(revoked.out, HasSubstr("(by ops"));
  EXPECT_EQ(status({"check", "a@rcpt.example"}), 3);
  EXPECT_EQ(daemon.Bouncectl({"keys", "revoke", "nothing", "--token-file", file}).status, 1);

  WriteFile(file, made.out, 0644);
  EXPECT_EQ(daemon.Bouncectl({"keys", "list", "--token-file", file}).status, 2)
      << "others could read it";
}

TEST_F(AccessTest, T35AKeyOfTheConfigurationCallsUnderTls) {
  const HashedKey key = MakeHashed();
  Daemon daemon({.sections = Tls() + Key(key, "all_tenants = true\nroles = ['admin']\n"),
                 .grpc_listen = "0.0.0.0:0"});
  EXPECT_EQ(Bouncectl(daemon, {"check", "a@rcpt.example"}, key.token).status, 0);
  EXPECT_EQ(Bouncectl(daemon, {"check", "a@rcpt.example"}).status, 3);
  EXPECT_EQ(Bouncectl(daemon, {"check", "a@rcpt.example"}, key.token + "x").status, 3);
  // Nothing is said in the clear, nor to a server that nobody vouches for.
  const auto fails = [](const std::string& server, std::vector<std::string> flags) {
    flags.insert(flags.begin(), {Program("bouncectl"), "check", "a@rcpt.example", "--server",
                                 server, "--timeout", "5"});
    const Outcome outcome = RunProgram(flags);
    EXPECT_EQ(outcome.status, 3) << outcome.err;
    return outcome.err;
  };
  const Daemon plain;
  EXPECT_THAT(fails(At(daemon), {}), HasSubstr("Does it speak TLS there?"));
  EXPECT_THAT(fails(At(daemon), {"--tls"}), HasSubstr("--ca-file names the certificate"));
  EXPECT_THAT(fails(At(plain), {"--tls"}), HasSubstr("--plaintext goes without"));
  EXPECT_THAT(fails("127.0.0.2:" + std::to_string(daemon.port("grpc")),
                    {"--ca-file", authority_.own_file()}),
              HasSubstr("--server takes a name that stands in it"));
  // Taken out, it counts no more, and the door stays shut.
  const HashedKey other = MakeHashed();
  ASSERT_TRUE(daemon.Reconfigure({.sections = Tls() + Key(other)}, "config.reloaded"));
  EXPECT_EQ(Bouncectl(daemon, {"check", "a@rcpt.example"}, key.token).status, 3);
  EXPECT_EQ(Bouncectl(daemon, {"check", "a@rcpt.example"}, other.token).status, 0);
  ASSERT_TRUE(daemon.Reconfigure({.sections = Tls()}, "config.reloaded"));
  EXPECT_EQ(Bouncectl(daemon, {"check", "a@rcpt.example"}).status, 3);
  EXPECT_EQ(daemon.Stop(SIGTERM), 0);
}

TEST_F(AccessTest, T29T35ACertificateOfAClientSaysWhoCalls) {
  const std::string client =
      "[[grpc.client]]\nname = 'relay.example'\ntenant = 'acme'\nroles = ['check']\n";
  const TempDir dir;
  const auto issue = [&](const std::string& name) {
    authority_.IssueTo(name, dir / (name + ".pem"), dir / (name + ".key"));
    return std::vector<std::string>{"--cert-file", dir / (name + ".pem"), "--key-file",
                                    dir / (name + ".key")};
  };
  const std::vector<std::string> relay = issue("relay.example"), stranger = issue("x.example");
  const auto run = [&](const Daemon& daemon, std::vector<std::string> arguments,
                       const std::vector<std::string>& certificate, const std::string& token = "") {
    arguments.insert(arguments.end(), certificate.begin(), certificate.end());
    arguments.insert(arguments.end(), {"--timeout", "5"});
    return Bouncectl(daemon, arguments, token);
  };
  {
    Daemon daemon({.sections = Tls() + ClientAuthority() + client, .grpc_listen = "0.0.0.0:0"});
    EXPECT_EQ(run(daemon, {"check", "a@rcpt.example"}, relay).status, 0);
    EXPECT_EQ(run(daemon, {"check", "a@rcpt.example", "--tenant", "acme"}, relay).status, 0);
    EXPECT_EQ(run(daemon, {"check", "a@rcpt.example", "--tenant", "default"}, relay).status, 1);
    EXPECT_THAT(run(daemon, {"list"}, relay).err, HasSubstr("this wants the role"));
    EXPECT_THAT(run(daemon, {"check", "a@rcpt.example"}, stranger).err,
                HasSubstr("wants to know who calls"));
    EXPECT_THAT(run(daemon, {"check", "a@rcpt.example"}, {}).err,
                AllOf(HasSubstr("could not reach"), HasSubstr("--cert-file and --key-file")))
        << "without a certificate nobody gets as far as HTTP/2";
  }
  const HashedKey key = MakeHashed();
  Daemon daemon({.sections = Tls() + ClientAuthority() + "client_certificates = 'optional'\n" +
                             Key(key) + client,
                 .grpc_listen = "0.0.0.0:0"});
  EXPECT_EQ(run(daemon, {"check", "a@rcpt.example"}, relay).status, 0);
  EXPECT_EQ(run(daemon, {"check", "a@rcpt.example"}, {}, key.token).status, 0);
  EXPECT_EQ(run(daemon, {"check", "a@rcpt.example"}, {}).status, 3);
}

TEST_F(AccessTest, S142SighupTakesANewCertificateAndEndsNoCall) {
  const HashedKey key = MakeHashed();
  const std::string sections = Tls() + Key(key);
  Daemon daemon({.sections = sections});
  const auto subject = [&] {
    const Outcome outcome = RunProgram({"openssl", "s_client", "-connect", At(daemon), "-alpn",
                                        "h2", "-CAfile", authority_.own_file()});
    return outcome.out + outcome.err;
  };
  EXPECT_THAT(subject(), HasSubstr("subject=CN = first"));
  EXPECT_THAT(subject(), HasSubstr("ALPN protocol: h2"));
  for (const char* version : {"-tls1", "-tls1_1"}) {
    EXPECT_NE(RunProgram({"openssl", "s_client", "-connect", At(daemon), "-alpn", "h2", version,
                          "-cipher", "ALL:@SECLEVEL=0"})
                  .status,
              0)
        << version;
  }
  EXPECT_EQ(
      RunProgram({"openssl", "s_client", "-connect", At(daemon), "-alpn", "h2", "-tls1_2"}).status,
      0);

  const auto stub = v1::SuppressionService::NewStub(grpc::CreateChannel(
      At(daemon), grpc::SslCredentials({.pem_root_certs = ReadFile(authority_.own_file()),
                                        .pem_private_key = "",
                                        .pem_cert_chain = ""})));
  grpc::ClientContext context;
  context.AddMetadata("authorization", "Bearer " + key.token);
  const auto stream = stub->CheckStream(&context);
  v1::BatchCheckRequest request;
  request.add_addresses("a@rcpt.example");
  v1::BatchCheckResponse response;
  const auto ask = [&] { return stream->Write(request) && stream->Read(&response); };
  ASSERT_TRUE(ask());

  authority_.Issue("second");
  ASSERT_TRUE(daemon.Reconfigure({.sections = sections}, "config.reloaded"));
  EXPECT_THAT(subject(), HasSubstr("subject=CN = second"));
  EXPECT_TRUE(ask()) << "a call that was under way";

  WriteFile(authority_.chain_file(), "-----BEGIN CERTIFICATE-----\n");
  ASSERT_TRUE(daemon.Reconfigure({.sections = sections}, "config.kept"));
  EXPECT_THAT(daemon.log(), HasSubstr("mx.pem: no certificate in it"));
  EXPECT_THAT(subject(), HasSubstr("subject=CN = second"));
  authority_.Issue("third");
  ASSERT_TRUE(daemon.Reconfigure({.sections = Key(key)}, "config.waits_for_restart"));
  EXPECT_THAT(daemon.log(), HasSubstr("keys=grpc.chain_file"));
  EXPECT_THAT(subject(), HasSubstr("subject=CN = second")) << "it is not switched off";
  EXPECT_TRUE(ask());
  stream->WritesDone();
  EXPECT_TRUE(stream->Finish().ok());
}

}  // namespace
}  // namespace bounced::e2e
