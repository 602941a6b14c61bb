#include "parser/classify/folded_text.h"

#include <algorithm>
#include <optional>

#include "parser/atext.h"
#include "parser/text.h"

namespace bounced {
namespace {

constexpr bool IsHighBit(char c) { return static_cast<unsigned char>(c) >= 0x80; }

bool IsLocalPart(char c) { return c == '.' || IsAtext(c); }
constexpr bool IsDomain(char c) {
  return IsLetter(c) || IsDigit(c) || IsHighBit(c) || c == '.' || c == '-' || c == '_';
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

// What a character beyond ASCII is folded to: `length` octets of the text become one ASCII octet,
// or none for a combining accent.
struct LookAlike {
  std::size_t length = 0;  // 0: stays as it is
  char octet = 0;          // 0: none
};
LookAlike FindLookAlike(std::string_view text) {
  if (text.starts_with("\xC2\xA0")) return {2, ' '};       // no-break space
  if (text.starts_with("\xE3\x80\x80")) return {3, ' '};   // ideographic space
  if (text.starts_with("\xE2\x80\x98")) return {3, '\''};  // opening single quote
  if (text.starts_with("\xE2\x80\x99")) return {3, '\''};  // closing, and the apostrophe
  if (text.starts_with("\xE2\x80\x90")) return {3, ' '};   // hyphen
  if (text.starts_with("\xE2\x80\x91")) return {3, ' '};   // non-breaking hyphen
  const std::optional<int> c = TwoOctetCharacter(text);
  if (!c) return {};
  if (*c >= 0x300 && *c < 0x370) return {2, 0};  // combining accents
  if (*c < 0xC0 || *c >= 0x180) return {};
  const char plain = kPlainLetters[static_cast<std::size_t>(*c - 0xC0)];
  return plain == '*' ? LookAlike{} : LookAlike{2, plain};
}

// The small letter of a Cyrillic one, io without its dots; 0: none other than itself.
int SmallCyrillic(int c) {
  int small = c;
  if (c >= 0x410 && c < 0x430) small = c + 0x20;
  if (c >= 0x400 && c < 0x410) small = c + 0x50;
  if (small == 0x451) small = 0x435;
  return small == c ? 0 : small;
}

}  // namespace

FoldedText::FoldedText(std::string_view text) : original_(text) {
  folded_.reserve(text.size());
  begins_.reserve(text.size());
  ends_.reserve(text.size());
  Fold();
}

void FoldedText::Fold() {
  bool line_start = true;
  for (std::size_t i = 0; i < original_.size();) {
    if (AtTokenStart() && IsDigit(original_[i])) {
      std::size_t mark = ReplyMarkLength(original_.substr(i), line_start);
      if (mark > 0) {
        i += mark;
        line_start = false;
        continue;
      }
    }
    const char c = original_[i];
    if (c == '@') {
      i = FoldMailbox(i);
    } else if (IsHighBit(c)) {
      i = FoldCharacter(i);
    } else {
      Append(c, i, 1);
      ++i;
    }
    line_start = c == '\n' || (line_start && IsSpace(c));
  }
  if (!folded_.empty() && folded_.back() == ' ') folded_.pop_back();
  begins_.resize(folded_.size());
  ends_.resize(folded_.size());
}

// Folds the character beyond ASCII at `at` and returns where it ends. Of one that is not known, or
// ill-formed, a single octet is taken as it is.
std::size_t FoldedText::FoldCharacter(std::size_t at) {
  const std::string_view rest = original_.substr(at);
  if (const LookAlike alike = FindLookAlike(rest); alike.length > 0) {
    const std::size_t end = at + alike.length;
    if (alike.octet != 0) {
      Append(alike.octet, at, alike.length);
    } else if (!AtTokenStart() && ends_.back() == at) {
      ends_.back() = static_cast<std::uint32_t>(end);
    }
    return end;
  }
  const std::optional<int> c = TwoOctetCharacter(rest);
  if (const int small = c ? SmallCyrillic(*c) : 0; small != 0) {
    Append(static_cast<char>(0xC0 + small / 64), at, 1);
    Append(static_cast<char>(0x80 + small % 64), at + 1, 1);
    return at + 2;
  }
  Append(rest[0], at, 1);
  return at + 1;
}

void FoldedText::Append(char c, std::size_t from, std::size_t length) {
  if (IsSpace(c) || c == '-' || c == '_') c = ' ';
  if (c == ' ' && AtTokenStart()) {
    if (!folded_.empty() && ends_.back() == from)
      ends_.back() += static_cast<std::uint32_t>(length);
    return;
  }
  folded_.push_back(FoldCase(c));
  begins_.push_back(static_cast<std::uint32_t>(from));
  ends_.push_back(static_cast<std::uint32_t>(from + length));
}

// Folds the mailbox around the '@' at `at` and returns where it ends. What is taken back was put
// there once, so the whole stays linear.
std::size_t FoldedText::FoldMailbox(std::size_t at) {
  std::size_t begin = at;
  while (!folded_.empty() && ends_.back() == begin && IsLocalPart(original_[begins_.back()]) &&
         IsLocalPart(original_[begin - 1])) {
    begin = begins_.back();
    folded_.pop_back();
    begins_.pop_back();
    ends_.pop_back();
  }
  std::size_t end = at + 1;
  while (end < original_.size() && IsDomain(original_[end])) ++end;
  Append('@', begin, end - begin);
  return end;
}

bool FoldedText::has_words() const {
  return std::any_of(folded_.begin(), folded_.end(),
                     [](char c) { return (c >= 'a' && c <= 'z') || IsHighBit(c); });
}

std::string_view FoldedText::Original(std::size_t begin, std::size_t end) const {
  return original_.substr(begins_[begin], ends_[end - 1] - begins_[begin]);
}

}  // namespace bounced
