#include "server/intake/policy.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"

namespace bounced {
namespace {

// Day 0 of all tests.
constexpr Day kDayZero = 20'000;

absl::Time Morning(int day) { return StartOf(kDayZero + day) + absl::Hours(10); }

Address Recipient() { return *Address::Parse("r@example.net"); }

// Of mail that bounces now, unless it is said when: it cannot have been later.
Message MailOf(int day, std::string_view token, absl::Time bounced = absl::InfiniteFuture()) {
  Message message;
  message.tenant = "default";
  message.return_path = absl::StrCat("bo-", std::string(token), "@rp.example");
  message.day = kDayZero + day;
  message.receive_time = bounced;
  return message;
}

Event EventOf(Kind kind, Reason reason) {
  const ReasonInfo& info = Info(reason);
  Event event;
  event.id = 7;
  event.kind = kind;
  event.address = Recipient();
  event.trust = Trust::kSigned;
  event.reason = reason;
  event.bounce_class = info.bounce_class;
  event.fault = info.fault;
  event.counts = info.counts;
  event.confidence = 90;
  event.text_bears_out = true;
  event.rule = "some-rule";
  return event;
}

struct Word {
  std::string_view word;
  Kind kind;
  Reason reason;
};
constexpr Word kWords[] = {
    {"certain", Kind::kBounce, Reason::kNoSuchUser},
    {"hard", Kind::kBounce, Reason::kMailboxDisabled},
    {"soft", Kind::kBounce, Reason::kMailboxFull},
    {"soft-not-counting", Kind::kBounce, Reason::kGreylisted},
    {"block", Kind::kBounce, Reason::kSpamContent},
    {"echo", Kind::kBounce, Reason::kProviderSuppressed},
    {"delay", Kind::kDelay, Reason::kDelayed},
    {"delivered", Kind::kDelivery, Reason::kDelivered},
    {"relayed", Kind::kDelivery, Reason::kRelayed},
    {"expanded", Kind::kDelivery, Reason::kExpanded},
    {"reply", Kind::kAutoReply, Reason::kAutoReply},
    {"other", Kind::kOther, Reason::kOtherMail},
    {"abuse", Kind::kComplaint, Reason::kComplaintAbuse},
    {"fraud", Kind::kComplaint, Reason::kComplaintOther},
    {"not-spam", Kind::kComplaint, Reason::kNotSpam},
    {"opt-out", Kind::kComplaint, Reason::kUnsubscribe},
    {"auth-failure", Kind::kOther, Reason::kComplaintOther},
    {"unsubscribe", Kind::kUnsubscribe, Reason::kUnsubscribe},
};

Event EventOf(std::string_view word) {
  for (const Word& w : kWords) {
    if (w.word == word) return EventOf(w.kind, w.reason);
  }
  ADD_FAILURE() << "no such word: " << word;
  return {};
}

// One address and what becomes of it: carries decisions out as a store does.
class Subject {
 public:
  explicit Subject(const Policy& policy = {}) : policy_(policy) {}

  Decision Take(const Message& message, const Event& event, absl::Time now) {
    Decision decision = Decide(policy_, history_, message, event, now);
    history_.record = decision.next;
    if (decision.suppress) Put(*decision.suppress);
    return decision;
  }

  void Put(const Suppression& suppression) {
    std::erase_if(history_.suppressions, [&](const Suppression& s) {
      return s.source == suppression.source && s.stream == suppression.stream;
    });
    history_.suppressions.push_back(suppression);
  }

  void Release(absl::Time now) {
    history_.suppressions.clear();
    history_.record.released = now;
  }

  absl::Time suppressed_until() const {
    absl::Time until = absl::InfinitePast();
    for (const Suppression& s : history_.suppressions) until = std::max(until, s.expire_time);
    return until;
  }
  bool IsSuppressed(absl::Time now) const { return suppressed_until() > now; }
  const AddressHistory& history() const { return history_; }

