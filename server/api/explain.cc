#include "server/api/explain.h"

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "parser/text.h"
#include "server/api/checker.h"
#include "server/api/to_proto.h"

namespace bounced::api {
namespace {

std::string ShowDay(Day day) {
  return absl::FormatTime("%Y-%m-%d", StartOf(day), absl::UTCTimeZone());
}
std::string ShowTime(absl::Time time) {
  return absl::FormatTime("%Y-%m-%d %H:%M UTC", time, absl::UTCTimeZone());
}
// "1 day", "2 days".
std::string Plural(int n, std::string_view noun) {
  return absl::StrCat(n, " ", Absl(noun), n == 1 ? "" : "s");
}

// What still counts today of the days that are kept.
struct Counted {
  std::vector<Day> hard;
  std::vector<Day> soft;
  bool on_probation = false;
};

Counted CountToday(const AddressRecord& record, const Policy& policy, Day today) {
  Counted counted;
  Day released = record.released ? DayOf(*record.released) : 0;
  auto live = [released, today](Day day, int window_days) {
    return day >= released && day > today - window_days;
  };
  for (Day day : record.hard_days) {
    if (live(day, policy.hard_window_days)) counted.hard.push_back(day);
  }
  for (Day day : record.soft_days) {
    if (live(day, policy.soft_window_days) && day > record.delivered_on &&
        day > record.soft_suppressed_on) {
      counted.soft.push_back(day);
    }
  }
  counted.on_probation = record.soft_suppressions > 0 && today < record.probation_until;
  return counted;
}

// How long the next soft suppression of one on probation is.
int RelapseDays(const AddressRecord& record, const Policy& policy) {
  std::int64_t days = policy.soft_days;
  for (int i = 0; i < record.soft_suppressions && days < policy.soft_max_days; ++i) days *= 2;
  return static_cast<int>(std::min<std::int64_t>(days, policy.soft_max_days));
}

std::string SummaryOf(const Suppression& suppression) {
  std::string text = "No mail may be sent";
  absl::StrAppend(&text, suppression.stream.empty()
                             ? " in any stream"
                             : absl::StrCat(" in stream ", suppression.stream));
  switch (suppression.source) {
    case Source::kManual:
      absl::StrAppend(&text, ": suppressed by hand");
      break;
    case Source::kImport:
      absl::StrAppend(&text, ": suppressed by a list that was taken over");
      break;
    default:
      absl::StrAppend(&text, ": suppressed by a ", Absl(ToString(suppression.source)));
      if (suppression.event_id != 0) absl::StrAppend(&text, " (event ", suppression.event_id, ")");
  }
  absl::StrAppend(&text, " on ", ShowTime(suppression.create_time), ", reason ", suppression.reason,
                  ".");
  if (!suppression.explanation.empty()) absl::StrAppend(&text, " ", suppression.explanation);
  return text;
}

std::string SummaryOfRisky(const Counted& counted, const AddressRecord& record,
                           const Policy& policy) {
  if (counted.on_probation && counted.soft.empty()) {
    return absl::StrCat("Mail may be sent, but soft bounces have suppressed this address before: ",
                        "it is on probation until ", ShowDay(record.probation_until), ".");
  }
  return absl::StrCat("Mail may be sent, but soft bounces are under way: ", counted.soft.size(),
                      " of ", policy.soft_threshold, " are counted.");
}

std::string SummaryOfSend(const AddressDossier& dossier, absl::Time now) {
  if (dossier.events.empty() && dossier.suppressions.empty()) {
    return "Mail may be sent: nothing is known of this address.";
  }
  auto ended = std::find_if(dossier.suppressions.begin(), dossier.suppressions.end(),
                            [now](const Suppression& each) { return each.expire_time <= now; });
  if (ended != dossier.suppressions.end()) {
    return absl::StrCat("Mail may be sent: its suppression ended on ", ShowTime(ended->expire_time),
                        ".");
  }
  if (dossier.record.released) {
    return absl::StrCat("Mail may be sent: somebody took the address off on ",
                        ShowTime(*dossier.record.released), ".");
  }
  if (!dossier.suppressions.empty()) {
    return "Mail may be sent in this stream: what stands against the address is of another.";
  }
  return "Mail may be sent: no threshold has been reached by what is known of the address.";
}

// What would change the verdict, and when it changes by itself.
class Outlook {
 public:
  Outlook(const AddressDossier& dossier, const Policy& policy, absl::Time now)
      : dossier_(dossier),
        record_(dossier.record),
        policy_(policy),
        now_(now),
        counted_(CountToday(dossier.record, policy, DayOf(now))) {}

  const Counted& counted() const { return counted_; }

  std::vector<std::string> Sentences(const Suppression* suppression) {
    if (suppression != nullptr) {
      End(*suppression);
    } else {
      Soft();
    }
    bool for_good = suppression != nullptr && suppression->expire_time == absl::InfiniteFuture();
    if (!for_good) Hard();
    if (suppression != nullptr) {
      Say("If somebody takes it off, bounces of mail issued on a day before that no longer count.");
    } else if (record_.released) {
      Say("Bounces of mail issued before ", ShowDay(DayOf(*record_.released)),
          " do not count: somebody took the address off then.");
    }
    return std::move(sentences_);
  }

