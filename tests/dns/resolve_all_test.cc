#include "server/dns/resolve_all.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <future>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "../intake/manual_clock.h"
#include "absl/strings/str_cat.h"
#include "name_server.h"

namespace bounced::dns {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

// Answers from a table, at once or when a test says so.
class TableResolver final : public Resolver {
 public:
  void Resolve(std::vector<Question> questions, absl::Time deadline, Done done) override {
    std::vector<Answer> answers;
    for (const Question& question : questions) {
      const auto text = texts.find(question.name);
      answers.push_back(text == texts.end()
                            ? Answer{}
                            : Answer{.outcome = Outcome::kFound, .texts = {text->second}});
    }
    rounds.push_back(std::move(questions));
    deadlines.push_back(deadline);
    if (holds) {
      held.push_back([answers, asked = std::move(done)]() mutable { asked(std::move(answers)); });
    } else {
      done(std::move(answers));
    }
  }

  std::map<std::string, std::string> texts;
  bool holds = false;
  std::vector<absl::AnyInvocable<void()>> held;
  std::vector<std::vector<Question>> rounds;
  std::vector<absl::Time> deadlines;
};

const absl::Time kDeadline = absl::FromUnixSeconds(1'000'000);

// Follows the texts from name to name, and tells the way. A failure ends it.
std::optional<std::string> Follow(const std::string& start, Lookups& lookups) {
  std::string way = start;
  std::string name = start;
  for (;;) {
    const Answer* answer = lookups.Find(name, Type::kTxt);
    if (answer == nullptr) return std::nullopt;
    if (answer->outcome == Outcome::kFailed) return way + " failed";
    name = answer->texts.at(0);
    if (name.empty()) return way;
    absl::StrAppend(&way, " ", name);
  }
}

std::optional<std::string> ResultOf(Resolver& resolver,
                                    std::function<std::optional<std::string>(Lookups&)> evaluate) {
  std::optional<std::string> result;
  ResolveAll<std::string>(resolver, kDeadline, std::move(evaluate),
                          [&](std::string given) { result = std::move(given); });
  return result;
}

TEST(ResolveAllTest, AsksRoundByRound) {
  TableResolver resolver;
  resolver.texts = {{"a", "b"}, {"b", "c"}, {"c", ""}};
  EXPECT_EQ(ResultOf(resolver, [](Lookups& lookups) { return Follow("a", lookups); }), "a b c");
  EXPECT_THAT(resolver.rounds, ElementsAre(ElementsAre(Question{"a", Type::kTxt}),
                                           ElementsAre(Question{"b", Type::kTxt}),
                                           ElementsAre(Question{"c", Type::kTxt})));
  EXPECT_THAT(resolver.deadlines, ElementsAre(kDeadline, kDeadline, kDeadline));
}

TEST(ResolveAllTest, AsksTogetherWhatIsMissingTogether) {
  TableResolver resolver;
  resolver.texts = {{"a", "b"}, {"b", ""}, {"c", ""}};
  EXPECT_EQ(ResultOf(resolver,
                     [](Lookups& lookups) -> std::optional<std::string> {
                       const std::optional<std::string> one = Follow("a", lookups);
                       const std::optional<std::string> other = Follow("c", lookups);
                       if (!one || !other) return std::nullopt;
                       return *one + ", " + *other;
                     }),
            "a b, c");
  EXPECT_THAT(resolver.rounds, ElementsAre(SizeIs(2), SizeIs(1)));
}

TEST(ResolveAllTest, WhatAsksNothingIsDoneAtOnce) {
  TableResolver resolver;
  EXPECT_EQ(ResultOf(resolver, [](Lookups&) { return "done"; }), "done");
  EXPECT_THAT(resolver.rounds, IsEmpty());
}

TEST(ResolveAllTest, WaitsForAnswers) {
  TableResolver resolver;
  resolver.texts = {{"a", "b"}, {"b", ""}};
  resolver.holds = true;
  std::optional<std::string> result;
  ResolveAll<std::string>(
      resolver, kDeadline, [](Lookups& lookups) { return Follow("a", lookups); },
      [&](std::string given) { result = std::move(given); });
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(result, std::nullopt);
    ASSERT_THAT(resolver.held, SizeIs(i + 1));
    resolver.held[i]();
  }
  EXPECT_EQ(result, "a b");
}

TEST(ResolveAllTest, RoundsAreBounded) {
  const auto run = [](int names) {
    TableResolver resolver;
    for (int i = 1; i <= names; ++i) {
      resolver.texts[absl::StrCat(i)] = i == names ? "" : absl::StrCat(i + 1);
    }
    const std::string way =
        ResultOf(resolver, [](Lookups& lookups) { return Follow("1", lookups); }).value();
    EXPECT_THAT(resolver.rounds, SizeIs(kMaxResolveRounds));
    return way;
  };
  EXPECT_THAT(run(kMaxResolveRounds), testing::EndsWith(absl::StrCat(" ", kMaxResolveRounds)));
  EXPECT_THAT(run(kMaxResolveRounds + 1),
              testing::EndsWith(absl::StrCat(" ", kMaxResolveRounds + 1, " failed")));
}

TEST(ResolveAllDeathTest, WhatAsksNothingAndHasNoResultIsABug) {
  TableResolver resolver;
  EXPECT_DEATH(ResultOf(resolver, [](Lookups&) { return std::nullopt; }), "");
}

// With the real one: what is not answered by the deadline fails, and there is a result.
TEST(ResolveAllTest, AtTheDeadlineThereIsAResult) {
  std::promise<void> asked;
  NameServer server([&](const WireQuery& query) {
    if (query.question.name == "b") {
      asked.set_value();
      return std::vector<std::string>();
    }
    WireMessage reply = query.reply;
    reply.answers = {{Pointer(12), 16, 300, Counted("b")}};
    return std::vector{reply.Octets()};
  });
  ManualClock clock(kDeadline - absl::Seconds(5));
  absl::StatusOr<std::unique_ptr<Resolver>> resolver =
      StartResolver({.servers = {server.address()}, .timeout = absl::Minutes(1)}, clock);
  ASSERT_TRUE(resolver.ok()) << resolver.status();
  std::promise<std::string> result;
  ResolveAll<std::string>(
      **resolver, kDeadline, [](Lookups& lookups) { return Follow("a", lookups); },
      [&](std::string given) { result.set_value(std::move(given)); });
  asked.get_future().wait();
  clock.Set(kDeadline);
  EXPECT_EQ(result.get_future().get(), "a b failed");
}

}  // namespace
}  // namespace bounced::dns
