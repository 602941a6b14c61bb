#include "server/intake/return_path.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdio.h>
#include <stdlib.h>

#include <array>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"

namespace bounced {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr char kSecretA[] = "0123456789abcdef0123456789abcdef";
constexpr char kSecretB[] = "this-is-the-second-key-of-forty-octets..";
const absl::Time kNoon = absl::FromCivil(absl::CivilHour(2026, 7, 1, 12), absl::UTCTimeZone());

absl::Time Noon(absl::CivilDay day) {
  return absl::FromCivil(absl::CivilHour(day) + 12, absl::UTCTimeZone());
}

Address MustParse(std::string_view mailbox) {
  absl::StatusOr<Address> address = Address::Parse(mailbox);
  EXPECT_TRUE(address.ok()) << address.status();
  return *address;
}

ReturnPathDomain Domain(std::string domain) {
  ReturnPathDomain d;
  d.domain = std::move(domain);
  d.keys = {{"a", kSecretA}};
  return d;
}

ReturnPaths MustCreate(std::vector<ReturnPathDomain> domains) {
  absl::StatusOr<ReturnPaths> paths = ReturnPaths::Create(std::move(domains));
  EXPECT_TRUE(paths.ok()) << paths.status();
  return *std::move(paths);
}

// The two sides of the last '@'.
std::pair<std::string, std::string> Split(const std::string& return_path) {
  const std::size_t at = return_path.rfind('@');
  return {return_path.substr(0, at), return_path.substr(at + 1)};
}

VouchResult Vouch(const ReturnPaths& paths, const std::string& return_path, absl::Time now) {
  const auto [local_part, domain] = Split(return_path);
  return paths.Vouch(local_part, domain, now);
}

// --- Vectors

struct Vector {
  std::string_view name;
  ReturnPathForm form;
  std::string_view domain;  // canonical
  std::string_view key_id;
  std::string_view secret;
  std::string_view stream;
  std::string_view reference;
  absl::CivilDay issued;
  std::string_view recipient;  // canonical
  std::string_view want;
  Use use = Use::kReturnPath;
};

const Vector kVectors[] = {
    {"Open", ReturnPathForm::kOpen, "bounces.example.net", "a", kSecretA, "", "",
     absl::CivilDay(2026, 7, 1), "r@example.net",
     "bo-a---ckfy2tf7e4udni4-r=example.net@bounces.example.net"},
    {"OpenWithAllFields", ReturnPathForm::kOpen, "bounces.example.net", "a", kSecretA, "news", "42",
     absl::CivilDay(2026, 7, 1), "anna=b@example.net",
     "bo-a-news-42-ckfoh4px2rkthgu-anna=b=example.net@bounces.example.net"},
    {"OpenOnTheFirstDay", ReturnPathForm::kOpen, "xn--bcher-kva.example", "k9z0", kSecretB,
     "receipts_2", "", absl::CivilDay(2020, 1, 1), "o-brien+tag@m-1.example.net",
     "bo-k9z0-receipts_2--aaacyzbg4miucr4-o-brien+tag=m-1.example.net@xn--bcher-kva.example"},
    {"Sealed", ReturnPathForm::kSealed, "bounces.example.net", "a", kSecretA, "", "",
     absl::CivilDay(2026, 7, 1), "r@example.net",
     "bs-a---ckfky3crgwznl7qvq2xtoelkq56ocp5@bounces.example.net"},
    {"SealedOnTheLastDay", ReturnPathForm::kSealed, "bounces.example.net", "b", kSecretB,
     "newsletter_16___", "m_1234567", absl::CivilDay(2109, 9, 18), "\"a b\"@example.net",
     "bs-b-newsletter_16___-m_1234567-777664hoogmeoqjmthkljarnpsdukx6@bounces.example.net"},
    {"SealedOfAnUtf8Address", ReturnPathForm::kSealed, "bounces.example.net", "b", kSecretB, "", "",
     absl::CivilDay(2026, 7, 1), "j\xc3\xb6rg@xn--bcher-kva.example",
     "bs-b---ckfelqlhg5edgyy6qvytrlbjkwyjwux@bounces.example.net"},
    {"OpenToUnsubscribe", ReturnPathForm::kOpen, "lists.example.net", "a", kSecretA, "news", "",
     absl::CivilDay(2026, 7, 1), "r@example.net",
     "uo-a-news--ckfzl66ssyq5s6f-r=example.net@lists.example.net", Use::kUnsubscribe},
    {"SealedToUnsubscribe", ReturnPathForm::kSealed, "lists.example.net", "b", kSecretB,
     "newsletter_16___", "m_1234567", absl::CivilDay(2109, 9, 18), "\"a b\"@example.net",
     "us-b-newsletter_16___-m_1234567-777664hoogmeoqjmthkve57zmi5kymz@lists.example.net",
     Use::kUnsubscribe},
};

class VectorTest : public testing::TestWithParam<Vector> {
 protected:
  ReturnPaths Paths() const {
    ReturnPathDomain domain = Domain(std::string(GetParam().domain));
    domain.keys = {{std::string(GetParam().key_id), std::string(GetParam().secret)}};
    domain.use = GetParam().use;
    domain.address = absl::StrCat("unsubscribe@", domain.domain);
    return MustCreate({domain});
  }
};

TEST_P(VectorTest, IsMintedAndVouchedFor) {
  const Vector& v = GetParam();
  const ReturnPaths paths = Paths();
  const MintRequest request{std::string(v.domain), std::string(v.stream), std::string(v.reference),
                            v.form, v.use};
  const Address recipient = MustParse(v.recipient);
  const absl::StatusOr<std::string> minted = paths.Mint(request, recipient, Noon(v.issued));
  ASSERT_TRUE(minted.ok()) << minted.status();
  EXPECT_EQ(*minted, v.want);

  const VouchResult vouched = Vouch(paths, std::string(v.want), Noon(v.issued));
  ASSERT_EQ(vouched.refusal, Refusal::kNone) << ToString(vouched.refusal);
  EXPECT_EQ(vouched.voucher->trust, Trust::kSigned);
  EXPECT_EQ(vouched.voucher->return_path, v.want);
  EXPECT_EQ(vouched.voucher->stream, v.stream);
  EXPECT_EQ(vouched.voucher->reference, v.reference);
  EXPECT_EQ(vouched.voucher->key_id, v.key_id);
  EXPECT_EQ(vouched.voucher->day, DayOf(Noon(v.issued)));
  EXPECT_EQ(vouched.voucher->form, v.form);
  EXPECT_EQ(vouched.voucher->recipient.has_value(), v.form == ReturnPathForm::kOpen);
  EXPECT_TRUE(paths.Covers(*vouched.voucher, recipient));
  EXPECT_FALSE(paths.Covers(*vouched.voucher, MustParse("other@example.net")));
}

std::string Quoted(std::string_view s) { return absl::StrCat("'", std::string(s), "'"); }

// A second implementation, of the README's words, in another language.
TEST_P(VectorTest, IsWhatAnIndependentMinterMakes) {
  if (system("python3 -c 'import hmac' 2>/dev/null") != 0) {
    GTEST_SKIP() << "python3 is not installed: the second minter was not asked";
  }
  const Vector& v = GetParam();
  const std::string command = absl::StrCat(
      "python3 '" BOUNCED_SOURCE_DIR "/tests/intake/mint.py' ",
      v.use == Use::kUnsubscribe ? "unsubscribe-" : "",
      v.form == ReturnPathForm::kOpen ? "open" : "sealed", " ", Quoted(v.domain), " ",
      Quoted(v.key_id), " ", Quoted(v.secret), " ", Quoted(v.stream), " ", Quoted(v.reference), " ",
      absl::FormatCivilTime(v.issued), " ", Quoted(v.recipient));
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(popen(command.c_str(), "r"), &pclose);
  ASSERT_NE(pipe, nullptr);
  std::array<char, 512> line{};
  ASSERT_NE(fgets(line.data(), line.size(), pipe.get()), nullptr);
  EXPECT_EQ(absl::StripAsciiWhitespace(line.data()),
            absl::string_view(v.want.data(), v.want.size()));
}
INSTANTIATE_TEST_SUITE_P(, VectorTest, testing::ValuesIn(kVectors),
                         [](const auto& test) { return std::string(test.param.name); });

// Each octet counts, and the case of none does.
TEST_P(VectorTest, S73T15HoldsInAnyCaseAndWithNoOtherOctet) {
  const ReturnPaths paths = Paths();
  const auto [local_part, domain] = Split(std::string(GetParam().want));
  const absl::Time now = Noon(GetParam().issued);
  EXPECT_EQ(paths.Vouch(absl::AsciiStrToUpper(local_part), domain, now).refusal, Refusal::kNone);
  for (std::size_t i = 0; i < local_part.size(); ++i) {
    for (int octet = 0; octet < 256; ++octet) {
      std::string changed = local_part;
      changed[i] = static_cast<char>(octet);
      const bool is_same = absl::AsciiStrToLower(changed) == local_part;
      const VouchResult vouched = paths.Vouch(changed, domain, now);
      ASSERT_EQ(vouched.refusal == Refusal::kNone, is_same) << changed;
      if (is_same) {
        ASSERT_EQ(vouched.voucher->return_path, GetParam().want);
      }
    }
    ASSERT_NE(paths.Vouch(local_part.substr(0, i), domain, now).refusal, Refusal::kNone);
  }
  EXPECT_NE(paths.Vouch(local_part + "a", domain, now).refusal, Refusal::kNone);
}

// --- What happens to a return path on its way

struct Rewriting {
  std::string_view name;
  std::string_view before;  // of the local part
  std::string_view after;
  std::string_view domain = "bounces.example.net";
  bool want = false;  // it still vouches, for the same
};
class RewritingTest : public testing::TestWithParam<Rewriting> {};

// The token is the whole local part or there is none: who wraps it unwraps it before it gets here,
// and what is left of a wrapper vouches for nobody.
TEST_P(RewritingTest, T15VouchesForTheSameOrForNobody) {
  const ReturnPaths paths = MustCreate({Domain("bounces.example.net")});
  for (const Vector& vector : {kVectors[0], kVectors[3]}) {
    const std::string token = Split(std::string(vector.want)).first;
    const VouchResult result = paths.Vouch(
        absl::StrCat(std::string(GetParam().before), token, std::string(GetParam().after)),
        GetParam().domain, kNoon);
    ASSERT_EQ(result.refusal == Refusal::kNone, GetParam().want) << ToString(result.refusal);
    if (GetParam().want) {
      EXPECT_EQ(result.voucher->return_path, vector.want);
    }
  }
}
INSTANTIATE_TEST_SUITE_P(, RewritingTest,
                         testing::ValuesIn<Rewriting>({
                             {"None", "", "", "bounces.example.net", true},
                             {"DomainInCapitals", "", "", "BOUNCES.Example.NET", true},
                             {"DomainWithADot", "", "", "bounces.example.net.", true},
                             {"OtherDomain", "", "", "example.net"},
                             {"SubdomainOfOurs", "", "", "x.bounces.example.net"},
                             {"Srs0", "SRS0=HHH=TT=bounces.example.net=", ""},
                             {"Srs1",
                              "SRS1=HHH=forwarder.example==HHH=TT=bounces.example.net=", ""},
                             {"BatvPrvs", "prvs=0123abcdef=", ""},
                             {"BatvPrvsBehind", "", "=prvs=0123abcdef"},
                             {"BatvBtv1", "btv1==0123abcdef==", ""},
                             {"PlusTag", "", "+tag"},
                             {"PlusTagBefore", "list+", ""},
                             {"MinusTag", "", "-bounces"},
                             {"PercentRoute", "", "%relay.example"},
                             {"BangPath", "relay!", ""},
                             {"AtInside", "", "@relay.example"},
                             {"QuotesKept", "\"", "\""},
                             {"BlankBehind", "", " "},
                             {"BlankBefore", " ", ""},
                             {"DotBehind", "", "."},
                             {"CommentBehind", "", "(bounce)"},
                             {"NulBehind", "", std::string_view("\0", 1)},
                             {"HyphenBefore", "-", ""},
                             {"SoftLineEnd", "", "="},
                         }),
                         [](const auto& test) { return std::string(test.param.name); });

// What a reader of the sealed form could compare with all addresses that he knows is keyed.
TEST(Sealed, T18HoldsNothingThatCanBeSearchedWithoutTheKey) {
  const Address recipient = MustParse("r@example.net");
  std::set<std::string> hashes;
  for (const std::string_view secret : {std::string_view(kSecretA), std::string_view(kSecretB)}) {
    ReturnPathDomain domain = Domain("bounces.example.net");
    domain.keys = {{"a", std::string(secret)}};
    const ReturnPaths paths = MustCreate({domain});
    const auto minted =
        paths.Mint({"bounces.example.net", "", "", ReturnPathForm::kSealed}, recipient, kNoon);
    ASSERT_TRUE(minted.ok()) << minted.status();
    EXPECT_THAT(*minted, Not(HasSubstr("r=example")));
    const VouchResult vouched = Vouch(paths, *minted, kNoon);
    ASSERT_TRUE(vouched.voucher.has_value());
    hashes.insert(std::string(vouched.voucher->sealed.begin(), vouched.voucher->sealed.end()));
  }
  EXPECT_EQ(hashes.size(), 2U) << "another key, another hash";
}

// --- Refusals

struct VouchCase {
  std::string_view name;
  Signing signing;
  std::string_view local_part;
  std::string_view domain;
  Refusal want;
  Trust trust = Trust::kUnverified;  // when it is not refused
};
class VouchTest : public testing::TestWithParam<VouchCase> {};

TEST_P(VouchTest, TellsOursFromOthers) {
  ReturnPathDomain domain = Domain(
      "B\xc3\xbc"
      "cher.example");
  domain.signing = GetParam().signing;
  domain.tenant = "acme";
  domain.stream = "news";
  domain.least_trust = Trust::kAuthenticated;
  const ReturnPaths paths = MustCreate({domain});
  const VouchResult result = paths.Vouch(GetParam().local_part, GetParam().domain, kNoon);
  EXPECT_EQ(ToString(result.refusal), ToString(GetParam().want));
  ASSERT_EQ(result.voucher.has_value(), GetParam().want == Refusal::kNone);
  if (!result.voucher) return;
  EXPECT_EQ(result.voucher->trust, GetParam().trust);
  EXPECT_EQ(result.voucher->least_trust, Trust::kAuthenticated);
  EXPECT_EQ(result.voucher->tenant, "acme");
  EXPECT_EQ(result.voucher->stream, "news");
  EXPECT_EQ(result.voucher->day, DayOf(kNoon));
}

// Minted for r@example.net with key "a" at xn--bcher-kva.example on the day of kNoon.
constexpr std::string_view kGood = "bo-a---ckfto5g3yeixcc5-r=example.net";
constexpr std::string_view kForged = "bo-a---ckfaaaaaaaaaaaa-r=example.net";
constexpr std::string_view kForeign = "bo-z---ckfaaaaaaaaaaaa-r=example.net";
constexpr std::string_view kAscii = "xn--bcher-kva.example";
constexpr auto kRequired = Signing::kRequired;
constexpr auto kOptional = Signing::kOptional;
constexpr auto kOff = Signing::kOff;
INSTANTIATE_TEST_SUITE_P(
    , VouchTest,
    testing::ValuesIn<VouchCase>({
        {"Signed", kRequired, kGood, kAscii, Refusal::kNone, Trust::kSigned},
        {"S73SignedAtAnUpperCaseDomain", kRequired, kGood, "XN--BCHER-KVA.Example", Refusal::kNone,
         Trust::kSigned},
        {"S73SignedAtATrailingDot", kRequired, kGood, "xn--bcher-kva.example.", Refusal::kNone,
         Trust::kSigned},
        {"S73SignedAtAULabel", kRequired, kGood,
         "b\xc3\xbc"
         "cher.example",
         Refusal::kNone, Trust::kSigned},
        {"SignedAtTwoTrailingDots", kRequired, kGood, "xn--bcher-kva.example..", Refusal::kNotOurs},
        {"SignedElsewhere", kRequired, kGood, "example.net", Refusal::kNotOurs},
        {"SignedAtASubdomain", kRequired, kGood, "x.xn--bcher-kva.example", Refusal::kNotOurs},
        {"SignedAtNoDomain", kRequired, kGood, "", Refusal::kNotOurs},
        {"SignedWhereOptional", kOptional, kGood, kAscii, Refusal::kNone, Trust::kSigned},
        {"SignedWhereOff", kOff, kGood, kAscii, Refusal::kNone},
        {"Forged", kRequired, kForged, kAscii, Refusal::kForged},
        {"ForgedWhereOptional", kOptional, kForged, kAscii, Refusal::kForged},
        {"ForgedWhereOff", kOff, kForged, kAscii, Refusal::kNone},
        {"Foreign", kRequired, kForeign, kAscii, Refusal::kForeign},
        {"ForeignWhereOptional", kOptional, kForeign, kAscii, Refusal::kForeign},
        {"Unsigned", kRequired, "bounce+r", kAscii, Refusal::kUnsigned},
        {"UnsignedWhereOptional", kOptional, "bounce+r", kAscii, Refusal::kNone},
        {"UnsignedWhereOff", kOff, "bounce+r", kAscii, Refusal::kNone},
        {"PrefixAlone", kRequired, "bo-x", kAscii, Refusal::kUnsigned},
        {"PrefixAloneWhereOptional", kOptional, "bo-x", kAscii, Refusal::kNone},
        {"Empty", kRequired, "", kAscii, Refusal::kUnsigned},
        {"Postmaster", kRequired, "PostMaster", kAscii, Refusal::kNone},
        {"Abuse", kRequired, "Abuse", kAscii, Refusal::kNone},
        {"PostmasterElsewhere", kRequired, "postmaster", "example.net", Refusal::kNotOurs},
        {"BarePostmaster", kRequired, "POSTMASTER", "", Refusal::kNone},
        {"BareAbuse", kRequired, "abuse", "", Refusal::kNotOurs},
    }),
    [](const auto& test) { return std::string(test.param.name); });

struct SpellingCase {
  std::string_view name;
  std::string_view local_part;
  std::string_view want;
};
class UnsignedReturnPathTest : public testing::TestWithParam<SpellingCase> {};

TEST_P(UnsignedReturnPathTest, IsCanonical) {
  ReturnPathDomain domain = Domain("rp.example");
  domain.signing = Signing::kOff;
  const ReturnPaths paths = MustCreate({domain});
  const VouchResult result = paths.Vouch(GetParam().local_part, "RP.example", kNoon);
  ASSERT_TRUE(result.voucher.has_value());
  EXPECT_EQ(result.voucher->return_path, GetParam().want);
}
INSTANTIATE_TEST_SUITE_P(, UnsignedReturnPathTest,
                         testing::ValuesIn<SpellingCase>({
                             {"Capitals", "Bounce+X", "bounce+x@rp.example"},
                             {"WithABlank", "A b", "\"a b\"@rp.example"},
                             {"WithQuotes", "\"x\"", "\"\\\"x\\\"\"@rp.example"},
                             {"WithABackslash", "a\\b", "\"a\\\\b\"@rp.example"},
                             {"NotNfc", "u\xcc\x88", "\xc3\xbc@rp.example"},
                         }),
                         [](const auto& test) { return std::string(test.param.name); });

TEST(BarePostmaster, IsOfTheFirstDomainAndOfNobodyWithoutOne) {
  ReturnPathDomain first = Domain("first.example");
  first.tenant = "one";
  ReturnPathDomain second = Domain("second.example");
  second.tenant = "two";
  const VouchResult result = MustCreate({first, second}).Vouch("postmaster", "", kNoon);
  ASSERT_TRUE(result.voucher.has_value());
  EXPECT_EQ(result.voucher->tenant, "one");
  EXPECT_EQ(result.voucher->return_path, "postmaster@first.example");
  EXPECT_EQ(MustCreate({}).Vouch("postmaster", "", kNoon).refusal, Refusal::kNotOurs);
}

// --- Age

struct AgeCase {
  std::string_view name;
  absl::Duration after_midnight;  // of the day of issue
  Refusal want;
};
class AgeTest : public testing::TestWithParam<AgeCase> {};

TEST_P(AgeTest, IsCountedFromTheEndOfTheDayOfIssue) {
  ReturnPathDomain domain = Domain("rp.example");
  domain.max_age = absl::Hours(24 * 30);
  const ReturnPaths paths = MustCreate({domain});
  const auto minted = paths.Mint({"rp.example", "", "", {}}, MustParse("r@example.net"), kNoon);
  ASSERT_TRUE(minted.ok());
  const absl::Time midnight = StartOf(DayOf(kNoon));
  const VouchResult result = Vouch(paths, *minted, midnight + GetParam().after_midnight);
  EXPECT_EQ(ToString(result.refusal), ToString(GetParam().want));
}
constexpr absl::Duration kDay = absl::Hours(24);
INSTANTIATE_TEST_SUITE_P(, AgeTest,
                         testing::ValuesIn<AgeCase>({
                             {"TwoDaysBefore", -kDay - absl::Nanoseconds(1), Refusal::kExpired},
                             {"TheDayBefore", -kDay, Refusal::kNone},
                             {"TheMomentOfMidnight", absl::ZeroDuration(), Refusal::kNone},
                             {"TwentyNineDays", 29 * kDay, Refusal::kNone},
                             {"ThirtyDays", 31 * kDay - absl::Nanoseconds(1), Refusal::kNone},
                             {"ThirtyOneDays", 31 * kDay, Refusal::kExpired},
                             {"AYear", 365 * kDay, Refusal::kExpired},
                         }),
                         [](const auto& test) { return std::string(test.param.name); });

TEST(Age, IsNotToldOfWhatIsForged) {
  const ReturnPaths paths = MustCreate({Domain("rp.example")});
  EXPECT_EQ(paths.Vouch("bo-a---aaaaaaaaaaaaaaa-r=example.net", "rp.example", kNoon).refusal,
            Refusal::kForged);
}

// --- Keys

TEST(Rotation, TheLastKeySignsAndAllVerify) {
  ReturnPathDomain domain = Domain("rp.example");
  const ReturnPaths before = MustCreate({domain});
  domain.keys.push_back({"b", kSecretB});
  const ReturnPaths during = MustCreate({domain});
  domain.keys.erase(domain.keys.begin());
  const ReturnPaths after = MustCreate({domain});

  const Address recipient = MustParse("r@example.net");
  const std::string old_token = *before.Mint({"rp.example", "", "", {}}, recipient, kNoon);
  const std::string new_token = *during.Mint({"rp.example", "", "", {}}, recipient, kNoon);
  EXPECT_EQ(new_token.substr(0, 5), "bo-b-");
  EXPECT_EQ(Vouch(before, new_token, kNoon).refusal, Refusal::kForeign);
  EXPECT_EQ(Vouch(during, old_token, kNoon).refusal, Refusal::kNone);
  EXPECT_EQ(Vouch(during, new_token, kNoon).refusal, Refusal::kNone);
  EXPECT_EQ(Vouch(after, old_token, kNoon).refusal, Refusal::kForeign);
  EXPECT_EQ(Vouch(after, new_token, kNoon).refusal, Refusal::kNone);
}

TEST(Rotation, AnIdThatIsUsedAgainWithAnotherSecretForges) {
  ReturnPathDomain domain = Domain("rp.example");
  const std::string token =
      *MustCreate({domain}).Mint({"rp.example", "", "", {}}, MustParse("r@example.net"), kNoon);
  domain.keys = {{"a", kSecretB}};
  EXPECT_EQ(Vouch(MustCreate({domain}), token, kNoon).refusal, Refusal::kForged);
}

Revocation Revoked(std::string domain, std::string key_id) {
  return {.domain = std::move(domain), .key_id = std::move(key_id), .time = kNoon, .author = "ann"};
}

TEST(Revoked, T16NothingThatTheKeySignedCounts) {
  ReturnPathDomain domain = Domain("rp.example");
  domain.keys.push_back({"b", kSecretB});
  const ReturnPaths before = MustCreate({domain, Domain("other.example")});
  const Address recipient = MustParse("r@example.net");
  const std::string open = *before.Mint({"rp.example", "", "", {}}, recipient, kNoon);
  const std::string sealed =
      *before.Mint({"rp.example", "", "", ReturnPathForm::kSealed}, recipient, kNoon);
  const Revocation revoked[] = {Revoked("rp.example", "b"), Revoked("rp.example", "zz"),
                                Revoked("gone.example", "a")};
  const ReturnPaths after = before.WithRevoked(revoked);
  std::string forged = open;
  forged.replace(forged.find("-r="), 3, "-s=");
  for (const std::string& token : {open, sealed, forged}) {
    EXPECT_EQ(ToString(Vouch(after, token, kNoon).refusal), "revoked") << "whatever its MAC";
  }
  const std::string next = *after.Mint({"rp.example", "", "", {}}, recipient, kNoon);
  EXPECT_EQ(next.substr(0, 5), "bo-a-") << "the newest that is left signs";
  EXPECT_EQ(Vouch(after, next, kNoon).refusal, Refusal::kNone);
  EXPECT_EQ(Vouch(before, open, kNoon).refusal, Refusal::kNone) << "another object";
}

TEST(Revoked, TheSameIdAtAnotherDomainIsAnotherKey) {
  const Revocation revoked[] = {Revoked("one.example", "a")};
  const ReturnPaths paths =
      MustCreate({Domain("one.example"), Domain("two.example")}).WithRevoked(revoked);
  const Address recipient = MustParse("r@example.net");
  EXPECT_TRUE(paths.Mint({"two.example", "", "", {}}, recipient, kNoon).ok());
  const absl::Status none = paths.Mint({"one.example", "", "", {}}, recipient, kNoon).status();
  EXPECT_TRUE(absl::IsFailedPrecondition(none)) << none;
}

struct StandingCase {
  std::string_view name;
  Signing signing;
  std::optional<Day> last_day_of_a;
  std::vector<Revocation> revoked;
  std::string_view a, b;  // "signs", "verifies", "over"
};
class StandingTest : public testing::TestWithParam<StandingCase> {};

TEST_P(StandingTest, IsWhatMintAndVouchDo) {
  const StandingCase& c = GetParam();
  ReturnPathDomain domain = Domain("rp.example");
  domain.signing = c.signing;
  domain.keys.front().last_day = c.last_day_of_a;
  domain.keys.push_back({"b", kSecretB});
  const std::vector<KeyStanding> keys = MustCreate({domain}).WithRevoked(c.revoked).keys(kNoon);
  ASSERT_EQ(keys.size(), 2u);
  const auto word = [](const KeyStanding& key) {
    EXPECT_FALSE(key.signs && !key.verifies);
    return key.signs ? "signs" : key.verifies ? "verifies" : "over";
  };
  EXPECT_EQ(keys[0].id, "a");
  EXPECT_EQ(word(keys[0]), c.a);
  EXPECT_EQ(word(keys[1]), c.b);
  EXPECT_EQ(keys[1].revoked.has_value(), !c.revoked.empty());
}
constexpr Signing kOn = Signing::kRequired;
const std::vector<Revocation> kRevokedB = {Revoked("rp.example", "b")};
INSTANTIATE_TEST_SUITE_P(, StandingTest,
                         testing::ValuesIn<StandingCase>({
                             {"TheLastSigns", kOn, {}, {}, "verifies", "signs"},
                             {"Off", Signing::kOff, {}, {}, "over", "over"},
                             {"TheLastIsRevoked", kOn, {}, kRevokedB, "signs", "over"},
                             {"OnItsLastDayItMay", kOn, DayOf(kNoon), kRevokedB, "signs", "over"},
                             {"ThenNoMore", kOn, DayOf(kNoon) - 1, kRevokedB, "verifies", "over"},
                             {"VerifiesForMaxAge", kOn, DayOf(kNoon) - 30, {}, "verifies", "signs"},
                             {"AndNoLonger", kOn, DayOf(kNoon) - 31, {}, "over", "signs"},
                         }),
                         [](const auto& test) { return std::string(test.param.name); });

TEST(Domains, ATokenOfOneIsForgedAtAnotherWithTheSameKey) {
  const ReturnPaths paths = MustCreate({Domain("one.example"), Domain("two.example")});
  const std::string token =
      *paths.Mint({"one.example", "", "", {}}, MustParse("r@example.net"), kNoon);
  EXPECT_EQ(paths.Vouch(Split(token).first, "two.example", kNoon).refusal, Refusal::kForged);
  EXPECT_THAT(paths.domains(), testing::ElementsAre("one.example", "two.example"));
  EXPECT_THAT(paths.domains("nobody"), testing::IsEmpty());
  EXPECT_TRUE(paths.Serves("TWO.example."));
  EXPECT_FALSE(paths.Serves("three.example"));
}

// --- Unsubscribe addresses, feedback loops

ReturnPathDomain UnsubscribeDomain(std::string domain) {
  ReturnPathDomain d = Domain(std::move(domain));
  d.use = Use::kUnsubscribe;
  d.address = absl::StrCat("Unsubscribe@", d.domain);
  d.max_age = absl::Hours(24 * 3'650);
  return d;
}

// One secret and one domain for both uses, so that nothing but the use tells them apart.
TEST(Uses, T14WhatIsSignedForOneHoldsInNoOther) {
  const ReturnPaths paths = MustCreate({Domain("both.example"), UnsubscribeDomain("both.example")});
  const Address recipient = MustParse("r@example.net");
  for (const ReturnPathForm form : {ReturnPathForm::kOpen, ReturnPathForm::kSealed}) {
    for (const Use use : {Use::kReturnPath, Use::kUnsubscribe}) {
      const std::string token =
          *paths.Mint({"both.example", "news", "", form, use}, recipient, kNoon);
      const VouchResult own = Vouch(paths, token, kNoon);
      ASSERT_TRUE(own.voucher.has_value()) << token;
      EXPECT_EQ(own.voucher->use, use);
      EXPECT_EQ(own.voucher->trust, Trust::kSigned);
      EXPECT_TRUE(paths.Covers(*own.voucher, recipient));
      // Under the other's prefix.
      std::string renamed = token;
      renamed[0] = use == Use::kReturnPath ? 'u' : 'b';
      EXPECT_EQ(ToString(Vouch(paths, renamed, kNoon).refusal), "forged") << renamed;
      // Where there is the other use alone.
      const ReturnPaths others = MustCreate(
          {use == Use::kReturnPath ? UnsubscribeDomain("both.example") : Domain("both.example")});
      EXPECT_EQ(ToString(Vouch(others, token, kNoon).refusal), "unsigned") << token;
    }
  }
}

TEST(Uses, AWrongTokenToUnsubscribeIsRefusedAsAReturnPathIs) {
  const ReturnPaths paths = MustCreate({Domain("rp.example"), UnsubscribeDomain("lists.example")});
  const std::string token = *paths.Mint({"lists.example", "news", "", {}, Use::kUnsubscribe},
                                        MustParse("r@example.net"), kNoon);
  const struct {
    std::string address;
    std::string_view refusal;
  } kRows[] = {
      {token, "none"},
      {absl::AsciiStrToUpper(token), "none"},
      {"uo-a-news--ckfaaaaaaaaaaaa-r=example.net@lists.example", "forged"},
      {"uo-z-news--ckfaaaaaaaaaaaa-r=example.net@lists.example", "foreign"},
      {"someone@lists.example", "unsigned"},
      {"unsubscribe@lists.example", "none"},
      {"UNSUBSCRIBE@Lists.Example.", "none"},
      {"postmaster@lists.example", "none"},
      {"unsubscribe@rp.example", "unsigned"},
      {"unsubscribe@x.lists.example", "not_ours"},
  };
  for (const auto& row : kRows) {
    EXPECT_EQ(ToString(Vouch(paths, row.address, kNoon).refusal), row.refusal) << row.address;
  }
  const VouchResult bare = Vouch(paths, "Unsubscribe@lists.example", kNoon);
  EXPECT_EQ(bare.voucher->use, Use::kUnsubscribe);
  EXPECT_EQ(bare.voucher->trust, Trust::kUnverified);
  EXPECT_EQ(bare.voucher->least_trust, Trust::kSigned);
  EXPECT_EQ(bare.voucher->return_path, "unsubscribe@lists.example");
  // Nobody's bounces come there.
  EXPECT_FALSE(paths.Serves("lists.example"));
  EXPECT_THAT(paths.domains(), testing::ElementsAre("rp.example"));
  EXPECT_THAT(paths.domains("", Use::kUnsubscribe), testing::ElementsAre("lists.example"));
}

TEST(Uses, ARevokedKeyHoldsForNoneAndTheOtherAddressesStay) {
  FeedbackLoop loop;
  loop.address = "fbl@both.example";
  const absl::StatusOr<ReturnPaths> created =
      ReturnPaths::Create({Domain("both.example"), UnsubscribeDomain("both.example")}, {loop});
  ASSERT_TRUE(created.ok()) << created.status();
  const std::string token = *created->Mint({"both.example", "news", "", {}, Use::kUnsubscribe},
                                           MustParse("r@example.net"), kNoon);
  Revocation revocation;
  revocation.domain = "both.example";
  revocation.key_id = "a";
  const ReturnPaths paths = created->WithRevoked({&revocation, 1});
  EXPECT_EQ(ToString(Vouch(paths, token, kNoon).refusal), "revoked");
  EXPECT_EQ(Vouch(paths, "fbl@both.example", kNoon).refusal, Refusal::kNone);
  EXPECT_EQ(Vouch(paths, "unsubscribe@both.example", kNoon).refusal, Refusal::kNone);
}

TEST(Uses, ATokenToUnsubscribeHoldsForYears) {
  const ReturnPaths paths = MustCreate({UnsubscribeDomain("lists.example")});
  const std::string token = *paths.Mint({"lists.example", "", "", {}, Use::kUnsubscribe},
                                        MustParse("r@example.net"), kNoon);
  const absl::Time midnight = StartOf(DayOf(kNoon));
  const absl::Duration age = absl::Hours(24 * 3'651);
  EXPECT_EQ(Vouch(paths, token, midnight + age - absl::Seconds(1)).refusal, Refusal::kNone);
  EXPECT_EQ(Vouch(paths, token, midnight + age).refusal, Refusal::kExpired);
}

TEST(FeedbackLoops, AreExactlyTheirAddress) {
  FeedbackLoop loop;
  loop.address = "FBL@rp.example";
  loop.tenant = "acme";
  loop.stream = "news";
  loop.operators = {"Loop.Example."};
  FeedbackLoop other;
  other.address = "complaints@example.com";
  const absl::StatusOr<ReturnPaths> paths =
      ReturnPaths::Create({Domain("rp.example")}, {loop, other});
  ASSERT_TRUE(paths.ok()) << paths.status();
  const VouchResult result = Vouch(*paths, "fbl@RP.example.", kNoon);
  ASSERT_TRUE(result.voucher.has_value());
  EXPECT_EQ(result.voucher->use, Use::kFeedbackLoop);
  EXPECT_EQ(result.voucher->tenant, "acme");
  EXPECT_EQ(result.voucher->stream, "news");
  EXPECT_EQ(result.voucher->trust, Trust::kUnverified);
  EXPECT_EQ(result.voucher->least_trust, Trust::kAuthenticated);
  EXPECT_EQ(result.voucher->return_path, "fbl@rp.example");
  EXPECT_THAT(result.voucher->operators, testing::ElementsAre("loop.example"));
  const struct {
    std::string address;
    std::string_view refusal;
  } kRows[] = {
      {"complaints@example.com", "none"},     {"fbl+x@rp.example", "unsigned"},
      {"fbl@x.rp.example", "not_ours"},       {"abuse@example.com", "not_ours"},
      {"postmaster@example.com", "not_ours"}, {"postmaster@rp.example", "none"},
  };
  for (const auto& row : kRows) {
    EXPECT_EQ(ToString(Vouch(*paths, row.address, kNoon).refusal), row.refusal) << row.address;
  }
}

TEST(FeedbackLoops, SayWhatIsWrong) {
  FeedbackLoop good;
  good.address = "fbl@rp.example";
  FeedbackLoop no_address = good;
  no_address.address = "fbl";
  FeedbackLoop no_tenant = good;
  no_tenant.tenant = "";
  FeedbackLoop stream = good;
  stream.stream = "News";
  FeedbackLoop no_domain = good;
  no_domain.operators = {"a.example", "@"};
  FeedbackLoop unsubscribe = good;
  unsubscribe.address = "unsubscribe@lists.example";
  const struct {
    std::vector<FeedbackLoop> loops;
    std::string_view error;
  } kRows[] = {
      {{good, good}, "feedback loop 'fbl@rp.example': its address is there twice"},
      {{no_address}, "feedback loop 'fbl': "},
      {{no_tenant}, "feedback loop 'fbl@rp.example': the tenant is empty"},
      {{stream}, "feedback loop 'fbl@rp.example': the stream 'News' is not at most 16"},
      {{no_domain}, "feedback loop 'fbl@rp.example': the operator '@': "},
      {{unsubscribe}, "its address is there twice"},
  };
  for (const auto& row : kRows) {
    const auto paths = ReturnPaths::Create({UnsubscribeDomain("lists.example")}, row.loops);
    EXPECT_EQ(paths.status().code(), absl::StatusCode::kInvalidArgument) << row.error;
    EXPECT_THAT(std::string(paths.status().message()), HasSubstr(std::string(row.error)));
  }
}

TEST(Uses, AnUnsubscribeDomainIsThereOnce) {
  EXPECT_THAT(std::string(ReturnPaths::Create(
                              {UnsubscribeDomain("l.example"), UnsubscribeDomain("L.example")})
                              .status()
                              .message()),
              HasSubstr("unsubscribe domain 'L.example': it is there twice"));
  ReturnPathDomain elsewhere = UnsubscribeDomain("l.example");
  elsewhere.address = "unsubscribe@other.example";
  EXPECT_THAT(std::string(ReturnPaths::Create({elsewhere}).status().message()),
              HasSubstr("its address is at another domain"));
}

// --- Minting

struct MintCase {
  std::string_view name;
  MintRequest request;
  std::string_view recipient;
  absl::StatusCode code;
  std::string_view prefix;  // when it is OK
};
class MintTest : public testing::TestWithParam<MintCase> {};

TEST_P(MintTest, TakesTheFormThatFits) {
  ReturnPathDomain off = Domain("off.example");
  off.signing = Signing::kOff;
  const ReturnPaths paths = MustCreate({Domain("rp.example"), off});
  const absl::StatusOr<std::string> minted =
      paths.Mint(GetParam().request, MustParse(GetParam().recipient), kNoon);
  ASSERT_EQ(minted.status().code(), GetParam().code) << minted.status();
  if (!minted.ok()) return;
  EXPECT_EQ(minted->substr(0, GetParam().prefix.size()), GetParam().prefix);
  EXPECT_LE(Split(*minted).first.size(), kMaxLocalPartOctets);
  EXPECT_EQ(absl::AsciiStrToLower(*minted), *minted);
  EXPECT_EQ(Vouch(paths, *minted, kNoon).refusal, Refusal::kNone);
}
constexpr auto kOk = absl::StatusCode::kOk;
constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
constexpr auto kOpen = ReturnPathForm::kOpen;
constexpr auto kSealed = ReturnPathForm::kSealed;
INSTANTIATE_TEST_SUITE_P(
    , MintTest,
    testing::ValuesIn<MintCase>({
        {"OpenWhenItFits", {"rp.example", "", "", {}}, "R@Example.net", kOk, "bo-a---"},
        {"SealedWhenAskedFor", {"rp.example", "", "", kSealed}, "r@example.net", kOk, "bs-a---"},
        {"OpenAt64Octets",
         {"rp.example", "", "", {}},
         "abcdefghijklmnopqrstuvwxyzabc@example.net",
         kOk,
         "bo-"},
        {"SealedAt65Octets",
         {"rp.example", "", "", {}},
         "abcdefghijklmnopqrstuvwxyzabcd@example.net",
         kOk,
         "bs-"},
        {"OpenAt65OctetsAskedFor",
         {"rp.example", "", "", kOpen},
         "abcdefghijklmnopqrstuvwxyzabcd@example.net",
         kInvalid,
         ""},
        {"SealedForAQuotedString", {"rp.example", "", "", {}}, "\"a b\"@example.net", kOk, "bs-"},
        {"OpenForOneThatNeedsNoQuotes",
         {"rp.example", "", "", {}},
         "\"ab\"@example.net",
         kOk,
         "bo-"},
        {"SealedForUtf8", {"rp.example", "", "", {}}, "\xc3\xbc@example.net", kOk, "bs-"},
        {"SealedForALiteral", {"rp.example", "", "", {}}, "r@[192.0.2.1]", kOk, "bs-"},
        {"OpenForAQuotedString",
         {"rp.example", "", "", kOpen},
         "\"a b\"@example.net",
         kInvalid,
         ""},
        {"StreamOf16",
         {"rp.example", "abcdefghijklmno_", "", {}},
         "r@e.net",
         kOk,
         "bo-a-abcdefghijklmno_-"},
        {"StreamOf17", {"rp.example", "abcdefghijklmno_p", "", {}}, "r@e.net", kInvalid, ""},
        {"StreamInCapitals", {"rp.example", "News", "", {}}, "r@e.net", kInvalid, ""},
        {"ReferenceOf16",
         {"rp.example", "", "abcdefghijklmno_", {}},
         "r@e.net",
         kOk,
         "bo-a--abcdefghijklmno_-"},
        {"ReferenceOf17", {"rp.example", "", "abcdefghijklmno_p", {}}, "r@e.net", kInvalid, ""},
        {"ReferenceWithAHyphen", {"rp.example", "", "a-b", {}}, "r@e.net", kInvalid, ""},
        {"SealedFieldsOf26And1",
         {"rp.example", "abcdefghijklmnop", "abcdefghij", kSealed},
         "r@e.net",
         kOk,
         "bs-"},
        {"SealedFieldsOf27And1",
         {"rp.example", "abcdefghijklmnop", "abcdefghijk", kSealed},
         "r@e.net",
         kInvalid,
         ""},
        {"AnotherDomain", {"example.net", "", "", {}}, "r@e.net", absl::StatusCode::kNotFound, ""},
        {"SigningOff",
         {"off.example", "", "", {}},
         "r@e.net",
         absl::StatusCode::kFailedPrecondition,
         ""},
    }),
    [](const auto& test) { return std::string(test.param.name); });

TEST(Mint, WantsADayThatFifteenBitsHold) {
  const ReturnPaths paths = MustCreate({Domain("rp.example")});
  const Address recipient = MustParse("r@example.net");
  const auto code = [&](Day day) {
    return paths.Mint({"rp.example", "", "", {}}, recipient, StartOf(day)).status().code();
  };
  EXPECT_EQ(code(Token::kEpochDay - 1), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(code(Token::kEpochDay), kOk);
  EXPECT_EQ(code(Token::kLastDay), kOk);
  EXPECT_EQ(code(Token::kLastDay + 1), absl::StatusCode::kFailedPrecondition);
}

TEST(Covers, NeverForAnUnsignedVoucher) {
  ReturnPathDomain domain = Domain("rp.example");
  domain.signing = Signing::kOff;
  const ReturnPaths paths = MustCreate({domain});
  Voucher voucher = *paths.Vouch("x", "rp.example", kNoon).voucher;
  voucher.recipient = MustParse("r@example.net");
  EXPECT_FALSE(paths.Covers(voucher, MustParse("r@example.net")));
}

// --- What Create refuses

struct CreateCase {
  std::string_view name;
  std::vector<ReturnPathDomain> domains;
  std::string_view message;  // empty: it is taken
};
class CreateTest : public testing::TestWithParam<CreateCase> {};

TEST_P(CreateTest, NamesTheDomainAndWhatIsWrong) {
  const absl::StatusOr<ReturnPaths> paths = ReturnPaths::Create(GetParam().domains);
  if (GetParam().message.empty()) {
    EXPECT_TRUE(paths.ok()) << paths.status();
    return;
  }
  EXPECT_EQ(paths.status().code(), kInvalid);
  EXPECT_THAT(std::string(paths.status().message()), HasSubstr(std::string(GetParam().message)));
  EXPECT_THAT(std::string(paths.status().message()), HasSubstr("'rp.example'"));
  EXPECT_THAT(std::string(paths.status().message()), testing::Not(HasSubstr(kSecretA)));
}

template <typename Change>
ReturnPathDomain Changed(Change change) {
  ReturnPathDomain domain = Domain("rp.example");
  change(domain);
  return domain;
}

std::vector<ReturnPathKey> Keys(std::size_t n) {
  std::vector<ReturnPathKey> keys;
  for (std::size_t i = 0; i < n; ++i) keys.push_back({absl::StrCat(i), kSecretA});
  return keys;
}
INSTANTIATE_TEST_SUITE_P(
    , CreateTest,
    testing::ValuesIn<CreateCase>({
        {"Nothing", {}, ""},
        {"One", {Domain("rp.example")}, ""},
        {"DomainTwice", {Domain("RP.example."), Domain("rp.example")}, "twice"},
        {"NoKey", {Changed([](auto& d) { d.keys.clear(); })}, "no key"},
        {"NoKeyWhereOptional",
         {Changed([](auto& d) { d.keys.clear(), d.signing = Signing::kOptional; })},
         "no key"},
        {"NoKeyWhereOff",
         {Changed([](auto& d) { d.keys.clear(), d.signing = Signing::kOff; })},
         ""},
        {"SixteenKeys", {Changed([](auto& d) { d.keys = Keys(16); })}, ""},
        {"SeventeenKeys", {Changed([](auto& d) { d.keys = Keys(17); })}, "more than 16"},
        {"KeyIdTwice",
         {Changed([](auto& d) { d.keys.push_back(d.keys[0]); })},
         "'a' is there twice"},
        {"KeyIdEmpty", {Changed([](auto& d) { d.keys[0].id = ""; })}, "key id ''"},
        {"KeyIdOfFour", {Changed([](auto& d) { d.keys[0].id = "az09"; })}, ""},
        {"KeyIdOfFive", {Changed([](auto& d) { d.keys[0].id = "az09a"; })}, "key id 'az09a'"},
        {"KeyIdInCapitals", {Changed([](auto& d) { d.keys[0].id = "A"; })}, "key id 'A'"},
        {"SecretOf31",
         {Changed([](auto& d) { d.keys[0].secret.assign(31, 'x'); })},
         "fewer than 32"},
        {"SecretOf32", {Changed([](auto& d) { d.keys[0].secret.assign(32, 'x'); })}, ""},
        {"SecretOf33", {Changed([](auto& d) { d.keys[0].secret.assign(33, 'x'); })}, ""},
        {"StreamOf16", {Changed([](auto& d) { d.stream.assign(16, 'x'); })}, ""},
        {"StreamOf17", {Changed([](auto& d) { d.stream.assign(17, 'x'); })}, "the stream"},
        {"StreamWithAHyphen", {Changed([](auto& d) { d.stream = "a-b"; })}, "the stream 'a-b'"},
        {"NoTenant", {Changed([](auto& d) { d.tenant = ""; })}, "tenant"},
        {"NoAge", {Changed([](auto& d) { d.max_age = absl::ZeroDuration(); })}, "max_age"},
    }),
    [](const auto& test) { return std::string(test.param.name); });

TEST(Create, RefusesWhatIsNoDomain) {
  EXPECT_THAT(std::string(ReturnPaths::Create({Domain("a..b")}).status().message()),
              HasSubstr("return path domain 'a..b'"));
}

TEST(ReturnPathsTest, T17AKeyThatWasReplacedVerifiesWhatItSignedAndNoMore) {
  const absl::CivilDay last(2026, 6, 20);
  ReturnPathDomain before = Domain("rp.example");
  const ReturnPaths old = MustCreate({before});
  ReturnPathDomain after = before;
  after.keys[0].last_day = DayOf(Noon(last));
  after.keys.push_back({"b", kSecretB});
  const ReturnPaths paths = MustCreate({after});
  struct Case {
    absl::CivilDay issued;
    absl::CivilDay asked;
    Refusal refusal;
  };
  for (const Case& c : {Case{last, last, Refusal::kNone},
                        {last, last + 30, Refusal::kNone},
                        {last, last + 31, Refusal::kExpired},
                        {last - 1, last + 1, Refusal::kNone},
                        {last + 1, last + 1, Refusal::kForged},
                        {last + 1, last + 30, Refusal::kForged}}) {
    const std::string minted =
        *old.Mint({"rp.example", "", "", {}}, MustParse("a@b.example"), Noon(c.issued));
    EXPECT_EQ(Vouch(paths, minted, Noon(c.asked)).refusal, c.refusal) << c.issued << c.asked;
  }
  // The new one has taken over.
  const std::string minted =
      *paths.Mint({"rp.example", "", "", {}}, MustParse("a@b.example"), Noon(last + 5));
  EXPECT_EQ(Vouch(paths, minted, Noon(last + 5)).voucher->key_id, "b");
  after.keys.pop_back();
  EXPECT_THAT(std::string(ReturnPaths::Create({after}).status().message()),
              testing::HasSubstr("the last key signs, and has a last_day"));
}

}  // namespace
}  // namespace bounced
