#include "parser/address.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "parser/text.h"

namespace bounced {
namespace {

struct Case {
  std::string_view name;
  std::string_view mailbox;
  std::string_view want;  // empty: refused
};

class AddressTest : public testing::TestWithParam<Case> {};

TEST_P(AddressTest, HasOneIdentity) {
  const absl::StatusOr<Address> address = Address::Parse(GetParam().mailbox);
  if (GetParam().want.empty()) {
    ASSERT_FALSE(address.ok());
    EXPECT_EQ(address.status().code(), absl::StatusCode::kInvalidArgument);
    return;
  }
  ASSERT_TRUE(address.ok()) << address.status();
  EXPECT_EQ(address->canonical(), GetParam().want);
  EXPECT_EQ(address->spelling(), GetParam().mailbox);
  EXPECT_EQ(std::string(address->local_part()) + "@" + std::string(address->domain()),
            GetParam().want);
  const absl::StatusOr<Address> again = Address::Parse(address->canonical());
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(*again, *address);
}

INSTANTIATE_TEST_SUITE_P(
    D42, AddressTest,
    testing::ValuesIn<Case>({
        {"Plain", "user@example.net", "user@example.net"},
        {"AsciiCase", "User.Name@EXAMPLE.Net", "user.name@example.net"},
        {"TrailingDot", "user@example.net.", "user@example.net"},
        {"PlusAndDotsStay", "u.s.e.r+tag@example.net", "u.s.e.r+tag@example.net"},
        {"AllMarks", "!#$%&'*+-/=?^_`{|}~@example.net", "!#$%&'*+-/=?^_`{|}~@example.net"},
        {"PercentAndBangRoutes", "host!user%inner@example.net", "host!user%inner@example.net"},
        {"QuotedNeedlessly", R"("User.Name"@example.net)", "user.name@example.net"},
        {"EscapedNeedlessly", R"("\u\s\e\r"@example.net)", "user@example.net"},
        {"QuotedForABlank", R"("User Name"@example.net)", R"("user name"@example.net)"},
        {"QuotedForAnAt", R"("a@b"@example.net)", R"("a@b"@example.net)"},
        {"QuotedForDots", R"("a..b"@example.net)", R"("a..b"@example.net)"},
        {"QuotedQuoteAndBackslash", R"("a\"\\b"@example.net)", R"("a\"\\b"@example.net)"},
        {"QuotedEmpty", R"(""@example.net)", R"(""@example.net)"},
        {"Utf8LocalPart", "\xD0\xBF\xD0\xBE\xD1\x87\xD1\x82\xD0\xB0@example.net",
         "\xD0\xBF\xD0\xBE\xD1\x87\xD1\x82\xD0\xB0@example.net"},
        {"Utf8KeepsItsCase", "\xC3\x84@example.net", "\xC3\x84@example.net"},
        {"Decomposed", "a\xCC\x88@example.net", "\xC3\xA4@example.net"},
        {"CapitalDecomposed", "A\xCC\x88@example.net", "\xC3\x84@example.net"},
        {"ComposesOnceFolded", "H\xCC\xB1@example.net", "\xE1\xBA\x96@example.net"},
        {"KelvinSign", "\xE2\x84\xAA@example.net", "k@example.net"},
        {"GreekQuestionMark", "a\xCD\xBE@example.net", R"("a;"@example.net)"},
        {"ULabel", "user@b\xC3\xBC\x63her.example", "user@xn--bcher-kva.example"},
        {"ULabelInCapitals", "user@B\xC3\x9C\x43HER.EXAMPLE", "user@xn--bcher-kva.example"},
        {"ALabelInCapitals", "user@XN--BCHER-KVA.example", "user@xn--bcher-kva.example"},
        {"SharpSStays", "user@stra\xC3\x9F\x65.example", "user@xn--strae-oqa.example"},
        {"IdeographicFullStop", "user@b\xC3\xBC\x63her\xE3\x80\x82\x65xample",
         "user@xn--bcher-kva.example"},
        {"Underscore", "user@my_host.example", "user@my_host.example"},
        {"OneLabel", "user@localhost", "user@localhost"},
        {"Ipv4Literal", "user@[192.0.2.1]", "user@[192.0.2.1]"},
        {"Ipv6Literal", "user@[IPv6:2001:DB8:0::1]", "user@[ipv6:2001:db8::1]"},

        {"Empty", "", ""},
        {"NoAt", "user", ""},
        {"NoLocalPart", "@example.net", ""},
        {"NoDomain", "user@", ""},
        {"OnlyADot", "user@.", ""},
        {"TwoAts", "user@a@example.net", ""},
        {"TwoDots", "a..b@example.net", ""},
        {"LeadingDot", ".a@example.net", ""},
        {"DotBeforeTheAt", "a.@example.net", ""},
        {"Blank", "a b@example.net", ""},
        {"BlankBehind", "user@example.net ", ""},
        {"Brackets", "<user@example.net>", ""},
        {"DisplayName", "User <user@example.net>", ""},
        {"Comment", "user(work)@example.net", ""},
        {"QuoteWithoutEnd", R"("user@example.net)", ""},
        {"BackslashAtTheEnd", "\"user\\", ""},
        {"TextBehindTheQuote", R"("user"x@example.net)", ""},
        {"QuoteInTheMiddle", R"(us"e"r@example.net)", ""},
        {"Nul", std::string_view("a\0b@example.net", 15), ""},
        {"Newline", "\"a\nb\"@example.net", ""},
        {"Delete", "\"a\x7F\"@example.net", ""},
        {"Latin1", "\xE4@example.net", ""},
        {"EmptyLabel", "user@a..example", ""},
        {"TwoTrailingDots", "user@example..", ""},
        {"LeadingHyphen", "user@-a.example", ""},
        {"TrailingHyphen", "user@a-.example", ""},
        {"SlashInTheDomain", "user@a/b.example", ""},
        {"BlankInTheDomain", "user@a b.example", ""},
        {"Emoji", "user@\xE2\x98\x83.example", ""},
        {"Latin1Domain", "user@\xFC.example", ""},
        {"LiteralWithoutEnd", "user@[192.0.2.1", ""},
        {"LiteralOfNothing", "user@[]", ""},
        {"LiteralOfTooMuch", "user@[192.0.2.256]", ""},
        {"Ipv6WithoutItsTag", "user@[2001:db8::1]", ""},
        {"OtherTag", "user@[x400:2001:db8::1]", ""},
    }),
    [](const auto& test) { return std::string(test.param.name); });

TEST(Address, SpellingsOfOneMailboxAreEqual) {
  EXPECT_EQ(*Address::Parse("User@Example.net"), *Address::Parse(R"("user"@EXAMPLE.NET.)"));
  EXPECT_FALSE(*Address::Parse("user+a@example.net") == *Address::Parse("user@example.net"));
}

TEST(Address, HoldsAPathAndNoMore) {
  const auto of = [](std::size_t octets) {
    return std::string(octets - std::string_view("@example.net").size(), 'a') + "@example.net";
  };
  EXPECT_TRUE(Address::Parse(of(kMaxPathOctets - 1)).ok());
  EXPECT_TRUE(Address::Parse(of(kMaxPathOctets)).ok());
  EXPECT_FALSE(Address::Parse(of(kMaxPathOctets + 1)).ok());
}

TEST(Address, SaysWhatIsWrongWithoutTheAddress) {
  for (const std::string_view mailbox : {"secret", "sec ret@example.net", "secret@-a.example"}) {
    const std::string message(Address::Parse(mailbox).status().message());
    EXPECT_FALSE(message.empty());
    EXPECT_EQ(message.find("secret"), std::string::npos) << message;
  }
}

// The usual spelling has a way of its own, a quoted local part has not: both must lead to one
// place.
TEST(Address, HasOneIdentityWhetherQuotedOrNot) {
  const std::string octets = "aZ0.-_+@\xC3\xBC\x7F (";
  std::mt19937 random(1);
  const auto word = [&](std::size_t max_octets) {
    std::string text(1 + random() % max_octets, ' ');
    // The first seven are of a plain address; others are rare, so that many are one.
    for (char& c : text) c = octets[random() % 40 == 0 ? random() % octets.size() : random() % 7];
    return text;
  };
  int taken = 0;
  std::string room;
  for (int i = 0; i < 20'000; ++i) {
    const std::string local = word(8);
    const std::string mailbox = local + "@" + word(i % 50 == 0 ? 70 : 12);
    const absl::StatusOr<Address> plain = Address::Parse(mailbox);
    const absl::StatusOr<std::string_view> canonical = Address::Canonicalize(mailbox, room);
    ASSERT_EQ(plain.status(), canonical.status()) << mailbox;
    if (!plain.ok()) continue;
    ++taken;
    ASSERT_EQ(plain->canonical(), *canonical) << mailbox;
    if (local.find('@') != std::string::npos) continue;
    const absl::StatusOr<Address> quoted =
        Address::Parse("\"" + local + "\"" + mailbox.substr(local.size()));
    ASSERT_TRUE(quoted.ok()) << mailbox;
    ASSERT_EQ(quoted->canonical(), plain->canonical()) << mailbox;
    ASSERT_EQ(quoted->domain(), plain->domain()) << mailbox;
  }
  EXPECT_GT(taken, 2'000);
}

TEST(CanonicalDomain, HoldsLabelsOf63AndDomainsOf255Octets) {
  EXPECT_TRUE(CanonicalDomain(std::string(62, 'a')).ok());
  EXPECT_TRUE(CanonicalDomain(std::string(63, 'a')).ok());
  EXPECT_FALSE(CanonicalDomain(std::string(64, 'a')).ok());
  const auto of = [](std::size_t octets) {
    std::string domain;
    while (domain.size() < octets) domain += "a.";
    domain.resize(octets);
    if (domain.back() == '.') domain[octets - 2] = domain[octets - 1] = 'a';
    return domain;
  };
  EXPECT_TRUE(CanonicalDomain(of(kMaxDomainOctets - 1)).ok());
  EXPECT_TRUE(CanonicalDomain(of(kMaxDomainOctets)).ok());
  EXPECT_FALSE(CanonicalDomain(of(kMaxDomainOctets + 1)).ok());
}

TEST(CanonicalDomain, CountsTheOctetsOfTheALabels) {
  std::string domain;  // 4 octets a label in UTF-8, 8 and a dot as A-labels
  for (int i = 0; i < 40; ++i) domain += "\xC3\xBC.";
  EXPECT_FALSE(CanonicalDomain(domain + "example").ok());
}

TEST(EntryTest, IsAMailboxOrADomain) {
  const struct {
    std::string_view entry, want;  // empty: refused
    bool is_domain;
  } cases[] = {
      {"User@Example.net", "user@example.net", false},
      {"@Example.NET", "@example.net", true},
      {"@b\xC3\xBC"
       "cher.example",
       "@xn--bcher-kva.example", true},
      {R"("@a"@example.net)", R"("@a"@example.net)", false},
      {R"(""@example.net)", R"(""@example.net)", false},
      {"@", "", false},
      {"@-.example", "", false},
      {"@a@b.example", "", false},
      {"example.net", "", false},
  };
  for (const auto& c : cases) {
    const absl::StatusOr<Address> entry = Address::ParseEntry(c.entry);
    ASSERT_EQ(entry.ok(), !c.want.empty()) << c.entry;
    if (!entry.ok()) continue;
    EXPECT_EQ(entry->canonical(), c.want);
    EXPECT_EQ(entry->spelling(), c.entry);
    EXPECT_EQ(entry->is_domain(), c.is_domain) << c.entry;
    EXPECT_EQ(*Address::ParseEntry(entry->canonical()), *entry);
  }
}

}  // namespace
}  // namespace bounced
