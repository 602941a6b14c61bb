// Lists: what a filter selects, and that pages neither repeat nor skip.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "fixture.h"
#include "storage/store.h"

namespace bounced {
namespace {

using testing::ElementsAre;

template <typename Row, typename Filter>
absl::StatusOr<Page<Row>> List(const Store& store, const Filter& filter, int page_size,
                               Cursor from) {
  if constexpr (std::is_same_v<Row, Suppression>) {
    return store.ListSuppressions(filter, page_size, from);
  } else {
    return store.ListEvents(filter, page_size, from);
  }
}

// All pages of a list, one after the other; calls `between` after each.
template <typename Row, typename Filter>
std::vector<Row> All(
    const Store& store, const Filter& filter, int page_size,
    absl::FunctionRef<void()> between = [] {}) {
  std::vector<Row> rows;
  Cursor from = 0;
  do {
    absl::StatusOr<Page<Row>> page = List<Row>(store, filter, page_size, from);
    EXPECT_TRUE(page.ok()) << page.status();
    if (!page.ok()) return rows;
    EXPECT_LE(page->rows.size(), static_cast<std::size_t>(page_size));
    EXPECT_TRUE(from == 0 || page->next < from);
    for (Row& row : page->rows) rows.push_back(std::move(row));
    from = page->next;
    between();
  } while (from != 0);
  return rows;
}

std::vector<std::string> Names(const std::vector<Suppression>& rows) {
  std::vector<std::string> names;
  for (const Suppression& row : rows) names.push_back(row.address.canonical());
  return names;
}

void PutByHand(Store& store, std::vector<Suppression> suppressions, bool replace = false) {
  Work work = PutSuppressions{
      .suppressions = std::move(suppressions), .author = "ann", .cause = "", .replace = replace};
  absl::Status status = Apply(store, {&work});
  ASSERT_TRUE(status.ok()) << status;
}

// --- Filters

struct SuppressionCase {
  std::string_view name;
  SuppressionFilter filter;
  std::vector<std::string> want;
};
class SuppressionFilterTest : public testing::TestWithParam<SuppressionCase> {};

TEST_P(SuppressionFilterTest, Selects) {
  TemporaryDirectory directory;
  std::unique_ptr<Store> store = Open(directory.path());
  Suppression old = Manual("old@example.org");
  old.create_time = Noon(kToday - 1);
  Suppression import = Manual("i@sub.example.net", "news", Source::kImport);
  import.reason = "import";
  Suppression foreign = Manual("foreign@example.net");
  foreign.tenant = "u";
  PutByHand(*store, {old, Manual("a@example.net"), import, foreign, Manual("b@example.net", "news"),
                     Manual("over@example.net", "", Source::kManual, Noon(kToday - 1))});
  SuppressionFilter filter = GetParam().filter;
  if (filter.tenant.empty()) filter.tenant = "t";
  for (int page_size : {1, 2, 100}) {
    EXPECT_EQ(Names(All<Suppression>(*store, filter, page_size)), GetParam().want) << page_size;
  }
}

SuppressionFilter Where(auto set) {
  SuppressionFilter filter;
  set(filter);
  return filter;
}

INSTANTIATE_TEST_SUITE_P(
    , SuppressionFilterTest,
    testing::ValuesIn<SuppressionCase>({
        {"AllOfTheTenantNewestFirst",
         {},
         {"over@example.net", "b@example.net", "i@sub.example.net", "a@example.net",
          "old@example.org"}},
        {"AnotherTenant", Where([](auto& f) { f.tenant = "u"; }), {"foreign@example.net"}},
        {"NoTenant", Where([](auto& f) { f.tenant = "v"; }), {}},
        {"Stream",
         Where([](auto& f) { f.stream = "news"; }),
         {"b@example.net", "i@sub.example.net"}},
        {"AllStreams",
         Where([](auto& f) { f.stream = ""; }),
         {"over@example.net", "a@example.net", "old@example.org"}},
        {"Source", Where([](auto& f) { f.source = Source::kImport; }), {"i@sub.example.net"}},
        {"Reason", Where([](auto& f) { f.reason = "import"; }), {"i@sub.example.net"}},
        {"ReasonIsNoPrefix", Where([](auto& f) { f.reason = "impor"; }), {}},
        {"DomainWithoutItsSubdomains",
         Where([](auto& f) { f.domain = "example.net"; }),
         {"over@example.net", "b@example.net", "a@example.net"}},
        {"Prefix",
         Where([](auto& f) { f.address_prefix = "o"; }),
         {"over@example.net", "old@example.org"}},
        {"CreatedFromIsInclusive",
         Where([](auto& f) { f.created_from = Noon(); }),
         {"over@example.net", "b@example.net", "i@sub.example.net", "a@example.net"}},
        {"CreatedBeforeIsExclusive",
         Where([](auto& f) { f.created_before = Noon(); }),
         {"old@example.org"}},
        {"InForce",
         Where([](auto& f) { f.in_force_at = Noon(kToday - 1); }),
         {"b@example.net", "i@sub.example.net", "a@example.net", "old@example.org"}},
        {"InForceToTheLastMoment",
         Where([](auto& f) { f.in_force_at = Noon(kToday - 1) - absl::Microseconds(1); }),
         {"over@example.net", "b@example.net", "i@sub.example.net", "a@example.net",
          "old@example.org"}},
        {"RestsOnNoKey",
         Where([](auto& f) {
           f.return_path_key = "a";
           f.return_path_domain = "bounces.example.net";
         }),
         {}},
        {"Together",
         Where([](auto& f) {
           f.stream = "news";
           f.domain = "example.net";
         }),
         {"b@example.net"}},
    }),
    [](const auto& test) { return std::string(test.param.name); });

// --- What rests on a key

// One event of r@example.net, in the order in which they come.
struct Counted {
  std::string key;
  PolicyRule rule;
  BounceClass bounce_class = BounceClass::kHard;
  Day day = kToday;
  std::string path = "x@bounces.example.net";
  std::string returned_path = "";
};
struct KeyCase {
  std::string_view name;
  std::vector<Counted> events;
  bool rests = false;  // the suppression on key a of bounces.example.net
  bool released_after_first = false;
};
class RestsOnKeyTest : public testing::TestWithParam<KeyCase> {};

constexpr BounceClass kSoftClass = BounceClass::kSoft;
constexpr PolicyRule kCertain = PolicyRule::kHardCertain;
constexpr PolicyRule kShort = PolicyRule::kHardShort;
constexpr PolicyRule kConfirmed = PolicyRule::kHardConfirmed;
constexpr PolicyRule kSoftCounted = PolicyRule::kSoftCounted;
constexpr PolicyRule kThreshold = PolicyRule::kSoftThreshold;
constexpr PolicyRule kSame = PolicyRule::kSameMessage;

// Each event has the effect that goes with its rule.
Decision AsWritten(const AddressHistory& history, const Message& message, const Event& event) {
  Decision decision{
      .effect = Effect::kNone, .rule = event.policy_rule, .next = history.record, .risky_until = 0};
  if (event.policy_rule == kSame) return decision;
  decision.effect = Effect::kCounted;
  if (event.policy_rule == kSoftCounted) return decision;
  decision.effect = Effect::kSuppressed;
  decision.suppress = Manual(event.address->canonical(), "", Source::kBounce);
  decision.suppress->tenant = message.tenant;
  decision.suppress->bounce_class = event.bounce_class;
  decision.suppress->event_id = event.id;
  return decision;
}

TEST_P(RestsOnKeyTest, ByWhatCounted) {
  TemporaryDirectory directory;
  std::unique_ptr<Store> store = Open(directory.path());
  int number = 0;
  for (const Counted& counted : GetParam().events) {
    NewMessage message = Bounce("r@example.net", ++number);
    message.message.return_path = counted.path;
    message.message.returned_path = counted.returned_path;
    message.message.return_path_key = counted.key;
    message.message.day = counted.day;
    message.events[0].policy_rule = counted.rule;
    message.events[0].bounce_class = counted.bounce_class;
    Work work = StoreMessages{.messages = {message}};
    Work* batch[] = {&work};
    ASSERT_TRUE(store->Apply(batch, AsWritten, Noon()).ok());
    if (number > 1 || !GetParam().released_after_first) continue;
    Work release = RemoveSuppressions{.tenant = "t",
                                      .stream = "",
                                      .address = ParseAddress("r@example.net"),
                                      .source = std::nullopt,
                                      .author = "ann",
                                      .cause = ""};
    Work* releases[] = {&release};
    ASSERT_TRUE(store->Apply(releases, AsWritten, Noon()).ok());
  }
  PutByHand(*store, {Manual("r@example.net")});  // rests on no event
  SuppressionFilter filter;
  filter.tenant = "t";
  filter.return_path_key = "a";
  filter.return_path_domain = "bounces.example.net";
  const std::vector<Suppression> rows = All<Suppression>(*store, filter, 10);
  ASSERT_EQ(rows.size(), GetParam().rests ? 1u : 0u);
  for (const Suppression& row : rows) EXPECT_EQ(row.source, Source::kBounce);
}
INSTANTIATE_TEST_SUITE_P(
    , RestsOnKeyTest,
    testing::ValuesIn<KeyCase>({
        {"ItsOwnEvent", {{"a", kCertain}}, true},
        {"AnotherKey", {{"b", kCertain}}, false},
        {"NoKey", {{"", kCertain}}, false},
        {"OfAnotherDomain", {{"a", kCertain, {}, kToday, "x@bounces.example.org"}}, false},
        {"OfADomainBelow", {{"a", kCertain, {}, kToday, "x@a.bounces.example.net"}}, false},
        {"OfADomainThatEndsSo", {{"a", kCertain, {}, kToday, "x@xbounces.example.net"}}, false},
        {"OfWhatWasReturned",
         {{"a", kCertain, {}, kToday, "plain@bounces.example.org", "y@bounces.example.net"}},
         true},
        {"OfWhatWasReturnedElsewhere",
         {{"a", kCertain, {}, kToday, "plain@bounces.example.net", "y@bounces.example.org"}},
         false},
        {"OneThatItWasConfirmedBy",
         {{"a", kShort, BounceClass::kHard, kToday - 2}, {"b", kShort}, {"b", kConfirmed}},
         true},
        {"WhatLeavesNoDoubtStandsAlone", {{"a", kShort}, {"b", kCertain}}, false},
        {"OneOfTheBucket",
         {{"b", kSoftCounted, kSoftClass},
          {"a", kSoftCounted, kSoftClass},
          {"b", kThreshold, kSoftClass}},
         true},
        {"AnotherClass", {{"a", kSoftCounted, kSoftClass}, {"b", kShort}}, false},
        {"OneThatDidNotCount", {{"b", kShort}, {"a", kSame}, {"b", kConfirmed}}, false},
        {"OneThatCameLater", {{"b", kShort}, {"a", kSoftCounted, BounceClass::kHard}}, false},
        {"OneBeforeARelease",
         {{"a", kShort, BounceClass::kHard, kToday - 1}, {"b", kShort}},
         false,
         true},
        {"OneOfTheDayOfARelease",
         {{"a", kShort, BounceClass::kHard, kToday}, {"b", kShort}},
         true,
         true},
    }),
    [](const auto& test) { return std::string(test.param.name); });

struct EventCase {
  std::string_view name;
  void (*set)(EventFilter&);
  std::vector<int> want;  // places among the six below, from 0
};
class EventFilterTest : public testing::TestWithParam<EventCase> {};

TEST_P(EventFilterTest, Selects) {
  TemporaryDirectory directory;
  std::unique_ptr<Store> store = Open(directory.path());
  std::vector<NewMessage> messages = {Bounce("a@example.net", 0), Bounce("b@example.net", 1),
                                      Bounce("A@example.net", 2), Bounce("", 3),
                                      Bounce("a@example.net", 4), Bounce("c@example.net", 5)};
  messages[1].events[0].reason = Reason::kMailboxFull;
  messages[2].events[0].kind = Kind::kDelay;
  messages[4].message.tenant = "u";
  messages[5].message.receive_time = Noon() - absl::Hours(1);
  messages[5].events.push_back(messages[5].events[0]);
  std::vector<MessageReceipt> receipts = Put(*store, messages);
  EventFilter filter{
      .tenant = "t", .address = std::nullopt, .kind = std::nullopt, .reason = std::nullopt};
  GetParam().set(filter);
  if (filter.message_id != 0) {
    filter.message_id = receipts[static_cast<std::size_t>(filter.message_id)].message_id;
  }
  for (int page_size : {1, 3, 100}) {
    std::vector<int> got;
    for (const StoredEvent& row : All<StoredEvent>(*store, filter, page_size)) {
      for (std::size_t i = 0; i < receipts.size(); ++i) {
        if (receipts[i].message_id == row.event.message_id) got.push_back(static_cast<int>(i));
      }
    }
    EXPECT_EQ(got, GetParam().want) << page_size;
  }
}
INSTANTIATE_TEST_SUITE_P(
    , EventFilterTest,
    testing::ValuesIn<EventCase>({
        {"AllOfTheTenantNewestFirst", [](EventFilter&) {}, {5, 5, 3, 2, 1, 0}},
        {"AnotherTenant", [](EventFilter& f) { f.tenant = "u"; }, {4}},
        {"Address", [](EventFilter& f) { f.address = ParseAddress("a@example.net"); }, {2, 0}},
        {"AddressOfAnotherTenant",
         [](EventFilter& f) {
           f.tenant = "u";
           f.address = ParseAddress("b@example.net");
         },
         {}},
        {"UnknownAddress", [](EventFilter& f) { f.address = ParseAddress("x@example.net"); }, {}},
        {"Kind", [](EventFilter& f) { f.kind = Kind::kDelay; }, {2}},
        {"Reason", [](EventFilter& f) { f.reason = Reason::kMailboxFull; }, {1}},
        {"ReceivedFromIsInclusive", [](EventFilter& f) { f.received_from = Noon(); }, {3, 2, 1, 0}},
        {"ReceivedBeforeIsExclusive", [](EventFilter& f) { f.received_before = Noon(); }, {5, 5}},
        {"Message", [](EventFilter& f) { f.message_id = 5; }, {5, 5}},
        {"MessageOfAnotherTenant", [](EventFilter& f) { f.message_id = 4; }, {}},
        {"MessageAndAddress",
         [](EventFilter& f) {
           f.message_id = 5;
           f.address = ParseAddress("a@example.net");
         },
         {}},
    }),
    [](const auto& test) { return std::string(test.param.name); });

TEST(List, RefusesAPageOfNothingAndACursorBelowZero) {
  TemporaryDirectory directory;
  std::unique_ptr<Store> store = Open(directory.path());
  EXPECT_TRUE(absl::IsInvalidArgument(store->ListSuppressions({}, 0, 0).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(store->ListSuppressions({}, 1, -1).status()));
  EXPECT_TRUE(store->ListSuppressions({}, 1, 0).ok());
}

// --- Pages

TEST(Pages, NeitherRepeatNorSkipWhileRowsComeGoAndChange) {
  TemporaryDirectory directory;
  std::unique_ptr<Store> store = Open(directory.path());
  constexpr int kRows = 25;
  std::vector<Suppression> suppressions;
  for (int i = 0; i < kRows; ++i) {
    suppressions.push_back(Manual(absl::StrCat("a", i, "@example.net")));
  }
  PutByHand(*store, suppressions);
  std::vector<NewMessage> messages;
  for (int i = 0; i < kRows; ++i) messages.push_back(Bounce("x@example.net", i));
  Put(*store, messages);

  int more = kRows;
  auto between = [&] {
    ++more;
    PutByHand(*store, {Manual(absl::StrCat("a", more, "@example.net"))});
    PutByHand(*store, {suppressions[0], suppressions[20]}, /*replace=*/true);
    Put(*store, {Bounce("x@example.net", more)});
  };
  SuppressionFilter filter{.tenant = "t",
                           .stream = std::nullopt,
                           .source = Source::kManual,
                           .reason = "",
                           .domain = "",
                           .address_prefix = ""};
  std::vector<std::string> names = Names(All<Suppression>(*store, filter, 4, between));
  ASSERT_EQ(names.size(), static_cast<std::size_t>(kRows));
  for (int i = 0; i < kRows; ++i) {
    EXPECT_EQ(names[static_cast<std::size_t>(kRows - 1 - i)], absl::StrCat("a", i, "@example.net"));
  }

  EventFilter events{.tenant = "t",
                     .address = ParseAddress("x@example.net"),
                     .kind = std::nullopt,
                     .reason = std::nullopt};
  std::int64_t newest = All<StoredEvent>(*store, events, 100).front().event.id;
  std::vector<StoredEvent> rows = All<StoredEvent>(*store, events, 4, between);
  EXPECT_EQ(rows.front().event.id, newest);
  for (std::size_t i = 1; i < rows.size(); ++i) {
    EXPECT_EQ(rows[i].event.id, rows[i - 1].event.id - 1);
  }
  EXPECT_EQ(rows.back().event.id, 1);
}

// A query looks at so many rows and no more, and says where it stopped.
TEST(Pages, EndAtTheBoundOfRowsLookedAt) {
  TemporaryDirectory directory;
  std::unique_ptr<Store> store = Open(directory.path());
  PutByHand(*store, {Manual("sought@example.org")});
  SuppressionFilter filter{.tenant = "t",
                           .stream = std::nullopt,
                           .source = std::nullopt,
                           .reason = "",
                           .domain = "example.org",
                           .address_prefix = ""};
  int rows = 1;
  auto grow_to = [&](int count) {
    while (rows < count) {
      std::vector<Suppression> suppressions;
      for (; rows < count && suppressions.size() < 10'000; ++rows) {
        suppressions.push_back(Manual(absl::StrCat(rows, "@example.net")));
      }
      PutByHand(*store, std::move(suppressions));
    }
  };
  for (int below : {1, 0}) {
    grow_to(Store::kMaxRowsScanned - below);
    absl::StatusOr<Page<Suppression>> page = store->ListSuppressions(filter, 10, 0);
    ASSERT_TRUE(page.ok()) << page.status();
    EXPECT_EQ(page->rows.size(), 1u);
    EXPECT_EQ(page->next, 0);
  }
  grow_to(Store::kMaxRowsScanned + 1);
  absl::StatusOr<Page<Suppression>> page = store->ListSuppressions(filter, 10, 0);
  ASSERT_TRUE(page.ok()) << page.status();
  EXPECT_EQ(page->rows.size(), 0u);
  ASSERT_NE(page->next, 0);
  page = store->ListSuppressions(filter, 10, page->next);
  ASSERT_TRUE(page.ok()) << page.status();
  EXPECT_THAT(Names(page->rows), ElementsAre("sought@example.org"));
  EXPECT_EQ(page->next, 0);
}

// Counted up to a bound, beyond which nobody says which was the first.
TEST(Dossier, T2TellsHowOftenAReturnPathWasUsed) {
  TemporaryDirectory directory;
  std::unique_ptr<Store> store = Open(directory.path());
  int number = 0;
  const auto use = [&](std::string_view path, int times, Trust trust = Trust::kSigned) {
    std::vector<NewMessage> messages;
    for (int i = 0; i < times; ++i) {
      NewMessage message = Bounce("a@example.net", ++number);
      message.message.return_path = std::string(path);
      message.message.trust = trust;
      message.message.receive_time = Noon() + absl::Seconds(number);
      message.evidence = nullptr;
      messages.push_back(std::move(message));
    }
    Put(*store, std::move(messages));
  };
  const auto newest = [&] {
    absl::StatusOr<AddressDossier> dossier =
        store->GetDossier("t", ParseAddress("a@example.net"), 1, 0);
    EXPECT_TRUE(dossier.ok()) << dossier.status();
    return dossier->events.front().return_path_use;
  };
  use("one@bounces.example.net", 1);
  ASSERT_TRUE(newest());
  EXPECT_EQ(newest()->messages, 1);
  use("two@bounces.example.net", 3);
  EXPECT_EQ(newest()->messages, 3);
  EXPECT_EQ(newest()->first_message_id, 2);
  EXPECT_EQ(newest()->first_receive_time, Noon() + absl::Seconds(2));
  use("two@bounces.example.net", Store::kMaxUsesCounted - 3);
  EXPECT_EQ(newest()->messages, Store::kMaxUsesCounted);
  EXPECT_EQ(newest()->first_message_id, 2);
  use("two@bounces.example.net", 1);
  EXPECT_EQ(newest()->messages, Store::kMaxUsesCounted);
  EXPECT_EQ(newest()->first_message_id, 0);
  use("plain@bounces.example.net", 2, Trust::kUnverified);
  EXPECT_FALSE(newest());
}

TEST(Dossier, HoldsTheNewestUpToItsBounds) {
  TemporaryDirectory directory;
  std::unique_ptr<Store> store = Open(directory.path());
  for (int i = 0; i < 5; ++i) {
    Put(*store, {Bounce("a@example.net", i)}, Noon() + absl::Minutes(i));
    PutByHand(*store, {Manual("a@example.net", absl::StrCat("s", i))});
  }
  struct {
    int bound;
    std::size_t want;
  } const cases[] = {{4, 4}, {5, 5}, {6, 5}};
  for (const auto& [bound, want] : cases) {
    absl::StatusOr<AddressDossier> dossier =
        store->GetDossier("t", ParseAddress("a@example.net"), bound, bound);
    ASSERT_TRUE(dossier.ok()) << dossier.status();
    EXPECT_EQ(dossier->events.size(), want);
    EXPECT_EQ(dossier->events.front().event.id, 5);
    EXPECT_EQ(dossier->changes.size(), static_cast<std::size_t>(bound));
    EXPECT_EQ(dossier->changes.front().number, 10);
  }
}

}  // namespace
}  // namespace bounced