 private:
  Policy policy_;
  AddressHistory history_;
};

// A day of the test, "ever", or "-" for never.
std::string DayWord(absl::Time until) {
  if (until == absl::InfiniteFuture()) return "ever";
  if (until == absl::InfinitePast()) return "-";
  return absl::StrCat(DayOf(until) - kDayZero);
}
std::string RiskWord(Day until) { return until == 0 ? "-" : absl::StrCat(until - kDayZero); }

// A line a step: "TODAY ISSUED TOKEN WHAT  RULE EFFECT SUPPRESSED RISKY", all days counted from day
// zero; or "TODAY release". "TODAY@DAY" for TODAY: what bounced on that day is told today.
struct Story {
  std::string_view name;
  std::string_view steps;
  Policy policy;
};
class StoryTest : public testing::TestWithParam<Story> {};

TEST_P(StoryTest, IsDecidedSo) {
  Subject subject(GetParam().policy);
  std::istringstream lines{std::string(GetParam().steps)};
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    int today = 0;
    int issued = 0;
    std::string token, what, rule, effect, suppressed, risky;
    if (!(words >> today)) continue;
    int bounced = today;
    if (words.peek() == '@') words.ignore() >> bounced;
    if (line.find("release") != std::string::npos) {
      subject.Release(Morning(today));
      continue;
    }
    words >> issued >> token >> what >> rule >> effect >> suppressed >> risky;
    ASSERT_FALSE(words.fail()) << line;
    const Decision decision =
        subject.Take(MailOf(issued, token, Morning(bounced)), EventOf(what), Morning(today));
    EXPECT_EQ(ToString(decision.rule), rule) << line;
    EXPECT_EQ(ToString(decision.effect), effect) << line;
    EXPECT_EQ(decision.suppress.has_value(), decision.effect == Effect::kSuppressed) << line;
    if (decision.suppress) {
      EXPECT_EQ(decision.suppress->create_time, Morning(today)) << line;
    }
    EXPECT_EQ(DayWord(subject.suppressed_until()), suppressed) << line;
    EXPECT_EQ(RiskWord(decision.risky_until), risky) << line;
  }
}
INSTANTIATE_TEST_SUITE_P(
    , StoryTest,
    testing::ValuesIn<Story>({
        // Hard, and the text leaves no doubt.
        {"CertainHardIsForGood", "0 0 a certain  hard_certain suppressed ever -", {}},
        {"CertainHardTwiceByOneMail",
         R"(
          0 0 a certain  hard_certain suppressed ever -
          1 0 a certain  same_message none       ever -)",
         {}},
        {"CertainHardAgainChangesNothing",
         R"(
          0 0 a certain  hard_certain suppressed ever -
          1 1 b certain  hard_certain none       ever -)",
         {}},
        {"CertainHardAfterAShortOne",
         R"(
          0 0 a hard     hard_short   suppressed 7    -
          1 1 b certain  hard_certain suppressed ever -)",
         {}},
        {"AShortOneNeverShortens",
         R"(
          0 0 a certain  hard_certain suppressed ever -
          1 1 b hard     hard_short   counted    ever -)",
         {}},
        // What a person wants.
        {"D63AComplaintIsForGood",
         R"(
          0 0 a abuse  complaint suppressed ever -
          1 1 b abuse  complaint none       ever -)",
         {}},
        {"D63OptOutUnsubscribes", "0 0 a opt-out  unsubscribe suppressed ever -", {}},
        {"D76AnUnsubscribeIsForGood",
         R"(
          0 0 a unsubscribe  unsubscribe suppressed ever -
          1 0 a unsubscribe  unsubscribe none       ever -)",
         {}},
        {"D63D64OtherTypesDoNothing",
         R"(
          0 0 a fraud     other none - -
          0 0 b not-spam  other none - -)",
         {}},
        {"D70AFailedAuthenticationDoesNothing", "0 0 a auth-failure  other none - -", {}},
        {"AComplaintOfOldMailIsNewAfterARelease",
         R"(
          0 0 a abuse  complaint suppressed ever -
          5 release
          6 0 b abuse  complaint suppressed ever -)",
         {}},
        {"ABounceBesideAComplaintIsOneMore",
         R"(
          0 0 a hard   hard_short suppressed 7    -
          1 1 b abuse  complaint  suppressed ever -
          2 2 c hard   hard_short suppressed ever -)",
         {}},
        // Hard otherwise.
        {"HardDoublesAndThenLasts",
         R"(
          0  0 a hard  hard_short     suppressed 7    -
          1  1 b hard  hard_short     suppressed 15   -
          2  2 c hard  hard_confirmed suppressed ever -
          3  3 d hard  hard_confirmed counted    ever -)",
         {}},
        {"T2OneTokenNeverConfirmsItself",
         R"(
          0  0 a hard  hard_short   suppressed 7 -
          5  0 a hard  same_message none       7 -
          9  0 a hard  same_message none       7 -)",
         {}},
        {"OneDayNeverConfirmsItself",
         R"(
          0  0 a hard  hard_short   suppressed 7 -
          1  0 b hard  same_message none       7 -)",
         {}},
        {"DaysOfIssueCountNotDaysOfReceipt",
         R"(
          9  0 a hard  hard_short     suppressed 16   -
          9  1 b hard  hard_short     suppressed 23   -
          9  2 c hard  hard_confirmed suppressed ever -)",
         {}},
        {"HardWithinTheWindow",
         R"(
          0    0   a hard  hard_short suppressed 7   -
          364  364 b hard  hard_short suppressed 378 -)",
         {}},
        {"HardAtTheEndOfTheWindow",
         R"(
          0    0   a hard  hard_short suppressed 7   -
          365  365 b hard  hard_short suppressed 372 -)",
         {}},
        {"HardBeforeTheWindow",
         R"(
          365  365 a hard  hard_short suppressed 372 -
          366  0   b hard  stale      none       372 -
          366  1   c hard  hard_short suppressed 380 -)",
         {}},
        {"HardExpiresAndComesBack",
         R"(
          0   0  a hard  hard_short suppressed 7  -
          20  20 b hard  hard_short suppressed 34 -)",
         {}},
        {"TwoConfirmationsMayDo",
         R"(
          0  0 a hard  hard_short     suppressed 3    -
          1  1 b hard  hard_confirmed suppressed ever -)",
         {.hard_days = 3, .hard_confirmations = 2}},
        {"OneMayDo", "0 0 a hard  hard_confirmed suppressed ever -", {.hard_confirmations = 1}},
        {"ARecordIsAllThatIsKeptWhereBouncesDoNotSuppress",
         R"(
          0 0 a certain      record_only none       -    -
          0 0 b hard         record_only none       -    -
          1 1 c soft         record_only none       -    -
          1 1 d block        block       none       -    -
          2 2 e abuse        complaint   suppressed ever -
          3 3 f unsubscribe  unsubscribe suppressed ever -)",
         {.suppress_bounces = false}},
        // Soft.
        {"T5ThreeSoftOnThreeDays",
         R"(
          0  0 a soft  soft_counted   counted    -  30
          1  1 b soft  soft_counted   counted    -  31
          2  2 c soft  soft_threshold suppressed 32 122)",
         {}},
        {"T5ThreeSoftOnTwoDays",
         R"(
          0  0 a soft  soft_counted counted - 30
          1  1 b soft  soft_counted counted - 31
          2  1 c soft  same_message none    - 31)",
         {}},
        {"T5ThreeReportsOfOneMail",
         R"(
          0  0 a soft  soft_counted counted - 30
          1  0 a soft  same_message none    - 30
          2  0 a soft  same_message none    - 30)",
         {}},
        {"SoftWithinTheWindow",
         R"(
          0   0  a soft  soft_counted   counted    -  30
          15  15 b soft  soft_counted   counted    -  45
          29  29 c soft  soft_threshold suppressed 59 149)",
         {}},
        {"SoftAtTheEndOfTheWindow",
         R"(
          0   0  a soft  soft_counted counted - 30
          15  15 b soft  soft_counted counted - 45
          30  30 c soft  soft_counted counted - 60)",
         {}},
        {"SoftBeforeTheWindow",
         R"(
          30  30 a soft  soft_counted counted - 60
          31  0  b soft  stale        none    - 60
          31  1  c soft  soft_counted counted - 60)",
         {}},
        {"SoftInAnyOrder",
         R"(
          5  2 c soft  soft_counted   counted    -  32
          5  0 a soft  soft_counted   counted    -  32
          5  1 b soft  soft_threshold suppressed 35 125)",
         {}},
        {"RiskEndsWithTheWindow",
         R"(
          0   0  a soft   soft_counted counted - 30
          29  29 b delay  delay        none    - 30
          30  30 c delay  delay        none    - -)",
         {}},
        {"D49T6ADeliveryEmptiesTheBucket",
         R"(
          0  0 a soft       soft_counted counted - 30
          1  1 b soft       soft_counted counted - 31
          2  1 c delivered  delivery     cleared - -
          3  2 d soft       soft_counted counted - 32)",
         {}},
        {"ADeliveryEmptiesOnlyWhatIsNoNewer",
         R"(
          1  1 b soft       soft_counted counted - 31
          2  2 c soft       soft_counted counted - 32
          3  1 d delivered  delivery     cleared - 32
          3  2 e delivered  delivery     cleared - -)",
         {}},
        {"ASoftBounceOlderThanADelivery",
         R"(
          2  2 a delivered  delivery     none    - -
          3  1 b soft       stale        none    - -
          3  2 c soft       stale        none    - -
          3  3 d soft       soft_counted counted - 33)",
         {}},
        {"AnOlderDeliveryTellsNothingNew",
         R"(
          3  3 a delivered  delivery none - -
          4  1 b delivered  delivery none - -
          4  2 c soft       stale    none - -)",
         {}},
        {"D49RelayedAndExpandedEmptyNothing",
         R"(
          0  0 a soft      soft_counted     counted    -  30
          1  1 b soft      soft_counted     counted    -  31
          1  1 c relayed   delivery_relayed none       -  31
          1  1 d expanded  delivery_relayed none       -  31
          2  2 e soft      soft_threshold   suppressed 32 122)",
         {}},
        {"T6ADeliveryNeverLiftsASuppression",
         R"(
          0  0 a certain    hard_certain suppressed ever -
          1  1 b delivered  delivery     none       ever -)",
         {}},
        {"T6ADeliveryNeverLiftsAComplaint",
         R"(
          0  0 a abuse      complaint suppressed ever -
          1  1 b delivered  delivery  none       ever -)",
         {}},
        {"T6ADeliveryNeverLiftsASoftSuppression",
         R"(
          0  0 a soft       soft_counted   counted    -  30
          1  1 b soft       soft_counted   counted    -  31
          2  2 c soft       soft_threshold suppressed 32 122
          4  3 d delivered  delivery       cleared    32 -)",
         {}},
        // Probation.
        {"OneMoreOnProbationLastsTwiceAsLong",
         R"(
          0   0  a soft  soft_counted   counted    -   30
          1   1  b soft  soft_counted   counted    -   31
          2   2  c soft  soft_threshold suppressed 32  122
          40  40 d soft  soft_probation suppressed 100 190
          110 110 e soft soft_probation suppressed 230 320)",
         {}},
        {"TheLastDayOfProbation",
         R"(
          0   0   a soft  soft_threshold suppressed 30  120
          119 119 b soft  soft_probation suppressed 179 269)",
         {.soft_threshold = 1}},
        {"TheDayAfterProbation",
         R"(
          0   0   a soft  soft_threshold suppressed 30  120
          120 120 b soft  soft_threshold suppressed 150 240)",
         {.soft_threshold = 1}},
        {"MailFromBeforeTheSuppressionNeverCountsAgain",
         R"(
          9   7  a soft  soft_threshold suppressed 39 129
          10  8  b soft  stale          none       39 129
          10  9  c soft  stale          none       39 129
          11  10 d soft  soft_probation suppressed 71 161)",
         {.soft_threshold = 1}},
        {"MailOfASendersTomorrowCountsOnce",
         R"(
          0  1 a soft  soft_threshold suppressed 30 120
          0  1 b soft  stale          none       30 120)",
         {.soft_threshold = 1}},
        {"ADeliveryEndsProbation",
         R"(
          0   0  a soft       soft_threshold suppressed 30 120
          40  40 b delivered  delivery       cleared    30 -
          41  41 c soft       soft_threshold suppressed 71 161)",
         {.soft_threshold = 1}},
        {"ADeliveryFromBeforeTheSuppressionDoesNot",
         R"(
          5   5  a soft       soft_threshold suppressed 35  125
          40  5  b delivered  delivery       none       35  125
          41  41 c soft       soft_probation suppressed 101 191)",
         {.soft_threshold = 1}},
        {"RelapsesReachTheCap",
         R"(
          0  0 a soft  soft_threshold suppressed 10 15
          1  1 b soft  soft_probation suppressed 21 26
          2  2 c soft  soft_probation suppressed 37 42
          3  3 d soft  soft_probation suppressed 38 43)",
         {.soft_threshold = 1, .soft_days = 10, .soft_max_days = 35, .probation_days = 5}},
        {"SoftWhileHardForGood",
         R"(
          0  0 a certain  hard_certain   suppressed ever -
          1  1 b soft     soft_threshold counted    ever 121)",
         {.soft_threshold = 1}},
        {"SoftIsLongerThanAShortHardOne",
         R"(
          0  0 a hard  hard_short     suppressed 7  -
          1  1 b soft  soft_threshold suppressed 31 121
          2  2 c hard  hard_short     counted    31 121)",
         {.soft_threshold = 1}},
        // Told late.
        {"LateHardIsOverWhenItWouldHaveBeen",
         R"(
          200@0  0   a hard     hard_short   counted    -    -
          200    200 b hard     hard_short   suppressed 214  -
          200@3  3   c certain  hard_certain suppressed ever -)",
         {}},
        {"LateHardLastsForWhatIsLeft",
         R"(
          6@0  0 a hard  hard_short     suppressed 7    -
          6@1  1 b hard  hard_short     suppressed 15   -
          6@2  2 c hard  hard_confirmed suppressed ever -)",
         {}},
        {"LateHardOnTheDayOnWhichItWouldEnd", "7@0 0 a hard  hard_short counted - -", {}},
        {"LateSoftIsOverWhenItWouldHaveBeen",
         R"(
          300@10 10  a soft  soft_counted   counted - -
          300@12 12  b soft  soft_counted   counted - -
          300@14 14  c soft  soft_threshold counted - -
          300    300 d soft  soft_counted   counted - 330)",
         {}},
        {"LateSoftLeavesItsProbation",
         R"(
          60@0  0  a soft  soft_threshold counted    -   120
          60@40 40 b soft  soft_probation suppressed 100 190)",
         {.soft_threshold = 1}},
        {"LateSoftAfterItsProbation",
         R"(
          200@0   0   a soft  soft_threshold counted    -   -
          200@180 180 b soft  soft_threshold suppressed 210 300)",
         {.soft_threshold = 1}},
        {"LateSoftBackwardsEndsWithTheNewest",
         R"(
          20@14 14 c soft  soft_counted   counted    -  44
          20@12 12 b soft  soft_counted   counted    -  44
          20@10 10 a soft  soft_threshold suppressed 44 134
          20@11 11 d soft  stale          none       44 134)",
         {}},
        {"WhoCouldNotKnowDoesNotRelapse",
         R"(
          20@10 10 a soft  soft_threshold suppressed 40  130
          20@12 12 b soft  soft_probation suppressed 42  132
          20@14 14 c soft  soft_probation suppressed 44  134
          21    21 d soft  soft_probation suppressed 81  171)",
         {.soft_threshold = 1}},
        {"AClockThatIsAheadMakesItNow", "0@1 1 a hard  hard_short suppressed 7 -", {}},
        // What never suppresses nor counts.
        {"NothingElseCounts",
         R"(
          0  0 a soft-not-counting  soft_not_counting none - -
          0  1 b block              block             none - -
          0  2 c delay              delay             none - -
          0  3 d relayed            delivery_relayed  none - -
          0  4 e reply              other             none - -
          0  5 f other              other             none - -
          0  6 g echo               other             none - -
          0  7 h delivered          delivery          none - -)",
         {}},
        {"D47NoNumberOfDelaysCounts",
         R"(
          0  0 a delay  delay        none    - -
          1  1 b delay  delay        none    - -
          2  2 c delay  delay        none    - -
          3  3 d delay  delay        none    - -
          4  4 e delay  delay        none    - -
          5  5 f delay  delay        none    - -
          6  6 g delay  delay        none    - -
          7  7 h delay  delay        none    - -
          8  8 i delay  delay        none    - -
          9  9 j delay  delay        none    - -
          9  9 k soft   soft_counted counted - 39)",
         {}},
        {"D48ADelayAndItsFailureAreOneCount",
         R"(
          0  0 a delay  delay        none    - -
          1  0 a delay  delay        none    - -
          5  0 a soft   soft_counted counted - 30)",
         {}},
        // Release.
        {"WhatAPersonTookOffStaysOff",
         R"(
          0  0 a certain  hard_certain suppressed ever -
          3  release
          4  0 a certain  released     none       -    -
          4  1 b certain  released     none       -    -
          4  2 c certain  released     none       -    -
          4  2 d hard     released     none       -    -
          4  2 e soft     released     none       -    -)",
         {}},
        {"TheMailThatWasForgivenIsNoNewEvidence",
         R"(
          3  3 a certain  hard_certain suppressed ever -
          3  release
          4  3 a certain  same_message none       -    -)",
         {}},
        {"UntilThereIsNewEvidence",
         R"(
          0  0 a certain  hard_certain suppressed ever -
          3  release
          4  3 b certain  hard_certain suppressed ever -)",
         {}},
        {"AReleaseForgetsOlderDays",
         R"(
          0  0 a hard  hard_short   suppressed 7  -
          1  1 b hard  hard_short   suppressed 15 -
          2  0 c soft  soft_counted counted    15 30
          2  1 d soft  soft_counted counted    15 31
          3  release
          4  4 e hard  hard_short   suppressed 11 -
          4  4 f soft  soft_counted counted    11 34)",
         {}},
        {"AReleaseEndsProbation",
         R"(
          0  0 a soft  soft_threshold suppressed 30 120
          3  release
          4  4 b soft  soft_threshold suppressed 34 124)",
         {.soft_threshold = 1}},
        {"AReleaseOnTheDayOfTheSuppressionEndsProbation",
         R"(
          0  0 a soft  soft_threshold suppressed 30 120
          0  release
          1  1 b soft  soft_threshold suppressed 31 121)",
         {.soft_threshold = 1}},
    }),
    [](const auto& test) { return std::string(test.param.name); });

