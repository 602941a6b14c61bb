// The resolver against a server of the test's own.
#include "server/dns/resolver.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "../intake/manual_clock.h"
#include "absl/strings/str_cat.h"
#include "name_server.h"

namespace bounced::dns {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr unsigned kA = 1, kTxt = 16;
constexpr unsigned kTruncated = 0x8380, kServerFailure = 0x8182, kNameError = 0x8183;

const Question kQuestion = {"example.net", Type::kTxt};

WireRecord Text(std::string_view text, std::uint32_t time_to_live = 300) {
  return {Pointer(12), kTxt, time_to_live, Counted(text)};
}
std::vector<std::string> ReplyText(const WireQuery& query, std::string_view text,
                                   std::uint32_t time_to_live = 300) {
  WireMessage reply = query.reply;
  reply.answers = {Text(text, time_to_live)};
  return {reply.Octets()};
}
std::vector<std::string> ReplyFlags(const WireQuery& query, unsigned flags,
                                    std::vector<WireRecord> authorities = {}) {
  WireMessage reply = query.reply;
  reply.flags = flags;
  reply.authorities = std::move(authorities);
  return {reply.Octets()};
}

class ResolverTest : public testing::Test {
 protected:
  // Short, as every test that meets it waits for it.
  static constexpr absl::Duration kTimeout = absl::Milliseconds(100);

  void Start(NameServer::Handler handler, ResolverOptions options = {}) {
    server_ = std::make_unique<NameServer>([this, handle = std::move(handler)](const auto& query) {
      ++queries_;
      return handle(query);
    });
    if (options.servers.empty()) options.servers = {server_->address()};
    options.tries = 1;
    StartWith(std::move(options));
  }
  void StartWith(const ResolverOptions& options) {
    absl::StatusOr<std::unique_ptr<Resolver>> resolver = StartResolver(options, clock_);
    ASSERT_TRUE(resolver.ok()) << resolver.status();
    resolver_ = *std::move(resolver);
  }

  std::future<std::vector<Answer>> Begin(std::vector<Question> questions,
                                         absl::Duration allowed = absl::Hours(1)) {
    auto answered = std::make_shared<std::promise<std::vector<Answer>>>();
    std::future<std::vector<Answer>> answers = answered->get_future();
    resolver_->Resolve(
        std::move(questions), clock_.Steady() + allowed,
        [answered](std::vector<Answer> given) { answered->set_value(std::move(given)); });
    return answers;
  }
  std::vector<Answer> Ask(std::vector<Question> questions) {
    return Begin(std::move(questions)).get();
  }
  Answer Ask(const Question& question) { return Ask(std::vector{question}).at(0); }
  void Pass(absl::Duration time) { clock_.Set(clock_.Now() + time); }

