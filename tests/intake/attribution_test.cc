#include "server/intake/attribution.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"

namespace bounced {
namespace {

constexpr char kToken[] = "r@example.net";  // whom the return paths of these tests are for
const absl::Time kNow = absl::FromUnixSeconds(1'780'000'000);

ReturnPaths Paths() {
  ReturnPathDomain domain;
  domain.domain = "rp.example";
  domain.signing = Signing::kOptional;
  domain.keys = {{"a", "0123456789abcdef0123456789abcdef"}};
  return *ReturnPaths::Create({domain});
}

enum class Vouch { kOpen, kSealed, kUnsigned };

Voucher VoucherOf(Vouch how, std::string_view recipient = kToken) {
  const ReturnPaths paths = Paths();
  std::string return_path = "bounces@rp.example";
  if (how != Vouch::kUnsigned) {
    const auto form = how == Vouch::kOpen ? ReturnPathForm::kOpen : ReturnPathForm::kSealed;
    return_path = *paths.Mint({"rp.example", "", "", form}, *Address::Parse(recipient), kNow);
  }
  const std::size_t at = return_path.rfind('@');
  return *paths.Vouch(return_path.substr(0, at), return_path.substr(at + 1), kNow).voucher;
}

std::optional<Found<std::string>> Say(std::string_view text) {
  if (text.empty()) return std::nullopt;
  return Found<std::string>{std::string(text), {}, Provenance::kReported};
}

// One group of a report: "ORIGINAL FINAL REASON"; "-" where a field is missing.
struct Group {
  std::string_view original;
  std::string_view final;
  Reason reason;
};

Recipient RecipientOf(const Group& group) {
  Recipient recipient;
  const ReasonInfo& info = Info(group.reason);
  recipient.original_recipient = Say(group.original);
  recipient.final_recipient = Say(group.final);
  recipient.classification.reason = group.reason;
  recipient.classification.bounce_class = info.bounce_class;
  recipient.classification.fault = info.fault;
  recipient.classification.counts = info.counts;
  recipient.classification.text_bears_out = true;
  recipient.classification.confidence = 90;
  if (group.reason == Reason::kDelayed) recipient.kind = Kind::kDelay;
  if (group.reason == Reason::kDelivered) recipient.kind = Kind::kDelivery;
  return recipient;
}

struct Case {
  std::string_view name;
  Vouch how;
  std::vector<Group> groups;
  std::vector<std::string_view> want;        // the address of each event
  std::string_view forwarded_to;             // of the event with the token's address
  std::string_view failed;                   // X-Failed-Recipients
  std::string_view returned_to;              // To of the returned message
  std::vector<std::string_view> words = {};  // whom the words name
};
std::string NameOf(const testing::TestParamInfo<Case>& test) {
  return std::string(test.param.name);
}
class AttributeTest : public testing::TestWithParam<Case> {};

TEST_P(AttributeTest, FindsWhomItIsAbout) {
  const Case& c = GetParam();
  Report report;
  report.kind = Kind::kBounce;
  for (const Group& group : c.groups) report.recipients.push_back(RecipientOf(group));
  if (!c.failed.empty()) report.failed_recipients.push_back(*Say(c.failed));
  report.returned.to = Say(c.returned_to);

  std::vector<Found<std::string>> named;
  for (const std::string_view word : c.words) named.push_back(*Say(word));
  const std::vector<Event> events =
      Attribute(report, VoucherOf(c.how), Paths(), kMaxEventsOfMessage,
                [&named]() -> const std::vector<Found<std::string>>& { return named; });
  std::vector<std::string> addresses;
  std::string forwarded_to;
  for (const Event& event : events) {
    addresses.push_back(event.address ? event.address->canonical() : "");
    if (event.address) forwarded_to = event.forwarded_to;
    EXPECT_TRUE(event.address || event.forwarded_to.empty());
  }
  EXPECT_EQ(addresses, std::vector<std::string>(c.want.begin(), c.want.end()));
  EXPECT_EQ(forwarded_to, c.forwarded_to);
  for (std::size_t i = 0; i < c.groups.size(); ++i) {
    EXPECT_EQ(events[i].reason, c.groups[i].reason);
    EXPECT_EQ(events[i].final_recipient, c.groups[i].final);
    EXPECT_EQ(events[i].original_recipient, c.groups[i].original);
  }
}

constexpr auto kOpen = Vouch::kOpen;
constexpr auto kSealed = Vouch::kSealed;
constexpr auto kUnsigned = Vouch::kUnsigned;
constexpr auto kHard = Reason::kNoSuchUser;
constexpr auto kSoft = Reason::kMailboxFull;
constexpr auto kBlock = Reason::kSpamContent;
constexpr auto kDelayed = Reason::kDelayed;
constexpr auto kDelivered = Reason::kDelivered;

// Open: the token says who.
INSTANTIATE_TEST_SUITE_P(
    D35_D40, AttributeTest,
    testing::ValuesIn<Case>({
        {"OpenSameAddress", kOpen, {{"", kToken, kHard}}, {kToken}, "", "", ""},
        {"OpenInAnotherCase", kOpen, {{"", "R@EXAMPLE.NET.", kHard}}, {kToken}, "", "", ""},
        {"OpenForwarded",
         kOpen,
         {{"", "x@other.example", kHard}},
         {kToken},
         "x@other.example",
         "",
         ""},
        {"OpenForwardedWithTheOriginal",
         kOpen,
         {{kToken, "x@other.example", kHard}},
         {kToken},
         "x@other.example",
         "",
         ""},
        {"OpenAnotherOriginalOnly",
         kOpen,
         {{"x@other.example", "", kHard}},
         {kToken},
         "x@other.example",
         "",
         ""},
        {"OpenNoAddress", kOpen, {{"", "", kHard}}, {kToken}, "", "", ""},
        {"OpenBareUser", kOpen, {{"", "jsmith", kHard}}, {kToken}, "", "", ""},
        {"OpenX400", kOpen, {{"", "/C=us/ADMD= /S=Smith/", kHard}}, {kToken}, "", "", ""},
        {"OpenXtext", kOpen, {{"r+40example.net", "", kHard}}, {kToken}, "", "", ""},
        {"OpenXtextAtHost", kOpen, {{"", "+72@example.net", kHard}}, {kToken}, "", "", ""},
        {"OpenPlusAddressIsNoXtext",
         kOpen,
         {{"", "r+AB@example.net", kHard}},
         {kToken},
         "r+AB@example.net",
         "",
         ""},
        {"OpenNothingButAMessage", kOpen, {}, {kToken}, "", "", ""},
    }),
    NameOf);

// Several recipients.
INSTANTIATE_TEST_SUITE_P(
    D33_D37, AttributeTest,
    testing::ValuesIn<Case>({
        {"OpenOneOfThree",
         kOpen,
         {{"", "a@example.net", kHard}, {"", kToken, kSoft}, {"", "b@example.net", kHard}},
         {"", kToken, ""},
         "",
         "",
         ""},
        {"OpenNoneOfThreeTakesTheLeastSevere",
         kOpen,
         {{"", "a@x.example", kHard}, {"", "b@x.example", kBlock}, {"", "c@x.example", kSoft}},
         {"", kToken, ""},
         "b@x.example",
         "",
         ""},
        {"OpenNoneOfTwoDelivered",
         kOpen,
         {{"", "a@x.example", kHard}, {"", "b@x.example", kDelivered}},
         {"", kToken},
         "b@x.example",
         "",
         ""},
        {"OpenAliasOfTwoTakesTheLeastSevere",
         kOpen,
         {{kToken, "a@x.example", kHard}, {kToken, "b@x.example", kDelayed}},
         {"", kToken},
         "b@x.example",
         "",
         ""},
        {"OpenTheNamedOneThoughMoreSevere",
         kOpen,
         {{"", "a@x.example", kDelayed}, {"", kToken, kHard}},
         {"", kToken},
         "",
         "",
         ""},
    }),
    NameOf);

// The return path is nobody's mailbox.
INSTANTIATE_TEST_SUITE_P(
    D43, AttributeTest,
    testing::ValuesIn<Case>({
        {"OpenReturnPathFailed", kOpen, {{"", "any@rp.example", kHard}}, {""}, "", "", ""},
        {"OpenReturnPathWithOriginal",
         kOpen,
         {{kToken, "any@rp.example", kHard}},
         {kToken},
         "",
         "",
         ""},
        {"OpenReturnPathBesideAnother",
         kOpen,
         {{"", "any@RP.example.", kDelayed}, {"", "x@other.example", kHard}},
         {"", kToken},
         "x@other.example",
         "",
         ""},
        {"OpenPostmasterIsNotTheRecipient",
         kOpen,
         {{"", "postmaster@example.net", kHard}},
         {kToken},
         "postmaster@example.net",
         "",
         ""},
    }),
    NameOf);

// Sealed: the address that hashes to the token, wherever it stands.
INSTANTIATE_TEST_SUITE_P(
    D36, AttributeTest,
    testing::ValuesIn<Case>({
        {"SealedFinal", kSealed, {{"", kToken, kHard}}, {kToken}, "", "", ""},
        {"SealedOriginal",
         kSealed,
         {{kToken, "x@other.example", kHard}},
         {kToken},
         "x@other.example",
         "",
         ""},
        {"SealedOriginalInXtext", kSealed, {{"r+40example.net", "", kHard}}, {kToken}, "", "", ""},
        {"SealedInAnotherCase", kSealed, {{"", "R@Example.NET", kHard}}, {kToken}, "", "", ""},
        {"SealedFailedHeader",
         kSealed,
         {{"", "x@other.example", kHard}},
         {kToken},
         "x@other.example",
         kToken,
         ""},
        {"SealedReturnedTo",
         kSealed,
         {{"", "x@other.example", kHard}},
         {kToken},
         "x@other.example",
         "",
         "\"R, Mr\" <r@example.net>, b@example.net"},
        {"SealedInWords",
         kSealed,
         {{"", "x@other.example", kHard}},
         {kToken},
         "x@other.example",
         "",
         "",
         {"postmaster@other.example", "R@example.net", "x@other.example"}},
        {"SealedInWordsOfNoReport", kSealed, {}, {""}, "", "", "", {kToken}},
        {"SealedNowhere",
         kSealed,
         {{"x@example.net", "y@example.net", kHard}},
         {""},
         "",
         "z@example.net",
         "q@example.net",
         {"w@example.net"}},
        {"SealedOneOfThree",
         kSealed,
         {{"", "a@example.net", kHard}, {"", kToken, kSoft}, {"", "b@example.net", kHard}},
         {"", kToken, ""},
         "",
         "",
         ""},
        {"SealedElsewhereTakesTheLeastSevere",
         kSealed,
         {{"", "a@x.example", kHard}, {"", "b@x.example", kSoft}},
         {"", kToken},
         "b@x.example",
         kToken,
         ""},
        {"SealedNothingButAMessage", kSealed, {}, {""}, "", "", ""},
        {"SealedNothingButAMessageThatNamesIt", kSealed, {}, {kToken}, "", kToken, ""},
    }),
    NameOf);

// As reported, and the trust tells the policy.
INSTANTIATE_TEST_SUITE_P(
    Unsigned, AttributeTest,
    testing::ValuesIn<Case>({
        {"UnsignedFinal", kUnsigned, {{"", "x@example.net", kHard}}, {"x@example.net"}, "", "", ""},
        {"UnsignedOriginalFirst",
         kUnsigned,
         {{"x@example.net", "y@example.net", kHard}},
         {"x@example.net"},
         "y@example.net",
         "",
         ""},
        {"UnsignedEachItsOwn",
         kUnsigned,
         {{"", "x@example.net", kHard}, {"", "y@example.net", kSoft}},
         {"x@example.net", "y@example.net"},
         "",
         "",
         ""},
        {"UnsignedFailedHeader",
         kUnsigned,
         {{"", "", kHard}},
         {"x@example.net"},
         "",
         "x@example.net",
         ""},
        {"UnsignedFailedHeaderBesideAField",
         kUnsigned,
         {{"", "jsmith", kHard}},
         {""},
         "",
         "x@example.net",
         ""},
        {"D59UnsignedReturnedTo",
         kUnsigned,
         {{"", "jsmith", kHard}},
         {""},
         "",
         "",
         "x@example.net"},
        {"UnsignedText", kUnsigned, {{"", "jsmith", kHard}}, {""}, "", "", "", {"x@example.net"}},
        {"D43UnsignedPostmaster",
         kUnsigned,
         {{"", "Postmaster@example.net", kHard}},
         {""},
         "",
         "",
         ""},
        {"D43UnsignedMailerDaemon",
         kUnsigned,
         {{"", "MAILER-DAEMON@example.net", kHard}},
         {""},
         "",
         "",
         ""},
        {"D43UnsignedReturnPath", kUnsigned, {{"", "x@rp.example", kHard}}, {""}, "", "", ""},
        {"UnsignedNothing", kUnsigned, {}, {""}, "", "", ""},
    }),
    NameOf);

// --- Bounds and texts

TEST(Attribute, LooksAtSoManyRecipients) {
  Report report;
  for (int i = 0; i < 4; ++i) {
    const std::string address = absl::StrCat("r", i, "@example.net");
    report.recipients.push_back(RecipientOf({"", address, kHard}));
  }
  const Voucher voucher = VoucherOf(kOpen);
  EXPECT_EQ(Attribute(report, voucher, Paths(), 5).size(), 4u);
  EXPECT_EQ(Attribute(report, voucher, Paths(), 4).size(), 4u);
  EXPECT_EQ(Attribute(report, voucher, Paths(), 3).size(), 3u);
  EXPECT_EQ(Attribute(report, voucher, Paths(), 1).size(), 1u);
  EXPECT_EQ(Attribute(report, voucher, Paths(), 0).size(), 1u);
}

TEST(Attribute, D40APlusIsTakenAsItStandsAndElseUndone) {
  struct Row {
    std::string_view recipient;  // of the return path
    std::string_view original;
    bool is_same;
  };
  for (const Row& row : {
           Row{"a+b@example.net", "a+2Bb@example.net", true},
           Row{"a+b@example.net", "a+b@example.net", true},
           Row{"a+b@example.net", "a+b+40example.net", true},
           Row{"a+2bb@example.net", "a+2Bb@example.net", true},
           Row{"a+2bb@example.net", "a+2B2Bb@example.net", true},
           Row{"a+b@example.net", "a+2bb@example.net", false},  // no xtext: small letters
       }) {
    Report report;
    report.recipients.push_back(RecipientOf({row.original, "", kHard}));
    const Event sealed = Attribute(report, VoucherOf(kSealed, row.recipient), Paths()).at(0);
    EXPECT_EQ(sealed.address ? sealed.address->canonical() : "", row.is_same ? row.recipient : "")
        << row.original;
    const Event open = Attribute(report, VoucherOf(kOpen, row.recipient), Paths()).at(0);
    EXPECT_EQ(open.address->canonical(), row.recipient) << row.original;
    EXPECT_EQ(open.forwarded_to, row.is_same ? "" : row.original);
  }
}

TEST(Attribute, D36AsksForWordsLastAndLooksAtSoMany) {
  const std::vector<Found<std::string>> named = {*Say("a@example.net"), *Say(kToken)};
  int asked = 0;
  const NamedInWords words = [&]() -> const std::vector<Found<std::string>>& {
    ++asked;
    return named;
  };
  Report report;
  report.recipients.push_back(RecipientOf({"", "x@other.example", kHard}));
  const Voucher voucher = VoucherOf(kSealed);
  EXPECT_FALSE(Attribute(report, voucher, Paths(), 1, words).at(0).address);
  EXPECT_TRUE(Attribute(report, voucher, Paths(), 2, words).at(0).address);
  EXPECT_EQ(asked, 2);
  Attribute(report, VoucherOf(kOpen), Paths(), 2, words);
  Attribute(report, VoucherOf(kUnsigned), Paths(), 2, words);
  report.failed_recipients.push_back(*Say(kToken));
  EXPECT_TRUE(Attribute(report, voucher, Paths(), 2, words).at(0).address);
  EXPECT_EQ(asked, 2);
}

TEST(Attribute, CopiesWhatTheReportSays) {
  Report report;
  Recipient& recipient = report.recipients.emplace_back(RecipientOf({"", kToken, kSoft}));
  recipient.original_recipient = Found<std::string>{"o@example.net", {}, Provenance::kGuessed};
  recipient.enhanced_status = Found<EnhancedStatus>{{5, 2, 2}, {}, Provenance::kDerived};
  recipient.reply_code = Found<int>{552, {}, Provenance::kGuessed};
  recipient.diagnostic = Say("mailbox\r\nis full");
  recipient.diagnostic_type = "smtp";
  recipient.remote_mta = FoundMta{*Say("mx.example.net"), "192.0.2.1"};
  recipient.stage = Stage::kData;
  recipient.classification.persistence = Persistence::kPermanent;
  recipient.classification.rule = "over-quota";
  recipient.classification.matched_text = "is full";
  const Event event = Attribute(report, VoucherOf(kOpen), Paths()).at(0);
  EXPECT_EQ(event.kind, Kind::kBounce);
  EXPECT_EQ(event.enhanced_status, "5.2.2");
  EXPECT_EQ(event.reply_code, 552);
  EXPECT_EQ(event.persistence, Persistence::kPermanent);
  EXPECT_EQ(event.stage, Stage::kData);
  EXPECT_EQ(event.bounce_class, BounceClass::kSoft);
  EXPECT_EQ(event.fault, Fault::kRecipient);
  EXPECT_TRUE(event.counts);
  EXPECT_TRUE(event.text_bears_out);
  EXPECT_EQ(event.confidence, 90);
  EXPECT_EQ(event.rule, "over-quota");
  EXPECT_EQ(event.matched_text, "is full");
  EXPECT_EQ(event.diagnostic.find('\r'), std::string::npos);
  EXPECT_EQ(event.diagnostic_type, "smtp");
  EXPECT_EQ(event.remote_mta, "mx.example.net");
  EXPECT_EQ(event.provenance,
            "final_recipient=reported original_recipient=guessed enhanced_status=derived "
            "reply_code=guessed diagnostic=reported remote_mta=reported");
}

TEST(Attribute, NamesTheMemberOfAListThatOnlyWordsTell) {
  Report report;
  Recipient& recipient = report.recipients.emplace_back(RecipientOf({"", "m@example.net", kHard}));
  recipient.original_recipient = Say("list@example.org");
  const Voucher voucher = VoucherOf(Vouch::kUnsigned);
  EXPECT_EQ(Attribute(report, voucher, Paths()).at(0).address->canonical(), "list@example.org");
  recipient.original_recipient->provenance = Provenance::kGuessed;
  EXPECT_EQ(Attribute(report, voucher, Paths()).at(0).address->canonical(), "m@example.net");
}

TEST(Attribute, KeepsTextsOfBoundedLength) {
  for (const std::size_t more : {0u, 1u}) {
    Report report;
    Recipient& recipient = report.recipients.emplace_back(RecipientOf({"", "", kSoft}));
    recipient.final_recipient = Say(std::string(kMaxReportedAddressOctets + more, 'x'));
    recipient.remote_mta = FoundMta{*Say(std::string(kMaxReportedNameOctets + more, 'x')), ""};
    recipient.diagnostic = Say(std::string(kMaxReportedTextOctets + more, 'x'));
    recipient.classification.matched_text = std::string(kMaxReportedTextOctets + more, 'x');
    const Event event = Attribute(report, VoucherOf(kOpen), Paths()).at(0);
    EXPECT_EQ(event.final_recipient.size(), kMaxReportedAddressOctets);
    EXPECT_EQ(event.remote_mta.size(), kMaxReportedNameOctets);
    EXPECT_EQ(event.diagnostic.size(), kMaxReportedTextOctets);
    EXPECT_EQ(event.matched_text.size(), kMaxReportedTextOctets);
  }
}

struct KindCase {
  Kind kind;
  Reason reason;
};
class NoRecipientTest : public testing::TestWithParam<KindCase> {};

TEST_P(NoRecipientTest, IsOneEventOfItsKindThatNeverCounts) {
  Report report;
  report.kind = GetParam().kind;
  const std::vector<Event> events = Attribute(report, VoucherOf(kOpen), Paths());
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].kind, GetParam().kind);
  EXPECT_EQ(ToString(events[0].reason), ToString(GetParam().reason));
  EXPECT_NE(events[0].bounce_class, BounceClass::kHard);
  EXPECT_FALSE(events[0].counts);
}
INSTANTIATE_TEST_SUITE_P(, NoRecipientTest,
                         testing::ValuesIn<KindCase>({
                             {Kind::kBounce, Reason::kUndefined},
                             {Kind::kDelay, Reason::kDelayed},
                             {Kind::kDelivery, Reason::kRelayed},
                             {Kind::kComplaint, Reason::kComplaintOther},
                             {Kind::kUnsubscribe, Reason::kUnsubscribe},
                             {Kind::kAutoReply, Reason::kAutoReply},
                             {Kind::kOther, Reason::kOtherMail},
                         }),
                         [](const auto& test) { return std::string(ToString(test.param.kind)); });

}  // namespace
}  // namespace bounced