// --- What makes a hard bounce certain

struct CertainCase {
  std::string_view name;
  Reason reason;
  int confidence;
  bool text_bears_out;
  PolicyRule want;
};
class CertainTest : public testing::TestWithParam<CertainCase> {};

TEST_P(CertainTest, NeedsReasonConfidenceAndText) {
  Event event = EventOf(Kind::kBounce, GetParam().reason);
  event.confidence = GetParam().confidence;
  event.text_bears_out = GetParam().text_bears_out;
  const Decision decision = Decide({}, {}, MailOf(0, "a"), event, Morning(0));
  EXPECT_EQ(ToString(decision.rule), ToString(GetParam().want));
}
INSTANTIATE_TEST_SUITE_P(
    , CertainTest,
    testing::ValuesIn<CertainCase>({
        {"NoSuchUser", Reason::kNoSuchUser, 80, true, PolicyRule::kHardCertain},
        {"NoSuchDomain", Reason::kNoSuchDomain, 81, true, PolicyRule::kHardCertain},
        {"BadAddressSyntax", Reason::kBadAddressSyntax, 100, true, PolicyRule::kHardCertain},
        {"LessConfidence", Reason::kNoSuchUser, 79, true, PolicyRule::kHardShort},
        {"NoText", Reason::kNoSuchUser, 100, false, PolicyRule::kHardShort},
        {"Disabled", Reason::kMailboxDisabled, 100, true, PolicyRule::kHardShort},
        {"Moved", Reason::kMailboxMoved, 100, true, PolicyRule::kHardShort},
        {"NoMail", Reason::kDomainNoMail, 100, true, PolicyRule::kHardShort},
        {"OwnerChanged", Reason::kDomainOwnerChanged, 100, true, PolicyRule::kHardShort},
    }),
    [](const auto& test) { return std::string(test.param.name); });

