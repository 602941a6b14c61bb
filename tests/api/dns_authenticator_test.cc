// Who speaks for a domain, with DNS as a table.
#include "server/dns_authenticator.h"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "../authentication/dkim_signer.h"
#include "../authentication/zone.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace bounced {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const absl::Time kNow = absl::FromUnixSeconds(1'780'000'000);
constexpr std::string_view kMessage =
    "From: Mail Delivery System <mailer-daemon@mx.example.org>\r\n"
    "To: bounces@rp.example\r\n"
    "Subject: Undelivered\r\n"
    "\r\n"
    "No such user\r\n";
constexpr std::string_view kClient = "192.0.2.1";
constexpr std::string_view kClientV6 = "2001:db8::1";

const PrivateKey& Key() {
  static const PrivateKey key = PrivateKey::Rsa(1024);
  return key;
}

Zone Internet() {
  Zone zone;
  zone.Text("mx.example.org", "v=spf1 ip4:192.0.2.1 -all")
      .Text("example.org", "v=spf1 ip4:192.0.2.1 -all")
      .Text("host.shared.example", "v=spf1 ip4:192.0.2.1 -all")
      .Text("refused.example", "v=spf1 -all")
      .Text("s._domainkey.example.org", absl::StrCat("v=DKIM1; p=", Key().Public()))
      .Text("s._domainkey.other.example", absl::StrCat("v=DKIM1; p=", Key().Public()))
      .Exchange("hosted.example", 10, "mx1.hosted.example")
      .Exchange("hosted.example", 20, "mx2.hosted.example")
      .Address("mx1.hosted.example", "192.0.2.77")
      .Address("mx2.hosted.example", std::string(kClient))
      .Address("mx2.hosted.example", std::string(kClientV6))
      .Address("bare.example", std::string(kClient))
      .Exchange("null.example", 0, ".")
      .Address("null.example", std::string(kClient))
      .Fails("silent.example");
  return zone;
}

std::string Signed(std::string_view domain, std::string_view tags = "",
                   std::string_view algorithm = "rsa-sha256") {
  return Sign(kMessage,
              absl::StrCat("v=1; a=", Absl(algorithm), "; c=relaxed/relaxed; d=", Absl(domain),
                           "; s=s; h=from:to:subject", Absl(tags)),
              Key());
}

AuthenticationRequest Request(std::string message, std::vector<std::string> domains) {
  return {.message = std::move(message),
          .reverse_path = "",
          .client_address = "",
          .client_helo = "client.example",
          .login = "",
          .receive_time = kNow,
          .domains = std::move(domains)};
}

// As ResolveAll() brings it to its end.
Authentication Conclude(AuthenticationRequest request, const Zone& zone = Internet()) {
  Inquiry inquiry(std::move(request));
  const auto result = AskZone(zone, kMaxSpfRounds,
                              [&](dns::Lookups& lookups) { return inquiry.Conclude(lookups); });
  EXPECT_TRUE(result);
  return result.value_or(Authentication());
}

struct Case {
  std::string_view name;
  std::string_view helo;
  std::string_view reverse_path;
  std::string_view client;
  std::string_view domain;  // of the address
  bool speaks;
  std::string_view found;
};
class ClientTest : public testing::TestWithParam<Case> {};

