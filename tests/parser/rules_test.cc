#include "parser/rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "parser/classify/rule_file.h"
#include "reply.h"

namespace bounced {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

// A rule that loads, to be spoilt or extended.
constexpr std::string_view kGood = R"(
[[rule]]
id = "full"
reason = "mailbox_full"
confidence = 90
when.text = [{ phrases = ['over', 'quota'], within = 20 }]
source = "here"
why = "so"
example = ["550 over quota"]
)";

std::string Replace(std::string_view text, std::string_view from, std::string_view to) {
  std::string result(text);
  std::size_t at = result.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return result.replace(at, from.size(), to);
}

absl::StatusOr<std::shared_ptr<const RuleSet>> Load(std::string content) {
  return RuleSet::Load({{"test.toml", std::move(content)}});
}

std::shared_ptr<const RuleSet> MustLoad(std::string content) {
  absl::StatusOr<std::shared_ptr<const RuleSet>> rules = Load(std::move(content));
  EXPECT_TRUE(rules.ok()) << rules.status();
  return rules.ok() ? *rules : nullptr;
}

struct BadFile {
  std::string_view name;
  std::string_view from;  // of kGood
  std::string_view to;
  std::string_view want;  // in the message
};
class LoadTest : public testing::TestWithParam<BadFile> {};

