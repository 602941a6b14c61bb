// What real mail servers report, each in its own way, has one meaning to the daemon.
#include <algorithm>
#include <chrono>
#include <iterator>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/e2e/harness/mail_system.h"
#include "tests/skip.h"

namespace bounced::e2e {
namespace {

using testing::HasSubstr;

constexpr Sender kSenders[] = {Sender::kPostfix, Sender::kExim, Sender::kOpenSmtpd};

std::string NameOf(Sender sender) {
  switch (sender) {
    case Sender::kPostfix:
      return "Postfix";
    case Sender::kExim:
      return "Exim";
    case Sender::kOpenSmtpd:
      return "OpenSmtpd";
  }
  return "";
}

void ExpectSignedReport(const v1::Event& event) {
  EXPECT_EQ(event.trust(), v1::TRUST_SIGNED);
  EXPECT_EQ(event.report_form(), "rfc3464");
  EXPECT_EQ(event.reporting_mta(), "mta.sender.example");
}

class MailServersTest : public testing::TestWithParam<Sender> {
 protected:
  void SetUp() override {
    const std::string reason = MailSystem::Unavailable(GetParam());
    if (!reason.empty()) BOUNCED_SKIP(reason);
  }
};

class MailServersAndTlsTest : public testing::TestWithParam<std::tuple<Sender, bool>> {
 protected:
  void SetUp() override {
    const std::string reason = MailSystem::Unavailable(std::get<Sender>(GetParam()));
    if (!reason.empty()) BOUNCED_SKIP(reason);
  }
};

struct Refused {
  std::string recipient;  // its local part tells how it is refused: refusing_server.h
  std::string_view reason;
  v1::BounceClass bounce_class;
  v1::Verdict verdict;
  std::string_view mail_options = "";
  std::set<Sender> senders = {std::begin(kSenders), std::end(kSenders)};
};

const std::vector<Refused>& Table() {
  // OpenSMTPD takes neither SMTPUTF8 nor a blank in a local part.
  static const std::set<Sender> kMost = {Sender::kPostfix, Sender::kExim};
  static const std::vector<Refused> table = {
      {"nouser@rcpt.example", "no_such_user", v1::BOUNCE_CLASS_HARD, v1::VERDICT_SUPPRESSED},
      {"multiline@rcpt.example", "no_such_user", v1::BOUNCE_CLASS_HARD, v1::VERDICT_SUPPRESSED},
      {"bare@rcpt.example", "no_such_user", v1::BOUNCE_CLASS_HARD, v1::VERDICT_SUPPRESSED},
      {"latin@rcpt.example", "no_such_user", v1::BOUNCE_CLASS_HARD, v1::VERDICT_SUPPRESSED},
      {"utf8@rcpt.example", "no_such_user", v1::BOUNCE_CLASS_HARD, v1::VERDICT_SUPPRESSED},
      {"late@rcpt.example", "no_such_user", v1::BOUNCE_CLASS_HARD, v1::VERDICT_SUPPRESSED},
      {"\"nouser with blanks\"@rcpt.example", "no_such_user", v1::BOUNCE_CLASS_HARD,
       v1::VERDICT_SUPPRESSED, "", kMost},
      {"nouser-почта@rcpt.example", "no_such_user", v1::BOUNCE_CLASS_HARD, v1::VERDICT_SUPPRESSED,
       " SMTPUTF8", kMost},
      // Exim makes an address of it that ASCII has, and sends it there.
      {"почта@plain.example",
       "smtputf8_unsupported",
       v1::BOUNCE_CLASS_BLOCK,
       v1::VERDICT_SEND,
       " SMTPUTF8",
       {Sender::kPostfix}},
      {"disabled@rcpt.example", "mailbox_disabled", v1::BOUNCE_CLASS_HARD, v1::VERDICT_SUPPRESSED},
      {"moved@rcpt.example", "mailbox_moved", v1::BOUNCE_CLASS_HARD, v1::VERDICT_SUPPRESSED},
      {"full@rcpt.example", "mailbox_full", v1::BOUNCE_CLASS_SOFT, v1::VERDICT_RISKY},
      {"large@rcpt.example", "too_large", v1::BOUNCE_CLASS_BLOCK, v1::VERDICT_SEND},
      {"spam@rcpt.example", "spam_content", v1::BOUNCE_CLASS_BLOCK, v1::VERDICT_SEND},
      {"dmarc@rcpt.example", "auth_failed", v1::BOUNCE_CLASS_BLOCK, v1::VERDICT_SEND},
      {"relay@rcpt.example", "relay_denied", v1::BOUNCE_CLASS_BLOCK, v1::VERDICT_SEND},
      {"blocklisted@rcpt.example", "sender_ip_blocked", v1::BOUNCE_CLASS_BLOCK, v1::VERDICT_SEND},
  };
  return table;
}

// The lines about sessions in which a message came.
std::vector<std::string> SessionsWithMessages(const std::string& log) {
  std::vector<std::string> sessions;
  std::istringstream lines(log);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("smtp.session ") && line.find(" messages=0 ") == std::string::npos) {
      sessions.push_back(line);
    }
  }
  return sessions;
}

