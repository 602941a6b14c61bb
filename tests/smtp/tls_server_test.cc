// What the server does with TLS, against OpenSSL's own client.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <string>
#include <string_view>

#include "absl/strings/escaping.h"
#include "tests/smtp/certificates.h"
#include "tests/smtp/client.h"
#include "tests/smtp/server_fixture.h"

namespace bounced::smtp {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

// What a client asks for.
struct Wish {
  std::string server_name = "";
  int min_version = TLS1_2_VERSION;
  int max_version = TLS1_3_VERSION;
  std::string ciphers = "";  // of TLS 1.2
  std::string signature_algorithms = "";
};

// TLS over a Client's connection.
class TlsClient {
 public:
  explicit TlsClient(Client& client) : client_(client) {}
  ~TlsClient() {
    SSL_free(ssl_);
    SSL_CTX_free(context_);
  }

  bool Handshake(const Wish& wish = {}) {
    context_ = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_security_level(context_, 0);
    SSL_CTX_set_min_proto_version(context_, wish.min_version);
    SSL_CTX_set_max_proto_version(context_, wish.max_version);
    if (!wish.ciphers.empty()) {
      EXPECT_EQ(SSL_CTX_set_cipher_list(context_, wish.ciphers.c_str()), 1);
    }
    if (!wish.signature_algorithms.empty()) {
      EXPECT_EQ(SSL_CTX_set1_sigalgs_list(context_, wish.signature_algorithms.c_str()), 1);
    }
    ssl_ = SSL_new(context_);
    if (!wish.server_name.empty()) SSL_set_tlsext_host_name(ssl_, wish.server_name.c_str());
    SSL_set_fd(ssl_, client_.fd());
    return SSL_connect(ssl_) == 1;
  }
  void Send(std::string_view octets) {
    ASSERT_EQ(SSL_write(ssl_, octets.data(), static_cast<int>(octets.size())),
              static_cast<int>(octets.size()));
  }
  // The next reply's last line; "<end>" when the server said that no more comes.
  std::string Read() {
    for (;;) {
      const std::size_t end = input_.find("\r\n");
      if (end != std::string::npos) {
        const std::string line = input_.substr(0, end);
        input_.erase(0, end + 2);
        if (line.size() > 3 && line[3] == '-') continue;
        return line;
      }
      char buffer[4096];
      const int n = SSL_read(ssl_, buffer, sizeof(buffer));
      if (n <= 0) {
        return SSL_get_error(ssl_, n) == SSL_ERROR_ZERO_RETURN ? "<end>" : "<broken>";
      }
      input_.append(buffer, static_cast<std::size_t>(n));
    }
  }
  std::string Ask(std::string_view command) {
    Send(std::string(command) + "\r\n");
    return Read();
  }
  // The common name of the certificate that was shown.
  std::string ServerName() const {
    X509* certificate = SSL_get1_peer_certificate(ssl_);
    char name[100] = "";
    X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, name,
                              sizeof(name));
    X509_free(certificate);
    return name;
  }
  std::string Version() const { return SSL_get_version(ssl_); }
  std::string KeyType() const {
    X509* certificate = SSL_get1_peer_certificate(ssl_);
    const std::string type = EVP_PKEY_get0_type_name(X509_get0_pubkey(certificate));
    X509_free(certificate);
    return type;
  }
  SSL* ssl() { return ssl_; }

 private:
  Client& client_;
  SSL_CTX* context_ = nullptr;
  SSL* ssl_ = nullptr;
  std::string input_;
};

std::string Decoded(std::string_view base64) {
  std::string octets;
  EXPECT_TRUE(absl::Base64Unescape(absl::string_view(base64.data(), base64.size()), &octets));
  return octets;
}

const unsigned char* Octets(const std::string& text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

std::string Hmac(const std::string& key, const std::string& text) {
  std::string mac(SHA256_DIGEST_LENGTH, '\0');
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), Octets(text), text.size(),
       reinterpret_cast<unsigned char*>(mac.data()), nullptr);
  return mac;
}

class TlsServerTest : public ServerTest {
 protected:
  TlsServerTest() {
    options_.listen = {{.address = "127.0.0.1:0", .tls = TlsUse::kStartTls},
                       {.address = "127.0.0.1:0", .tls = TlsUse::kImplicit}};
    options_.tls = *Tls::SelfMade("mx.example.net", absl::Now());
    options_.limits.tls_handshake_timeout = absl::Seconds(30);
  }
  std::string implicit_address() const { return server_->addresses()[1]; }

