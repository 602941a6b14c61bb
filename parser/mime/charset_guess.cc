#include "parser/mime/charset_guess.h"

#include <algorithm>

namespace bounced {
namespace {

// Pairs, or octets of Cyrillic, below which nothing is guessed: a name in Latin letters has fewer.
constexpr std::size_t kFewest = 4;

int OctetAt(std::string_view text, std::size_t at) {
  return at < text.size() ? static_cast<unsigned char>(text[at]) : 0;
}
constexpr bool IsIn(int octet, int first, int last) { return octet >= first && octet <= last; }

// What stands in a text if it is taken for one of pairs, the first of whose octets is beyond ASCII.
struct Pairs {
  std::size_t all = 0;
  std::size_t syllables = 0;  // of Japanese
  std::size_t hangul = 0;     // in rows that Korean has them, and Chinese its commonest characters
  std::size_t joined = 0;     // to a pair before
  bool broken = false;        // an octet that no pair has
};

enum class SecondOctet { kHigh, kAny };

// Of a charset that has its lead octets in [first, last], and in a pair as second octet one beyond
// 0xA0, or also one of 0x40 to 0x7E.
Pairs CountPairs(std::string_view text, int first, int last, SecondOctet second) {
  Pairs pairs;
  std::size_t end = 0;  // of the pair before
  for (std::size_t at = 0; at < text.size();) {
    const int lead = OctetAt(text, at);
    if (lead < 0x80) {
      ++at;
      continue;
    }
    if (at + 1 == text.size()) break;  // cut
    const int next = OctetAt(text, at + 1);
    const bool is_trail =
        IsIn(next, 0xA1, 0xFE) || (second == SecondOctet::kAny && IsIn(next, 0x40, 0x7E));
    if (!IsIn(lead, first, last) || !is_trail) {
      pairs.broken = true;
      return pairs;
    }
    ++pairs.all;
    if (at > 0 && at == end) ++pairs.joined;
    if (lead == 0xA4 || lead == 0xA5) ++pairs.syllables;
    if (IsIn(lead, 0xB0, 0xC8)) ++pairs.hangul;
    end = at += 2;
  }
  return pairs;
}

// Two of three characters in a text of Japanese are syllables, in Shift_JIS behind 0x82 or 0x83.
bool IsShiftJis(std::string_view text) {
  std::size_t pairs = 0;
  std::size_t syllables = 0;
  for (std::size_t at = 0; at < text.size();) {
    const int lead = OctetAt(text, at);
    if (lead < 0x80 || IsIn(lead, 0xA1, 0xDF)) {  // the latter: narrow syllables
      ++at;
      continue;
    }
    if (at + 1 == text.size()) break;  // cut
    const int next = OctetAt(text, at + 1);
    const bool is_pair = (IsIn(lead, 0x81, 0x9F) || IsIn(lead, 0xE0, 0xFC)) &&
                         IsIn(next, 0x40, 0xFC) && next != 0x7F;
    if (!is_pair) return false;
    ++pairs;
    const bool is_syllable =
        (lead == 0x82 && IsIn(next, 0x9F, 0xF1)) || (lead == 0x83 && IsIn(next, 0x40, 0x96));
    if (is_syllable) ++syllables;
    at += 2;
  }
  return pairs >= kFewest && syllables * 4 >= pairs;
}

// Letters of Cyrillic stand beside each other, as those of a Latin alphabet beyond ASCII hardly do,
// and all of them behind 0xC0, where only some octets of a pair are.
std::string_view CyrillicCharset(std::string_view text) {
  std::size_t high = 0;
  std::size_t joined = 0;
  std::size_t lower_half = 0;  // of the letters: small ones in KOI8, capitals in windows-1251
  std::size_t upper_half = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const int octet = OctetAt(text, at);
    if (octet < 0x80) continue;
    ++high;
    const bool is_joined =
        OctetAt(text, at + 1) >= 0xA0 || (at > 0 && OctetAt(text, at - 1) >= 0xA0);
    if (is_joined) ++joined;
    if (IsIn(octet, 0xC0, 0xDF)) ++lower_half;
    if (octet >= 0xE0) ++upper_half;
  }
  const std::size_t letters = lower_half + upper_half;
  if (letters < 2 * kFewest || joined * 10 < high * 8 || letters * 10 < high * 9) return {};
  return lower_half > upper_half ? "koi8-u" : "windows-1251";
}

}  // namespace

std::string_view GuessCharset(std::string_view text) {
  text = text.substr(0, kMaxGuessedOctets);
  if (IsShiftJis(text)) return "shift_jis";
  if (const std::string_view cyrillic = CyrillicCharset(text); !cyrillic.empty()) return cyrillic;
  // EUC: both octets of a pair are beyond 0xA0.
  const Pairs euc = CountPairs(text, 0xA1, 0xFE, SecondOctet::kHigh);
  if (!euc.broken && euc.all >= kFewest) {
    if (euc.syllables * 4 >= euc.all) return "euc-jp";
    // A third of what Chinese writes lies behind the rows of Korean.
    return euc.hangul * 10 >= euc.all * 9 ? "euc-kr" : "gb18030";
  }
  const Pairs big5 = CountPairs(text, 0xA1, 0xF9, SecondOctet::kAny);
  if (!big5.broken && big5.all >= kFewest && big5.joined * 2 >= big5.all) return "big5";
  return "windows-1252";
}

}  // namespace bounced