  ManualClock clock_{absl::FromUnixSeconds(1'000'000)};
  std::atomic<int> queries_ = 0;
  std::unique_ptr<NameServer> server_;
  std::unique_ptr<Resolver> resolver_;  // goes first: its `done`s look at the rest
};

TEST_F(ResolverTest, AnswersInTheOrderOfTheQuestions) {
  Start([](const WireQuery& query) {
    WireMessage reply = query.reply;
    if (query.question.type == Type::kA) {
      reply.answers = {{Pointer(12), kA, 300, WireAddress("192.0.2.1")}};
    } else {
      reply.answers = {Text(absl::StrCat("of ", query.question.name))};
    }
    return std::vector{reply.Octets()};
  });
  const std::vector<Answer> answers = Ask(
      {{"b.example.net", Type::kTxt}, {"a.example.net", Type::kA}, {"a.example.net", Type::kTxt}});
  ASSERT_THAT(answers, SizeIs(3));
  EXPECT_THAT(answers[0].texts, ElementsAre("of b.example.net"));
  EXPECT_THAT(answers[1].addresses, ElementsAre(*IpAddress::Parse("192.0.2.1")));
  EXPECT_THAT(answers[2].texts, ElementsAre("of a.example.net"));
  EXPECT_THAT(Ask(std::vector<Question>()), IsEmpty());
}

TEST_F(ResolverTest, NegativeAnswersAndFailures) {
  Start([](const WireQuery& query) {
    if (query.question.name == "no.example.net") return ReplyFlags(query, kNameError);
    if (query.question.name == "down.example.net") return ReplyFlags(query, kServerFailure);
    return std::vector{query.reply.Octets()};
  });
  EXPECT_EQ(Ask({"no.example.net", Type::kTxt}).outcome, Outcome::kNoSuchName);
  EXPECT_EQ(Ask({"down.example.net", Type::kTxt}).outcome, Outcome::kFailed);
  EXPECT_EQ(Ask({"example.net", Type::kTxt}).outcome, Outcome::kNoData);
}

TEST_F(ResolverTest, NamesThatCannotBeDoNotExist) {
  Start([](const WireQuery& query) { return ReplyText(query, query.question.name); });
  EXPECT_EQ(Ask({"a..b", Type::kTxt}).outcome, Outcome::kNoSuchName);
  EXPECT_EQ(Ask({std::string(64, 'x') + ".net", Type::kTxt}).outcome, Outcome::kNoSuchName);
  EXPECT_EQ(Ask({std::string("a\0.net", 6), Type::kTxt}).outcome, Outcome::kNoSuchName);
  EXPECT_EQ(queries_, 0);
  // Backslashes are octets, not escapes.
  EXPECT_THAT(Ask({"a\\b\\046.net", Type::kTxt}).texts, ElementsAre("a\\b\\046.net"));
  EXPECT_THAT(Ask({"a b%.net", Type::kTxt}).texts, ElementsAre("a b%.net"));
}

TEST_F(ResolverTest, ASilentServerFails) {
  Start([](const WireQuery&) { return std::vector<std::string>(); }, {.timeout = kTimeout});
  EXPECT_EQ(Ask(kQuestion).outcome, Outcome::kFailed);
}

TEST_F(ResolverTest, ALostQueryIsAskedAgain) {
  Start([this](const WireQuery& query) {
    if (queries_ == 1) return std::vector<std::string>();
    return ReplyText(query, "again");
  });
  ResolverOptions options{.servers = {server_->address()}, .timeout = kTimeout, .tries = 2};
  StartWith(options);
  EXPECT_THAT(Ask(kQuestion).texts, ElementsAre("again"));
  EXPECT_EQ(queries_, 2);
}

TEST_F(ResolverTest, AnotherServerIsAskedAfterAFailure) {
  Start([](const WireQuery& query) { return ReplyFlags(query, kServerFailure); });
  NameServer second([](const WireQuery& query) { return ReplyText(query, "second"); });
  StartWith({.servers = {server_->address(), second.address()}});
  EXPECT_THAT(Ask(kQuestion).texts, ElementsAre("second"));
  resolver_.reset();
}

TEST_F(ResolverTest, ATruncatedAnswerComesOverTcp) {
  const std::string long_text(250, 'x');
  Start([&](const WireQuery& query) {
    WireMessage reply = query.reply;
    if (!query.is_tcp) return ReplyFlags(query, kTruncated);
    for (int i = 0; i < 60; ++i) reply.answers.push_back(Text(long_text));
    return std::vector{reply.Octets()};
  });
  const Answer answer = Ask(kQuestion);
  EXPECT_THAT(answer.texts, SizeIs(60));
  EXPECT_EQ(answer.texts.back(), long_text);
  EXPECT_EQ(queries_, 2);
}

TEST_F(ResolverTest, AServerThatHangsUpFails) {
  Start([](const WireQuery& query) {
    return query.is_tcp ? std::vector<std::string>() : ReplyFlags(query, kTruncated);
  });
  EXPECT_EQ(Ask(kQuestion).outcome, Outcome::kFailed);
}

TEST_F(ResolverTest, AnswersAreClamped) {
  Start(
      [](const WireQuery& query) {
        WireMessage reply = query.reply;
        reply.answers = {Text("1"), Text("2"), Text("3")};
        return std::vector{reply.Octets()};
      },
      {.answer = {.max_records = 2}});
  EXPECT_THAT(Ask(kQuestion).texts, ElementsAre("1", "2"));
}

TEST_F(ResolverTest, WhatIsNoAnswerIsPassedOver) {
  Start([](const WireQuery& query) {
    WireMessage wrong_id = query.reply;
    wrong_id.id ^= 1;
    wrong_id.answers = {Text("forged id")};
    WireMessage wrong_question = query.reply;
    wrong_question.question = WireQuestion("example.org", Type::kTxt);
    wrong_question.answers = {Text("forged question")};
    std::vector<std::string> replies = {"", "garbage", std::string(600, '\xFF'), wrong_id.Octets(),
                                        wrong_question.Octets()};
    replies.push_back(ReplyText(query, "true").front());
    return replies;
  });
  EXPECT_THAT(Ask(kQuestion).texts, ElementsAre("true"));
}

TEST_F(ResolverTest, AnAnswerThatCannotBeReadFails) {
  Start([](const WireQuery& query) {
    WireMessage reply = query.reply;
    reply.answers = {{Pointer(12), kTxt, 300,
                      "\x7F"
                      "too short"}};
    return std::vector{reply.Octets()};
  });
  EXPECT_EQ(Ask(kQuestion).outcome, Outcome::kFailed);
}

TEST_F(ResolverTest, AQuestionUnderWayIsNotAskedTwice) {
  std::promise<void> all_asked;
  Start(
      [&](const WireQuery& query) {
        all_asked.get_future().wait();
        return ReplyText(query, "once");
      },
      {.cache_entries = 0});
  std::future<std::vector<Answer>> first = Begin({kQuestion, kQuestion});
  std::future<std::vector<Answer>> second = Begin({kQuestion});
  all_asked.set_value();
  const std::vector<Answer> answers = first.get();
  EXPECT_THAT(answers.at(0).texts, ElementsAre("once"));
  EXPECT_THAT(answers.at(1).texts, ElementsAre("once"));
  EXPECT_THAT(second.get().at(0).texts, ElementsAre("once"));
  EXPECT_EQ(queries_, 1);
}

TEST_F(ResolverTest, AnAnswerIsRememberedUntilItsTimeIsUp) {
  Start([](const WireQuery& query) { return ReplyText(query, "x", 60); });
  Ask(kQuestion);
  Pass(absl::Seconds(60) - absl::Nanoseconds(1));
  EXPECT_THAT(Ask(kQuestion).texts, ElementsAre("x"));
  EXPECT_EQ(queries_, 1);
  Pass(absl::Nanoseconds(1));
  EXPECT_THAT(Ask(kQuestion).texts, ElementsAre("x"));
  EXPECT_EQ(queries_, 2);
}

// How long an answer is remembered, by what it says of that.
struct Lifetime {
  std::string_view name;
  unsigned flags;
  std::vector<WireRecord> answers = {};
  std::vector<WireRecord> authorities = {};
  absl::Duration remembered;
};
class ResolverLifetimeTest : public ResolverTest, public testing::WithParamInterface<Lifetime> {};

TEST_P(ResolverLifetimeTest, IsClamped) {
  Start(
      [](const WireQuery& query) {
        WireMessage reply = query.reply;
        reply.flags = GetParam().flags;
        reply.answers = GetParam().answers;
        reply.authorities = GetParam().authorities;
        return std::vector{reply.Octets()};
      },
      {.min_time_to_live = absl::Seconds(10),
       .max_time_to_live = absl::Seconds(100),
       .max_negative_time_to_live = absl::Seconds(50),
       .failure_time = absl::Seconds(5)});
  const Outcome outcome = Ask(kQuestion).outcome;
  Pass(GetParam().remembered - absl::Nanoseconds(1));
  EXPECT_EQ(Ask(kQuestion).outcome, outcome);
  EXPECT_EQ(queries_, 1);
  Pass(absl::Nanoseconds(1));
  EXPECT_EQ(Ask(kQuestion).outcome, outcome);
  EXPECT_EQ(queries_, 2);
}
INSTANTIATE_TEST_SUITE_P(
    , ResolverLifetimeTest,
    testing::ValuesIn<Lifetime>({
        {"AsSaid", 0x8180, {Text("x", 60)}, {}, absl::Seconds(60)},
        {"NotLess", 0x8180, {Text("x", 0)}, {}, absl::Seconds(10)},
        {"NotMore", 0x8180, {Text("x", 500)}, {}, absl::Seconds(100)},
        {"NoName", kNameError, {}, {Soa(60, 30)}, absl::Seconds(30)},
        {"NoData", 0x8180, {}, {Soa(30, 60)}, absl::Seconds(30)},
        {"NegativeNotMore", kNameError, {}, {Soa(500, 500)}, absl::Seconds(50)},
        {"NegativeThatDoesNotSay", kNameError, {}, {}, absl::Seconds(10)},
        {"Failure", kServerFailure, {}, {}, absl::Seconds(5)},
    }),
    [](const auto& test) { return std::string(test.param.name); });

TEST_F(ResolverTest, AtTheDeadlineWhatHasNoAnswerFails) {
  Start([](const WireQuery& query) {
    if (query.question.name == "silent.example.net") return std::vector<std::string>();
    return ReplyText(query, "x");
  });
  std::future<std::vector<Answer>> later =
      Begin({{"silent.example.net", Type::kTxt}}, absl::Seconds(3));
  std::future<std::vector<Answer>> both =
      Begin({{"silent.example.net", Type::kTxt}, kQuestion}, absl::Seconds(2));
  Ask(kQuestion);  // so that its answer has come
  Pass(absl::Seconds(2));
  const std::vector<Answer> answers = both.get();
  EXPECT_EQ(answers.at(0).outcome, Outcome::kFailed);
  EXPECT_THAT(answers.at(1).texts, ElementsAre("x"));
  EXPECT_NE(later.wait_for(std::chrono::seconds(0)), std::future_status::ready);
  Pass(absl::Seconds(1));
  EXPECT_EQ(later.get().at(0).outcome, Outcome::kFailed);
}

TEST_F(ResolverTest, AfterTheDeadlineOnlyWhatIsKnownIsTold) {
  Start([](const WireQuery& query) { return ReplyText(query, "x"); });
  Ask(kQuestion);
  const std::vector<Answer> answers =
      Begin({{"other.example.net", Type::kTxt}, kQuestion}, absl::ZeroDuration()).get();
  EXPECT_EQ(answers.at(0).outcome, Outcome::kFailed);
  EXPECT_THAT(answers.at(1).texts, ElementsAre("x"));
  EXPECT_EQ(queries_, 1);
}

TEST_F(ResolverTest, QuestionsThatWaitAreBounded) {
  std::promise<void> all_asked;
  Start(
      [&](const WireQuery& query) {
        if (query.question.name == "a.example.net") all_asked.get_future().wait();
        return ReplyText(query, "x");
      },
      {.max_outstanding = 2});
  std::future<std::vector<Answer>> first = Begin({{"a.example.net", Type::kTxt}});
  const std::vector<Question> more = {
      {"b.example.net", Type::kTxt}, {"c.example.net", Type::kTxt}, {"a.example.net", Type::kTxt}};
  std::future<std::vector<Answer>> second = Begin(more);
  EXPECT_EQ(Ask({"d.example.net", Type::kTxt}).outcome, Outcome::kFailed);
  all_asked.set_value();
  EXPECT_THAT(first.get().at(0).texts, ElementsAre("x"));
  const std::vector<Answer> answers = second.get();
  EXPECT_THAT(answers.at(0).texts, ElementsAre("x"));
  EXPECT_EQ(answers.at(1).outcome, Outcome::kFailed);
  EXPECT_EQ(answers.at(2).outcome, Outcome::kFailed) << "coalesced ones wait too";
  // None is remembered as a failure, and there is room again.
  EXPECT_THAT(Ask({"c.example.net", Type::kTxt}).texts, ElementsAre("x"));
}

TEST_F(ResolverTest, ADoneMayAskAgain) {
  Start([](const WireQuery& query) { return ReplyText(query, query.question.name); });
  std::promise<std::string> last;
  resolver_->Resolve({kQuestion}, absl::InfiniteFuture(), [&](std::vector<Answer> first) {
    resolver_->Resolve(
        {{"next." + first.at(0).texts.at(0), Type::kTxt}}, absl::InfiniteFuture(),
        [&](std::vector<Answer> second) { last.set_value(second.at(0).texts.at(0)); });
  });
  EXPECT_EQ(last.get_future().get(), "next.example.net");
}

TEST_F(ResolverTest, TheDestructorAnswersAll) {
  Start([](const WireQuery&) { return std::vector<std::string>(); });
  std::future<std::vector<Answer>> first = Begin({kQuestion, {"a.example.net", Type::kTxt}});
  std::future<std::vector<Answer>> second = Begin({kQuestion});
  std::promise<Outcome> asked_again;
  resolver_->Resolve(
      {kQuestion}, absl::InfiniteFuture(), [&, resolver = resolver_.get()](std::vector<Answer>) {
        // It is in its destructor, and still takes questions on its thread.
        resolver->Resolve({kQuestion}, absl::InfiniteFuture(), [&](std::vector<Answer> answers) {
          asked_again.set_value(answers.at(0).outcome);
        });
      });
  resolver_.reset();
  EXPECT_EQ(first.get().at(1).outcome, Outcome::kFailed);
  EXPECT_EQ(second.get().at(0).outcome, Outcome::kFailed);
  EXPECT_EQ(asked_again.get_future().get(), Outcome::kFailed);
}

// Whatever replies come: none leads astray what is asked next.
TEST_F(ResolverTest, OddRepliesEnd) {
  Start(
      [](const WireQuery& query) {
        if (query.question.name == "good.example.net") return ReplyText(query, "x");
        WireMessage reply = query.reply;
        reply.answers = {Text("x"), Text("y")};
        std::string octets = reply.Octets();
        const auto cut = static_cast<std::size_t>(query.question.name.front() - 'a');
        octets.resize(octets.size() - std::min(octets.size(), cut * 4));
        return std::vector{octets};
      },
      {.timeout = kTimeout});
  std::vector<Question> questions;
  for (char c = 'a'; c < 'r'; ++c) questions.push_back({std::string(1, c), Type::kTxt});
  EXPECT_THAT(Ask(questions), SizeIs(questions.size()));
  EXPECT_THAT(Ask({"good.example.net", Type::kTxt}).texts, ElementsAre("x"));
}

TEST(StartResolverTest, RefusesWhatItCannotDo) {
  const auto status = [](const ResolverOptions& options) {
    return StartResolver(options, SystemClock()).status();
  };
  for (const std::string_view server :
       {"", "127.0.0.1", "127.0.0.1:", "127.0.0.1:0", "127.0.0.1:65536", "127.0.0.1:+53",
        "127.0.0.1: 53", "[127.0.0.1]:53", "::1:53", "[::1]", "localhost:53",
        "127.0.0.1:53,127.0.0.1:54", ":53", "[]:53"}) {
    EXPECT_EQ(status({.servers = {std::string(server)}}).code(), absl::StatusCode::kInvalidArgument)
        << server;
  }
  EXPECT_THAT(std::string(status({.servers = {"localhost:53"}}).message()),
              HasSubstr("localhost:53"));
  EXPECT_TRUE(status({.servers = {"127.0.0.1:53", "[::1]:65535"}}).ok());
  EXPECT_TRUE(status({}).ok()) << "those of /etc/resolv.conf";
  EXPECT_FALSE(status({.timeout = absl::ZeroDuration()}).ok());
  EXPECT_FALSE(status({.timeout = absl::InfiniteDuration()}).ok());
  EXPECT_FALSE(status({.tries = 0}).ok());
  EXPECT_FALSE(status({.max_outstanding = 0}).ok());
  EXPECT_FALSE(status({.min_time_to_live = absl::Hours(2)}).ok());
  EXPECT_FALSE(status({.min_time_to_live = absl::Minutes(6)}).ok());
  EXPECT_FALSE(status({.min_time_to_live = absl::Seconds(-1)}).ok());
}

}  // namespace
}  // namespace bounced::dns
