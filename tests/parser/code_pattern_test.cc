#include "parser/classify/code_pattern.h"

#include <gtest/gtest.h>

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

}  // namespace
}  // namespace bounced