  static void StartTls(Client& client) {
    ASSERT_THAT(client.Read(), StartsWith("220 "));
    ASSERT_THAT(client.Ask("EHLO client.example"), StartsWith("250 "));
    ASSERT_THAT(client.Ask("STARTTLS"), StartsWith("220 2.0.0"));
  }
  // Where TLS comes first: up to the answer to EHLO.
  static void Begin(TlsClient& tls) {
    ASSERT_TRUE(tls.Handshake());
    ASSERT_THAT(tls.Read(), StartsWith("220 "));
    ASSERT_THAT(tls.Ask("EHLO client.example"), StartsWith("250 "));
  }
};

TEST_F(TlsServerTest, S45S53AMessageComesUnderTls) {
  Start();
  struct Case {
    Wish wish;
    std::string version;
  };
  const Case kCases[] = {
      {{}, "TLSv1.3"},
      {{.max_version = TLS1_2_VERSION}, "TLSv1.2"},
      {{.max_version = TLS1_2_VERSION, .ciphers = "ECDHE-RSA-AES256-SHA384"}, "TLSv1.2"},
      {{.max_version = TLS1_2_VERSION, .ciphers = "ECDHE-ECDSA-AES128-GCM-SHA256"}, "TLSv1.2"},
  };
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.version + " " + c.wish.ciphers);
    Client client(address_);
    StartTls(client);
    TlsClient tls(client);
    ASSERT_TRUE(tls.Handshake(c.wish));
    EXPECT_EQ(tls.Version(), c.version);
    EXPECT_THAT(tls.Ask("MAIL FROM:<>"), StartsWith("503 5.5.1"));
    EXPECT_THAT(tls.Ask("EHLO other.example"), StartsWith("250 "));
    EXPECT_THAT(tls.Ask("MAIL FROM:<>"), StartsWith("250 2.1.0"));
    EXPECT_THAT(tls.Ask("RCPT TO:<bounce@rp.example>"), StartsWith("250 2.1.5"));
    EXPECT_THAT(tls.Ask("DATA"), StartsWith("354 "));
    // More than a record and than a buffer.
    std::string text;
    for (int i = 0; i < 5'000; ++i)
      text += "A line of a longer message " + std::to_string(i) + "\r\n";
    tls.Send(text);
    tls.Send(".\r\nQUIT\r\n");
    Message message = receiver_.Take();
    EXPECT_EQ(message.text, text);
    EXPECT_EQ(message.envelope.tls_version, c.version);
    EXPECT_EQ(message.envelope.helo, "other.example");
    message.done(MessageIds{"id-1"});
    EXPECT_THAT(tls.Read(), StartsWith("250 2.0.0"));
    EXPECT_THAT(tls.Read(), StartsWith("221 2.0.0"));
    EXPECT_EQ(tls.Read(), "<end>");
  }
  EXPECT_THAT(WaitForLog("tls=TLSv1.2"), HasSubstr("tls=TLSv1.3"));
  EXPECT_EQ(counters_.Get(Counter::kTlsBegun), 4u);
}

TEST_F(TlsServerTest, S53WhatIsTooOldOrTooWeakIsRefused) {
  Start();
  const Wish kWishes[] = {
      {.min_version = TLS1_VERSION, .max_version = TLS1_1_VERSION},
      {.max_version = TLS1_2_VERSION, .ciphers = "AES128-GCM-SHA256"},  // no forward secrecy
      {.max_version = TLS1_2_VERSION, .ciphers = "ECDHE-RSA-AES128-SHA"},
      {.max_version = TLS1_2_VERSION, .ciphers = "ECDHE-ECDSA-AES256-CCM8"},
      {.max_version = TLS1_2_VERSION, .ciphers = "aNULL"},
  };
  std::uint64_t failed = 0;
  for (const Wish& wish : kWishes) {
    SCOPED_TRACE(wish.ciphers);
    log_text_.clear();
    Client client(address_);
    StartTls(client);
    TlsClient tls(client);
    EXPECT_FALSE(tls.Handshake(wish));
    EXPECT_THAT(WaitForLog("end=tls_failed"), Not(HasSubstr("tls=TLS")));
    EXPECT_THAT(log_text_,
                HasSubstr(wish.min_version == TLS1_VERSION ? R"(tls_failure="unsupported protocol")"
                                                           : R"(tls_failure="no shared cipher")"));
    EXPECT_EQ(counters_.Get(Counter::kTlsFailed), ++failed);
  }
}

