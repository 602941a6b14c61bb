// The rules on diagnostics that were not written for them: those of third parties, which lie
// outside of the repository. BOUNCED_CORPUS names their folder.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <re2/re2.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <system_error>
#include <vector>

#include "../skip.h"
#include "corpus.h"
#include "parser/classify/folded_text.h"
#include "parser/classify/phrase_matcher.h"
#include "parser/classify/provider.h"
#include "parser/classify/rule_file.h"
#include "parser/parser.h"
#include "parser/rules.h"
#include "parser/text.h"
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

// All files below `folder`, sorted; a table of what is expected is none.
std::vector<std::string> FilesBelow(const std::string& folder) {
  std::vector<std::string> files;
  std::error_code missing;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder, missing)) {
    if (entry.is_regular_file() && entry.path().extension() != ".tsv")
      files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

// The rules as they stand in their files.
RuleBook ReadBook() {
  RuleBook book;
  const std::string folder = std::string(BOUNCED_SOURCE_DIR) + "/parser/rules";
  for (const std::string& file : FilesBelow(folder)) {
    if (!file.ends_with(".toml")) continue;
    book.Add({file, ReadFile(file)}, RuleOrigin::kBuiltIn);
  }
  book.Finish();
  EXPECT_TRUE(book.problems.empty());
  return book;
}

// A rule is about a kind of texts. One that names a host of the samples, other than a provider's,
// was made for a sample.
TEST(RulesCorpus, NoPhraseNamesAHostOfTheSamples) {
  const RuleBook book = ReadBook();
  const ProviderTable providers(book.providers);
  static const RE2 kHost("(?i)(?:@|host |dns; ?|talking to |from )((?:[a-z0-9_-]+\\.)+[a-z]{2,})",
                         RE2::Latin1);
  std::set<std::string> hosts;
  for (const char* part : {"/messages", "/diag", "/mta"}) {
    for (const std::string& file : FilesBelow(Folder() + part)) {
      const std::string octets = ReadFile(file);
      re2::StringPiece rest(octets);
      for (std::string host; RE2::FindAndConsume(&rest, kHost, &host);) {
        if (!providers.OfHost(host)) hosts.insert(FoldCase(host));
      }
    }
  }
  if (hosts.empty()) BOUNCED_SKIP("no messages in " + Folder() + ": set BOUNCED_CORPUS");
  static const RE2 kName("((?:[a-z0-9]+[.])+[a-z]{2,})", RE2::Latin1);
  for (const std::string& phrase : book.phrases) {
    re2::StringPiece rest(phrase);
    for (std::string name; RE2::FindAndConsume(&rest, kName, &name);) {
      EXPECT_FALSE(hosts.contains(name)) << "\"" << phrase << "\" names " << name;
    }
  }
}

// Nor does it quote a sentence that only one sample has.
TEST(RulesCorpus, NoPhraseIsASentenceOfOneSample) {
  constexpr std::size_t kSentenceOctets = 48;
  const RuleBook book = ReadBook();
  std::vector<std::string> sentences;
  for (const std::string& phrase : book.phrases) {
    if (phrase.size() >= kSentenceOctets) sentences.push_back(phrase);
  }
  const PhraseMatcher matcher(sentences);
  std::map<int, std::set<std::string>> where;
  for (const char* part : {"/messages", "/diag"}) {
    for (const std::string& file : FilesBelow(Folder() + part)) {
      const std::string octets = ReadFile(file);
      for (const PhraseMatcher::Hit& hit : matcher.Find(FoldedText(octets).text())) {
        where[hit.phrase].insert(file);
      }
    }
  }
  for (const auto& [phrase, files] : where) {
    EXPECT_GT(files.size(), 1) << "\"" << sentences[static_cast<std::size_t>(phrase)]
                               << "\" stands in " << *files.begin() << " alone";
  }
}

// A rule that one sample alone triggers has to show that others would: it has a second example.
TEST(RulesCorpus, NoRuleIsForOneSample) {
  const Parser parser(RuleSet::BuiltIn());
  std::map<std::string, std::set<std::string>> triggered;
  for (const std::string& file : FilesBelow(Folder() + "/messages")) {
    for (const Recipient& recipient : parser.Parse(ReadFile(file)).recipients) {
      triggered[recipient.classification.rule].insert(file);
    }
  }
  if (triggered.empty()) BOUNCED_SKIP("no messages in " + Folder() + ": set BOUNCED_CORPUS");
  std::map<std::string, int> examples;
  for (const RuleExample& example : RuleSet::BuiltIn()->examples()) ++examples[example.rule];
  for (const Rule& rule : ReadBook().rules) {
    if (rule.when.text.empty() || !rule.reason) continue;
    if (triggered[rule.id].size() == 1) {
      EXPECT_GT(examples[rule.id], 1)
          << rule.id << " is for " << *triggered[rule.id].begin() << " alone";
    }
  }
}

}  // namespace
}  // namespace bounced