TEST_P(LoadTest, NamesFileLineRuleAndWhatIsWrong) {
  absl::Status status = Load(Replace(kGood, GetParam().from, GetParam().to)).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), StartsWith("test.toml:"));
  EXPECT_THAT(std::string(status.message()), HasSubstr(std::string(GetParam().want)));
}
INSTANTIATE_TEST_SUITE_P(
    , LoadTest,
    testing::ValuesIn<BadFile>({
        {"NotToml", "id = ", "id == ", "test.toml:3: "},
        {"UnknownKey",
         "why =", "reasn = 1\nwhy =", "test.toml:8: rule \"full\": unknown key \"reasn\""},
        {"UnknownProvider",
         "why =", "provider = 'acme'\nwhy =", "test.toml:8: unknown provider \"acme\""},
        {"UnknownProviderOfAFile", "[[rule]]", "provider = ['acme']\n[[rule]]",
         "test.toml:2: unknown provider \"acme\""},
        {"NoProvider", "why =", "provider = []\nwhy =", "an empty list of provider"},
        {"ProvidersNoTable", "[[rule]]", "providers = 1\n[[rule]]", "providers is not a table"},
        {"ProviderNoTable", "[[rule]]", "[providers]\nacme = 1\n[[rule]]", "\"acme\" is not an id"},
        {"ProviderWithoutHosts", "[[rule]]", "[providers.acme]\nmarks = 'a'\n[[rule]]",
         "a provider without hosts"},
        {"BadHost", "[[rule]]", "[providers.acme]\nhosts = '.acme.example'\n[[rule]]",
         "\".acme.example\" is not a host"},
        {"HostOfTwo", "[[rule]]",
         "[providers.a]\nhosts = 'x.example'\n[providers.b]\nhosts = 'x.example'\n[[rule]]",
         "test.toml:4: host \"x.example\" is already that of \"a\""},
        {"MarkOfTwo", "[[rule]]",
         "[providers.a]\nhosts = 'x.example'\nmarks = 'xx'\n[providers.b]\nhosts = 'y.example'\n"
         "marks = 'xx'\n[[rule]]",
         "test.toml:5: mark \"xx\" is already that of \"a\""},
        {"UnknownTopKey", "[[rule]]", "[[rules]]", "unknown key \"rules\""},
        {"NoId", "id = \"full\"", "", "a rule without an id"},
        {"BadId", "\"full\"", "\"Full!\"", "id \"Full!\""},
        {"ReservedId", "\"full\"", "\"unclassified\"", "reserved"},
        {"ReservedKindId", "\"full\"", "\"kind-delay\"", "reserved"},
        {"NoReason", "reason = \"mailbox_full\"", "", "rule \"full\": no reason"},
        {"UnknownReason", "mailbox_full", "mailbox_fool", "unknown reason \"mailbox_fool\""},
        {"NoConfidence", "confidence = 90", "", "no confidence"},
        {"ConfidenceBelow0", "= 90", "= -1", "confidence is not a number from 0 to 100"},
        {"ConfidenceAbove100", "= 90", "= 101", "confidence is not a number from 0 to 100"},
        {"ConfidenceNotANumber", "= 90", "= '90'", "confidence is not a number"},
        {"PriorityAbove100", "confidence = 90", "confidence = 90\npriority = 101",
         "priority is not"},
        {"NoWhen", "when.text = [{ phrases = ['over', 'quota'], within = 20 }]", "", "no when"},
        {"WhenWithoutEvidence", "when.text = [{ phrases = ['over', 'quota'], within = 20 }]",
         "when.stage = 'rcpt'", "when has no text, field, status or code"},
        {"UnknownCondition", "when.text", "when.txt", "unknown key \"txt\""},
        {"EmptyText", "[{ phrases = ['over', 'quota'], within = 20 }]", "[]",
         "not a list of phrases"},
        {"NoPhrase", "['over', 'quota'], within = 20", "[]", "no phrase"},
        {"BlankPhrase", "['over', 'quota'], within = 20", "[' - ']", "no phrase"},
        {"UpperCase", "'over'", "'Over'", "phrase \"Over\" is not in lower case"},
        {"NestedTooDeep", "'over'", "[['over']]", "neither a text nor a list of texts"},
        {"PhraseOfANumber", "'over'", "5", "neither a text nor a list of texts"},
        {"NoWithin", ", within = 20", "", "two phrases need within"},
        {"WithinForOne", "'over', 'quota'", "'over'", "within needs two phrases"},
        {"Within0", "within = 20", "within = 0", "within is not a number from 1 to 200"},
        {"Within201", "within = 20", "within = 201", "within is not a number from 1 to 200"},
        {"NoSuchWords", "'over'", "'$over'", "no words \"$over\""},
        {"BadStatus", "when.text", "when.status = ['5.1']\nwhen.text", "\"5.1\" is not a status"},
        {"BadCode", "when.text", "when.code = ['99']\nwhen.text", "\"99\" is not a reply code"},
        {"BadField", "when.text", "when.field = ['x-why']\nwhen.text",
         "\"x-why\" is not a further field"},
        {"BadStage", "when.text", "when.stage = 'rset'\nwhen.text", "\"rset\" is not a stage"},
        {"EmptyStatus", "when.text", "when.status = []\nwhen.text", "an empty list of status"},
        {"BadUnless", "why =", "unless.status = ['q']\nwhy =", "\"q\" is not a status"},
        {"NoSource", "source = \"here\"", "", "no source"},
        {"NoWhy", "why = \"so\"", "", "no why"},
        {"NoExample", "example = [\"550 over quota\"]", "", "no example"},
        {"EmptyExample", "\"550 over quota\"", "", "no example"},
        {"ExampleWithoutText", "\"550 over quota\"", "{ stage = 'rcpt' }",
         "an example without a text"},
        {"ExampleAtNoStage", "\"550 over quota\"", "{ text = 'a', stage = 'x' }",
         "unknown stage \"x\""},
        {"CounterWithoutReason", "why =", "counter_example = [{ text = 'a' }]\nwhy =",
         "a counter-example without a reason"},
        {"CodesBelievedTooMuch", "when.text = [{ phrases = ['over', 'quota'], within = 20 }]",
         "when.status = ['5.2.2']", "confidence is not a number from 0 to 60"},
        {"PersistenceWithReason", "confidence = 90", "persistence = 'transient'", "stands alone"},
    }),
    [](const auto& row) { return std::string(row.param.name); });

