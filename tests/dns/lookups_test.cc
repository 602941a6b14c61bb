#include "server/dns/lookups.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace bounced::dns {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(LookupsTest, AsksOnceForWhatIsNotAnswered) {
  Lookups lookups;
  EXPECT_EQ(lookups.Find("Example.NET", Type::kTxt), nullptr);
  EXPECT_EQ(lookups.Find("example.net.", Type::kTxt), nullptr);
  EXPECT_EQ(lookups.Find("example.net", Type::kA), nullptr);
  const Question text{"example.net", Type::kTxt};
  const Question address{"example.net", Type::kA};
  EXPECT_THAT(lookups.TakeAsked(), ElementsAre(text, address));
  EXPECT_THAT(lookups.TakeAsked(), IsEmpty());

  lookups.Set(text, Answer{.outcome = Outcome::kFound, .texts = {"v=spf1 -all"}});
  const Answer* answer = lookups.Find("EXAMPLE.net.", Type::kTxt);
  ASSERT_NE(answer, nullptr);
  EXPECT_THAT(answer->texts, ElementsAre("v=spf1 -all"));
  EXPECT_THAT(lookups.TakeAsked(), IsEmpty());

  lookups.Set(address, Answer{.outcome = Outcome::kNoSuchName});
  EXPECT_EQ(lookups.Find("example.net", Type::kA)->outcome, Outcome::kNoSuchName);
  EXPECT_EQ(lookups.Find("EXAMPLE.net", Type::kTxt), answer);
}

}  // namespace
}  // namespace bounced::dns
