#include "parser/dsn/enhanced_status.h"

#include <algorithm>
#include <string>

#include "parser/text.h"

namespace bounced {
namespace {

constexpr std::size_t kMaxDigits = 3;  // of subject and of detail (RFC 3463, 2)

// What would make a code a part of something longer: a number, a path, an address, a version.
constexpr bool MayPrecede(char c) {
  constexpr AsciiSet kJoiners("./_@\\+=%&?");
  return !IsDigit(c) && !IsLetter(c) && !kJoiners.Has(c);
}
bool MayFollow(std::string_view rest) {
  if (rest.empty()) return true;
  const char c = rest[0];
  if (IsDigit(c) || IsLetter(c) || c == '_' || c == '@') return false;
  const bool joins = c == '.' || c == '-' || c == '/';
  return !joins || rest.size() < 2 || !IsDigit(rest[1]);
}

// One to three digits at the start of `rest`, which are taken off it.
std::optional<std::uint16_t> TakeNumber(std::string_view& rest) {
  std::uint16_t number = 0;
  std::size_t count = 0;
  while (count < rest.size() && IsDigit(rest[count])) {
    if (++count > kMaxDigits) return std::nullopt;
    number = static_cast<std::uint16_t>(number * 10 + (rest[count - 1] - '0'));
  }
  if (count == 0) return std::nullopt;
  rest.remove_prefix(count);
  return number;
}

void SkipBlanks(std::string_view& s) {
  while (!s.empty() && (s.front() == ' ' || s.front() == '\t')) s.remove_prefix(1);
}

bool TakeDot(std::string_view& rest) {
  if (rest.empty() || rest.front() != '.') return false;
  rest.remove_prefix(1);
  return true;
}

// The three numbers; with `blanks`, also where such stand around the dots.
std::optional<EnhancedStatus> TakeStatus(std::string_view& rest, bool blanks) {
  if (rest.empty() || (rest[0] != '2' && rest[0] != '4' && rest[0] != '5')) return std::nullopt;
  EnhancedStatus status;
  status.klass = static_cast<std::uint8_t>(rest[0] - '0');
  rest.remove_prefix(1);
  for (std::uint16_t* part : {&status.subject, &status.detail}) {
    if (blanks) SkipBlanks(rest);
    if (!TakeDot(rest)) return std::nullopt;
    if (blanks) SkipBlanks(rest);
    const std::optional<std::uint16_t> number = TakeNumber(rest);
    if (!number) return std::nullopt;
    *part = *number;
  }
  return status;
}

}  // namespace

std::optional<LeadingStatus> ReadEnhancedStatus(std::string_view text) noexcept {
  std::string_view rest = text;
  const std::optional<EnhancedStatus> status = TakeStatus(rest, /*blanks=*/false);
  if (!status || !MayFollow(rest)) return std::nullopt;
  return LeadingStatus{*status, text.size() - rest.size()};
}

std::optional<Found<EnhancedStatus>> FindEnhancedStatus(std::string_view text,
                                                        std::uint32_t offset) noexcept {
  for (std::size_t dot = text.find('.', 1); dot < text.size(); dot = text.find('.', dot + 1)) {
    const std::size_t at = dot - 1;
    if (at > 0 && !MayPrecede(text[at - 1])) continue;
    const std::optional<LeadingStatus> found = ReadEnhancedStatus(text.substr(at));
    if (!found) continue;
    return Found<EnhancedStatus>{
        found->status,
        {offset + static_cast<std::uint32_t>(at), static_cast<std::uint32_t>(found->length)},
        Provenance::kDerived};
  }
  return std::nullopt;
}

std::optional<EnhancedStatus> ParseStatusField(std::string_view value) noexcept {
  std::string_view rest = StripBlanks(value);
  while (rest.size() > 1 && rest[0] == '0' && IsDigit(rest[1])) rest.remove_prefix(1);
  const std::optional<EnhancedStatus> status = TakeStatus(rest, /*blanks=*/true);
  if (!status) return std::nullopt;
  if (rest.starts_with('.')) rest.remove_prefix(1);
  const bool ends = rest.empty() || (!IsDigit(rest[0]) && rest[0] != '.');
  return ends ? status : std::nullopt;
}

bool IsGeneric(EnhancedStatus status) noexcept {
  return (status.subject == 0 && status.detail == 0) || status == EnhancedStatus{5, 3, 0} ||
         status == EnhancedStatus{4, 4, 7};
}

}  // namespace bounced
