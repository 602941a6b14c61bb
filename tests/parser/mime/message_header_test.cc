#include "parser/mime/message_header.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace bounced {
namespace {

constexpr std::size_t kMaxLine = 1000;

TEST(MessageHeader, D60KeepsTheFirstOfAField) {
  const MessageHeader header = ReadMessageHeader(
      "MESSAGE-ID: <a@b>\nMessage-Id: <c@d>\nsubject:\n folded\n  twice\nDate: today\n", kMaxLine);
  EXPECT_EQ(header.message_id, "<a@b>");
  EXPECT_EQ(header.subject, "folded\n  twice");
  EXPECT_EQ(header.date, "today");
  EXPECT_FALSE(header.to);
}

TEST(MessageHeader, D44KeepsEachXFailedRecipients) {
  const MessageHeader header = ReadMessageHeader(
      "X-Failed-Recipients: a@b.example,\n c@d.example\nX-Failed-Recipients: e@f.example\n",
      kMaxLine);
  ASSERT_EQ(header.failed_recipients.size(), 2u);
  EXPECT_EQ(header.failed_recipients[1], "e@f.example");
}

TEST(MessageHeader, KeepsNoMoreThanAThousandXFailedRecipients) {
  const auto of = [](int count) {
    std::string header;
    for (int i = 0; i < count; ++i) header += "X-Failed-Recipients: a@b.example\n";
    return ReadMessageHeader(header, kMaxLine).failed_recipients.size();
  };
  EXPECT_EQ(of(999), 999u);
  EXPECT_EQ(of(1000), 1000u);
  EXPECT_EQ(of(1001), 1000u);
}

struct SectionCase {
  std::string_view name;
  std::string_view text;
  std::string_view want;
};
class HeaderSectionTest : public testing::TestWithParam<SectionCase> {};

TEST_P(HeaderSectionTest, IsFound) {
  EXPECT_EQ(FindHeaderSection(GetParam().text, 1000), GetParam().want);
}
INSTANTIATE_TEST_SUITE_P(
    D58, HeaderSectionTest,
    testing::ValuesIn<SectionCase>({
        {"Whole", "Return-Path: <a@b>\nX: y\n\nbody: no\n", "Return-Path: <a@b>\nX: y\n"},
        {"HeaderOnly", "Received: x\nDate: y\n", "Received: x\nDate: y\n"},
        {"CutInALine", "Received: x\nDat", "Received: x\nDat"},
        {"TextInFront", "Here it is:\n\nFrom: x\nTo: y\n\nz", "From: x\nTo: y\n"},
        {"BlankLinesInFront", "\r\n\r\nFrom: x\r\n\r\nz", "From: x\r\n"},
        {"Nothing", "only words\n", ""},
        {"Empty", "", ""},
    }),
    [](const auto& test) { return std::string(test.param.name); });

TEST(HeaderSection, IsBounded) {
  const std::string header = "From: " + std::string(94, 'x');  // 100 octets
  EXPECT_EQ(FindHeaderSection(header, 99).size(), 99u);
  EXPECT_EQ(FindHeaderSection(header, 100).size(), 100u);
  EXPECT_EQ(FindHeaderSection(header, 101).size(), 100u);
}

struct AuthorCase {
  std::string_view name;
  std::string_view header;
  Author want;
};
class AuthorTest : public testing::TestWithParam<AuthorCase> {};

TEST_P(AuthorTest, IsToldByTheHeader) {
  EXPECT_EQ(FindAuthor(ReadMessageHeader(GetParam().header, kMaxLine)), GetParam().want);
}
INSTANTIATE_TEST_SUITE_P(
    D4, AuthorTest,
    testing::ValuesIn<AuthorCase>({
        {"Person", "From: Dana Field <dana@example.org>\n", Author::kPerson},
        {"PersonOfThatName", "From: postmaster.jones@example.org\n", Author::kPerson},
        {"Nobody", "Subject: x\n", Author::kUnknown},
        {"NullReturnPath", "Return-Path: <>\nFrom: dana@example.org\n", Author::kMailSystem},
        {"MailerDaemon", "From: MAILER-DAEMON (Mail Delivery System)\n", Author::kMailSystem},
        {"MailerDaemonAtHost", "From: Mail <Mailer-Daemon@example.org>\n", Author::kMailSystem},
        {"Postmaster", "From: <Postmaster@example.org>\n", Author::kMailSystem},
        {"PostmasterInTwoWords", "From: post_master@example.org\n", Author::kMailSystem},
        {"NameAndNullFrom", "From: MAILER-DAEMON <>\n", Author::kMailSystem},
        {"Courier", "From: \"Courier mail server at mx.example\" <@>\n", Author::kMailSystem},
        {"CourierAtItsHost", "From: \"Courier mail server\" <@mx.example>\n", Author::kMailSystem},
        {"SourceRoute", "From: Dana Field <@mx.example:dana@example.org>\n", Author::kPerson},
        {"ExchangesOwnRecipient",
         "From: Outlook <MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e@example.org>\n",
         Author::kMailSystem},
        {"ListWithNullPath",
         "Return-Path: <>\nList-Id: <news.example.org>\nFrom: news@example.org\n", Author::kPerson},
        {"ListServer",
         "From: list-admin@example.org\nX-MLServer: fml\nMessage-ID: <2026.FMLA1.list@x>\n",
         Author::kMailSystem},
        {"PassedOnByAListServer",
         "From: dana@example.org\nX-MLServer: fml\nMessage-ID: <m1@example.org>\n",
         Author::kPerson},
        {"NullFrom", "From: <>\n", Author::kMailSystem},
        {"DisplayName", "From: Mail Delivery Subsystem <noreply@example.org>\n",
         Author::kMailSystem},
        {"EncodedDisplayName",
         "From: =?iso-2022-jp?B?TWFpbCBEZWxpdmVyeSBTdWJzeXN0ZW0=?= <x@example.org>\n",
         Author::kMailSystem},
        {"AutoReply", "From: dana@example.org\nAuto-Submitted: auto-replied\n", Author::kMachine},
        {"AutoSubmittedNo", "From: dana@example.org\nAuto-Submitted: no\n", Author::kPerson},
    }),
    [](const auto& test) { return std::string(test.param.name); });

TEST(SoundsLikeMailSystem, IsAHint) {
  const auto sounds = [](std::string_view from) {
    return SoundsLikeMailSystem(ReadMessageHeader(from, kMaxLine));
  };
  EXPECT_TRUE(sounds("From: \"System Administrator\"@example.org\n"));
  EXPECT_TRUE(sounds("From: SMTP_Mail_Service@example.org\n"));
  EXPECT_FALSE(sounds("From: Dana Field <dana@example.org>\n"));
  EXPECT_FALSE(sounds("Subject: smtp\n"));
}

}  // namespace
}  // namespace bounced
