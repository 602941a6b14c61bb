#include "server/authentication/dkim.h"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "dkim_signer.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "parser/text.h"
#include "server/authentication/message_fields.h"

namespace bounced {

void PrintTo(DkimOutcome outcome, std::ostream* out) { *out << Name(outcome); }

namespace {

using testing::ElementsAre;
using testing::Field;
using testing::IsEmpty;

constexpr std::string_view kMessage =
    "From: Mail Delivery System <mailer-daemon@example.org>\r\n"
    "To: r@example.net\r\n"
    "Subject: Undelivered\r\n"
    "Date: Tue, 14 Nov 2023 22:13:20 +0000\r\n"
    "\r\n"
    "No such user\r\n"
    "here\r\n";
constexpr std::string_view kSeed = "0123456789abcdef0123456789abcdef";
const absl::Time kNow = absl::FromUnixSeconds(1'700'000'000);

const PrivateKey& RsaKey() {
  static const PrivateKey key = PrivateKey::Rsa(1024);
  return key;
}

dns::Answer Text(std::vector<std::string> texts) {
  return {.outcome = dns::Outcome::kFound, .texts = std::move(texts)};
}

std::vector<DkimResult> Verify(std::string_view message, std::vector<std::string> records) {
  dns::Lookups lookups;
  lookups.Set({"s._domainkey.example.org", dns::Type::kTxt}, Text(std::move(records)));
  std::optional<std::vector<DkimResult>> results = VerifyDkim(message, kNow, lookups);
  if (results) return *std::move(results);
  ADD_FAILURE() << "asks for " << lookups.TakeAsked().front().name;
  return {{DkimOutcome::kTemperror, ""}};
}

struct Case {
  std::string_view name;
  std::string_view tags;    // besides v=, a=, c=, d=, s= and h=
  std::string_view record;  // "$" is the key
  std::string_view from;    // in the signed message, where it stands first
  std::string_view to;
  DkimOutcome outcome;
  std::string_view reason;
  std::string_view fields = "from:to:subject:date";
};

class VerifyDkimTest : public testing::TestWithParam<Case> {};

TEST_P(VerifyDkimTest, Says) {
  const Case& row = GetParam();
  const std::string tags =
      absl::StrCat("v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.org; s=s; h=", Absl(row.fields),
                   Absl(row.tags));
  std::string message = Sign(kMessage, tags, RsaKey());
  const std::size_t at = message.find(row.from);
  ASSERT_NE(at, message.npos);
  message.replace(at, row.from.size(), row.to);
  const std::string record = absl::StrReplaceAll(Absl(row.record), {{"$", RsaKey().Public()}});
  const std::vector<DkimResult> results = Verify(message, {record});
  ASSERT_EQ(results.size(), 1u);
  EXPECT_EQ(results[0].outcome, row.outcome);
  EXPECT_EQ(results[0].reason, row.reason);
}

constexpr std::string_view kKey = "v=DKIM1; p=$";
constexpr DkimOutcome kPass = DkimOutcome::kPass;
constexpr DkimOutcome kFail = DkimOutcome::kFail;
constexpr DkimOutcome kPolicy = DkimOutcome::kPolicy;
constexpr DkimOutcome kNeutral = DkimOutcome::kNeutral;
constexpr DkimOutcome kPermerror = DkimOutcome::kPermerror;
constexpr std::string_view kBadBody = "the body is not what was signed";
constexpr std::string_view kBadHeader = "the header is not what was signed";
constexpr std::string_view kPartOfBody = "only a part of the body is signed (l=)";
constexpr std::string_view kFuture = "the signature is of the future";
constexpr std::string_view kOnceMore = "a field stands once more than is signed";
constexpr std::string_view kNotAList = "the signature is no list of tags";
constexpr std::string_view kMissesATag = "the signature misses a tag that it needs";

const auto kName = [](const auto& info) { return std::string(info.param.name); };

INSTANTIATE_TEST_SUITE_P(
    T11, VerifyDkimTest,
    testing::ValuesIn<Case>({
        {"AsItWasSigned", "", kKey, "", "", kPass, ""},
        {"BodyChanged", "", kKey, "such user", "such User", kFail, kBadBody},
        {"BodyLonger", "", kKey, "here\r\n", "here\r\nx\r\n", kFail, kBadBody},
        {"EmptyLinesAtTheEndOfTheBody", "", kKey, "here\r\n", "here\r\n\r\n", kPass, ""},
        {"FieldChanged", "", kKey, "Undelivered", "Delivered", kFail, kBadHeader},
        {"FieldGone", "", kKey, "Subject: Undelivered\r\n", "", kFail, kBadHeader},
        {"SignedFieldGained", "", kKey, "", "", kPass, "", "from:to:subject:date:x-absent"},
        {"SignedFieldFilled", "", kKey, "From:", "X-Absent: a\r\nFrom:", kFail, kBadHeader,
         "from:to:subject:date:x-absent"},
        {"OtherFieldGained", "", kKey, "From:", "X-Other: a\r\nFrom:", kPass, ""},
        {"SignatureChanged", "", kKey, " b=", " b=AAAA", kFail, kBadHeader},
        {"RsaSha1", "", kKey, "rsa-sha256", "rsa-sha1", kPolicy, "SHA-1 is broken"},
        {"LengthOfNothing", "; l=0", kKey, "", "", kPolicy, kPartOfBody},
        {"LengthOfAPart", "; l=19", kKey, "", "", kPolicy, kPartOfBody},
        {"LengthOfAll", "; l=20", kKey, "", "", kPass, ""},
        {"LengthOfAllAndMore", "; l=20", kKey, "here\r\n", "here\r\nx\r\n", kPolicy, kPartOfBody},
        {"LengthBeyond", "; l=21", kKey, "", "", kFail, kBadBody},
        {"LengthOf76Digits",
         "; l=1000000000000000000000000000000000000000000000000000000000000000000000000000", kKey,
         "", "", kFail, kBadBody},
        {"LengthOf77Digits",
         "; l=10000000000000000000000000000000000000000000000000000000000000000000000000000", kKey,
         "", "", kNeutral, "l= is no number"},
        {"NegativeLength", "; l=-1", kKey, "", "", kNeutral, "l= is no number"},
        {"Expired", "; x=1699999999", kKey, "", "", kPolicy, "the signature has expired"},
        {"Expires", "; x=1700000000", kKey, "", "", kPass, ""},
        {"ExpiresInTwelveDigits", "; x=999999999999", kKey, "", "", kPass, ""},
        {"ExpiresInThirteenDigits", "; x=1000000000000", kKey, "", "", kNeutral, "x= is no time"},
        {"ExpiresBeforeItWasMade", "; t=1700000000; x=1700000000", kKey, "", "", kNeutral,
         "the signature expires before it was made"},
        {"OfTheFutureWithinTheSkew", "; t=1700000300", kKey, "", "", kPass, ""},
        {"OfTheFuture", "; t=1700000301", kKey, "", "", kPolicy, kFuture},
        {"NoTime", "; t=now", kKey, "", "", kNeutral, "t= is no time"},
        {"SecondFromOnTop", "", kKey, "DKIM", "From: a@example.net\r\nDKIM", kPolicy, kOnceMore},
        {"SecondFromBelow", "", kKey, "Date:", "from : a@example.net\r\nDate:", kPolicy, kOnceMore},
        {"SecondFromOversigned", "", kKey, "DKIM", "From: a@example.net\r\nDKIM", kFail, kBadHeader,
         "from:from:to:subject:date"},
        {"NoSecondFromOversigned", "", kKey, "", "", kPass, "", "from:from:to:subject:date"},
        {"SecondSubject", "", kKey, "DKIM", "Subject: Paid\r\nDKIM", kPolicy, kOnceMore},
        {"SecondSubjectWhereNoneIsSigned", "", kKey, "DKIM", "Subject: Paid\r\nDKIM", kPass, "",
         "from:to:date"},
        {"FromNotSigned", "", kKey, "", "", kPermerror, "From is not signed", "to:subject:date"},
        {"NoFrom", "", kKey, "From:", "X-From:", kPermerror, "the message has no From"},
        {"LineThatIsNoField", "", kKey, "From:", "--boundary\r\nFrom:", kNeutral,
         "a line of the header is no field"},
        {"CrInTheHeader", "", kKey, "From:", "X: a\rFrom:", kNeutral,
         "a line of the header ends in CR alone"},
    }),
    kName);

INSTANTIATE_TEST_SUITE_P(
    Key, VerifyDkimTest,
    testing::ValuesIn<Case>({
        {"Alone", "", "p=$", "", "", kPass, ""},
        {"OfAllTags", "", "v=DKIM1; g=*; h=sha1 : sha256; k=rsa; n=a note=; s=email : x; t=z; p=$;",
         "", "", kPass, ""},
        {"WithUnknownTags", "", "v=DKIM1; zz=1; p=$", "", "", kPass, ""},
        {"ForAllServices", "", "v=DKIM1; s=*; p=$", "", "", kPass, ""},
        {"ForOtherServices", "", "v=DKIM1; s=tlsrpt; p=$", "", "", kPermerror,
         "the key is not for mail"},
        {"ForOtherHashes", "", "v=DKIM1; h=sha1; p=$", "", "", kPermerror,
         "the key is not for SHA-256"},
        {"Testing", "", "v=DKIM1; t=y; p=$", "", "", kPolicy, "the domain is testing (t=y)"},
        {"TestingOfAFailure", "", "v=DKIM1; t=s:y; p=$", "such user", "such User", kPolicy,
         "the domain is testing (t=y)"},
        {"StrictOfTheDomain", "; i=a@example.org", "v=DKIM1; t=s; p=$", "", "", kPass, ""},
        {"StrictOfASubdomain", "; i=a@b.example.org", "v=DKIM1; t=s; p=$", "", "", kPermerror,
         "the key is for no subdomain (t=s)"},
        {"Revoked", "", "v=DKIM1; p=", "", "", kPermerror, "the key is revoked"},
        {"Missing", "", "v=DKIM1; k=rsa", "", "", kPermerror, "the key record holds no key"},
        {"OfAnotherVersion", "", "v=DKIM2; p=$", "", "", kPermerror,
         "the key record is of another version"},
        {"WithTheVersionBehind", "", "p=$; v=DKIM1", "", "", kPermerror,
         "the key record is of another version"},
        {"OfAnUnknownType", "", "v=DKIM1; k=dsa; p=$", "", "", kPermerror,
         "the key is of an unknown type"},
        {"OfAnotherType", "", "v=DKIM1; k=ed25519; p=$", "", "", kPermerror,
         "the key is not of its type"},
        {"ForAnotherAlgorithm", "", kKey, "rsa-sha256", "ed25519-sha256", kPermerror,
         "the key is for another algorithm"},
        {"ThatIsNoBase64", "", "v=DKIM1; p=#", "", "", kPermerror, "the key is no base64"},
        {"ThatIsNoKey", "", "v=DKIM1; p=AAAA", "", "", kPermerror, "the key is not of its type"},
        {"WithMoreBehind", "", "v=DKIM1; p=$AAAA", "", "", kPermerror,
         "the key is not of its type"},
        {"OfAnotherSyntax", "", "v=spf1 -all", "", "", kPermerror,
         "the key record is of another version"},
        {"ThatIsNoList", "", "hello", "", "", kPermerror, "the key record is no list of tags"},
        {"WithATagTwice", "", "p=$; k=rsa; k=rsa", "", "", kPermerror,
         "the key record is no list of tags"},
    }),
    kName);

INSTANTIATE_TEST_SUITE_P(
    Signature, VerifyDkimTest,
    testing::ValuesIn<Case>({
        {"OfAllTags",
         "; i=a=20b@sub.example.org; q=x/y : dns/txt; t=1; x=1800000000; z=From:a|To:b", kKey, "",
         "", kPass, ""},
        {"WithUnknownTags", "; zz=", kKey, "", "", kPass, ""},
        {"NotAList", "", kKey, "v=1", "v", kNeutral, kNotAList},
        {"TagTwice", "; v=1", kKey, "", "", kNeutral, kNotAList},
        {"NoVersion", "", kKey, "v=1; ", "", kNeutral, kMissesATag},
        {"OtherVersion", "", kKey, "v=1", "v=2", kNeutral,
         "the version of the signature is unknown"},
        {"NoAlgorithm", "", kKey, "a=rsa-sha256; ", "", kNeutral, kMissesATag},
        {"OtherAlgorithm", "", kKey, "rsa-sha256", "RSA-SHA256", kNeutral,
         "the algorithm is unknown"},
        {"NoDomain", "", kKey, "d=example.org; ", "", kNeutral, kMissesATag},
        {"NoSelector", "", kKey, "s=s; ", "", kNeutral, kMissesATag},
        {"NoFields", "", kKey, "h=from:to:subject:date; ", "", kNeutral, kMissesATag},
        {"NoBodyHash", "", kKey, "bh=", "bx=", kNeutral, kMissesATag},
        {"NoSignature", "", kKey, " b=", " bx=", kNeutral, kMissesATag},
        {"EmptySignature", "", kKey, " b=", " b=; bx=", kNeutral, "b= is no base64"},
        {"JunkInSignature", "", kKey, " b=", " b=#", kNeutral, "b= is no base64"},
        {"JunkInBodyHash", "", kKey, " bh=", " bh=#", kNeutral, "bh= is no base64"},
        {"BodyHashOfAnotherSize", "", kKey, " bh=", " bh=AAAA", kFail, kBadBody},
        {"OtherCanonicalization", "", kKey, "relaxed/relaxed", "relaxed/nofws", kNeutral,
         "the canonicalization is unknown"},
        {"OtherCanonicalizationOfTheHeader", "", kKey, "relaxed/relaxed", "nofws", kNeutral,
         "the canonicalization is unknown"},
        {"OtherQuery", "; q=x/y", kKey, "", "", kNeutral, "the key is not in DNS"},
        {"EmptyFieldName", "", kKey, "", "", kNeutral, "h= is no list of fields", "from::to"},
        {"BlankInFieldName", "", kKey, "", "", kNeutral, "h= is no list of fields", "from:a b"},
        {"DomainThatIsNone", "", kKey, "d=example.org", "d=[192.0.2.1]", kNeutral,
         "d= and s= make no name of a key"},
        {"DomainWithAnEmptyLabel", "", kKey, "d=example.org", "d=example..org", kNeutral,
         "d= is no domain"},
        {"SelectorThatIsNone", "", kKey, "s=s", "s=.", kNeutral, "s= is no selector"},
        {"IdentityOfTheDomain", "; i=@EXAMPLE.org", kKey, "", "", kPass, ""},
        {"IdentityOfAnotherDomain", "; i=@example.net", kKey, "", "", kPermerror,
         "i= is not of the domain of d="},
        {"IdentityOfALongerName", "; i=@an-example.org", kKey, "", "", kPermerror,
         "i= is not of the domain of d="},
        {"IdentityWithoutDomain", "; i=a", kKey, "", "", kNeutral, "i= is no identity"},
        {"IdentityOfNoDomain", "; i=a@b..example.org", kKey, "", "", kNeutral, "i= is no identity"},
    }),
    kName);

// RFC 8463, A.
TEST(DkimTest, Rfc8463Example) {
  std::string message =
      "DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;\n"
      " d=football.example.com; i=@football.example.com;\n"
      " q=dns/txt; s=brisbane; t=1528637909; h=from : to :\n"
      " subject : date : message-id : from : subject : date;\n"
      " bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\n"
      " b=/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11Bus\n"
      " Fa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==\n"
      "DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed;\n"
      " d=football.example.com; i=@football.example.com;\n"
      " q=dns/txt; s=test; t=1528637909; h=from : to : subject :\n"
      " date : message-id : from : subject : date;\n"
      " bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\n"
      " b=F45dVWDfMbQDGHJFlXUNB2HKfbCeLRyhDXgFpEL8GwpsRe0IeIixNTe3\n"
      " DhCVlUrSjV4BwcVcOF6+FF3Zo9Rpo1tFOeS9mPYQTnGdaSGsgeefOsk2Jz\n"
      " dA+L10TeYt9BgDfQNZtKdN1WO//KgIqXP7OdEFE4LjFYNcUxZQ4FADY+8=\n"
      "From: Joe SixPack <joe@football.example.com>\n"
      "To: Suzie Q <suzie@shopping.example.net>\n"
      "Subject: Is dinner ready?\n"
      "Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)\n"
      "Message-ID: <20030712040037.46341.5F8J@football.example.com>\n"
      "\n"
      "Hi.\n"
      "\n"
      "We lost the game.  Are you hungry yet?\n"
      "\n"
      "Joe.\n";
  absl::StrReplaceAll({{"\n", "\r\n"}}, &message);
  dns::Lookups lookups;
  ASSERT_FALSE(VerifyDkim(message, kNow, lookups));
  const dns::Question brisbane{"brisbane._domainkey.football.example.com", dns::Type::kTxt};
  const dns::Question test{"test._domainkey.football.example.com", dns::Type::kTxt};
  EXPECT_THAT(lookups.TakeAsked(), ElementsAre(brisbane, test));
  lookups.Set(brisbane,
              Text({"v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="}));
  lookups.Set(
      test, Text({"v=DKIM1; k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkHlOQoBTzWRiGs5V6NpP3id"
                  "Y6Wk08a5qhdR6wy5bdOKb2jLQiY/J16JYi0Qvx/byYzCNb3W91y3FutACDfzwQ/BC/e/8uBsCR+yz1"
                  "Lxj+PL6lHvqMKrM3rG4hstT5QjvHO9PzoxZyVYLzBfO2EeC3Ip3G+2kryOTIKT+l/K4w3QIDAQAB"}));
  const auto results = VerifyDkim(message, kNow, lookups);
  ASSERT_TRUE(results);
  ASSERT_EQ(results->size(), 2u);
  for (const DkimResult& result : *results) {
    EXPECT_EQ(result.outcome, kPass) << result.reason;
    EXPECT_EQ(result.domain, "football.example.com");
    EXPECT_EQ(result.identity, "@football.example.com");
  }
  EXPECT_EQ((*results)[0].selector, "brisbane");
  EXPECT_EQ((*results)[1].selector, "test");
}

// In simple/simple, with all fields signed, there is no octet that may change.
TEST(DkimTest, EachOctetCounts) {
  const PrivateKey key = PrivateKey::Ed25519(kSeed);
  const std::string record = absl::StrCat("k=ed25519; p=", key.Public());
  const std::string message = Sign(
      kMessage,
      "v=1; a=ed25519-sha256; c=simple/simple; d=example.org; s=s; h=from:to:subject:date", key);
  ASSERT_EQ(Verify(message, {record})[0].outcome, kPass);
  // The last four bits of the base64 of 64 octets say nothing.
  const std::size_t idle = message.find("==\r\n") - 1;
  for (std::size_t i = 0; i < message.size(); ++i) {
    if (i == idle) continue;
    for (const int bit : {1, 2, 0x20, 0x80}) {
      std::string changed = message;
      changed[i] = static_cast<char>(changed[i] ^ bit);
      dns::Lookups lookups;
      lookups.Set({"s._domainkey.example.org", dns::Type::kTxt}, Text({record}));
      const auto results = VerifyDkim(changed, kNow, lookups);
      if (!results) continue;  // another key's name
      EXPECT_NE((*results)[0].outcome, kPass) << i << " ^ " << bit << ": " << changed;
    }
    std::string shorter = message;
    shorter.erase(i, 1);
    // CR LF and LF are one.
    if (message[i] == '\r') continue;
    dns::Lookups lookups;
    lookups.Set({"s._domainkey.example.org", dns::Type::kTxt}, Text({record}));
    const auto results = VerifyDkim(shorter, kNow, lookups);
    if (!results) continue;
    EXPECT_NE((*results)[0].outcome, kPass) << i << ": " << shorter;
  }
}

TEST(DkimTest, NamesEachOutcome) {
  EXPECT_EQ(Name(DkimOutcome::kNone), "none");
  EXPECT_EQ(Name(kPass), "pass");
  EXPECT_EQ(Name(kFail), "fail");
  EXPECT_EQ(Name(kPolicy), "policy");
  EXPECT_EQ(Name(kNeutral), "neutral");
  EXPECT_EQ(Name(DkimOutcome::kTemperror), "temperror");
  EXPECT_EQ(Name(kPermerror), "permerror");
}

TEST(DkimTest, MessageWithoutSignature) {
  dns::Lookups lookups;
  for (const std::string_view message : {kMessage, std::string_view()}) {
    const auto results = VerifyDkim(message, kNow, lookups);
    ASSERT_TRUE(results);
    ASSERT_EQ(results->size(), 1u);
    EXPECT_EQ(results->front().outcome, DkimOutcome::kNone);
  }
  EXPECT_THAT(lookups.TakeAsked(), IsEmpty());
}

constexpr std::string_view kTags =
    "v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.org; s=s; h=from:to";

TEST(DkimTest, TellsWhoSigned) {
  std::string message = Sign(kMessage, absl::StrCat(Absl(kTags), "; i=a@b.Example.org"), RsaKey());
  const DkimResult result = Verify(message, {"p=" + RsaKey().Public()})[0];
  EXPECT_EQ(result.outcome, kPass);
  EXPECT_EQ(result.domain, "example.org");
  EXPECT_EQ(result.identity, "a@b.Example.org");
  EXPECT_EQ(result.selector, "s");
  // Also where it does not pass, as far as it can be read.
  const DkimResult bad = Verify(absl::StrReplaceAll(message, {{"v=1", "v=2"}}), {})[0];
  EXPECT_EQ(bad.outcome, kNeutral);
  EXPECT_EQ(bad.domain, "example.org");
}

TEST(DkimTest, DomainIsCanonical) {
  const std::string tags = "v=1; a=rsa-sha256; c=relaxed; d=B\xc3\xbc\x63her.Example; s=S; h=From";
  const std::string message = Sign(kMessage, tags, RsaKey());
  dns::Lookups lookups;
  ASSERT_FALSE(VerifyDkim(message, kNow, lookups));
  const dns::Question question{"s._domainkey.xn--bcher-kva.example", dns::Type::kTxt};
  ASSERT_THAT(lookups.TakeAsked(), ElementsAre(question));
  lookups.Set(question, Text({"p=" + RsaKey().Public()}));
  const DkimResult result = (*VerifyDkim(message, kNow, lookups))[0];
  EXPECT_EQ(result.outcome, kPass) << result.reason;
  EXPECT_EQ(result.domain, "xn--bcher-kva.example");
  EXPECT_EQ(result.selector, "s");
}

TEST(DkimTest, AnswersOfDns) {
  const std::string message = Sign(kMessage, kTags, RsaKey());
  struct Row {
    dns::Answer answer;
    DkimOutcome outcome;
  };
  const std::string key = "p=" + RsaKey().Public();
  for (const Row& row : std::vector<Row>{
           {{.outcome = dns::Outcome::kFailed}, DkimOutcome::kTemperror},
           {{.outcome = dns::Outcome::kNoData}, kPermerror},
           {{.outcome = dns::Outcome::kNoSuchName}, kPermerror},
           {Text({"v=spf1 -all", key}), kPass},
           {Text({key, "p="}), kPass},
           {Text({"v=spf1 -all", "p="}), kPermerror},
       }) {
    dns::Lookups lookups;
    lookups.Set({"s._domainkey.example.org", dns::Type::kTxt}, row.answer);
    EXPECT_EQ((*VerifyDkim(message, kNow, lookups))[0].outcome, row.outcome);
  }
}

TEST(DkimTest, AsksNothingForWhatCannotPass) {
  const std::string expired = Sign(kMessage, absl::StrCat(Absl(kTags), "; x=1"), RsaKey());
  dns::Lookups lookups;
  EXPECT_TRUE(VerifyDkim(expired, kNow, lookups));
  EXPECT_THAT(lookups.TakeAsked(), IsEmpty());
}

// What signs later may sign the signatures that were there.
TEST(DkimTest, SignatureOfASignature) {
  const std::string once = Sign(kMessage, kTags, RsaKey());
  const std::string twice =
      Sign(once, "v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.org; s=s; h=from:dkim-signature",
           RsaKey());
  const std::string record = "p=" + RsaKey().Public();
  const auto outcome = [](DkimOutcome want) { return Field(&DkimResult::outcome, want); };
  EXPECT_THAT(Verify(twice, {record}), ElementsAre(outcome(kPass), outcome(kPass)));
  const std::size_t inner = twice.rfind("DKIM-Signature");
  std::string changed = twice;
  changed.insert(changed.find(" b=", inner) + 3, "AAAA");
  EXPECT_THAT(Verify(changed, {record}), ElementsAre(outcome(kFail), outcome(kFail)));
  changed = twice;
  changed.erase(inner, changed.find("\r\nFrom", inner) + 2 - inner);
  EXPECT_THAT(Verify(changed, {record}), ElementsAre(outcome(kFail)));
}

TEST(DkimTest, LooksAtNoMoreThanKMaxSignatures) {
  const std::string record = "p=" + RsaKey().Public();
  const std::string one = Sign(kMessage, kTags, RsaKey());
  const std::string signature = one.substr(0, one.size() - kMessage.size());
  std::string message(kMessage);
  for (std::size_t count = 1; count <= kMaxSignatures + 2; ++count) {
    message.insert(0, signature);
    const std::vector<DkimResult> results = Verify(message, {record});
    ASSERT_EQ(results.size(), std::min(count, kMaxSignatures + 1));
    for (std::size_t i = 0; i < std::min(count, kMaxSignatures); ++i) {
      EXPECT_EQ(results[i].outcome, kPass);
    }
    EXPECT_EQ(results.back().outcome, count <= kMaxSignatures ? kPass : kPolicy);
  }
}

TEST(DkimTest, HeaderBeyondTheBound) {
  const std::string record = "p=" + RsaKey().Public();
  const std::string signed_message = Sign(kMessage, kTags, RsaKey());
  const std::size_t header = signed_message.find("\r\n\r\n") + 4;
  for (const std::size_t size : {kMaxAuthenticatedHeaderOctets - 1, kMaxAuthenticatedHeaderOctets,
                                 kMaxAuthenticatedHeaderOctets + 1}) {
    std::string message = signed_message;
    message.insert(0, "X: " + std::string(size - header - 5, 'x') + "\r\n");
    const DkimResult result = Verify(message, {record})[0];
    EXPECT_EQ(result.outcome, size <= kMaxAuthenticatedHeaderOctets ? kPass : kNeutral)
        << result.reason;
  }
}

TEST(DkimTest, T11SmallKeys) {
  for (const int bits : {512, kMinRsaKeyBits - 1, kMinRsaKeyBits}) {
    const PrivateKey key = PrivateKey::Rsa(bits);
    const DkimResult result = Verify(Sign(kMessage, kTags, key), {"p=" + key.Public()})[0];
    EXPECT_EQ(result.outcome, bits < kMinRsaKeyBits ? kPolicy : kPass) << result.reason;
  }
}

}  // namespace
}  // namespace bounced
