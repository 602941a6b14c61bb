#include "parser/prose/prose_report.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"

#include "parser/address.h"
#include "parser/atext.h"
#include "parser/dsn/reported_name.h"
#include "parser/dsn/smtp_reply.h"
#include "parser/mime/field_reader.h"
#include "parser/mime/lines.h"
#include "parser/prose/front.h"
#include "parser/text.h"

namespace bounced {
namespace {

// Octets between a label and its address: "Recipient:  <".
constexpr std::size_t kMaxGap = 12;

constexpr std::size_t kMaxClosingOctets = 40;    // "Mit freundlichen Grüßen,"
constexpr std::size_t kMaxSignatureOctets = 80;  // "R. Name, Example Ltd. <r@example.net>"
constexpr auto kMaxBlanksOfSignature = 5;

constexpr std::string_view kBlanks = " \t";
constexpr std::string_view kOpenings = "<\"'([*>-=";
constexpr std::string_view kClosings = ">\"')]";
constexpr std::string_view kLink = "<mailto:";  // of an address to itself, in text made of HTML
constexpr std::string_view kLitter = " \t\r\n>\"')]:;,.";  // between an address and its words

// --- What it says

bool Says(const std::vector<ProsePhrases::Hit>& hits, ProseRole role, std::size_t end) {
  return std::any_of(hits.begin(), hits.end(), [=](const ProsePhrases::Hit& hit) {
    return hit.role == role && hit.end <= end;
  });
}

bool SaysFailure(const std::vector<ProsePhrases::Hit>& hits, std::size_t end) {
  return std::any_of(hits.begin(), hits.end(), [=](const ProsePhrases::Hit& hit) {
    return TellsFailure(hit) && hit.end <= end;
  });
}

// --- Whom it names

enum class Strength : std::uint8_t { kNone, kPlain, kLabelled, kHeading };

struct Mention {
  std::string_view address;
  std::size_t line;  // where its line begins
  std::size_t line_end;
  std::size_t begin;  // of the address
  std::size_t end;
  Strength strength = Strength::kNone;
  bool is_role;        // a postmaster's: named as help more often than as failed
  std::string key;     // its identity
  bool is_valid;       // as an address
  bool heads = false;  // a paragraph, in which stands what is said of it
};

// The backslash is of Exim's "\\320\\277", for octets beyond ASCII.
bool IsLocalOctet(char c) { return c == '.' || c == '\\' || IsAtext(c); }
// Letters beyond ASCII are those of alphabets only: Chinese and Japanese go on without a blank.
bool IsDomainOctet(char c) {
  const auto octet = static_cast<unsigned char>(c);
  return IsLetter(c) || IsDigit(c) || c == '-' || c == '.' || c == '_' ||
         (octet >= 0x80 && octet < 0xE0 && octet != 0xC2);
}

class ProseReader {
 public:
  explicit ProseReader(const ProseQuestion& question)
      : question_(question),
        text_(question.text),
        front_(FindFront(text_)),
        hits_(front_.hits),
        subject_hits_(question.subject.hits),
        doubtful_(question.doubtful || IsPassedOn()) {}

  ProseReport Read() && {
    ProseReport report;
    report.end = front_.end;
    report.in_subject = SaysFailure(subject_hits_, question_.subject.text.size());
    report.kind = FindKind(report.end);
    if (!report.kind) return report;
    heads_subject_ = HeadsSubject();
    FindMentions(report.end);
    Choose();
    const bool names_somebody = !chosen_.empty();
    report.recipients = Recipients(report.end);
    const bool all_got_it = names_somebody && report.recipients.empty();
    if (all_got_it || !IsBorneOut(report)) {
      report.kind = std::nullopt;
      report.recipients.clear();
    }
    return report;
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
    Lines lines(text_);
    while (const std::optional<Line> line = lines.Next()) {
      if (line->text.starts_with('>') && !line->text.starts_with(">>")) return true;
    }
    return false;
  }