TEST(Load, T26TakesTheEdgesOfItsBounds) {
  EXPECT_TRUE(Load(Replace(kGood, "= 90", "= 0")).ok());
  EXPECT_TRUE(Load(Replace(kGood, "= 90", "= 100")).ok());
  EXPECT_TRUE(Load(Replace(kGood, "within = 20", "within = 1")).ok());
  EXPECT_TRUE(Load(Replace(kGood, "within = 20", "within = 200")).ok());
  EXPECT_TRUE(Load(Replace(kGood, "= 90", "= 90\npriority = -100")).ok());
  for (std::size_t length : {kMaxPhraseOctets - 1, kMaxPhraseOctets}) {
    EXPECT_TRUE(Load(Replace(kGood, "'over'", "'" + std::string(length, 'a') + "'")).ok())
        << length;
  }
  absl::Status status =
      Load(Replace(kGood, "'over'", "'" + std::string(kMaxPhraseOctets + 1, 'a') + "'")).status();
  EXPECT_THAT(std::string(status.message()), HasSubstr("a phrase longer than 120 octets"));
}

TEST(Load, AnIdStandsOnceInAllFiles) {
  absl::Status status =
      RuleSet::Load({{"a.toml", std::string(kGood)}, {"b.toml", std::string(kGood)}}).status();
  EXPECT_THAT(std::string(status.message()),
              HasSubstr("b.toml:2: id \"full\" is already taken at a.toml:2"));
}

TEST(Load, NoFilesAreNoRules) {
  absl::StatusOr<std::shared_ptr<const RuleSet>> rules = RuleSet::Load({});
  ASSERT_TRUE(rules.ok());
  EXPECT_EQ((*rules)->size(), 0);
  EXPECT_EQ((*rules)->Classify(ReadReply("550 over quota")).reason, Reason::kUnclassified);
  EXPECT_EQ((*rules)->Classify({}).reason, Reason::kUndefined);
}

TEST(Load, WordsStandForTheirList) {
  std::shared_ptr<const RuleSet> rules = MustLoad("[words]\nmore = ['over', 'above']\n" +
                                                  Replace(kGood, "'over'", "['$more', 'beyond']"));
  for (std::string_view text : {"over quota", "above quota", "beyond quota"}) {
    EXPECT_EQ(rules->Classify(ReadReply(text)).rule, "full") << text;
  }
}

TEST(Load, AFileMayNameAProviderThatALaterOneDescribes) {
  absl::StatusOr<std::shared_ptr<const RuleSet>> rules =
      RuleSet::Load({{"a.toml", "provider = 'acme'\n" + std::string(kGood)},
                     {"b.toml", "[providers.acme]\nhosts = ['acme.example']"}});
  ASSERT_TRUE(rules.ok()) << rules.status();
  EXPECT_EQ((*rules)->examples()[0].remote_mta, "acme.example");
}

// A rule in one line: what it says, and when.
std::string OneRule(std::string_view id, std::string_view reason, int confidence,
                    std::string_view when, std::string_view more = "") {
  return absl::StrCat("[[rule]]\nid = '", Absl(id), "'\nreason = '", Absl(reason),
                      "'\nconfidence = ", confidence, "\nwhen = ", Absl(when), "\n", Absl(more),
                      "\nsource = 's'\nwhy = 'w'\nexample = ['e']\n");
}

