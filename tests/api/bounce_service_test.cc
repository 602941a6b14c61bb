#include <grpcpp/create_channel.h>

#include <algorithm>
#include <future>
#include <set>
#include <utility>

#include "server/api/limits.h"
#include "tests/api/fixture.h"

namespace bounced::api {
namespace {

using grpc::StatusCode;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;

class BounceServiceTest : public ApiTest {
 protected:
  grpc::Status List(const v1::ListEventsRequest& request, v1::ListEventsResponse& response) {
    grpc::ClientContext context;
    response.Clear();
    return bounces_->ListEvents(&context, request, &response);
  }

  grpc::Status Get(std::int64_t id, v1::GetEventResponse& response,
                   const std::string& tenant = "") {
    grpc::ClientContext context;
    v1::GetEventRequest request;
    request.set_tenant(tenant);
    request.set_event_id(id);
    return bounces_->GetEvent(&context, request, &response);
  }

  // The chunks that came.
  grpc::Status Evidence(std::int64_t id, std::vector<std::string>& chunks,
                        const std::string& tenant = "") {
    grpc::ClientContext context;
    v1::GetEvidenceRequest request;
    request.set_tenant(tenant);
    request.set_event_id(id);
    auto reader = bounces_->GetEvidence(&context, request);
    v1::GetEvidenceResponse response;
    while (reader->Read(&response)) chunks.push_back(response.chunk());
    return reader->Finish();
  }

  grpc::Status Classify(const std::vector<std::string>& chunks, v1::ClassifyResponse& response,
                        bool explain = false) {
    grpc::ClientContext context;
    auto writer = bounces_->Classify(&context, &response);
    for (const std::string& chunk : chunks) {
      v1::ClassifyRequest request;
      request.set_chunk(chunk);
      request.set_explain(std::exchange(explain, false));  // of the first only
      if (!writer->Write(request)) break;
    }
    writer->WritesDone();
    return writer->Finish();
  }

  grpc::Status ListRules(int page_size, const std::string& token, v1::ListRulesResponse& response) {
    grpc::ClientContext context;
    v1::ListRulesRequest request;
    request.set_page_size(page_size);
    request.set_page_token(token);
    response.Clear();
    return bounces_->ListRules(&context, request, &response);
  }

