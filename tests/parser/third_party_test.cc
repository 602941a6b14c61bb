// Mail of other projects' test suites, which is not ours to ship. BOUNCED_CORPUS names its folder;
// BOUNCED_SCORES a folder for a file of what was read, for score.py.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "corpus.h"
#include "parser/parser.h"
#include "parser/text.h"

namespace bounced {
namespace {

std::string Folder() {
  const char* folder = std::getenv("BOUNCED_CORPUS");
  return folder != nullptr ? folder : std::string(BOUNCED_SOURCE_DIR) + "/../shared/corpus";
}

struct Message {
  std::string octets;
  Report report;
  std::vector<TruthRow> rows;
};

class ThirdParty : public testing::Test {
 protected:
  void SetUp() override {
    const std::string folder = Folder();
    const std::vector<TruthRow> truth = ReadTruth(folder + "/truth-dev.tsv");
    if (truth.empty()) GTEST_SKIP() << "no corpus at " << folder << ": set BOUNCED_CORPUS";
    std::ofstream scores;
    if (const char* out = std::getenv("BOUNCED_SCORES")) {
      scores.open(std::string(out) + "/third_party.jsonl");
    }
    const Parser parser(RuleSet::BuiltIn());
    for (const TruthRow& row : truth) {
      Message& message = messages_[{row.source, row.file}];
      message.rows.push_back(row);
      if (message.rows.size() > 1) continue;
      message.octets = ReadFile(folder + "/messages/" + row.source + "/" + row.file);
      message.report = parser.Parse(message.octets);
      if (scores.is_open()) scores << ScoreLine(row.source, row.file, message.report) << "\n";
    }
  }

  std::map<std::pair<std::string, std::string>, Message> messages_;
};

bool HasKind(const Message& message, std::string_view kind) {
  return std::any_of(message.rows.begin(), message.rows.end(),
                     [kind](const TruthRow& row) { return row.kind == kind; });
}

TEST_F(ThirdParty, WhatIsNoBounceYieldsNoRecipients) {
  for (const auto& [name, message] : messages_) {
    if (!HasKind(message, "not_bounce") && !HasKind(message, "auto_reply")) continue;
    EXPECT_TRUE(message.report.recipients.empty()) << name.first << "/" << name.second;
    EXPECT_EQ(message.report.kind, Kind::kOther) << name.first << "/" << name.second;
  }
}

TEST_F(ThirdParty, SpansLieInTheMessage) {
  for (const auto& [name, message] : messages_) {
    SCOPED_TRACE(name.first + "/" + name.second);
    const auto holds = [&](Span span) {
      return std::size_t{span.offset} + span.length <= message.octets.size();
    };
    for (const Recipient& r : message.report.recipients) {
      EXPECT_TRUE(!r.final_recipient || holds(r.final_recipient->where));
      EXPECT_TRUE(!r.enhanced_status || holds(r.enhanced_status->where));
      EXPECT_TRUE(!r.reply_code || holds(r.reply_code->where));
      EXPECT_TRUE(!r.diagnostic || holds(r.diagnostic->where));
      EXPECT_FALSE(r.classification.rule.empty());
    }
    for (const Remark& remark : message.report.remarks) EXPECT_TRUE(holds(remark.where));
  }
}

bool IsOneOf(const std::optional<Found<std::string>>& address,
             const std::vector<std::string>& names) {
  return address && std::find(names.begin(), names.end(), FoldCase(address->value)) != names.end();
}

// How much of what the standard's reports say is found. The floors stand a little below what was
// reached, so that a change that loses something fails here.
TEST_F(ThirdParty, TheStandardsReportsAreRead) {
  int expected = 0, found = 0, codes = 0, codes_right = 0, statuses = 0, statuses_right = 0;
  int invented = 0;
  for (const auto& [name, message] : messages_) {
    if (message.report.form == "none") continue;
    std::set<std::string> right;
    for (const TruthRow& row : message.rows) {
      if (row.recipient == "-") continue;
      std::vector<std::string> names = row.Notes("alt");
      names.push_back(row.recipient);
      right.insert(names.begin(), names.end());
      ++expected;
      const auto match = std::find_if(message.report.recipients.begin(),
                                      message.report.recipients.end(), [&](const Recipient& r) {
                                        return IsOneOf(r.final_recipient, names) ||
                                               IsOneOf(r.original_recipient, names);
                                      });
      if (match == message.report.recipients.end()) continue;
      ++found;
      if (row.reply_code != "-") {
        ++codes;
        codes_right +=
            match->reply_code && std::to_string(match->reply_code->value) == row.reply_code;
      }
      if (row.enhanced_status != "-") {
        ++statuses;
        const std::string status =
            match->enhanced_status ? ToString(match->enhanced_status->value) : "";
        const std::vector<std::string> others = row.Notes("altst");
        statuses_right += status == row.enhanced_status ||
                          std::find(others.begin(), others.end(), status) != others.end();
      }
    }
    if (right.empty()) continue;
    for (const Recipient& r : message.report.recipients) {
      invented += r.final_recipient && !right.contains(FoldCase(r.final_recipient->value));
    }
  }
  EXPECT_GE(expected, 200);
  EXPECT_GE(found * 100, expected * 97) << found << " of " << expected;
  EXPECT_LE(invented * 100, expected * 3) << invented;
  EXPECT_GE(codes_right * 100, codes * 95) << codes_right << " of " << codes;
  EXPECT_GE(statuses_right * 100, statuses * 95) << statuses_right << " of " << statuses;
}

}  // namespace
}  // namespace bounced