TEST_P(ClientTest, SpeaksForItsOwn) {
  const Case& c = GetParam();
  AuthenticationRequest request = Request(std::string(kMessage), {std::string(c.domain)});
  request.client_helo = c.helo;
  request.reverse_path = c.reverse_path;
  request.client_address = c.client;
  const Authentication authentication = Conclude(request);
  EXPECT_EQ(!authentication.domains.empty(), c.speaks);
  EXPECT_EQ(authentication.found, c.found);
}
INSTANTIATE_TEST_SUITE_P(
    , ClientTest,
    testing::ValuesIn<Case>({
        // Of a null reverse path SPF is about the name in EHLO.
        {"HeloOfTheDomain", "mx.example.org", "", kClient, "example.org", true,
         "spf=pass smtp.helo=mx.example.org; dkim=none"},
        {"HeloOfTheDomainsSubdomain", "mx.example.org", "", kClient, "dept.example.org", true,
         "spf=pass smtp.helo=mx.example.org; dkim=none"},
        {"T11HeloOfASharedHost", "host.shared.example", "", kClient, "example.org", false,
         "spf=pass smtp.helo=host.shared.example; dkim=none"},
        {"HeloOfAnotherClient", "mx.example.org", "", "192.0.2.2", "example.org", false,
         "spf=fail reason=\"\\\"-all\\\" matches, of mx.example.org\" smtp.helo=mx.example.org; "
         "dkim=none"},
        // Of another the domain counts, and EHLO does not.
        {"ReversePathOfTheDomain", "x.example", "d@example.org", kClient, "example.org", true,
         "spf=pass smtp.mailfrom=example.org; dkim=none"},
        {"T10ReversePathOfAnother", "mx.example.org", "d@host.shared.example", kClient,
         "example.org", false, "spf=pass smtp.mailfrom=host.shared.example; dkim=none"},
        {"ReversePathRefused", "mx.example.org", "d@refused.example", kClient, "refused.example",
         false,
         "spf=fail reason=\"\\\"-all\\\" matches, of refused.example\" "
         "smtp.mailfrom=refused.example; dkim=none"},
        // The mail host of a domain.
        {"MailHost", "x", "", kClient, "hosted.example", true,
         "spf=none; dkim=none; x-mx=pass policy.domain=hosted.example"},
        {"MailHostV6", "x", "", kClientV6, "hosted.example", true,
         "spf=none; dkim=none; x-mx=pass policy.domain=hosted.example"},
        {"MailHostOfNoMxRecord", "x", "", kClient, "bare.example", true,
         "spf=none; dkim=none; x-mx=pass policy.domain=bare.example"},
        {"NoMailHostByANullMx", "x", "", kClient, "null.example", false, "spf=none; dkim=none"},
        {"T10NoMailHostOfAnother", "x", "", kClient, "example.net", false, "spf=none; dkim=none"},
        {"SilentDns", "x", "", kClient, "silent.example", false, "spf=none; dkim=none"},
        // Nobody came over the network: only a signature could tell.
        {"NoClient", "mx.example.org", "", "", "example.org", false, "dkim=none"},
    }),
    [](const auto& test) { return std::string(test.param.name); });

struct SignedCase {
  std::string_view name;
  std::string message;
  std::string_view domain;
  bool speaks;
  std::string_view found;  // is in it
};
class SignatureTest : public testing::TestWithParam<SignedCase> {};

TEST_P(SignatureTest, SpeaksForItsDomain) {
  const SignedCase& c = GetParam();
  const Authentication authentication = Conclude(Request(c.message, {std::string(c.domain)}));
  EXPECT_EQ(!authentication.domains.empty(), c.speaks);
  EXPECT_THAT(authentication.found, HasSubstr(std::string(c.found)));
}
INSTANTIATE_TEST_SUITE_P(
    , SignatureTest,
    testing::ValuesIn<SignedCase>({
        {"Aligned", Signed("example.org"), "example.org", true, "dkim=pass header.d=example.org"},
        {"AlignedBelow", Signed("example.org"), "mail.example.org", true, "dkim=pass"},
        {"T10OfAnotherDomain", Signed("other.example"), "example.org", false,
         "dkim=pass header.d=other.example"},
        {"T11Expired", Signed("example.org", "; t=1700000000; x=1700000001"), "example.org", false,
         "dkim=policy reason="},
        {"T11Sha1", Signed("example.org", "", "rsa-sha1"), "example.org", false,
         "dkim=policy reason="},
        {"T11CutBody", Signed("example.org", "; l=2"), "example.org", false, "dkim="},
        {"Changed", Signed("example.org") + "x", "example.org", false, "dkim=fail reason="},
        {"NoKey", Signed("silent.example"), "silent.example", false, "dkim=permerror reason="},
    }),
    [](const auto& test) { return std::string(test.param.name); });

TEST(Inquiry, OfEachDomainItTellsApart) {
  AuthenticationRequest request =
      Request(Signed("example.org"), {"a.example", "hosted.example", "example.org"});
  request.client_address = kClient;
  EXPECT_THAT(Conclude(request).domains, ElementsAre("hosted.example", "example.org"));
}

TEST(Inquiry, NamesWhatTheMessageIsAuthenticatedFor) {
  AuthenticationRequest request = Request(Signed("example.org"), {});
  request.client_address = kClient;
  request.reverse_path = "x@host.shared.example";
  EXPECT_THAT(Conclude(request).identifiers, ElementsAre("host.shared.example", "example.org"));
  // An MX host is none, and neither is what fails.
  request = Request(Signed("example.org") + "x", {"hosted.example"});
  request.client_address = kClient;
  request.reverse_path = "x@refused.example";
  EXPECT_THAT(Conclude(request).domains, ElementsAre("hosted.example"));
  EXPECT_THAT(Conclude(request).identifiers, IsEmpty());
}

// What a relay of ours passes on comes from somebody else.
TEST(Inquiry, OfWhoLoggedInOnlySignaturesTell) {
  AuthenticationRequest request = Request(std::string(kMessage), {"hosted.example"});
  request.client_address = kClient;
  request.client_helo = "mx.example.org";
  request.login = "relay one";
  Authentication authentication = Conclude(request);
  EXPECT_THAT(authentication.domains, IsEmpty());
  EXPECT_EQ(authentication.found, "dkim=none; auth=pass smtp.auth=\"relay one\"");
  request.message = Signed("example.org");
  request.domains = {"example.org"};
  request.login = "relay";
  authentication = Conclude(request);
  EXPECT_THAT(authentication.domains, ElementsAre("example.org"));
  EXPECT_EQ(authentication.found, "dkim=pass header.d=example.org; auth=pass smtp.auth=relay");
}

