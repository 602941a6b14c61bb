// bouncectl ingest --postfix-log, against a server that remembers what it was sent.

#include <string>
#include <vector>

#include "tests/cli/fixture.h"

namespace bounced::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

std::string From(const std::string& id, const std::string& address) {
  return "2026-11-07T10:29:59Z mta postfix/qmgr[1]: " + id + ": from=<" + address +
         ">, size=1, nrcpt=1 (queue active)\n";
}
std::string To(const std::string& id, const std::string& address = "r@example.net",
               const std::string& status = "sent (250 ok)") {
  return "2026-11-07T10:30:00Z mta postfix/smtp[2]: " + id + ": to=<" + address +
         ">, relay=mx.example.net[192.0.2.1]:25, delay=1, dsn=2.0.0, status=" + status + "\n";
}

class IngestLogTest : public BouncectlTest {
 protected:
  Outcome Ingest(std::vector<std::string> arguments, const std::string& input = "") {
    arguments.insert(arguments.begin(), "ingest");
    return Run(std::move(arguments), input);
  }
  // What was recorded, as "tenant/reference", in order.
  std::vector<std::string> Recorded() const {
    std::vector<std::string> all;
    for (const v1::RecordDeliveriesRequest& request : server_.bounces.recorded()) {
      for (const v1::DeliveryAttempt& attempt : request.attempts()) {
        all.push_back(request.tenant() + "/" + attempt.message_reference());
      }
    }
    return all;
  }
};

TEST_F(IngestLogTest, ReportsWhatALogSaysAndCountsIt) {
  const std::string log =
      From("4AAAA1", "me@sender.example") + To("4AAAA1") +
      To("4AAAA2", "s@example.net", "bounced (host x[192.0.2.1] said: 550 no)") +
      To("4AAAA3", "t@example.net", "deferred (later)") + To("4AAAA4", "root") +
      From("4AAAA5", "") + To("4AAAA5") + "noise\n";
  const Outcome outcome =
      Ingest({"--postfix-log", folder_.Write("mail.log", log), "--stream", "news"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.out,
            "8 lines: 1 delivered, 1 bounced, 1 deferred; 1 had an effect, 0 came before, 0 "
            "rejected; 1 within the own system, 1 of reports, 3 others\n");
  const std::vector<v1::RecordDeliveriesRequest> recorded = server_.bounces.recorded();
  ASSERT_THAT(recorded, SizeIs(1));
  const v1::RecordDeliveriesRequest& request = recorded[0];
  ASSERT_EQ(request.attempts_size(), 3);
  EXPECT_EQ(request.attempts(0).outcome(), v1::DELIVERY_OUTCOME_DELIVERED);
  EXPECT_EQ(request.attempts(0).return_path(), "me@sender.example");
  EXPECT_EQ(request.attempts(0).stream(), "news");
  EXPECT_EQ(request.attempts(1).text(), "smtp; 550 no");
  EXPECT_EQ(request.attempts(2).outcome(), v1::DELIVERY_OUTCOME_DEFERRED);
}

TEST_F(IngestLogTest, ReadsStandardInputAndCountsInJson) {
  const Outcome outcome = Ingest({"--postfix-log", "-", "--json"}, To("4AAAA1") + "noise");
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.out,
            "{\"lines\":2,\"delivered\":1,\"bounced\":0,\"deferred\":0,\"changed\":1,"
            "\"duplicates\":0,\"rejected\":0,\"own\":0,\"null_return_path\":0}\n");
}

TEST_F(IngestLogTest, NeedsNoMoreThanToWrite) {
  const std::string log = From("4AAAA1", "bo-1@rp.example") + To("4AAAA1") + To("4AAAA2");
  EXPECT_EQ(Ingest({"--postfix-log", "-"}, log).code, 0);
  EXPECT_EQ(Ingest({"--postfix-log", "-", "--tenant", "third"}, log).code, 0);
  EXPECT_THAT(Recorded(), ElementsAre("/4AAAA1", "/4AAAA2", "third/4AAAA1", "third/4AAAA2"));
  EXPECT_THAT(server_.bounces.recorded(), SizeIs(2));
  server_.bounces.record_statuses = {grpc::Status(grpc::StatusCode::UNAUTHENTICATED, "who?")};
  EXPECT_EQ(Ingest({"--postfix-log", "-"}, log).code, 3);
}

TEST_F(IngestLogTest, WhatComesThroughAPipeIsNotLostWithTheServer) {
  server_.bounces.record_statuses = {grpc::Status(grpc::StatusCode::UNAVAILABLE, "it stops"),
                                     grpc::Status(grpc::StatusCode::CANCELLED, "")};
  const Outcome outcome = Ingest({"--postfix-log", "-"}, To("4AAAA1") + To("4AAAA2"));
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(outcome.err, HasSubstr("it is tried again"));
  EXPECT_THAT(Recorded(), ElementsAre("/4AAAA1", "/4AAAA2"));
}

