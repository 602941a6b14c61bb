#include "parser/rules.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "parser/classify/phrase_matcher.h"
#include "parser/classify/provider.h"
#include "parser/classify/rule.h"
#include "parser/classify/rule_file.h"
#include "parser/classify/text_evidence.h"
#include "parser/text.h"

namespace bounced {

// The files of parser/rules/, in a source that the build generates from them.
std::vector<RuleSet::File> BuiltInRuleFiles();

namespace {

// A quotation that a person takes in at a glance; the diagnostic itself is kept beside it.
constexpr std::size_t kMaxMatchedOctets = 256;

bool IsAbout(const Rule& rule, std::optional<int> provider) {
  if (rule.providers.empty()) return true;
  return provider &&
         std::find(rule.providers.begin(), rule.providers.end(), *provider) != rule.providers.end();
}

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

bool IsExcluded(const Condition& unless, const Symptoms& s, TextEvidence& text) {
  for (const TextPattern& pattern : unless.text) {
    if (text.Find(pattern)) return true;
  }
  for (const StatusPattern& pattern : unless.status) {
    if (s.enhanced_status && pattern.Matches(*s.enhanced_status)) return true;
  }
  for (const CodePattern& pattern : unless.code) {
    if (s.reply_code && pattern.Matches(*s.reply_code)) return true;
  }
  return std::find(unless.stage.begin(), unless.stage.end(), s.stage) != unless.stage.end();
}

// Before RCPT nobody was named: whatever is refused there is the client or the sender, in the same
// words (RFC 5321, 3.3).
bool IsBeforeRecipient(const Symptoms& s) {
  return s.reply_code &&
         (s.stage == Stage::kConnect || s.stage == Stage::kHelo || s.stage == Stage::kMail);
}

bool IsAboutRecipient(Reason reason) {
  const Fault fault = Info(reason).fault;
  return fault == Fault::kRecipient || fault == Fault::kDomain;
}

// A rule that fires, and where its text stands.
struct Match {
  const Rule* rule = nullptr;
  TextEvidence::Range where;
};

// Of several patterns of one rule, the earliest in the text is quoted, and the longer of two there.
bool StandsBefore(const TextEvidence::Range& a, const TextEvidence::Range& b) {
  return a.begin != b.begin ? a.begin < b.begin : a.end > b.end;
}

std::optional<Match> Try(const Rule& rule, const Symptoms& s, TextEvidence& text) {
  if (!MatchesCodes(rule.when, s)) return std::nullopt;
  Match match{&rule, {}};
  if (!rule.when.text.empty()) {
    for (const TextPattern& pattern : rule.when.text) {
      std::optional<TextEvidence::Range> found = text.Find(pattern);
      if (found && (match.where.end == 0 || StandsBefore(*found, match.where))) {
        match.where = *found;
      }
    }
    if (match.where.end == 0) return std::nullopt;
  }
  if (IsExcluded(rule.unless, s, text)) return std::nullopt;
  return match;
}

// The order among rules that fire; the id makes it total.
// A provider's text, or an operator's of whatever text: who writes a rule for his own mail means
// it.
Evidence EvidenceOf(const Rule& rule) {
  const bool is_own = rule.origin == RuleOrigin::kOperator && rule.evidence == Evidence::kText;
  return is_own ? Evidence::kProvider : rule.evidence;
}

bool IsStronger(const Match& a, const Match& b) {
  auto key = [](const Match& m) {
    return std::tuple(-static_cast<int>(EvidenceOf(*m.rule)), m.rule->origin, m.rule->priority,
                      m.rule->specificity, m.rule->confidence, m.where.end - m.where.begin);
  };
  if (key(a) != key(b)) return key(a) > key(b);
  return a.rule->id < b.rule->id;
}

Persistence PersistenceOf(const Symptoms& s) {
  bool transient = (s.enhanced_status && s.enhanced_status->klass == 4) ||
                   (s.reply_code && *s.reply_code / 100 == 4);
  if (transient) return Persistence::kTransient;
  bool permanent = (s.enhanced_status && s.enhanced_status->klass == 5) ||
                   (s.reply_code && *s.reply_code / 100 == 5);
  return permanent ? Persistence::kPermanent : Persistence::kUnknown;
}

Reason ReasonOfKind(Kind kind) {
  switch (kind) {
    case Kind::kBounce:
      return Reason::kUndefined;
    case Kind::kDelay:
      return Reason::kDelayed;
    case Kind::kDelivery:
      return Reason::kDelivered;
    case Kind::kComplaint:
      return Reason::kComplaintAbuse;
    case Kind::kUnsubscribe:
      return Reason::kUnsubscribe;
    case Kind::kAutoReply:
      return Reason::kAutoReply;
    case Kind::kOther:
      return Reason::kOtherMail;
  }
  return Reason::kOtherMail;
}

Classification ClassifyKind(const Symptoms& s) {
  Classification c = ClassificationOf(s.kind, ReasonOfKind(s.kind));
  c.persistence = PersistenceOf(s);
  return c;
}

}  // namespace

std::string ToString(const RuleProblem& problem) {
  std::string text = problem.file;
  if (problem.line > 0) absl::StrAppend(&text, text.empty() ? "" : ":", problem.line);
  if (!text.empty()) text += ": ";
  if (!problem.rule.empty()) absl::StrAppend(&text, "rule \"", problem.rule, "\": ");
  return text + problem.what;
}

struct RuleSet::Compiled {
  Compiled(RuleBook read, PhraseMatcher phrase_matcher);