 private:
  template <typename... Pieces>
  void Say(const Pieces&... pieces) {
    sentences_.push_back(absl::StrCat(pieces...));
  }

  void End(const Suppression& suppression) {
    if (suppression.expire_time == absl::InfiniteFuture()) {
      return Say("It lasts until somebody takes it off.");
    }
    Say("It ends by itself on ", ShowTime(suppression.expire_time), ".");
    if (counted_.on_probation && record_.probation_until > DayOf(suppression.expire_time)) {
      Say("After that, one more soft bounce until ", ShowDay(record_.probation_until),
          " would suppress it again, for ", Plural(RelapseDays(record_, policy_), "day"), ".");
    }
  }

  void Soft() {
    int left = policy_.soft_threshold - static_cast<int>(counted_.soft.size());
    if (counted_.on_probation) {
      Say("One more soft bounce of mail issued on another day would suppress it for ",
          Plural(RelapseDays(record_, policy_), "day"), "; the probation ends on ",
          ShowDay(record_.probation_until), ".");
    } else if (left <= 1) {
      Say("One more soft bounce of mail issued on another day would suppress it for ",
          Plural(policy_.soft_days, "day"), ".");
    } else {
      Say(left, counted_.soft.empty() ? "" : " more", " soft bounces of mail issued on ", left,
          " different days within ", Plural(policy_.soft_window_days, "day"),
          " would suppress it for ", Plural(policy_.soft_days, "day"), ".");
    }
    if (!counted_.soft.empty()) {
      Say("The oldest soft bounce that counts lapses on ",
          ShowDay(counted_.soft.front() + policy_.soft_window_days),
          "; a delivery would clear them all.");
    }
    if (dossier_.risky_until > DayOf(now_)) {
      Say("Without another soft bounce it is no longer risky from ", ShowDay(dossier_.risky_until),
          " on.");
    }
  }

  void Hard() {
    Say("A hard bounce whose text leaves no doubt would suppress it until somebody takes it off.");
    int count = static_cast<int>(counted_.hard.size());
    int left = policy_.hard_confirmations - count;
    if (left <= 1) {
      Say("A less certain hard bounce of mail issued on another day would do the same.");
      return;
    }
    int days = policy_.hard_days << std::min(count, 16);
    Say("A less certain hard bounce", count == 0 ? "" : " of mail issued on another day",
        " would suppress it for ", Plural(days, "day"), "; ", left, count == 0 ? "" : " more",
        " of mail issued on ", left, count == 0 ? " different" : " other", " days for good.");
  }

  const AddressDossier& dossier_;
  const AddressRecord& record_;
  const Policy& policy_;
  const absl::Time now_;
  const Counted counted_;
  std::vector<std::string> sentences_;
};

void AddCount(std::string_view name, const std::vector<Day>& days, int threshold,
              v1::ExplainResponse& response) {
  v1::Count* count = response.add_counts();
  count->set_name(std::string(name));
  count->set_value(static_cast<std::int32_t>(days.size()));
  count->set_threshold(threshold);
  for (Day day : days) count->add_days(ShowDay(day));
}

}  // namespace

v1::ExplainResponse Explain(const AddressDossier& dossier, const Policy& policy,
                            std::string_view stream, absl::Time now) {
  v1::ExplainResponse response;
  Outlook outlook(dossier, policy, now);
  const Suppression* suppression = Strongest(dossier.suppressions, stream, now);
  if (suppression != nullptr) {
    response.set_verdict(v1::VERDICT_SUPPRESSED);
    *response.mutable_suppression() = ToProto(*suppression);
    response.set_summary(SummaryOf(*suppression));
  } else if (DayOf(now) < dossier.risky_until) {
    response.set_verdict(v1::VERDICT_RISKY);
    response.set_summary(SummaryOfRisky(outlook.counted(), dossier.record, policy));
  } else {
    response.set_verdict(v1::VERDICT_SEND);
    response.set_summary(SummaryOfSend(dossier, now));
  }
  for (std::string& sentence : outlook.Sentences(suppression)) {
    response.add_outlook(std::move(sentence));
  }
  for (const Suppression& each : dossier.suppressions) {
    *response.add_suppressions() = ToProto(each);
  }
  for (const StoredEvent& event : dossier.events) *response.add_events() = ToProto(event);
  for (const Change& change : dossier.changes) *response.add_changes() = ToProto(change);
  AddCount("hard_confirmations", outlook.counted().hard, policy.hard_confirmations, response);
  AddCount("soft_bounces", outlook.counted().soft, policy.soft_threshold, response);
  return response;
}

v1::ExplainResponse ExplainInvalid(const absl::Status& why) {
  v1::ExplainResponse response;
  response.set_verdict(v1::VERDICT_INVALID);
  response.set_summary(absl::StrCat("This is no address: ", why.message(), "."));
  return response;
}

}  // namespace bounced::api
