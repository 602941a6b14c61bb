// An operator's files: how they are checked, and which rules they win over.
#include "parser/rule_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "parser/diagnostic.h"
#include "parser/text.h"

namespace bounced {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

// A rule of an operator; `when` and `confidence` as they stand in a file.
std::string Rule(const std::string& id, const std::string& reason, const std::string& when,
                 const std::string& example, int confidence = 60) {
  return absl::StrCat("[[rule]]\nid = '", id, "'\nreason = '", reason,
                      "'\nconfidence = ", confidence, "\nwhen.", when,
                      "\nsource = 'us'\nwhy = 'so'\nexample = ['", example, "']\n");
}

std::vector<std::string> ProblemsOf(const std::vector<RuleSet::File>& files) {
  const OperatorRules loaded = LoadOperatorRules(files);
  EXPECT_EQ(loaded.rules == nullptr, !loaded.problems.empty());
  std::vector<std::string> problems;
  for (const RuleProblem& problem : loaded.problems) problems.push_back(ToString(problem));
  return problems;
}

std::shared_ptr<const RuleSet> MustLoad(std::string content) {
  OperatorRules loaded = LoadOperatorRules({{"op.toml", std::move(content)}});
  for (const RuleProblem& problem : loaded.problems) ADD_FAILURE() << ToString(problem);
  return loaded.rules;
}

TEST(OperatorRules, WithoutFilesAreTheBuiltInOnes) {
  const OperatorRules loaded = LoadOperatorRules({});
  ASSERT_NE(loaded.rules, nullptr);
  EXPECT_EQ(loaded.rules->size(), RuleSet::BuiltIn()->size());
}

struct Precedence {
  std::string_view name;
  std::string rule;
  std::string_view text;
  std::string_view built_in;  // the reason without the operator's rule
  std::string_view want;      // and with it
};
class PrecedenceTest : public testing::TestWithParam<Precedence> {};

TEST_P(PrecedenceTest, AnOperatorsRuleWinsAtTheSameKindOfEvidence) {
  const Precedence& row = GetParam();
  EXPECT_EQ(ToString(ReadDiagnostic(row.text, *RuleSet::BuiltIn()).classification.reason),
            row.built_in);
  const std::shared_ptr<const RuleSet> rules = MustLoad(row.rule);
  ASSERT_NE(rules, nullptr);
  EXPECT_EQ(ToString(ReadDiagnostic(row.text, *rules).classification.reason), row.want);
}
INSTANTIATE_TEST_SUITE_P(
    , PrecedenceTest,
    testing::ValuesIn<Precedence>({
        {"TextOverText",
         Rule("op-a", "mailbox_full", "text = [{ phrases = ['user unknown'] }]",
              "550 5.1.1 user unknown", 0),
         "550 5.1.1 user unknown", "no_such_user", "mailbox_full"},
        // Whatever the priorities and confidences.
        {"TextOverTextOfTheLeastPriority",
         "priority = -100\n" + Rule("op-a", "mailbox_full",
                                    "text = [{ phrases = ['user unknown'] }]",
                                    "550 5.1.1 user unknown", 0),
         "550 5.1.1 user unknown", "no_such_user", "mailbox_full"},
        {"StatusOverStatus", Rule("op-a", "mailbox_full", "status = ['5.1.1']", "550 5.1.1 qux"),
         "550 5.1.1 qux", "no_such_user", "mailbox_full"},
        {"StatusNotOverText", Rule("op-a", "mailbox_full", "status = ['5.1.1']", "550 5.1.1 qux"),
         "550 5.1.1 user unknown", "no_such_user", "no_such_user"},
        {"CodeNotOverStatus", Rule("op-a", "mailbox_full", "code = ['559']", "559 qux"),
         "559 5.1.1 qux", "no_such_user", "no_such_user"},
        {"CodeOverClassDigit", Rule("op-a", "mailbox_full", "code = ['559']", "559 qux"), "559 qux",
         "unclassified", "mailbox_full"},
        {"OtherTextsAreLeftAlone",
         Rule("op-a", "mailbox_full", "text = [{ phrases = ['quux'] }]", "550 quux", 90),
         "550 5.1.1 user unknown", "no_such_user", "no_such_user"},
    }),
    [](const auto& row) { return std::string(row.param.name); });

TEST(OperatorRules, AmongThemselvesFollowTheUsualOrder) {
  const std::string text = "text = [{ phrases = ['quux'] }]";
  const std::shared_ptr<const RuleSet> rules =
      MustLoad(Rule("op-a", "mailbox_full", text, "550 quux", 90) + "[[rule]]\nid = 'op-b'\n" +
               "reason = 'rate_limited'\nconfidence = 80\nwhen.text = [{ phrases = ['quux'] }]\n" +
               "unless.text = [{ phrases = ['550'] }]\nwhen.code = ['450']\nsource = 'us'\n" +
               "why = 'so'\nexample = ['450 quux']\n");
  ASSERT_NE(rules, nullptr);
  EXPECT_EQ(ReadDiagnostic("450 quux", *rules).classification.rule, "op-b");
}

TEST(OperatorRules, KeepWhereTheyStandAndWhoseTheyAre) {
  const std::shared_ptr<const RuleSet> rules =
      MustLoad("\n" + Rule("op-a", "mailbox_full", "text = [{ phrases = ['quux'] }]", "550 quux"));
  ASSERT_NE(rules, nullptr);
  EXPECT_EQ(rules->rules().size(), rules->size());
  EXPECT_EQ(rules->rules().back().id, "op-a");
  EXPECT_EQ(rules->rules().back().source, "op.toml:2");
  EXPECT_EQ(rules->rules().back().origin, RuleOrigin::kOperator);
  EXPECT_EQ(rules->rules().front().origin, RuleOrigin::kBuiltIn);
  EXPECT_THAT(rules->rules().front().source, HasSubstr(".toml:"));
}

TEST(OperatorRules, TellTheProblemsOfEachRuleOfEachFile) {
  const std::string good = Rule("op-a", "mailbox_full", "text = [{ phrases = ['quux'] }]", "quux");
  EXPECT_THAT(ProblemsOf({{"a.toml", Rule("op-a", "mailbox_fool", "code = ['559']", "559") + good +
                                         Rule("op-b", "mailbox_full", "cod = ['559']", "559")},
                          {"b.toml", "[[rule]]\nid = \n"},
                          {"c.toml", "rules = 1\n"}}),
              ElementsAre("a.toml:3: rule \"op-a\": unknown reason \"mailbox_fool\"",
                          "a.toml:9: id \"op-a\" is already taken at a.toml:1",
                          "a.toml:21: rule \"op-b\": unknown key \"cod\"", HasSubstr("b.toml:2: "),
                          "c.toml:1: unknown key \"rules\""));
}

// None hides another, and none is told because of another.
TEST(OperatorRules, TellAllProblemsOfARule) {
  EXPECT_THAT(
      ProblemsOf({{"a.toml",
                   "priority = 101\n[[rule]]\nid = 'op-a'\nreson = 'mailbox_full'\n"
                   "confidence = 101\nwhen.text = [{ phrases = ['Quux', 'Quuux'] }]\n"
                   "when.status = ['5.1', '5.2']\nunless.cod = ['559']\nwhy = 'so'\n"
                   "example = [{ text = '550 quux', stage = 'x', reason = 'y' }]\n"
                   "counter_example = ['550']\n"}}),
      ElementsAre("a.toml:1: priority is not a number from -100 to 100",
                  "a.toml:2: rule \"op-a\": no reason", "a.toml:2: rule \"op-a\": no source",
                  "a.toml:4: rule \"op-a\": unknown key \"reson\"",
                  "a.toml:5: rule \"op-a\": confidence is not a number from 0 to 100",
                  "a.toml:6: rule \"op-a\": phrase \"Quux\" is not in lower case",
                  "a.toml:6: rule \"op-a\": phrase \"Quuux\" is not in lower case",
                  "a.toml:6: rule \"op-a\": two phrases need within",
                  "a.toml:7: rule \"op-a\": \"5.1\" is not a status",
                  "a.toml:7: rule \"op-a\": \"5.2\" is not a status",
                  "a.toml:8: rule \"op-a\": unknown key \"cod\"",
                  "a.toml:10: rule \"op-a\": unknown reason \"y\"",
                  "a.toml:10: rule \"op-a\": unknown stage \"x\"",
                  "a.toml:11: rule \"op-a\": an example without a text or field"));
}

TEST(OperatorRules, D31TellAllProblemsOfFields) {
  const std::string_view no_pattern = " is not a further field (\"x-name: words\")";
  const std::string_view no_field = " is not a further field (\"X-Name: value\")";
  EXPECT_THAT(
      ProblemsOf({{"a.toml",
                   "[[rule]]\nid = 'op-a'\nreason = 'mailbox_full'\nconfidence = 90\n"
                   "when.field = ['X-Why: full', 'status: 5.1']\nunless.field = 'x-why'\n"
                   "source = 'us'\nwhy = 'so'\nexample = [{ field = 'X-Why' },\n"
                   "{ field = 5 }, { text = '550', field = 'Status: 5.1' }, {}]\n"}}),
      ElementsAre(absl::StrCat("a.toml:5: rule \"op-a\": \"X-Why: full\"", Absl(no_pattern)),
                  absl::StrCat("a.toml:5: rule \"op-a\": \"status: 5.1\"", Absl(no_pattern)),
                  absl::StrCat("a.toml:6: rule \"op-a\": \"x-why\"", Absl(no_pattern)),
                  absl::StrCat("a.toml:9: rule \"op-a\": \"X-Why\"", Absl(no_field)),
                  absl::StrCat("a.toml:10: rule \"op-a\": \"?\"", Absl(no_field)),
                  absl::StrCat("a.toml:10: rule \"op-a\": \"Status: 5.1\"", Absl(no_field)),
                  "a.toml:10: rule \"op-a\": an example without a text or field"));
}

TEST(OperatorRules, MayNotTakeAnIdOfOurs) {
  const RuleInfo& taken = RuleSet::BuiltIn()->rules().front();
  EXPECT_THAT(ProblemsOf({{"op.toml", Rule(taken.id, "mailbox_full", "code = ['559']", "559")}}),
              ElementsAre(absl::StrCat("op.toml:1: id \"", taken.id, "\" is already taken at ",
                                       taken.source)));
}

// README, "Rules of your own": theirs stay theirs when we add some.
TEST(OperatorRules, HaveIdsThatNoneOfOursTakes) {
  for (const RuleInfo& rule : RuleSet::BuiltIn()->rules()) {
    EXPECT_FALSE(rule.id.starts_with("local-")) << rule.source;
  }
}

TEST(OperatorRules, MayNotTakeANameOfWhatNoRuleDecides) {
  for (const char* id : {"unclassified", "undefined", "kind-delay", "action-delivered"}) {
    EXPECT_THAT(ProblemsOf({{"op.toml", Rule(id, "mailbox_full", "code = ['559']", "559")}}),
                ElementsAre(HasSubstr("is reserved")));
  }
}

TEST(OperatorRules, WinTheirExamplesOrAreRefused) {
  EXPECT_THAT(
      ProblemsOf({{"op.toml",
                   Rule("op-a", "mailbox_full", "status = ['5.1.1']", "550 5.1.1 user unknown")}}),
      ElementsAre(testing::MatchesRegex("op.toml:8: rule \"op-a\": example \"550 5.1.1 user "
                                        "unknown\" is won by \".*\" .no_such_user.")));
  const std::string counter =
      "counter_example = [{ text = '550 quux', reason = 'rate_limited' }]\n";
  EXPECT_THAT(
      ProblemsOf(
          {{"op.toml", Rule("op-a", "mailbox_full", "text = [{ phrases = ['quux'] }]", "550 quux") +
                           counter}}),
      ElementsAre("op.toml:9: rule \"op-a\": example \"550 quux\" is mailbox_full by \"op-a\", not "
                  "rate_limited"));
}

TEST(OperatorRules, D31WinTheirExamplesOfFieldsOrAreRefused) {
  EXPECT_THAT(
      ProblemsOf({{"op.toml",
                   "[[rule]]\nid = 'op-a'\nreason = 'mailbox_full'\nconfidence = 90\n"
                   "when.field = 'x-why: full'\nsource = 'us'\nwhy = 'so'\n"
                   "example = [{ text = '550 user unknown', field = 'X-Why: is full' },\n"
                   "{ field = ['X-Other: 1', 'X-Why: full'] },\n"
                   "{ field = 'X-Why: fuller' }, { text = '550 no', field = 'X-Who: full' }]\n"}}),
      ElementsAre("op.toml:10: rule \"op-a\": example \"X-Why: fuller\" is won by \"undefined\" "
                  "(undefined)",
                  testing::StartsWith("op.toml:10: rule \"op-a\": example \"550 no | X-Who: full\" "
                                      "is won by ")));
}

TEST(OperatorRules, MayWinOurExamples) {
  const std::shared_ptr<const RuleSet> rules = MustLoad(
      Rule("op-a", "mailbox_full", "text = [{ phrases = ['user unknown'] }]", "550 user unknown"));
  ASSERT_NE(rules, nullptr);
  EXPECT_TRUE(std::any_of(
      rules->examples().begin(), rules->examples().end(),
      [&](const RuleExample& example) { return !TryExample(*rules, example).difference.empty(); }));
}

TEST(FindWonExamples, NamesTheRulesWhoseExamplesAreWon) {
  const std::shared_ptr<const RuleSet> rules = MustLoad(
      Rule("op-a", "mailbox_full", "text = [{ phrases = ['quux'] }]", "550 quux") +
      Rule("op-b", "mailbox_full", "text = [{ phrases = ['user unknown'] }]", "550 user unknown"));
  ASSERT_NE(rules, nullptr);
  const std::vector<RuleProblem> won = FindWonExamples(*rules);
  ASSERT_FALSE(won.empty());
  std::size_t differing = 0;
  for (const RuleExample& example : rules->examples()) {
    if (!TryExample(*rules, example).difference.empty()) ++differing;
  }
  EXPECT_GE(differing, won.size());
  for (const RuleProblem& problem : won) {
    EXPECT_THAT(ToString(problem),
                testing::MatchesRegex("op.toml:9: rule \"op-b\": wins [0-9]+ examples? of the "
                                      "built-in \"[^\"]+\"( .[a-z_]+.)?(: |, first )\".*\""));
  }
}

TEST(FindWonExamples, FindsNoneOfRulesThatKeepApart) {
  EXPECT_THAT(FindWonExamples(*RuleSet::BuiltIn()), SizeIs(0));
  const std::shared_ptr<const RuleSet> rules =
      MustLoad(Rule("op-a", "mailbox_full", "text = [{ phrases = ['quux'] }]", "550 quux"));
  ASSERT_NE(rules, nullptr);
  EXPECT_THAT(FindWonExamples(*rules), SizeIs(0));
}

TEST(ToString, LeavesOutWhatIsNotKnown) {
  EXPECT_EQ(ToString(RuleProblem{"f", 3, "r", "w"}), "f:3: rule \"r\": w");
  EXPECT_EQ(ToString(RuleProblem{"f", 0, "", "w"}), "f: w");
  EXPECT_EQ(ToString(RuleProblem{"", 0, "", "w"}), "w");
}

TEST(ReadDiagnostic, ReadsATypeAndSaysWhereThingsStand) {
  const Recipient recipient = ReadDiagnostic(
      "smtp; 550 5.1.1 user unknown (in reply to RCPT TO command)", *RuleSet::BuiltIn());
  EXPECT_EQ(recipient.kind, Kind::kBounce);
  EXPECT_EQ(recipient.diagnostic_type, "smtp");
  ASSERT_TRUE(recipient.reply_code);
  EXPECT_EQ(recipient.reply_code->value, 550);
  EXPECT_EQ(recipient.reply_code->where.offset, 6U);
  EXPECT_EQ(recipient.reply_code->where.length, 3U);
  EXPECT_EQ(recipient.stage, Stage::kRcpt);
  EXPECT_EQ(recipient.classification.reason, Reason::kNoSuchUser);
}

struct KnownElsewhere {
  std::string_view name;
  Diagnostic diagnostic;
  std::string_view reason;
  std::string_view status;  // empty: none
  int reply_code;           // 0: none
  std::string_view remote_mta;
};
class KnownElsewhereTest : public testing::TestWithParam<KnownElsewhere> {};

TEST_P(KnownElsewhereTest, StandsBesideTheText) {
  const KnownElsewhere& row = GetParam();
  const Recipient found = ReadDiagnostic(row.diagnostic, *RuleSet::BuiltIn());
  EXPECT_EQ(ToString(found.classification.reason), row.reason);
  EXPECT_EQ(found.enhanced_status ? ToString(found.enhanced_status->value) : "", row.status);
  EXPECT_EQ(found.reply_code ? found.reply_code->value : 0, row.reply_code);
  EXPECT_EQ(found.remote_mta ? found.remote_mta->value : "", row.remote_mta);
}
INSTANTIATE_TEST_SUITE_P(
    , KnownElsewhereTest,
    testing::ValuesIn<KnownElsewhere>({
        {"Nothing", {.text = ""}, "undefined", "", 0, ""},
        {"StatusAlone", {.text = "", .enhanced_status = "5.1.1"}, "no_such_user", "5.1.1", 0, ""},
        {"NoStatus", {.text = "", .enhanced_status = "9.9"}, "undefined", "", 0, ""},
        {"StatusThatSaysLess",
         {.text = "550 5.1.1 qux", .enhanced_status = "5.0.0"},
         "no_such_user",
         "5.1.1",
         550,
         ""},
        {"StatusThatSaysAsMuch",
         {.text = "550 5.1.1 qux", .enhanced_status = "4.2.2"},
         "mailbox_full",
         "4.2.2",
         550,
         ""},
        {"TextOverCodes",
         {.text = "over quota", .enhanced_status = "5.1.1", .reply_code = 550},
         "mailbox_full",
         "5.1.1",
         550,
         ""},
        {"ReplyCode", {.text = "450 qux", .reply_code = 550}, "unclassified", "", 550, ""},
        {"NoReplyCode", {.text = "450 qux", .reply_code = 600}, "unclassified", "", 450, ""},
        {"LeastReplyCode", {.text = "", .reply_code = 200}, "undefined", "", 200, ""},
        {"BelowTheLeast", {.text = "", .reply_code = 199}, "undefined", "", 0, ""},
        {"RemoteHost",
         {.text = "host b.example[192.0.2.1] said: 550 user unknown",
          .remote_mta = "dns; a.example (192.0.2.2)"},
         "no_such_user",
         "",
         550,
         "a.example"},
    }),
    [](const auto& row) { return std::string(row.param.name); });

TEST(ReadDiagnostic, GivesWhatIsKnownElsewhereNoPlace) {
  const Recipient found = ReadDiagnostic({.text = "user unknown",
                                          .enhanced_status = "5.1.1",
                                          .reply_code = 550,
                                          .remote_mta = "a.example (192.0.2.2)"},
                                         *RuleSet::BuiltIn());
  EXPECT_EQ(found.enhanced_status->where.length, 0U);
  EXPECT_EQ(found.reply_code->where.length, 0U);
  EXPECT_EQ(found.remote_mta->where.length, 0U);
  EXPECT_EQ(found.remote_mta->address, "192.0.2.2");
  EXPECT_EQ(found.diagnostic->where.length, 12U);
}

TEST(ReadDiagnostic, BelievesTheStageThatItIsTold) {
  const std::string_view text = "550 5.1.1 qux (in reply to RCPT TO command)";
  EXPECT_EQ(ReadDiagnostic(text, *RuleSet::BuiltIn()).classification.bounce_class,
            BounceClass::kHard);
  const Recipient early =
      ReadDiagnostic({.text = text, .stage = Stage::kConnect}, *RuleSet::BuiltIn());
  EXPECT_EQ(early.stage, Stage::kConnect);
  EXPECT_NE(early.classification.bounce_class, BounceClass::kHard);
}

// A rule about one provider fires for its servers, whoever tells which they are.
TEST(ReadDiagnostic, AppliesTheRulesOfTheRemoteServersProvider) {
  const std::shared_ptr<const RuleSet> rules = MustLoad(
      "[providers.quuxmail]\nhosts = ['quux.example']\n[[rule]]\nid = 'op-p'\n"
      "provider = ['quuxmail']\nreason = 'mailbox_full'\nconfidence = 90\n"
      "when.text = [{ phrases = ['quux'] }]\nsource = 'us'\nwhy = 'so'\nexample = ['550 quux']\n");
  ASSERT_NE(rules, nullptr);
  EXPECT_EQ(ReadDiagnostic({.text = "550 quux", .remote_mta = "mx.quux.example"}, *rules)
                .classification.rule,
            "op-p");
  EXPECT_EQ(ReadDiagnostic("550 quux", *rules).classification.reason, Reason::kUnclassified);
}

TEST(ReadDiagnostic, TakesAnything) {
  EXPECT_EQ(ReadDiagnostic("", *RuleSet::BuiltIn()).classification.reason, Reason::kUndefined);
  EXPECT_EQ(ReadDiagnostic(";", *RuleSet::BuiltIn()).kind, Kind::kBounce);
  EXPECT_EQ(ReadDiagnostic(std::string_view("\0\xff", 2), *RuleSet::BuiltIn()).kind, Kind::kBounce);
  // No Action is asked for: a diagnostic is what a failure has.
  EXPECT_EQ(ReadDiagnostic("450 4.2.2 over quota", *RuleSet::BuiltIn()).classification.reason,
            Reason::kMailboxFull);
}

}  // namespace
}  // namespace bounced