// --- Whom and what it is about

TEST(Decide, NeverTouchesWithoutAnAddress) {
  Event event = EventOf("certain");
  event.address.reset();
  const Decision decision = Decide({}, {}, MailOf(0, "a"), event, Morning(0));
  EXPECT_EQ(decision.rule, PolicyRule::kNoAddress);
  EXPECT_EQ(decision.effect, Effect::kNone);
  EXPECT_FALSE(decision.suppress);
}

struct TrustCase {
  std::string_view name;
  Trust least;
  std::vector<Trust> that_act;
};
class TrustTest : public testing::TestWithParam<TrustCase> {};

constexpr Trust kTrusts[] = {Trust::kUnverified, Trust::kAuthenticated, Trust::kReturned,
                             Trust::kSigned, Trust::kLocal};

TEST_P(TrustTest, T1T5T6ActsOnNoLess) {
  for (const Trust trust : kTrusts) {
    const std::vector<Trust>& acting = GetParam().that_act;
    const bool acts = std::find(acting.begin(), acting.end(), trust) != acting.end();
    for (const Word& word : kWords) {
      Subject subject;
      subject.Take(MailOf(0, "a"), EventOf("soft"), Morning(0));
      const AddressRecord before = subject.history().record;
      Message message = MailOf(5, word.word);
      message.least_trust = GetParam().least;
      Event event = EventOf(word.word);
      event.trust = trust;
      const Decision decision = subject.Take(message, event, Morning(5));
      EXPECT_EQ(decision.rule == PolicyRule::kTrustTooLow, !acts)
          << word.word << " " << ToString(trust);
      if (acts) continue;
      EXPECT_EQ(decision.effect, Effect::kNone) << word.word;
      EXPECT_FALSE(decision.suppress) << word.word;
      EXPECT_EQ(decision.risky_until, kDayZero + 30) << word.word;
      EXPECT_EQ(subject.history().record, before) << word.word;
    }
  }
}
INSTANTIATE_TEST_SUITE_P(
    , TrustTest,
    testing::ValuesIn<TrustCase>({
        {"Signed", Trust::kSigned, {Trust::kSigned, Trust::kLocal}},
        {"Returned", Trust::kReturned, {Trust::kReturned, Trust::kSigned, Trust::kLocal}},
        {"Authenticated",
         Trust::kAuthenticated,
         {Trust::kAuthenticated, Trust::kReturned, Trust::kSigned, Trust::kLocal}},
        {"Unverified", Trust::kUnverified, {std::begin(kTrusts), std::end(kTrusts)}},
    }),
    [](const auto& test) { return std::string(test.param.name); });

