// Amazon SES events, by the fields that they become.
#include "parser/dsn/ses_notification.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace bounced {
namespace {

struct Case {
  std::string_view name;
  std::string_view json;
  std::optional<Kind> kind;
  std::string_view fields;
};
class SesNotificationTest : public testing::TestWithParam<Case> {};

TEST_P(SesNotificationTest, IsRead) {
  const SesNotification found = ReadSesNotification(GetParam().json);
  EXPECT_EQ(found.kind, GetParam().kind);
  EXPECT_EQ(found.status_fields, GetParam().fields);
}

INSTANTIATE_TEST_SUITE_P(
    D78, SesNotificationTest,
    testing::ValuesIn<Case>({
        {"Bounce",
         R"({"notificationType":"Bounce","bounce":{"bounceType":"Permanent","bouncedRecipients":[)"
         R"({"emailAddress":"r@example.net","action":"failed","status":"5.1.1",)"
         R"("diagnosticCode":"smtp; 550 5.1.1 user unknown"},{"emailAddress":"s@example.net"}],)"
         R"("reportingMTA":"dsn; mx.example"},"mail":{"messageId":"m1"}})"
         "\n\n--\nIf you wish to stop receiving notifications",
         Kind::kBounce,
         "Reporting-MTA: dsn; mx.example\nOriginal-Envelope-Id: m1\n\nAction: failed\n"
         "Final-Recipient: rfc822; r@example.net\nStatus: 5.1.1\n"
         "Diagnostic-Code: smtp; 550 5.1.1 user unknown\n\nAction: failed\n"
         "Final-Recipient: rfc822; s@example.net\n"},
        {"EventPublishing",
         R"({"eventType": "DeliveryDelay", "deliveryDelay": {"delayedRecipients": [)"
         R"({"emailAddress": "r@example.net", "status": "4.4.1"}]}})",
         Kind::kDelay,
         "\nAction: delayed\nFinal-Recipient: rfc822; r@example.net\nStatus: 4.4.1\n"},
        {"Delivery",
         R"({"notificationType":"Delivery","delivery":{"recipients":["r@example.net"],)"
         R"("smtpResponse":"250 ok","reportingMTA":"mx.example"}})",
         Kind::kDelivery,
         "Reporting-MTA: dns; mx.example\n\nAction: delivered\n"
         "Final-Recipient: rfc822; r@example.net\nDiagnostic-Code: smtp; 250 ok\n"},
        {"Complaint",
         R"({"notificationType":"Complaint","complaint":{"complainedRecipients":[)"
         R"({"emailAddress":"r@example.net"}],"complaintFeedbackType":"abuse"}})",
         Kind::kComplaint, "\nFinal-Recipient: rfc822; r@example.net\n"},
        {"NotSpam",
         R"({"notificationType":"Complaint","complaint":{"complainedRecipients":[)"
         R"({"emailAddress":"r@example.net"}],"complaintFeedbackType":"not-spam"}})",
         std::nullopt, ""},
        {"InsideSns",
         R"({"Type":"Notification","Message":"{\"eventType\":\"Bounce\",\"bounce\":)"
         R"({\"bouncedRecipients\":[{\"emailAddress\":\"r@example.net\"}]}}"})",
         Kind::kBounce, "\nAction: failed\nFinal-Recipient: rfc822; r@example.net\n"},
        {"LineCutBySendmail",
         "{\"eventType\":\"Bounce\",\"bounce\":{\"bouncedRecipients\":[{\"email!\r\n "
         "Address\":\"r@example.net\"}]}}",
         Kind::kBounce, "\nAction: failed\nFinal-Recipient: rfc822; r@example.net\n"},
        {"LineEndsInAValue",
         R"({"eventType":"Bounce","bounce":{"bouncedRecipients":[{"emailAddress":)"
         R"("r@example.net\r\nAction: delivered"}]}})",
         Kind::kBounce,
         "\nAction: failed\nFinal-Recipient: rfc822; r@example.net  Action: delivered\n"},
        {"Escapes",
         R"({"eventType":"Bounce","bounce":{"bouncedRecipients":[{"emailAddress":)"
         R"("\u00fc\ud83d\ude00\"@example.net"}]}})",
         Kind::kBounce, "\nAction: failed\nFinal-Recipient: rfc822; ü😀\"@example.net\n"},
        {"OtherEvent", R"({"eventType":"Click","click":{}})", std::nullopt, ""},
        {"NoRecipients", R"({"eventType":"Bounce","bounce":{}})", std::nullopt, ""},
        {"NoJson", "Hello", std::nullopt, ""},
        {"Empty", "", std::nullopt, ""},
        {"Cut", R"({"eventType":"Bounce","bounce":{"bouncedRecipients":[{"emailAddress":"r@e)",
         std::nullopt, ""},
        {"LoneSurrogate", R"({"eventType":"Bounce","x":"\udc00"})", std::nullopt, ""},
        {"BareName", R"({eventType:"Bounce"})", std::nullopt, ""},
    }),
    [](const auto& test) { return std::string(test.param.name); });

TEST(SesNotification, TellsOfTheMessage) {
  const SesNotification found = ReadSesNotification(
      R"({"eventType":"Bounce","bounce":{"bouncedRecipients":[{"emailAddress":"r@example.net"}]},)"
      R"("mail":{"source":"s@example.com","commonHeaders":{"messageId":"<m@example.com>",)"
      R"("to":["r@example.net"],"subject":"news"}}})");
  EXPECT_EQ(found.returned_header,
            "Return-Path: s@example.com\nMessage-ID: <m@example.com>\nTo: r@example.net\n"
            "Subject: news\n");
}

TEST(SesNotification, HoldsItsDepth) {
  const auto nested = [](int depth) {
    return R"({"eventType":"Bounce","bounce":{"bouncedRecipients":[{"emailAddress":"r@e.net"}]},)"
           R"("x":)" +
           std::string(static_cast<std::size_t>(depth), '[') +
           std::string(static_cast<std::size_t>(depth), ']') + "}";
  };
  EXPECT_EQ(ReadSesNotification(nested(kMaxJsonDepth - 1)).kind, Kind::kBounce);
  EXPECT_EQ(ReadSesNotification(nested(kMaxJsonDepth)).kind, std::nullopt);
}

}  // namespace
}  // namespace bounced
