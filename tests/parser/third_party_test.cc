// Mail of other projects' test suites, which is not ours to ship. BOUNCED_CORPUS names its folder;
// BOUNCED_SCORES a folder for a file of what was read, for score.py.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
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

TEST_F(ThirdParty, WhatIsNoBounceNamesNobodyWhoFailed) {
  for (const auto& [name, message] : messages_) {
    const bool is_reply = HasKind(message, "auto_reply");
    if (!is_reply && !HasKind(message, "not_bounce")) continue;
    const Kind want = is_reply ? Kind::kAutoReply : Kind::kOther;
    EXPECT_EQ(ToString(message.report.kind), ToString(want)) << name.first << "/" << name.second;
    for (const Recipient& recipient : message.report.recipients) {
      EXPECT_EQ(ToString(recipient.kind), ToString(want)) << name.first << "/" << name.second;
      EXPECT_EQ(ToString(recipient.classification.bounce_class), ToString(BounceClass::kNone));
    }
  }
}

TEST_F(ThirdParty, ComplaintsAreRead) {
  for (const auto& [name, message] : messages_) {
    if (!HasKind(message, "complaint")) continue;
    EXPECT_EQ(ToString(message.report.kind), ToString(Kind::kComplaint))
        << name.first << "/" << name.second;
  }
}

TEST_F(ThirdParty, SpansLieInTheMessage) {
  for (const auto& [name, message] : messages_) {
    SCOPED_TRACE(name.first + "/" + name.second);
    const auto holds = [octets = message.octets.size()](Span span) {
      return std::size_t{span.offset} + span.length <= octets;
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

struct Tally {
  int expected = 0, found = 0, invented = 0;  // recipients
  int codes = 0, codes_right = 0, statuses = 0, statuses_right = 0;

  void Add(const TruthRow& row, const Report& report) {
    if (row.recipient == "-") return;
    const std::vector<std::string> names = NamesOf(row);
    ++expected;
    const auto match =
        std::find_if(report.recipients.begin(), report.recipients.end(), [&](const Recipient& r) {
          return IsOneOf(r.final_recipient, names) || IsOneOf(r.original_recipient, names);
        });
    if (match == report.recipients.end()) return;
    ++found;
    if (row.reply_code != "-") {
      ++codes;
      codes_right +=
          match->reply_code && std::to_string(match->reply_code->value) == row.reply_code;
    }
    if (row.enhanced_status == "-") return;
    ++statuses;
    const std::string status =
        match->enhanced_status ? ToString(match->enhanced_status->value) : "";
    const std::vector<std::string> others = row.Notes("altst");
    statuses_right += status == row.enhanced_status ||
                      std::find(others.begin(), others.end(), status) != others.end();
  }

  static std::vector<std::string> NamesOf(const TruthRow& row) {
    std::vector<std::string> names = row.Notes("alt");
    names.push_back(row.recipient);
    return names;
  }
};

// How much of what reports say is found. The floors stand a little below what was reached, so that
// a change that loses something fails here.
struct Floor {
  std::string_view name;
  bool prose;
  int expected;                          // recipients, at least
  int found, invented, codes, statuses;  // in percent
};
constexpr Floor kFloors[] = {{"the standard's reports", false, 215, 98, 2, 97, 98},
                             {"reports in words", true, 155, 97, 1, 97, 98}};

TEST_F(ThirdParty, ReportsAreRead) {
  for (const Floor& floor : kFloors) {
    SCOPED_TRACE(floor.name);
    Tally tally;
    for (const auto& [name, message] : messages_) {
      const std::string& form = message.report.form;
      if (form == "none" || (form == "prose") != floor.prose) continue;
      std::set<std::string> right;
      for (const TruthRow& row : message.rows) {
        tally.Add(row, message.report);
        if (row.recipient == "-") continue;
        for (std::string& each : Tally::NamesOf(row)) right.insert(std::move(each));
      }
      if (right.empty()) continue;
      for (const Recipient& r : message.report.recipients) {
        tally.invented += r.final_recipient && !right.contains(FoldCase(r.final_recipient->value));
      }
    }
    EXPECT_GE(tally.expected, floor.expected);
    EXPECT_GE(tally.found * 100, tally.expected * floor.found)
        << tally.found << " of " << tally.expected;
    EXPECT_LE(tally.invented * 100, tally.expected * floor.invented) << tally.invented;
    EXPECT_GE(tally.codes_right * 100, tally.codes * floor.codes)
        << tally.codes_right << " of " << tally.codes;
    EXPECT_GE(tally.statuses_right * 100, tally.statuses * floor.statuses)
        << tally.statuses_right << " of " << tally.statuses;
  }
}

// Of the answers that are given with much confidence, hardly one is wrong: whether an address is
// gone for good, against what others expect. Run it alone to see the table.
TEST_F(ThirdParty, ConfidenceIsBorneOut) {
  struct Band {
    int least;  // of the confidence
    int answers = 0, right = 0;
  };
  Band bands[] = {{95}, {90}, {80}, {50}, {0}};
  for (const auto& [name, message] : messages_) {
    for (const TruthRow& row : message.rows) {
      if (row.recipient == "-" || row.hard == "-" || row.Has("quirk:")) continue;
      const std::vector<std::string> names = Tally::NamesOf(row);
      const auto& recipients = message.report.recipients;
      const auto match = std::find_if(recipients.begin(), recipients.end(), [&](const auto& r) {
        return IsOneOf(r.final_recipient, names) || IsOneOf(r.original_recipient, names);
      });
      if (match == recipients.end() || match->kind != Kind::kBounce) continue;
      const Classification& found = match->classification;
      Band& band = *std::find_if(std::begin(bands), std::end(bands),
                                 [&](const Band& each) { return found.confidence >= each.least; });
      ++band.answers;
      band.right += (found.bounce_class == BounceClass::kHard) == (row.hard == "1");
    }
  }
  for (const Band& band : bands) {
    std::printf("confidence of %2d or more: %3d answers, %3d right\n", band.least, band.answers,
                band.right);
  }
  const int sure = bands[0].answers + bands[1].answers;
  EXPECT_GE(sure, 150);
  EXPECT_GE((bands[0].right + bands[1].right) * 100, sure * 99);
}

}  // namespace
}  // namespace bounced