// What one's own mail system saw of a mail, and the report that came of it.
TEST(Decide, T2AMailCountsOnceWhicheverWayItsBounceComes) {
  Message seen = MailOf(0, "a");
  seen.returned_path = std::exchange(seen.return_path, "");
  Event event = EventOf("soft");
  event.trust = Trust::kLocal;
  const Message reported = MailOf(0, "a");
  const Event report = EventOf("soft");
  Subject subject;
  EXPECT_EQ(subject.Take(seen, event, Morning(0)).rule, PolicyRule::kSoftCounted);
  EXPECT_EQ(subject.Take(reported, report, Morning(0)).rule, PolicyRule::kSameMessage);
  EXPECT_EQ(subject.history().record.counted_mails.size(), 1U);
  Subject other;
  EXPECT_EQ(other.Take(reported, report, Morning(0)).rule, PolicyRule::kSoftCounted);
  EXPECT_EQ(other.Take(seen, event, Morning(0)).rule, PolicyRule::kSameMessage);
  EXPECT_EQ(other.history().record.counted_mails.size(), 1U);
}

TEST(Decide, T5WithoutAReturnPathOneMailADayCountsOfOnesOwnSystem) {
  Event event = EventOf("hard");
  event.trust = Trust::kLocal;
  Message message = MailOf(0, "a");
  message.return_path.clear();
  Subject subject;
  EXPECT_EQ(subject.Take(message, event, Morning(0)).rule, PolicyRule::kHardShort);
  EXPECT_EQ(subject.Take(message, event, Morning(0)).rule, PolicyRule::kSameMessage);
  EXPECT_EQ(subject.history().record.counted_mails.size(), 1U);
  ++message.day;
  EXPECT_EQ(subject.Take(message, event, Morning(1)).rule, PolicyRule::kHardShort);
}

TEST(Decide, AsksForATrustByKind) {
  for (const Word& word : kWords) {
    Subject subject;
    Message message = MailOf(0, word.word);
    Event event = EventOf(word.word);
    event.trust = Trust::kAuthenticated;
    const bool is_wish = event.kind == Kind::kComplaint || event.kind == Kind::kUnsubscribe;
    for (const bool wishes_act : {false, true}) {
      message.least_trust.bounce = wishes_act ? Trust::kReturned : Trust::kAuthenticated;
      message.least_trust.complaint = wishes_act ? Trust::kAuthenticated : Trust::kReturned;
      EXPECT_EQ(subject.Take(message, event, Morning(0)).rule == PolicyRule::kTrustTooLow,
                is_wish != wishes_act)
          << word.word;
    }
  }
}

TEST(Decide, ActsByDefaultOnWhatAKeyOfOursVouchesFor) {
  EXPECT_EQ(Message().least_trust, Trust::kReturned);
}

// A return path that no key vouches for may be that of all mail.
TEST(Decide, CountsOnceADayWhatComesToOneUnsignedReturnPath) {
  for (const Trust trust : kTrusts) {
    Subject subject;
    Event event = EventOf("soft");
    event.trust = trust;
    const auto rule_of = [&](int day) {
      Message message = MailOf(day, "all");
      message.least_trust = Trust::kUnverified;
      return subject.Take(message, event, Morning(day)).rule;
    };
    const bool is_one_mail = trust == Trust::kReturned || trust == Trust::kSigned;
    EXPECT_EQ(rule_of(0), PolicyRule::kSoftCounted);
    EXPECT_EQ(rule_of(0), PolicyRule::kSameMessage);
    EXPECT_EQ(rule_of(1), is_one_mail ? PolicyRule::kSameMessage : PolicyRule::kSoftCounted);
    EXPECT_EQ(rule_of(2), is_one_mail ? PolicyRule::kSameMessage : PolicyRule::kSoftThreshold);
  }
}

// The mailbox that failed is another, to which mail was forwarded: ours may be fine tomorrow.
TEST(Decide, IsNotCertainOfAnAddressThatTheReportDoesNotName) {
  Event event = EventOf("certain");
  event.forwarded_to = "other@elsewhere.example";
  const Decision decision = Decide({}, {}, MailOf(0, "a"), event, Morning(0));
  EXPECT_EQ(decision.rule, PolicyRule::kHardShort);
  ASSERT_TRUE(decision.suppress);
  EXPECT_EQ(decision.suppress->expire_time, Morning(7));
}

// A class that contradicts the fault loses: invariant 4 rests on neither alone.
TEST(Decide, T9TheSendersFaultIsABlockWhateverTheClass) {
  for (const Fault fault : {Fault::kSender, Fault::kContent}) {
    for (const char* word : {"certain", "hard", "soft"}) {
      Event event = EventOf(word);
      event.fault = fault;
      EXPECT_EQ(Decide({}, {}, MailOf(0, "a"), event, Morning(0)).rule, PolicyRule::kBlock) << word;
    }
  }
}