  // The strongest rule that fires; `transient` says whether one of those without a reason did.
  std::optional<Match> FindStrongest(const Symptoms& s, TextEvidence& text, bool& transient) const;

  RuleBook book;
  std::vector<RuleInfo> infos;  // beside book.rules
  PhraseMatcher matcher;
  ProviderTable providers;
  std::vector<std::vector<std::size_t>> by_phrase;  // rules that may fire when the phrase is there
  std::vector<std::size_t> without_text;
};

RuleSet::Compiled::Compiled(RuleBook read, PhraseMatcher phrase_matcher)
    : book(std::move(read)),
      matcher(std::move(phrase_matcher)),
      providers(book.providers),
      by_phrase(book.phrases.size()) {
  for (std::size_t i = 0; i < book.rules.size(); ++i) {
    const std::vector<TextPattern>& patterns = book.rules[i].when.text;
    const Rule& rule = book.rules[i];
    infos.push_back({rule.id, rule.reason, std::string(book.PlaceOf(rule.id)), rule.origin});
    if (patterns.empty()) without_text.push_back(i);
    for (const TextPattern& pattern : patterns) {
      // A pattern has a phrase of each slot or does not match, so one slot finds its rule: the one
      // with the fewest phrases is the rarest.
      const std::vector<int>& rarest = *std::min_element(
          pattern.slots.begin(), pattern.slots.end(),
          [](const std::vector<int>& a, const std::vector<int>& b) { return a.size() < b.size(); });
      for (int phrase : rarest) by_phrase[static_cast<std::size_t>(phrase)].push_back(i);
    }
  }
}

std::optional<Match> RuleSet::Compiled::FindStrongest(const Symptoms& s, TextEvidence& text,
                                                      bool& transient) const {
  std::vector<std::size_t> candidates = without_text;
  for (int phrase : text.phrases()) {
    const std::vector<std::size_t>& rules = by_phrase[static_cast<std::size_t>(phrase)];
    candidates.insert(candidates.end(), rules.begin(), rules.end());
  }
  std::sort(candidates.begin(), candidates.end());
  candidates.erase(std::unique(candidates.begin(), candidates.end()), candidates.end());

  const bool has_words = text.folded().has_words();
  const bool before_recipient = IsBeforeRecipient(s);
  const std::optional<int> provider = providers.Of(s, text);
  std::optional<Match> strongest;
  for (std::size_t i : candidates) {
    const Rule& rule = book.rules[i];
    if (!IsAbout(rule, provider)) continue;
    // A reply code says too little to condemn an address whose server took the trouble to explain.
    if (rule.evidence >= Evidence::kReplyCode && has_words &&
        Info(*rule.reason).bounce_class == BounceClass::kHard) {
      continue;
    }
    if (before_recipient && rule.reason && IsAboutRecipient(*rule.reason)) continue;
    std::optional<Match> match = Try(rule, s, text);
    if (!match) continue;
    if (!rule.reason) {
      transient = true;
    } else if (!strongest || IsStronger(*match, *strongest)) {
      strongest = match;
    }
  }
  return strongest;
}

RuleSet::RuleSet(std::unique_ptr<const Compiled> compiled) : compiled_(std::move(compiled)) {}
RuleSet::~RuleSet() = default;

std::shared_ptr<const RuleSet> RuleSet::BuiltIn() {
  static const std::shared_ptr<const RuleSet>* const kBuiltIn = [] {
    absl::StatusOr<std::shared_ptr<const RuleSet>> loaded = Load(BuiltInRuleFiles());
    if (!loaded.ok()) {  // the test suite loads them, so this program was built of other files
      std::fprintf(stderr, "rules: %s\n", loaded.status().ToString().c_str());
      std::abort();
    }
    return new std::shared_ptr<const RuleSet>(*std::move(loaded));
  }();
  return *kBuiltIn;
}

absl::StatusOr<std::shared_ptr<const RuleSet>> RuleSet::Compile(RuleBook book) {
  absl::StatusOr<PhraseMatcher> matcher = PhraseMatcher::Create(book.phrases);
  if (!matcher.ok()) return matcher.status();
  return std::shared_ptr<const RuleSet>(
      new RuleSet(std::make_unique<const Compiled>(std::move(book), *std::move(matcher))));
}

absl::StatusOr<std::shared_ptr<const RuleSet>> RuleSet::Load(const std::vector<File>& files) {
  RuleBook book;
  for (const File& file : files) book.Add(file, RuleOrigin::kBuiltIn);
  book.Finish();
  if (!book.problems.empty()) {
    return absl::InvalidArgumentError(ToString(book.problems.front()));
  }
  return Compile(std::move(book));
}

std::shared_ptr<const RuleSet> RuleSet::LoadWithBuiltIn(const std::vector<File>& operator_files,
                                                        std::vector<RuleProblem>& problems) {
  RuleBook book;
  for (const File& file : BuiltInRuleFiles()) book.Add(file, RuleOrigin::kBuiltIn);
  for (const File& file : operator_files) book.Add(file, RuleOrigin::kOperator);
  book.Finish();
  if (!book.problems.empty()) {
    problems.insert(problems.end(), book.problems.begin(), book.problems.end());
    return nullptr;
  }
  absl::StatusOr<std::shared_ptr<const RuleSet>> compiled = Compile(std::move(book));
  if (compiled.ok()) return *std::move(compiled);
  // What does not fit is all files together; the last one made it so.
  problems.push_back({.file = operator_files.empty() ? "" : operator_files.back().name,
                      .line = 0,
                      .rule = "",
                      .what = std::string(compiled.status().message())});
  return nullptr;
}

Classification RuleSet::Classify(const Symptoms& symptoms) const {
  if (symptoms.kind != Kind::kBounce) return ClassifyKind(symptoms);
  TextEvidence text(symptoms.text.substr(0, kMaxTextOctets), compiled_->matcher);
  bool transient = false;
  std::optional<Match> match = compiled_->FindStrongest(symptoms, text, transient);

  Classification c;
  if (match) {
    const Rule& rule = *match->rule;
    c = ClassificationOf(*rule.reason);
    c.confidence = rule.confidence;
    c.rule = rule.id;
    c.text_bears_out = !rule.when.text.empty();
    if (c.text_bears_out) {
      c.matched_text = Presentable(text.folded().Original(match->where.begin, match->where.end),
                                   kMaxMatchedOctets);
    }
  } else {
    c = ClassificationOf(text.folded().has_words() ? Reason::kUnclassified : Reason::kUndefined);
    c.rule = std::string(ToString(c.reason));
  }
  const bool may_be_recipient = IsAboutRecipient(c.reason) || c.fault == Fault::kUnknown;
  if (IsBeforeRecipient(symptoms) && may_be_recipient) c.counts = false;
  c.persistence = transient ? Persistence::kTransient : PersistenceOf(symptoms);
  if (c.bounce_class == BounceClass::kHard && c.persistence == Persistence::kTransient) {
    c.bounce_class = BounceClass::kSoft;
    c.counts = true;
  }
  return c;
}

const std::vector<RuleExample>& RuleSet::examples() const { return compiled_->book.examples; }
std::size_t RuleSet::size() const { return compiled_->book.rules.size(); }
const std::vector<RuleInfo>& RuleSet::rules() const { return compiled_->infos; }

}  // namespace bounced