TEST_F(TlsServerTest, S53RenegotiationIsRefused) {
  Start();
  Client client(address_);
  StartTls(client);
  TlsClient tls(client);
  ASSERT_TRUE(tls.Handshake({.max_version = TLS1_2_VERSION}));
  EXPECT_EQ(SSL_get_secure_renegotiation_support(tls.ssl()), 1);
  EXPECT_EQ(SSL_get_current_compression(tls.ssl()), nullptr);
  EXPECT_EQ(SSL_renegotiate(tls.ssl()), 1);
  EXPECT_NE(SSL_do_handshake(tls.ssl()), 1);
}

TEST_F(TlsServerTest, S46T31WhatFollowsInTheClearEndsTheConnection) {
  Start();
  Client client(address_);
  StartTls(client);
  client.Send("MAIL FROM:<>\r\nRCPT TO:<bounce@rp.example>\r\n");
  const std::string answer = client.ReadLine();
  EXPECT_TRUE(answer == "<end>" || answer == "<reset>" || answer[0] == '\x15') << answer;
  EXPECT_THAT(WaitForLog("end=tls_failed"), HasSubstr("transactions=0"));
}

TEST_F(TlsServerTest, S51T21AHandshakeThatDoesNotComeEndsInSilence) {
  Start();
  for (const bool implicit : {false, true}) {
    Client client(implicit ? implicit_address() : address_);
    if (!implicit) StartTls(client);
    // Half of a record's head.
    client.Send(std::string_view("\x16\x03", 2));
    // The server may begin to wait after any of these steps, but no later.
    while (client.Silent()) clock_.Advance(absl::Seconds(30));
    EXPECT_THAT(client.ReadLine(), testing::AnyOf("<end>", "<reset>"));
    WaitForLog("end=tls_timeout");
    log_text_.clear();
  }
}

TEST_F(TlsServerTest, S141AHandshakeEndsWhenTheServerStops) {
  Start();
  Client client(implicit_address());
  client.Send(std::string_view("\x16\x03", 2));
  // One thread serves both, and has by now come to wait for the rest.
  Client other(address_);
  EXPECT_THAT(other.Read(), StartsWith("220 "));
  EXPECT_THAT(other.Ask("NOOP"), StartsWith("250 "));
  server_->Stop();
  EXPECT_THAT(client.ReadLine(), testing::AnyOf("<end>", "<reset>"));
  EXPECT_EQ(CountInLog("end=stopping"), 2);
}

TEST_F(TlsServerTest, S54AnEndWithoutNoticeIsALostConnection) {
  Start();
  for (const bool notice : {false, true}) {
    Client client(implicit_address());
    TlsClient tls(client);
    ASSERT_NO_FATAL_FAILURE(Begin(tls));
    EXPECT_THAT(tls.Ask("MAIL FROM:<>"), StartsWith("250 2.1.0"));
    EXPECT_THAT(tls.Ask("RCPT TO:<bounce@rp.example>"), StartsWith("250 2.1.5"));
    EXPECT_THAT(tls.Ask("DATA"), StartsWith("354 "));
    tls.Send("Subject: x\r\n\r\ntext\r\n");
    if (notice) SSL_shutdown(tls.ssl());
    client.Close();
    EXPECT_THAT(WaitForLog("smtp.session "), HasSubstr("messages=0"));
    log_text_.clear();
  }
  EXPECT_EQ(counters_.Get(Counter::kMessagesCommitted), 0u);
}

TEST_F(TlsServerTest, S5ImplicitTlsSpeaksAfterTheHandshake) {
  Start();
  {
    Client client(implicit_address());
    TlsClient tls(client);
    ASSERT_TRUE(tls.Handshake());
    EXPECT_THAT(tls.Read(), StartsWith("220 mx.example.net ESMTP"));
    EXPECT_THAT(tls.Ask("QUIT"), StartsWith("221 "));
    EXPECT_EQ(tls.Read(), "<end>");
  }
  // In the clear there is nothing to talk to.
  Client client(implicit_address());
  client.Send("EHLO client.example\r\n");
  const std::string answer = client.ReadLine();
  EXPECT_TRUE(answer == "<end>" || answer == "<reset>" || answer[0] == '\x15') << answer;
}