TEST(Decide, T9ADomainThatIsKnownToExistIsNeverDenied) {
  constexpr Reason kNoDomain = Reason::kNoSuchDomain;
  constexpr Reason kNoMail = Reason::kDomainNoMail;
  const struct {
    std::string_view address;
    std::string forwarded_to;
    Reason reason;
    BounceClass bounce_class;
    std::string_view rule;
  } cases[] = {
      {"a@gmail.com", "", kNoDomain, BounceClass::kHard, "block"},
      {"a@YAHOO.co.uk", "", kNoDomain, BounceClass::kHard, "block"},
      {"a@outlook.com", "", kNoMail, BounceClass::kHard, "block"},
      {"a@outlook.com", "", kNoDomain, BounceClass::kSoft, "block"},
      {"a@example.net", "", kNoDomain, BounceClass::kHard, "hard_certain"},
      {"a@mail.gmail.com", "", kNoDomain, BounceClass::kHard, "hard_certain"},
      {"a@example.net", "", kNoMail, BounceClass::kHard, "hard_short"},
      {"a@gmail.com", "", Reason::kNoSuchUser, BounceClass::kHard, "hard_certain"},
      {"a@gmail.com", "", Reason::kMailboxDisabled, BounceClass::kHard, "hard_short"},
      // Where mail was forwarded, it is said of the domain that it was forwarded to.
      {"a@gmail.com", "b@example.net", kNoDomain, BounceClass::kHard, "hard_short"},
      {"a@example.net", "b@gmail.com", kNoDomain, BounceClass::kHard, "block"},
      {"a@gmail.com", "no address", kNoDomain, BounceClass::kHard, "hard_short"},
  };
  for (const auto& c : cases) {
    Event event = EventOf(Kind::kBounce, c.reason);
    event.address = *Address::Parse(c.address);
    event.forwarded_to = c.forwarded_to;
    event.bounce_class = c.bounce_class;
    const Decision decision = Decide({}, {}, MailOf(0, "a"), event, Morning(0));
    EXPECT_EQ(ToString(decision.rule), c.rule) << c.address << " " << c.forwarded_to;
    EXPECT_EQ(decision.suppress.has_value(), c.rule != "block") << c.address;
    EXPECT_EQ(decision.next == AddressRecord(), c.rule == "block") << c.address;
  }
}

TEST(Decide, T9EveryReasonOfNoFaultOfTheRecipientIsLeftAlone) {
  for (int number = 0; number < 1000; ++number) {
    const std::optional<Reason> reason = ReasonFromNumber(number);
    if (!reason || Info(*reason).bounce_class == BounceClass::kHard || Info(*reason).counts)
      continue;
    const Decision decision = Decide({.soft_threshold = 1}, {}, MailOf(0, "a"),
                                     EventOf(Kind::kBounce, *reason), Morning(0));
    EXPECT_EQ(decision.effect, Effect::kNone) << ToString(*reason);
  }
}

TEST(Decide, FillsTheSuppressionIn) {
  Event event = EventOf("certain");
  event.reply_code = 550;
  event.enhanced_status = "5.1.1";
  event.rule = "no-such-user";
  Message message = MailOf(0, "a");
  message.tenant = "acme";
  message.stream = "news";
  const Decision decision = Decide({}, {}, message, event, Morning(0));
  ASSERT_TRUE(decision.suppress);
  const Suppression& s = *decision.suppress;
  EXPECT_EQ(s.tenant, "acme");
  EXPECT_EQ(s.stream, "");
  EXPECT_EQ(s.address, Recipient());
  EXPECT_EQ(s.source, Source::kBounce);
  EXPECT_EQ(s.reason, "no_such_user");
  EXPECT_EQ(s.bounce_class, BounceClass::kHard);
  EXPECT_EQ(s.create_time, Morning(0));
  EXPECT_EQ(s.expire_time, absl::InfiniteFuture());
  EXPECT_EQ(s.event_id, 7);
  EXPECT_EQ(
      s.explanation,
      "The remote server says that the mailbox does not exist (550 5.1.1, rule no-such-user).");
}

struct SentenceCase {
  std::string_view name;
  int reply_code;
  std::string_view status;
  int days;
  std::string_view want;
};
class ExplanationTest : public testing::TestWithParam<SentenceCase> {};

TEST_P(ExplanationTest, IsASentence) {
  Subject subject;
  std::string explanation;
  for (int day = 0; day < GetParam().days; ++day) {
    Event event = EventOf("hard");
    event.reply_code = GetParam().reply_code;
    event.enhanced_status = GetParam().status;
    const Decision decision = subject.Take(MailOf(day, absl::StrCat(day)), event, Morning(day));
    ASSERT_TRUE(decision.suppress);
    explanation = decision.suppress->explanation;
  }
  const std::string meaning =
      "says that the mailbox exists and is closed, suspended or unused for too long";
  std::string want(GetParam().want);
  want.replace(want.find("MEANING"), 7, meaning);
  EXPECT_EQ(explanation, want);
}
INSTANTIATE_TEST_SUITE_P(
    , ExplanationTest,
    testing::ValuesIn<SentenceCase>({
        {"BothCodes", 550, "5.2.1", 1, "The remote server MEANING (550 5.2.1, rule some-rule)."},
        {"ReplyCode", 550, "", 1, "The remote server MEANING (550, rule some-rule)."},
        {"Status", 0, "5.2.1", 1, "The report MEANING (5.2.1, rule some-rule)."},
        {"NoCode", 0, "", 1, "The report MEANING (rule some-rule)."},
        {"Confirmed", 550, "5.2.1", 3,
         "The remote server MEANING (550 5.2.1, rule some-rule), as mail of 3 days has shown."},
    }),
    [](const auto& test) { return std::string(test.param.name); });

// --- Other suppressions beside it

Suppression SuppressionOf(std::string stream, Source source) {
  Suppression suppression{"default", std::move(stream), Recipient(), source, "", {}, {}, {}, 0, ""};
  suppression.expire_time = absl::InfiniteFuture();
  return suppression;
}

TEST(Decide, LeavesOtherSourcesAndStreamsAlone) {
  Subject subject;
  const Suppression complaint = SuppressionOf("", Source::kComplaint);
  const Suppression of_stream = SuppressionOf("news", Source::kBounce);
  subject.Put(complaint);
  subject.Put(of_stream);
  EXPECT_EQ(subject.Take(MailOf(0, "a"), EventOf("hard"), Morning(0)).effect, Effect::kSuppressed);
  EXPECT_EQ(subject.history().suppressions.size(), 3u);
}

TEST(Decide, D63D76AComplaintIsOfTheTenantAndAnUnsubscribeOfTheStream) {
  const struct {
    std::string_view word;
    Source source;
    std::string_view stream;
  } kRows[] = {{"abuse", Source::kComplaint, ""},
               {"opt-out", Source::kUnsubscribe, "news"},
               {"unsubscribe", Source::kUnsubscribe, "news"}};
  for (const auto& row : kRows) {
    Message mail = MailOf(0, "a");
    mail.stream = "news";
    const Decision decision = Decide({}, {}, mail, EventOf(row.word), Morning(0));
    ASSERT_TRUE(decision.suppress) << row.word;
    EXPECT_EQ(decision.suppress->source, row.source) << row.word;
    EXPECT_EQ(decision.suppress->stream, row.stream) << row.word;
    EXPECT_EQ(decision.suppress->reason, ToString(EventOf(row.word).reason)) << row.word;
    EXPECT_EQ(decision.suppress->expire_time, absl::InfiniteFuture()) << row.word;
    EXPECT_EQ(decision.suppress->event_id, 7) << row.word;
    EXPECT_EQ(decision.suppress->explanation, Info(EventOf(row.word).reason).meaning) << row.word;
  }
}

