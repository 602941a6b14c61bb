#include "parser/prose/mention.h"

#include <algorithm>
#include <optional>
#include <utility>

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

// The backslash is of Exim's "\\320\\277", for octets beyond ASCII.
bool IsLocalOctet(char c) { return c == '.' || c == '\\' || IsAtext(c); }
// Letters beyond ASCII are those of alphabets only: Chinese and Japanese go on without a blank.
bool IsDomainOctet(char c) {
  const auto octet = static_cast<unsigned char>(c);
  return IsLetter(c) || IsDigit(c) || c == '-' || c == '.' || c == '_' ||
         (octet >= 0x80 && octet < 0xE0 && octet != 0xC2);
}

class MentionFinder {
 public:
  explicit MentionFinder(const MentionQuestion& question)
      : question_(question), text_(question.text), hits_(question.hits) {}

  std::vector<Mention> Find() && {
    Lines lines(text_);
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
        mention.is_field = in_summary;
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
    return std::move(mentions_);
  }

 private:
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
    if (line.starts_with("> ") || (question_.doubtful && line.starts_with('>'))) {
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
    } else if (introduced || question_.heads_subject) {
      mention.strength = StrengthBehindName(line, mention);
    }
    mention.heads = mention.strength > Strength::kPlain;
    if (mention.strength == Strength::kPlain &&
        (BeginsWithReplyCode(line) || IsLabelledBehind(hit, mention))) {
      mention.strength = Strength::kLabelled;
    }
    // The longest phrase that ends right before it.
    std::size_t longest = 0;
    bool tells_why = false;  // "User unknown: r@example.net": no mere label
    mention.label = mention.begin;
    while (hit != hits_.begin()) {
      --hit;
      const std::string_view gap = text_.substr(hit->end, mention.begin - hit->end);
      if (!IsGap(gap)) break;
      const bool is_other = hit->role == ProseRole::kOtherParty;
      if (is_other && !Reaches(*hit, line, mention)) continue;
      const bool is_reason = hit->role == ProseRole::kReason || hit->role == ProseRole::kHint;
      tells_why = tells_why || (is_reason && hit->begin >= mention.line);
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
      mention.label = std::max(hit->begin, mention.line);
    }
    if (tells_why) mention.label = mention.begin;
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
    // It closes the bracket that the words opened: "(expanded from", and below it "<r@x>):
    // unknown".
    if (rest.substr(0, behind).find(')') != rest.npos) return true;
    if (behind != rest.npos && rest[behind] == ':') return false;
    const bool is_word = text_.substr(hit.begin, hit.end - hit.begin).find(' ') == text_.npos;
    const bool is_behind_blank_line = gap.find('\n', line_end + 1) != gap.npos;
    return !is_word || !is_behind_blank_line;
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
    std::string_view rest = before.substr(IndentOf(before));
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
  const MentionQuestion& question_;
  const std::string_view text_;
  const std::vector<ProsePhrases::Hit>& hits_;
  bool is_field_ = false;       // the line at hand is one of a message's fields
  bool after_command_ = false;  // a heading that is a command still waits for its address
  std::size_t at_hand_ = 0;     // where the line at hand begins,
  std::size_t before_ = 0;      // and the one before it that is not blank
  std::size_t told_end_ = 0;    // of the last phrase for a failure in front of the mention at hand
  std::vector<Mention> mentions_;
};

}  // namespace

bool IsGap(std::string_view gap) {
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

bool BeginsWithReplyCode(std::string_view line) {
  constexpr std::size_t kEnough = 16;  // octets: "  550 5.1.1 <r@e"
  return FindReplyCode(StripBlanks(line.substr(0, kEnough)), ReplyContext::kLines).has_value();
}

std::vector<Mention> FindMentions(const MentionQuestion& question) {
  return MentionFinder(question).Find();
}

}  // namespace bounced
