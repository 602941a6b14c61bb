#include "server/login/scram.h"

#include <string>

#include "absl/strings/escaping.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace bounced {
namespace {

using testing::HasSubstr;

const char kKey[] = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

TEST(ScramTest, IsWrittenAndRead) {
  // RFC 7677, 3: the salt and the count of its example; the keys are those of "pencil".
  std::string salt;
  absl::Base64Unescape("W22ZaJ0SNY7soEsUEjb6gQ==", &salt);
  const ScramSecret secret = MakeScramSecret("pencil", salt, 4'096);
  const std::string text = ToString(secret);
  EXPECT_THAT(text, testing::StartsWith("SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$"));
  EXPECT_EQ(ToString(*ParseScramSecret(text)), text);
  EXPECT_TRUE(CheckPassword(secret, "pencil"));
  EXPECT_FALSE(CheckPassword(secret, "Pencil"));
  EXPECT_FALSE(CheckPassword(secret, ""));
}

TEST(ScramTest, PasswordsArePrepared) {
  struct Case {
    std::string a;
    std::string b;
    bool same;
  };
  const Case kCases[] = {
      {"I\u00adX", "IX", true},   // RFC 4013, 3: a soft hyphen
      {"user", "USER", false},    // case is kept
      {"\u00aa", "a", true},      // NFKC
      {"\u2168", "IX", true},     // NFKC
      {"a\u00a0b", "a b", true},  // blanks
      {"\x80", "\x81", false},    // no UTF-8: taken as it is
      {"a\x07", "a\x08", false},  // prohibited: taken as it is
      {std::string(kMaxPasswordOctets, 'x'), std::string(kMaxPasswordOctets, 'x'), true},
  };
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.a);
    const ScramSecret secret = MakeScramSecret(c.a, "salt", kMinScramIterations);
    EXPECT_EQ(CheckPassword(secret, c.b), c.same);
  }
}

TEST(ScramTest, SaysWhatIsWrongWithASecret) {
  const std::string key = kKey;
  struct Case {
    std::string text;
    std::string why;  // empty: nothing
  };
  const Case kCases[] = {
      {"SCRAM-SHA-256$4096:c2FsdA==$" + key + ":" + key, ""},
      {"SCRAM-SHA-256$1000000:c2FsdA==$" + key + ":" + key, ""},
      {"", "it begins otherwise"},
      {"pencil", "it begins otherwise"},
      {"SCRAM-SHA-1$4096:c2FsdA==$" + key + ":" + key, "it begins otherwise"},
      {"SCRAM-SHA-256$4096:c2FsdA==$" + key, "a part is missing"},
      {"SCRAM-SHA-256$4095:c2FsdA==$" + key + ":" + key, "from 4096 to 1000000"},
      {"SCRAM-SHA-256$1000001:c2FsdA==$" + key + ":" + key, "from 4096 to 1000000"},
      {"SCRAM-SHA-256$x:c2FsdA==$" + key + ":" + key, "from 4096 to 1000000"},
      {"SCRAM-SHA-256$4096:$" + key + ":" + key, "the salt"},
      {"SCRAM-SHA-256$4096:!$" + key + ":" + key, "the salt"},
      {"SCRAM-SHA-256$4096:" + absl::Base64Escape(std::string(64, 's')) + "$" + key + ":" + key,
       ""},
      {"SCRAM-SHA-256$4096:" + absl::Base64Escape(std::string(65, 's')) + "$" + key + ":" + key,
       "the salt"},
      {"SCRAM-SHA-256$4096:c2FsdA==$c2FsdA==:" + key, "a key is not 32"},
      {"SCRAM-SHA-256$4096:c2FsdA==$" + key + ":c2FsdA==", "a key is not 32"},
  };
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.text);
    const absl::Status status = ParseScramSecret(c.text).status();
    EXPECT_EQ(status.ok(), c.why.empty()) << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr(c.why));
  }
}

TEST(ScramTest, RandomOctetsDiffer) {
  EXPECT_EQ(RandomOctets(16).size(), 16u);
  EXPECT_NE(RandomOctets(16), RandomOctets(16));
}

}  // namespace
}  // namespace bounced
