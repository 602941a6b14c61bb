// What reaches further than one address of one tenant: in rows, in memory, and after a restart.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "fixture.h"
#include "storage/store.h"

namespace bounced {
namespace {

using testing::ElementsAre;

Suppression Entry(std::string_view tenant, std::string_view entry, std::string_view stream = "",
                  absl::Time expire_time = absl::InfiniteFuture()) {
  absl::StatusOr<Address> address = Address::ParseEntry(entry);
  EXPECT_TRUE(address.ok()) << entry;
  Suppression suppression = Manual("a@example.net", stream, Source::kManual, expire_time);
  suppression.tenant = std::string(tenant);
  suppression.address = *address;
  return suppression;
}

IndexAnswer Ask(const Store& store, std::string_view tenant, std::string_view stream,
                std::string_view address, absl::Time now = Noon()) {
  const IndexAnswer own = store.index().Check(tenant, stream, address, now);
  if (store.wide_index().empty()) return own;
  return store.wide_index().Widen(own, tenant, stream, address, now);
}

class ScopesTest : public testing::Test {
 protected:
  void Add(std::vector<Suppression> suppressions) {
    Work work =
        PutSuppressions{.suppressions = std::move(suppressions), .author = "a", .cause = "c"};
    ASSERT_TRUE(Apply(*store_, {&work}).ok());
  }
  bool Allow(std::string_view tenant, std::string_view entry) {
    Work work = PutAllowance{.allowance = {.tenant = std::string(tenant),
                                           .address = *Address::ParseEntry(entry),
                                           .create_time = Noon(),
                                           .author = "ann",
                                           .note = "a friend"}};
    EXPECT_TRUE(Apply(*store_, {&work}).ok());
    return std::get<PutAllowance>(work).is_new;
  }
  bool Disallow(std::string_view tenant, std::string_view entry) {
    Work work = RemoveAllowance{.tenant = std::string(tenant),
                                .address = *Address::ParseEntry(entry),
                                .author = "bob",
                                .cause = "no more"};
    EXPECT_TRUE(Apply(*store_, {&work}).ok());
    return std::get<RemoveAllowance>(work).removed;
  }
  StandingOfAddress Standing(std::string_view tenant, std::string_view mailbox) {
    absl::StatusOr<StandingOfAddress> standing =
        store_->FindStanding(tenant, ParseAddress(mailbox));
    EXPECT_TRUE(standing.ok()) << standing.status();
    return *std::move(standing);
  }
  std::vector<std::string> Allowed(std::string_view tenant) {
    std::vector<std::string> entries;
    absl::StatusOr<Page<Allowance>> page = store_->ListAllowances(tenant, 100, 0);
    EXPECT_TRUE(page.ok()) << page.status();
    for (const Allowance& each : page->rows) entries.push_back(each.address.canonical());
    return entries;
  }
  // Twice: as it stands, and after a restart.
  void Restart() {
    store_.reset();
    store_ = Open(directory_.path());
  }

