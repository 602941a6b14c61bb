// Messages made to hurt. None has a limit of time in it: each is so large that a pass which is not
// linear would not end within the test's own.
#include <gtest/gtest.h>
#include <malloc.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <memory>
#include <new>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "corpus.h"
#include "hostile_shapes.h"
#include "parser/parser.h"
#include "parser/text.h"
#include "parser/trail.h"

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

constexpr std::string_view kReport = kHostileReport;
constexpr std::string_view kStatusPart = kHostileStatusPart;

// What a report of it must keep to, besides coming at all.
void ExpectBounded(const Report& report, const ParserLimits& limits = {}) {
  EXPECT_LE(report.recipients.size(), limits.max_recipients);
  EXPECT_LE(report.remarks.size(), limits.max_remarks);
  EXPECT_LE(report.work, limits.max_work);
  for (const Recipient& r : report.recipients) {
    const std::optional<Found<std::string>> host = r.remote_mta;
    for (const auto& text : {r.final_recipient, r.original_recipient, r.diagnostic, host}) {
      if (!text) continue;
      EXPECT_TRUE(IsValidUtf8(text->value));
      EXPECT_LE(text->value.size(), limits.max_diagnostic);
    }
  }
}

class HostileTest : public testing::TestWithParam<HostileShape> {};

// Memory: twice the message, 4 MiB, and this for each recipient, who are the answer itself.
constexpr std::size_t kRecipientOctets = 640;

TEST_P(HostileTest, T24IsReadInOnePassAndInBoundedMemory) {
  TheParser();  // made before anything is counted
  const std::string message = GetParam().make(GetParam().octets);
  peak_octets = live_octets.load();
  const std::size_t before = live_octets;
  const Report report = TheParser().Parse(message);
  EXPECT_LE(peak_octets - before,
            2 * message.size() + 4 * kMega + kRecipientOctets * report.recipients.size());
  ExpectBounded(report);
}
INSTANTIATE_TEST_SUITE_P(D92_D96_D98_D102_D103_T24_T26, HostileTest,
                         testing::ValuesIn(HostileShapes()),
                         [](const auto& test) { return std::string(test.param.name); });

// Time is no test's to measure on a machine that others share: the octets looked at are the same on
// every one, and grow as the message does.
TEST_P(HostileTest, T24LooksAtEachOctetAFewTimes) {
  constexpr std::size_t kMostLooks = 50;  // of all steps together (parser/work.h)
  const auto work = [](std::size_t octets) {
    const std::string message = GetParam().make(octets);
    const std::size_t done = TheParser().Parse(message).work;
    EXPECT_LE(done, kMostLooks * message.size());
    EXPECT_GE(done, message.size()) << "something looks at each octet";
    return done;
  };
  EXPECT_LE(work(GetParam().octets), 9 * work(GetParam().octets / 8));
}

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

