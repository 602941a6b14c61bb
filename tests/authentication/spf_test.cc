// What the official suite (spf_suite_test.cc) leaves open: bounds, and who is asked about whom.
#include "server/authentication/spf.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/dns/resolve_all.h"
#include "zone.h"

namespace bounced {
namespace {

using dns::Question;
using dns::Type;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr char kClient[] = "192.0.2.3";
constexpr char kClientV6[] = "2001:db8::cb01";
constexpr char kSender[] = "strong-bad@example.com";

struct Asked {
  SpfResult result;
  std::vector<Question> questions;
};

Asked Ask(const Zone& zone, std::string_view sender = kSender, std::string_view client = kClient,
          std::string_view helo = "mail.example.org") {
  Asked asked;
  dns::Lookups lookups;
  for (int round = 0; round <= kMaxSpfRounds; ++round) {
    const std::optional<SpfResult> result =
        CheckSpf(*IpAddress::Parse(client), helo, sender, lookups);
    const std::vector<Question> questions = lookups.TakeAsked();
    if (result) {
      asked.result = *result;
      EXPECT_THAT(questions, IsEmpty());
      EXPECT_LE(result->reason.size(), kMaxSpfReasonOctets);
      return asked;
    }
    EXPECT_FALSE(questions.empty());
    for (const Question& question : questions) {
      asked.questions.push_back(question);
      lookups.Set(question, zone.Ask(question));
    }
  }
  ADD_FAILURE() << "no result after " << kMaxSpfRounds << " rounds";
  return asked;
}

std::string Result(const Zone& zone, std::string_view sender = kSender,
                   std::string_view client = kClient, std::string_view helo = "mail.example.org") {
  return std::string(Name(Ask(zone, sender, client, helo).result.outcome));
}

Zone WithRecord(std::string record) { return Zone().Text("example.com", std::move(record)); }

// A record of one row, asked by kClient for kSender.
struct Case {
  std::string_view name;
  std::string_view record;
  std::string_view want;
};
class SpfRecordTest : public testing::TestWithParam<Case> {};

TEST_P(SpfRecordTest, GivesTheResult) {
  Zone zone = WithRecord(std::string(GetParam().record));
  zone.Address("example.com", "192.0.2.1").Address("example.com", "2001:db8::1");
  zone.Address("here.example.com", kClient);
  zone.Exchange("example.com", 10, "mx.example.com").Address("mx.example.com", kClient);
  zone.Fails("down.example.com");
  zone.Exchange("half.example.com", 10, "down.example.com");
  zone.Exchange("half.example.com", 20, "mx.example.com");
  zone.Exchange("dead.example.com", 10, "down.example.com");
  zone.Exchange("dead.example.com", 20, "example.com");
  zone.Exchange("null.example.com", 0, ".");
  zone.Text("sub.example.com", "v=spf1 ip4:192.0.2.3 -all");
  EXPECT_EQ(Result(zone), GetParam().want);
}
INSTANTIATE_TEST_SUITE_P(
    , SpfRecordTest,
    testing::ValuesIn<Case>({
        {"Empty", "v=spf1", "neutral"},
        {"OnlySpaces", "v=spf1   ", "neutral"},
        {"InAnyCase", "V=SPF1 IP4:192.0.2.3 -ALL", "pass"},
        {"ModifierInAnyCase", "v=spf1 REDIRECT=sub.example.com", "pass"},
        {"TabIsNoSpace", "v=spf1\t-all", "none"},
        {"TabWithin", "v=spf1 -all\t", "permerror"},
        {"EachQualifier", "v=spf1 ?ip4:192.0.2.3 -all", "neutral"},
        {"QualifierAlone", "v=spf1 + -all", "permerror"},
        {"TwoQualifiers", "v=spf1 +-all", "permerror"},
        {"QualifiedModifier", "v=spf1 -redirect=sub.example.com", "permerror"},
        {"UnknownModifierTwice", "v=spf1 a=1 a=2 -all", "fail"},
        {"ErrorBehindTheMatch", "v=spf1 ip4:192.0.2.3 exists:net", "permerror"},
        {"NotWithin", "v=spf1 ip4:192.0.2.128/25 -all", "fail"},
        {"JustWithin", "v=spf1 ip4:192.0.2.2/31 -all", "pass"},
        {"JustOutside", "v=spf1 ip4:192.0.2.0/31 -all", "fail"},
        {"BitsBehindThePrefix", "v=spf1 ip4:192.0.2.255/24 -all", "pass"},
        {"NoDigits", "v=spf1 ip4:192.0.2.3/ -all", "permerror"},
        {"LeadingZeros", "v=spf1 ip4:192.000.2.3 -all", "permerror"},
        {"V6AsV4", "v=spf1 ip4:::1 -all", "permerror"},
        {"V4AsV6", "v=spf1 ip6:192.0.2.3 -all", "permerror"},
        {"MappedIsNotV4", "v=spf1 ip6:::ffff:192.0.2.3 -all", "fail"},
        {"A", "v=spf1 a -all", "fail"},
        {"AWithLength", "v=spf1 a/30 -all", "pass"},
        {"AWithBothLengths", "v=spf1 a:example.com/30//0 -all", "pass"},
        {"ALengthWithNothing", "v=spf1 a/ -all", "permerror"},
        {"AV6LengthOnly", "v=spf1 a//0 -all", "fail"},
        {"ALengthsSwapped", "v=spf1 a//64/24 -all", "permerror"},
        {"AV6LeadingZero", "v=spf1 a//064 -all", "permerror"},
        {"AV4LengthOfFourDigits", "v=spf1 a/0024 -all", "permerror"},
        {"ADown", "v=spf1 a:down.example.com +all", "temperror"},
        {"AWithoutAName", "v=spf1 a:%{l}..example.com -all", "fail"},
        {"Mx", "v=spf1 mx -all", "pass"},
        {"MxHalfDown", "v=spf1 mx:half.example.com -all", "pass"},
        {"MxDown", "v=spf1 mx:dead.example.com -all", "temperror"},
        {"MxNull", "v=spf1 mx:null.example.com -all", "fail"},
        {"Include", "v=spf1 include:sub.example.com -all", "pass"},
        {"IncludeWithAnotherResult", "v=spf1 ~include:sub.example.com -all", "softfail"},
        {"IncludeDown", "v=spf1 include:down.example.com +all", "temperror"},
        {"IncludeOfASingleLabel", "v=spf1 include:%{d1} +all", "permerror"},
        {"IncludeItself", "v=spf1 include:example.com +all", "permerror"},
        {"RedirectDown", "v=spf1 redirect=down.example.com", "temperror"},
        {"RedirectToNoName", "v=spf1 redirect=%{h1}", "permerror"},
        {"ExpIsNotAskedFor", "v=spf1 exp=down.example.com -all", "fail"},
        {"ExpWithAWrongLetter", "v=spf1 -all exp=%{c}.example.com", "permerror"},
        {"ExistsDown", "v=spf1 exists:down.example.com +all", "temperror"},
        {"PtrWithoutAName", "v=spf1 ptr -all", "fail"},
    }),
    [](const auto& test) { return std::string(test.param.name); });

// RFC 7208, 2.4 and 4.3.
TEST(SpfTest, WhoseRecordIsAskedFor) {
  struct Row {
    std::string_view helo;
    std::string_view sender;
    std::string_view domain;  // empty: none, and DNS is not asked
  };
  for (const auto& [helo, sender, domain] : std::vector<Row>{
           {"mail.example.org", "a@example.com", "example.com"},
           {"mail.example.org", "a@Example.COM.", "example.com"},
           {"mail.example.org", "example.com", "example.com"},
           {"mail.example.org", "@example.com", "example.com"},
           {"mail.example.org", "\"a@b.example\"@example.com", "example.com"},
           {"mail.example.org",
            "a@b\xC3\xBC"
            "cher.example",
            "xn--bcher-kva.example"},
           {"mail.example.org", "a@x_y.example", "x_y.example"},
           {"MAIL.example.org", "", "mail.example.org"},
           {"localhost", "", ""},
           {"[192.0.2.3]", "", ""},
           {"[IPv6:2001:db8::1]", "", ""},
           {"[a.b]", "", ""},
           {"", "", ""},
           {"mail.example.org", "a@", ""},
           {"mail.example.org", "a@com", ""},
           {"mail.example.org", "a@b..com", ""},
           {"mail.example.org", "a@\xFF.com", ""},
           {"mail.example.org", "a@[192.0.2.3]", ""},
       }) {
    const Asked asked = Ask(Zone(), sender, kClient, helo);
    EXPECT_EQ(asked.result.domain, domain) << sender;
    EXPECT_EQ(asked.result.outcome, SpfOutcome::kNone) << sender;
    if (domain.empty()) {
      EXPECT_THAT(asked.questions, IsEmpty()) << sender;
    } else {
      EXPECT_THAT(asked.questions, ElementsAre(Question{std::string(domain), Type::kTxt}));
    }
  }
}

// What macros stand for shows in what is asked for.
TEST(SpfTest, MacrosOfAMessage) {
  struct Row {
    std::string_view macro;
    std::string_view client;
    std::string_view sender;
    std::string_view name;
  };
  for (const auto& [macro, client, sender, name] : std::vector<Row>{
           {"%{s}.x", kClient, kSender, "strong-bad@example.com.x"},
           {"%{s}.x", kClient, "@example.com", "postmaster@example.com.x"},
           {"%{l}.x", kClient, "example.com", "postmaster.x"},
           {"%{l}.%{o}.x", kClient, "a@b@Example.com", "a@b.example.com.x"},
           {"%{h}.x", kClient, kSender, "mail.example.org.x"},
           {"%{ir}.%{v}.x", kClient, kSender, "3.2.0.192.in-addr.x"},
           {"%{ir}.%{v}.x", kClientV6, kSender,
            "1.0.b.c.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.x"},
           {"%{ir}.%{v}.x", "::ffff:192.0.2.3", kSender, "3.2.0.192.in-addr.x"},
       }) {
    const Zone zone = WithRecord(absl::StrCat("v=spf1 exists:", std::string(macro), " -all"));
    const Asked asked = Ask(zone, sender, client);
    ASSERT_EQ(asked.questions.size(), 2u) << macro;
    EXPECT_EQ(asked.questions[1], (Question{std::string(name), Type::kA}));
  }
}

TEST(SpfTest, OfAnIncludedRecordItsOwnDomainCounts) {
  Zone zone = WithRecord("v=spf1 include:sub.example.com -all");
  zone.Text("sub.example.com", "v=spf1 exists:%{d}.%{o}.x ~all");
  EXPECT_EQ(Ask(zone).questions.back(), (Question{"sub.example.com.example.com.x", Type::kA}));
}

// RFC 8616, 4: what is not ASCII is in no name, so the term does not match.
TEST(SpfTest, NeverAsksForNamesThatAreNone) {
  for (const std::string_view local :
       {std::string_view("\xC3\xBC"), std::string_view("\0", 1), std::string_view("\n"),
        std::string_view("a..b"),
        std::string_view("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")}) {
    const std::string sender = absl::StrCat(std::string(local), "@example.com");
    const Asked asked =
        Ask(WithRecord("v=spf1 exists:%{l}.x a:%{l}.x mx:%{l}.x ptr:%{l}.x include:%{l}.x +all"),
            sender);
    EXPECT_EQ(asked.result.outcome, SpfOutcome::kPermerror);  // by "include"
    EXPECT_EQ(asked.questions.size(), 1u);
  }
}

// RFC 7208, 7.3: the macro "p".
TEST(SpfTest, ValidatedName) {
  const auto asked_for = [](const Zone& zone) { return Ask(zone).questions.back().name; };
  Zone zone = WithRecord("v=spf1 exists:%{p}.x -all");
  EXPECT_EQ(asked_for(zone), "unknown.x");
  zone.Pointer("3.2.0.192.in-addr.arpa", "forged.example.com");
  EXPECT_EQ(asked_for(zone), "unknown.x");
  zone.Pointer("3.2.0.192.in-addr.arpa", "a.example.net").Address("a.example.net", kClient);
  EXPECT_EQ(asked_for(zone), "a.example.net.x");
  zone.Pointer("3.2.0.192.in-addr.arpa", "b.example.net").Address("b.example.net", kClient);
  EXPECT_EQ(asked_for(zone), "a.example.net.x");
  zone.Pointer("3.2.0.192.in-addr.arpa", "notexample.com").Address("notexample.com", kClient);
  EXPECT_EQ(asked_for(zone), "a.example.net.x");
  zone.Pointer("3.2.0.192.in-addr.arpa", "c.example.com").Address("c.example.com", kClient);
  EXPECT_EQ(asked_for(zone), "c.example.com.x");
  zone.Pointer("3.2.0.192.in-addr.arpa", "example.com").Address("example.com", kClient);
  EXPECT_EQ(asked_for(zone), "example.com.x");
}

// RFC 7208, 5.5: DNS that does not answer makes "ptr" match nothing.
TEST(SpfTest, PtrPassesOverWhatDoesNotAnswer) {
  Zone zone = WithRecord("v=spf1 ptr -all");
  EXPECT_EQ(Result(zone), "fail");
  Zone down = zone;
  EXPECT_EQ(Result(down.Fails("3.2.0.192.in-addr.arpa")), "fail");
  zone.Pointer("3.2.0.192.in-addr.arpa", "down.example.com").Fails("down.example.com");
  EXPECT_EQ(Result(zone), "fail");
  zone.Pointer("3.2.0.192.in-addr.arpa", "up.Example.com").Address("up.example.com", kClient);
  EXPECT_EQ(Result(zone), "pass");
}

std::string Repeated(std::string_view text, int times) {
  std::string repeated;
  for (int i = 0; i < times; ++i) absl::StrAppend(&repeated, std::string(text));
  return repeated;
}

TEST(SpfTest, LookupTermsAreBounded) {
  const auto zone = [](const std::string& record) {
    Zone with = WithRecord(record);
    with.Address("example.com", "192.0.2.1").Exchange("example.com", 1, "example.com");
    with.Text("all.example.com", "v=spf1 +all");
    return with;
  };
  const std::string nine = "v=spf1" + Repeated(" a", kMaxSpfLookupTerms - 1);
  EXPECT_EQ(Result(zone(nine + " a ip4:192.0.2.3")), "pass");
  EXPECT_EQ(Result(zone(nine + " a a ip4:192.0.2.3")), "permerror");
  for (const std::string term : {"mx", "ptr:example.net", "exists:example.com"}) {
    EXPECT_EQ(Result(zone(nine + " " + term + " all")), "pass") << term;
    EXPECT_EQ(Result(zone(nine + " a " + term + " all")), "permerror") << term;
  }
  EXPECT_EQ(Result(zone(nine + " include:all.example.com")), "pass");
  EXPECT_EQ(Result(zone(nine + " a include:all.example.com")), "permerror");
  EXPECT_EQ(Result(zone(nine + " redirect=all.example.com")), "pass");
  EXPECT_EQ(Result(zone(nine + " a redirect=all.example.com")), "permerror");
  // Those that ask nothing do not count.
  EXPECT_EQ(Result(zone(nine + Repeated(" ip4:192.0.2.1 ip6:::1", 20) + " a all")), "pass");
}

TEST(SpfTest, VoidTermsAreBounded) {
  const auto result = [](std::string_view terms, std::string_view client = kClient) {
    Zone zone = WithRecord(absl::StrCat("v=spf1", std::string(terms), " +all"));
    zone.Address("v4.example.com", "192.0.2.1").Exchange("mx.example.com", 1, "no.example.com");
    return Result(zone, kSender, client);
  };
  EXPECT_EQ(result(" a:no1.example.com exists:no2.example.com"), "pass");
  for (const std::string_view third :
       {" a:no3.example.com", " mx:no3.example.com", " mx:mx.example.com", " ptr:no3.example.com",
        " exists:no3.example.com"}) {
    EXPECT_EQ(result(absl::StrCat(" a:no1.example.com exists:no2.example.com", std::string(third))),
              "permerror")
        << third;
  }
  EXPECT_EQ(result(Repeated(" a:v4.example.com", 3)), "pass");
  EXPECT_EQ(result(Repeated(" a:v4.example.com", 3), kClientV6), "permerror");
}

TEST(SpfTest, HostsOfAnAnswerAreBounded) {
  Zone zone = WithRecord("v=spf1 mx -all");
  Zone clients = WithRecord("v=spf1 ptr -all");
  for (std::size_t i = 1; i < kMaxSpfHosts; ++i) {
    const std::string host = absl::StrCat("host", i, ".example.com");
    zone.Exchange("example.com", 1, host).Address(host, "192.0.2.1");
    clients.Pointer("3.2.0.192.in-addr.arpa", host);
  }
  EXPECT_EQ(Result(zone), "fail");
  zone.Exchange("example.com", 1, "here.example.com").Address("here.example.com", kClient);
  EXPECT_EQ(Result(zone), "pass");
  zone.Exchange("example.com", 1, "one-more.example.com");
  EXPECT_EQ(Result(zone), "permerror");

  Zone last = clients;
  last.Pointer("3.2.0.192.in-addr.arpa", "here.example.com").Address("here.example.com", kClient);
  EXPECT_EQ(Result(last), "pass");
  Zone one_more = clients;
  one_more.Pointer("3.2.0.192.in-addr.arpa", "there.example.com");
  one_more.Pointer("3.2.0.192.in-addr.arpa", "here.example.com");
  one_more.Address("here.example.com", kClient);
  EXPECT_EQ(Result(one_more), "fail");
  EXPECT_EQ(Ask(one_more).questions.size(), 2 + kMaxSpfHosts);
}

TEST(SpfTest, RecordsAreBounded) {
  std::string record = "v=spf1 +all";
  record.append(kMaxSpfRecordOctets - record.size(), ' ');
  EXPECT_EQ(Result(WithRecord(record)), "pass");
  EXPECT_EQ(Result(WithRecord(record + " ")), "permerror");
}

// The dearest that a sender can publish: each term leads to a record as long as it may be.
TEST(SpfTest, ChainsOfLongRecordsEnd) {
  Zone zone;
  for (int i = 0; i < 20; ++i) {
    std::string record = absl::StrCat("v=spf1 include:x", i + 1, ".example.com mx exists:");
    while (record.size() + 20 < kMaxSpfRecordOctets) record += "%{Sr.-+,/_=}";
    zone.Text(i == 0 ? "example.com" : absl::StrCat("x", i, ".example.com"), record);
  }
  EXPECT_EQ(Result(zone), "permerror");
}

TEST(SpfTest, TellsWhatDecided) {
  Zone zone = WithRecord("v=spf1 include:sub.example.com -all");
  zone.Text("sub.example.com", "v=spf1 ip4:192.0.2.0/28 moo");
  EXPECT_EQ(Ask(zone).result.reason, "no such mechanism: \"moo\", of sub.example.com");
  EXPECT_EQ(Ask(WithRecord("v=spf1 ~all")).result.reason, "\"~all\" matches, of example.com");
  EXPECT_THAT(Ask(WithRecord("v=spf1 a:" + std::string(500, 'x'))).result.reason,
              HasSubstr("no domain-spec"));
  EXPECT_EQ(Ask(WithRecord("v=spf1 \xFF\n")).result.outcome, SpfOutcome::kPermerror);
}

class ZoneResolver final : public dns::Resolver {
 public:
  explicit ZoneResolver(const Zone& zone) : zone_(zone) {}
  void Resolve(std::vector<Question> questions, absl::Time, Done done) override {
    std::vector<dns::Answer> answers;
    for (const Question& question : questions) answers.push_back(zone_.Ask(question));
    done(std::move(answers));
  }

