#include "parser/prose/words.h"

#include <gmock/gmock.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "parser/prose/phrases.h"
#include "parser/prose/prose_report.h"

namespace bounced {
namespace {

using testing::ElementsAre;
using testing::Pair;

using Said = std::vector<std::pair<std::string, std::string>>;

// What a report of that text says of each recipient that it names.
Said WordsOf(std::string_view text) {
  const ProsePhrases& phrases = ProsePhrases::BuiltIn();
  const ProseReport report =
      ReadProse({.subject = phrases.Mark("Undelivered mail"),
                 .text = text,
                 .parties = {},
                 .failed = {},
                 .max_recipients = 100,
                 .says_why = [](std::string_view words) {
                   return words.find("full") != words.npos || words.find("unknown") != words.npos;
                 }});
  Said said;
  for (const ProseRecipient& recipient : report.recipients) {
    said.emplace_back(recipient.address, recipient.words);
  }
  return said;
}

struct Layout {
  std::string_view name;
  std::string_view text;
  Said said;
};
class LayoutTest : public testing::TestWithParam<Layout> {};

TEST_P(LayoutTest, D80GivesEachTheReasonThatIsItsOwn) {
  EXPECT_EQ(WordsOf(GetParam().text), GetParam().said);
  std::string text;  // with the line ends that mail has
  for (const char c : GetParam().text) text += c == '\n' ? std::string("\r\n") : std::string(1, c);
  const Said said = WordsOf(text);
  ASSERT_EQ(said.size(), GetParam().said.size());
  for (std::size_t i = 0; i < said.size(); ++i) {
    EXPECT_EQ(said[i].first, GetParam().said[i].first);
    EXPECT_EQ(said[i].second.substr(0, 8), GetParam().said[i].second.substr(0, 8));
  }
}

INSTANTIATE_TEST_SUITE_P(
    Layouts, LayoutTest,
    testing::Values(
        Layout{"ReasonFirst",
               "Message undeliverable.\n\nReason: full\nRecipient: a@example.net\n\n"
               "Reason: user unknown\nRecipient: b@example.org\n",
               {{"a@example.net", "Reason: full"}, {"b@example.org", "Reason: user unknown"}}},
        Layout{"ReasonFirstOfSeveral",
               "Message undeliverable.\n\nReason: full\nRecipient: a@example.net\n"
               "Recipient: c@example.net\n\nReason: user unknown\nRecipient: b@example.org\n",
               {{"a@example.net", "Reason: full"},
                {"c@example.net", "Reason: full"},
                {"b@example.org", "Reason: user unknown"}}},
        Layout{"ReasonFirstPartedByDashes",
               "Not delivered.\n\nError: full\nAddress: a@example.net\n--\nError: user unknown\n"
               "Address: b@example.org\n--\n\nFor help ask your provider.\n",
               {{"a@example.net", "Error: full"}, {"b@example.org", "Error: user unknown"}}},
        Layout{"ReasonFirstNotParted",
               "Error: full\nAddress: a@example.net\nError: user unknown\nAddress: "
               "b@example.org\n",
               {{"a@example.net", "Error: full"}, {"b@example.org", "Error: user unknown"}}},
        Layout{"HeadingsOfLists",
               "Mail was not delivered.\n\nUnknown users:\n  a@example.net\n  c@example.net\n\n"
               "Full mailboxes:\n\n  b@example.org\n",
               {{"a@example.net", "Unknown users:"},
                {"c@example.net", "Unknown users:"},
                {"b@example.org", "Full mailboxes:"}}},
        Layout{"HeadingsThatNobodyKnows",
               "Mail was not delivered.\n\nXyzzy:\n  a@example.net\n\nPlugh:\n  b@example.org\n",
               {{"a@example.net", "Xyzzy:"}, {"b@example.org", "Plugh:"}}},
        Layout{"ReasonBelowOneHeading",
               "These addresses failed:\n\n  a@example.net\n    mailbox full\n\n  b@example.org\n"
               "    user unknown\n",
               {{"a@example.net", "mailbox full"}, {"b@example.org", "user unknown"}}},
        Layout{
            "ReasonBehindAHeadingOfEach",
            "Delivery to this recipient failed:\n  a@example.net\n\nThe mailbox is full.\n\n"
            "Delivery to this recipient failed:\n  b@example.org\n\nThe user is unknown.\n",
            {{"a@example.net", "The mailbox is full."}, {"b@example.org", "The user is unknown."}}},
        Layout{"ReasonInFrontInALine",
               "Not delivered.\n1. full (a@example.net)\n2. user unknown (b@example.org)\n",
               {{"a@example.net", "1. full ("}, {"b@example.org", "2. user unknown ("}}},
        Layout{"CodesInFront",
               "Not delivered:\n552 5.2.2 <a@example.net>: full\n550 5.1.1 <b@example.org>: "
               "user unknown\n",
               {{"a@example.net", "552 5.2.2 <a@example.net>: full"},
                {"b@example.org", "550 5.1.1 <b@example.org>: user unknown"}}},
        Layout{"CodesInFrontOfWords",
               "Not delivered:\n552 5.2.2 full for a@example.net\n550 5.1.1 no b@example.org\n",
               {{"a@example.net", "552 5.2.2 full"}, {"b@example.org", "550 5.1.1 no"}}},
        Layout{"OneSentence",
               "Not delivered.\n\nDelivery to a@example.net failed; the user for b@example.org "
               "is unknown.\n",
               {{"a@example.net", "Delivery to a@example.net failed;"},
                {"b@example.org", "the user for b@example.org is unknown."}}},
        Layout{"SectionsOfATranscript",
               "   ----- The following addresses had permanent fatal errors -----\n"
               "<a@example.net>\n    (reason: 550 5.1.1 unknown)\n"
               "   ----- The following addresses had transient non-fatal errors -----\n"
               "<b@example.org>\n    (reason: 452 4.2.2 full)\n",
               {{"a@example.net", "(reason: 550 5.1.1 unknown)"},
                {"b@example.org", "(reason: 452 4.2.2 full)"}}},
        Layout{"ListOfThoseWhoGotIt",
               "The following recipients failed:\n  a@example.net: user unknown\n\n"
               "The following recipients received the message successfully:\n  b@example.org\n",
               {{"a@example.net", "user unknown"}}},
        Layout{
            "AddressAgainAboveTheReason",
            "Failed to deliver to '<a@example.net>'\nThe module reports:\n a@example.net: unknown "
            "(host mx says: 550 5.1.1 no)\n\nFailed to deliver to '<b@example.org>'\n"
            "The module reports:\n 554 5.7.1 looks like spam\n",
            {{"a@example.net",
              "Failed to deliver to '<a@example.net>'\nThe module reports:\n a@example.net: "
              "unknown (host mx says: 550 5.1.1 no)"},
             {"b@example.org",
              "Failed to deliver to '<b@example.org>'\nThe module reports:\n 554 5.7.1 looks "
              "like spam"}}},
        Layout{"FieldsOfTheMessageBeforeTheReasons",
               "Your message\n\n  To: a@example.net; b@example.org\n  Subject: Order\n"
               "  Sent: Monday\n\ndid not reach the following recipients:\n\n"
               "a@example.net on Mon, 17 Jan 2000 16:49:22 -0500\n    user unknown\n"
               "b@example.org on Mon, 17 Jan 2000 16:49:22 -0500\n    mailbox full\n",
               {{"a@example.net", "on Mon, 17 Jan 2000 16:49:22 -0500\n    user unknown"},
                {"b@example.org", "on Mon, 17 Jan 2000 16:49:22 -0500\n    mailbox full"}}},
        Layout{"WhoGotItBesideWhoDidNot",
               "Failed: a@example.net\nDelivered: b@example.org\n",
               {{"a@example.net", "Failed: a@example.net\nDelivered: b@example.org"}}}),
    [](const auto& layout) { return std::string(layout.param.name); });

TEST(FindWords, OfOneOfSeveralSaysNoMoreThanItsOwn) {
  EXPECT_THAT(WordsOf("Not delivered.\n\nmailbox of a@example.net is full\nno such user "
                      "b@example.org\n"),
              ElementsAre(Pair("b@example.org", "no such user b@example.org")));
}

TEST(FindWords, OfOneAreThoseInFrontWhereHisOwnSayNothing) {
  EXPECT_THAT(
      WordsOf("The disk is full. Not delivered to this recipient:\n\na@example.net\n\n"
              "Our code is 1234.\n"),
      ElementsAre(Pair("a@example.net", "The disk is full. Not delivered to this recipient:")));
}

TEST(FindWords, TellWhomTheMailWasSentTo) {
  const ProsePhrases& phrases = ProsePhrases::BuiltIn();
  constexpr std::string_view kText =
      "This message could not be delivered:\n\n<a@inner.example> (expanded from\n"
      "    <list@example.net>): unknown user: \"a\"\n\n<b@inner.example>\n"
      "    (generated from info@example.net)\n    mailbox full\n\n"
      "<c@inner.example> (expanded from <c>): unknown user: \"c\"\n";
  const ProseReport report = ReadProse({.subject = phrases.Mark("Undelivered mail"),
                                        .text = kText,
                                        .parties = {},
                                        .failed = {},
                                        .max_recipients = 100});
  ASSERT_EQ(report.recipients.size(), 3u);
  EXPECT_EQ(report.recipients[0].origin, "list@example.net");
  EXPECT_EQ(report.recipients[0].words, "unknown user: \"a\"");
  EXPECT_EQ(report.recipients[1].origin, "info@example.net");
  EXPECT_EQ(report.recipients[1].words, "mailbox full");
  EXPECT_EQ(report.recipients[2].origin, "");
}

// "Recipients:" and a reason for all of them, as often as a text can hold: no more than a text.
TEST(FindWords, AllBelowOneReasonAreToldNoMoreThanATextMayHold) {
  std::string text = "Not delivered.\n\nMailbox full, " + std::string(4096, 'x') + ":\n";
  for (int i = 0; i < 50; ++i) text += "r" + std::to_string(i) + "@example.net\n";
  text += "\nUser unknown:\nb@example.org\n";
  const Said said = WordsOf(text);
  ASSERT_EQ(said.size(), 51u);
  for (const auto& [address, words] : said) EXPECT_LE(words.size(), kMaxProseOctets / 51);
  EXPECT_EQ(said[49].second.substr(0, 12), "Mailbox full");
  EXPECT_EQ(said[50].second, "User unknown:");
}

TEST(HasRefusalCode, IsOfServersAlone) {
  EXPECT_TRUE(HasRefusalCode("421 4.3.2 closing"));
  EXPECT_TRUE(HasRefusalCode("It said:\n450 later\n"));
  EXPECT_TRUE(HasRefusalCode("559 no"));
  EXPECT_FALSE(HasRefusalCode("560 Main Street"));
  EXPECT_FALSE(HasRefusalCode("250 2.0.0 queued"));
}

}  // namespace
}  // namespace bounced
