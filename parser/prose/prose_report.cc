#include "parser/prose/prose_report.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"

#include "parser/address.h"
#include "parser/mime/lines.h"
#include "parser/prose/front.h"
#include "parser/prose/mention.h"
#include "parser/prose/words.h"
#include "parser/text.h"

namespace bounced {
namespace {

bool HasRole(const std::vector<ProsePhrases::Hit>& hits, ProseRole role, std::size_t end) {
  return std::any_of(hits.begin(), hits.end(), [=](const ProsePhrases::Hit& hit) {
    return hit.role == role && hit.end <= end;
  });
}

bool SaysFailure(const std::vector<ProsePhrases::Hit>& hits, std::size_t end) {
  return std::any_of(hits.begin(), hits.end(), [=](const ProsePhrases::Hit& hit) {
    return TellsFailure(hit) && hit.end <= end;
  });
}

class ProseReader {
 public:
  explicit ProseReader(const ProseQuestion& question)
      : question_(question),
        front_(FindFront(question.text)),
        text_(question.text.substr(0, front_.end)),
        hits_(front_.hits),
        subject_hits_(question.subject.hits),
        doubtful_(question.doubtful || IsPassedOn()) {}

  ProseReport Read() && {
    report_.end = front_.end;
    report_.in_subject = SaysFailure(subject_hits_, question_.subject.text.size());
    report_.kind = FindKind();
    if (!report_.kind) return std::move(report_);
    heads_subject_ = HeadsSubject();
    const std::vector<Mention> mentions = FindMentions({.text = text_,
                                                        .hits = hits_,
                                                        .parties = question_.parties,
                                                        .doubtful = doubtful_,
                                                        .heads_subject = heads_subject_});
    Choose(mentions);
    const bool names_somebody = !report_.recipients.empty();
    FindWords({.text = text_,
               .hits = hits_,
               .mentions = mentions,
               .places = places_,
               .by_heading = by_heading_,
               .says_why = question_.says_why},
              report_.recipients);
    const bool all_got_it = names_somebody && report_.recipients.empty();
    if (all_got_it || !IsBorneOut()) {
      report_.kind = std::nullopt;
      report_.recipients.clear();
    }
    return std::move(report_);
  }

 private:
  // A postmaster answers or passes on a report, too: "Fwd: ", or "Re: " and lines behind a ">".
  // James begins the subject of its reports with "Re: ".
  bool IsPassedOn() const {
    const std::string_view subject = question_.subject.text;
    if (!IsAnswer(subject)) return false;
    constexpr std::string_view kForwards[] = {"fw:", "fwd:", "wg:", "tr:", "rv:"};
    const bool forwarded =
        std::any_of(std::begin(kForwards), std::end(kForwards), [=](std::string_view prefix) {
          return StartsWithIgnoringCase(StripBlanks(subject), prefix);
        });
    if (forwarded) return true;
    Lines lines(question_.text);
    while (const std::optional<Line> line = lines.Next()) {
      if (line->text.starts_with('>') && !line->text.starts_with(">>")) return true;
    }
    return false;
  }

  bool Says(ProseRole role) const { return HasRole(hits_, role, front_.end); }
  bool SubjectSays(ProseRole role) const {
    return HasRole(subject_hits_, role, question_.subject.text.size());
  }

  std::optional<Kind> FindKind() const {
    if (SubjectSays(ProseRole::kDelay)) return Kind::kDelay;
    const bool delays = Says(ProseRole::kDelay) && !Says(ProseRole::kFinal);
    if (SubjectSays(ProseRole::kFailure)) {
      return delays ? Kind::kDelay : Kind::kBounce;
    }
    if (SubjectSays(ProseRole::kOtherReport)) return std::nullopt;
    const bool succeeded = Says(ProseRole::kSuccess) || SubjectSays(ProseRole::kSuccess);
    if (succeeded && !HasRefusalCode(text_)) return std::nullopt;
    if (Says(ProseRole::kDelay)) return delays ? Kind::kDelay : Kind::kBounce;
    if (Says(ProseRole::kFailure)) return Kind::kBounce;
    if (!question_.failed.empty()) return Kind::kBounce;
    const bool hinted = SubjectSays(ProseRole::kHint) || Says(ProseRole::kHint);
    return hinted ? std::optional(Kind::kBounce) : std::nullopt;
  }

