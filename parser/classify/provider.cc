#include "parser/classify/provider.h"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace bounced {
namespace {

// Longest name of a host (RFC 1035, 2.3.4), and a dot at its end.
constexpr std::size_t kMaxHostOctets = 256;

constexpr bool IsHostOctet(char c) {
  return IsLetter(c) || IsDigit(c) || c == '.' || c == '-' || c == '_';
}

// What stands before the name of a host that spoke, in lower case.
constexpr std::string_view kIntroductions[] = {"host ", "talking to ", "relay "};
// Before one of these it is the host that was refused.
constexpr std::string_view kRefused[] = {"client ", "your "};

// The name at the start of `text`, without a dot at its end. Empty: none that has two labels.
std::string_view NameAt(std::string_view text) {
  std::size_t end = 0;
  while (end < text.size() && IsHostOctet(text[end])) ++end;
  std::string_view name = text.substr(0, end);
  while (name.ends_with('.')) name.remove_suffix(1);
  const bool has_letter = std::any_of(name.begin(), name.end(), IsLetter);
  return has_letter && name.find('.') != name.npos ? name : std::string_view();
}

bool IsRefused(std::string_view before) {
  return std::any_of(std::begin(kRefused), std::end(kRefused), [before](std::string_view word) {
    return EndsWithIgnoringCase(before, word);
  });
}

}  // namespace

std::string_view HostThatSpoke(std::string_view text) {
  std::string_view last;
  for (const std::string_view introduction : kIntroductions) {
    for (std::size_t at = FindIgnoringCase(text, introduction); at < text.size();
         at = FindIgnoringCase(text, introduction, at + 1)) {
      const std::string_view before = text.substr(0, at);
      if (!before.empty() && IsHostOctet(before.back())) continue;
      const std::string_view name = NameAt(text.substr(at + introduction.size()));
      const bool stands_behind = last.empty() || name.data() > last.data();
      if (!name.empty() && stands_behind && !IsRefused(before)) last = name;
    }
  }
  return last;
}

ProviderTable::ProviderTable(const std::vector<Provider>& providers) {
  for (std::size_t i = 0; i < providers.size(); ++i) {
    const int provider = static_cast<int>(i);
    for (const std::string& host : providers[i].hosts) by_host_.emplace(host, provider);
    for (const int mark : providers[i].marks) by_mark_.emplace_back(mark, provider);
  }
  std::sort(by_mark_.begin(), by_mark_.end());
}

std::optional<int> ProviderTable::OfHost(std::string_view host) const {
  host = NameAt(host.substr(0, kMaxHostOctets));
  const std::string name = FoldCase(host);
  for (std::string_view domain = name; !domain.empty();) {
    if (auto it = by_host_.find(domain); it != by_host_.end()) return it->second;
    const std::size_t dot = domain.find('.');
    if (dot == domain.npos) break;
    domain.remove_prefix(dot + 1);
  }
  return std::nullopt;
}

std::optional<int> ProviderTable::Of(const Symptoms& symptoms, const TextEvidence& text) const {
  if (auto provider = OfHost(symptoms.remote_mta)) return provider;
  const std::string_view spoke = HostThatSpoke(symptoms.narration);
  if (auto provider = OfHost(spoke)) return provider;
  for (const PhraseMatcher::Hit& hit : text.hits()) {
    const auto it = std::lower_bound(by_mark_.begin(), by_mark_.end(), std::pair(hit.phrase, 0));
    if (it != by_mark_.end() && it->first == hit.phrase) return it->second;
  }
  if (!symptoms.remote_mta.empty() || !spoke.empty()) return std::nullopt;
  return OfHost(symptoms.reporting_mta);
}

}  // namespace bounced
