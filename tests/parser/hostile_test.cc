// Messages made to hurt. None has a limit of time in it: each is so large that a pass which is not
// linear would not end within the test's own.
#include <gtest/gtest.h>
#include <malloc.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <functional>
#include <memory>
#include <new>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "corpus.h"
#include "parser/parser.h"
#include "parser/text.h"

namespace {

std::atomic<std::size_t> live_octets{0};
std::atomic<std::size_t> peak_octets{0};

void* TryAllocate(std::size_t size) noexcept {
  void* const block = std::malloc(size);
  if (block == nullptr) return nullptr;
  const std::size_t live = live_octets += malloc_usable_size(block);
  if (live > peak_octets) peak_octets = live;
  return block;
}
void* Allocate(std::size_t size) {
  void* const block = TryAllocate(size);
  if (block == nullptr) throw std::bad_alloc();
  return block;
}
void Release(void* block) {
  if (block != nullptr) live_octets -= malloc_usable_size(block);
  std::free(block);
}

}  // namespace

void* operator new(std::size_t size) { return Allocate(size); }
void* operator new[](std::size_t size) { return Allocate(size); }
void* operator new(std::size_t size, const std::nothrow_t&) noexcept { return TryAllocate(size); }
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept { return TryAllocate(size); }
void operator delete(void* block) noexcept { Release(block); }
void operator delete[](void* block) noexcept { Release(block); }
void operator delete(void* block, std::size_t) noexcept { Release(block); }
void operator delete[](void* block, std::size_t) noexcept { Release(block); }

