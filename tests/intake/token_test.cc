#include "server/intake/token.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "absl/strings/ascii.h"
#include "server/intake/keyed_hash.h"

namespace bounced {
namespace {

constexpr std::string_view kSecret = "0123456789abcdef0123456789abcdef";

std::string Hex(const KeyedHashValue& value) {
  std::string hex;
  for (const std::uint8_t octet : value) {
    hex += "0123456789abcdef"[octet >> 4];
    hex += "0123456789abcdef"[octet & 15];
  }
  return hex;
}

TEST(KeyedHash, IsHmacOverLengthsAndFields) {
  // printf 'label\0\0\1a\0\0\0\2bc' | openssl dgst -sha256 -hmac 0123456789abcdef0123456789abcdef
  EXPECT_EQ(Hex(KeyedHash(kSecret, "label", {"a", "", "bc"})),
            "ba186d891bc1b24b4d597faaf8fafc631f063a5ec40ad7ef154645dca610712a");
}

TEST(Base32, ShowsTheLeftmostBits) {
  // RFC 4648, 10: the vectors of "foobar", without padding and cut to whole groups of five bits.
  const std::string octets = "foobar";
  const std::span<const std::uint8_t> bits(reinterpret_cast<const std::uint8_t*>(octets.data()),
                                           octets.size());
  EXPECT_EQ(Base32(bits, 8), "mzxw6ytb");
  EXPECT_EQ(Base32(bits, 9), "mzxw6ytbo");
  EXPECT_EQ(Base32(bits, 0), "");
  for (std::size_t i = 0; i < kBase32Alphabet.size(); ++i) {
    EXPECT_EQ(FromBase32(kBase32Alphabet[i]), i);
  }
  for (int c = 0; c < 256; ++c) {
    const bool is_there = c != 0 && kBase32Alphabet.find(static_cast<char>(c)) != std::string::npos;
    EXPECT_EQ(FromBase32(static_cast<char>(c)).has_value(), is_there) << c;
  }
}

TEST(RecipientHash, GoesThroughBase32AndBack) {
  const RecipientHash hash = HashRecipient(kSecret, "r@example.net");
  EXPECT_EQ(RecipientHashFromBase32(ToBase32(hash)), hash);
  EXPECT_NE(HashRecipient(kSecret, "s@example.net"), hash);
  EXPECT_NE(HashRecipient("another secret of at least 32 oct", "r@example.net"), hash);
}

struct SyntaxCase {
  std::string_view name;
  std::string_view local_part;
  bool is_token;
};
class TokenSyntaxTest : public testing::TestWithParam<SyntaxCase> {};

TEST_P(TokenSyntaxTest, T12ReadsWhatTheGrammarAllows) {
  const std::optional<Token> token = Token::Read(GetParam().local_part);
  EXPECT_EQ(token.has_value(), GetParam().is_token);
  if (token) {
    EXPECT_EQ(token->Write(), absl::AsciiStrToLower(std::string(GetParam().local_part)));
  }
}
// A day is "aaa", a MAC 12 characters, a hash 16.
INSTANTIATE_TEST_SUITE_P(
    , TokenSyntaxTest,
    testing::ValuesIn<SyntaxCase>({
        {"Open", "bo-a---aaamacmacmacmac-r=example.net", true},
        {"OpenInCapitals", "BO-A---AAAMACMACMACMAC-R=EXAMPLE.NET", true},
        {"OpenWithAll", "bo-k9z0-s_1-r_2-aaamacmacmacmac-r=e.net", true},
        {"OpenToUnsubscribe", "uo-a---aaamacmacmacmac-r=example.net", true},
        {"SealedToUnsubscribe", "us-a---aaahashhashhashhashmacmacmacmac", true},
        {"OfNoUse", "xo-a---aaamacmacmacmac-r=example.net", false},
        {"Sealed", "bs-a---aaahashhashhashhashmacmacmacmac", true},
        {"SealedWithAll", "bs-k9z0-s_1-r_2-aaahashhashhashhashmacmacmacmac", true},
        {"SealedAtItsLongest", "bs-abcd-abcdefghijklmnop-abcdefg-aaahashhashhashhashmacmacmacmac",
         true},
        {"SealedAnOctetTooLong",
         "bs-abcd-abcdefghijklmnop-abcdefgh-aaahashhashhashhashmacmacmacmac", false},
        {"OpenAtItsLongest", "bo-a---aaamacmacmacmac-abcdefghijklmnopqrstuvwxyzabc=example.net",
         true},
        {"OpenAnOctetTooLong", "bo-a---aaamacmacmacmac-abcdefghijklmnopqrstuvwxyzabcd=example.net",
         false},
        {"HyphensInTheRecipient", "bo-a---aaamacmacmacmac-a-b=c-d.net", true},
        {"EqualsInTheRecipient", "bo-a---aaamacmacmacmac-a=b=example.net", true},
        {"Empty", "", false},
        {"PrefixAlone", "bo-", false},
        {"AnotherPrefix", "bx-a---aaamacmacmacmac-r=example.net", false},
        {"NoKey", "bo----aaamacmacmacmac-r=example.net", false},
        {"KeyTooLong", "bo-abcde---aaamacmacmacmac-r=example.net", false},
        {"KeyWithUnderscore", "bo-a_---aaamacmacmacmac-r=example.net", false},
        {"StreamOf16", "bs-a-abcdefghijklmnop--aaahashhashhashhashmacmacmacmac", true},
        {"StreamOf17", "bs-a-abcdefghijklmnopq--aaahashhashhashhashmacmacmacmac", false},
        {"StreamWithADot", "bs-a-s.t--aaahashhashhashhashmacmacmacmac", false},
        {"ReferenceOf16", "bs-a--abcdefghijklmnop-aaahashhashhashhashmacmacmacmac", true},
        {"ReferenceOf17", "bs-a--abcdefghijklmnopq-aaahashhashhashhashmacmacmacmac", false},
        {"FieldMissing", "bo-a--aaamacmacmacmac-r=example.net", false},
        {"FieldTooMany", "bs-a----aaahashhashhashhashmacmacmacmac", false},
        {"MacNotBase32", "bo-a---aaamacmacmacma1-r=example.net", false},
        {"HashNotBase32", "bs-a---aaahashhashhashhas0macmacmacmac", false},
        {"DayNotBase32", "bs-a---aa8hashhashhashhashmacmacmacmac", false},
        {"MacTooShort", "bo-a---aaamacmacmacma-r=example.net", false},
        {"MacTooLong", "bo-a---aaamacmacmacmaca-r=example.net", false},
        {"SealedTooShort", "bs-a---aaahashhashhashhashmacmacmacma", false},
        {"SealedTooLong", "bs-a---aaahashhashhashhashmacmacmacmaca", false},
        {"NoRecipient", "bo-a---aaamacmacmacmac-", false},
        {"NoHyphenBeforeTheRecipient", "bo-a---aaamacmacmacmac", false},
        {"RecipientWithoutDomain", "bo-a---aaamacmacmacmac-r", false},
        {"RecipientWithAnAt", "bo-a---aaamacmacmacmac-r@example.net", false},
        {"RecipientQuoted", "bo-a---aaamacmacmacmac-\"r\"=example.net", false},
        {"RecipientAtALiteral", "bo-a---aaamacmacmacmac-r=[192.0.2.1]", false},
        {"RecipientNotAscii", "bo-a---aaamacmacmacmac-r\xc3\xb6=example.net", false},
        {"RecipientAtAULabel",
         "bo-a---aaamacmacmacmac-r=b\xc3\xbc"
         "cher.example",
         false},
        {"RecipientWithTrailingDot", "bo-a---aaamacmacmacmac-r=example.net.", false},
        {"RecipientWithTwoDots", "bo-a---aaamacmacmacmac-r..s=example.net", false},
    }),
    [](const auto& test) { return std::string(test.param.name); });

// Fields that are moved into each other must not keep their MAC: two lists of fields never give the
// same input.
TEST(TokenMac, T14DependsOnEachFieldAndItsPlace) {
  const std::vector<std::string> words = {"", "a", "b", "ab", "ba", "aab", "a_b"};
  std::set<std::string> macs;
  std::size_t tokens = 0;
  for (const ReturnPathForm form : {ReturnPathForm::kOpen, ReturnPathForm::kSealed}) {
    for (const std::string& stream : words) {
      for (const std::string& reference : words) {
        for (const Day day : {Token::kEpochDay, Token::kEpochDay + 1, Token::kLastDay}) {
          for (const char* domain : {"a.example", "b.example"}) {
            for (const char* key_id : {"a", "b", "ab"}) {
              for (const char* recipient : {"a@b.example", "aa@b.example", "mfrggzdfmztwq2lk"}) {
                Token token{form, key_id, stream, reference, day, recipient, ""};
                macs.insert(token.ExpectedMac(kSecret, domain));
                ++tokens;
              }
            }
          }
        }
      }
    }
  }
  EXPECT_EQ(macs.size(), tokens);
}

// At 50 bits the expected guesses are over 10^14.
TEST(TokenMac, T12IsTooLongToBeGuessed) {
  for (const ReturnPathForm form : {ReturnPathForm::kOpen, ReturnPathForm::kSealed}) {
    const Token token{form, "a", "news", "", Token::kEpochDay, "r@example.net", ""};
    EXPECT_GE(token.ExpectedMac(kSecret, "a.example").size() * kBitsPerCharacter, 50U);
  }
}

// The same fields for another use have another MAC.
TEST(TokenMac, T14IsOfItsUseAlone) {
  for (const ReturnPathForm form : {ReturnPathForm::kOpen, ReturnPathForm::kSealed}) {
    Token token{form, "a", "news", "", Token::kEpochDay, "r@example.net", ""};
    const std::string of_return_path = token.ExpectedMac(kSecret, "a.example");
    token.use = Use::kUnsubscribe;
    EXPECT_NE(token.ExpectedMac(kSecret, "a.example"), of_return_path);
  }
  const KeyedHashValue as_hash = KeyedHash(kSecret, "bounced recipient 1", {"open"});
  const KeyedHashValue as_mac = KeyedHash(kSecret, "bounced return path mac 1", {"open"});
  EXPECT_NE(as_hash, as_mac);
}

}  // namespace
}  // namespace bounced
