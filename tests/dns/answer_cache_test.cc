#include "server/dns/answer_cache.h"

#include <gtest/gtest.h>

#include <string>

namespace bounced::dns {
namespace {

const absl::Time kNow = absl::FromUnixSeconds(1'000'000);

Question Name(const std::string& name) { return {name, Type::kTxt}; }
Answer Text(const std::string& text) { return {.outcome = Outcome::kFound, .texts = {text}}; }

TEST(AnswerCacheTest, HoldsAnAnswerUntilItsTimeIsUp) {
  AnswerCache cache(2);
  cache.Insert(Name("a"), Text("1"), kNow + absl::Seconds(1));
  EXPECT_EQ(cache.Find({"a", Type::kA}, kNow), nullptr);
  ASSERT_NE(cache.Find(Name("a"), kNow + absl::Milliseconds(999)), nullptr);
  EXPECT_EQ(cache.Find(Name("a"), kNow)->texts.front(), "1");
  EXPECT_EQ(cache.Find(Name("a"), kNow + absl::Seconds(1)), nullptr);
  EXPECT_EQ(cache.Find(Name("a"), kNow), nullptr) << "gone for good";
}

TEST(AnswerCacheTest, ALaterAnswerTakesThePlaceOfAnEarlier) {
  AnswerCache cache(1);
  cache.Insert(Name("a"), Text("1"), kNow + absl::Seconds(1));
  cache.Insert(Name("a"), Text("2"), kNow + absl::Seconds(9));
  EXPECT_EQ(cache.Find(Name("a"), kNow + absl::Seconds(8))->texts.front(), "2");
}

TEST(AnswerCacheTest, OverTheBoundTheLeastRecentlyAskedForGoes) {
  AnswerCache cache(2);
  const absl::Time until = kNow + absl::Seconds(1);
  cache.Insert(Name("a"), Text("1"), until);
  cache.Insert(Name("b"), Text("2"), until);
  EXPECT_NE(cache.Find(Name("a"), kNow), nullptr);
  cache.Insert(Name("c"), Text("3"), until);
  EXPECT_NE(cache.Find(Name("a"), kNow), nullptr);
  EXPECT_EQ(cache.Find(Name("b"), kNow), nullptr);
  EXPECT_NE(cache.Find(Name("c"), kNow), nullptr);
}

TEST(AnswerCacheTest, OneOfNoEntriesHoldsNothing) {
  AnswerCache cache(0);
  cache.Insert(Name("a"), Text("1"), kNow + absl::Seconds(1));
  EXPECT_EQ(cache.Find(Name("a"), kNow), nullptr);
}

}  // namespace
}  // namespace bounced::dns