TEST_F(IngestLogTest, SendsAThousandAtMost) {
  std::string log;
  for (int i = 0; i < 2'001; ++i) log += To("4A" + std::to_string(10'000 + i));
  EXPECT_EQ(Ingest({"--postfix-log", "-"}, log).code, 0);
  EXPECT_THAT(Recorded(), SizeIs(2'001));
  for (const v1::RecordDeliveriesRequest& request : server_.bounces.recorded()) {
    EXPECT_LE(request.attempts_size(), 1'000);
  }
}

TEST_F(IngestLogTest, SendsLongTextsInRequestsThatGrpcTakes) {
  std::string log;
  const std::string status = "bounced (" + std::string(4'000, 'x') + ")";
  for (int i = 0; i < 600; ++i)
    log += To("4A" + std::to_string(1'000 + i), "r@example.net", status);
  EXPECT_EQ(Ingest({"--postfix-log", "-"}, log).code, 0);
  EXPECT_THAT(Recorded(), SizeIs(600));
  for (const v1::RecordDeliveriesRequest& request : server_.bounces.recorded()) {
    EXPECT_LT(request.ByteSizeLong(), std::size_t{1} << 21);
  }
}

TEST_F(IngestLogTest, TellsWhatIsRejectedUpToABound) {
  std::string log = To("4AAAA1");
  for (int i = 0; i < 21; ++i) log += To("4B" + std::to_string(1'000 + i), "bad@example.net");
  const Outcome outcome = Ingest({"--postfix-log", "-"}, log);
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.out, HasSubstr("21 rejected"));
  EXPECT_THAT(outcome.err, HasSubstr("bouncectl: -: 4B1019: address: is bad\n"));
  EXPECT_THAT(outcome.err, testing::Not(HasSubstr("4B1020")));
}

TEST_F(IngestLogTest, GoesOnFromItsStateAndRemembersReturnPaths) {
  const std::string file = folder_.Write(
      "mail.log", From("4AAAA1", "me@sender.example") + To("4AAAA2") + "2026-11-07T10:3");
  const std::vector<std::string> arguments = {"--postfix-log", file, "--state", folder_ / "state"};
  EXPECT_EQ(Ingest(arguments).code, 0);
  EXPECT_EQ(Ingest(arguments).code, 0);
  EXPECT_THAT(Recorded(), ElementsAre("/4AAAA2"));

  folder_.Write("mail.log", folder_.Read("mail.log") + To("none").substr(15) + To("4AAAA1"));
  EXPECT_EQ(Ingest(arguments).code, 0);
  EXPECT_THAT(Recorded(), ElementsAre("/4AAAA2", "/4AAAA1"));
  EXPECT_EQ(server_.bounces.recorded().back().attempts(0).return_path(), "me@sender.example");
}

TEST_F(IngestLogTest, WhatWasNotTakenIsReadAgain) {
  const std::string file = folder_.Write("mail.log", To("4AAAA1"));
  const std::vector<std::string> arguments = {"--postfix-log", file, "--state", folder_ / "state"};
  server_.bounces.record_statuses = {grpc::Status(grpc::StatusCode::RESOURCE_EXHAUSTED, "later")};
  EXPECT_EQ(Ingest(arguments).code, 3);
  EXPECT_THAT(Recorded(), IsEmpty());
  EXPECT_EQ(Ingest(arguments).code, 0);
  EXPECT_THAT(Recorded(), ElementsAre("/4AAAA1"));
}

TEST_F(IngestLogTest, AFileThatIsNoStateIsLeftAlone) {
  const std::string file = folder_.Write("mail.log", To("4AAAA1"));
  const Outcome outcome = Ingest({"--postfix-log", file, "--state", file});
  EXPECT_EQ(outcome.code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("is no position in a log"));
  EXPECT_EQ(folder_.Read("mail.log"), To("4AAAA1"));
  EXPECT_THAT(Recorded(), IsEmpty());
}

TEST_F(IngestLogTest, RefusesWhatDoesNotGoTogether) {
  const std::vector<std::vector<std::string>> wrong = {
      {},
      {"--postfix-log", "-", "--follow"},
      {"--postfix-log", "-", "--state", "x"},
      {"--postfix-log", "-", "message.eml"},
      {"--postfix-log", "-", "--return-path", "a@b"},
      {"--postfix-log", "-", "--reverse-path", ""},
      {"message.eml", "--follow"},
      {"message.eml", "--state", "x"},
      {"message.eml", "--private-hosts"},
      {"message.eml", "--tenant", "acme"},
      {"message.eml", "--stream", "news"},
      {"--postfix-log", "/nonexistent"},
  };
  for (const std::vector<std::string>& arguments : wrong) {
    EXPECT_EQ(Ingest(arguments).code, 2) << testing::PrintToString(arguments);
  }
}

}  // namespace
}  // namespace bounced::cli