TEST(Classify, D31ARuleMayAskForAField) {
  const std::shared_ptr<const RuleSet> rules = MustLoad(
      OneRule("field", "mailbox_full", 90, "{ field = ['x-why: over quota', 'x-how: full'] }") +
      OneRule("both", "rate_limited", 90,
              "{ field = 'x-why: limit', text = [{ phrases = ['slow down'] }] }") +
      OneRule("not", "no_such_user", 90, "{ text = [{ phrases = ['unknown'] }] }",
              "unless.field = ['x-why: maybe']") +
      OneRule("status", "no_such_user", 60, "{ status = ['5.1.1'] }"));
  const auto classify = [&](std::string_view reply, std::string_view name, std::string_view value) {
    const FurtherField field{std::string(name), {std::string(value), {}}};
    Symptoms symptoms = ReadReply(reply);
    if (!name.empty()) symptoms.fields = {&field, 1};
    return rules->Classify(symptoms);
  };
  const Classification found = classify("550 5.1.1 no", "X-Why", "Over-Quota");
  EXPECT_EQ(found.rule, "field");
  EXPECT_EQ(found.matched_text, "Over-Quota");
  EXPECT_TRUE(found.text_bears_out);
  EXPECT_EQ(classify("", "X-How", "full").rule, "field");
  EXPECT_EQ(classify("550 5.1.1 no", "X-How", "fuller").rule, "status");
  EXPECT_EQ(classify("550 5.1.1 no", "", "").rule, "status");
  EXPECT_EQ(classify("450 slow down", "X-Why", "limit").rule, "both");
  EXPECT_EQ(classify("450 slow down", "", "").rule, "unclassified");
  EXPECT_EQ(classify("450 x", "X-Why", "limit").rule, "unclassified");
  EXPECT_EQ(classify("550 unknown", "", "").rule, "not");
  EXPECT_EQ(classify("550 unknown", "X-Why", "maybe").rule, "unclassified");
}

struct FieldContest {
  std::string_view name;
  std::string_view text;   // of the reply, whose field says "x-why: full"
  std::string_view field;  // conditions of the rule about it, beside those
  int priority;
  std::string_view winner;
  std::string_view why_not;  // of the other; empty: nothing spoke for it
};
class FieldContestTest : public testing::TestWithParam<FieldContest> {};

TEST_P(FieldContestTest, D31AFieldCountsAsATextDoes) {
  const FieldContest& row = GetParam();
  const auto rules =
      MustLoad(absl::StrCat("[providers.quux]\nhosts = ['quux.example']\n") +
               OneRule("text", "rate_limited", 90, "{ text = [{ phrases = ['slow'] }] }") +
               OneRule("field", "mailbox_full", 90, "{ field = 'x-why: full' }",
                       absl::StrCat("priority = ", row.priority, "\n", Absl(row.field))));
  const FurtherField field{"X-Why", {"full", {}}};
  Symptoms symptoms = ReadReply(row.text);
  symptoms.fields = {&field, 1};
  EXPECT_EQ(rules->Classify(symptoms).rule, row.winner);
  std::vector<Candidate> candidates;
  EXPECT_EQ(rules->Classify(symptoms, &candidates).rule, row.winner);
  ASSERT_EQ(candidates.size(), row.why_not.empty() ? 0u : 1u);
  if (row.why_not.empty()) return;
  EXPECT_EQ(candidates[0].why_not, row.why_not);
  EXPECT_EQ(candidates[0].matched_text, candidates[0].rule == "field" ? "full" : "slow");
}
INSTANTIATE_TEST_SUITE_P(
    , FieldContestTest,
    testing::ValuesIn<FieldContest>({
        {"Alone", "450 no", "", 0, "field", ""},
        {"HigherPriority", "450 slow", "", 1, "field", "has priority 0, the winner 1"},
        {"LowerPriority", "450 slow", "", -1, "text", "has priority -1, the winner 0"},
        {"Equal", "450 slow", "", 0, "text", "matches a shorter text than the winner"},
        {"OverAName", "450 no, https://example.net/slow", "", -1, "field",
         "rests on a link or a host name, the winner on a field"},
        {"OfAnotherProvider", "450 slow", "provider = 'quux'", 0, "text",
         "is about another provider"},
        {"Unless", "450 slow", "unless.field = ['x-why: full']", 0, "text",
         "is ruled out by its own \"unless\""},
    }),
    [](const auto& row) { return std::string(row.param.name); });

