// The rules on diagnostics that were not written for them: those of third parties, which lie
// outside of the repository. BOUNCED_CORPUS names their folder.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <re2/re2.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "../skip.h"
#include "corpus.h"
#include "parser/rules.h"
#include "reply.h"

namespace bounced {
namespace {

std::string Folder() {
  const char* folder = std::getenv("BOUNCED_CORPUS");
  return folder != nullptr ? folder : std::string(BOUNCED_SOURCE_DIR) + "/../shared/corpus";
}

std::string CollapseBlanks(std::string text) {
  static const RE2 kBlanks("\\s+");
  RE2::GlobalReplace(&text, kBlanks, " ");
  return text;
}

// The stage that Postfix tells in brackets.
Stage StageOf(const std::string& text) {
  static const std::map<std::string, Stage> kStages = {{"RCPT", Stage::kRcpt},
                                                       {"MAIL", Stage::kMail},
                                                       {"DATA", Stage::kData},
                                                       {"HELO", Stage::kHelo},
                                                       {"EHLO", Stage::kHelo}};
  static const RE2 kReplyTo("in reply to (?:end of )?([A-Z]+)", RE2::Latin1);
  std::string verb;
  if (!RE2::PartialMatch(text, kReplyTo, &verb)) return Stage::kUnknown;
  auto it = kStages.find(verb);
  return it == kStages.end() ? Stage::kUnknown : it->second;
}

// From the far server's reply on, if the text quotes one.
std::string ReplyIn(const std::string& text) {
  static const RE2 kReply("(?s)(?:said|returned|talk to me):? '?([245][0-9][0-9][ -].*)",
                          RE2::Latin1);
  std::string reply;
  return RE2::PartialMatch(text, kReply, &reply) ? reply : text;
}

using Reasons = std::set<Reason>;

// What each word of diag-dev.tsv's subtype column leaves us to call it.
const std::map<std::string, Reasons> kSubtypes = {
    {"no_such_recipient",
     {Reason::kNoSuchUser, Reason::kMailboxDisabled, Reason::kMailboxMoved,
      Reason::kBadAddressSyntax, Reason::kSenderAddressRefused}},
    {"mailbox_full", {Reason::kMailboxFull, Reason::kMailboxDisabled}},
    {"spam_content",
     {Reason::kSpamContent, Reason::kPolicyOther, Reason::kSenderReputation,
      Reason::kSenderIpBlocked}},
    {"authentication_failure", {Reason::kAuthFailed}},
    {"server_unknown", {Reason::kNoSuchDomain}},
    {"server_timeout", {Reason::kConnectionFailure}},
    {"reputation", {Reason::kSenderReputation, Reason::kRateLimited}},
    {"action_not_taken_mailbox_rate_limited", {Reason::kRateLimited}},
    {"recipient_disabled_or_recipient_rate_limited",
     {Reason::kMailboxDisabled, Reason::kRateLimited, Reason::kNoSuchUser}},
};

TEST(RulesCorpus, AgreeWithThirdPartiesOnTheirDiagnostics) {
  std::ifstream table(Folder() + "/diag-dev.tsv");
  if (!table) BOUNCED_SKIP("no diag-dev.tsv in " + Folder() + ": set BOUNCED_CORPUS");
  std::string line;
  std::getline(table, line);
  int rows = 0, persistence = 0, reasons = 0, subtypes = 0;
  while (std::getline(table, line)) {
    // file, part, recipient, status, code, class, type, subtype, blocked, spam
    std::vector<std::string> cells;
    std::istringstream cut(line);
    for (std::string cell; std::getline(cut, cell, '\t');) cells.push_back(cell);
    ASSERT_EQ(cells.size(), 10) << line;
    std::string text = CollapseBlanks(ReadFile(Folder() + "/diag/" + cells[0]));
    std::string reply = ReplyIn(text);
    Symptoms symptoms = ReadReply(reply, StageOf(text));
    int klass = 0, subject = 0, detail = 0;
    if (std::sscanf(cells[3].c_str(), "%d.%d.%d", &klass, &subject, &detail) == 3) {
      symptoms.enhanced_status =
          EnhancedStatus{static_cast<std::uint8_t>(klass), static_cast<std::uint16_t>(subject),
                         static_cast<std::uint16_t>(detail)};
    }
    if (cells[4] != "-") symptoms.reply_code = std::stoi(cells[4]);
    Classification c = RuleSet::BuiltIn()->Classify(symptoms);
    ++rows;
    bool temporary = c.persistence == Persistence::kTransient;
    persistence += cells[5] == "-" || temporary == (cells[5] == "temporary");
    auto subtype = kSubtypes.find(cells[7]);
    if (subtype == kSubtypes.end()) continue;
    ++subtypes;
    bool agree = subtype->second.contains(c.reason);
    reasons += agree;
    if (!agree) {
      std::printf("%s: %s by %s (%s)\n", cells[0].c_str(), std::string(ToString(c.reason)).c_str(),
                  c.rule.c_str(), c.matched_text.c_str());
    }
  }
  std::printf("persistence %d of %d, reason %d of %d\n", persistence, rows, reasons, subtypes);
  EXPECT_GE(persistence * 100, rows * 95);
  EXPECT_GE(reasons * 100, subtypes * 95);
}

// Messages of one recipient and one Diagnostic-Code, which is what is classified here; how it is
// got out of a message is the parser's tests' business.
TEST(RulesCorpus, KnowHardFromSoftInTheReportsOfRealServers) {
  const std::string folder = Folder() + "/mta";
  std::map<std::string, std::vector<TruthRow>> messages;
  for (TruthRow& row : ReadTruth(folder + "/truth-mta.tsv")) messages[row.file].push_back(row);
  if (messages.empty()) BOUNCED_SKIP("no mta/ in " + Folder() + ": set BOUNCED_CORPUS");
  static const RE2 kField("\nDiagnostic-Code: *(?:[\\w-]+;)? *([^\n]*(?:\n[ \t][^\n]*)*)",
                          RE2::Latin1);
  int rows = 0, right = 0;
  for (const auto& [file, truth] : messages) {
    if (truth.size() != 1 || truth[0].kind != "bounce" || truth[0].hard == "-") continue;
    std::string octets = ReadFile(folder + "/" + file);
    std::string diagnostic;
    if (!RE2::PartialMatch(octets, kField, &diagnostic)) continue;
    std::string text = CollapseBlanks(diagnostic);
    std::string reply = ReplyIn(text);
    Classification c = RuleSet::BuiltIn()->Classify(ReadReply(reply, StageOf(text)));
    bool hard = c.bounce_class == BounceClass::kHard;
    ++rows;
    right += hard == (truth[0].hard == "1");
    EXPECT_FALSE(hard && truth[0].hard == "0")
        << file << ": " << ToString(c.reason) << ", " << text;
  }
  std::printf("hard or not %d of %d\n", right, rows);
  EXPECT_GT(rows, 50);
  EXPECT_GE(right * 100, rows * 98);
}

}  // namespace
}  // namespace bounced
