#include "parser/dsn/status_fields.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "parser/dsn/explanation.h"

namespace bounced {
namespace {

Body BodyOf(std::string_view text) {
  std::size_t budget = 0;
  return Body::Decode(text, 0, TransferEncoding::kIdentity, budget);
}

// "final original action status diagnostic|..." of what was read.
std::string Show(const StatusFields& fields) {
  std::string shown;
  for (const RecipientFields& r : fields.recipients) {
    shown += std::string(r.final_recipient) + " " + std::string(r.original_recipient) + " " +
             std::string(r.action) + " " + std::string(r.status) + " " +
             std::string(r.diagnostics[0]) + "|";
  }
  return shown;
}

struct Case {
  std::string_view name;
  std::string_view text;
  std::string_view want;
};
std::string NameOf(const testing::TestParamInfo<Case>& test) {
  return std::string(test.param.name);
}

class StatusFieldsTest : public testing::TestWithParam<Case> {};

TEST_P(StatusFieldsTest, AreSortedByRecipient) {
  const Body body = BodyOf(GetParam().text);
  Remarks remarks(10);
  EXPECT_EQ(Show(ReadStatusFields(body, false, {}, remarks)), GetParam().want);
}
INSTANTIATE_TEST_SUITE_P(
    D20_D27_D32_D33, StatusFieldsTest,
    testing::ValuesIn<Case>({
        {"Two",
         "Reporting-MTA: dns;x\n\nFinal-Recipient: a\nAction: failed\nStatus: 5.1.1\n\n"
         "Final-Recipient: b\nAction: delayed\nStatus: 4.2.2\n",
         "a  failed 5.1.1 |b  delayed 4.2.2 |"},
        {"D20CaseOfNames", "FINAL-RECIPIENT: a\nACTION: failed\nsTATUS: 5.1.1\n",
         "a  failed 5.1.1 |"},
        {"D21LostContinuation",
         "Final-Recipient: a\nDiagnostic-Code: smtp;550 no\nsuch user here\nAction: failed\n",
         "a  failed  smtp;550 no\nsuch user here|"},
        {"D21AddressInTheNextLine",
         "Final-Recipient: rfc822;\na@example.net\nAction: failed\nOriginal-Recipient: rfc822;\n"
         "no address\nStatus: 5.1.1\n",
         "rfc822;\na@example.net rfc822; failed 5.1.1 |"},
        {"D23ManyBlankLines",
         "\n\nReporting-MTA: x\n \t\n\n\nFinal-Recipient: a\nAction: failed\n\n\n", "a  failed  |"},
        {"D24NoBlankLineAfterTheMessageFields",
         "Reporting-MTA: x\nFinal-Recipient: a\nAction: failed\n", "a  failed  |"},
        {"D24NoBlankLineBetweenRecipients",
         "Final-Recipient: a\nAction: failed\nFinal-Recipient: b\nAction: delayed\n",
         "a  failed  |b  delayed  |"},
        {"D24OriginalFirst",
         "Original-Recipient: o\nFinal-Recipient: a\nAction: failed\nOriginal-Recipient: p\n"
         "Final-Recipient: b\nAction: delayed\n",
         "a o failed  |b p delayed  |"},
        {"D24OriginalOfTheSecondOnly",
         "Final-Recipient: a\nAction: failed\nOriginal-Recipient: p\nFinal-Recipient: b\n"
         "Action: delayed\n",
         "a  failed  |b p delayed  |"},
        {"OriginalBehindFinal", "Final-Recipient: a\nOriginal-Recipient: o\nAction: failed\n",
         "a o failed  |"},
        {"OriginalBehindTheResult",
         "Action: failed\nFinal-Recipient: a\nOriginal-Recipient: o\nStatus: 5.1.1\n",
         "a o failed 5.1.1 |"},
        {"TheSameMailboxBehindTheResult",
         "Action: failed\nFinal-Recipient: rfc822; a@b\nOriginal-Recipient: rfc822;A@b\n"
         "Diagnostic-Code: no\nStatus: 5.1.1\n\n",
         "rfc822; a@b rfc822;A@b failed 5.1.1 no|"},
        {"ActionFirst",
         "Action: failed\nFinal-Recipient: a\n\nAction: delayed\nFinal-Recipient: b\n",
         "a  failed  |b  delayed  |"},
        {"D25BlankLineInsideAGroup", "Final-Recipient: a\n\nAction: failed\nStatus: 5.1.1\n",
         "a  failed 5.1.1 |"},
        {"D26ResultInFront", "Action: failed\nStatus: 5.1.1\n\nFinal-Recipient: a\n",
         "a  failed 5.1.1 |"},
        {"D27TheFirstThatSaysSomething",
         "Final-Recipient: a\nStatus:\nStatus: 5.1.1\nStatus: 5.2.2\nAction: failed\n",
         "a  failed 5.1.1 |"},
        {"D32NoColonAndNoValue", "Final-Recipient : a\nnonsense\nAction:\nStatus: 5.1.1\n",
         "a   5.1.1 |"},
        {"OtherFields", "Final-Recipient: a\nX-Display-Name: A\nFoo: bar\nAction: failed\n",
         "a  failed  |"},
        {"OriginalOnlyInAGroupOfItsOwn",
         "Final-Recipient: a\nAction: failed\n\nOriginal-Recipient: o\nAction: failed\n",
         "a  failed  | o failed  |"},
        {"OriginalOnly", "Original-Recipient: o\nAction: failed\n", " o failed  |"},
        {"Nothing", "", ""},
        {"Junk", "Hello\nyou\n\n", ""},
    }),
    NameOf);

TEST(StatusFields, D26KeepsAResultThatNobodyOwns) {
  const Body body = BodyOf("Reporting-MTA: dns;x\nAction: failed\nStatus: 5.1.1\n");
  Remarks remarks(10);
  const StatusFields fields = ReadStatusFields(body, false, {}, remarks);
  EXPECT_TRUE(fields.recipients.empty());
  EXPECT_EQ(fields.stray.status, "5.1.1");
  EXPECT_EQ(fields.reporting_mta, "dns;x");
}

TEST(StatusFields, D32RemarksWhatItSkips) {
  const Body body = BodyOf("Final-Recipient: a\nnonsense\nAction:\nStatus: 5.1.1\n");
  Remarks remarks(10);
  ReadStatusFields(body, false, {}, remarks);
  const std::vector<Remark> said = std::move(remarks).Take();
  ASSERT_EQ(said.size(), 2u);
  EXPECT_EQ(said[0].text, "a line that is no field");
  EXPECT_EQ(said[1].text, "a field without a value");
}

TEST(StatusFields, D27KeepsEachDiagnosticUpToItsBound) {
  const auto of = [](std::size_t count) {
    std::string text = "Final-Recipient: a\n";
    for (std::size_t i = 0; i < count; ++i) text += "Diagnostic-Code: x" + std::to_string(i) + "\n";
    const Body body = BodyOf(text);
    Remarks remarks(10);
    const StatusFields fields = ReadStatusFields(body, false, {}, remarks);
    EXPECT_EQ(std::move(remarks).Take().size(), count > 4 ? 1u : 0u);
    return std::count_if(fields.recipients[0].diagnostics.begin(),
                         fields.recipients[0].diagnostics.end(),
                         [](std::string_view d) { return !d.empty(); });
  };
  EXPECT_EQ(of(3), 3);
  EXPECT_EQ(of(4), 4);
  EXPECT_EQ(of(5), 4);
}

TEST(StatusFields, D12DropsACutGroupWithoutAResult) {
  const auto of = [](std::string_view text) {
    const Body body = BodyOf(text);
    Remarks remarks(10);
    return ReadStatusFields(body, true, {}, remarks).recipients.size();
  };
  EXPECT_EQ(of("Final-Recipient: a\nAction: failed\n\nFinal-Recip"), 1u);
  EXPECT_EQ(of("Final-Recipient: a\nAction: failed\n\nFinal-Recipient: b@ex"), 1u);
  EXPECT_EQ(of("Final-Recipient: a\nAction: failed\n\nFinal-Recipient: b\nStatus: 5.1.1"), 2u);
  EXPECT_EQ(of("Final-Recipient: a\nAction: failed\n\nFinal-Recipient: b\nDiagnostic-Code: x"), 2u);
}

TEST(StatusFields, D94ReadsNoMoreRecipientsThanItsBound) {
  ParserLimits limits;
  limits.max_recipients = 5;
  for (const std::size_t count : {4u, 5u, 6u, 1000u}) {
    std::string text;
    for (std::size_t i = 0; i < count; ++i) text += "Final-Recipient: a\nAction: failed\n\n";
    const Body body = BodyOf(text);
    Remarks remarks(10);
    EXPECT_EQ(ReadStatusFields(body, false, limits, remarks).recipients.size(),
              std::min<std::size_t>(count, 5));
    const std::vector<Remark> said = std::move(remarks).Take();
    EXPECT_EQ(std::any_of(said.begin(), said.end(),
                          [](const Remark& r) { return r.text == "bound:max_recipients"; }),
              count > 5);
  }
}

TEST(StatusFields, D31KeepsNoMoreUnknownFieldsThanItsBound) {
  for (const std::size_t count : {7u, 8u, 9u}) {
    std::string fields;
    for (std::size_t i = 0; i < count; ++i) fields += "X-Field: y\n";
    // Of the message; of a recipient, torn in two by a blank line.
    const std::string text = "Reporting-MTA: x\n" + fields +
                             "\nFinal-Recipient: a\nX-First: z\n\nStatus: 5.1.1\n" + fields;
    const Body body = BodyOf(text);
    Remarks remarks(10);
    const StatusFields read = ReadStatusFields(body, false, {}, remarks);
    EXPECT_EQ(read.further.size(), std::min<std::size_t>(count, 8));
    ASSERT_EQ(read.recipients.size(), 1u);
    EXPECT_EQ(read.recipients[0].further.size(), 8u);
    EXPECT_EQ(read.recipients[0].further[0].name, "X-First");
    const std::vector<Remark> said = std::move(remarks).Take();
    EXPECT_EQ(std::any_of(said.begin(), said.end(),
                          [](const Remark& r) { return r.text == "bound:max_further"; }),
              count > 7);
  }
}

TEST(StatusFields, D31TakesNoFieldsOfWhatCameBack) {
  const Body body = BodyOf("Final-Recipient: a\nAction: failed\nX-Of-It: 1\n\nX-Mailer: y\n\n");
  Remarks remarks(10);
  Work work(ParserLimits().max_work);
  for (const StatusFields& read :
       {FindStatusFields(body, {}, remarks, work), ReadStatusFields(body, false, {}, remarks)}) {
    ASSERT_EQ(read.recipients.size(), 1u);
    ASSERT_EQ(read.recipients[0].further.size(), 1u);
    EXPECT_EQ(read.recipients[0].further[0].name, "X-Of-It");
  }
}

class FindStatusFieldsTest : public testing::TestWithParam<Case> {};

TEST_P(FindStatusFieldsTest, ReadsOnlyWhatIsClearlyAReport) {
  const Body body = BodyOf(GetParam().text);
  Remarks remarks(10);
  Work work(ParserLimits().max_work);
  EXPECT_EQ(Show(FindStatusFields(body, {}, remarks, work)), GetParam().want);
}
INSTANTIATE_TEST_SUITE_P(
    D10_D17, FindStatusFieldsTest,
    testing::ValuesIn<Case>({
        {"BehindWords",
         "Sorry.\n\nReporting-MTA: dns;x\n\nFinal-Recipient: a\nAction: failed\n\nReceived: x\n",
         "a  failed  |"},
        {"UpToABoundary",
         "Reporting-MTA: dns;x\n\nFinal-Recipient: a\nAction: failed\n--b\nFinal-Recipient: b\n"
         "Action: failed\n",
         "a  failed  |"},
        {"UpToWhatCameBack",
         "Final-Recipient: a\nAction: failed\n\nReturn-Path: <x>\nSubject: y\n\nFinal-Recipient: "
         "b\n"
         "Action: failed\n",
         "a  failed  |"},
        {"Quoted", "> Reporting-MTA: dns;x\n>\n> Final-Recipient: a\n> Action: failed\n", ""},
        {"Indented", "  Final-Recipient: a\n  Action: failed\n  Status: 5.1.1\n", ""},
        {"NoResult", "Final-Recipient: a\n\nbye\n", ""},
        {"NoAddress", "Action: failed\nStatus: 5.1.1\n", ""},
        {"TheSecondTry", "Action: none of ours\n\nwords\n\nFinal-Recipient: a\nStatus: 5.1.1\n",
         "a   5.1.1 |"},
        {"Nothing", "Hello\n", ""},
    }),
    NameOf);

struct ExplanationCase {
  std::string_view name;
  std::string_view text;
  std::string_view want;  // about a@b.example
};
class ExplanationTest : public testing::TestWithParam<ExplanationCase> {};

TEST_P(ExplanationTest, IsWhatFollowsTheAddress) {
  EXPECT_EQ(FindExplanations(GetParam().text, {"A@b.example", "c@d.example"})[0], GetParam().want);
}
INSTANTIATE_TEST_SUITE_P(
    D82, ExplanationTest,
    testing::ValuesIn<ExplanationCase>({
        {"Postfix", "Hi\n\n<a@b.example>: host mx said: 550\n    no (in reply to RCPT)\n\nbye",
         "host mx said: 550\n    no (in reply to RCPT)"},
        {"Exim", "failed:\n\n  a@b.example\n    host mx\n    550 no\n  c@d.example\n    552 full\n",
         "host mx\n    550 no"},
        {"OpenSmtpd", "Hi!\n\na@b.example: 550 no\nc@d.example: 552 full\n", "550 no"},
        {"Sendmail", "<a@b.example>\n    (reason: 550 no)\n\n", "(reason: 550 no)"},
        {"OfAnother", "<c@d.example>: 550 no\n    <a@b.example>: was the sender\n", ""},
        {"InTheMiddle", "we could not reach a@b.example: 550 no\n", ""},
        {"TheSecondTime", "<a@b.example>\n\n<a@b.example>: 550 no\n", "550 no"},
        {"LongerAddress", "<xa@b.example>: 550 no\n", ""},
        {"Nothing", "", ""},
    }),
    [](const auto& test) { return std::string(test.param.name); });

TEST(Explanation, IsGivenOnce) {
  const auto found = FindExplanations("<a@b.example>: no\n", {"a@b.example", "A@b.example"});
  EXPECT_EQ(found[0], "no");
  EXPECT_EQ(found[1], "");
}

TEST(Explanation, TakesOctalEscapesAndQuotes) {
  EXPECT_EQ(FindExplanations("  \\320\\277@b.example\n    no\n", {"\xD0\xBF@b.example"})[0], "no");
  EXPECT_EQ(FindExplanations("<\"a b\"@b.example>: no\n", {"\"a b\"@b.example"})[0], "no");
}

}  // namespace
}  // namespace bounced
