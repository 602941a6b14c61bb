#include "server/authentication/dmarc.h"

#include <string>
#include <string_view>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/authentication/message_fields.h"

namespace bounced {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(OrganizationalDomainTest, IsWhatWasRegistered) {
  struct Row {
    std::string_view domain;
    std::string_view want;
  };
  for (const Row& row : std::vector<Row>{
           {"example.com", "example.com"},
           {"a.b.example.com", "example.com"},
           {"a_b.example.com", "example.com"},
           {"com", "com"},
           {"mail.example.co.uk", "example.co.uk"},
           {"co.uk", "co.uk"},
           {"mail.example.github.io", "example.github.io"},  // a private suffix
           {"example.github.io", "example.github.io"},       //
           {"github.io", "github.io"},                       // itself one
           {"a.b.example.ck", "b.example.ck"},               // by *.ck
           {"a.www.ck", "www.ck"},                           // but not that
           {"a.b.xn--55qx5d.cn", "b.xn--55qx5d.cn"},         // a suffix in its A-label
           {"a.b.xn--mgba3a4f16a", "b.xn--mgba3a4f16a"},     //
           {"mx.a.example", "a.example"},                    // no suffix that is listed
           {"localhost", "localhost"},
           {"[192.0.2.1]", "[192.0.2.1]"},
           {"192.0.2.1", "192.0.2.1"},
           {"[ipv6:2001:db8::192.0.2.1]", "[ipv6:2001:db8::192.0.2.1]"},
           {"", ""},
           {".", "."},
       }) {
    EXPECT_EQ(OrganizationalDomain(row.domain), row.want) << row.domain;
  }
}

TEST(IsAlignedTest, StrictAndRelaxed) {
  struct Row {
    std::string_view identifier;
    std::string_view domain;
    bool relaxed;
    bool strict;
  };
  for (const Row& row : std::vector<Row>{
           {"example.com", "example.com", true, true},
           {"mail.example.com", "example.com", true, false},
           {"example.com", "mail.example.com", true, false},
           {"a.example.com", "b.example.com", true, false},
           {"example.net", "example.com", false, false},
           {"anexample.com", "example.com", false, false},
           {"com", "example.com", false, false},
           {"co.uk", "example.co.uk", false, false},
           {"a.co.uk", "b.co.uk", false, false},
           {"a.github.io", "b.github.io", false, false},
           {"[192.0.2.1]", "[192.0.2.1]", true, true},
           {"[192.0.2.1]", "[198.51.2.1]", false, false},
       }) {
    EXPECT_EQ(IsAligned(row.identifier, row.domain, Alignment::kRelaxed), row.relaxed)
        << row.identifier << " " << row.domain;
    EXPECT_EQ(IsAligned(row.identifier, row.domain, Alignment::kStrict), row.strict)
        << row.identifier << " " << row.domain;
  }
}

struct Case {
  std::string_view name;
  std::string_view header;
  std::string_view want;  // empty: none
};

const auto kName = [](const auto& info) { return std::string(info.param.name); };

class AuthorDomainTest : public testing::TestWithParam<Case> {};

TEST_P(AuthorDomainTest, IsThatOfFrom) {
  const std::string message = std::string(GetParam().header) + "\r\n\r\nFrom: x@body.example\r\n";
  EXPECT_EQ(AuthorDomain(message).value_or(""), GetParam().want);
}

INSTANTIATE_TEST_SUITE_P(
    , AuthorDomainTest,
    testing::ValuesIn<Case>({
        {"Address", "From: a@example.net", "example.net"},
        {"Brackets", "From: <a@example.net>", "example.net"},
        {"DisplayName", "To: b@example.org\r\nfrom: Mail System <a@Example.NET>", "example.net"},
        {"QuotedName", "From: \"Doe, Jane: <b@example.org>\" <a@example.net>", "example.net"},
        {"QuotedPair", "From: \"a\\\", b\" <a@example.net>", "example.net"},
        {"Comments", "From: a@example.net (Mail, (nested \\) b@example.org) System)",
         "example.net"},
        {"CommentBehindBrackets", "From: <a@example.net> (x)", "example.net"},
        {"EncodedWord", "From: =?utf-8?Q?J=C3=BC?= <a@example.net>", "example.net"},
        {"Folded", "From: Mail\r\n System\r\n <a@example.net>", "example.net"},
        {"QuotedLocalPart", "From: <\"a, b\"@example.net>", "example.net"},
        {"InternationalDomain", "From: a@b\xc3\xbc\x63her.example", "xn--bcher-kva.example"},
        {"AddressLiteral", "From: <a@[IPv6:2001:db8::1]>", "[ipv6:2001:db8::1]"},
        {"NoFrom", "To: a@example.net", ""},
        {"NoMailbox", "From: <>", ""},
        {"NothingInIt", "From:", ""},
        {"NameAlone", "From: Mail System", ""},
        {"TwoFields", "From: a@example.net\r\nFrom: a@example.net", ""},
        {"TwoMailboxes", "From: a@example.net, b@example.net", ""},
        {"TwoPairsOfBrackets", "From: <a@example.net> <b@example.org>", ""},
        {"AddressAsName", "From: a@example.net <b@example.org>", ""},
        {"AddressBehindBrackets", "From: <a@example.net> b@example.org", ""},
        {"Group", "From: Staff: a@example.net;", ""},
        {"SourceRoute", "From: <@b.example,@c.example:a@example.net>", ""},
        {"UnquotedComma", "From: Doe, Jane <a@example.net>", ""},
        {"OpenQuote", "From: \"a <a@example.net>", ""},
        {"OpenComment", "From: a@example.net (x", ""},
        {"OpenBracket", "From: <a@example.net", ""},
        {"BracketWithinBrackets", "From: <<a@example.net>>", ""},
        {"ClosingBracket", "From: a@example.net>", ""},
        {"BackslashAtTheEnd", "From: (\\", ""},
        {"LineThatIsNoField", "From: a@example.net\r\nword", ""},
    }),
    kName);

DkimResult Signature(std::string domain, DkimOutcome outcome = DkimOutcome::kPass) {
  return {outcome, "", std::move(domain)};
}

struct RecordCase {
  std::string_view name;
  std::vector<std::string> at_domain;        // the texts at _dmarc.mx.example.com
  std::vector<std::string> at_organization;  // at _dmarc.example.com
  bool dkim;                                 // whether relaxed is enough for a signature
  bool spf;                                  // and for SPF
};

class RecordTest : public testing::TestWithParam<RecordCase> {};

TEST_P(RecordTest, SaysWhatIsAligned) {
  const auto answer = [](const std::vector<std::string>& texts) {
    return dns::Answer{.outcome = texts.empty() ? dns::Outcome::kNoSuchName : dns::Outcome::kFound,
                       .texts = texts};
  };
  dns::Lookups lookups;
  lookups.Set({"_dmarc.mx.example.com", dns::Type::kTxt}, answer(GetParam().at_domain));
  lookups.Set({"_dmarc.example.com", dns::Type::kTxt}, answer(GetParam().at_organization));
  const std::vector<DkimResult> signatures = {Signature("example.com")};
  const std::string_view domain = "mx.example.com";
  EXPECT_EQ(HasAlignedIdentifier(signatures, "", domain, lookups), GetParam().dkim);
  EXPECT_EQ(HasAlignedIdentifier({}, "example.com", domain, lookups), GetParam().spf);
  EXPECT_EQ(HasAlignedIdentifier(signatures, "example.com", domain, lookups),
            GetParam().dkim || GetParam().spf);
}

INSTANTIATE_TEST_SUITE_P(
    , RecordTest,
    testing::ValuesIn<RecordCase>({
        {"None", {}, {}, true, true},
        {"WithoutModes", {"v=DMARC1; p=reject"}, {}, true, true},
        {"Relaxed", {"v=DMARC1; adkim=r; aspf=r"}, {}, true, true},
        {"StrictForDkim", {"v=DMARC1; p=none; adkim=s"}, {}, false, true},
        {"StrictForSpf", {"v=DMARC1;aspf = S ;p=none"}, {}, true, false},
        {"StrictForBoth", {"v=DMARC1; adkim=s; aspf=s;"}, {}, false, false},
        {"OfTheOrganization", {}, {"v=DMARC1; adkim=s"}, false, true},
        {"OfTheDomainFirst", {"v=DMARC1; aspf=s"}, {"v=DMARC1; adkim=s"}, true, false},
        {"BesideOthers", {"v=spf1 -all", "v=DMARC1; adkim=s", "x"}, {}, false, true},
        {"OthersAlone", {"v=spf1 -all"}, {"v=DMARC1; adkim=s"}, false, true},
        {"Several", {"v=DMARC1; adkim=s", "v=DMARC1; aspf=s"}, {}, true, true},
        {"BrokenElsewhere", {"v=DMARC1;; p; adkim=s; aspf=x"}, {}, false, true},
        {"OfAnotherVersion", {"v=DMARC2; adkim=s"}, {}, true, true},
        {"WithTheVersionBehind", {"adkim=s; v=DMARC1"}, {}, true, true},
    }),
    kName);

TEST(HasAlignedIdentifierTest, AsksOnlyWhatMakesADifference) {
  dns::Lookups lookups;
  const std::vector<DkimResult> signatures = {Signature("other.example"), Signature("example.com")};
  EXPECT_EQ(HasAlignedIdentifier(signatures, "", "example.com", lookups), true);
  EXPECT_EQ(HasAlignedIdentifier({}, "example.com", "example.com", lookups), true);
  EXPECT_EQ(HasAlignedIdentifier(signatures, "example.org", "example.net", lookups), false);
  EXPECT_EQ(HasAlignedIdentifier({}, "", "example.net", lookups), false);
  EXPECT_THAT(lookups.TakeAsked(), IsEmpty());

  EXPECT_EQ(HasAlignedIdentifier(signatures, "", "mx.example.com", lookups), std::nullopt);
  const dns::Question first{"_dmarc.mx.example.com", dns::Type::kTxt};
  EXPECT_THAT(lookups.TakeAsked(), ElementsAre(first));
  lookups.Set(first, {.outcome = dns::Outcome::kNoData});
  EXPECT_EQ(HasAlignedIdentifier(signatures, "", "mx.example.com", lookups), std::nullopt);
  const dns::Question second{"_dmarc.example.com", dns::Type::kTxt};
  EXPECT_THAT(lookups.TakeAsked(), ElementsAre(second));
  lookups.Set(second, {.outcome = dns::Outcome::kFailed});
  EXPECT_EQ(HasAlignedIdentifier(signatures, "", "mx.example.com", lookups), false);
}

TEST(HasAlignedIdentifierTest, T11OnlyWhatHasPassed) {
  dns::Lookups lookups;
  for (const DkimOutcome outcome :
       {DkimOutcome::kNone, DkimOutcome::kFail, DkimOutcome::kPolicy, DkimOutcome::kNeutral,
        DkimOutcome::kTemperror, DkimOutcome::kPermerror}) {
    const std::vector<DkimResult> signatures = {Signature("example.com", outcome)};
    EXPECT_EQ(HasAlignedIdentifier(signatures, "", "example.com", lookups), false);
  }
}

}  // namespace
}  // namespace bounced