TEST(Classify, D31AFieldMayTellThatTryingAgainIsWorthWhile) {
  const std::shared_ptr<const RuleSet> rules = MustLoad(
      "[[rule]]\nid = 'later'\npersistence = 'transient'\nwhen.field = 'x-why: later'\n"
      "source = 's'\nwhy = 'w'\nexample = [{ field = 'X-Why: later' }]\n");
  const FurtherField field{"X-Why", {"later", {}}};
  Symptoms symptoms = ReadReply("550 no");
  EXPECT_EQ(rules->Classify(symptoms).persistence, Persistence::kPermanent);
  symptoms.fields = {&field, 1};
  EXPECT_EQ(rules->Classify(symptoms).persistence, Persistence::kTransient);
}

struct Order {
  std::string_view name;
  std::string_view text;
  Stage stage;
  std::string_view want;
};
class OrderOfEvidenceTest : public testing::TestWithParam<Order> {};

TEST_P(OrderOfEvidenceTest, TheStrongestRuleWins) {
  static const std::shared_ptr<const RuleSet> kRules = MustLoad(
      OneRule("text", "rate_limited", 70, "{ text = [{ phrases = ['slow down'] }] }") +
      OneRule("text-code", "greylisted", 50,
              "{ text = [{ phrases = ['slow down'] }], code = '451' }") +
      OneRule("text-sure", "mailbox_full", 80, "{ text = [{ phrases = ['mailbox full'] }] }") +
      OneRule("text-first", "spam_content", 10, "{ text = [{ phrases = ['spam'] }] }",
              "priority = 1") +
      OneRule("text-long", "no_such_user", 70, "{ text = [{ phrases = ['please slow down'] }] }",
              "unless.text = [{ phrases = ['spam'] }, { phrases = ['not', 'now'], within = 3 }]") +
      OneRule("status", "mailbox_disabled", 40, "{ status = '5.2.1' }") +
      OneRule("status-range", "mailbox_full", 60, "{ status = 'x.2.*' }") +
      OneRule("status-stage", "no_such_user", 10, "{ status = '5.2.1', stage = 'rcpt' }") +
      OneRule("code", "policy_other", 60, "{ code = '554' }") +
      OneRule("code-hard", "no_such_user", 60, "{ code = '550' }") +
      OneRule("class", "receiver_error", 60, "{ code = '5xx' }") +
      OneRule("status-class", "receiver_full", 50, "{ status = '5.*.*' }"));
  Classification c = kRules->Classify(ReadReply(GetParam().text, GetParam().stage));
  EXPECT_EQ(c.rule, GetParam().want);
}
INSTANTIATE_TEST_SUITE_P(
    , OrderOfEvidenceTest,
    testing::ValuesIn<Order>({
        {"TextOverStatus", "550 5.2.1 slow down", Stage::kUnknown, "text"},
        {"CodeAndTextOverText", "451 slow down", Stage::kUnknown, "text-code"},
        {"ConfidenceAmongTexts", "slow down, mailbox full", Stage::kUnknown, "text-sure"},
        {"PriorityOverConfidence", "spam, mailbox full", Stage::kUnknown, "text-first"},
        {"PriorityOverCodeAndText", "451 slow down, spam", Stage::kUnknown, "text-first"},
        {"TheLongerQuotation", "please slow down", Stage::kUnknown, "text-long"},
        {"Unless", "please slow down, not now", Stage::kUnknown, "text"},
        {"StatusOverCode", "554 5.2.1 what", Stage::kUnknown, "status"},
        {"StatusAndStageOverStatus", "554 5.2.1 what", Stage::kRcpt, "status-stage"},
        {"ExactStatusOverRange", "5.2.1", Stage::kUnknown, "status"},
        {"RangeOfStatus", "5.2.9", Stage::kUnknown, "status-range"},
        {"CodeOverClass", "554 what", Stage::kUnknown, "code"},
        {"StatusClassIsNoMoreThanAClass", "554 5.9.9 what", Stage::kUnknown, "code"},
        {"ClassOfCodeOrStatusByConfidence", "559 5.9.9 what", Stage::kUnknown, "class"},
        {"AHardCodeWithoutText", "550", Stage::kUnknown, "code-hard"},
        {"AHardCodeBesideAnUnknownText", "550 what", Stage::kUnknown, "class"},
        {"AnUnknownText", "what", Stage::kUnknown, "unclassified"},
        {"AnUnknownCodeAndText", "450 what", Stage::kUnknown, "unclassified"},
        {"Nothing", "", Stage::kUnknown, "undefined"},
        {"ANumberIsNoText", "77", Stage::kUnknown, "undefined"},
    }),
    [](const auto& row) { return std::string(row.param.name); });

