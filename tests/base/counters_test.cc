#include "server/base/counters.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <set>
#include <string_view>
#include <thread>
#include <vector>

namespace bounced {
namespace {

constexpr auto kHowMany = static_cast<std::size_t>(Counter::kCount);

TEST(Counters, T34EachHasANameOfItsOwnAndAMeaning) {
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < kHowMany; ++i) {
    const CounterInfo& info = Info(static_cast<Counter>(i));
    EXPECT_TRUE(info.name.starts_with("bounced_")) << info.name;
    // A counter's name ends so, before its labels (Prometheus, "Metric and label naming").
    EXPECT_TRUE(info.name.substr(0, info.name.find('{')).ends_with("_total")) << info.name;
    EXPECT_FALSE(info.help.empty()) << info.name;
    names.insert(info.name);
  }
  EXPECT_EQ(names.size(), kHowMany);
}

struct NameCase {
  Counter counter;
  std::string_view name;
};

// The rows of the table and of the enum must keep step.
TEST(Counters, AreNamedAsTheyAreCalled) {
  for (const NameCase& c : std::vector<NameCase>{
           {Counter::kSessions, "bounced_smtp_sessions_total"},
           {Counter::kRcptAccepted, R"(bounced_smtp_recipients_total{result="accepted"})"},
           {Counter::kRcptForged, R"(bounced_smtp_recipients_total{result="forged"})"},
           {Counter::kRcptForeign, R"(bounced_smtp_recipients_total{result="foreign"})"},
           {Counter::kRcptRevoked, R"(bounced_smtp_recipients_total{result="revoked"})"},
           {Counter::kRcptExpired, R"(bounced_smtp_recipients_total{result="expired"})"},
           {Counter::kRcptUnsigned, R"(bounced_smtp_recipients_total{result="unsigned"})"},
           {Counter::kRcptNotOurs, R"(bounced_smtp_recipients_total{result="not_ours"})"},
           {Counter::kMessagesCommitted, R"(bounced_messages_total{result="committed"})"},
           {Counter::kMessagesDuplicate, R"(bounced_messages_total{result="duplicate"})"},
           {Counter::kMessagesDeferred, R"(bounced_messages_total{result="deferred"})"},
           {Counter::kMessagesFraming, R"(bounced_messages_total{result="bad_framing"})"},
           {Counter::kMessagesTooLarge, R"(bounced_messages_total{result="too_large"})"},
           {Counter::kCommits, "bounced_store_commits_total"},
           {Counter::kEvents, "bounced_events_total"},
           {Counter::kSuppressions, "bounced_suppressions_total"},
       }) {
    EXPECT_EQ(Info(c.counter).name, c.name);
  }
}

TEST(Counters, CountFromZeroAndEachItsOwn) {
  Counters counters;
  counters.Add(Counter::kEvents, 5);
  counters.Add(Counter::kEvents);
  counters.Add(Counter::kEvents, 0);
  for (std::size_t i = 0; i < kHowMany; ++i) {
    const auto counter = static_cast<Counter>(i);
    EXPECT_EQ(counters.Get(counter), counter == Counter::kEvents ? 6u : 0u);
  }
}

TEST(Counters, LoseNothingBetweenThreads) {
  Counters counters;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 10'000; ++i) counters.Add(Counter::kSessions);
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(counters.Get(Counter::kSessions), 40'000u);
}

}  // namespace
}  // namespace bounced
