#include "server/smtp/tls.h"

#include <fstream>
#include <iterator>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/smtp/certificates.h"

namespace bounced::smtp {
namespace {

using testing::StartsWith;

std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void WriteFile(const std::string& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}

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
  WriteFile(made.path("large"), std::string(kMaxPemOctets + 1, 'x'));
  // Nobody writes to it.
  ASSERT_EQ(::mkfifo(made.path("pipe").c_str(), 0600), 0);
  // Chains that end well, but not with their second certificate.
  const std::string certificate = ReadFile(good.chain_file);
  const std::string cut = certificate.substr(0, certificate.size() / 2);
  std::string flipped = certificate;
  flipped[flipped.size() / 2] = '!';
  WriteFile(made.path("cut"), certificate + cut);
  WriteFile(made.path("flipped"), certificate + flipped);
  WriteFile(made.path("third"), certificate + certificate + flipped + certificate);

  struct Case {
    CertificateFiles files;
    std::string file;
    std::string why;
  };
  const Case kCases[] = {
      {{made.path("none"), good.key_file}, made.path("none"), "No such file or directory"},
      {{good.chain_file, made.path("none")}, made.path("none"), "No such file or directory"},
      {{made.path("pipe"), good.key_file}, made.path("pipe"), "is no plain file"},
      {{good.chain_file, made.path("pipe")}, made.path("pipe"), "is no plain file"},
      {{made.path("empty"), good.key_file}, made.path("empty"), "no certificate in it"},
      {{made.path("large"), good.key_file}, made.path("large"), "longer than 1048576 octets"},
      {{made.path("cut"), good.key_file}, made.path("cut"), "certificate 2 in it is broken: "},
      {{made.path("flipped"), good.key_file},
       made.path("flipped"),
       "certificate 2 in it is broken: bad base64 decode"},
      {{made.path("third"), good.key_file},
       made.path("third"),
       "certificate 3 in it is broken: bad base64 decode"},
      {{good.key_file, good.key_file}, good.key_file, "no certificate in it"},
      {{good.chain_file, made.path("empty")}, made.path("empty"), "no key without a passphrase"},
      {{good.chain_file, other.key_file}, other.key_file, "is not the key of"},
      {open, open.key_file, "is open to others"},
      {locked, locked.key_file, "no key without a passphrase"},
      {weak, weak.chain_file, "ee key too small"},
  };
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.file + " " + c.why);
    const absl::Status status = Tls::Load({good, c.files}).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(status.message()), StartsWith(c.file + ": " + c.why));
  }
  EXPECT_FALSE(Tls::Load({}).ok());
  EXPECT_TRUE(Tls::Load({good, other}).ok());
}

TEST(TlsTest, WhatIsNoCertificateMayStandInAChain) {
  const Certificates made;
  const CertificateFiles files = made.Make("a", "a.example");
  const std::string certificate = ReadFile(files.chain_file);
  WriteFile(files.chain_file, "# ours\n" + certificate + "# the issuer's\n" + certificate +
                                  ReadFile(files.key_file) + "# the end\n");
  const auto tls = Tls::Load({files});
  EXPECT_TRUE(tls.ok()) << tls.status();
}

TEST(TlsTest, KnowsWhenEachOfThemEnds) {
  const Certificates made;
  const CertificateFiles files[] = {
      made.Make("long", "a.example", "rsa:2048", "-nodes -days 300"),
      made.Make("short", "b.example", "rsa:2048", "-nodes -days 20"),
      made.Make("other", "b.example", "ec -pkeyopt ec_paramgen_curve:P-256", "-nodes -days 10")};
  const auto tls = Tls::Load({std::begin(files), std::end(files)});
  ASSERT_TRUE(tls.ok()) << tls.status();
  const int days[] = {300, 20, 10};
  ASSERT_EQ((*tls)->ends().size(), std::size(days));
  for (std::size_t i = 0; i < std::size(days); ++i) {
    const CertificateEnd& end = (*tls)->ends()[i];
    EXPECT_EQ(end.chain_file, files[i].chain_file);
    EXPECT_LE(end.time - absl::Now(), absl::Hours(24 * days[i]));
    EXPECT_GT(end.time - absl::Now(), absl::Hours(24 * (days[i] - 1)));
  }
}

TEST(TlsTest, MakesOneOfItsOwnForAnyHostName) {
  const absl::Time now = absl::Now();
  for (const std::string& host : {std::string("mx.example"), std::string(255, 'a')}) {
    const auto tls = Tls::SelfMade(host, now);
    ASSERT_TRUE(tls.ok()) << tls.status();
    for (const CertificateEnd& end : (*tls)->ends()) {
      EXPECT_EQ(end.chain_file, "");
      EXPECT_GT(end.time, now + absl::Hours(365 * 24));
    }
    EXPECT_NE((*tls)->NewSession(), nullptr);
  }
}

}  // namespace
}  // namespace bounced::smtp