TEST(Inquiry, AsksForSoManyMailHosts) {
  for (const std::size_t place : {kMaxMailHosts - 1, kMaxMailHosts}) {
    Zone zone;
    for (std::size_t i = 0; i <= place; ++i) {
      const std::string host = absl::StrCat("mx", i, ".example");
      zone.Exchange("many.example", 10, host);
      zone.Address(host, i == place ? std::string(kClient) : "192.0.2.99");
    }
    AuthenticationRequest request = Request(std::string(kMessage), {"many.example"});
    request.client_address = kClient;
    EXPECT_EQ(Conclude(request, zone).domains.size(), place < kMaxMailHosts ? 1u : 0u);
  }
}

TEST(Inquiry, TellsNoMoreThanSoMuch) {
  std::string message(kMessage);
  for (int i = 0; i < 10; ++i) {
    message = absl::StrCat("DKIM-Signature: v=1; a=rsa-sha256; d=", std::string(60, 'a'), ".",
                           std::string(60, 'b'), ".", std::string(60, 'c'), ".", i,
                           ".example; s=s; h=from; bh=YQ==; b=YQ==\r\n", message);
  }
  const std::string found = Conclude(Request(message, {"example.org"})).found;
  EXPECT_LE(found.size(), kMaxAuthenticationOctets);
  EXPECT_GT(found.size(), kMaxAuthenticationOctets - 300);
}

// --- The bound of what is held

class PatientResolver final : public dns::Resolver {
 public:
  ~PatientResolver() override { Answer(); }
  void Resolve(std::vector<dns::Question> questions, absl::Time deadline, Done done) override {
    deadlines.push_back(deadline);
    waiting_.emplace_back(questions.size(), std::move(done));
  }
  void Answer() {
    for (auto& [questions, done] : std::exchange(waiting_, {})) {
      done(std::vector<dns::Answer>(questions));
    }
  }
  std::size_t waiting() const { return waiting_.size(); }
  std::vector<absl::Time> deadlines;

 private:
  std::vector<std::pair<std::size_t, Done>> waiting_;
};

class StoppedClock final : public Clock {
 public:
  absl::Time Now() const override { return kNow; }
  absl::Time Steady() const override { return absl::FromUnixSeconds(7); }
};

class DnsAuthenticatorTest : public testing::Test {
 protected:
  DnsAuthenticatorTest() {
    auto resolver = std::make_unique<PatientResolver>();
    resolver_ = resolver.get();
    authenticator_.emplace(std::move(resolver), clock_, absl::Seconds(5));
  }

  void Ask(std::size_t octets) {
    std::string message = Signed("example.org");
    message.resize(octets, 'x');
    authenticator_->Authenticate(Request(std::move(message), {"example.org"}),
                                 [this](Authentication a) { told_.push_back(std::move(a)); });
  }

  StoppedClock clock_;
  std::vector<Authentication> told_;
  PatientResolver* resolver_;
  std::optional<DnsAuthenticator> authenticator_;
};

TEST_F(DnsAuthenticatorTest, S132AsksUntilItsTimeIsOver) {
  Ask(1'000);
  ASSERT_THAT(resolver_->deadlines, ElementsAre(absl::FromUnixSeconds(12)));
  EXPECT_THAT(told_, IsEmpty());
  resolver_->Answer();
  ASSERT_EQ(told_.size(), 1u);
  EXPECT_THAT(told_[0].domains, IsEmpty());
  EXPECT_THAT(told_[0].found, HasSubstr("dkim=temperror"));
}

TEST_F(DnsAuthenticatorTest, HoldsSoManyOctets) {
  constexpr std::size_t kHalf = DnsAuthenticator::kMaxHeldOctets / 2;
  Ask(kHalf);
  Ask(kHalf);
  EXPECT_THAT(told_, IsEmpty());
  Ask(1'000);
  ASSERT_EQ(told_.size(), 1u) << "at once";
  EXPECT_EQ(told_[0].found, "");
  EXPECT_EQ(resolver_->waiting(), 2u);
  resolver_->Answer();
  EXPECT_EQ(told_.size(), 3u);
  Ask(DnsAuthenticator::kMaxHeldOctets + 1);
  EXPECT_EQ(resolver_->waiting(), 1u) << "alone it is taken";
}

TEST_F(DnsAuthenticatorTest, ItsEndOwesNothing) {
  Ask(1'000);
  authenticator_.reset();
  EXPECT_EQ(told_.size(), 1u);
}

}  // namespace
}  // namespace bounced
