#include "server/smtp/tls.h"

#include <fstream>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/smtp/certificates.h"

namespace bounced::smtp {
namespace {

using testing::HasSubstr;

TEST(TlsTest, SaysWhichFileIsWrongAndWhy) {
  const Certificates made;
  const CertificateFiles good = made.Make("good", "a.example");
  const CertificateFiles other = made.Make("other", "b.example");
  const CertificateFiles open = made.Make("open", "c.example");
  ::chmod(open.key_file.c_str(), 0644);
  const CertificateFiles locked =
      made.Make("locked", "d.example", "rsa:2048", "-passout pass:1234");
  const CertificateFiles weak = made.Make("weak", "e.example", "rsa:1024");
  std::ofstream(made.path("empty"));
  ::chmod(made.path("empty").c_str(), 0600);
  std::ofstream(made.path("large")) << std::string(kMaxPemOctets + 1, 'x');

  struct Case {
    CertificateFiles files;
    std::string file;
    std::string why;
  };
  const Case kCases[] = {
      {{made.path("none"), good.key_file}, made.path("none"), "cannot be read"},
      {{good.chain_file, made.path("none")}, made.path("none"), "cannot be read"},
      {{made.path("empty"), good.key_file}, made.path("empty"), "no certificate in it"},
      {{made.path("large"), good.key_file}, made.path("large"), "cannot be read"},
      {{good.key_file, good.key_file}, good.key_file, "no certificate in it"},
      {{good.chain_file, made.path("empty")}, made.path("empty"), "no key without a passphrase"},
      {{good.chain_file, other.key_file}, other.key_file, "is not the key of"},
      {open, open.key_file, "is open to others"},
      {locked, locked.key_file, "no key without a passphrase"},
      {weak, weak.chain_file, "too small"},
  };
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.file + " " + c.why);
    const absl::Status status = Tls::Load({good, c.files}).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(status.message()), testing::StartsWith(c.file + ": "));
    EXPECT_THAT(std::string(status.message()), HasSubstr(c.why));
  }
  EXPECT_FALSE(Tls::Load({}).ok());
  EXPECT_TRUE(Tls::Load({good, other}).ok());
}

TEST(TlsTest, KnowsWhenTheFirstOfThemEnds) {
  const Certificates made;
  const auto tls = Tls::Load({made.Make("long", "a.example", "rsa:2048", "-nodes -days 300"),
                              made.Make("short", "b.example", "rsa:2048", "-nodes -days 20")});
  ASSERT_TRUE(tls.ok()) << tls.status();
  const absl::Duration left = (*tls)->expire_time() - absl::Now();
  EXPECT_LE(left, absl::Hours(20 * 24));
  EXPECT_GT(left, absl::Hours(19 * 24));
}

TEST(TlsTest, MakesOneOfItsOwnForAnyHostName) {
  const absl::Time now = absl::Now();
  for (const std::string& host : {std::string("mx.example"), std::string(255, 'a')}) {
    const auto tls = Tls::SelfMade(host, now);
    ASSERT_TRUE(tls.ok()) << tls.status();
    EXPECT_GT((*tls)->expire_time(), now + absl::Hours(365 * 24));
    EXPECT_NE((*tls)->NewSession(), nullptr);
  }
}

}  // namespace
}  // namespace bounced::smtp
