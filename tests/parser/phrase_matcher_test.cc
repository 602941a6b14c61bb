#include "parser/classify/phrase_matcher.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "parser/classify/text_evidence.h"

namespace bounced {
namespace {

using Places = std::vector<std::pair<int, std::uint32_t>>;  // phrase and where it begins

Places Find(const PhraseMatcher& matcher, std::string_view text) {
  Places places;
  for (const PhraseMatcher::Hit& hit : matcher.Find(text))
    places.emplace_back(hit.phrase, hit.begin);
  return places;
}

TEST(PhraseMatcher, FindsWholeWordsOnly) {
  const PhraseMatcher matcher({"user unknown", "full", "<@> unknown", "5.7.1", "over quota."});
  const struct {
    std::string_view text;
    Places want;
  } kCases[] = {
      {"user unknown", {{0, 0}}},
      {"(user unknown)", {{0, 1}}},
      {"superuser unknown", {}},
      {"user unknowns", {}},
      {"user unknow", {}},
      {"mailfull fully full2", {}},
      {"fully full", {{1, 6}}},
      {"\xC3\xA9"
       "full\xC3\xA9",
       {{1, 2}}},
      {"user<@> unknown", {{2, 4}}},
      {"15.7.1 5.7.10", {}},
      {"5.7.1.", {{3, 0}}},
      {"over quota.x", {{4, 0}}},
      {"full user unknown full", {{1, 0}, {0, 5}, {1, 18}}},
      {"", {}},
      {"ful", {}},
  };
  for (const auto& [text, want] : kCases) EXPECT_EQ(Find(matcher, text), want) << text;
}

TEST(PhraseMatcher, D98T26TakesPatternCharactersAsTheyAre) {
  const PhraseMatcher matcher({"a.c", "x*", "(?i)", "\\b", "[ab]"});
  EXPECT_EQ(Find(matcher, "abc xx b"), Places());
  EXPECT_EQ(Find(matcher, "a.c x* (?i) \\b [ab]"),
            (Places{{0, 0}, {1, 4}, {2, 7}, {3, 12}, {4, 15}}));
}

TEST(PhraseMatcher, FindsPhrasesThatBeginAlike) {
  const PhraseMatcher matcher({"mail", "mail box", "mail box full", "mailer", "box", "x"});
  EXPECT_EQ(Find(matcher, "mail box full x mailer mail"),
            (Places{{0, 0}, {1, 0}, {2, 0}, {4, 5}, {5, 14}, {3, 16}, {0, 23}}));
}

TEST(PhraseMatcher, NoPhrasesFindNothing) { EXPECT_EQ(Find(PhraseMatcher({}), "any"), Places()); }

// What stands in the text octet by octet, whatever the tree and its filter make of it.
TEST(PhraseMatcher, FindsWhatASearchForEachPhraseFinds) {
  unsigned state = 1;
  const auto next = [&state](std::size_t below) {
    state = state * 1'664'525 + 1'013'904'223;
    return (state >> 16) % below;
  };
  constexpr std::string_view kOctets = "ab c\xE4.";
  const auto random_text = [&](std::size_t length) {
    std::string text;
    for (std::size_t i = 0; i < length; ++i) text += kOctets[next(kOctets.size())];
    return text;
  };
  const auto is_word = [](char c) { return c >= 'a' && c <= 'z'; };
  for (int round = 0; round < 2'000; ++round) {
    std::set<std::string> unique;
    const std::size_t shortest = 1 + next(5);
    const std::string text = random_text(30);
    while (unique.size() < 6) {
      // Long ones stand there only if they were taken from there.
      std::string phrase = next(2) == 0 ? random_text(shortest + next(4))
                                        : text.substr(next(text.size() - 14), shortest + next(9));
      if (phrase.front() != ' ') unique.insert(std::move(phrase));
    }
    const std::vector<std::string> phrases(unique.begin(), unique.end());
    Places want;
    for (std::size_t at = 0; at < text.size(); ++at) {
      for (std::size_t i = 0; i < phrases.size(); ++i) {
        const std::string& phrase = phrases[i];
        const std::size_t end = at + phrase.size();
        if (text.compare(at, phrase.size(), phrase) != 0) continue;
        if (at > 0 && is_word(phrase.front()) && is_word(text[at - 1])) continue;
        if (end < text.size() && is_word(phrase.back()) && is_word(text[end])) continue;
        want.emplace_back(static_cast<int>(i), static_cast<std::uint32_t>(at));
      }
    }
    ASSERT_EQ(Find(PhraseMatcher(phrases), text), want) << text;
  }
}

struct GapCase {
  std::string_view name;
  std::string_view text;
  std::string_view want;  // the quotation; empty: none
};
class TextEvidenceTest : public testing::TestWithParam<GapCase> {};

// Phrases 0 "over" or 1 "beyond", then 2 "quota", at most 5 octets between them.
TEST_P(TextEvidenceTest, HoldsTheGapBetweenPhrases) {
  const PhraseMatcher matcher({"over", "beyond", "quota"});
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
