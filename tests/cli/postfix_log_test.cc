#include "server/cli/postfix_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "parser/text.h"
#include "server/cli/times.h"

namespace bounced::cli {
namespace {

using testing::HasSubstr;

absl::Time At(std::string_view text) { return *ParseFullTime(text); }
const absl::Time kNow = At("2026-11-08T12:00:00Z");

std::string_view Word(PostfixLine line) {
  switch (line) {
    case PostfixLine::kAttempt:
      return "attempt";
    case PostfixLine::kReturnPath:
      return "return path";
    case PostfixLine::kOwn:
      return "own";
    case PostfixLine::kNullReturnPath:
      return "null return path";
    case PostfixLine::kOther:
      break;
  }
  return "other";
}

// "bounced r@example.net <text> dsn=5.1.1 relay=mx stage=RCPT host=mta ref=4XyZ", of what there is.
std::string Summary(const v1::DeliveryAttempt& attempt) {
  constexpr std::string_view kOutcome = "DELIVERY_OUTCOME_";
  constexpr std::string_view kStage = "STAGE_";
  std::string text = FoldCase(
      std::string_view(v1::DeliveryOutcome_Name(attempt.outcome())).substr(kOutcome.size()));
  absl::StrAppend(&text, " ", attempt.address());
  const auto add = [&text](std::string_view name, const std::string& value) {
    if (!value.empty()) absl::StrAppend(&text, " ", Absl(name), value);
  };
  add("<", attempt.text().empty() ? "" : absl::StrCat(attempt.text(), ">"));
  add("dsn=", attempt.enhanced_status());
  add("relay=", attempt.remote_mta());
  if (attempt.stage() != v1::STAGE_UNSPECIFIED) {
    add("stage=", v1::Stage_Name(attempt.stage()).substr(kStage.size()));
  }
  add("host=", attempt.reporting_mta());
  add("ref=", attempt.message_reference());
  add("path=", attempt.return_path());
  add("final=", attempt.final_recipient());
  return text;
}

// What a log says line by line: what each is, and the attempt.
std::vector<std::string> Read(PostfixLog& log, const std::vector<std::string>& lines) {
  std::vector<std::string> read;
  for (const std::string& line : lines) {
    v1::DeliveryAttempt attempt;
    const PostfixLine kind = log.Take(line, kNow, attempt);
    read.emplace_back(kind == PostfixLine::kAttempt ? Summary(attempt) : Word(kind));
  }
  return read;
}
std::string Read(const std::string& line, PostfixLogOptions options = {}) {
  PostfixLog log(options);
  return Read(log, std::vector{line}).front();
}

// --- What becomes of a mail, as Postfix 3.7 writes it

constexpr std::string_view kPrefix = "Nov  7 10:30:00 mta postfix/smtp[4711]: 4XyZ12abc: ";

struct Case {
  std::string_view name;
  std::string_view line;  // behind kPrefix
  std::string_view want;
};
class ResultTest : public testing::TestWithParam<Case> {};

TEST_P(ResultTest, IsRead) {
  EXPECT_EQ(Read(absl::StrCat(Absl(kPrefix), Absl(GetParam().line))), GetParam().want);
}
INSTANTIATE_TEST_SUITE_P(
    , ResultTest,
    testing::ValuesIn<Case>({
        {"Sent",
         "to=<r@example.net>, relay=mx.example.net[192.0.2.1]:25, delay=1.2, delays=0.1/0/0.9/0.2, "
         "dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as 9F1)",
         "delivered r@example.net dsn=2.0.0 relay=mx.example.net host=mta ref=4XyZ12abc"},
        {"SentOverAConnectionThatWasUsedBefore",
         "to=<r@example.net>, relay=mx.example.net[2001:db8::1]:25, conn_use=2, delay=1.2, "
         "delays=0.1/0/0.9/0.2, dsn=2.0.0, status=sent (250 ok)",
         "delivered r@example.net dsn=2.0.0 relay=mx.example.net host=mta ref=4XyZ12abc"},
        {"RefusedAtRcpt",
         "to=<nouser@example.net>, relay=mx.example.net[192.0.2.1]:25, delay=0.1, "
         "delays=0.03/0.01/0.03/0.03, dsn=5.1.1, status=bounced (host mx.example.net[192.0.2.1] "
         "said: 550 5.1.1 <nouser@example.net>: Recipient address rejected: User unknown (in reply "
         "to RCPT TO command))",
         "bounced nouser@example.net <smtp; 550 5.1.1 <nouser@example.net>: Recipient address "
         "rejected: User unknown> dsn=5.1.1 relay=mx.example.net stage=RCPT host=mta "
         "ref=4XyZ12abc"},
        {"RefusedInSeveralLines",
         "to=<r@example.net>, relay=mx.example.net[192.0.2.1]:25, delay=0.1, delays=0/0/0/0, "
         "dsn=5.2.1, status=bounced (host mx.example.net[192.0.2.1] said: 550-5.2.1 The account is "
         "550 5.2.1 disabled. (x) - gsmtp (in reply to end of DATA command))",
         "bounced r@example.net <smtp; 550-5.2.1 The account is 550 5.2.1 disabled. (x) - gsmtp> "
         "dsn=5.2.1 relay=mx.example.net stage=DATA host=mta ref=4XyZ12abc"},
        {"RefusedAtMail",
         "to=<r@example.net>, relay=mx.example.net[192.0.2.1]:25, delay=0.1, delays=0/0/0/0, "
         "dsn=5.7.1, status=bounced (host mx.example.net[192.0.2.1] said: 550 5.7.1 no (in reply "
         "to MAIL FROM command))",
         "bounced r@example.net <smtp; 550 5.7.1 no> dsn=5.7.1 relay=mx.example.net stage=MAIL "
         "host=mta ref=4XyZ12abc"},
        {"RefusedAtEhlo",
         "to=<r@example.net>, relay=mx.example.net[192.0.2.1]:25, delay=0.1, delays=0/0/0/0, "
         "dsn=5.5.0, status=bounced (host mx.example.net[192.0.2.1] said: 550 go away (in reply to "
         "EHLO command))",
         "bounced r@example.net <smtp; 550 go away> dsn=5.5.0 relay=mx.example.net stage=HELO "
         "host=mta ref=4XyZ12abc"},
        {"RefusedInTheGreeting",
         "to=<r@example.net>, relay=mx.example.net[192.0.2.1]:25, delay=0.1, delays=0/0/0/0, "
         "dsn=5.7.1, status=bounced (host mx.example.net[192.0.2.1] refused to talk to me: 554 "
         "5.7.1 blocked, see https://bl.example/)",
         "bounced r@example.net <smtp; 554 5.7.1 blocked, see https://bl.example/> dsn=5.7.1 "
         "relay=mx.example.net stage=CONNECT host=mta ref=4XyZ12abc"},
        {"OfLmtp",
         "to=<r@example.net>, relay=mx.example.net[192.0.2.1]:24, delay=0.1, delays=0/0/0/0, "
         "dsn=5.1.1, status=bounced (host mx.example.net[192.0.2.1] said: 550 5.1.1 no (in reply "
         "to LHLO command))",
         "bounced r@example.net <smtp; 550 5.1.1 no> dsn=5.1.1 relay=mx.example.net stage=HELO "
         "host=mta ref=4XyZ12abc"},
        {"NoConnection",
         "to=<r@silent.example>, relay=none, delay=30, delays=0.1/0/30/0, dsn=4.4.1, "
         "status=deferred (connect to silent.example[192.0.2.7]:25: Connection timed out)",
         "deferred r@silent.example <x-postfix; connect to silent.example[192.0.2.7]:25: "
         "Connection timed out> dsn=4.4.1 host=mta ref=4XyZ12abc"},
        {"NoDomain",
         "to=<r@nosuch.example>, relay=none, delay=0.1, delays=0.1/0/0/0, dsn=5.4.4, "
         "status=bounced (Host or domain name not found. Name service error for "
         "name=nosuch.example type=AAAA: Host not found)",
         "bounced r@nosuch.example <x-postfix; Host or domain name not found. Name service error "
         "for name=nosuch.example type=AAAA: Host not found> dsn=5.4.4 host=mta ref=4XyZ12abc"},
        {"NoMailThere",
         "to=<r@null.example>, relay=none, delay=0.1, delays=0.1/0/0/0, dsn=5.1.0, status=bounced "
         "(Domain null.example does not accept mail (nullMX))",
         "bounced r@null.example <x-postfix; Domain null.example does not accept mail (nullMX)> "
         "dsn=5.1.0 host=mta ref=4XyZ12abc"},
        {"LostOnTheWay",
         "to=<r@example.net>, relay=mx.example.net[192.0.2.1]:25, delay=5, delays=0/0/5/0, "
         "dsn=4.4.2, status=deferred (lost connection with mx.example.net[192.0.2.1] while sending "
         "RCPT TO)",
         "deferred r@example.net <x-postfix; lost connection with mx.example.net[192.0.2.1] while "
         "sending RCPT TO> dsn=4.4.2 relay=mx.example.net host=mta ref=4XyZ12abc"},
        {"SaidByNobody",
         "to=<r@example.net>, relay=none, delay=5, delays=0/0/5/0, dsn=5.0.0, status=bounced (host "
         "said: 550 5.1.1 forged)",
         "bounced r@example.net <x-postfix; host said: 550 5.1.1 forged> dsn=5.0.0 host=mta "
         "ref=4XyZ12abc"},
        {"CutByTheLog",
         "to=<r@example.net>, relay=mx.example.net[192.0.2.1]:25, delay=5, delays=0/0/5/0, "
         "dsn=5.1.1, status=bounced (host mx.example.net[192.0.2.1] said: 550 5.1.1 user unkn",
         "bounced r@example.net <smtp; 550 5.1.1 user unkn> dsn=5.1.1 relay=mx.example.net "
         "host=mta ref=4XyZ12abc"},
        {"ThroughAnAlias",
         "to=<r@example.net>, orig_to=<team@sender.example>, "
         "relay=mx.example.net[192.0.2.1]:25, delay=1, delays=0/0/1/0, dsn=2.0.0, status=sent (250 "
         "ok)",
         "delivered team@sender.example dsn=2.0.0 relay=mx.example.net host=mta ref=4XyZ12abc "
         "final=r@example.net"},
        {"ThroughItsOwnNameOrOneWithoutADomain",
         "to=<R@example.net>, orig_to=<r@Example.net>, relay=mx.example.net[192.0.2.1]:25, "
         "delay=1, delays=0/0/1/0, dsn=2.0.0, status=sent (250 ok)",
         "delivered R@example.net dsn=2.0.0 relay=mx.example.net host=mta ref=4XyZ12abc"},
        {"ThroughRoot",
         "to=<r@example.net>, orig_to=<root>, relay=mx.example.net[192.0.2.1]:25, delay=1, "
         "delays=0/0/1/0, dsn=2.0.0, status=sent (250 ok)",
         "delivered r@example.net dsn=2.0.0 relay=mx.example.net host=mta ref=4XyZ12abc"},
        // Quoted local parts are text.
        {"ALocalPartThatLooksLikeFields",
         "to=<\"x>, relay=y[192.0.2.9]:25, dsn=5.1.1, status=bounced (no)\"@example.net>, "
         "relay=mx.example.net[192.0.2.1]:25, delay=1, delays=0/0/1/0, dsn=2.0.0, status=sent (250 "
         "ok)",
         "delivered \"x>, relay=y[192.0.2.9]:25, dsn=5.1.1, status=bounced (no)\"@example.net "
         "dsn=2.0.0 relay=mx.example.net host=mta ref=4XyZ12abc"},
        {"AQuoteInAQuote",
         "to=<\"a\\\">b\"@example.net>, relay=mx.example.net[192.0.2.1]:25, delay=1, "
         "delays=0/0/1/0, dsn=2.0.0, status=sent (250 ok)",
         "delivered \"a\\\">b\"@example.net dsn=2.0.0 relay=mx.example.net host=mta ref=4XyZ12abc"},
        {"WithoutQuotesNoneOfItIsBelieved",
         "to=<victim@example.org>, relay=y[192.0.2.9]:25, delay=1, delays=0/0/1/0, dsn=5.1.1, "
         "status=bounced (no)@example.net>, relay=mx.example.net[192.0.2.1]:25, delay=1, "
         "delays=0/0/1/0, dsn=2.0.0, status=sent (250 ok)",
         "other"},
        // Within the own system.
        {"ToAMailbox",
         "to=<r@sender.example>, relay=local, delay=0.1, delays=0/0/0/0, dsn=2.0.0, status=sent "
         "(delivered to mailbox)",
         "own"},
        {"ToNoMailbox",
         "to=<r@sender.example>, relay=virtual, delay=0.1, delays=0/0/0/0, dsn=5.1.1, "
         "status=bounced (unknown user: \"r@sender.example\")",
         "own"},
        {"ToALocalServer",
         "to=<r@sender.example>, relay=mta.sender.example[private/dovecot-lmtp], delay=0.1, "
         "delays=0/0/0/0, dsn=2.0.0, status=sent (250 2.0.0 Saved)",
         "own"},
        {"ToAFilter",
         "to=<r@example.net>, relay=127.0.0.1[127.0.0.1]:10024, delay=0.1, delays=0/0/0/0, "
         "dsn=2.0.0, status=sent (250 2.0.0 from MTA: 250 2.0.0 Ok: queued as 1)",
         "own"},
        {"RefusedByAFilter",
         "to=<r@example.net>, relay=filter[10.0.0.7]:10024, delay=0.1, delays=0/0/0/0, dsn=5.7.0, "
         "status=bounced (host filter[10.0.0.7] said: 554 5.7.0 Reject (in reply to end of DATA "
         "command))",
         "own"},
        {"ToNowhere",
         "to=<r@example.net>, relay=none, delay=0.1, delays=0/0/0/0, dsn=2.0.0, status=sent "
         "(discard.example)",
         "own"},
        {"ToAUserWithoutADomain",
         "to=<root>, relay=mx.example.net[192.0.2.1]:25, delay=1, delays=0/0/1/0, dsn=2.0.0, "
         "status=sent (250 ok)",
         "own"},
        // Others.
        {"Expired", "from=<a@sender.example>, status=expired, returned to sender", "other"},
        {"Probed",
         "to=<r@example.net>, relay=mx.example.net[192.0.2.1]:25, delay=1, delays=0/0/1/0, "
         "dsn=2.1.5, status=deliverable (250 2.1.5 Ok)",
         "other"},
        {"MessageId", "message-id=<1@sender.example>", "other"},
        {"Removed", "removed", "other"},
        {"NoStatus", "to=<r@example.net>, relay=none, delay=1", "other"},
        {"NoText", "to=<r@example.net>, relay=none, status=bounced", "other"},
        {"NoEndOfTheAddress", "to=<r@example.net, relay=none, status=bounced (x)", "other"},
        {"FieldsWithoutEnd",
         "to=<r@example.net>, a=1, b=2, c=3, d=4, e=5, f=6, g=7, h=8, status=bounced (x)", "other"},
    }),
    [](const auto& test) { return std::string(test.param.name); });

// --- Where a line comes from

struct Form {
  std::string_view name;
  std::string_view prefix;
  std::string_view time;
  std::string_view host;
  std::string_view reference;
};
class FormTest : public testing::TestWithParam<Form> {};

TEST_P(FormTest, IsKnown) {
  PostfixLog log({.zone = absl::FixedTimeZone(3'600)});
  v1::DeliveryAttempt attempt;
  const std::string line = absl::StrCat(
      Absl(GetParam().prefix),
      "4XyZ1: to=<r@example.net>, relay=mx.example.net[192.0.2.1]:25, delay=1, dsn=2.0.0, "
      "status=sent (250 ok)");
  const PostfixLine kind = log.Take(line, kNow, attempt);
  if (GetParam().time.empty()) {
    EXPECT_EQ(Word(kind), "other");
    return;
  }
  ASSERT_EQ(Word(kind), "attempt");
  EXPECT_EQ(FormatTime(attempt.time()), GetParam().time);
  EXPECT_EQ(attempt.reporting_mta(), GetParam().host);
  EXPECT_EQ(attempt.message_reference(), GetParam().reference);
}
INSTANTIATE_TEST_SUITE_P(
    , FormTest,
    testing::ValuesIn<Form>({
        {"Classic", "Nov  7 10:30:00 mta postfix/smtp[1]: ", "2026-11-07T09:30:00Z", "mta",
         "4XyZ1"},
        {"ClassicOfLateInTheMonth", "Oct 31 10:30:00 mta postfix/smtp[1]: ", "2026-10-31T09:30:00Z",
         "mta", "4XyZ1"},
        {"Precise", "Nov  7 10:30:00.250000 mta postfix/smtp[1]: ", "2026-11-07T09:30:00.25Z",
         "mta", "4XyZ1"},
        {"WithPriority", "<22>Nov  7 10:30:00 mta postfix/smtp[1]: ", "2026-11-07T09:30:00Z", "mta",
         "4XyZ1"},
        {"WithoutHost", "Nov  7 10:30:00 postfix/smtp[1]: ", "2026-11-07T09:30:00Z", "", "4XyZ1"},
        {"OfLastYear", "Nov 10 10:30:00 mta postfix/smtp[1]: ", "2025-11-10T09:30:00Z", "mta",
         "4XyZ1"},
        {"OfTomorrow", "Nov  9 10:30:00 mta postfix/smtp[1]: ", "2026-11-09T09:30:00Z", "mta",
         "4XyZ1"},
        {"OfALeapDay", "Feb 29 10:30:00 mta postfix/smtp[1]: ", "2024-02-29T09:30:00Z", "mta",
         "4XyZ1"},
        {"Rfc3339", "2026-11-07T10:30:00.123456+02:00 mta postfix/smtp[1]: ",
         "2026-11-07T08:30:00.123456Z", "mta", "4XyZ1"},
        {"Rfc3339InUtc", "2026-11-07T10:30:00Z mta postfix/smtp[1]: ", "2026-11-07T10:30:00Z",
         "mta", "4XyZ1"},
        {"ShortIso", "2026-11-07T10:30:00+0200 mta postfix/smtp[1]: ", "2026-11-07T08:30:00Z",
         "mta", "4XyZ1"},
        {"Cat", "", "2026-11-08T12:00:00Z", "", "4XyZ1"},
        {"Lmtp", "Nov  7 10:30:00 mta postfix/lmtp[1]: ", "2026-11-07T09:30:00Z", "mta", "4XyZ1"},
        {"NamedService", "Nov  7 10:30:00 mta postfix/relay/smtp[1]: ", "2026-11-07T09:30:00Z",
         "mta", "4XyZ1"},
        {"Instance", "Nov  7 10:30:00 mta postfix-out/smtp[1]: ", "2026-11-07T09:30:00Z", "mta",
         "postfix-out/4XyZ1"},
        {"OtherProgram", "Nov  7 10:30:00 mta exim[1]: ", "", "", ""},
        {"NoStamp", "mta postfix/smtp[1]: ", "", "", ""},
        {"NoMonth", "Nix  7 10:30:00 mta postfix/smtp[1]: ", "", "", ""},
        {"NoSuchDay", "Nov 31 10:30:00 mta postfix/smtp[1]: ", "", "", ""},
        {"NoSuchTime", "2026-11-07T25:30:00Z mta postfix/smtp[1]: ", "", "", ""},
        {"NoQueueId", "Nov  7 10:30:00 mta postfix/smtp[1]: warning: ", "", "", ""},
    }),
    [](const auto& test) { return std::string(test.param.name); });

// --- The return path

std::string From(std::string_view id, std::string_view address,
                 std::string_view tag = "postfix/qmgr[1]:", std::string_view host = "mta") {
  return absl::StrCat("Nov  7 10:29:59 ", Absl(host), " ", Absl(tag), " ", Absl(id), ": from=<",
                      Absl(address), ">, size=1234, nrcpt=1 (queue active)");
}
std::string To(std::string_view id,
               std::string_view tag = "postfix/smtp[2]:", std::string_view host = "mta") {
  return absl::StrCat("Nov  7 10:30:00 ", Absl(host), " ", Absl(tag), " ", Absl(id),
                      ": to=<r@example.net>, relay=mx.example.net[192.0.2.1]:25, delay=1, "
                      "dsn=2.0.0, status=sent (250 ok)");
}

TEST(PostfixLog, JoinsTheReturnPathByTheQueuesId) {
  PostfixLog log;
  const std::vector<std::string> read =
      Read(log, {From("4AAAA1", "bo-1@rp.example"), From("4BBBB2", "bo-2@rp.example"), To("4BBBB2"),
                 To("4AAAA1", "postfix/relay/smtp[2]:"), To("4CCCC3"),
                 To("4AAAA1", "postfix-out/smtp[2]:"), To("4AAAA1", "postfix/smtp[2]:", "mtb"),
                 From("4AAAA1", "bo-3@rp.example"), To("4AAAA1")});
  EXPECT_EQ(read[0], "return path");
  EXPECT_THAT(read[2], HasSubstr("path=bo-2@rp.example"));
  EXPECT_THAT(read[3], HasSubstr("path=bo-1@rp.example"));
  for (const std::size_t unknown : {4U, 5U, 6U}) {
    EXPECT_THAT(read[unknown], testing::Not(HasSubstr("path=")));
  }
  EXPECT_THAT(read[8], HasSubstr("path=bo-3@rp.example"));
}

TEST(PostfixLog, ReportsAreNoMailOfTheSenders) {
  PostfixLog log;
  EXPECT_EQ(Read(log, {From("4AAAA1", ""), To("4AAAA1")})[1], "null return path");
  // A user without a domain is no return path that anybody could sign.
  for (const char* none : {"root", "a b@x.example"}) {
    EXPECT_THAT(Read(log, {From("4AAAA2", none), To("4AAAA2")})[1],
                testing::AllOf(testing::StartsWith("delivered"), testing::Not(HasSubstr("path="))));
  }
}

TEST(PostfixLog, RemembersTheNewestMails) {
  PostfixLog log({.max_remembered_mails = 2});
  const std::vector<std::string> read =
      Read(log, {From("4AAAA1", "a@x.example"), From("4AAAA2", "b@x.example"), To("4AAAA1"),
                 From("4AAAA3", "c@x.example"), To("4AAAA1"), To("4AAAA2"), To("4AAAA3")});
  EXPECT_THAT(read[2], HasSubstr("path=a@"));
  EXPECT_THAT(read[4], testing::Not(HasSubstr("path=")));
  EXPECT_THAT(read[5], HasSubstr("path=b@"));
  EXPECT_THAT(read[6], HasSubstr("path=c@"));
}

// --- Bounds

TEST(PostfixLog, PrivateHostsReceiveMailWhereSaid) {
  for (const std::string_view address :
       {"127.0.0.2", "::1", "10.1.2.3", "172.31.0.1", "192.168.0.1", "169.254.1.1", "100.64.0.1",
        "fd00::1", "fe80::1", "::ffff:10.1.2.3"}) {
    const std::string line =
        absl::StrCat(Absl(kPrefix), "to=<r@example.net>, relay=mx[", Absl(address),
                     "]:25, delay=1, dsn=2.0.0, status=sent (250 ok)");
    EXPECT_EQ(Read(line), "own") << address;
    EXPECT_THAT(Read(line, {.private_hosts = true}), testing::StartsWith("delivered")) << address;
  }
  for (const std::string_view address : {"172.32.0.1", "100.128.0.1", "192.0.2.1", "2001:db8::1"}) {
    const std::string line =
        absl::StrCat(Absl(kPrefix), "to=<r@example.net>, relay=mx[", Absl(address),
                     "]:25, delay=1, dsn=2.0.0, status=sent (250 ok)");
    EXPECT_THAT(Read(line), testing::StartsWith("delivered")) << address;
  }
}

TEST(PostfixLog, T33WhatIsTooLongIsPassedOverOrCut) {
  const auto line = [](std::string_view id, std::string_view address, std::string_view text) {
    return absl::StrCat("Nov  7 10:30:00 mta postfix/smtp[1]: ", Absl(id), ": to=<", Absl(address),
                        ">, relay=none, dsn=5.0.0, status=bounced (", Absl(text), ")");
  };
  const std::string domain = "@example.net";
  for (const auto& [octets, want] : {std::pair(320U, "bounced"), {321U, "other"}}) {
    const std::string address = std::string(octets - domain.size(), 'a') + domain;
    EXPECT_THAT(Read(line("4XyZ1", address, "no")), testing::StartsWith(want)) << octets;
  }
  for (const auto& [octets, want] :
       {std::pair(4U, "other"), {5U, "bounced"}, {64U, "bounced"}, {65U, "other"}}) {
    EXPECT_THAT(Read(line(std::string(octets, '4'), "r@example.net", "no")),
                testing::StartsWith(want))
        << octets;
  }
  v1::DeliveryAttempt attempt;
  PostfixLog().Take(line("4XyZ1", "r@example.net", std::string(9'000, 'x')), kNow, attempt);
  EXPECT_EQ(attempt.text().size(), 4'096U);
  PostfixLog().Take(line("4XyZ1", "r@example.net", "caf\xE9 \x1B[31m"), kNow, attempt);
  EXPECT_EQ(attempt.text(), "x-postfix; caf\xEF\xBF\xBD \\x{1B}[31m");
  EXPECT_EQ(Read(line("4XyZ1", "caf\xE9@example.net", "no")), "own");
}

TEST(PostfixLog, TakesAnyOctets) {
  const std::string whole = absl::StrCat(
      Absl(kPrefix),
      "to=<r@example.net>, orig_to=<t@sender.example>, relay=mx.example.net[192.0.2.1]:25, "
      "dsn=5.1.1, status=bounced (host mx.example.net[192.0.2.1] said: 550 no (in reply to RCPT TO "
      "command))");
  for (std::size_t size = 0; size < whole.size(); ++size) {
    Read(whole.substr(0, size));
    Read(whole.substr(size));
    std::string broken = whole;
    broken[size] = '\xFF';
    Read(broken);
  }
}

}  // namespace
}  // namespace bounced::cli