 private:
  const Zone& zone_;
};

TEST(SpfTest, IsBroughtToItsEndByAResolver) {
  static_assert(kMaxSpfRounds <= dns::kMaxResolveRounds);
  Zone zone = WithRecord("v=spf1 include:%{d1r}.example.com mx -all");
  zone.Text("example.example.com", "v=spf1 exists:%{ir}.example.com ~all");
  zone.Exchange("example.com", 1, "mx.example.com").Address("mx.example.com", kClient);
  ZoneResolver resolver(zone);
  std::optional<SpfResult> result;
  dns::ResolveAll<SpfResult>(
      resolver, absl::InfiniteFuture(),
      [client = *IpAddress::Parse(kClient)](dns::Lookups& lookups) {
        return CheckSpf(client, "mail.example.org", kSender, lookups);
      },
      [&](SpfResult given) { result = std::move(given); });
  ASSERT_TRUE(result);
  EXPECT_EQ(result->outcome, SpfOutcome::kPass);
  EXPECT_EQ(result->reason, "\"mx\" matches, of example.com");
}

TEST(SpfTest, ResultsHaveTheNamesOfAuthenticationResults) {
  std::vector<std::string_view> names;
  for (const SpfOutcome outcome :
       {SpfOutcome::kNone, SpfOutcome::kNeutral, SpfOutcome::kPass, SpfOutcome::kFail,
        SpfOutcome::kSoftfail, SpfOutcome::kTemperror, SpfOutcome::kPermerror}) {
    names.push_back(Name(outcome));
  }
  EXPECT_THAT(names,
              ElementsAre("none", "neutral", "pass", "fail", "softfail", "temperror", "permerror"));
}

}  // namespace
}  // namespace bounced