// The dearest: as little said of each as may be.
TEST(Hostile, D103TenThousandRecipientsKeepToTheBoundOfMemory) {
  TheParser();
  const std::string message = ReportAbout(10'000);
  peak_octets = live_octets.load();
  const std::size_t before = live_octets;
  const Report report = TheParser().Parse(message);
  EXPECT_EQ(report.recipients.size(), 10'000u);
  EXPECT_LE(peak_octets - before,
            2 * message.size() + 4 * kMega + kRecipientOctets * report.recipients.size());
}

TEST(Hostile, WhatIsToldOnRequestIsBounded) {
  std::string message = std::string(kReport) + std::string(kStatusPart);
  for (int i = 0; i < 10'000; ++i) {
    message +=
        "Final-Recipient: rfc822; r@example.net\nAction: failed\nStatus: 5.0.0\n"
        "Diagnostic-Code: smtp; 550 5.1.1 user unknown, mailbox full\n\n";
  }
  const Report report = TheParser().Parse(message + "--b--\n", Detail::kFull);
  ASSERT_EQ(report.recipients.size(), 10'000u);
  const std::size_t of_each = report.recipients[0].candidates.size();
  EXPECT_GT(of_each, 2u);
  std::size_t all = 0;
  for (const Recipient& recipient : report.recipients) all += recipient.candidates.size();
  EXPECT_GE(all, Trail::kMaxCandidates);
  EXPECT_LT(all, Trail::kMaxCandidates + of_each);
  EXPECT_TRUE(report.recipients.back().candidates.empty());
  EXPECT_EQ(report.path.size(), Trail::kMaxSteps);
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

// Many more fields than are kept, of as many recipients as are read.
TEST(Hostile, D31D103UnknownFieldsKeepToTheBoundOfMemory) {
  std::string group = "Final-Recipient: a@b\nAction: failed\n";
  for (int i = 0; i < 20; ++i) group += "X-A: b\n";
  const std::string message =
      std::string(kReport) + std::string(kStatusPart) + Repeat(group + "\n", 4 * kMega);
  TheParser();
  peak_octets = live_octets.load();
  const std::size_t before = live_octets;
  const Report report = TheParser().Parse(message);
  EXPECT_LE(peak_octets - before,
            2 * message.size() + 4 * kMega + kRecipientOctets * report.recipients.size());
  EXPECT_TRUE(Remarked(report, "bound:max_further"));
}

TEST(Hostile, D102WorkIsBounded) {
  const std::string message = ReportAbout(20);
  const auto parse = [&](std::size_t max_work) {
    ParserLimits limits;
    limits.max_work = max_work;
    const Report report = Parser(RuleSet::BuiltIn(), limits).Parse(message);
    ExpectBounded(report, limits);
    return report;
  };
  // The least bound that is not met.
  std::size_t least = 0;
  std::size_t enough = ParserLimits().max_work;
  EXPECT_FALSE(Remarked(parse(enough), "bound:max_work"));
  while (least < enough) {
    const std::size_t middle = least + (enough - least) / 2;
    if (Remarked(parse(middle), "bound:max_work")) {
      least = middle + 1;
    } else {
      enough = middle;
    }
  }
  const Report whole = parse(enough);
  EXPECT_EQ(whole.recipients.size(), 20u);
  EXPECT_EQ(whole.work, parse(enough + 1).work);
  EXPECT_TRUE(Remarked(parse(enough - 1), "bound:max_work"));
  // Less work is fewer recipients, and those are read as well as before.
  std::size_t last = 0;
  for (std::size_t bound = 0; bound <= enough; bound += 500) {
    const Report report = parse(bound);
    EXPECT_EQ(Remarked(report, "bound:max_work"), bound < enough) << bound;
    ASSERT_LE(report.recipients.size(), 20u);
    EXPECT_GE(report.recipients.size() + 1, last) << bound;
    last = report.recipients.size();
    for (std::size_t i = 0; i < last; ++i) {
      if (i + 1 == last) break;  // may be cut
      EXPECT_EQ(report.recipients[i].final_recipient->value,
                whole.recipients[i].final_recipient->value);
      EXPECT_EQ(report.recipients[i].classification.rule, whole.recipients[i].classification.rule);
    }
  }
  EXPECT_GT(last, 10u);
}

TEST(Hostile, D102TheLargestLegalMessageIsReadWhole) {
  constexpr std::size_t kMaxMessageSize = 32 * kMega;  // smtp.max_message_size
  for (const std::string_view type : {"text/plain", "application/pdf"}) {
    std::string message =
        "From: MAILER-DAEMON@mx.example\nContent-Type: multipart/mixed; "
        "boundary=b\n\n--b\nContent-Type: " +
        std::string(type) + "\n\n";
    message += Repeat("Lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do\n",
                      kMaxMessageSize - message.size() - 200);
    message += "\n--b--\n";
    EXPECT_FALSE(Remarked(TheParser().Parse(message), "bound:max_work")) << type;
  }
  EXPECT_FALSE(Remarked(TheParser().Parse(ReportAbout(10'000)), "bound:max_work"));
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

TEST(Hostile, D99T25DecodesNoMoreThanItsBound) {
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
    EXPECT_EQ(report.recipients[0].diagnostic_cut, octets > kMost);
    EXPECT_EQ(Remarked(report, "bound:max_diagnostic"), octets > kMost);
  }
}

TEST(Hostile, D101SoIsASubject) {
  constexpr std::size_t kMost = 4 << 10;
  for (const std::size_t octets : {kMost, kMost + 1}) {
    const std::string words(octets, 'x');
    for (const std::string& value : {words, "=?utf-8?q?" + words + "?="}) {
      const Report report = TheParser().Parse("Subject: " + value + "\n\n");
      EXPECT_EQ(report.subject->value, std::string(kMost, 'x'));
      ASSERT_EQ(report.remarks.size(), octets > kMost ? 1u : 0u);
      if (octets == kMost) continue;
      EXPECT_EQ(report.remarks[0].text, "bound:max_diagnostic");
      EXPECT_EQ(report.remarks[0].where.offset, 9u);
    }
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
