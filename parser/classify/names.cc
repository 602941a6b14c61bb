#include "parser/classify/names.h"

#include <algorithm>

#include "parser/text.h"

namespace bounced {
namespace {

// What stands around a link in a text (RFC 3986, appendix C).
constexpr AsciiSet kSeparators(" \t\n\v\f\r<>\"'`()[]{}|,;");

constexpr bool IsSmallLetter(char c) { return c >= 'a' && c <= 'z'; }
constexpr bool IsNameOctet(char c) {
  return IsSmallLetter(c) || IsDigit(c) || c == '.' || c == '-' || c == '_';
}

// `run` is made of the octets of host names.
bool IsHostName(std::string_view run) {
  // Of the last label, as all but the longest top-level domains have; "err.nosuchuser" is none.
  constexpr std::size_t kFewestLetters = 2, kMostLetters = 8;
  const std::size_t dot = run.rfind('.');
  if (dot == run.npos || run.front() == '.' || run.find("..") != run.npos) return false;
  const std::string_view last = run.substr(dot + 1);
  return kFewestLetters <= last.size() && last.size() <= kMostLetters &&
         std::all_of(last.begin(), last.end(), IsSmallLetter);
}

// Looks for names in [at, end) of `text`, in which there is no separator.
void FindNamesInToken(std::string_view text, std::size_t at, std::size_t end,
                      std::vector<NameRange>& names) {
  const std::string_view token = text.substr(at, end - at);
  if (token.find("://") != token.npos) {
    names.push_back({at, end});
    return;
  }
  while (at < end) {
    const std::size_t begin = at;
    while (at < end && IsNameOctet(text[at])) ++at;
    std::string_view run = text.substr(begin, at - begin);
    // "Error.your": the run began behind a letter, inside a word.
    const bool is_whole =
        (begin == 0 || !IsLetter(text[begin - 1])) && (at == end || !IsLetter(text[at]));
    while (run.ends_with('.')) run.remove_suffix(1);
    if (is_whole && IsHostName(run)) {
      const bool is_link = at < end && text[at] == '/';
      names.push_back({begin, is_link ? end : begin + run.size()});
      if (is_link) return;
    }
    ++at;
  }
}

}  // namespace

std::vector<NameRange> FindNames(std::string_view text) {
  std::vector<NameRange> names;
  // Every link that is of use has a dot, and so has every host name: only what is around one is
  // looked at.
  std::size_t end = 0;  // of the token before
  for (std::size_t dot = text.find('.'); dot != text.npos; dot = text.find('.', end)) {
    std::size_t begin = dot;
    while (begin > end && !kSeparators.Has(text[begin - 1])) --begin;
    end = kSeparators.FirstIn(text, dot);
    FindNamesInToken(text, begin, end, names);
  }
  return names;
}

}  // namespace bounced
