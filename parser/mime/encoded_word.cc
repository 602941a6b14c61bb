#include "parser/mime/encoded_word.h"

#include <optional>

#include "parser/mime/charset.h"
#include "parser/mime/transfer_encoding.h"
#include "parser/text.h"

namespace bounced {
namespace {

constexpr std::size_t kMaxCharsetOctets = 64;

struct EncodedWord {
  std::string_view charset;
  std::string octets;
  std::size_t length;  // of the word in the text
};

// The encoded word that `text`, which starts with "=?", begins with.
std::optional<EncodedWord> ReadWord(std::string_view text) {
  const std::size_t charset_end = text.substr(0, kMaxCharsetOctets + 2).find('?', 2);
  if (charset_end == text.npos || charset_end + 2 >= text.size()) return std::nullopt;
  std::string_view charset = text.substr(2, charset_end - 2);
  charset = charset.substr(0, charset.find('*'));  // a language may follow (RFC 2231, 5)
  const char encoding = FoldCase(text[charset_end + 1]);
  if ((encoding != 'b' && encoding != 'q') || text[charset_end + 2] != '?') return std::nullopt;
  const std::size_t begin = charset_end + 3;
  const std::size_t end = text.find('?', begin);
  if (end == text.npos || end + 1 >= text.size() || text[end + 1] != '=') return std::nullopt;
  if (charset.empty() || !IsKnownCharset(charset)) return std::nullopt;
  const std::string_view encoded = text.substr(begin, end - begin);
  return EncodedWord{
      charset, encoding == 'b' ? DecodeBase64(encoded, encoded.size()) : DecodeQ(encoded), end + 2};
}

}  // namespace

std::string DecodeEncodedWords(std::string_view text) {
  if (text.find("=?") == text.npos) return ToUtf8(text, "");
  std::string decoded;
  std::string pending;  // octets of a run of words in `charset`
  std::string_view charset;
  const auto flush = [&] {
    if (!pending.empty()) decoded += ToUtf8(pending, charset);
    pending.clear();
  };
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t word_at = std::min(text.find("=?", at), text.size());
    const std::string_view between = text.substr(at, word_at - at);
    std::optional<EncodedWord> word;
    if (word_at < text.size()) word = ReadWord(text.substr(word_at));
    // Blanks between two words are no text (RFC 2047, 6.2).
    const bool joins = word && !charset.empty() && StripBlanks(between).empty();
    if (!joins || !EqualsIgnoringCase(word->charset, charset)) flush();
    if (!joins) decoded += ToUtf8(between, "");
    if (word) {
      pending += word->octets;
      charset = word->charset;
      at = word_at + word->length;
    } else {
      charset = {};
      decoded += text.substr(word_at, 2);
      at = std::min(word_at + 2, text.size());
    }
  }
  flush();
  return decoded;
}

}  // namespace bounced
