#include "parser/date.h"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string>

#include "parser/dsn/reported_name.h"
#include "parser/text.h"

namespace bounced {
namespace {

// Of a date, comments aside; a longer text is none.
constexpr std::size_t kMaxOctets = 100;

// Three letters in any case as one number.
constexpr std::uint32_t LettersOf(std::string_view word) {
  std::uint32_t letters = 0;
  for (std::size_t i = 0; i < 3; ++i) {
    letters = letters << 8 | static_cast<unsigned char>(FoldCase(word[i]));
  }
  return letters;
}
constexpr std::uint32_t kMonths[] = {LettersOf("jan"), LettersOf("feb"), LettersOf("mar"),
                                     LettersOf("apr"), LettersOf("may"), LettersOf("jun"),
                                     LettersOf("jul"), LettersOf("aug"), LettersOf("sep"),
                                     LettersOf("oct"), LettersOf("nov"), LettersOf("dec")};

struct Zone {
  std::string_view name;
  int hours;
};
constexpr Zone kZones[] = {
    // RFC 5322, 4.3
    {"edt", -4}, {"est", -5}, {"cdt", -5}, {"cst", -6},
    {"mdt", -6}, {"mst", -7}, {"pdt", -7}, {"pst", -8},
};

// What a date says, as it is read.
struct Parts {
  std::optional<int> year;
  std::optional<int> month;
  std::optional<int> day;
  std::optional<int> hour;
  int minute = 0;
  int second = 0;
  std::int64_t nanoseconds = 0;
  std::optional<int> zone_minutes;  // east of Greenwich
};

// Takes text off from the left.
class Cursor {
 public:
  explicit Cursor(std::string_view rest) : rest_(rest) {}

  bool AtEnd() const { return rest_.empty(); }
  char Peek() const { return rest_.empty() ? '\0' : rest_.front(); }
  bool Take(char c) {
    if (Peek() != c || AtEnd()) return false;
    rest_.remove_prefix(1);
    return true;
  }
  void SkipBlanks() {
    constexpr AsciiSet kBlanks(" \t\n\v\f\r,");
    Skip(kBlanks.FirstNotIn(rest_));
  }
  // Digits that a number of at most `most` begins with.
  std::size_t Digits(std::size_t most) const {
    const std::string_view digits = rest_.substr(0, most);
    std::size_t count = 0;
    while (count < digits.size() && IsDigit(digits[count])) ++count;
    return count;
  }
  // The number that so many digits are, of which an int has room for.
  int Number(std::size_t digits) {
    int number = 0;
    for (std::size_t i = 0; i < digits; ++i) number = number * 10 + (rest_[i] - '0');
    Skip(digits);
    return number;
  }
  void Skip(std::size_t octets) { rest_.remove_prefix(octets); }
  // The same, of exactly so many digits.
  std::optional<int> Exactly(std::size_t digits) {
    return Digits(digits) == digits ? std::optional(Number(digits)) : std::nullopt;
  }
  std::string_view Letters() {
    std::size_t count = 0;
    while (count < rest_.size() && IsLetter(rest_[count])) ++count;
    const std::string_view letters = rest_.substr(0, count);
    rest_.remove_prefix(count);
    return letters;
  }