namespace bounced {
namespace {

constexpr std::size_t kMega = std::size_t{1} << 20;

const Parser& TheParser() {
  static const Parser parser(RuleSet::BuiltIn());
  return parser;
}

bool Remarked(const Report& report, std::string_view text) {
  return std::any_of(report.remarks.begin(), report.remarks.end(),
                     [text](const Remark& remark) { return remark.text == text; });
}

std::string Repeat(std::string_view piece, std::size_t octets) {
  std::string text;
  text.reserve(octets + piece.size());
  while (text.size() < octets) text += piece;
  return text;
}

constexpr std::string_view kReport =
    "From: MAILER-DAEMON@mx.example\nContent-Type: multipart/report; boundary=b\n\n";
constexpr std::string_view kStatusPart = "--b\nContent-Type: message/delivery-status\n\n";

// What a report of it must keep to, besides coming at all.
void ExpectBounded(const Report& report, const ParserLimits& limits = {}) {
  EXPECT_LE(report.recipients.size(), limits.max_recipients);
  EXPECT_LE(report.remarks.size(), limits.max_remarks);
  for (const Recipient& r : report.recipients) {
    for (const auto& text : {r.final_recipient, r.original_recipient, r.diagnostic, r.remote_mta}) {
      if (!text) continue;
      EXPECT_TRUE(IsValidUtf8(text->value));
      EXPECT_LE(text->value.size(), limits.max_diagnostic);
    }
  }
}

struct Case {
  std::string_view name;
  std::function<std::string()> make;
};
class HostileTest : public testing::TestWithParam<Case> {};

// Memory: twice the message, 4 MiB, and 1 KiB for each recipient, who are the answer itself.
TEST_P(HostileTest, IsReadInOnePassAndInBoundedMemory) {
  TheParser();  // made before anything is counted
  const std::string message = GetParam().make();
  peak_octets = live_octets.load();
  const std::size_t before = live_octets;
  const Report report = TheParser().Parse(message);
  EXPECT_LE(peak_octets - before, 2 * message.size() + 4 * kMega + 1024 * report.recipients.size());
  ExpectBounded(report);
}

std::string Header(std::string_view repeated) {
  return "Subject: " + Repeat(repeated, kMega) + "\n\nbody\n";
}
std::string Field(std::string_view name, std::string_view repeated) {
  return std::string(kReport) + std::string(kStatusPart) +
         "Final-Recipient: rfc822; r@example.net\nAction: failed\n" + std::string(name) + ": " +
         Repeat(repeated, kMega) + "\nStatus: 5.1.1\n\n--b--\n";
}

INSTANTIATE_TEST_SUITE_P(
    D92_D96_D103, HostileTest,
    testing::ValuesIn<Case>({
        {"ManyParts", [] { return std::string(kReport) + Repeat("--b\n\nx\n", 4 * kMega); }},
        {"ManyStatusParts",
         [] {
           return std::string(kReport) +
                  Repeat(std::string(kStatusPart) + "Final-Recipient: a@b\nAction: failed\n\n",
                         4 * kMega);
         }},
        {"DeepMultiparts",
         [] {
           std::string message;
           for (int i = 0; i < 100'000; ++i) {
             const std::string b = std::to_string(i);
             message += "Content-Type: multipart/mixed; boundary=" + b + "\n\n--" + b + "\n";
           }
           return message;
         }},
        {"DeepMessages", [] { return Repeat("Content-Type: message/rfc822\n\n", 4 * kMega); }},
        {"MillionGroups",
         [] {
           return std::string(kReport) + std::string(kStatusPart) +
                  Repeat("Final-Recipient:a@b\nAction:failed\n\n", 32 * kMega);
         }},
        {"ManyFieldsInOneGroup",
         [] {
           return std::string(kReport) + std::string(kStatusPart) +
                  Repeat("Action: x\n", 4 * kMega);
         }},
        {"ManyOriginals",
         [] {
           return std::string(kReport) + std::string(kStatusPart) +
                  Repeat("Original-Recipient: a\nAction: failed\n", 4 * kMega);
         }},
        {"FoldedLines", [] { return Header("x\n "); }},
        {"ManyHeaderFields", [] { return Repeat("X-Field: y\n", 4 * kMega) + "\nbody\n"; }},
        {"EncodedWords", [] { return Header("=?utf-8?Q?=C3=BC?= "); }},
        {"EncodedWordOpenings", [] { return Header("=?"); }},
        {"EncodedWordHalves", [] { return Header("=?utf-8?Q?x "); }},
        {"OnlyCarriageReturns", [] { return std::string(8 * kMega, '\r'); }},
        {"OnlyLineFeeds", [] { return std::string(8 * kMega, '\n'); }},
        {"OnlyNul", [] { return std::string(8 * kMega, '\0'); }},
        {"OnlyHyphens", [] { return std::string(kReport) + std::string(8 * kMega, '-'); }},
        {"OnlyDelimiterLike", [] { return std::string(kReport) + Repeat("--bb\n", 8 * kMega); }},
        {"GuessedBoundaries",
         [] {
           return "Content-Type: multipart/mixed\n\n" +
                  Repeat("--x\nContent-Type: multipart/mixed\n\n", 4 * kMega);
         }},
        {"FailedGuesses",
         [] {
           return "Content-Type: multipart/mixed; boundary=b\n\n" +
                  Repeat("--x\nContent-Type: multipart/mixed; boundary=c\n\n", 4 * kMega);
         }},
        {"ContentTypeParameters",
         [] {
           return "Content-Type: multipart/mixed" + Repeat("; boundary*1=x", kMega) + "\n\n--x\n";
         }},
        {"AddressBrackets", [] { return Field("Original-Recipient", "<"); }},
        {"AddressParentheses", [] { return Field("Original-Recipient", "("); }},
        {"AddressNestedComments", [] { return Field("Original-Recipient", "(a)"); }},
        {"AddressQuotes", [] { return Field("Original-Recipient", "\""); }},
        {"AddressBackslashes", [] { return Field("Original-Recipient", "\\"); }},
        {"AddressUnitext", [] { return Field("Original-Recipient", "utf-8;\\x{"); }},
        {"Types", [] { return Field("Original-Recipient", "rfc822;"); }},
        {"DiagnosticCodes", [] { return Field("Diagnostic-Code", "smtp; 550-5.1.1 "); }},
        {"DiagnosticDigits", [] { return Field("Diagnostic-Code", "5"); }},
        {"DiagnosticDots", [] { return Field("Diagnostic-Code", "5."); }},
        {"DiagnosticStages", [] { return Field("Diagnostic-Code", "in reply to after "); }},
        {"DiagnosticLostLines", [] { return Field("Diagnostic-Code", "550 no\n"); }},
        {"EmbeddedStarts",
         [] { return "From: MAILER-DAEMON@x\n\n" + Repeat("Action: x\n\nno\n\n", 8 * kMega); }},
        {"EmbeddedGroups",
         [] {
           return "From: MAILER-DAEMON@x\n\n" + Repeat("Final-Recipient: a@b\n\n", 8 * kMega);
         }},
        {"FailedRecipients",
         [] { return "X-Failed-Recipients: " + Repeat("a@b,", kMega) + "\n\nbody\n"; }},
        {"ExplanationHeads",
         [] {
           return std::string(kReport) + "--b\n\n" + Repeat("<a@b.example>:\n", 8 * kMega) +
                  std::string(kStatusPart) +
                  Repeat("Final-Recipient: a@b.example\nAction: failed\n\n", kMega / 2);
         }},
        {"ExplanationThatAllShare",
         [] {
           return std::string(kReport) + "--b\n\n<a@b.example>:\n " +
                  Repeat("550 5.1.1 no ", kMega) + "\n" + std::string(kStatusPart) +
                  Repeat("Final-Recipient: a@b.example\nStatus: 5.0.0\nAction: failed\n\n", kMega);
         }},
        {"ExplanationInLatin1",
         [] {
           return std::string(kReport) + "--b\nContent-Type: text/plain; charset=iso-8859-1\n\n" +
                  Repeat("\xE4", 8 * kMega) + "\n" + std::string(kStatusPart) +
                  "Final-Recipient: a@b.example\nAction: failed\n\n--b--\n";
         }},
        {"Base64Status",
         [] {
           return std::string(kReport) +
                  "--b\nContent-Type: message/delivery-status\n"
                  "Content-Transfer-Encoding: base64\n\n" +
                  Repeat("QUFB", 16 * kMega);
         }},
        {"QuotedPrintableStatus",
         [] {
           return std::string(kReport) +
                  "--b\nContent-Type: message/delivery-status\n"
                  "Content-Transfer-Encoding: quoted-printable\n\n" +
                  Repeat("=\n", 8 * kMega);
         }},
    }),
    [](const auto& test) { return std::string(test.param.name); });

std::string ReportAbout(std::size_t recipients) {
  std::string message = std::string(kReport) + std::string(kStatusPart);
  for (std::size_t i = 0; i < recipients; ++i) {
    message +=
        "Final-Recipient: rfc822; r" + std::to_string(i) + "@example.net\nAction: failed\n\n";
  }
  return message + "--b--\n";
}

TEST(Hostile, D94TenThousandRecipientsAndNoMore) {
  constexpr std::size_t kMost = 10'000;
  for (const std::size_t count : {kMost - 1, kMost, kMost + 1}) {
    const Report report = TheParser().Parse(ReportAbout(count));
    EXPECT_EQ(report.recipients.size(), std::min(count, kMost));
    EXPECT_EQ(Remarked(report, "bound:max_recipients"), count > kMost);
    EXPECT_EQ(report.kind, Kind::kBounce);
  }
}

TEST(Hostile, D94SeveralStatusPartsShareTheBound) {
  ParserLimits limits;
  limits.max_recipients = 3;
  const std::string two =
      "Final-Recipient: a@b\nAction: failed\n\nFinal-Recipient: c@d\nAction: failed\n\n";
  const Report report = Parser(RuleSet::BuiltIn(), limits)
                            .Parse(std::string(kReport) + std::string(kStatusPart) + two +
                                   std::string(kStatusPart) + two + "--b--\n");
  EXPECT_EQ(report.recipients.size(), 3u);
  EXPECT_TRUE(Remarked(report, "bound:max_recipients"));
}

TEST(Hostile, D95ALongLineIsCutAndTheNextIsInSync) {
  constexpr std::size_t kMaxLine = 64 << 10;
  for (const std::size_t octets : {kMaxLine - 1, kMaxLine, kMaxLine + 1}) {
    const std::string message =
        std::string(kReport) + std::string(kStatusPart) +
        "Final-Recipient: a@b\nDiagnostic-Code:" + std::string(octets, 'x') +
        "\nAction: delayed\n\n--b--\n";
    const Report report = TheParser().Parse(message);
    EXPECT_EQ(Remarked(report, "bound:max_line"), octets > kMaxLine);
    ASSERT_EQ(report.recipients.size(), 1u);
    EXPECT_EQ(report.recipients[0].kind, Kind::kDelay);
  }
}

TEST(Hostile, D99DecodesNoMoreThanItsBound) {
  ParserLimits limits;
  const std::string fields = "Final-Recipient: a@b\nAction: failed\n";  // 36 octets
  const std::string encoded = "RmluYWwtUmVjaXBpZW50OiBhQGIKQWN0aW9uOiBmYWlsZWQK";
  const std::string message = std::string(kReport) +
                              "--b\nContent-Type: message/delivery-status\n"
                              "Content-Transfer-Encoding: base64\n\n" +
                              encoded + "\n--b--\n";
  for (const std::size_t bound : {fields.size() - 1, fields.size(), fields.size() + 1}) {
    limits.max_text_decoded = bound;
    const Report report = Parser(RuleSet::BuiltIn(), limits).Parse(message);
    ASSERT_EQ(report.recipients.size(), 1u);
    EXPECT_EQ(report.recipients[0].action, "failed");
    EXPECT_EQ(Remarked(report, "bound:max_text_decoded"), bound < fields.size());
  }
}

TEST(Hostile, D101ADiagnosticIsCutOnACharacter) {
  constexpr std::size_t kMost = 4 << 10;
  for (const std::size_t octets : {kMost - 1, kMost, kMost + 1}) {
    const std::string words(octets - 2, 'x');
    const Report report = TheParser().Parse(std::string(kReport) + std::string(kStatusPart) +
                                            "Final-Recipient: a@b\nDiagnostic-Code: smtp; 550 " +
                                            words + "\xC3\xBC\nAction: failed\n\n--b--\n");
    const std::string& diagnostic = report.recipients[0].diagnostic->value;
    EXPECT_TRUE(IsValidUtf8(diagnostic));
    EXPECT_EQ(diagnostic.size(), octets <= kMost ? octets : octets - 2);
  }
}

TEST(Hostile, RemarksAreBounded) {
  ParserLimits limits;
  for (const std::size_t bound : {0u, 1u, 2u, 3u}) {
    limits.max_remarks = bound;
    const Report report = Parser(RuleSet::BuiltIn(), limits)
                              .Parse(
                                  "Content-Type: multipart/report\n\n--b\nContent-Type: "
                                  "message/delivery-status\n\nnonsense\nAction:\n--b--\n");
    EXPECT_EQ(report.remarks.size(), std::min<std::size_t>(bound, 3));
  }
}

// Everything that a report says, so that two can be compared.
std::string Everything(const Report& report) { return ScoreLine("", "", report) + report.form; }

TEST(Hostile, D104TheSameBytesGiveTheSameReport) {
  const std::string folder = std::string(BOUNCED_SOURCE_DIR) + "/tests/parser/captures/";
  const Parser other(RuleSet::BuiltIn());
  for (const TruthRow& row : ReadTruth(folder + "truth-mta.tsv")) {
    const std::string message = ReadFile(folder + row.file);
    const std::string copy = "x" + message;
    EXPECT_EQ(Everything(TheParser().Parse(message)),
              Everything(other.Parse(std::string_view(copy).substr(1))));
  }
}

// Any cut, any loss of octets and any change gives a report that keeps the bounds; what is cut off
// at the end never makes up a recipient that the whole does not have.
TEST(Hostile, D104CutsOfRealReports) {
  const std::string folder = std::string(BOUNCED_SOURCE_DIR) + "/tests/parser/captures/";
  std::mt19937 random(20261102);
  const auto below = [&](std::size_t n) { return static_cast<std::size_t>(random() % n); };
  std::string last;
  for (const TruthRow& row : ReadTruth(folder + "truth-mta.tsv")) {
    if (row.file == last) continue;
    last = row.file;
    const std::string message = ReadFile(folder + row.file);
    const std::size_t whole = TheParser().Parse(message).recipients.size();
    for (int i = 0; i < 20; ++i) {
      const Report cut =
          TheParser().Parse(std::string_view(message).substr(0, below(message.size())));
      // Where the fields are cut off the words are read, and they may name an alias, too.
      if (cut.form != "prose") {
        EXPECT_LE(cut.recipients.size(), std::max<std::size_t>(1, whole));
      }
      std::string damaged = message;
      const std::size_t at = below(damaged.size());
      damaged.erase(at, below(200));
      damaged.insert(below(damaged.size()), 1, static_cast<char>(below(256)));
      ExpectBounded(TheParser().Parse(damaged));
      ExpectBounded(TheParser().Parse(std::string_view(damaged).substr(below(damaged.size()))));
    }
  }
}

}  // namespace
}  // namespace bounced
