#include "server/login/exchange.h"

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace bounced {
namespace {

std::string Nul(std::string text) {
  for (char& c : text) c = c == '|' ? '\0' : c;
  return text;
}

// RFC 7677, 3.
constexpr const char* kClientNonce = "rOprNGfwEbeRWgbNEkqO";
constexpr const char* kServerNonce = "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";

class ExchangeTest : public testing::Test {
 protected:
  static UserSecrets Secrets() {
    std::string salt;
    absl::Base64Unescape("W22ZaJ0SNY7soEsUEjb6gQ==", &salt);
    return {{"user", MakeScramSecret("pencil", salt, 4'096)},
            {"a,b=c", MakeScramSecret("pencil", salt, 4'096)}};
  }
  // What became of it: "?TEXT" a challenge, "user:password fits", "done user", "refused", ...
  static std::string Show(const SaslStep& step) {
    if (auto* challenge = std::get_if<SaslChallenge>(&step)) return "?" + challenge->text;
    if (auto* password = std::get_if<SaslPassword>(&step)) {
      const bool fits = CheckPassword(password->secret, password->password);
      return password->user + (fits ? " fits" : " does not fit");
    }
    if (auto* done = std::get_if<SaslDone>(&step)) return "done " + done->user;
    return std::holds_alternative<SaslRefused>(step) ? "refused" : "malformed";
  }

  const Users users_{Secrets()};
};

TEST_F(ExchangeTest, MechanismsAreNamedInAnyCase) {
  for (const char* name : {"PLAIN", "plain", "Login", "scram-sha-256"}) {
    EXPECT_NE(SaslExchange::Begin(name, users_), nullptr) << name;
  }
  for (const char* name : {"", "CRAM-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256-PLUS", "EXTERNAL"}) {
    EXPECT_EQ(SaslExchange::Begin(name, users_), nullptr) << name;
  }
}

TEST_F(ExchangeTest, PlainAndLogin) {
  struct Case {
    const char* mechanism;
    std::vector<std::string> messages;
    std::string last;
  };
  const std::string name64(64, 'n');
  const Case kCases[] = {
      {"PLAIN", {"|user|pencil"}, "user fits"},
      {"PLAIN", {"user|user|pencil"}, "user fits"},
      {"PLAIN", {"|user|pencils"}, "user does not fit"},
      {"PLAIN", {"|nobody|pencil"}, "nobody does not fit"},
      {"PLAIN", {"other|user|pencil"}, "refused"},
      {"PLAIN", {"||pencil"}, "refused"},
      {"PLAIN", {"|user|"}, "user does not fit"},
      {"PLAIN", {"user pencil"}, "malformed"},
      {"PLAIN", {"|user"}, "malformed"},
      {"PLAIN", {""}, "malformed"},
      {"PLAIN", {"|" + name64 + "|p"}, name64 + " does not fit"},
      {"PLAIN", {"|" + name64 + "n|p"}, "refused"},
      {"PLAIN", {"|user|" + std::string(kMaxPasswordOctets, 'p')}, "user does not fit"},
      {"PLAIN", {"|user|" + std::string(kMaxPasswordOctets + 1, 'p')}, "refused"},
      {"LOGIN", {"user"}, "?Password:"},
      {"LOGIN", {"user", "pencil"}, "user fits"},
      {"LOGIN", {"user", "pencils"}, "user does not fit"},
      {"LOGIN", {"", "pencil"}, "refused"},
      {"LOGIN", {name64 + "n", "pencil"}, "refused"},
  };
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.last);
    auto exchange = SaslExchange::Begin(c.mechanism, users_);
    EXPECT_EQ(Show(exchange->Open()),
              std::string_view(c.mechanism) == "LOGIN" ? "?Username:" : "?");
    std::string last;
    for (const std::string& message : c.messages) last = Show(exchange->Next(Nul(message)));
    EXPECT_EQ(last, c.last);
  }
}

TEST_F(ExchangeTest, ScramAsInRfc7677) {
  auto exchange = BeginScram(users_, kServerNonce);
  EXPECT_EQ(
      Show(exchange->Next(std::string("n,,n=user,r=") + kClientNonce)),
      std::string("?r=") + kClientNonce + kServerNonce + ",s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096");
  EXPECT_EQ(Show(exchange->Next(std::string("c=biws,r=") + kClientNonce + kServerNonce +
                                ",p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=")),
            "?v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=");
  EXPECT_EQ(Show(exchange->Next("")), "done user");
}

TEST_F(ExchangeTest, ScramThatIsNot) {
  const std::string first = std::string("n,,n=user,r=") + kClientNonce;
  const std::string nonce = std::string("r=") + kClientNonce + kServerNonce;
  const std::string proof = ",p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";
  struct Case {
    std::string name;
    std::vector<std::string> messages;
    std::string last;
  };
  const Case kCases[] = {
      {"a proof with one bit changed",
       {first, "c=biws," + nonce + ",p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVU="},
       "refused"},
      {"a proof that is short", {first, "c=biws," + nonce + ",p=dHzb"}, "refused"},
      {"a proof for another user",
       {std::string("n,,n=nobody,r=") + kClientNonce, "c=biws," + nonce + proof},
       "refused"},
      {"another nonce", {first, std::string("c=biws,r=") + kClientNonce + "x" + proof}, "refused"},
      {"the nonce of the client alone",
       {first, std::string("c=biws,r=") + kClientNonce + proof},
       "refused"},
      {"another header", {first, "c=eSws," + nonce + proof}, "malformed"},
      {"no proof", {first, "c=biws," + nonce}, "malformed"},
      {"a proof that is no base64", {first, "c=biws," + nonce + ",p=!"}, "malformed"},
      {"acts for another", {std::string("n,a=other,n=user,r=") + kClientNonce}, "refused"},
      {"channel binding", {std::string("p=tls-unique,,n=user,r=") + kClientNonce}, "malformed"},
      {"no header", {"n=user,r=x"}, "malformed"},
      {"no name", {"n,,r=x"}, "malformed"},
      {"an empty name", {"n,,n=,r=x"}, "malformed"},
      {"a name with a bad escape", {"n,,n=a=2Db,r=x"}, "malformed"},
      {"no nonce", {"n,,n=user"}, "malformed"},
      {"an empty nonce", {"n,,n=user,r="}, "malformed"},
      {"an extension that must be known", {"n,,m=x,n=user,r=x"}, "malformed"},
      {"a nonce with a blank", {"n,,n=user,r=a b"}, "malformed"},
      {"a nonce with a line's end", {"n,,n=user,r=a\r\nb"}, "malformed"},
      {"a nonce that is not ASCII", {"n,,n=user,r=a\x80"}, "malformed"},
      {"a nonce beyond its bound", {"n,,n=user,r=" + std::string(257, 'x')}, "malformed"},
      {"nothing", {""}, "malformed"},
      {"more behind the end", {first, "c=biws," + nonce + proof, "x"}, "malformed"},
  };
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.name);
    auto exchange = BeginScram(users_, kServerNonce);
    std::string last;
    for (const std::string& message : c.messages) last = Show(exchange->Next(message));
    EXPECT_EQ(last, c.last);
  }
}

TEST_F(ExchangeTest, ScramTakesWhatIsOptional) {
  for (const std::string& first :
       {std::string("y,,n=user,r=x"), std::string("n,a=user,n=user,r=x"),
        std::string("n,,n=a=2Cb=3Dc,r=x,e=extension"), "n,,n=user,r=" + std::string(256, 'x')}) {
    auto exchange = BeginScram(users_, kServerNonce);
    EXPECT_THAT(Show(exchange->Next(first)), testing::StartsWith("?r=x")) << first;
  }
}

TEST_F(ExchangeTest, WhoDoesNotExistLooksLikeWhoDoes) {
  const ScramSecret nobody = users_.Find("nobody");
  EXPECT_EQ(nobody.iterations, 4'096);
  EXPECT_EQ(nobody.salt.size(), kScramSaltOctets);
  EXPECT_EQ(users_.Find("nobody").salt, nobody.salt);
  EXPECT_NE(users_.Find("nobody else").salt, nobody.salt);
  EXPECT_NE(Users(Secrets()).Find("nobody").salt, nobody.salt);
}

TEST_F(ExchangeTest, AmongUsersOfSeveralKindsThoseWhoDoNotExistAreOfTheSame) {
  // Iterations and octets of salt: of one user in four the first, of three the second.
  using Kind = std::pair<int, std::size_t>;
  const Kind one{4'096, 16}, three{5'000, 33};
  const auto secret = [](const Kind& kind) {
    return ScramSecret{.iterations = kind.first, .salt = std::string(kind.second, 's')};
  };
  UserSecrets secrets{{"b", secret(one)}, {"a", secret(three)}, {"c", secret(three)}};
  secrets.emplace("d", secret(three));
  Users users(secrets);
  const auto kind_of = [&users](int number) {
    const ScramSecret found = users.Find("nobody " + std::to_string(number));
    return Kind{found.iterations, found.salt.size()};
  };
  constexpr int kNames = 1'000;
  std::map<Kind, int> counts;
  std::vector<Kind> before;
  for (int i = 0; i < kNames; ++i) ++counts[before.emplace_back(kind_of(i))];
  EXPECT_EQ(counts.size(), 2u);
  // A quarter is 250, and its standard deviation below 14.
  EXPECT_NEAR(counts[one], kNames / 4, 140);
  EXPECT_NEAR(counts[three], kNames * 3 / 4, 140);
  users.Replace(secrets);
  for (int i = 0; i < kNames; ++i) EXPECT_EQ(kind_of(i), before[static_cast<std::size_t>(i)]) << i;
  // Another user of a kind that there is changes that of few.
  secrets.emplace("e", secret(three));
  users.Replace(secrets);
  int changed = 0;
  for (int i = 0; i < kNames; ++i) changed += kind_of(i) != before[static_cast<std::size_t>(i)];
  EXPECT_LT(changed, 200);
}

TEST_F(ExchangeTest, WithoutUsersWhoDoesNotExistHasTheUsualSecret) {
  const ScramSecret nobody = Users({}).Find("nobody");
  EXPECT_EQ(nobody.iterations, kDefaultScramIterations);
  EXPECT_EQ(nobody.salt.size(), kScramSaltOctets);
}

TEST_F(ExchangeTest, UsersAreReplaced) {
  Users users(Secrets());
  users.Replace({{"user", MakeScramSecret("new", "salt", 4'096)}});
  EXPECT_TRUE(CheckPassword(users.Find("user"), "new"));
  EXPECT_FALSE(CheckPassword(users.Find("a,b=c"), "pencil"));
}

}  // namespace
}  // namespace bounced
