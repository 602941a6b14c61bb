// What a real Postfix reports comes to the daemon over SMTP, and the daemon knows what it means.
#include <string>
#include <string_view>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/e2e/harness/mail_system.h"
#include "tests/skip.h"

namespace bounced::e2e {
namespace {

using testing::HasSubstr;

class PostfixTest : public testing::Test {
 protected:
  void SetUp() override {
    const std::string reason = Postfix::Unavailable();
    if (!reason.empty()) BOUNCED_SKIP(reason);
  }
};

struct Case {
  std::string_view name;
  std::string recipient;  // its local part tells how it is refused: refusing_server.h
  v1::ReturnPathForm form;
  std::string_view reason;
  v1::BounceClass bounce_class;
  v1::Verdict verdict;
};

TEST_F(PostfixTest, EachRefusalHasTheEffectThatItDeserves) {
  const std::vector<Case> cases = {
      {"NoSuchUser", "nouser@rcpt.example", v1::RETURN_PATH_FORM_OPEN, "no_such_user",
       v1::BOUNCE_CLASS_HARD, v1::VERDICT_SUPPRESSED},
      {"NoSuchUserSealed", "nouser+sealed@rcpt.example", v1::RETURN_PATH_FORM_SEALED,
       "no_such_user", v1::BOUNCE_CLASS_HARD, v1::VERDICT_SUPPRESSED},
      {"NoSuchUserInFourLines", "multiline@rcpt.example", v1::RETURN_PATH_FORM_OPEN, "no_such_user",
       v1::BOUNCE_CLASS_HARD, v1::VERDICT_SUPPRESSED},
      {"NoSuchUserWithoutEnhancedStatus", "bare@rcpt.example", v1::RETURN_PATH_FORM_OPEN,
       "no_such_user", v1::BOUNCE_CLASS_HARD, v1::VERDICT_SUPPRESSED},
      {"NoSuchUserInLatin1", "latin@rcpt.example", v1::RETURN_PATH_FORM_OPEN, "no_such_user",
       v1::BOUNCE_CLASS_HARD, v1::VERDICT_SUPPRESSED},
      {"Disabled", "disabled@rcpt.example", v1::RETURN_PATH_FORM_OPEN, "mailbox_disabled",
       v1::BOUNCE_CLASS_HARD, v1::VERDICT_SUPPRESSED},
      {"MailboxFull", "full@rcpt.example", v1::RETURN_PATH_FORM_OPEN, "mailbox_full",
       v1::BOUNCE_CLASS_SOFT, v1::VERDICT_RISKY},
      {"Spam", "spam@rcpt.example", v1::RETURN_PATH_FORM_OPEN, "spam_content",
       v1::BOUNCE_CLASS_BLOCK, v1::VERDICT_SEND},
      {"BlockList", "blocklisted@rcpt.example", v1::RETURN_PATH_FORM_OPEN, "sender_ip_blocked",
       v1::BOUNCE_CLASS_BLOCK, v1::VERDICT_SEND},
  };
  MailSystem system;
  for (const Case& row : cases) {
    const std::string return_path = system.daemon().api().Mint(row.recipient, row.form);
    const SmtpReply reply = system.SendOut(return_path, {row.recipient});
    ASSERT_EQ(reply.code, 250) << reply.text;
  }
  for (const Case& row : cases) {
    SCOPED_TRACE(row.name);
    const std::vector<v1::Event> events = system.AwaitEvents(row.recipient);
    ASSERT_EQ(events.size(), 1U);
    EXPECT_EQ(events[0].kind(), v1::KIND_BOUNCE);
    EXPECT_EQ(events[0].reason(), row.reason);
    EXPECT_EQ(events[0].bounce_class(), row.bounce_class);
    EXPECT_EQ(events[0].trust(), v1::TRUST_SIGNED);
    EXPECT_EQ(events[0].report_form(), "rfc3464");
    EXPECT_EQ(events[0].reporting_mta(), "mta.sender.example");
    EXPECT_EQ(system.AwaitVerdict(row.recipient, row.verdict), row.verdict)
        << events[0].policy_rule();
    if (row.verdict == v1::VERDICT_SUPPRESSED) {
      const v1::CheckResponse check = system.daemon().api().CheckWithSuppression(row.recipient);
      EXPECT_EQ(check.suppression().reason(), row.reason);
      EXPECT_EQ(check.suppression().source(), v1::SOURCE_BOUNCE);
      EXPECT_EQ(check.suppression().event_id(), events[0].id());
    }
  }
}

TEST_F(PostfixTest, ADelayIsRecordedAndTheFailureAfterItIsSoft) {
  MailSystem system(
      {.delay_warning = std::chrono::seconds(1), .lifetime = std::chrono::seconds(4)});
  const std::string recipient = "grey@rcpt.example";
  ASSERT_EQ(system.SendOut(system.daemon().Mint(recipient), {recipient}).code, 250);

  std::vector<v1::Event> events = system.AwaitEvents(recipient, 1);
  ASSERT_FALSE(events.empty());
  EXPECT_EQ(events.back().kind(), v1::KIND_DELAY);
  EXPECT_EQ(events.back().effect(), v1::EFFECT_NONE);
  EXPECT_EQ(system.daemon().Check(recipient), v1::VERDICT_SEND);

  events = system.AwaitEvents(recipient, 2);
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(events.front().kind(), v1::KIND_BOUNCE);
  EXPECT_EQ(events.front().bounce_class(), v1::BOUNCE_CLASS_SOFT);
  EXPECT_NE(system.daemon().Check(recipient), v1::VERDICT_SUPPRESSED);
}

TEST_F(PostfixTest, DeliveriesAreRecordedAndRelaysToldFromThem) {
  // A server that has no DSN leaves the success report to the last one that has: Postfix.
  MailSystem system;
  const std::string delivered = "reader@discard.example";
  const std::string relayed = "reader@plain.example";
  for (const std::string& recipient : {delivered, relayed}) {
    const SmtpReply reply =
        system.SendOut(system.daemon().Mint(recipient), {recipient}, " NOTIFY=SUCCESS,FAILURE");
    ASSERT_EQ(reply.code, 250) << reply.text;
  }
  const std::vector<v1::Event> of_delivered = system.AwaitEvents(delivered);
  ASSERT_EQ(of_delivered.size(), 1U);
  EXPECT_EQ(of_delivered[0].kind(), v1::KIND_DELIVERY);
  EXPECT_EQ(of_delivered[0].reason(), "delivered");
  const std::vector<v1::Event> of_relayed = system.AwaitEvents(relayed);
  ASSERT_EQ(of_relayed.size(), 1U);
  EXPECT_EQ(of_relayed[0].kind(), v1::KIND_DELIVERY);
  EXPECT_EQ(of_relayed[0].reason(), "relayed");
  EXPECT_EQ(system.daemon().Check(delivered), v1::VERDICT_SEND);
  EXPECT_EQ(system.daemon().Check(relayed), v1::VERDICT_SEND);
}

TEST_F(PostfixTest, AForgedReturnPathIsRefusedAtRcpt) {
  MailSystem system;
  const std::string recipient = "nouser@rcpt.example";
  // The token of one recipient, put before the address of another.
  std::string forged = system.daemon().api().Mint("other@rcpt.example", v1::RETURN_PATH_FORM_OPEN);
  const std::size_t name = forged.find("other=");
  ASSERT_NE(name, std::string::npos) << forged;
  forged.replace(name, 5, "nouser");

  ASSERT_EQ(system.SendOut(forged, {recipient}).code, 250);
  EXPECT_TRUE(system.AwaitSenderLog("said: 550 5.1.1"));
  EXPECT_THAT(system.sender().log(), HasSubstr("in reply to RCPT TO command"));
  EXPECT_EQ(system.daemon().api().Events().size(), 0U);
  EXPECT_EQ(system.daemon().Check(recipient), v1::VERDICT_SEND);
  // Postfix writes its line before the daemon has written its own.
  EXPECT_TRUE(
      Eventually([&] { return system.daemon().log().find("reason=forged") != std::string::npos; }));
}

TEST_F(PostfixTest, OfSeveralRecipientsOnlyTheOneVouchedForIsTouched) {
  MailSystem system;
  const std::string vouched = "nouser@rcpt.example";
  const std::string other = "disabled@rcpt.example";
  const SmtpReply reply =
      system.SendOut(system.daemon().Mint(vouched), {"reader@rcpt.example", vouched, other});
  ASSERT_EQ(reply.code, 250) << reply.text;

  ASSERT_EQ(system.AwaitEvents(vouched).size(), 1U);
  EXPECT_EQ(system.AwaitVerdict(vouched, v1::VERDICT_SUPPRESSED), v1::VERDICT_SUPPRESSED);
  EXPECT_EQ(system.daemon().Check(other), v1::VERDICT_SEND);
  EXPECT_EQ(system.daemon().Check("reader@rcpt.example"), v1::VERDICT_SEND);
  // The other failure of the same report is on record, about nobody.
  const std::vector<v1::Event> all = system.daemon().api().Events();
  ASSERT_EQ(all.size(), 2U);
  for (const v1::Event& event : all) {
    EXPECT_EQ(event.address(), event.final_recipient() == vouched ? vouched : "");
    EXPECT_EQ(event.message_id(), all[0].message_id());
  }
}

TEST_F(PostfixTest, WhereMailIsForwardedTheAddressThatWasMailedIsJudged) {
  MailSystem system({.postfix = {.virtual_aliases = "team@local.example nouser@rcpt.example\n"}});
  const std::string mailed = "team@local.example";
  const std::string target = "nouser@rcpt.example";
  ASSERT_EQ(system.SendOut(system.daemon().Mint(mailed), {mailed}).code, 250);

  const std::vector<v1::Event> events = system.AwaitEvents(mailed);
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].address(), mailed);
  EXPECT_EQ(events[0].final_recipient(), target);
  EXPECT_EQ(events[0].forwarded_to(), target);
  EXPECT_EQ(system.AwaitVerdict(mailed, v1::VERDICT_SUPPRESSED), v1::VERDICT_SUPPRESSED);
  EXPECT_EQ(system.daemon().Check(target), v1::VERDICT_SEND);
}

