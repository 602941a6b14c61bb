// Feedback reports: the fields of RFC 5965 and 6591, and what they mean.
#include "parser/notice/feedback_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace bounced {
namespace {

constexpr std::size_t kMaxLine = 64 << 10;

FeedbackFields Read(std::string_view part, std::size_t max_recipients = 100) {
  return ReadFeedbackFields(part, kMaxLine, max_recipients);
}

TEST(FeedbackReport, D66FieldsThatMayComeOnceKeepTheirFirstValue) {
  const FeedbackFields fields = Read(
      "Feedback-Type: abuse\nUser-Agent: Loop/1.0\nVersion: 1\n"
      "Original-Mail-From: <s@example.com>\nOriginal-Envelope-Id: e1\n"
      "Received-Date: Thu, 8 Mar 2005 14:00:00 EDT\nSource-IP: 192.0.2.1\n"
      "Reported-Domain: example.com\nReporting-MTA: dns; mx.example\nIncidents: 3\n"
      "Source-IP: 192.0.2.2\n");
  EXPECT_EQ(fields.feedback_type, "abuse");
  EXPECT_EQ(fields.user_agent, "Loop/1.0");
  EXPECT_EQ(fields.original_mail_from, "<s@example.com>");
  EXPECT_EQ(fields.original_envelope_id, "e1");
  EXPECT_EQ(fields.arrival_date, "Thu, 8 Mar 2005 14:00:00 EDT");
  EXPECT_EQ(fields.source_ip, "192.0.2.1");
  EXPECT_EQ(fields.reported_domain, "example.com");
  EXPECT_EQ(fields.reporting_mta, "dns; mx.example");
  EXPECT_EQ(fields.incidents, "3");
}

TEST(FeedbackReport, D66AllRecipientsAreKept) {
  EXPECT_THAT(Read("Original-Rcpt-To: <a@example.net>\nOriginal-Rcpt-To: b@example.net\n"
                   "Removal-Recipient: c@example.net\n")
                  .recipients,
              testing::ElementsAre("<a@example.net>", "b@example.net"));
}

TEST(FeedbackReport, D66OlderFormsNameWhomToRemove) {
  EXPECT_THAT(
      Read("Removal-Recipient: c@example.net\nRedacted-Address: d@example.net\n").recipients,
      testing::ElementsAre("c@example.net", "d@example.net"));
}

TEST(FeedbackReport, RecipientsAreBounded) {
  const std::string part =
      "Original-Rcpt-To: a@example.net\nOriginal-Rcpt-To: b@example.net\n"
      "Original-Rcpt-To: c@example.net\n";
  EXPECT_EQ(Read(part, 3).recipients.size(), 3u);
  EXPECT_EQ(Read(part, 2).recipients.size(), 2u);
}

TEST(FeedbackReport, D63D64D70TheTypeDecides) {
  struct Row {
    std::string_view type;
    Kind kind;
    Reason reason;
  };
  for (const Row& row : {Row{"abuse", Kind::kComplaint, Reason::kComplaintAbuse},
                         Row{"ABUSE", Kind::kComplaint, Reason::kComplaintAbuse},
                         Row{"fraud", Kind::kComplaint, Reason::kComplaintOther},
                         Row{"virus", Kind::kComplaint, Reason::kComplaintOther},
                         Row{"other", Kind::kComplaint, Reason::kComplaintOther},
                         Row{"not-spam", Kind::kComplaint, Reason::kNotSpam},
                         Row{"opt-out", Kind::kComplaint, Reason::kUnsubscribe},
                         Row{"opt-out-list", Kind::kComplaint, Reason::kUnsubscribe},
                         Row{"x-new", Kind::kComplaint, Reason::kComplaintOther},
                         Row{"", Kind::kComplaint, Reason::kComplaintOther},
                         Row{"auth-failure", Kind::kOther, Reason::kComplaintOther}}) {
    EXPECT_EQ(MeaningOf(row.type).kind, row.kind) << row.type;
    EXPECT_EQ(MeaningOf(row.type).reason, row.reason) << row.type;
  }
}

TEST(FeedbackReport, D67AWordForTakenOutIsNoName) {
  EXPECT_TRUE(IsRedacted("redacted@example.net"));
  EXPECT_TRUE(IsRedacted("[Redacted]"));
  EXPECT_TRUE(IsRedacted("x@example.net"));
  EXPECT_FALSE(IsRedacted("xena@example.net"));
  EXPECT_FALSE(IsRedacted("cb4a01a48251d4765f48@example.net"));
}

TEST(FeedbackReport, D67ADigestInBase64IsNoName) {
  EXPECT_TRUE(IsRedacted("rZ8cqXWGiKHzhz1MsFRGTysHia4=@example.net"));  // SHA-1
  EXPECT_TRUE(IsRedacted("ICy5YqxZB1uWSwcVLSNLcA==@example.net"));      // MD5
  EXPECT_TRUE(IsRedacted(std::string(63, 'a') + "=@example.net"));
  // Too short, too long, of no such length, with other characters, without padding.
  EXPECT_FALSE(IsRedacted("Y5YqxZB1uWSwcVLSNLc=@example.net"));
  EXPECT_FALSE(IsRedacted(std::string(67, 'a') + "=@example.net"));
  EXPECT_FALSE(IsRedacted("rZ8cqXWGiKHzhz1MsFRGTysHia4x=@example.net"));
  EXPECT_FALSE(IsRedacted("bounces-news-example.org-42=@example.net"));
  EXPECT_FALSE(IsRedacted("rZ8cqXWGiKHzhz1MsFRGTysHia===@example.net"));
  EXPECT_FALSE(IsRedacted("rZ8cqXWGiKHzhz1MsFRGTysHia4x@example.net"));
}

}  // namespace
}  // namespace bounced