  // "Undelivered mail", "Undeliverable: Invoice" (Exchange): phrases are the subject, or begin it
  // and that of the message follows.
  bool HeadsSubject() const {
    const std::string_view subject = question_.subject.text;
    std::size_t end = 0;  // of the phrases that overlap or touch
    for (const ProsePhrases::Hit& hit : subject_hits_) {
      const bool joins = hit.begin <= end || IsGap(subject.substr(end, hit.begin - end));
      if (TellsFailure(hit) && joins) end = std::max(end, hit.end);
    }
    const std::string_view rest = subject.substr(end);
    const std::size_t colon = std::min({rest.find(':'), rest.find("："), rest.size()});
    return end > 0 && IsGap(rest.substr(0, colon));
  }

  // Whether what is said is said of mail, by who may say so.
  bool IsBorneOut() const {
    if (!question_.failed.empty()) return true;
    const auto has_code = [&] { return HasRefusalCode(text_); };
    if (doubtful_) {
      return report_.in_subject && !IsAnswer(question_.subject.text) &&
             (question_.returned || has_code());
    }
    const bool says_so = SaysFailure(hits_, front_.end);
    const bool hints_so = Says(ProseRole::kHint);
    const bool subject_hints = SubjectSays(ProseRole::kHint);
    const bool came_back = question_.returned || front_.end < question_.text.size();
    const bool has_original = came_back || heads_subject_;
    const auto has_proof = [&] { return has_original || has_code(); };
    const bool says_own_mail = Says(ProseRole::kOwnMail);
    const bool is_of_mail = has_original || (by_heading_ && (hints_so || has_code())) ||
                            says_own_mail || Says(ProseRole::kMail) ||
                            SubjectSays(ProseRole::kMail);
    if (!is_of_mail && (question_.by_path || !report_.in_subject)) return false;
    if (question_.by_path && !((report_.in_subject || question_.returned) &&
                               (says_so || hints_so || came_back || has_code()))) {
      return false;
    }
    const bool is_own = by_heading_ || says_own_mail;
    if (only_plain_) {
      if (says_so) return report_.in_subject || has_original || (subject_hints && has_code());
      return report_.in_subject &&
             (has_proof() || (hints_so && is_own) || Says(ProseRole::kReason));
    }
    if (report_.in_subject || has_original) return true;
    if (has_code() && (says_so || subject_hints)) return true;
    if (says_so && (report_.recipients.empty() || (told_before_ && is_own))) return true;
    return subject_hints && (says_so || (is_own && (hints_so || !by_heading_)));
  }

  // Takes those of the strongest mentions.
  void Choose(const std::vector<Mention>& mentions) {
    if (!question_.failed.empty()) {
      for (const std::string_view address : question_.failed) {
        Choose(address, IdentityOf(address));
      }
      return;
    }
    const auto strongest_of = [&](bool roles) {
      Strength strongest = Strength::kNone;
      for (const Mention& mention : mentions) {
        if (mention.is_role == roles) strongest = std::max(strongest, mention.strength);
      }
      return strongest;
    };
    const bool only_roles = strongest_of(false) == Strength::kNone;
    const Strength strongest = strongest_of(only_roles);
    if (strongest == Strength::kNone) return;
    const auto tells = std::find_if(hits_.begin(), hits_.end(), TellsFailure);
    const std::size_t first_told = tells == hits_.end() ? std::string_view::npos : tells->end;
    const absl::flat_hash_set<std::string_view> labels =
        strongest == Strength::kHeading ? LabelsOfHeadings(mentions)
                                        : absl::flat_hash_set<std::string_view>();
    for (const Mention& mention : mentions) {
      const bool is_chosen = mention.strength == strongest || labels.contains(LabelOf(mention));
      if (is_chosen && mention.is_role == only_roles) {
        Choose(mention.address, mention.key);
        told_before_ = told_before_ || first_told <= mention.line_end;
        by_heading_ = by_heading_ || mention.heads;
      }
    }
    only_plain_ = strongest == Strength::kPlain;
    // Without a heading or a label, one of many is anybody.
    if (strongest == Strength::kPlain && report_.recipients.size() > 1) {
      report_.recipients.clear();
      places_.clear();
    }
  }

