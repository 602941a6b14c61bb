#include "server/intake/key_revoker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/intake/fake_store.h"
#include "tests/intake/manual_clock.h"

namespace bounced {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const absl::Time kNow = absl::FromUnixSeconds(1'780'000'000);

ReturnPaths Configured(std::vector<std::string> ids) {
  ReturnPathDomain domain;
  domain.domain = "rp.example";
  for (std::string& id : ids) domain.keys.push_back({std::move(id), std::string(32, 'k')});
  return *ReturnPaths::Create({domain});
}

class KeyRevokerTest : public testing::Test {
 protected:
  KeyRevokerTest() : thread_([this] { committer_.Run(); }) {}
  ~KeyRevokerTest() override {
    committer_.Stop();
    thread_.join();
  }

  // The ids of the keys in force that are revoked.
  std::vector<std::string> Revoked() const {
    std::vector<std::string> ids;
    for (const KeyStanding& key : paths_.Get()->keys(kNow)) {
      if (key.revoked) ids.push_back(key.id);
    }
    return ids;
  }

  FakeStore store_;
  ManualClock clock_{kNow};
  Counters counters_;
  Committer committer_{store_, Policy{}, clock_, counters_};
  Live<ReturnPaths> paths_{Configured({"a", "b"})};
  KeyRevoker keys_{paths_, committer_, {}};
  std::thread thread_;
};

TEST_F(KeyRevokerTest, RevokesOnceAndForGood) {
  ASSERT_TRUE(keys_.Revoke("RP.example.", "b", "ann").ok());
  EXPECT_THAT(Revoked(), ElementsAre("b"));
  ASSERT_TRUE(keys_.Revoke("rp.example", "b", "bob").ok());
  const std::vector<Revocation> stored = *store_.ListRevocations();
  ASSERT_EQ(stored.size(), 1u);
  EXPECT_EQ(stored[0].domain, "rp.example");
  EXPECT_EQ(stored[0].key_id, "b");
  EXPECT_EQ(stored[0].author, "ann");
  EXPECT_EQ(stored[0].time, kNow);
}

TEST_F(KeyRevokerTest, AConfigurationBringsNoKeyBack) {
  ASSERT_TRUE(keys_.Revoke("rp.example", "a", "ann").ok());
  keys_.TakeUp(Configured({"b"}));
  EXPECT_THAT(Revoked(), IsEmpty());
  keys_.TakeUp(Configured({"a", "b", "c"}));
  EXPECT_THAT(Revoked(), ElementsAre("a"));
}

TEST_F(KeyRevokerTest, WhatIsNotConfiguredIsNotFound) {
  for (const auto& [domain, key] : std::vector<std::pair<std::string, std::string>>{
           {"rp.example", "c"}, {"example", "a"}, {"", "a"}, {"..", "a"}, {"rp.example", ""}}) {
    EXPECT_TRUE(absl::IsNotFound(keys_.Revoke(domain, key, "ann"))) << domain << key;
  }
  EXPECT_TRUE(store_.ListRevocations()->empty());
}

TEST_F(KeyRevokerTest, WhatIsNotStoredDoesNotHold) {
  store_.set_sync([](auto) { return absl::ResourceExhaustedError("full"); });
  EXPECT_TRUE(absl::IsResourceExhausted(keys_.Revoke("rp.example", "a", "ann")));
  EXPECT_THAT(Revoked(), IsEmpty());
  store_.set_sync(nullptr);
  EXPECT_TRUE(keys_.Revoke("rp.example", "a", "ann").ok());
  EXPECT_THAT(Revoked(), ElementsAre("a"));
}

// A configuration that is taken up while a revocation is being committed waits for it.
TEST_F(KeyRevokerTest, T16NoReloadLosesARevocation) {
  std::thread reload;
  store_.set_sync([&](auto) {
    reload = std::thread([this] { keys_.TakeUp(Configured({"a", "b", "c"})); });
    return absl::OkStatus();
  });
  ASSERT_TRUE(keys_.Revoke("rp.example", "b", "ann").ok());
  reload.join();
  EXPECT_THAT(Revoked(), ElementsAre("b"));
  EXPECT_EQ(paths_.Get()->keys(kNow).size(), 3u) << "the configuration holds, too";
}

}  // namespace
}  // namespace bounced
