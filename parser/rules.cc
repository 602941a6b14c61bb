#include "parser/rules.h"

#include <cstdio>
#include <cstdlib>
#include <utility>

#include "absl/strings/str_cat.h"
#include "parser/classify/contest.h"
#include "parser/classify/phrase_matcher.h"
#include "parser/classify/provider.h"
#include "parser/classify/rule.h"
#include "parser/classify/rule_file.h"
#include "parser/classify/rule_index.h"
#include "parser/classify/text_evidence.h"
#include "parser/text.h"

namespace bounced {

// The files of parser/rules/, in a source that the build generates from them.
std::vector<RuleSet::File> BuiltInRuleFiles();

namespace {

// A quotation that a person takes in at a glance; the diagnostic itself is kept beside it.
constexpr std::size_t kMaxMatchedOctets = 256;

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
  explicit Compiled(RuleBook read);

  std::vector<RuleInfo> infos;  // in the order of the files
  RuleBook book;                // its rules in that of a contest
  PhraseMatcher matcher;
  ProviderTable providers;
  RuleIndex index;
};

namespace {

std::vector<RuleInfo> InfosOf(const RuleBook& book) {
  std::vector<RuleInfo> infos;
  infos.reserve(book.rules.size());
  for (const Rule& rule : book.rules) {
    infos.push_back({rule.id, rule.reason, std::string(book.PlaceOf(rule.id)), rule.origin});
  }
  return infos;
}

RuleBook Sorted(RuleBook book) {
  SortForContest(book.rules);
  return book;
}

}  // namespace

RuleSet::Compiled::Compiled(RuleBook read)
    : infos(InfosOf(read)),
      book(Sorted(std::move(read))),
      matcher(book.phrases),
      providers(book.providers),
      index(book.rules, book.phrases.size()) {}

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

std::shared_ptr<const RuleSet> RuleSet::Compile(RuleBook book) {
  return std::shared_ptr<const RuleSet>(
      new RuleSet(std::make_unique<const Compiled>(std::move(book))));
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
  if (book.problems.empty()) return Compile(std::move(book));
  problems.insert(problems.end(), book.problems.begin(), book.problems.end());
  return nullptr;
}

Classification RuleSet::Classify(const Symptoms& symptoms,
                                 std::vector<Candidate>* candidates) const {
  if (symptoms.kind != Kind::kBounce) return ClassifyKind(symptoms);
  const TextEvidence text(symptoms.text.substr(0, kMaxTextOctets), compiled_->matcher);
  const ContestResult contest =
      HoldContest(compiled_->book.rules, compiled_->index, compiled_->providers, symptoms, text,
                  /*list_losers=*/candidates != nullptr);
  const auto text_of = [&](const Match& match) {
    std::string_view said;
    if (match.where.end > 0) {
      said = text.folded().Original(match.where.begin, match.where.end);
    } else if (match.field != nullptr) {
      said = match.field->value.value;
    }
    return Presentable(said, kMaxMatchedOctets);
  };
  if (candidates != nullptr) {
    for (const ContestResult::Loser& loser : contest.losers) {
      const Rule& rule = *loser.match.rule;
      candidates->push_back(
          {rule.id, rule.reason, rule.confidence, text_of(loser.match), loser.why});
    }
  }

  Classification c;
  if (contest.winner) {
    const Rule& rule = *contest.winner->rule;
    c = ClassificationOf(*rule.reason);
    c.confidence = rule.confidence;
    c.rule = rule.id;
    c.text_bears_out = rule.when.HasWords();
    c.matched_text = text_of(*contest.winner);
  } else {
    c = ClassificationOf(text.folded().has_words() ? Reason::kUnclassified : Reason::kUndefined);
    c.rule = std::string(ToString(c.reason));
  }
  const bool may_be_recipient = IsAboutRecipient(c.reason) || c.fault == Fault::kUnknown;
  if ((IsBeforeRecipient(symptoms) || IsAboutSender(symptoms)) && may_be_recipient) {
    c.counts = false;
  }
  c.persistence = contest.transient ? Persistence::kTransient : PersistenceOf(symptoms);
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