struct Speaker {
  std::string_view name;
  std::string_view remote_mta;
  std::string_view narration;
  std::string_view reporting_mta;
  std::string_view text;
  std::string_view want;
};
class SpeakerTest : public testing::TestWithParam<Speaker> {};

TEST_P(SpeakerTest, ARuleOfOneProviderFiresForItsServersAlone) {
  static const std::shared_ptr<const RuleSet> kRules = MustLoad(
      "[providers.acme]\nhosts = ['acme.example', 'mx.acme.test']\n"
      "marks = ['acmemark', 'see www.acme.example']\n"
      "[providers.other]\nhosts = ['other.example']\n" +
      OneRule("acme", "no_such_user", 60, "{ text = [{ phrases = ['error'] }], code = '550' }",
              "provider = ['acme']") +
      OneRule("both", "list_problem", 90, "{ text = [{ phrases = ['list'] }] }",
              "provider = ['acme', 'other']") +
      OneRule("acme-status", "policy_other", 10, "{ status = '5.2.1' }", "provider = 'acme'") +
      OneRule("status", "mailbox_disabled", 60, "{ status = '5.2.1' }") +
      OneRule("any", "spam_content", 90, "{ text = [{ phrases = ['error', 'spam'], within = 9 }] }",
              "priority = 50"));
  const Speaker& row = GetParam();
  Symptoms symptoms = ReadReply(row.text);
  symptoms.remote_mta = row.remote_mta;
  symptoms.narration = row.narration;
  symptoms.reporting_mta = row.reporting_mta;
  EXPECT_EQ(kRules->Classify(symptoms).rule, row.want);
}
INSTANTIATE_TEST_SUITE_P(
    , SpeakerTest,
    testing::ValuesIn<Speaker>({
        {"Nobody", "", "", "", "550 error spam", "any"},
        {"TheDomain", "acme.example", "", "", "550 error spam", "acme"},
        {"AHostOfIt", "MX1.Acme.Example.", "", "", "550 error spam", "acme"},
        {"AHostThatIsListed", "mx.acme.test", "", "", "550 error spam", "acme"},
        {"TheHostBesideIt", "mx2.acme.test", "", "", "550 error spam", "any"},
        {"NoWholeLabel", "notacme.example", "", "", "550 error spam", "any"},
        {"BelowAnotherDomain", "acme.example.net", "", "", "550 error spam", "any"},
        {"AnAddress", "192.0.2.1", "", "", "550 error spam", "any"},
        {"AnotherProvider", "mx.other.example", "", "mx.acme.example", "550 error spam", "any"},
        {"NarratedHost", "", "host mx.acme.example[192.0.2.1] said: 550 error", "", "550 error",
         "acme"},
        {"RemoteOverNarratedHost", "other.example", "host mx.acme.example said", "", "550 error",
         "unclassified"},
        {"NarratedHostBehindARelay", "relay.example", "host mx.acme.example said", "", "550 error",
         "acme"},
        {"Mark", "", "", "", "550 error acmemark", "acme"},
        {"MarkBehindARelay", "relay.example", "", "", "550 error (see www.acme.example)", "acme"},
        {"KnownHostOverMark", "other.example", "", "", "550 error acmemark", "unclassified"},
        {"Reporter", "", "", "mx.acme.example", "550 error", "acme"},
        {"NoReporterBesideARemote", "mx.example", "", "mx.acme.example", "550 error",
         "unclassified"},
        {"NoReporterBesideANarrated", "", "host mx.example said", "mx.acme.example", "550 error",
         "unclassified"},
        {"TheCodeMustMatchToo", "acme.example", "", "", "551 error", "unclassified"},
        {"OneOfTwo", "other.example", "", "", "550 list", "both"},
        {"StatusOfAProvider", "acme.example", "", "", "5.2.1", "acme-status"},
        {"StatusOfAnybody", "other.example", "", "", "5.2.1", "status"},
        {"TextOverStatusOfAProvider", "acme.example", "", "", "551 5.2.1 error spam", "any"},
    }),
    [](const auto& row) { return std::string(row.param.name); });

