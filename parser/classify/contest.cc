#include "parser/classify/contest.h"

#include <algorithm>
#include <cstddef>
#include <span>
#include <string_view>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "parser/text.h"

namespace bounced {
namespace {

using PatternPlace = RuleIndex::PatternPlace;

bool MatchesCodes(const Condition& c, const Symptoms& s) {
  auto status = [&](const StatusPattern& p) { return p.Matches(*s.enhanced_status); };
  auto code = [&](const CodePattern& p) { return p.Matches(*s.reply_code); };
  if (!c.status.empty() &&
      !(s.enhanced_status && std::any_of(c.status.begin(), c.status.end(), status))) {
    return false;
  }
  if (!c.code.empty() && !(s.reply_code && std::any_of(c.code.begin(), c.code.end(), code))) {
    return false;
  }
  return c.stage.empty() || std::find(c.stage.begin(), c.stage.end(), s.stage) != c.stage.end();
}

bool IsExcluded(const Condition& unless, const Symptoms& s, const TextEvidence& text,
                FieldEvidence& fields) {
  for (const TextPattern& pattern : unless.text) {
    const auto found = text.Find(pattern);
    if (found && !found->in_name) return true;
  }
  for (const StatusPattern& pattern : unless.status) {
    if (s.enhanced_status && pattern.Matches(*s.enhanced_status)) return true;
  }
  for (const CodePattern& pattern : unless.code) {
    if (s.reply_code && pattern.Matches(*s.reply_code)) return true;
  }
  if (fields.Find(unless.field) != nullptr) return true;
  return std::find(unless.stage.begin(), unless.stage.end(), s.stage) != unless.stage.end();
}

// Of several patterns of one rule, one outside of names is quoted, and of those the earliest in the
// text, and the longer of two there.
bool StandsBefore(const TextEvidence::Range& a, const TextEvidence::Range& b) {
  if (a.in_name != b.in_name) return b.in_name;
  return a.begin != b.begin ? a.begin < b.begin : a.end > b.end;
}

// A provider's words, or an operator's of whatever kind: who writes a rule for his own mail means
// it.
EvidenceKind BestEvidenceOf(const Rule& rule) {
  const bool is_own = rule.origin == RuleOrigin::kOperator && rule.evidence == EvidenceKind::kText;
  return is_own ? EvidenceKind::kProvider : rule.evidence;
}

// Both are believed where they stand in a name, too; so is what a field says as well.
EvidenceKind EvidenceOf(const Match& match) {
  const EvidenceKind best = BestEvidenceOf(*match.rule);
  const bool is_name = match.where.in_name && match.field == nullptr;
  return best == EvidenceKind::kText && is_name ? EvidenceKind::kName : best;
}

std::string_view NameOfEvidence(const Match& match) {
  const bool of_field = match.where.end == 0;
  switch (EvidenceOf(match)) {
    case EvidenceKind::kProvider:
      return of_field ? "a field of this provider" : "a text of this provider";
    case EvidenceKind::kText:
      return of_field ? "a field" : "a text";
    case EvidenceKind::kName:
      return "a link or a host name";
    case EvidenceKind::kStatus:
      return "an enhanced status";
    case EvidenceKind::kReplyCode:
      return "a reply code or a stage";
    case EvidenceKind::kClassDigit:
      return "the first digit";
  }
  return "nothing";
}

std::size_t LengthOf(const Match& match) { return match.where.end - match.where.begin; }

// How strong a rule is by evidence of that kind.
auto StrengthOf(const Rule& rule, EvidenceKind evidence) {
  return std::tuple(-static_cast<int>(evidence), rule.origin, rule.priority, rule.specificity,
                    rule.confidence);
}

bool IsHard(const Rule& rule) {
  return rule.reason && Info(*rule.reason).bounce_class == BounceClass::kHard;
}

// The order among rules that fire; the id makes it total. WhyWeaker() says the same in words.
bool IsStronger(const Match& a, const Match& b) {
  auto key = [](const Match& m) {
    return std::tuple(StrengthOf(*m.rule, EvidenceOf(m)), LengthOf(m));
  };
  if (key(a) != key(b)) return key(a) > key(b);
  return a.rule->id < b.rule->id;
}

std::string WhyWeaker(const Match& loser, const Match& winner) {
  const Rule& rule = *loser.rule;
  const Rule& by = *winner.rule;
  // An operator's text stands at the step of a provider's.
  const bool is_operators = by.origin == RuleOrigin::kOperator && by.providers.empty();
  if (rule.origin != by.origin && is_operators && EvidenceOf(winner) == EvidenceKind::kProvider) {
    return "is built in, the winner is the operator's";
  }
  if (EvidenceOf(loser) != EvidenceOf(winner)) {
    return absl::StrCat("rests on ", Absl(NameOfEvidence(loser)), ", the winner on ",
                        Absl(NameOfEvidence(winner)));
  }
  if (rule.origin != by.origin) return "is built in, the winner is the operator's";
  if (rule.priority != by.priority) {
    return absl::StrCat("has priority ", rule.priority, ", the winner ", by.priority);
  }
  if (rule.specificity != by.specificity) return "makes fewer conditions than the winner";
  if (rule.confidence != by.confidence) {
    return absl::StrCat("has confidence ", rule.confidence, ", the winner ", by.confidence);
  }
  if (LengthOf(loser) != LengthOf(winner)) return "matches a shorter text than the winner";
  return "is equal to the winner, whose id comes first";
}

class Contest {
 public:
  Contest(const std::vector<Rule>& rules, const ProviderTable& providers, const Symptoms& symptoms,
          const TextEvidence& text, bool list_losers)
      : rules_(rules),
        providers_(providers),
        symptoms_(symptoms),
        text_(text),
        fields_(symptoms),
        list_losers_(list_losers),
        has_words_(text.folded().has_words()),
        before_recipient_(IsBeforeRecipient(symptoms)),
        about_sender_(IsAboutSender(symptoms)) {}