  TemporaryDirectory directory_;
  std::unique_ptr<Store> store_ = Open(directory_.path());
  int number_ = 0;
};

// What is asked for all tenants, or was taken off after a restart, is answered like anything else.
TEST_F(ScopesTest, AnAllowanceIsAnsweredAsItWasStored) {
  Work work = PutAllowance{.allowance = {.tenant = "t",
                                         .address = *Address::ParseEntry("a@b.example"),
                                         .create_time = Noon() + absl::Nanoseconds(1'999),
                                         .author = "ann",
                                         .note = ""}};
  ASSERT_TRUE(Apply(*store_, {&work}).ok());
  EXPECT_EQ(std::get<PutAllowance>(work).allowance.create_time, Noon() + absl::Microseconds(1));
  absl::StatusOr<Page<Allowance>> page = store_->ListAllowances("t", 100, 0);
  ASSERT_TRUE(page.ok());
  ASSERT_EQ(page->rows.size(), 1u);
  EXPECT_EQ(page->rows[0].create_time, Noon() + absl::Microseconds(1));
}

// As two calls that come at once are committed.
TEST_F(ScopesTest, AnAllowanceOfTheSameBatchIsSeen) {
  for (const char* entry : {"a@b.example", "@b.example"}) {
    for (const char* tenant : {"t", "*"}) {
      const Address address = *Address::ParseEntry(entry);
      Work allow = PutAllowance{.allowance = {.tenant = tenant,
                                              .address = address,
                                              .create_time = Noon(),
                                              .author = "ann",
                                              .note = ""}};
      Work disallow =
          RemoveAllowance{.tenant = tenant, .address = address, .author = "ann", .cause = ""};
      std::vector<bool> seen;
      const auto decide = [&](const AddressHistory& history, const Message&, const Event&) {
        seen.push_back(history.allowed);
        return Decision{};
      };
      const auto bounce = [](int number) -> Work {
        return StoreMessages{.messages = {Bounce("a@b.example", number)}};
      };
      Work before = bounce(++number_);
      Work while_allowed = bounce(++number_);
      Work after = bounce(++number_);
      Work* batch[] = {&before, &allow, &while_allowed, &disallow, &after};
      ASSERT_TRUE(store_->Apply(batch, decide, Noon()).ok());
      EXPECT_THAT(seen, testing::ElementsAre(false, true, false)) << tenant << " " << entry;
    }
  }
}

TEST_F(ScopesTest, WhatIsTakenOffAfterARestartIsOff) {
  const std::vector<std::pair<std::string, std::string>> entries = {
      {"*", "all@example.com"}, {"*", "@dead.example"}, {"t", "@whole.example"}};
  for (const auto& [tenant, entry] : entries) Add({Entry(tenant, entry)});
  Add({Entry("t", "own@example.com")});
  Restart();
  EXPECT_EQ(store_->index().size(), 1u) << "single addresses alone";
  EXPECT_EQ(Ask(*store_, "*", "", "all@example.com"), IndexAnswer::kSuppressed);
  EXPECT_EQ(Ask(*store_, "*", "news", "a@dead.example"), IndexAnswer::kSuppressed);
  EXPECT_EQ(Ask(*store_, "t", "", "own@example.com"), IndexAnswer::kSuppressed);
  for (const auto& [tenant, entry] : entries) {
    Work work = RemoveSuppressions{.tenant = tenant,
                                   .stream = "",
                                   .address = *Address::ParseEntry(entry),
                                   .source = std::nullopt,
                                   .author = "bob",
                                   .cause = "wanted"};
    ASSERT_TRUE(Apply(*store_, {&work}).ok());
  }
  EXPECT_EQ(Ask(*store_, "*", "", "all@example.com"), IndexAnswer::kSend);
  EXPECT_EQ(Ask(*store_, "*", "", "a@dead.example"), IndexAnswer::kSend);
  EXPECT_EQ(Ask(*store_, "t", "", "a@whole.example"), IndexAnswer::kSend);
}

TEST_F(ScopesTest, EachScopeReachesWhatItIsFor) {
  EXPECT_TRUE(store_->wide_index().empty());
  Add({Entry("t", "@whole.example"), Entry("t", "@news.example", "news"),
       Entry("*", "all@example.com"), Entry("*", "@dead.example"),
       Entry("*", "some@example.com", "news"), Entry("*", "@weary.example", "news"),
       Entry("t", "own@example.com", "news")});
  const struct {
    std::string_view tenant, stream, address;
    bool suppressed;
  } cases[] = {
      {"t", "", "a@whole.example", true},      {"t", "news", "a@whole.example", true},
      {"u", "", "a@whole.example", false},     {"t", "", "a@sub.whole.example", false},
      {"t", "", "a@news.example", false},      {"t", "news", "a@news.example", true},
      {"t", "other", "a@news.example", false}, {"t", "", "all@example.com", true},
      {"u", "news", "all@example.com", true},  {"u", "", "else@example.com", false},
      {"u", "", "a@dead.example", true},       {"t", "news", "own@example.com", true},
      {"u", "news", "some@example.com", true}, {"*", "news", "some@example.com", true},
      {"u", "", "some@example.com", false},    {"u", "other", "some@example.com", false},
      {"u", "news", "a@weary.example", true},  {"*", "news", "a@weary.example", true},
      {"u", "", "a@weary.example", false},     {"u", "other", "a@weary.example", false},
      {"t", "", "own@example.com", false},     {"t", "", "\"@whole.example\"@x.example", false},
  };
  for (int restarts = 0; restarts < 2; ++restarts) {
    for (const auto& c : cases) {
      EXPECT_EQ(Ask(*store_, c.tenant, c.stream, c.address),
                c.suppressed ? IndexAnswer::kSuppressed : IndexAnswer::kSend)
          << c.tenant << " " << c.stream << " " << c.address << ", restarts: " << restarts;
    }
    Restart();
  }
}

TEST_F(ScopesTest, WhatStandsIsFoundFromTheAddress) {
  Add({Entry("t", "a@whole.example"), Entry("t", "@whole.example"), Entry("*", "@whole.example"),
       Entry("*", "a@whole.example"), Entry("t", "b@whole.example"), Entry("u", "@whole.example")});
  std::vector<std::string> found;
  for (const Suppression& s : Standing("t", "A@Whole.example").suppressions) {
    found.push_back(s.tenant + " " + s.address.canonical());
  }
  EXPECT_THAT(found, testing::UnorderedElementsAre("t a@whole.example", "t @whole.example",
                                                   "* @whole.example", "* a@whole.example"));
}

TEST_F(ScopesTest, ADomainsEntryEndsWhenItSays) {
  Add({Entry("t", "@whole.example", "", Noon(kToday + 3))});
  for (int restarts = 0; restarts < 2; ++restarts) {
    EXPECT_EQ(Ask(*store_, "t", "", "a@whole.example", Noon(kToday + 2)), IndexAnswer::kSuppressed);
    EXPECT_EQ(Ask(*store_, "t", "", "a@whole.example", Noon(kToday + 3)), IndexAnswer::kAskRows);
    EXPECT_EQ(Ask(*store_, "t", "", "a@whole.example", Noon(kToday + 4)), IndexAnswer::kSend);
    Restart();
  }
}

TEST_F(ScopesTest, ADomainIsTakenOffAsAnAddressIs) {
  Add({Entry("t", "@whole.example")});
  Work work = RemoveSuppressions{.tenant = "t",
                                 .stream = "",
                                 .address = *Address::ParseEntry("@whole.example"),
                                 .source = std::nullopt,
                                 .author = "a",
                                 .cause = "c"};
  ASSERT_TRUE(Apply(*store_, {&work}).ok());
  EXPECT_EQ(Ask(*store_, "t", "", "a@whole.example"), IndexAnswer::kSend);
  EXPECT_TRUE(store_->wide_index().empty());
}

TEST_F(ScopesTest, AnAllowanceIsKeptListedAndTakenBack) {
  EXPECT_TRUE(Allow("t", "a@example.net"));
  EXPECT_FALSE(Allow("t", "A@example.net"));
  EXPECT_TRUE(Allow("t", "@example.org"));
  EXPECT_TRUE(Allow("*", "@example.com"));
  for (int restarts = 0; restarts < 2; ++restarts) {
    EXPECT_THAT(Allowed("t"), ElementsAre("@example.org", "a@example.net"));
    EXPECT_THAT(Allowed("*"), ElementsAre("@example.com"));
    EXPECT_THAT(Allowed("u"), ElementsAre());
    EXPECT_TRUE(Standing("t", "a@example.net").allowed);
    EXPECT_FALSE(Standing("t", "b@example.net").allowed);
    EXPECT_FALSE(Standing("u", "a@example.net").allowed);
    EXPECT_TRUE(Standing("t", "b@example.org").allowed);
    EXPECT_TRUE(Standing("u", "b@example.com").allowed);
    Restart();
  }
  EXPECT_TRUE(Disallow("t", "@example.org"));
  EXPECT_FALSE(Disallow("t", "@example.org"));
  EXPECT_FALSE(Disallow("u", "a@example.net"));
  EXPECT_FALSE(Standing("t", "b@example.org").allowed);
  const std::vector<Change> changes = ChangesOf(*store_, "a@example.net");
  ASSERT_EQ(changes.size(), 1u);
  EXPECT_EQ(changes[0].what, Change::What::kAllowed);
  EXPECT_EQ(changes[0].author, "ann");
  EXPECT_EQ(changes[0].suppression.explanation, "a friend");
}

// The index cannot tell what a bounce has done from what a person has: where an allowance may
// overrule it, the rows are asked.
TEST_F(ScopesTest, WhatMayBeOverruledIsAskedOfTheRows) {
  Put(*store_, {Bounce("a@example.net", 1), Bounce("b@example.org", 2)});
  EXPECT_EQ(Ask(*store_, "t", "", "a@example.net"), IndexAnswer::kSuppressed);
  Allow("t", "@example.net");
  EXPECT_EQ(Ask(*store_, "t", "", "a@example.net"), IndexAnswer::kAskRows);
  EXPECT_EQ(Ask(*store_, "t", "", "other@example.net"), IndexAnswer::kSend);
  EXPECT_EQ(Ask(*store_, "t", "", "b@example.org"), IndexAnswer::kSuppressed);
}

TEST_F(ScopesTest, ThePolicyIsToldOfAnAllowance) {
  Allow("t", "@example.net");
  std::vector<bool> told;
  const auto decide = [&](const AddressHistory& history, const Message&, const Event&) {
    told.push_back(history.allowed);
    return Decision{};
  };
  Work work = StoreMessages{.messages = {Bounce("a@example.net", 1), Bounce("a@example.org", 2)}};
  Work* batch[] = {&work};
  ASSERT_TRUE(store_->Apply(batch, decide, Noon()).ok());
  EXPECT_THAT(told, ElementsAre(true, false));
}

}  // namespace
}  // namespace bounced
