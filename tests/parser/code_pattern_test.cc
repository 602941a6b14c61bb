#include "parser/classify/code_pattern.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "parser/classify/field_pattern.h"

namespace bounced {
namespace {

bool StatusMatches(std::string_view pattern, EnhancedStatus status) {
  std::optional<StatusPattern> parsed = ParseStatus(pattern);
  EXPECT_TRUE(parsed.has_value()) << pattern;
  return parsed && parsed->Matches(status);
}

TEST(StatusPattern, MatchesWhatItSays) {
  EXPECT_TRUE(StatusMatches("5.1.1", {5, 1, 1}));
  EXPECT_FALSE(StatusMatches("5.1.1", {4, 1, 1}));
  EXPECT_FALSE(StatusMatches("5.1.1", {5, 1, 10}));
  EXPECT_TRUE(StatusMatches("x.2.2", {4, 2, 2}));
  EXPECT_TRUE(StatusMatches("x.2.2", {5, 2, 2}));
  EXPECT_FALSE(StatusMatches("x.2.2", {5, 2, 3}));
  EXPECT_TRUE(StatusMatches("5.7.*", {5, 7, 0}));
  EXPECT_TRUE(StatusMatches("5.7.*", {5, 7, 999}));
  EXPECT_FALSE(StatusMatches("5.7.*", {5, 6, 0}));
  EXPECT_FALSE(StatusMatches("5.7.606-649", {5, 7, 605}));
  EXPECT_TRUE(StatusMatches("5.7.606-649", {5, 7, 606}));
  EXPECT_TRUE(StatusMatches("5.7.606-649", {5, 7, 649}));
  EXPECT_FALSE(StatusMatches("5.7.606-649", {5, 7, 650}));
}

TEST(StatusPattern, TakesNothingElse) {
  for (std::string_view text :
       {"", "5", "5.1", "5.1.", ".1.1", "5..1", "6.1.1", "5.1.1000", "5.1.1.1", "5.1.-1", "5.1.+1",
        "5.1.2-1", "5.1.1-1", "5.1.1-", "5.1.a", "5.1.1 "}) {
    EXPECT_FALSE(ParseStatus(text).has_value()) << text;
  }
}

TEST(CodePattern, MatchesWhatItSays) {
  EXPECT_TRUE(ParseCode("550")->Matches(550));
  EXPECT_FALSE(ParseCode("550")->Matches(551));
  EXPECT_TRUE(ParseCode("45x")->Matches(450));
  EXPECT_TRUE(ParseCode("45x")->Matches(459));
  EXPECT_FALSE(ParseCode("45x")->Matches(460));
  EXPECT_TRUE(ParseCode("5xx")->Matches(500));
  EXPECT_TRUE(ParseCode("5xx")->Matches(599));
  EXPECT_FALSE(ParseCode("5xx")->Matches(499));
}

TEST(CodePattern, TakesNothingElse) {
  for (std::string_view text : {"", "55", "5500", "150", "650", "5x0", "xxx", "5a0", "-50"}) {
    EXPECT_FALSE(ParseCode(text).has_value()) << text;
  }
}

TEST(Stage, ParsesEachName) {
  EXPECT_EQ(ParseStage("connect"), Stage::kConnect);
  EXPECT_EQ(ParseStage("queue"), Stage::kQueue);
  EXPECT_EQ(ParseStage("unknown"), std::nullopt);
  EXPECT_EQ(ParseStage(""), std::nullopt);
}

FurtherField Field(std::string name, std::string value) {
  return {std::move(name), {std::move(value), {}}};
}

TEST(FieldPattern, D31MatchesWordsOfAFieldOfThatName) {
  const auto matches = [](std::string_view pattern, const FurtherField& field) {
    const std::optional<FieldPattern> parsed = ParseField(pattern);
    EXPECT_TRUE(parsed.has_value()) << pattern;
    Symptoms symptoms;
    symptoms.fields = {&field, 1};
    return parsed && FieldEvidence(symptoms).Find({*parsed}) == &field;
  };
  EXPECT_TRUE(matches("x-why: bad-mailbox", Field("X-Why", "bad-mailbox")));
  EXPECT_TRUE(matches("x-why: bad mailbox", Field("X-WHY", "a Bad_Mailbox, indeed")));
  EXPECT_TRUE(matches("x-why:(#5)", Field("x-why", "no (#5)")));
  EXPECT_FALSE(matches("x-why: bad-mailbox", Field("x-why", "bad-mailboxes")));
  EXPECT_FALSE(matches("x-why: bad-mailbox", Field("x-why", "notbad-mailbox")));
  EXPECT_FALSE(matches("x-why: bad-mailbox", Field("x-who", "bad-mailbox")));
  EXPECT_FALSE(matches("x-why: bad-mailbox", Field("x-why", "")));
  for (const std::size_t octets : {kMaxFieldOctets, kMaxFieldOctets + 1}) {
    EXPECT_EQ(matches("x-why: full", Field("x-why", std::string(octets - 4, '.') + "full")),
              octets == kMaxFieldOctets);
  }
}

TEST(FieldPattern, D31AFieldOfTheRecipientGoesBeforeOneOfTheMessage) {
  const FurtherField of_message = Field("x-why", "full");
  const FurtherField of_recipient[] = {Field("x-other", "full"), Field("x-why", "full")};
  Symptoms symptoms;
  symptoms.message_fields = {&of_message, 1};
  const std::vector<FieldPattern> patterns = {*ParseField("x-how: full"),
                                              *ParseField("x-why: full")};
  EXPECT_EQ(FieldEvidence(symptoms).Find(patterns), &of_message);
  symptoms.fields = of_recipient;
  FieldEvidence evidence(symptoms);
  EXPECT_EQ(evidence.Find({}), nullptr);
  EXPECT_EQ(evidence.Find(patterns), &of_recipient[1]);
  EXPECT_EQ(evidence.Find({*ParseField("x-other: full")}), &of_recipient[0]);
  EXPECT_EQ(FieldEvidence(Symptoms()).Find(patterns), nullptr);
}

TEST(FieldPattern, TakesNothingElse) {
  for (const std::string_view text :
       {"", "x-why", "x-why:", "x-why: -", ": full", "X-Why: full", "x-why: Full", "x why: full",
        "status: 5.1.1", "diagnostic-code: full", "reporting-mta: full"}) {
    EXPECT_FALSE(ParseField(text).has_value()) << text;
  }
}

TEST(FurtherField, IsALineWithANameThatNoOtherHas) {
  const std::optional<FurtherField> field = ParseFurtherField("X-Why: Bad, full ");
  ASSERT_TRUE(field.has_value());
  EXPECT_EQ(field->name, "X-Why");
  EXPECT_EQ(field->value.value, "Bad, full");
  EXPECT_TRUE(ParseFurtherField("Final-Log-ID: 1").has_value());
  for (const std::string_view line :
       {"", "X-Why", "X-Why: ", ": full", "X Why: full", "Status: 5.1.1", "Final-Recipient: a"}) {
    EXPECT_FALSE(ParseFurtherField(line).has_value()) << line;
  }
}

}  // namespace
}  // namespace bounced