TEST_F(TlsServerTest, T23HandshakesAreBounded) {
  options_.limits.max_handshakes_per_client = 1;
  Start();
  Client first(implicit_address());
  TlsClient tls(first);
  ASSERT_TRUE(tls.Handshake());
  Client second(address_);
  EXPECT_THAT(second.Read(), StartsWith("220 "));
  EXPECT_THAT(second.Ask("EHLO client.example"), StartsWith("250 "));
  EXPECT_THAT(second.Ask("STARTTLS"), StartsWith("454 4.7.0"));
  EXPECT_EQ(counters_.Get(Counter::kTlsRefused), 1u);
  EXPECT_THAT(second.Ask("MAIL FROM:<>"), StartsWith("250 2.1.0"));
  Client third(implicit_address());
  EXPECT_THAT(third.ReadLine(), testing::AnyOf("<end>", "<reset>"));
  WaitForLog("end=max_handshakes_per_client");
  clock_.Advance(absl::Seconds(2));
  Client fourth(implicit_address());
  TlsClient later(fourth);
  EXPECT_TRUE(later.Handshake());
}

TEST_F(TlsServerTest, S8MoreSessionsThanAClientMayHaveEndInSilenceAndTheLogSaysWhy) {
  options_.limits.max_sessions_per_client = 1;
  Start();
  Client first(implicit_address());
  TlsClient tls(first);
  ASSERT_TRUE(tls.Handshake());
  Client second(implicit_address());
  EXPECT_THAT(second.ReadLine(), testing::AnyOf("<end>", "<reset>"));
  WaitForLog("end=max_sessions_per_client");
}

TEST_F(TlsServerTest, T23HandshakesUnderWayAreBoundedForAllTogether) {
  options_.limits.max_handshakes = 1;
  Start();
  Client slow(address_);
  StartTls(slow);
  Client second(address_);
  EXPECT_THAT(second.Read(), StartsWith("220 "));
  EXPECT_THAT(second.Ask("EHLO client.example"), StartsWith("250 "));
  EXPECT_THAT(second.Ask("STARTTLS"), StartsWith("454 4.7.0"));
  slow.Close();
  WaitForLog("end=tls_failed");
  EXPECT_THAT(second.Ask("STARTTLS"), StartsWith("220 2.0.0"));
  TlsClient tls(second);
  EXPECT_TRUE(tls.Handshake());
}

// A client of SCRAM-SHA-256 (RFC 5802, 3), as far as the server's last message.
std::string ScramLogin(TlsClient& tls, const std::string& password) {
  const std::string first = "n=relay,r=abc";
  const std::string challenge =
      Decoded(tls.Ask("AUTH SCRAM-SHA-256 " + absl::Base64Escape("n,," + first)).substr(4));
  const std::string final = "c=biws," + challenge.substr(0, challenge.find(','));
  const std::size_t salt_begin = challenge.find("s=") + 2;
  const std::size_t count_begin = challenge.rfind("i=") + 2;
  const std::string salt = Decoded(challenge.substr(salt_begin, challenge.rfind(',') - salt_begin));
  std::string salted(SHA256_DIGEST_LENGTH, '\0');
  PKCS5_PBKDF2_HMAC(password.data(), static_cast<int>(password.size()), Octets(salt),
                    static_cast<int>(salt.size()), std::stoi(challenge.substr(count_begin)),
                    EVP_sha256(), SHA256_DIGEST_LENGTH,
                    reinterpret_cast<unsigned char*>(salted.data()));
  std::string proof = Hmac(salted, "Client Key");
  std::string stored(SHA256_DIGEST_LENGTH, '\0');
  SHA256(Octets(proof), proof.size(), reinterpret_cast<unsigned char*>(stored.data()));
  const std::string signature = Hmac(stored, first + "," + challenge + "," + final);
  for (std::size_t i = 0; i < proof.size(); ++i) {
    proof[i] = static_cast<char>(proof[i] ^ signature[i]);
  }
  return tls.Ask(absl::Base64Escape(final + ",p=" + absl::Base64Escape(proof)));
}

