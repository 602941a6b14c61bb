#include "storage/bursts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "fixture.h"

namespace bounced {
namespace {

using testing::ElementsAre;
using testing::SizeIs;

constexpr absl::Duration kWindow = absl::Minutes(10);
const BurstKey kKey{"t", "example.net", 1};

class BurstsTest : public testing::Test {
 protected:
  // In a transaction of its own, so many seconds after noon.
  std::vector<std::string> Add(std::string_view mailbox, int seconds, const BurstKey& key = kKey) {
    bursts_.Begin();
    std::vector<std::string> all = AddOpen(mailbox, seconds, key);
    bursts_.Commit();
    return all;
  }
  std::vector<std::string> AddOpen(std::string_view mailbox, int seconds,
                                   const BurstKey& key = kKey) {
    const std::size_t count =
        bursts_.Add(key, ParseAddress(mailbox), Noon() + absl::Seconds(seconds), kWindow);
    std::vector<std::string> all;
    for (const Address& each : bursts_.AddressesOf(key)) all.push_back(each.canonical());
    EXPECT_EQ(count, all.size());
    return all;
  }

  Bursts bursts_;
};

TEST_F(BurstsTest, WhatFallsOutOfTheWindowIsForgotten) {
  EXPECT_THAT(Add("a@example.net", 0), ElementsAre("a@example.net"));
  EXPECT_THAT(Add("b@example.net", 599), ElementsAre("a@example.net", "b@example.net"));
  EXPECT_THAT(Add("c@example.net", 600), ElementsAre("b@example.net", "c@example.net"));
}

TEST_F(BurstsTest, AnAddressIsOneHoweverOftenItBounces) {
  Add("a@example.net", 0);
  EXPECT_THAT(Add("a@example.net", 1), ElementsAre("a@example.net"));
  EXPECT_THAT(Add("b@example.net", 600), ElementsAre("a@example.net", "b@example.net"));
}

TEST_F(BurstsTest, EachTenantDomainAndTextIsForItself) {
  Add("a@example.net", 0);
  EXPECT_THAT(Add("b@example.net", 0, {"u", "example.net", 1}), SizeIs(1));
  EXPECT_THAT(Add("b@example.org", 0, {"t", "example.org", 1}), SizeIs(1));
  EXPECT_THAT(Add("b@example.net", 0, {"t", "example.net", 2}), SizeIs(1));
  EXPECT_THAT(Add("c@example.net", 0), SizeIs(2));
}

TEST_F(BurstsTest, WhatIsRolledBackHasNotBeen) {
  Add("a@example.net", 0);
  bursts_.Begin();
  AddOpen("b@example.net", 1);
  bursts_.Forget(kKey);
  AddOpen("c@example.net", 1, {"t", "new.example", 1});
  bursts_.RollBack();
  EXPECT_EQ(bursts_.size(), 1u);
  EXPECT_THAT(Add("d@example.net", 2), ElementsAre("a@example.net", "d@example.net"));
  EXPECT_THAT(Add("d@new.example", 2, {"t", "new.example", 1}), SizeIs(1));
}

TEST_F(BurstsTest, WhatARollBackTookOutOfTheWindowIsBackInItsPlace) {
  Add("a@example.net", 0);
  Add("b@example.net", 1);
  Add("c@example.net", 300);
  Add("d@example.net", 301);
  bursts_.Begin();
  AddOpen("c@example.net", 302);
  EXPECT_THAT(AddOpen("e@example.net", 601),
              ElementsAre("d@example.net", "c@example.net", "e@example.net"));
  bursts_.RollBack();
  EXPECT_EQ(bursts_.size(), 4u);
  EXPECT_THAT(Add("f@example.net", 303),
              ElementsAre("a@example.net", "b@example.net", "c@example.net", "d@example.net",
                          "f@example.net"));
}

TEST_F(BurstsTest, BeyondTheBoundTheOldestIsForgotten) {
  for (std::size_t i = 0; i < Bursts::kMaxAddresses; ++i) {
    Add(absl::StrCat("n", i, "@many.example"), 0, {"t", "many.example", i});
  }
  EXPECT_EQ(bursts_.size(), Bursts::kMaxAddresses);
  EXPECT_THAT(Add("x@many.example", 1, {"t", "many.example", 0}), SizeIs(2));
  // With that one the first has gone.
  EXPECT_EQ(bursts_.size(), Bursts::kMaxAddresses);
  EXPECT_THAT(Add("y@many.example", 1, {"t", "many.example", 0}),
              ElementsAre("x@many.example", "y@many.example"));
}

}  // namespace
}  // namespace bounced