TEST(Classify, FillsTheFieldsFromTheReason) {
  std::shared_ptr<const RuleSet> rules = RuleSet::BuiltIn();
  Classification c = rules->Classify(ReadReply("550 5.1.1 <r@example.net>...  User\r\n Unknown"));
  EXPECT_EQ(c.reason, Reason::kNoSuchUser);
  EXPECT_EQ(c.bounce_class, BounceClass::kHard);
  EXPECT_EQ(c.fault, Fault::kRecipient);
  EXPECT_EQ(c.persistence, Persistence::kPermanent);
  EXPECT_FALSE(c.counts);
  EXPECT_GE(c.confidence, 80);
  EXPECT_EQ(c.rule, "no-such-user");
  EXPECT_EQ(c.matched_text, "User\\x{D}\\x{A} Unknown");
  EXPECT_TRUE(c.text_bears_out);
}

TEST(Classify, ACodeAloneIsNotBorneOut) {
  Classification c = RuleSet::BuiltIn()->Classify(ReadReply("550 5.1.1"));
  EXPECT_EQ(c.reason, Reason::kNoSuchUser);
  EXPECT_EQ(c.bounce_class, BounceClass::kHard);
  EXPECT_EQ(c.confidence, kMaxConfidenceOfCodes);
  EXPECT_EQ(c.rule, "status-x.1.1");
  EXPECT_EQ(c.matched_text, "");
  EXPECT_FALSE(c.text_bears_out);
}

TEST(Classify, ABare550WithAnUnknownTextIsUnclassified) {
  Classification c = RuleSet::BuiltIn()->Classify(ReadReply("550 quux", Stage::kRcpt));
  EXPECT_EQ(c.reason, Reason::kUnclassified);
  EXPECT_EQ(c.bounce_class, BounceClass::kSoft);
  EXPECT_TRUE(c.counts);
  EXPECT_EQ(c.persistence, Persistence::kPermanent);
}

struct Transience {
  std::string_view text;
  Persistence persistence;
  BounceClass bounce_class;
  bool counts;
};

// What would condemn an address does not while anything says that it is for the time being.
TEST(Classify, AHardReasonIsSoftWhileTransient) {
  for (const Transience& want : std::initializer_list<Transience>{
           {"550 5.1.1 User unknown", Persistence::kPermanent, BounceClass::kHard, false},
           {"User unknown", Persistence::kUnknown, BounceClass::kHard, false},
           {"450 4.1.1 User unknown", Persistence::kTransient, BounceClass::kSoft, true},
           {"450 5.1.1 User unknown", Persistence::kTransient, BounceClass::kSoft, true},
           {"550 4.1.1 User unknown", Persistence::kTransient, BounceClass::kSoft, true},
           {"550 5.1.1 User unknown, try again", Persistence::kTransient, BounceClass::kSoft, true},
           {"550 User temporarily unknown", Persistence::kTransient, BounceClass::kSoft, true},
           {"4.1.1", Persistence::kTransient, BounceClass::kSoft, true},
           {"450 4.7.1 spam", Persistence::kTransient, BounceClass::kBlock, false},
       }) {
    Classification c = RuleSet::BuiltIn()->Classify(ReadReply(want.text));
    EXPECT_EQ(c.persistence, want.persistence) << want.text;
    EXPECT_EQ(c.bounce_class, want.bounce_class) << want.text;
    EXPECT_EQ(c.counts, want.counts) << want.text;
  }
}

