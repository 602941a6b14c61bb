// Reports in words, by mechanism: how a text names the failed address, what it says of it, and
// where the original begins.
#include "parser/prose/prose_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "parser/text.h"

namespace bounced {
namespace {

struct Expected {
  std::string_view address;
  std::string_view words;  // how they begin; "*": they are the whole text
};

struct Case {
  std::string_view name;
  std::string_view subject;
  std::string_view text;
  std::optional<Kind> kind;
  std::vector<Expected> recipients;
};
class ProseTest : public testing::TestWithParam<Case> {};

ProseReport Read(std::string_view subject, std::string_view text,
                 std::vector<std::string_view> failed = {}) {
  const ProsePhrases& phrases = ProsePhrases::BuiltIn();
  return ReadProse({.subject = phrases.Mark(subject),
                    .text = text.substr(0, kMaxProseOctets),
                    .parties = {"mailer-daemon@mx.example", "sender@example.com"},
                    .failed = std::move(failed),
                    .max_recipients = 100});
}

TEST_P(ProseTest, NamesWhoFailedAndWhatIsSaidOfIt) {
  const ProseReport report = Read(GetParam().subject, GetParam().text);
  EXPECT_EQ(report.kind, GetParam().kind);
  ASSERT_EQ(report.recipients.size(), GetParam().recipients.size());
  for (std::size_t i = 0; i < report.recipients.size(); ++i) {
    EXPECT_EQ(report.recipients[i].address, GetParam().recipients[i].address);
    std::string_view words = GetParam().recipients[i].words;
    if (words == "*") words = StripBlanks(GetParam().text).substr(0, 20);
    EXPECT_THAT(std::string(report.recipients[i].words), testing::StartsWith(std::string(words)));
  }
}

TEST(ReadProse, TellsWhoMayStillGetItFromWhoWillNot) {
  const ProseReport report = Read("Delivery report",
                                  "I could not deliver your message:\n\n"
                                  "  <a@example.net>  delivery failed; will not continue trying\n"
                                  "  <b@example.org>  delivery delayed; will continue trying\n");
  EXPECT_EQ(report.kind, Kind::kBounce);
  ASSERT_EQ(report.recipients.size(), 2U);
  EXPECT_FALSE(report.recipients[0].delays);
  EXPECT_TRUE(report.recipients[1].delays);
}

TEST(ReadProse, TellsManyOfAMereListNoMoreThanATextMayHold) {
  std::string text = "Over quota:\n\n";
  for (int i = 0; i < 100; ++i) text += "r" + std::to_string(i) + "@example.net\n";
  const ProseReport report = Read("Undelivered mail", text);
  ASSERT_EQ(report.recipients.size(), 100U);
  for (const ProseRecipient& recipient : report.recipients) {
    EXPECT_EQ(recipient.words, text.substr(0, kMaxProseOctets / 100));
  }
}

// What is said of one who is named by no usual address is not said of the one before.
TEST(ReadProse, D80AHeadingThatIsNoAddressEndsTheWordsOfTheOneBefore) {
  for (const std::string_view odd : {"b..x@example.org", ".b.@example.org", "\"b x\"@example.org",
                                     "b@[192.0.2.1]", "b@[IPv6:2001:db8::1]", "b@localhost", "b"}) {
    const std::string name(odd);
    const std::string postfix =
        "This is the mail system at host x.\n\n<a@example.net>: connect to "
        "mx[192.0.2.1]:25: Connection timed out\n\n<" +
        name + ">: unknown user: \"b\"\n";
    const ProseReport report = Read("Undelivered Mail Returned to Sender", postfix);
    ASSERT_EQ(report.recipients.size(), 2u) << odd;
    EXPECT_EQ(report.recipients[0].words, "connect to mx[192.0.2.1]:25: Connection timed out");
    EXPECT_EQ(report.recipients[1].address, odd);
    EXPECT_EQ(report.recipients[1].words, "unknown user: \"b\"");
  }
  for (const std::string_view odd : {"\"b x\"@example.org", "b@[192.0.2.1]"}) {
    const std::string exim =
        "The following address(es) failed:\n\n  a@example.net\n    retry timeout "
        "exceeded\n  " +
        std::string(odd) + "\n    550 5.1.1 User unknown\n";
    const ProseReport report = Read("Mail delivery failed: returning message to sender", exim);
    ASSERT_EQ(report.recipients.size(), 2u) << odd;
    EXPECT_EQ(report.recipients[0].words, "retry timeout exceeded");
    EXPECT_EQ(report.recipients[1].address, odd);
  }
}

TEST(ReadProse, D80WhatFollowsABlankLineIsNotSaidOfTheLastOne) {
  const ProseReport report =
      Read("Undelivered Mail Returned to Sender",
           "<a@example.net>: connect to mx[192.0.2.1]:25: Connection timed out\n\n"
           "If you see \"user unknown\", check the address.\n");
  ASSERT_EQ(report.recipients.size(), 1u);
  EXPECT_EQ(report.recipients[0].words, "connect to mx[192.0.2.1]:25: Connection timed out");
}

INSTANTIATE_TEST_SUITE_P(
    D78, ProseTest,
    testing::ValuesIn<Case>({
        {"HeadingInBracketsWithAColon",
         "failure notice",
         "Hi. This is the qmail-send program at mx.example.\n"
         "I'm afraid I wasn't able to deliver your message to the following addresses.\n"
         "This is a permanent error; I've given up. Sorry it didn't work out.\n\n"
         "<a@example.net>:\nSorry, no mailbox here by that name. (#5.1.1)\n\n"
         "<b@example.org>:\n192.0.2.1 does not like recipient.\n"
         "Remote host said: 550 5.2.1 mailbox disabled\nGiving up on 192.0.2.1.\n\n"
         "--- Below this line is a copy of the message.\n\n"
         "Return-Path: <sender@example.com>\nTo: c@example.net\n",
         Kind::kBounce,
         {{"a@example.net", "Sorry, no mailbox"}, {"b@example.org", "192.0.2.1 does not like"}}},
        {"HeadingIndented",
         "Mail delivery failed: returning message to sender",
         "This message was created automatically by mail delivery software.\n\n"
         "A message that you sent could not be delivered to one or more of its\n"
         "recipients. This is a permanent error. The following address(es) failed:\n\n"
         "  a@example.net\n    SMTP error from remote mail server after RCPT TO:<a@example.net>:\n"
         "    host mx.example.net [192.0.2.1]: 550 5.1.1 User unknown\n\n"
         "------ This is a copy of the message, including all the headers. ------\n\n"
         "From: sender@example.com\nTo: z@example.net\n",
         Kind::kBounce,
         {{"a@example.net", "SMTP error from remote"}}},
        {"TranscriptBelowAList",
         "Returned mail: see transcript for details",
         "   ----- The following addresses had permanent fatal errors -----\n"
         "<a@example.net>\n<b@example.net>\n\n   ----- Transcript of session follows -----\n"
         "... while talking to mx.example.net.:\n"
         ">>> RCPT To:<a@example.net>\n<<< 550 5.1.1 <a@example.net>... User unknown\n"
         "550 5.1.1 <a@example.net>... User unknown\n"
         ">>> RCPT To:<b@example.net>\n<<< 552 5.2.2 <b@example.net>... Mailbox full\n"
         "552 5.2.2 <b@example.net>... Mailbox full\n",
         Kind::kBounce,
         {{"a@example.net", ""}, {"b@example.net", ""}}},
        {"LabelBeforeTheAddress",
         "Undeliverable: news",
         "Your message could not be delivered.\n\nRecipient: <a@example.net>\n"
         "Reason:    5.1.1 user unknown\nReporting host: mx.example\n",
         Kind::kBounce,
         {{"a@example.net", ""}}},
        {"SentenceAroundTheOnlyAddress",
         "Delivery Status Notification (Failure)",
         "Delivery to the following recipient failed permanently:\n\n     a@example.net\n\n"
         "Technical details of permanent failure:\nThe error that the other server returned was:\n"
         "550 550 5.1.1 no such user (state 14).\n\n----- Original message -----\n\n"
         "From: sender@example.com\n",
         Kind::kBounce,
         {{"a@example.net", "Technical details"}}},
        {"Delay",
         "Warning: message 1abc delayed 24 hours",
         "A message that you have sent has not yet been delivered to one or more of its\n"
         "recipients after more than 24 hours on the queue on mx.example.\n\n"
         "  a@example.net\n    retry timeout not reached\n\nNo action is required on your part.\n",
         Kind::kDelay,
         {{"a@example.net", "retry timeout"}}},
        {"German",
         "Mail konnte nicht zugestellt werden",
         "Ihre Nachricht konnte nicht zugestellt werden.\n\nEmpfänger: a@example.net\n"
         "Grund: 550 Empfänger unbekannt\n",
         Kind::kBounce,
         {{"a@example.net", ""}}},
        {"Japanese",
         "",
         "次の宛先にメールを配信できませんでした。\n\na@example.net\n550 5.1.1 User unknown\n",
         Kind::kBounce,
         {{"a@example.net", "550 5.1.1 User"}}},
        {"NothingFailed", "Lunch", "See a@example.net at noon.\n", std::nullopt, {}},
        {"SomebodyElsesAddress",
         "Undeliverable",
         "Your message could not be delivered. Please contact help@example.net for assistance.\n",
         Kind::kBounce,
         {}},
        {"D43ThePartiesHaveNotFailed",
         "Undeliverable",
         "Your message could not be delivered.\n\n<sender@example.com>:\n550 no\n\n"
         "<mailer-daemon@mx.example>:\n550 no\n\n<postmaster@example.net>:\n550 no\n",
         Kind::kBounce,
         {}},
        {"OneOfManyIsAnybody",
         "Undeliverable",
         "could not be delivered; see a@example.net and b@example.net too\n",
         Kind::kBounce,
         {}},
        {"TheOriginalIsNotRead",
         "Undeliverable",
         "Your message could not be delivered.\n\nReceived: from x by y\nTo: a@example.net\n",
         Kind::kBounce,
         {}},
    }),
    [](const auto& test) { return std::string(test.param.name); });

TEST(ReadProse, TakesWhomTheHeaderNamesAndNobodyElse) {
  const ProseReport report =
      Read("Mail delivery failed", "  b@example.net\n    550 full\n  a@example.net\n    550 gone\n",
           {"A@example.net"});
  EXPECT_EQ(report.kind, Kind::kBounce);
  ASSERT_EQ(report.recipients.size(), 1u);
  EXPECT_EQ(report.recipients[0].address, "A@example.net");
  EXPECT_EQ(report.recipients[0].words, "550 gone");
}

TEST(ReadProse, D80GivesEachTheWordsOfItsOwnTranscript) {
  const ProseReport report =
      Read("Returned mail",
           "<a@example.net>\n<b@example.net>\n\n550 5.1.1 <a@example.net>... User unknown\n"
           "552 5.2.2 <b@example.net>... Mailbox full\n");
  ASSERT_EQ(report.recipients.size(), 2u);
  EXPECT_THAT(std::string(report.recipients[0].words), testing::HasSubstr("User unknown"));
  EXPECT_THAT(std::string(report.recipients[0].words), testing::Not(testing::HasSubstr("full")));
  EXPECT_THAT(std::string(report.recipients[1].words), testing::HasSubstr("Mailbox full"));
}

// A text in words that no phrase has: a subject that is a report's, and how Exchange names people.
INSTANTIATE_TEST_SUITE_P(
    D79, ProseTest,
    testing::ValuesIn<Case>({
        {"NameAndLinkBehindASubjectThatHeads",
         "Undeliverable: hello",
         "Ola:\n\nR. Name (r@example.net)<mailto:r@example.net>\nBo fim.\n\n"
         "s@example.net<mailto:s@example.net>\nBa fim.\n",
         Kind::kBounce,
         {{"r@example.net", "<mailto:r@example.net>\nBo fim."},
          {"s@example.net", "<mailto:s@example.net>\nBa fim."}}},
        {"ADateInAnyLanguage",
         "Undeliverable\xEF\xBC\x9Ahello",
         "Ola:\n\n  'r@example.net' nan 2009-03-12 10:12\n    Bo fim.\n  S. Name "
         "(s@example.net) nan 1.2.9 1:02\n    Ba fim.\n",
         Kind::kBounce,
         {{"r@example.net", "nan 2009-03-12 10:12"}, {"s@example.net", "nan 1.2.9 1:02"}}},
        {"OneAddressBehindASubjectThatIsAPhrase",
         "Undelivered mail",
         "Ola r@example.net fim.\n",
         Kind::kBounce,
         {{"r@example.net", "*"}}},
        {"OneAddressBehindASubjectThatGoesOn",
         "Undelivered mail of May",
         "Ola r@example.net fim.\n",
         std::nullopt,
         {}},
        {"OneAddressAndWhyBehindASubject",
         "Report of undelivered mail",
         "The mailbox of r@example.net is full.\n",
         Kind::kBounce,
         {{"r@example.net", "*"}}},
        {"TwoPhrasesAreASubject",
         "Delivery failure: failed to deliver",
         "Ola r@example.net fim.\n",
         Kind::kBounce,
         {{"r@example.net", "*"}}},
        {"ASentenceEndsInAWordForOthers",
         "Undelivered mail",
         "<a@example.net>:\nThis one accepts no mail.\n\n<b@example.org>:\nNo such user.\n",
         Kind::kBounce,
         {{"a@example.net", "This one accepts no mail."}, {"b@example.org", "No such user."}}},
        {"AParagraphEndsInAWordForOthers",
         "Undelivered mail",
         "a@example.net\n  For help ask our support\n\nb@example.org\n  No such user\n",
         Kind::kBounce,
         {{"a@example.net", "For help ask our support"}, {"b@example.org", "No such user"}}},
        {"AQuotationNamesNobody",
         "Undelivered mail",
         "<a@example.net>: mailbox full\n\n> b@example.org does not exist\n",
         Kind::kBounce,
         {{"a@example.net", "mailbox full"}}},
        {"WhereItWasExpandedFrom",
         "Undelivered mail",
         "<a@example.net> (expanded from <list@example.com>): unknown user: \"a\"\n",
         Kind::kBounce,
         {{"a@example.net", "unknown user: \"a\""}}},
        {"ALabelBehind",
         "hello",
         "Your mail was not delivered: r@example.net adresine.\n",
         Kind::kBounce,
         {{"r@example.net", "*"}}},
        {"AParagraphAnnouncesTheNext",
         "Undelivered mail",
         "r@example.net\n\nbecause:\n\nBo fim.\n\nBa.\n",
         Kind::kBounce,
         {{"r@example.net", "because:\n\nBo fim."}}},
    }),
    [](const auto& test) { return std::string(test.param.name); });

TEST(ReadProse, HoldsItsBounds) {
  std::string text = "could not be delivered:\n";
  for (int i = 0; i < 101; ++i) text += "<r" + std::to_string(i) + "@example.net>:\n550 no\n";
  EXPECT_EQ(Read("", text).recipients.size(), 100u);
  const std::string beyond =
      "could not be delivered:\n" + std::string(kMaxProseOctets, '\n') + "<a@example.net>:\nno\n";
  EXPECT_TRUE(Read("", beyond).recipients.empty());
}

TEST(ProsePhrases, AreRefusedWithTheirLine) {
  const auto error = [](std::string_view toml) {
    return std::string(ProsePhrases::Load(toml).status().message());
  };
  EXPECT_EQ(error("failure = ['no']\n"), "");
  EXPECT_THAT(error("failure = ['a']\nother = ['b']\n"), testing::HasSubstr(":2: unknown list"));
  EXPECT_THAT(error("failure = 1\n"), testing::HasSubstr(":1: not a list"));
  EXPECT_THAT(error("failure = [1]\n"), testing::HasSubstr(":1: not a phrase"));
  EXPECT_THAT(error("failure = ['Not Folded']\n"), testing::HasSubstr("not folded"));
  EXPECT_EQ(error("failure = ['a']\ndelay = ['a']\n"), "") << "a phrase may have two jobs";
  EXPECT_THAT(error("failure = ["), testing::HasSubstr("phrases.toml:1"));
}

}  // namespace
}  // namespace bounced