 private:
  std::string_view rest_;
};

// "+0100", "-01:00", "+01". False: it is not even one that no clock has.
bool TakeOffset(Cursor& cursor, Parts& parts) {
  const bool west = cursor.Peek() == '-';
  if (!cursor.Take('+') && !cursor.Take('-')) return false;
  const std::optional<int> hours = cursor.Exactly(2);
  if (!hours) return false;
  cursor.Take(':');
  const int minutes = cursor.Exactly(2).value_or(0);
  const int offset = *hours * 60 + minutes;
  parts.zone_minutes = west ? -offset : offset;
  return minutes < 60;
}

// A zone by its name, unless its offset is known; of others nothing is known.
void TakeZoneName(std::string_view name, Parts& parts) {
  if (parts.zone_minutes) return;
  for (const Zone& zone : kZones) {
    if (EqualsIgnoringCase(zone.name, name)) parts.zone_minutes = zone.hours * 60;
  }
}

// What may follow the minutes: ":58", ":58.25".
bool TakeSeconds(Cursor& cursor, Parts& parts) {
  const std::optional<int> second = cursor.Exactly(2);
  if (!second) return false;
  parts.second = *second;
  if (!cursor.Take('.') && !cursor.Take(',')) return true;
  constexpr std::size_t kNanosecondDigits = 9;
  const std::size_t digits = cursor.Digits(kMaxOctets);
  const std::size_t exact = std::min(digits, kNanosecondDigits);
  parts.nanoseconds = cursor.Number(exact);
  for (std::size_t i = exact; i < kNanosecondDigits; ++i) parts.nanoseconds *= 10;
  cursor.Skip(digits - exact);
  return digits > 0;
}

// "2026-11-26T13:07:58.25+01:00" and its kin; the date may be all.
bool ReadIso8601(Cursor& cursor, Parts& parts) {
  parts.year = cursor.Exactly(4);
  const bool hyphens = cursor.Take('-');
  parts.month = cursor.Exactly(2);
  if (cursor.Take('-') != hyphens) return false;
  parts.day = cursor.Exactly(2);
  if (!parts.year || !parts.month || !parts.day) return false;
  if (!cursor.Take('T') && !cursor.Take('t') && !cursor.Take(' ')) return false;
  parts.hour = cursor.Exactly(2);
  const bool colons = cursor.Take(':');
  const std::optional<int> minute = cursor.Exactly(2);
  if (!parts.hour || !minute) return false;
  parts.minute = *minute;
  if ((colons ? cursor.Take(':') : IsDigit(cursor.Peek())) && !TakeSeconds(cursor, parts)) {
    return false;
  }
  cursor.SkipBlanks();
  if (cursor.Peek() == '+' || cursor.Peek() == '-') return TakeOffset(cursor, parts);
  TakeZoneName(cursor.Letters(), parts);
  return true;
}

// A year as it was meant (RFC 5322, 4.3).
int FullYear(int year, std::size_t digits) {
  if (digits == 2) return year + (year < 50 ? 2000 : 1900);
  return digits == 3 ? year + 1900 : year;
}

// "13:07:58", a day, or a year.
bool TakeNumber(Cursor& cursor, Parts& parts) {
  const std::size_t digits = cursor.Digits(kMaxOctets);
  if (digits > 4) return false;
  const int number = cursor.Number(digits);
  if (cursor.Take(':')) {
    const std::optional<int> minute = cursor.Exactly(2);
    if (digits > 2 || parts.hour || !minute) return false;
    parts.hour = number;
    parts.minute = *minute;
    return !cursor.Take(':') || TakeSeconds(cursor, parts);
  }
  if (!parts.day && digits <= 2) {
    parts.day = number;
  } else if (!parts.year && digits >= 2) {
    parts.year = FullYear(number, digits);
  } else {
    return false;
  }
  cursor.Take('-');  // of 26-Nov-2026
  return true;
}

// A month, a zone, or a weekday, which says nothing that the rest does not.
void TakeWord(Cursor& cursor, Parts& parts) {
  const std::string_view word = cursor.Letters();
  if (!parts.month && word.size() >= 3) {
    const auto* month = std::find(std::begin(kMonths), std::end(kMonths), LettersOf(word));
    if (month != std::end(kMonths)) {
      parts.month = static_cast<int>(month - std::begin(kMonths)) + 1;
      cursor.Take('-');
    }
  }
  if (parts.hour) TakeZoneName(word, parts);
}

bool ReadOfMail(Cursor& cursor, Parts& parts) {
  for (cursor.SkipBlanks(); !cursor.AtEnd(); cursor.SkipBlanks()) {
    const char c = cursor.Peek();
    if (IsDigit(c)) {
      if (!TakeNumber(cursor, parts)) return false;
    } else if (c == '+' || c == '-') {
      if (!TakeOffset(cursor, parts)) return false;
    } else if (IsLetter(c)) {
      TakeWord(cursor, parts);
    } else {
      return false;
    }
  }
  return true;
}

std::optional<absl::Time> TimeOf(const Parts& parts) {
  if (!parts.year || !parts.month || !parts.day || !parts.hour) return std::nullopt;
  // A second more than a minute has, at times (RFC 5322, 3.3).
  if (*parts.hour > 23 || parts.minute > 59 || parts.second > 60) return std::nullopt;
  const std::chrono::year_month_day day(std::chrono::year(*parts.year),
                                        std::chrono::month(static_cast<unsigned>(*parts.month)),
                                        std::chrono::day(static_cast<unsigned>(*parts.day)));
  if (!day.ok()) return std::nullopt;
  const std::int64_t days = std::chrono::sys_days(day).time_since_epoch().count();
  const std::int64_t minutes =
      (days * 24 + *parts.hour) * 60 + parts.minute - parts.zone_minutes.value_or(0);
  return absl::FromUnixSeconds(minutes * 60 + parts.second) + absl::Nanoseconds(parts.nanoseconds);
}

}  // namespace

std::optional<absl::Time> ParseDate(std::string_view text) {
  std::string without_comments;
  if (text.find('(') != text.npos) text = without_comments = WithoutComments(text);
  const std::string_view date = StripBlanks(text);
  if (date.size() > kMaxOctets) return std::nullopt;
  Cursor cursor(date);
  Parts parts;
  const std::size_t digits = cursor.Digits(kMaxOctets);
  const bool is_iso = digits == 8 || (digits == 4 && date.substr(digits).starts_with('-'));
  if (!(is_iso ? ReadIso8601(cursor, parts) : ReadOfMail(cursor, parts))) return std::nullopt;
  return TimeOf(parts);
}

}  // namespace bounced
