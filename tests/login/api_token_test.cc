#include "server/login/api_token.h"

#include <set>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/login/access.h"

namespace bounced {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;

constexpr std::string_view kToken = "bnc_abc123_0123456789abcdef0123456789abcdef";

TEST(ApiToken, T35HasAPrefixItsIdAnd160BitsOfSecret) {
  std::set<std::string> made;
  std::set<char> characters;
  for (int i = 0; i < 1'000; ++i) {
    const std::string token = MakeApiToken();
    EXPECT_THAT(token, MatchesRegex("bnc_[a-z2-7]{12}_[a-z2-7]{32}"));
    EXPECT_TRUE(made.insert(token).second);
    characters.insert(token.begin() + 17, token.end());
  }
  EXPECT_EQ(characters.size(), 32u) << "5 bits a character";
}

struct IdCase {
  std::string name;
  std::string token;
  std::string want;  // empty: none
};
class ApiKeyIdTest : public testing::TestWithParam<IdCase> {};

TEST_P(ApiKeyIdTest, IsThatOfWhatLooksLikeAToken) {
  EXPECT_EQ(ApiKeyIdOf(std::string_view(GetParam().token)).value_or(""), GetParam().want);
}

INSTANTIATE_TEST_SUITE_P(, ApiKeyIdTest,
                         testing::ValuesIn<IdCase>({
                             {"Made", std::string(kToken), "abc123"},
                             {"SecretOfAnyKind", "bnc_a_!_\x01", "a"},
                             {"LongestId", "bnc_" + std::string(32, 'a') + "_s",
                              std::string(32, 'a')},
                             {"LongerId", "bnc_" + std::string(33, 'a') + "_s", ""},
                             {"Longest", "bnc_a_" + std::string(194, 's'), "a"},
                             {"Longer", "bnc_a_" + std::string(195, 's'), ""},
                             {"NoId", "bnc__s", ""},
                             {"NoSecret", "bnc_a_", ""},
                             {"NoEnd", "bnc_a", ""},
                             {"UpperCase", "bnc_A_s", ""},
                             {"OtherPrefix", "ghp_a_s", ""},
                             {"Empty", "", ""},
                         }),
                         [](const auto& made) { return made.param.name; });

TEST(ApiSecret, IsTheHashOfTheWholeToken) {
  absl::StatusOr<ApiSecret> secret = ApiSecretOf(kToken);
  ASSERT_TRUE(secret.ok()) << secret.status();
  // printf %s bnc_abc123_0123456789abcdef0123456789abcdef | openssl dgst -sha256 -binary | base64
  EXPECT_EQ(ToString(*secret), "SHA-256$abc123:yLv2W+tLqB1Tl1ILCubiA8rY/jaysjDK4eDy/ZTemGY=");
  absl::StatusOr<ApiSecret> parsed = ParseApiSecret(ToString(*secret));
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  EXPECT_EQ(*parsed, *secret);
  EXPECT_TRUE(Equal(parsed->hash, HashApiToken(kToken)));
  EXPECT_FALSE(Equal(parsed->hash, HashApiToken("bnc_abc123_0123456789abcdef0123456789abcdeg")));
  EXPECT_FALSE(ApiSecretOf("abc").ok());
}

TEST(ApiSecret, WhatIsNoneSaysWhy) {
  const std::string hash(43, 'A');
  struct Case {
    std::string text;
    std::string why;
  };
  for (const Case& c : std::initializer_list<Case>{
           {"abc", "begins otherwise"},
           {"SHA-256$abc", "the id is not 1 to 32 of a-z and 0-9"},
           {"SHA-256$:" + hash + "=", "the id"},
           {"SHA-256$a b:" + hash + "=", "the id"},
           {"SHA-256$a:", "32 octets"},
           {"SHA-256$a:AAAA", "32 octets"},
           {"SHA-256$a:!", "32 octets"},
       }) {
    EXPECT_THAT(std::string(ParseApiSecret(c.text).status().message()), HasSubstr(c.why)) << c.text;
  }
  EXPECT_TRUE(ParseApiSecret("SHA-256$a:" + hash + "=").ok());
}

TEST(RolesTest, AdminAllowsAllAndTheOthersThemselves) {
  for (Role has : AllRoles()) {
    EXPECT_EQ(RoleFromName(ToString(has)), has);
    for (Role wants : AllRoles()) {
      EXPECT_EQ(Roles({has}).Allow(wants), has == wants || has == Role::kAdmin);
    }
  }
  EXPECT_EQ(RoleFromName("root"), std::nullopt);
  const Roles some = {Role::kCheck, Role::kEvidence};
  EXPECT_EQ(some.bits(), 0b100010u) << "stored";
  EXPECT_EQ(Roles::FromBits(some.bits() | 1U << 31 | 1U), some) << "what is unknown is dropped";
}

}  // namespace
}  // namespace bounced
