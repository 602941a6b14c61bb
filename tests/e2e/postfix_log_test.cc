// What a real Postfix writes into its log comes to the daemon by bouncectl.
#include <signal.h>

#include <optional>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/e2e/harness/mail_system.h"
#include "tests/e2e/harness/report.h"
#include "tests/skip.h"

namespace bounced::e2e {
namespace {

using testing::HasSubstr;

constexpr char kOwnReturnPath[] = "news@sender.example";  // no domain of the daemon's

class PostfixLogTest : public testing::Test {
 protected:
  void SetUp() override {
    const std::string reason = Postfix::Unavailable();
    if (!reason.empty()) BOUNCED_SKIP(reason);
    system_.emplace();
  }

  Daemon& daemon() { return system_->daemon(); }
  std::string log_file() { return static_cast<Postfix&>(system_->sender()).log_file(); }
  std::vector<std::string> Arguments() {
    return {"ingest", "--postfix-log", log_file(), "--private-hosts"};
  }
  // Sends a mail and waits until the log tells what became of it.
  void SendOut(const std::string& return_path, const std::string& recipient) {
    ASSERT_EQ(system_->SendOut(return_path, {recipient}).code, 250);
    ASSERT_TRUE(system_->AwaitSenderLog("to=<" + recipient + ">"));
  }

  std::optional<MailSystem> system_;
};

TEST_F(PostfixLogTest, ARefusalSuppressesWithoutAReturnPathOfOurs) {
  const std::string recipient = "nouser@rcpt.example";
  SendOut(kOwnReturnPath, recipient);
  EXPECT_EQ(daemon().Check(recipient), v1::VERDICT_SEND);
  const Outcome outcome = daemon().Bouncectl(Arguments());
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr(" 1 bounced"));
  EXPECT_EQ(daemon().Check(recipient), v1::VERDICT_SUPPRESSED);

  const std::vector<v1::Event> events = daemon().api().Events(recipient);
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].trust(), v1::TRUST_LOCAL);
  EXPECT_EQ(events[0].reason(), "no_such_user");
  EXPECT_EQ(events[0].reply_code(), 550);
  EXPECT_EQ(events[0].stage(), v1::STAGE_RCPT);
  EXPECT_EQ(events[0].reporting_mta(), "mta");
  EXPECT_EQ(events[0].remote_mta(), "127.0.0.2");
  EXPECT_FALSE(events[0].has_evidence());

  const Outcome again = daemon().Bouncectl(Arguments());
  EXPECT_THAT(again.out, HasSubstr(" 1 came before"));
  EXPECT_EQ(daemon().api().Events(recipient).size(), 1U);

  const Outcome explain = daemon().Bouncectl({"explain", recipient});
  EXPECT_THAT(explain.out, HasSubstr("one's own mail system reported it (local)"));
}

TEST_F(PostfixLogTest, T2ARefusalAndTheReportOfItCountOnce) {
  const std::string recipient = "full@rcpt.example";
  const std::string return_path = daemon().Mint(recipient);
  SendOut(return_path, recipient);
  ASSERT_EQ(system_->AwaitEvents(recipient).size(), 1U);
  ASSERT_TRUE(system_->AwaitSenderLog("to=<" + return_path + ">"));
  const Outcome outcome = daemon().Bouncectl(Arguments());
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr(" 1 bounced"));
  EXPECT_THAT(outcome.out, HasSubstr(" 1 of reports"));
  const std::vector<v1::Event> events = daemon().api().Events(recipient);
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(events[1].trust(), v1::TRUST_SIGNED);
  EXPECT_EQ(events[1].policy_rule(), "soft_counted");
  EXPECT_EQ(events[0].trust(), v1::TRUST_LOCAL);
  EXPECT_EQ(events[0].policy_rule(), "same_message");
  EXPECT_EQ(events[0].reason(), events[1].reason());
}

TEST_F(PostfixLogTest, T6ADeliveryEmptiesTheBucketOfAnAddressThatIsKnown) {
  const std::string risky = "reader@rcpt.example";
  const std::string suppressed = "other@rcpt.example";
  const std::string full = Compose(
      {.recipient = risky, .status = "5.2.2", .diagnostic = "smtp; 552 5.2.2 mailbox full"});
  ASSERT_EQ(daemon().Send("", daemon().Mint(risky), full).code, 250);
  ASSERT_EQ(daemon().Send("", daemon().Mint(suppressed), Compose({.recipient = suppressed})).code,
            250);
  ASSERT_EQ(daemon().Check(risky), v1::VERDICT_RISKY);
  for (const std::string& recipient : {risky, suppressed, std::string("unknown@rcpt.example")}) {
    SendOut(kOwnReturnPath, recipient);
  }
  const Outcome outcome = daemon().Bouncectl(Arguments());
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr(" 3 delivered, 0 bounced, 0 deferred; 1 had an effect"));
  EXPECT_EQ(daemon().Check(risky), v1::VERDICT_SEND);
  EXPECT_EQ(daemon().Check(suppressed), v1::VERDICT_SUPPRESSED);
  EXPECT_EQ(daemon().api().Events("unknown@rcpt.example").size(), 0U);
}

TEST_F(PostfixLogTest, AReaderThatFollowsLosesNothingBetweenTwoLives) {
  std::vector<std::string> arguments = Arguments();
  const std::string state = daemon().dir() / "state";
  arguments.insert(arguments.begin(), Program("bouncectl"));
  for (const char* more :
       {"--follow", "--state", state.c_str(), "--server", daemon().grpc_address().c_str()}) {
    arguments.emplace_back(more);
  }
  const auto is_suppressed = [this](const std::string& recipient) {
    return Eventually([&] { return daemon().Check(recipient) == v1::VERDICT_SUPPRESSED; });
  };
  SendOut(kOwnReturnPath, "nouser+1@rcpt.example");
  {
    Process reader({.argv = arguments});
    EXPECT_TRUE(is_suppressed("nouser+1@rcpt.example"));
    SendOut(kOwnReturnPath, "nouser+2@rcpt.example");
    EXPECT_TRUE(is_suppressed("nouser+2@rcpt.example"));
    EXPECT_EQ(reader.Poll(), std::nullopt);
    reader.Signal(SIGKILL);
  }
  SendOut(kOwnReturnPath, "nouser+3@rcpt.example");
  Process reader({.argv = arguments});
  EXPECT_TRUE(is_suppressed("nouser+3@rcpt.example"));
  for (const char* recipient :
       {"nouser+1@rcpt.example", "nouser+2@rcpt.example", "nouser+3@rcpt.example"}) {
    EXPECT_EQ(daemon().api().Events(recipient).size(), 1U);
  }
}

}  // namespace
}  // namespace bounced::e2e