  // Whether nothing changes the answer any more: neither the rule at `index` nor one behind it.
  bool IsDecidedAt(std::size_t index) const {
    const Rule& rule = rules_[index];
    return !list_losers_ && result_.winner && rule.reason &&
           StrengthOf(rule, BestEvidenceOf(rule)) <
               StrengthOf(*result_.winner->rule, EvidenceOf(*result_.winner));
  }

  void Consider(std::size_t index, std::span<const PatternPlace> patterns) {
    Match match{&rules_[index]};
    const Rule& rule = *match.rule;
    match.field = fields_.Find(rule.when.field);
    std::string_view kept_from = WhatKeeps(match);
    if (!kept_from.empty() && !list_losers_) return;
    // To look for texts is what takes long.
    if (!rule.when.text.empty() && !FindText(patterns, match)) return;
    if (kept_from.empty()) kept_from = WhatInTextKeeps(match);
    if (!kept_from.empty()) {
      // A rule without words is kept from firing by every other status: that is no news.
      if (list_losers_ && (match.where.end > 0 || match.field != nullptr)) {
        result_.losers.push_back({match, std::string(kept_from)});
      }
      return;
    }
    if (!rule.reason) {
      result_.transient = true;
      return;
    }
    const bool is_stronger = !result_.winner || IsStronger(match, *result_.winner);
    if (list_losers_) firing_.push_back(match);
    if (is_stronger) result_.winner = match;
  }

  ContestResult Take() && {
    std::sort(firing_.begin(), firing_.end(), IsStronger);
    std::vector<ContestResult::Loser> losers;
    for (std::size_t i = 1; i < firing_.size(); ++i) {
      losers.push_back({firing_[i], WhyWeaker(firing_[i], firing_[0])});
    }
    std::sort(result_.losers.begin(), result_.losers.end(), [](const auto& a, const auto& b) {
      return a.match.rule->place < b.match.rule->place;
    });
    std::move(result_.losers.begin(), result_.losers.end(), std::back_inserter(losers));
    result_.losers = std::move(losers);
    return std::move(result_);
  }

 private:
  bool FindText(std::span<const PatternPlace> patterns, Match& match) const {
    for (const PatternPlace& place : patterns) {
      const auto found = text_.Find(match.rule->when.text[place.pattern]);
      if (found && (match.where.end == 0 || StandsBefore(*found, match.where))) {
        match.where = *found;
      }
    }
    return match.where.end > 0;
  }

