#include "server/authentication/spf/macro_string.h"

#include <algorithm>
#include <array>
#include <utility>

#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "parser/text.h"

namespace bounced {
namespace {

constexpr std::string_view kMacroLetters = "slodiphv";
constexpr std::string_view kMacroDelimiters = ".-+,/_=";

bool IsLetterOrDigit(char c) { return IsLetter(c) || IsDigit(c); }

// RFC 7208, 7.1: "toplabel".
bool IsTopLabel(std::string_view label) {
  return !label.empty() && label.front() != '-' && label.back() != '-' &&
         std::all_of(label.begin(), label.end(),
                     [](char c) { return IsLetterOrDigit(c) || c == '-'; }) &&
         !std::all_of(label.begin(), label.end(), IsDigit);
}

std::string UrlEscaped(std::string_view value) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string escaped;
  for (const char c : value) {
    if (IsLetterOrDigit(c) || IsOneOf(c, "-._~")) {  // RFC 3986, 2.3
      escaped += c;
    } else {
      const auto octet = static_cast<unsigned char>(c);
      escaped += {'%', kHex[octet >> 4], kHex[octet & 15]};
    }
  }
  return escaped;
}

}  // namespace

// `text` begins behind a '%', and then behind the macro.
bool MacroString::TakeMacro(std::string_view& text) {
  if (text.empty()) return false;
  constexpr std::array<std::pair<char, std::string_view>, 3> kEscapes = {
      {{'%', "%"}, {'_', " "}, {'-', "%20"}}};
  for (const auto& [c, literal] : kEscapes) {
    if (text.front() != c) continue;
    parts_.push_back(Part{.literal = literal});
    text.remove_prefix(1);
    return true;
  }
  const std::size_t end = text.find('}');
  if (text.front() != '{' || end == text.npos || end < 2) return false;
  std::string_view macro = text.substr(1, end - 1);
  text.remove_prefix(end + 1);

  Part part{.letter = FoldCase(macro.front()), .is_url_escaped = macro.front() <= 'Z'};
  if (!IsOneOf(part.letter, kMacroLetters)) return false;
  macro.remove_prefix(1);
  const bool has_count = !macro.empty() && IsDigit(macro.front());
  for (; !macro.empty() && IsDigit(macro.front()); macro.remove_prefix(1)) {
    const auto digit = static_cast<std::size_t>(macro.front() - '0');
    // No value has as many parts as octets that a macro string could have.
    part.parts_kept = std::min<std::size_t>(part.parts_kept * 10 + digit, 1 << 20);
  }
  if (has_count && part.parts_kept == 0) return false;  // RFC 7208, 7.3
  if (!macro.empty() && FoldCase(macro.front()) == 'r') {
    part.is_reversed = true;
    macro.remove_prefix(1);
  }
  if (macro.find_first_not_of(kMacroDelimiters) != macro.npos) return false;
  part.delimiters = macro.empty() ? kMacroDelimiters.substr(0, 1) : macro;
  parts_.push_back(part);
  return true;
}

std::optional<MacroString> MacroString::Parse(std::string_view text) {
  MacroString parsed;
  for (;;) {
    const std::size_t percent = std::min(text.find('%'), text.size());
    parsed.last_literal_ = text.substr(0, percent);
    if (!std::all_of(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(percent),
                     [](char c) { return c > ' ' && c <= '~'; })) {
      return std::nullopt;
    }
    if (percent > 0) parsed.parts_.push_back(Part{.literal = parsed.last_literal_});
    if (percent == text.size()) return parsed;
    text.remove_prefix(percent + 1);
    if (!parsed.TakeMacro(text)) return std::nullopt;
  }
}

std::optional<MacroString> MacroString::ParseDomainSpec(std::string_view text) {
  std::optional<MacroString> parsed = Parse(text);
  if (!parsed || text.empty()) return std::nullopt;
  std::string_view end = parsed->last_literal_;
  if (end.empty()) return parsed;
  if (end.ends_with('.')) end.remove_suffix(1);
  const std::size_t dot = end.rfind('.');
  if (dot == end.npos || !IsTopLabel(end.substr(dot + 1))) return std::nullopt;
  return parsed;
}

std::string MacroString::Transform(const Part& part, std::string_view value) {
  std::vector<absl::string_view> split;
  const AsciiSet delimiters(part.delimiters);
  for (std::size_t begin = 0; begin <= value.size();) {
    const std::size_t end = delimiters.FirstIn(value, begin);
    split.push_back(Absl(value.substr(begin, end - begin)));
    begin = end + 1;
  }
  if (part.is_reversed) std::reverse(split.begin(), split.end());
  if (part.parts_kept != 0 && part.parts_kept < split.size()) {
    split.erase(split.begin(), split.end() - static_cast<std::ptrdiff_t>(part.parts_kept));
  }
  std::string joined = absl::StrJoin(split, ".");
  return part.is_url_escaped ? UrlEscaped(joined) : joined;
}

std::optional<std::string> MacroString::ExpandToName(Values values) const {
  std::string name;
  // A dot at the end does not count, and one before the name tells that a label begins there.
  for (auto part = parts_.rbegin(); part != parts_.rend() && name.size() < kMaxTargetNameOctets + 2;
       ++part) {
    if (part->letter == 0) {
      name.insert(0, part->literal);
      continue;
    }
    const std::optional<std::string> value = values(part->letter);
    if (!value) return std::nullopt;
    name.insert(0, Transform(*part, *value));
  }
  if (name.ends_with('.')) name.pop_back();
  if (name.size() > kMaxTargetNameOctets) {
    const std::size_t dot = name.find('.', name.size() - kMaxTargetNameOctets - 1);
    if (dot != name.npos) name.erase(0, dot + 1);
  }
  return name;
}

}  // namespace bounced