class LoginServerTest : public TlsServerTest {
 protected:
  LoginServerTest() {
    options_.listen = {{.address = "127.0.0.1:0", .tls = TlsUse::kImplicit, .login = true}};
    options_.users = &users_;
    options_.limits.error_delay = absl::ZeroDuration();
  }
  static std::string Ask(TlsClient& tls, std::string_view plain) {
    std::string text(plain);
    std::replace(text.begin(), text.end(), '|', '\0');
    return tls.Ask("AUTH PLAIN " + absl::Base64Escape(text));
  }

  Users users_{{{"relay", MakeScramSecret("pencil", "salt", kMinScramIterations)}}};
};

TEST_F(LoginServerTest, S57EachWayToGuessCountsAgainstTheClient) {
  options_.limits.max_failed_logins_per_client = 4;
  options_.limits.max_failed_logins = 100;
  Start();
  Client client(address_);
  TlsClient tls(client);
  ASSERT_NO_FATAL_FAILURE(Begin(tls));
  EXPECT_THAT(Ask(tls, "|relay|wrong"), StartsWith("535 5.7.8"));
  EXPECT_THAT(Ask(tls, "other|relay|pencil"), StartsWith("535 5.7.8"));
  EXPECT_THAT(ScramLogin(tls, "wrong"), StartsWith("535 5.7.8"));
  EXPECT_EQ(counters_.Get(Counter::kLoginsFailed), 3u);
  EXPECT_THAT(ScramLogin(tls, "wrong"), StartsWith("535 5.7.8"));
  EXPECT_THAT(ScramLogin(tls, "wrong"), StartsWith("421 4.7.0"));
  EXPECT_EQ(tls.Read(), "<end>");
  EXPECT_THAT(WaitForLog("smtp.session "), AllOf(HasSubstr("end=max_failed_logins_per_client"),
                                                 HasSubstr("errors=5 failed_logins=5")));
}

TEST_F(LoginServerTest, S56WhoIsTakenOutOrHasAnotherPasswordMustLogInAgain) {
  Start();
  Client client(address_);
  TlsClient tls(client);
  ASSERT_NO_FATAL_FAILURE(Begin(tls));
  EXPECT_THAT(Ask(tls, "|relay|pencil"), StartsWith("235 2.7.0"));
  users_.Replace({{"relay", MakeScramSecret("pencil", "salt", kMinScramIterations)},
                  {"other", MakeScramSecret("pencil", "more", kMinScramIterations)}});
  EXPECT_THAT(tls.Ask("MAIL FROM:<>"), StartsWith("250 2.1.0")) << "nothing changed for it";
  EXPECT_THAT(tls.Ask("RSET"), StartsWith("250 "));
  users_.Replace({{"relay", MakeScramSecret("eraser", "salt", kMinScramIterations)}});
  EXPECT_THAT(tls.Ask("MAIL FROM:<>"), StartsWith("530 5.7.0"));
  EXPECT_THAT(Ask(tls, "|relay|eraser"), StartsWith("235 2.7.0"));
  users_.Replace({{"other", MakeScramSecret("pencil", "more", kMinScramIterations)}});
  EXPECT_THAT(tls.Ask("MAIL FROM:<>"), StartsWith("530 5.7.0"));
}

TEST_F(LoginServerTest, S57EachLoginIsCounted) {
  Start();
  for (const bool scram : {false, true}) {
    Client client(address_);
    TlsClient tls(client);
    ASSERT_NO_FATAL_FAILURE(Begin(tls));
    if (scram) {
      EXPECT_THAT(ScramLogin(tls, "pencil"), StartsWith("334 "));
      EXPECT_THAT(tls.Ask(""), StartsWith("235 2.7.0"));
    } else {
      EXPECT_THAT(Ask(tls, "|relay|pencil"), StartsWith("235 2.7.0"));
    }
    EXPECT_THAT(tls.Ask("QUIT"), StartsWith("221 "));
    EXPECT_THAT(WaitForLog("user=relay"), HasSubstr("failed_logins=0"));
    log_text_.clear();
  }
  EXPECT_EQ(counters_.Get(Counter::kLoginsDone), 2u);
  EXPECT_EQ(counters_.Get(Counter::kLoginsFailed), 0u);
}

