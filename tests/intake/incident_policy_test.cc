// When refusals and rates become incidents, and when those are over: each edge.
#include "server/intake/incident_policy.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <string_view>

#include "absl/time/time.h"

namespace bounced {
namespace {

using Kind = Incident::Kind;
using Severity = Incident::Severity;
using Step = TendIncidents::Step;
using Act = TendIncidents::Step::Act;

const absl::Time kNow = absl::FromUnixSeconds(1'772'366'400);

// --- Refusals: 20 within an hour, and 10 percent

struct RefusalCase {
  std::string_view name;
  std::uint32_t refused;
  std::uint32_t delivered;
  std::uint32_t failed;  // of the provider, those refused included
  Act closed;            // what becomes of it where none is open
  Act open;              // and where one is, that has not been below before
};
class RefusalTest : public testing::TestWithParam<RefusalCase> {};

TEST_P(RefusalTest, IsJudged) {
  const RefusalCase& row = GetParam();
  Incident incident{.kind = Kind::kRefusal};
  TendIncidents::Watched watched{.kind = Kind::kRefusal};
  watched.hour = {.failed = row.refused, .refused = row.refused};
  watched.provider = {.delivered = row.delivered, .failed = row.failed};
  const Step closed = JudgeIncident({}, watched, kNow);
  EXPECT_EQ(closed.act, row.closed);
  EXPECT_EQ(closed.window_count, row.refused);
  EXPECT_EQ(closed.window_total, row.delivered + row.failed);
  EXPECT_EQ(closed.window, absl::Hours(1));
  EXPECT_EQ(closed.deliveries_known, row.delivered > 0);
  EXPECT_EQ(closed.severity, Severity::kNone);
  watched.open = &incident;
  const Step open = JudgeIncident({}, watched, kNow);
  EXPECT_EQ(open.act, row.open);
  const bool is_below = row.open == Act::kHold && (row.refused < 10 || row.delivered > 0);
  if (!is_below) {
    EXPECT_EQ(open.below_since, std::nullopt);
  }
}

INSTANTIATE_TEST_SUITE_P(, RefusalTest,
                         testing::ValuesIn<RefusalCase>({
                             {"Nothing", 0, 0, 0, Act::kNone, Act::kHold},
                             {"OneTooFew", 19, 0, 19, Act::kNone, Act::kHold},
                             {"Enough", 20, 0, 20, Act::kOpen, Act::kOpen},
                             {"OfManyFailuresAloneNoShareIsKnown", 20, 0, 10'000, Act::kOpen,
                              Act::kOpen},
                             {"TenPercent", 20, 180, 20, Act::kOpen, Act::kOpen},
                             {"BelowTenPercent", 20, 181, 20, Act::kNone, Act::kHold},
                             {"AllOfManyButTooFew", 19, 1, 19, Act::kNone, Act::kHold},
                         }),
                         [](const auto& test) { return std::string(test.param.name); });

TEST(JudgeIncident, ARefusalStaysOpenAtHalfAndClosesBelowItAfterTwoHours) {
  Incident incident{.kind = Kind::kRefusal};
  TendIncidents::Watched watched{.kind = Kind::kRefusal, .open = &incident};
  watched.hour.refused = 10;
  EXPECT_EQ(JudgeIncident({}, watched, kNow).act, Act::kHold);
  EXPECT_EQ(JudgeIncident({}, watched, kNow).below_since, std::nullopt);
  // 5 percent of what the provider answered, and a little less.
  watched.provider = {.delivered = 190, .failed = 10};
  EXPECT_EQ(JudgeIncident({}, watched, kNow).below_since, std::nullopt);
  watched.provider.delivered = 191;
  EXPECT_EQ(JudgeIncident({}, watched, kNow).below_since, kNow);

  watched.provider = {};
  watched.hour.refused = 9;
  EXPECT_EQ(JudgeIncident({}, watched, kNow).act, Act::kHold);
  EXPECT_EQ(JudgeIncident({}, watched, kNow).below_since, kNow);
  incident.below_since = kNow;
  const absl::Time end = kNow + absl::Hours(2);
  EXPECT_EQ(JudgeIncident({}, watched, end - absl::Nanoseconds(1)).act, Act::kHold);
  EXPECT_EQ(JudgeIncident({}, watched, end - absl::Nanoseconds(1)).below_since, kNow);
  EXPECT_EQ(JudgeIncident({}, watched, end).act, Act::kClose);
  // What rises again in between begins anew.
  watched.hour.refused = 10;
  EXPECT_EQ(JudgeIncident({}, watched, end).act, Act::kHold);
  EXPECT_EQ(JudgeIncident({}, watched, end).below_since, std::nullopt);
  // So does a clock that was set back.
  watched.hour.refused = 9;
  const absl::Time before = kNow - absl::Hours(24);
  EXPECT_EQ(JudgeIncident({}, watched, before).act, Act::kHold);
  EXPECT_EQ(JudgeIncident({}, watched, before).below_since, before);
}

TEST(JudgeIncident, ACountOfZeroSwitchesAKindOff) {
  IncidentPolicy policy;
  policy.refusal_count = policy.hard_count = policy.complaint_count = 0;
  TendIncidents::Watched watched{.kind = Kind::kRefusal};
  watched.hour = {
      .delivered = 1, .failed = 9'999, .hard = 9'999, .refused = 9'999, .complaints = 9'999};
  watched.day = watched.hour;
  watched.provider = watched.hour;
  for (const Kind kind : {Kind::kRefusal, Kind::kBounceRate, Kind::kComplaintRate}) {
    watched.kind = kind;
    EXPECT_EQ(JudgeIncident(policy, watched, kNow).act, Act::kNone) << ToString(kind);
    EXPECT_EQ(JudgeIncident({}, watched, kNow).act, Act::kOpen) << ToString(kind);
  }
}

// --- Rates: of 1,000 mails at least; 20 hard bounces and 2 or 5 percent, 3 complaints and 0.1 or
// 0.3

struct RateCase {
  std::string_view name;
  Kind kind;
  std::uint32_t count;
  std::uint32_t delivered;
  std::uint32_t failed;  // hard ones included
  Act act;
  Severity severity;
  bool holds;  // an open one is not below
};
class RateTest : public testing::TestWithParam<RateCase> {};

TEST_P(RateTest, IsJudgedAlikeByTheHourAndByTheDay) {
  const RateCase& row = GetParam();
  TallyCounts counts{.delivered = row.delivered, .failed = row.failed};
  (row.kind == Kind::kBounceRate ? counts.hard : counts.complaints) = row.count;
  for (const bool is_hour : {true, false}) {
    TendIncidents::Watched watched{.kind = row.kind};
    (is_hour ? watched.hour : watched.day) = counts;
    const Step step = JudgeIncident({}, watched, kNow);
    EXPECT_EQ(step.act, row.act);
    if (row.act == Act::kOpen) {
      EXPECT_EQ(step.severity, row.severity);
      EXPECT_EQ(step.window, is_hour ? absl::Hours(1) : absl::Hours(24));
      EXPECT_EQ(step.window_count, row.count);
      EXPECT_EQ(step.window_total, row.delivered + row.failed);
      EXPECT_TRUE(step.deliveries_known);
    }
    Incident incident{.kind = row.kind, .severity = Severity::kWarning};
    watched.open = &incident;
    EXPECT_EQ(JudgeIncident({}, watched, kNow).below_since.has_value(), !row.holds);
  }
}

INSTANTIATE_TEST_SUITE_P(
    , RateTest,
    testing::ValuesIn<RateCase>({
        {"HardTwoPercent", Kind::kBounceRate, 20, 980, 20, Act::kOpen, Severity::kWarning, true},
        {"HardBelowTwoPercent", Kind::kBounceRate, 20, 981, 20, Act::kNone, Severity::kNone, true},
        {"HardTooFew", Kind::kBounceRate, 19, 0, 0, Act::kNone, Severity::kNone, false},
        {"HardTooFewOfThem", Kind::kBounceRate, 19, 1'000, 20, Act::kNone, Severity::kNone, true},
        {"HardOfTooFewMails", Kind::kBounceRate, 500, 499, 500, Act::kNone, Severity::kNone, false},
        {"HardOnePercentHolds", Kind::kBounceRate, 10, 990, 10, Act::kNone, Severity::kNone, true},
        {"HardBelowOnePercent", Kind::kBounceRate, 10, 991, 10, Act::kNone, Severity::kNone, false},
        {"HardFivePercent", Kind::kBounceRate, 50, 950, 50, Act::kOpen, Severity::kCritical, true},
        {"HardBelowFive", Kind::kBounceRate, 50, 951, 50, Act::kOpen, Severity::kWarning, true},
        {"HardWithoutDeliveries", Kind::kBounceRate, 5'000, 0, 5'000, Act::kNone, Severity::kNone,
         false},
        {"ComplaintsOfOneInAThousand", Kind::kComplaintRate, 3, 2'900, 100, Act::kOpen,
         Severity::kWarning, true},
        {"ComplaintsOfFewer", Kind::kComplaintRate, 3, 2'901, 100, Act::kNone, Severity::kNone,
         true},
        {"ComplaintsTooFew", Kind::kComplaintRate, 2, 1'000, 0, Act::kNone, Severity::kNone, true},
        {"OneComplaint", Kind::kComplaintRate, 1, 1'000, 0, Act::kNone, Severity::kNone, false},
        {"ComplaintsOfThree", Kind::kComplaintRate, 3, 1'000, 0, Act::kOpen, Severity::kCritical,
         true},
        {"ComplaintsBelowThree", Kind::kComplaintRate, 3, 1'001, 0, Act::kOpen, Severity::kWarning,
         true},
        {"ComplaintsWithoutDeliveries", Kind::kComplaintRate, 90, 0, 3'000, Act::kNone,
         Severity::kNone, false},
    }),
    [](const auto& test) { return std::string(test.param.name); });

TEST(JudgeIncident, OfTheHourAndTheDayTheWorseCounts) {
  TendIncidents::Watched watched{.kind = Kind::kBounceRate};
  watched.hour = {.delivered = 970, .failed = 30, .hard = 30};
  watched.day = {.delivered = 9'000, .failed = 1'000, .hard = 1'000};
  Step step = JudgeIncident({}, watched, kNow);
  EXPECT_EQ(step.severity, Severity::kCritical);
  EXPECT_EQ(step.window, absl::Hours(24));
  watched.day = {.delivered = 9'970, .failed = 30, .hard = 30};
  step = JudgeIncident({}, watched, kNow);
  EXPECT_EQ(step.severity, Severity::kWarning);
  EXPECT_EQ(step.window, absl::Hours(1));
}

}  // namespace
}  // namespace bounced