  std::optional<Kind> FindKind(std::size_t end) const {
    const std::size_t whole = question_.subject.text.size();
    if (Says(subject_hits_, ProseRole::kDelay, whole)) return Kind::kDelay;
    const bool delays = Says(hits_, ProseRole::kDelay, end) && !Says(hits_, ProseRole::kFinal, end);
    if (Says(subject_hits_, ProseRole::kFailure, whole)) {
      return delays ? Kind::kDelay : Kind::kBounce;
    }
    if (Says(subject_hits_, ProseRole::kOtherReport, whole)) return std::nullopt;
    const bool succeeded =
        Says(hits_, ProseRole::kSuccess, end) || Says(subject_hits_, ProseRole::kSuccess, whole);
    if (succeeded && !HasCode(text_.substr(0, end))) return std::nullopt;
    if (Says(hits_, ProseRole::kDelay, end)) return delays ? Kind::kDelay : Kind::kBounce;
    if (Says(hits_, ProseRole::kFailure, end)) return Kind::kBounce;
    if (!question_.failed.empty()) return Kind::kBounce;
    const bool hinted =
        Says(subject_hits_, ProseRole::kHint, whole) || Says(hits_, ProseRole::kHint, end);
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
  bool IsBorneOut(const ProseReport& report) const {
    if (!question_.failed.empty()) return true;
    const auto has_code = [&] { return HasCode(text_.substr(0, report.end)); };
    if (doubtful_) {
      return report.in_subject && !IsAnswer(question_.subject.text) &&
             (question_.returned || has_code());
    }
    const bool says_so = SaysFailure(hits_, report.end);
    const std::size_t whole = question_.subject.text.size();
    const bool hints_so = Says(hits_, ProseRole::kHint, report.end);
    const bool subject_hints = Says(subject_hits_, ProseRole::kHint, whole);
    const bool has_original = question_.returned || report.end < text_.size() || heads_subject_;
    const auto has_proof = [&] { return has_original || has_code(); };
    const bool says_own_mail = Says(hits_, ProseRole::kOwnMail, report.end);
    const bool is_of_mail = has_original || (by_heading_ && (hints_so || has_code())) ||
                            says_own_mail || Says(hits_, ProseRole::kMail, report.end) ||
                            Says(subject_hits_, ProseRole::kMail, whole);
    if (!is_of_mail && (question_.by_path || !report.in_subject)) return false;
    if (question_.by_path &&
        !((report.in_subject || question_.returned) && (says_so || hints_so || has_proof()))) {
      return false;
    }
    const bool is_own = by_heading_ || says_own_mail;
    if (only_plain_) {
      if (says_so) return report.in_subject || has_original || (subject_hints && has_code());
      return report.in_subject &&
             (has_proof() || (hints_so && is_own) || Says(hits_, ProseRole::kReason, report.end));
    }
    if (report.in_subject || has_proof()) return true;
    if (says_so && (report.recipients.empty() || (told_before_ && is_own))) return true;
    return subject_hints && (says_so || (is_own && (hints_so || !by_heading_)));
  }

  // A number at the start of a line may be that of a house, too: only those count that servers use
  // to refuse mail.
  static bool HasCode(std::string_view text) {
    const int code = FindReplyCode(text, ReplyContext::kLines).value_or(0);
    return code == 421 || code / 10 == 45 || (code >= 510 && code < 560);
  }

  void FindMentions(std::size_t end) {
    Lines lines(text_.substr(0, end));
    auto hit = hits_.begin();
    while (const std::optional<Line> line = lines.Next()) {
      const bool after_field = std::exchange(is_field_, IsFieldOfSummary(line->text));
      if (StripBlanks(line->text).empty()) {
        after_command_ = false;
        continue;
      }
      if (NamesCommand(line->text)) after_command_ = true;
      const bool in_summary =
          is_field_ && (after_field || IsFieldOfSummary(FirstLine(text_.substr(line->end))));
      before_ = std::exchange(at_hand_, line->begin);
      std::size_t from = 0;
      const auto take = [&](Mention mention) {
        from = mention.end;
        mention.line = line->begin;
        mention.line_end = line->begin + line->text.size();
        mention.begin += line->begin;
        mention.end += line->begin;
        for (; hit != hits_.end() && hit->end <= mention.begin; ++hit) {
          if (TellsFailure(*hit)) told_end_ = hit->end;
        }
        Weigh(line->text, hit, mention);
        if (in_summary) mention.strength = std::min(mention.strength, Strength::kPlain);
        GoOnWithList(mention);
        if (mention.strength == Strength::kHeading) after_command_ = false;
        // What is no address names somebody only where an address would.
        if (mention.is_valid || mention.strength == Strength::kHeading) {
          mentions_.push_back(std::move(mention));
        }
      };
      if (std::optional<Mention> mention = ReadOddHeading(line->text)) take(*std::move(mention));
      for (std::size_t at = line->text.find('@', from); at != line->text.npos;
           at = line->text.find('@', from)) {
        std::optional<Mention> mention = ReadMention(line->text, at, from);
        from = at + 1;
        if (mention) take(*std::move(mention));
      }
    }
  }

  // The address around the '@' at `at`, which begins at `from` or behind it. Places are those of
  // the line.
  std::optional<Mention> ReadMention(std::string_view line, std::size_t at,
                                     std::size_t from) const {
    std::size_t begin = at;
    while (begin > from && at - begin < kMaxPathOctets && IsLocalOctet(line[begin - 1])) --begin;
    std::size_t end = at + 1;
    while (end < line.size() && end - at < kMaxPathOctets && IsDomainOctet(line[end])) ++end;
    while (end > at && IsOneOf(line[end - 1], ".-_")) --end;
    begin += ForeignWords(line.substr(begin, at - begin));
    while (begin < at && IsOneOf(line[begin], "'`=.*-/")) ++begin;
    const std::string_view address = WithoutType(line.substr(begin, end - begin));
    begin = end - address.size();
    at = std::max(at, begin);
    const bool has_dot = address.find('.', at - begin) != address.npos;
    Mention mention = MentionOf(address, begin, end);
    mention.is_valid = mention.is_valid && has_dot;
    return mention;
  }

  // "<"a b"@example.net>:", "<r>:", "r@[192.0.2.1]" alone: a heading, though no address in a
  // sentence looks so. Without it, what is said of this one would be taken for the one before.
  std::optional<Mention> ReadOddHeading(std::string_view line) const {
    std::string_view address = StripBlanks(line);
    std::string_view behind;
    const bool is_quoted = address.starts_with('"') || address.starts_with("<\"");
    if (address.starts_with('<')) {
      const std::size_t quote_end = is_quoted ? address.find("\"@", 2) : 0;
      const std::size_t close = address.find('>', std::min(quote_end, address.size()));
      if (close == address.npos) return std::nullopt;
      behind = address.substr(close + 1);
      address = address.substr(1, close - 1);
    }
    if (address.empty() || address.size() > kMaxPathOctets) return std::nullopt;
    const bool is_one_word = std::none_of(address.begin(), address.end(), IsSpace);
    const bool is_quoted_address = is_quoted && Address::Parse(address).ok();
    const bool has_literal =
        is_one_word && address.ends_with(']') && address.find("@[") != address.npos;
    const bool names_nobody =
        is_one_word && behind.starts_with(':') && !Address::Parse(DecodeOctal(address)).ok();
    if (!is_quoted_address && !has_literal && !names_nobody) return std::nullopt;
    const auto begin = static_cast<std::size_t>(address.data() - line.data());
    return MentionOf(address, begin, begin + address.size());
  }

  // Octets [begin, end) of the line.
  Mention MentionOf(std::string_view address, std::size_t begin, std::size_t end) const {
    const absl::StatusOr<Address> parsed = Address::Parse(DecodeOctal(address));
    if (!parsed.ok()) {
      return {address, 0, 0, begin, end, Strength::kPlain, false, FoldCase(address), false};
    }
    Mention mention{
        address, 0, 0, begin, end, Strength::kPlain, IsRole(*parsed), parsed->canonical(), true};
    if (IsParty(*parsed)) mention.strength = Strength::kNone;
    return mention;
  }

  // The octets of Chinese, Japanese or Korean words and of punctuation beyond ASCII that stand
  // right in front of an address in ASCII, as these languages put no blank there.
  static std::size_t ForeignWords(std::string_view local) {
    constexpr unsigned char kSigns = 0xC2;  // leads U+0080 to U+00BF
    constexpr unsigned char kThreeOctets = 0xE2;
    std::size_t end = 0;
    for (std::size_t at = 0; at < local.size(); ++at) {
      const auto octet = static_cast<unsigned char>(local[at]);
      if (octet == kSigns) end = at + 2;
      if (octet >= kThreeOctets) end = at + 3;
    }
    return end < local.size() ? end : 0;
  }

  // Without what other systems put in front of an address: "SMTP=r@example.net" (X.400).
  static std::string_view WithoutType(std::string_view address) {
    for (const std::string_view type : {"smtp=", "rfc-822=", "rfc822="}) {
      if (StartsWithIgnoringCase(address, type)) return address.substr(type.size());
    }
    return address;
  }

  static bool IsRole(const Address& address) {
    constexpr std::string_view kLocalParts[] = {"postmaster", "mailer-daemon", "abuse",
                                                "hostmaster", "webmaster",     "mailerdaemon",
                                                "helpdesk",   "support"};
    return std::find(std::begin(kLocalParts), std::end(kLocalParts), address.local_part()) !=
           std::end(kLocalParts);
  }

  bool IsParty(const Address& address) const {
    return std::any_of(
        question_.parties.begin(), question_.parties.end(),
        [&](std::string_view party) { return EqualsIgnoringCase(party, address.canonical()); });
  }

  // `hit` is the first that ends behind the address's beginning.
  void Weigh(std::string_view line, std::vector<ProsePhrases::Hit>::const_iterator hit,
             Mention& mention) const {
    // Somebody's quotation; Sendmail begins a line of its own with ">>> ".
    if (line.starts_with("> ") || (doubtful_ && line.starts_with('>'))) {
      mention.strength = Strength::kNone;
    }
    // "to=<r@example.net>": a log's.
    if (text_.substr(0, mention.begin).ends_with("=<")) mention.strength = Strength::kNone;
    if (mention.strength == Strength::kNone) return;
    // A failure is told in front of it, in its line or in the one before.
    const bool introduced = told_end_ > before_;
    if (mention.is_role && !introduced) {
      mention.strength = Strength::kNone;
      return;
    }
    if (IsSignature(line)) {
      mention.strength = Strength::kNone;
      return;
    }
    if (IsHeading(line, mention)) {
      mention.strength = Strength::kHeading;
    } else if (introduced || heads_subject_) {
      mention.strength = StrengthBehindName(line, mention);
    }
    mention.heads = mention.strength > Strength::kPlain;
    if (mention.strength == Strength::kPlain && IsLabelledBehind(hit, mention)) {
      mention.strength = Strength::kLabelled;
    }
    // The longest phrase that ends right before it.
    std::size_t longest = 0;
    while (hit != hits_.begin()) {
      --hit;
      const std::string_view gap = text_.substr(hit->end, mention.begin - hit->end);
      if (!IsGap(gap)) break;
      const bool is_other = hit->role == ProseRole::kOtherParty;
      if (is_other && !Reaches(*hit, line, mention)) continue;
      const std::size_t length = hit->end - hit->begin;
      if (length <= longest) continue;
      const bool is_label = hit->role == ProseRole::kLabel || hit->role == ProseRole::kFailure;
      if (is_label && mention.strength != Strength::kHeading) {
        mention.strength = Strength::kLabelled;
      } else if (is_other) {
        mention.strength = IsOriginOfCommand(line, *hit) ? Strength::kHeading : Strength::kNone;
      } else if (is_label) {
        mention.strength = Strength::kHeading;
      } else {
        continue;
      }
      longest = length;
    }
  }

  // "Regards,", and whose.
  bool IsSignature(std::string_view line) const {
    // The sizes first: it is asked of each address of a line.
    if (line.size() > kMaxSignatureOctets) return false;
    const std::string_view before = StripBlanks(text_.substr(before_, at_hand_ - before_));
    if (before.size() > kMaxClosingOctets) return false;
    const bool closes = before.ends_with(',') && before.find('@') == before.npos;
    const std::size_t behind = at_hand_ + line.size();
    return closes && std::count(line.begin(), line.end(), ' ') <= kMaxBlanksOfSignature &&
           StripBlanks(text_.substr(behind)).empty();
  }

  // "  To: r@example.net" among the fields that say which message is meant.
  static bool IsFieldOfSummary(std::string_view line) {
    const std::string_view name = FieldName(StripBlanks(line));
    return IsFieldOfMessage(name) || EqualsIgnoringCase(name, "sent");
  }

  static std::string_view FirstLine(std::string_view text) {
    const std::optional<Line> line = Lines(text).Next();
    return line ? line->text : std::string_view();
  }

  // "|/usr/bin/vacation", "/var/mail/r": Sendmail and Exim put a command or a file where they
  // delivered to one, and behind it whose it is: "(expanded from: <r@example.net>)".
  static bool NamesCommand(std::string_view line) {
    line = StripBlanks(line);
    while (!line.empty() && IsOneOf(line.front(), "<\"")) line.remove_prefix(1);
    return line.starts_with('|') || line.starts_with('/');
  }
  bool IsOriginOfCommand(std::string_view line, const ProsePhrases::Hit& hit) const {
    if (!after_command_ || !StripBlanks(line).starts_with('(')) return false;
    const std::string_view words = text_.substr(hit.begin, hit.end - hit.begin);
    return EqualsIgnoringCase(words, "from") || EqualsIgnoringCase(words, "expanded from") ||
           EqualsIgnoringCase(words, "generated from");
  }

  // "r@example.net adresine", as languages say "to" that put it behind.
  bool IsLabelledBehind(std::vector<ProsePhrases::Hit>::const_iterator hit,
                        const Mention& mention) const {
    constexpr std::size_t kMostBehind = 48;  // octets, gap and all
    for (; hit != hits_.end() && hit->end <= mention.end + kMostBehind; ++hit) {
      if (hit->role != ProseRole::kLabelBehind || hit->begin < mention.end) continue;
      if (IsGapBehind(text_.substr(mention.end, hit->begin - mention.end))) return true;
    }
    return false;
  }

  static bool IsGapBehind(std::string_view gap) {
    return gap.size() <= kMaxGap && gap.find_first_not_of(" \t\r\n>\"')]") == gap.npos;
  }

  // "Recipients: r@example.net, <s@example.net>": what goes for one of a list goes for the next.
  void GoOnWithList(Mention& mention) const {
    if (mentions_.empty() || mention.strength != Strength::kPlain) return;
    const Mention& last = mentions_.back();
    if (last.line != mention.line || last.is_role) return;
    const std::string_view between = text_.substr(last.end, mention.begin - last.end);
    const bool is_list = between.size() <= kMaxGap && between.find_first_of(",;") != between.npos &&
                         std::all_of(between.begin(), between.end(),
                                     [](char c) { return IsOneOf(c, " \t,;<>\"'"); });
    if (!is_list) return;
    mention.strength = last.strength;
    mention.heads = last.heads;
  }

  // "R. Name <r@example.net>" labels it; "R. Name (r@example.net)<mailto:r@example.net>" and
  // "R. Name (r@example.net) on 12/03/2009 10:12" (Exchange) are as good as the address alone.
  static Strength StrengthBehindName(std::string_view line, const Mention& mention) {
    const std::size_t begin = mention.begin - mention.line;
    std::string_view rest = line.substr(mention.end - mention.line);
    const bool opens = begin > 0 && IsOneOf(line[begin - 1], "<(");
    if (!opens || rest.empty() || !IsOneOf(rest.front(), ">)")) return Strength::kPlain;
    rest = StripBlanks(rest.substr(1));
    if (rest.starts_with(kLink) || EndsWithTime(rest)) return Strength::kHeading;
    return rest.empty() ? Strength::kLabelled : Strength::kPlain;
  }

  // "on Thu, 29 Apr 2010 00:00", "am 12.03.2009 10:12", "2009/03/12 10:12": a few words around a
  // date with a time, in whatever language.
  static bool EndsWithTime(std::string_view words) {
    constexpr std::size_t kMost = 64;
    constexpr auto kLeast = 6;  // digits of the shortest: "1.2.9 1:02"
    if (words.size() > kMost) return false;
    const auto digits = std::count_if(words.begin(), words.end(), IsDigit);
    const std::size_t colon = words.rfind(':');
    return digits >= kLeast && colon != words.npos && colon > 0 && colon + 1 < words.size() &&
           IsDigit(words[colon - 1]) && IsDigit(words[colon + 1]);
  }

  // Whether words for somebody else are still about the address behind them: not across the end of
  // a sentence, nor where it heads a paragraph of its own, and a single word not to the next one.
  bool Reaches(const ProsePhrases::Hit& hit, std::string_view line, const Mention& mention) const {
    const std::string_view gap = text_.substr(hit.end, mention.begin - hit.end);
    const std::size_t line_end = gap.find('\n');
    if (gap.substr(0, line_end).find(':') != gap.npos) return true;
    if (gap.find('.') != gap.npos) return false;
    if (line_end == gap.npos) return true;
    const std::string_view rest = line.substr(mention.end - mention.line);
    const std::size_t behind = rest.find_first_not_of(kClosings);
    if (behind != rest.npos && rest[behind] == ':') return false;
    const bool is_word = text_.substr(hit.begin, hit.end - hit.begin).find(' ') == text_.npos;
    const bool is_behind_blank_line = gap.find('\n', line_end + 1) != gap.npos;
    return !is_word || !is_behind_blank_line;
  }

  static bool IsGap(std::string_view gap) {
    if (gap.size() > kMaxGap) return false;
    // Colon, brackets and blank of Chinese and Japanese, and the blank in front of a French colon.
    constexpr std::string_view kWide[] = {"：", "（", "「", "【", "“", "　", "\xC2\xA0"};
    while (!gap.empty()) {
      const auto* wide = std::find_if(std::begin(kWide), std::end(kWide),
                                      [=](std::string_view each) { return gap.starts_with(each); });
      const bool is_wide = wide != std::end(kWide);
      if (!is_wide && !IsOneOf(gap.front(), " \t\r\n:;,<\"'([=.*>-")) return false;
      gap.remove_prefix(is_wide ? wide->size() : 1);
    }
    return true;
  }

  // Alone on its line, or as its heading: "<r@example.net>:", "r@example.net... User unknown".
  bool IsHeading(std::string_view line, const Mention& mention) const {
    const std::size_t begin = mention.begin - mention.line;
    std::size_t end = mention.end - mention.line;
    const std::string_view before = WithoutBullet(line.substr(0, begin));
    const bool leads = std::all_of(before.begin(), before.end(), [](char c) {
      return IsOneOf(c, kBlanks) || IsOneOf(c, kOpenings);
    });
    if (!leads) return false;
    const bool bracketed = before.ends_with('<') || before.ends_with('(');
    while (end < line.size() && IsOneOf(line[end], kClosings)) ++end;
    const std::string_view rest = line.substr(end);
    const std::string_view words = StripBlanks(rest);
    if (words.empty() || bracketed || words.starts_with("...")) return true;
    const bool is_rule =
        std::all_of(words.begin(), words.end(), [](char c) { return IsOneOf(c, ",;.<>*=#"); });
    if (is_rule) return true;
    if (words.front() == ':' || words.front() == '(' || words.starts_with(kLink)) return true;
    if (IsListOfAddresses(words)) return true;
    if (words.starts_with("- ") || rest.starts_with("\t") || rest.starts_with("  ")) return true;
    // "r@example.net on Thu, 29 Apr 2010 00:00" (Exchange), in any language.
    if (words.starts_with("on ") && words.size() > 3 && HasDigit(words)) return true;
    if (EndsWithTime(words)) return true;
    return words.front() >= '2' && words.front() <= '5' && words.size() > 3;  // a code
  }

  // ", s@example.net; <t@example.net>": what is behind the first of a line of addresses.
  static bool IsListOfAddresses(std::string_view words) {
    constexpr std::string_view kSeparators = ",; \t<>";
    if (!IsOneOf(words.front(), ",;")) return false;
    while (!words.empty()) {
      const std::size_t end = std::min(words.find_first_of(kSeparators), words.size());
      if (end > 0 && words.substr(0, end).find('@') == words.npos) return false;
      words.remove_prefix(std::min(words.find_first_not_of(kSeparators, end), words.size()));
    }
    return true;
  }

  // "1. ", "2) ", "(3) ", "o ", which begin the items of a list.
  static std::string_view WithoutBullet(std::string_view before) {
    std::string_view rest =
        before.substr(std::min(before.find_first_not_of(kBlanks), before.size()));
    const bool opens = rest.starts_with('(');
    if (opens) rest.remove_prefix(1);
    const std::size_t digits = std::min(rest.find_first_not_of("0123456789"), rest.size());
    if (digits > 0) {
      rest.remove_prefix(digits);
      const bool is_item = rest.starts_with(". ") || rest.starts_with(") ");
      return is_item ? rest.substr(1) : before;
    }
    return !opens && rest.starts_with("o ") ? rest.substr(1) : before;
  }

  static bool HasDigit(std::string_view words) {
    return std::any_of(words.begin(), words.end(), IsDigit);
  }

  // Leaves in `chosen_` the identities of the strongest mentions.
  void Choose() {
    if (!question_.failed.empty()) {
      for (const std::string_view address : question_.failed) {
        Choose(address, IdentityOf(address));
      }
      return;
    }
    const auto strongest_of = [&](bool roles) {
      Strength strongest = Strength::kNone;
      for (const Mention& mention : mentions_) {
        if (mention.is_role == roles) strongest = std::max(strongest, mention.strength);
      }
      return strongest;
    };
    const bool only_roles = strongest_of(false) == Strength::kNone;
    const Strength strongest = strongest_of(only_roles);
    if (strongest == Strength::kNone) return;
    const auto tells = std::find_if(hits_.begin(), hits_.end(), TellsFailure);
    const std::size_t first_told = tells == hits_.end() ? text_.npos : tells->end;
    for (const Mention& mention : mentions_) {
      if (mention.strength == strongest && mention.is_role == only_roles) {
        Choose(mention.address, mention.key);
        told_before_ = told_before_ || first_told <= mention.line_end;
        by_heading_ = by_heading_ || mention.heads;
      }
    }
    only_plain_ = strongest == Strength::kPlain;
    // Without a heading or a label, one of many is anybody.
    if (strongest == Strength::kPlain && chosen_.size() > 1) {
      chosen_.clear();
      index_.clear();
    }
  }

  void Choose(std::string_view address, std::string key) {
    if (chosen_.size() >= question_.max_recipients) return;
    const auto [known, is_new] = index_.try_emplace(key, chosen_.size());
    if (is_new) chosen_.push_back({address, {}});
  }

  static std::string IdentityOf(std::string_view address) {
    const absl::StatusOr<Address> parsed = Address::Parse(address);
    return parsed.ok() ? parsed->canonical() : FoldCase(address);
  }

  std::vector<ProseRecipient> Recipients(std::size_t end) {
    // The mentions of those who were chosen part the text.
    const Mention* open = nullptr;
    std::size_t owner = 0;
    std::size_t first = end;
    const auto close = [&](std::size_t at) {
      if (open == nullptr) return;
      // The code may stand in front of the address: "550 5.1.1 <r@example.net>... User unknown".
      const std::size_t begin = BeginsWithCode(open->line) ? open->line : open->end;
      const std::string_view piece = text_.substr(begin, at > begin ? at - begin : 0);
      Offer(owner, open->heads ? OwnWords(*open, piece) : piece);
    };
    for (const Mention& mention : mentions_) {
      const auto found = index_.find(mention.key);
      if (found == index_.end()) continue;
      if (open != nullptr && found->second == owner) continue;
      close(mention.line);
      first = std::min(first, mention.line);
      open = &mention;
      owner = found->second;
    }
    close(end);
    if (chosen_.size() == 1) WidenWords(text_.substr(0, end));
    if (chosen_.size() > 1) TellApart(text_.substr(0, end), text_.substr(0, first));
    return std::move(chosen_);
  }

  // One report may list who got it, and who may still get it, beside who failed. Of a mere list all
  // of the text speaks; else, of those of whom nothing is said, the paragraph in front of the
  // first.
  void TellApart(std::string_view text, std::string_view in_front) {
    const auto says_nothing = [](const ProseRecipient& recipient) {
      return recipient.words.empty();
    };
    const bool is_mere_list =
        coded_.empty() && std::all_of(chosen_.begin(), chosen_.end() - 1, says_nothing);
    if (is_mere_list) chosen_.back().words = {};
    std::string_view common = is_mere_list ? StripBlanks(text) : LastParagraph(in_front);
    // All of them together are told no more than a text may hold.
    common = common.substr(0, kMaxProseOctets / chosen_.size());
    const auto has_got_it = [](const ProseRecipient& recipient) {
      constexpr std::string_view kWords[] = {"delivered", "relayed", "successful"};
      const int code = FindSmtpReply(recipient.words, ReplyContext::kLines).code.value_or(0);
      return code / 100 == 2 ||
             std::any_of(std::begin(kWords), std::end(kWords), [&](std::string_view word) {
               return StartsWithIgnoringCase(recipient.words, word);
             });
    };
    chosen_.erase(std::remove_if(chosen_.begin(), chosen_.end(), has_got_it), chosen_.end());
    for (ProseRecipient& recipient : chosen_) {
      if (recipient.words.empty()) recipient.words = common;
      const int code = FindSmtpReply(recipient.words, ReplyContext::kLines).code.value_or(0);
      recipient.delays = code / 100 != 5 && SaysWithin(ProseRole::kDelay, recipient.words) &&
                         !SaysWithin(ProseRole::kFinal, recipient.words);
    }
  }

  bool SaysWithin(ProseRole role, std::string_view piece) const {
    if (piece.empty()) return false;
    const auto begin = static_cast<std::size_t>(piece.data() - text_.data());
    const std::size_t end = begin + piece.size();
    // Hits stand in the order of their ends.
    auto hit =
        std::partition_point(hits_.begin(), hits_.end(),
                             [begin](const ProsePhrases::Hit& each) { return each.end <= begin; });
    for (; hit != hits_.end() && hit->end <= end; ++hit) {
      if (hit->role == role && hit->begin >= begin) return true;
    }
    return false;
  }

  // Of a single recipient all of the text speaks: also what stands in front of the address.
  void WidenWords(std::string_view text) {
    std::string_view& words = chosen_[0].words;
    constexpr std::string_view kRemote = "<<< ";  // begins the remote host's lines
    const std::size_t remote = FindLine(text, kRemote);
    const bool lacks_remote = remote != text.npos && FindLine(words, kRemote) == words.npos;
    if (!lacks_remote && coded_.contains(0)) return;
    const SmtpReply reply = FindSmtpReply(text, ReplyContext::kLines);
    if (lacks_remote) {
      words = LinesThatBegin(text.substr(remote), kRemote);
    } else if (reply.code) {
      const auto code = static_cast<std::size_t>(reply.code_text.data() - text.data());
      const std::size_t begin = LineBegin(text, code);
      words = FirstParagraph(text.substr(begin));
    } else if (!by_heading_ || !HasWords(words) || NamesRole(words)) {
      words = StripBlanks(text);
    }
  }

  // "Please reply to postmaster@example.com": such words are about no recipient.
  bool NamesRole(std::string_view words) const {
    const auto begin = static_cast<std::size_t>(words.data() - text_.data());
    return std::any_of(mentions_.begin(), mentions_.end(), [=](const Mention& mention) {
      return mention.is_role && mention.strength == Strength::kNone && mention.begin >= begin &&
             mention.end <= begin + words.size();
    });
  }

  // The first line that begins with `mark`, and npos if there is none.
  static std::size_t FindLine(std::string_view text, std::string_view mark) {
    Lines lines(text);
    while (const std::optional<Line> line = lines.Next()) {
      const std::size_t indent = std::min(line->text.find_first_not_of(kBlanks), line->text.size());
      if (line->text.substr(indent).starts_with(mark)) return line->begin + indent;
    }
    return text.npos;
  }

  // The first lines of `text`, as long as they begin with `mark`.
  static std::string_view LinesThatBegin(std::string_view text, std::string_view mark) {
    Lines lines(text);
    std::size_t end = 0;
    while (const std::optional<Line> line = lines.Next()) {
      if (!line->text.starts_with(mark)) break;
      end = line->end;
    }
    return StripBlanks(text.substr(0, end));
  }

  // What is indented deeper than the heading belongs to it, and nothing else then. What goes on
  // behind a blank line is no longer about it, unless its code stands there.
  std::string_view OwnWords(const Mention& heading, std::string_view piece) const {
    const std::string_view line = text_.substr(heading.line, heading.line_end - heading.line);
    piece = Deeper(piece, line.find_first_not_of(kBlanks));
    const std::size_t litter = std::min(piece.find_first_not_of(kLitter), piece.size());
    std::string_view first = FirstParagraph(piece.substr(litter));
    // "because:", and then why.
    if (first.ends_with(':') && first.find_first_of("\r\n") == first.npos) {
      const auto end = static_cast<std::size_t>(first.data() + first.size() - piece.data());
      const std::size_t next = piece.find_first_not_of(" \t\r\n", end);
      if (next != piece.npos) first = FirstParagraph(piece.substr(next));
    }
    return HasWords(first) && (HasCode(first) || !HasCode(piece)) ? first : piece;
  }

  // The first line of `piece` and those behind it that are indented deeper than by `indent`; all,
  // if the second is not.
  static std::string_view Deeper(std::string_view piece, std::size_t indent) {
    Lines lines(piece);
    std::size_t end = lines.Next() ? lines.at() : 0;
    const std::size_t begin = end;
    while (const std::optional<Line> line = lines.Next()) {
      const std::size_t depth = line->text.find_first_not_of(" \t\r\n");
      if (depth != line->text.npos && depth <= indent) break;
      end = line->end;
    }
    return StripBlanks(piece.substr(begin, end - begin)).empty() ? piece : piece.substr(0, end);
  }

  // The lines up to a blank one; "because:" announces the paragraph behind it.
  static std::string_view FirstParagraph(std::string_view text) {
    Lines lines(text);
    std::size_t end = 0;
    bool announces = false;
    while (const std::optional<Line> line = lines.Next()) {
      const std::string_view words = StripBlanks(line->text);
      if (words.empty() && !announces) break;
      if (words.empty()) continue;
      announces = words.ends_with(':');
      end = line->end;
    }
    return StripBlanks(text.substr(0, end));
  }

  static std::string_view LastParagraph(std::string_view text) {
    text = StripBlanks(text);
    const std::size_t blank = std::max(text.rfind("\n\n") + 1, text.rfind("\n\r\n") + 1);
    return StripBlanks(text.substr(blank));  // npos + 1 is 0
  }

  // "(expanded from <list@example.net>): unknown user" (Postfix): nothing is said of that one.
  static std::string_view WithoutOrigin(std::string_view piece) {
    constexpr std::string_view kOrigin = "(expanded from";
    constexpr std::string_view kEnd = "):";
    if (!StartsWithIgnoringCase(piece, kOrigin)) return piece;
    const std::size_t end = FirstLine(piece).find(kEnd);
    return end == piece.npos ? piece : piece.substr(end + kEnd.size());
  }

  bool BeginsWithCode(std::size_t line) const {
    const std::string_view text = StripBlanks(text_.substr(line, 16));
    return FindReplyCode(text, ReplyContext::kLines).has_value();
  }

  // The first piece with a code is kept, else the first with words.
  void Offer(std::size_t owner, std::string_view piece) {
    ProseRecipient& recipient = chosen_[owner];
    piece.remove_prefix(std::min(piece.find_first_not_of(kLitter), piece.size()));
    piece = StripBlanks(WithoutOrigin(piece));
    if (!HasWords(piece)) return;
    const bool has_code = FindReplyCode(piece, ReplyContext::kLines).has_value();
    if (!recipient.words.empty() && (!has_code || coded_.contains(owner))) return;
    if (has_code) coded_.insert(owner);
    recipient.words = piece;
  }

  static bool HasWords(std::string_view piece) {
    return std::any_of(piece.begin(), piece.end(),
                       [](char c) { return IsLetter(c) || static_cast<unsigned char>(c) >= 0x80; });
  }

  const ProseQuestion& question_;
  const std::string_view text_;
  const ProseFront front_;
  const std::vector<ProsePhrases::Hit>& hits_;
  const std::vector<ProsePhrases::Hit>& subject_hits_;
  const bool doubtful_;
  bool is_field_ = false;       // the line at hand is one of a message's fields
  bool after_command_ = false;  // a heading that is a command still waits for its address
  std::size_t at_hand_ = 0;     // where the line at hand begins,
  std::size_t before_ = 0;      // and the one before it that is not blank
  std::size_t told_end_ = 0;    // of the last phrase for a failure in front of the mention at hand
  bool told_before_ = false;    // a failure is told no later than in the line of a chosen address
  bool only_plain_ = false;     // whom the text names it names without a heading or a label
  bool by_heading_ = false;
  bool heads_subject_ = false;  // the subject is a report's own
  std::vector<Mention> mentions_;
  std::vector<ProseRecipient> chosen_;
  absl::flat_hash_map<std::string, std::size_t> index_;  // identity to place in chosen_
  absl::flat_hash_set<std::size_t> coded_;
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