TEST(Decide, D76UnsubscribingFromOneStreamLeavesTheOthers) {
  Subject subject;
  subject.Put(SuppressionOf("news", Source::kUnsubscribe));
  Message mail = MailOf(0, "a");
  mail.stream = "offers";
  const Decision decision = subject.Take(mail, EventOf("unsubscribe"), Morning(0));
  ASSERT_TRUE(decision.suppress);
  EXPECT_EQ(decision.suppress->stream, "offers");
  EXPECT_EQ(subject.history().suppressions.size(), 2u);
}

TEST(Decide, T7T8WhatNobodyVouchesForIsNoWish) {
  for (const std::string_view word : {"abuse", "opt-out", "unsubscribe"}) {
    Event event = EventOf(word);
    event.trust = Trust::kUnverified;
    EXPECT_EQ(Decide({}, {}, MailOf(0, "a"), event, Morning(0)).rule, PolicyRule::kTrustTooLow);
  }
}

TEST(Decide, ReplacesOneThatHasExpired) {
  Subject subject;
  subject.Take(MailOf(0, "a"), EventOf("hard"), Morning(0));
  const absl::Time until = subject.suppressed_until();
  // A confirmation comes late, and would end before the first did had that not passed.
  const Decision decision = subject.Take(MailOf(1, "b"), EventOf("hard"), until);
  EXPECT_EQ(decision.effect, Effect::kSuppressed);
}

TEST(CountedMails, AreTheNewestSixteen) {
  Subject subject;
  const int most = static_cast<int>(AddressRecord::kMaxCountedMails);
  for (int i = 0; i <= most; ++i) {
    subject.Take(MailOf(i, absl::StrCat(i)), EventOf("certain"), Morning(i));
    EXPECT_EQ(subject.history().record.counted_mails.size(),
              static_cast<std::size_t>(std::min(i + 1, most)));
  }
  const auto rule = [&](int i) {
    return Decide({}, subject.history(), MailOf(i, absl::StrCat(i)), EventOf("certain"), Morning(i))
        .rule;
  };
  EXPECT_EQ(rule(0), PolicyRule::kHardCertain);  // forgotten
  EXPECT_EQ(rule(1), PolicyRule::kSameMessage);
  EXPECT_EQ(rule(most), PolicyRule::kSameMessage);
}

TEST(CountedMails, AHardAndASoftBounceOfOneMailAreTwoFacts) {
  Subject subject;
  subject.Take(MailOf(0, "a"), EventOf("soft"), Morning(0));
  EXPECT_EQ(subject.Take(MailOf(0, "a"), EventOf("certain"), Morning(0)).rule,
            PolicyRule::kHardCertain);
}

// --- Properties, over random histories

struct Fact {
  int issued;
  int token;
  const Word* word;
};

class RandomTest : public testing::TestWithParam<unsigned> {
 protected:
  int Pick(int n) { return std::uniform_int_distribution<int>(0, n - 1)(random_); }

  Fact AnyFact() {
    const int token = Pick(20);
    // A token is of one day, as its MAC sees to.
    return {token / 2 * 3, token, &kWords[Pick(static_cast<int>(std::size(kWords)))]};
  }

  static Decision Take(Subject& subject, const Fact& fact, int today) {
    return subject.Take(MailOf(fact.issued, absl::StrCat(fact.token)), EventOf(fact.word->word),
                        Morning(today));
  }

  std::mt19937 random_{GetParam()};
};

bool IsWish(std::string_view word) {
  return word == "abuse" || word == "opt-out" || word == "unsubscribe";
}

TEST_P(RandomTest, OnlyHardAndCountingSoftSuppressAndWishes) {
  Subject subject;
  for (int step = 0; step < 60; ++step) {
    if (Pick(15) == 0) subject.Release(Morning(step));
    const Fact fact = AnyFact();
    const absl::Time before = subject.suppressed_until();
    const Decision decision = Take(subject, fact, step);
    const std::string_view word = fact.word->word;
    if (decision.suppress) {
      EXPECT_TRUE(word == "certain" || word == "hard" || word == "soft" || IsWish(word)) << word;
    }
    EXPECT_GE(subject.suppressed_until(), before) << "shortened by " << word;
    EXPECT_LE(decision.next.soft_days.size(), 2u);
    EXPECT_TRUE(std::is_sorted(decision.next.hard_days.begin(), decision.next.hard_days.end()));
    EXPECT_EQ(decision.effect == Effect::kSuppressed, decision.suppress.has_value());
  }
}

TEST_P(RandomTest, AMailNeverCountsTwice) {
  Subject subject;
  for (int step = 0; step < 30; ++step) {
    const Fact fact = AnyFact();
    Take(subject, fact, step);
    const AddressRecord record = subject.history().record;
    const Decision again = Take(subject, fact, step);
    EXPECT_FALSE(again.suppress) << fact.word->word;
    EXPECT_EQ(again.next.hard_days, record.hard_days) << fact.word->word;
    EXPECT_EQ(again.next.soft_days, record.soft_days) << fact.word->word;
    EXPECT_EQ(again.next.soft_suppressions, record.soft_suppressions) << fact.word->word;
  }
}

TEST_P(RandomTest, TheSameArgumentsGiveTheSameDecision) {
  Subject one;
  Subject two;
  for (int step = 0; step < 30; ++step) {
    const Fact fact = AnyFact();
    EXPECT_EQ(Take(one, fact, step).next, Take(two, fact, step).next);
  }
  EXPECT_EQ(one.suppressed_until(), two.suppressed_until());
}

TEST_P(RandomTest, HardFactsInAnyOrderEndTheSame) {
  std::vector<Fact> facts;
  for (int token = 0; token < 8; ++token) {
    facts.push_back({Pick(12), token, Pick(4) == 0 ? &kWords[0] : &kWords[1]});
  }
  absl::Time want;
  for (int round = 0; round < 10; ++round) {
    Subject subject;
    for (const Fact& fact : facts) Take(subject, fact, 20);
    if (round == 0) want = subject.suppressed_until();
    EXPECT_EQ(subject.suppressed_until(), want);
    std::shuffle(facts.begin(), facts.end(), random_);
  }
}