TEST_P(MailServersAndTlsTest, EachRefusalHasTheEffectThatItDeserves) {
  const auto& [sender, tls] = GetParam();
  MailSystem system({.sender = sender, .tls = tls});
  std::vector<Refused> rows;
  for (const Refused& row : Table()) {
    if (row.senders.contains(sender)) rows.push_back(row);
  }
  for (const Refused& row : rows) {
    const SmtpReply reply =
        system.SendOut(system.daemon().Mint(row.recipient), {row.recipient}, "", row.mail_options);
    ASSERT_EQ(reply.code, 250) << row.recipient << ": " << reply.text;
  }
  for (const Refused& row : rows) {
    SCOPED_TRACE(row.recipient);
    const std::vector<v1::Event> events = system.AwaitEvents(row.recipient);
    ASSERT_EQ(events.size(), 1U);
    EXPECT_EQ(events[0].kind(), v1::KIND_BOUNCE);
    EXPECT_EQ(events[0].reason(), row.reason);
    EXPECT_EQ(events[0].bounce_class(), row.bounce_class);
    ExpectSignedReport(events[0]);
    EXPECT_EQ(system.AwaitVerdict(row.recipient, row.verdict), row.verdict)
        << events[0].policy_rule();
  }
  std::vector<std::string> sessions;
  EXPECT_TRUE(Eventually([&] {
    sessions = SessionsWithMessages(system.daemon().log());
    return !sessions.empty();
  }));
  for (const std::string& session : sessions) {
    EXPECT_THAT(session, HasSubstr(tls ? " tls=TLSv1.3 " : " tls=\"\" "));
  }
}

INSTANTIATE_TEST_SUITE_P(, MailServersAndTlsTest,
                         testing::Combine(testing::ValuesIn(kSenders), testing::Bool()),
                         [](const auto& each) {
                           return NameOf(std::get<Sender>(each.param)) +
                                  (std::get<bool>(each.param) ? "UnderTls" : "InTheClear");
                         });

// What is late is said to be late, and has no effect; what is given up is no reason to suppress,
// whoever was not there to take it.
TEST_P(MailServersTest, ADelayIsRecordedAndTheFailureAfterItIsNotHard) {
  MailSystem system({.sender = GetParam(),
                     .delay_warning = std::chrono::seconds(1),
                     .lifetime = std::chrono::seconds(4)});
  struct Case {
    std::string recipient;
    v1::BounceClass bounce_class;
  };
  const std::vector<Case> cases = {
      {"grey@rcpt.example", v1::BOUNCE_CLASS_SOFT},
      {"busy@rcpt.example", v1::BOUNCE_CLASS_BLOCK},     // it is the sender's rate
      {"bye@rcpt.example", v1::BOUNCE_CLASS_SOFT},       // 421 with the end of the connection
      {"drop@rcpt.example", v1::BOUNCE_CLASS_SOFT},      // its end in place of the last reply
      {"reader@silent.example", v1::BOUNCE_CLASS_SOFT},  // no connection
  };
  for (const Case& c : cases) {
    const SmtpReply reply = system.SendOut(system.daemon().Mint(c.recipient), {c.recipient});
    ASSERT_EQ(reply.code, 250) << c.recipient << ": " << reply.text;
  }
  for (const Case& c : cases) {
    SCOPED_TRACE(c.recipient);
    std::vector<v1::Event> events;
    // OpenSMTPD calls what it gives up delayed, too, under this status.
    EXPECT_TRUE(Eventually([&] {
      events = system.daemon().api().Events(c.recipient);
      return std::any_of(events.begin(), events.end(), [](const v1::Event& event) {
        return event.kind() == v1::KIND_BOUNCE || event.enhanced_status() == "4.4.7";
      });
    }));
    int delays = 0;
    for (const v1::Event& event : events) {
      ExpectSignedReport(event);
      if (event.kind() == v1::KIND_DELAY) {
        ++delays;
        EXPECT_EQ(event.effect(), v1::EFFECT_NONE);
      } else {
        EXPECT_EQ(event.kind(), v1::KIND_BOUNCE);
        EXPECT_EQ(event.bounce_class(), c.bounce_class) << event.reason();
        EXPECT_NE(GetParam(), Sender::kOpenSmtpd);
      }
    }
    EXPECT_GE(delays, 1);
    EXPECT_NE(system.daemon().Check(c.recipient), v1::VERDICT_SUPPRESSED);
  }
}

