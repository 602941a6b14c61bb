#include "storage/mentions.h"

#include <algorithm>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "parser/address.h"
#include "parser/text.h"

namespace bounced {
namespace {

bool IsLetterOrDigit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || static_cast<unsigned char>(c) >= 0x80;
}

bool IsOfDomain(char c) { return IsLetterOrDigit(c) || c == '-' || c == '.' || c == '_'; }

// Whether `c` before a local part belongs to it. Before `local=domain` a return path has a hyphen.
bool GoesOn(char c, char separator) {
  constexpr std::string_view kOthers = "!#$%&*+/?^_`{|}~.";  // of atext, RFC 5322, 3.2.3
  if (c == '-') return separator == '@';
  return IsLetterOrDigit(c) || kOthers.find(c) != kOthers.npos;
}

}  // namespace

Mentions::Mentions(std::span<const std::string> spellings) {
  for (const std::string& spelling : spellings) {
    const std::string folded = FoldCase(std::string_view(spelling));
    const std::size_t at = folded.rfind('@');
    if (at == folded.npos || at == 0 || at + 1 == folded.size()) continue;
    by_domain_[folded.substr(at + 1)].insert(folded.substr(0, at));
  }
}

const std::set<std::string>* Mentions::LocalPartsAt(std::string_view folded_domain) const {
  auto found = by_domain_.find(folded_domain);
  const bool is_ascii = std::none_of(folded_domain.begin(), folded_domain.end(),
                                     [](char c) { return static_cast<unsigned char>(c) >= 0x80; });
  if (found == by_domain_.end() && !is_ascii) {
    const absl::StatusOr<std::string> canonical = CanonicalDomain(folded_domain);
    if (canonical.ok()) found = by_domain_.find(*canonical);
  }
  return found == by_domain_.end() ? nullptr : &found->second;
}

Mentions::Place Mentions::FindFolded(std::string_view folded, std::size_t from) const {
  for (std::size_t at = folded.find_first_of("@=", from); at != folded.npos;
       at = folded.find_first_of("@=", at + 1)) {
    std::size_t end = at + 1;
    while (end < folded.size() && IsOfDomain(folded[end])) ++end;
    // A dot behind it ends a sentence, or is the root's.
    while (end > at + 1 && folded[end - 1] == '.') --end;
    const std::set<std::string>* locals = LocalPartsAt(folded.substr(at + 1, end - at - 1));
    if (locals == nullptr) continue;
    const std::string_view before = folded.substr(from, at - from);
    for (const std::string& local : *locals) {
      if (!before.ends_with(local)) continue;
      const std::size_t begin = at - local.size();
      if (begin > from && GoesOn(folded[begin - 1], folded[at])) continue;
      return {begin, end};
    }
  }
  return {};
}

bool Mentions::In(std::string_view text) const {
  if (text.find_first_of("@=") == text.npos) return false;
  const std::string folded = FoldCase(text);
  return FindFolded(folded, 0).end > 0;
}

std::string Mentions::Mask(std::string_view text) const {
  const std::string folded = FoldCase(text);
  std::string masked;
  std::size_t from = 0;
  for (;;) {
    const Place place = FindFolded(folded, from);
    if (place.end == 0) break;
    masked += text.substr(from, place.begin - from);
    masked += kMask;
    from = place.end;
  }
  masked += text.substr(from);
  return masked;
}

std::string WithoutLocalPart(std::string_view path) {
  const std::size_t at = path.rfind('@');
  return at == path.npos ? "" : std::string(path.substr(at));
}

}  // namespace bounced