TEST_F(PostfixTest, BouncectlTakesTheBouncedAddressOutOfAListAndTellsWhy) {
  MailSystem system;
  const std::string recipient = "nouser@rcpt.example";
  ASSERT_EQ(system.SendOut(system.daemon().Mint(recipient), {recipient}).code, 250);
  ASSERT_EQ(system.AwaitEvents(recipient).size(), 1U);

  const std::string list =
      "id,email,name\r\n1,reader@rcpt.example,\"A, Reader\"\r\n"
      "2,NoUser@RCPT.example,Nobody\r\n3,full@rcpt.example,Full\r\n";
  TempDir dir;
  const Outcome clean = system.daemon().Bouncectl({"clean", "--rejects", dir / "rejects"}, list);
  EXPECT_EQ(clean.status, 0) << clean.err;
  EXPECT_EQ(clean.out,
            "id,email,name\r\n1,reader@rcpt.example,\"A, Reader\"\r\n"
            "3,full@rcpt.example,Full\r\n");
  EXPECT_THAT(ReadFile(dir / "rejects"), HasSubstr("2,NoUser@RCPT.example,Nobody\r\n"));

  const Outcome check = system.daemon().Bouncectl({"check", recipient});
  EXPECT_EQ(check.status, 1) << check.err;
  EXPECT_THAT(check.out, HasSubstr("no_such_user"));

  const v1::Event event = system.daemon().api().Events(recipient).at(0);
  const Outcome explain = system.daemon().Bouncectl({"explain", recipient});
  EXPECT_THAT(explain.out, HasSubstr(event.rule()));
  EXPECT_FALSE(event.rule().empty());
  EXPECT_THAT(explain.out, HasSubstr("User unknown"));
}

}  // namespace
}  // namespace bounced::e2e