  int events() {
    v1::ListEventsResponse response;
    EXPECT_TRUE(List({}, response).ok());
    return response.events_size();
  }
};

// --- Ingest

TEST_F(BounceServiceTest, IngestIsCommittedWhenItAnswers) {
  v1::IngestResponse first = IngestNoSuchUser("gone@rcpt.example");
  EXPECT_NE(first.message_id(), 0);
  EXPECT_EQ(first.event_ids_size(), 1);
  EXPECT_FALSE(first.duplicate());
  EXPECT_EQ(Check("gone@rcpt.example"), v1::VERDICT_SUPPRESSED);
}

TEST_F(BounceServiceTest, TheSameMessageAgainIsTheSameEvent) {
  std::string path = Mint("gone@rcpt.example");
  std::string message = Bounce("gone@rcpt.example", "5.1.1", "550 5.1.1 User unknown");
  v1::IngestResponse first, second;
  ASSERT_TRUE(Ingest(path, message, &first).ok());
  ASSERT_TRUE(Ingest(path, message, &second).ok());
  EXPECT_TRUE(second.duplicate());
  EXPECT_EQ(second.message_id(), first.message_id());
  EXPECT_EQ(second.event_ids(0), first.event_ids(0));
  EXPECT_EQ(events(), 1);
}

TEST_F(BounceServiceTest, IngestTakesBareLineFeedsAndKeepsThem) {
  std::string message = Bounce("gone@rcpt.example", "5.1.1", "550 5.1.1 User unknown");
  std::erase(message, '\r');
  v1::IngestResponse response;
  ASSERT_TRUE(Ingest(Mint("gone@rcpt.example"), message, &response).ok());
  EXPECT_EQ(Check("gone@rcpt.example"), v1::VERDICT_SUPPRESSED);
  std::vector<std::string> chunks;
  ASSERT_TRUE(Evidence(response.event_ids(0), chunks).ok());
  EXPECT_THAT(chunks, ElementsAre(message));
}

TEST_F(BounceServiceTest, IngestRefusesWhatSmtpWould) {
  std::string path = Mint("gone@rcpt.example");
  std::string forged = path;
  forged[forged.find('@') - 1] ^= 1;
  std::string message = Bounce("gone@rcpt.example", "5.1.1", "550 5.1.1 User unknown");
  EXPECT_THAT(Ingest(forged, message), Fails(StatusCode::PERMISSION_DENIED, "the return path"));
  EXPECT_THAT(Ingest("x@bounces.example", message),
              Fails(StatusCode::PERMISSION_DENIED, "the return path does not verify: unsigned"));
  EXPECT_THAT(Ingest("x@elsewhere.example", message),
              Fails(StatusCode::PERMISSION_DENIED, "the return path does not verify: not_ours"));
  EXPECT_THAT(Ingest("", message), Fails(StatusCode::INVALID_ARGUMENT, "return_path: must be set"));
  EXPECT_THAT(Ingest("x", message), Fails(StatusCode::INVALID_ARGUMENT, "return_path: "));
  clock_.Advance(absl::Hours(24 * 32));
  EXPECT_THAT(Ingest(path, message),
              Fails(StatusCode::PERMISSION_DENIED, "the return path does not verify: expired"));
  EXPECT_EQ(events(), 0);
}

TEST_F(BounceServiceTest, AnUnsignedReturnPathIsRecordedWithoutEffect) {
  v1::IngestResponse response;
  ASSERT_TRUE(Ingest("x@" + std::string(kUnsigned),
                     Bounce("gone@rcpt.example", "5.1.1", "550 5.1.1 User unknown"), &response)
                  .ok());
  v1::GetEventResponse event;
  ASSERT_TRUE(Get(response.event_ids(0), event).ok());
  EXPECT_EQ(event.event().trust(), v1::TRUST_UNVERIFIED);
  EXPECT_EQ(event.event().effect(), v1::EFFECT_NONE);
  EXPECT_EQ(Check("gone@rcpt.example"), v1::VERDICT_SEND);
}

TEST_F(BounceServiceTest, IngestWithoutAnyRequestIsRefused) {
  grpc::ClientContext context;
  v1::IngestResponse response;
  auto writer = bounces_->Ingest(&context, &response);
  writer->WritesDone();
  EXPECT_THAT(writer->Finish(), Fails(StatusCode::INVALID_ARGUMENT, "return_path: must be set"));
}

TEST_F(BounceServiceTest, AReversePathHasABound) {
  for (std::size_t octets : {kMaxPathOctets, kMaxPathOctets + 1}) {
    grpc::ClientContext context;
    v1::IngestResponse response;
    auto writer = bounces_->Ingest(&context, &response);
    v1::IngestRequest request;
    request.set_return_path(Mint("a@rcpt.example"));
    request.set_reverse_path(std::string(octets, 'x'));
    writer->Write(request);
    writer->WritesDone();
    grpc::Status status = writer->Finish();
    if (octets == kMaxPathOctets) {
      EXPECT_TRUE(status.ok()) << status.error_message();
    } else {
      EXPECT_THAT(status, Fails(StatusCode::INVALID_ARGUMENT, "reverse_path: "));
    }
  }
}

// A client that dies halfway must not leave half a message behind, however it dies.
TEST_F(BounceServiceTest, AnIngestThatBreaksOffStoresNothing) {
  std::string path = Mint("gone@rcpt.example");
  std::string message = Bounce("gone@rcpt.example", "5.1.1", "550 5.1.1 User unknown");
  for (int i = 0; i < 100; ++i) {
    grpc::ClientContext context;
    v1::IngestResponse response;
    const int asked = clock_.asked();
    auto writer = bounces_->Ingest(&context, &response);
    v1::IngestRequest request;
    request.set_return_path(path);
    request.set_chunk(message.substr(0, message.size() - static_cast<std::size_t>(i) - 1));
    ASSERT_TRUE(writer->Write(request));
    // Every other time, wait until the request has been read: that asks the clock.
    EXPECT_TRUE(Eventually([&] { return clock_.asked() > asked || i % 2 != 0; }));
    context.TryCancel();
    EXPECT_FALSE(writer->Finish().ok());
  }
  // When the server stops, all calls have ended.
  server_->Stop(absl::Seconds(10));
  EventFilter filter;
  filter.tenant = "default";
  absl::StatusOr<Page<StoredEvent>> page = store_->ListEvents(filter, 10, 0);
  ASSERT_TRUE(page.ok());
  EXPECT_TRUE(page->rows.empty());
}

TEST_F(BounceServiceTest, AMessageIsAsLongAsTheServerTakes) {
  std::string path = Mint("a@rcpt.example");
  EXPECT_TRUE(Ingest(path, std::string(kTestMaxMessage - 1, 'x')).ok());
  EXPECT_TRUE(Ingest(path, std::string(kTestMaxMessage, 'x')).ok());
  static_assert(kTestMaxMessage == kMaxChunkOctets);
  v1::ClassifyResponse response;
  EXPECT_TRUE(Classify({std::string(kTestMaxMessage, 'x')}, response).ok());
  EXPECT_THAT(Classify({std::string(kTestMaxMessage, 'x'), "x"}, response),
              Fails(StatusCode::INVALID_ARGUMENT, "chunk: the message is longer than"));
  EXPECT_THAT(Classify({std::string(kMaxChunkOctets + 1, 'x')}, response),
              Fails(StatusCode::INVALID_ARGUMENT, "chunk: longer than 1048576 octets"));
}

TEST_F(BounceServiceTest, AnIngestThatCannotBeCommittedFailsAndLeavesNothing) {
  std::string path = Mint("gone@rcpt.example");
  store_->OnCall([] { return absl::UnavailableError("busy"); });
  EXPECT_THAT(Ingest(path, Bounce("gone@rcpt.example", "5.1.1", "550 5.1.1 User unknown")),
              Fails(StatusCode::UNAVAILABLE, "the store cannot serve now"));
  store_->OnCall(nullptr);
  EXPECT_EQ(events(), 0);
  EXPECT_EQ(Check("gone@rcpt.example"), v1::VERDICT_SEND);
}

// --- Classify

TEST_F(BounceServiceTest, ClassifyReadsAndStoresNothing) {
  std::string message = Bounce("gone@rcpt.example", "5.1.1", "550 5.1.1 User unknown");
  v1::ClassifyResponse response;
  // In chunks of 100 octets.
  std::vector<std::string> chunks;
  for (std::size_t i = 0; i < message.size(); i += 100) chunks.push_back(message.substr(i, 100));
  ASSERT_TRUE(Classify(chunks, response).ok());
  const v1::Report& report = response.report();
  EXPECT_EQ(report.kind(), v1::KIND_BOUNCE);
  EXPECT_EQ(report.form(), "rfc3464");
  EXPECT_EQ(report.reporting_mta(), "mta.example");
  ASSERT_EQ(report.recipients_size(), 1);
  const v1::Recipient& recipient = report.recipients(0);
  EXPECT_EQ(recipient.reason(), "no_such_user");
  EXPECT_EQ(recipient.bounce_class(), v1::BOUNCE_CLASS_HARD);
  EXPECT_EQ(recipient.fault(), v1::FAULT_RECIPIENT);
  EXPECT_EQ(recipient.final_recipient().value(), "gone@rcpt.example");
  EXPECT_EQ(
      message.substr(recipient.enhanced_status().offset(), recipient.enhanced_status().length()),
      "5.1.1");
  EXPECT_EQ(recipient.enhanced_status().provenance(), v1::PROVENANCE_REPORTED);
  EXPECT_EQ(recipient.reply_code().value(), "550");
  EXPECT_EQ(events(), 0);
}

// Every field of v1.Report that is no feedback report's.
TEST_F(BounceServiceTest, ClassifyTellsAll) {
  const std::string message(
      "From: MAILER-DAEMON@m.example\n"
      "Date: Thu, 26 Nov 2026 13:00:00 +0000\n"
      "Message-ID: <n@m.example>\n"
      "Subject: failed\n"
      "X-Mailer: Zimbra 9.0\n"
      "X-Failed-Recipients: r@x.example\n"
      "Content-Type: multipart/report; report-type=delivery-status; boundary=b\n"
      "\n"
      "--b\nContent-Type: message/delivery-status\n"
      "\n"
      "Reporting-MTA: dns; m.example (192.0.2.2)\n"
      "Received-From-MTA: dns; o.example (192.0.2.3)\n"
      "DSN-Gateway: dns; g.example (192.0.2.4)\n"
      "Original-Envelope-Id: e-1\n"
      "Arrival-Date: Thu, 26 Nov 2026 12:00:00 +0000\n"
      "X-Queue-ID: q-1\n"
      "\n"
      "Original-Recipient: rfc822; alias@x.example\n"
      "Final-Recipient: rfc822; r@x.example\n"
      "Action: failed\n"
      "Status: 5.0.0\n"
      "Remote-MTA: dns; mx.x.example (192.0.2.1)\n"
      "Last-Attempt-Date: Thu, 26 Nov 2026 12:30:00 +0000\n"
      "Will-Retry-Until: tomorrow\n"
      "Diagnostic-Code: smtp; 554 5.0.0 no (in reply to RCPT TO; 550 5.1.1 user unknown)\n"
      "--b\nContent-Type: message/rfc822\n"
      "\n"
      "Return-Path: <b-1@bounces.example>\n"
      "Message-ID: <m@bounces.example>\n"
      "To: alias@x.example\n"
      "Delivered-To: r@x.example\n"
      "Subject: news\n"
      "Date: yesterday\n"
      "List-Id: <news.example>\n"
      "\n"
      "--b--\n");
  v1::ClassifyResponse response;
  ASSERT_TRUE(Classify({message.substr(0, 99), message.substr(99)}, response, true).ok());
  const v1::Report& report = response.report();
  const auto at = [&message](const auto& found) {
    return message.substr(found.offset(), found.length());
  };
  EXPECT_EQ(report.reporter(), "zimbra");
  EXPECT_EQ(report.reporting_mta(), "m.example");
  EXPECT_EQ(report.reporting_mta_address(), "192.0.2.2");
  EXPECT_EQ(report.received_from_mta().value(), "o.example");
  EXPECT_EQ(report.received_from_mta_address(), "192.0.2.3");
  EXPECT_EQ(report.dsn_gateway().value(), "g.example");
  EXPECT_EQ(report.dsn_gateway_address(), "192.0.2.4");
  EXPECT_EQ(report.original_envelope_id(), "e-1");
  EXPECT_EQ(report.original_message_id(), "<m@bounces.example>");
  EXPECT_EQ(report.arrival_date().text().value(), "Thu, 26 Nov 2026 12:00:00 +0000");
  EXPECT_EQ(report.arrival_date().time().seconds(), 1'795'694'400);
  EXPECT_EQ(report.date().time().seconds(), 1'795'698'000);
  EXPECT_EQ(at(report.date().text()), "Thu, 26 Nov 2026 13:00:00 +0000");
  EXPECT_EQ(report.message_id().value(), "<n@m.example>");
  EXPECT_EQ(report.subject().value(), "failed");
  EXPECT_EQ(report.returned().return_path().value(), "b-1@bounces.example");
  EXPECT_EQ(report.returned().message_id().value(), "<m@bounces.example>");
  EXPECT_EQ(report.returned().to().value(), "alias@x.example");
  EXPECT_EQ(report.returned().delivered_to().value(), "r@x.example");
  EXPECT_EQ(report.returned().subject().value(), "news");
  EXPECT_EQ(report.returned().subject().provenance(), v1::PROVENANCE_DERIVED);
  EXPECT_EQ(report.returned().date().text().value(), "yesterday");
  EXPECT_FALSE(report.returned().date().has_time());
  EXPECT_EQ(report.returned().list_id().value(), "<news.example>");
  ASSERT_EQ(report.failed_recipients_size(), 1);
  EXPECT_EQ(report.failed_recipients(0).value(), "r@x.example");
  ASSERT_EQ(report.fields_size(), 1);
  EXPECT_EQ(report.fields(0).name(), "X-Queue-ID");
  EXPECT_EQ(report.fields(0).value().value(), "q-1");
  EXPECT_GT(report.path_size(), 1);
  EXPECT_THAT(report.path(0).text(), HasSubstr("parts: multipart/report"));

  ASSERT_EQ(report.recipients_size(), 1);
  const v1::Recipient& recipient = report.recipients(0);
  EXPECT_EQ(recipient.address(), "alias@x.example");
  EXPECT_EQ(recipient.action(), "failed");
  EXPECT_EQ(recipient.enhanced_status().value(), "5.1.1");
  EXPECT_EQ(at(recipient.stated_status()), "5.0.0");
  ASSERT_EQ(recipient.further_codes_size(), 1);
  EXPECT_EQ(recipient.further_codes(0).reply_code(), 554);
  EXPECT_EQ(recipient.further_codes(0).enhanced_status(), "5.0.0");
  EXPECT_EQ(recipient.further_codes(0).provenance(), v1::PROVENANCE_REPORTED);
  EXPECT_THAT(at(recipient.further_codes(0)), testing::StartsWith("554"));
  EXPECT_FALSE(recipient.diagnostic_cut());
  EXPECT_EQ(recipient.diagnostic_type(), "smtp");
  EXPECT_EQ(recipient.remote_mta().value(), "mx.x.example");
  EXPECT_EQ(recipient.remote_mta_address(), "192.0.2.1");
  EXPECT_EQ(recipient.stage(), v1::STAGE_RCPT);
  EXPECT_FALSE(recipient.counts());
  EXPECT_TRUE(recipient.text_bears_out());
  ASSERT_EQ(recipient.fields_size(), 2);
  EXPECT_EQ(recipient.fields(0).name(), "Last-Attempt-Date");
  EXPECT_EQ(recipient.fields(0).time().seconds(), 1'795'696'200);
  EXPECT_FALSE(recipient.fields(1).has_time());
  ASSERT_GT(recipient.candidates_size(), 0);
  EXPECT_EQ(recipient.candidates(0).rule(), "status-x.1.1");
  EXPECT_EQ(recipient.candidates(0).reason(), "no_such_user");
  EXPECT_GT(recipient.candidates(0).confidence(), 0);
  EXPECT_THAT(recipient.candidates(0).why_not(), HasSubstr("the winner on a text"));

  v1::ClassifyResponse unexplained;
  ASSERT_TRUE(Classify({message}, unexplained).ok());
  EXPECT_EQ(unexplained.report().path_size(), 0);
  EXPECT_EQ(unexplained.report().recipients(0).candidates_size(), 0);
  response.mutable_report()->clear_path();
  response.mutable_report()->clear_reporter();
  response.mutable_report()->mutable_recipients(0)->clear_candidates();
  EXPECT_EQ(unexplained.SerializeAsString(), response.SerializeAsString());
}

TEST_F(BounceServiceTest, ClassifyTellsTheLanguageAndTheCutOfADiagnostic) {
  v1::ClassifyResponse response;
  ASSERT_TRUE(Classify({"Content-Type: multipart/report; boundary=b\n\n--b\n"
                        "Content-Type: message/delivery-status\n\nReporting-MTA: dns; m.example\n\n"
                        "Final-Recipient: rfc822; r@x.example\nAction: failed\n"
                        "Localized-Diagnostic: de; Postfach voll " +
                        std::string(5'000, 'x') + "\n--b--\n"},
                       response)
                  .ok());
  ASSERT_EQ(response.report().recipients_size(), 1);
  const v1::Recipient& recipient = response.report().recipients(0);
  EXPECT_EQ(recipient.diagnostic_language(), "de");
  EXPECT_TRUE(recipient.diagnostic_cut());
  EXPECT_EQ(recipient.diagnostic().value().size(), 4'096u);
}

TEST_F(BounceServiceTest, ClassifyBoundsWhatItTells) {
  std::string message =
      "From: MAILER-DAEMON@m.example\nContent-Type: multipart/report; boundary=b\n";
  const auto address = [](int i) {
    return std::string(15, 'a') + std::to_string(i) + "@x.example";
  };
  for (int i = 0; i < 7'900; ++i) {
    message += (i % 100 == 0 ? "X-Failed-Recipients: " : " ") + address(i);
    message += i % 100 == 99 ? "\n" : ",\n";
  }
  message += "\n\n--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; m.example\n\n";
  for (int i = 0; message.size() < kTestMaxMessage - 200; ++i) {
    message += "Final-Recipient: rfc822; " + address(i) +
               "\nAction: failed\nDiagnostic-Code: smtp; 550 5.1.1 user unknown\n\n";
  }
  message += "--b--\n";
  v1::ClassifyResponse response;
  const grpc::Status status = Classify({message}, response, /*explain=*/true);
  ASSERT_TRUE(status.ok()) << status.error_message();
  const v1::Report& report = response.report();
  const auto octets = [](const auto& values) {
    std::size_t sum = 0;
    for (const auto& value : values) sum += value.ByteSizeLong();
    return sum;
  };
  EXPECT_GE(octets(report.recipients()), 2u << 20);
  EXPECT_LT(octets(report.recipients()), (2u << 20) + (64 << 10));
  EXPECT_GE(octets(report.failed_recipients()), 256u << 10);
  EXPECT_LT(octets(report.failed_recipients()), (256u << 10) + 1'000);
  EXPECT_LE(report.path_size(), 200);
  EXPECT_LT(response.ByteSizeLong(), 4u << 20);
  EXPECT_THAT(report.remarks(), Contains(HasSubstr(" further recipients are left out")));
  EXPECT_THAT(report.remarks(), Contains(HasSubstr(" further failed recipients are left out")));
}

TEST_F(BounceServiceTest, ClassifyShowsWhatAFeedbackReportSays) {
  v1::ClassifyResponse response;
  ASSERT_TRUE(Classify({"Content-Type: multipart/report; boundary=b\n\n--b\n"
                        "Content-Type: message/feedback-report\n\nFeedback-Type: abuse\n"
                        "User-Agent: Loop/1\nOriginal-Mail-From: <s@example.com>\n"
                        "Source-IP: 192.0.2.1\nReported-Domain: example.com\nIncidents: 2\n"
                        "Original-Rcpt-To: r@rcpt.example\n--b--\n"},
                       response)
                  .ok());
  const v1::Report& report = response.report();
  EXPECT_EQ(report.kind(), v1::KIND_COMPLAINT);
  ASSERT_EQ(report.recipients_size(), 1);
  EXPECT_EQ(report.recipients(0).reason(), "complaint_abuse");
  const v1::Feedback& feedback = report.feedback();
  EXPECT_EQ(feedback.feedback_type().value(), "abuse");
  EXPECT_EQ(feedback.user_agent().value(), "Loop/1");
  EXPECT_EQ(feedback.original_mail_from().value(), "s@example.com");
  EXPECT_EQ(feedback.source_ip().value(), "192.0.2.1");
  EXPECT_EQ(feedback.reported_domain().value(), "example.com");
  EXPECT_EQ(feedback.incidents().value(), "2");
}

TEST_F(BounceServiceTest, ClassifyTakesAnyOctets) {
  v1::ClassifyResponse response;
  ASSERT_TRUE(Classify({}, response).ok());
  EXPECT_EQ(response.report().kind(), v1::KIND_OTHER);
  std::string octets;
  for (int i = 0; i < 4096; ++i) octets += static_cast<char>(i * 7);
  std::string latin1 =
      Bounce("gone@rcpt.example", "5.1.1", "550 5.1.1 Benutzer unbekannt \xfc\xff");
  for (const std::string& message : {octets, latin1}) {
    response.Clear();
    grpc::Status status = Classify({message}, response);
    EXPECT_TRUE(status.ok()) << status.error_message();
  }
}

// --- Events and evidence

TEST_F(BounceServiceTest, AnEventTellsWhatWasReadAndWhatItDid) {
  v1::IngestResponse ingested = IngestMailboxFull("full@rcpt.example");
  v1::GetEventResponse response;
  ASSERT_TRUE(Get(ingested.event_ids(0), response).ok());
  const v1::Event& event = response.event();
  EXPECT_EQ(event.message_id(), ingested.message_id());
  EXPECT_EQ(event.tenant(), "default");
  EXPECT_EQ(event.receive_time().seconds(), absl::ToUnixSeconds(clock_.Now()));
  EXPECT_EQ(event.kind(), v1::KIND_BOUNCE);
  EXPECT_EQ(event.address(), "full@rcpt.example");
  EXPECT_EQ(event.enhanced_status(), "5.2.2");
  EXPECT_EQ(event.reply_code(), 552);
  EXPECT_EQ(event.reason(), "mailbox_full");
  EXPECT_EQ(event.bounce_class(), v1::BOUNCE_CLASS_SOFT);
  EXPECT_TRUE(event.counts());
  EXPECT_EQ(event.trust(), v1::TRUST_SIGNED);
  EXPECT_EQ(event.effect(), v1::EFFECT_COUNTED);
  EXPECT_EQ(event.policy_rule(), "soft_counted");
  EXPECT_EQ(event.day(), "2026-03-02");
  EXPECT_EQ(event.remote_mta(), "mx.example");
  EXPECT_TRUE(event.has_evidence());

  EXPECT_THAT(Get(ingested.event_ids(0), response, "other"), Fails(StatusCode::NOT_FOUND, ""));
  EXPECT_THAT(Get(ingested.event_ids(0) + 1, response), Fails(StatusCode::NOT_FOUND, ""));
  EXPECT_THAT(Get(-1, response), Fails(StatusCode::NOT_FOUND, ""));
}

TEST_F(BounceServiceTest, EvidenceComesOctetForOctetInChunks) {
  std::string message = "Subject: x\r\n\r\n";
  while (message.size() < 3 * kEvidenceChunkOctets + 1) message += "line \xff\r\n";
  message.resize(3 * kEvidenceChunkOctets + 1);
  v1::IngestResponse ingested;
  ASSERT_TRUE(Ingest(Mint("a@rcpt.example"), message, &ingested).ok());
  std::vector<std::string> chunks;
  ASSERT_TRUE(Evidence(ingested.event_ids(0), chunks).ok());
  std::string whole;
  for (const std::string& chunk : chunks) {
    EXPECT_LE(chunk.size(), kEvidenceChunkOctets);
    whole += chunk;
  }
  EXPECT_EQ(chunks.size(), 4u);
  EXPECT_TRUE(whole == message);
  EXPECT_THAT(Evidence(ingested.event_ids(0), chunks, "other"), Fails(StatusCode::NOT_FOUND, ""));
  EXPECT_THAT(Evidence(ingested.event_ids(0) + 1, chunks), Fails(StatusCode::NOT_FOUND, ""));
  EXPECT_THAT(Evidence(ingested.event_ids(0), chunks, "A"),
              Fails(StatusCode::INVALID_ARGUMENT, "tenant: "));
}

TEST_F(BounceServiceTest, FiltersNarrowTheEvents) {
  v1::IngestResponse gone = IngestNoSuchUser("gone@rcpt.example");
  clock_.Advance(absl::Hours(1));
  absl::Time later = clock_.Now();
  v1::IngestResponse full = IngestMailboxFull("full@rcpt.example");
  v1::IngestResponse other;
  ASSERT_TRUE(
      Ingest(Mint("full@rcpt.example", "news"), "Subject: hello\r\n\r\nhello", &other).ok());
  struct Case {
    std::string name;
    std::function<void(v1::ListEventsRequest&)> change;
    std::vector<std::int64_t> want;
  };
  using Request = v1::ListEventsRequest;
  auto seconds = [](absl::Time time) { return absl::ToUnixSeconds(time); };
  const std::int64_t g = gone.event_ids(0), f = full.event_ids(0), o = other.event_ids(0);
  for (const Case& c : std::vector<Case>{
           {"all", [](Request&) {}, {o, f, g}},
           {"address", [](Request& r) { r.set_address("GONE@rcpt.example"); }, {g}},
           {"unknown address", [](Request& r) { r.set_address("x@rcpt.example"); }, {}},
           {"kind", [](Request& r) { r.set_kind(v1::KIND_BOUNCE); }, {f, g}},
           {"reason", [](Request& r) { r.set_reason("mailbox_full"); }, {f}},
           {"message", [&](Request& r) { r.set_message_id(full.message_id()); }, {f}},
           {"message and address",
            [&](Request& r) {
              r.set_message_id(full.message_id());
              r.set_address("gone@rcpt.example");
            },
            {}},
           {"unknown message", [](Request& r) { r.set_message_id(999); }, {}},
           {"message of another tenant",
            [&](Request& r) {
              r.set_message_id(full.message_id());
              r.set_tenant("other");
            },
            {}},
           {"from",
            [&](Request& r) { r.mutable_received_from()->set_seconds(seconds(later)); },
            {o, f}},
           {"before",
            [&](Request& r) { r.mutable_received_before()->set_seconds(seconds(later)); },
            {g}},
           {"tenant", [](Request& r) { r.set_tenant("other"); }, {}},
       }) {
    Request request;
    c.change(request);
    v1::ListEventsResponse response;
    grpc::Status status = List(request, response);
    ASSERT_TRUE(status.ok()) << c.name << ": " << status.error_message();
    std::vector<std::int64_t> got;
    for (const v1::Event& event : response.events()) got.push_back(event.id());
    EXPECT_EQ(got, c.want) << c.name;
  }
}

TEST_F(BounceServiceTest, AllEventsOfAMessageAreFoundByItsId) {
  std::string several = Bounce("a@rcpt.example", "5.1.1", "550 5.1.1 User unknown");
  const std::string more =
      "Final-Recipient: rfc822; b@rcpt.example\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n";
  several.insert(several.rfind("--b--"), more);
  v1::IngestResponse ingested;
  ASSERT_TRUE(Ingest(Mint("a@rcpt.example"), several, &ingested).ok());
  ASSERT_EQ(ingested.event_ids_size(), 2);
  IngestNoSuchUser("after@rcpt.example");
  v1::ListEventsRequest request;
  request.set_message_id(ingested.message_id());
  request.set_page_size(1);
  v1::ListEventsResponse response;
  std::vector<std::int64_t> got;
  do {
    ASSERT_TRUE(List(request, response).ok());
    for (const v1::Event& event : response.events()) got.push_back(event.id());
    request.set_page_token(response.next_page_token());
  } while (!response.next_page_token().empty());
  EXPECT_THAT(got, ElementsAre(ingested.event_ids(1), ingested.event_ids(0)));
}

TEST_F(BounceServiceTest, WrongRequestsForEventsAreNamed) {
  struct Case {
    std::function<void(v1::ListEventsRequest&)> change;
    std::string error;
  };
  using Request = v1::ListEventsRequest;
  for (const Case& c : std::vector<Case>{
           {[](Request& r) { r.set_tenant("A"); }, "tenant: "},
           {[](Request& r) { r.set_address("x"); }, "address: "},
           {[](Request& r) { r.set_kind(static_cast<v1::Kind>(99)); }, "kind: "},
           {[](Request& r) { r.set_reason("tired"); }, "reason: "},
           {[](Request& r) { r.set_message_id(-1); }, "message_id: "},
           {[](Request& r) { r.mutable_received_from()->set_nanos(-1); }, "received_from: "},
           {[](Request& r) { r.mutable_received_before()->set_nanos(-1); }, "received_before: "},
           {[](Request& r) { r.set_page_size(-1); }, "page_size: "},
           {[](Request& r) { r.set_page_token("zz"); }, "page_token: "},
       }) {
    Request request;
    c.change(request);
    v1::ListEventsResponse response;
    EXPECT_THAT(List(request, response), Fails(StatusCode::INVALID_ARGUMENT, c.error));
  }
}

TEST_F(BounceServiceTest, ATokenOfOtherEventsOrOfSuppressionsIsRefused) {
  IngestNoSuchUser("gone@rcpt.example");
  IngestMailboxFull("full@rcpt.example");
  v1::ListEventsRequest request;
  request.set_page_size(1);
  v1::ListEventsResponse response;
  ASSERT_TRUE(List(request, response).ok());
  request.set_page_token(response.next_page_token());
  ASSERT_NE(request.page_token(), "");
  request.set_kind(v1::KIND_BOUNCE);
  EXPECT_THAT(List(request, response), Fails(StatusCode::INVALID_ARGUMENT, "page_token: not of"));
  grpc::ClientContext context;
  v1::ListSuppressionsRequest suppressions;
  suppressions.set_page_token(request.page_token());
  v1::ListSuppressionsResponse unused;
  EXPECT_THAT(suppressions_->ListSuppressions(&context, suppressions, &unused),
              Fails(StatusCode::INVALID_ARGUMENT, "page_token: not of"));
}

// Whole messages that are held for calls share one budget, and give it back.
TEST_F(BounceServiceTest, TheBudgetForMessagesIsSharedAndGivenBack) {
  constexpr int kCalls = static_cast<int>(kMaxHeldOctets / kTestMaxMessage);
  static_assert(kMaxHeldOctets % kTestMaxMessage == 0);
  grpc::ChannelArguments arguments;
  arguments.SetInt("grpc.use_local_subchannel_pool", 1);
  struct Call {
    std::shared_ptr<grpc::Channel> channel;
    grpc::ClientContext context;
    v1::ClassifyResponse response;
    std::unique_ptr<grpc::ClientWriter<v1::ClassifyRequest>> writer;
  };
  std::vector<std::unique_ptr<Call>> calls;
  std::shared_ptr<grpc::Channel> channel;
  v1::ClassifyRequest whole;
  whole.set_chunk(std::string(kTestMaxMessage, 'x'));
  auto hold_one_more = [&] {
    // A connection has kMaxStreams at most.
    if (calls.size() % 50 == 0) {
      channel = grpc::CreateCustomChannel(server_->address(), grpc::InsecureChannelCredentials(),
                                          arguments);
    }
    auto call = std::make_unique<Call>();
    call->channel = channel;
    call->writer = v1::BounceService::NewStub(channel)->Classify(&call->context, &call->response);
    call->writer->Write(whole);
    calls.push_back(std::move(call));
  };
  for (int i = 1; i < kCalls; ++i) hold_one_more();
  v1::ClassifyResponse response;
  EXPECT_TRUE(Classify({"x"}, response).ok()) << "a message less than all leaves room";
  // An octet that this asks for may be the one that a held message then lacks: it is held anew.
  EXPECT_TRUE(Eventually([&] {
    if (Classify({"x"}, response).error_code() == StatusCode::RESOURCE_EXHAUSTED) return true;
    hold_one_more();
    return false;
  }));
  for (auto& call : calls) {
    call->context.TryCancel();
    EXPECT_FALSE(call->writer->Finish().ok());
  }
  EXPECT_TRUE(Eventually([&] { return Classify({"x"}, response).ok(); }));
}

TEST_F(BounceServiceTest, ListsTheRulesAndWhatTheyHaveDone) {
  IngestNoSuchUser("r@example.net");
  IngestNoSuchUser("s@example.net");
  std::set<std::string> ids;
  std::int64_t hits = 0;
  v1::ListRulesResponse page;
  do {
    ASSERT_TRUE(ListRules(0, page.next_page_token(), page).ok());
    EXPECT_LE(page.rules_size(), kDefaultPageSize);
    EXPECT_EQ(page.load_time().seconds(), absl::ToUnixSeconds(clock_.Now()));
    for (const v1::Rule& rule : page.rules()) {
      EXPECT_TRUE(ids.insert(rule.id()).second) << rule.id();
      EXPECT_FALSE(rule.is_operators());
      const bool is_none = rule.id() == "unclassified" || rule.id() == "undefined";
      EXPECT_EQ(rule.source().empty(), is_none) << rule.id();
      EXPECT_TRUE(rule.hits() == 0 || rule.reason() == "no_such_user") << rule.id();
      hits += rule.hits();
    }
  } while (!page.next_page_token().empty());
  EXPECT_EQ(ids.size(), RuleSet::BuiltIn()->size() + 2);
  EXPECT_EQ(hits, 2);
}

TEST_F(BounceServiceTest, APageOfRulesHasItsBoundsAndAToken) {
  v1::ListRulesResponse page;
  EXPECT_THAT(ListRules(-1, "", page), Fails(StatusCode::INVALID_ARGUMENT, "page_size"));
  EXPECT_THAT(ListRules(1, "x", page), Fails(StatusCode::INVALID_ARGUMENT, "page_token"));
  ASSERT_TRUE(ListRules(1, "", page).ok());
  ASSERT_EQ(page.rules_size(), 1);
  const std::string first = page.rules(0).id();
  const std::string token = page.next_page_token();
  ASSERT_TRUE(ListRules(kMaxPageSize + 1, token, page).ok());
  EXPECT_LE(page.rules_size(), kMaxPageSize);
  EXPECT_NE(page.rules(0).id(), first);
  // Of rules that are in force no more.
  clock_.Advance(absl::Seconds(1));
  rules_.Swap(RuleSet::BuiltIn(), clock_.Now());
  EXPECT_THAT(ListRules(1, token, page), Fails(StatusCode::INVALID_ARGUMENT, "page_token"));
}

TEST_F(BounceServiceTest, OperatorsRulesAreTold) {
  std::vector<RuleProblem> problems;
  std::shared_ptr<const RuleSet> rules =
      RuleSet::LoadWithBuiltIn({{"/etc/op\xff.toml",
                                 "[[rule]]\nid = 'op-a'\nreason = 'mailbox_full'\nconfidence = 90\n"
                                 "when.text = [{ phrases = ['quux'] }]\nsource = 'us'\nwhy = 'so'\n"
                                 "example = ['550 quux']\n"}},
                               problems);
  ASSERT_NE(rules, nullptr);
  rules_.Swap(rules, clock_.Now());
  v1::ListRulesResponse page;
  std::vector<v1::Rule> operators;
  do {
    ASSERT_TRUE(ListRules(kMaxPageSize, page.next_page_token(), page).ok());
    for (const v1::Rule& rule : page.rules()) {
      if (rule.is_operators()) operators.push_back(rule);
    }
  } while (!page.next_page_token().empty());
  ASSERT_EQ(operators.size(), 1u);
  EXPECT_EQ(operators[0].id(), "op-a");
  EXPECT_EQ(operators[0].reason(), "mailbox_full");
  EXPECT_EQ(operators[0].source(), "/etc/op\xEF\xBF\xBD.toml:1");
}

TEST_F(BounceServiceTest, ClassifyReadsWithTheRulesInForceAndCountsNothing) {
  const std::string message = Bounce("r@example.net", "5.1.1", "550 5.1.1 User unknown");
  v1::ClassifyResponse response;
  ASSERT_TRUE(Classify({message}, response).ok());
  EXPECT_EQ(response.report().recipients(0).reason(), "no_such_user");
  rules_.Swap(*RuleSet::Load({}), clock_.Now());
  ASSERT_TRUE(Classify({message}, response).ok());
  EXPECT_EQ(response.report().recipients(0).reason(), "unclassified");
  v1::ListRulesResponse page;
  ASSERT_TRUE(ListRules(0, "", page).ok());
  for (const v1::Rule& rule : page.rules()) EXPECT_EQ(rule.hits(), 0) << rule.id();
}

}  // namespace
}  // namespace bounced::api