// As a log is read that was kept in several files.
TEST_P(RandomTest, LateFactsInAnyOrderEndOnTheSameDay) {
  const Word& word = Pick(2) == 0 ? kWords[1] : kWords[2];
  std::vector<Fact> facts;
  for (int token = 0; token < 8; ++token) facts.push_back({Pick(25), token, &word});
  const int today = 25 + Pick(60);
  const auto told = [&] {
    Subject subject({.hard_confirmations = 9});
    Decision last;
    for (const Fact& fact : facts) {
      const absl::Time bounced = StartOf(kDayZero + fact.issued) + absl::Hours(fact.token);
      last = subject.Take(MailOf(fact.issued, absl::StrCat(fact.token), bounced),
                          EventOf(fact.word->word), Morning(today));
    }
    return absl::StrCat(DayWord(subject.suppressed_until()), " ", RiskWord(last.risky_until), " ",
                        last.next.soft_suppressions, " ", last.next.soft_suppressed_on);
  };
  const std::string want = told();
  for (int round = 0; round < 10; ++round) {
    std::shuffle(facts.begin(), facts.end(), random_);
    EXPECT_EQ(told(), want) << word.word;
  }
}

TEST_P(RandomTest, AReleaseHoldsAgainstAllThatIsOlder) {
  Subject subject;
  for (int step = 0; step < 30; ++step) Take(subject, AnyFact(), step);
  subject.Release(Morning(31));
  for (int step = 31; step < 60; ++step) {
    const Fact fact = AnyFact();
    if (IsWish(fact.word->word)) continue;
    Take(subject, fact, step);
    EXPECT_FALSE(subject.IsSuppressed(Morning(step))) << fact.word->word;
  }
  Take(subject, {31, 99, &kWords[0]}, 61);
  EXPECT_TRUE(subject.IsSuppressed(Morning(61)));
}
INSTANTIATE_TEST_SUITE_P(, RandomTest, testing::Range(0u, 200u));

TEST(ScopeTest, AComplaintIsForAllStreamsOrForItsOwn) {
  Message message = MailOf(0, "a");
  message.stream = "news";
  const Event event = EventOf("abuse");
  Policy policy;
  EXPECT_EQ(Decide(policy, {}, message, event, Morning(0)).suppress->stream, "");
  policy.complaint_scope = ComplaintScope::kStream;
  EXPECT_EQ(Decide(policy, {}, message, event, Morning(0)).suppress->stream, "news");
}

TEST(AllowedTest, NoBounceSuppressesOrCountsAndWishesDo) {
  AddressHistory history;
  history.allowed = true;
  const struct {
    std::string_view what, rule;
    bool suppresses;
  } cases[] = {
      {"certain", "allowed", false},        {"hard", "allowed", false},
      {"soft", "allowed", false},           {"block", "block", false},
      {"delivered", "delivery", false},     {"abuse", "complaint", true},
      {"unsubscribe", "unsubscribe", true},
  };
  for (const auto& c : cases) {
    const Decision decision = Decide({}, history, MailOf(0, "a"), EventOf(c.what), Morning(0));
    EXPECT_EQ(ToString(decision.rule), c.rule) << c.what;
    EXPECT_EQ(decision.suppress.has_value(), c.suppresses) << c.what;
    EXPECT_TRUE(decision.next.hard_days.empty() && decision.next.soft_days.empty()) << c.what;
    EXPECT_EQ(decision.risky_until, 0) << c.what;
  }
}

// --- Bursts

std::optional<Burst> BurstOf(std::string_view mailbox, const std::string& diagnostic,
                             std::string_view what = "certain", const Policy& policy = {}) {
  Event event = EventOf(what);
  event.address = *Address::Parse(mailbox);
  event.diagnostic = diagnostic;
  return Decide(policy, {}, MailOf(0, "a"), event, Morning(0)).burst;
}

TEST(BurstTest, T4TextsAreAlikeButForWhatDiffersByRecipient) {
  const struct {
    std::string_view name, mailbox;
    std::string diagnostic;
    bool alike;
  } cases[] = {
      {"the same", "b@example.net", "550 5.1.1 <a@example.net>: user unknown in local table", true},
      {"its own address", "b@example.net", "550 5.1.1 <b@example.net>: User unknown in local table",
       true},
      {"a queue id", "b@example.net", "550-5.1.1 user unknown in local table (Q4f7)", true},
      {"its local part alone", "b@example.net", "550 user b unknown in local table.", true},
      {"another text", "b@example.net", "550 5.1.1 mailbox disabled", false},
      {"a word more", "b@example.net", "550 user unknown in our local table", false},
      {"nothing", "b@example.net", "", false},
  };
  const std::uint64_t text_hash =
      BurstOf("a@example.net", "550 5.1.1 <a@example.net>: user unknown in local table")->text_hash;
  for (const auto& c : cases) {
    EXPECT_EQ(BurstOf(c.mailbox, c.diagnostic)->text_hash == text_hash, c.alike) << c.name;
  }
}

TEST(BurstTest, T4OnlyHardSuppressionsMakeOne) {
  EXPECT_TRUE(BurstOf("a@example.net", "x", "certain"));
  EXPECT_TRUE(BurstOf("a@example.net", "x", "hard"));
  EXPECT_FALSE(BurstOf("a@example.net", "x", "soft"));
  EXPECT_FALSE(BurstOf("a@example.net", "x", "block"));
  EXPECT_FALSE(BurstOf("a@example.net", "x", "abuse"));
  EXPECT_FALSE(BurstOf("a@example.net", "x", "soft", {.soft_threshold = 1}));
}

TEST(BurstTest, LargeProvidersHaveALimitOfTheirOwn) {
  Policy policy;
  EXPECT_EQ(BurstOf("a@example.net", "x")->limit, 25);
  EXPECT_EQ(BurstOf("a@GMAIL.com", "x")->limit, 1000);
  EXPECT_EQ(BurstOf("a@zoho.com", "x")->limit, 1000);
  EXPECT_EQ(BurstOf("a@126.com", "x")->limit, 1000);
  EXPECT_EQ(BurstOf("a@mail.gmail.com", "x")->limit, 25);
  EXPECT_EQ(BurstOf("a@example.net", "x")->window, absl::Minutes(10));
  policy.domain_burst = 0;
  EXPECT_FALSE(BurstOf("a@example.net", "x", "certain", policy));
  EXPECT_TRUE(BurstOf("a@gmail.com", "x", "certain", policy));
  policy.domain_burst_large = 0;
  EXPECT_FALSE(BurstOf("a@gmail.com", "x", "certain", policy));
}

}  // namespace
}  // namespace bounced