TEST_P(MailServersTest, AServerThatTurnsAllAwayIsNotTheRecipientsFault) {
  MailSystem system({.sender = GetParam(),
                     .delay_warning = std::chrono::seconds(1),
                     .lifetime = std::chrono::seconds(3)});
  const std::string recipient = "reader@closed.example";
  ASSERT_EQ(system.SendOut(system.daemon().Mint(recipient), {recipient}).code, 250);
  const std::vector<v1::Event> events = system.AwaitEvents(recipient);
  ASSERT_FALSE(events.empty());
  for (const v1::Event& event : events) {
    EXPECT_NE(event.bounce_class(), v1::BOUNCE_CLASS_HARD) << event.reason();
  }
  EXPECT_NE(system.daemon().Check(recipient), v1::VERDICT_SUPPRESSED);
}

TEST_P(MailServersTest, ADeliveryIsRecorded) {
  MailSystem system({.sender = GetParam()});
  // A server that has no DSN leaves the report to the last one that has.
  const std::string recipient = "reader@plain.example";
  const SmtpReply reply =
      system.SendOut(system.daemon().Mint(recipient), {recipient}, " NOTIFY=SUCCESS,FAILURE");
  ASSERT_EQ(reply.code, 250) << reply.text;
  const std::vector<v1::Event> events = system.AwaitEvents(recipient);
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].kind(), v1::KIND_DELIVERY);
  // Exim does not tell the two apart.
  EXPECT_EQ(events[0].reason(), GetParam() == Sender::kExim ? "delivered" : "relayed");
  ExpectSignedReport(events[0]);
  EXPECT_EQ(system.daemon().Check(recipient), v1::VERDICT_SEND);
}

TEST_P(MailServersTest, OfSeveralRecipientsOnlyTheOneVouchedForIsTouched) {
  MailSystem system({.sender = GetParam()});
  const std::string vouched = "nouser@rcpt.example";
  const std::string other = "disabled@rcpt.example";
  const SmtpReply reply =
      system.SendOut(system.daemon().Mint(vouched), {"reader@rcpt.example", other, vouched});
  ASSERT_EQ(reply.code, 250) << reply.text;
  ASSERT_EQ(system.AwaitEvents(vouched).size(), 1U);
  EXPECT_EQ(system.AwaitVerdict(vouched, v1::VERDICT_SUPPRESSED), v1::VERDICT_SUPPRESSED);
  EXPECT_EQ(system.daemon().Check(other), v1::VERDICT_SEND);
  EXPECT_EQ(system.daemon().Check("reader@rcpt.example"), v1::VERDICT_SEND);
  EXPECT_EQ(system.daemon().api().Suppressions().size(), 1U);
}

// The sender may have said for whom the mail was at first, and reports repeat it (RFC 3461, 4.2).
// Nobody vouches for that.
TEST_P(MailServersTest, AnotherOriginalRecipientIsNotTouched) {
  MailSystem system({.sender = GetParam()});
  const std::string recipient = "nouser@rcpt.example";
  const std::string original = "other@rcpt.example";
  const SmtpReply reply =
      system.SendOut(system.daemon().Mint(recipient), {recipient},
                     " NOTIFY=FAILURE ORCPT=rfc822;" + original, " RET=HDRS ENVID=QQ-1");
  ASSERT_EQ(reply.code, 250) << reply.text;
  const std::vector<v1::Event> events = system.AwaitEvents(recipient);
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].reason(), "no_such_user");
  ExpectSignedReport(events[0]);
  // OpenSMTPD keeps it to itself.
  EXPECT_EQ(events[0].original_recipient(), GetParam() == Sender::kOpenSmtpd ? "" : original);
  EXPECT_EQ(system.AwaitVerdict(recipient, v1::VERDICT_SUPPRESSED), v1::VERDICT_SUPPRESSED);
  EXPECT_EQ(system.daemon().Check(original), v1::VERDICT_SEND);
}

TEST_P(MailServersTest, AForgedReturnPathIsRefusedAtRcpt) {
  MailSystem system({.sender = GetParam()});
  const std::string recipient = "nouser@rcpt.example";
  // The token of one recipient, put before the address of another.
  std::string forged = system.daemon().api().Mint("other@rcpt.example", v1::RETURN_PATH_FORM_OPEN);
  const std::size_t name = forged.find("other=");
  ASSERT_NE(name, std::string::npos) << forged;
  forged.replace(name, 5, "nouser");

  ASSERT_EQ(system.SendOut(forged, {recipient}).code, 250);
  EXPECT_TRUE(
      Eventually([&] { return system.daemon().log().find("reason=forged") != std::string::npos; }));
  EXPECT_TRUE(system.AwaitSenderLog("550 5.1.1"));
  EXPECT_EQ(system.daemon().api().Events().size(), 0U);
  EXPECT_EQ(system.daemon().Check(recipient), v1::VERDICT_SEND);
}

INSTANTIATE_TEST_SUITE_P(, MailServersTest, testing::ValuesIn(kSenders),
                         [](const auto& each) { return NameOf(each.param); });

}  // namespace
}  // namespace bounced::e2e
