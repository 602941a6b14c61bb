// What Postfix, Exim and OpenSMTPD really sent, read and compared with what we know the other side
// answered. BOUNCED_SCORES names a folder for a file of what was read, for score.py.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "corpus.h"
#include "parser/parser.h"
#include "parser/text.h"

namespace bounced {
namespace {

const std::string kFolder = std::string(BOUNCED_SOURCE_DIR) + "/tests/parser/captures/";

std::map<std::string, std::vector<TruthRow>> Truth() {
  std::map<std::string, std::vector<TruthRow>> messages;
  for (TruthRow& row : ReadTruth(kFolder + "truth-mta.tsv")) {
    messages[row.file].push_back(std::move(row));
  }
  return messages;
}

bool IsOneOf(const std::string& value, const std::string& first,
             const std::vector<std::string>& others) {
  if (value == first) return true;
  for (const std::string& other : others) {
    if (value == other) return true;
  }
  return false;
}

const Recipient* FindRecipient(const Report& report, const TruthRow& row) {
  for (const Recipient& recipient : report.recipients) {
    if (recipient.final_recipient && FoldCase(recipient.final_recipient->value) == row.recipient) {
      return &recipient;
    }
  }
  return nullptr;
}

void Compare(const TruthRow& row, const Recipient& recipient) {
  EXPECT_EQ(TruthWord(recipient.kind), row.kind);
  const std::string status =
      recipient.enhanced_status ? ToString(recipient.enhanced_status->value) : "-";
  EXPECT_TRUE(row.enhanced_status == "-" ||
              IsOneOf(status, row.enhanced_status, row.Notes("altst")))
      << status << ", not " << row.enhanced_status;
  if (row.reply_code != "-") {
    EXPECT_EQ(recipient.reply_code ? std::to_string(recipient.reply_code->value) : "-",
              row.reply_code);
  }
  if (row.hard != "-") {
    EXPECT_EQ(recipient.classification.bounce_class == BounceClass::kHard, row.hard == "1")
        << recipient.classification.rule;
  }
}

TEST(Captures, AreReadAsWhatTheOtherSideAnswered) {
  const Parser parser(RuleSet::BuiltIn());
  const auto truth = Truth();
  ASSERT_EQ(truth.size(), 174u);
  std::ofstream scores;
  if (const char* folder = std::getenv("BOUNCED_SCORES")) {
    scores.open(std::string(folder) + "/captures.jsonl");
  }
  for (const auto& [file, rows] : truth) {
    SCOPED_TRACE(file);
    const Report report = parser.Parse(ReadFile(kFolder + file));
    if (scores.is_open()) scores << ScoreLine("mta", file, report) << "\n";
    EXPECT_EQ(report.form, "rfc3464");
    EXPECT_EQ(report.recipients.size(), rows.size());
    for (const TruthRow& row : rows) {
      SCOPED_TRACE(row.recipient);
      const Recipient* recipient = FindRecipient(report, row);
      EXPECT_NE(recipient, nullptr);
      if (recipient != nullptr) Compare(row, *recipient);
    }
  }
}

}  // namespace
}  // namespace bounced