  // Why the rule does not fire, whatever the text. Empty: nothing keeps it from that.
  std::string_view WhatKeeps(const Match& match) {
    const Rule& rule = *match.rule;
    if (!MatchesCodes(rule.when, symptoms_)) return "asks for another code or stage";
    if (!rule.when.field.empty() && match.field == nullptr) return "asks for another field";
    // A reply code says too little to condemn an address whose server took the trouble to explain.
    if (rule.evidence >= EvidenceKind::kReplyCode && has_words_ && IsHard(rule)) {
      return "a code alone condemns nobody whose server says more";
    }
    if (before_recipient_ && rule.reason && IsAboutRecipient(*rule.reason)) {
      return "what is refused before RCPT is not the recipient's fault";
    }
    if (about_sender_ && rule.reason && IsAboutRecipient(*rule.reason)) {
      return "the status is about the sender";
    }
    return IsAbout(rule) ? "" : "is about another provider";
  }

  // The same, of a rule whose text stands.
  std::string_view WhatInTextKeeps(const Match& match) {
    const Rule& rule = *match.rule;
    // Nor does it say that trying again is worth while.
    if (EvidenceOf(match) == EvidenceKind::kName && (!rule.reason || IsHard(rule))) {
      return "a link or a host name condemns nobody";
    }
    const bool is_excluded = IsExcluded(rule.unless, symptoms_, text_, fields_);
    return is_excluded ? "is ruled out by its own \"unless\"" : "";
  }

  bool IsAbout(const Rule& rule) {
    if (rule.providers.empty()) return true;
    if (!knows_provider_) provider_ = providers_.Of(symptoms_, text_);
    knows_provider_ = true;
    return provider_ && std::find(rule.providers.begin(), rule.providers.end(), *provider_) !=
                            rule.providers.end();
  }

  const std::vector<Rule>& rules_;
  const ProviderTable& providers_;
  const Symptoms& symptoms_;
  const TextEvidence& text_;
  FieldEvidence fields_;
  const bool list_losers_;
  const bool has_words_;
  const bool before_recipient_;
  const bool about_sender_;
  bool knows_provider_ = false;
  std::optional<int> provider_;
  std::vector<Match> firing_;  // where the losers are asked for
  ContestResult result_;
};

}  // namespace

void SortForContest(std::vector<Rule>& rules) {
  for (std::size_t i = 0; i < rules.size(); ++i) rules[i].place = static_cast<int>(i);
  std::sort(rules.begin(), rules.end(), [](const Rule& a, const Rule& b) {
    const auto key = [](const Rule& rule) {
      return std::tuple(!rule.reason, StrengthOf(rule, BestEvidenceOf(rule)), -rule.place);
    };
    return key(a) > key(b);
  });
}

bool IsBeforeRecipient(const Symptoms& s) {
  return s.reply_code &&
         (s.stage == Stage::kConnect || s.stage == Stage::kHelo || s.stage == Stage::kMail);
}

bool IsAboutSender(const Symptoms& s) {
  if (!s.enhanced_status) return false;
  const int subject = s.enhanced_status->subject, detail = s.enhanced_status->detail;
  const bool is_address = subject == 1 && (detail == 7 || detail == 8);
  const bool is_proof = subject == 7 && 20 <= detail && detail <= 29;
  return is_address || is_proof;
}

bool IsAboutRecipient(Reason reason) {
  const Fault fault = Info(reason).fault;
  return fault == Fault::kRecipient || fault == Fault::kDomain;
}

ContestResult HoldContest(const std::vector<Rule>& rules, const RuleIndex& index,
                          const ProviderTable& providers, const Symptoms& symptoms,
                          const TextEvidence& text, bool list_losers) {
  Contest contest(rules, providers, symptoms, text, list_losers);
  // Words are stronger than any code.
  const std::vector<PatternPlace> places = index.OfText(text.hits());
  for (auto begin = places.begin(); begin != places.end() && !contest.IsDecidedAt(begin->rule);) {
    const auto end = std::find_if(begin, places.end(),
                                  [&](const PatternPlace& p) { return p.rule != begin->rule; });
    contest.Consider(begin->rule, {begin, end});
    begin = end;
  }
  const auto consider = [&](std::span<const std::size_t> without_text) {
    for (const std::size_t rule : without_text) {
      if (contest.IsDecidedAt(rule)) break;
      contest.Consider(rule, {});
    }
  };
  consider(index.OfFields());
  if (symptoms.enhanced_status) consider(index.OfSubject(symptoms.enhanced_status->subject));
  consider(index.OfCodes());
  return std::move(contest).Take();
}

}  // namespace bounced
