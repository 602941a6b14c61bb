// Which of the rules that may fire for one recipient wins, and what becomes of the others.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "parser/classify/field_pattern.h"
#include "parser/classify/provider.h"
#include "parser/classify/rule.h"
#include "parser/classify/rule_index.h"
#include "parser/classify/text_evidence.h"
#include "parser/rules.h"

namespace bounced {

// What is refused before RCPT is the client or the sender, in whatever words: nobody was named
// (RFC 5321, 3.3).
bool IsBeforeRecipient(const Symptoms& symptoms);
// What has a status that is about the sender alone (RFC 3463, 3.2, x.1.7 and x.1.8; RFC 7372, 3;
// RFC 7505, 4.2) is the sender, in whatever words.
bool IsAboutSender(const Symptoms& symptoms);
// Whether it is the recipient's fault, or its domain's.
bool IsAboutRecipient(Reason reason);

// Puts `rules`, which come in the order of their files, into that in which a contest looks at them:
// those without a reason, which say nothing of others, then the strongest first.
void SortForContest(std::vector<Rule>& rules);

// A rule whose conditions hold, or whose text or field stands at least, and where.
struct Match {
  const Rule* rule = nullptr;
  TextEvidence::Range where = {};       // empty: it has no text
  const FurtherField* field = nullptr;  // null: it has no field, or that is not there
};

struct ContestResult {
  // The strongest that fires and has a reason.
  std::optional<Match> winner;
  // One fires that says that trying again is worth while.
  bool transient = false;

  // A rule that did not win although something spoke for it.
  struct Loser {
    Match match;
    std::string why;  // it lost, for people
  };
  std::vector<Loser> losers;  // where asked for: those that fire first, the strongest first
};

// `rules` are sorted by SortForContest(), and `index` is of them. Linear in the phrases that stand
// in the text; unless the losers are asked for, ends where no other rule can be as strong.
ContestResult HoldContest(const std::vector<Rule>& rules, const RuleIndex& index,
                          const ProviderTable& providers, const Symptoms& symptoms,
                          const TextEvidence& text, bool list_losers);

}  // namespace bounced