TEST(Classify, WhatIsNoBounceHasTheReasonOfItsKind) {
  struct Row {
    Kind kind;
    Reason want;
  };
  for (const Row& row : std::initializer_list<Row>{{Kind::kDelay, Reason::kDelayed},
                                                   {Kind::kDelivery, Reason::kDelivered},
                                                   {Kind::kComplaint, Reason::kComplaintAbuse},
                                                   {Kind::kUnsubscribe, Reason::kUnsubscribe},
                                                   {Kind::kAutoReply, Reason::kAutoReply},
                                                   {Kind::kOther, Reason::kOtherMail}}) {
    Symptoms symptoms = ReadReply("550 5.1.1 User unknown");
    symptoms.kind = row.kind;
    Classification c = RuleSet::BuiltIn()->Classify(symptoms);
    EXPECT_EQ(c.reason, row.want);
    EXPECT_EQ(c.bounce_class, BounceClass::kNone);
    EXPECT_FALSE(c.counts);
    EXPECT_EQ(c.rule, absl::StrCat("kind-", Absl(ToString(row.kind))));
  }
}

TEST(Classify, D98T26LooksAtTheFirstOctetsOnly) {
  constexpr std::string_view kPhrase = "mailbox not found";
  for (std::size_t octets :
       {RuleSet::kMaxTextOctets - 1, RuleSet::kMaxTextOctets, RuleSet::kMaxTextOctets + 1}) {
    std::string text(octets - kPhrase.size(), '.');
    text += kPhrase;
    Classification c = RuleSet::BuiltIn()->Classify({.text = text});
    EXPECT_EQ(c.reason == Reason::kNoSuchUser, octets <= RuleSet::kMaxTextOctets) << octets;
  }
}

TEST(Classify, TakesAnyOctets) {
  std::shared_ptr<const RuleSet> rules = RuleSet::BuiltIn();
  std::string every;
  for (int i = 0; i < 256; ++i) every += static_cast<char>(i);
  EXPECT_FALSE(rules->Classify({.text = every}).rule.empty());
  EXPECT_EQ(rules->Classify({.text = every + " user unknown " + every}).rule, "no-such-user");
  for (std::string_view unit :
       {"user ", "unknown ", "@", "a@", "- ", "550-5.1.1 ", "user quota "}) {
    std::string text;
    while (text.size() < RuleSet::kMaxTextOctets) text += unit;
    EXPECT_FALSE(rules->Classify({.text = text}).rule.empty()) << unit;
  }
}

// Thousands of rules, each of which is found among all others.
TEST(Classify, ServesThousandsOfRules) {
  constexpr int kRules = 5'000;
  std::string content;
  for (int i = 0; i < kRules; ++i) {
    content +=
        OneRule(absl::StrCat("rule-", i), i % 2 == 0 ? "no_such_user" : "spam_content", 90,
                absl::StrCat("{ text = [{ phrases = ['code k", i, "'] }, { phrases = [['word w", i,
                             "', 'term t", i, "'], 'refused'], within = 10 }] }"));
  }
  std::shared_ptr<const RuleSet> rules = MustLoad(std::move(content));
  ASSERT_EQ(rules->size(), kRules);
  for (int i = 0; i < kRules; i += 7) {
    std::string want = absl::StrCat("rule-", i);
    std::string padding(1'000, 'z');
    EXPECT_EQ(rules->Classify({.text = absl::StrCat(padding, " code k", i, " ", padding)}).rule,
              want);
    EXPECT_EQ(rules->Classify({.text = absl::StrCat("Term T", i, " was refused")}).rule, want);
    EXPECT_EQ(rules->Classify({.text = absl::StrCat("xcode k", i)}).rule, "unclassified");
  }
}

}  // namespace
}  // namespace bounced