TEST_F(TlsServerTest, S148TheHeaderOfAProxyComesBeforeTheHandshake) {
  options_.listen = {{.address = "127.0.0.1:0", .tls = TlsUse::kImplicit, .proxy = true}};
  options_.networks.trusted_proxies = {*IpNetwork::Parse("127.0.0.1")};
  Start();
  Client client(address_);
  client.Send("PROXY TCP4 192.0.2.1 192.0.2.2 56324 465\r\n");
  TlsClient tls(client);
  ASSERT_NO_FATAL_FAILURE(Begin(tls));
  EXPECT_THAT(tls.Ask("MAIL FROM:<>"), StartsWith("250 2.1.0"));
  EXPECT_THAT(tls.Ask("RCPT TO:<bounce@rp.example>"), StartsWith("250 2.1.5"));
  EXPECT_THAT(tls.Ask("DATA"), StartsWith("354 "));
  tls.Send(".\r\n");
  Message message = receiver_.Take();
  EXPECT_EQ(message.client_address, "192.0.2.1");
  message.done(MessageIds{"id-1"});
  EXPECT_THAT(tls.Read(), StartsWith("250 2.0.0"));
}

TEST_F(TlsServerTest, AClientGetsTheCertificateOfTheHostThatItNames) {
  const Certificates made;
  options_.tls =
      *Tls::Load({made.Make("first", "mx.example.net"), made.Make("wild", "*.example.org"),
                  made.Make("second-rsa", "mx.example.com", "rsa:2048"),
                  made.Make("second-ec", "mx.example.com")});
  Start();
  struct Case {
    Wish wish;
    std::string shown;
  };
  const Case kCases[] = {
      {{}, "first"},
      {{.server_name = "mx.example.net"}, "first"},
      {{.server_name = "a.example.org"}, "wild"},
      {{.server_name = "a.b.example.org"}, "first"},
      {{.server_name = "nobody.example"}, "first"},
      {{.server_name = "mx.example.com", .signature_algorithms = "ECDSA+SHA256"}, "second-ec"},
      {{.server_name = "mx.example.com", .signature_algorithms = "RSA-PSS+SHA256"}, "second-rsa"},
  };
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.wish.server_name + " " + c.shown);
    Client client(implicit_address());
    TlsClient tls(client);
    ASSERT_TRUE(tls.Handshake(c.wish));
    EXPECT_EQ(tls.ServerName(), c.shown);
  }
}

TEST_F(TlsServerTest, TheSelfMadeOneServesKeysOfBothTypes) {
  Start();
  for (const auto& [algorithms, type] :
       {std::pair("ECDSA+SHA256", "EC"), {"RSA-PSS+SHA256", "RSA"}}) {
    Client client(implicit_address());
    TlsClient tls(client);
    ASSERT_TRUE(tls.Handshake({.signature_algorithms = algorithms}));
    EXPECT_EQ(tls.KeyType(), type);
    EXPECT_EQ(tls.ServerName(), "mx.example.net");
  }
}

TEST_F(TlsServerTest, S142ANewCertificateServesTheNextHandshake) {
  const Certificates made;
  options_.tls = *Tls::Load({made.Make("old", "mx.example.net")});
  Start();
  Client before(implicit_address());
  TlsClient under_old(before);
  ASSERT_TRUE(under_old.Handshake());
  EXPECT_THAT(under_old.Read(), StartsWith("220 "));
  Client waiting(address_);
  StartTls(waiting);

  server_->SetTls(*Tls::Load({made.Make("new", "mx.example.net")}));
  options_.tls.reset();
  Client after(implicit_address());
  TlsClient under_new(after);
  ASSERT_TRUE(under_new.Handshake());
  EXPECT_EQ(under_new.ServerName(), "new");
  // Those that had begun go on.
  EXPECT_THAT(under_old.Ask("EHLO client.example"), StartsWith("250 "));
  EXPECT_EQ(under_old.ServerName(), "old");
  TlsClient late(waiting);
  ASSERT_TRUE(late.Handshake());
  EXPECT_EQ(late.ServerName(), "old");
}

}  // namespace
}  // namespace bounced::smtp
