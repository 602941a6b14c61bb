// A provider that refuses our mail, from the log of the mail system to who looks at incidents.
#include <signal.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/e2e/harness/daemon.h"

namespace bounced::e2e {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

// What Postfix logs of mail that Google's host answers.
std::string LogOf(int refused, int delivered) {
  const std::string now = absl::FormatTime(absl::RFC3339_sec, absl::Now(), absl::UTCTimeZone());
  std::string log;
  for (int i = 0; i < refused + delivered; ++i) {
    const bool is_refused = i < refused;
    absl::StrAppend(
        &log, now, " mta postfix/smtp[7]: ", 100'000 + i, "AB: to=<r", i,
        "@gmail.com>, relay=gmail-smtp-in.l.google.com[198.51.100.1]:25, delay=1,"
        " delays=0/0/0/1, dsn=",
        is_refused ? "5.7.1" : "2.0.0", ", status=", is_refused ? "bounced" : "sent", " (",
        is_refused ? "host gmail-smtp-in.l.google.com[198.51.100.1] said: 550-5.7.1 [192.0.2.7] Our"
                     " system has detected that this message is likely unsolicited mail. To reduce"
                     " the amount of spam sent to Gmail, this message has been blocked. 550 5.7.1"
                     " https://support.google.com/mail/?p=UnsolicitedMessageError (in reply to end"
                     " of DATA command)"
                   : "250 2.0.0 OK",
        ")\n");
  }
  return log;
}

// Counts that were not looked at yet are at the end; an incident is there after a restart.
TEST(Refusals, OfAProviderAreAnIncidentThatARestartKeeps) {
  Daemon daemon({.sections = "[incidents]\nrefusal_count = 5\n"});
  const Outcome told = daemon.Bouncectl({"ingest", "--postfix-log", "-"}, LogOf(5, 20));
  ASSERT_EQ(told.status, 0) << told.err;
  EXPECT_THAT(told.out, HasSubstr("5 bounced"));
  EXPECT_EQ(daemon.Check("r0@gmail.com"), v1::VERDICT_SEND);
  ASSERT_EQ(daemon.Stop(SIGTERM), 0);
  EXPECT_THAT(daemon.log(), HasSubstr("incident.opened incident=1 kind=refusal"));
  EXPECT_THAT(daemon.log(), Not(HasSubstr("192.0.2.7")));

  daemon.Restart();
  const Outcome listed = daemon.Bouncectl({"incidents"});
  EXPECT_EQ(listed.status, 1) << listed.err;
  EXPECT_THAT(listed.out, StartsWith("1\trefusal\topen\tgoogle\t5\t"));
  EXPECT_THAT(listed.out, HasSubstr("\t5 of 25 in 1h\t192.0.2.7\tUnsolicitedMessageError\t"
                                    "https://support.google.com/a/answer/3726730\n"));
  EXPECT_EQ(daemon.Bouncectl({"resolve", "1", "--close", "--cause", "asked them"}).status, 0);
  EXPECT_EQ(daemon.Bouncectl({"incidents"}).status, 0);
  EXPECT_THAT(daemon.Bouncectl({"incidents", "--all", "--json"}).out, HasSubstr("asked them"));
}

}  // namespace
}  // namespace bounced::e2e
