#include "parser/dsn/smtp_reply.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace bounced {
namespace {

struct Case {
  std::string_view name;
  std::string_view text;
  int code;                 // 0: none
  std::string_view status;  // empty: none
  std::string_view words;
  ReplyContext context = ReplyContext::kReply;
};
class SmtpReplyTest : public testing::TestWithParam<Case> {};

TEST_P(SmtpReplyTest, IsFound) {
  const SmtpReply reply = FindSmtpReply(GetParam().text, GetParam().context);
  EXPECT_EQ(reply.code.value_or(0), GetParam().code);
  EXPECT_EQ(reply.status ? ToString(*reply.status) : "", GetParam().status);
  EXPECT_EQ(reply.words, GetParam().words);
  if (reply.code) {
    EXPECT_EQ(reply.code_text, std::to_string(*reply.code));
    EXPECT_GE(reply.code_text.data(), GetParam().text.data());
  }
  EXPECT_EQ(reply.status_text.empty(), !reply.status);
}

constexpr auto kNarration = ReplyContext::kNarration;
constexpr auto kLines = ReplyContext::kLines;

INSTANTIATE_TEST_SUITE_P(
    D53_MultiLine, SmtpReplyTest,
    testing::ValuesIn<Case>({
        {"OneLine", "550 5.1.1 no such user", 550, "5.1.1", "no such user"},
        {"NoStatus", "550 no such user", 550, "", "no such user"},
        {"CodeOnly", "550", 550, "", ""},
        {"Folded", "550-5.1.1 The account\r\n 550-5.1.1 that you tried\r\n 550 5.1.1 is not here",
         550, "5.1.1", "The account that you tried is not here"},
        {"Joined", "550-5.7.26  DKIM = no 550-5.7.26  SPF = no 550 5.7.26 see https://h.example",
         550, "5.7.26", "DKIM = no SPF = no see https://h.example"},
        {"JoinedWithoutStatus", "550-no such 550 user", 550, "", "no such user"},
        {"CutAfterTheFirst", "552-5.7.0 blocked because its content presents a potential", 552,
         "5.7.0", "blocked because its content presents a potential"},
        {"EmptyLines", "550-5.7.26\r\n 550-5.7.26 text", 550, "5.7.26", "text"},
        {"NumbersInTheText", "550-5.1.1 limit of 550 messages\n 550 5.1.1 a day", 550, "5.1.1",
         "limit of 550 messages a day"},
    }),
    [](const auto& test) { return std::string(test.param.name); });

INSTANTIATE_TEST_SUITE_P(
    D54_Innermost, SmtpReplyTest,
    testing::ValuesIn<Case>({
        {"AnotherHostFollows",
         "<<< 550 <r@example.net>... User unknown\n421 example.org (smtp)... Deferred: Timed out",
         550, "", "<r@example.net>... User unknown", kLines},
        {"Relayed",
         "550 5.1.1 Failed, from MTA([127.0.0.1]:10025): 550 5.1.1 <r@example.net>: unknown", 550,
         "5.1.1", "Failed, from MTA([127.0.0.1]:10025): 550 5.1.1 <r@example.net>: unknown"},
        {"InBrackets", "554 4.4.7 Message expired.<421 4.4.2 Connection timed out>", 421, "4.4.2",
         "Connection timed out>"},
        {"AfterAStatus", "550 5.7.1 550 User Unknown: r@example.net", 550, "5.7.1",
         "550 User Unknown: r@example.net"},
        {"InReplyTo", "554 5.0.0 delivery failed (in reply to end of DATA; 550 5.7.1 spam)", 550,
         "5.7.1", "spam)"},
        {"SuccessInside", "550 5.1.1 no; sender was told: 250 2.1.0 ok", 550, "5.1.1",
         "no; sender was told: 250 2.1.0 ok"},
        {"OtherHostSaid", "host mx.example[192.0.2.1] said: 452 4.2.2 full", 452, "4.2.2", "full"},
        {"NoValidRecipients", "550 r@example.net User not registered\n554 No valid recipients", 550,
         "", "r@example.net User not registered 554 No valid recipients", kLines},
        {"BehindAnIdleStatus", "5.3.0 - Other mail system problem 550-'Unknown user r'", 550,
         "5.3.0", "'Unknown user r'"},
        {"QuotedBehindAnIdleStatusInALine",
         "The reason:\n 5.3.0 - Other mail system problem 554-'5.7.1 Message refused'", 554,
         "5.7.1", "'5.7.1 Message refused'", kLines},
        {"QuotedBehindAnIdleStatusInAText", "5.1.0 - Unknown address error 550-'No such user'", 550,
         "5.1.0", "'No such user'", kNarration},
        {"QuotedBehindAStatusOfAnotherClass", "4.3.0 - Other mail system problem 550-'no'", 0,
         "4.3.0", "4.3.0 - Other mail system problem 550-'no'", kLines},
        {"QuotedBehindNoStatus", "there are 550-'things'", 0, "", "there are 550-'things'", kLines},
        {"QuotedBehindAStatusOfAnotherLine", "5.3.0 - problem\nwith 550-'no'", 0, "5.3.0",
         "5.3.0 - problem with 550-'no'", kLines},
    }),
    [](const auto& test) { return std::string(test.param.name); });

INSTANTIATE_TEST_SUITE_P(
    D56_NoCodes, SmtpReplyTest,
    testing::ValuesIn<Case>({
        {"Port", "connect to mx.example[192.0.2.1]:525: timed out", 0, "",
         "connect to mx.example[192.0.2.1]:525: timed out"},
        {"Size", "message size 552 kB exceeds the limit of 500 kB", 0, "",
         "message size 552 kB exceeds the limit of 500 kB"},
        {"IpOctets", "host 192.0.2.250 said nothing", 0, "", "host 192.0.2.250 said nothing"},
        {"Year", "on 2023-11-01 at 4:21", 0, "", "on 2023-11-01 at 4:21"},
        {"LongerNumber", "5501 no such user", 0, "", "5501 no such user"},
        {"SecondDigit", "569 no such code", 0, "", "569 no such code"},
        {"OfNoClass", "650 no such code", 0, "", "650 no such code"},
        {"InAWord", "S550 no", 0, "", "S550 no"},
        {"StatusAlone", "5.1.1 no such user", 0, "5.1.1", "5.1.1 no such user"},
        {"CodeAndForeignStatus", "550 4.2.2 odd", 550, "", "4.2.2 odd"},
    }),
    [](const auto& test) { return std::string(test.param.name); });

INSTANTIATE_TEST_SUITE_P(
    D52_Narrations, SmtpReplyTest,
    testing::ValuesIn<Case>({
        {"AtTheStart", "77 or 500 (err.nosuchuser)", 0, "", "77 or 500 (err.nosuchuser)",
         kNarration},
        {"StartIsNoReply", "500 (err.nosuchuser)", 0, "", "500 (err.nosuchuser)", kNarration},
        {"Said", "host mx said: 550 no such user", 550, "", "no such user", kNarration},
        {"ToMe", "server refused to talk to me: 421 busy", 421, "", "busy", kNarration},
        {"Strong", "host mx, 550 5.1.1 no", 550, "5.1.1", "no", kNarration},
        {"LineStart", "SMTP error after RCPT TO:<r@example.net>:\n    550 no such user", 550, "",
         "no such user", kLines},
        {"MiddleOfALine", "told us\n about 550 messages", 0, "", "told us about 550 messages",
         kLines},
        {"RemoteFirst",
         ">>> RCPT To:<r@example.net>\n<<< 550 5.1.1 no such user\n554 5.0.0 unavailable\n", 550,
         "5.1.1", "no such user", kLines},
        {"MDaemonsTranscript",
         "11:13: <-- 250 2.1.0 Sender OK\n11:13: --> RCPT To:<r@x>\n11:13: <-- 550 Unknown\n", 550,
         "", "Unknown", kLines},
        {"RefusedOnceInASession", "<<< 553 no\n<<< 421 too many errors\n", 553, "", "no", kLines},
        {"RefusedAgainByTheNextHost",
         "<<< 450 later\n... while talking to mx2.example.net.:\n<<< 550 no\n", 550, "", "no",
         kLines},
        {"Aftermath", "550 5.1.1 no such user\n554 5.5.1 no valid recipients\n", 550, "5.1.1",
         "no such user 554 5.5.1 no valid recipients", kLines},
        {"OfSendmail", "501 <r@example.net>... 550 Host unknown", 550, "", "Host unknown", kLines},
        {"ErrorCode", "unknown, ERROR_CODE :550, sorry", 550, "", "sorry", kLines},
        {"CodeBehindTheWords", "mailbox unavailable. [SMTP Error Code 550]", 550, "",
         "mailbox unavailable. [SMTP Error Code", kLines},
        {"InBracketsAsFollows", "It responded as follows: [550 no]", 550, "", "no]", kLines},
        {"Received", "Received >>> 550 no", 550, "", "no", kLines},
        {"BehindAHost", "r@example.net: [192.0.2.1], 550 no", 550, "", "no", kLines},
        {"HostInParentheses", "mx (192.0.2.1): 550 no", 550, "", "no", kLines},
        {"NumberSign", "#550 5.1.1 RESOLVER.ADR", 550, "5.1.1", "RESOLVER.ADR", kLines},
        {"German", "Grund: 550 unbekannt", 550, "", "unbekannt", kLines},
        {"RussianCapital", "Причина: 550 нет", 550, "", "нет", kLines},
        {"JapaneseWideColon", "理由：550 なし", 550, "", "なし", kLines},
        {"SizeInBytes", "Size (in bytes): 552", 0, "", "Size (in bytes): 552", kLines},
        {"WordInASentence", "it was 550 messages", 0, "", "it was 550 messages", kLines},
        {"Reason", "(reason: 552 Message too big)", 552, "", "Message too big)", kLines},
    }),
    [](const auto& test) { return std::string(test.param.name); });

TEST(SmtpReply, TakesTheStatusFromTheWordsWhereItGoesWithTheCode) {
  EXPECT_EQ(ToString(*FindSmtpReply("550 not taken (5.1.1)", ReplyContext::kReply).status),
            "5.1.1");
  EXPECT_FALSE(FindSmtpReply("550 not taken (4.2.2)", ReplyContext::kReply).status);
}

struct StageCase {
  std::string_view name;
  std::string_view text;
  Stage want;
};
class FindStageTest : public testing::TestWithParam<StageCase> {};

TEST_P(FindStageTest, IsToldByTheCommand) {
  EXPECT_EQ(FindStage(GetParam().text), GetParam().want);
}

INSTANTIATE_TEST_SUITE_P(
    D55, FindStageTest,
    testing::ValuesIn<StageCase>({
        {"Rcpt", "550 no (in reply to RCPT TO command)", Stage::kRcpt},
        {"Mail", "550 no (in reply to MAIL FROM command)", Stage::kMail},
        {"EndOfData", "550 no (in reply to end of DATA command)", Stage::kData},
        {"Data", "550 no (in reply to DATA command)", Stage::kData},
        {"Ehlo", "550 no (in reply to EHLO command)", Stage::kHelo},
        {"EximRcpt",
         "SMTP error from remote mail server after RCPT TO:<r@example.net>:", Stage::kRcpt},
        {"EximPipelined",
         "error from remote mail server after pipelined MAIL FROM:<x>:", Stage::kMail},
        {"EximEndOfData", "SMTP error from remote mail server after end of data:", Stage::kData},
        {"EximGreeting", "remote mail server after initial connection:", Stage::kConnect},
        {"QmailHelo", "Connected to 192.0.2.1 but my name was rejected.", Stage::kHelo},
        {"QmailMail", "Connected to 192.0.2.1 but sender was rejected.", Stage::kMail},
        {"QmailRcpt", "192.0.2.1 does not like recipient.", Stage::kRcpt},
        {"QmailData", "192.0.2.1 failed after I sent the message.", Stage::kData},
        {"Greeting", "host mx[192.0.2.1] refused to talk to me: 554", Stage::kConnect},
        {"Connect", "connect to mx.example[192.0.2.1]:25: timed out", Stage::kConnect},
        {"NotAtTheStart", "we could not connect to you", Stage::kUnknown},
        {"AfterSomethingElse", "rejected after recipient verification", Stage::kUnknown},
        {"Nothing", "550 5.1.1 no such user", Stage::kUnknown},
    }),
    [](const auto& test) { return std::string(test.param.name); });

// "550 5.1.1, 421": the others, by what they say.
std::string Others(std::string_view text, ReplyContext context = ReplyContext::kReply) {
  std::string others;
  for (const SmtpReply::Other& other : FindSmtpReply(text, context).others) {
    if (!others.empty()) others += ", ";
    others += std::to_string(other.code.reply_code.value_or(0));
    if (other.code.enhanced_status) others += " " + ToString(*other.code.enhanced_status);
    EXPECT_GE(other.text.data(), text.data());
    EXPECT_LE(other.text.data() + other.text.size(), text.data() + text.size());
  }
  return others;
}

TEST(SmtpReply, D54KeepsAllCodesOfAText) {
  struct Row {
    std::string_view text;
    std::string_view want;
    ReplyContext context = ReplyContext::kReply;
  };
  for (const Row& row : {
           Row{"550 5.1.1 no such user", ""},
           Row{"no such user 5.1.1", ""},
           Row{"550-5.1.1 a\r\n 550-b\r\n 550 5.1.1 c", ""},
           Row{"554 5.0.0 failed (in reply to end of DATA; 550 5.7.1 spam)", "554 5.0.0"},
           Row{"554 4.4.7 Message expired.<421 4.4.2 Connection timed out>", "554"},
           Row{"550 5.1.1 failed: 550 5.2.1 disabled", "550 5.2.1"},
           Row{"550 5.1.1 no; sender was told: 250 2.1.0 ok", "250 2.1.0"},
           Row{"<<< 550 no\n421 example.org... Deferred", "421", kLines},
           Row{"said: 451 a: said: 452 b: said: 550 c", "451, 452"},
       }) {
    EXPECT_EQ(Others(row.text, row.context), row.want) << row.text;
  }
}

TEST(SmtpReply, D54KeepsNoMoreOtherCodesThanItsBound) {
  std::string text = "550 5.1.1 no";
  std::string want;
  for (std::size_t count = 1; count <= SmtpReply::kMaxOthers + 2; ++count) {
    // Each is the innermost in its turn, and what was before is another.
    if (count <= SmtpReply::kMaxOthers) {
      want += count == 1 ? "550 5.1.1" : ", 45" + std::to_string(count - 1);
    }
    text += " said: 45" + std::to_string(count);
    EXPECT_EQ(Others(text), want) << text;
  }
}

}  // namespace
}  // namespace bounced
