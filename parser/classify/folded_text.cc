#include "parser/classify/folded_text.h"

#include <unicode/bytestream.h>
#include <unicode/edits.h>
#include <unicode/normalizer2.h>
#include <unicode/stringpiece.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <iterator>
#include <optional>

#include "parser/atext.h"
#include "parser/octets.h"
#include "parser/text.h"

namespace bounced {
namespace {

constexpr bool IsHighBit(char c) { return static_cast<unsigned char>(c) >= 0x80; }

bool IsLocalPart(char c) { return c == '.' || IsAtext(c); }
constexpr bool IsDomain(char c) {
  return IsLetter(c) || IsDigit(c) || IsHighBit(c) || c == '.' || c == '-' || c == '_';
}

// What leads a Chinese, Japanese or Korean character, or a sign beyond ASCII: no letter of an
// alphabet. These languages put no blank around an address.
constexpr bool IsForeign(char c) { return c == '\xC2' || static_cast<unsigned char>(c) >= 0xE2; }

// Where the words end that touch, without a blank, the octets of ASCII at the end of `text`; 0:
// none do.
std::size_t EndOfWordsBefore(std::string_view text) {
  std::size_t end = text.size();
  while (end > 0 && !IsHighBit(text[end - 1]) && IsLocalPart(text[end - 1])) --end;
  if (end == text.size()) return 0;
  const bool is_sign = end >= 2 && text[end - 2] == '\xC2';
  const bool is_word = end >= 3 && IsHighBit(text[end - 1]) && IsForeign(text[end - 3]);
  return is_sign || is_word ? end : 0;
}

// The octets of an enhanced status (RFC 3463, 2) at the start of `text`, or 0.
std::size_t StatusLength(std::string_view text) {
  if (text.size() < 5 || text[0] < '2' || text[0] > '5' || text[1] != '.') return 0;
  std::size_t i = 2;
  for (char end_of_part : {'.', ' '}) {
    std::size_t digits = 0;
    while (digits < 3 && i < text.size() && IsDigit(text[i])) ++digits, ++i;
    if (digits == 0) return 0;
    if (end_of_part == '.') {
      if (i == text.size() || text[i] != '.') return 0;
      ++i;
    }
  }
  return i == text.size() || IsSpace(text[i]) ? i : 0;
}

// The octets of a reply's line mark at the start of `text`: "550 ", "550-", "550-5.1.1". In the
// middle of a line a bare number may be a count or a year, so there a status has to follow.
std::size_t ReplyMarkLength(std::string_view text, bool line_start) {
  if (text.size() < 4 || text[0] < '2' || text[0] > '5' || !IsDigit(text[1]) || !IsDigit(text[2])) {
    return 0;
  }
  if (text[3] != ' ' && text[3] != '-') return 0;
  std::size_t status = StatusLength(text.substr(4));
  if (status > 0) return 4 + status;
  return line_start ? 4 : 0;
}

// The character that two octets of UTF-8 at the start of `text` stand for.
std::optional<int> TwoOctetCharacter(std::string_view text) {
  if (text.size() < 2) return std::nullopt;
  const int lead = static_cast<unsigned char>(text[0]);
  const int tail = static_cast<unsigned char>(text[1]);
  if (lead < 0xC2 || lead > 0xDF || tail < 0x80 || tail > 0xBF) return std::nullopt;
  return (lead - 0xC0) * 64 + (tail - 0x80);
}

// The plain letters of U+00C0 to U+017F, each for its accented ones; '*': none.
constexpr std::string_view kPlainLetters =
    "aaaaaaaceeeeiiiidnooooo*ouuuuyts"
    "aaaaaaaceeeeiiiidnooooo*ouuuuyty"
    "aaaaaaccccccccddddeeeeeeeeeegggggggghhhhiiiiiiiiiiiijjkkkllllllllll"
    "nnnnnnnnnoooooooorrrrrrssssssssttttttuuuuuuuuuuuuwwyyyzzzzzzs";
static_assert(kPlainLetters.size() == 0x180 - 0xC0);

// The plain letters of U+1EA0 to U+1EF9, which are Vietnamese.
constexpr std::string_view kVietnameseLetters =
    "aaaaaaaaaaaaaaaaaaaaaaaaeeeeeeeeeeeeeeeeiiiioooooooooooooooooooooooouuuuuuuuuuuuuuyyyyyyyy";
static_assert(kVietnameseLetters.size() == 0x1EFA - 0x1EA0);

// The same of the three octets of UTF-8 at the start of `text`; 0: it is none of these.
char VietnameseLetter(std::string_view text) {
  if (text.size() < 3 || text[0] != '\xE1') return 0;
  const int second = static_cast<unsigned char>(text[1]);
  const int third = static_cast<unsigned char>(text[2]);
  if (second < 0xBA || second > 0xBB || third < 0x80 || third > 0xBF) return 0;
  const int place = (second - 0xBA) * 64 + (third - 0x80) - 0x20;  // U+1EA0 is E1 BA A0
  if (place < 0 || place >= static_cast<int>(kVietnameseLetters.size())) return 0;
  return kVietnameseLetters[static_cast<std::size_t>(place)];
}

// What a character beyond ASCII is folded to: `length` octets of the text become one ASCII octet,
// or none for a combining accent.
struct LookAlike {
  std::size_t length = 0;  // 0: stays as it is
  char octet = 0;          // 0: none
};
LookAlike FindLookAlike(std::string_view text) {
  if (text.starts_with("\xC2\xA0")) return {2, ' '};      // no-break space
  if (text.starts_with("\xE3\x80\x80")) return {3, ' '};  // ideographic space
  if (const char plain = VietnameseLetter(text); plain != 0) return {3, plain};
  const bool has_two_octets = static_cast<unsigned char>(text.front()) < 0xE0;
  if (!has_two_octets && !text.starts_with("\xE2\x80")) return {};
  if (text.starts_with("\xE2\x80\x98")) return {3, '\''};  // opening single quote
  if (text.starts_with("\xE2\x80\x99")) return {3, '\''};  // closing, and the apostrophe
  if (text.starts_with("\xE2\x80\x90")) return {3, ' '};   // hyphen
  if (text.starts_with("\xE2\x80\x91")) return {3, ' '};   // non-breaking hyphen
  const std::optional<int> c = TwoOctetCharacter(text);
  if (!c) return {};
  if (*c >= 0x300 && *c < 0x370) return {2, 0};                       // combining accents
  if (*c >= 0x218 && *c < 0x21C) return {2, *c < 0x21A ? 's' : 't'};  // Romanian, with a comma
  if (*c == 0x1A0 || *c == 0x1A1) return {2, 'o'};                    // Vietnamese, with a horn
  if (*c == 0x1AF || *c == 0x1B0) return {2, 'u'};
  if (*c < 0xC0 || *c >= 0x180) return {};
  const char plain = kPlainLetters[static_cast<std::size_t>(*c - 0xC0)];
  return plain == '*' ? LookAlike{} : LookAlike{2, plain};
}

// Whether `text` begins with what NFC may make one character of with what stands before it: an
// accent, a sign of Arabic, a vowel or final consonant of a Korean syllable, a voice mark of kana.
bool MayCompose(std::string_view text) {
  if (text.size() < 2) return false;
  const auto octet = [text](std::size_t at) { return static_cast<unsigned char>(text[at]); };
  switch (octet(0)) {
    case 0xCC:  // U+0300 to 036F
    case 0xCD:
      return octet(0) == 0xCC || octet(1) < 0xB0;
    case 0xD9:  // U+0653 to 0655
      return octet(1) >= 0x93 && octet(1) <= 0x95;
    case 0xE1:  // U+1161 to 11FF
      return text.size() > 2 &&
             ((octet(1) == 0x85 && octet(2) >= 0xA1) || octet(1) == 0x86 || octet(1) == 0x87);
    case 0xE3:  // U+3099, 309A
      return text.size() > 2 && octet(1) == 0x82 && (octet(2) == 0x99 || octet(2) == 0x9A);
    default:
      return false;
  }
}

// The small letter of a Cyrillic or Greek one, io without its dots, Greek without its accents; 0:
// none other than itself.
int SmallLetter(int c) {
  int small = c;
  if (c >= 0x410 && c < 0x430) small = c + 0x20;
  if (c >= 0x400 && c < 0x410) small = c + 0x50;
  if (small == 0x451) small = 0x435;
  if (c >= 0x391 && c < 0x3AA) small = c + 0x20;
  constexpr struct {
    int accented;
    int plain;
  } kGreek[] = {{0x386, 0x3B1}, {0x3AC, 0x3B1}, {0x388, 0x3B5}, {0x3AD, 0x3B5}, {0x389, 0x3B7},
                {0x3AE, 0x3B7}, {0x38A, 0x3B9}, {0x3AF, 0x3B9}, {0x38C, 0x3BF}, {0x3CC, 0x3BF},
                {0x38E, 0x3C5}, {0x3CD, 0x3C5}, {0x38F, 0x3C9}, {0x3CE, 0x3C9}, {0x3C2, 0x3C3}};
  if (c < 0x386 || c > 0x3CE) return small == c ? 0 : small;
  for (const auto& each : kGreek) {
    if (c == each.accented) small = each.plain;
  }
  return small == c ? 0 : small;
}

// The octets that lead characters which are folded: from U+00A0 to U+3000.
constexpr int kFirstLead = 0xC2;
constexpr int kLastLead = 0xE3;

// What an octet is to the folder, and its folded spelling.
enum class OctetKind : std::uint8_t { kPlain, kBlank, kDigit, kAt, kLead };
struct Octet {
  OctetKind kind;
  char folded;
};
constexpr std::array<Octet, 256> kOctets = [] {
  std::array<Octet, 256> octets{};
  for (int i = 0; i < 256; ++i) {
    const char c = static_cast<char>(i);
    Octet& octet = octets[static_cast<std::size_t>(i)];
    octet = {OctetKind::kPlain, FoldCase(c)};
    if (IsDigit(c)) octet.kind = OctetKind::kDigit;
    if (IsSpace(c) || c == '-' || c == '_') octet = {OctetKind::kBlank, ' '};
    if (c == '@') octet.kind = OctetKind::kAt;
    if (i >= kFirstLead && i <= kLastLead) octet.kind = OctetKind::kLead;
  }
  return octets;
}();
const Octet& OctetOf(char c) { return kOctets[static_cast<unsigned char>(c)]; }

}  // namespace

FoldedText::FoldedText(std::string_view text)
    : original_(text), source_(text), folded_(text.size(), '\0') {
  constexpr std::size_t kOctetsOfStep = 16;  // as a rule
  steps_.reserve(text.size() / kOctetsOfStep + 1);
  Fold();
  if (wants_composing_) {
    Compose();
    Fold();
  }
  if (size_ > 0 && folded_[size_ - 1] == ' ') TakeBack();
  folded_.resize(size_);
}

// Texts that need it are rare, so none is asked before a character of it does.
void FoldedText::Compose() {
  auto composed = std::make_unique<Composed>();
  icu::Edits edits;
  icu::StringByteSink<std::string> sink(&composed->text);
  UErrorCode error = U_ZERO_ERROR;
  const icu::Normalizer2* const nfc = icu::Normalizer2::getNFCInstance(error);
  // Without ICU's own data, or with octets that are no UTF-8, the text stays as it is.
  if (U_SUCCESS(error) && IsValidUtf8(original_)) {
    const icu::StringPiece text(original_.data(), static_cast<std::int32_t>(original_.size()));
    nfc->normalizeUTF8(0, text, sink, &edits, error);
  } else {
    composed->text = original_;
  }
  const auto unsign = [](std::int32_t n) { return static_cast<std::uint32_t>(n); };
  for (icu::Edits::Iterator edit = edits.getFineChangesIterator(); edit.next(error);) {
    composed->pieces.push_back({unsign(edit.destinationIndex()), unsign(edit.newLength()),
                                unsign(edit.sourceIndex()),
                                unsign(edit.sourceIndex() + edit.oldLength())});
  }
  composed_ = std::move(composed);
  source_ = composed_->text;
  folded_.assign(source_.size(), '\0');
  size_ = folded_end_ = 0;
  steps_.clear();
}

void FoldedText::Fold() {
  bool line_start = true;
  for (std::size_t i = 0; i < source_.size();) {
    const char c = source_[i];
    const OctetKind kind = OctetOf(c).kind;
    const bool may_join = kind == OctetKind::kBlank || kind == OctetKind::kDigit;
    if (kind == OctetKind::kPlain || (may_join && !AtTokenStart())) {
      i = FoldRun(i);
      line_start = source_[i - 1] == '\n';
      continue;
    }
    if (kind == OctetKind::kBlank) {
      PutBlank(i, i + 1);
      ++i;
      line_start = c == '\n' || (line_start && IsSpace(c));
      continue;
    }
    i = kind == OctetKind::kDigit ? FoldDigit(i, line_start)
        : kind == OctetKind::kAt  ? FoldMailbox(i)
                                  : FoldCharacter(i);
    line_start = false;
  }
}

// Folds octets from `at` on that stand for one octet each, as the one there does, and returns where
// they end.
std::size_t FoldedText::FoldRun(std::size_t at) {
  const std::size_t begin = at;
  const std::size_t first = size_;
  char last = AtTokenStart() ? ' ' : folded_[size_ - 1];
  while (at + kBlockOctets <= source_.size()) {
    const Block octets = BlockAt(source_, at);
    const auto is_blank =
        (octets == ' ') | ((octets >= '\t') & (octets <= '\r')) | (octets == '-') | (octets == '_');
    const auto is_digit = (octets >= '0') & (octets <= '9');
    const auto is_capital = (octets >= 'A') & (octets <= 'Z');
    const Block folded = is_blank ? Block{} + ' ' : is_capital ? octets | 0x20 : octets;
    // A blank behind a blank, and a number there, are not folded one to one.
    const std::uint32_t behind_blank = BitsOf(is_blank) << 1 | (last == ' ' ? 1u : 0u);
    const std::uint32_t others =
        BitsOf(((octets >= kFirstLead) & (octets <= kLastLead)) | (octets == '@')) |
        (BitsOf(is_blank | is_digit) & behind_blank);
    const auto count = std::min(kBlockOctets, static_cast<std::size_t>(std::countr_zero(others)));
    std::memcpy(folded_.data() + size_, &folded, kBlockOctets);
    size_ += count;
    at += count;
    if (count > 0) last = folded_[size_ - 1];
    if (count < kBlockOctets) break;
  }
  for (; at < source_.size(); ++at) {
    const Octet& octet = OctetOf(source_[at]);
    const bool is_one =
        octet.kind == OctetKind::kPlain ||
        (last != ' ' && (octet.kind == OctetKind::kBlank || octet.kind == OctetKind::kDigit));
    if (!is_one) break;
    folded_[size_++] = last = octet.folded;
  }
  if (begin != folded_end_) AddStep(first, begin, begin + 1);
  folded_end_ = at;
  return at;
}

void FoldedText::AddStep(std::size_t octet, std::size_t begin, std::size_t end) {
  steps_.push_back({static_cast<std::uint32_t>(octet), static_cast<std::uint32_t>(begin),
                    static_cast<std::uint32_t>(end)});
}

void FoldedText::Put(char c, std::size_t begin, std::size_t end) {
  if (begin != folded_end_ || end != begin + 1) AddStep(size_, begin, end);
  folded_[size_++] = c;
  folded_end_ = end;
}

void FoldedText::PutBlank(std::size_t begin, std::size_t end) {
  if (AtTokenStart()) {
    Extend(begin, end);
  } else {
    Put(' ', begin, end);
  }
}

void FoldedText::Extend(std::size_t begin, std::size_t end) {
  if (size_ == 0 || folded_end_ != begin) return;
  if (steps_.empty() || steps_.back().at != size_ - 1) {
    AddStep(size_ - 1, begin - 1, begin);
  }
  steps_.back().end = static_cast<std::uint32_t>(end);
  folded_end_ = end;
}

void FoldedText::TakeBack() {
  --size_;
  if (!steps_.empty() && steps_.back().at == size_) steps_.pop_back();
  folded_end_ = size_ == 0 ? 0 : EndOf(size_ - 1);
}

// Folds the digit at `at`, or passes over the mark that it begins, and returns where that ends.
std::size_t FoldedText::FoldDigit(std::size_t at, bool line_start) {
  if (AtTokenStart()) {
    const std::size_t mark = ReplyMarkLength(source_.substr(at), line_start);
    if (mark > 0) return at + mark;
  }
  Put(source_[at], at, at + 1);
  return at + 1;
}

// Folds the character beyond ASCII at `at` and returns where it ends. Of one that is not known, or
// ill-formed, a single octet is taken as it is.
std::size_t FoldedText::FoldCharacter(std::size_t at) {
  const std::string_view rest = source_.substr(at);
  if (composed_ == nullptr && MayCompose(rest)) {
    wants_composing_ = true;
    return source_.size();
  }
  if (const LookAlike alike = FindLookAlike(rest); alike.length > 0) {
    const std::size_t end = at + alike.length;
    if (alike.octet == ' ') {
      PutBlank(at, end);
    } else if (alike.octet != 0) {
      Put(alike.octet, at, end);
    } else if (!AtTokenStart()) {
      Extend(at, end);
    }
    return end;
  }
  const std::optional<int> c = TwoOctetCharacter(rest);
  if (const int small = c ? SmallLetter(*c) : 0; small != 0) {
    Put(static_cast<char>(0xC0 + small / 64), at, at + 1);
    Put(static_cast<char>(0x80 + small % 64), at + 1, at + 2);
    return at + 2;
  }
  Put(rest[0], at, at + 1);
  return at + 1;
}

// Folds the mailbox around the '@' at `at` and returns where it ends. What is taken back was put
// there once, so the whole stays linear.
std::size_t FoldedText::FoldMailbox(std::size_t at) {
  const std::size_t least = EndOfWordsBefore(source_.substr(0, at));
  std::size_t begin = at;
  if (folded_end_ == begin) {
    // Behind the last step one octet stands for one.
    const std::size_t behind_step = steps_.empty() ? 0 : steps_.back().at + 1;
    while (size_ > behind_step && begin > least && IsLocalPart(source_[begin - 1])) {
      --size_;
      --begin;
    }
    folded_end_ = begin;
  }
  while (size_ > 0 && folded_end_ == begin && begin > least &&
         IsLocalPart(source_[BeginOf(size_ - 1)]) && IsLocalPart(source_[begin - 1])) {
    begin = BeginOf(size_ - 1);
    TakeBack();
  }
  std::size_t end = at + 1;
  while (end < source_.size() && IsDomain(source_[end])) {
    // In a label, not at its start: words go on.
    const bool in_label = IsLetter(source_[end - 1]) || IsDigit(source_[end - 1]);
    if (in_label && IsForeign(source_[end])) break;
    ++end;
  }
  Put('@', begin, end);
  return end;
}

bool FoldedText::has_words() const {
  return std::any_of(folded_.begin(), folded_.end(),
                     [](char c) { return (c >= 'a' && c <= 'z') || IsHighBit(c); });
}

const FoldedText::Step* FoldedText::StepBefore(std::size_t octet) const {
  if (steps_.empty()) return nullptr;
  // The last one is asked for most.
  if (steps_.back().at <= octet) return &steps_.back();
  const auto behind =
      std::upper_bound(steps_.begin(), steps_.end(), octet,
                       [](std::size_t wanted, const Step& step) { return wanted < step.at; });
  return behind == steps_.begin() ? nullptr : &*std::prev(behind);
}

std::pair<std::size_t, std::size_t> FoldedText::Composed::PlaceOf(std::size_t octet) const {
  const auto behind =
      std::upper_bound(pieces.begin(), pieces.end(), octet,
                       [](std::size_t wanted, const Piece& piece) { return wanted < piece.at; });
  if (behind == pieces.begin()) return {octet, octet + 1};
  const Piece& piece = *std::prev(behind);
  const std::size_t within = octet - piece.at;
  if (within >= piece.size) {
    const std::size_t begin = piece.end + (within - piece.size);
    return {begin, begin + 1};
  }
  // One octet after the other, and the last has the rest: marks have more octets on their own.
  const std::size_t last = piece.end - 1;
  const std::size_t begin = std::min(piece.begin + within, last);
  return {begin, within + 1 == piece.size ? piece.end : begin + 1};
}

std::size_t FoldedText::BeginOf(std::size_t octet) const {
  const Step* step = StepBefore(octet);
  if (step == nullptr) return octet;
  return step->at == octet ? step->begin : step->end + (octet - step->at - 1);
}

std::size_t FoldedText::EndOf(std::size_t octet) const {
  const Step* step = StepBefore(octet);
  return step == nullptr ? octet + 1 : step->end + (octet - step->at);
}

std::string_view FoldedText::Original(std::size_t begin, std::size_t end) const {
  std::size_t from = BeginOf(begin);
  std::size_t to = EndOf(end - 1);
  if (composed_ != nullptr) {
    from = composed_->PlaceOf(from).first;
    to = composed_->PlaceOf(to - 1).second;
  }
  return original_.substr(from, to - from);
}

}  // namespace bounced
