#include "parser/classify/phrase_matcher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "parser/classify/text_evidence.h"

namespace bounced {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

PhraseMatcher Make(std::vector<std::string> phrases) {
  absl::StatusOr<PhraseMatcher> matcher = PhraseMatcher::Create(std::move(phrases));
  EXPECT_TRUE(matcher.ok()) << matcher.status();
  return *std::move(matcher);
}

TEST(PhraseMatcher, FindsWholeWordsOnly) {
  PhraseMatcher matcher = Make({"user unknown", "full", "<@> unknown", "5.7.1", "over quota."});
  EXPECT_THAT(matcher.Find("user unknown"), ElementsAre(0));
  EXPECT_THAT(matcher.Find("(user unknown)"), ElementsAre(0));
  EXPECT_THAT(matcher.Find("superuser unknown"), IsEmpty());
  EXPECT_THAT(matcher.Find("user unknowns"), IsEmpty());
  EXPECT_THAT(matcher.Find("mailfull fully full2"), IsEmpty());
  EXPECT_THAT(matcher.Find("fully full"), ElementsAre(1));
  EXPECT_THAT(matcher.Find("\xC3\xA9"
                           "full\xC3\xA9"),
              ElementsAre(1));
  EXPECT_THAT(matcher.Find("user<@> unknown"), ElementsAre(2));
  EXPECT_THAT(matcher.Find("15.7.1 5.7.10"), IsEmpty());
  EXPECT_THAT(matcher.Find("5.7.1."), ElementsAre(3));
  EXPECT_THAT(matcher.Find("over quota.x"), ElementsAre(4));
  EXPECT_THAT(matcher.Find("full user unknown"), ElementsAre(0, 1));
}

TEST(PhraseMatcher, D98TakesPatternCharactersAsTheyAre) {
  PhraseMatcher matcher = Make({"a.c", "x*", "(?i)", "\\b", "[ab]"});
  EXPECT_THAT(matcher.Find("abc xx b"), IsEmpty());
  EXPECT_THAT(matcher.Find("a.c x* (?i) \\b [ab]"), ElementsAre(0, 1, 2, 3, 4));
}

TEST(PhraseMatcher, TellsEveryPlace) {
  PhraseMatcher matcher = Make({"full"});
  EXPECT_THAT(matcher.Places(0, "full fully full"), ElementsAre(0, 11));
  EXPECT_THAT(matcher.Places(0, "fulfull"), IsEmpty());
}

TEST(PhraseMatcher, NoPhrasesFindNothing) { EXPECT_THAT(Make({}).Find("anything"), IsEmpty()); }

std::vector<std::string> ManyPhrases(int count) {
  std::vector<std::string> phrases;
  for (int i = 0; i < count; ++i) {
    phrases.push_back("reason number " + std::to_string(i * 7919) + " of the list");
  }
  return phrases;
}

TEST(PhraseMatcher, SaysWhenThePhrasesDoNotFit) {
  absl::StatusOr<PhraseMatcher> matcher = PhraseMatcher::Create(ManyPhrases(2'000), 64 << 10);
  EXPECT_EQ(matcher.status().code(), absl::StatusCode::kResourceExhausted);
}

// The automaton is built lazily, so a set can compile and run short on a text.
TEST(PhraseMatcher, FindsTheSameWhenTheAutomatonRunsShort) {
  std::vector<std::string> phrases = ManyPhrases(300);
  std::string text = "reason number 7919 of the list, reason number 2367781 of the list";
  std::vector<int> want = Make(phrases).Find(text);
  ASSERT_THAT(want, ElementsAre(1, 299));
  int short_of_memory = 0;
  for (std::int64_t memory = 100'000; memory < 3'000'000; memory += 50'000) {
    absl::StatusOr<PhraseMatcher> matcher = PhraseMatcher::Create(phrases, memory);
    if (!matcher.ok()) {
      ++short_of_memory;
      continue;
    }
    EXPECT_THAT(matcher->Find(text), testing::ElementsAreArray(want)) << memory;
    EXPECT_THAT(matcher->Find("nothing of it"), IsEmpty()) << memory;
  }
  EXPECT_GT(short_of_memory, 0);
}

struct GapCase {
  std::string_view name;
  std::string_view text;
  std::string_view want;  // the quotation; empty: none
};
class TextEvidenceTest : public testing::TestWithParam<GapCase> {};

// Phrases 0 "over" or 1 "beyond", then 2 "quota", at most 5 octets between them.
TEST_P(TextEvidenceTest, HoldsTheGapBetweenPhrases) {
  PhraseMatcher matcher = Make({"over", "beyond", "quota"});
  TextEvidence evidence(GetParam().text, matcher);
  std::optional<TextEvidence::Range> found = evidence.Find({{{0, 1}, {2}}, 5});
  EXPECT_EQ(found ? evidence.folded().Original(found->begin, found->end) : "", GetParam().want);
}
INSTANTIATE_TEST_SUITE_P(, TextEvidenceTest,
                         testing::ValuesIn<GapCase>({
                             {"Adjacent", "is Over  quota.", "Over  quota"},
                             {"GapOf4", "over ab quota", "over ab quota"},
                             {"GapOf5", "over abc quota", "over abc quota"},
                             {"GapOf6", "over abcd quota", ""},
                             {"Alternative", "beyond quota", "beyond quota"},
                             {"WrongOrder", "quota over", ""},
                             {"OneIsMissing", "over", ""},
                             {"NearestOfMany", "over over over a quota", "over a quota"},
                             {"TheFirstPairIsTooFar", "over abcdefgh quota over quota",
                              "over quota"},
                             {"AMailboxIsOneOctet", "over a-long-name@example.net quota",
                              "over a-long-name@example.net quota"},
                         }),
                         [](const auto& row) { return std::string(row.param.name); });

}  // namespace
}  // namespace bounced