  // Empty: it has none.
  std::string_view LabelOf(const Mention& mention) const {
    return mention.strength == Strength::kLabelled
               ? text_.substr(mention.label, mention.begin - mention.label)
               : std::string_view();
  }

  // "Failed to deliver to '<r@x>'" of each, and below it for some of them "r@x: no such user":
  // those with the same label failed as well.
  absl::flat_hash_set<std::string_view> LabelsOfHeadings(
      const std::vector<Mention>& mentions) const {
    constexpr auto kBlanksOfSentence = 3;  // "to" alone stands before anybody
    std::vector<const Mention*> labelled;  // few texts have any
    for (const Mention& mention : mentions) {
      const std::string_view label = LabelOf(mention);
      const bool is_sentence = std::count(label.begin(), label.end(), ' ') >= kBlanksOfSentence;
      if (is_sentence) labelled.push_back(&mention);
    }
    absl::flat_hash_set<std::string_view> labels;
    if (labelled.empty()) return labels;
    absl::flat_hash_set<std::string_view> headings;
    for (const Mention& mention : mentions) {
      if (mention.strength == Strength::kHeading) headings.insert(mention.key);
    }
    for (const Mention* mention : labelled) {
      if (headings.contains(mention->key)) labels.insert(LabelOf(*mention));
    }
    return labels;
  }

  void Choose(std::string_view address, std::string key) {
    if (report_.recipients.size() >= question_.max_recipients) return;
    const auto [known, is_new] = places_.try_emplace(key, report_.recipients.size());
    if (is_new) report_.recipients.push_back({address, {}});
  }

  static std::string IdentityOf(std::string_view address) {
    const absl::StatusOr<Address> parsed = Address::Parse(address);
    return parsed.ok() ? parsed->canonical() : FoldCase(address);
  }

  const ProseQuestion& question_;
  const ProseFront front_;
  const std::string_view text_;  // in front of the original
  const std::vector<ProsePhrases::Hit>& hits_;
  const std::vector<ProsePhrases::Hit>& subject_hits_;
  const bool doubtful_;
  bool heads_subject_ = false;  // the subject is a report's own
  bool told_before_ = false;    // a failure is told no later than in the line of a chosen address
  bool only_plain_ = false;     // whom the text names it names without a heading or a label
  bool by_heading_ = false;
  absl::flat_hash_map<std::string, std::size_t> places_;  // of identities among the recipients
  ProseReport report_;
};

}  // namespace

bool IsAnswer(std::string_view subject) {
  constexpr std::string_view kPrefixes[] = {
      "re:",           "fw:",       "fwd:",   "aw:",         "wg:",
      "sv:",           "tr:",       "rv:",    "[",           "auto",
      "out of",        "abwesen",   "absent", "réponse aut", "respuesta aut",
      "risposta auto", "resposta a"};
  return std::any_of(std::begin(kPrefixes), std::end(kPrefixes), [=](std::string_view prefix) {
    return StartsWithIgnoringCase(StripBlanks(subject), prefix);
  });
}

ProseReport ReadProse(const ProseQuestion& question) { return ProseReader(question).Read(); }

}  // namespace bounced
